//! The access check against the specification's own algorithm, for every right and every node, and
//! for every outcome of the conditions: what is decided, and which ACE decides.

#![expect(clippy::indexing_slicing, reason = "tests")]

mod cases;
mod every_attribute;
mod tree;

use std::collections::HashSet;

use cases::{ATTRIBUTES, CHILDREN, CLASS, Case, RIGHTS, SETS};
use coldcase_winsec::access::{
    AccessList, Decider, Decision, Entry, Node, Outcome, Requester, SidSet,
};
use coldcase_winsec::{AccessMask, Ace, AceBody, AceFlags, Acl, Guid, SecurityDescriptor, Sid};
use proptest::collection::vec;
use proptest::prelude::*;
use tree::{BITS, Check, Decisions, Tree, Walk};

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decides_what_the_specification_decides(case in cases::cases()) {
        let list = AccessList::new(&case.descriptor);
        let sids = token(&case);
        let who = requester(&case, &sids);
        let conditional = conditional(&case.descriptor);
        let nodes = nodes();
        let outcomes: Vec<[Outcome; BITS]> = nodes
            .iter()
            .map(|node| std::array::from_fn(|bit| list.decide(&who, AccessMask(1 << bit), node, case.blocked)))
            .collect();
        for chosen in 0_usize..1 << conditional.len() {
            let holds = |index: usize| chosen & (1 << index) != 0;
            let holding = (0..conditional.len()).filter(|index| holds(*index));
            let walk = walk(&case, holding.map(|index| conditional[index].0).collect());
            let worst = conditional.iter().enumerate().all(|(index, (_, allow))| holds(index) != *allow);
            let best = conditional.iter().enumerate().all(|(index, (_, allow))| holds(index) == *allow);
            for (node, outcomes) in nodes.iter().zip(&outcomes) {
                for (bit, (outcome, decision)) in outcomes.iter().zip(model(&walk, node)).enumerate() {
                    prop_assert!(!worst || outcome.least == decision, "{node:?} {bit}: {outcome:?} {decision:?}");
                    prop_assert!(!best || outcome.most == decision, "{node:?} {bit}: {outcome:?} {decision:?}");
                    prop_assert!(outcome.least.is_granted() <= decision.is_granted(), "{node:?} {bit}");
                    prop_assert!(decision.is_granted() <= outcome.most.is_granted(), "{node:?} {bit}");
                }
            }
        }
    }

    #[test]
    fn an_attribute_needs_no_other_nodes_in_the_tree(case in cases::cases()) {
        let walk = walk(&case, Vec::new());
        for (attribute, set) in ATTRIBUTES {
            for class in [None, Some(CLASS)] {
                let (tree, node) = whole_tree(class, attribute);
                let mut branch = Tree::new(class);
                let parent = set.map_or(0, |set| branch.add(set, 0));
                let leaf = branch.add(attribute, parent);
                prop_assert_eq!(walk.over(tree, node), walk.over(branch, leaf));
            }
        }
    }

    #[test]
    fn relevant_entries_decide_alone(case in cases::cases()) {
        let list = AccessList::new(&case.descriptor);
        let sids = token(&case);
        let who = requester(&case, &sids);
        for node in nodes() {
            for bit in (0..BITS).map(|bit| AccessMask(1 << bit)) {
                let whole = list.decide(&who, bit, &node, case.blocked);
                prop_assert_eq!(by_hand(&list, &who, bit, &node, case.blocked), whole);
                let kept: Vec<usize> = list.relevant(bit, &node).map(|entry| entry.position).collect();
                let (descriptor, positions) = without_others(&case.descriptor, &kept);
                let rest = AccessList::new(&descriptor).decide(&who, bit, &node, case.blocked);
                prop_assert_eq!(moved(rest, &positions), whole);
            }
        }
    }

    #[test]
    fn a_requester_may_answer_from_a_table(case in cases::cases()) {
        let list = AccessList::new(&case.descriptor);
        let sids = token(&case);
        let who = requester(&case, &sids);
        let answers = list.entries().iter().filter(|entry| who.is(entry));
        let table = Table { about: answers.map(|entry| entry.position).collect(), owns: who.owns() };
        for node in nodes() {
            for bit in (0..BITS).map(|bit| AccessMask(1 << bit)) {
                prop_assert_eq!(
                    list.decide(&table, bit, &node, case.blocked),
                    list.decide(&who, bit, &node, case.blocked)
                );
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_told(case in cases::cases()) {
        let list = AccessList::new(&case.descriptor);
        let aces = case.descriptor.dacl.iter().flat_map(|acl| &acl.aces);
        let expected: Vec<usize> = aces
            .enumerate()
            .filter(|(_, ace)| !ace.flags.contains(AceFlags::INHERIT_ONLY))
            .filter(|(_, ace)| match ace.type_byte() {
                0x04 | 0x16.. => true,
                0x00 | 0x01 | 0x05 | 0x06 | 0x09..=0x0c => ace.known().is_none(),
                _ => false,
            })
            .map(|(position, _)| position)
            .collect();
        prop_assert_eq!(list.not_understood(), expected);
        prop_assert!(list.entries().is_sorted_by(|a, b| a.position < b.position));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400), case in cases::cases()) {
        let mut damaged = case.descriptor.try_encode().unwrap_or_default();
        for (place, byte) in damaged.iter_mut().skip(20).step_by(7).zip(&bytes) {
            *place ^= byte;
        }
        for bytes in [bytes, damaged] {
            let descriptor = SecurityDescriptor::decode(&bytes).value;
            let list = AccessList::new(&descriptor);
            let sids = token(&case);
            let who = SidSet { owner: list.owner(), ..requester(&case, &sids) };
            for node in nodes() {
                let outcome = list.decide(&who, AccessMask::WRITE_PROPERTY, &node, case.blocked);
                prop_assert!(!list.is_null() || outcome.least == Decision::Granted(Decider::NullDacl));
            }
        }
    }
}

/// A requester that knows nothing but answers.
struct Table {
    about: HashSet<usize>,
    owns: bool,
}

impl Requester for Table {
    fn is(&self, entry: &Entry) -> bool {
        self.about.contains(&entry.position)
    }

    fn owns(&self) -> bool {
        self.owns
    }
}

fn token(case: &Case) -> HashSet<Sid> {
    case.token.iter().cloned().collect()
}

fn requester<'a>(case: &'a Case, sids: &'a HashSet<Sid>) -> SidSet<'a> {
    SidSet {
        sids,
        object: case.object.as_ref(),
        owner: case.descriptor.owner.as_ref(),
    }
}

/// The walk in which these conditional ACEs, by position, apply.
fn walk(case: &Case, holding: Vec<usize>) -> Walk {
    let check = Check {
        descriptor: &case.descriptor,
        token: &case.token,
        object: case.object.as_ref(),
        blocked: case.blocked,
        holding,
    };
    check.walk()
}

/// Positions of the conditional ACEs, by type or by trustee, and whether they allow.
fn conditional(descriptor: &SecurityDescriptor) -> Vec<(usize, bool)> {
    let aces = descriptor.dacl.iter().flat_map(|acl| &acl.aces);
    aces.enumerate()
        .filter_map(|(position, ace)| {
            let (allow, _, conditional) = tree::kind(ace)?;
            let by_logon = tree::by_logon(&ace.known()?.trustee);
            (conditional || by_logon).then_some((position, allow))
        })
        .collect()
}

fn nodes() -> Vec<Node> {
    let attributes = ATTRIBUTES
        .into_iter()
        .flat_map(|(attribute, property_set)| {
            [None, Some(CLASS)].map(|class| Node::Attribute {
                class,
                property_set,
                attribute,
            })
        });
    [Node::Object, Node::ObjectOfClass(CLASS)]
        .into_iter()
        .chain(attributes)
        .chain(CHILDREN.map(Node::ChildClass))
        .chain(RIGHTS.map(Node::ControlRight))
        // A validated write has the GUID of its attribute, which is in a property set.
        .chain([ATTRIBUTES[0].0, ATTRIBUTES[3].0].map(Node::ValidatedWrite))
        .chain([None, Some(CLASS)].map(|class| Node::EveryAttribute { class }))
        .collect()
}

/// The tree of an object of the class with all its attributes, and the node of one.
fn whole_tree(class: Option<Guid>, attribute: Guid) -> (Tree, usize) {
    let mut tree = Tree::new(class);
    let sets = SETS.map(|set| (set, tree.add(set, 0)));
    let mut wanted = 0;
    for (guid, set) in ATTRIBUTES {
        let parent = sets.iter().find(|(known, _)| Some(*known) == set);
        let node = tree.add(guid, parent.map_or(0, |(_, node)| *node));
        if guid == attribute {
            wanted = node;
        }
    }
    (tree, wanted)
}

fn model(walk: &Walk, node: &Node) -> Decisions {
    let alone = |guid| walk.over(Tree::new(guid), 0);
    let with = |mut decisions: Decisions, bit: AccessMask, decision| {
        decisions[bit.0.trailing_zeros() as usize] = decision;
        decisions
    };
    match *node {
        Node::Object => alone(None),
        Node::ObjectOfClass(guid) | Node::ChildClass(guid) => alone(Some(guid)),
        Node::EveryAttribute { class } => walk.over(every_attribute::tree(class), 0),
        Node::Attribute {
            class, attribute, ..
        } => {
            let (tree, leaf) = whole_tree(class, attribute);
            walk.over(tree, leaf)
        }
        Node::ControlRight(guid) => with(
            alone(Some(guid)),
            AccessMask::CONTROL_ACCESS,
            walk.control_access(guid),
        ),
        Node::ValidatedWrite(guid) => with(
            alone(Some(guid)),
            AccessMask::SELF_WRITE,
            walk.validated_write(guid),
        ),
    }
}

/// A decision made as a caller of `relevant` makes it.
fn by_hand(
    list: &AccessList,
    who: &SidSet<'_>,
    bit: AccessMask,
    node: &Node,
    blocked: bool,
) -> Outcome {
    let possible = AccessMask::DS_FULL_CONTROL.contains(bit);
    let first = |in_favour: bool| {
        if list.is_null() && possible {
            return Decision::Granted(Decider::NullDacl);
        }
        if list.implicit_owner_rights(blocked).contains(bit) && who.owns() {
            return Decision::Granted(Decider::Owner);
        }
        list.relevant(bit, node)
            .filter(|entry| who.is(entry))
            .find(|entry| !entry.conditional || entry.allow == in_favour)
            .map_or(Decision::Denied(None), |entry| {
                if entry.allow {
                    Decision::Granted(Decider::Ace(entry.position))
                } else {
                    Decision::Denied(Some(entry.position))
                }
            })
    };
    Outcome {
        least: first(false),
        most: first(true),
    }
}

/// The descriptor with these ACEs only, and where they were. ACEs for OWNER RIGHTS stay, emptied:
/// their presence is what `implicit_owner_rights` tells.
fn without_others(
    descriptor: &SecurityDescriptor,
    kept: &[usize],
) -> (SecurityDescriptor, Vec<usize>) {
    let mut positions = Vec::new();
    let dacl = descriptor.dacl.as_ref().map(|acl| {
        let mut aces = Vec::new();
        for (position, ace) in acl.aces.iter().enumerate() {
            if kept.contains(&position) {
                aces.push(ace.clone());
                positions.push(position);
            } else if let Some(known) = ace.known()
                && known.trustee.to_string() == "S-1-3-4"
            {
                let mut emptied = known.clone();
                emptied.mask = AccessMask::NONE;
                aces.push(Ace {
                    flags: ace.flags,
                    body: AceBody::Known(emptied),
                });
                positions.push(position);
            }
        }
        Acl::new(aces)
    });
    (
        SecurityDescriptor {
            dacl,
            ..descriptor.clone()
        },
        positions,
    )
}

fn moved(outcome: Outcome, positions: &[usize]) -> Outcome {
    let moved = |decision| match decision {
        Decision::Granted(Decider::Ace(position)) => {
            Decision::Granted(Decider::Ace(positions[position]))
        }
        Decision::Denied(Some(position)) => Decision::Denied(Some(positions[position])),
        other => other,
    };
    Outcome {
        least: moved(outcome.least),
        most: moved(outcome.most),
    }
}
