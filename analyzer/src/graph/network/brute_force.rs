//! Random small networks, and the same questions answered slowly from the definition, for tests to compare with.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Edge, Network};

/// A network and a question about it. Some nodes that are named lie outside of the network.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) nodes: usize,
    pub(super) edges: Vec<Edge>,
    pub(super) sources: Vec<u32>,
    pub(super) targets: Vec<u32>,
    pub(super) closed: Vec<u32>,
}

/// Sparse and dense networks of up to 12 nodes, with parallel edges, cycles, and edges from a node to itself.
pub(super) fn case() -> impl Strategy<Value = Case> {
    (1_usize..12).prop_flat_map(|nodes| {
        let node = 0..nodes as u32 + 1;
        let edge = (node.clone(), node.clone(), 0_u32..3);
        let edge = edge.prop_map(|(from, to, label)| Edge { from, to, label });
        let parts = (
            vec(edge, 0..30),
            vec(node.clone(), 0..12),
            vec(node.clone(), 0..4),
            vec(node, 0..5),
        );
        parts.prop_map(move |(edges, sources, targets, closed)| Case {
            nodes,
            edges,
            sources,
            targets,
            closed,
        })
    })
}

impl Case {
    pub(super) fn network(&self) -> Network {
        Network::new(self.nodes, self.edges.clone())
    }

    /// Length of the shortest way from `source` to one of `targets` without the edges of `removed`: one more step is
    /// tried with every edge until nothing new is reached.
    pub(super) fn hops(&self, source: u32, targets: &[u32], removed: &[Edge]) -> Option<u32> {
        let inside = |node: &u32| (*node as usize) < self.nodes;
        let mut reached: Vec<u32> = Some(source).into_iter().filter(inside).collect();
        for hops in 0.. {
            if reached.iter().any(|node| targets.contains(node)) {
                return Some(hops);
            }
            let through = |node: &u32| *node == source || !self.closed.contains(node);
            let next = self.edges.iter().filter(|edge| {
                !removed.contains(edge)
                    && inside(&edge.to)
                    && reached.contains(&edge.from)
                    && through(&edge.from)
            });
            let mut next: Vec<u32> = next.map(|edge| edge.to).chain(reached.clone()).collect();
            next.sort_unstable();
            next.dedup();
            if next.len() == reached.len() {
                return None;
            }
            reached = next;
        }
        None
    }
}
