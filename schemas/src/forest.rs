//! The manifest over the snapshots of a forest: one small JSON file beside them.
//!
//! Owns its shape. Deliberately does not hold what the snapshots say of themselves in detail.

use serde::{Deserialize, Serialize};

/// Value of [`ForestManifest::format`].
pub const FORMAT: &str = "coldcase-forest";

/// What was collected of a forest in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForestManifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of this shape.
    pub format_version: u32,
    /// DNS name of the forest's root domain.
    pub forest: String,
    /// True if every domain was collected completely.
    pub complete: bool,
    /// The domains: first the one that was asked, the others by name.
    pub domains: Vec<ForestMember>,
}

/// A domain of the forest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForestMember {
    /// DNS name.
    pub domain: String,
    /// Name of the snapshot's file in the same folder; empty if there is none.
    pub snapshot: String,
    /// Size of that file.
    pub bytes: u64,
    /// SHA-256 of that file, lower-case hexadecimal.
    pub sha256: String,
    /// The domain controller that answered.
    pub server: String,
    /// When the collection began, RFC 3339 UTC.
    pub taken_at: String,
    /// As of the snapshot.
    pub complete: bool,
    /// As of the snapshot.
    pub missing: Vec<String>,
    /// Why there is no snapshot; empty if there is one.
    pub failure: String,
}
