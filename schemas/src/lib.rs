//! The contract between the two programs: what a snapshot is, which attributes may be asked for,
//! what a report looks like, what an exit code means.
//!
//! Owns: the snapshot's DDL and its migrations, the container around it, the attribute table,
//! [`Entry`] and [`Source`], the plan of queries and their ledger, the report types and their JSON Schemas.
//! Deliberately does not: talk to a directory, interpret Active Directory, or know a dataframe.

pub mod attribute;
pub mod container;
pub mod diff;
pub mod entry;
pub mod exit;
pub mod explain;
pub mod forest;
pub mod ledger;
pub mod manifest;
pub mod migration;
pub mod origin;
pub mod plan;
pub mod policy;
pub mod pseudonym;
pub mod report;
pub mod snapshot;
pub mod trend;

pub use attribute::{Attribute, Family, Syntax};
pub use entry::{Entry, Event, RawAttribute, Source};
pub use manifest::Manifest;
pub use snapshot::{Snapshot, SnapshotError, SnapshotWriter};
