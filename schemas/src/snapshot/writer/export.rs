//! What is written of other tools' exports beside their objects.
//!
//! Owns the rows that only an import writes, and looking at what is stored already. Deliberately does not decide which of
//! two exports is believed.

use rusqlite::{OptionalExtension, params};

use super::SnapshotWriter;
use crate::entry::Entry;
use crate::manifest::Manifest;
use crate::origin::{
    BitsRow, ConflictRow, ExportLabel, ExportRow, InterpretedRight, NoteKind, NoteRow,
};
use crate::snapshot::{SnapshotError, entries, rows};

/// An object that is in the snapshot already.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Name of the query that it belongs to.
    pub query: String,
    /// Its values, as they would be read back.
    pub entry: Entry,
}

impl SnapshotWriter {
    /// Records an export and gives its number, by which other rows refer to it.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_export(&mut self, row: &ExportRow) -> Result<i64, SnapshotError> {
        self.store.begin()?;
        self.store.database.execute(
            "INSERT INTO export (name, format, variant, sha256, bytes, server, taken_at, objects, troubles, broken)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                row.name,
                row.format,
                row.variant,
                row.sha256,
                row.bytes as i64,
                row.server,
                row.taken_at,
                row.objects as i64,
                row.troubles as i64,
                row.broken
            ],
        )?;
        Ok(self.store.database.last_insert_rowid())
    }

    /// Says of an export what is known at its end only.
    ///
    /// # Errors
    /// The disk is full.
    pub fn export_ended(&mut self, export: i64, row: &ExportRow) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store.database.execute(
            "UPDATE export SET objects = ?2, troubles = ?3, broken = ?4 WHERE id = ?1",
            params![export, row.objects as i64, row.troubles as i64, row.broken],
        )?;
        Ok(())
    }

    /// Records what an export cannot show, or what of it was not understood.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_note(&mut self, note: &NoteRow) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .prepare_cached(
                "INSERT OR REPLACE INTO export_note VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                note.export,
                note.kind.as_str(),
                note.position as i64,
                note.place,
                note.dn,
                note.attribute,
                note.text
            ])?;
        Ok(())
    }

    /// Records a right that an exporter concluded. Said twice, it is by an inherited entry only if both say so.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_right(&mut self, right: &InterpretedRight) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .prepare_cached(
                "INSERT INTO interpreted_right VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET inherited = min(inherited, excluded.inherited)",
            )?
            .execute(params![
                right.object,
                right.trustee,
                right.right,
                right.export,
                right.inherited
            ])?;
        Ok(())
    }

    /// Records bits of an integer that an exporter turned into flags. Of two that contradict each other, none is known.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_bits(&mut self, bits: &BitsRow) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.store
            .database
            .prepare_cached(
                // a xor b, in SQLite's operators.
                "INSERT INTO known_bits VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET
                   mask = (mask | excluded.mask)
                     & ~(mask & excluded.mask & ((value | excluded.value) & ~(value & excluded.value))),
                   value = (value | excluded.value) & (mask | excluded.mask)
                     & ~(mask & excluded.mask & ((value | excluded.value) & ~(value & excluded.value)))",
            )?
            .execute(params![
                bits.object,
                bits.attribute,
                bits.export,
                bits.mask,
                bits.value & bits.mask
            ])?;
        Ok(())
    }

    /// Records that exports contradict each other.
    ///
    /// # Errors
    /// The disk is full.
    pub fn record_conflict(&mut self, conflict: &ConflictRow) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let object = self.intern_name(&conflict.dn)?;
        self.store
            .database
            .prepare_cached("INSERT OR IGNORE INTO conflict VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![
                object,
                conflict.attribute,
                conflict.other,
                conflict.kept,
                conflict.kept_value,
                conflict.other_value
            ])?;
        Ok(())
    }

    /// The number of the object that [`SnapshotWriter::record`] stored last; an object that was there already has the number
    /// of the one that stayed.
    pub fn last_object(&self) -> Option<i64> {
        self.last_object
    }

    /// The object of this number.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stored(&self, object: i64) -> Result<Option<Stored>, SnapshotError> {
        let database = &self.store.database;
        let mut statement = database.prepare_cached(
            "SELECT name.dn, object.* FROM main.object JOIN main.name USING (id) WHERE object.id = ?1",
        )?;
        let mut rows = statement.query([object])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let mut entry = entries::read(database, row)?;
        let query: i64 = row.get(2)?;
        for attribute in &mut entry.attributes {
            let (id, _) = match self.columns.find(&attribute.name) {
                Some(known) => known,
                None => continue,
            };
            attribute.complete = !database
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM defect WHERE object = ?1 AND attribute = ?2 AND kind = 'cut-short')",
                )?
                .query_row(params![object, id], |row| row.get::<_, bool>(0))?;
            attribute.step = database
                .prepare_cached("SELECT step FROM rounded WHERE object = ?1 AND attribute = ?2")?
                .query_row(params![object, id], |row| row.get(0))
                .optional()?
                .unwrap_or(0);
        }
        let mut lacking = database.prepare_cached(
            "SELECT attribute.name FROM defect JOIN attribute ON attribute.id = defect.attribute
             WHERE object = ?1 AND kind = 'cut-short'",
        )?;
        let mut names = lacking.query([object])?;
        while let Some(row) = names.next()? {
            entry.lacks(&row.get::<_, String>(0)?);
        }
        let query = database
            .prepare_cached("SELECT name FROM query WHERE id = ?1")?
            .query_row([query], |row| row.get(0))?;
        Ok(Some(Stored { query, entry }))
    }

    /// Forgets the object of this number, so that a richer one can take its place. Its DN keeps its number.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget(&mut self, object: i64) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.delete_object(object)
    }

    /// Notes that `dn` is another name of the object of this number: an export of another day, or of other case, calls it so.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn redirect(&mut self, dn: &str, object: i64) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let from = self.intern_name(dn)?;
        if from != object {
            self.store
                .database
                .prepare_cached("INSERT OR REPLACE INTO build.redirect VALUES (?1, ?2)")?
                .execute([from, object])?;
        }
        Ok(())
    }

    /// The number that links to `dn` will lead to: of the object that it is another name of, or else its own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn number_of(&self, dn: &str) -> Result<Option<i64>, SnapshotError> {
        let number = self
            .store
            .database
            .prepare_cached(
                "SELECT coalesce(redirect.object, name.id) FROM build.name
                 LEFT JOIN build.redirect ON redirect.name = name.id WHERE name.dn = ?1",
            )?
            .query_row([dn], |row| row.get(0))
            .optional()?;
        Ok(number)
    }

    /// The DN of this number.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn dn_of(&self, number: i64) -> Result<Option<String>, SnapshotError> {
        let dn = self
            .store
            .database
            .prepare_cached("SELECT dn FROM main.name WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        Ok(dn)
    }

    /// Takes back [`crate::snapshot::Collection::administrator_by_word`]: what was read contradicts it.
    ///
    /// # Errors
    /// The disk is full.
    pub fn withdraw_word(&mut self) -> Result<(), SnapshotError> {
        self.store.begin()?;
        self.collection.administrator_by_word = false;
        self.store.database.execute(
            "DELETE FROM collection WHERE name = ?1",
            [rows::ADMINISTRATOR_BY_WORD],
        )?;
        Ok(())
    }

    /// Leads every link to its object: from names that [`SnapshotWriter::redirect`] noted, and from `<SID=…>` and
    /// `<GUID=…>` (MS-ADTS 3.1.1.3.1.2.4) as far as `object_of` knows them.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn resolve_names(
        &mut self,
        mut object_of: impl FnMut(&str) -> Option<i64>,
    ) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let database = &self.store.database;
        let mut aliases = database
            .prepare("SELECT id, dn FROM main.name WHERE dn LIKE '<SID=%' OR dn LIKE '<GUID=%'")?;
        let mut rows = aliases.query([])?;
        while let Some(row) = rows.next()? {
            let (id, alias): (i64, String) = (row.get(0)?, row.get(1)?);
            if let Some(object) = object_of(&alias) {
                database
                    .prepare_cached("INSERT OR REPLACE INTO build.redirect VALUES (?1, ?2)")?
                    .execute([id, object])?;
            }
        }
        // A redirected object may have been redirected again.
        database.execute_batch(
            "UPDATE build.redirect SET object = further.object FROM build.redirect AS further
               WHERE further.name = redirect.object;
             UPDATE main.link SET target = redirect.object FROM build.redirect WHERE redirect.name = link.target;
             DELETE FROM main.name WHERE dn LIKE '<%' AND id IN (SELECT name FROM build.redirect);",
        )?;
        Ok(())
    }

    /// Moves objects into `query` for whose DN `moves` says so.
    ///
    /// # Errors
    /// The database cannot be written, or there is no such query.
    pub fn move_objects(
        &mut self,
        query: &str,
        moves: impl Fn(&str) -> bool,
    ) -> Result<(), SnapshotError> {
        self.store.begin()?;
        let database = &self.store.database;
        let mut objects = database
            .prepare("SELECT object.id, name.dn FROM main.object JOIN main.name USING (id)")?;
        let mut rows = objects.query([])?;
        database.execute_batch("DELETE FROM build.arrival")?;
        while let Some(row) = rows.next()? {
            if moves(row.get_ref(1)?.as_str().unwrap_or_default()) {
                database
                    .prepare_cached("INSERT INTO build.arrival VALUES (?1, 0)")?
                    .execute([row.get::<_, i64>(0)?])?;
            }
        }
        database.execute(
            "UPDATE main.object SET query = (SELECT id FROM query WHERE name = ?1)
             WHERE id IN (SELECT object FROM build.arrival)",
            [query],
        )?;
        database.execute_batch("DELETE FROM build.arrival")?;
        Ok(())
    }

    /// The exports, as the manifest has them.
    pub(super) fn export_labels(&self) -> Result<Vec<ExportLabel>, SnapshotError> {
        let mut statement = self.store.database.prepare(
            "SELECT name, trim(format || ' ' || variant), taken_at, sha256, objects, troubles, broken, id
             FROM export ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        let mut labels = Vec::new();
        while let Some(row) = rows.next()? {
            labels.push(ExportLabel {
                name: row.get(0)?,
                format: row.get(1)?,
                taken_at: row.get(2)?,
                sha256: row.get(3)?,
                objects: row.get::<_, i64>(4)?.unsigned_abs(),
                troubles: row.get::<_, i64>(5)?.unsigned_abs(),
                broken: row.get(6)?,
                limits: self.limits_of(row.get(7)?)?,
            });
        }
        Ok(labels)
    }

    fn limits_of(&self, export: i64) -> Result<Vec<String>, SnapshotError> {
        let mut statement = self.store.database.prepare(
            "SELECT text FROM export_note WHERE export = ?1 AND kind = ?2 ORDER BY position",
        )?;
        let rows =
            statement.query_map(params![export, NoteKind::Limit.as_str()], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// What is missing because an export broke off, one sentence each.
pub(super) fn broken(manifest: &Manifest) -> Vec<String> {
    let broken = manifest
        .exports
        .iter()
        .filter(|export| !export.broken.is_empty());
    broken
        .map(|export| format!("{} was not read to its end: {}", export.name, export.broken))
        .collect()
}
