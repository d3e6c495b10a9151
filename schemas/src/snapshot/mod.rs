//! The snapshot: a SQLite database with a row an object, in a container.
//!
//! Owns the DDL, its migrations, writing from a [`crate::Source`] and reading back raw values.
//! Deliberately does not interpret a value: columns hold what the directory answered.

mod cell;
mod entries;
mod error;
mod migration;
mod reader;
mod rows;
mod writer;

#[cfg(test)]
mod tests;

pub use error::SnapshotError;
pub use migration::FORMAT_VERSION;
pub use reader::Snapshot;
pub use rows::{ClassSeen, SchemaAttribute, SchemaAttributes, SchemaClass};
pub use writer::{Collection, Place, SnapshotWriter, Stored};
