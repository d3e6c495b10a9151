//! A real domain controller for tests: Samba's, provisioned from nothing, filled with the accounts Coldcase is about,
//! started on its own loopback address and ended when dropped.
//!
//! [`DomainController::start`] is the way in, [`DomainController::start_with`] the one with [`Options`]: another domain,
//! another population, another policy for binds. Several run side by side. [`DomainController::planted`] says what was
//! planted, and [`DomainController::ldbsearch`] reads the database files directly, as a witness that never speaks LDAP.
//! [`DomainController::effective`] lets principals ask what they may do.
//! This module does not know the collector or the analyzer, and compares nothing: tests do.
//!
//! Where Samba 4.17 differs from Windows, as far as the tests can see it:
//! - it does not run SDProp (`adminCount` is planted, descriptors of protected groups' members stay as they were),
//!   and never rolls a managed password: `msDS-ManagedPasswordId` is what was planted, `msDS-ManagedPassword` is absent;
//! - its schema ends with Windows Server 2012 R2, so the classes and attributes of 2025 are added (`schema-*.ldif`);
//!   they carry no `systemFlags` and an `msDS-IntId`, as every added attribute does;
//! - `CN=Group Key Distribution Service` does not exist until planted;
//! - it limits nothing by itself: a search without the paging control returns everything, a page is as large as the
//!   client asks, and `member` of [`BIG_GROUP`] comes whole. `member;range=0-1499` and then `member;range=1500-*` are
//!   answered as Windows answers them, but only to a client that asks for them. So a test of paging asks for small
//!   pages, and a server that cuts values off unasked must be played by something else;
//! - what it grants departs from the specification in ways that the tests of effective access list.

mod address;
pub mod changes;
mod clock;
mod command;
mod cross_reference;
mod domain;
mod effective;
mod exported;
mod kerberos;
mod large;
mod ldb;
mod ldif;
mod options;
mod packages;
mod password_id;
mod past;
mod planted;
mod population;
mod provision;
pub mod rules;
mod secrets;
mod server;
mod tangle;
mod tls;
mod twin;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use address::LoopbackAddress;
use server::Server;

pub use domain::Domain;
pub use effective::{Answers, Effective, Names};
pub use ldb::LdbRecord;
pub use options::{Options, Population, Reading, StrongAuth};
pub use planted::{
    Addition, BASE_DN, BIG_GROUP, BIG_GROUP_MEMBERS, DNS_DOMAIN, DOMAIN_SID, FOREIGN_SID,
    HOST_NAME, KDS_ROOT_KEY, KDS_ROOT_KEY_DATA, Kind, LARGE_GROUP, LARGE_GROUP_MEMBERS, Planted,
    PlantedObject, Value,
};
pub use secrets::{PlantedSecret, RefusedSecret, Secrets};

const ADMIN_PASSWORD: &str = "Pa55w0rd-Admin!x";

/// A running domain controller. Dropping it ends the processes it started and removes its files.
/// If the test process dies without dropping it, Samba notices the closed standard input and ends by itself; only the
/// directory `coldcase-dc-…` in the temporary directory stays.
pub struct DomainController {
    // The order of the fields is the order in which they are dropped: processes, then files, then the address.
    server: Server,
    directory: TempDir,
    address: LoopbackAddress,
    domain: Domain,
    admin_user: String,
    low_user: String,
    host_name: String,
    ca_file: PathBuf,
    krb5_conf: PathBuf,
    planted: Planted,
    timings: Timings,
}

/// How long the parts of [`DomainController::start`] took.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// The certificates and `samba-tool domain provision`.
    pub provision: Duration,
    /// The schema and all planted objects.
    pub plant: Duration,
    /// From starting Samba until it answered over LDAPS.
    pub server: Duration,
}

impl DomainController {
    /// The domain `corp.example` with one account of every kind; see [`Self::start_with`].
    ///
    /// # Errors
    /// As [`Self::start_with`].
    pub fn start() -> Result<DomainController> {
        Self::start_with(&Options::default())
    }

    /// Provisions the domain, plants the accounts and starts the server. Returns when it answers over LDAPS.
    /// Needs the right to listen on ports below 1024.
    ///
    /// # Errors
    /// Samba is not installed, no loopback address is free, or Samba refuses something.
    pub fn start_with(options: &Options) -> Result<DomainController> {
        packages::require()?;
        let domain = Domain::new(
            &options.dns_domain,
            options.netbios.as_deref(),
            options.sid.as_deref(),
            &options.host,
        );
        let address = LoopbackAddress::reserve()?;
        // Samba keeps Unix sockets in here, so the path must stay short (108 bytes for the longest).
        let directory = tempfile::Builder::new()
            .prefix("coldcase-dc-")
            .tempdir()
            .context("cannot make a directory for the domain controller")?;
        let root = directory.path();
        let host_name = domain.host_name();

        let started = Instant::now();
        let ca_file = tls::write_certificates(root, &host_name, address.ip())?;
        provision::provision(root, &domain, address.ip(), ADMIN_PASSWORD)?;
        provision::write_smb_conf(root, &domain, address.ip(), options.strong_auth)?;
        let provision = started.elapsed();

        let started = Instant::now();
        let planted = population::population(&domain, options.population)?;
        ldb::plant(root, &domain, &planted)?;
        if matches!(options.population, Population::Tangled { .. }) {
            tangle::raw::write(root, &domain)?;
        }
        ldb::describe(root, &planted)?;
        past::write(root, &domain, &planted)?;
        let plant = started.elapsed();

        let started = Instant::now();
        let krb5_conf = provision::write_krb5_conf(root, &domain, address.ip())?;
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
            admin_user: format!("{}\\Administrator", domain.netbios()),
            low_user: format!("{}\\lowpriv", domain.netbios()),
            host_name,
            domain,
            ca_file,
            krb5_conf,
            planted,
            timings,
        })
    }

    /// Ends the server and starts it again with another policy for binds, at the same address.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn restart_with(&mut self, strong_auth: StrongAuth) -> Result<()> {
        self.server.stop();
        let (root, address) = (self.directory.path(), self.address.ip());
        provision::write_smb_conf(root, &self.domain, address, strong_auth)?;
        self.server = Server::start(root, address, &self.ca_file)?;
        Ok(())
    }

    /// Ends the server and starts it again with another policy for reading, with Samba's default one for binds, at the
    /// same address.
    ///
    /// # Errors
    /// It does not come up again.
    pub fn restart_reading(&mut self, reading: Reading) -> Result<()> {
        self.server.stop();
        let (root, address) = (self.directory.path(), self.address.ip());
        provision::write_smb_conf(root, &self.domain, address, StrongAuth::Yes)?;
        reading.append_to(&root.join(provision::SMB_CONF))?;
        self.server = Server::start(root, address, &self.ca_file)?;
        Ok(())
    }

    /// Ends the server's processes; [`Self::restart_with`] brings them back.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// The names of the domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The loopback address the server listens on; no other address answers.
    pub fn address(&self) -> Ipv4Addr {
        self.address.ip()
    }

    /// `dc1.corp.example`. It need not resolve: the certificate also names the address.
    pub fn host_name(&self) -> &str {
        &self.host_name
    }

    /// The PEM file of the authority that signed the server's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// A Kerberos configuration for this realm that asks no resolver (`KRB5_CONFIG`).
    pub fn krb5_conf(&self) -> &Path {
        &self.krb5_conf
    }

    /// The unit that the objects of [`Population::Tangled`] lie in.
    pub fn tangle(&self) -> String {
        tangle::top(&self.domain)
    }

    /// `DC=corp,DC=example`.
    pub fn base_dn(&self) -> &str {
        self.domain.base_dn()
    }

    /// A domain administrator, in the form simple binds accept.
    pub fn admin_user(&self) -> &str {
        &self.admin_user
    }

    /// The password of [`Self::admin_user`].
    pub fn admin_password(&self) -> &str {
        ADMIN_PASSWORD
    }

    /// An ordinary domain user without any delegated right, in the form simple binds accept.
    pub fn low_user(&self) -> &str {
        &self.low_user
    }

    /// The password of [`Self::low_user`].
    pub fn low_password(&self) -> &str {
        population::LOW_PASSWORD
    }

    /// What was planted.
    pub fn planted(&self) -> &Planted {
        &self.planted
    }

    /// How long starting took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// The process id of Samba's root process, which is also its process group.
    pub fn process_id(&self) -> u32 {
        self.server.process_id()
    }

    /// Reads the directory's database files, not over LDAP: the values of `attributes` (all stored ones if empty),
    /// byte for byte as LDAP would carry them, of the objects under `base` (`scope`: `base`, `one` or `sub`) that
    /// match `filter`. Descriptors come without their SACL. Value ranges and page limits do not apply here.
    pub fn ldbsearch(
        &self,
        base: &str,
        scope: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<LdbRecord>> {
        ldb::search(self.directory.path(), base, scope, filter, attributes)
    }

    /// Everything below `base` over LDAPS as an administrator, as ldapsearch writes it to a file: LDIF with comments.
    ///
    /// # Errors
    /// The search does not come to its end.
    pub fn ldapsearch(&self, base: &str, attributes: &[&str]) -> Result<Vec<u8>> {
        exported::by_ldapsearch(self, self.directory.path(), base, attributes)
    }

    /// The forest from the database files, as ldbsearch writes it: LDIF with secrets, SIDs and descriptors as text.
    ///
    /// # Errors
    /// The search does not come to its end.
    pub fn ldbsearch_export(&self, attributes: &[&str]) -> Result<Vec<u8>> {
        exported::by_ldbsearch(self.directory.path(), self.base_dn(), attributes)
    }

    /// Changes the directory's database files, not over LDAP, while the server runs. `ldif` is RFC 2849 text (records to
    /// add, or `changetype: modify`), after an optional first line `# controls: …` or `# schema` as in `samdb.py`.
    ///
    /// # Errors
    /// Samba refuses a record; then none of them is applied.
    pub fn apply_ldif(&self, ldif: &str) -> Result<()> {
        ldb::apply(self.directory.path(), vec![("apply.ldif", ldif.to_owned())])
    }

    /// Does what a change consists of, in order.
    ///
    /// # Errors
    /// Samba refuses it.
    pub fn perform(&self, change: &changes::Change) -> Result<()> {
        changes::perform(self, self.directory.path(), change)
    }

    /// Plants a `crossRef` that says: `dns_root` is a domain of this forest, a child of this one. No controller of
    /// that name need exist. `nc_name` is its head, `DC=child,DC=corp,DC=example`.
    ///
    /// # Errors
    /// Samba refuses it.
    pub fn add_cross_reference(&self, dns_root: &str, netbios: &str, nc_name: &str) -> Result<()> {
        self.apply_ldif(&cross_reference::ldif(
            &self.domain,
            dns_root,
            netbios,
            nc_name,
        ))
    }

    /// Plants a recognisable value in every attribute of [`coldcase_schemas::attribute::SECRETS`] that the directory can
    /// hold, with the schema extended by the missing ones, and says which it cannot and why.
    ///
    /// # Errors
    /// Samba refuses what it should take, or does not hold afterwards what it took.
    pub fn add_secrets(&self) -> Result<Secrets> {
        secrets::plant(self.directory.path(), self)
    }

    /// A keytab file with the keys of `user` (`lowpriv`, `DC1$`), as an administrator would export it.
    ///
    /// # Errors
    /// There is no such account, or it has no key because no password was ever set.
    pub fn keytab(&self, user: &str) -> Result<PathBuf> {
        kerberos::keytab(self.directory.path(), &self.domain, user)
    }

    /// A ticket cache file with a ticket-granting ticket of `user` (`lowpriv`; a domain before it is cut off).
    ///
    /// # Errors
    /// krb5-user is not installed, or the password is wrong.
    pub fn kinit(&self, user: &str, password: &str) -> Result<PathBuf> {
        kerberos::kinit(
            self.directory.path(),
            &self.domain,
            &self.krb5_conf,
            user,
            password,
        )
    }
}
