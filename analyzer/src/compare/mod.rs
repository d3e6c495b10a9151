//! What changed between two snapshots of one domain, and what caused it.
//!
//! | module | question |
//! | --- | --- |
//! | [`matching`] | which object is which |
//! | [`access`] | who gained or lost which power, found by asking the access check on both sides |
//!
//! What a side could not see is *unknown*, never added or removed. Deliberately holds no rule and no score: findings of both
//! sides come from the stages before.

mod matching;

use crate::frames::Analysis;

pub(crate) use matching::Matching;

/// The two sides of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) old: &'a Analysis,
    pub(crate) new: &'a Analysis,
    pub(crate) matching: &'a Matching,
}
