//! Rights over others, by whom they are given to: how many objects, and the first of them.
//!
//! A descriptor that many objects share is counted once with their number. Deliberately knows no account: whose token
//! holds whom is [`super::reach`]'s.

use std::collections::HashMap;
use std::sync::Arc;

use super::crowd::EXAMPLES;
use crate::frames::{Analysis, let_in};
use crate::graph::{Held, Holder, Reach, RightKind};
use crate::load::Kind;

/// Objects over which one holder has one right.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) right: RightKind,
    pub(super) conditional: bool,
    /// Members of the holder who are denied it.
    pub(super) denied: Option<Arc<Reach>>,
    pub(super) objects: u64,
    /// Places of the first by the order of the snapshot, one more than is told.
    pub(super) first: Vec<usize>,
}

/// By holder.
pub(super) struct Tallies<'a> {
    analysis: &'a Analysis,
    by_holder: HashMap<Holder, Vec<Tally>>,
    /// Rights that stand in rows of an object itself, for taking it out of its own count.
    own: HashMap<usize, Vec<Arc<Vec<Held>>>>,
}

/// Objects that share a list.
type Shared = (Arc<Vec<Held>>, u64, Vec<usize>);

impl<'a> Tallies<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let mut tallies = Self {
            analysis,
            by_holder: HashMap::new(),
            own: HashMap::new(),
        };
        let mut lists: Vec<Shared> = Vec::new();
        let mut known: HashMap<usize, usize> = HashMap::new();
        let mut add = |place: usize, held: &Arc<Vec<Held>>| {
            let at = *known.entry(Arc::as_ptr(held).addr()).or_insert_with(|| {
                lists.push((Arc::clone(held), 0, Vec::new()));
                lists.len() - 1
            });
            if let Some((_, objects, first)) = lists.get_mut(at) {
                *objects += 1;
                if first.len() <= EXAMPLES {
                    first.push(place);
                }
            }
        };
        for (place, held) in &analysis.controls().rows {
            add(*place, held);
        }
        let mut let_in_by: HashMap<(i64, RightKind), Option<Arc<Vec<Held>>>> = HashMap::new();
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            if !object.kind.is_principal() {
                continue;
            }
            let managed = matches!(object.kind, Kind::Gmsa | Kind::Dmsa);
            let readers = object.readers.filter(|_| managed);
            let both = [
                (readers, RightKind::ReadPassword),
                (object.allowed_to_act, RightKind::ActFor),
            ];
            for (id, right) in both {
                let Some(id) = id else { continue };
                let held = let_in_by
                    .entry((id, right))
                    .or_insert_with(|| let_in(analysis, id, right).map(Arc::new));
                if let Some(held) = held {
                    add(place, held);
                }
            }
        }
        for (list, objects, first) in &lists {
            tallies.count(list, *objects, first);
        }
        for (place, held) in &analysis.controls().rows {
            let own = Holder::try_from(*place).ok();
            if held.iter().any(|held| Some(held.holder) == own) {
                tallies
                    .own
                    .entry(*place)
                    .or_default()
                    .push(Arc::clone(held));
            }
        }
        tallies
    }

    fn count(&mut self, list: &Arc<Vec<Held>>, objects: u64, first: &[usize]) {
        for held in list.iter() {
            let tallies = self.by_holder.entry(held.holder).or_default();
            let address = |denied: &Option<Arc<Reach>>| denied.as_ref().map(Arc::as_ptr);
            let same = |tally: &&mut Tally| {
                (tally.right, tally.conditional, address(&tally.denied))
                    == (held.right, held.unknown, address(&held.except))
            };
            match tallies.iter_mut().find(same) {
                Some(tally) => {
                    tally.objects += objects;
                    tally.first.extend(first);
                    tally.first.sort_unstable();
                    tally.first.truncate(EXAMPLES + 1);
                }
                None => tallies.push(Tally {
                    right: held.right,
                    conditional: held.unknown,
                    denied: held.except.clone(),
                    objects,
                    first: first.to_vec(),
                }),
            }
        }
    }

    /// What a holder has over others than the account at `place`, whose token it is in.
    pub(super) fn of(&self, holder: Holder, place: usize) -> Vec<Tally> {
        let account = Holder::try_from(place).ok();
        let tallies = self.by_holder.get(&holder).into_iter().flatten();
        let admits = |tally: &&Tally| {
            let denied = tally.denied.as_ref();
            !account.is_some_and(|own| denied.is_some_and(|denied| denied.contains(own)))
        };
        let mut found: Vec<Tally> = tallies.filter(admits).cloned().collect();
        if account == Some(holder) {
            for tally in &mut found {
                self.without_own(tally, place, holder);
            }
            found.retain(|tally| tally.objects > 0);
        }
        found
    }

    fn without_own(&self, tally: &mut Tally, place: usize, holder: Holder) {
        let principal = self.analysis.object(place);
        if !principal.is_some_and(|object| object.kind.is_principal()) {
            return;
        }
        let rows = self.own.get(&place).into_iter().flatten();
        let own = rows.flat_map(|rows| rows.iter()).filter(|held| {
            held.holder == holder && (held.right, held.unknown) == (tally.right, tally.conditional)
        });
        let own = own.count() as u64;
        if own > 0 {
            tally.objects = tally.objects.saturating_sub(own);
            tally.first.retain(|other| *other != place);
        }
    }
}
