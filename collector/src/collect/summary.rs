//! What the user reads at the end: what is inside, what is missing, the file's hash, and the next command.
//!
//! Deliberately does not decide what is complete: the manifest does.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use coldcase_schemas::Manifest;
use coldcase_schemas::container::hex;
use coldcase_schemas::ledger::{Absence, CoverageRow, LedgerRow};
use sha2::{Digest, Sha256};

use crate::ldap::failure::printable;
use crate::wrapping::wrapped;

/// What is told at the end of a collection.
pub(super) struct End<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) ledger: &'a [LedgerRow],
    pub(super) coverage: &'a [CoverageRow],
    pub(super) output: &'a Path,
    pub(super) encrypted: bool,
    /// The working folder that stays, from which the run can go on.
    pub(super) resumable: Option<&'a Path>,
    /// Only what is missing, the file and the next command.
    pub(super) brief: bool,
}

impl End<'_> {
    /// Prints it on standard output.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if !self.brief {
            self.contents(&mut out)?;
        }
        self.missing(&mut out)?;
        let (size, sha256) = measure(self.output)?;
        let name = self.output.display().to_string();
        writeln!(out, "{} ({} KiB)", printable(&name), size.div_ceil(1024))?;
        writeln!(out, "SHA-256 {sha256}")?;
        writeln!(out, "\nNext, on the machine with the analyzer:")?;
        let mut snapshot = name.clone();
        if self.encrypted {
            snapshot = match name.strip_suffix(".age") {
                Some(clear) => clear.to_owned(),
                None => format!("{name}.decrypted"),
            };
            writeln!(
                out,
                "  age --decrypt -i YOUR-KEY-FILE -o {} {}",
                quoted(&snapshot),
                quoted(&name)
            )?;
        }
        writeln!(out, "  coldcase report {}", quoted(&snapshot))?;
        if !self.manifest.pseudonyms.is_empty() {
            writeln!(
                out,
                "and where the key is, to put the names back into a report:"
            )?;
            writeln!(
                out,
                "  coldcase reveal --key YOUR-KEY-FILE {} report.json",
                quoted(&snapshot)
            )?;
        }
        Ok(())
    }

    fn contents(&self, out: &mut impl Write) -> io::Result<()> {
        let manifest = self.manifest;
        writeln!(
            out,
            "{} as of {}, answered by {}\n",
            printable(&manifest.domain),
            manifest.taken_at,
            printable(&manifest.server)
        )?;
        table(out, self.ledger)?;
        let counts = manifest.counts;
        writeln!(
            out,
            "\n{} objects, {} links, {} distinct security descriptors",
            counts.objects, counts.links, counts.security_descriptors
        )?;
        if counts.secrets_dropped > 0 {
            writeln!(
                out,
                "{} values of attributes that hold secrets came unasked and were dropped",
                counts.secrets_dropped
            )?;
        }
        unseen(out, self.coverage)?;
        writeln!(out)
    }

    fn missing(&self, out: &mut impl Write) -> io::Result<()> {
        if self.manifest.complete {
            return Ok(());
        }
        writeln!(
            out,
            "This snapshot is PARTIAL. It says so itself; missing are:"
        )?;
        for missing in &self.manifest.missing {
            wrapped(out, "  - ", &printable(missing))?;
        }
        match self.resumable {
            Some(folder) => wrapped(
                out,
                "",
                &format!(
                    "What came is also kept in {}: the same command with --resume fetches the rest.",
                    folder.display()
                ),
            )?,
            None => wrapped(
                out,
                "",
                "It cannot be resumed, since nothing of an encrypted run or of one in memory is kept.",
            )?,
        }
        writeln!(out)
    }
}

/// As a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    let name = printable(name);
    if !name.is_empty() && name.chars().all(plain) {
        return name;
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

fn table(out: &mut impl Write, ledger: &[LedgerRow]) -> io::Result<()> {
    writeln!(
        out,
        "{:<20} {:>10} {:>7}  answered",
        "query", "objects", "pages"
    )?;
    for row in ledger {
        let (objects, pages, how) = match &row.outcome {
            Some(outcome) if outcome.complete && outcome.result_code == Some(32) => (
                outcome.entries,
                outcome.pages,
                "not there, or may not be seen".to_owned(),
            ),
            Some(outcome) if outcome.complete => {
                (outcome.entries, outcome.pages, "completely".to_owned())
            }
            Some(outcome) => (outcome.entries, outcome.pages, "NO, see below".to_owned()),
            None => (0, 0, "NO, see below".to_owned()),
        };
        writeln!(out, "{:<20} {objects:>10} {pages:>7}  {how}", row.plan.name)?;
    }
    Ok(())
}

/// Attributes that are known not to have been readable, and how many nothing is known of.
fn unseen(out: &mut impl Write, coverage: &[CoverageRow]) -> io::Result<()> {
    let mut hidden: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unknown = 0;
    for row in coverage {
        match row.absence {
            Absence::NotReadable => {
                let names = hidden.entry(&row.class).or_default();
                if !names.contains(&row.attribute.as_str()) {
                    names.push(&row.attribute);
                }
            }
            Absence::Unknown => unknown += 1,
            Absence::NotInSchema | Absence::NotInClass | Absence::NoValue => {}
        }
    }
    if !hidden.is_empty() {
        writeln!(out, "\nAsked for, set, and not shown to this account:")?;
        for (class, names) in hidden {
            wrapped(out, &format!("  {class}: "), &names.join(", "))?;
        }
    }
    if unknown > 0 {
        writeln!(
            out,
            "{unknown} attributes were empty on every object of a class; whether unset or hidden is\n\
             not known (`coldcase sql SNAPSHOT \"SELECT * FROM coverage\"` lists them)"
        )?;
    }
    Ok(())
}

/// Size in bytes and SHA-256 in hexadecimal of a file.
pub(super) fn measure(file: &Path) -> io::Result<(u64, String)> {
    struct Hasher(Sha256);
    impl Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = Hasher(Sha256::new());
    let size = io::copy(&mut BufReader::new(File::open(file)?), &mut hasher)?;
    Ok((size, hex(&hasher.0.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_shell_and_a_terminal() {
        assert_eq!(quoted("a/b-1.zst"), "a/b-1.zst");
        assert_eq!(quoted("my file's.zst"), "'my file'\\''s.zst'");
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c"), "a[2Jbc");
    }
}
