//! The directory as an administrator would export it: by OpenLDAP's ldapsearch, and by Samba's ldbsearch on the controller
//! itself. Comments and folded lines included. Knows what is asked for, not what comes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::provision::SAM;
use super::{DomainController, command, packages};

const LIMIT: Duration = Duration::from_secs(300);

/// LDAP_SERVER_SD_FLAGS_OID with owner, group and DACL (MS-ADTS 3.1.1.3.4.1.11): `30 03 02 01 07`.
const DESCRIPTORS: &str = "1.2.840.113556.1.4.801=::MAMCAQc=";

/// See [`super::DomainController::ldapsearch`].
pub(super) fn by_ldapsearch(
    controller: &DomainController,
    directory: &Path,
    base: &str,
    attributes: &[&str],
) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir_in(directory)?;
    let mut search = Command::new(packages::program_path("ldapsearch")?);
    search
        .args(["-x", "-H"])
        .arg(format!("ldaps://{}", controller.address()))
        .args(["-D", controller.admin_user()])
        .args(["-w", controller.admin_password()])
        .args(["-E", "pr=500/noprompt", "-E", &format!("!{DESCRIPTORS}")])
        .args(["-b", base, "(objectClass=*)"])
        .args(attributes)
        .env("LDAPTLS_CACERT", controller.ca_file());
    command::run(&mut search, folder.path(), "ldapsearch", LIMIT)
        .with_context(|| format!("cannot search {base}"))
}

/// See [`super::DomainController::ldbsearch_export`].
pub(super) fn by_ldbsearch(directory: &Path, base: &str, attributes: &[&str]) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir_in(directory)?;
    let mut search = Command::new(packages::program_path("ldbsearch")?);
    search
        .arg("-H")
        .arg(directory.join(SAM))
        .args(["--controls=sd_flags:1:7", "--cross-ncs"])
        .args(["-s", "sub", "-b", base])
        .arg("(objectClass=*)")
        .args(attributes);
    command::run(&mut search, folder.path(), "ldbsearch", LIMIT)
        .with_context(|| format!("cannot search {base}"))
}
