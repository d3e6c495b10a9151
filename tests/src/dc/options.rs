//! What a test may wish of a domain controller. Starts nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// How the domain is named, filled and protected. [`Options::default`] is what
/// [`DomainController::start`](super::DomainController::start) uses.
#[derive(Debug, Clone)]
pub struct Options {
    /// DNS name; realm and base DN follow from it.
    pub dns_domain: String,
    /// NetBIOS name; the first label of the DNS name if not given.
    pub netbios: Option<String>,
    /// Domain SID; derived from the DNS name if not given.
    pub sid: Option<String>,
    /// The server's name without the domain.
    pub host: String,
    /// What is planted.
    pub population: Population,
    /// Which binds the server admits.
    pub strong_auth: StrongAuth,
}

impl Default for Options {
    fn default() -> Options {
        Options::domain(super::DNS_DOMAIN)
    }
}

impl Options {
    /// The defaults, for a domain of this DNS name.
    pub fn domain(dns_domain: &str) -> Options {
        Options {
            dns_domain: dns_domain.to_owned(),
            netbios: None,
            sid: None,
            host: "dc1".to_owned(),
            population: Population::Accounts,
            strong_auth: StrongAuth::Yes,
        }
    }

    /// The same, filled with something else.
    pub fn population(mut self, population: Population) -> Options {
        self.population = population;
        self
    }

    /// The same, with another bind policy.
    pub fn strong_auth(mut self, strong_auth: StrongAuth) -> Options {
        self.strong_auth = strong_auth;
        self
    }
}

/// What the domain is filled with. An ordinary user, `lowpriv`, is always among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// One account of every kind, and a group of 2,000 contacts.
    Accounts,
    /// The same without the contacts, and this many users, computers, managed service accounts and groups besides.
    /// The same number gives the same objects with the same SIDs and GUIDs.
    Large {
        /// How many.
        principals: usize,
    },
    /// Something for every rule of the analyzer that a directory can hold, and what comes close and must not be found.
    Rules,
    /// What can be changed in every way that a comparison of two snapshots tells of: see [`super::changes`].
    Changes,
    /// People in nested groups, and objects of every class with random descriptors. The same seed gives the same objects
    /// with the same SIDs and descriptors.
    Tangled {
        /// Of the random numbers.
        seed: u64,
    },
    /// Only what provisioning makes, without the additional classes of Windows Server 2025.
    Bare,
}

/// smb.conf's `ldap server require strong auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrongAuth {
    /// Simple binds and unsigned SASL binds are admitted everywhere, in the clear too.
    No,
    /// Simple binds need TLS; SASL binds need TLS, or to sign or seal.
    AllowSaslOverTls,
    /// Samba's default. Simple binds need TLS; SASL binds must sign or seal, and inside TLS they may not.
    Yes,
}

impl StrongAuth {
    /// All settings.
    pub const ALL: [StrongAuth; 3] = [
        StrongAuth::No,
        StrongAuth::AllowSaslOverTls,
        StrongAuth::Yes,
    ];

    /// The value in smb.conf.
    pub fn as_str(self) -> &'static str {
        match self {
            StrongAuth::No => "no",
            StrongAuth::AllowSaslOverTls => "allow_sasl_over_tls",
            StrongAuth::Yes => "yes",
        }
    }
}

/// smb.conf's `acl:search`: whether the server checks who may read what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Samba's default: what descriptors grant.
    AsGranted,
    /// Everybody reads everything, administrators even what is confidential. So a snapshot is complete whatever random
    /// descriptors grant its collector.
    Everything,
}

impl Reading {
    /// Adds the setting to a configuration of which `[global]` is the last section.
    pub(super) fn append_to(self, smb_conf: &Path) -> Result<()> {
        let setting = match self {
            Reading::AsGranted => "yes",
            Reading::Everything => "no",
        };
        OpenOptions::new()
            .append(true)
            .open(smb_conf)
            .and_then(|mut file| writeln!(file, "\tacl:search = {setting}"))
            .with_context(|| format!("cannot add to {}", smb_conf.display()))
    }
}
