-- Snapshot format 4, whole. Migrations lead here step by step; a test holds both equal.
-- Values are what the directory answered. Nothing here is interpreted.

-- Every attribute that occurs: those of the attribute table have their position as id, others follow.
CREATE TABLE attribute (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  syntax TEXT NOT NULL
) STRICT;

-- The root DSE, raw.
CREATE TABLE root_dse (
  attribute TEXT NOT NULL,
  position INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (attribute, position)
) STRICT, WITHOUT ROWID;

-- The ledger: what was asked, and whether the answer came to its end.
CREATE TABLE query (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  base TEXT NOT NULL,
  scope TEXT NOT NULL,
  filter TEXT NOT NULL,
  attributes TEXT NOT NULL,          -- lDAPDisplayNames, one a line
  server TEXT NOT NULL,
  started TEXT NOT NULL,             -- RFC 3339 UTC
  ended TEXT,
  pages INTEGER,
  entries INTEGER,
  "references" INTEGER,
  result_code INTEGER,               -- NULL: no result arrived
  result_text TEXT,
  complete INTEGER NOT NULL,         -- 0 until the server said success after the last page
  stored INTEGER NOT NULL            -- objects of this query in table object
) STRICT;

-- Every distinguished name that occurs, as an object or as the target of a link.
CREATE TABLE name (
  id INTEGER PRIMARY KEY,
  dn TEXT NOT NULL
) STRICT;

-- Security descriptors, each distinct value once.
CREATE TABLE security_descriptor (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT;

-- One row an object; its id is the id of its name. A column for each attribute that has one value or a list of text.
-- A value that does not fit its column is in table value and noted in table defect.
CREATE TABLE object (
  id INTEGER PRIMARY KEY,            -- = name.id
  query INTEGER NOT NULL,            -- = query.id, the query that brought it
  "objectGUID" BLOB,
  "objectClass" TEXT,
  "objectSid" BLOB,
  "name" TEXT,
  "sAMAccountName" TEXT,
  "nTSecurityDescriptor" INTEGER,
  "whenCreated" TEXT,
  "whenChanged" TEXT,
  "description" TEXT,
  "adminCount" INTEGER,
  "isCriticalSystemObject" INTEGER,
  "systemFlags" INTEGER,
  "displayName" TEXT,
  "userAccountControl" INTEGER,
  "msDS-User-Account-Control-Computed" INTEGER,
  "userPrincipalName" TEXT,
  "servicePrincipalName" TEXT,
  "primaryGroupID" INTEGER,
  "pwdLastSet" INTEGER,
  "lastLogon" INTEGER,
  "lastLogonTimestamp" INTEGER,
  "logonCount" INTEGER,
  "accountExpires" INTEGER,
  "dNSHostName" TEXT,
  "operatingSystem" TEXT,
  "operatingSystemVersion" TEXT,
  "msDS-SupportedEncryptionTypes" INTEGER,
  "msDS-AllowedToDelegateTo" TEXT,
  "msDS-AllowedToActOnBehalfOfOtherIdentity" INTEGER,
  "altSecurityIdentities" TEXT,
  "scriptPath" TEXT,
  "profilePath" TEXT,
  "userWorkstations" TEXT,
  "info" TEXT,
  "mail" TEXT,
  "employeeID" TEXT,
  "msDS-SupersededServiceAccountState" INTEGER,
  "msDS-GroupMSAMembership" INTEGER,
  "msDS-ManagedPasswordId" BLOB,
  "msDS-ManagedPasswordPreviousId" BLOB,
  "msDS-ManagedPasswordInterval" INTEGER,
  "msDS-DelegatedMSAState" INTEGER,
  "groupType" INTEGER,
  "gPLink" TEXT,
  "gPOptions" INTEGER,
  "msDS-Behavior-Version" INTEGER,
  "ms-DS-MachineAccountQuota" INTEGER,
  "minPwdLength" INTEGER,
  "maxPwdAge" INTEGER,
  "minPwdAge" INTEGER,
  "pwdProperties" INTEGER,
  "pwdHistoryLength" INTEGER,
  "lockoutThreshold" INTEGER,
  "lockoutDuration" INTEGER,
  "dSHeuristics" TEXT,
  "nETBIOSName" TEXT,
  "dnsRoot" TEXT,
  "gPCFileSysPath" TEXT,
  "flags" INTEGER,
  "versionNumber" INTEGER,
  "cn" TEXT,
  "msKds-Version" INTEGER,
  "msKds-KDFAlgorithmID" TEXT,
  "msKds-CreateTime" INTEGER,
  "msKds-UseStartTime" INTEGER,
  "msDS-PasswordSettingsPrecedence" INTEGER,
  "msDS-MinimumPasswordLength" INTEGER,
  "msDS-MaximumPasswordAge" INTEGER,
  "msDS-MinimumPasswordAge" INTEGER,
  "msDS-PasswordHistoryLength" INTEGER,
  "msDS-PasswordComplexityEnabled" INTEGER,
  "msDS-PasswordReversibleEncryptionEnabled" INTEGER,
  "msDS-LockoutThreshold" INTEGER,
  "msDS-LockoutDuration" INTEGER,
  "trustPartner" TEXT,
  "flatName" TEXT,
  "securityIdentifier" BLOB,
  "trustDirection" INTEGER,
  "trustType" INTEGER,
  "trustAttributes" INTEGER,
  "lDAPDisplayName" TEXT,
  "schemaIDGUID" BLOB,
  "attributeSecurityGUID" BLOB,
  "attributeID" TEXT,
  "attributeSyntax" TEXT,
  "oMSyntax" INTEGER,
  "isSingleValued" INTEGER,
  "linkID" INTEGER,
  "searchFlags" INTEGER,
  "systemOnly" INTEGER,
  "isDefunct" INTEGER,
  "governsID" TEXT,
  "subClassOf" TEXT,
  "objectClassCategory" INTEGER,
  "possSuperiors" TEXT,
  "systemPossSuperiors" TEXT,
  "auxiliaryClass" TEXT,
  "systemAuxiliaryClass" TEXT,
  "defaultSecurityDescriptor" TEXT,
  "rightsGuid" TEXT,
  "appliesTo" TEXT,
  "validAccesses" INTEGER
, "mayContain" TEXT, "mustContain" TEXT, "systemMayContain" TEXT, "systemMustContain" TEXT, "comment" TEXT, "adminDescription" TEXT, "msDS-AdditionalDnsHostName" TEXT, "msDS-AuthNPolicySiloEnforced" INTEGER) STRICT; -- as ALTER TABLE leaves it

-- DN-valued attributes.
CREATE TABLE link (
  object INTEGER NOT NULL,           -- = object.id
  attribute INTEGER NOT NULL,        -- = attribute.id
  position INTEGER NOT NULL,
  target INTEGER NOT NULL,           -- = name.id; an object row may or may not be there
  PRIMARY KEY (object, attribute, position)
) STRICT, WITHOUT ROWID;

-- Every other value, raw.
CREATE TABLE value (
  object INTEGER NOT NULL,
  attribute INTEGER NOT NULL,
  position INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (object, attribute, position)
) STRICT, WITHOUT ROWID;

-- What did not go as expected, one row an attribute of an object.
CREATE TABLE defect (
  object INTEGER NOT NULL,
  attribute INTEGER NOT NULL,
  kind TEXT NOT NULL,                -- 'misfit': kept raw in table value; 'cut-short': values are missing
  detail TEXT NOT NULL,
  PRIMARY KEY (object, attribute, kind)
) STRICT, WITHOUT ROWID;

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

-- The exports that the snapshot was made from, first the one whose values win. Empty for a collector's snapshot.
CREATE TABLE export (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,                -- of the file or folder, without the way to it
  format TEXT NOT NULL,
  variant TEXT NOT NULL,             -- which version or writer of it; may be empty
  sha256 TEXT NOT NULL,              -- of the file; of a folder, of the names and hashes of its files
  bytes INTEGER NOT NULL,
  server TEXT NOT NULL,              -- who was asked; empty: it does not say
  taken_at TEXT,                     -- RFC 3339 UTC; NULL: it does not say
  objects INTEGER NOT NULL,          -- objects of this domain that it brought
  troubles INTEGER NOT NULL,         -- what was not understood; the first are in export_note
  broken TEXT NOT NULL               -- why the reading ended early; empty: it did not
) STRICT;

-- What an export cannot show, and what of it was not understood.
CREATE TABLE export_note (
  export INTEGER NOT NULL,           -- = export.id
  kind TEXT NOT NULL,                -- 'limit', 'trouble'
  position INTEGER NOT NULL,
  place TEXT NOT NULL,               -- 'offset 1086', 'line 12'; empty for a limit
  dn TEXT NOT NULL,                  -- empty where it is about no object
  attribute TEXT NOT NULL,           -- empty where it is about none
  text TEXT NOT NULL,
  PRIMARY KEY (export, kind, position)
) STRICT, WITHOUT ROWID;

-- Rights as an exporter concluded them: the descriptors that it read are not in its export.
CREATE TABLE interpreted_right (
  object TEXT NOT NULL,              -- SID, or objectGUID of what has none
  trustee TEXT NOT NULL,             -- SID
  right_name TEXT NOT NULL,          -- as the exporter spells it
  export INTEGER NOT NULL,           -- = export.id
  inherited INTEGER,                 -- NULL: it does not say
  PRIMARY KEY (object, trustee, right_name, export)
) STRICT, WITHOUT ROWID;

-- Bits of an integer attribute that an exporter turned into flags of its own; the others are unknown.
CREATE TABLE known_bits (
  object TEXT NOT NULL,              -- SID, or objectGUID of what has none
  attribute TEXT NOT NULL,           -- lDAPDisplayName
  export INTEGER NOT NULL,           -- = export.id
  mask INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (object, attribute, export)
) STRICT, WITHOUT ROWID;

-- Values that are up to so much less than the directory's, because an export rounded them down.
CREATE TABLE rounded (
  object INTEGER NOT NULL,           -- = object.id
  attribute INTEGER NOT NULL,        -- = attribute.id
  step INTEGER NOT NULL,             -- ticks of 100 ns
  PRIMARY KEY (object, attribute)
) STRICT, WITHOUT ROWID;

-- Where exports contradict each other, and which of them was believed.
CREATE TABLE conflict (
  object INTEGER NOT NULL,           -- = name.id
  attribute TEXT NOT NULL,           -- lDAPDisplayName; empty: two objects claim one identity
  other INTEGER NOT NULL,            -- = export.id, the one that was not believed
  kept INTEGER NOT NULL,             -- = export.id
  kept_value TEXT NOT NULL,          -- for people, cut
  other_value TEXT NOT NULL,         -- for people, cut
  PRIMARY KEY (object, attribute, other, other_value)
) STRICT, WITHOUT ROWID;
