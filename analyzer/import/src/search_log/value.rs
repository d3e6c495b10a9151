//! From what a search log prints of a value back to LDAP wire values.
//!
//! Owns which attributes are printed how. Deliberately gives nothing where a log is known to lose bytes or boundaries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldcase_schemas::attribute::{self, Syntax};
use coldcase_winsec::SecurityDescriptor;

use crate::wire;

/// How an attribute is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Printed {
    /// SIDs as text, joined by `, `.
    Sids,
    /// A GUID as text, or base64.
    Guid,
    /// A security descriptor in base64.
    Descriptor,
    /// DNs, or DNs with binary, joined by `, `.
    Dns,
    /// Texts that hold no `, `, joined by it.
    Texts,
    /// `True` or `TRUE`.
    Boolean,
    /// A decimal.
    Number,
    /// `YYYYMMDDHHMMSS.0Z`, of several the first.
    Time,
    /// Text as it is; the boundaries between several are lost.
    Text,
    /// Not understood: binary that is cut at its first NUL, or dropped.
    Lost,
}

/// Lists whose values hold no `, `: names of classes and attributes, service principal names, host names, GUIDs.
const TEXTS: &[&str] = &[
    "objectClass",
    "servicePrincipalName",
    "msDS-AllowedToDelegateTo",
    "msDS-AdditionalDnsHostName",
    "dnsRoot",
    "possSuperiors",
    "systemPossSuperiors",
    "auxiliaryClass",
    "systemAuxiliaryClass",
    "appliesTo",
    "mayContain",
    "mustContain",
    "systemMayContain",
    "systemMustContain",
];

/// DNs with binary (MS-ADTS 3.1.1.2.2.2.3).
const DN_BINARY: &[&str] = &[
    "wellKnownObjects",
    "otherWellKnownObjects",
    "msDS-KeyCredentialLink",
];

impl Printed {
    /// Of an attribute.
    pub(super) fn of(name: &str) -> Self {
        let among = |names: &[&str]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        if among(&["objectSid", "securityIdentifier"]) {
            return Self::Sids;
        }
        if among(&["objectGUID", "schemaIDGUID", "attributeSecurityGUID"]) {
            return Self::Guid;
        }
        if among(TEXTS) {
            return Self::Texts;
        }
        if among(DN_BINARY) {
            return Self::Dns;
        }
        match attribute::find(name).map(|(_, found)| found.syntax) {
            Some(Syntax::SecurityDescriptor) => Self::Descriptor,
            Some(Syntax::Dn) => Self::Dns,
            Some(Syntax::Boolean) => Self::Boolean,
            Some(Syntax::Integer) => Self::Number,
            Some(Syntax::Time) => Self::Time,
            Some(Syntax::Bytes | Syntax::BytesList) => Self::Lost,
            Some(Syntax::Text | Syntax::TextList) | None => Self::Text,
        }
    }
}

/// The wire values, or why there are none. A reason that holds for every object of the log says so with `true`.
pub(super) fn wire_values(printed: Printed, text: &str) -> Result<Vec<Vec<u8>>, (String, bool)> {
    let one = |value: Option<Vec<u8>>, what: &str| match value {
        Some(value) => Ok(vec![value]),
        None => Err((what.to_owned(), false)),
    };
    match printed {
        Printed::Sids => text
            .split(", ")
            .map(|sid| wire::sid(sid.trim()).ok_or_else(|| ("it is no SID".to_owned(), false)))
            .collect(),
        Printed::Guid => {
            let bytes = wire::guid(text.trim()).or_else(|| {
                STANDARD
                    .decode(text.trim())
                    .ok()
                    .filter(|bytes| bytes.len() == 16)
            });
            one(bytes, "it is no GUID")
        }
        Printed::Descriptor => {
            let bytes = STANDARD.decode(text.trim()).ok();
            one(
                bytes.filter(|bytes| is_whole(bytes)),
                "it is no whole security descriptor in base64",
            )
        }
        Printed::Dns => Ok(dns(text)),
        Printed::Texts => Ok(text
            .split(", ")
            .map(|part| part.as_bytes().to_vec())
            .collect()),
        Printed::Boolean => match text.trim() {
            "True" | "TRUE" | "true" => Ok(vec![wire::boolean(true)]),
            "False" | "FALSE" | "false" => Ok(vec![wire::boolean(false)]),
            _ => Err(("it is neither true nor false".to_owned(), false)),
        },
        Printed::Number => {
            let number = text.trim().parse::<i64>().ok();
            one(
                number.map(|number| number.to_string().into_bytes()),
                "it is no number as a directory writes it",
            )
        }
        Printed::Time => {
            let time = text.trim();
            let digits = time.strip_suffix(".0Z").is_some_and(|front| {
                front.len() == 14 && front.bytes().all(|byte| byte.is_ascii_digit())
            });
            one(
                digits.then(|| time.as_bytes().to_vec()),
                "it is no time as a directory writes it",
            )
        }
        Printed::Text => Ok(vec![text.as_bytes().to_vec()]),
        Printed::Lost => Err((
            "logs of this kind cut or drop its binary values; told once".to_owned(),
            true,
        )),
    }
}

/// The end of what is decoded is the end of the bytes, and nothing in it is odd.
fn is_whole(bytes: &[u8]) -> bool {
    let decoded = SecurityDescriptor::decode(bytes);
    decoded.defects.is_empty() && decoded.value.owner.is_some()
}

/// Split at `, ` that no backslash precedes: in a DN a comma is escaped.
fn dns(text: &str) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(", ") {
        let escaped = text.get(..at).is_some_and(|before| {
            before
                .bytes()
                .rev()
                .take_while(|byte| *byte == b'\\')
                .count()
                % 2
                == 1
        });
        if !escaped {
            values.extend(text.get(start..at).map(|value| value.as_bytes().to_vec()));
            start = at + 2;
        }
    }
    values.extend(text.get(start..).map(|value| value.as_bytes().to_vec()));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(name: &str, text: &str) -> Result<Vec<String>, bool> {
        let values = wire_values(Printed::of(name), text).map_err(|(_, always)| always)?;
        Ok(values
            .iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect())
    }

    fn texts(texts: &[&str]) -> Result<Vec<String>, bool> {
        Ok(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn lists_are_split_where_that_is_safe() {
        assert_eq!(
            turned("objectClass", "top, person"),
            texts(&["top", "person"])
        );
        assert_eq!(
            turned("member", r"CN=Doe\, Ann,DC=b, CN=c,DC=b"),
            texts(&[r"CN=Doe\, Ann,DC=b", "CN=c,DC=b"])
        );
        assert_eq!(
            turned("wellKnownObjects", "B:2:00:CN=a, B:2:01:CN=b"),
            texts(&["B:2:00:CN=a", "B:2:01:CN=b"])
        );
        assert_eq!(turned("description", "one, two"), texts(&["one, two"]));
    }

    #[test]
    fn values_are_what_the_directory_holds_or_nothing() {
        assert_eq!(turned("isCriticalSystemObject", "True"), texts(&["TRUE"]));
        assert_eq!(turned("groupType", "-2147483646"), texts(&["-2147483646"]));
        assert_eq!(turned("pwdLastSet", "2021-06-30 00:54:47"), Err(false));
        assert_eq!(
            turned("whenCreated", "20210826175542.0Z"),
            texts(&["20210826175542.0Z"])
        );
        assert_eq!(turned("whenCreated", "2021-08-26 17:55:42"), Err(false));
        assert_eq!(turned("msDS-ManagedPasswordId", "\u{1}"), Err(true));
        assert_eq!(turned("sIDHistory", "x"), Err(true));
        assert_eq!(turned("msDS-GroupMSAMembership", "\u{1}"), Err(false));
        assert_eq!(turned("nTSecurityDescriptor", "AQAEgA=="), Err(false));
        assert_eq!(turned("objectSid", "S-1-5-x"), Err(false));
    }
}
