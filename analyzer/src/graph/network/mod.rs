//! A directed multigraph over dense node numbers: shortest ways, reach, and the edges on which reach hangs.
//!
//! Owns the edges in compact form and every algorithm over them. Deliberately knows nothing of directories: what a
//! node is and why an edge is there stays with the caller, who finds it again by node number and [`Edge::label`].
//!
//! - **Way**: a chain of edges, each beginning where the one before it ended. A node has a way of no edges to itself.
//! - **Closed node**: one that a way may begin or end with but not lead through.
//!
//! Nothing here recurses, since a way may be a million edges long, and nothing depends on the order in which edges
//! were given: the same edges give the same answers.

#[cfg(test)]
mod brute_force;
mod choke;
mod components;
mod dominators;
mod nearest;
mod node_set;
mod reach;
mod table;
mod ways;

use std::ops::Range;

pub(crate) use choke::Chokes;
pub(crate) use node_set::NodeSet;
pub(crate) use ways::Ways;

/// No node, no edge, no number: the one value that is never a node, since a network has at most `u32::MAX` of them.
const NONE: u32 = u32::MAX;

/// An edge between two nodes. Edges are in order of `from`, then `to`, then `label`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// The caller's own: what this edge stands for. Of two edges that serve equally, the lower label is told.
    pub(crate) label: u32,
}

impl Edge {
    /// The place in the order of edges as one number, which is faster to compare than three.
    fn rank(&self) -> u128 {
        u128::from(self.from) << 64 | u128::from(self.to) << 32 | u128::from(self.label)
    }
}

/// Along the edges or against them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// One edge as seen from one of its ends.
#[derive(Debug, Clone, Copy)]
struct Hop {
    /// Index of the edge.
    edge: u32,
    /// The node at the other end.
    node: u32,
}

/// The edges by their first and by their second node: 20 bytes an edge and 8 a node.
#[derive(Debug)]
pub(crate) struct Network {
    nodes: u32,
    /// In order, so that the edges that leave a node, and among them parallel ones, lie side by side.
    edges: Vec<Edge>,
    /// Where the edges that leave a node begin in `edges`; one more entry than nodes.
    departures: Vec<u32>,
    /// The edges by the node they arrive at, in order of their index for each.
    arrived: Vec<Hop>,
    /// Where the edges that arrive at a node begin in `arrived`; one more entry than nodes.
    arrivals: Vec<u32>,
}

impl Network {
    /// Nodes that lead to each other, each set in order.
    pub(crate) fn cycles(&self) -> Vec<Vec<u32>> {
        let components = components::Components::new(self, Direction::Forward, &NodeSet::default());
        let mut cycles: Vec<Vec<u32>> = (0..components.count())
            .map(|component| components.nodes(component))
            .filter(|nodes| {
                nodes.len() > 1
                    || nodes.iter().any(|node| {
                        self.span(Direction::Forward, *node)
                            .filter_map(|at| self.hop(Direction::Forward, at))
                            .any(|hop| hop.node == *node)
                    })
            })
            .map(|nodes| {
                let mut nodes = nodes.to_vec();
                nodes.sort_unstable();
                nodes
            })
            .collect();
        cycles.sort_unstable();
        cycles
    }

    /// A network of the nodes `0..nodes`, of which the first `u32::MAX` count.
    ///
    /// Edges from or to any other node are ignored, and an edge given twice with the same label is one edge. Parallel
    /// edges with different labels and edges from a node to itself are kept.
    pub(crate) fn new(nodes: usize, mut edges: Vec<Edge>) -> Self {
        let nodes = u32::try_from(nodes).unwrap_or(NONE);
        edges.retain(|edge| edge.from < nodes && edge.to < nodes);
        edges.sort_unstable_by_key(Edge::rank);
        edges.dedup();
        // Positions are 32 bits wide. More edges would need 48 GiB before they came here.
        edges.truncate(NONE as usize);
        edges.shrink_to_fit();

        let departures = starts(nodes, edges.iter().map(|edge| edge.from));
        let arrivals = starts(nodes, edges.iter().map(|edge| edge.to));
        let mut free = arrivals.clone();
        let nowhere = Hop {
            edge: NONE,
            node: NONE,
        };
        let mut arrived = vec![nowhere; edges.len()];
        for (index, edge) in (0_u32..).zip(&edges) {
            if let Some(position) = free.get_mut(edge.to as usize) {
                if let Some(hop) = arrived.get_mut(*position as usize) {
                    *hop = Hop {
                        edge: index,
                        node: edge.from,
                    };
                }
                *position += 1;
            }
        }
        Self {
            nodes,
            edges,
            departures,
            arrived,
            arrivals,
        }
    }

    /// Number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes as usize
    }

    /// All edges, in order. An edge's index is its place in here.
    pub(crate) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edge of an index that [`Ways`] or [`Chokes`] gave.
    pub(crate) fn edge(&self, index: u32) -> Option<Edge> {
        self.edges.get(index as usize).copied()
    }

    /// The edges that leave `node`, each with its index, in order.
    pub(crate) fn leaving(&self, node: u32) -> impl Iterator<Item = (u32, Edge)> {
        self.span(Direction::Forward, node)
            .filter_map(|index| Some((index, self.edge(index)?)))
    }

    /// Where the hops of `node` in `direction` lie, for [`Network::hop`]. Empty for a node that is not there.
    fn span(&self, direction: Direction, node: u32) -> Range<u32> {
        let starts = match direction {
            Direction::Forward => &self.departures,
            Direction::Backward => &self.arrivals,
        };
        let node = node as usize;
        match (starts.get(node), starts.get(node + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// The hop at a position of a [`Network::span`] in the same direction.
    fn hop(&self, direction: Direction, position: u32) -> Option<Hop> {
        match direction {
            Direction::Forward => self.edges.get(position as usize).map(|edge| Hop {
                edge: position,
                node: edge.to,
            }),
            Direction::Backward => self.arrived.get(position as usize).copied(),
        }
    }

    /// The edges at `node` in `direction`, each with the node at its other end, in order.
    fn hops(&self, direction: Direction, node: u32) -> impl Iterator<Item = Hop> {
        self.span(direction, node)
            .filter_map(move |position| self.hop(direction, position))
    }
}

/// Where each node's part begins in a list grouped by node, from the nodes of the list's entries.
fn starts(nodes: u32, ends: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0_u32; nodes as usize + 1];
    for node in ends {
        if let Some(count) = starts.get_mut(node as usize + 1) {
            *count += 1;
        }
    }
    let mut total = 0;
    for count in &mut starts {
        total += *count;
        *count = total;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: u32, to: u32, label: u32) -> Edge {
        Edge { from, to, label }
    }

    fn around(network: &Network, direction: Direction, node: u32) -> Vec<(u32, u32)> {
        network
            .hops(direction, node)
            .map(|hop| (hop.edge, hop.node))
            .collect()
    }

    #[test]
    fn edges_are_found_from_both_ends_in_order() {
        let given = vec![edge(2, 0, 5), edge(0, 2, 9), edge(0, 2, 1), edge(1, 2, 0)];
        let network = Network::new(3, given);
        let inside = [edge(0, 2, 1), edge(0, 2, 9), edge(1, 2, 0), edge(2, 0, 5)];
        assert_eq!(network.edges(), inside);
        assert_eq!(network.edge(3), Some(edge(2, 0, 5)));
        assert_eq!(network.edge(4), None);
        assert_eq!(around(&network, Direction::Forward, 0), [(0, 2), (1, 2)]);
        assert_eq!(
            around(&network, Direction::Backward, 2),
            [(0, 0), (1, 0), (2, 1)]
        );
        assert!(around(&network, Direction::Backward, 1).is_empty());
    }

    #[test]
    fn edges_of_other_nodes_are_ignored_and_the_same_edge_counts_once() {
        let outside = [edge(0, 3, 0), edge(3, 0, 0), edge(NONE, NONE, 0)];
        let inside = [edge(0, 1, 7), edge(0, 1, 7), edge(1, 1, 0)];
        let network = Network::new(3, [outside, inside].concat());
        assert_eq!(network.edges(), [edge(0, 1, 7), edge(1, 1, 0)]);
        for node in [3, 4, NONE] {
            assert!(around(&network, Direction::Forward, node).is_empty());
            assert!(around(&network, Direction::Backward, node).is_empty());
        }
    }

    #[test]
    fn cycles_are_nodes_that_lead_to_each_other() {
        let edges = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3), (4, 0)];
        let network = Network::new(5, edges.map(|(from, to)| edge(from, to, 0)).to_vec());
        assert_eq!(network.cycles(), [vec![1, 2], vec![3]]);
    }

    #[test]
    fn a_network_may_be_empty() {
        let network = Network::new(0, vec![edge(0, 0, 0)]);
        assert_eq!(network.nodes(), 0);
        assert!(network.edges().is_empty());
        assert!(around(&network, Direction::Forward, 0).is_empty());
    }
}
