//! A field as LDAP wire values.
//!
//! Owns how each syntax is written (LdapProcessRequest of ORADAD's LDAP.cpp) and what of it cannot be turned back. Deliberately
//! quotes no value: a sentence may be about a password.

use coldcase_schemas::attribute::{Attribute, Syntax};

use super::table::text;
use crate::wire;

/// Bytes of a field at which the exporter's buffer ends (1 MiB): what is as long may have been longer.
const FULL: usize = 1 << 20;

/// What is written for the greatest FILETIME, which means never.
const NEVER: &str = "2999-12-12 23:59:59";

/// How an attribute is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One text.
    Text,
    /// Texts or DNs, a semicolon between them.
    List,
    /// A number, or the date that a FILETIME was made.
    Integer,
    Boolean,
    /// GeneralizedTime.
    Time,
    Descriptor,
    /// A SID or GUID as text, else hexadecimal.
    Bytes,
    /// The same, a semicolon between them.
    BytesList,
    /// What the writer drops and counts.
    Secret,
}

impl Kind {
    pub(super) fn of(attribute: &Attribute) -> Self {
        match attribute.syntax {
            // A semicolon in free text is the author's: accounts have one description.
            Syntax::TextList if attribute.name == "description" => Self::Text,
            Syntax::Text => Self::Text,
            Syntax::TextList | Syntax::Dn => Self::List,
            Syntax::Integer => Self::Integer,
            Syntax::Boolean => Self::Boolean,
            Syntax::Time => Self::Time,
            Syntax::SecurityDescriptor => Self::Descriptor,
            Syntax::Bytes => Self::Bytes,
            Syntax::BytesList => Self::BytesList,
        }
    }
}

/// What a field holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) values: Vec<Vec<u8>>,
    /// The field was full: there may be more.
    pub(super) cut: bool,
    /// A FILETIME, rounded down to seconds.
    pub(super) rounded: bool,
}

impl Values {
    fn one(value: Vec<u8>) -> Self {
        Self {
            values: vec![value],
            ..Self::default()
        }
    }
}

/// Reads a field that is not empty. The error is a clause for [`crate::Trouble`].
pub(super) fn read(kind: Kind, field: &[u8]) -> Result<Values, &'static str> {
    let cut = field.len() >= FULL;
    match kind {
        Kind::Text | Kind::Secret => Ok(Values {
            cut,
            ..Values::one(text(field).into_bytes())
        }),
        Kind::Integer => integer(&text(field)),
        Kind::Boolean => match text(field).as_str() {
            "1" => Ok(Values::one(wire::boolean(true))),
            "0" => Ok(Values::one(wire::boolean(false))),
            _ => Err("it is neither 0 nor 1"),
        },
        Kind::Time => {
            let [date, time] = date(&text(field)).ok_or("it is no date and time")?;
            Ok(Values::one(wire::generalized_time(date, time)))
        }
        Kind::Descriptor if cut => Err("the descriptor is longer than the exporter writes"),
        Kind::Descriptor => {
            let bytes = hex(field).ok_or("the descriptor is not written in hexadecimal")?;
            Ok(Values::one(bytes))
        }
        Kind::Bytes if cut => Err("the value is longer than the exporter writes"),
        Kind::Bytes => Ok(Values::one(bytes(field)?)),
        Kind::List => {
            let text = text(field);
            let values = pieces(&text).map(|piece| piece.as_bytes().to_vec());
            Ok(whole(values.collect(), cut))
        }
        Kind::BytesList => {
            let text = text(field);
            let mut pieces: Vec<&str> = pieces(&text).collect();
            if cut {
                pieces.pop();
            }
            let values: Result<Vec<_>, _> = pieces.into_iter().map(piece_bytes).collect();
            Ok(Values {
                values: values?,
                cut,
                rounded: false,
            })
        }
    }
}

/// The last value of a field that was full may be the beginning of one.
fn whole(mut values: Vec<Vec<u8>>, cut: bool) -> Values {
    if cut {
        values.pop();
    }
    Values {
        values,
        cut,
        rounded: false,
    }
}

/// Parts between semicolons that no backslash escapes (RFC 4514, section 2.4); empty ones are left out.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |character| {
        let ends = character == ';' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })
    .filter(|piece| !piece.is_empty())
}

fn integer(text: &str) -> Result<Values, &'static str> {
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Values::one(number.to_string().into_bytes()));
    }
    if text == NEVER {
        return Ok(Values::one(i64::MAX.to_string().into_bytes()));
    }
    let [date, time] = date(text).ok_or("it is neither a number nor a date")?;
    let ticks = civil_seconds(date, time)
        .and_then(wire::filetime_of_unix)
        .ok_or("the date is out of range")?;
    Ok(Values {
        rounded: true,
        ..Values::one(ticks.to_string().into_bytes())
    })
}

fn civil_seconds(date: [i16; 3], time: [i16; 3]) -> Option<i64> {
    let [year, month, day] = date;
    let [hour, minute, second] = time.map(|part| i8::try_from(part).ok());
    let moment = jiff::civil::DateTime::new(
        year,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        hour?,
        minute?,
        second?,
        0,
    );
    let moment = moment.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}

/// `YYYY-MM-DD hh:mm:ss`, UTC.
fn date(text: &str) -> Option<[[i16; 3]; 2]> {
    let bytes = text.as_bytes();
    if bytes.len() != NEVER.len() {
        return None;
    }
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')] {
        if bytes.get(at) != Some(&mark) {
            return None;
        }
    }
    let part = |from: usize, to: usize| -> Option<i16> {
        let digits = bytes.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let date = [part(0, 4)?, part(5, 7)?, part(8, 10)?];
    let time = [part(11, 13)?, part(14, 16)?, part(17, 19)?];
    civil_seconds(date, time).map(|_| [date, time])
}

fn bytes(field: &[u8]) -> Result<Vec<u8>, &'static str> {
    match hex(field) {
        Some(bytes) => Ok(bytes),
        None => piece_bytes(&text(field)),
    }
}

const UNREADABLE: &str = "it is neither a SID, a GUID nor hexadecimal";

fn piece_bytes(piece: &str) -> Result<Vec<u8>, &'static str> {
    if piece.starts_with("S-") {
        return wire::sid(piece).ok_or(UNREADABLE);
    }
    // DN with binary: bytes in hexadecimal are the text itself, or else it was written as text.
    if piece.starts_with("B:") {
        return Ok(piece.as_bytes().to_vec());
    }
    if piece.contains('-') {
        return wire::guid(piece).ok_or(UNREADABLE);
    }
    let (pairs, odd) = piece.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(UNREADABLE);
    }
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| byte(*high, *low)).collect();
    bytes.ok_or(UNREADABLE)
}

/// Bytes of hexadecimal digits in UTF-16LE; `None` if anything else is among them.
fn hex(field: &[u8]) -> Option<Vec<u8>> {
    let (pairs, odd) = field.as_chunks::<4>();
    if !odd.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| match pair {
            [high, 0, low, 0] => byte(*high, *low),
            _ => None,
        })
        .collect()
}

fn byte(high: u8, low: u8) -> Option<u8> {
    Some((digit(high)? << 4) | digit(low)?)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_schemas::attribute;

    fn field(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn of(name: &str, text: &str) -> Result<Vec<Vec<u8>>, &'static str> {
        let kind = Kind::of(attribute::find(name).unwrap().1);
        read(kind, &field(text)).map(|read| read.values)
    }

    fn texts(texts: &[&str]) -> Result<Vec<Vec<u8>>, &'static str> {
        Ok(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
    }

    #[test]
    fn lists() {
        assert_eq!(
            of("member", r"CN=a\;b,DC=c;CN=d\\;CN=e"),
            texts(&[r"CN=a\;b,DC=c", r"CN=d\\", "CN=e"])
        );
        assert_eq!(
            of("servicePrincipalName", "HTTP/a;HTTP/b;"),
            texts(&["HTTP/a", "HTTP/b"])
        );
        assert_eq!(
            of("description", "runs a; and b"),
            texts(&["runs a; and b"])
        );
        assert_eq!(of("objectClass", "top"), texts(&["top"]));
        let long = field(&format!("CN=a;{}", "x".repeat(524_283)));
        let read = read(Kind::List, &long).unwrap();
        assert_eq!((read.values, read.cut), (vec![b"CN=a".to_vec()], true));
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!(of("groupType", "-2147483646"), texts(&["-2147483646"]));
        assert_eq!(of("accountExpires", NEVER), texts(&["9223372036854775807"]));
        let rounded = read(Kind::Integer, &field("2021-11-30 21:48:42")).unwrap();
        assert_eq!(rounded.values, [b"132827825220000000"]);
        assert!(rounded.rounded);
        assert_eq!(
            of("pwdLastSet", "1601-01-01 00:00:01"),
            texts(&["10000000"])
        );
        assert_eq!(
            of("whenCreated", "2021-11-30 20:04:56"),
            texts(&["20211130200456.0Z"])
        );
        for bad in [
            "2021-13-30 20:04:56",
            "2021-11-30T20:04:56",
            "x",
            "2021-02-30 00:00:00",
            "+1-0",
        ] {
            assert!(of("whenCreated", bad).is_err(), "{bad}");
            assert!(of("pwdLastSet", bad).is_err(), "{bad}");
        }
        assert_eq!(of("isSingleValued", "1"), texts(&["TRUE"]));
        assert_eq!(of("isSingleValued", "0"), texts(&["FALSE"]));
        assert!(of("isSingleValued", "2").is_err());
    }

    #[test]
    fn bytes_of_every_form() {
        let sid = wire::sid("S-1-5-21-1-2-3-500").unwrap();
        assert_eq!(of("objectSid", "S-1-5-21-1-2-3-500"), Ok(vec![sid.clone()]));
        assert_eq!(
            of("sIDHistory", "S-1-5-21-1-2-3-500;S-1-5-21-1-2-3-500"),
            Ok(vec![sid.clone(), sid])
        );
        let guid = wire::guid("d12cfafd-1a96-404a-bfa3-cbd19ad5cf75").unwrap();
        assert_eq!(
            of("objectGUID", "d12cfafd-1a96-404a-bfa3-cbd19ad5cf75"),
            Ok(vec![guid])
        );
        assert_eq!(of("msDS-ManagedPasswordId", "01ff"), Ok(vec![vec![1, 255]]));
        assert_eq!(of("nTSecurityDescriptor", "0100"), Ok(vec![vec![1, 0]]));
        assert_eq!(of("msDS-KeyCredentialLink", "423a323a"), texts(&["B:2:"]));
        assert_eq!(
            of("otherWellKnownObjects", "B:2:01:CN=a;423a"),
            texts(&["B:2:01:CN=a", "B:"])
        );
        assert!(of("nTSecurityDescriptor", "D:(A;;GA;;;WD)").is_err());
        for bad in ["S-1", "0", "zz", "a-b", "ü"] {
            assert!(of("objectSid", bad).is_err(), "{bad}");
        }
    }
}
