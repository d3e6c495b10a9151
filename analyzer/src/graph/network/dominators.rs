//! Which nodes every way from a node to some targets leads through.
//!
//! Owns the dominator tree of the network walked backwards from a root before all targets, after Lengauer and Tarjan,
//! "A Fast Algorithm for Finding Dominators in a Flowgraph", ACM TOPLAS 1(1), 1979, with simple linking:
//! O(edges · log nodes) whatever the network looks like. Deliberately knows nothing of edges that matter.
//!
//! Nodes are known here by the number at which a depth-first walk first met them. The root is number 0.

use super::table::Table;
use super::{Direction, NONE, Network, NodeSet};

/// The root before all targets.
pub(super) const ROOT: u32 = 0;

/// The dominator tree over all nodes that have a way to a target.
///
/// `a` dominates `b` if every way from `b` to a target leads through `a` (or begins with it).
#[derive(Debug)]
pub(super) struct Dominators {
    /// The node of each number; of the root, none.
    nodes: Table,
    /// The number of each node; none if it has no way.
    numbers: Table,
    /// The number of each number's immediate dominator: the last node before it that dominates it.
    immediate: Table,
    /// Where a number and all that it dominates lie in an order of the tree, and how many they are.
    begins: Table,
    sizes: Table,
}

/// The depth-first walk.
struct Walk {
    nodes: Table,
    numbers: Table,
    /// The number from which each number was first met.
    parents: Table,
}

/// The forest of those numbers that were linked to their parents, with the semidominators found so far.
struct Forest {
    ancestors: Table,
    semidominators: Table,
    /// On the path from a number to its ancestor, the number with the least semidominator.
    least: Table,
    /// A path that is being compressed; kept for its memory.
    path: Vec<u32>,
}

impl Dominators {
    /// Of ways to `targets` that do not lead through `closed` nodes.
    pub(super) fn new(network: &Network, targets: &NodeSet, closed: &NodeSet) -> Self {
        let walk = Walk::new(network, targets, closed);
        let immediate = immediate_dominators(network, targets, closed, &walk);

        // A dominator has a lower number than what it dominates: sizes are summed up from the highest number down,
        // and parts handed out from the lowest up.
        let count = walk.nodes.len();
        let mut sizes = Table::filled(count as usize, 1);
        for number in (1..count).rev() {
            sizes.add(immediate.get(number), sizes.get(number));
        }
        let mut begins = Table::filled(count as usize, 0);
        let mut free = Table::filled(count as usize, 1);
        for number in 1..count {
            let dominator = immediate.get(number);
            let begin = free.get(dominator);
            begins.set(number, begin);
            free.set(number, begin + 1);
            free.add(dominator, sizes.get(number));
        }
        Self {
            nodes: walk.nodes,
            numbers: walk.numbers,
            immediate,
            begins,
            sizes,
        }
    }

    /// One more than the highest number.
    pub(super) fn count(&self) -> u32 {
        self.nodes.len()
    }

    /// The number of a node that has a way to a target.
    pub(super) fn number(&self, node: u32) -> Option<u32> {
        Some(self.numbers.get(node)).filter(|number| *number != NONE)
    }

    /// The node of a number; `NONE` for the root.
    pub(super) fn node(&self, number: u32) -> u32 {
        self.nodes.get(number)
    }

    /// The number of the immediate dominator. It is lower than `number`.
    pub(super) fn immediate(&self, number: u32) -> u32 {
        self.immediate.get(number)
    }

    /// Whether all ways from number `other` lead through number `this`, or it is the same.
    pub(super) fn dominates(&self, this: u32, other: u32) -> bool {
        let from_begin = self.begins.get(other).checked_sub(self.begins.get(this));
        from_begin.is_some_and(|distance| distance < self.sizes.get(this))
    }
}

impl Walk {
    fn new(network: &Network, targets: &NodeSet, closed: &NodeSet) -> Self {
        let mut walk = Self {
            nodes: Table::filled(1, NONE),
            numbers: Table::filled(network.nodes(), NONE),
            parents: Table::filled(1, NONE),
        };
        // Numbers on the way from the root to where the walk is, with the hops still to be tried.
        let mut open = Vec::new();
        for target in targets.iter() {
            let mut met = Some((target, ROOT));
            loop {
                if let Some((node, parent)) = met.take()
                    && walk.numbers.get(node) == NONE
                {
                    let number = walk.nodes.push(node);
                    walk.parents.push(parent);
                    walk.numbers.set(node, number);
                    if targets.contains(node) || !closed.contains(node) {
                        open.push((number, network.span(Direction::Backward, node)));
                    }
                }
                let Some((number, hops)) = open.last_mut() else {
                    break;
                };
                match hops.next() {
                    Some(position) => {
                        let hop = network.hop(Direction::Backward, position);
                        met = hop.map(|hop| (hop.node, *number));
                    }
                    None => {
                        open.pop();
                    }
                }
            }
        }
        walk
    }
}

impl Forest {
    /// The number with the least semidominator among `number` and those before it in its tree, the tree's root left
    /// out; `number` itself if it is not linked yet.
    fn least(&mut self, number: u32) -> u32 {
        let mut at = number;
        loop {
            let ancestor = self.ancestors.get(at);
            if ancestor == NONE || self.ancestors.get(ancestor) == NONE {
                break;
            }
            self.path.push(at);
            at = ancestor;
        }
        while let Some(at) = self.path.pop() {
            let ancestor = self.ancestors.get(at);
            let (above, own) = (self.least.get(ancestor), self.least.get(at));
            if self.semidominators.get(above) < self.semidominators.get(own) {
                self.least.set(at, above);
            }
            self.ancestors.set(at, self.ancestors.get(ancestor));
        }
        self.least.get(number)
    }
}

/// The immediate dominator of each number but the root's.
fn immediate_dominators(
    network: &Network,
    targets: &NodeSet,
    closed: &NodeSet,
    walk: &Walk,
) -> Table {
    let count = walk.nodes.len();
    let mut forest = Forest {
        ancestors: Table::filled(count as usize, NONE),
        semidominators: Table::identity(count as usize),
        least: Table::identity(count as usize),
        path: Vec::new(),
    };
    let mut immediate = Table::filled(count as usize, ROOT);
    // For each number a list of those whose semidominator it is: the first, and after each the next.
    let mut first = Table::filled(count as usize, NONE);
    let mut next = Table::filled(count as usize, NONE);

    for number in (1..count).rev() {
        let node = walk.nodes.get(number);
        let mut semidominator = walk.parents.get(number);
        if targets.contains(node) {
            // The root leads here directly, and nothing is lower than the root.
            semidominator = ROOT;
        } else {
            for hop in network.hops(Direction::Forward, node) {
                let before = walk.numbers.get(hop.node);
                let leads_on = targets.contains(hop.node) || !closed.contains(hop.node);
                if before != NONE && leads_on {
                    let least = forest.least(before);
                    semidominator = semidominator.min(forest.semidominators.get(least));
                }
            }
        }
        forest.semidominators.set(number, semidominator);
        next.set(number, first.get(semidominator));
        first.set(semidominator, number);

        let parent = walk.parents.get(number);
        forest.ancestors.set(number, parent);
        let mut waiting = first.get(parent);
        first.set(parent, NONE);
        while waiting != NONE {
            let least = forest.least(waiting);
            let lower = forest.semidominators.get(least) < parent;
            immediate.set(waiting, if lower { least } else { parent });
            waiting = next.get(waiting);
        }
    }
    for number in 1..count {
        let candidate = immediate.get(number);
        if candidate != forest.semidominators.get(number) {
            immediate.set(number, immediate.get(candidate));
        }
    }
    immediate
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::super::brute_force::case;
    use super::super::{Edge, Network, NodeSet};
    use super::{Dominators, ROOT};

    /// The immediate dominator of each node: `Some(None)` is the root, `None` says that there is no way.
    fn immediate(
        edges: &[(u32, u32)],
        targets: &[u32],
        closed: &[u32],
    ) -> Vec<Option<Option<u32>>> {
        let edges = edges
            .iter()
            .map(|&(from, to)| Edge { from, to, label: 0 })
            .collect();
        let network = Network::new(8, edges);
        let set = |nodes: &[u32]| NodeSet::of(8, nodes.iter().copied());
        let tree = Dominators::new(&network, &set(targets), &set(closed));
        let dominator = |number| match tree.immediate(number) {
            ROOT => None,
            number => Some(tree.node(number)),
        };
        (0..8)
            .map(|node| tree.number(node).map(dominator))
            .collect()
    }

    #[test]
    fn two_ways_meet_again_in_their_dominator() {
        // 0 → 1 → {2, 3} → 4 → 5, and 6 → 5.
        let edges = [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (6, 5)];
        let expected = [Some(1), Some(4), Some(4), Some(4), Some(5), None, Some(5)];
        assert_eq!(immediate(&edges, &[5], &[])[..7], expected.map(Some));
        assert_eq!(immediate(&edges, &[5], &[])[7], None);
    }

    #[test]
    fn two_targets_have_only_the_root_in_common() {
        let edges = [(0, 1), (0, 2), (1, 2)];
        assert_eq!(immediate(&edges, &[1, 2], &[])[..3], [Some(None); 3]);
    }

    #[test]
    fn closed_nodes_lead_nobody_on() {
        let edges = [(0, 1), (1, 3), (0, 2), (2, 3)];
        let expected = [Some(Some(2)), Some(Some(3)), Some(Some(3)), Some(None)];
        assert_eq!(immediate(&edges, &[3], &[1])[..4], expected);
        assert_eq!(immediate(&edges, &[3], &[1, 2])[0], None);
    }

    proptest::proptest! {
        /// A node dominates another if closing it leaves the other without a way.
        #[test]
        fn dominators_are_what_no_way_leads_around(case in case()) {
            let set = |nodes: &[u32]| NodeSet::of(case.nodes, nodes.iter().copied());
            let network = case.network();
            let tree = Dominators::new(&network, &set(&case.targets), &set(&case.closed));
            let nodes = 0..case.nodes as u32;
            for node in nodes.clone() {
                let way = case.hops(node, &case.targets, &[]);
                proptest::prop_assert_eq!(tree.number(node).is_some(), way.is_some());
            }
            for (this, other) in nodes.clone().flat_map(|a| nodes.clone().map(move |b| (a, b))) {
                if let (Some(a), Some(b)) = (tree.number(this), tree.number(other)) {
                    let touches = |edge: &Edge| edge.from == this || edge.to == this;
                    let gone: Vec<Edge> = case.edges.iter().copied().filter(touches).collect();
                    let left: Vec<u32> = case.targets.iter().copied().filter(|target| *target != this).collect();
                    let needed = this == other || case.hops(other, &left, &gone).is_none();
                    proptest::prop_assert_eq!(tree.dominates(a, b), needed, "{} over {}", this, other);
                }
            }
        }
    }
}
