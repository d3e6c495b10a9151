//! Lists of values that came in pieces (range retrieval, MS-ADTS 3.1.1.3.1.3.3).
//!
//! Owns whether the pieces of an object make whole lists. Deliberately holds no value.

use std::collections::BTreeMap;

use coldcase_schemas::Entry;

use super::line::Range;

/// The pieces of one object: by attribute in lower case, how many values each has.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    of: BTreeMap<String, BTreeMap<Range, u64>>,
}

impl Pieces {
    /// Whether an attribute came in pieces.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.of.is_empty() && self.of.contains_key(&name.to_ascii_lowercase())
    }

    /// Takes a piece, with one value of it unless it is empty.
    pub(super) fn note(&mut self, name: &str, range: Range, values: u64) {
        let pieces = self.of.entry(name.to_ascii_lowercase()).or_default();
        *pieces.entry(range).or_default() += values;
    }

    /// Marks what is not whole.
    pub(super) fn judge(&self, entry: &mut Entry) {
        for (name, pieces) in &self.of {
            if !is_whole(pieces) {
                entry.lacks(name);
            }
        }
    }
}

/// Whether pieces begin at the first value, follow each other, have as many values as they say, and end with the last.
fn is_whole(pieces: &BTreeMap<Range, u64>) -> bool {
    let mut next = Some(0);
    for (range, values) in pieces {
        if next != Some(range.first) {
            return false;
        }
        next = match range.last {
            // What ends before it begins, or beyond all numbers, is no piece.
            Some(last) => match last.checked_add(1) {
                Some(end) if end.checked_sub(range.first) == Some(*values) => Some(end),
                _ => return false,
            },
            None => None,
        };
    }
    next.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_whole_if_its_pieces_follow_each_other() {
        let whole = |pieces: &[(u64, Option<u64>, u64)]| {
            let pieces = pieces.iter();
            is_whole(
                &pieces
                    .map(|(first, last, values)| {
                        let range = Range {
                            first: *first,
                            last: *last,
                        };
                        (range, *values)
                    })
                    .collect(),
            )
        };
        assert!(whole(&[(0, None, 5)]));
        assert!(whole(&[(0, Some(1), 2), (2, None, 7)]));
        assert!(whole(&[(0, Some(1), 2), (2, Some(3), 2), (4, None, 0)]));
        assert!(!whole(&[(0, Some(1), 2)]), "no end");
        assert!(!whole(&[(1, None, 3)]), "no head");
        assert!(!whole(&[(0, Some(0), 1), (2, None, 3)]), "a gap");
        assert!(!whole(&[(0, Some(1), 1), (2, None, 3)]), "a value less");
        assert!(!whole(&[(u64::MAX, Some(0), 1)]), "no range");
        assert!(!whole(&[(0, Some(u64::MAX), 1)]), "beyond all");
    }
}
