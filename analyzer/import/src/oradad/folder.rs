//! The folder of a dump: which files of it are read.
//!
//! Owns how a dump is recognised and found, and what is packed. Deliberately opens only what the folder itself lists: no name
//! inside a file is a path, and no symbolic link is followed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use coldcase_schemas::plan::Context;

use crate::error::{ImportError, Place};
use crate::limits;

/// The file that holds what every object has.
pub(super) const TOP: &str = "top";

/// Requests of the exporter whose files are read, besides [`TOP`]; the others hold objects that Coldcase does not look at.
const DOMAIN: &[&str] = &[
    "root",
    "user",
    "computer",
    "smsa",
    "gmsa",
    "dmsa",
    "group",
    "ou",
    "gpo",
    "foreignSecurityPrincipal",
    "passwordSettings",
    "trustedDomain",
];
const CONFIGURATION: &[&str] = &[
    "nTDSService",
    "authNPolicySilo",
    "crossRef",
    "crossRefContainer",
    "controlAccessRight",
    "group",
    "foreignSecurityPrincipal",
];
const SCHEMA: &[&str] = &["class", "attribute"];

/// Bytes of `tables.tsv` that are believed.
const TABLES_BYTES: u64 = 32 << 20;
/// Subfolders in which a dump is looked for.
const SUBFOLDERS: usize = 1_000;

/// A file of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpFile {
    /// Its name inside the dump, with `/`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A naming context of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) context: Context,
    /// DNS name in lower case; empty for configuration and schema.
    pub(super) domain: String,
    /// The request of each file, as this module spells it.
    pub(super) files: Vec<(&'static str, DumpFile)>,
}

/// Whether the folder is a dump itself.
pub fn recognise(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).symlink_metadata().is_ok();
    ["metadata.tsv", "tables.tsv", "metadata.tsv.oradad"]
        .into_iter()
        .any(has)
        && ["domain", "configuration", "schema"].into_iter().any(has)
}

/// The dump in a folder above it: `<output>/<root DNS>/<time>`.
///
/// # Errors
/// There are several.
pub fn find_below(folder: &Path) -> Result<Option<PathBuf>, ImportError> {
    let mut found = Vec::new();
    let mut left = SUBFOLDERS;
    for one in subfolders(folder, &mut left) {
        if recognise(&one) {
            found.push(one);
        } else {
            let below = subfolders(&one, &mut left);
            found.extend(below.into_iter().filter(|two| recognise(two)));
        }
    }
    found.sort();
    if found.len() > 1 {
        let names: Vec<String> = found
            .iter()
            .take(10)
            .filter_map(|path| path.strip_prefix(folder).ok())
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        return Err(ImportError::Unsupported(format!(
            "it holds {} dumps of ORADAD: name one of them ({})",
            found.len(),
            names.join(", ")
        )));
    }
    Ok(found.pop())
}

fn subfolders(folder: &Path, left: &mut usize) -> Vec<PathBuf> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let mut folders = Vec::new();
    for entry in entries.flatten() {
        if *left == 0 {
            break;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            *left -= 1;
            folders.push(entry.path());
        }
    }
    folders
}

/// Why an archive is not read, and what to do; `None` if it is none that ORADAD makes. `name`: of the file.
pub fn packed(name: &str, first_bytes: &[u8]) -> Option<&'static str> {
    let named = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if named(".mla") || first_bytes.starts_with(b"MLA\x01\0\0\0") {
        return Some(
            "it is an encrypted MLA archive, as ORADAD writes it: extract it with mlar and the private key, and name the folder \
             that holds metadata.tsv",
        );
    }
    if named(".oradad") || first_bytes.starts_with(b"ORADAD") {
        return Some(
            "it is a compressed or encrypted file of ORADAD: extract the dump with the tool that came with it, and name the folder \
             that holds metadata.tsv",
        );
    }
    if named(".tar") || first_bytes.get(257..262) == Some(b"ustar") {
        return Some(
            "it is a tar archive: extract it, and name the folder; of ORADAD the one that holds metadata.tsv",
        );
    }
    None
}

/// The naming contexts of a dump with their files, in a fixed order.
pub(super) fn contexts(root: &Path) -> Result<Vec<Found>, ImportError> {
    let mut found = Vec::new();
    for (name, context, requests) in [
        ("configuration", Context::Configuration, CONFIGURATION),
        ("schema", Context::Schema, SCHEMA),
    ] {
        found.extend(one_context(
            &root.join(name),
            name,
            context,
            String::new(),
            requests,
        )?);
    }
    let mut left = SUBFOLDERS;
    let mut domains = subfolders(&root.join("domain"), &mut left);
    if left == 0 {
        return Err(ImportError::TooLarge {
            place: Place::File("domain".to_owned()),
            what: format!("a forest of {SUBFOLDERS} domains or more"),
            limit: format!("{SUBFOLDERS} domains"),
        });
    }
    domains.sort();
    for path in domains {
        let dns = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let dns = dns.unwrap_or_default();
        let name = format!("domain/{dns}");
        found.extend(one_context(
            &path,
            &name,
            Context::Domain,
            dns.to_lowercase(),
            DOMAIN,
        )?);
    }
    Ok(found)
}

fn one_context(
    folder: &Path,
    name: &str,
    context: Context,
    domain: String,
    requests: &[&'static str],
) -> Result<Option<Found>, ImportError> {
    if !folder.symlink_metadata().is_ok_and(|about| about.is_dir()) {
        return Ok(None);
    }
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let about = entry.path().symlink_metadata()?;
        if !about.is_file() {
            continue;
        }
        if file_name.to_ascii_lowercase().ends_with(".tsv.oradad") {
            return Err(ImportError::Unsupported(
                "its files are compressed or encrypted (.oradad): extract the dump with the tool that came with ORADAD, and name the \
                 folder that comes of it"
                    .to_owned(),
            ));
        }
        let Some(stem) = file_name.len().checked_sub(4).and_then(|end| {
            let (stem, end) = (file_name.get(..end)?, file_name.get(end..)?);
            end.eq_ignore_ascii_case(".tsv").then_some(stem)
        }) else {
            continue;
        };
        let request = [TOP]
            .iter()
            .chain(requests)
            .find(|request| request.eq_ignore_ascii_case(stem));
        let Some(request) = request else {
            continue;
        };
        let file = DumpFile {
            name: format!("{name}/{file_name}"),
            path: entry.path(),
            bytes: about.len(),
        };
        if file.bytes > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::File(file.name),
                what: format!("a file of {} bytes", file.bytes),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        files.push((*request, file));
    }
    // In the order of requests, so that nothing depends on how a disk lists files.
    files.sort_by(|one, other| {
        let place = |name: &str| requests.iter().position(|request| *request == name);
        (place(one.0), &one.1.name).cmp(&(place(other.0), &other.1.name))
    });
    Ok(Some(Found {
        context,
        domain,
        files,
    }))
}

/// The files that say what is in the others, as far as they are there.
pub(super) fn described(root: &Path) -> Vec<DumpFile> {
    let mut files = Vec::new();
    for name in ["metadata.tsv", "tables.tsv", "rootDSE.tsv", "oradad.log"] {
        let path = root.join(name);
        if let Ok(about) = path.symlink_metadata()
            && about.is_file()
        {
            files.push(DumpFile {
                name: name.to_owned(),
                path,
                bytes: about.len(),
            });
        }
    }
    files
}

/// `tables.tsv`, or nothing.
pub(super) fn tables(root: &Path) -> Result<Vec<u8>, ImportError> {
    let path = root.join("tables.tsv");
    let mut bytes = Vec::new();
    if path.symlink_metadata().is_ok_and(|about| about.is_file()) {
        File::open(path)?
            .take(TABLES_BYTES)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn archives_are_refused_with_what_to_do() {
        let mut tar = vec![0; 512];
        tar.splice(257..262, *b"ustar");
        for (name, first) in [
            ("a.MLA", &b""[..]),
            ("a", b"MLA\x01\0\0\0\0"),
            ("a.tar", b""),
            ("a", &tar),
            ("user.tsv.oradad", b"ORADAD"),
        ] {
            assert!(packed(name, first).unwrap().contains("extract"), "{name}");
        }
        assert_eq!(packed("a.dat", b"win-ad-ob"), None);
    }
}
