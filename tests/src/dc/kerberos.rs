//! Kerberos credentials of the domain's accounts, made with the tools an administrator uses. Speaks no Kerberos itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::domain::Domain;
use super::provision::SMB_CONF;
use super::{command, packages};

const LIMIT: Duration = Duration::from_secs(60);

/// See [`super::DomainController::keytab`].
pub(super) fn keytab(directory: &Path, domain: &Domain, user: &str) -> Result<PathBuf> {
    // A folder for each call: samba-tool adds to a file that is there.
    let path = folder(directory, "keytab-")?.join("user.keytab");
    let mut tool = Command::new(packages::program_path("samba-tool")?);
    tool.args(["domain", "exportkeytab"])
        .arg(&path)
        .arg(format!("--principal={}", principal(domain, user)))
        .arg("-s")
        .arg(directory.join(SMB_CONF));
    command::run(&mut tool, folder_of(&path), "exportkeytab", LIMIT)?;
    let length = fs::metadata(&path).map(|file| file.len()).unwrap_or(0);
    // Two bytes are the version; a key follows.
    ensure!(length > 2, "{user} has no key to export");
    Ok(path)
}

/// See [`super::DomainController::kinit`].
pub(super) fn kinit(
    directory: &Path,
    domain: &Domain,
    krb5_conf: &Path,
    user: &str,
    password: &str,
) -> Result<PathBuf> {
    let path = folder(directory, "tickets-")?.join("ccache");
    let input = folder_of(&path).join("password");
    fs::write(&input, format!("{password}\n")).context("cannot write the password for kinit")?;
    let mut kinit = Command::new(packages::program_path("kinit")?);
    kinit
        .arg("-c")
        .arg(format!("FILE:{}", path.display()))
        .arg(principal(domain, user))
        .env("KRB5_CONFIG", krb5_conf)
        .env("LC_ALL", "C");
    let stdin = File::open(&input).context("cannot read the password for kinit")?;
    command::run_with_input(
        &mut kinit,
        Stdio::from(stdin),
        folder_of(&path),
        "kinit",
        LIMIT,
    )?;
    fs::remove_file(&input).context("cannot remove the password for kinit")?;
    Ok(path)
}

/// `lowpriv@CORP.EXAMPLE` of `lowpriv`, `CORP\lowpriv` or `lowpriv@corp.example`.
fn principal(domain: &Domain, user: &str) -> String {
    let user = user.rsplit_once('\\').map_or(user, |(_, user)| user);
    let user = user.split_once('@').map_or(user, |(user, _)| user);
    format!("{user}@{}", domain.realm())
}

/// A new folder that lives as long as the server's directory.
fn folder(directory: &Path, prefix: &str) -> Result<PathBuf> {
    Ok(tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(directory)
        .context("cannot make a folder for Kerberos credentials")?
        .keep())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
