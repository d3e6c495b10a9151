//! Values of an attribute, back to LDAP wire values.
//!
//! Owns the encodings by syntax, as read from the bytes of real files: the syntax index decides, ADSTYPE alone misleads.
//! Deliberately does not know where a value lies in the file.

use crate::bytes::{Reader, index, utf16_until_nul};
use crate::limits;
use crate::wire;

/// How values are laid out after their count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Layout {
    Boolean,
    Integer,
    LargeInteger,
    Text,
    Octets,
    DnBinary,
    Time,
    Descriptor,
}

impl Layout {
    /// By syntax index and ADSTYPE; `None` for a pair that is not known.
    pub(super) fn of(syntax: u32, adstype: u32) -> Option<Self> {
        Some(match (syntax, adstype) {
            (1, 6) => Self::Boolean,
            (2 | 3, 7) => Self::Integer,
            (4, 10) => Self::LargeInteger,
            (6 | 7 | 12 | 22, 3) | (18, 1) | (8 | 13, 4) | (10, 5) => Self::Text,
            (11 | 14 | 23, 8) => Self::Octets,
            (21, 8) => Self::DnBinary,
            (15 | 16, 9) => Self::Time,
            (9, 25) => Self::Descriptor,
            _ => return None,
        })
    }
}

/// Why values could not be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// The bytes end inside them.
    Short,
    /// They are something else.
    Wrong(String),
}

/// Wire values of one attribute.
pub(super) type Values = Vec<Vec<u8>>;

/// Decodes what begins with its count.
pub(super) fn decode(layout: Layout, bytes: &[u8]) -> Result<Values, Bad> {
    let mut reader = Reader::new(bytes);
    let count = index(reader.u32().ok_or(Bad::Short)?);
    if count > limits::VALUES {
        return Err(Bad::Wrong(format!(
            "{count} values, over the limit of {}",
            limits::VALUES
        )));
    }
    // Before anything is set aside: each value takes at least four bytes.
    if reader.left() / 4 < count {
        return Err(Bad::Short);
    }
    match layout {
        Layout::Boolean => each(count, || {
            Ok(wire::boolean(reader.u32().ok_or(Bad::Short)? != 0))
        }),
        Layout::Integer => each(count, || {
            Ok(decimal(i64::from(reader.i32().ok_or(Bad::Short)?)))
        }),
        Layout::LargeInteger => each(count, || Ok(decimal(reader.i64().ok_or(Bad::Short)?))),
        Layout::Time => each(count, || time(&mut reader)),
        Layout::Text => each(count, || text(bytes, reader.u32().ok_or(Bad::Short)?)),
        Layout::Octets => octets(&mut reader, count),
        Layout::DnBinary => dn_binary(bytes, &mut reader, count),
        Layout::Descriptor => descriptor(&mut reader, count),
    }
}

/// One length and its bytes. Only one descriptor was ever seen: of several nobody knows how they lie.
fn descriptor(reader: &mut Reader<'_>, count: usize) -> Result<Values, Bad> {
    if count != 1 {
        return Err(Bad::Wrong(format!(
            "{count} security descriptors, where one is known"
        )));
    }
    let length = index(reader.u32().ok_or(Bad::Short)?);
    if length > limits::VALUE_BYTES {
        return Err(Bad::Wrong(format!(
            "a security descriptor of {length} bytes"
        )));
    }
    Ok(vec![reader.take(length).ok_or(Bad::Short)?.to_vec()])
}

fn each(count: usize, mut one: impl FnMut() -> Result<Vec<u8>, Bad>) -> Result<Values, Bad> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(one()?);
    }
    Ok(values)
}

fn decimal(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A NUL-ended string, `offset` bytes from the count.
fn text(bytes: &[u8], offset: u32) -> Result<Vec<u8>, Bad> {
    let from = bytes.get(index(offset)..).ok_or(Bad::Short)?;
    let mut out = Vec::new();
    utf16_until_nul(from, &mut out).ok_or(Bad::Short)?;
    Ok(out)
}

fn lengths(reader: &mut Reader<'_>, count: usize) -> Result<Vec<usize>, Bad> {
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let length = index(reader.u32().ok_or(Bad::Short)?);
        if length > limits::VALUE_BYTES {
            return Err(Bad::Wrong(format!("a value of {length} bytes")));
        }
        lengths.push(length);
    }
    Ok(lengths)
}

fn octets(reader: &mut Reader<'_>, count: usize) -> Result<Values, Bad> {
    let lengths = lengths(reader, count)?;
    let mut lengths = lengths.into_iter();
    each(count, || {
        let length = lengths.next().ok_or(Bad::Short)?;
        Ok(reader.take(length).ok_or(Bad::Short)?.to_vec())
    })
}

/// The binary parts' lengths, then each value's bytes and its DN, NUL-ended, without padding between them.
fn dn_binary(bytes: &[u8], reader: &mut Reader<'_>, count: usize) -> Result<Values, Bad> {
    let lengths = lengths(reader, count)?;
    let mut lengths = lengths.into_iter();
    let mut dn = Vec::new();
    each(count, || {
        let length = lengths.next().ok_or(Bad::Short)?;
        let binary = reader.take(length).ok_or(Bad::Short)?;
        dn.clear();
        let rest = bytes.get(reader.at()..).ok_or(Bad::Short)?;
        let read = utf16_until_nul(rest, &mut dn).ok_or(Bad::Short)?;
        reader.take(read).ok_or(Bad::Short)?;
        Ok(wire::dn_binary(binary, &String::from_utf8_lossy(&dn)))
    })
}

/// SYSTEMTIME (MS-DTYP 2.3.13): year, month, weekday, day, hour, minute, second, milliseconds.
fn time(reader: &mut Reader<'_>) -> Result<Vec<u8>, Bad> {
    let mut field = || -> Result<i16, Bad> {
        let value = reader.u16().ok_or(Bad::Short)?;
        i16::try_from(value).map_err(|_| Bad::Wrong(format!("a time with {value} in it")))
    };
    let (year, month, _, day) = (field()?, field()?, field()?, field()?);
    let (hour, minute, second, _) = (field()?, field()?, field()?, field()?);
    let right = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !right {
        return Err(Bad::Wrong("a time that is none".to_owned()));
    }
    Ok(wire::generalized_time(
        [year, month, day],
        [hour, minute, second],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn numbers_are_signed_and_truth_is_anything_but_zero() {
        assert_eq!(
            decode(Layout::Integer, &words(&[1, 0x8000_0002])),
            Ok(vec![b"-2147483646".to_vec()])
        );
        assert_eq!(
            decode(Layout::Boolean, &words(&[3, 0, 1, 7])),
            Ok(vec![b"FALSE".to_vec(), b"TRUE".to_vec(), b"TRUE".to_vec()])
        );
        assert_eq!(
            decode(Layout::LargeInteger, &words(&[1, 0xFFFF_FFFF, 0x7FFF_FFFF])),
            Ok(vec![b"9223372036854775807".to_vec()])
        );
    }

    #[test]
    fn counts_are_held_against_the_bytes() {
        for layout in [
            Layout::Boolean,
            Layout::Text,
            Layout::Octets,
            Layout::DnBinary,
            Layout::Time,
        ] {
            assert_eq!(decode(layout, &words(&[100, 1])), Err(Bad::Short));
            assert!(matches!(
                decode(layout, &words(&[u32::MAX, 1])),
                Err(Bad::Wrong(_))
            ));
            assert_eq!(decode(layout, &[1]), Err(Bad::Short));
        }
        assert!(matches!(
            decode(Layout::Descriptor, &words(&[1, u32::MAX])),
            Err(Bad::Wrong(_))
        ));
        assert!(matches!(
            decode(Layout::Descriptor, &words(&[2, 0, 0])),
            Err(Bad::Wrong(_))
        ));
        assert!(matches!(
            decode(Layout::Octets, &words(&[1, u32::MAX])),
            Err(Bad::Wrong(_))
        ));
        assert_eq!(decode(Layout::Text, &words(&[1, 99])), Err(Bad::Short));
    }

    #[test]
    fn times_are_checked() {
        let time = |month: u16| {
            let fields = [2021_u16, month, 0, 30, 20, 4, 56, 0];
            let mut bytes = words(&[1]);
            bytes.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
            decode(Layout::Time, &bytes)
        };
        assert_eq!(time(11), Ok(vec![b"20211130200456.0Z".to_vec()]));
        assert!(matches!(time(13), Err(Bad::Wrong(_))));
        assert!(matches!(time(u16::MAX), Err(Bad::Wrong(_))));
    }
}
