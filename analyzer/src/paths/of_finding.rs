//! The way that a finding tells: the step it is about, and from there on to tier 0.
//!
//! Owns which edge that is. Deliberately searches nothing: a finding is about one step, and a report has many.

use std::collections::{BTreeMap, VecDeque};

use super::report::Chain;
use super::{ControlGraph, Reason};
use crate::frames::Analysis;

impl ControlGraph {
    /// The way that begins with a step from one node to another; `None` without such a step.
    pub(crate) fn by_step(&self, analysis: &Analysis, from: u32, to: u32) -> Option<Chain> {
        let mut edges = self.network.leaving(from);
        let (edge, _) = edges.find(|(_, edge)| edge.to == to && from != to)?;
        self.onward(analysis, from, edge, to)
    }

    /// The way that begins with a right by the descriptor of `place`, to wherever that right leads; `None` without one.
    pub(crate) fn by_right_on(
        &self,
        analysis: &Analysis,
        from: u32,
        place: usize,
    ) -> Option<Chain> {
        let descriptor = analysis.object(place)?.descriptor?;
        let mut edges = self.network.leaving(from);
        let (edge, to) = edges.find_map(|(index, edge)| {
            let (_, reason) = self.edge(index)?;
            let by = match reason {
                Reason::Creates { descriptor, .. } | Reason::Joins { descriptor, .. } => descriptor,
                _ => return None,
            };
            (by == descriptor).then_some((index, edge.to))
        })?;
        self.onward(analysis, from, edge, to)
    }

    /// The groups within groups by which one is in the other; `None` if it is not.
    pub(crate) fn by_membership(&self, analysis: &Analysis, from: u32, to: u32) -> Option<Chain> {
        // A token has a few dozen groups; the graph has a million edges.
        let mut came_by: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        let mut waiting = VecDeque::from([from]);
        while let Some(node) = waiting.pop_front() {
            for (index, edge) in self.network.leaving(node) {
                let joins = self
                    .edge(index)
                    .is_some_and(|(_, reason)| reason.is_membership());
                if joins && edge.to != from && !came_by.contains_key(&edge.to) {
                    came_by.insert(edge.to, (index, node));
                    waiting.push_back(edge.to);
                }
            }
        }
        let mut edges = Vec::new();
        let mut at = to;
        while at != from {
            let (edge, before) = came_by.get(&at)?;
            edges.push(*edge);
            at = *before;
        }
        edges.reverse();
        self.chain(analysis, from, &edges)
    }

    fn onward(&self, analysis: &Analysis, from: u32, first: u32, to: u32) -> Option<Chain> {
        let mut edges = vec![first];
        // A way that comes back to where it began says nothing more.
        let rest = self.way_to_tier0(to);
        let comes_back = |edge: &u32| self.edge(*edge).is_some_and(|(edge, _)| edge.to == from);
        if !self.is_tier0(to) && !rest.iter().any(comes_back) {
            edges.extend(rest);
        }
        self.chain(analysis, from, &edges)
    }
}
