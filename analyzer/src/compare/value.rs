//! Values of attributes as people read them: times as times, spans as spans, flags as flags.
//!
//! Different values have different words, so that words can be compared, and applied, like values. Owns which attribute is
//! what. Deliberately does not compare.

use coldcase_schemas::attribute::{Attribute, Syntax};
use coldcase_schemas::diff::ValueKind;
use coldcase_winsec::{Guid, Sid};
use rusqlite::types::ValueRef;

use super::flags;

/// FILETIME attributes: 100-ns ticks since 1601; 0 and 2^63-1 are no time.
const TIMES: &[&str] = &[
    "pwdLastSet",
    "lastLogon",
    "lastLogonTimestamp",
    "accountExpires",
    "msKds-CreateTime",
    "msKds-UseStartTime",
];

/// Spans in negative 100-ns ticks (MS-ADTS 3.1.1.5, MS-SAMR 2.2.3.7).
const SPANS: &[&str] = &[
    "maxPwdAge",
    "minPwdAge",
    "lockoutDuration",
    "msDS-MaximumPasswordAge",
    "msDS-MinimumPasswordAge",
    "msDS-LockoutDuration",
];

/// Octet strings that are SIDs, and those that are GUIDs.
const SIDS: &[&str] = &["objectSid", "securityIdentifier", "sIDHistory"];
const GUIDS: &[&str] = &["objectGUID", "schemaIDGUID", "attributeSecurityGUID"];

const TICKS_PER_SECOND: i64 = 10_000_000;
/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 11_644_473_600;

/// How the values of an attribute are written.
pub(super) fn kind_of(attribute: &Attribute) -> ValueKind {
    let name = &attribute.name;
    match attribute.syntax {
        Syntax::Time => ValueKind::Time,
        Syntax::Integer if TIMES.contains(name) => ValueKind::Time,
        Syntax::Integer if SPANS.contains(name) => ValueKind::Span,
        Syntax::Integer if flags::names(name, 0).is_some() => ValueKind::Flags,
        Syntax::Integer => ValueKind::Number,
        Syntax::Dn => ValueKind::Dn,
        Syntax::Bytes | Syntax::BytesList if SIDS.contains(name) || GUIDS.contains(name) => {
            ValueKind::Identifier
        }
        Syntax::Bytes | Syntax::BytesList => ValueKind::Bytes,
        Syntax::Boolean | Syntax::Text | Syntax::TextList | Syntax::SecurityDescriptor => {
            ValueKind::Text
        }
    }
}

/// The values in a column.
pub(super) fn of_column(attribute: &Attribute, cell: ValueRef<'_>) -> Vec<String> {
    match cell {
        ValueRef::Null | ValueRef::Real(_) => Vec::new(),
        ValueRef::Integer(number) => of_number(attribute, number),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            match attribute.syntax {
                Syntax::TextList => text.split('\n').map(str::to_owned).collect(),
                Syntax::Time => vec![generalized(&text)],
                _ => vec![text.into_owned()],
            }
        }
        ValueRef::Blob(bytes) => vec![of_bytes(attribute, bytes)],
    }
}

/// A value that is kept raw.
pub(super) fn of_bytes(attribute: &Attribute, bytes: &[u8]) -> String {
    let sid = || Sid::parse(bytes).ok().map(|sid| sid.to_string());
    let guid = || Guid::from_bytes(bytes).map(|guid| guid.to_string());
    let text = || {
        let text = std::str::from_utf8(bytes).ok()?;
        // Octets that happen to be text would otherwise read like what stands for others.
        (!text.starts_with("0x") && !text.contains('\u{fffd}')).then(|| text.to_owned())
    };
    let known = match attribute.name {
        name if SIDS.contains(&name) => sid(),
        name if GUIDS.contains(&name) => guid(),
        _ => None,
    };
    known.or_else(text).unwrap_or_else(|| hexadecimal(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

fn of_number(attribute: &Attribute, number: i64) -> Vec<String> {
    let name = attribute.name;
    if attribute.syntax == Syntax::Boolean {
        return vec![if number == 0 { "FALSE" } else { "TRUE" }.to_owned()];
    }
    if let Some(names) = flags::names(name, number) {
        return if names.is_empty() {
            vec!["0".to_owned()]
        } else {
            names
        };
    }
    vec![match name {
        _ if TIMES.contains(&name) => time(number),
        _ if SPANS.contains(&name) => span(number),
        _ => number.to_string(),
    }]
}

/// FILETIME ticks as RFC 3339 UTC, with as many digits as they have.
pub(super) fn time(ticks: i64) -> String {
    match ticks {
        0 => "never (0)".to_owned(),
        i64::MAX => "never".to_owned(),
        _ => {
            let seconds = ticks.div_euclid(TICKS_PER_SECOND) - UNIX_EPOCH;
            let nanoseconds = i32::try_from(ticks.rem_euclid(TICKS_PER_SECOND) * 100);
            let time = nanoseconds
                .ok()
                .and_then(|rest| jiff::Timestamp::new(seconds, rest).ok());
            time.map_or_else(|| format!("{ticks} ticks"), |time| time.to_string())
        }
    }
}

/// GeneralizedTime (`YYYYMMDDHHMMSS.0Z`) as RFC 3339 UTC; what is not of this form stays as it is.
fn generalized(text: &str) -> String {
    let parts = || {
        let digits = text.strip_suffix(".0Z")?;
        let all = digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let part = |from: usize, to: usize| digits.get(from..to);
        all.then_some(())?;
        Some(format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(0, 4)?,
            part(4, 6)?,
            part(6, 8)?,
            part(8, 10)?,
            part(10, 12)?,
            part(12, 14)?
        ))
    };
    parts().unwrap_or_else(|| text.to_owned())
}

/// Negative ticks as days, hours, minutes and seconds.
fn span(ticks: i64) -> String {
    if ticks == i64::MIN {
        return "for ever".to_owned();
    }
    let whole = ticks <= 0 && ticks % TICKS_PER_SECOND == 0;
    if !whole {
        return format!("{ticks} ticks");
    }
    let seconds = -(ticks / TICKS_PER_SECOND);
    let units = [
        (seconds / 86_400, "days"),
        (seconds / 3_600 % 24, "hours"),
        (seconds / 60 % 60, "minutes"),
        (seconds % 60, "seconds"),
    ];
    let words: Vec<String> = units
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| {
            let unit = if *count == 1 {
                unit.trim_end_matches('s')
            } else {
                unit
            };
            format!("{count} {unit}")
        })
        .collect();
    if words.is_empty() {
        "0".to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_schemas::attribute;

    fn words(name: &str, cell: ValueRef<'_>) -> Vec<String> {
        of_column(attribute::find(name).unwrap().1, cell)
    }

    #[test]
    fn values_read_as_what_they_are() {
        let one = |name, number| words(name, ValueRef::Integer(number)).join(" ");
        assert_eq!(
            one("pwdLastSet", 132_827_825_220_000_000),
            "2021-11-30T21:48:42Z"
        );
        assert_eq!(
            one("pwdLastSet", 132_827_825_220_000_001),
            "2021-11-30T21:48:42.0000001Z"
        );
        assert_eq!(one("accountExpires", i64::MAX), "never");
        assert_eq!(one("accountExpires", 0), "never (0)");
        assert_eq!(one("maxPwdAge", -36_288_000_000_000), "42 days");
        assert_eq!(
            one("lockoutDuration", -18_000_000_001),
            "-18000000001 ticks"
        );
        assert_eq!(one("maxPwdAge", i64::MIN), "for ever");
        assert_eq!(one("adminCount", 1), "1");
        assert_eq!(one("isCriticalSystemObject", 1), "TRUE");
        assert_eq!(
            words("whenCreated", ValueRef::Text(b"20211130214842.0Z")),
            ["2021-11-30T21:48:42Z"]
        );
        assert_eq!(
            words("servicePrincipalName", ValueRef::Text(b"HTTP/a\nHTTP/b")),
            ["HTTP/a", "HTTP/b"]
        );
        assert_eq!(
            words(
                "objectSid",
                ValueRef::Blob(&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0])
            ),
            ["S-1-5-18"]
        );
        assert_eq!(
            words("msDS-ManagedPasswordId", ValueRef::Blob(&[1, 0xff])),
            ["0x01ff"]
        );
    }

    #[test]
    fn odd_values_differ_from_each_other() {
        let key = attribute::find("msDS-KeyCredentialLink").unwrap().1;
        assert_eq!(of_bytes(key, b"0x41"), "0x30783431");
        assert_eq!(of_bytes(key, b"A"), "A");
        assert_ne!(of_bytes(key, &[0xff]), of_bytes(key, "\u{fffd}".as_bytes()));
    }
}
