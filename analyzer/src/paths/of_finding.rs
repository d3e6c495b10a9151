//! The way that a finding tells: the step it is about, and from there on to tier 0.
//!
//! Owns which edge that is. Deliberately searches nothing: a finding is about one step, and a report has many.

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
