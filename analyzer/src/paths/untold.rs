//! The shortest way of an account to tier 0 that no page of another rule tells whole.
//!
//! Owns which ways those are. Deliberately leaves out steps of the account itself only: who comes to it from elsewhere
//! has a longer way, which nobody else tells.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{ControlGraph, Reason};
use crate::frames::{Analysis, groups_of};
use crate::graph::network::Edge;

/// Where a way is: still with what the account is, by memberships alone, or past a step of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    node: u32,
    by_membership: bool,
}

impl ControlGraph {
    /// The edges of the shortest way from a service account to tier 0 that is neither
    ///
    /// - one step of delegation (DG01 to DG03) or of a migration (DM06), nor
    /// - memberships only, up to a group that works on the controllers (PR02, PR03).
    ///
    /// Empty if there is none, and in tier 0. That some other way is told changes nothing, so a step less anywhere
    /// never brings a way about.
    pub(crate) fn untold_way(&self, analysis: &Analysis, account: u32) -> Vec<u32> {
        let shortest = self.way_to_tier0(account);
        let mut told = Told::of(self, analysis, account);
        if !told.is_told(&shortest) {
            return shortest;
        }
        let start = At {
            node: account,
            by_membership: true,
        };
        // How each was come to first.
        let mut before: HashMap<At, (At, u32)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (index, edge) in self.network.leaving(at.node) {
                let Some((_, reason)) = self.edge(index) else {
                    continue;
                };
                // Who comes back to the account has gone nowhere.
                if edge.to == account || told.ends(at, edge, reason) {
                    continue;
                }
                let next = At {
                    node: edge.to,
                    by_membership: at.by_membership && is_membership(reason),
                };
                if before.contains_key(&next) {
                    continue;
                }
                before.insert(next, (at, index));
                if self.is_tier0(next.node) {
                    return back(&before, next);
                }
                queue.push_back(next);
            }
        }
        Vec::new()
    }
}

/// The edges by which one came there.
fn back(before: &HashMap<At, (At, u32)>, end: At) -> Vec<u32> {
    let mut edges = Vec::new();
    let mut at = end;
    while let Some((from, edge)) = before.get(&at) {
        edges.push(*edge);
        at = *from;
    }
    edges.reverse();
    edges
}

fn is_membership(reason: Reason) -> bool {
    matches!(reason, Reason::Member | Reason::Everybody)
}

/// What other rules tell of one account.
struct Told<'a> {
    graph: &'a ControlGraph,
    analysis: &'a Analysis,
    account: u32,
    /// Its delegation counts: the account is not disabled.
    delegates: bool,
    /// Places of the groups whose memberships are told; looked up when first asked for.
    groups: Option<HashSet<usize>>,
}

impl<'a> Told<'a> {
    fn of(graph: &'a ControlGraph, analysis: &'a Analysis, account: u32) -> Self {
        let object = analysis.object(account as usize);
        Self {
            graph,
            analysis,
            account,
            delegates: object.is_some_and(|object| object.enabled() != Some(false)),
            groups: None,
        }
    }

    /// True if a way of the account to tier 0 ends with what another rule tells.
    fn is_told(&mut self, way: &[u32]) -> bool {
        let mut by_membership = true;
        way.iter().any(|index| {
            let Some((edge, reason)) = self.graph.edge(*index) else {
                return false;
            };
            let at = At {
                node: edge.from,
                by_membership,
            };
            by_membership &= is_membership(reason);
            self.ends(at, edge, reason)
        })
    }

    /// True for a step from `at` into tier 0 that together with the way there is told by another rule.
    fn ends(&mut self, at: At, edge: Edge, reason: Reason) -> bool {
        if !self.graph.is_tier0(edge.to) {
            return false;
        }
        match reason {
            Reason::Delegates => self.delegates && at.node == self.account,
            Reason::Unconstrained | Reason::Succeeds => at.node == self.account,
            Reason::Operates if at.by_membership => {
                let (analysis, account) = (self.analysis, self.account as usize);
                let groups = self
                    .groups
                    .get_or_insert_with(|| groups_of(analysis, account));
                groups.contains(&(at.node as usize))
            }
            _ => false,
        }
    }
}
