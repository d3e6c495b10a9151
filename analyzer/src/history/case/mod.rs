//! The case file: what trends need of many snapshots, once for each snapshot, rules and assumptions.
//!
//! Owns the file: opening one that may come from anybody, and changing it so that it holds either the old or the new
//! state. Every change is one transaction with SQLite's rollback journal, not WAL: a case is a single file that people
//! copy and mail, and with WAL the last changes would lie in a second one. The originals may live elsewhere; none is
//! ever written.
//!
//! | table | a row is |
//! | --- | --- |
//! | `snapshot` | a snapshot: hash of its file, SID of its domain, manifest, where it was found last |
//! | `result` | its summary at one clock, under one rule pack and one set of assumptions: JSON in a zstd frame |
//!
//! At its own clock each snapshot has a result, and one at the clock of the next snapshot of its domain, which tells
//! aging from change. The order in which snapshots were added leaves no trace.

mod change;
mod course;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use coldcase_schemas::container::read_manifest;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

pub(crate) use store::Kept;
pub(crate) use verify::Checked;

/// SQLite's `application_id` of a case: "Case" in ASCII.
const APPLICATION_ID: u32 = 0x4361_7365;

/// The newest format, SQLite's `user_version`.
const FORMAT: u32 = 1;

const TABLES: &str = include_str!("v1.sql");

/// What every SQLite database begins with (SQLite file format, 1.3).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// How long another coldcase may take that writes to the same case.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open case file.
#[derive(Debug)]
pub(crate) struct Case {
    database: Connection,
    path: PathBuf,
}

impl Case {
    /// Opens a case; makes a new one if there is none and `create`.
    ///
    /// # Errors
    /// The file is not there, is something else, is damaged, or was written by a newer program.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self> {
        let name = path.display();
        match fs::metadata(path) {
            Ok(file) if file.is_dir() => bail!("{name} is a folder, not a case file"),
            Ok(file) if file.len() == 0 && !create => {
                bail!("{name} is empty; `coldcase case add` puts snapshots in it")
            }
            Ok(_) => refuse_foreign(path)?,
            Err(_) if create => {}
            Err(error) => bail!("{name} cannot be opened: {error}"),
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let open = || -> Result<Connection, rusqlite::Error> {
            let database = Connection::open_with_flags(path, flags)?;
            harden(&database)?;
            Ok(database)
        };
        let database = open().map_err(|error| sentence(path, &error))?;
        let mut case = Self {
            database,
            path: path.to_owned(),
        };
        case.prepare(create)?;
        Ok(case)
    }

    /// Checks what is there, or makes the tables where nothing is.
    fn prepare(&mut self, create: bool) -> Result<()> {
        let path = self.path.clone();
        let fresh = self.pragma("page_count")? == 0;
        if fresh && create {
            return self
                .database
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID};
                     PRAGMA user_version = {FORMAT}; COMMIT"
                ))
                .map_err(|error| sentence(&path, &error));
        }
        if self.pragma("application_id")? != APPLICATION_ID {
            bail!(
                "{} is an SQLite database, but no case file of Coldcase",
                path.display()
            );
        }
        let format = self.pragma("user_version")?;
        if format > FORMAT {
            bail!(
                "{} has format {format}, this program reads up to format {FORMAT}; use a newer coldcase",
                path.display()
            );
        }
        // Exactly these tables: no view, trigger or generated column of a stranger is ever run.
        let model = Connection::open_in_memory()?;
        model.execute_batch(TABLES)?;
        let tables = tables(&self.database).map_err(|error| sentence(&path, &error))?;
        if format == 0 || tables != self::tables(&model)? {
            bail!(
                "{} is no case file: its tables are not those of one",
                path.display()
            );
        }
        let size = u64::from(self.pragma("page_count")?) * u64::from(self.pragma("page_size")?);
        let there = fs::metadata(&path)
            .with_context(|| path.display().to_string())?
            .len();
        let complaint: String = self
            .database
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| sentence(&path, &error))?;
        if there < size || complaint != "ok" {
            let what = if there < size {
                "it is cut short"
            } else {
                &complaint
            };
            bail!("{}", damaged(&path, what));
        }
        Ok(())
    }

    fn pragma(&self, name: &str) -> Result<u32> {
        self.database
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .map_err(|error| sentence(&self.path, &error))
    }

    /// Makes one change: all of it is in the file afterwards, or nothing.
    ///
    /// # Errors
    /// What `change` answers; the disk is full, or somebody else writes.
    fn transaction<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let path = self.path.clone();
        let told = |error: rusqlite::Error| sentence(&path, &error);
        let transaction = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(told)?;
        let done =
            change(&transaction).map_err(|error| match error.downcast::<rusqlite::Error>() {
                Ok(error) => sentence(&path, &error),
                Err(error) => error,
            })?;
        transaction.commit().map_err(told)?;
        Ok(done)
    }

    /// Reads; errors of the database name the file.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        read(&self.database).map_err(|error| match error.downcast::<rusqlite::Error>() {
            Ok(error) => sentence(&self.path, &error),
            Err(error) => error.context(self.path.display().to_string()),
        })
    }
}

/// Whether a file is a case, by its first bytes (SQLite file format, 1.3: `application_id` at offset 68).
pub(crate) fn is_case(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(72).read_to_end(&mut head));
    read.is_ok()
        && head.starts_with(SQLITE)
        && head.get(68..) == Some(&APPLICATION_ID.to_be_bytes()[..])
}

/// Tells apart what people give by mistake, before SQLite looks at it.
fn refuse_foreign(path: &Path) -> Result<()> {
    let name = path.display();
    if read_manifest(path).is_ok() {
        bail!(
            "{name} is a snapshot, not a case file; name the case file first, then the snapshots"
        );
    }
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SQLITE.len() as u64).read_to_end(&mut head))
        .with_context(|| format!("{name} cannot be read"))?;
    if !head.is_empty() && head != SQLITE {
        bail!("{name} is no case file of Coldcase");
    }
    Ok(())
}

/// A case may come from anybody: nothing runs from its schema, and every cell is checked.
fn harden(database: &Connection) -> Result<(), rusqlite::Error> {
    database.busy_timeout(PATIENCE)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.pragma_update(None, "cell_size_check", true)?;
    // The folder too is written to the disk before a change counts as made.
    database.pragma_update(None, "synchronous", "EXTRA")
}

fn tables(database: &Connection) -> Result<Vec<(String, String, Option<String>)>, rusqlite::Error> {
    let mut statement =
        database.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// What SQLite complains of, as one sentence that says what to do next.
fn sentence(path: &Path, error: &rusqlite::Error) -> anyhow::Error {
    let name = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            anyhow!("the disk is full; {name} is as it was, make room and try again")
        }
        Some(ErrorCode::SystemIoFailure) => {
            anyhow!("{name} cannot be written or read ({error}); it is as it was")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            anyhow!("another coldcase writes to {name}; try again when it is done")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            anyhow!(
                "{name} cannot be opened for writing ({error}); check who may write it and its folder, or work on a copy"
            )
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            anyhow!("{}", damaged(path, &error.to_string()))
        }
        _ => anyhow!("{name}: {error}"),
    }
}

fn damaged(path: &Path, what: &str) -> String {
    format!(
        "{} is damaged ({what}); take a copy from before, or make it again with `coldcase case add`",
        path.display()
    )
}
