//! Whether the originals of a case are still there, byte for byte.
//!
//! Owns re-hashing them and looking for those that were moved. Never writes to a snapshot.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use coldcase_schemas::container::{file_sha256, read_manifest};

use super::Case;
use super::store::{self, Kept};

/// What became of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is where it was, and is what it was.
    There,
    /// It is in the folder that was looked through.
    Moved,
    /// There is a file of its place, and it is another.
    Changed,
    /// It is nowhere.
    Missing,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Moved => "found",
            Self::Changed => "CHANGED",
            Self::Missing => "MISSING",
        }
    }

    /// The original is at hand, byte for byte.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::There | Self::Moved)
    }
}

/// A snapshot and its original.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) kept: Kept,
    pub(crate) state: State,
    /// Where it is, or was.
    pub(crate) path: PathBuf,
}

impl Case {
    /// Hashes every original. What is not where it was is looked for in `folder`, and its new place is noted.
    ///
    /// # Errors
    /// The folder cannot be read, or the case cannot be read or written.
    pub(crate) fn verify(&mut self, folder: Option<&Path>) -> Result<Vec<Checked>> {
        let candidates = folder.map_or_else(|| Ok(BTreeMap::new()), candidates)?;
        let mut checked = Vec::new();
        for kept in self.snapshots()? {
            let matches = |path: &Path| file_sha256(path).is_ok_and(|sha256| sha256 == kept.sha256);
            let (state, path) = if matches(&kept.found_at) {
                (State::There, kept.found_at.clone())
            } else {
                let files = candidates.get(&kept.manifest.database_sha256);
                let found = files.into_iter().flatten().find(|path| matches(path));
                match found {
                    Some(path) => (State::Moved, path.clone()),
                    None if kept.found_at.exists() => (State::Changed, kept.found_at.clone()),
                    None => (State::Missing, kept.found_at.clone()),
                }
            };
            if state == State::Moved {
                self.transaction(|database| store::moved(database, &kept.sha256, &path))?;
            }
            checked.push(Checked { kept, state, path });
        }
        Ok(checked)
    }
}

/// Snapshots in a folder, by the hash of the database that their labels name: only these need hashing.
fn candidates(folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let named = || format!("the folder {} cannot be read", folder.display());
    let folder = fs::canonicalize(folder).with_context(named)?;
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(&folder).with_context(named)? {
        let path = entry?.path();
        if path.is_file()
            && let Ok(manifest) = read_manifest(&path)
        {
            files
                .entry(manifest.database_sha256)
                .or_default()
                .push(path);
        }
    }
    for paths in files.values_mut() {
        paths.sort();
    }
    Ok(files)
}
