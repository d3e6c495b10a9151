//! Values in conditions and resource attributes: integers, strings, octets and SIDs.
//!
//! Owns their text. Their bytes differ between the two and are written there.

use super::alias::{self, SddlDomains};
use super::cursor::Cursor;
use super::error::{SddlError, SddlErrorKind};
use super::{rights, token};
use crate::sid::Sid;

/// An integer with what its text looked like.
pub(super) struct Integer {
    pub(super) negative: bool,
    pub(super) magnitude: u64,
    pub(super) sign: u8,
    pub(super) base: u8,
}

impl Integer {
    pub(super) fn as_i64(&self) -> Option<i64> {
        if self.negative {
            0_i64.checked_sub_unsigned(self.magnitude)
        } else {
            i64::try_from(self.magnitude).ok()
        }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        (!self.negative).then_some(self.magnitude)
    }
}

pub(super) fn integer(cursor: &mut Cursor<'_>) -> Result<Integer, SddlError> {
    let start = *cursor;
    let sign = if cursor.eat("-") {
        token::SIGN_MINUS
    } else if cursor.eat("+") {
        token::SIGN_PLUS
    } else {
        token::SIGN_NONE
    };
    let digits = cursor.take_while(|c| c.is_ascii_alphanumeric());
    let base = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => token::BASE_HEXADECIMAL,
        [b'0', _, ..] => token::BASE_OCTAL,
        _ => token::BASE_DECIMAL,
    };
    let magnitude = rights::number(digits).ok_or_else(|| start.error(SddlErrorKind::Number))?;
    Ok(Integer {
        negative: sign == token::SIGN_MINUS,
        magnitude,
        sign,
        base,
    })
}

pub(super) fn write_integer(value: i64, sign: u8, base: u8) -> Option<String> {
    let sign = match (sign, value < 0) {
        (token::SIGN_PLUS, false) => "+",
        (token::SIGN_MINUS, _) if value <= 0 => "-",
        (token::SIGN_NONE, false) => "",
        (token::SIGN_NONE, true) => "-",
        _ => return None,
    };
    let magnitude = value.unsigned_abs();
    Some(match base {
        token::BASE_OCTAL => format!("{sign}0{magnitude:o}"),
        token::BASE_DECIMAL => format!("{sign}{magnitude}"),
        token::BASE_HEXADECIMAL => format!("{sign}{magnitude:#x}"),
        _ => return None,
    })
}

/// Text in double quotes, which cannot hold a double quote.
pub(super) fn string<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, SddlError> {
    cursor.require("\"")?;
    let text = cursor.take_while(|c| c != '"');
    cursor.require("\"")?;
    Ok(text)
}

pub(super) fn write_string(text: &str) -> Option<String> {
    (!text.contains('"')).then(|| format!("\"{text}\""))
}

/// `#` and pairs of hexadecimal digits, where a further `#` is a zero.
pub(super) fn octets(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, SddlError> {
    let start = *cursor;
    cursor.require("#")?;
    let digits = cursor.take_while(|c| c.is_ascii_hexdigit() || c == '#');
    let nibbles: Vec<u32> = digits
        .chars()
        .map(|c| c.to_digit(16).unwrap_or(0))
        .collect();
    let (pairs, odd) = nibbles.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(start.error(SddlErrorKind::Expected(
            "an even number of hexadecimal digits",
        )));
    }
    Ok(pairs
        .iter()
        .filter_map(|[high, low]| u8::try_from(high << 4 | low).ok())
        .collect())
}

pub(super) fn write_octets(bytes: &[u8]) -> String {
    ["#".to_owned()]
        .into_iter()
        .chain(bytes.iter().map(|byte| format!("{byte:02x}")))
        .collect()
}

/// `SID(BA)`.
pub(super) fn sid(cursor: &mut Cursor<'_>, names: &SddlDomains) -> Result<Sid, SddlError> {
    let start = *cursor;
    if !cursor.eat_ignoring_case("SID(") {
        return Err(start.error(SddlErrorKind::Expected("SID(")));
    }
    cursor.skip_spaces();
    let sid = alias::parse(cursor, names)?;
    cursor.skip_spaces();
    cursor.require(")")?;
    Ok(sid)
}

pub(super) fn write_sid(sid: &Sid, names: &SddlDomains) -> String {
    format!("SID({})", alias::write(sid, names))
}
