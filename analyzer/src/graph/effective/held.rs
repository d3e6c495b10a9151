//! What is told of who holds what, and what goes without saying.
//!
//! Deliberately does not find out who holds it: [`super::Effective`] does.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::right::RightKind;
use crate::graph::token::{Holder, Reach, Tokens};

/// Somebody holds a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) holder: Holder,
    pub(crate) right: RightKind,
    /// Position in the DACL of the ACE that decides; `None` for an owner or a missing DACL.
    pub(crate) ace: Option<usize>,
    pub(crate) inherited: bool,
    /// Hangs on a condition that only the domain controller can decide.
    pub(crate) unknown: bool,
    /// Members of the holder who are denied the right.
    pub(crate) except: Option<Arc<Reach>>,
}

/// Rows for one right. Who has it only as everybody has it needs no row, where everybody has one without exceptions.
#[derive(Default)]
pub(super) struct Rows(Vec<(Held, bool)>);

impl Rows {
    pub(super) fn add(&mut self, row: Held, as_everybody: bool) {
        self.0.push((row, as_everybody));
    }

    pub(super) fn told(self, tokens: &Tokens) -> Vec<Held> {
        let Self(rows) = self;
        let all = rows
            .iter()
            .filter(|(row, as_everybody)| !as_everybody && row.except.is_none());
        let everybody: Vec<Held> = all
            .filter(|(row, _)| tokens.everybody().contains(&row.holder))
            .map(|(row, _)| row.clone())
            .collect();
        let told = rows.into_iter().filter(|(row, as_everybody)| {
            let reach = tokens.reach(row.holder);
            let by = |all: &Held| {
                row.unknown >= all.unknown && reach.is_part_of(&tokens.reach(all.holder))
            };
            !as_everybody || !everybody.iter().any(by)
        });
        told.map(|(row, _)| row).collect()
    }
}

/// Leaves out what follows from a stronger right that the same holder has as surely, and for all the same members.
pub(super) fn without_weaker(found: Vec<Held>) -> Vec<Held> {
    let mut strong: HashMap<Holder, Vec<Held>> = HashMap::new();
    for held in &found {
        strong.entry(held.holder).or_default().push(held.clone());
    }
    let stronger = |held: &Held, other: &Held| {
        held.right.follows_from(other.right)
            && other.unknown <= held.unknown
            && match (&other.except, &held.except) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(more), Some(all)) => more.is_part_of(all),
            }
    };
    found
        .into_iter()
        .filter(|held| {
            !strong
                .get(&held.holder)
                .into_iter()
                .flatten()
                .any(|other| stronger(held, other))
        })
        .collect()
}
