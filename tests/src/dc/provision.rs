//! Makes an empty domain and the configuration files of its server. Plants and starts nothing.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::domain::Domain;
use super::options::StrongAuth;
use super::{command, packages, tls};

const LIMIT: Duration = Duration::from_secs(180);

/// Where the directory's database lies, relative to the server's directory.
pub(super) const SAM: &str = "private/sam.ldb";
/// The server's configuration, relative to its directory.
pub(super) const SMB_CONF: &str = "etc/smb.conf";

/// Provisions `domain` in `directory`. The smb.conf this makes is to be replaced by [`write_smb_conf`].
pub(super) fn provision(
    directory: &Path,
    domain: &Domain,
    address: Ipv4Addr,
    admin_password: &str,
) -> Result<()> {
    // Without a configuration of its own, samba-tool takes over settings of the machine's /etc/samba/smb.conf.
    let seed = directory.join("seed.conf");
    fs::write(&seed, "[global]\n").with_context(|| format!("cannot write {}", seed.display()))?;
    let options = [
        format!("--configfile={}", seed.display()),
        format!("--targetdir={}", directory.display()),
        format!(
            "--option=posix:eadb={}",
            directory.join("eadb.tdb").display()
        ),
        format!("--realm={}", domain.realm()),
        format!("--domain={}", domain.netbios()),
        format!("--domain-sid={}", domain.sid()),
        format!("--adminpass={admin_password}"),
        "--server-role=dc".to_owned(),
        "--dns-backend=NONE".to_owned(),
        format!("--host-name={}", domain.host()),
        format!("--host-ip={address}"),
        "--base-schema=2012_R2".to_owned(),
    ];
    let mut tool = Command::new(packages::program_path("samba-tool")?);
    tool.args(["domain", "provision"]).args(options);
    command::run(&mut tool, directory, "provision", LIMIT)?;
    Ok(())
}

/// Writes the server's configuration.
pub(super) fn write_smb_conf(
    directory: &Path,
    domain: &Domain,
    address: Ipv4Addr,
    strong_auth: StrongAuth,
) -> Result<()> {
    let at = |name: &str| directory.join(name).display().to_string();
    for folder in ["run", "ncalrpc", "winbindd"] {
        fs::create_dir_all(directory.join(folder))
            .with_context(|| format!("cannot create {}", at(folder)))?;
    }
    let settings = [
        ("netbios name", domain.host().to_ascii_uppercase()),
        ("realm", domain.realm()),
        ("workgroup", domain.netbios().to_owned()),
        (
            "server role",
            "active directory domain controller".to_owned(),
        ),
        (
            "ldap server require strong auth",
            strong_auth.as_str().to_owned(),
        ),
        ("server services", "ldap, cldap, kdc".to_owned()),
        ("interfaces", format!("{address}/8")),
        ("bind interfaces only", "yes".to_owned()),
        // Four workers a service otherwise: 24 processes instead of 12.
        ("prefork children", "1".to_owned()),
        ("prefork children:ldap", "2".to_owned()),
        ("tls cafile", at(tls::CA_FILE)),
        ("tls certfile", at(tls::CERTIFICATE_FILE)),
        ("tls keyfile", at(tls::KEY_FILE)),
        ("private dir", at("private")),
        ("lock directory", at("")),
        ("state directory", at("state")),
        ("cache directory", at("cache")),
        // A shared pid file makes the second server on a machine end at once.
        ("pid directory", at("run")),
        ("ncalrpc dir", at("ncalrpc")),
        ("winbindd socket directory", at("winbindd")),
        ("log file", at("log.%m")),
        ("posix:eadb", at("eadb.tdb")),
    ];
    let lines: String = settings
        .iter()
        .map(|(name, value)| format!("\t{name} = {value}\n"))
        .collect();
    fs::write(directory.join(SMB_CONF), format!("[global]\n{lines}"))
        .with_context(|| format!("cannot write {}", at(SMB_CONF)))
}

/// Writes a Kerberos configuration that names the server by address and asks no resolver. Returns its path.
pub(super) fn write_krb5_conf(
    directory: &Path,
    domain: &Domain,
    address: Ipv4Addr,
) -> Result<PathBuf> {
    let realm = domain.realm();
    let dns = domain.dns();
    let path = directory.join("krb5.conf");
    let text = format!(
        "[libdefaults]\n\tdefault_realm = {realm}\n\trdns = false\n\tdns_canonicalize_hostname = false\n\
         \tdns_lookup_kdc = false\n\tdns_lookup_realm = false\n\
         [realms]\n\t{realm} = {{\n\t\tkdc = {address}\n\t}}\n\
         [domain_realm]\n\t.{dns} = {realm}\n\t{dns} = {realm}\n"
    );
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
