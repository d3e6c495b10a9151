//! One line of a record: name, options, value.
//!
//! Owns `:`, `::`, `:<` (RFC 2849) and the options `;binary` and `;range` (MS-ADTS 3.1.1.3.1.3.3). Deliberately does not know
//! what a value means.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Some writers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A line, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Without options.
    pub(super) name: &'a str,
    /// Of `;range=`: which values of the list these are; `None` without the option.
    pub(super) range: Option<Range>,
    /// An option that is not understood.
    pub(super) option: Option<&'a str>,
    pub(super) value: Value,
}

/// Places of the values of a piece, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: u64,
    /// `None`: to the end of the list.
    pub(super) last: Option<u64>,
}

impl Range {
    /// What is no range follows nothing and ends nothing.
    fn parse(text: &str) -> Self {
        let parsed = text.split_once('-').and_then(|(first, last)| {
            let last = match last {
                "*" => None,
                number => Some(number.parse().ok()?),
            };
            Some(Self {
                first: first.parse().ok()?,
                last,
            })
        });
        parsed.unwrap_or(Self {
            first: u64::MAX,
            last: Some(0),
        })
    }
}

/// What follows the colon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The bytes; true if they were written in base64.
    Bytes(Vec<u8>, bool),
    /// A URL: the value is not in the file, and is never looked for elsewhere.
    Elsewhere,
    /// Not base64, though it says so.
    Bad,
}

/// Takes a line apart; `None` if it is none.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let description = std::str::from_utf8(line.get(..colon)?).ok()?;
    let mut parts = description.split(';');
    let name = parts
        .next()
        .filter(|name| !name.is_empty() && !name.contains(' '))?;
    let (mut pieces, mut option) = (None, None);
    for part in parts {
        match part.split_once('=') {
            Some((key, range)) if key.eq_ignore_ascii_case("range") => {
                pieces = Some(Range::parse(range));
            }
            _ if part.eq_ignore_ascii_case("binary") => {}
            _ => option = Some(part),
        }
    }
    let rest = line.get(colon + 1..)?;
    let value = match rest.first() {
        Some(b':') => match BASE64.decode(rest.get(1..)?.trim_ascii()) {
            Ok(bytes) => Value::Bytes(bytes, true),
            Err(_) => Value::Bad,
        },
        Some(b'<') => Value::Elsewhere,
        _ => Value::Bytes(rest.trim_ascii_start().to_vec(), false),
    };
    Some(Line {
        name,
        range: pieces,
        option,
        value,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn value(line: &str) -> Value {
        parse(line.as_bytes()).unwrap().value
    }

    #[test]
    fn values() {
        let bytes = |text: &str, encoded| Value::Bytes(text.as_bytes().to_vec(), encoded);
        assert_eq!(value("cn: a b "), bytes("a b ", false));
        assert_eq!(value("cn:a"), bytes("a", false));
        assert_eq!(value("cn:: w7w="), bytes("ü", true));
        assert_eq!(value("cn::w7w"), bytes("ü", true));
        assert_eq!(value("cn:: %%"), Value::Bad);
        assert_eq!(value("jpegPhoto:< file:///etc/passwd"), Value::Elsewhere);
        assert_eq!(value("cn:"), bytes("", false));
        assert_eq!(parse(b"no colon"), None);
        assert_eq!(parse(b": x"), None);
        assert_eq!(parse(b"two words: x"), None);
    }

    #[test]
    fn options() {
        let line = parse(b"member;range=0-1499: CN=a").unwrap();
        let range = |first, last| Some(Range { first, last });
        assert_eq!((line.name, line.range), ("member", range(0, Some(1_499))));
        assert_eq!(
            parse(b"member;Range=1500-*: CN=a").unwrap().range,
            range(1_500, None)
        );
        assert_eq!(
            parse(b"member;range=x: CN=a").unwrap().range,
            range(u64::MAX, Some(0))
        );
        assert_eq!(
            parse(b"userCertificate;binary:: AA==").unwrap().option,
            None
        );
        assert_eq!(parse(b"cn;lang-de: x").unwrap().option, Some("lang-de"));
    }
}
