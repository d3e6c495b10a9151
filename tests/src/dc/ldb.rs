//! Reads and fills the directory's database files through python3-samba, offline. The script is `samdb.py`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::domain::Domain;
use super::ldif;
use super::planted::{BASE_DN, Kind, Planted, PlantedObject};
use super::provision::{SAM, SMB_CONF};
use super::{command, packages};

const SCRIPT: &str = include_str!("samdb.py");
const SCHEMA_ATTRIBUTES: &str = include_str!("schema-attributes.ldif");
const SCHEMA_CLASSES: &str = include_str!("schema-classes.ldif");
const SCHEMA_KEY_ATTRIBUTES: &str = include_str!("schema-key-attributes.ldif");
const SCHEMA_KEY_CLASSES: &str = include_str!("schema-key-classes.ldif");
const LIMIT: Duration = Duration::from_secs(600);

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

/// Extends the schema if the objects need it, then adds the objects, then their links, then their passwords.
pub(super) fn plant(directory: &Path, domain: &Domain, planted: &Planted) -> Result<()> {
    let mut files = Vec::new();
    let of_domain = |text: &str| text.replace(BASE_DN, domain.base_dn());
    if planted.of(Kind::Dmsa).next().is_some() {
        files.push(("1-schema-attributes.ldif", of_domain(SCHEMA_ATTRIBUTES)));
        files.push(("2-schema-classes.ldif", of_domain(SCHEMA_CLASSES)));
    }
    let keyed = |object: &PlantedObject| !object.values("msDS-KeyCredentialLink").is_empty();
    if planted.objects.iter().any(keyed) {
        files.push((
            "1-schema-key-attributes.ldif",
            of_domain(SCHEMA_KEY_ATTRIBUTES),
        ));
        files.push(("2-schema-key-classes.ldif", of_domain(SCHEMA_KEY_CLASSES)));
    }
    if !planted.schema.is_empty() {
        files.push(("2-schema.ldif", planted.schema.clone()));
    }
    files.push(("3-objects.ldif", ldif::objects(planted)));
    files.push(("4-links.ldif", ldif::links(planted)));
    files.push(("5-passwords.ldif", ldif::passwords(planted)));
    apply(directory, files).context("cannot plant the accounts")
}

/// Changes permissions of what was planted and of what exists anyway.
pub(super) fn describe(directory: &Path, planted: &Planted) -> Result<()> {
    if planted.permissions.is_empty() {
        return Ok(());
    }
    describe_each(directory, planted.permissions.clone())
}

/// Changes permissions, a line each; see `samdb.py`.
pub(super) fn describe_each(directory: &Path, lines: String) -> Result<()> {
    let files = vec![("permissions", lines)];
    run_script(directory, "describe", Input::Files(files))
        .map(|_| ())
        .context("cannot change permissions")
}

/// Applies LDIF in order; see `samdb.py` for its first line.
pub(super) fn apply(directory: &Path, files: Vec<(&str, String)>) -> Result<()> {
    run_script(directory, "apply", Input::Files(files)).map(|_| ())
}

/// Applies the records of one LDIF text one by one. For each, in order: `Ok`, or Samba's reason for refusing it.
pub(super) fn try_each(directory: &Path, ldif: String) -> Result<Vec<Result<(), String>>> {
    let output = run_script(directory, "try", Input::Files(vec![("try.ldif", ldif)]))?;
    let text = String::from_utf8(output).context("samdb.py printed something other than text")?;
    Ok(text
        .lines()
        .map(|line| match line {
            "ok" => Ok(()),
            reason => Err(reason.to_owned()),
        })
        .collect())
}

/// See [`super::DomainController::ldbsearch`].
pub(super) fn search(
    directory: &Path,
    base: &str,
    scope: &str,
    filter: &str,
    attributes: &[&str],
) -> Result<Vec<LdbRecord>> {
    let arguments: Vec<&str> = [base, scope, filter]
        .iter()
        .chain(attributes)
        .copied()
        .collect();
    let output = run_script(directory, "search", Input::Arguments(&arguments))
        .with_context(|| format!("cannot search {filter} under {base}"))?;
    parse(&String::from_utf8(output).context("samdb.py printed something other than text")?)
}

/// What follows the command of `samdb.py`.
enum Input<'a> {
    Files(Vec<(&'a str, String)>),
    Arguments(&'a [&'a str]),
}

fn run_script(directory: &Path, script_command: &str, input: Input<'_>) -> Result<Vec<u8>> {
    // One directory for the files of each run: searches may run side by side.
    let folder = tempfile::tempdir_in(directory).context("cannot make a directory for samdb.py")?;
    let mut python = Command::new(packages::PYTHON);
    python
        .args(["-I", "-c", SCRIPT])
        .arg(directory.join(SMB_CONF))
        .arg(directory.join(SAM))
        .arg(script_command);
    match input {
        Input::Arguments(arguments) => {
            python.args(arguments);
        }
        Input::Files(files) => {
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::write(&path, text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                python.arg(path);
            }
        }
    }
    command::run(&mut python, folder.path(), "samdb.py", LIMIT)
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
