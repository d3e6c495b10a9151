//! What a server or a connection said, as a sentence that tells what to do next.
//!
//! Owns the translation of LDAP result codes, of the numbers that Active Directory hides in its texts, and of what
//! TLS and Kerberos report.

use std::fmt;
use std::io;

use ldap3::{LdapError, LdapResult};

/// Why no collection took place.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    refused: bool,
}

impl Failure {
    /// Whatever a server's part in `sentence` is, it does not steer the terminal ([`printable`]).
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: printable(&sentence.into()),
            refused: false,
        }
    }

    /// The account was refused. Asking again with the same password, here or of another server, may lock it out.
    fn final_word(mut self) -> Self {
        self.refused = true;
        self
    }

    /// True if the account was refused: nothing is to be tried again.
    pub(crate) fn is_final(&self) -> bool {
        self.refused
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

/// The longest text of a server that is shown, in characters.
const TEXT_LIMIT: usize = 1000;

/// Text that neither steers a terminal nor changes the order in which the rest is read: white space becomes a space,
/// control characters and those with the property Bidi_Control (UAX #9, section 2) are left out.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !steers(*c))
        .collect()
}

/// A server's text, as it may be shown.
fn quoted(text: &str) -> String {
    let text: String = text.chars().take(TEXT_LIMIT).collect();
    printable(&text).trim().to_owned()
}

/// The addresses of other servers, as they may be shown.
fn referrals(result: &LdapResult) -> String {
    quoted(&result.refs.join(", "))
}

/// A bind was refused with a code that has no advice of its own for how it was tried.
fn binding(user: &str, attempt: Attempt, result: &LdapResult) -> Failure {
    let sentence = match result.rc {
        49 => {
            let why = ad_logon_error(&result.text).unwrap_or(WRONG);
            let advice = if attempt.knows_domains()
                && [WRONG, UNKNOWN].contains(&why)
                && !user.contains(['\\', '@', '='])
            {
                "; write DOMAIN\\user or user@domain"
            } else {
                ""
            };
            format!("the server refused {user}: {why}{advice}")
        }
        10 => format!(
            "the server refers to another one ({}); give that one with --server",
            referrals(result)
        ),
        _ => format!("the server refused {user}: {}", describe(result)),
    };
    let failure = Failure::new(sentence);
    if result.rc == 49 {
        return failure.final_word();
    }
    failure
}

/// How a bind was tried, as far as it matters for saying why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Name and password with nothing around them.
    PlainSimple,
    /// Name and password inside TLS.
    Simple,
    /// Kerberos inside TLS, without a layer of its own.
    KerberosInTls,
    /// Kerberos that seals.
    KerberosSealed,
    /// NTLM inside TLS, without a layer of its own.
    NtlmInTls,
    /// NTLM that seals.
    NtlmSealed,
    /// The certificate that was shown in TLS.
    Certificate,
}

impl Attempt {
    /// True if the user's name may be `DOMAIN\user` or `user@domain`.
    fn knows_domains(self) -> bool {
        match self {
            Self::PlainSimple | Self::Simple | Self::NtlmInTls | Self::NtlmSealed => true,
            Self::KerberosInTls | Self::KerberosSealed | Self::Certificate => false,
        }
    }
}

/// A bind was refused. `who` is the user as given.
pub(crate) fn refused(who: &str, attempt: Attempt, result: &LdapResult) -> Failure {
    let advice = match (result.rc, attempt) {
        (8, Attempt::PlainSimple) => {
            "it demands signing or encryption (the policy \"Domain controller: LDAP server signing requirements\"; \
             in Samba `ldap server require strong auth`); use LDAPS or --transport starttls, or \
             --transport sealed with Kerberos"
        }
        (8, Attempt::KerberosInTls | Attempt::NtlmInTls) => {
            "it demands a bind that seals by itself, even inside TLS (Samba with `ldap server require strong auth = yes`); \
             use --transport sealed, or a user and password over LDAPS"
        }
        (8, _) => {
            "it demands a stronger bind; use LDAPS or --transport starttls, or --transport sealed with Kerberos"
        }
        (7, _) => {
            "it does not offer this kind of bind; try Kerberos, or a user and password over LDAPS"
        }
        (49, Attempt::Certificate) => {
            "it maps the certificate to no account, or does not trust who issued it"
        }
        (48, _) => "it does not accept this kind of bind from this account",
        _ => return binding(who, attempt, result),
    };
    Failure::new(format!(
        "the server refused {who}: {advice} ({}: {})",
        code_name(result.rc),
        quoted(&result.text)
    ))
    .final_word()
}

/// No address belongs to `name`.
pub(crate) fn unresolved(name: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "the name {name} cannot be resolved ({error}); check it, or give the address of the server"
    ))
}

/// No connection to `address`, which is HOST:PORT.
pub(crate) fn unreachable(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::new(format!(
            "{address} did not answer in time; is it a domain controller, and is the port open?"
        )),
        _ => Failure::new(format!(
            "{address} cannot be reached: {error}; is it a domain controller that offers this port?"
        )),
    }
}

/// `address` took longer than it may.
pub(crate) fn silent(address: &str) -> Failure {
    Failure::new(format!(
        "{address} was connected but did not answer in time; does this port speak what was asked \
         (636 TLS, 389 none or StartTLS)?"
    ))
}

/// What came from `address` is no LDAP.
pub(crate) fn nonsense(address: &str) -> Failure {
    Failure::new(format!(
        "{address} answered something else than asked; it does not speak LDAP, or not with this --transport"
    ))
}

/// The server ended the connection with a notice (RFC 4511, section 4.4.1).
pub(crate) fn dismissed(address: &str, result: &LdapResult) -> Failure {
    Failure::new(format!(
        "{address} ended the connection: {}",
        describe(result)
    ))
}

/// The connection to `address` broke before the bind was done.
pub(crate) fn broken(address: &str, error: &io::Error) -> Failure {
    if tls_error(error).is_some() {
        return handshake(address, None, error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Failure::new(format!(
            "{address} closed the connection before the bind was done"
        )),
        _ => Failure::new(format!("the connection to {address} broke: {error}")),
    }
}

/// The port on which LDAP begins without TLS.
const CLEAR_PORT: u16 = 389;

/// TLS with `address` failed. `ldaps` is the port if TLS was to begin with the first byte.
pub(crate) fn handshake(address: &str, ldaps: Option<u16>, error: &io::Error) -> Failure {
    use rustls::CertificateError as Bad;
    use rustls::Error as Tls;
    let not_tls = |port: u16| {
        format!(
            "{address}: port {port} does not begin with TLS; use --transport starttls, or port 636"
        )
    };
    let Some(cause) = tls_error(error) else {
        return match error.kind() {
            // Domain controllers say nothing to what is no LDAP.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
                if ldaps == Some(CLEAR_PORT) =>
            {
                Failure::new(not_tls(CLEAR_PORT))
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Failure::new(format!(
                "{address} closed the connection instead of answering TLS; has it a certificate for LDAPS? \
                 --transport sealed with Kerberos needs none"
            )),
            _ => Failure::new(format!("TLS with {address} failed: {error}")),
        };
    };
    let sentence = match cause {
        // BadSignature: an authority of the same name but with another key, as after a renewal.
        Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => format!(
            "the certificate of {address} is not signed by a trusted authority; \
             give the authority's certificate with --ca-file"
        ),
        Tls::InvalidCertificate(
            bad @ (Bad::NotValidForName | Bad::NotValidForNameContext { .. }),
        ) => {
            format!(
                "the certificate of {address} is for another name ({bad}); \
                 give --server the name that is in the certificate"
            )
        }
        Tls::InvalidCertificate(bad) => {
            format!("the certificate of {address} was refused: {bad}")
        }
        Tls::InvalidMessage(_) => match ldaps {
            Some(636) => format!(
                "{address} does not begin with TLS, though 636 is the port for it; is it a domain controller?"
            ),
            Some(port) => not_tls(port),
            None => format!("{address} agreed to StartTLS but does not speak TLS"),
        },
        Tls::AlertReceived(alert) => format!(
            "{address} ended TLS ({alert:?}); it may want another client certificate, or speaks only TLS older than 1.2"
        ),
        Tls::PeerIncompatible(why) => format!(
            "{address} and this program have no TLS in common ({why:?}); TLS 1.2 or newer is needed"
        ),
        Tls::General(why) => format!("the certificate of {address} was refused: {why}"),
        other => format!("TLS with {address} failed: {other}"),
    };
    Failure::new(sentence)
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Kerberos failed for the service `service` (`ldap/HOST`); `said` is what the library says (MIT krb5's texts).
#[cfg(any(test, feature = "kerberos"))]
pub(crate) fn kerberos(service: &str, said: &str) -> Failure {
    let said = said.trim();
    let knows = |text: &str| said.contains(text);
    let advice = if knows("Clock skew") {
        "the clocks of this machine and the domain controller differ by more than five minutes; set this machine's clock"
    } else if knows("Ticket expired")
        || knows("credentials have expired")
        || knows("Credentials expired")
    {
        "the ticket has expired; get a new one with kinit"
    } else if knows("Password has expired") {
        "the password has expired"
    } else if knows("Preauthentication failed")
        || knows("Password incorrect")
        || knows("Decrypt integrity check failed")
    {
        "the password or the key is wrong"
    } else if knows("have been revoked") {
        "the account is disabled, expired or locked out"
    } else if knows("Client") && knows("not found in Kerberos database") {
        "the domain knows no such principal; give NAME@REALM with the account's logon name (sAMAccountName)"
    } else if knows("not found in Kerberos database") {
        "the domain knows no such service; give --server the host name of the domain controller, not an alias or address"
    } else if knows("Cannot find KDC") || knows("Cannot contact any KDC") || knows("Cannot resolve")
    {
        "no domain controller answers for the realm; check the realm (usually the domain in capitals), DNS and krb5.conf"
    } else if knows("KDC reply did not match") || knows("not in the realm") || knows("Realm") {
        "the realm is wrong; it is usually the domain in capitals"
    } else if knows("No Kerberos credentials available")
        || knows("No credentials cache")
        || knows("o credentials were supplied")
        || knows("Matching credential not found")
    {
        "there is no ticket; get one with kinit, or use a keytab or a password"
    } else if knows("no support for encryption type") || knows("encryption type") {
        "the domain controller and this machine have no encryption type in common; see permitted_enctypes in krb5.conf"
    } else {
        return Failure::new(format!("Kerberos failed for {service}: {said}"));
    };
    let failure = Failure::new(format!("Kerberos failed for {service}: {advice} ({said})"));
    let refused = ["the password", "the account"];
    if refused.iter().any(|begins| advice.starts_with(begins)) {
        return failure.final_word();
    }
    failure
}

/// A result code and text in one line.
pub(crate) fn describe(result: &LdapResult) -> String {
    let text = quoted(&result.text);
    let mut sentence = format!("{} ({})", code_name(result.rc), result.rc);
    if result.rc == 4 {
        sentence.push_str(", the server's limit on a search");
    }
    if !result.refs.is_empty() {
        sentence.push_str(&format!(", it refers to {}", referrals(result)));
    }
    if !text.is_empty() {
        sentence.push_str(": ");
        sentence.push_str(&text);
    }
    sentence
}

/// The last cause of an error, which says most.
pub(super) fn innermost(error: &LdapError) -> String {
    match error {
        LdapError::EndOfStream | LdapError::ResultRecv { .. } | LdapError::OpSend { .. } => {
            "the connection was closed by the server".to_owned()
        }
        LdapError::Timeout { .. } => "no answer in time".to_owned(),
        LdapError::Io { source } => quoted(&source.to_string()),
        other => {
            let mut last: &dyn std::error::Error = other;
            while let Some(inner) = last.source() {
                last = inner;
            }
            quoted(&last.to_string())
        }
    }
}

/// Why a bind is refused when the server does not say more.
const WRONG: &str = "the user name or the password is wrong";

/// The name belongs to nobody.
const UNKNOWN: &str = "there is no such user";

/// `data 52e` in the text of an invalidCredentials result (MS-ADTS 3.1.1.3.1.9 and the Win32 error codes).
fn ad_logon_error(text: &str) -> Option<&'static str> {
    if text.contains("80090346") {
        return Some(
            "channel binding failed: the server sees another TLS connection than this one, so something stands \
             between (a proxy, a load balancer with its own certificate); connect to the domain controller itself",
        );
    }
    if let Some((_, meaning)) = NT_STATUS.iter().find(|(name, _)| text.contains(name)) {
        return Some(meaning);
    }
    let data = text.split("data ").nth(1)?;
    let code: String = data.chars().take_while(char::is_ascii_hexdigit).collect();
    Some(match code.to_ascii_lowercase().as_str() {
        "525" => UNKNOWN,
        "52e" => WRONG,
        "530" => "it may not log on at this time",
        "531" => "it may not log on from this machine",
        "532" => "its password has expired",
        "533" => "it is disabled",
        "701" => "it has expired",
        "773" => "its password must be changed first",
        "775" => "it is locked out",
        _ => return None,
    })
}

/// What Samba writes where Active Directory writes a number (MS-ERREF 2.3.1).
const NT_STATUS: &[(&str, &str)] = &[
    ("NT_STATUS_LOGON_FAILURE", WRONG),
    ("NT_STATUS_NO_SUCH_USER", UNKNOWN),
    ("NT_STATUS_WRONG_PASSWORD", WRONG),
    ("NT_STATUS_ACCOUNT_DISABLED", "it is disabled"),
    ("NT_STATUS_ACCOUNT_LOCKED_OUT", "it is locked out"),
    ("NT_STATUS_ACCOUNT_EXPIRED", "it has expired"),
    ("NT_STATUS_PASSWORD_EXPIRED", "its password has expired"),
    (
        "NT_STATUS_PASSWORD_MUST_CHANGE",
        "its password must be changed first",
    ),
    (
        "NT_STATUS_NTLM_BLOCKED",
        "the server does not accept NTLM; use Kerberos",
    ),
    (
        "NT_STATUS_BAD_BINDINGS",
        "channel binding failed: something stands between this machine and the server",
    ),
];

fn code_name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        32 => "noSuchObject",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        _ => "result code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logon_errors_are_translated() {
        let text = "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v4563";
        assert_eq!(ad_logon_error(text), Some("it is locked out"));
        assert_eq!(ad_logon_error("data zzz"), None);
        assert_eq!(ad_logon_error(""), None);
        let text = "8009030C: LdapErr: DSID-0C0904DC, comment: AcceptSecurityContext error, data 80090346, v1db1";
        assert!(ad_logon_error(text).is_some_and(|why| why.contains("channel binding")));
        let text = "SASL:[GSS-SPNEGO]: NT_STATUS_ACCOUNT_DISABLED";
        assert_eq!(ad_logon_error(text), Some("it is disabled"));
    }

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: Vec::new(),
        }
    }

    #[test]
    fn a_demand_for_signing_names_the_setting_and_the_way_out() {
        let text = "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking";
        let sentence = refused("CORP\\a", Attempt::PlainSimple, &result(8, text)).to_string();
        for part in [
            "signing requirements",
            "--transport sealed",
            "LDAPS",
            "CORP\\a",
            "DSID-0C090259",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
        let text = "SASL:[GSS-SPNEGO]: Sign or Seal are required.";
        let sentence = refused("a", Attempt::KerberosInTls, &result(8, text)).to_string();
        assert!(sentence.contains("even inside TLS"), "{sentence}");
        // Codes without advice of their own read as before.
        assert_eq!(
            refused("a", Attempt::Simple, &result(49, "data 775")).to_string(),
            "the server refused a: it is locked out"
        );
    }

    #[test]
    fn a_name_alone_is_not_enough_for_some_servers() {
        const ADVICE: &str = "; write DOMAIN\\user or user@domain";
        let sentence =
            |who: &str, attempt, text: &str| refused(who, attempt, &result(49, text)).to_string();
        for attempt in [
            Attempt::PlainSimple,
            Attempt::Simple,
            Attempt::NtlmInTls,
            Attempt::NtlmSealed,
        ] {
            for text in ["data 52e", "data 525", "", "NT_STATUS_LOGON_FAILURE"] {
                assert!(sentence("auditor", attempt, text).ends_with(ADVICE));
                for who in ["CORP\\auditor", "auditor@corp", "CN=auditor,DC=corp"] {
                    assert!(!sentence(who, attempt, text).contains(ADVICE));
                }
            }
            assert!(!sentence("auditor", attempt, "data 775").contains(ADVICE));
        }
        let ticket = sentence("the Kerberos ticket", Attempt::KerberosSealed, "data 52e");
        assert!(!ticket.contains(ADVICE), "{ticket}");
    }

    #[test]
    fn a_server_does_not_steer_the_terminal() {
        let text = "a\u{1b}]0;title\u{7}\r\nb\u{9b}2J\u{202e}c\u{2066}d\u{2069}\u{200f}\0";
        assert_eq!(printable(text), "a]0;title  b2Jcd");
        let mut refused_bind = result(8, text);
        refused_bind.refs = vec![format!("ldap://{text}")];
        let io = io::Error::other(text);
        let mut sentences = vec![
            describe(&refused_bind),
            innermost(&LdapError::Io { source: io }),
            kerberos("ldap/dc1", text).to_string(),
            broken("dc1", &io::Error::other(text)).to_string(),
            dismissed("dc1", &refused_bind).to_string(),
        ];
        for rc in [1, 7, 8, 10, 48, 49] {
            refused_bind.rc = rc;
            for attempt in [Attempt::PlainSimple, Attempt::Certificate] {
                sentences.push(refused("a", attempt, &refused_bind).to_string());
            }
        }
        for sentence in sentences {
            assert_eq!(printable(&sentence), sentence);
        }
        let long = describe(&result(1, &"x".repeat(1 << 20)));
        assert!(long.len() < 2 * TEXT_LIMIT, "{}", long.len());
    }

    #[test]
    fn what_kerberos_says_becomes_advice() {
        for (said, advice) in [
            (
                "Unspecified GSS failure. (Clock skew too great)",
                "set this machine's clock",
            ),
            ("x (Ticket expired)", "kinit"),
            (
                "x (No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0))",
                "there is no ticket",
            ),
            (
                "x (Server ldap/x@CORP not found in Kerberos database)",
                "no such service",
            ),
            (
                "x (Client 'a@CORP' not found in Kerberos database)",
                "no such principal",
            ),
            ("x (Cannot find KDC for realm \"NOPE\")", "realm"),
            ("x (Client's credentials have been revoked)", "locked out"),
            ("x (Preauthentication failed)", "password"),
        ] {
            let sentence = kerberos("ldap/dc1", said).to_string();
            assert!(
                sentence.contains(advice) && sentence.contains(said),
                "{sentence}"
            );
        }
        assert!(kerberos("ldap/dc1", "odd").to_string().ends_with("odd"));
    }

    #[test]
    fn what_tls_says_becomes_advice() {
        let error = |cause: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, cause);
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let sentence = handshake("dc1:636", Some(636), &error(unknown)).to_string();
        assert!(sentence.contains("--ca-file"), "{sentence}");
        let closed = io::Error::from(io::ErrorKind::UnexpectedEof);
        let sentence = handshake("dc1:636", Some(636), &closed).to_string();
        assert!(sentence.contains("--transport sealed"), "{sentence}");
        let clear = "port 389 does not begin with TLS; use --transport starttls, or port 636";
        let sentence = handshake("dc1:389", Some(389), &closed).to_string();
        assert!(sentence.ends_with(clear), "{sentence}");
        let foreign = || rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let sentence = handshake("dc1:389", Some(389), &error(foreign())).to_string();
        assert!(sentence.ends_with(clear), "{sentence}");
        for port in [Some(636), None] {
            let sentence = handshake("dc1:636", port, &error(foreign())).to_string();
            assert!(!sentence.contains("or port 636"), "{sentence}");
        }
    }
}
