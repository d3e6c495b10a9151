//! Where a snapshot goes. Nothing that is there is ever overwritten, but for a partial snapshot by the rest of its own run.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use coldcase_schemas::container::read_manifest;

use crate::arguments::Arguments;

/// What the arguments say of the output.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// This file.
    File(PathBuf),
    /// A file named after domain and time in this folder.
    In(PathBuf),
}

impl Wanted {
    pub(super) fn of(arguments: &Arguments) -> Self {
        match &arguments.output.output {
            Some(file) => Self::File(file.clone()),
            None => Self::In(PathBuf::new()),
        }
    }

    /// A path in the folder where the snapshot will be.
    pub(super) fn place(&self) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::In(folder) => folder.join("snapshot"),
        }
    }

    /// The file for the domain of `naming_context`.
    pub(super) fn file(&self, naming_context: &str, taken_at: &str, encrypted: bool) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::In(folder) => {
                let suffix = if encrypted { ".age" } else { "" };
                folder.join(format!("{}{suffix}", file_name(naming_context, taken_at)))
            }
        }
    }
}

pub(super) fn refuse_existing(output: &Path) -> Result<()> {
    if output.is_dir() {
        bail!("{} is a folder; give the name of a file", output.display());
    }
    if output.symlink_metadata().is_ok() {
        bail!(
            "{} is already there; snapshots are evidence and are never overwritten",
            output.display()
        );
    }
    Ok(())
}

/// True if `output` is the partial snapshot that a run left which began at `taken_at`.
pub(super) fn is_own_partial(output: &Path, taken_at: &str) -> bool {
    read_manifest(output).is_ok_and(|manifest| !manifest.complete && manifest.taken_at == taken_at)
}

/// `DC=corp,DC=example` as `corp.example`, with only the letters a file system can take.
pub(super) fn domain_name(naming_context: &str) -> String {
    let labels: Vec<&str> = naming_context
        .split(',')
        .filter_map(|part| part.split_once('='))
        .map(|(_, label)| label)
        .collect();
    let name: String = labels
        .join(".")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .collect();
    if name.is_empty() {
        "domain".to_owned()
    } else {
        name
    }
}

/// `corp.example-20260131T060000Z.sqlite.zst`.
fn file_name(naming_context: &str, taken_at: &str) -> String {
    let stamp: String = taken_at
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{}-{stamp}.sqlite.zst", domain_name(naming_context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_snapshots() {
        assert_eq!(
            file_name("DC=corp,DC=example", "2026-01-31T06:00:00Z"),
            "corp.example-20260131T060000Z.sqlite.zst"
        );
        assert_eq!(file_name("DC=../../x", "t"), "....x-t.sqlite.zst");
    }
}
