//! Makes changes: over LDAPS with OpenLDAP's own client, or in the database files. Knows no single change.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::{DomainController, command, ldb, packages};
use super::{Change, Step};

const LIMIT: Duration = Duration::from_secs(60);

/// See [`DomainController::perform`].
pub(in crate::dc) fn perform(
    controller: &DomainController,
    directory: &Path,
    change: &Change,
) -> Result<()> {
    for step in &change.steps {
        match step {
            Step::Ldap(text) => over_ldap(controller, directory, text),
            Step::Files(text) => ldb::apply(directory, vec![("change.ldif", text.clone())]),
            Step::Permissions(lines) => ldb::describe_each(directory, lines.clone()),
        }
        .with_context(|| format!("cannot do this: {}", change.what))?;
    }
    Ok(())
}

fn over_ldap(controller: &DomainController, directory: &Path, text: &str) -> Result<()> {
    let folder = tempfile::tempdir_in(directory).context("cannot make a directory for LDIF")?;
    let (records, password) = (folder.path().join("ldif"), folder.path().join("password"));
    fs::write(&records, text).context("cannot write LDIF")?;
    fs::write(&password, controller.admin_password()).context("cannot write the password")?;
    let mut modify = Command::new(packages::program_path("ldapmodify")?);
    modify
        .args(["-x", "-H", &format!("ldaps://{}", controller.address())])
        .args(["-D", controller.admin_user(), "-y"])
        .arg(&password)
        .arg("-f")
        .arg(&records)
        .env("LDAPTLS_CACERT", controller.ca_file());
    command::run(&mut modify, folder.path(), "ldapmodify", LIMIT)?;
    Ok(())
}
