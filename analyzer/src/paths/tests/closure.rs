//! What the graph lets somebody reach, against taking over one thing after the other by the access check alone.
//!
//! Two bounds stand beside the graph. The lower one counts what is certain to be a way: each new hold asks with one token.
//! The upper one takes whoever may add himself to a group for one who may add anybody. Groups are left out of the
//! comparison, since being in one and holding it are the same node.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use coldcase_winsec::access::{AccessList, Node, Requester, SidSet};
use coldcase_winsec::{AccessMask, Control, SecurityDescriptor, Sid};
use proptest::prelude::*;

use super::world::{World, worlds};
use crate::frames::{Analysis, bits_for};
use crate::graph::network::NodeSet;
use crate::graph::random;
use crate::graph::{Form, Held, Part, RightKind, is_domain_controller};
use crate::load::made::{domain_sid, sid};
use crate::load::{Kind, Object, policy_links};
use crate::paths::ControlGraph;
use crate::paths::build::hands_over;

/// Something in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hold {
    /// An object by place; a group with its members.
    Object(usize),
    /// The policies that apply in a unit or container.
    Policies(usize),
    /// What is linked to a unit.
    Links(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bound {
    Lower,
    Upper,
}

struct Model<'a> {
    world: &'a World,
    analysis: &'a Analysis,
    tokens: Vec<Option<HashSet<Sid>>>,
    dmsa_possible: bool,
    evaluated: BTreeMap<usize, Vec<Held>>,
    rights: BTreeMap<usize, Vec<(RightKind, Form)>>,
    /// By descriptor: as it is, and without what it allows to everybody.
    lists: HashMap<i64, [AccessList; 2]>,
    known: RefCell<HashMap<(Hold, Bound), Vec<Hold>>>,
    spns: HashMap<String, usize>,
}

impl<'a> Model<'a> {
    fn new(world: &'a World, analysis: &'a Analysis) -> Self {
        let objects = &analysis.directory.objects;
        let mut evaluated: BTreeMap<usize, Vec<Held>> = BTreeMap::new();
        for (place, held) in &analysis.controls().rows {
            evaluated
                .entry(*place)
                .or_default()
                .extend(held.iter().cloned());
        }
        let all = world.domain.token(&sid("S-1-5-11"));
        let bare = objects
            .iter()
            .flat_map(|object| [object.descriptor, object.readers, object.allowed_to_act]);
        let lists = bare.flatten().map(|id| {
            let mut descriptor = analysis.directory.descriptors.get(id).unwrap().clone();
            let whole = AccessList::new(&descriptor);
            if let Some(acl) = &mut descriptor.dacl {
                acl.aces.retain(|ace| {
                    ace.known().is_some_and(|known| {
                        !known.ace_type.allows() || !all.contains(&known.trustee)
                    })
                });
            }
            (id, [whole, AccessList::new(&descriptor)])
        });
        let rights = evaluated.keys().map(|place| {
            let object = analysis.object(*place).unwrap();
            let rights = analysis.effective.rights.of(
                object.kind,
                analysis.directory.classes.root(&object.classes),
            );
            // Full control comes with writing the DACL.
            let rights = rights
                .into_iter()
                .filter(|right| !matches!(right.form, Form::Whole(..)));
            (
                *place,
                rights.map(|right| (right.kind, right.form)).collect(),
            )
        });
        Self {
            world,
            rights: rights.collect(),
            lists: lists.collect(),
            known: RefCell::default(),
            analysis,
            tokens: objects
                .iter()
                .map(|object| {
                    let acts = object.kind.is_principal() || object.kind == Kind::Group;
                    object
                        .sid
                        .as_ref()
                        .filter(|_| acts)
                        .map(|sid| world.domain.token(sid))
                })
                .collect(),
            dmsa_possible: analysis.may_have_2025(),
            evaluated,
            spns: objects
                .iter()
                .enumerate()
                .flat_map(|(place, object)| object.spns.iter().map(move |spn| (spn.clone(), place)))
                .collect(),
        }
    }

    fn object(&self, place: usize) -> &'a Object {
        self.analysis.object(place).unwrap()
    }

    fn descriptor(&self, id: i64) -> &'a SecurityDescriptor {
        self.analysis.directory.descriptors.get(id).unwrap()
    }

    /// Everything that follows from what somebody is.
    fn closure(&self, person: usize, bound: Bound) -> BTreeSet<Hold> {
        let mut held = BTreeSet::new();
        let mut waiting = vec![Hold::Object(person)];
        loop {
            while let Some(next) = waiting.pop() {
                if held.insert(next) {
                    let known = self.known.borrow().get(&(next, bound)).cloned();
                    let found = known.unwrap_or_else(|| self.next(next, bound));
                    waiting.extend(&found);
                    self.known.borrow_mut().insert((next, bound), found);
                }
            }
            if bound == Bound::Upper {
                waiting = self.by_joining_two(&held);
            }
            if waiting.is_empty() {
                return held;
            }
        }
    }

    /// What any account in hand comes by in any one or two groups in hand, by rights that take several parts.
    fn by_joining_two(&self, held: &BTreeSet<Hold>) -> Vec<Hold> {
        let tokens = |groups: bool| {
            let places = held.iter().filter_map(|hold| match hold {
                Hold::Object(place) => Some(*place),
                _ => None,
            });
            let places =
                places.filter(move |place| (self.object(*place).kind == Kind::Group) == groups);
            places.filter_map(|place| self.tokens[place].as_ref())
        };
        let mut found = Vec::new();
        for (place, rights) in &self.rights {
            let id = self.object(*place).descriptor.unwrap();
            let composed = rights
                .iter()
                .filter(|(_, form)| matches!(form, Form::All(_)));
            for (_, form) in composed.filter(|_| !held.contains(&Hold::Object(*place))) {
                let holds = tokens(false).any(|account| {
                    tokens(true).enumerate().any(|(at, one)| {
                        tokens(true).skip(at).any(|other| {
                            let token = &(account | one) | other;
                            self.holds(id, None, &token, form, false, Bound::Upper)
                        })
                    })
                });
                found.extend(holds.then_some(Hold::Object(*place)));
            }
        }
        found
    }

    fn next(&self, hold: Hold, bound: Bound) -> Vec<Hold> {
        match hold {
            Hold::Object(place) => {
                let mut next = self.by_attribute(place);
                if let Some(token) = &self.tokens[place] {
                    let group = self.object(place).kind == Kind::Group;
                    next.extend(self.by_rights(token, group, bound));
                    if bound == Bound::Lower && !group {
                        for token in self.joined(token) {
                            next.extend(self.by_rights(&token, false, bound));
                        }
                    }
                    if bound == Bound::Upper {
                        next.extend(self.by_moving(place));
                    }
                }
                next
            }
            Hold::Policies(place) => self.by_policies(place),
            Hold::Links(place) => {
                let below = self.places().filter(|below| self.is_below(*below, place));
                let blocking = below.filter(|below| self.object(*below).policy_options == Some(1));
                blocking.chain([place]).map(Hold::Policies).collect()
            }
        }
    }

    fn places(&self) -> std::ops::Range<usize> {
        0..self.analysis.directory.objects.len()
    }

    fn is_below(&self, place: usize, above: usize) -> bool {
        self.object(place)
            .dn
            .ends_with(&format!(",{}", self.object(above).dn))
    }

    /// The tokens of one who adds himself to a group he may, or to two.
    fn joined(&self, token: &HashSet<Sid>) -> Vec<HashSet<Sid>> {
        let groups = self
            .evaluated
            .keys()
            .filter(|place| self.object(**place).kind == Kind::Group);
        let may = groups.filter(|place| {
            self.rights[place].iter().any(|(kind, form)| {
                matches!(kind, RightKind::AddSelf | RightKind::WriteMember)
                    && self.holds(
                        self.object(**place).descriptor.unwrap(),
                        own(self.object(**place)),
                        token,
                        form,
                        false,
                        Bound::Lower,
                    )
            })
        });
        let groups: Vec<&HashSet<Sid>> = may
            .map(|place| self.tokens[*place].as_ref().unwrap())
            .collect();
        let with = |one: &HashSet<Sid>, other: &HashSet<Sid>| &(token | one) | other;
        let pairs = groups.iter().enumerate().flat_map(|(at, one)| {
            let others = groups.iter().skip(at);
            others.map(move |other| with(one, other))
        });
        pairs.collect()
    }

    fn template(&self) -> Vec<(RightKind, Form)> {
        let rights = &self.analysis.effective.rights;
        let root = |class| self.analysis.directory.classes.root(class);
        let user = rights.of(Kind::User, root("user"));
        let group = rights.of(Kind::Group, root("group"));
        user.into_iter()
            .chain(group)
            .filter(|right| {
                use RightKind as R;
                matches!(
                    right.kind,
                    R::ResetPassword
                        | R::WriteKeyCredential
                        | R::WriteAltIdentities
                        | R::WriteMember
                        | R::AddSelf
                )
            })
            .map(|right| (right.kind, right.form))
            .collect()
    }

    fn by_rights(&self, token: &HashSet<Sid>, group: bool, bound: Bound) -> Vec<Hold> {
        let mut found = Vec::new();
        for place in self.evaluated.keys().copied() {
            let object = self.object(place);
            let id = object.descriptor.unwrap();
            for (right, form) in &self.rights[&place] {
                if self.holds(id, own(object), token, form, group, bound) {
                    found.extend(self.effects(*right, place, bound));
                }
            }
            // In a unit of his own whoever creates it may create more; whether it is his hangs on what it inherits.
            let may_own = bound == Bound::Upper && self.holds_dmsas(object);
            if may_own && self.holds(id, None, token, &self.units(), group, bound) {
                found.push(Hold::Object(0));
            }
            if self.owns(object, token, bound) {
                found.extend(self.effects(RightKind::Owner, place, bound));
            }
            // What is copied to every protected account and group.
            if object.dn.starts_with("CN=AdminSDHolder,") {
                for (right, form) in self.template() {
                    if self.holds(id, None, token, &form, group, bound) {
                        found.extend(self.effects(right, place, bound));
                    }
                }
            }
        }
        for place in self
            .places()
            .filter(|place| self.object(*place).kind.is_principal())
        {
            let object = self.object(place);
            let managed = matches!(object.kind, Kind::Gmsa | Kind::Dmsa);
            let bare = [
                (object.readers.filter(|_| managed), RightKind::ReadPassword),
                (object.allowed_to_act, RightKind::ActFor),
            ];
            for (id, right) in bare {
                let form = Form::Any(
                    bits_for(right)
                        .iter()
                        .map(|bit| Part::whole(*bit))
                        .collect(),
                );
                if id.is_some_and(|id| self.holds(id, None, token, &form, group, bound)) {
                    found.push(Hold::Object(place));
                }
            }
        }
        found
    }

    /// Whether the token holds it, if every condition is met. What everybody holds anyway is no ground to count on for
    /// the members of a group: who fills it must have an account that is not denied it.
    fn holds(
        &self,
        id: i64,
        own: Option<&Sid>,
        token: &HashSet<Sid>,
        form: &Form,
        group: bool,
        bound: Bound,
    ) -> bool {
        let lists = &self.lists[&id];
        if lists[0].is_null() {
            return !group || bound == Bound::Upper;
        }
        let lists = &lists[..if group && bound == Bound::Lower { 2 } else { 1 }];
        let granted = |part: &Part| {
            lists.iter().all(|list| {
                let who = SidSet {
                    sids: token,
                    object: own,
                    owner: list.owner(),
                };
                list.decide(&who, part.bit, &part.node, true)
                    .most
                    .is_granted()
            })
        };
        match form {
            Form::Whole(..) => false,
            Form::Any(parts) => parts.iter().any(granted),
            Form::All(parts) => parts.len() > 1 && parts.iter().all(granted),
        }
    }

    /// Administrators are not blocked. Whether the owner is one, or the requester besides, makes no row of its own.
    fn owns(&self, object: &Object, token: &HashSet<Sid>, bound: Bound) -> bool {
        let list = &self.lists[&object.descriptor.unwrap()][0];
        let Some(owner) = list.owner() else {
            return false;
        };
        let exempt = match bound {
            Bound::Lower => self.world.domain.token(owner).contains(&domain_sid(512)),
            Bound::Upper => token.contains(&domain_sid(512)),
        };
        let blocked = self.analysis.effective.blocks(object.kind) && !exempt;
        let who = SidSet {
            sids: token,
            object: own(object),
            owner: list.owner(),
        };
        !list.is_null()
            && list
                .implicit_owner_rights(blocked)
                .contains(AccessMask::WRITE_DACL)
            && who.owns()
    }

    /// A dMSA that is created there, or is it, is worth the domain.
    fn holds_dmsas(&self, object: &Object) -> bool {
        let place = matches!(
            object.kind,
            Kind::OrganizationalUnit | Kind::Container | Kind::Gpo | Kind::Domain | Kind::Dmsa
        );
        place && self.dmsa_possible && !object.dn.contains("CN=Configuration")
    }

    /// Creating a unit or container.
    fn units(&self) -> Form {
        let schema = &self.analysis.directory.schema;
        let guids = ["organizationalUnit", "container"].map(|name| schema.guid(name).unwrap());
        let part = |guid| Part {
            bit: AccessMask::CREATE_CHILD,
            node: Node::ChildClass(guid),
        };
        Form::Any(guids.map(part).to_vec())
    }

    fn effects(&self, right: RightKind, place: usize, bound: Bound) -> Vec<Hold> {
        use RightKind as R;
        let object = self.object(place);
        let mut found = Vec::new();
        if hands_over(right, object) && (right != R::AddSelf || bound == Bound::Upper) {
            found.push(Hold::Object(place));
        }
        let permissions = matches!(right, R::Owner | R::WriteDacl | R::WriteOwner);
        let creates = match object.kind {
            Kind::OrganizationalUnit | Kind::Container | Kind::Gpo | Kind::Domain => {
                permissions || right == R::CreateDmsa
            }
            Kind::Dmsa => permissions || matches!(right, R::WritePredecessor | R::WriteAll),
            _ => false,
        };
        if creates && self.holds_dmsas(object) {
            found.push(Hold::Object(0));
        }
        let unit = matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain);
        if unit && matches!(right, R::WriteGpLink | R::WriteAll) {
            found.push(Hold::Links(place));
        }
        found
    }

    /// Moving takes several descriptors; here the rows are believed.
    fn by_moving(&self, place: usize) -> Vec<Hold> {
        let tokens = &self.analysis.effective.tokens;
        let holder = u32::try_from(place).unwrap();
        let token = tokens.token(holder);
        let moves = |held: &Held| {
            held.right == RightKind::Move
                && token.contains(&held.holder)
                && !held
                    .except
                    .as_ref()
                    .is_some_and(|except| except.contains(holder))
        };
        let targets = self
            .evaluated
            .iter()
            .filter(|(_, held)| held.iter().any(moves));
        targets.map(|(place, _)| Hold::Object(*place)).collect()
    }

    fn by_attribute(&self, place: usize) -> Vec<Hold> {
        let directory = &self.analysis.directory;
        let object = self.object(place);
        let mut found = Vec::new();
        for attribute in [
            "msDS-HostServiceAccount",
            "msDS-ManagedAccountPrecededByLink",
        ] {
            let links = directory
                .links(attribute)
                .iter()
                .filter(|(from, _)| *from == object.id);
            found.extend(
                links
                    .filter_map(|(_, to)| directory.place(*to))
                    .map(Hold::Object),
            );
        }
        found.extend(
            object
                .delegates_to
                .iter()
                .filter_map(|spn| self.spns.get(spn))
                .map(|place| Hold::Object(*place)),
        );
        if object.kind.is_principal()
            && object.user_account_control.unwrap_or(0) & 0x8_0000 != 0
            && !is_domain_controller(object)
        {
            found.push(Hold::Object(0));
        }
        for (other, child) in directory.objects.iter().enumerate() {
            let inherits = child.descriptor.is_none_or(|id| {
                !self
                    .descriptor(id)
                    .control
                    .contains(Control::SE_DACL_PROTECTED)
            });
            if inherits
                && child
                    .dn
                    .split_once(',')
                    .is_some_and(|(_, parent)| parent == object.dn)
            {
                found.push(Hold::Object(other));
            }
            if object.kind == Kind::KdsRootKey && child.password_id.is_some() {
                found.push(Hold::Object(other));
            }
            let copied = child.admin_count == Some(1)
                || (child.kind == Kind::Group && self.analysis.principals.is_tier0(other));
            if object.dn.starts_with("CN=AdminSDHolder,") && copied {
                found.push(Hold::Object(other));
            }
            let links = child
                .policy_links
                .iter()
                .flat_map(|links| policy_links(links));
            for link in links.filter(|link| link.policy == object.dn.to_lowercase()) {
                found.push(Hold::Policies(other));
                let blocking = self
                    .places()
                    .filter(|place| self.object(*place).policy_options == Some(1));
                found.extend(
                    blocking
                        .filter(|place| link.enforced && self.is_below(*place, other))
                        .map(Hold::Policies),
                );
            }
        }
        if matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain) {
            found.push(Hold::Links(place));
        }
        found
    }

    fn by_policies(&self, place: usize) -> Vec<Hold> {
        let children = self.places().filter(|child| {
            let dn = &self.object(*child).dn;
            dn.split_once(',')
                .is_some_and(|(_, parent)| parent == self.object(place).dn)
        });
        let mut found = Vec::new();
        for child in children {
            let object = self.object(child);
            match object.kind {
                Kind::OrganizationalUnit | Kind::Container if object.policy_options.is_none() => {
                    found.push(Hold::Policies(child));
                }
                kind if kind.is_principal() => found.push(Hold::Object(child)),
                _ => (),
            }
        }
        found
    }
}

/// Whom PRINCIPAL SELF means: of a group, everybody in it. What an account may do to itself is no control.
fn own(object: &Object) -> Option<&Sid> {
    object.sid.as_ref().filter(|_| object.kind == Kind::Group)
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases / 2,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_graph_is_what_follows(world in worlds(random::dacls())) {
        let analysis = Analysis::new(world.made().directory());
        let graph = ControlGraph::of(&analysis);
        let model = Model::new(&world, &analysis);
        let persons = model.places().filter(|place| model.object(*place).kind.is_principal());
        for person in persons {
            let ways = graph.network.ways_from(&[u32::try_from(person).unwrap()], &NodeSet::default());
            let [lower, upper] = [Bound::Lower, Bound::Upper].map(|bound| model.closure(person, bound));
            for place in model.places() {
                let object = model.object(place);
                if matches!(object.kind, Kind::Group | Kind::ForeignPrincipal) {
                    continue;
                }
                let there = ways.hops(u32::try_from(place).unwrap()).is_some();
                let way: Vec<String> = ways
                    .edges(u32::try_from(place).unwrap())
                    .into_iter()
                    .map(|edge| {
                        let (edge, reason) = graph.edge(edge).unwrap();
                        let [from, to] = [edge.from, edge.to].map(|node| (node, graph.name(&analysis, node)));
                        format!("{from:?} {reason:?} {to:?}: {}", reason.evidence(&analysis))
                    })
                    .collect();
                let names = (analysis.object(person).map(|object| &object.dn), &object.dn);
                prop_assert!(there || !lower.contains(&Hold::Object(place)), "{names:?}: a way is missed");
                prop_assert!(!there || upper.contains(&Hold::Object(place)), "{names:?}: a way too many {way:#?}");
            }
        }
    }
}
