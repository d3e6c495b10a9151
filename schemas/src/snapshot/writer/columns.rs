//! Where each attribute's column is in table `object`, and what goes into it.
//!
//! Deliberately does not know what fits a column: [`crate::snapshot::cell`] does.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};

use crate::attribute::{ATTRIBUTES, Syntax};
use crate::snapshot::cell::Cell;

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Columns of an object that are filled, from 0 for the first attribute. Of one named twice the last counts.
pub(super) type Row<'a> = Vec<(usize, Cell<'a>)>;

/// Where each attribute's column is.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) insert: String,
    by_name: HashMap<String, usize, RandomState>,
    position: Vec<Option<usize>>,
}

impl Columns {
    pub(super) fn new() -> Self {
        let mut position = Vec::new();
        let mut count = 0;
        let mut by_name = HashMap::default();
        for (id, attribute) in ATTRIBUTES.iter().enumerate() {
            // Nearly all sources spell names as the schema does; others are found in lower case.
            by_name.insert(attribute.name.to_owned(), id);
            by_name.insert(attribute.name.to_ascii_lowercase(), id);
            position.push(attribute.has_column().then_some(count));
            count += usize::from(attribute.has_column());
        }
        // Without the names: the text is what a prepared statement is found by, for every object again. A test holds the
        // order of the columns.
        let marks = vec!["?"; count + 2].join(",");
        Self {
            insert: format!("INSERT OR IGNORE INTO object VALUES ({marks})"),
            by_name,
            position,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<(i64, Syntax)> {
        let id = match self.by_name.get(name) {
            Some(id) => *id,
            None => *self.by_name.get(&name.to_ascii_lowercase())?,
        };
        ATTRIBUTES
            .get(id)
            .map(|attribute| (id as i64, attribute.syntax))
    }

    /// Adds what goes into the attribute's column; an attribute without one has none.
    pub(super) fn put<'a>(&self, row: &mut Row<'a>, id: i64, cell: Cell<'a>) {
        let column = self.position.get(id as usize).copied().flatten();
        row.extend(column.map(|column| (column, cell)));
    }
}
