//! Which parts a query is asked in: ranges of uSNCreated, narrow enough that losing one costs little.
//!
//! uSNCreated (MS-ADA3 2.330) is indexed, never changes on a domain controller and grows with every object, so a range
//! of N numbers holds at most N objects. Objects of a directory lie unevenly in it: widths follow what was found.
//! Deliberately does not ask anything.

/// One part of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it, without a bound: also what does not show its uSNCreated.
    Whole,
    /// uSNCreated from `first` to `last`, both included; `None` without a bound.
    Usn {
        first: Option<i64>,
        last: Option<i64>,
    },
    /// Objects that do not show their uSNCreated, which no range finds.
    Unnumbered,
}

impl Part {
    /// The filter of this part of a query with `filter` (RFC 4515 text).
    pub(crate) fn filter(self, filter: &str) -> String {
        match self {
            Self::Whole => filter.to_owned(),
            Self::Usn { first, last } => {
                let from = first.map_or_else(String::new, |n| format!("(uSNCreated>={n})"));
                let to = last.map_or_else(String::new, |n| format!("(uSNCreated<={n})"));
                format!("(&{filter}{from}{to})")
            }
            Self::Unnumbered => format!("(&{filter}(!(uSNCreated=*)))"),
        }
    }

    /// The bounds, for the ledger.
    pub(crate) fn bounds(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Usn { first, last } => (first, last),
            Self::Whole | Self::Unnumbered => (None, None),
        }
    }

    /// The part that has these bounds and this filter in the ledger.
    pub(crate) fn from_ledger(
        query: &str,
        filter: &str,
        bounds: (Option<i64>, Option<i64>),
    ) -> Self {
        match bounds {
            (None, None) if filter == query => Self::Whole,
            (None, None) => Self::Unnumbered,
            (first, last) => Self::Usn { first, last },
        }
    }
}

/// What of a query is still to be asked.
#[derive(Debug)]
pub(crate) struct Ranges {
    /// Intervals not yet asked, the next one last; both bounds included.
    open: Vec<(i64, i64)>,
    unnumbered: bool,
    /// Highest number that is known; there may be higher ones by now. `None`: parts cannot be made.
    highest: Option<i64>,
    width: i64,
    target: i64,
}

/// Numbers of uSNCreated, as far as a query can tell.
const LOWEST: i64 = 0;
const HIGHEST: i64 = i64::MAX;

impl Ranges {
    /// Parts of about `target` objects of a query of which `done` has been answered before.
    ///
    /// `highest` is highestCommittedUSN of the server; without it the query is asked whole.
    pub(crate) fn new(highest: Option<i64>, target: u32, done: &[Part]) -> Self {
        let mut ranges = Self {
            open: Vec::new(),
            unnumbered: false,
            highest,
            width: i64::from(target.max(1)),
            target: i64::from(target.max(1)),
        };
        if done.contains(&Part::Whole) {
            return ranges;
        }
        let mut taken: Vec<(i64, i64)> = done
            .iter()
            .filter_map(|part| match part {
                Part::Usn { first, last } => {
                    Some((first.unwrap_or(LOWEST), last.unwrap_or(HIGHEST)))
                }
                Part::Whole | Part::Unnumbered => None,
            })
            .collect();
        taken.sort_unstable();
        let mut from = LOWEST;
        let mut gaps = Vec::new();
        for (first, last) in taken {
            if first > from {
                gaps.push((from, first - 1));
            }
            from = from.max(last.saturating_add(1));
        }
        if from < HIGHEST {
            gaps.push((from, HIGHEST));
        }
        gaps.reverse();
        ranges.unnumbered = !done.is_empty() && !done.contains(&Part::Unnumbered);
        ranges.open = gaps;
        ranges
    }

    /// The next part, `None` after the last.
    pub(crate) fn next(&mut self) -> Option<Part> {
        let Some((first, last)) = self.open.pop() else {
            return std::mem::take(&mut self.unnumbered).then_some(Part::Unnumbered);
        };
        let Some(highest) = self.highest else {
            return Some(part(first, last));
        };
        // The last part has no upper bound: it also finds what was created while the others were read.
        let end = first.saturating_add(self.width - 1);
        if end >= last || end >= highest {
            return Some(part(first, last));
        }
        self.open.push((end + 1, last));
        self.unnumbered = true;
        Some(part(first, end))
    }

    /// Tells how many objects a part held, so that the next ones hold about as many as wanted.
    pub(crate) fn answered(&mut self, asked: Part, entries: u64) {
        let Part::Usn { first, last } = asked else {
            return;
        };
        let (Some(last), first) = (last, first.unwrap_or(LOWEST)) else {
            return;
        };
        let entries = i64::try_from(entries).unwrap_or(i64::MAX).max(1);
        let numbers = last.saturating_sub(first).saturating_add(1);
        let wanted = numbers.saturating_mul(self.target) / entries;
        self.width = wanted.clamp(
            (self.width / 4).max(1),
            self.width.saturating_mul(16).max(1),
        );
    }

    /// After the server refused a part for its size: asks for it in two halves. False if it cannot be halved.
    pub(crate) fn halve(&mut self, refused: Part) -> bool {
        let (first, last) = match refused {
            Part::Whole => (LOWEST, HIGHEST),
            Part::Usn { first, last } => (first.unwrap_or(LOWEST), last.unwrap_or(HIGHEST)),
            Part::Unnumbered => return false,
        };
        let Some(highest) = self.highest else {
            return false;
        };
        let upper = last.min(highest.max(first));
        if upper <= first {
            return false;
        }
        let middle = first + (upper - first) / 2;
        self.open.push((middle + 1, last));
        self.open.push((first, middle));
        self.width = (middle - first + 1).max(1);
        self.unnumbered = true;
        true
    }
}

fn part(first: i64, last: i64) -> Part {
    if (first, last) == (LOWEST, HIGHEST) {
        return Part::Whole;
    }
    Part::Usn {
        first: (first != LOWEST).then_some(first),
        last: (last != HIGHEST).then_some(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usn(first: i64, last: i64) -> Part {
        part(first, last)
    }

    #[test]
    fn a_small_directory_is_asked_whole() {
        let mut ranges = Ranges::new(Some(900), 1_000, &[]);
        assert_eq!(ranges.next(), Some(Part::Whole));
        assert_eq!(ranges.next(), None);
        let mut unknown = Ranges::new(None, 10, &[]);
        assert_eq!(unknown.next(), Some(Part::Whole));
        assert!(!unknown.halve(Part::Whole));
    }

    #[test]
    fn filters() {
        assert_eq!(Part::Whole.filter("(a=b)"), "(a=b)");
        assert_eq!(
            usn(5, 9).filter("(a=b)"),
            "(&(a=b)(uSNCreated>=5)(uSNCreated<=9))"
        );
        assert_eq!(usn(LOWEST, 9).filter("(a=b)"), "(&(a=b)(uSNCreated<=9))");
        assert_eq!(usn(5, HIGHEST).filter("(a=b)"), "(&(a=b)(uSNCreated>=5))");
    }

    #[test]
    fn an_answered_query_has_nothing_left() {
        assert_eq!(Ranges::new(Some(9), 1, &[Part::Whole]).next(), None);
        let done = [usn(LOWEST, 4), usn(5, HIGHEST), Part::Unnumbered];
        assert_eq!(Ranges::new(Some(9), 1, &done).next(), None);
        let done = [usn(LOWEST, 4), usn(5, HIGHEST)];
        assert_eq!(
            Ranges::new(Some(9), 1, &done).next(),
            Some(Part::Unnumbered)
        );
    }

    #[test]
    fn parts_come_back_from_the_ledger() {
        for part in [
            Part::Whole,
            usn(LOWEST, 4),
            usn(5, HIGHEST),
            Part::Unnumbered,
        ] {
            assert_eq!(
                Part::from_ledger("(a=b)", &part.filter("(a=b)"), part.bounds()),
                part
            );
        }
    }

    proptest! {
        /// Every number is asked for exactly once, whatever is found, refused or interrupted on the way.
        #[test]
        fn every_number_is_asked_for_once(
            highest in 1_i64..5_000,
            target in 1_u32..700,
            found in prop::collection::vec(0_u64..2_000, 1..40),
            refused in prop::collection::vec(any::<bool>(), 1..40),
            interrupted in 0_usize..30,
        ) {
            let mut done = Vec::new();
            let mut ranges = Ranges::new(Some(highest), target, &done);
            let mut steps = 0;
            let mut left = interrupted;
            while let Some(part) = ranges.next() {
                steps += 1;
                prop_assert!(steps < 20_000);
                if refused.get(steps).copied().unwrap_or(false) && ranges.halve(part) {
                    continue;
                }
                ranges.answered(part, found.get(steps % found.len()).copied().unwrap_or(0));
                done.push(part);
                if left > 0 {
                    left -= 1;
                    if left == 0 {
                        ranges = Ranges::new(Some(highest), target, &done);
                    }
                }
            }
            if done == [Part::Whole] {
                return Ok(());
            }
            prop_assert_eq!(done.iter().filter(|part| **part == Part::Unnumbered).count(), 1);
            let mut intervals: Vec<(i64, i64)> = done.iter().filter_map(|part| match part {
                Part::Usn { first, last } => Some((first.unwrap_or(LOWEST), last.unwrap_or(HIGHEST))),
                _ => None,
            }).collect();
            intervals.sort_unstable();
            let mut next = LOWEST;
            for (first, last) in intervals {
                prop_assert_eq!(first, next);
                next = last.saturating_add(1);
            }
            prop_assert_eq!(next, HIGHEST);
        }
    }
}
