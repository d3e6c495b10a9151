//! What one node reaches or is reached by, and how much many nodes do.
//!
//! Owns the sets for one node, and counts for thousands of nodes that together cost far less than their sets.
//! Deliberately tells no ways: [`super::ways`] does. No node is told to reach itself.

use super::components::Components;
use super::table::Table;
use super::{Direction, NONE, Network, NodeSet};

/// Nodes that are followed through the network at once, a bit each.
const TOGETHER: usize = 256;

/// Which of the nodes followed together have come to a place.
type Marks = [u64; TOGETHER / 64];

impl Network {
    /// All nodes that `node` has a way to that does not lead through `closed` nodes: what the counts are held against.
    #[cfg(test)]
    fn reachable_from(&self, node: u32, closed: &NodeSet) -> NodeSet {
        self.reach(Direction::Forward, node, closed)
    }

    /// All nodes that have a way to `node` that does not lead through `closed` nodes.
    #[cfg(test)]
    fn reaching(&self, node: u32, closed: &NodeSet) -> NodeSet {
        self.reach(Direction::Backward, node, closed)
    }

    /// For each of `nodes` how many of `among` it has a way to that does not lead through `closed` nodes.
    pub(crate) fn counts_reachable_from(
        &self,
        nodes: &[u32],
        among: &NodeSet,
        closed: &NodeSet,
    ) -> Vec<u32> {
        Condensed::new(self, Direction::Forward, among, closed).counts(nodes)
    }

    /// For each of `nodes` how many of `among` have a way to it that does not lead through `closed` nodes.
    pub(crate) fn counts_reaching(
        &self,
        nodes: &[u32],
        among: &NodeSet,
        closed: &NodeSet,
    ) -> Vec<u32> {
        Condensed::new(self, Direction::Backward, among, closed).counts(nodes)
    }

    #[cfg(test)]
    fn reach(&self, direction: Direction, start: u32, closed: &NodeSet) -> NodeSet {
        let mut reached = NodeSet::new(self.nodes());
        let mut next = vec![start];
        reached.insert(start);
        while let Some(node) = next.pop() {
            if node != start && closed.contains(node) {
                continue;
            }
            for hop in self.hops(direction, node) {
                if reached.insert(hop.node) {
                    next.push(hop.node);
                }
            }
        }
        reached.remove(start);
        reached
    }
}

/// The network with each component drawn together into one place.
struct Condensed<'a> {
    network: &'a Network,
    direction: Direction,
    among: &'a NodeSet,
    closed: &'a NodeSet,
    components: Components,
    /// Where each component leads to, each once, from the highest component down. A closed node leads nowhere.
    leads_to: Vec<u32>,
    /// Where each component's part of `leads_to` ends, from the highest component down.
    ends: Vec<usize>,
}

impl<'a> Condensed<'a> {
    fn new(
        network: &'a Network,
        direction: Direction,
        among: &'a NodeSet,
        closed: &'a NodeSet,
    ) -> Self {
        let components = Components::new(network, direction, closed);
        let (mut leads_to, mut ends) = (Vec::new(), Vec::new());
        // The component that last led to each component.
        let mut last = Table::filled(components.count() as usize, NONE);
        for component in (0..components.count()).rev() {
            last.set(component, component);
            let nodes = components.nodes(component).iter();
            for node in nodes.filter(|node| !closed.contains(**node)) {
                for hop in network.hops(direction, *node) {
                    let other = components.of(hop.node);
                    if last.get(other) != component {
                        last.set(other, component);
                        leads_to.push(other);
                    }
                }
            }
            ends.push(leads_to.len());
        }
        Self {
            network,
            direction,
            among,
            closed,
            components,
            leads_to,
            ends,
        }
    }

    /// How many of `among` each of `nodes` comes to. O(edges) for each 256 of them.
    fn counts(&self, nodes: &[u32]) -> Vec<u32> {
        let weights: Vec<u32> = (0..self.components.count())
            .map(|component| self.weight(component))
            .collect();
        let mut marks: Vec<Marks> = Vec::new();
        let mut counts = Vec::with_capacity(nodes.len());
        for starts in nodes.chunks(TOGETHER) {
            marks.clear();
            marks.resize(weights.len(), Marks::default());
            counts.extend(self.follow(starts, &weights, &mut marks));
        }
        counts
    }

    /// Follows up to 256 nodes at once: every component hands its marks on to where it leads, which is always lower.
    fn follow(&self, starts: &[u32], weights: &[u32], marks: &mut [Marks]) -> Vec<u32> {
        for (bit, start) in starts.iter().enumerate() {
            if self.closed.contains(*start) {
                // It leads on for itself, but for nobody who comes to it.
                for hop in self.network.hops(self.direction, *start) {
                    set(marks, self.components.of(hop.node), bit);
                }
            } else {
                set(marks, self.components.of(*start), bit);
            }
        }
        let mut counts = vec![0_u32; starts.len()];
        let mut begin = 0;
        let downwards = (0..self.components.count()).rev();
        for (component, end) in downwards.zip(&self.ends) {
            let others = self.leads_to.get(begin..*end).unwrap_or(&[]);
            begin = *end;
            let component = component as usize;
            let own = marks.get(component).copied().unwrap_or_default();
            if own == Marks::default() {
                continue;
            }
            if let Some(weight) = weights.get(component).filter(|weight| **weight > 0) {
                count(&own, *weight, &mut counts);
            }
            for other in others {
                if let Some(theirs) = marks.get_mut(*other as usize) {
                    for (theirs, own) in theirs.iter_mut().zip(own) {
                        *theirs |= own;
                    }
                }
            }
        }
        // A node that came back to itself, or never left, was counted with its component.
        for (bit, (start, count)) in starts.iter().zip(&mut counts).enumerate() {
            if self.among.contains(*start) && is_set(marks, self.components.of(*start), bit) {
                *count -= 1;
            }
        }
        counts
    }

    /// How many nodes of `among` a component holds.
    fn weight(&self, component: u32) -> u32 {
        let nodes = self.components.nodes(component).iter();
        let held = nodes.filter(|node| self.among.contains(**node)).count();
        u32::try_from(held).unwrap_or(u32::MAX)
    }
}

fn set(marks: &mut [Marks], component: u32, bit: usize) {
    let marks = marks.get_mut(component as usize);
    if let Some(word) = marks.and_then(|marks| marks.get_mut(bit / 64)) {
        *word |= 1 << (bit % 64);
    }
}

fn is_set(marks: &[Marks], component: u32, bit: usize) -> bool {
    let marks = marks.get(component as usize);
    let word = marks.and_then(|marks| marks.get(bit / 64));
    word.is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// Adds `weight` to the count of every bit that is set.
fn count(marks: &Marks, weight: u32, counts: &mut [u32]) {
    for (word, counts) in marks.iter().zip(counts.chunks_mut(64)) {
        let mut rest = *word;
        while rest != 0 {
            if let Some(count) = counts.get_mut(rest.trailing_zeros() as usize) {
                *count += weight;
            }
            rest &= rest - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::brute_force::case;
    use super::super::{Edge, NONE, Network, NodeSet};

    fn network(edges: &[(u32, u32)]) -> Network {
        let edges = edges.iter().map(|&(from, to)| Edge { from, to, label: 0 });
        Network::new(10, edges.collect())
    }

    #[test]
    fn reach_goes_round_a_cycle_once_and_leaves_its_start_out() {
        let network = network(&[(0, 1), (1, 2), (2, 0), (2, 3), (4, 0)]);
        let open = NodeSet::default();
        let reached = network.reachable_from(1, &open);
        assert_eq!(reached.iter().collect::<Vec<_>>(), [0, 2, 3]);
        let reaching = network.reaching(0, &open);
        assert_eq!(reaching.iter().collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(network.reaching(NONE, &open).len(), 0);
    }

    #[test]
    fn a_closed_node_is_reached_but_leads_on_for_itself_only() {
        let network = network(&[(0, 1), (1, 2), (2, 1)]);
        let closed = NodeSet::of(10, [1]);
        let reached = |node| {
            network
                .reachable_from(node, &closed)
                .iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (reached(0), reached(1), reached(2)),
            (vec![1], vec![2], vec![1])
        );
        let all = NodeSet::of(10, 0..10);
        assert_eq!(
            network.counts_reachable_from(&[0, 1, 2], &all, &closed),
            [1, 1, 1]
        );
    }

    #[test]
    fn thousands_are_counted_at_once() {
        let length = 1000_u32;
        let edges = (0..length).map(|from| Edge {
            from,
            to: from + 1,
            label: 0,
        });
        let network = Network::new(length as usize + 1, edges.collect());
        let even = NodeSet::of(network.nodes(), (0..=length).step_by(2));
        let nodes: Vec<u32> = (0..=length).chain([NONE]).collect();
        let counts = network.counts_reaching(&nodes, &even, &NodeSet::default());
        let expected = (0..=length).map(|node| node.div_ceil(2)).chain([0]);
        assert!(counts.into_iter().eq(expected));
    }

    proptest::proptest! {
        /// Sets are what trying every edge again and again finds, and counts are the sizes of sets.
        #[test]
        fn reach_is_what_ways_lead_to(case in case()) {
            let network = case.network();
            let set = |nodes: &[u32]| NodeSet::of(case.nodes, nodes.iter().copied());
            let (among, closed) = (set(&case.sources), set(&case.closed));
            let nodes: Vec<u32> = (0..case.nodes as u32 + 1).collect();
            let has_way = |from: u32, to: u32| from != to && case.hops(from, &[to], &[]).is_some();
            for node in &nodes {
                let expected = nodes.iter().copied().filter(|other| has_way(*node, *other));
                proptest::prop_assert!(network.reachable_from(*node, &closed).iter().eq(expected));
                let expected = nodes.iter().copied().filter(|other| has_way(*other, *node));
                proptest::prop_assert!(network.reaching(*node, &closed).iter().eq(expected));
            }
            let sizes = |set: &dyn Fn(u32) -> NodeSet| -> Vec<u32> {
                nodes.iter().map(|node| set(*node).shared_with(&among) as u32).collect()
            };
            proptest::prop_assert_eq!(
                network.counts_reachable_from(&nodes, &among, &closed),
                sizes(&|node| network.reachable_from(node, &closed))
            );
            proptest::prop_assert_eq!(
                network.counts_reaching(&nodes, &among, &closed),
                sizes(&|node| network.reaching(node, &closed))
            );
        }
    }
}
