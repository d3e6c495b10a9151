//! What a snapshot that was made from other tools' exports tells of them beside their objects: where they contradict each
//! other, what they cannot show, and what of them was not understood.
//!
//! Deliberately does not choose between two values: the import did.

use anyhow::Result;
use rusqlite::Connection;

/// Rows of each table that are loaded: exports of a large domain made a year apart differ in most objects.
const ROWS: i64 = 100_000;

/// Two exports that contradict each other.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    /// Number of the object's name, which is the id of the object where it has one.
    pub(crate) object_id: i64,
    pub(crate) dn: String,
    /// lDAPDisplayName; `None` where two objects claim one identity.
    pub(crate) attribute: Option<String>,
    /// Name of the export that was believed.
    pub(crate) kept_export: String,
    /// For people, cut.
    pub(crate) kept_value: String,
    pub(crate) other_export: String,
    /// For people, cut.
    pub(crate) other_value: String,
}

/// A limit of an export, or something that was not understood.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) export: String,
    /// `limit` or `trouble`.
    pub(crate) kind: String,
    /// Where in the export: `line 9`, `offset 1079`; `None` for a limit.
    pub(crate) place: Option<String>,
    pub(crate) dn: Option<String>,
    pub(crate) attribute: Option<String>,
    pub(crate) text: String,
}

/// Both, in the order of the exports.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exports {
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) notes: Vec<Note>,
}

impl Exports {
    /// The first rows of both tables.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn load(database: &Connection) -> Result<Self> {
        let mut conflicts = database.prepare(
            "SELECT conflict.object, name.dn, nullif(conflict.attribute, ''), kept.name, kept_value, other.name, other_value
             FROM conflict JOIN name ON name.id = conflict.object
             JOIN export AS kept ON kept.id = conflict.kept JOIN export AS other ON other.id = conflict.other
             ORDER BY name.dn, 3, conflict.other, other_value LIMIT ?1",
        )?;
        let conflicts = conflicts.query_map([ROWS], |row| {
            Ok(Conflict {
                object_id: row.get(0)?,
                dn: row.get(1)?,
                attribute: row.get(2)?,
                kept_export: row.get(3)?,
                kept_value: row.get(4)?,
                other_export: row.get(5)?,
                other_value: row.get(6)?,
            })
        })?;
        let mut notes = database.prepare(
            "SELECT export.name, kind, nullif(place, ''), nullif(dn, ''), nullif(attribute, ''), text
             FROM export_note JOIN export ON export.id = export_note.export
             ORDER BY export.id, kind, position LIMIT ?1",
        )?;
        let notes = notes.query_map([ROWS], |row| {
            Ok(Note {
                export: row.get(0)?,
                kind: row.get(1)?,
                place: row.get(2)?,
                dn: row.get(3)?,
                attribute: row.get(4)?,
                text: row.get(5)?,
            })
        })?;
        Ok(Self {
            conflicts: conflicts.collect::<rusqlite::Result<_>>()?,
            notes: notes.collect::<rusqlite::Result<_>>()?,
        })
    }
}
