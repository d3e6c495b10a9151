//! Reads and fills the directory's database files through python3-samba, offline. The script is `samdb.py`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::ldif;
use super::planted::Planted;
use super::provision::{SAM, SMB_CONF};
use super::{command, packages};

const SCRIPT: &str = include_str!("samdb.py");
const SCHEMA_ATTRIBUTES: &str = include_str!("schema-attributes.ldif");
const SCHEMA_CLASSES: &str = include_str!("schema-classes.ldif");
const LIMIT: Duration = Duration::from_secs(120);

/// One object as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdbRecord {
    /// The distinguished name.
    pub dn: String,
    /// Attribute names and all their values, byte for byte, in the order of the database.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl LdbRecord {
    /// The values of one attribute; empty if the object has none. Names match as LDAP compares them.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self
            .attributes
            .iter()
            .find(|(attribute, _)| attribute.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values.as_slice())
    }
}

/// Extends the schema, then adds the objects, then their links, then their passwords.
pub(super) fn plant(directory: &Path, planted: &Planted) -> Result<()> {
    let files = [
        ("1-schema-attributes.ldif", SCHEMA_ATTRIBUTES.to_owned()),
        ("2-schema-classes.ldif", SCHEMA_CLASSES.to_owned()),
        ("3-objects.ldif", ldif::objects(planted)),
        ("4-links.ldif", ldif::links(planted)),
        ("5-passwords.ldif", ldif::passwords(planted)),
    ];
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        paths.push(path.display().to_string());
    }
    let arguments: Vec<&str> = std::iter::once("apply")
        .chain(paths.iter().map(String::as_str))
        .collect();
    run_script(directory, &arguments).context("cannot plant the accounts")?;
    Ok(())
}

/// See [`super::DomainController::ldbsearch`].
pub(super) fn search(
    directory: &Path,
    base: &str,
    scope: &str,
    filter: &str,
    attributes: &[&str],
) -> Result<Vec<LdbRecord>> {
    let arguments: Vec<&str> = ["search", base, scope, filter]
        .iter()
        .chain(attributes)
        .copied()
        .collect();
    let output = run_script(directory, &arguments)
        .with_context(|| format!("cannot search {filter} under {base}"))?;
    parse(&String::from_utf8(output).context("samdb.py printed something other than text")?)
}

fn run_script(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    // One directory for the output of each run: searches may run side by side.
    let output = tempfile::tempdir_in(directory).context("cannot make a directory for samdb.py")?;
    let mut python = Command::new(packages::PYTHON);
    python
        .args(["-I", "-c", SCRIPT])
        .arg(directory.join(SMB_CONF))
        .arg(directory.join(SAM))
        .args(arguments);
    command::run(&mut python, output.path(), "samdb.py", LIMIT)
}

/// The output of `samdb.py search`.
fn parse(text: &str) -> Result<Vec<LdbRecord>> {
    let mut records: Vec<LdbRecord> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some((name, digits)) = line.split_once(' ') else {
            bail!("samdb.py printed a line without a value: {line}");
        };
        let value = from_hex(digits)
            .with_context(|| format!("samdb.py printed a broken value of {name}"))?;
        if name == "dn" {
            let dn = String::from_utf8(value).context("a distinguished name is not UTF-8")?;
            records.push(LdbRecord {
                dn,
                attributes: Vec::new(),
            });
            continue;
        }
        let Some(record) = records.last_mut() else {
            bail!("samdb.py printed {name} before a distinguished name");
        };
        match record.attributes.last_mut() {
            Some((last, values)) if last == name => values.push(value),
            _ => record.attributes.push((name.to_owned(), vec![value])),
        }
    }
    Ok(records)
}

fn from_hex(digits: &str) -> Result<Vec<u8>> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).context("not ASCII")?;
            u8::from_str_radix(pair, 16).with_context(|| format!("{pair} is not a byte"))
        })
        .collect()
}
