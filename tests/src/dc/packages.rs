//! Tells which Debian packages to install where a program is missing. Installs nothing.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

const PACKAGES: &str = "samba samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind ldap-utils ldb-tools krb5-user python3-samba";
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The interpreter Debian builds python3-samba for. Another python3 earlier in PATH does not find it.
pub(super) const PYTHON: &str = "/usr/bin/python3";

/// Fails with one sentence where something the domain controller needs is not installed.
pub(super) fn require() -> Result<()> {
    for program in ["samba", "samba-tool", "ldapsearch", "ldbsearch"] {
        program_path(program)?;
    }
    for file in [
        PYTHON,
        "/usr/lib/python3/dist-packages/samba/samdb.py",
        "/usr/share/samba/setup/provision.ldif",
    ] {
        if !Path::new(file).exists() {
            return missing(file);
        }
    }
    Ok(())
}

/// Where `program` is installed. PATH is not asked: it differs between users and often lacks /usr/sbin.
pub(super) fn program_path(program: &str) -> Result<PathBuf> {
    match FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
    {
        Some(path) => Ok(path),
        None => missing(program),
    }
}

fn missing<T>(what: &str) -> Result<T> {
    bail!(
        "{what} is missing: the domain controller of the tests needs `apt-get install {PACKAGES}`"
    )
}
