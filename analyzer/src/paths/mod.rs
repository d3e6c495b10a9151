//! The control graph: who can take over what, step by step, and which single step most ways to tier 0 depend on.
//!
//! Owns what an edge is ([`build`]), its words ([`reason`]), tier 0 by its roots, and chains. The rights themselves are
//! [`crate::graph`]'s; the algorithms, which know nothing of directories, are [`crate::graph::network`]'s.

mod answer;
mod build;
mod of_finding;
mod reason;
mod report;
mod unseen;
mod untold;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::frames::Analysis;
use crate::graph::Holder;
use crate::graph::network::{Chokes, Edge, Network, NodeSet, Ways};
use crate::load::Kind;

pub(crate) use answer::{Answer, OUTSIDE};
pub(crate) use reason::Reason;
pub(crate) use report::{Chain, Overview, Step, Takeover, Towards};
pub(crate) use unseen::Unseen;

/// A node that is no object and no SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    /// Having the members of a group in hand.
    Filled(Holder),
    /// Those members of a group who are not denied what it holds.
    NotDenied(Holder),
    /// The policies that apply in a container, by place.
    Policies(usize),
}

/// The graph of one directory.
#[derive(Debug)]
pub(crate) struct ControlGraph {
    pub(crate) network: Network,
    reasons: Vec<Reason>,
    extra: Vec<Node>,
    holders: usize,
    /// Nodes of tier 0: its roots and their members.
    tier0: Vec<u32>,
    closed: NodeSet,
    /// Users, computers and managed accounts outside tier 0.
    sources: NodeSet,
    to_tier0: Ways,
    /// The same without what operators may do on controllers.
    beside_operators: Ways,
    takeovers: OnceLock<Vec<Takeover>>,
}

impl ControlGraph {
    /// Builds every edge.
    pub(crate) fn of(analysis: &Analysis) -> Self {
        build::Builder::new(analysis).build()
    }

    fn new(analysis: &Analysis, network: Network, reasons: Vec<Reason>, extra: Vec<Node>) -> Self {
        let tier0: Vec<u32> = tier0(analysis).into_iter().collect();
        let closed = NodeSet::of(network.nodes(), tier0.iter().copied());
        let objects = analysis.directory.objects.iter().zip(0_u32..);
        let principals = objects.filter(|(object, _)| object.kind.is_principal());
        let sources = principals
            .map(|(_, node)| node)
            .filter(|node| !closed.contains(*node));
        let beside_operators = network.ways_to_by(&tier0, &closed, |index| {
            let label = network.edge(index).map(|edge| edge.label as usize);
            label.and_then(|label| reasons.get(label)) != Some(&Reason::Operates)
        });
        Self {
            beside_operators,
            sources: NodeSet::of(network.nodes(), sources),
            to_tier0: network.ways_to(&tier0, &closed),
            holders: analysis.effective.tokens.len(),
            network,
            reasons,
            extra,
            tier0,
            closed,
            takeovers: OnceLock::new(),
        }
    }

    /// True for a node of tier 0.
    pub(crate) fn is_tier0(&self, node: u32) -> bool {
        self.closed.contains(node)
    }

    /// Steps from a node to tier 0; `None` if there is no way, 0 in tier 0.
    pub(crate) fn hops(&self, node: u32) -> Option<u32> {
        self.to_tier0.hops(node)
    }

    /// The edges of the shortest way to tier 0. Of several one that needs no operators, whose membership is told by itself.
    pub(crate) fn way_to_tier0(&self, node: u32) -> Vec<u32> {
        if self.beside_operators.hops(node) == self.hops(node) {
            return self.beside_operators.edges(node);
        }
        self.to_tier0.edges(node)
    }

    /// Users, computers and managed accounts outside tier 0.
    pub(crate) fn sources(&self) -> &NodeSet {
        &self.sources
    }

    /// For each of `nodes` how many of `among` it can take over without going through tier 0.
    pub(crate) fn counts_reachable_from(&self, nodes: &[u32], among: &NodeSet) -> Vec<u32> {
        self.network
            .counts_reachable_from(nodes, among, &self.closed)
    }

    /// Steps that most of the sources depend on to reach tier 0.
    pub(crate) fn chokes(&self, best: usize) -> Chokes {
        self.network
            .chokes(&self.tier0, &self.sources, &self.closed, best)
    }

    /// The edge and why it is there.
    pub(crate) fn edge(&self, index: u32) -> Option<(Edge, Reason)> {
        let edge = self.network.edge(index)?;
        let reason = self.reasons.get(usize::try_from(edge.label).ok()?)?;
        Some((edge, *reason))
    }

    /// A node that is no holder.
    fn extra(&self, node: u32) -> Option<Node> {
        let number = usize::try_from(node).ok()?.checked_sub(self.holders)?;
        self.extra.get(number).copied()
    }

    /// What a node is called.
    pub(crate) fn name(&self, analysis: &Analysis, node: u32) -> String {
        let holder = |holder: Holder| match analysis
            .effective
            .tokens
            .place(holder)
            .and_then(|place| analysis.object(place))
        {
            Some(object) if object.kind == Kind::Domain => {
                analysis.directory.manifest.domain.clone()
            }
            Some(object) if object.kind != Kind::ForeignPrincipal => {
                object.display_name().to_owned()
            }
            _ => analysis
                .sid_of(holder)
                .map_or_else(|| "?".to_owned(), |sid| analysis.name_of(sid)),
        };
        match self.extra(node) {
            None => holder(node),
            Some(Node::Filled(group) | Node::NotDenied(group)) => holder(group),
            Some(Node::Policies(place)) => {
                let name = analysis
                    .object(place)
                    .map(|object| object.display_name().to_owned());
                format!("the policies of {}", name.unwrap_or_default())
            }
        }
    }
}

/// Tier 0: the head of the domain, its controllers and their unit, privileged groups and whoever is in them, KDS root
/// keys and their container, AdminSDHolder, and group policies that apply to the controllers or the whole domain.
fn tier0(analysis: &Analysis) -> BTreeSet<u32> {
    let directory = &analysis.directory;
    let mut places: BTreeSet<usize> = BTreeSet::new();
    places.extend(directory.head);
    places.extend(analysis.admin_sd_holder());
    let mut homes: BTreeSet<usize> = directory.head.into_iter().collect();
    for (place, object) in directory.objects.iter().enumerate() {
        let kds = object
            .dn
            .to_lowercase()
            .contains("cn=group key distribution service,");
        if object.kind == Kind::KdsRootKey || kds || analysis.principals.is_tier0(place) {
            places.insert(place);
        }
        if object.kind == Kind::Computer && crate::graph::is_domain_controller(object) {
            homes.extend(directory.parent(object));
        }
    }
    places.extend(&homes);
    for home in homes {
        let links = directory
            .objects
            .get(home)
            .and_then(|object| object.policy_links.as_deref());
        let linked = links.into_iter().flat_map(crate::load::policy_links);
        places.extend(linked.filter_map(|link| directory.place_of_dn(&link.policy)));
    }
    places
        .into_iter()
        .filter_map(|place| u32::try_from(place).ok())
        .collect()
}

#[cfg(test)]
mod tests;
