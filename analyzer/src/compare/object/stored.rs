//! An object as a database has it: its name, the query that brought it, and every column.
//!
//! Deliberately does not read links and rare values: these are in memory already.

use coldcase_schemas::attribute::{ATTRIBUTES, Attribute};
use coldcase_schemas::report::Subject;
use coldcase_winsec::Guid;
use rusqlite::Row;
use rusqlite::types::Value;

use super::object;
use crate::frames::Analysis;
use crate::rules::subject_of;

/// Where the columns of attributes begin: after DN, query, id and the query's id.
pub(super) const FIRST_COLUMN: usize = 4;

/// DN, query and every column; parameters may follow.
pub(super) const SELECT: &str = "SELECT name.dn, query.name, object.* FROM object
     JOIN name ON name.id = object.id JOIN query ON query.id = object.query";

pub(super) fn columns() -> impl Iterator<Item = &'static Attribute> {
    ATTRIBUTES.iter().filter(|attribute| attribute.has_column())
}

/// One object as a database has it.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) dn: String,
    pub(super) query: String,
    /// In the order of the columns.
    pub(super) columns: Vec<Value>,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let columns = (0..columns().count())
            .map(|column| row.get(column + FIRST_COLUMN))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            dn: row.get(0)?,
            query: row.get(1)?,
            id: row.get(2)?,
            columns,
        })
    }

    fn column(&self, name: &str) -> Option<&Value> {
        let place = columns().position(|attribute| attribute.name == name)?;
        self.columns.get(place)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.column(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// As reports name it. Objects of the schema are in no list of the analysis.
    pub(super) fn subject(&self, analysis: &Analysis) -> Subject {
        if let Some(object) = object(analysis, self.id) {
            return subject_of(object);
        }
        let guid = match self.column("objectGUID") {
            Some(Value::Blob(bytes)) => Guid::from_bytes(bytes),
            _ => None,
        };
        let classes = self.text("objectClass").unwrap_or_default();
        let kind = match classes.rsplit('\n').next().unwrap_or_default() {
            "attributeSchema" => "attribute-schema",
            "classSchema" => "class-schema",
            "controlAccessRight" => "extended-right",
            _ => "other",
        };
        Subject {
            object_guid: guid.map(|guid| guid.to_string()),
            sid: None,
            sam_account_name: None,
            dn: Some(self.dn.clone()),
            kind: kind.to_owned(),
        }
    }
}
