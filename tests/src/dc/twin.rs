//! A second server of the same domain: a copy of the first one's database that numbers objects on its own from there.
//!
//! The copy has another invocationId and another address, and its certificate another host name. It has no place of
//! its own in the directory: both servers have one computer account and one server object there, and they never
//! replicate. For a client that finds its servers in DNS, these are two domain controllers that agree on every object.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::address::LoopbackAddress;
use super::domain::Domain;
use super::provision::{SMB_CONF, write_krb5_conf};
use super::server::Server;
use super::{DomainController, Timings, command, ldb, tls};

/// Any but the one that provisioning drew.
const INVOCATION_ID: &str = "5ec0d5e1-0000-4000-8000-7717717717ab";
const LIMIT: Duration = Duration::from_secs(60);

impl DomainController {
    /// Starts a second server of the same domain, called `host` (`dc2`) in its certificate, with everything the
    /// directory holds now. It has an authority of its own. This server is stopped while its files are copied.
    ///
    /// # Errors
    /// No loopback address is free, the files cannot be copied, or one of the two does not come up.
    pub fn twin(&mut self, host: &str) -> Result<DomainController> {
        let address = LoopbackAddress::reserve()?;
        let directory = tempfile::Builder::new()
            .prefix("coldcase-dc-")
            .tempdir()
            .context("cannot make a directory for the second server")?;
        let root = directory.path();

        let started = Instant::now();
        self.server.stop();
        copy(self.directory.path(), root)?;
        self.server = Server::start(self.directory.path(), self.address.ip(), &self.ca_file)?;
        let provision = started.elapsed();

        let host_name = format!("{host}.{}", self.domain.dns());
        let ca_file = tls::write_certificates(root, &host_name, address.ip())?;
        let krb5_conf = write_krb5_conf(root, &self.domain, address.ip())?;
        self.move_configuration(root, &address)?;
        let started = Instant::now();
        change_database(root, &self.domain)?;
        let plant = started.elapsed();

        let started = Instant::now();
        let server = Server::start(root, address.ip(), &ca_file)?;
        let timings = Timings {
            provision,
            plant,
            server: started.elapsed(),
        };
        Ok(DomainController {
            server,
            directory,
            address,
            domain: self.domain.clone(),
            admin_user: self.admin_user.clone(),
            low_user: self.low_user.clone(),
            host_name,
            ca_file,
            krb5_conf,
            planted: self.planted.clone(),
            timings,
        })
    }

    /// Makes the copied smb.conf name the copy's folder and address; whatever else it says stays.
    fn move_configuration(&self, root: &Path, address: &LoopbackAddress) -> Result<()> {
        let path = root.join(SMB_CONF);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let (folder, interface) = (
            self.directory.path().display().to_string(),
            format!("{}/8", self.address.ip()),
        );
        ensure!(
            text.contains(&folder) && text.contains(&interface),
            "{} does not name its folder and its address",
            path.display()
        );
        let text = text
            .replace(&folder, &root.display().to_string())
            .replace(&interface, &format!("{}/8", address.ip()));
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Modes must stay as they are: Samba refuses keys and folders that others can read.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut cp = Command::new("/bin/cp");
    cp.arg("-a").arg(from.join(".")).arg(to);
    command::run(&mut cp, to, "copy", LIMIT)?;
    Ok(())
}

/// Object numbers (uSNCreated) mean something together with this value only (MS-ADTS 3.1.1.1.9).
fn change_database(root: &Path, domain: &Domain) -> Result<()> {
    let ldif = format!(
        "# controls: relax:0\n\n\
         dn: CN=NTDS Settings,CN={},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{}\n\
         changetype: modify\nreplace: invocationId\ninvocationId: {INVOCATION_ID}\n",
        domain.host(),
        domain.base_dn()
    );
    ldb::apply(root, vec![("twin.ldif", ldif)]).context("cannot give the copy an invocationId")
}
