//! The ways into a directory: from a server's name to a bound LDAP connection.
//!
//! Owns the TCP connection, TLS, every kind of bind and the security layer of SASL. ldap3 gets one end of a socket
//! pair and speaks clear LDAP on it; a thread here copies between that pair and the network ([`pump`]). So ldap3 is
//! built without TLS, Kerberos and NTLM. Deliberately does not search, and does not retry.

mod ber;
mod bind;
mod boundary;
mod certificate;
mod connect;
mod dialogue;
mod endpoint;
mod frame;
#[cfg(feature = "kerberos")]
mod kerberos;
mod keytab;
mod message;
#[cfg(feature = "ntlm")]
mod ntlm;
mod pump;
mod secret;
#[cfg(test)]
mod tests;
mod trust;

use std::net::IpAddr;
use std::time::Duration;

use ldap3::{LdapConn, LdapConnSettings, StdStream};
use tokio::runtime::Builder;

use crate::ldap::failure::Failure;

pub(crate) use certificate::{
    ClientCertificate, parse_fingerprint, read_authorities, read_client_certificate,
};
pub(crate) use keytab::with_keytab;
pub(crate) use secret::{PasswordSource, Secret, read_password};
pub(crate) use trust::Trust;

/// What protects the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// TLS from the first byte, port 636.
    Ldaps,
    /// TLS after asking for it, port 389 (RFC 4511, section 4.14).
    StartTls,
    /// The confidentiality layer of Kerberos or NTLM, port 389 (RFC 4752; MS-NLMP 3.4).
    Sealed,
    /// Nothing, port 389: the password and all data can be read on the way.
    Plain,
}

/// The server to connect to.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What its certificate and its Kerberos service `ldap/NAME` must say. Also where to connect, if no address is given.
    pub(crate) name: String,
    /// The port if it is not the usual one.
    pub(crate) port: Option<u16>,
    /// Where to connect without resolving the name.
    pub(crate) address: Option<IpAddr>,
}

impl Server {
    /// The name without the brackets of an IPv6 address in a URL.
    fn host(&self) -> &str {
        self.name.trim_start_matches('[').trim_end_matches(']')
    }
}

/// How to connect.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) protection: Protection,
    /// Whom to believe in TLS.
    pub(crate) trust: Trust,
    /// Shown to the server in TLS if it asks.
    pub(crate) client_certificate: Option<ClientCertificate>,
    /// The longest wait for a connection, for TLS, and for each answer of the bind. Resolving a name and asking a
    /// Kerberos server have the limits of the system's libraries instead.
    pub(crate) timeout: Duration,
}

/// A Kerberos identity.
#[derive(Debug, Clone)]
pub(crate) enum Ticket {
    /// The default ticket cache, or a keytab after [`with_keytab`].
    Cache,
    /// A ticket got for this connection with a password; it is written nowhere.
    Password { principal: String, password: Secret },
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// A simple bind (RFC 4513, section 5.1.3): `DOMAIN\user`, `user@domain` or a DN.
    Simple { user: String, password: Secret },
    /// SASL GSSAPI (RFC 4752).
    Kerberos(Ticket),
    /// SASL GSS-SPNEGO with NTLM tokens (MS-NLMP): `DOMAIN\user` or `user@domain`.
    Ntlm { user: String, password: Secret },
    /// SASL EXTERNAL (RFC 4422, appendix A) with the client certificate of TLS.
    Certificate,
}

/// Opens a connection and binds. May be called again with the same arguments after a connection was lost.
/// Dropping the connection ends its thread.
///
/// # Errors
/// A sentence: the combination makes no sense, no connection, a certificate that is not trusted, a refused bind.
pub(crate) fn open(server: &Server, way: &Way, identity: &Identity) -> Result<LdapConn, Failure> {
    check(way, identity)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| broken_system(&error.to_string()))?;
    let (wire, layer) = runtime.block_on(arrive(server, way, identity))?;
    let end =
        pump::start(runtime, wire, layer).map_err(|error| broken_system(&error.to_string()))?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(end));
    LdapConn::with_settings(settings, "ldapi://coldcase")
        .map_err(|error| broken_system(&error.to_string()))
}

fn broken_system(error: &str) -> Failure {
    Failure::new(format!("the connection cannot be set up: {error}"))
}

/// Refuses what makes no sense before anything is sent.
fn check(way: &Way, identity: &Identity) -> Result<(), Failure> {
    if let Some(sentence) = bind::missing(identity) {
        return Err(Failure::new(sentence));
    }
    let sentence = match (way.protection, identity) {
        (Protection::Sealed, Identity::Simple { .. }) => {
            "a simple bind cannot seal; use --transport ldaps or starttls, or Kerberos or NTLM with --transport sealed"
        }
        (Protection::Plain, Identity::Kerberos(_) | Identity::Ntlm { .. }) => {
            "Kerberos and NTLM are not used without protection; use --transport sealed, which needs no certificate"
        }
        (Protection::Sealed | Protection::Plain, Identity::Certificate) => {
            "a client certificate needs TLS; use --transport ldaps or starttls"
        }
        (_, Identity::Certificate) if way.client_certificate.is_none() => {
            "there is no client certificate to bind with"
        }
        (_, Identity::Simple { password, .. } | Identity::Ntlm { password, .. })
            if password.reveal().is_empty() =>
        {
            // RFC 4513, section 5.1.2: such a bind succeeds and is anonymous.
            "the password is empty"
        }
        _ => return Ok(()),
    };
    Err(Failure::new(sentence))
}

/// Connects, encrypts and binds.
async fn arrive(server: &Server, way: &Way, identity: &Identity) -> Result<bind::Bound, Failure> {
    let usual = match way.protection {
        Protection::Ldaps => 636,
        Protection::StartTls | Protection::Sealed | Protection::Plain => 389,
    };
    let port = server.port.unwrap_or(usual);
    let shown = connect::address(server, port);
    let limit = way.timeout;
    let encrypted = matches!(way.protection, Protection::Ldaps | Protection::StartTls);
    let config = encrypted
        .then(|| trust::client_config(&way.trust, way.client_certificate.as_ref()))
        .transpose()?;
    let stream = connect::connect(server, port, limit).await?;
    let (wire, binding) = match config {
        None => (Box::new(stream) as Box<dyn dialogue::Wire>, None),
        Some(config) if way.protection == Protection::StartTls => {
            let stream = connect::start_tls(stream, &shown, limit).await?;
            connect::encrypt(stream, server, &shown, config, limit, None).await?
        }
        Some(config) => connect::encrypt(stream, server, &shown, config, limit, Some(port)).await?,
    };
    let dialogue = dialogue::Dialogue::new(wire, &shown, limit);
    bind::bind(
        dialogue,
        server,
        way.protection,
        binding.as_deref(),
        identity,
    )
    .await
}
