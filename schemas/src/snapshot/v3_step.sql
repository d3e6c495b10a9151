-- From format 2 to format 3: two more notes of accounts, further names of hosts, authentication policy silos.
-- Nothing is filled in: what an older collection did not ask for is told by the ledger, which names what was asked.

ALTER TABLE object ADD COLUMN "comment" TEXT;
ALTER TABLE object ADD COLUMN "adminDescription" TEXT;
ALTER TABLE object ADD COLUMN "msDS-AdditionalDnsHostName" TEXT;
ALTER TABLE object ADD COLUMN "msDS-AuthNPolicySiloEnforced" INTEGER;
