//! What a snapshot that was made from other tools' exports says of them.
//!
//! Owns the rows of the tables `export`, `export_note`, `interpreted_right`, `known_bits` and `conflict`, and the short form
//! in the manifest. Deliberately does not read an export, and does not say what an interpreted right is good for.

use serde::{Deserialize, Serialize};

/// An export, as the manifest and every report name it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub struct ExportLabel {
    /// Name of the file or folder, without the way to it.
    pub name: String,
    /// Which format, for people: `ADExplorer snapshot`, `SharpHound 6`.
    pub format: String,
    /// When it was made, RFC 3339 UTC; absent if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// SHA-256 of the file, lower-case hexadecimal; of a folder, of the names and hashes of its files.
    pub sha256: String,
    /// Objects of this domain that it brought.
    pub objects: u64,
    /// How many things of it were not understood and are left out.
    pub troubles: u64,
    /// Why the reading ended before its end; empty if it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broken: String,
    /// What it cannot show, one sentence each.
    pub limits: Vec<String>,
}

/// Row of table `export`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportRow {
    /// Name of the file or folder, without the way to it.
    pub name: String,
    /// The format as people name it.
    pub format: String,
    /// Which version or writer of it; may be empty.
    pub variant: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Who was asked; empty if it does not say.
    pub server: String,
    /// RFC 3339 UTC; `None` if it does not say.
    pub taken_at: Option<String>,
    /// Objects of this domain that it brought.
    pub objects: u64,
    /// How many things were not understood.
    pub troubles: u64,
    /// Why the reading ended early; empty if it did not.
    pub broken: String,
}

/// What kind of note a row of `export_note` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// What the export cannot show.
    Limit,
    /// Something that was not understood and is left out.
    Trouble,
}

impl NoteKind {
    /// As the snapshot spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Trouble => "trouble",
        }
    }
}

/// Row of table `export_note`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// Which export, see [`crate::SnapshotWriter::record_export`].
    pub export: i64,
    /// Its kind.
    pub kind: NoteKind,
    /// Order among its kind.
    pub position: u64,
    /// Where in the export; empty for a limit.
    pub place: String,
    /// DN of the object; empty where it is about none.
    pub dn: String,
    /// lDAPDisplayName; empty where it is about none.
    pub attribute: String,
    /// A sentence or clause.
    pub text: String,
}

/// Row of table `interpreted_right`: what an exporter concluded from a descriptor that its export does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterpretedRight {
    /// SID of the object as text, or objectGUID of what has none; DN of the second of two objects with one SID.
    pub object: String,
    /// SID of who holds the right, as text.
    pub trustee: String,
    /// The exporter's name of it.
    pub right: String,
    /// Whether by an inherited entry; `None` if it does not say.
    pub inherited: Option<bool>,
    /// Which export.
    pub export: i64,
}

/// Row of table `known_bits`: bits of an integer that an exporter turned into flags of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitsRow {
    /// SID of the object as text, or objectGUID of what has none; DN of the second of two objects with one SID.
    pub object: String,
    /// lDAPDisplayName.
    pub attribute: String,
    /// Which bits are known.
    pub mask: i64,
    /// Their values; other bits are zero.
    pub value: i64,
    /// Which export.
    pub export: i64,
}

/// Row of table `conflict`: exports that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRow {
    /// DN of the object that stayed.
    pub dn: String,
    /// lDAPDisplayName; empty where two objects claim one identity.
    pub attribute: String,
    /// The export that was believed.
    pub kept: i64,
    /// The export that was not.
    pub other: i64,
    /// The value that stayed, for people, cut.
    pub kept_value: String,
    /// The value that was left out, for people, cut.
    pub other_value: String,
}
