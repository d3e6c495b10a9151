//! Adds an exception to its file, and leaves what people wrote there as it is.

use std::fs::{self, File, TryLockError};
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

/// Name of the file beside that is locked meanwhile. It stays, empty: taken away, two could hold locks on two of them.
const LOCK: &str = ".coldcase-exceptions.lock";

/// Adds `exception` to the file at `path`, which is made if it is not there. One for the same finding is replaced, and
/// returned. `about` says in a comment what it is about.
///
/// # Errors
/// The file is not a file of exceptions, cannot be written, or somebody else is writing it; it is then as it was.
pub(crate) fn add(path: &Path, exception: &Exception, about: &str) -> Result<Option<Exception>> {
    // Until the end: what was read must still be there when it is written.
    let _locked = lock(path)?;
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

/// Locks out others who write to the folder of the file: the file itself is replaced as a whole, so that a lock on it would
/// be on what was there before.
fn lock(path: &Path) -> Result<File> {
    // Through a link, as it is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_file_name(LOCK);
    let name = beside.display();
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .with_context(|| format!("{name} cannot be written"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "somebody else is writing to {} at this moment ({name} is locked); try again, and nothing is lost",
            path.display()
        ),
        // A file system that knows no locks is no reason to accept nothing.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{name} cannot be locked"))
        }
    }
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

/// The file with the exception in it, and the one that it replaces.
fn added(before: &str, exception: &Exception, about: &str) -> Result<(String, Option<Exception>)> {
    let same_finding = |other: &&Exception| {
        other.rule == exception.rule
            && other.subject.eq_ignore_ascii_case(&exception.subject)
            && other.key == exception.key
    };
    let replaced = parse(before)?.iter().find(same_finding).cloned();
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
    if list
        .iter_mut()
        .find(|table| same(table))
        .map(&fill)
        .is_none()
    {
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
        assert_eq!(add(&path, &exception("a", "old"), "one").unwrap(), None);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n# Ask Ole before touching this\n")).unwrap();
        let second = exception("b", "\"quoted\"\nline");
        assert_eq!(add(&path, &second, "two\nlines").unwrap(), None);
        let replaced = add(&path, &exception("a", "new"), "one again").unwrap();
        assert_eq!(replaced, Some(exception("a", "old")));
        let list = Exceptions::read(&path).unwrap().list;
        assert_eq!(
            list,
            [exception("a", "new"), exception("b", "\"quoted\"\nline")]
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("# Ask Ole"), "{text}");
        assert!(text.starts_with("# Findings that were accepted"), "{text}");
        assert!(text.contains("\n# two lines\n[[exception]]"), "{text}");
        // The file and its lock.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn two_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exceptions.toml");
        let held = lock(&path).unwrap();
        let refused = add(&path, &exception("a", "b"), "c").unwrap_err();
        assert!(
            refused.to_string().contains("somebody else is writing"),
            "{refused}"
        );
        assert!(!path.exists());
        drop(held);
        let keys: Vec<String> = (0..8).map(|key| format!("k{key}")).collect();
        std::thread::scope(|scope| {
            for key in &keys {
                let path = &path;
                // Whoever comes second is told, and tries again.
                scope.spawn(move || while add(path, &exception(key, "b"), "c").is_err() {});
            }
        });
        assert_eq!(Exceptions::read(&path).unwrap().list.len(), keys.len());
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
