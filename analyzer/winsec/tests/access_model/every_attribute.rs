//! Every attribute at once: the tree whose root answers for it, and what the answer promises of the
//! single attributes.

use coldcase_winsec::access::{AccessList, Node, Outcome};
use coldcase_winsec::{AccessMask, Guid};
use proptest::prelude::*;

use crate::cases::{self, ATTRIBUTES, CHILDREN, CLASS, RIGHTS, STRANGER};
use crate::tree::Tree;
use crate::{conditional, requester, token, walk, whole_tree};

/// The tree of an object with the attributes of the pool, and with one attribute more for every
/// other GUID that an ACE may name: what is none is taken for one. Parts do not add up.
pub(crate) fn tree(class: Option<Guid>) -> Tree {
    let (mut tree, _) = whole_tree(class, ATTRIBUTES[0].0);
    for guid in [&CHILDREN[..], &RIGHTS, &[STRANGER]].concat() {
        tree.add(guid, 0);
    }
    if class.is_none() {
        tree.add(CLASS, 0);
    }
    tree.without_adding_up()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// By the specification's tree as it is, parts adding up: granted at the root and all below.
    #[test]
    fn granted_over_every_attribute_is_granted_over_each(case in cases::cases()) {
        let list = AccessList::new(&case.descriptor);
        let sids = token(&case);
        let who = requester(&case, &sids);
        let conditional = conditional(&case.descriptor);
        let holding = |in_favour: bool| {
            let holds = conditional.iter().filter(|(_, allow)| *allow == in_favour);
            holds.map(|(position, _)| *position).collect()
        };
        let (worst, best) = (walk(&case, holding(false)), walk(&case, holding(true)));
        for class in [None, Some(CLASS)] {
            let (tree, _) = whole_tree(class, ATTRIBUTES[0].0);
            let node = Node::EveryAttribute { class };
            for below in 0..tree.len() {
                let [worst, best] = [&worst, &best].map(|walk| walk.over(tree.clone(), below));
                for (bit, (worst, best)) in worst.into_iter().zip(best).enumerate() {
                    let Outcome { least, most } = list.decide(&who, AccessMask(1 << bit), &node, case.blocked);
                    prop_assert!(least.is_granted() <= worst.is_granted(), "{class:?} {bit} {below}");
                    prop_assert!(most.is_granted() <= best.is_granted(), "{class:?} {bit} {below}");
                }
            }
        }
    }
}
