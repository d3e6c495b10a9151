//! From arguments to how a server is reached and who asks.
//!
//! Owns reading passwords and finding servers. Deliberately does not connect.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Run;
use crate::arguments::{Account, Arguments, Target, Transport};
use crate::discovery::{self, Choice};
use crate::ldap::Failure;
use crate::progress;
use crate::transport::{
    ClientCertificate, Identity, PasswordSource, Protection, Server, Ticket, Trust, Way,
    parse_fingerprint, read_authorities, read_client_certificate, read_password,
};

pub(super) fn way(target: &Target, account: &Account) -> Result<Way, Failure> {
    let trust = match (&target.ca_file, &target.ca_fingerprint) {
        (Some(file), _) => Trust::Authorities(read_authorities(file)?),
        (None, Some(fingerprint)) => Trust::Fingerprint(parse_fingerprint(fingerprint)?),
        (None, None) if target.insecure => Trust::Anything,
        (None, None) => Trust::System,
    };
    Ok(Way {
        protection: match target.transport {
            Transport::Ldaps => Protection::Ldaps,
            Transport::Starttls => Protection::StartTls,
            Transport::Sealed => Protection::Sealed,
            Transport::Plain => Protection::Plain,
        },
        trust,
        client_certificate: client_certificate(account)?,
        timeout: Duration::from_secs(target.timeout),
    })
}

fn client_certificate(account: &Account) -> Result<Option<ClientCertificate>, Failure> {
    match (&account.client_cert, &account.client_key) {
        (Some(certificate), Some(key)) => Ok(Some(read_client_certificate(certificate, key)?)),
        _ => Ok(None),
    }
}

/// Who asks. Reads the password, so it is called once.
pub(super) fn identity(account: &Account) -> Result<Identity> {
    let Some(user) = account.user.clone() else {
        return match () {
            () if account.kerberos => Ok(Identity::Kerberos(Ticket::Cache)),
            () if account.client_cert.is_some() => Ok(Identity::Certificate),
            () => bail!(
                "who asks? give --user NAME, --kerberos, or --client-cert; --help shows examples"
            ),
        };
    };
    let prompt = format!("Password of {user}: ");
    let source = match &account.password_file {
        Some(file) => PasswordSource::File(file),
        None if account.password_stdin => PasswordSource::StandardInput,
        None => PasswordSource::Prompt(&prompt),
    };
    let password = read_password(source)?;
    Ok(if account.kerberos {
        Identity::Kerberos(Ticket::Password {
            principal: user,
            password,
        })
    } else if account.ntlm {
        Identity::Ntlm { user, password }
    } else {
        Identity::Simple { user, password }
    })
}

/// The account as the snapshot names it.
pub(super) fn account_name(account: &Account) -> String {
    match (&account.user, &account.keytab) {
        (Some(user), _) => user.clone(),
        (None, Some(keytab)) => format!("keytab {}", keytab.display()),
        (None, None) if account.kerberos => "Kerberos ticket cache".to_owned(),
        (None, None) => "client certificate".to_owned(),
    }
}

/// What protects the connection and whom it trusts, for the snapshot.
pub(super) fn connection(target: &Target) -> String {
    let protection = match target.transport {
        Transport::Ldaps => "LDAPS",
        Transport::Starttls => "StartTLS",
        Transport::Sealed => return "port 389, sealed".to_owned(),
        Transport::Plain => return "port 389, NOT ENCRYPTED".to_owned(),
    };
    let trust = if target.insecure {
        "CERTIFICATE NOT CHECKED"
    } else if target.ca_fingerprint.is_some() {
        "certificate pinned"
    } else if target.ca_file.is_some() {
        "certificate checked against a given authority"
    } else {
        "certificate checked"
    };
    format!("{protection}, {trust}")
}

/// Says loudly what the user gives up.
pub(super) fn warn(arguments: &Arguments) {
    if arguments.target.insecure {
        warning(
            "--insecure: the server's certificate is not checked. Whoever stands between sees the password and can \
             change every answer; do not hand this snapshot over as evidence",
        );
    }
    if arguments.target.transport == Transport::Plain {
        warning(
            "--transport plain: nothing is encrypted. Anyone on the way reads the password and all answers, and can \
             change them",
        );
    }
}

/// Not a note: it is shown even when nothing else is.
fn warning(sentence: &str) {
    use std::io::Write;
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(std::io::stderr(), "WARNING: {sentence}.");
}

impl Run<'_> {
    /// The servers that the arguments name, the best first.
    pub(super) fn servers_named(&self) -> Result<Vec<Server>, Failure> {
        let target = &self.arguments.target;
        if let Some(server) = &target.server {
            if server.contains("://") {
                return Err(Failure::new(format!(
                    "{server} is a URL; give HOST or HOST:PORT, and --transport for the rest"
                )));
            }
            let server = self.server(server);
            let nameless = server.name.parse::<IpAddr>().is_ok();
            if nameless && self.arguments.account.kerberos && target.transport == Transport::Sealed
            {
                // Without TLS, the name is all that the ticket is bound to: it must not come from who answers.
                return Err(Failure::new(
                    "Kerberos without TLS proves the server by its name; add --server-name with the host name of the \
                     domain controller",
                ));
            }
            return Ok(vec![server]);
        }
        let domain = target.domain.as_deref().unwrap_or_default();
        self.servers_of(domain)
    }

    /// The domain controllers of a domain, the best first. Says which one was chosen and why.
    pub(super) fn servers_of(&self, domain: &str) -> Result<Vec<Server>, Failure> {
        let Choice {
            candidates,
            why,
            notes,
        } = discovery::discover(domain, &self.resolver, self.way.timeout)?;
        let output = &self.arguments.output;
        for note in notes {
            progress::note(output, &note);
        }
        progress::note(output, &why);
        Ok(candidates
            .into_iter()
            .map(|found| Server {
                name: found.name,
                port: None,
                address: Some(found.address),
            })
            .collect())
    }

    /// `HOST`, `HOST:PORT`, or an address.
    fn server(&self, text: &str) -> Server {
        let (host, port) = split(text);
        let address: Option<IpAddr> = host.parse().ok();
        match &self.arguments.target.server_name {
            Some(name) => Server {
                name: name.clone(),
                port,
                address: address.or_else(|| self.resolver.addresses(&host).into_iter().next()),
            },
            None => Server {
                address: address.or_else(|| {
                    // Only a DNS server of the user's own choice is asked here; the system's is asked on connecting.
                    self.arguments.target.dns_server?;
                    self.resolver.addresses(&host).into_iter().next()
                }),
                name: host,
                port,
            },
        }
    }
}

/// Host and port; an IPv6 address may stand in brackets.
fn split(text: &str) -> (String, Option<u16>) {
    if text.parse::<IpAddr>().is_ok() {
        return (text.to_owned(), None);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        None => (text, None),
    };
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    (host.to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        let split = |text: &str| split(text);
        assert_eq!(split("dc1"), ("dc1".to_owned(), None));
        assert_eq!(split("dc1:3269"), ("dc1".to_owned(), Some(3269)));
        assert_eq!(split("::1"), ("::1".to_owned(), None));
        assert_eq!(split("[::1]:700"), ("::1".to_owned(), Some(700)));
        assert_eq!(split("10.0.0.1:636"), ("10.0.0.1".to_owned(), Some(636)));
    }
}
