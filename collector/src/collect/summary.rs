//! What the user reads at the end: what is inside, what is missing, the file's hash, and the next command.
//!
//! Deliberately does not decide what is complete: the manifest does.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use anyhow::Result;
use coldcase_schemas::Manifest;
use coldcase_schemas::ledger::{Absence, CoverageRow, LedgerRow};
use sha2::{Digest, Sha256};

/// Widest line that is printed.
const WIDTH: usize = 80;

/// Prints the end of a collection on standard output.
pub(super) fn print(
    manifest: &Manifest,
    ledger: &[LedgerRow],
    coverage: &[CoverageRow],
    output: &Path,
    encrypted: bool,
) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} as of {}, answered by {}\n",
        manifest.domain, manifest.taken_at, manifest.server
    )?;
    table(&mut out, ledger)?;
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
    unseen(&mut out, coverage)?;
    if !manifest.complete {
        writeln!(
            out,
            "\nThis snapshot is PARTIAL. It says so itself; missing are:"
        )?;
        for missing in &manifest.missing {
            wrapped(&mut out, "  - ", missing)?;
        }
    }
    let (size, sha256) = measure(output)?;
    writeln!(out, "\n{} ({} KiB)", output.display(), size.div_ceil(1024))?;
    writeln!(out, "SHA-256 {sha256}")?;
    let name = output.display().to_string();
    writeln!(out, "\nNext, where the report is written:")?;
    if encrypted {
        let clear = name.strip_suffix(".age").unwrap_or("snapshot.sqlite.zst");
        writeln!(out, "  age --decrypt -i KEY -o {clear} {name}")?;
        writeln!(out, "  coldcase report {clear}")?;
    } else {
        writeln!(out, "  coldcase report {name}")?;
    }
    Ok(())
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
            Some(outcome) => (
                outcome.entries,
                outcome.pages,
                format!("NO: {}", outcome.result_text),
            ),
            None => (0, 0, "NO: it did not come to its end".to_owned()),
        };
        let line = format!("{:<20} {objects:>10} {pages:>7}  {how}", row.plan.name);
        wrapped(out, "", &line)?;
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
            "{unknown} attributes of classes came with no object, and the server does not tell why"
        )?;
    }
    Ok(())
}

/// `text` in lines of at most [`WIDTH`], the first one after `head`, the others indented as far.
fn wrapped(out: &mut impl Write, head: &str, text: &str) -> io::Result<()> {
    let indent = head.len().max(4);
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split_inclusive(' ') {
        if !empty && line.chars().count() + word.trim_end().chars().count() > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{}", line.trim_end())
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
    let digest = hasher.0.finalize();
    Ok((
        size,
        digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut out = Vec::new();
        wrapped(&mut out, "  user: ", &"attribute, ".repeat(30)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.matches("attribute").count(), 30);
    }
}
