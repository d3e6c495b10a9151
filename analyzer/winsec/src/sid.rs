//! Security identifiers, MS-DTYP 2.4.2.
//!
//! Owns the wire form (2.4.2.2) and the text form (2.4.2.1). Names of well-known SIDs are in
//! [`crate::well_known`]; two-letter SDDL aliases that need a domain are in `sddl::alias`.

use std::fmt;
use std::str::FromStr;

use crate::bytes::Reader;
use crate::well_known;

/// The most sub authorities a SID can hold.
pub const MAX_SUB_AUTHORITIES: usize = 15;

const MAX_AUTHORITY: u64 = 0xffff_ffff_ffff;

/// A security identifier. Ordered by authority, then by sub authorities.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 1 | Revision, always 1 |
/// | 1 | 1 | SubAuthorityCount, at most 15 |
/// | 2 | 6 | IdentifierAuthority, big endian |
/// | 8 | 4 each | SubAuthority, little endian |
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid {
    authority: u64,
    sub_authorities: Box<[u32]>,
}

/// Why bytes or a text are not a SID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SidError {
    /// The bytes end before the SID does.
    Truncated {
        /// Bytes the SID needs (8 if even its header is incomplete).
        needed: usize,
        /// Bytes there are.
        have: usize,
    },
    /// The revision is not 1.
    Revision(u8),
    /// More than 15 sub authorities.
    TooManySubAuthorities(usize),
    /// Bytes follow the SID.
    TrailingBytes(usize),
    /// The authority needs more than 48 bits.
    AuthorityTooLarge(u64),
    /// The text is not of the form `S-1-…`.
    Text,
}

impl Sid {
    /// A SID of a 48-bit authority and at most 15 sub authorities.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Result<Sid, SidError> {
        if authority > MAX_AUTHORITY {
            return Err(SidError::AuthorityTooLarge(authority));
        }
        if sub_authorities.len() > MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubAuthorities(sub_authorities.len()));
        }
        Ok(Sid {
            authority,
            sub_authorities: sub_authorities.into(),
        })
    }

    /// The SID these bytes are; trailing bytes are an error.
    pub fn parse(bytes: &[u8]) -> Result<Sid, SidError> {
        match Sid::parse_prefix(bytes)? {
            (sid, length) if length == bytes.len() => Ok(sid),
            (_, length) => Err(SidError::TrailingBytes(bytes.len().saturating_sub(length))),
        }
    }

    /// The SID at the start of these bytes, and its length in bytes.
    pub fn parse_prefix(bytes: &[u8]) -> Result<(Sid, usize), SidError> {
        let header_cut = SidError::Truncated {
            needed: 8,
            have: bytes.len(),
        };
        let mut reader = Reader::new(bytes);
        let revision = reader.u8().ok_or(header_cut)?;
        let count = usize::from(reader.u8().ok_or(header_cut)?);
        let [a, b, c, d, e, f] = reader.array().ok_or(header_cut)?;
        if revision != 1 {
            return Err(SidError::Revision(revision));
        }
        if count > MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubAuthorities(count));
        }
        let needed = 8 + 4 * count;
        let words = reader.take(4 * count).ok_or(SidError::Truncated {
            needed,
            have: bytes.len(),
        })?;
        let sub_authorities = words
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        Ok((
            Sid {
                authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
                sub_authorities,
            },
            needed,
        ))
    }

    /// The wire form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        // At most 15, by construction.
        let count = u8::try_from(self.sub_authorities.len()).unwrap_or(u8::MAX);
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        bytes.extend([1, count]);
        bytes.extend(authority);
        bytes.extend(
            self.sub_authorities
                .iter()
                .flat_map(|sub| sub.to_le_bytes()),
        );
        bytes
    }

    /// Bytes of the wire form.
    pub fn encoded_len(&self) -> usize {
        8 + 4 * self.sub_authorities.len()
    }

    /// The identifier authority, 48 bits: 5 is NT.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub authorities.
    pub fn sub_authorities(&self) -> &[u32] {
        &self.sub_authorities
    }

    /// The last sub authority.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// For `S-1-5-21-a-b-c-rid` the domain `S-1-5-21-a-b-c`, else `None`.
    pub fn domain(&self) -> Option<Sid> {
        match (self.authority, self.sub_authorities()) {
            (5, [domain @ .., _]) if matches!(domain, [21, _, _, _]) => Some(Sid {
                authority: 5,
                sub_authorities: domain.into(),
            }),
            _ => None,
        }
    }

    /// This SID with one more sub authority.
    pub fn child(&self, rid: u32) -> Result<Sid, SidError> {
        let sub_authorities: Vec<u32> = self.sub_authorities.iter().copied().chain([rid]).collect();
        Sid::new(self.authority, &sub_authorities)
    }

    /// The English name Windows shows for a SID that is the same on every machine, such as
    /// `NT AUTHORITY\SYSTEM`. `None` for accounts of a domain and for unknown SIDs.
    pub fn well_known_name(&self) -> Option<&'static str> {
        well_known::find(self).map(|known| known.name)
    }
}

/// `S-1-5-18`. An authority of 2^32 or more is hexadecimal, as Windows prints it.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.authority > u64::from(u32::MAX) {
            write!(f, "S-1-0x{:X}", self.authority)?;
        } else {
            write!(f, "S-1-{}", self.authority)?;
        }
        self.sub_authorities
            .iter()
            .try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

/// Takes decimal and `0x` hexadecimal parts. Unlike Windows, a part that is too large is an error
/// and not the largest value.
impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Sid, SidError> {
        let mut parts = text.split('-');
        if !parts
            .next()
            .is_some_and(|part| part.eq_ignore_ascii_case("S"))
            || parts.next() != Some("1")
        {
            return Err(SidError::Text);
        }
        let authority = parts.next().and_then(number).ok_or(SidError::Text)?;
        let mut sub_authorities = Vec::new();
        for part in parts {
            if sub_authorities.len() == MAX_SUB_AUTHORITIES {
                return Err(SidError::TooManySubAuthorities(
                    text.split('-').count().saturating_sub(3),
                ));
            }
            let value = number(part).ok_or(SidError::Text)?;
            sub_authorities.push(u32::try_from(value).map_err(|_| SidError::Text)?);
        }
        Sid::new(authority, &sub_authorities)
    }
}

fn number(part: &str) -> Option<u64> {
    let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (part, 10),
    };
    // `from_str_radix` would take a sign.
    digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric())
        .then(|| u64::from_str_radix(digits, radix).ok())
        .flatten()
}

impl fmt::Display for SidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SidError::Truncated { needed, have } => {
                write!(f, "a SID of {needed} bytes has only {have}")
            }
            SidError::Revision(revision) => write!(f, "SID revision {revision} is not 1"),
            SidError::TooManySubAuthorities(count) => {
                write!(
                    f,
                    "a SID of {count} sub authorities exceeds the limit of {MAX_SUB_AUTHORITIES}"
                )
            }
            SidError::TrailingBytes(count) => write!(f, "{count} bytes follow the SID"),
            SidError::AuthorityTooLarge(authority) => {
                write!(f, "SID authority {authority:#x} does not fit in 48 bits")
            }
            SidError::Text => f.write_str("not a SID (expected S-1-… with numbers that fit)"),
        }
    }
}

impl std::error::Error for SidError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse()
            .unwrap_or_else(|error| unreachable!("{text}: {error}"))
    }

    #[test]
    fn authority_is_big_endian_and_sub_authorities_little() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        assert_eq!(Sid::parse(&bytes), Ok(sid("S-1-5-32-544")));
        assert_eq!(sid("S-1-5-32-544").to_bytes(), bytes);
    }

    #[test]
    fn trailing_bytes_are_an_error_only_for_parse() {
        let mut bytes = sid("S-1-1-0").to_bytes();
        bytes.push(9);
        assert_eq!(Sid::parse(&bytes), Err(SidError::TrailingBytes(1)));
        assert_eq!(Sid::parse_prefix(&bytes), Ok((sid("S-1-1-0"), 12)));
    }

    #[test]
    fn every_cut_is_truncated() {
        let bytes = sid("S-1-5-21-1-2-3-500").to_bytes();
        for length in 0..bytes.len() {
            let cut = bytes.get(..length).unwrap_or_default();
            assert!(
                matches!(Sid::parse(cut), Err(SidError::Truncated { .. })),
                "{length}"
            );
        }
    }

    #[test]
    fn bad_headers_are_named() {
        assert_eq!(
            Sid::parse(&[2, 0, 0, 0, 0, 0, 0, 5]),
            Err(SidError::Revision(2))
        );
        assert_eq!(
            Sid::parse(&[1, 16, 0, 0, 0, 0, 0, 5]),
            Err(SidError::TooManySubAuthorities(16))
        );
        assert_eq!(
            Sid::parse(&[1, 255, 0, 0, 0, 0, 0, 5]),
            Err(SidError::TooManySubAuthorities(255))
        );
    }

    #[test]
    fn zero_and_fifteen_sub_authorities() {
        let none = Sid::new(5, &[]).map(|sid| (sid.to_string(), sid.rid(), sid.encoded_len()));
        assert_eq!(none, Ok(("S-1-5".to_owned(), None, 8)));
        assert_eq!(Sid::parse(&[1, 0, 0, 0, 0, 0, 0, 5]), Sid::new(5, &[]));
        let full = Sid::new(5, &[7; 15]);
        assert_eq!(
            full.clone().map(|sid| sid.to_string().parse()),
            Ok(full.clone())
        );
        assert_eq!(
            full.and_then(|sid| sid.child(1)),
            Err(SidError::TooManySubAuthorities(16))
        );
    }

    #[test]
    fn large_authority_is_hexadecimal() {
        assert_eq!(
            Sid::new(0xffff_ffff, &[1]).map(|sid| sid.to_string()),
            Ok("S-1-4294967295-1".to_owned())
        );
        assert_eq!(
            Sid::new(0x1_0000_0000, &[1]).map(|sid| sid.to_string()),
            Ok("S-1-0x100000000-1".to_owned())
        );
        assert_eq!(sid("S-1-0x000100000000-0xff"), sid("S-1-4294967296-255"));
        assert_eq!(
            Sid::new(1 << 48, &[]),
            Err(SidError::AuthorityTooLarge(1 << 48))
        );
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "",
            "S",
            "S-1",
            "S-1-",
            "S-2-5",
            "S-1-5-",
            "S-1-5-+1",
            "S-1-5-4294967296",
            "S-1-5-x",
            "S-1-0x",
            "T-1-5",
        ] {
            assert_eq!(text.parse::<Sid>(), Err(SidError::Text), "{text}");
        }
        assert!(matches!(
            "S-1-0-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16".parse::<Sid>(),
            Err(SidError::TooManySubAuthorities(16))
        ));
    }

    #[test]
    fn domain_is_only_of_domain_accounts() {
        assert_eq!(
            sid("S-1-5-21-1-2-3-500").domain(),
            Some(sid("S-1-5-21-1-2-3"))
        );
        for text in [
            "S-1-5-21-1-2-3",
            "S-1-5-32-544",
            "S-1-5-21-1-2-3-4-5",
            "S-1-16-21-1-2-3-4",
        ] {
            assert_eq!(sid(text).domain(), None, "{text}");
        }
    }

    #[test]
    fn order_is_numeric() {
        let mut sids = [
            sid("S-1-5-32"),
            sid("S-1-5-9"),
            sid("S-1-1-0"),
            sid("S-1-5-21-1"),
        ];
        sids.sort();
        assert_eq!(
            sids.map(|sid| sid.to_string()),
            ["S-1-1-0", "S-1-5-9", "S-1-5-21-1", "S-1-5-32"]
        );
    }

    #[test]
    fn names_of_well_known_sids() {
        assert_eq!(
            sid("S-1-5-18").well_known_name(),
            Some("NT AUTHORITY\\SYSTEM")
        );
        assert_eq!(sid("S-1-1-0").well_known_name(), Some("Everyone"));
        assert_eq!(
            sid("S-1-5-32-544").well_known_name(),
            Some("BUILTIN\\Administrators")
        );
        assert_eq!(sid("S-1-5-21-1-2-3-512").well_known_name(), None);
    }
}
