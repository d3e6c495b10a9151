//! Self-relative security descriptors (MS-DTYP 2.4.6), rewritten in place.
//!
//! Owns the walk from the header to the last ACE. The result has the length and the structure of the original, defects
//! included, so that it is judged alike: parts that are understood are copied or replaced, and every other byte is zero.
//! Deliberately does not judge. Conditions and resource attributes are [`super::condition`]'s.

use super::name::Names;

/// Bytes of a descriptor's header.
const HEADER: usize = 20;
/// Bytes of an ACL's header (MS-DTYP 2.4.5).
const ACL_HEADER: usize = 8;
/// Bytes of an ACE's header (MS-DTYP 2.4.4.1).
const ACE_HEADER: usize = 4;

const DACL_PRESENT: u8 = 0x04;
const SACL_PRESENT: u8 = 0x10;
const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_OBJECT_TYPE_PRESENT: u32 = 2;

/// What follows the SID of an ACE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing that means anything.
    Padding,
    Condition,
    ResourceAttribute,
}

impl Names {
    /// The descriptor with other SIDs where they are to change, and without text.
    pub(super) fn descriptor(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut copy = vec![0; bytes.len()];
        keep(&mut copy, bytes, 0, HEADER);
        let [_, _, control, _, offsets @ ..] = bytes else {
            return copy;
        };
        let mut offsets = offsets.as_chunks::<4>().0.iter();
        let mut next = || {
            offsets
                .next()
                .map_or(0, |offset| u32::from_le_bytes(*offset))
        };
        let [owner, group, sacl, dacl] = [next(), next(), next(), next()].map(index);
        for part in [owner, group] {
            let sid = bytes.get(part..).filter(|_| part != 0);
            if let Some(sid) = sid.and_then(|sid| self.sid_prefix(sid)) {
                put(&mut copy, part, &sid);
            }
        }
        for (part, present) in [(sacl, SACL_PRESENT), (dacl, DACL_PRESENT)] {
            if part != 0 && control & present != 0 {
                self.list(bytes, &mut copy, part);
            }
        }
        copy
    }

    fn list(&mut self, bytes: &[u8], copy: &mut [u8], start: usize) {
        let Some([_, _, size_low, size_high, count_low, count_high, _, _]) =
            bytes.get(start..).and_then(<[u8]>::first_chunk)
        else {
            return;
        };
        keep(copy, bytes, start, ACL_HEADER);
        let size = usize::from(u16::from_le_bytes([*size_low, *size_high]));
        let end = (start + size).min(bytes.len());
        let mut place = start + ACL_HEADER;
        for _ in 0..u16::from_le_bytes([*count_low, *count_high]) {
            let Some([kind, _, low, high]) = bytes
                .get(place..end)
                .and_then(<[u8]>::first_chunk::<ACE_HEADER>)
            else {
                return;
            };
            keep(copy, bytes, place, ACE_HEADER);
            let size = usize::from(u16::from_le_bytes([*low, *high]));
            if size < ACE_HEADER || place + size > end {
                return;
            }
            let from = place + ACE_HEADER;
            let body = bytes.get(from..place + size).unwrap_or_default();
            put(copy, from, &self.ace(*kind, body));
            place += size;
        }
    }

    /// The body of an ACE (MS-DTYP 2.4.4.2 to 2.4.4.15): mask, object types, trustee, and what follows. Of a body that
    /// is cut short, what is there.
    fn ace(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let (object, rest) = match kind {
            0x00..=0x03 | 0x11 | 0x13 | 0x14 => (false, Rest::Padding),
            0x05..=0x08 => (true, Rest::Padding),
            0x09 | 0x0a | 0x0d | 0x0e | 0x15 => (false, Rest::Condition),
            0x0b | 0x0c | 0x0f | 0x10 => (true, Rest::Condition),
            0x12 => (false, Rest::ResourceAttribute),
            _ => return Vec::new(),
        };
        let mut sid = 4;
        if object {
            let flags = body
                .get(4..8)
                .and_then(<[u8]>::first_chunk)
                .map_or(0, |flags| u32::from_le_bytes(*flags));
            sid += 4;
            for flag in [OBJECT_TYPE_PRESENT, INHERITED_OBJECT_TYPE_PRESENT] {
                sid += if flags & flag != 0 { 16 } else { 0 };
            }
        }
        let mut copy = body.get(..sid).unwrap_or(body).to_vec();
        let Some(trustee) = body.get(sid..).and_then(|sid| self.sid_prefix(sid)) else {
            return copy;
        };
        copy.extend(&trustee);
        let data = body.get(copy.len()..).unwrap_or_default();
        match rest {
            Rest::Padding => {}
            Rest::Condition => copy.extend(self.condition(data)),
            Rest::ResourceAttribute => copy.extend(self.resource_attribute(data)),
        }
        copy
    }
}

/// Writes `part` at `place`, as far as there is room.
pub(super) fn put(copy: &mut [u8], place: usize, part: &[u8]) {
    for (to, from) in copy.iter_mut().skip(place).zip(part) {
        *to = *from;
    }
}

/// Copies `length` bytes at `place`, as many as there are.
pub(super) fn keep(copy: &mut [u8], bytes: &[u8], place: usize, length: usize) {
    let part = bytes.get(place..).unwrap_or_default();
    put(copy, place, part.get(..length).unwrap_or(part));
}

/// An offset that no memory holds lies outside of every descriptor.
pub(super) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::tests::{names, rebasing};
    use proptest::prelude::*;

    const DOMAIN_ADMINS: [u8; 28] = [
        1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 2, 0, 0,
    ];

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn ace(kind: u8, body: &[u8]) -> Vec<u8> {
        let size = u16::try_from(body.len() + 4).unwrap().to_le_bytes();
        [&[kind, 0, size[0], size[1]], body].concat()
    }

    /// Owner, then a DACL of these ACEs with four unused bytes behind them.
    fn descriptor(aces: &[Vec<u8>]) -> Vec<u8> {
        let list = aces.concat();
        let size = u16::try_from(list.len() + 12).unwrap().to_le_bytes();
        let mut bytes = vec![
            1, 0, 4, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0,
        ];
        bytes.extend(DOMAIN_ADMINS);
        bytes.extend([
            4,
            0,
            size[0],
            size[1],
            u8::try_from(aces.len()).unwrap(),
            0,
            0,
            0,
        ]);
        bytes.extend(list);
        bytes.extend(*b"slak");
        bytes
    }

    fn trustee(data: &[u8]) -> Vec<u8> {
        [&[0, 1, 0, 0], &DOMAIN_ADMINS[..], data].concat()
    }

    #[test]
    fn a_descriptor_without_text_or_slack_stays() {
        let mut bytes = descriptor(&[ace(0, &trustee(&[])), ace(5, &[0; 24])]);
        let whole = bytes.len();
        bytes[whole - 4..].fill(0);
        // The second ACE's trustee is no SID: its bytes are zero already.
        assert_eq!(names().descriptor(&bytes), bytes);
    }

    #[test]
    fn sids_are_rebased_everywhere_and_alike() {
        let bytes = descriptor(&[
            ace(0, &trustee(&[])),
            ace(6, &[&[0; 8], &DOMAIN_ADMINS[..]].concat()),
        ]);
        let mut names = rebasing();
        let rebased = names.descriptor(&bytes);
        let admins = names.sid_value(&DOMAIN_ADMINS);
        assert_eq!(rebased.len(), bytes.len());
        assert_ne!(admins, DOMAIN_ADMINS);
        assert_eq!(admins[24..], DOMAIN_ADMINS[24..]);
        let count =
            |bytes: &[u8], sid: &[u8]| bytes.windows(28).filter(|part| *part == sid).count();
        assert_eq!(
            (count(&rebased, &admins), count(&rebased, &DOMAIN_ADMINS)),
            (3, 0)
        );
    }

    #[test]
    fn slack_is_not_carried_along() {
        let padded = ace(0, &trustee(b"contoso!"));
        let mut bytes = descriptor(&[padded, ace(0x42, b"contoso!")]);
        bytes.extend(b"contoso trailing");
        let clean = names().descriptor(&bytes);
        assert_eq!(clean.len(), bytes.len());
        for text in [&b"contoso"[..], b"slak", b"trailing"] {
            assert!(!clean.windows(text.len()).any(|part| part == text));
        }
    }

    #[test]
    fn conditions_keep_their_form_without_their_words() {
        let (name, value) = (utf16("Department"), utf16("Contoso"));
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap().to_le_bytes();
        let condition = [
            &b"artx"[..],
            &[0xf9],
            &length(&name),
            &name,
            &[0x10],
            &length(&value),
            &value,
            &[0x80],
            &[0x51],
            &length(&DOMAIN_ADMINS),
            &DOMAIN_ADMINS,
            &[0x89, 0xa0, 0x04],
            &[7; 10],
            &[0, 0xee, 0x77],
        ]
        .concat();
        let bytes = descriptor(&[ace(9, &trustee(&condition))]);
        let clean = rebasing().descriptor(&bytes);
        assert_eq!(clean.len(), bytes.len());
        for text in [&name, &value, &DOMAIN_ADMINS.to_vec()] {
            assert!(!clean.windows(text.len()).any(|part| part == text));
        }
        let at = 48 + 8 + 4 + 4 + 28;
        assert_eq!(clean[at..at + 9], condition[..9]);
        let end = at + condition.len();
        // Operators and numbers stay; from the first unknown byte on there is nothing.
        assert_eq!(
            clean[end - 16..end - 3],
            condition[condition.len() - 16..condition.len() - 3]
        );
        assert_eq!(clean[end - 3..end], [0, 0, 0]);
    }

    #[test]
    fn resource_attributes_keep_their_form_without_their_words() {
        let name = utf16("Project\0");
        let value = utf16("Contoso\0");
        let header = [20_u32, 3, 0, 1, 36].map(u32::to_le_bytes).concat();
        let data = [&header[..], &name, &value].concat();
        let mut bytes = descriptor(&[ace(0x12, &trustee(&data))]);
        // The same list as a SACL.
        bytes[2] = 0x10;
        bytes.copy_within(16..20, 12);
        bytes[16..20].fill(0);
        let clean = names().descriptor(&bytes);
        let at = 48 + 8 + 4 + 4 + 28;
        assert_eq!(clean[at..at + 20], header[..]);
        for text in [&name, &value] {
            assert!(!clean.windows(text.len()).any(|part| part == text));
        }
        assert_eq!(clean[at + 34..at + 36], [0, 0]);
        assert_ne!(clean[at + 36], 0);
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
            prop_assert_eq!(names().descriptor(&bytes).len(), bytes.len());
            let mut whole = descriptor(&[ace(9, &trustee(&bytes)), ace(0x12, &trustee(&bytes)), ace(5, &bytes)]);
            whole.truncate(cut);
            prop_assert_eq!(rebasing().descriptor(&whole).len(), whole.len());
        }
    }
}
