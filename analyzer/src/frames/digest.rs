//! A short mark of a list that is too long for a finding: another list has another mark.
//!
//! Exceptions are bound to it. Deliberately cannot be read back.

use sha2::{Digest, Sha256};

use crate::rules::hex;

/// Hexadecimal digits of a mark: nobody looks for a second list with the same 64 bits to keep an exception.
const DIGITS: usize = 16;

/// The mark of `entries`, in whatever order.
pub(super) fn digest_of(mut entries: Vec<String>) -> String {
    entries.sort_unstable();
    let mut hasher = Sha256::new();
    for entry in entries {
        // Lengths keep `["ab", "c"]` and `["a", "bc"]` apart.
        hasher.update((entry.len() as u64).to_le_bytes());
        hasher.update(entry.as_bytes());
    }
    let mut digits = hex(&hasher.finalize());
    digits.truncate(DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_count_and_everything_else_does() {
        let of =
            |entries: &[&str]| digest_of(entries.iter().map(|&entry| entry.to_owned()).collect());
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        assert_eq!(of(&["a"]).len(), DIGITS);
        for other in [&["a"][..], &["a", "c"], &["ab"], &["a", "b", "b"], &[]] {
            assert_ne!(of(&["a", "b"]), of(other));
        }
    }
}
