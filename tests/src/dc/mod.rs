//! A real domain controller for tests: Samba's, provisioned from nothing, filled with the accounts Coldcase is about,
//! started on its own loopback address and ended when dropped.
//!
//! [`DomainController::start`] is the way in; [`DomainController::planted`] says what was planted, and
//! [`DomainController::ldbsearch`] reads the database files directly, as a witness that never speaks LDAP.
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
//!   pages, and a server that cuts values off unasked must be played by something else.

mod address;
mod command;
mod ldb;
mod ldif;
mod packages;
mod planted;
mod population;
mod provision;
mod server;
mod tls;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use address::LoopbackAddress;
use server::Server;

pub use ldb::LdbRecord;
pub use planted::{
    Addition, BASE_DN, BIG_GROUP, BIG_GROUP_MEMBERS, DNS_DOMAIN, DOMAIN_SID, FOREIGN_SID,
    HOST_NAME, KDS_ROOT_KEY, KDS_ROOT_KEY_DATA, Kind, Planted, PlantedObject, Value,
};

const ADMIN_USER: &str = "CORP\\Administrator";
const ADMIN_PASSWORD: &str = "Pa55w0rd-Admin!x";
const LOW_USER: &str = "CORP\\lowpriv";

/// A running domain controller of `corp.example`. Dropping it ends the processes it started and removes its files.
/// If the test process dies without dropping it, Samba notices the closed standard input and ends by itself; only the
/// directory `coldcase-dc-…` in the temporary directory stays.
pub struct DomainController {
    // The order of the fields is the order in which they are dropped: processes, then files, then the address.
    server: Server,
    directory: TempDir,
    address: LoopbackAddress,
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
    /// Provisions the domain, plants the accounts and starts the server. Returns when it answers over LDAPS.
    /// Needs the right to listen on ports below 1024.
    pub fn start() -> Result<DomainController> {
        packages::require()?;
        let address = LoopbackAddress::reserve()?;
        // Samba keeps Unix sockets in here, so the path must stay short (108 bytes for the longest).
        let directory = tempfile::Builder::new()
            .prefix("coldcase-dc-")
            .tempdir()
            .context("cannot make a directory for the domain controller")?;
        let root = directory.path();

        let started = Instant::now();
        let ca_file = tls::write_certificates(root, HOST_NAME, address.ip())?;
        provision::provision(root, address.ip(), ADMIN_PASSWORD)?;
        let provision = started.elapsed();

        let started = Instant::now();
        let planted = population::population()?;
        ldb::plant(root, &planted)?;
        let plant = started.elapsed();

        let started = Instant::now();
        let krb5_conf = provision::write_krb5_conf(root, address.ip())?;
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
            ca_file,
            krb5_conf,
            planted,
            timings,
        })
    }

    /// The loopback address the server listens on; no other address answers.
    pub fn address(&self) -> Ipv4Addr {
        self.address.ip()
    }

    /// `dc1.corp.example`. It need not resolve: the certificate also names the address.
    pub fn host_name(&self) -> &str {
        HOST_NAME
    }

    /// The PEM file of the authority that signed the server's certificate.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// A Kerberos configuration for this realm that asks no resolver (`KRB5_CONFIG`).
    pub fn krb5_conf(&self) -> &Path {
        &self.krb5_conf
    }

    /// `DC=corp,DC=example`.
    pub fn base_dn(&self) -> &str {
        BASE_DN
    }

    /// A domain administrator, in the form simple binds accept.
    pub fn admin_user(&self) -> &str {
        ADMIN_USER
    }

    /// The password of [`Self::admin_user`].
    pub fn admin_password(&self) -> &str {
        ADMIN_PASSWORD
    }

    /// An ordinary domain user without any delegated right, in the form simple binds accept.
    pub fn low_user(&self) -> &str {
        LOW_USER
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
}
