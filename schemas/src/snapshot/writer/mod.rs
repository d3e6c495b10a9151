//! Writes a snapshot from a stream of events, one object at a time.
//!
//! Owns the order of events, what is committed when, and sealing. Memory does not grow with the directory:
//! everything but a bounded cache lives in SQLite. Deliberately does not decide what to ask.

mod columns;
mod export;
mod intern;
mod ledger;
mod object;
mod place;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use self::columns::Columns;
pub use self::export::Stored;
use self::intern::Intern;
pub use self::place::Place;
use self::place::Store;
use super::{FORMAT_VERSION, SnapshotError, migration, rows};
use crate::attribute::{ATTRIBUTES, Syntax};
use crate::container::{self, Clear, Envelope};
use crate::entry::{Event, RawAttribute};
use crate::ledger::{CoverageRow, LedgerRow, PartitionRow};
use crate::manifest::{Counts, FORMAT, Manifest};
use crate::policy::PolicySetting;

/// What a source knows of itself and no query tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    /// Program and version.
    pub program: String,
    /// The domain controller, or the name of the export.
    pub server: String,
    /// The account that asked, as typed.
    pub collected_as: String,
    /// RFC 3339 UTC.
    pub taken_at: String,
    /// What was asked for, `all` or a smaller scope; empty where the source has none.
    pub scope: String,
    /// What protected the connection and whom it trusted; empty where the source has none.
    pub connection: String,
    /// What stands in the place of names, as in [`Manifest::pseudonyms`].
    pub pseudonyms: String,
    /// Somebody says that an administrator of the forest asked, and nothing that the directory answered proves it.
    pub administrator_by_word: bool,
}

/// A snapshot being written. There is no snapshot until [`SnapshotWriter::finish`] succeeds.
#[derive(Debug)]
pub struct SnapshotWriter {
    store: Store,
    collection: Collection,
    columns: Columns,
    intern: Intern,
    open_query: Option<i64>,
    open_partition: Option<i64>,
    /// Queries that were left and go on later, by name.
    left: HashMap<String, i64>,
    last_object: Option<i64>,
    counts: Counts,
}

impl SnapshotWriter {
    /// Begins a snapshot whose database grows in a temporary file beside `output`, which vanishes with the writer.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(output: &Path, collection: Collection) -> Result<Self, SnapshotError> {
        Self::begin(&Place::Beside(output), collection)
    }

    /// Gives the growing database this much page cache, in KiB: of its tables, and of the names that are looked up for every
    /// object and link. Without it a run has 2 MiB of each, whatever the directory's size.
    ///
    /// # Errors
    /// The database refuses it.
    pub fn use_cache(&mut self, tables: u32, names: u32) -> Result<(), SnapshotError> {
        self.store.use_cache(tables.into(), names.into())
    }

    /// Begins a snapshot whose database grows at `place`.
    ///
    /// # Errors
    /// The place cannot be written, or the file is already there.
    pub fn begin(place: &Place<'_>, collection: Collection) -> Result<Self, SnapshotError> {
        let store = Store::create(place)?;
        migration::create(&store.database)?;
        let mut writer = Self {
            store,
            collection,
            columns: Columns::new(),
            intern: Intern::default(),
            open_query: None,
            open_partition: None,
            left: HashMap::new(),
            last_object: None,
            counts: Counts::default(),
        };
        writer.store.begin()?;
        for (id, attribute) in ATTRIBUTES.iter().enumerate() {
            writer.register_attribute(id as i64, attribute.name, attribute.syntax)?;
        }
        writer.write_collection()?;
        writer.reload()?;
        writer.store.commit()?;
        Ok(writer)
    }

    /// Goes on with the database that [`Place::File`] left behind. What a part of a query brought that did not come
    /// to its end is forgotten; what was committed stays.
    ///
    /// # Errors
    /// There is no such file, or it is not the beginning of a snapshot of this format.
    pub fn resume(file: &Path) -> Result<Self, SnapshotError> {
        let store = Store::open(file)?;
        let found = migration::format_of(&store.database)?;
        if found != FORMAT_VERSION {
            return Err(SnapshotError::Foreign(format!(
                "it was begun in format {found}, this program writes format {FORMAT_VERSION}"
            )));
        }
        migration::check_tables(&store.database)?;
        let mut writer = Self {
            collection: rows::collection(&store.database)?,
            store,
            columns: Columns::new(),
            intern: Intern::default(),
            open_query: None,
            open_partition: None,
            left: HashMap::new(),
            last_object: None,
            counts: Counts::default(),
        };
        writer.store.begin()?;
        writer.forget_unfinished()?;
        writer.reload()?;
        writer.store.commit()?;
        Ok(writer)
    }

    /// Whether the database that [`Place::File`] left behind came as far as holding anything: a program that is killed
    /// while it makes the tables leaves a file with nothing to go on from.
    ///
    /// # Errors
    /// There is no such file, or it is no SQLite database.
    pub fn was_begun(file: &Path) -> Result<bool, SnapshotError> {
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if migration::is_marked(&database)? {
            return Ok(rows::collection(&database).is_ok());
        }
        // A database of somebody else is left for `resume` to refuse.
        let foreign: i64 = database.query_row(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             AND instr(?1, 'CREATE TABLE ' || name || ' ') = 0",
            [migration::NEWEST],
            |row| row.get(0),
        )?;
        Ok(foreign > 0)
    }

    /// What the source said of itself when the snapshot was begun.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// The ledger so far.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn ledger(&self) -> Result<Vec<LedgerRow>, SnapshotError> {
        rows::ledger(&self.store.database)
    }

    /// The parts of queries so far.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn partitions(&self) -> Result<Vec<PartitionRow>, SnapshotError> {
        rows::partitions(&self.store.database)
    }

    /// Values of a root DSE attribute, as recorded.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn root_dse(&self, attribute: &str) -> Result<Vec<Vec<u8>>, SnapshotError> {
        rows::root_dse(&self.store.database, attribute)
    }

    /// Records the next event of a source.
    ///
    /// # Errors
    /// The disk is full, or events come out of order (an entry outside a query).
    pub fn record(&mut self, event: &Event) -> Result<(), SnapshotError> {
        match event {
            Event::RootDse(attributes) => self.record_root_dse(attributes),
            Event::QueryStarted(plan) => self.query_started(plan),
            Event::PartitionStarted(plan) => self.partition_started(plan),
            Event::Entry(entry) => self.entry(entry),
            Event::PartitionEnded(outcome) => self.partition_ended(outcome),
            Event::PartitionAbandoned => self.partition_abandoned(),
            Event::QueryAbandoned => self.query_abandoned(),
            Event::QueryEnded(outcome) => self.query_ended(outcome),
            Event::QueryLeft => self.query_left(),
            Event::QueryResumed(name) => self.query_resumed(name),
        }
    }

    /// Records why attributes did not come.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_coverage(&mut self, rows: &[CoverageRow]) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let mut insert = self.store.database.prepare_cached(
            "INSERT OR REPLACE INTO coverage
             SELECT id, ?2, ?3, ?4, ?5 FROM query WHERE name = ?1",
        )?;
        for row in rows {
            insert.execute(params![
                row.query,
                row.class,
                row.attribute,
                row.objects as i64,
                row.absence.as_str()
            ])?;
        }
        drop(insert);
        self.store.commit()
    }

    /// Forgets the settings of an earlier attempt, and its row in the ledger.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget_policy_settings(&mut self, query: &str) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .execute("DELETE FROM policy_setting", [])?;
        self.store
            .database
            .execute("DELETE FROM query WHERE name = ?1", [query])?;
        self.store.commit()
    }

    /// Records a setting of a group policy.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_policy_setting(&mut self, setting: &PolicySetting) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .prepare_cached(
                "INSERT OR REPLACE INTO policy_setting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                setting.gpo,
                setting.side,
                setting.source,
                setting.section,
                setting.name,
                setting.kind,
                setting.value
            ])?;
        Ok(())
    }

    /// Records what stands behind a pseudonym. The first of several spellings stays.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_pseudonym(&mut self, token: &str, sealed: &[u8]) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .prepare_cached("INSERT OR IGNORE INTO pseudonym VALUES (?1, ?2)")?
            .execute(params![token, sealed])?;
        Ok(())
    }

    /// Classes and attributes of every query by its name: for each most specific class, how many objects it has and which
    /// columns or lists came with at least one of them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn classes(&self) -> Result<BTreeMap<String, Vec<super::ClassSeen>>, SnapshotError> {
        rows::classes(&self.store.database)
    }

    /// The attributes of the collected schema; `None` if it was not collected whole.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn schema_attributes(&self) -> Result<Option<super::SchemaAttributes>, SnapshotError> {
        rows::schema_attributes(&self.store.database)
    }

    /// The classes of the collected schema; none if it was not collected whole.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn schema_classes(&self) -> Result<Vec<super::SchemaClass>, SnapshotError> {
        rows::schema_classes(&self.store.database)
    }

    /// Seals the snapshot at `output`, in one step. A query still open stays incomplete and is said to be missing.
    ///
    /// # Errors
    /// The disk is full or the output cannot be written.
    pub fn finish(self, output: &Path) -> Result<Manifest, SnapshotError> {
        self.finish_in(output, &Clear, false)
    }

    /// As [`SnapshotWriter::finish`], wrapped in `envelope`. What is at `output` is replaced only if `replaces`: a partial
    /// snapshot by the rest of its own run. The database of [`Place::File`] stays for the caller to remove.
    ///
    /// # Errors
    /// As there.
    pub fn finish_in(
        mut self,
        output: &Path,
        envelope: &dyn Envelope,
        replaces: bool,
    ) -> Result<Manifest, SnapshotError> {
        self.store.begin()?;
        self.store.database.execute_batch(
            "UPDATE query SET stored = 0;
             UPDATE query SET stored = seen.stored FROM
               (SELECT query, count(*) AS stored FROM object GROUP BY query) AS seen WHERE seen.query = query.id;",
        )?;
        self.store.commit()?;
        let exports = self.export_labels()?;
        let missing = rows::missing(&self.store.database)?;
        let counts = rows::counts(&self.store.database)?;
        let context = |name: &str| -> Result<String, SnapshotError> {
            let values = rows::root_dse(&self.store.database, name)?;
            Ok(values
                .first()
                .map(|value| dns_name(&String::from_utf8_lossy(value)))
                .unwrap_or_default())
        };
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            program: self.collection.program.clone(),
            domain: context("defaultNamingContext")?,
            forest: context("rootDomainNamingContext")?,
            server: self.collection.server.clone(),
            collected_as: self.collection.collected_as.clone(),
            taken_at: self.collection.taken_at.clone(),
            complete: false,
            missing,
            scope: self.collection.scope.clone(),
            connection: self.collection.connection.clone(),
            pseudonyms: self.collection.pseudonyms.clone(),
            exports,
            counts,
            database_bytes: 0,
            database_sha256: String::new(),
        };
        manifest.missing.extend(export::broken(&manifest));
        manifest.complete = manifest.missing.is_empty();
        self.store.close()?.read(output, |database, folder| {
            container::seal(database, manifest, output, folder, envelope, replaces)
        })
    }

    /// Rows written so far, for progress.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    #[cfg(test)]
    #[expect(clippy::unwrap_used, reason = "tests")]
    pub(super) fn add_table_for_tests(&self, sql: &str) {
        self.store.database.execute_batch(sql).unwrap();
    }

    fn record_root_dse(&mut self, attributes: &[RawAttribute]) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let mut insert = self
            .store
            .database
            .prepare_cached("INSERT OR REPLACE INTO root_dse VALUES (?1, ?2, ?3)")?;
        for attribute in attributes {
            for (position, value) in attribute.values.iter().enumerate() {
                insert.execute(params![attribute.name, position as i64, value])?;
            }
        }
        drop(insert);
        self.store.commit()
    }

    fn write_collection(&self) -> Result<(), SnapshotError> {
        let said = &self.collection;
        let mut insert = self
            .store
            .database
            .prepare_cached("INSERT OR REPLACE INTO collection VALUES (?1, ?2)")?;
        for (name, value) in [
            ("program", &said.program),
            ("server", &said.server),
            ("collected_as", &said.collected_as),
            ("taken_at", &said.taken_at),
            ("scope", &said.scope),
            ("connection", &said.connection),
            ("pseudonyms", &said.pseudonyms),
        ] {
            insert.execute(params![name, value])?;
        }
        if said.administrator_by_word {
            insert.execute(params![rows::ADMINISTRATOR_BY_WORD, "yes"])?;
        }
        Ok(())
    }

    /// Brings what is held in memory in line with the database, after a step back.
    fn reload(&mut self) -> Result<(), SnapshotError> {
        self.intern.reload(&self.store.database)?;
        self.counts = rows::counts(&self.store.database)?;
        Ok(())
    }

    fn register_attribute(&self, id: i64, name: &str, syntax: Syntax) -> Result<(), SnapshotError> {
        self.store
            .database
            .prepare_cached("INSERT INTO attribute VALUES (?1, ?2, ?3)")?
            .execute(params![id, name, format!("{syntax:?}")])?;
        Ok(())
    }
}

/// Where a database that is kept for a resumed run lies.
impl SnapshotWriter {
    /// Every file that [`Place::File`] may leave beside `file`.
    pub fn files(file: &Path) -> Vec<PathBuf> {
        Store::files(file)
    }
}

/// `DC=corp,DC=example` as `corp.example`. A label for people, so odd names are kept as they are.
fn dns_name(naming_context: &str) -> String {
    let labels: Option<Vec<&str>> = naming_context
        .split(',')
        .map(|part| {
            let (kind, label) = part.split_once('=')?;
            kind.trim().eq_ignore_ascii_case("DC").then_some(label)
        })
        .collect();
    labels.map_or_else(|| naming_context.to_owned(), |labels| labels.join("."))
}
