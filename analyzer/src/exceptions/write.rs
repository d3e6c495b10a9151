//! Adds an exception to its file, and leaves what people wrote there as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::file::{Exception, Exceptions, parse};

const HEAD: &str = "\
# Findings that were accepted: by whom, why, and until when. Whoever reads a
# report sees them there too. Written by `coldcase accept`; an entry whose
# evidence changed or whose day has passed is void.
";

/// Adds `exception` to the file at `path`, which is made if it is not there. One for the same finding is replaced.
/// `about` says in a comment what it is about. Returns true if one was replaced.
///
/// # Errors
/// The file is not a file of exceptions, or cannot be written; it is then as it was.
pub(crate) fn add(path: &Path, exception: &Exception, about: &str) -> Result<bool> {
    let before = match path.exists() {
        true => Exceptions::read(path)?.text,
        false => String::new(),
    };
    let (mut after, replaced) = added(&before, exception, about)?;
    if before.is_empty() {
        after.insert_str(0, HEAD);
    }
    save(path, &after).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(replaced)
}

/// Written whole beside it and then moved there: a full disk must not cost what was accepted before.
fn save(path: &Path, text: &str) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(path) else {
        return File::create_new(path)?.write_all(text.as_bytes());
    };
    // A link stays a link: what it leads to is written.
    let path = &fs::canonicalize(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut beside = NamedTempFile::new_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    fs::set_permissions(beside.path(), metadata.permissions())?;
    beside.persist(path)?;
    Ok(())
}

fn added(before: &str, exception: &Exception, about: &str) -> Result<(String, bool)> {
    let mut document: DocumentMut = before.parse().context("it is not TOML")?;
    let entry = document
        .entry("exception")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(list) = entry.as_array_of_tables_mut() else {
        bail!("exception is not a list of tables [[exception]]");
    };
    let text = |table: &Table, key: &str| {
        let value = table.get(key).and_then(Item::as_str);
        value.unwrap_or_default().to_owned()
    };
    let same = |table: &Table| {
        text(table, "rule") == exception.rule
            && text(table, "subject").eq_ignore_ascii_case(&exception.subject)
            && text(table, "key") == exception.key
    };
    let severity = exception.severity.as_str().to_owned();
    let fields = [
        ("rule", &exception.rule),
        ("subject", &exception.subject),
        ("key", &exception.key),
        ("evidence", &exception.evidence),
        ("severity", &severity),
        ("owner", &exception.owner),
        ("reason", &exception.reason),
        ("until", &exception.until),
    ];
    let fill = |table: &mut Table| {
        for (key, text) in fields {
            table.insert(key, value(text.as_str()));
        }
    };
    // What was written above an entry, or behind it, stays.
    let there = list.iter_mut().find(|table| same(table)).map(&fill);
    let replaced = there.is_some();
    if !replaced {
        let mut table = Table::new();
        fill(&mut table);
        let one_line = |c: char| if c.is_control() { ' ' } else { c };
        let about: String = about.chars().map(one_line).collect();
        table.decor_mut().set_prefix(format!("\n# {about}\n"));
        list.push(table);
    }
    let after = document.to_string();
    // What is written must be read again.
    let list = parse(&after)?;
    if !list.contains(exception) {
        bail!("the exception cannot be written as TOML");
    }
    Ok((after, replaced))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use coldcase_schemas::report::Severity;

    use super::*;

    fn exception(key: &str, reason: &str) -> Exception {
        Exception {
            rule: "gmsa-broad-readers".to_owned(),
            subject: "S-1-5-21-1-2-3-1104".to_owned(),
            key: key.to_owned(),
            evidence: "0".repeat(64),
            severity: Severity::High,
            owner: "Anna Berg".to_owned(),
            reason: reason.to_owned(),
            until: "2027-03-31".to_owned(),
        }
    }

    #[test]
    fn what_people_wrote_stays_and_the_same_finding_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exceptions.toml");
        assert!(!add(&path, &exception("a", "old"), "one").unwrap());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n# Ask Ole before touching this\n")).unwrap();
        assert!(!add(&path, &exception("b", "\"quoted\"\nline"), "two\nlines").unwrap());
        assert!(add(&path, &exception("a", "new"), "one again").unwrap());
        let list = Exceptions::read(&path).unwrap().list;
        assert_eq!(
            list,
            [exception("a", "new"), exception("b", "\"quoted\"\nline")]
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("# Ask Ole"), "{text}");
        assert!(text.starts_with("# Findings that were accepted"), "{text}");
        assert!(text.contains("\n# two lines\n[[exception]]"), "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.toml");
        fs::write(&path, "exception = 1\n").unwrap();
        assert!(add(&path, &exception("a", "b"), "c").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "exception = 1\n");
    }
}
