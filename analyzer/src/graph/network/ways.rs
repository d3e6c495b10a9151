//! Shortest ways from every node to the nearest of some targets, or to every node from the nearest of some sources.
//!
//! Owns the breadth-first walk. Deliberately keeps one way for each node: of several that are equally short, the one
//! whose edges come first in the network's order.

use super::table::Table;
use super::{Direction, NONE, Network, NodeSet};

/// One shortest way for each node that has one: 12 bytes a node.
#[derive(Debug)]
pub(crate) struct Ways {
    direction: Direction,
    /// Edges of the way; `NONE` where there is no way.
    hops: Table,
    /// The edge of the way at this node; `NONE` where the way has no edge.
    edges: Table,
    /// The node at the other end of that edge.
    nodes: Table,
}

impl Network {
    /// The shortest way from each node to the nearest of `targets`, not leading through `closed` nodes.
    pub(crate) fn ways_to(&self, targets: &[u32], closed: &NodeSet) -> Ways {
        Ways::new(self, Direction::Backward, targets, closed, |_| true)
    }

    /// The same by edges, told by their index, that `goes` admits.
    pub(crate) fn ways_to_by(
        &self,
        targets: &[u32],
        closed: &NodeSet,
        goes: impl Fn(u32) -> bool,
    ) -> Ways {
        Ways::new(self, Direction::Backward, targets, closed, goes)
    }

    /// The shortest way to each node from the nearest of `sources`, not leading through `closed` nodes.
    pub(crate) fn ways_from(&self, sources: &[u32], closed: &NodeSet) -> Ways {
        Ways::new(self, Direction::Forward, sources, closed, |_| true)
    }
}

impl Ways {
    fn new(
        network: &Network,
        direction: Direction,
        starts: &[u32],
        closed: &NodeSet,
        goes: impl Fn(u32) -> bool,
    ) -> Self {
        let nodes = network.nodes();
        let mut ways = Self {
            direction,
            hops: Table::filled(nodes, NONE),
            edges: Table::filled(nodes, NONE),
            nodes: Table::filled(nodes, NONE),
        };
        let mut queue: Vec<u32> = Vec::new();
        for start in NodeSet::of(nodes, starts.iter().copied()).iter() {
            ways.hops.set(start, 0);
            queue.push(start);
        }
        let mut next = 0;
        while let Some(node) = queue.get(next).copied() {
            next += 1;
            let hops = ways.hops.get(node);
            if hops > 0 && closed.contains(node) {
                continue;
            }
            for hop in network.hops(direction, node) {
                if !goes(hop.edge) {
                    continue;
                }
                let known = ways.hops.get(hop.node);
                if known == NONE {
                    ways.hops.set(hop.node, hops + 1);
                    queue.push(hop.node);
                } else if known != hops + 1 || ways.edges.get(hop.node) < hop.edge {
                    continue;
                }
                ways.edges.set(hop.node, hop.edge);
                ways.nodes.set(hop.node, node);
            }
        }
        ways
    }

    /// Number of edges of the way; 0 for a target or source itself. `None` if there is no way.
    pub(crate) fn hops(&self, node: u32) -> Option<u32> {
        Some(self.hops.get(node)).filter(|hops| *hops != NONE)
    }

    /// Indices of the way's edges, from where it begins to where it ends. Empty if there is no way or it has no edge.
    pub(crate) fn edges(&self, node: u32) -> Vec<u32> {
        let mut edges = Vec::new();
        let mut at = node;
        while self.edges.get(at) != NONE {
            edges.push(self.edges.get(at));
            at = self.nodes.get(at);
        }
        if self.direction == Direction::Forward {
            edges.reverse();
        }
        edges
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::super::brute_force::{Case, case};
    use super::super::{Edge, NONE, Network, NodeSet};
    use super::Ways;

    fn chain(length: u32) -> Network {
        let edges = (0..length).map(|from| Edge {
            from,
            to: from + 1,
            label: 0,
        });
        Network::new(length as usize + 1, edges.collect())
    }

    fn network(edges: &[(u32, u32)]) -> Network {
        let edges = (0..).zip(edges);
        let edges = edges.map(|(label, &(from, to))| Edge { from, to, label });
        Network::new(10, edges.collect())
    }

    fn nodes(network: &Network, start: u32, edges: &[u32]) -> Vec<u32> {
        let ends = edges.iter().filter_map(|edge| network.edge(*edge));
        std::iter::once(start)
            .chain(ends.map(|edge| edge.to))
            .collect()
    }

    #[test]
    fn the_way_is_told_from_its_source_to_its_target() {
        let network = network(&[(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (6, 3)]);
        let open = NodeSet::default();
        let to = network.ways_to(&[3], &open);
        assert_eq!(nodes(&network, 0, &to.edges(0)), [0, 1, 2, 3]);
        let from = network.ways_from(&[0], &open);
        assert_eq!(from.edges(3), to.edges(0));
        assert_eq!(
            (to.hops(0), to.hops(3), to.hops(7)),
            (Some(3), Some(0), None)
        );
        assert!(to.edges(3).is_empty() && to.edges(7).is_empty());
    }

    #[test]
    fn of_equal_ways_the_first_edges_are_told() {
        // 0 → {2, 1} → 3, and three parallel edges at the end of which the lowest label counts.
        let network = network(&[(0, 2), (2, 3), (0, 1), (1, 3), (1, 3), (1, 3)]);
        let to = network.ways_to(&[3], &NodeSet::default());
        let told: Vec<_> = to.edges(0).into_iter().map(|e| network.edge(e)).collect();
        let edge = |from, to, label| Some(Edge { from, to, label });
        assert_eq!(told, [edge(0, 1, 2), edge(1, 3, 3)]);
    }

    #[test]
    fn a_closed_node_begins_or_ends_a_way_and_is_not_led_through() {
        let network = network(&[(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 2)]);
        let closed = NodeSet::of(10, [1, 3]);
        let to = network.ways_to(&[3], &closed);
        assert_eq!(to.hops(1), Some(2), "a way may begin here");
        assert_eq!(nodes(&network, 0, &to.edges(0)), [0, 4, 5, 2, 3]);
        let from = network.ways_from(&[0], &closed);
        assert_eq!(from.hops(1), Some(1), "a way may end here");
        assert_eq!(from.hops(3), Some(4));
    }

    #[test]
    fn a_way_may_be_a_million_edges_long() {
        let network = chain(1_000_000);
        let to = network.ways_to(&[1_000_000], &NodeSet::default());
        assert_eq!(to.hops(0), Some(1_000_000));
        assert!(to.edges(0).into_iter().eq(0..1_000_000));
        let from = network.ways_from(&[0], &NodeSet::default());
        assert!(from.edges(1_000_000).into_iter().eq(0..1_000_000));
    }

    #[test]
    fn nodes_that_are_not_there_have_no_way() {
        let network = chain(2);
        let ways = network.ways_to(&[3, NONE], &NodeSet::default());
        assert!((0..5).chain([NONE]).all(|node| ways.hops(node).is_none()));
        assert!(ways.edges(NONE).is_empty());
    }

    proptest::proptest! {
        /// The hop counts are those of trying every edge again and again, and each way is one: connected, as long as
        /// said, from the node to a target, not through a closed node.
        #[test]
        fn ways_are_shortest(case in case()) {
            let Case { nodes, targets, closed, .. } = &case;
            let network = case.network();
            let closed = NodeSet::of(*nodes, closed.iter().copied());
            let (to, from) = (network.ways_to(targets, &closed), network.ways_from(targets, &closed));
            for node in 0..*nodes as u32 {
                proptest::prop_assert_eq!(to.hops(node), case.hops(node, targets, &[]));
                let lengths = targets.iter().filter_map(|start| case.hops(*start, &[node], &[]));
                proptest::prop_assert_eq!(from.hops(node), lengths.min());
                for (ways, at_end) in [(&to, true), (&from, false)] {
                    let told = ways.edges(node);
                    proptest::prop_assert_eq!(told.len() as u32, ways.hops(node).unwrap_or(0));
                    let told: Vec<Edge> = told.iter().filter_map(|edge| network.edge(*edge)).collect();
                    proptest::prop_assert!(told.windows(2).all(|e| e[0].to == e[1].from && !closed.contains(e[0].to)));
                    if let (Some(first), Some(last)) = (told.first(), told.last()) {
                        let (own, other) = if at_end { (first.from, last.to) } else { (last.to, first.from) };
                        proptest::prop_assert!(own == node && targets.contains(&other));
                    }
                }
            }
        }

        /// The edge at each node is the first of those that lead to a node which is nearer by one and leads on.
        #[test]
        fn of_equal_edges_the_first_is_told(case in case()) {
            let network = case.network();
            let closed = NodeSet::of(case.nodes, case.closed.iter().copied());
            let (to, from) = (network.ways_to(&case.targets, &closed), network.ways_from(&case.targets, &closed));
            for node in 0..case.nodes as u32 {
                let nearer = |ways: &Ways, other: u32| {
                    let steps = ways.hops(node).zip(ways.hops(other));
                    steps.is_some_and(|(own, next)| own == next + 1 && (next == 0 || !closed.contains(other)))
                };
                let edges = || (0_u32..).zip(network.edges());
                let first = edges().find(|(_, edge)| edge.from == node && nearer(&to, edge.to));
                proptest::prop_assert_eq!(to.edges(node).first().copied(), first.map(|(index, _)| index));
                let first = edges().find(|(_, edge)| edge.to == node && nearer(&from, edge.from));
                proptest::prop_assert_eq!(from.edges(node).last().copied(), first.map(|(index, _)| index));
            }
        }

        /// Whatever the order in which the edges come, the ways are the same.
        #[test]
        fn the_order_of_the_edges_does_not_matter(case in case(), turn in 0_usize..60) {
            let mut turned = case.clone();
            turned.edges.reverse();
            let middle = turn.min(turned.edges.len());
            turned.edges.rotate_left(middle);
            let ways = |case: &Case| {
                let ways = case.network().ways_to(&case.targets, &NodeSet::default());
                (0..case.nodes as u32).map(|node| ways.edges(node)).collect::<Vec<_>>()
            };
            proptest::prop_assert_eq!(ways(&case), ways(&turned));
        }
    }
}
