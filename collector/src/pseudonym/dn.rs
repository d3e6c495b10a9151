//! Distinguished names as text (RFC 4514).
//!
//! Owns taking a DN apart and putting it together again with pseudonyms. Deliberately does not look anything up: what an
//! RDN names is told by its type and by what stands to the right of it.

use std::borrow::Cow;

use super::name::Names;

/// Where in the directory an object is, by its DN alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a domain, or anywhere else where people name things.
    Domain,
    /// Below CN=Configuration: some names are every forest's, some are the customer's.
    Configuration,
    /// Below CN=Schema or CN=Extended-Rights: names that forests share.
    Standard,
}

/// An attribute type and its value as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) kind: &'a str,
    pub(super) raw: &'a str,
}

/// RDNs from left to right, each with one part or several.
type Rdns<'a> = Vec<Vec<Part<'a>>>;

impl Place {
    /// Of the object with this DN; what is no DN is nowhere in particular.
    pub(super) fn of(dn: &str) -> Self {
        parse(dn).map_or(Self::Domain, |rdns| Self::at(&rdns, 0))
    }

    /// Of the RDN at `index`.
    fn at(rdns: &[Vec<Part<'_>>], index: usize) -> Self {
        let tail = rdns
            .iter()
            .rposition(|rdn| !rdn.iter().all(|part| part.is_kind("DC")));
        // CN=Configuration stands directly before the domain components of the forest root (MS-ADTS 3.1.1.1.5).
        let Some(head) = tail.filter(|tail| {
            index <= *tail && *tail + 1 < rdns.len() && is(rdns.get(*tail), "Configuration")
        }) else {
            return Self::Domain;
        };
        let top = head.checked_sub(1).and_then(|below| rdns.get(below));
        if index < head && (is(top, "Schema") || is(top, "Extended-Rights")) {
            Self::Standard
        } else {
            Self::Configuration
        }
    }
}

fn is(rdn: Option<&Vec<Part<'_>>>, name: &str) -> bool {
    matches!(rdn.map(Vec::as_slice), Some([part]) if part.is_kind("CN") && part.raw.eq_ignore_ascii_case(name))
}

impl Part<'_> {
    fn is_kind(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// The value without escapes. Bytes that are no UTF-8 become replacement characters. `#04…`, the form of values that
    /// are no text, is taken as it is: no naming attribute of a directory has such values.
    pub(super) fn value(&self) -> String {
        let mut bytes = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw.bytes().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\\' => {
                    let Some(next) = rest.next() else { break };
                    let second = rest.peek().copied().and_then(digit);
                    match (digit(next), second) {
                        (Some(high), Some(low)) => {
                            bytes.push(high << 4 | low);
                            rest.next();
                        }
                        _ => bytes.push(next),
                    }
                }
                b'"' => {}
                _ => bytes.push(byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// The RDNs of a DN; `None` if it is none. The empty DN has none.
pub(super) fn parse(dn: &str) -> Option<Rdns<'_>> {
    let mut rdns = Vec::new();
    if dn.is_empty() {
        return Some(rdns);
    }
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    let mut quoted = false;
    for (place, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b',' | b'+' => {
                parts.push(part(dn.get(start..place)?)?);
                start = place + 1;
                if byte == b',' {
                    rdns.push(std::mem::take(&mut parts));
                }
            }
            // RFC 4514 has them escaped; `<GUID=…>;CN=…` is no DN but the answer to a control nobody sent.
            b';' | b'<' | b'>' => return None,
            _ => {}
        }
    }
    if escaped || quoted {
        return None;
    }
    parts.push(part(dn.get(start..)?)?);
    rdns.push(parts);
    Some(rdns)
}

fn part(text: &str) -> Option<Part<'_>> {
    let (kind, raw) = text.split_once('=')?;
    let kind = kind.trim();
    let raw = raw.trim_start();
    // A blank at the end counts only if it is escaped.
    let bare = raw.trim_end_matches(' ');
    let raw = match bare.ends_with('\\') && bare.len() < raw.len() {
        true => raw.get(..bare.len() + 1)?,
        false => bare,
    };
    let descriptor = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (!kind.is_empty() && kind.bytes().all(descriptor)).then_some(Part { kind, raw })
}

impl Names {
    /// The DN with a pseudonym for each name in it. What is no DN becomes one of a single pseudonym.
    pub(super) fn dn(&mut self, dn: &str) -> String {
        let Some(rdns) = parse(dn) else {
            return format!("CN={}", self.token(dn));
        };
        let mut text = String::with_capacity(dn.len());
        for (index, rdn) in rdns.iter().enumerate() {
            let place = Place::at(&rdns, index);
            for (position, part) in rdn.iter().enumerate() {
                if position > 0 {
                    text.push('+');
                } else if index > 0 {
                    text.push(',');
                }
                text.push_str(part.kind);
                text.push('=');
                text.push_str(&self.rdn_value(place, part));
            }
        }
        text
    }

    fn rdn_value<'a>(&mut self, place: Place, part: &Part<'a>) -> Cow<'a, str> {
        let value = part.value();
        let replaced = match place {
            Place::Standard => return part.raw.into(),
            _ if part.is_kind("DC") => self.dns(&value),
            Place::Configuration => self.configuration_name(&value),
            Place::Domain => self.name(&value),
        };
        // What stays keeps its escapes; a pseudonym needs none.
        if replaced == value {
            part.raw.into()
        } else {
            replaced.into()
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::tests::names;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_dn_is_one_pseudonym() {
        let mut names = names();
        for odd in [
            "contoso",
            "CN=a\\",
            "<GUID=1>;CN=contoso",
            "CN=\"a",
            "=a",
            "C N=a",
            "CN=a;OU=b",
        ] {
            assert_eq!(names.dn(odd), format!("CN={}", names.token(odd)), "{odd}");
        }
        assert_eq!(names.dn(""), "");
        assert_eq!(names.dn("CN="), "CN=");
        let (a, b) = (names.token("a"), names.token("b"));
        assert_eq!(names.dn("CN=a+OU=b, O= b "), format!("CN={a}+OU={b},O={b}"));
        let digits = names.token("#0401");
        assert_eq!(names.dn("CN=#0401"), format!("CN={digits}"));
    }

    /// As a server writes it (RFC 4514, section 2.4, and what Active Directory adds).
    fn escaped(value: &str) -> String {
        let last = value.chars().count().saturating_sub(1);
        value
            .chars()
            .enumerate()
            .map(|(place, c)| match c {
                ',' | '\\' | '#' | '+' | '<' | '>' | ';' | '"' | '=' => format!("\\{c}"),
                ' ' if place == 0 || place == last => "\\ ".to_owned(),
                '\n' => "\\0A".to_owned(),
                _ => c.to_string(),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn the_rdn_of_a_dn_is_the_name(
            name in "[ -~\u{e4}\u{3a3}\n]{1,20}",
            unit in "[ -~]{1,12}",
        ) {
            let mut names = names();
            let dn = names.dn(&format!("CN={},OU={},DC=corp", escaped(&name), escaped(&unit)));
            let rdns = parse(&dn).unwrap();
            prop_assert_eq!(rdns[0][0].value(), names.name(&name));
            prop_assert_eq!(rdns[1][0].value(), names.name(&unit));
            prop_assert_eq!(rdns[2][0].value(), names.label("corp"));
        }
    }
}
