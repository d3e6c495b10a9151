//! The folder of a dump: which files of it are read, and what it says of itself.
//!
//! Owns `metadata.tsv`, `rootDSE.tsv` and what `oradad.log` tells of errors. Deliberately opens only what the folder itself
//! lists: no name inside a file is a path, and no symbolic link is followed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use coldcase_schemas::plan::Context;

use super::table::{Next, Rows, text};
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

/// Bytes of `tables.tsv` and of a line of `metadata.tsv` that are believed.
const TABLES_BYTES: u64 = 32 << 20;
/// Subfolders in which a dump is looked for.
const SUBFOLDERS: usize = 1_000;
/// Entries of `metadata.tsv` and rows of `rootDSE.tsv` that are looked at.
const ENTRIES: u64 = 10_000;

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

/// What a dump says of itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct About {
    /// Version, level: for people.
    pub(super) variant: String,
    /// RFC 3339, UTC.
    pub(super) taken_at: Option<String>,
    /// Controllers that were asked.
    pub(super) server: String,
    /// Whether the exporter came to its end.
    pub(super) finished: bool,
    /// Why it is not known that every query of the exporter succeeded.
    pub(super) unproven: Option<&'static str>,
}

/// Reads what it says of itself. What cannot be read is not known.
pub(super) fn about(root: &Path) -> Result<About, ImportError> {
    let entries = pairs(root)?;
    let get = |names: &[&str]| names.iter().find_map(|name| entries.get(*name));
    let mut variant = Vec::new();
    if let Some(version) = get(&["oradad_version"]) {
        variant.push(format!("version {version}"));
    }
    if let Some(level) = get(&["oradad|config|level", "oradad_level"]) {
        variant.push(format!("level {level}"));
    }
    let folder = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let taken_at = get(&["forest|systemtime"])
        .and_then(|time| rfc3339(time))
        .or_else(|| rfc3339(&folder?));
    Ok(About {
        variant: variant.join(", "),
        taken_at,
        server: servers(root)?,
        finished: entries.contains_key("oradad_processtime"),
        unproven: log(&root.join("oradad.log"))?,
    })
}

/// Keys in lower case with their values.
fn pairs(root: &Path) -> Result<BTreeMap<String, String>, ImportError> {
    let mut pairs = BTreeMap::new();
    each_row(root, "metadata.tsv", |fields| {
        if let [key, value, ..] = fields {
            pairs.insert(key.to_lowercase(), value.chars().take(200).collect());
        }
    })?;
    Ok(pairs)
}

fn servers(root: &Path) -> Result<String, ImportError> {
    let mut servers: Vec<String> = Vec::new();
    each_row(root, "rootDSE.tsv", |fields| {
        if let Some(server) = fields
            .first()
            .filter(|name| !name.is_empty() && *name != "server")
            && !servers.contains(server)
            && servers.len() < 100
        {
            servers.push(server.chars().take(255).collect());
        }
    })?;
    Ok(servers.join(", "))
}

/// A file that is not there, or has no mark, has no rows; one that is cut ends there.
fn each_row(root: &Path, name: &str, mut with: impl FnMut(&[String])) -> Result<(), ImportError> {
    let path = root.join(name);
    if !path.symlink_metadata().is_ok_and(|about| about.is_file()) {
        return Ok(());
    }
    let Some(mut rows) = Rows::open(File::open(path)?, name)? else {
        return Ok(());
    };
    while let Next::Row(row) = rows.next()? {
        if row.number > ENTRIES {
            break;
        }
        let fields: Vec<String> = (0..row.width().min(2))
            .filter_map(|position| row.field(position))
            .map(text)
            .collect();
        with(&fields);
    }
    Ok(())
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

const NO_LOG: &str =
    "oradad.log is not in the dump, and a query of the exporter that failed leaves no other trace";
const NOTHING_IN_LOG: &str =
    "oradad.log tells of no query, and one that failed leaves no other trace";
const ERRORS_IN_LOG: &str =
    "oradad.log tells of errors, so queries of the exporter may have failed";

/// Why the log does not prove that every query succeeded. It names no query where several run at once, so that one error
/// counts for all.
fn log(path: &Path) -> Result<Option<&'static str>, ImportError> {
    if !path.symlink_metadata().is_ok_and(|about| about.is_file()) {
        return Ok(Some(NO_LOG));
    }
    let mut log = BufReader::with_capacity(64 << 10, fs::File::open(path)?);
    let mut buffer = vec![0; 64 << 10];
    let mut tail: Vec<u8> = Vec::new();
    let mut dumped = false;
    loop {
        let read = log.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        // Whatever the encoding: without zeros ASCII is ASCII.
        let letters = piece.iter().filter(|byte| **byte != 0);
        tail.extend(letters.map(u8::to_ascii_lowercase));
        let has = |word: &[u8]| tail.windows(word.len()).any(|part| part == word);
        if has(b"error") || has(b"[!]") || has(b"unable to") {
            return Ok(Some(ERRORS_IN_LOG));
        }
        dumped |= has(b"dump");
        // A word may lie across two pieces.
        tail.drain(..tail.len().saturating_sub(16));
    }
    Ok((!dumped).then_some(NOTHING_IN_LOG))
}

/// `YYYYMMDD-HHMMSS` as RFC 3339; `None` for anything else: the time may be a free name.
fn rfc3339(time: &str) -> Option<String> {
    let (date, clock) = time.trim().split_once('-')?;
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(date, 8) || !digits(clock, 6) {
        return None;
    }
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let time = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(date, 0, 4)?,
        part(date, 4, 6)?,
        part(date, 6, 8)?,
        part(clock, 0, 2)?,
        part(clock, 2, 4)?,
        part(clock, 4, 6)?
    );
    let moment: jiff::Timestamp = time.parse().ok()?;
    Some(moment.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn times() {
        assert_eq!(
            rfc3339("20260331-140000").as_deref(),
            Some("2026-03-31T14:00:00Z")
        );
        for no in [
            "",
            "audit",
            "2026-03",
            "20261331-140000",
            "20260331-14000x",
            "20260331-1400000",
        ] {
            assert_eq!(rfc3339(no), None, "{no}");
        }
    }

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

    #[test]
    fn a_log_proves_only_without_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oradad.log");
        assert_eq!(log(&path).unwrap(), Some(NO_LOG));
        fs::write(&path, "[.] Starting.").unwrap();
        assert_eq!(log(&path).unwrap(), Some(NOTHING_IN_LOG));
        let clean = "Dumping 'a/domain/a/user'.\r\n";
        fs::write(&path, clean).unwrap();
        assert_eq!(log(&path).unwrap(), None);
        for fill in [0, 65_500, 65_530] {
            let bad = format!("{clean}{}Error in ldap_search_ext_s()", " ".repeat(fill));
            fs::write(&path, &bad).unwrap();
            assert_eq!(log(&path).unwrap(), Some(ERRORS_IN_LOG));
            let wide: Vec<u8> = bad.encode_utf16().flat_map(u16::to_le_bytes).collect();
            fs::write(&path, &wide).unwrap();
            assert_eq!(log(&path).unwrap(), Some(ERRORS_IN_LOG));
        }
    }
}
