//! What follows the SID of some ACEs: conditions (MS-DTYP 2.4.4.17) and resource attributes (MS-DTYP 2.4.10.1).
//!
//! Owns their tokens. Their texts are names of a customer's making, in UTF-16; each is replaced by letters of the same
//! number, since every length and offset around it stays. These letters cannot be turned back.

use coldcase_schemas::pseudonym::fold;

use super::descriptor::{index, keep, put};
use super::name::Names;

/// Begins every condition.
const CONDITION: &[u8; 4] = b"artx";

impl Names {
    /// A condition, token by token. From the first token that is not known, nothing is kept.
    pub(super) fn condition(&mut self, data: &[u8]) -> Vec<u8> {
        let mut copy = vec![0; data.len()];
        if !data.starts_with(CONDITION) {
            return copy;
        }
        keep(&mut copy, data, 0, CONDITION.len());
        let mut place = CONDITION.len();
        while let Some(token) = data.get(place) {
            let after = place + 1;
            let text = data.get(after..).unwrap_or_default();
            let length = text
                .first_chunk()
                .map_or(0, |length| index(u32::from_le_bytes(*length)));
            let content = text.get(4..).and_then(|content| content.get(..length));
            let (known, read) = match (token, content) {
                // Padding, and operators without operands of their own.
                (0x00 | 0x80..=0x93 | 0xa0..=0xa2, _) => (1, Vec::new()),
                // Integers: eight bytes, a sign and a base.
                (0x01..=0x04, _) => (11, Vec::new()),
                // The tokens of a composite follow its length.
                (0x50, Some(_)) => (5, Vec::new()),
                (0x51, Some(sid)) => (5, self.sid_value(sid)),
                // Strings, and the four kinds of attribute names.
                (0x10 | 0xf8..=0xfb, Some(text)) => (5, self.letters16(text)),
                (0x18, Some(octets)) => (5, self.key.letters(octets, octets.len())),
                _ => return copy,
            };
            keep(&mut copy, data, place, known);
            put(&mut copy, place + known, &read);
            place += known + read.len();
        }
        copy
    }

    /// CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1: offset of the name, type, flags, number of values, their offsets.
    pub(super) fn resource_attribute(&mut self, data: &[u8]) -> Vec<u8> {
        const HEADER: usize = 16;
        let mut copy = vec![0; data.len()];
        let words: Vec<u32> = data
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        let [name, kind, _, count, offsets @ ..] = words.as_slice() else {
            return copy;
        };
        let offsets = offsets.get(..index(*count)).unwrap_or_default();
        keep(&mut copy, data, 0, HEADER + 4 * offsets.len());
        for offset in offsets.iter().map(|offset| index(*offset)) {
            let Some(value) = data.get(offset..) else {
                continue;
            };
            let length = value
                .first_chunk()
                .map_or(0, |length| index(u32::from_le_bytes(*length)));
            let content = value.get(4..).and_then(|content| content.get(..length));
            match (kind & 0xffff, content) {
                // Integers and booleans.
                (1 | 2 | 6, _) => keep(&mut copy, data, offset, 8),
                (3, _) => put(&mut copy, offset, &self.letters16(until_nul(value))),
                (5, Some(sid)) => {
                    keep(&mut copy, data, offset, 4);
                    put(&mut copy, offset + 4, &self.sid_value(sid));
                }
                (0x10, Some(octets)) => {
                    keep(&mut copy, data, offset, 4);
                    put(
                        &mut copy,
                        offset + 4,
                        &self.key.letters(octets, octets.len()),
                    );
                }
                _ => {}
            }
        }
        let name = index(*name);
        if let Some(text) = data.get(name..) {
            put(&mut copy, name, &self.letters16(until_nul(text)));
        }
        copy
    }

    /// As many letters as `text` has UTF-16 units; an odd byte at the end becomes zero.
    fn letters16(&mut self, text: &[u8]) -> Vec<u8> {
        let folded = fold(&utf16(text));
        let letters = self.key.letters(folded.as_bytes(), text.len() / 2);
        let mut wide: Vec<u8> = letters.into_iter().flat_map(|letter| [letter, 0]).collect();
        wide.resize(text.len(), 0);
        wide
    }
}

/// Text of UTF-16LE bytes; what is not well-formed is replaced.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|unit| u16::from_le_bytes(*unit))
        .collect();
    String::from_utf16_lossy(&units)
}

/// The bytes before the first UTF-16 unit that is zero.
fn until_nul(bytes: &[u8]) -> &[u8] {
    let units = bytes.as_chunks::<2>().0;
    let end = units.iter().position(|unit| *unit == [0, 0]);
    bytes.get(..2 * end.unwrap_or(units.len())).unwrap_or(bytes)
}
