//! Where the database grows until it is sealed: beside the output, in a file that outlives a crash, or in memory.
//!
//! Owns the pragmas, transactions, and a second database that is never sealed (the index of names, and which part of
//! a query an object came with). Deliberately does not know a table of the snapshot.

use std::fs::{File, OpenOptions};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::container::{self, SeekRead};
use crate::snapshot::SnapshotError;

/// Where a database grows.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In a temporary file in the folder of this path, gone when the writer is.
    Beside(&'a Path),
    /// In this file, which stays until the caller removes it: an interrupted run goes on from what it committed. The
    /// snapshot too grows in its folder until it is whole, so that a kill leaves nothing anywhere else: the folder is on
    /// the file system of the output.
    File(&'a Path),
    /// In memory only.
    Memory,
}

/// The database being written.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) database: Connection,
    kept: Kept,
    in_transaction: bool,
}

#[derive(Debug)]
enum Kept {
    Scratch(tempfile::TempPath),
    File(PathBuf),
    Memory,
}

/// A database that takes no more rows.
pub(super) struct Closed {
    kept: Kept,
    /// Kept open where there is no file.
    database: Option<Connection>,
}

impl Store {
    pub(super) fn create(place: &Place<'_>) -> Result<Self, SnapshotError> {
        let kept = match place {
            Place::Beside(output) => {
                let folder = container::folder_of(output);
                Kept::Scratch(container::scratch_in(folder, ".sqlite.part")?.into_temp_path())
            }
            Place::File(file) => {
                private_file(file)?;
                private_file(&names_file(file))?;
                Kept::File((*file).to_owned())
            }
            Place::Memory => Kept::Memory,
        };
        let mut store = Self::connect(kept)?;
        store.database.execute_batch(
            "CREATE TABLE build.name (dn TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
             CREATE TABLE build.arrival (object INTEGER PRIMARY KEY, partition INTEGER NOT NULL);
             CREATE TABLE build.redirect (name INTEGER PRIMARY KEY, object INTEGER NOT NULL);",
        )?;
        store.in_transaction = false;
        Ok(store)
    }

    pub(super) fn open(file: &Path) -> Result<Self, SnapshotError> {
        Self::connect(Kept::File(file.to_owned()))
    }

    /// Every file that may lie beside `file`.
    pub(super) fn files(file: &Path) -> Vec<PathBuf> {
        let names = names_file(file);
        let journal = |path: &Path| with_suffix(path, "-journal");
        vec![file.to_owned(), journal(file), journal(&names), names]
    }

    fn connect(kept: Kept) -> Result<Self, SnapshotError> {
        let (database, names, journal, synchronous) = match &kept {
            Kept::Scratch(path) => (Connection::open(path)?, String::new(), "MEMORY", "OFF"),
            Kept::File(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let names = names_file(path).to_string_lossy().into_owned();
                (
                    Connection::open_with_flags(path, flags)?,
                    names,
                    "TRUNCATE",
                    "NORMAL",
                )
            }
            Kept::Memory => (
                Connection::open_in_memory()?,
                ":memory:".to_owned(),
                "MEMORY",
                "OFF",
            ),
        };
        database.pragma_update(None, "page_size", 16_384)?;
        // Nothing of a run that must stay private may lie in a folder that others share.
        let temporary = match kept {
            Kept::Scratch(_) => "FILE",
            Kept::File(_) | Kept::Memory => "MEMORY",
        };
        database.pragma_update(None, "temp_store", temporary)?;
        database.execute("ATTACH ?1 AS build", [names])?;
        for schema in ["main", "build"] {
            database.pragma_update(Some(schema), "locking_mode", "EXCLUSIVE")?;
            database.pragma_update(Some(schema), "synchronous", synchronous)?;
            database.pragma_update(Some(schema), "cache_size", -CACHE_KIB)?;
            database.query_row(
                &format!("PRAGMA {schema}.journal_mode = {journal}"),
                [],
                |_| Ok(()),
            )?;
        }
        Ok(Self {
            database,
            kept,
            in_transaction: false,
        })
    }

    /// Gives the databases more page cache than the little that every run has.
    pub(super) fn use_cache(&self, main: i64, names: i64) -> Result<(), SnapshotError> {
        for (schema, size) in [("main", main), ("build", names)] {
            self.database
                .pragma_update(Some(schema), "cache_size", -size)?;
        }
        Ok(())
    }

    /// Begins a transaction unless one is open.
    pub(super) fn begin(&mut self) -> Result<(), SnapshotError> {
        if !self.in_transaction {
            self.database.execute_batch("BEGIN")?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Makes what was written last, even if the program is killed.
    pub(super) fn commit(&mut self) -> Result<(), SnapshotError> {
        if self.in_transaction {
            self.database.execute_batch("COMMIT")?;
            self.in_transaction = false;
        }
        Ok(())
    }

    /// Forgets what was written since the last [`Store::commit`].
    pub(super) fn roll_back(&mut self) -> Result<(), SnapshotError> {
        if self.in_transaction {
            self.database.execute_batch("ROLLBACK")?;
            self.in_transaction = false;
        }
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<Closed, SnapshotError> {
        self.commit()?;
        self.database.flush_prepared_statement_cache();
        self.database.execute_batch("DETACH build")?;
        let database = match self.kept {
            Kept::Memory => Some(self.database),
            Kept::Scratch(_) | Kept::File(_) => {
                self.database.close().map_err(|(_, error)| error)?;
                None
            }
        };
        Ok(Closed {
            kept: self.kept,
            database,
        })
    }
}

/// Page cache of each database, in KiB. Small and fixed, so that memory is the same for every directory.
const CACHE_KIB: i64 = 2_048;

impl Closed {
    /// Hands the finished database to `seal`, and the folder in which what becomes `output` grows.
    pub(super) fn read<T>(
        self,
        output: &Path,
        seal: impl FnOnce(&mut dyn SeekRead, &Path) -> Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        let beside = container::folder_of(output);
        match (self.kept, self.database) {
            (Kept::Scratch(path), _) => seal(&mut File::open(path)?, beside),
            (Kept::File(path), _) => seal(&mut File::open(&path)?, container::folder_of(&path)),
            (Kept::Memory, Some(mut database)) => {
                let bytes = database.serialize("main")?;
                seal(&mut Cursor::new(&*bytes), beside)
            }
            (Kept::Memory, None) => Err(SnapshotError::Order("the database is already closed")),
        }
    }
}

/// The database of names that lies beside `file`.
fn names_file(file: &Path) -> PathBuf {
    with_suffix(file, ".names")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new, empty file that only its owner may read.
fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?;
    Ok(())
}
