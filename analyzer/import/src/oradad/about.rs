//! What a dump says of itself: `metadata.tsv`, `rootDSE.tsv`, and what `oradad.log` tells of errors.
//!
//! Owns what proves that a dump is whole. Deliberately believes no more than is written: a file that is not there proves nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::table::{Next, Rows, text};
use crate::error::ImportError;

/// Rows of `metadata.tsv` and `rootDSE.tsv` that are looked at.
const ENTRIES: u64 = 10_000;

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
    let mut log = BufReader::with_capacity(64 << 10, File::open(path)?);
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
    use std::fs;

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
