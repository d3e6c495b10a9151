//! The nearest nodes that reach one node, without a look at the rest of the network.
//!
//! Owns the walk that ends as soon as enough are found; [`super::Ways`] walks everywhere. Deliberately counts nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Direction, Network, NodeSet};

impl Network {
    /// At most `most` of the nodes of `among` that reach `to`, nearest first, each with the edges of a shortest way that does
    /// not lead through `closed` nodes. `to` itself is not among them. Of nodes that are equally near, those come first
    /// whose ways' edges do, from `to` on.
    pub(crate) fn nearest_reaching(
        &self,
        to: u32,
        among: &NodeSet,
        closed: &NodeSet,
        most: usize,
    ) -> Vec<(u32, Vec<u32>)> {
        // By node: the edge of its way that begins there, and the node at the edge's end.
        let mut next: HashMap<u32, (u32, u32)> = HashMap::new();
        let mut found = Vec::new();
        let mut queue = vec![to];
        let mut place = 0;
        while let Some(node) = queue.get(place).copied() {
            if found.len() >= most {
                break;
            }
            place += 1;
            if node != to && closed.contains(node) {
                continue;
            }
            for hop in self.hops(Direction::Backward, node) {
                if hop.node == to || found.len() >= most {
                    continue;
                }
                if let Entry::Vacant(entry) = next.entry(hop.node) {
                    entry.insert((hop.edge, node));
                    queue.push(hop.node);
                    if among.contains(hop.node) {
                        found.push(hop.node);
                    }
                }
            }
        }
        let way = |start: u32| {
            let mut edges = Vec::new();
            let mut at = start;
            while let Some((edge, node)) = next.get(&at) {
                edges.push(*edge);
                at = *node;
            }
            edges
        };
        found.into_iter().map(|node| (node, way(node))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::super::NodeSet;
    use super::super::brute_force::case;

    proptest! {
        /// As near as the walk over everything finds them, and none is left out.
        #[test]
        fn they_are_the_nearest(case in case(), most in 0_usize..6) {
            let network = case.network();
            let set = |nodes: &[u32]| NodeSet::of(case.nodes, nodes.iter().copied());
            let (among, closed) = (set(&case.sources), set(&case.closed));
            let to = case.targets.first().copied().unwrap_or(0);
            let ways = network.ways_to(&[to], &closed);
            let mut hops: Vec<u32> = among
                .iter()
                .filter(|node| *node != to)
                .filter_map(|node| ways.hops(node))
                .collect();
            hops.sort_unstable();
            hops.truncate(most);
            let found = network.nearest_reaching(to, &among, &closed, most);
            let lengths: Vec<u32> = found.iter().map(|(_, edges)| edges.len() as u32).collect();
            prop_assert_eq!(lengths, hops);
            for (node, edges) in &found {
                prop_assert!(among.contains(*node));
                let mut at = *node;
                for edge in edges {
                    let edge = network.edges()[*edge as usize];
                    prop_assert_eq!(edge.from, at);
                    prop_assert!(at == *node || !closed.contains(at));
                    at = edge.to;
                }
                prop_assert_eq!(at, to);
            }
        }
    }
}
