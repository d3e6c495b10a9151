//! The binds that need no library: simple and EXTERNAL; and the way to those that do.

use std::net::IpAddr;

use ldap3::LdapResult;

use super::dialogue::{Dialogue, Wire};
use super::pump::SecurityLayer;
use super::{Identity, Protection, Server, Ticket, message};
use crate::ldap::failure::{self, Attempt, Failure};

/// saslBindInProgress (RFC 4511, appendix A).
#[cfg(any(feature = "kerberos", feature = "ntlm"))]
pub(super) const IN_PROGRESS: u32 = 14;

/// What a build without the feature `kerberos` says.
const NO_KERBEROS: &str = "this build has no Kerberos; build it with `cargo build --features kerberos` \
     (needs libkrb5-dev and clang)";

/// What a build without the feature `ntlm` says.
const NO_NTLM: &str = "this build has no NTLM; build it with `cargo build --features ntlm`";

/// What is missing of this build for `identity`, known before anything is sent.
pub(super) fn missing(identity: &Identity) -> Option<&'static str> {
    match identity {
        Identity::Kerberos(_) if cfg!(not(feature = "kerberos")) => Some(NO_KERBEROS),
        Identity::Ntlm { .. } if cfg!(not(feature = "ntlm")) => Some(NO_NTLM),
        _ => None,
    }
}

/// A bound connection, with its security layer if it has one.
pub(super) type Bound = (Box<dyn Wire>, Option<Box<dyn SecurityLayer>>);

/// What a SASL bind is to achieve.
#[cfg_attr(
    not(any(feature = "kerberos", feature = "ntlm")),
    expect(dead_code, reason = "no SASL mechanism is compiled in")
)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal<'a> {
    /// A layer that seals; without it the bind is inside TLS.
    pub(super) sealed: bool,
    /// The channel binding of that TLS.
    pub(super) binding: Option<&'a [u8]>,
    /// For sentences about a refusal.
    pub(super) attempt: Attempt,
}

/// Binds as `identity`.
pub(super) async fn bind(
    mut dialogue: Dialogue,
    server: &Server,
    protection: Protection,
    binding: Option<&[u8]>,
    identity: &Identity,
) -> Result<Bound, Failure> {
    let sealed = protection == Protection::Sealed;
    let goal = Goal {
        sealed,
        binding,
        attempt: match (identity, sealed) {
            (Identity::Ntlm { .. }, true) => Attempt::NtlmSealed,
            (Identity::Ntlm { .. }, false) => Attempt::NtlmInTls,
            (_, true) => Attempt::KerberosSealed,
            (_, false) => Attempt::KerberosInTls,
        },
    };
    let layer = match identity {
        Identity::Simple { user, password } => {
            let attempt = if protection == Protection::Plain {
                Attempt::PlainSimple
            } else {
                Attempt::Simple
            };
            let operation = message::simple_bind(user, password.reveal());
            let (result, _) = dialogue.ask(&operation).await?;
            accepted(user, attempt, &result)?;
            None
        }
        Identity::Certificate => {
            external(&mut dialogue).await?;
            None
        }
        Identity::Kerberos(ticket) => {
            let host = host_name(&mut dialogue, server).await?;
            let password = match ticket {
                Ticket::Cache => None,
                Ticket::Password {
                    principal,
                    password,
                } => Some((principal.as_str(), password.reveal())),
            };
            kerberos(&mut dialogue, &host, goal, password).await?
        }
        Identity::Ntlm { user, password } => {
            ntlm(&mut dialogue, goal, user, password.reveal()).await?
        }
    };
    Ok((dialogue.into_wire(), layer))
}

/// Success, or the sentence why not.
pub(super) fn accepted(who: &str, attempt: Attempt, result: &LdapResult) -> Result<(), Failure> {
    match result.rc {
        0 => Ok(()),
        _ => Err(failure::refused(who, attempt, result)),
    }
}

/// SASL EXTERNAL without an authorization identity, checked by asking who we are: a server that took no notice of
/// the certificate would answer as for anybody. On port 636, Active Directory binds by itself in the TLS handshake
/// (MS-ADTS 5.1.1.1.2), so a refused EXTERNAL is no failure if the server then names us.
async fn external(dialogue: &mut Dialogue) -> Result<(), Failure> {
    const WHO: &str = "the client certificate";
    let operation = message::sasl_bind("EXTERNAL", None);
    let (result, _) = dialogue.ask(&operation).await?;
    let (who_am_i, name) = dialogue.ask(&message::who_am_i()).await?;
    let known = who_am_i.rc == 0 && name.is_some_and(|name| !name.is_empty());
    match (result.rc, known) {
        (_, true) => Ok(()),
        // A server without this operation: its word on the bind must do.
        (0, false) if who_am_i.rc != 0 => Ok(()),
        (0, false) => Err(Failure::new(
            "the server took no notice of the client certificate and treats this connection as anonymous; \
             does it trust who issued the certificate, and does the certificate name an account?",
        )),
        _ => Err(failure::refused(WHO, Attempt::Certificate, &result)),
    }
}

/// The server's DNS host name, which its Kerberos service is named after. A server known by its address is asked.
async fn host_name(dialogue: &mut Dialogue, server: &Server) -> Result<String, Failure> {
    let given = server.host();
    if given.parse::<IpAddr>().is_err() {
        return Ok(given.trim_end_matches('.').to_owned());
    }
    dialogue
        .root_dse("dnsHostName")
        .await?
        .filter(|name| is_host_name(name))
        .ok_or_else(|| {
            Failure::new(format!(
                "{given} does not tell its host name, which Kerberos needs; give it with --server"
            ))
        })
}

/// Letters that mean something in a principal's name do not come from a server.
fn is_host_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(plain)
}

#[cfg(feature = "kerberos")]
async fn kerberos(
    dialogue: &mut Dialogue,
    host: &str,
    goal: Goal<'_>,
    password: Option<(&str, &str)>,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    super::kerberos::bind(dialogue, host, goal, password).await
}

#[cfg(not(feature = "kerberos"))]
async fn kerberos(
    _: &mut Dialogue,
    _: &str,
    _: Goal<'_>,
    _: Option<(&str, &str)>,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    Err(Failure::new(NO_KERBEROS))
}

#[cfg(feature = "ntlm")]
async fn ntlm(
    dialogue: &mut Dialogue,
    goal: Goal<'_>,
    user: &str,
    password: &str,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    super::ntlm::bind(dialogue, goal, user, password).await
}

#[cfg(not(feature = "ntlm"))]
async fn ntlm(
    _: &mut Dialogue,
    _: Goal<'_>,
    _: &str,
    _: &str,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    Err(Failure::new(NO_NTLM))
}
