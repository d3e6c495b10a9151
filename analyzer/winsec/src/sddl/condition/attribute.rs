//! Names of attributes in conditions, MS-DTYP 2.5.1.1 (`attr-char1`, `attr-char2`).
//!
//! Owns which characters stand for themselves, and the escape of the others. What prefix a name has, and where one may
//! stand, is the grammar's.

use crate::bytes::{utf16, utf16_bytes};
use crate::sddl::cursor::Cursor;
use crate::sddl::error::{SddlError, SddlErrorKind};
use crate::sddl::token::{EXISTENCE, MEMBERSHIP, code_of};

/// `attr-char1`.
pub(super) fn is_simple(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ':' | '.' | '/' | '_')
}

/// Reads attribute characters, with `%0041` for any UTF-16 unit. Gives UTF-16LE bytes.
pub(super) fn read(cursor: &mut Cursor<'_>, prefixed: bool) -> Result<Vec<u8>, SddlError> {
    let mut bytes = Vec::new();
    loop {
        let raw =
            cursor.take_while(|c| is_simple(c) || (prefixed && "#$'*+-;?@[\\]^`{}~".contains(c)));
        bytes.extend(utf16_bytes(raw));
        let start = *cursor;
        if !cursor.eat("%") {
            return Ok(bytes);
        }
        let digits = cursor.take(4);
        let unit = u16::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = unit.filter(|_| digits.len() == 4);
        bytes.extend(
            unit.ok_or_else(|| start.error(SddlErrorKind::Expected("four hexadecimal digits")))?
                .to_le_bytes(),
        );
    }
}

/// Writes the UTF-16LE `name` behind its `prefix` (`@USER.`, or nothing for a local one). `None` if that is no name:
/// empty, or half a UTF-16 unit.
pub(super) fn write(prefix: &str, name: &[u8]) -> Option<String> {
    let (units, odd) = name.as_chunks::<2>();
    if units.is_empty() || !odd.is_empty() {
        return None;
    }
    let plain = utf16(name).unwrap_or_default();
    let keyword = [MEMBERSHIP, EXISTENCE]
        .iter()
        .any(|table| code_of(&plain, table).is_some());
    let mut text = prefix.to_owned();
    for (position, unit) in units
        .iter()
        .map(|unit| u16::from_le_bytes(*unit))
        .enumerate()
    {
        // A local name must not read like a number or an operator.
        let misleading = position == 0 && prefix.is_empty();
        match u8::try_from(unit).map(char::from) {
            Ok(c)
                if c.is_ascii()
                    && is_simple(c)
                    && !(misleading && (keyword || c.is_ascii_digit())) =>
            {
                text.push(c)
            }
            _ => text.push_str(&format!("%{unit:04x}")),
        }
    }
    Some(text)
}
