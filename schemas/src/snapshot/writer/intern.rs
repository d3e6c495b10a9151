//! Names, descriptors and attributes that occur many times are stored once; here are their ids.
//!
//! Owns the caches and their limits. Deliberately does not decide what is a name.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::SnapshotWriter;
use crate::attribute::{ATTRIBUTES, Syntax};
use crate::snapshot::SnapshotError;

/// Distinct descriptors whose ids are kept in memory; beyond it the database is asked.
const DESCRIPTOR_CACHE: usize = 4_096;

/// Descriptors that are known by their bytes, without a digest: most objects have one of a few. At most so many bytes.
const RECENT_BYTES: usize = 1 << 20;

/// What is held in memory of ids.
#[derive(Debug, Default)]
pub(super) struct Intern {
    extra_attributes: HashMap<String, i64>,
    descriptors: HashMap<[u8; 32], i64>,
    recent: HashMap<Box<[u8]>, i64, RandomState>,
    recent_bytes: usize,
    next_name: i64,
}

impl Intern {
    /// Starts again from what the database holds.
    pub(super) fn reload(&mut self, database: &Connection) -> Result<(), SnapshotError> {
        self.descriptors.clear();
        self.recent.clear();
        self.recent_bytes = 0;
        self.next_name = database.query_row(
            "SELECT coalesce(max(id), 0) + 1 FROM main.name",
            [],
            |row| row.get(0),
        )?;
        let mut statement = database.prepare("SELECT id, name FROM attribute WHERE id >= ?1")?;
        let rows = statement.query_map([ATTRIBUTES.len() as i64], |row| {
            Ok((row.get::<_, String>(1)?.to_ascii_lowercase(), row.get(0)?))
        })?;
        self.extra_attributes = rows.collect::<Result<_, _>>()?;
        Ok(())
    }
}

impl SnapshotWriter {
    /// As [`SnapshotWriter::intern_name`], of a name that is probably new: an object's own.
    pub(super) fn intern_object(&mut self, dn: &str) -> Result<i64, SnapshotError> {
        let id = self.intern.next_name;
        let is_new = self
            .store
            .database
            .prepare_cached("INSERT OR IGNORE INTO build.name VALUES (?1, ?2)")?
            .execute(params![dn, id])?
            == 1;
        if !is_new {
            return self.intern_name(dn);
        }
        self.note_name(id, dn)?;
        Ok(id)
    }

    /// The next number is that of a name.
    fn note_name(&mut self, id: i64, dn: &str) -> Result<(), SnapshotError> {
        self.intern.next_name = id + 1;
        self.store
            .database
            .prepare_cached("INSERT INTO main.name VALUES (?1, ?2)")?
            .execute(params![id, dn])?;
        Ok(())
    }

    pub(super) fn intern_name(&mut self, dn: &str) -> Result<i64, SnapshotError> {
        let database = &self.store.database;
        let known = database
            .prepare_cached("SELECT id FROM build.name WHERE dn = ?1")?
            .query_row([dn], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        let id = self.intern.next_name;
        database
            .prepare_cached("INSERT INTO build.name VALUES (?1, ?2)")?
            .execute(params![dn, id])?;
        self.note_name(id, dn)?;
        Ok(id)
    }

    pub(super) fn intern_descriptor(&mut self, bytes: &[u8]) -> Result<i64, SnapshotError> {
        if let Some(id) = self.intern.recent.get(bytes) {
            return Ok(*id);
        }
        let id = self.intern_by_digest(bytes)?;
        if self.intern.recent_bytes + bytes.len() > RECENT_BYTES {
            self.intern.recent.clear();
            self.intern.recent_bytes = 0;
        }
        self.intern.recent_bytes += bytes.len();
        self.intern.recent.insert(bytes.into(), id);
        Ok(id)
    }

    fn intern_by_digest(&mut self, bytes: &[u8]) -> Result<i64, SnapshotError> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if let Some(id) = self.intern.descriptors.get(&digest) {
            return Ok(*id);
        }
        let database = &self.store.database;
        let known = database
            .prepare_cached("SELECT id FROM security_descriptor WHERE sha256 = ?1")?
            .query_row([&digest[..]], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                self.counts.security_descriptors += 1;
                database
                    .prepare_cached("INSERT INTO security_descriptor VALUES (NULL, ?1, ?2)")?
                    .execute(params![&digest[..], bytes])?;
                database.last_insert_rowid()
            }
        };
        if self.intern.descriptors.len() < DESCRIPTOR_CACHE {
            self.intern.descriptors.insert(digest, id);
        }
        Ok(id)
    }

    /// Id and syntax of an attribute; one that is not in the table is kept raw under an id of its own.
    pub(super) fn attribute_id(&mut self, name: &str) -> Result<(i64, Syntax), SnapshotError> {
        if let Some(known) = self.columns.find(name) {
            return Ok(known);
        }
        let folded = name.to_ascii_lowercase();
        if let Some(id) = self.intern.extra_attributes.get(&folded) {
            return Ok((*id, Syntax::BytesList));
        }
        let id = (ATTRIBUTES.len() + self.intern.extra_attributes.len()) as i64;
        self.register_attribute(id, name, Syntax::BytesList)?;
        self.intern.extra_attributes.insert(folded, id);
        Ok((id, Syntax::BytesList))
    }
}
