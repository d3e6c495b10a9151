//! Opens a snapshot read-only and gives back what the directory answered.
//!
//! Owns the checks between a foreign file and the first row read, the ledger and raw entries.
//! Deliberately does not build frames: the analyzer reads columns through [`Snapshot::database`].

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{Collection, FORMAT_VERSION, SnapshotError, entries, migration, rows};
use crate::container::{self, Limits};
use crate::entry::Entry;
use crate::ledger::{CoverageRow, LedgerRow, PartitionRow};
use crate::manifest::Manifest;

/// An open snapshot. The file itself is never written; an older format is migrated in memory.
#[derive(Debug)]
pub struct Snapshot {
    database: Connection,
    manifest: Manifest,
    file_sha256: String,
    /// Holds the decompressed copy of a snapshot too large for memory; removed on drop, after `database`.
    _scratch: Option<tempfile::TempPath>,
}

impl Snapshot {
    /// Opens `path` within the default [`Limits`].
    ///
    /// # Errors
    /// See [`SnapshotError`]: foreign, truncated, damaged, too large, newer.
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::open_within(path, &Limits::default())
    }

    /// Opens `path` within `limits`.
    ///
    /// # Errors
    /// As [`Snapshot::open`].
    pub fn open_within(path: &Path, limits: &Limits) -> Result<Self, SnapshotError> {
        let opened = container::open(path, limits)?;
        let mut manifest = opened.manifest;
        let older = manifest.format_version < FORMAT_VERSION;
        let (database, scratch) = match opened.database {
            container::Database::Memory(bytes) => {
                let mut database = Connection::open_in_memory()?;
                let size = bytes.len();
                database.deserialize_read_exact("main", bytes.as_slice(), size, !older)?;
                (database, None)
            }
            container::Database::File(scratch) => {
                let flags = if older {
                    OpenFlags::SQLITE_OPEN_READ_WRITE
                } else {
                    OpenFlags::SQLITE_OPEN_READ_ONLY
                };
                let database =
                    Connection::open_with_flags(&scratch, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
                (database, Some(scratch))
            }
        };
        harden(&database)?;
        let damaged = |error| match error {
            SnapshotError::Database(inner) => SnapshotError::Damaged(inner.to_string()),
            other => other,
        };
        let found = migration::format_of(&database).map_err(damaged)?;
        if found != manifest.format_version {
            return Err(SnapshotError::Damaged(format!(
                "the manifest says format {}, the database {found}",
                manifest.format_version
            )));
        }
        migration::migrate(&database, found).map_err(damaged)?;
        migration::check_tables(&database).map_err(damaged)?;
        database.pragma_update(None, "query_only", true)?;
        manifest.format_version = FORMAT_VERSION;
        Ok(Self {
            database,
            manifest,
            file_sha256: opened.file_sha256,
            _scratch: scratch,
        })
    }

    /// The database, read-only. Tables are exactly those of the newest format.
    pub fn database(&self) -> &Connection {
        &self.database
    }

    /// The checked manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the whole file, lower-case hexadecimal: what `sha256sum` prints.
    pub fn file_sha256(&self) -> &str {
        &self.file_sha256
    }

    /// The ledger, in order of the queries.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn ledger(&self) -> Result<Vec<LedgerRow>, SnapshotError> {
        rows::ledger(&self.database)
    }

    /// The parts that queries were asked in, in order.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn partitions(&self) -> Result<Vec<PartitionRow>, SnapshotError> {
        rows::partitions(&self.database)
    }

    /// Why attributes did not come, by query, class and attribute.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn coverage(&self) -> Result<Vec<CoverageRow>, SnapshotError> {
        rows::coverage(&self.database)
    }

    /// What the source said of itself.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn collection(&self) -> Result<Collection, SnapshotError> {
        rows::collection(&self.database)
    }

    /// Pseudonyms and the sealed names behind them, in order of the pseudonyms.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn pseudonyms(&self) -> Result<Vec<(String, Vec<u8>)>, SnapshotError> {
        let mut statement = self
            .database
            .prepare("SELECT token, sealed FROM pseudonym ORDER BY token")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Values of a root DSE attribute (compared without case).
    ///
    /// # Errors
    /// The database is damaged.
    pub fn root_dse(&self, attribute: &str) -> Result<Vec<Vec<u8>>, SnapshotError> {
        rows::root_dse(&self.database, attribute)
    }

    /// The object with this DN as it arrived: values byte for byte, attributes in the table's order. Looks through all
    /// names; for many objects use [`Snapshot::each_entry`].
    ///
    /// # Errors
    /// The database is damaged.
    pub fn entry(&self, dn: &str) -> Result<Option<Entry>, SnapshotError> {
        let mut statement = self.database.prepare_cached(
            "SELECT name.dn, object.* FROM object JOIN name USING (id) WHERE name.dn = ?1",
        )?;
        let mut rows = statement.query([dn])?;
        rows.next()?
            .map(|row| entries::read(&self.database, row))
            .transpose()
    }

    /// Hands every object to `each`, as [`Snapshot::entry`] gives it, in the order of arrival.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn each_entry(&self, mut each: impl FnMut(Entry)) -> Result<(), SnapshotError> {
        let mut statement = self.database.prepare(
            "SELECT name.dn, object.* FROM object JOIN name USING (id) ORDER BY object.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(entries::read(&self.database, row)?);
        }
        Ok(())
    }

    /// Runs SQLite's own integrity check over the whole database.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] with the first complaint.
    pub fn check_integrity(&self) -> Result<(), SnapshotError> {
        let verdict: String = self
            .database
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" {
            Ok(())
        } else {
            Err(SnapshotError::Damaged(verdict))
        }
    }
}

/// A foreign database may hold anything: no functions or virtual tables run from its schema, cells are checked.
fn harden(database: &Connection) -> Result<(), SnapshotError> {
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}
