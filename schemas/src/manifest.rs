//! The manifest: what a snapshot says of itself without being decompressed.
//!
//! Owns the JSON in the skippable frame. It is a label, not evidence: [`crate::container`] checks it
//! against the database it stands in front of.

use serde::{Deserialize, Serialize};

use crate::origin::ExportLabel;

/// Value of [`Manifest::format`].
pub const FORMAT: &str = "coldcase-snapshot";

/// The label in front of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the DDL, see [`crate::snapshot::FORMAT_VERSION`].
    pub format_version: u32,
    /// Who wrote it: program and version.
    pub program: String,
    /// DNS name of the domain.
    pub domain: String,
    /// DNS name of the forest root domain.
    pub forest: String,
    /// The domain controller that answered.
    pub server: String,
    /// The account that asked, as typed; empty where the source does not know.
    pub collected_as: String,
    /// When the collection began, RFC 3339 UTC. Every age is measured against it.
    pub taken_at: String,
    /// True if every query of the ledger is complete and no value list was cut short.
    pub complete: bool,
    /// One sentence for each thing that is missing.
    pub missing: Vec<String>,
    /// What was asked for: `all` or a smaller scope; empty where the source has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What protected the connection and whom it trusted; empty where the source has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    /// What stands in the place of names, `names` or `names and SIDs`; empty if nothing does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pseudonyms: String,
    /// The exports of other tools that it was made from; empty for a collector's snapshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<ExportLabel>,
    /// Numbers of rows.
    pub counts: Counts,
    /// Size of the decompressed database, in bytes.
    pub database_bytes: u64,
    /// SHA-256 of the decompressed database, lower-case hexadecimal.
    pub database_sha256: String,
}

/// Numbers of rows in a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Objects.
    pub objects: u64,
    /// DN-valued attribute values.
    pub links: u64,
    /// Distinct security descriptors.
    pub security_descriptors: u64,
    /// Queries in the ledger.
    pub queries: u64,
    /// Values that did not fit their column and are kept raw.
    pub defects: u64,
    /// Values of attributes that are never kept (secrets), dropped on arrival.
    pub secrets_dropped: u64,
}
