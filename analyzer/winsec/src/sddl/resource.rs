//! Resource attributes: `("Secrecy",TU,0x0,3)` to CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1, MS-DTYP
//! 2.4.10.1, and back.
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 4 | offset of the name, NUL-terminated UTF-16LE |
//! | 4 | 2 | ValueType |
//! | 6 | 2 | Reserved |
//! | 8 | 4 | Flags |
//! | 12 | 4 | ValueCount |
//! | 16 | 4 each | offset of a value |
//!
//! A value is eight bytes, a NUL-terminated UTF-16LE string, or a length of four bytes and as many
//! bytes. Offsets are from the start of the structure. The specification leaves the order and the
//! gaps free; name and values follow each other here without gaps, as Windows lays out strings.

use super::alias::SddlDomains;
use super::cursor::Cursor;
use super::error::{SddlError, SddlErrorKind};
use super::{MAX_SDDL_BYTES, literal, rights, token};
use crate::bytes::{Reader, index, pad_to_four, utf16, utf16_bytes};
use crate::sid::Sid;

#[derive(Clone, Copy)]
enum ValueType {
    Int64,
    Uint64,
    String,
    Sid,
    Boolean,
    Octets,
}

const TYPES: &[(&str, ValueType, u16)] = &[
    ("TI", ValueType::Int64, 1),
    ("TU", ValueType::Uint64, 2),
    ("TS", ValueType::String, 3),
    ("TD", ValueType::Sid, 5),
    ("TB", ValueType::Boolean, 6),
    ("TX", ValueType::Octets, 0x10),
];

const FIXED: usize = 16;
const MALFORMED: SddlErrorKind = SddlErrorKind::NoText("a malformed resource attribute");

/// Reads an attribute in parentheses. Gives the application data of its ACE.
pub(super) fn compile(cursor: &mut Cursor<'_>, names: &SddlDomains) -> Result<Vec<u8>, SddlError> {
    cursor.skip_spaces();
    cursor.require("(")?;
    cursor.skip_spaces();
    let name = terminated(literal::string(cursor)?);
    separator(cursor)?;
    let (_, value_type, code) = TYPES
        .iter()
        .find(|(letters, ..)| cursor.eat(letters))
        .ok_or_else(|| cursor.error(SddlErrorKind::Expected("TI, TU, TS, TD, TB or TX")))?;
    separator(cursor)?;
    let flags = flags(cursor)?;
    let mut values = Vec::new();
    cursor.skip_spaces();
    while !cursor.eat(")") {
        separator(cursor)?;
        values.push(value(cursor, *value_type, names)?);
        cursor.skip_spaces();
    }
    Ok(assemble(name, *code, flags, values))
}

fn separator(cursor: &mut Cursor<'_>) -> Result<(), SddlError> {
    cursor.skip_spaces();
    cursor.require(",")?;
    cursor.skip_spaces();
    Ok(())
}

fn flags(cursor: &mut Cursor<'_>) -> Result<u32, SddlError> {
    let start = *cursor;
    let digits = cursor.take_while(|c| c.is_ascii_alphanumeric());
    let value = rights::number(digits).and_then(|value| u32::try_from(value).ok());
    value.ok_or_else(|| start.error(SddlErrorKind::Number))
}

fn value(
    cursor: &mut Cursor<'_>,
    value_type: ValueType,
    names: &SddlDomains,
) -> Result<Vec<u8>, SddlError> {
    let start = *cursor;
    let number = |value: Option<[u8; 8]>| {
        value
            .map(Vec::from)
            .ok_or_else(|| start.error(SddlErrorKind::Number))
    };
    match value_type {
        ValueType::Int64 => number(literal::integer(cursor)?.as_i64().map(i64::to_le_bytes)),
        ValueType::Uint64 => number(literal::integer(cursor)?.as_u64().map(u64::to_le_bytes)),
        ValueType::Boolean => number(
            literal::integer(cursor)?
                .as_u64()
                .filter(|value| *value <= 1)
                .map(u64::to_le_bytes),
        ),
        ValueType::String => Ok(terminated(literal::string(cursor)?)),
        ValueType::Sid => Ok(counted(&literal::sid(cursor, names)?.to_bytes())),
        ValueType::Octets => Ok(counted(&literal::octets(cursor)?)),
    }
}

fn terminated(text: &str) -> Vec<u8> {
    let mut bytes = utf16_bytes(text);
    bytes.extend([0, 0]);
    bytes
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    let mut counted = offset(bytes.len()).to_le_bytes().to_vec();
    counted.extend(bytes);
    counted
}

/// Never longer than a few times the text, whose length is limited.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn assemble(name: Vec<u8>, code: u16, flags: u32, values: Vec<Vec<u8>>) -> Vec<u8> {
    let start = FIXED + 4 * values.len();
    let mut bytes = offset(start).to_le_bytes().to_vec();
    bytes.extend(code.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(flags.to_le_bytes());
    bytes.extend(offset(values.len()).to_le_bytes());
    let mut at = start + name.len();
    for value in &values {
        bytes.extend(offset(at).to_le_bytes());
        at += value.len();
    }
    bytes.extend(name);
    bytes.extend(values.into_iter().flatten());
    pad_to_four(&mut bytes);
    bytes
}

/// Writes an attribute in parentheses.
pub(super) fn decompile(data: &[u8], names: &SddlDomains) -> Result<String, SddlErrorKind> {
    let mut reader = Reader::new(data);
    let (name, code, flags, count) = header(&mut reader).ok_or(MALFORMED)?;
    let (letters, value_type, _) = TYPES
        .iter()
        .find(|(.., known)| *known == code)
        .ok_or(MALFORMED)?;
    let name = string_at(data, name).ok_or(MALFORMED)?;
    let mut text = format!("({name},{letters},{flags:#x}");
    for _ in 0..count {
        let at = reader.u32().ok_or(MALFORMED)?;
        text.push(',');
        text.push_str(&value_at(data, at, *value_type, names).ok_or(MALFORMED)?);
        // Many offsets may name one long value.
        if text.len() > MAX_SDDL_BYTES {
            return Err(SddlErrorKind::TooLong(text.len()));
        }
    }
    text.push(')');
    Ok(text)
}

fn header(reader: &mut Reader<'_>) -> Option<(u32, u16, u32, u32)> {
    let (name, code, _reserved) = (reader.u32()?, reader.u16()?, reader.u16()?);
    Some((name, code, reader.u32()?, reader.u32()?))
}

fn value_at(data: &[u8], at: u32, value_type: ValueType, names: &SddlDomains) -> Option<String> {
    let mut reader = Reader::at(data, index(at))?;
    match value_type {
        ValueType::Int64 => {
            literal::write_integer(reader.i64()?, token::SIGN_NONE, token::BASE_DECIMAL)
        }
        ValueType::Uint64 => Some(reader.u64()?.to_string()),
        ValueType::Boolean => reader
            .u64()
            .filter(|value| *value <= 1)
            .map(|value| value.to_string()),
        ValueType::String => string_at(data, at),
        ValueType::Sid => Sid::parse(counted_at(&mut reader)?)
            .ok()
            .map(|sid| literal::write_sid(&sid, names)),
        ValueType::Octets => counted_at(&mut reader).map(literal::write_octets),
    }
}

fn string_at(data: &[u8], at: u32) -> Option<String> {
    let bytes = data.get(index(at)..)?;
    let length = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .position(|unit| *unit == [0, 0])?;
    literal::write_string(&utf16(bytes.get(..length.checked_mul(2)?)?)?)
}

fn counted_at<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.u32()?;
    reader.take(index(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sddl::resource_attribute_to_sddl;

    fn names() -> SddlDomains {
        SddlDomains::default()
    }

    fn compiled(text: &str) -> Result<Vec<u8>, SddlError> {
        compile(&mut Cursor::new(text), &names())
    }

    #[test]
    fn layout_of_two_strings() {
        let expected = [
            [24, 0, 0, 0].as_slice(),
            &[3, 0, 0, 0],
            &[0; 4],
            &[2, 0, 0, 0],
            &[28, 0, 0, 0],
            &[32, 0, 0, 0],
            &[b'n', 0, 0, 0],
            &[b'x', 0, 0, 0],
            &[b'y', 0, b'z', 0, 0, 0],
            &[0, 0],
        ]
        .concat();
        assert_eq!(compiled("(\"n\",TS,0,\"x\", \"yz\")"), Ok(expected));
    }

    #[test]
    fn every_type_round_trips() {
        for text in [
            "(\"a\",TI,0x0,-5,9223372036854775807)",
            "(\"a\",TU,0x1,18446744073709551615)",
            "(\"a b\",TS,0x0,\"x\",\"\")",
            "(\"a\",TD,0x0,SID(BA),SID(S-1-5-21-1))",
            "(\"a\",TB,0x10000,0,1)",
            "(\"a\",TX,0x0,#0102,#)",
            "(\"a\",TI,0x0)",
        ] {
            let bytes = compiled(text).unwrap_or_else(|error| unreachable!("{text}: {error}"));
            assert!(bytes.len().is_multiple_of(4));
            assert_eq!(decompile(&bytes, &names()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for text in [
            "",
            "(",
            "(\"a\")",
            "(\"a\",TQ,0)",
            "(\"a\",TS,0,1)",
            "(\"a\",TB,0,2)",
            "(\"a\",TU,0,-1)",
            "(\"a\",TI,0,9223372036854775808)",
            "(\"a\",TI,4294967296)",
            "(\"a\",TI,0,1",
            "(\"a\",TI,0,1,)",
        ] {
            assert!(compiled(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hostile_offsets_have_no_text() {
        let bytes = compiled("(\"a\",TS,0,\"x\")").unwrap_or_default();
        for (at, value) in [(0, 0xff), (4, 9), (12, 0xff), (16, 0xfe)] {
            let mut damaged = bytes.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte = value;
            }
            assert!(
                resource_attribute_to_sddl(&damaged, &names()).is_err(),
                "{at}"
            );
        }
        for length in 0..bytes.len() - 2 {
            assert!(
                decompile(bytes.get(..length).unwrap_or_default(), &names()).is_err(),
                "{length}"
            );
        }
    }

    #[test]
    fn many_offsets_to_one_value_stay_bounded() {
        let long = format!("\"{}\"", "x".repeat(16_000));
        let bytes =
            compiled(&format!("(\"a\",TS,0,{long}{})", ",\"\"".repeat(4_000))).unwrap_or_default();
        let target = bytes.get(16..20).map(<[u8]>::to_vec).unwrap_or_default();
        let mut hostile = bytes.clone();
        for slot in hostile
            .iter_mut()
            .skip(16)
            .take(16_000)
            .zip(target.iter().cycle())
        {
            *slot.0 = *slot.1;
        }
        assert!(matches!(
            decompile(&hostile, &names()),
            Err(SddlErrorKind::TooLong(_))
        ));
    }
}
