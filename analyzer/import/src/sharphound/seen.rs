//! Which principals were seen, to find one SID on two objects.
//!
//! Owns a table of 16 bytes an entry, so that millions fit. Deliberately keeps no names: two of the 2^64 hashes of SIDs
//! or of the 2^24 of DNs can be equal, which would hide or invent a conflict about once in as many rows.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bits of the hash of a DN.
const DN_BITS: u32 = 24;
/// Bits of the number of a row.
const ROW_BITS: u32 = 28;

/// The table: hash of the SID to file (12 bits), row and hash of the DN.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<u64, u64>);

impl Seen {
    /// Notes an object; the file and row of another one with the same SID and another DN, if there was one.
    pub(super) fn conflict(
        &mut self,
        sid: &str,
        dn: &str,
        member: usize,
        row: u64,
    ) -> Option<(usize, u64)> {
        let dn = hash(&dn.to_uppercase()) >> (u64::BITS - DN_BITS);
        let file = u64::try_from(member).ok()?;
        let value =
            (file << (DN_BITS + ROW_BITS)) | ((row & ((1 << ROW_BITS) - 1)) << DN_BITS) | dn;
        let known = *self.0.entry(hash(sid)).or_insert(value);
        let same = known & ((1 << DN_BITS) - 1) == dn;
        (!same).then(|| {
            let file = usize::try_from(known >> (DN_BITS + ROW_BITS)).unwrap_or(usize::MAX);
            (file, (known >> DN_BITS) & ((1 << ROW_BITS) - 1))
        })
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_objects() {
        let mut seen = Seen::default();
        assert_eq!(
            seen.conflict("S-1-5-21-1-2-3-4", "CN=A,DC=B", 4095, 77),
            None
        );
        assert_eq!(seen.conflict("S-1-5-21-1-2-3-4", "cn=a,dc=b", 1, 1), None);
        assert_eq!(seen.conflict("S-1-5-21-1-2-3-5", "CN=C,DC=B", 1, 2), None);
        assert_eq!(
            seen.conflict("S-1-5-21-1-2-3-4", "CN=C,DC=B", 2, 3),
            Some((4095, 77))
        );
    }
}
