//! Every edge of the control graph: rights, memberships and attributes that hand one object to another.
//!
//! What is an edge: the first node can, by what it is or may do, act as the second or change it at will. Rights that give
//! only a part (deleting, renaming, creating something harmless) are none. Where only some members of a group hold a
//! right, since others are denied it, a node of its own stands for those who do.
//!
//! Owns the nodes and the order of the steps: edges by permission are in [`rights`], by attribute and membership in
//! [`attributes`], rights that an export only claims in [`claimed`], those of group policies in [`policies`], the nodes for
//! parts of groups in [`parts`], and rights whose parts come together by joining a group in [`together`].

mod attributes;
mod claimed;
mod parts;
mod policies;
mod rights;
mod together;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::reason::Reason;
use super::{ControlGraph, Node};
use crate::frames::Analysis;
use crate::graph::network::{Edge, Network};
use crate::graph::{Held, Holder, Reach};
use parts::nested;
use policies::blocked_below;
#[cfg(test)]
pub(super) use rights::hands_over;

pub(super) struct Builder<'a> {
    analysis: &'a Analysis,
    edges: Vec<Edge>,
    reasons: Vec<Reason>,
    known_reasons: HashMap<Reason, u32>,
    /// Nodes after the holders.
    extra: Vec<Node>,
    /// Groups whose members do not all hold what the group holds: who fills such a group comes to this node.
    filled: HashMap<Holder, u32>,
    split: HashMap<(Holder, Arc<Reach>), Option<u32>>,
    split_in_order: Vec<(Holder, Arc<Reach>, u32)>,
    /// The same by the address of the set, which lives as long as this.
    split_shared: HashMap<(Holder, usize), Option<u32>>,
    split_edges: usize,
    /// Groups directly in a group.
    nested: HashMap<Holder, Vec<Holder>>,
    policies: HashMap<usize, u32>,
    /// Who may add himself to which group.
    self_adders: Vec<(Holder, Option<Arc<Reach>>, Holder, Reason)>,
    /// Units that block the inheritance of policies, by each unit above them.
    blocked_below: HashMap<usize, Vec<usize>>,
    /// A controller that knows dMSAs is there, and the class is not missing in the schema.
    dmsa_possible: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            edges: Vec::new(),
            reasons: Vec::new(),
            known_reasons: HashMap::new(),
            extra: Vec::new(),
            filled: HashMap::new(),
            split: HashMap::new(),
            split_in_order: Vec::new(),
            split_shared: HashMap::new(),
            split_edges: 0,
            nested: nested(analysis),
            policies: HashMap::new(),
            self_adders: Vec::new(),
            blocked_below: blocked_below(analysis),
            dmsa_possible: analysis.may_have_2025()
                && analysis
                    .directory
                    .schema
                    .has("msDS-DelegatedManagedServiceAccount")
                    != Some(false),
        }
    }

    pub(super) fn build(mut self) -> ControlGraph {
        let analysis = self.analysis;
        let mut held: Vec<(usize, i64, Arc<Vec<Held>>)> = analysis
            .controls()
            .rows
            .iter()
            .filter_map(|(place, held)| {
                Some((
                    *place,
                    analysis.object(*place)?.descriptor?,
                    Arc::clone(held),
                ))
            })
            .collect();
        held.extend(self.by_attribute());
        let creations = self.by_creation();
        let mut looked_at = HashSet::new();
        let created = creations.iter().map(|(.., held)| held);
        for held in held
            .iter()
            .flat_map(|(.., held)| held.iter())
            .chain(created)
        {
            if held.except.is_some() {
                // Thousands of objects share one list of rights.
                if looked_at.insert(held.holder) {
                    self.filled_node(held.holder);
                    for group in self.groups_within(held.holder) {
                        self.filled_node(group);
                    }
                }
            }
        }
        for (place, descriptor, held) in &held {
            for held in held.iter() {
                self.add_right(*place, *descriptor, held);
            }
        }
        for (_, descriptor, held) in &creations {
            self.add_creation(*descriptor, held);
        }
        self.add_self_adders();
        self.add_memberships();
        self.add_attributes();
        self.add_claimed();
        self.add_containers();
        self.add_policies();
        self.add_together();
        let nodes = analysis.effective.tokens.len() + self.extra.len();
        ControlGraph::new(
            analysis,
            Network::new(nodes, self.edges),
            self.reasons,
            self.extra,
        )
    }

    fn edge(&mut self, from: u32, to: u32, reason: Reason) {
        if from == to {
            return;
        }
        let reasons = &mut self.reasons;
        let label = *self.known_reasons.entry(reason).or_insert_with(|| {
            reasons.push(reason);
            u32::try_from(reasons.len() - 1).unwrap_or(u32::MAX)
        });
        self.edges.push(Edge { from, to, label });
    }

    fn extra_node(&mut self, node: Node) -> u32 {
        self.extra.push(node);
        let number = self.analysis.effective.tokens.len() + self.extra.len() - 1;
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// The node that a control over `place` leads to.
    fn controlled(&self, place: usize) -> Option<u32> {
        let node = u32::try_from(place).ok()?;
        Some(self.filled.get(&node).copied().unwrap_or(node))
    }

    /// Domain Computers, of which every new computer and managed account is a member.
    fn domain_computers(&self) -> Option<u32> {
        let directory = &self.analysis.directory;
        let sid = directory.domain_rid(515)?;
        let group = self.analysis.effective.tokens.of(directory, &sid)?;
        Some(self.filled.get(&group).copied().unwrap_or(group))
    }

    fn head(&self) -> Option<u32> {
        self.analysis
            .directory
            .head
            .and_then(|head| u32::try_from(head).ok())
    }
}
