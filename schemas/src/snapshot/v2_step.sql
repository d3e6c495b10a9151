-- From format 1 to format 2: the attributes of classes, partitions, coverage, policy settings, pseudonyms, and what a collection says of itself.

-- What the collection says of itself, by name: program, server, collected_as, taken_at, scope, …
CREATE TABLE collection (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The parts that a query was asked in. A query without rows here was asked whole.
CREATE TABLE partition (
  id INTEGER PRIMARY KEY,
  query INTEGER NOT NULL,            -- = query.id
  filter TEXT NOT NULL,
  first_usn INTEGER,                 -- uSNCreated from here on; NULL: no bound
  last_usn INTEGER,                  -- uSNCreated up to here; NULL: no bound
  server TEXT NOT NULL,
  database TEXT NOT NULL,            -- invocationId or dsServiceName: what uSNCreated is bound to
  attempts INTEGER NOT NULL,         -- how often it was asked until it ended
  started TEXT NOT NULL,             -- RFC 3339 UTC, of the last attempt
  ended TEXT,
  pages INTEGER,
  entries INTEGER,
  "references" INTEGER,
  result_code INTEGER,               -- NULL: no result arrived
  result_text TEXT,
  complete INTEGER NOT NULL
) STRICT;

-- Attributes that were asked for and came with no object of a class, told apart.
CREATE TABLE coverage (
  query INTEGER NOT NULL,            -- = query.id
  class TEXT NOT NULL,               -- most specific objectClass
  attribute TEXT NOT NULL,           -- lDAPDisplayName
  objects INTEGER NOT NULL,          -- objects of the class
  verdict TEXT NOT NULL,             -- 'not-in-schema', 'not-in-class', 'no-value', 'not-readable', 'unknown'
  PRIMARY KEY (query, class, attribute)
) STRICT, WITHOUT ROWID;

-- Settings of group policies, read from a copy of SYSVOL, as the files have them.
CREATE TABLE policy_setting (
  gpo TEXT NOT NULL,                 -- {GUID} in capitals
  side TEXT NOT NULL,                -- 'machine' or 'user'
  source TEXT NOT NULL,              -- 'GptTmpl.inf' or 'registry.pol'
  section TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (gpo, side, source, section, name)
) STRICT, WITHOUT ROWID;

-- What stands behind a pseudonym, readable with the customer's key only.
CREATE TABLE pseudonym (
  token TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The attributes that a class gives its objects.
ALTER TABLE object ADD COLUMN "mayContain" TEXT;
ALTER TABLE object ADD COLUMN "mustContain" TEXT;
ALTER TABLE object ADD COLUMN "systemMayContain" TEXT;
ALTER TABLE object ADD COLUMN "systemMustContain" TEXT;
