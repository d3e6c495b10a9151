//! msDS-ManagedPasswordId: the head of a group key envelope (MS-GKDI 2.2.4), which names domain and forest.
//!
//! Owns writing it anew with other names. Everything else in it is a number or the GUID of a root key.

use super::condition::utf16;
use super::descriptor::index;
use super::name::Names;

/// Version, magic, flags, three indices and the root key's GUID.
const FIXED: usize = 40;

/// `KDSK`, the second field.
const MAGIC: [u8; 4] = *b"KDSK";

impl Names {
    /// The identifier with other names. Of bytes that are none, the numbers in front, which are none either.
    pub(super) fn password_id(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.envelope(bytes)
            .unwrap_or_else(|| bytes.get(..FIXED).unwrap_or(bytes).to_vec())
    }

    fn envelope(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED>()?;
        let (lengths, rest) = rest.split_first_chunk::<12>()?;
        let [additional, domain, forest] = lengths.as_chunks::<4>().0 else {
            return None;
        };
        let take = |rest: &mut &[u8], length: &[u8; 4]| {
            rest.split_off(..index(u32::from_le_bytes(*length)))
                .map(<[u8]>::to_vec)
        };
        let mut rest = rest;
        let (additional, domain, forest) = (
            take(&mut rest, additional)?,
            take(&mut rest, domain)?,
            take(&mut rest, forest)?,
        );
        if !rest.is_empty() || fixed.get(4..8) != Some(&MAGIC) {
            return None;
        }
        let domain = self.wide_dns(&domain)?;
        let forest = self.wide_dns(&forest)?;
        // A public key or nothing; its bytes are no name, but nobody reads them either.
        let additional = self.key.letters(&additional, additional.len());
        let mut copy = fixed.to_vec();
        for part in [&additional, &domain, &forest] {
            copy.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
        }
        copy.extend([additional, domain, forest].concat());
        Some(copy)
    }

    /// A DNS name in UTF-16LE with its NUL.
    fn wide_dns(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let name = bytes
            .strip_suffix(&[0, 0])
            .filter(|name| name.len() % 2 == 0)?;
        let replaced = self.dns(&utf16(name));
        Some(
            replaced
                .encode_utf16()
                .chain([0])
                .flat_map(u16::to_le_bytes)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::super::tests::names;

    /// Indices 362/1/31, domain `a.b`, forest `b`.
    const VALID: [u8; 64] = [
        1, 0, 0, 0, b'K', b'D', b'S', b'K', 2, 0, 0, 0, 0x6a, 1, 0, 0, 1, 0, 0, 0, 31, 0, 0,
        0, //
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
        0xff, //
        0, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, //
        b'a', 0, b'.', 0, b'b', 0, 0, 0, b'b', 0, 0, 0,
    ];

    #[test]
    fn names_are_replaced_and_lengths_follow() {
        let mut names = names();
        let copy = names.password_id(&VALID);
        let wide = |text: String| -> Vec<u8> {
            text.encode_utf16()
                .chain([0])
                .flat_map(u16::to_le_bytes)
                .collect()
        };
        let domain = wide(format!("{}.{}", names.token("a"), names.token("b")));
        let forest = wide(names.token("b"));
        assert_eq!(copy[..44], VALID[..44]);
        assert_eq!(
            copy[44..48],
            u32::try_from(domain.len()).unwrap().to_le_bytes()
        );
        assert_eq!(
            copy[48..52],
            u32::try_from(forest.len()).unwrap().to_le_bytes()
        );
        assert_eq!(copy[52..], [domain, forest].concat());
    }

    #[test]
    fn of_damaged_bytes_no_name_is_left() {
        let mut wrong = VALID;
        wrong[4] = b'X';
        let longer = [&VALID[..], &[0]].concat();
        for bytes in [&wrong[..], &longer, &VALID[..63]] {
            assert_eq!(names().password_id(bytes), bytes[..40]);
        }
        assert_eq!(names().password_id(&VALID[..9]), VALID[..9]);
    }
}
