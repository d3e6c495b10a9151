//! What can go wrong with a snapshot, as sentences that say what to do next.
//!
//! Deliberately does not name a file: the caller knows it and says it first.

use std::io::ErrorKind;

use thiserror::Error;

/// Why a snapshot could not be written or read.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Reading or writing the file failed.
    #[error("{}", io_sentence(.0))]
    Io(std::io::Error),
    /// The file is something else.
    #[error("this is not a Coldcase snapshot: {0}")]
    Foreign(String),
    /// The file ends too early.
    #[error("the snapshot is cut short ({0}); copy it again from where it was collected")]
    Truncated(String),
    /// The content does not match its manifest or is not valid.
    #[error("the snapshot is damaged ({0}); copy it again from where it was collected")]
    Damaged(String),
    /// The content is larger than allowed.
    #[error(
        "the snapshot claims {claimed} bytes after decompression, over the limit of {limit}; it was not opened"
    )]
    TooLarge {
        /// Bytes the manifest claims.
        claimed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Written by a newer program.
    #[error(
        "the snapshot has format {found}, this program reads up to format {supported}; use a newer coldcase"
    )]
    Newer {
        /// Format of the file.
        found: u32,
        /// Newest format this program knows.
        supported: u32,
    },
    /// SQLite refused.
    #[error("the snapshot's database")]
    Database(#[from] rusqlite::Error),
    /// The caller broke the order of events.
    #[error("events out of order: {0}")]
    Order(&'static str),
}

// No source: the sentence says it all.
impl From<std::io::Error> for SnapshotError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// What to do next where the system's own words do not say it.
fn io_sentence(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder; check the path".to_owned(),
        ErrorKind::IsADirectory => "this is a folder; name the .sqlite.zst file in it".to_owned(),
        ErrorKind::PermissionDenied => {
            "the system does not permit to open it; check who may read the file".to_owned()
        }
        ErrorKind::StorageFull => "the disk is full; make room and try again".to_owned(),
        _ => error.to_string(),
    }
}
