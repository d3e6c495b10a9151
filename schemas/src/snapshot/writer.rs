//! Writes a snapshot from a stream of events, one object at a time.
//!
//! Owns interning of names and descriptors, the ledger's rows and sealing. Memory does not grow with the
//! directory: everything but a bounded cache lives in SQLite. Deliberately does not decide what to ask.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use sha2::{Digest, Sha256};

use super::cell::{self, Cell};
use super::{FORMAT_VERSION, SnapshotError, migration};
use crate::attribute::{self, ATTRIBUTES, Syntax};
use crate::container;
use crate::entry::{Entry, Event, RawAttribute};
use crate::ledger::{QueryOutcome, QueryPlan};
use crate::manifest::{Counts, FORMAT, Manifest};

/// Distinct descriptors whose ids are kept in memory; beyond it the database is asked.
const DESCRIPTOR_CACHE: usize = 16_384;

/// What a source knows of itself and no query tells.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    /// Program and version.
    pub program: String,
    /// The domain controller, or the name of the export.
    pub server: String,
    /// The account that asked, as typed.
    pub collected_as: String,
    /// RFC 3339 UTC.
    pub taken_at: String,
}

/// A snapshot being written. Nothing is at the output path until [`SnapshotWriter::finish`] succeeds.
#[derive(Debug)]
pub struct SnapshotWriter {
    database: Connection,
    scratch: tempfile::TempPath,
    output: PathBuf,
    collection: Collection,
    columns: Columns,
    extra_attributes: HashMap<String, i64>,
    descriptors: HashMap<[u8; 32], i64>,
    next_name: i64,
    open_query: Option<OpenQuery>,
    counts: Counts,
    cut_short: u64,
    domain: String,
    forest: String,
    missing: Vec<String>,
}

#[derive(Debug)]
struct OpenQuery {
    id: i64,
    name: String,
    stored: u64,
}

impl SnapshotWriter {
    /// Begins a snapshot that will be at `output`. The database grows in a temporary file beside it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(output: &Path, collection: Collection) -> Result<Self, SnapshotError> {
        let scratch = container::scratch_beside(output, ".sqlite.part")?.into_temp_path();
        let database = Connection::open(&scratch)?;
        database.execute_batch(
            "PRAGMA page_size = 16384;
             PRAGMA journal_mode = OFF;
             PRAGMA synchronous = OFF;
             PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA cache_size = -65536;
             PRAGMA temp_store = FILE;
             ATTACH '' AS build;
             CREATE TABLE build.name (dn TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;",
        )?;
        migration::create(&database)?;
        database.execute_batch("BEGIN")?;
        let writer = Self {
            database,
            scratch,
            output: output.to_owned(),
            collection,
            columns: Columns::new(),
            extra_attributes: HashMap::new(),
            descriptors: HashMap::new(),
            next_name: 1,
            open_query: None,
            counts: Counts::default(),
            cut_short: 0,
            domain: String::new(),
            forest: String::new(),
            missing: Vec::new(),
        };
        for (id, attribute) in ATTRIBUTES.iter().enumerate() {
            writer.register_attribute(id as i64, attribute.name, attribute.syntax)?;
        }
        Ok(writer)
    }

    /// Records the next event of a source.
    ///
    /// # Errors
    /// The disk is full, or events come out of order (an entry outside a query).
    pub fn record(&mut self, event: &Event) -> Result<(), SnapshotError> {
        match event {
            Event::RootDse(attributes) => self.root_dse(attributes),
            Event::QueryStarted(plan) => self.query_started(plan),
            Event::Entry(entry) => self.entry(entry),
            Event::QueryEnded(outcome) => self.query_ended(outcome),
        }
    }

    /// Seals the snapshot and moves it to its place. A query still open stays incomplete and is said to be missing.
    ///
    /// # Errors
    /// The disk is full or the output cannot be written.
    pub fn finish(mut self) -> Result<Manifest, SnapshotError> {
        if let Some(open) = self.open_query.take() {
            self.database.execute(
                "UPDATE query SET stored = ?2 WHERE id = ?1",
                params![open.id, open.stored as i64],
            )?;
            self.missing
                .push(format!("query {} did not come to its end", open.name));
        }
        if self.cut_short > 0 {
            self.missing
                .push(format!("{} value lists were cut short", self.cut_short));
        }
        self.database.execute_batch("COMMIT; DETACH build;")?;
        if let Err((_, error)) = self.database.close() {
            return Err(error.into());
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            program: self.collection.program,
            domain: self.domain,
            forest: self.forest,
            server: self.collection.server,
            collected_as: self.collection.collected_as,
            taken_at: self.collection.taken_at,
            complete: self.missing.is_empty(),
            missing: self.missing,
            counts: self.counts,
            database_bytes: 0,
            database_sha256: String::new(),
        };
        container::seal(&self.scratch, manifest, &self.output)
    }

    /// Rows written so far, for progress.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    #[cfg(test)]
    #[expect(clippy::unwrap_used, reason = "tests")]
    pub(super) fn add_table_for_tests(&self, sql: &str) {
        self.database.execute_batch(sql).unwrap();
    }

    fn root_dse(&mut self, attributes: &[RawAttribute]) -> Result<(), SnapshotError> {
        let mut insert = self
            .database
            .prepare_cached("INSERT OR REPLACE INTO root_dse VALUES (?1, ?2, ?3)")?;
        for attribute in attributes {
            for (position, value) in attribute.values.iter().enumerate() {
                insert.execute(params![attribute.name, position as i64, value])?;
            }
        }
        drop(insert);
        let dns = |name: &str| {
            attributes
                .iter()
                .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
                .and_then(|attribute| attribute.values.first())
                .map(|value| dns_name(&String::from_utf8_lossy(value)))
                .unwrap_or_default()
        };
        self.domain = dns("defaultNamingContext");
        self.forest = dns("rootDomainNamingContext");
        Ok(())
    }

    fn query_started(&mut self, plan: &QueryPlan) -> Result<(), SnapshotError> {
        if self.open_query.is_some() {
            return Err(SnapshotError::Order("a query began inside another"));
        }
        self.database.execute(
            "INSERT INTO query (name, base, scope, filter, attributes, server, started, complete, stored)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
            params![
                plan.name,
                plan.base,
                plan.scope,
                plan.filter,
                plan.attributes.join("\n"),
                plan.server,
                plan.started
            ],
        )?;
        self.counts.queries += 1;
        self.open_query = Some(OpenQuery {
            id: self.database.last_insert_rowid(),
            name: plan.name.clone(),
            stored: 0,
        });
        Ok(())
    }

    fn query_ended(&mut self, outcome: &QueryOutcome) -> Result<(), SnapshotError> {
        let open = self
            .open_query
            .take()
            .ok_or(SnapshotError::Order("a query ended that had not begun"))?;
        self.database.execute(
            "UPDATE query SET ended = ?2, pages = ?3, entries = ?4, \"references\" = ?5,
                 result_code = ?6, result_text = ?7, complete = ?8, stored = ?9 WHERE id = ?1",
            params![
                open.id,
                outcome.ended,
                outcome.pages as i64,
                outcome.entries as i64,
                outcome.references as i64,
                outcome.result_code,
                outcome.result_text,
                outcome.complete,
                open.stored as i64
            ],
        )?;
        if !outcome.complete {
            self.missing.push(format!(
                "query {} ended early after {} entries: {}",
                open.name, outcome.entries, outcome.result_text
            ));
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), SnapshotError> {
        let query = match &self.open_query {
            Some(open) => open.id,
            None => return Err(SnapshotError::Order("an entry outside a query")),
        };
        let object = self.intern_name(&entry.dn)?;
        let mut row: Vec<Option<Stored<'_>>> = Vec::new();
        row.resize_with(self.columns.count, || None);
        let mut rest: Vec<(i64, &RawAttribute, Rest)> = Vec::new();
        for attribute in &entry.attributes {
            if attribute::is_secret(&attribute.name) {
                self.counts.secrets_dropped += attribute.values.len() as u64;
                continue;
            }
            let (id, syntax) = self.attribute_id(&attribute.name)?;
            match syntax {
                Syntax::Dn => rest.push((id, attribute, Rest::Links)),
                Syntax::BytesList => rest.push((id, attribute, Rest::Values(None))),
                Syntax::SecurityDescriptor => match attribute.values.as_slice() {
                    [one] => {
                        let descriptor = self.intern_descriptor(one)?;
                        self.columns
                            .put(&mut row, id, Stored::Cell(Cell::Integer(descriptor)));
                    }
                    _ => rest.push((id, attribute, Rest::Values(Some("not one descriptor")))),
                },
                _ => match cell::fit(syntax, &attribute.values) {
                    Ok(fitting) => self.columns.put(&mut row, id, Stored::Cell(fitting)),
                    Err(why) => rest.push((id, attribute, Rest::Values(Some(why)))),
                },
            }
            if !attribute.complete {
                rest.push((id, attribute, Rest::CutShort));
            }
        }
        if !self.insert_object(object, query, &row)? {
            return Ok(());
        }
        for (id, attribute, kind) in rest {
            match kind {
                Rest::Links => self.insert_links(object, id, attribute)?,
                Rest::Values(why) => self.insert_values(object, id, attribute, why)?,
                Rest::CutShort => {
                    self.cut_short += 1;
                    let detail = format!("{} values are here", attribute.values.len());
                    self.note_defect(object, id, "cut-short", &detail)?;
                }
            }
        }
        self.counts.objects += 1;
        if let Some(open) = &mut self.open_query {
            open.stored += 1;
        }
        Ok(())
    }

    /// False if the object is already there: the first query that brings an object keeps it.
    fn insert_object(
        &self,
        object: i64,
        query: i64,
        row: &[Option<Stored<'_>>],
    ) -> Result<bool, SnapshotError> {
        let keys = [Some(Stored::Key(object)), Some(Stored::Key(query))];
        let mut insert = self.database.prepare_cached(&self.columns.insert)?;
        let changed = insert.execute(params_from_iter(keys.iter().chain(row)))?;
        Ok(changed == 1)
    }

    fn insert_links(
        &mut self,
        object: i64,
        id: i64,
        attribute: &RawAttribute,
    ) -> Result<(), SnapshotError> {
        for (position, value) in attribute.values.iter().enumerate() {
            match std::str::from_utf8(value) {
                Ok(dn) => {
                    let target = self.intern_name(dn)?;
                    self.database
                        .prepare_cached("INSERT OR IGNORE INTO link VALUES (?1, ?2, ?3, ?4)")?
                        .execute(params![object, id, position as i64, target])?;
                    self.counts.links += 1;
                }
                Err(_) => {
                    self.insert_value(object, id, position, value)?;
                    self.note_defect(object, id, "misfit", "a DN is not UTF-8")?;
                }
            }
        }
        Ok(())
    }

    fn insert_values(
        &mut self,
        object: i64,
        id: i64,
        attribute: &RawAttribute,
        why: Option<&str>,
    ) -> Result<(), SnapshotError> {
        for (position, value) in attribute.values.iter().enumerate() {
            self.insert_value(object, id, position, value)?;
        }
        match why {
            Some(why) => self.note_defect(object, id, "misfit", why),
            None => Ok(()),
        }
    }

    fn insert_value(
        &self,
        object: i64,
        id: i64,
        position: usize,
        value: &[u8],
    ) -> Result<(), SnapshotError> {
        self.database
            .prepare_cached("INSERT OR IGNORE INTO value VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![object, id, position as i64, value])?;
        Ok(())
    }

    fn note_defect(
        &mut self,
        object: i64,
        id: i64,
        kind: &str,
        detail: &str,
    ) -> Result<(), SnapshotError> {
        self.counts.defects += 1;
        self.database
            .prepare_cached("INSERT OR IGNORE INTO defect VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![object, id, kind, detail])?;
        Ok(())
    }

    fn intern_name(&mut self, dn: &str) -> Result<i64, SnapshotError> {
        let known = self
            .database
            .prepare_cached("SELECT id FROM build.name WHERE dn = ?1")?
            .query_row([dn], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        let id = self.next_name;
        self.next_name += 1;
        self.database
            .prepare_cached("INSERT INTO build.name VALUES (?1, ?2)")?
            .execute(params![dn, id])?;
        self.database
            .prepare_cached("INSERT INTO main.name VALUES (?1, ?2)")?
            .execute(params![id, dn])?;
        Ok(id)
    }

    fn intern_descriptor(&mut self, bytes: &[u8]) -> Result<i64, SnapshotError> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if let Some(id) = self.descriptors.get(&digest) {
            return Ok(*id);
        }
        let known = self
            .database
            .prepare_cached("SELECT id FROM security_descriptor WHERE sha256 = ?1")?
            .query_row([&digest[..]], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                self.counts.security_descriptors += 1;
                self.database
                    .prepare_cached("INSERT INTO security_descriptor VALUES (NULL, ?1, ?2)")?
                    .execute(params![&digest[..], bytes])?;
                self.database.last_insert_rowid()
            }
        };
        if self.descriptors.len() < DESCRIPTOR_CACHE {
            self.descriptors.insert(digest, id);
        }
        Ok(id)
    }

    /// Id and syntax of an attribute; one that is not in the table is kept raw under an id of its own.
    fn attribute_id(&mut self, name: &str) -> Result<(i64, Syntax), SnapshotError> {
        if let Some(known) = self.columns.find(name) {
            return Ok(known);
        }
        let folded = name.to_ascii_lowercase();
        if let Some(id) = self.extra_attributes.get(&folded) {
            return Ok((*id, Syntax::BytesList));
        }
        let id = (ATTRIBUTES.len() + self.extra_attributes.len()) as i64;
        self.register_attribute(id, name, Syntax::BytesList)?;
        self.extra_attributes.insert(folded, id);
        Ok((id, Syntax::BytesList))
    }

    fn register_attribute(&self, id: i64, name: &str, syntax: Syntax) -> Result<(), SnapshotError> {
        self.database
            .prepare_cached("INSERT INTO attribute VALUES (?1, ?2, ?3)")?
            .execute(params![id, name, format!("{syntax:?}")])?;
        Ok(())
    }
}

enum Rest {
    Links,
    Values(Option<&'static str>),
    CutShort,
}

enum Stored<'a> {
    Key(i64),
    Cell(Cell<'a>),
}

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Key(id) | Self::Cell(Cell::Integer(id)) => {
                ToSqlOutput::Owned(Value::Integer(*id))
            }
            Self::Cell(Cell::Text(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Cell(Cell::Blob(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Where each attribute's column is.
#[derive(Debug)]
struct Columns {
    insert: String,
    count: usize,
    by_name: HashMap<String, usize>,
    position: Vec<Option<usize>>,
}

impl Columns {
    fn new() -> Self {
        let mut position = Vec::new();
        let mut names = Vec::new();
        let mut by_name = HashMap::new();
        for (id, attribute) in ATTRIBUTES.iter().enumerate() {
            by_name.insert(attribute.name.to_ascii_lowercase(), id);
            position.push(attribute.has_column().then_some(names.len()));
            if attribute.has_column() {
                names.push(format!("\"{}\"", attribute.name));
            }
        }
        let marks = vec!["?"; names.len() + 2].join(", ");
        Self {
            insert: format!(
                "INSERT OR IGNORE INTO object (id, query, {}) VALUES ({marks})",
                names.join(", ")
            ),
            count: names.len(),
            by_name,
            position,
        }
    }

    fn find(&self, name: &str) -> Option<(i64, Syntax)> {
        let id = match self.by_name.get(name) {
            Some(id) => *id,
            None => *self.by_name.get(&name.to_ascii_lowercase())?,
        };
        ATTRIBUTES
            .get(id)
            .map(|attribute| (id as i64, attribute.syntax))
    }

    fn put<'a>(&self, row: &mut [Option<Stored<'a>>], id: i64, stored: Stored<'a>) {
        let column = self.position.get(id as usize).copied().flatten();
        if let Some(place) = column.and_then(|column| row.get_mut(column)) {
            *place = Some(stored);
        }
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
