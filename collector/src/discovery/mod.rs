//! Finds a domain controller of a domain and says which one and why.
//!
//! Owns the way from a domain name to an ordered list of servers: SRV records, else the Kerberos configuration, then
//! the LDAP ping (MS-ADTS 6.3). Nothing here binds, trusts or collects: DNS and the ping are not authenticated, so they
//! choose a server, and only the certificate or ticket proves that it is one. Global catalogs are not looked for.

mod ber;
mod exchange;
mod kerberos;
mod netlogon;
mod ping;
mod ranking;
mod resolver;
mod search;

use std::net::IpAddr;
use std::time::Duration;

use crate::ldap::Failure;

pub(crate) use resolver::Resolver;

const LDAP_PORT: u16 = 389;
/// A domain controller anywhere in the world answers within this time, or should not be collected from.
const LONGEST_ROUND: Duration = Duration::from_secs(1);

/// A server that may be a domain controller.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// DNS host name, or the address as text where the Kerberos configuration gives only that.
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    /// The LDAP port, as the SRV record has it; 389 otherwise.
    pub(crate) port: u16,
    pub(crate) origin: Origin,
    /// What it said of itself, if it answered.
    pub(crate) ping: Option<Ping>,
}

/// Where a candidate is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An SRV record in DNS (RFC 2782).
    Srv { priority: u16, weight: u16 },
    /// A `kdc` of this realm in krb5.conf, at this place of the list.
    KerberosConfiguration { realm: String, place: usize },
}

/// What a domain controller said of itself in the LDAP ping. Anybody on the network may have said it.
#[derive(Debug, Clone)]
pub(crate) struct Ping {
    /// The site it is in; empty if it did not say.
    pub(crate) server_site: String,
    /// The site it holds this machine to be in; empty if no subnet of the directory matches.
    pub(crate) client_site: String,
    /// DS_FLAG (MS-ADTS 6.3.1.2).
    pub(crate) flags: u32,
    pub(crate) took: Duration,
}

/// The outcome of [`discover`].
#[derive(Debug)]
pub(crate) struct Choice {
    /// Best first, at least one. If one fails, the next may serve.
    pub(crate) candidates: Vec<Candidate>,
    /// One sentence: which server is first, where its name is from, why it is first.
    pub(crate) why: String,
    /// What did not answer or was dropped, and why.
    pub(crate) notes: Vec<String>,
}

/// Finds the domain controllers of the DNS domain `domain`, best first. Asks each one by LDAP ping; waits at most two
/// rounds of `timeout` or of one second, whichever is shorter, and the same again if the answers name a nearer site.
///
/// # Errors
/// There is none to be found: what was tried, in one sentence.
pub(crate) fn discover(
    domain: &str,
    resolver: &Resolver,
    timeout: Duration,
) -> Result<Choice, Failure> {
    let domain = checked(domain)?;
    search::run(
        &domain,
        resolver,
        timeout.min(LONGEST_ROUND),
        &kerberos::files(),
    )
}

/// `domain` without a final dot and in small letters, if it can be a DNS domain (RFC 1035 2.3.4).
fn checked(domain: &str) -> Result<String, Failure> {
    let name = domain.trim().trim_end_matches('.').to_lowercase();
    if name.parse::<IpAddr>().is_ok() {
        return Err(Failure::new(format!(
            "{name} is an address, not a domain; give the address of a domain controller with --server"
        )));
    }
    let sound = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    // 255 octets, less what the longest record's labels and the length of each take.
    if name.len() > 220 || !name.split('.').all(sound) {
        return Err(Failure::new(format!(
            "{:?} is not a DNS domain name; give one like corp.example",
            domain.trim()
        )));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_of_domains() {
        assert_eq!(checked(" Corp.Example. ").unwrap(), "corp.example");
        assert_eq!(checked("corp_1").unwrap(), "corp_1");
        for wrong in [
            "",
            ".",
            "a..b",
            "a b",
            "a\n.b",
            "DC=corp,DC=example",
            "-\u{0}",
            &"a.".repeat(200),
        ] {
            let sentence = checked(wrong).unwrap_err().to_string();
            assert!(
                sentence.contains("not a DNS domain name"),
                "{wrong:?}: {sentence}"
            );
        }
        let sentence = checked("10.0.0.1").unwrap_err().to_string();
        assert!(sentence.contains("--server"), "{sentence}");
    }
}
