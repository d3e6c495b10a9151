//! Nodes that lead to each other, gathered into components.
//!
//! Owns Tarjan's algorithm (SIAM Journal on Computing 1(2), 1972), without recursion. Deliberately leaves open what is
//! asked of the components.

use super::table::Table;
use super::{Direction, NONE, Network, NodeSet};

/// The strongly connected components, numbered so that every walk between two leads from a higher to a lower number.
#[derive(Debug)]
pub(super) struct Components {
    /// The component of each node.
    of: Table,
    /// The nodes of component 0, then those of component 1, and so on.
    nodes: Vec<u32>,
    /// Where each component's nodes begin in `nodes`; one more entry than components.
    starts: Vec<usize>,
}

impl Components {
    /// Of the network walked in `direction`, where nothing leads on from a closed node: it is a component by itself.
    pub(super) fn new(network: &Network, direction: Direction, closed: &NodeSet) -> Self {
        let count = network.nodes();
        let mut components = Self {
            of: Table::filled(count, NONE),
            nodes: Vec::with_capacity(count),
            starts: vec![0],
        };
        // The order in which nodes are met, and the earliest met that each leads back to.
        let mut met = Table::filled(count, NONE);
        let mut low = Table::filled(count, NONE);
        let mut clock = 0;
        // Nodes without a component yet, and those being walked on from, with the hops still to be tried.
        let mut waiting = Vec::new();
        let mut open = Vec::new();
        for start in 0..network.nodes {
            let mut next = Some(start);
            loop {
                if let Some(node) = next.take()
                    && met.get(node) == NONE
                {
                    met.set(node, clock);
                    low.set(node, clock);
                    clock += 1;
                    waiting.push(node);
                    let hops = if closed.contains(node) {
                        0..0
                    } else {
                        network.span(direction, node)
                    };
                    open.push((node, hops));
                }
                let Some((node, hops)) = open.last_mut() else {
                    break;
                };
                let node = *node;
                if let Some(hop) = hops.next().and_then(|at| network.hop(direction, at)) {
                    if met.get(hop.node) == NONE {
                        next = Some(hop.node);
                    } else if components.of.get(hop.node) == NONE {
                        low.set(node, low.get(node).min(met.get(hop.node)));
                    }
                    continue;
                }
                open.pop();
                if let Some((parent, _)) = open.last() {
                    low.set(*parent, low.get(*parent).min(low.get(node)));
                }
                if low.get(node) == met.get(node) {
                    components.close(node, &mut waiting);
                }
            }
        }
        components
    }

    /// Makes a component of `first` and all that were met after it and still wait.
    fn close(&mut self, first: u32, waiting: &mut Vec<u32>) {
        let component = self.count();
        while let Some(node) = waiting.pop() {
            self.of.set(node, component);
            self.nodes.push(node);
            if node == first {
                break;
            }
        }
        self.starts.push(self.nodes.len());
    }

    /// Number of components.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(NONE)
    }

    /// The component of `node`; `NONE` for a node that is not there.
    pub(super) fn of(&self, node: u32) -> u32 {
        self.of.get(node)
    }

    /// The nodes of a component.
    pub(super) fn nodes(&self, component: u32) -> &[u32] {
        let component = component as usize;
        match (self.starts.get(component), self.starts.get(component + 1)) {
            (Some(start), Some(end)) => self.nodes.get(*start..*end).unwrap_or(&[]),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::brute_force::case;
    use super::super::{Direction, Edge, Network, NodeSet};
    use super::Components;

    #[test]
    fn a_cycle_of_a_million_nodes_is_one_component() {
        let count = 1_000_000;
        let edges = (0..count).map(|from| Edge {
            from,
            to: (from + 1) % count,
            label: 0,
        });
        let network = Network::new(count as usize, edges.collect());
        let open = Components::new(&network, Direction::Forward, &NodeSet::default());
        assert_eq!((open.count(), open.nodes(0).len()), (1, count as usize));
        let closed = NodeSet::of(count as usize, [7]);
        let cut = Components::new(&network, Direction::Forward, &closed);
        assert_eq!(cut.count(), count);
    }

    proptest::proptest! {
        /// Two nodes share a component if each reaches the other, and no edge leads to a higher component.
        #[test]
        fn components_are_mutual_reach(case in case()) {
            let network = case.network();
            for direction in [Direction::Forward, Direction::Backward] {
                let components = Components::new(&network, direction, &NodeSet::default());
                let mut open = case.clone();
                open.closed.clear();
                let nodes = 0..case.nodes as u32;
                for (a, b) in nodes.clone().flat_map(|a| nodes.clone().map(move |b| (a, b))) {
                    let mutual = open.hops(a, &[b], &[]).is_some() && open.hops(b, &[a], &[]).is_some();
                    proptest::prop_assert_eq!(components.of(a) == components.of(b), mutual);
                }
                for (node, hop) in nodes.flat_map(|node| network.hops(direction, node).map(move |hop| (node, hop))) {
                    proptest::prop_assert!(components.of(hop.node) <= components.of(node));
                }
                let listed = (0..components.count()).flat_map(|c| components.nodes(c).iter().map(move |n| (c, *n)));
                let mut listed: Vec<(u32, u32)> = listed.collect();
                proptest::prop_assert!(listed.iter().all(|(component, node)| components.of(*node) == *component));
                listed.sort_unstable_by_key(|entry| entry.1);
                proptest::prop_assert!(listed.into_iter().map(|entry| entry.1).eq(0..case.nodes as u32));
            }
        }
    }
}
