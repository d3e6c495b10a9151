//! SASL GSSAPI (RFC 4752) with the Kerberos library of the system, and its confidentiality layer.
//!
//! Inside TLS there is no layer, as Active Directory demands (MS-ADTS 5.1.2.2), but the channel binding of that TLS.
//! Without TLS the layer must seal; a server that does not offer it is refused.

use std::io;

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_KRB5_PRINCIPAL, OidSet};

use super::bind::{Goal, IN_PROGRESS, accepted};
use super::dialogue::Dialogue;
use super::message;
use super::pump::SecurityLayer;
use crate::ldap::failure::{self, Failure};

const MECHANISM: &str = "GSSAPI";

/// The layers of RFC 4752, section 3.1, as bits.
const NO_LAYER: u8 = 1;
const CONFIDENTIALITY: u8 = 4;

/// Octets that sealing may add: 60 for AES (RFC 4121, section 4.2.4; RFC 3962), less for RC4; the rest is caution.
const OVERHEAD: usize = 512;

/// The most octets sealed at once, whatever the server could take.
const LARGEST: usize = 64 * 1024;

/// The largest sealed buffer we ask the server to send, in octets: enough for any page to fill, small enough that
/// memory is not a matter. A server that sends larger ones is read up to [`super::frame::LARGEST`].
const WELCOME: u32 = 1 << 20;

/// Tokens of one context establishment after which the server is no longer believed.
const ROUNDS: usize = 8;

/// Binds to the service of `host` with the ticket cache, or with a principal and its password. Returns the layer if
/// one was wanted.
pub(super) async fn bind(
    dialogue: &mut Dialogue,
    host: &str,
    goal: Goal<'_>,
    password: Option<(&str, &str)>,
) -> Result<Option<Box<dyn SecurityLayer>>, Failure> {
    if let Some((principal, _)) = password
        && principal.contains('\\')
    {
        return Err(Failure::new(format!(
            "{principal} is no Kerberos principal; write NAME@DOMAIN with the domain's DNS name"
        )));
    }
    let service = format!("ldap/{host}");
    let said = |error: Error| failure::kerberos(&service, &error.to_string());
    let mut context = context(&service, goal, password).map_err(said)?;
    let who = password.map_or("the Kerberos ticket", |(principal, _)| principal);

    // First the context (RFC 4752, section 3.1): tokens to and fro until both sides have it.
    let mut token = context.step(None, goal.binding).map_err(said)?;
    let mut offer = None;
    for _ in 0..ROUNDS {
        let operation = message::sasl_bind(MECHANISM, token.as_deref());
        let (result, credentials) = dialogue.ask(&operation).await?;
        if result.rc != IN_PROGRESS {
            accepted(who, goal.attempt, &result)?;
            return Err(unfinished(&service));
        }
        if context.is_complete() {
            offer = credentials;
            break;
        }
        token = context
            .step(credentials.as_deref(), goal.binding)
            .map_err(said)?;
        if token.is_none() && !context.is_complete() {
            break;
        }
    }
    let offer = offer.ok_or_else(|| unfinished(&service))?;

    // Then the layer: the server offers, we choose.
    let offer = context.unwrap(&offer).map_err(said)?;
    let (chosen, server_limit) = choose(&offer, goal.sealed)?;
    if goal.sealed
        && !context
            .flags()
            .map_err(said)?
            .contains(CtxFlags::GSS_C_CONF_FLAG)
    {
        return Err(failure::kerberos(&service, "the ticket's key cannot seal"));
    }
    // Without a layer the size must be 0.
    let ours = if goal.sealed { WELCOME } else { 0 };
    let choice = u32::from(chosen) << 24 | ours;
    let choice = context.wrap(false, &choice.to_be_bytes()).map_err(said)?;
    let operation = message::sasl_bind(MECHANISM, Some(&choice));
    let (result, _) = dialogue.ask(&operation).await?;
    accepted(who, goal.attempt, &result)?;
    Ok(goal.sealed.then(|| {
        Box::new(Layer {
            context,
            largest: server_limit - OVERHEAD,
        }) as Box<dyn SecurityLayer>
    }))
}

/// A context that has not begun.
fn context(
    service: &str,
    goal: Goal<'_>,
    password: Option<(&str, &str)>,
) -> Result<ClientCtx, Error> {
    let cred = match password {
        None => None,
        Some((principal, password)) => {
            let name = Name::new(canonical(principal).as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?;
            let mechanisms = OidSet::singleton(GSS_MECH_KRB5)?;
            Some(Cred::acquire_with_password(
                Some(&name),
                password,
                None,
                CredUsage::Initiate,
                Some(&mechanisms),
            )?)
        }
    };
    // An empty realm lets the client's own domain controller refer to the right one, and the name is used as it
    // is: a name of the kind "host-based service" would be sent through DNS and its reverse zone first.
    let target = Name::new(
        format!("{service}@").as_bytes(),
        Some(GSS_NT_KRB5_PRINCIPAL),
    )?;
    let mut flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_SEQUENCE_FLAG;
    if goal.sealed {
        flags |=
            CtxFlags::GSS_C_CONF_FLAG | CtxFlags::GSS_C_INTEG_FLAG | CtxFlags::GSS_C_REPLAY_FLAG;
    }
    Ok(ClientCtx::new(cred, target, flags, Some(GSS_MECH_KRB5)))
}

/// Realms of Active Directory are written in capitals, whatever the user types.
fn canonical(principal: &str) -> String {
    match principal.rsplit_once('@') {
        Some((name, realm)) => format!("{name}@{}", realm.to_uppercase()),
        None => principal.to_owned(),
    }
}

/// The layer to take of the server's offer, and the largest sealed buffer it accepts.
fn choose(offer: &[u8], sealed: bool) -> Result<(u8, usize), Failure> {
    let [layers, high, middle, low] = offer else {
        return Err(Failure::new(
            "the server's offer of security layers is malformed (RFC 4752, section 3.1)",
        ));
    };
    let wanted = if sealed { CONFIDENTIALITY } else { NO_LAYER };
    if layers & wanted == 0 {
        return Err(Failure::new(if sealed {
            "the server does not offer to seal the connection; use LDAPS or --transport starttls"
        } else {
            "the server demands a security layer of its own inside TLS; use --transport sealed"
        }));
    }
    let limit = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
    // Some servers announce no limit at all.
    let limit = if limit == 0 {
        LARGEST
    } else {
        limit.min(LARGEST)
    };
    if sealed && limit < 2 * OVERHEAD {
        return Err(Failure::new(format!(
            "the server takes sealed buffers of {limit} bytes at most, which is too little"
        )));
    }
    Ok((wanted, limit))
}

fn unfinished(service: &str) -> Failure {
    Failure::new(format!(
        "the server ended the Kerberos bind for {service} before it was done"
    ))
}

/// The confidentiality layer.
struct Layer {
    context: ClientCtx,
    largest: usize,
}

impl SecurityLayer for Layer {
    fn largest(&self) -> usize {
        self.largest
    }

    fn wrap(&mut self, clear: &[u8]) -> io::Result<Vec<u8>> {
        let sealed = self.context.wrap(true, clear).map_err(failed)?;
        Ok(sealed.to_vec())
    }

    fn unwrap(&mut self, sealed: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        if signed_only(sealed) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server stopped sealing",
            ));
        }
        let clear = self.context.unwrap(sealed).map_err(failed)?;
        Ok(clear.to_vec())
    }
}

/// A wrap token whose flag "Sealed" is not set (RFC 4121, section 4.2.6.2). Older tokens do not say so in a fixed place.
fn signed_only(token: &[u8]) -> bool {
    matches!(token, [0x05, 0x04, flags, ..] if flags & 0x02 == 0)
}

fn failed(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_offered_is_chosen() {
        assert!(choose(&[7, 0, 0x40, 0], true).is_ok_and(|chosen| chosen == (4, 0x4000)));
        assert!(choose(&[7, 0, 0, 0], false).is_ok_and(|(layer, _)| layer == 1));
        assert!(choose(&[4, 0xA0, 0, 0], true).is_ok_and(|chosen| chosen == (4, LARGEST)));
        assert!(choose(&[4, 0, 0, 0], true).is_ok_and(|chosen| chosen == (4, LARGEST)));
        for (offer, sealed) in [
            (&[3, 0, 0x40, 0][..], true),
            (&[6, 0, 0x40, 0], false),
            (&[4, 0, 0, 9], true),
            (&[4, 0, 0], true),
            (&[], true),
        ] {
            assert!(choose(offer, sealed).is_err(), "{offer:?}");
        }
    }

    #[test]
    fn realms_are_capitals() {
        assert_eq!(canonical("a@corp.example"), "a@CORP.EXAMPLE");
        assert_eq!(canonical("a"), "a");
    }

    #[test]
    fn a_token_that_is_only_signed_is_known() {
        assert!(signed_only(&[5, 4, 1, 0xFF]));
        assert!(!signed_only(&[5, 4, 3, 0xFF]));
        assert!(!signed_only(&[5]));
    }
}
