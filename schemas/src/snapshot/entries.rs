//! An object's raw values, put together from its row, its links and its other values.
//!
//! Both the reader and the writer look at objects that are there already. Deliberately does not find them.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::SnapshotError;
use super::cell::{self, Cell};
use crate::attribute::{ATTRIBUTES, Syntax};
use crate::entry::{Entry, RawAttribute};

/// A row of DN, id, query and the columns.
pub(super) fn read(database: &Connection, row: &Row<'_>) -> Result<Entry, SnapshotError> {
    let id: i64 = row.get(1)?;
    let mut entry = Entry {
        dn: row.get(0)?,
        attributes: Vec::new(),
    };
    let mut rest = values_in_rows(database, id)?;
    let mut column = 3;
    for (index, attribute) in ATTRIBUTES.iter().enumerate() {
        let mut values = Vec::new();
        if attribute.has_column() {
            values = column_values(database, attribute.syntax, row.get_ref(column)?)?;
            column += 1;
        }
        let in_rows = rest.remove(&(index as i64));
        if values.is_empty() {
            values = in_rows.unwrap_or_default();
        }
        if !values.is_empty() {
            entry
                .attributes
                .push(RawAttribute::new(attribute.name, values));
        }
    }
    for (attribute, values) in rest {
        let name: String = database
            .prepare_cached("SELECT name FROM attribute WHERE id = ?1")?
            .query_row([attribute], |row| row.get(0))?;
        entry.attributes.push(RawAttribute::new(name, values));
    }
    Ok(entry)
}

fn column_values(
    database: &Connection,
    syntax: Syntax,
    value: ValueRef<'_>,
) -> Result<Vec<Vec<u8>>, SnapshotError> {
    let cell = match value {
        ValueRef::Null | ValueRef::Real(_) => return Ok(Vec::new()),
        ValueRef::Integer(id) if syntax == Syntax::SecurityDescriptor => {
            let bytes = database
                .prepare_cached("SELECT bytes FROM security_descriptor WHERE id = ?1")?
                .query_row([id], |row| row.get(0))?;
            return Ok(vec![bytes]);
        }
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
    };
    Ok(cell::values(syntax, &cell))
}

/// Values that have no column, by attribute and in order.
fn values_in_rows(
    database: &Connection,
    object: i64,
) -> Result<BTreeMap<i64, Vec<Vec<u8>>>, SnapshotError> {
    let mut statement = database.prepare_cached(
        "SELECT attribute, position, CAST(name.dn AS BLOB) FROM link JOIN name ON name.id = link.target
           WHERE link.object = ?1
         UNION ALL
         SELECT attribute, position, value FROM value WHERE object = ?1
         ORDER BY attribute, position",
    )?;
    let mut rows = statement.query([object])?;
    let mut values: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        values.entry(row.get(0)?).or_default().push(row.get(2)?);
    }
    Ok(values)
}
