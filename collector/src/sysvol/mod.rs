//! Chosen settings from the files of the group policies in a mounted or copied SYSVOL.
//!
//! Owns the walk over the policies, its limits, and the summary of what was read and what was not. Which settings
//! leave the house is settled in [`wanted`]: a `registry.pol` may hold secrets, and nothing outside the list is kept,
//! not even in a message. Deliberately does not say to which machines a policy applies, and reads no user settings:
//! everything on the list belongs to machines.

mod folder;
mod pol;
mod template;
mod wanted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use coldcase_schemas::policy::PolicySetting;

use crate::ldap::Failure;
use folder::{Found, Kind};

pub(crate) use wanted::{GROUP_MEMBERSHIP, listed};

/// A domain has rarely more than some hundreds.
const MAX_POLICIES: usize = 10_000;
/// Reasons kept in [`Summary::skipped`]; the rest is counted.
const MAX_REASONS: usize = 1_000;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The folder `Policies` that was read.
    pub(crate) folder: PathBuf,
    /// Policies looked into.
    pub(crate) policies: u64,
    /// Files read.
    pub(crate) files: u64,
    /// Settings given on.
    pub(crate) settings: u64,
    /// Settings that are not on the list and were left where they are.
    pub(crate) withheld: u64,
    /// True if every policy that is there was read to its end.
    pub(crate) complete: bool,
    /// What was not read, or not to its end, and why; at most 1,000.
    pub(crate) skipped: Vec<Skipped>,
    /// How many there are, those beyond the limit included.
    pub(crate) skipped_count: u64,
}

/// A file, folder or line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Where.
    pub(crate) path: PathBuf,
    /// Why; never a value from the file.
    pub(crate) reason: String,
}

impl Summary {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            policies: 0,
            files: 0,
            settings: 0,
            withheld: 0,
            complete: true,
            skipped: Vec::new(),
            skipped_count: 0,
        }
    }

    /// Something that is no policy's: the picture stays whole.
    fn ignore(&mut self, path: &Path, reason: impl Into<String>) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_REASONS {
            self.skipped.push(Skipped {
                path: path.to_owned(),
                reason: reason.into(),
            });
        }
    }

    /// Something that may have held a setting.
    fn miss(&mut self, path: &Path, reason: impl Into<String>) {
        self.complete = false;
        self.ignore(path, reason);
    }
}

/// A setting on the list, before it is known whose.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    section: &'static str,
    name: String,
    kind: &'static str,
    value: String,
}

/// What a file held besides the settings given on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rest {
    withheld: u64,
    /// Lines or records that could not be understood: sentences without a value.
    misfits: Vec<String>,
}

/// The half of a policy that is a machine's (MS-GPOL 2.2.4, the scoped path).
const MACHINE: &str = "Machine";

/// Files below [`MACHINE`] and how each is read (MS-GPSB 2.2, MS-GPREG 2.2.1).
const FILES: &[(&str, &[&str], Reader)] = &[
    (
        "GptTmpl.inf",
        &["Microsoft", "Windows NT", "SecEdit"],
        template::read,
    ),
    ("registry.pol", &[], pol::read),
];

type Reader = fn(&[u8], &mut dyn FnMut(Setting)) -> Rest;

/// Says whether there are policies at `root`, without reading them.
///
/// # Errors
/// There are none, or those of several domains.
pub(crate) fn look(root: &Path) -> Result<(), Failure> {
    folder::policies(root).map(|_| ()).map_err(Failure::new)
}

/// Reads the policies at `root`: the share SYSVOL, the folder of a domain in it, or its folder `Policies`.
///
/// Names are compared without case and symbolic links are not followed. Policies come in the order of their GUIDs and
/// the settings of a file in its own order, so the same folder gives the same rows. What cannot be read is in the
/// summary, which then is not `complete`.
///
/// # Errors
/// There are no policies at `root`, or those of several domains.
pub(crate) fn read(root: &Path, mut on: impl FnMut(PolicySetting)) -> Result<Summary, Failure> {
    let folder = folder::policies(root).map_err(Failure::new)?;
    let mut summary = Summary::new(folder);
    for (gpo, path) in policies(&mut summary)? {
        summary.policies += 1;
        // A policy for users only has no such folder.
        let Some(machine) = child(&path, MACHINE, Kind::Folder, &mut summary) else {
            continue;
        };
        for (source, parents, reader) in FILES {
            let Some(file) = find(&machine, parents, source, &mut summary) else {
                continue;
            };
            let bytes = match folder::bytes(&file) {
                Ok(bytes) => bytes,
                Err(reason) => {
                    summary.miss(&file, reason);
                    continue;
                }
            };
            summary.files += 1;
            let mut settings = 0;
            let rest = reader(&bytes, &mut |setting| {
                settings += 1;
                on(PolicySetting {
                    gpo: gpo.clone(),
                    side: "machine".to_owned(),
                    source: (*source).to_owned(),
                    section: setting.section.to_owned(),
                    name: setting.name,
                    kind: setting.kind.to_owned(),
                    value: setting.value,
                });
            });
            summary.settings += settings;
            summary.withheld += rest.withheld;
            for misfit in rest.misfits {
                summary.miss(&file, misfit);
            }
        }
    }
    Ok(summary)
}

/// GUID and folder of each policy, in order of the GUIDs.
fn policies(summary: &mut Summary) -> Result<Vec<(String, PathBuf)>, Failure> {
    let folder = summary.folder.clone();
    let listing = folder::list(&folder).map_err(|error| {
        Failure::new(format!(
            "{} cannot be listed: {error}; check that the user who runs this may read it",
            folder.display()
        ))
    })?;
    if listing.cut_short {
        summary.miss(&folder, "holds too many entries, not all were looked at");
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (name, kind) in listing.entries {
        let path = folder.join(&name);
        let name = name.to_string_lossy();
        let Some(gpo) = folder::guid(&name) else {
            // PolicyDefinitions, the central store of templates, stands beside the policies.
            if name.starts_with('{') {
                summary.ignore(
                    &path,
                    "is not named like a policy; a copy left by replication?",
                );
            }
            continue;
        };
        match kind {
            Kind::Folder if found.len() >= MAX_POLICIES => {
                summary.miss(
                    &path,
                    format!("is one of more than {MAX_POLICIES} policies"),
                );
            }
            Kind::Folder if seen.insert(gpo.clone()) => found.push((gpo, path)),
            Kind::Folder => summary.miss(&path, "is a second folder of the same policy"),
            Kind::Link => summary.miss(&path, folder::IS_A_LINK),
            Kind::File | Kind::Other => summary.ignore(&path, "is not a folder"),
        }
    }
    found.sort();
    Ok(found)
}

/// The file `name` of a policy; `None` if the policy has none, which is usual.
fn find(machine: &Path, parents: &[&str], name: &str, summary: &mut Summary) -> Option<PathBuf> {
    let mut path = machine.to_owned();
    for parent in parents {
        path = child(&path, parent, Kind::Folder, summary)?;
    }
    child(&path, name, Kind::File, summary)
}

fn child(folder: &Path, name: &str, kind: Kind, summary: &mut Summary) -> Option<PathBuf> {
    match folder::child(folder, name, kind) {
        Ok(Found::None) => None,
        Ok(Found::One(path)) => Some(path),
        Ok(Found::Several(path, second)) => {
            summary.miss(&second, "differs only by case from another name");
            Some(path)
        }
        Ok(Found::Wrong(path, reason)) => {
            summary.miss(&path, reason);
            None
        }
        Err(reason) => {
            summary.miss(folder, reason);
            None
        }
    }
}

#[cfg(test)]
mod tests;
