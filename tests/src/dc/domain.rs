//! What one test domain is called: its DNS name and everything that follows from it.
//! Deliberately knows no server and no object.

use super::planted::{DNS_DOMAIN, DOMAIN_SID};

/// The names of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    dns: String,
    netbios: String,
    sid: String,
    host: String,
    base_dn: String,
}

impl Domain {
    /// `netbios` and `sid` follow from `dns` where they are not given.
    pub(super) fn new(dns: &str, netbios: Option<&str>, sid: Option<&str>, host: &str) -> Domain {
        let dns = dns.to_ascii_lowercase();
        let first = dns.split('.').next().unwrap_or(&dns);
        let netbios = netbios.map_or_else(
            // MS-NBTE 2.2.1: 15 characters, the sixteenth is the service's.
            || {
                first
                    .chars()
                    .take(15)
                    .collect::<String>()
                    .to_ascii_uppercase()
            },
            str::to_owned,
        );
        let sid = sid.map_or_else(|| derived_sid(&dns), str::to_owned);
        let base_dn = dns
            .split('.')
            .map(|label| format!("DC={label}"))
            .collect::<Vec<_>>()
            .join(",");
        Domain {
            netbios,
            sid,
            host: host.to_ascii_lowercase(),
            base_dn,
            dns,
        }
    }

    /// `corp.example`.
    pub fn dns(&self) -> &str {
        &self.dns
    }

    /// `CORP`.
    pub fn netbios(&self) -> &str {
        &self.netbios
    }

    /// `CORP.EXAMPLE`, the Kerberos realm.
    pub fn realm(&self) -> String {
        self.dns.to_ascii_uppercase()
    }

    /// `S-1-5-21-…`.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// `DC=corp,DC=example`.
    pub fn base_dn(&self) -> &str {
        &self.base_dn
    }

    /// The server's name without the domain: `dc1`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `dc1.corp.example`.
    pub fn host_name(&self) -> String {
        format!("{}.{}", self.host, self.dns)
    }

    /// The SID of a principal of this domain.
    pub(super) fn principal(&self, rid: u32) -> String {
        format!("{}-{rid}", self.sid)
    }
}

/// The first domain's SID is fixed, since tests name it; every other one is a digest of the name (FNV-1a, 32 bits a part).
fn derived_sid(dns: &str) -> String {
    if dns == DNS_DOMAIN {
        return DOMAIN_SID.to_owned();
    }
    let part = |salt: u32| {
        dns.bytes().fold(0x811c_9dc5_u32 ^ salt, |digest, byte| {
            (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    };
    format!("S-1-5-21-{}-{}-{}", part(1), part(2), part(3))
}
