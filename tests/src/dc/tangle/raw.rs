//! Descriptors that Samba stores only when they are written past it: no DACL at all, a NULL one, generic rights that are
//! not mapped, CREATOR OWNER in an ACE that applies. Another controller may hold such ones, and replicate them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::people;
use super::top;
use crate::dc::domain::Domain;
use crate::dc::planted::{Kind, PlantedObject};
use crate::dc::population::{NORMAL, Setting};
use crate::dc::{command, packages, past};

const SCRIPT: &str = include_str!("raw.py");
const LIMIT: Duration = Duration::from_secs(60);
const FIRST: u32 = 4_900;

/// One object whose descriptor is written raw.
struct Raw {
    kind: Kind,
    name: &'static str,
    /// `list` or `null`, see `raw.py`.
    dacl: &'static str,
    sddl: String,
}

/// `domain` names principals and groups: ordinary ones, and one that owns.
fn all(domain: &Domain) -> Vec<Raw> {
    let owner = domain.principal(people::FIRST_PRINCIPAL + 20);
    let group = domain.principal(people::FIRST_GROUP + 1);
    let raw = |kind, name, dacl, sddl: String| Raw {
        kind,
        name,
        dacl,
        sddl,
    };
    let (user, group_kind, unit) = (Kind::User, Kind::Group, Kind::OrganizationalUnit);
    vec![
        raw(user, "raw-null-user", "null", "O:DAG:DA".to_owned()),
        raw(group_kind, "raw-null-group", "null", "O:DAG:DA".to_owned()),
        raw(unit, "raw-null-unit", "null", format!("O:{owner}G:DA")),
        raw(user, "raw-none-user", "list", "O:DAG:DA".to_owned()),
        raw(unit, "raw-none-unit", "list", format!("O:{owner}G:DA")),
        raw(
            user,
            "raw-generic-all",
            "list",
            format!("O:DAG:DAD:P(A;;GA;;;{group})"),
        ),
        raw(
            unit,
            "raw-generic-write",
            "list",
            format!("O:DAG:DAD:P(D;;GA;;;{group})(A;;GWCC;;;AU)(A;;WPCC;;;WD)"),
        ),
        raw(
            user,
            "raw-creator",
            "list",
            format!("O:{owner}G:DAD:P(A;;WPWO;;;CO)(A;;WP;;;CG)(D;;WD;;;CO)"),
        ),
    ]
}

/// The objects, with the descriptors of their classes until [`write`] has run.
pub(super) fn objects(setting: &Setting<'_>) -> Vec<PlantedObject> {
    let top = top(setting.domain);
    let mut objects = Vec::new();
    for (number, raw) in (FIRST..).zip(all(setting.domain)) {
        let name = raw.name;
        objects.push(match raw.kind {
            Kind::OrganizationalUnit => {
                PlantedObject::new(raw.kind, name, dn(&raw, &top)).with("ou", name)
            }
            kind => {
                let account = setting.account(kind, name, name, super::TOP, number);
                match kind {
                    Kind::Group => account.with("groupType", -0x7fff_fffe),
                    _ => account.with("userAccountControl", NORMAL),
                }
            }
        });
    }
    objects
}

/// Writes the descriptors into the files of the domain in `directory`, whose server must not run.
///
/// # Errors
/// The files are not where they are expected, or an object is not there.
pub(in crate::dc) fn write(directory: &Path, domain: &Domain) -> Result<()> {
    let top = top(domain);
    let lines: String = all(domain)
        .iter()
        .map(|raw| format!("{}\t{}\t{}\n", dn(raw, &top), raw.dacl, raw.sddl))
        .collect();
    let file = directory.join("raw-descriptors");
    fs::write(&file, lines).with_context(|| format!("cannot write {}", file.display()))?;
    let mut python = Command::new(packages::PYTHON);
    python
        .args(["-I", "-c", SCRIPT])
        .arg(past::database(directory, domain)?)
        .arg(domain.sid())
        .arg(&file);
    command::run(&mut python, directory, "raw.py", LIMIT)
        .context("cannot write descriptors past Samba")?;
    Ok(())
}

fn dn(raw: &Raw, top: &str) -> String {
    match raw.kind {
        Kind::OrganizationalUnit => format!("OU={},{top}", raw.name),
        _ => format!("CN={},{top}", raw.name),
    }
}
