//! Folders and files that somebody else wrote: found without regard to case, never through a link, within limits.
//!
//! Deliberately does not know what a policy's files mean.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A template or registry policy has some kilobytes.
const MAX_FILE: u64 = 4 << 20;
const MAX_ENTRIES: usize = 100_000;
/// Folders of the share that are tried for a folder `Policies`.
const MAX_DOMAINS: usize = 1_000;

const POLICIES: &str = "Policies";
pub(super) const IS_A_LINK: &str = "is a symbolic link, which is not followed";

/// What a name stands for, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    Link,
    Other,
}

impl Kind {
    fn of(kind: fs::FileType) -> Self {
        if kind.is_symlink() {
            Self::Link
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_file() {
            Self::File
        } else {
            Self::Other
        }
    }
}

/// Names in a folder, sorted.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) entries: Vec<(OsString, Kind)>,
    pub(super) cut_short: bool,
}

/// Lists a folder.
///
/// # Errors
/// It cannot be read.
pub(super) fn list(folder: &Path) -> io::Result<Listing> {
    let mut entries = Vec::new();
    let mut cut_short = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entries.len() == MAX_ENTRIES {
            cut_short = true;
            break;
        }
        entries.push((entry.file_name(), Kind::of(entry.file_type()?)));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Listing { entries, cut_short })
}

/// Outcome of [`child`].
#[derive(Debug)]
pub(super) enum Found {
    None,
    One(PathBuf),
    /// The first, and one that differs by case only; a file system that minds case can hold both.
    Several(PathBuf, PathBuf),
    /// Something of that name that is not of the kind, and why it is not taken.
    Wrong(PathBuf, &'static str),
}

/// The entry `name` of `folder`, in any case of letters.
///
/// # Errors
/// A sentence: the folder cannot be listed.
pub(super) fn child(folder: &Path, name: &str, kind: Kind) -> Result<Found, String> {
    let listing = list(folder).map_err(|error| format!("cannot be listed: {error}"))?;
    let mut same = listing.entries.iter().filter(|(entry, _)| {
        entry
            .to_str()
            .is_some_and(|entry| entry.eq_ignore_ascii_case(name))
    });
    let Some((first, first_kind)) = same.next() else {
        return if listing.cut_short {
            Err("holds too many entries, not all were looked at".to_owned())
        } else {
            Ok(Found::None)
        };
    };
    let path = folder.join(first);
    Ok(if *first_kind == Kind::Link {
        Found::Wrong(path, IS_A_LINK)
    } else if *first_kind != kind {
        let reason = match kind {
            Kind::File => "is not a file",
            _ => "is not a folder",
        };
        Found::Wrong(path, reason)
    } else if let Some((second, _)) = same.next() {
        Found::Several(path, folder.join(second))
    } else {
        Found::One(path)
    })
}

/// The folder `Policies` at, in, or one folder below `root`.
///
/// # Errors
/// A sentence: there is none, or there are several.
pub(super) fn policies(root: &Path) -> Result<PathBuf, String> {
    let shown = root.display();
    let listing = list(root).map_err(|error| {
        format!(
            "--sysvol {shown} cannot be read: {error}; give a mounted or copied SYSVOL, \
             a domain's folder in it, or its folder {POLICIES}"
        )
    })?;
    let named = root
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.eq_ignore_ascii_case(POLICIES));
    let holds_a_policy = listing.entries.iter().any(|(name, kind)| {
        *kind == Kind::Folder && name.to_str().is_some_and(|name| guid(name).is_some())
    });
    if named || holds_a_policy {
        return Ok(root.to_owned());
    }
    if let Some(path) = policies_in(root) {
        return Ok(path);
    }
    let mut found: Vec<PathBuf> = listing
        .entries
        .iter()
        .filter(|(_, kind)| *kind == Kind::Folder)
        .take(MAX_DOMAINS)
        .filter_map(|(name, _)| policies_in(&root.join(name)))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (Some(_), false) => Err(format!(
            "--sysvol {shown} holds the policies of several domains; give the folder of the one that is collected"
        )),
        (None, _) => {
            let link = listing.entries.iter().find(|(_, kind)| *kind == Kind::Link);
            let hint = match link {
                Some((name, _)) => format!(
                    "{} {IS_A_LINK}: give the folder it points to",
                    name.to_string_lossy()
                ),
                None => format!(
                    "give the share SYSVOL, a domain's folder in it, or its folder {POLICIES}"
                ),
            };
            Err(format!(
                "--sysvol {shown} holds no folder {POLICIES}; {hint}"
            ))
        }
    }
}

fn policies_in(folder: &Path) -> Option<PathBuf> {
    match child(folder, POLICIES, Kind::Folder) {
        Ok(Found::One(path) | Found::Several(path, _)) => Some(path),
        _ => None,
    }
}

/// A GUID in braces, in upper case (the "curly braced GUID string" of MS-GPOL).
pub(super) fn guid(name: &str) -> Option<String> {
    let inner = name.strip_prefix('{')?.strip_suffix('}')?;
    let mut groups = inner.split('-');
    let shaped = [8, 4, 4, 4, 12].iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    (shaped && groups.next().is_none()).then(|| name.to_ascii_uppercase())
}

/// A file's content.
///
/// # Errors
/// A sentence: it cannot be read, or is too large.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("is larger than {} MiB", MAX_FILE >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids() {
        assert_eq!(
            guid("{31b2f340-016d-11d2-945f-00C04FB984F9}").as_deref(),
            Some("{31B2F340-016D-11D2-945F-00C04FB984F9}")
        );
        for odd in [
            "",
            "{}",
            "PolicyDefinitions",
            "31B2F340-016D-11D2-945F-00C04FB984F9",
            "{31B2F340-016D-11D2-945F-00C04FB984F9}_NTFRS_0012ab34",
            "{31B2F340-016D-11D2-945F-00C04FB984FX}",
            "{31B2F340-016D-11D2-945F-00C04FB984F9-}",
            "{31B2F340016D-11D2-945F-00C04FB984F9}",
        ] {
            assert_eq!(guid(odd), None, "{odd}");
        }
    }
}
