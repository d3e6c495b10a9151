//! Snapshot formats and the steps between them.
//!
//! Owns the newest DDL and the linear list of migrations. Only a copy is ever migrated: a snapshot is evidence.

use rusqlite::Connection;

use super::SnapshotError;

/// The newest format. Stored as SQLite's `user_version` and in the manifest.
pub const FORMAT_VERSION: u32 = 4;

/// SQLite's `application_id` of a snapshot: "Cold" in ASCII.
const APPLICATION_ID: u32 = 0x436F_6C64;

pub(super) const NEWEST: &str = include_str!("v4.sql");

/// The oldest format, from which [`STEPS`] lead to the newest.
#[cfg(test)]
const OLDEST: &str = include_str!("v1.sql");

/// Step `n` leads from format `n + 1` to format `n + 2`.
const STEPS: &[&str] = &[
    include_str!("v2_step.sql"),
    include_str!("v3_step.sql"),
    include_str!("v4_step.sql"),
];

/// Makes the tables of the newest format in an empty database.
pub(super) fn create(database: &Connection) -> Result<(), SnapshotError> {
    database.execute_batch(NEWEST)?;
    mark(database, FORMAT_VERSION)
}

/// Brings a copy of a snapshot from its format to the newest.
pub(super) fn migrate(database: &Connection, from: u32) -> Result<(), SnapshotError> {
    apply(database, from, STEPS)
}

/// Whether the database says that it is a snapshot: the last thing that [`create`] does.
pub(super) fn is_marked(database: &Connection) -> Result<bool, SnapshotError> {
    let id: u32 = database.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID)
}

/// The format that the database says it has.
pub(super) fn format_of(database: &Connection) -> Result<u32, SnapshotError> {
    let id: u32 = database.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(SnapshotError::Foreign(
            "the database inside was not written by Coldcase".to_owned(),
        ));
    }
    Ok(database.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a database whose tables are not exactly those of the newest format: no views, triggers or
/// generated columns of a stranger are ever run.
pub(super) fn check_tables(database: &Connection) -> Result<(), SnapshotError> {
    let model = Connection::open_in_memory()?;
    create(&model)?;
    if tables(database)? == tables(&model)? {
        Ok(())
    } else {
        Err(SnapshotError::Foreign(
            "its tables are not those of a snapshot".to_owned(),
        ))
    }
}

fn tables(database: &Connection) -> Result<Vec<(String, String, Option<String>)>, SnapshotError> {
    let mut statement =
        database.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(database: &Connection, from: u32, steps: &[&str]) -> Result<(), SnapshotError> {
    let newest = steps.len() as u32 + 1;
    if from == 0 || from > newest {
        return Err(SnapshotError::Newer {
            found: from,
            supported: newest,
        });
    }
    for (index, step) in steps.iter().enumerate().skip(from as usize - 1) {
        database.execute_batch(step)?;
        mark(database, index as u32 + 2)?;
    }
    Ok(())
}

fn mark(database: &Connection, version: u32) -> Result<(), SnapshotError> {
    database.pragma_update(None, "application_id", APPLICATION_ID)?;
    database.pragma_update(None, "user_version", version)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::attribute::{ATTRIBUTES, Syntax};

    #[test]
    fn the_steps_lead_to_the_newest_format() {
        assert_eq!(STEPS.len() as u32 + 1, FORMAT_VERSION);
        let stepped = Connection::open_in_memory().unwrap();
        stepped.execute_batch(OLDEST).unwrap();
        migrate(&stepped, 1).unwrap();
        let whole = Connection::open_in_memory().unwrap();
        create(&whole).unwrap();
        assert_eq!(tables(&stepped).unwrap(), tables(&whole).unwrap());
    }

    #[test]
    fn steps_run_from_the_format_found_and_no_further() {
        let steps = ["CREATE TABLE two (x)", "CREATE TABLE three (x)"];
        let database = Connection::open_in_memory().unwrap();
        apply(&database, 2, &steps).unwrap();
        assert_eq!(format_of(&database).unwrap(), 3);
        let names: Vec<String> = tables(&database)
            .unwrap()
            .into_iter()
            .map(|t| t.1)
            .collect();
        assert_eq!(names, ["three"]);
        assert!(matches!(
            apply(&database, 4, &steps),
            Err(SnapshotError::Newer {
                found: 4,
                supported: 3
            })
        ));
    }

    #[test]
    fn the_ddl_has_a_column_for_each_attribute_that_wants_one() {
        let database = Connection::open_in_memory().unwrap();
        create(&database).unwrap();
        let mut statement = database
            .prepare("SELECT name, type FROM pragma_table_info('object')")
            .unwrap();
        let columns: Vec<(String, String)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .skip(2)
            .collect();
        let wanted: Vec<(String, String)> = ATTRIBUTES
            .iter()
            .filter(|attribute| attribute.has_column())
            .map(|attribute| {
                let kind = match attribute.syntax {
                    Syntax::Boolean | Syntax::Integer | Syntax::SecurityDescriptor => "INTEGER",
                    Syntax::Time | Syntax::Text | Syntax::TextList => "TEXT",
                    Syntax::Bytes | Syntax::BytesList | Syntax::Dn => "BLOB",
                };
                (attribute.name.to_owned(), kind.to_owned())
            })
            .collect();
        assert_eq!(columns, wanted);
    }
}
