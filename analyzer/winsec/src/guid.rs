//! GUID, MS-DTYP 2.3.4.
//!
//! Owns the wire order and the text form. Knows no particular GUID.

use std::fmt;
use std::str::FromStr;

/// A GUID in wire order (MS-DTYP 2.3.4.2, as attributes such as `objectGUID` carry it).
///
/// | offset | size | field | order |
/// | --- | --- | --- | --- |
/// | 0 | 4 | Data1 | little endian |
/// | 4 | 2 | Data2 | little endian |
/// | 6 | 2 | Data3 | little endian |
/// | 8 | 8 | Data4 | as written |
///
/// Ordered by its wire bytes, which is *not* the order of the text form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Guid([u8; 16]);

/// The text is not a GUID: 32 hexadecimal digits in groups of 8-4-4-4-12, with or without braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuidError;

impl Guid {
    /// The GUID made of these four fields, for constants.
    pub const fn from_fields(data1: u32, data2: u16, data3: u16, data4: [u8; 8]) -> Guid {
        let [a, b, c, d] = data1.to_le_bytes();
        let [e, f] = data2.to_le_bytes();
        let [g, h] = data3.to_le_bytes();
        let [i, j, k, l, m, n, o, p] = data4;
        Guid([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// The GUID with these wire bytes.
    pub const fn from_wire(bytes: [u8; 16]) -> Guid {
        Guid(bytes)
    }

    /// The GUID with these wire bytes; `None` unless there are exactly 16.
    pub fn from_bytes(bytes: &[u8]) -> Option<Guid> {
        bytes.try_into().ok().map(Guid)
    }

    /// The wire bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Lower case without braces: `00299570-246d-11d0-a768-00aa006e0529`.
impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g, h, i, rest @ ..] = self.0;
        let (data1, data2, data3) = (
            u32::from_le_bytes([a, b, c, d]),
            u16::from_le_bytes([e, g]),
            u16::from_le_bytes([h, i]),
        );
        let [j, k, l, m, n, o, p, q] = rest;
        write!(
            f,
            "{data1:08x}-{data2:04x}-{data3:04x}-{j:02x}{k:02x}-{l:02x}{m:02x}{n:02x}{o:02x}{p:02x}{q:02x}"
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Guid, GuidError> {
        let inner = match (text.strip_prefix('{'), text.strip_suffix('}')) {
            (None, None) => text,
            (Some(_), Some(_)) => text
                .strip_prefix('{')
                .and_then(|t| t.strip_suffix('}'))
                .ok_or(GuidError)?,
            _ => return Err(GuidError),
        };
        let mut groups = inner.split('-');
        let mut group = |digits: usize| {
            let part = groups.next().ok_or(GuidError)?;
            // `from_str_radix` would take a sign.
            if part.len() != digits || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(GuidError);
            }
            u64::from_str_radix(part, 16).map_err(|_| GuidError)
        };
        let data1 = u32::try_from(group(8)?).map_err(|_| GuidError)?;
        let data2 = u16::try_from(group(4)?).map_err(|_| GuidError)?;
        let data3 = u16::try_from(group(4)?).map_err(|_| GuidError)?;
        let clock = group(4)?;
        let node = group(12)?;
        if groups.next().is_some() {
            return Err(GuidError);
        }
        Ok(Guid::from_fields(
            data1,
            data2,
            data3,
            (clock << 48 | node).to_be_bytes(),
        ))
    }
}

impl fmt::Display for GuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a GUID (expected 8-4-4-4-12 hexadecimal digits)")
    }
}

impl std::error::Error for GuidError {}

#[cfg(test)]
mod tests {
    use super::*;

    const FORCE_CHANGE_PASSWORD: Guid = Guid::from_fields(
        0x0029_9570,
        0x246d,
        0x11d0,
        [0xa7, 0x68, 0x00, 0xaa, 0x00, 0x6e, 0x05, 0x29],
    );

    #[test]
    fn text_is_mixed_endian() {
        assert_eq!(
            FORCE_CHANGE_PASSWORD.to_string(),
            "00299570-246d-11d0-a768-00aa006e0529"
        );
        assert_eq!(
            FORCE_CHANGE_PASSWORD.as_bytes().first_chunk(),
            Some(&[0x70, 0x95, 0x29, 0x00])
        );
    }

    #[test]
    fn braces_and_case_do_not_matter() {
        for text in [
            "{00299570-246D-11D0-A768-00AA006E0529}",
            "00299570-246d-11d0-a768-00aa006e0529",
        ] {
            assert_eq!(text.parse(), Ok(FORCE_CHANGE_PASSWORD));
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        for text in [
            "",
            "{}",
            "{00299570-246d-11d0-a768-00aa006e0529",
            "00299570-246d-11d0-a768-00aa006e0529}",
            "00299570246d11d0a76800aa006e0529",
            "+0299570-246d-11d0-a768-00aa006e0529",
            "00299570-246d-11d0-a768-00aa006e0529-",
            "00299570-246d-11d0-a768-00aa006e05é9",
        ] {
            assert_eq!(text.parse::<Guid>(), Err(GuidError), "{text}");
        }
    }

    #[test]
    fn wire_needs_sixteen_bytes() {
        assert_eq!(
            Guid::from_bytes(FORCE_CHANGE_PASSWORD.as_bytes()),
            Some(FORCE_CHANGE_PASSWORD)
        );
        assert_eq!(Guid::from_bytes(&[0; 15]), None);
        assert_eq!(Guid::from_bytes(&[0; 17]), None);
    }
}
