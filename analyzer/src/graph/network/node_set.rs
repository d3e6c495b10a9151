//! A set of nodes, a bit each.
//!
//! Deliberately total: asking for a node beyond the end is answered "no", putting one in does nothing.

/// Nodes out of `0..nodes`. The default is empty and stays so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeSet {
    nodes: usize,
    words: Vec<u64>,
}

impl NodeSet {
    /// The empty set over the nodes `0..nodes`.
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            nodes,
            words: vec![0; nodes.div_ceil(64)],
        }
    }

    /// The set of those of `members` that are below `nodes`.
    pub(crate) fn of(nodes: usize, members: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::new(nodes);
        for node in members {
            set.insert(node);
        }
        set
    }

    /// Puts `node` in. True if it was not in before.
    pub(crate) fn insert(&mut self, node: u32) -> bool {
        if node as usize >= self.nodes {
            return false;
        }
        let bit = 1 << (node % 64);
        self.words.get_mut(node as usize / 64).is_some_and(|word| {
            let new = *word & bit == 0;
            *word |= bit;
            new
        })
    }

    /// Takes `node` out. True if it was in.
    #[cfg(test)]
    pub(crate) fn remove(&mut self, node: u32) -> bool {
        let bit = 1 << (node % 64);
        self.words.get_mut(node as usize / 64).is_some_and(|word| {
            let old = *word & bit != 0;
            *word &= !bit;
            old
        })
    }

    pub(crate) fn contains(&self, node: u32) -> bool {
        self.words
            .get(node as usize / 64)
            .is_some_and(|word| word >> (node % 64) & 1 == 1)
    }

    /// How many nodes are in.
    pub(crate) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// How many nodes are in both sets.
    #[cfg(test)]
    pub(crate) fn shared_with(&self, other: &Self) -> usize {
        let pairs = self.words.iter().zip(&other.words);
        pairs.map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// The nodes in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0_u32..)
            .step_by(64)
            .zip(&self.words)
            .flat_map(|(first, word)| {
                let mut rest = *word;
                std::iter::from_fn(move || {
                    let bit = rest.trailing_zeros();
                    // The lowest bit that is set goes; of none, none.
                    rest &= rest.wrapping_sub(1);
                    (bit < 64).then(|| first + bit)
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_kept_once_and_in_order() {
        let mut set = NodeSet::of(130, [129, 0, 64, 63, 0]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!(set.len(), 4);
        assert!(!set.insert(64) && set.insert(65));
        assert!(set.remove(0) && !set.remove(0));
        assert_eq!(set.iter().collect::<Vec<_>>(), [63, 64, 65, 129]);
        assert_eq!(set.shared_with(&NodeSet::of(1000, [0, 63, 129, 999])), 2);
    }

    #[test]
    fn what_is_beyond_the_end_is_never_in() {
        let mut set = NodeSet::new(65);
        for node in [65, 127, 128, u32::MAX] {
            assert!(!set.insert(node) && !set.contains(node) && !set.remove(node));
        }
        assert!(set.insert(64));
        assert_eq!(set.len(), 1);
        assert!(!NodeSet::default().insert(0));
    }
}
