//! The edges on which most hangs: without which some sources reach no target any more.
//!
//! Owns the exact count of those sources for every single edge, and for all edges from one node to another together.
//! Deliberately looks at one removal at a time: what two of them would do together is not counted.
//!
//! Let the network be walked backwards from a root before all targets. All edges from `u` to `v` together are needed
//! by `u` if `v` is the immediate dominator of `u`, and `u` dominates every other node that an edge leads to from `u`
//! (what comes back to `u` is no way round). Then exactly the nodes dominated by `u` lose all their ways with these
//! edges: they all lead through `u`, and any other node has a way around `u`. So each node has at most one such `v`,
//! and one dominator tree answers for all edges. An edge alone counts the same if it has no parallel.

use std::cmp::Reverse;
use std::ops::Range;

use super::dominators::{Dominators, ROOT};
use super::table::Table;
use super::{Direction, Network, NodeSet};

/// What hangs on an edge, or on all edges from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choke {
    /// Indices of the edges: one, or all parallel ones, which lie side by side.
    pub(crate) edges: Range<u32>,
    /// Sources that reach a target now and would reach none without these edges. Never 0.
    pub(crate) sources: u32,
}

/// The chokes between some sources and targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chokes {
    /// Sources that reach a target and are none.
    pub(crate) reaching: u32,
    /// Single edges, most sources first, then in order of the edges.
    pub(crate) edges: Vec<Choke>,
    /// All edges from one node to another, in the same order. A single edge without a parallel is here too.
    pub(crate) pairs: Vec<Choke>,
}

impl Network {
    /// The `best` single edges and the `best` pairs of nodes on which most of `sources` depend to reach any of
    /// `targets` by a way that does not lead through `closed` nodes.
    ///
    /// A source that is a target depends on nothing. O(edges · log nodes).
    pub(crate) fn chokes(
        &self,
        targets: &[u32],
        sources: &NodeSet,
        closed: &NodeSet,
        best: usize,
    ) -> Chokes {
        let targets = NodeSet::of(self.nodes(), targets.iter().copied());
        let tree = Dominators::new(self, &targets, closed);
        let dependent = dependent(&tree, &targets, sources);

        let (mut edges, mut pairs) = (Vec::new(), Vec::new());
        for number in 1..tree.count() {
            let sources = dependent.get(number);
            if sources == 0 {
                continue;
            }
            if let Some(range) = self.needed(&tree, closed, number) {
                let choke = Choke {
                    edges: range,
                    sources,
                };
                if choke.edges.len() == 1 {
                    edges.push(choke.clone());
                }
                pairs.push(choke);
            }
        }
        Chokes {
            reaching: dependent.get(ROOT),
            edges: first(edges, best),
            pairs: first(pairs, best),
        }
    }

    /// The edges without which the node of `number`, and all that it dominates, has no way.
    fn needed(&self, tree: &Dominators, closed: &NodeSet, number: u32) -> Option<Range<u32>> {
        if tree.immediate(number) == ROOT {
            return None;
        }
        let dominator = tree.node(tree.immediate(number));
        let mut needed: Option<Range<u32>> = None;
        for hop in self.hops(Direction::Forward, tree.node(number)) {
            if hop.node == dominator {
                let start = needed.map_or(hop.edge, |range| range.start);
                needed = Some(start..hop.edge + 1);
                continue;
            }
            // It is no other target, or the root would be the immediate dominator.
            let other = tree.number(hop.node).filter(|_| !closed.contains(hop.node));
            if other.is_some_and(|other| !tree.dominates(number, other)) {
                return None;
            }
        }
        needed
    }
}

/// For each number how many of `sources`, targets left out, it dominates.
fn dependent(tree: &Dominators, targets: &NodeSet, sources: &NodeSet) -> Table {
    let mut dependent = Table::filled(tree.count() as usize, 0);
    for number in (1..tree.count()).rev() {
        let node = tree.node(number);
        if sources.contains(node) && !targets.contains(node) {
            dependent.add(number, 1);
        }
        dependent.add(tree.immediate(number), dependent.get(number));
    }
    dependent
}

/// The `best` of `chokes` in order.
fn first(mut chokes: Vec<Choke>, best: usize) -> Vec<Choke> {
    let rank = |choke: &Choke| (Reverse(choke.sources), choke.edges.start);
    if best < chokes.len() {
        chokes.select_nth_unstable_by_key(best, rank);
        chokes.truncate(best);
    }
    chokes.sort_unstable_by_key(rank);
    chokes
}

#[cfg(test)]
mod tests {
    use super::super::brute_force::{Case, case};
    use super::super::{Edge, NONE, Network, NodeSet};
    use super::{Choke, first};

    fn network(edges: &[(u32, u32)]) -> Network {
        let edges = (0..).zip(edges);
        let edges = edges.map(|(label, &(from, to))| Edge { from, to, label });
        Network::new(10, edges.collect())
    }

    /// Each choke as (from, to, sources).
    fn told(network: &Network, chokes: &[Choke]) -> Vec<(u32, u32, u32)> {
        let ends = chokes
            .iter()
            .map(|choke| (network.edge(choke.edges.start), choke.sources));
        ends.filter_map(|(edge, sources)| edge.map(|edge| (edge.from, edge.to, sources)))
            .collect()
    }

    #[test]
    fn the_edge_that_all_ways_share_comes_first() {
        // 0, 1, 2 → 3 → 4 → 5 (target); 2 → 5 as well.
        let network = network(&[(0, 3), (1, 3), (2, 3), (3, 4), (4, 5), (2, 5)]);
        let all = NodeSet::of(10, 0..10);
        let chokes = network.chokes(&[5], &all, &NodeSet::default(), 10);
        assert_eq!(chokes.reaching, 5);
        let expected = [(4, 5, 4), (3, 4, 3), (0, 3, 1), (1, 3, 1)];
        assert_eq!(told(&network, &chokes.edges), expected);
        assert_eq!(chokes.edges, chokes.pairs);
        let people = NodeSet::of(10, [0, 1, 2]);
        let chokes = network.chokes(&[5], &people, &NodeSet::default(), 2);
        assert_eq!(chokes.reaching, 3);
        assert_eq!(told(&network, &chokes.edges), [(3, 4, 2), (4, 5, 2)]);
    }

    #[test]
    fn parallel_edges_are_a_choke_together_only() {
        let network = network(&[(0, 1), (1, 2), (1, 2), (1, 2)]);
        let chokes = network.chokes(&[2], &NodeSet::of(10, [0, 1]), &NodeSet::default(), 10);
        assert_eq!(told(&network, &chokes.edges), [(0, 1, 1)]);
        assert_eq!(told(&network, &chokes.pairs), [(1, 2, 2), (0, 1, 1)]);
        assert_eq!(chokes.pairs.first().map(|choke| choke.edges.len()), Some(3));
    }

    #[test]
    fn what_comes_back_is_no_way_round() {
        // 0 → 1 → 2 (target), 1 → 3 → 1, 1 → 1, 1 → 4 which leads nowhere.
        let network = network(&[(0, 1), (1, 2), (1, 3), (3, 1), (1, 1), (1, 4)]);
        let chokes = network.chokes(&[2], &NodeSet::of(10, 0..10), &NodeSet::default(), 10);
        assert_eq!(
            told(&network, &chokes.edges),
            [(1, 2, 3), (0, 1, 1), (3, 1, 1)]
        );
    }

    #[test]
    fn another_target_is_a_way_round() {
        let network = network(&[(0, 1), (0, 2)]);
        let (sources, open) = (NodeSet::of(10, [0, 1]), NodeSet::default());
        assert!(
            network
                .chokes(&[1, 2], &sources, &open, 10)
                .pairs
                .is_empty()
        );
        let chokes = network.chokes(&[1], &sources, &open, 10);
        assert_eq!(
            (told(&network, &chokes.edges), chokes.reaching),
            (vec![(0, 1, 1)], 1)
        );
    }

    #[test]
    fn a_million_edges_may_hang_on_each_other() {
        let length = 1_000_000;
        let edges = (0..length).map(|from| Edge {
            from,
            to: from + 1,
            label: 0,
        });
        let network = Network::new(length as usize + 1, edges.collect());
        let sources = NodeSet::of(network.nodes(), 0..length);
        let chokes = network.chokes(&[length, NONE], &sources, &NodeSet::default(), 2);
        let expected = [
            (length - 1, length, length),
            (length - 2, length - 1, length - 1),
        ];
        assert_eq!(told(&network, &chokes.edges), expected);
    }

    #[test]
    fn of_equal_counts_the_first_edges_are_kept() {
        let choke = |edge, sources| Choke {
            edges: edge..edge + 1,
            sources,
        };
        let all = vec![
            choke(4, 1),
            choke(3, 2),
            choke(2, 1),
            choke(1, 1),
            choke(0, 1),
        ];
        assert_eq!(
            first(all.clone(), 3),
            [choke(3, 2), choke(0, 1), choke(1, 1)]
        );
        assert_eq!(first(all.clone(), 9).len(), 5);
        assert!(first(all, 0).is_empty());
    }

    /// Every removal in turn, counted again: (edges, sources) where a source is lost.
    fn counted(case: &Case, network: &Network, removals: Vec<Vec<u32>>) -> Vec<Choke> {
        let mut sources = case.sources.clone();
        sources.sort_unstable();
        sources.dedup();
        let reach = |removed: &[Edge]| {
            let has_way = |source: &&u32| case.hops(**source, &case.targets, removed).is_some();
            sources.iter().filter(has_way).count() as u32
        };
        let before = reach(&[]);
        let mut chokes = Vec::new();
        for edges in removals {
            let removed: Vec<Edge> = edges
                .iter()
                .filter_map(|edge| network.edge(*edge))
                .collect();
            let lost = before - reach(&removed);
            if let (1.., Some(start)) = (lost, edges.first()) {
                chokes.push(Choke {
                    edges: *start..start + edges.len() as u32,
                    sources: lost,
                });
            }
        }
        let best = chokes.len();
        first(chokes, best)
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
        /// Counts and order are those of taking each edge, and each pair's edges, away and counting again.
        #[test]
        fn chokes_are_what_removing_shows(case in case(), best in 0_usize..20) {
            let network = case.network();
            let set = |nodes: &[u32]| NodeSet::of(case.nodes, nodes.iter().copied());
            let found = network.chokes(&case.targets, &set(&case.sources), &set(&case.closed), best);

            let indices = 0..network.edges().len() as u32;
            let mut expected = counted(&case, &network, indices.clone().map(|edge| vec![edge]).collect());
            expected.truncate(best);
            proptest::prop_assert_eq!(found.edges, expected);

            let mut pairs: Vec<Vec<u32>> = Vec::new();
            let ends = |index: u32| network.edge(index).map(|edge| (edge.from, edge.to));
            for index in indices {
                match pairs.last_mut().filter(|pair| pair.first().is_some_and(|first| ends(*first) == ends(index))) {
                    Some(pair) => pair.push(index),
                    None => pairs.push(vec![index]),
                }
            }
            let mut expected = counted(&case, &network, pairs);
            expected.truncate(best);
            proptest::prop_assert_eq!(found.pairs, expected);

            let sources = set(&case.sources);
            let outside = sources.iter().filter(|source| !case.targets.contains(source));
            let reaching = outside.filter(|source| case.hops(*source, &case.targets, &[]).is_some());
            proptest::prop_assert_eq!(found.reaching as usize, reaching.count());
        }
    }
}
