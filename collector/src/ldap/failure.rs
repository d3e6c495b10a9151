//! What a server or a connection said, as a sentence that tells what to do next.
//!
//! Owns the translation of LDAP result codes and of the numbers that Active Directory hides in its texts.

use std::fmt;

use ldap3::{LdapError, LdapResult};

/// Why no collection took place.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Connecting to `address` failed.
pub(super) fn connecting(address: &str, error: &LdapError) -> Failure {
    let cause = innermost(error);
    // BadSignature: an authority of the same name but with another key, as after a renewal.
    let sentence = if cause.contains("UnknownIssuer") || cause.contains("BadSignature") {
        format!(
            "the certificate of {address} is not signed by a trusted authority; \
             give the authority's certificate with --ca-file"
        )
    } else if cause.contains("NotValidForName") {
        format!(
            "the certificate of {address} is for another name ({cause}); \
             give --server the name that is in the certificate"
        )
    } else if cause.contains("invalid peer certificate") {
        format!("the certificate of {address} was refused: {cause}")
    } else if matches!(error, LdapError::Timeout { .. }) {
        format!(
            "{address} did not answer in time; is it a domain controller, and is port 636 open?"
        )
    } else if cause.contains("lookup")
        || cause.contains("resolve")
        || cause.contains("Name or service")
    {
        format!(
            "the name in {address} cannot be resolved; check it, or give the address of the server"
        )
    } else {
        format!(
            "{address} cannot be reached: {cause}; is it a domain controller that offers LDAPS?"
        )
    };
    Failure(sentence)
}

/// A bind was refused.
pub(super) fn binding(user: &str, result: &LdapResult) -> Failure {
    let sentence = match result.rc {
        49 => {
            let why =
                ad_logon_error(&result.text).unwrap_or("the user name or the password is wrong");
            format!("the server refused {user}: {why}")
        }
        8 => format!(
            "the server refuses this kind of bind for {user} (strongerAuthRequired): {}",
            result.text
        ),
        10 => format!(
            "the server refers to another one ({}); give that one with --server",
            result.refs.join(", ")
        ),
        _ => format!("the server refused {user}: {}", describe(result)),
    };
    Failure(sentence)
}

/// A result code and text in one line.
pub(super) fn describe(result: &LdapResult) -> String {
    let text = result.text.trim_end_matches('\0').trim();
    let mut sentence = format!("{} ({})", code_name(result.rc), result.rc);
    if result.rc == 4 {
        sentence.push_str(", the server's limit on a search");
    }
    if !result.refs.is_empty() {
        sentence.push_str(&format!(", it refers to {}", result.refs.join(", ")));
    }
    if !text.is_empty() {
        sentence.push_str(": ");
        sentence.push_str(text);
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
        LdapError::Io { source } => source.to_string(),
        other => {
            let mut last: &dyn std::error::Error = other;
            while let Some(inner) = last.source() {
                last = inner;
            }
            last.to_string()
        }
    }
}

/// `data 52e` in the text of an invalidCredentials result (MS-ADTS 3.1.1.3.1.9 and the Win32 error codes).
fn ad_logon_error(text: &str) -> Option<&'static str> {
    if text.contains("80090346") {
        return Some(
            "channel binding failed; something stands between this machine and the server",
        );
    }
    let data = text.split("data ").nth(1)?;
    let code: String = data.chars().take_while(char::is_ascii_hexdigit).collect();
    Some(match code.to_ascii_lowercase().as_str() {
        "525" => "there is no such user",
        "52e" => "the user name or the password is wrong",
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

fn code_name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        32 => "noSuchObject",
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
    }
}
