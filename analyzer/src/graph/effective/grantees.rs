//! Sets of those who hold something, and how to tell them in the fewest words.

use std::collections::HashSet;
use std::sync::Arc;

use crate::graph::token::{Holder, Holders, Reach, Tokens, index};

/// Members of a group that are told one by one, where they hold a right only by being in another group as well. Of more,
/// the group is told, with those who do not hold it. Small in tests, so that small domains come to it.
const SINGLED_OUT: usize = if cfg!(test) { 3 } else { 2_000 };

/// Who holds a part: for certain, and if every condition is met.
#[derive(Debug, Clone)]
pub(crate) struct Grantees {
    pub(super) certain: Holders,
    pub(super) possible: Holders,
}

/// A holder, and those of its members who do not hold what it holds.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) holder: Holder,
    pub(super) except: Option<Arc<Reach>>,
    /// Each of the members, the exceptions aside, holds it for certain.
    pub(super) certain: bool,
}

impl Grantees {
    /// Adds all of `other`.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.certain.union_with(&other.certain);
        self.possible.union_with(&other.possible);
    }

    /// Leaves those who are in `other` too.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.certain.intersect_with(&other.certain);
        self.possible.intersect_with(&other.possible);
    }

    /// Whether the holder is among them: for certain (`Some(true)`), or if every condition is met.
    pub(crate) fn contains(&self, holder: Holder) -> Option<bool> {
        let certain = self.certain.contains(index(holder));
        self.possible.contains(index(holder)).then_some(certain)
    }

    /// Nobody at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.possible.is_clear()
    }

    /// All of the set: trustees with those of their members who are not in it. Where being in the trustee is not enough,
    /// but some of its members are in the set, by being in another trustee as well, these are told one by one, or if
    /// they are too many as the trustee without the others. Whoever is in the set must be in one of the `trustees`.
    pub(super) fn cover(
        &self,
        tokens: &Tokens,
        trustees: impl Iterator<Item = Holder>,
    ) -> Vec<Cover> {
        let mut seen = HashSet::new();
        let trustees = trustees.filter(|trustee| seen.insert(*trustee));
        let (enough, others): (Vec<_>, Vec<_>) =
            trustees.partition(|trustee| self.possible.contains(index(*trustee)));
        let mut covered: Vec<Cover> = enough
            .iter()
            .map(|trustee| self.told(*trustee, &tokens.reach(*trustee)))
            .collect();
        if others.is_empty() {
            return covered;
        }
        let nobody = Holders::with_capacity(tokens.len());
        let mut told = nobody.clone();
        for trustee in enough {
            tokens.reach(trustee).add_to(&mut told, &nobody);
        }
        for trustee in others {
            let (inside, _) = tokens.reach(trustee).split(&self.possible);
            let (_, rest) = inside.split(&told);
            let holders = if rest.count() > SINGLED_OUT {
                vec![trustee]
            } else {
                outermost(tokens, &rest)
            };
            for holder in holders {
                let reach = tokens.reach(holder);
                reach.add_to(&mut told, &nobody);
                covered.push(self.told(holder, &reach));
            }
        }
        covered
    }

    fn told(&self, holder: Holder, reach: &Reach) -> Cover {
        let except = if reach.is_within(&self.possible) {
            None
        } else {
            Some(Arc::new(reach.split(&self.possible).1))
        };
        Cover {
            holder,
            certain: self.is_certain(reach, except.as_deref()),
            except,
        }
    }

    /// Whether all of `reach`, `except` aside, are certain.
    pub(super) fn is_certain(&self, reach: &Reach, except: Option<&Reach>) -> bool {
        reach.is_within(&self.certain)
            || except.is_some_and(|except| reach.split(&self.certain).1.is_part_of(except))
    }
}

/// Members of a set in whom all of it is: those whose groups are not in it as well, and of groups that are in each other
/// the first.
fn outermost(tokens: &Tokens, inside: &Reach) -> Vec<Holder> {
    let mut found = Vec::new();
    let mut reached = HashSet::new();
    let members = inside.holders();
    let top = |member: &&Holder| {
        !tokens
            .groups(**member)
            .iter()
            .any(|group| inside.contains(*group))
    };
    for member in members.iter().filter(top).chain(&members) {
        if reached.insert(*member) {
            found.push(*member);
            reached.extend(tokens.reach(*member).holders());
        }
    }
    found
}
