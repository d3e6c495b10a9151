-- From format 3 to format 4: snapshots made from other tools' exports. Nothing is filled in: what a collector wrote has
-- no export.

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
