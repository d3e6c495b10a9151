//! Nodes for parts of a group: the members who are not denied what the group holds, and those who can fill it.
//!
//! Owns how many members are told apart, and what joining a group brings. Rights are in [`super::rights`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::Node;
use super::super::reason::Reason;
use super::Builder;
use crate::frames::Analysis;
use crate::graph::{Holder, Reach, is_group};

/// Edges to nodes that stand for part of a group. What is beyond is told of the whole group.
const MOST_SPLIT: usize = 1_000_000;

/// Members of a group that are told one by one, if some of them are denied what it holds. Of a larger group all are told.
const MOST_IN_ONE: usize = 20_000;

/// Pairs of somebody who may add himself and a part of a group, of which is found out who is denied. Of more, it is said
/// that some are.
const MOST_ADDERS: usize = 20_000;

impl Builder<'_> {
    /// Where one comes who can fill the group: not denied what its members of today are denied.
    pub(super) fn filled_node(&mut self, group: Holder) -> u32 {
        if let Some(known) = self.filled.get(&group) {
            return *known;
        }
        let node = self.extra_node(Node::Filled(group));
        self.filled.insert(group, node);
        self.edge(node, group, Reason::Member);
        node
    }

    /// The node of those members of `group` who are not in `except`; the group itself if they are too many to tell.
    pub(super) fn without(&mut self, group: Holder, except: &Arc<Reach>) -> Option<u32> {
        let key = (group, Arc::clone(except));
        let node = match self.split.get(&key) {
            Some(known) => *known,
            None => self.split_node(group, except),
        };
        if let (Some(node), None) = (node, self.split.insert(key, node)) {
            self.split_in_order.push((group, Arc::clone(except), node));
        }
        node
    }

    /// The same for a set that lives as long as the rows: thousands of objects share one list of rights, and comparing
    /// large sets takes time.
    pub(super) fn without_shared(&mut self, group: Holder, except: &Arc<Reach>) -> Option<u32> {
        let shared = (group, Arc::as_ptr(except).addr());
        if let Some(known) = self.split_shared.get(&shared) {
            return *known;
        }
        let node = self.without(group, except);
        self.split_shared.insert(shared, node);
        node
    }

    fn split_node(&mut self, group: Holder, except: &Reach) -> Option<u32> {
        let room = MOST_SPLIT.saturating_sub(self.split_edges).min(MOST_IN_ONE);
        let left = self
            .analysis
            .effective
            .tokens
            .reach(group)
            .count()
            .saturating_sub(except.count());
        if left > room {
            return Some(group);
        }
        let members = self.not_denied(group, except, room);
        let node = if members.len() > room {
            group
        } else {
            self.split_edges += members.len();
            let node = self.extra_node(Node::NotDenied(group));
            for member in members {
                self.edge(member, node, Reason::NotDenied);
            }
            // Whoever joins a group within is in this one too, and denied only if all in there are.
            for within in self.groups_within(group) {
                if let Some(filled) = self
                    .filled
                    .get(&within)
                    .copied()
                    .filter(|_| !except.contains(within))
                {
                    self.edge(filled, node, Reason::NotDenied);
                }
            }
            node
        };
        Some(node)
    }

    /// The outermost members of `group` of whom nobody is in `except`; of more than `most` not all.
    fn not_denied(&self, group: Holder, except: &Reach, most: usize) -> Vec<Holder> {
        let tokens = &self.analysis.effective.tokens;
        let mut found = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        let mut everybody = false;
        while let Some(next) = waiting.pop() {
            if found.len() > most {
                return found;
            }
            everybody |= tokens.everybody().contains(&next);
            for member in tokens.members(next) {
                if !seen.insert(*member) {
                    continue;
                }
                if tokens.members(*member).is_empty() && !tokens.everybody().contains(member) {
                    found.extend((!except.contains(*member)).then_some(*member));
                } else if tokens.reach(*member).is_disjoint(except) {
                    found.push(*member);
                } else {
                    waiting.push(*member);
                }
            }
        }
        if everybody {
            let objects = self.analysis.directory.objects.iter().zip(0_u32..);
            let principals = objects.filter(|(object, _)| object.kind.is_principal());
            let holders = principals.map(|(_, holder)| holder);
            found.extend(
                holders
                    .filter(|holder| !except.contains(*holder))
                    .take(most.saturating_add(1)),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Groups that are in the group, however nested, each once.
    pub(super) fn groups_within(&self, group: Holder) -> Vec<Holder> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        while let Some(next) = waiting.pop() {
            for member in self.nested.get(&next).into_iter().flatten() {
                if seen.insert(*member) {
                    found.push(*member);
                    waiting.push(*member);
                }
            }
        }
        found
    }

    /// Who adds himself to a group comes by what its members have who are not denied, unless he is one who is. That he
    /// would be denied although he is not in the group yet, is not seen.
    pub(super) fn add_self_adders(&mut self) {
        let adders = std::mem::take(&mut self.self_adders);
        if adders.is_empty() {
            return;
        }
        let mut told = 0_usize;
        for (group, except, node) in self.split_in_order.clone() {
            let mut joined: HashSet<Holder> = self.groups_within(group).into_iter().collect();
            joined.insert(group);
            joined.retain(|group| !except.contains(*group));
            for (adder, own, _, reason) in adders
                .iter()
                .filter(|(.., group, _)| joined.contains(group))
            {
                if told == MOST_ADDERS {
                    self.edge(*adder, node, reason.of_some());
                    continue;
                }
                told += 1;
                let mut denied = except.holders();
                denied.extend(own.iter().flat_map(|own| own.holders()));
                denied.sort_unstable();
                denied.dedup();
                let denied = Arc::new(Reach::of(denied, self.analysis.effective.tokens.len()));
                let from = if self
                    .analysis
                    .effective
                    .tokens
                    .reach(*adder)
                    .is_disjoint(&denied)
                {
                    Some(*adder)
                } else {
                    self.without(*adder, &denied)
                };
                if let Some(from) = from {
                    self.edge(from, node, *reason);
                }
            }
        }
    }
}

/// The groups that are directly in each group.
pub(super) fn nested(analysis: &Analysis) -> HashMap<Holder, Vec<Holder>> {
    let mut nested: HashMap<Holder, Vec<Holder>> = HashMap::new();
    for (place, group) in (0..analysis.directory.objects.len()).zip(0_u32..) {
        if is_group(&analysis.directory, place) {
            for outer in analysis.effective.tokens.groups(group) {
                nested.entry(*outer).or_default().push(group);
            }
        }
    }
    nested
}
