//! One object: its row, its links and what does not fit.
//!
//! Owns what happens when two queries bring the same object. Deliberately does not commit.

use rusqlite::{OptionalExtension, params};

use super::SnapshotWriter;
use crate::attribute::{self, Syntax};
use crate::entry::{Entry, RawAttribute};
use crate::snapshot::SnapshotError;
use crate::snapshot::cell::{self, Cell};
use crate::snapshot::writer::columns::Row;

enum Rest {
    Links,
    Values(Option<&'static str>),
    CutShort,
    Rounded,
}

impl SnapshotWriter {
    pub(super) fn entry(&mut self, entry: &Entry) -> Result<(), SnapshotError> {
        let query = self
            .open_query
            .ok_or(SnapshotError::Order("an entry outside a query"))?;
        self.store.begin()?;
        let object = self.intern_object(&entry.dn)?;
        self.last_object = Some(object);
        let mut row = Row::with_capacity(entry.attributes.len());
        let mut rest: Vec<(i64, &RawAttribute, Rest)> = Vec::new();
        for attribute in &entry.attributes {
            if attribute::is_secret(&attribute.name) {
                self.drop_secret(attribute)?;
                continue;
            }
            let (id, syntax) = self.attribute_id(&attribute.name)?;
            if attribute.values.is_empty() && !attribute.complete {
                rest.push((id, attribute, Rest::CutShort));
                continue;
            }
            match syntax {
                Syntax::Dn => rest.push((id, attribute, Rest::Links)),
                Syntax::BytesList => rest.push((id, attribute, Rest::Values(None))),
                Syntax::SecurityDescriptor => match attribute.values.as_slice() {
                    [one] => {
                        let descriptor = self.intern_descriptor(one)?;
                        self.columns.put(&mut row, id, Cell::Integer(descriptor));
                    }
                    _ => rest.push((id, attribute, Rest::Values(Some("not one descriptor")))),
                },
                _ => match cell::fit(syntax, &attribute.values) {
                    Ok(fitting) => self.columns.put(&mut row, id, fitting),
                    Err(why) => rest.push((id, attribute, Rest::Values(Some(why)))),
                },
            }
            if !attribute.complete {
                rest.push((id, attribute, Rest::CutShort));
            }
            if attribute.step > 0 {
                rest.push((id, attribute, Rest::Rounded));
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
                    let detail = format!("{} values are here", attribute.values.len());
                    self.note_defect(object, id, "cut-short", &detail)?;
                }
                Rest::Rounded => {
                    self.store
                        .database
                        .prepare_cached("INSERT OR REPLACE INTO rounded VALUES (?1, ?2, ?3)")?
                        .execute(params![object, id, attribute.step])?;
                }
            }
        }
        if let Some(partition) = self.open_partition {
            self.store
                .database
                .prepare_cached("INSERT OR REPLACE INTO build.arrival VALUES (?1, ?2)")?
                .execute(params![object, partition])?;
        }
        self.counts.objects += 1;
        Ok(())
    }

    fn drop_secret(&mut self, attribute: &RawAttribute) -> Result<(), SnapshotError> {
        self.counts.secrets_dropped += attribute.values.len() as u64;
        self.store
            .database
            .prepare_cached("INSERT OR REPLACE INTO collection VALUES ('secrets_dropped', ?1)")?
            .execute([self.counts.secrets_dropped.to_string()])?;
        Ok(())
    }

    /// False if the object is already there: the first query of the ledger that brings an object keeps it, whichever
    /// of them was asked first (an interrupted run may ask an earlier one again).
    fn insert_object(
        &mut self,
        object: i64,
        query: i64,
        row: &Row<'_>,
    ) -> Result<bool, SnapshotError> {
        if self.insert_row(object, query, row)? {
            return Ok(true);
        }
        let database = &self.store.database;
        let keeper: Option<i64> = database
            .prepare_cached("SELECT query FROM object WHERE id = ?1")?
            .query_row([object], |row| row.get(0))
            .optional()?;
        if keeper.is_none_or(|keeper| keeper <= query) {
            return Ok(false);
        }
        self.delete_object(object)?;
        self.insert_row(object, query, row)
    }

    /// False if there is a row of this number. Of a hundred columns an object fills twenty: only these are bound.
    fn insert_row(&self, object: i64, query: i64, row: &Row<'_>) -> Result<bool, SnapshotError> {
        let mut insert = self.store.database.prepare_cached(&self.columns.insert)?;
        insert.clear_bindings();
        insert.raw_bind_parameter(1, object)?;
        insert.raw_bind_parameter(2, query)?;
        for (column, cell) in row {
            insert.raw_bind_parameter(column + 3, cell)?;
        }
        Ok(insert.raw_execute()? == 1)
    }

    pub(super) fn delete_object(&mut self, object: i64) -> Result<(), SnapshotError> {
        for delete in [
            "DELETE FROM main.object WHERE id = ?1",
            "DELETE FROM main.link WHERE object = ?1",
            "DELETE FROM main.value WHERE object = ?1",
            "DELETE FROM main.defect WHERE object = ?1",
            "DELETE FROM main.rounded WHERE object = ?1",
        ] {
            self.store
                .database
                .prepare_cached(delete)?
                .execute([object])?;
        }
        self.counts.objects -= 1;
        Ok(())
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
                    self.store
                        .database
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
        self.store
            .database
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
        self.store
            .database
            .prepare_cached("INSERT OR IGNORE INTO defect VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![object, id, kind, detail])?;
        Ok(())
    }
}
