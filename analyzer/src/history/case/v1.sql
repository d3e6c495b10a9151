-- A case file, format 1: snapshots of any number of domains, and what trends need of each.
CREATE TABLE snapshot (
  sha256 TEXT PRIMARY KEY,
  domain_sid TEXT,
  taken_at TEXT NOT NULL,
  manifest TEXT NOT NULL,
  found_at TEXT NOT NULL
) STRICT;
CREATE TABLE result (
  snapshot TEXT NOT NULL,
  pack TEXT NOT NULL,
  assumptions TEXT NOT NULL,
  clock TEXT NOT NULL,
  summary BLOB NOT NULL,
  PRIMARY KEY (snapshot, pack, assumptions, clock)
) STRICT;
