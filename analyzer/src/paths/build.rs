//! Every edge of the control graph: rights, memberships and attributes that hand one object to another.
//!
//! What is an edge: the first node can, by what it is or may do, act as the second or change it at will. Rights that give
//! only a part (deleting, renaming, creating something harmless) are none. Where only some members of a group hold a
//! right, since others are denied it, a node of its own stands for those who do.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use coldcase_winsec::ManagedPasswordId;

use super::reason::Reason;
use super::{ControlGraph, Node};
use crate::frames::{Analysis, Owners};
use crate::graph::network::{Edge, Network};
use crate::graph::{
    Form, Held, Holder, Part, Reach, Right, RightKind, is_domain_controller, is_group,
    operates_controllers,
};
use crate::load::{Kind, Object, policy_links};

/// Edges to nodes that stand for part of a group. What is beyond is told of the whole group.
const MOST_SPLIT: usize = 1_000_000;

/// Members of a group that are told one by one, if some of them are denied what it holds. Of a larger group all are told.
const MOST_IN_ONE: usize = 20_000;

/// TRUSTED_FOR_DELEGATION (MS-ADTS 2.2.16).
const UNCONSTRAINED: i64 = 0x8_0000;

/// gPOptions: policies of the units above do not apply (MS-GPOL 2.2.3).
const BLOCKS_INHERITANCE: i64 = 1;

pub(super) struct Builder<'a> {
    analysis: &'a Analysis,
    edges: Vec<Edge>,
    reasons: Vec<Reason>,
    known_reasons: HashMap<Reason, u32>,
    /// Nodes after the holders.
    extra: Vec<Node>,
    /// Groups whose members do not all hold what the group holds: who fills such a group comes to this node.
    filled: HashMap<Holder, u32>,
    split: HashMap<(Holder, Arc<Reach>), Option<u32>>,
    split_in_order: Vec<(Holder, Arc<Reach>, u32)>,
    /// The same by the address of the set, which lives as long as this.
    split_shared: HashMap<(Holder, usize), Option<u32>>,
    split_edges: usize,
    /// Groups directly in a group.
    nested: HashMap<Holder, Vec<Holder>>,
    policies: HashMap<usize, u32>,
    /// Who may add himself to which group.
    self_adders: Vec<(Holder, Option<Arc<Reach>>, Holder, Reason)>,
    /// Units that block the inheritance of policies, by each unit above them.
    blocked_below: HashMap<usize, Vec<usize>>,
    /// A controller that knows dMSAs is there, and the class is not missing in the schema.
    dmsa_possible: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            edges: Vec::new(),
            reasons: Vec::new(),
            known_reasons: HashMap::new(),
            extra: Vec::new(),
            filled: HashMap::new(),
            split: HashMap::new(),
            split_in_order: Vec::new(),
            split_shared: HashMap::new(),
            split_edges: 0,
            nested: nested(analysis),
            policies: HashMap::new(),
            self_adders: Vec::new(),
            blocked_below: blocked_below(analysis),
            dmsa_possible: analysis.may_have_2025()
                && analysis
                    .directory
                    .schema
                    .has("msDS-DelegatedManagedServiceAccount")
                    != Some(false),
        }
    }

    pub(super) fn build(mut self) -> ControlGraph {
        let analysis = self.analysis;
        let mut held: Vec<(usize, i64, Arc<Vec<Held>>)> = analysis
            .controls()
            .rows
            .iter()
            .filter_map(|(place, held)| {
                Some((
                    *place,
                    analysis.object(*place)?.descriptor?,
                    Arc::clone(held),
                ))
            })
            .collect();
        held.extend(self.by_attribute());
        held.extend(self.by_creation());
        let mut looked_at = HashSet::new();
        for (_, _, held) in &held {
            for held in held.iter().filter(|held| held.except.is_some()) {
                // Thousands of objects share one list of rights.
                if looked_at.insert(held.holder) {
                    self.filled_node(held.holder);
                    for group in self.groups_within(held.holder) {
                        self.filled_node(group);
                    }
                }
            }
        }
        for (place, descriptor, held) in &held {
            for held in held.iter() {
                self.add_right(*place, *descriptor, held);
            }
        }
        self.add_self_adders();
        self.add_memberships();
        self.add_attributes();
        self.add_containers();
        self.add_policies();
        let nodes = analysis.effective.tokens.len() + self.extra.len();
        ControlGraph::new(
            analysis,
            Network::new(nodes, self.edges),
            self.reasons,
            self.extra,
        )
    }

    fn edge(&mut self, from: u32, to: u32, reason: Reason) {
        if from == to {
            return;
        }
        let reasons = &mut self.reasons;
        let label = *self.known_reasons.entry(reason).or_insert_with(|| {
            reasons.push(reason);
            u32::try_from(reasons.len() - 1).unwrap_or(u32::MAX)
        });
        self.edges.push(Edge { from, to, label });
    }

    fn extra_node(&mut self, node: Node) -> u32 {
        self.extra.push(node);
        let number = self.analysis.effective.tokens.len() + self.extra.len() - 1;
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Where one comes who can fill the group: not denied what its members of today are denied.
    fn filled_node(&mut self, group: Holder) -> u32 {
        if let Some(known) = self.filled.get(&group) {
            return *known;
        }
        let node = self.extra_node(Node::Filled(group));
        self.filled.insert(group, node);
        self.edge(node, group, Reason::Member);
        node
    }

    /// The node that a control over `place` leads to.
    fn controlled(&self, place: usize) -> Option<u32> {
        let node = u32::try_from(place).ok()?;
        Some(self.filled.get(&node).copied().unwrap_or(node))
    }

    /// Passwords and delegation: rights by the descriptor in an attribute of the account.
    fn by_attribute(&self) -> Vec<(usize, i64, Arc<Vec<Held>>)> {
        let mut known: HashMap<(i64, RightKind), Option<Arc<Vec<Held>>>> = HashMap::new();
        let mut found = Vec::new();
        let objects = self.analysis.directory.objects.iter().enumerate();
        for (place, object) in objects.filter(|(_, object)| object.kind.is_principal()) {
            let readers = object
                .readers
                .filter(|_| matches!(object.kind, Kind::Gmsa | Kind::Dmsa));
            let both = [
                (readers, RightKind::ReadPassword),
                (object.allowed_to_act, RightKind::ActFor),
            ];
            for (id, kind) in both {
                let Some(id) = id else { continue };
                let held = known
                    .entry((id, kind))
                    .or_insert_with(|| self.bare(id, kind).map(Arc::new));
                found.extend(held.clone().map(|held| (place, id, held)));
            }
        }
        found
    }

    /// Creating dMSAs where whoever may create anything holds it: that right says nothing of a deny of the one class.
    fn by_creation(&self) -> Vec<(usize, i64, Arc<Vec<Held>>)> {
        let mut known: HashMap<(i64, Kind), Option<Arc<Vec<Held>>>> = HashMap::new();
        let analysis = self.analysis;
        let mut found = Vec::new();
        for (place, held) in analysis
            .controls()
            .rows
            .iter()
            .filter(|_| self.dmsa_possible)
        {
            let Some(object) = analysis.object(*place) else {
                continue;
            };
            let Some(id) = object.descriptor else {
                continue;
            };
            if !held.iter().any(|held| held.right == RightKind::CreateAny) {
                continue;
            }
            let held = known.entry((id, object.kind)).or_insert_with(|| {
                let mut rights = analysis.effective.rights.of(object.kind, None);
                rights.retain(|right| right.kind == RightKind::CreateDmsa);
                let held = analysis
                    .effective
                    .held_of(&analysis.prepared(id)?, &rights, false);
                Some(Arc::new(
                    held.into_iter()
                        .filter(|held| held.right == RightKind::CreateDmsa)
                        .collect(),
                ))
            });
            found.extend(held.clone().map(|held| (*place, id, held)));
        }
        found
    }

    fn bare(&self, id: i64, kind: RightKind) -> Option<Vec<Held>> {
        let bits = crate::frames::bits_for(kind);
        let parts = bits.iter().map(|bit| Part::whole(*bit)).collect();
        let right = Right {
            kind,
            form: Form::Any(parts),
        };
        let prepared = self.analysis.prepared(id)?;
        // The owner of such a descriptor holds nothing over the account.
        let held = self.analysis.effective.held_of(&prepared, &[right], false);
        Some(held.into_iter().filter(|held| held.right == kind).collect())
    }

    fn add_right(&mut self, place: usize, descriptor: i64, held: &Held) {
        let Some(object) = self.analysis.object(place) else {
            return;
        };
        let (right, unknown) = (held.right, held.unknown);
        let ace = held.ace.and_then(|ace| u32::try_from(ace).ok());
        let hands_over = hands_over(right, object);
        let creates = self.creates(right, object);
        let links =
            is_unit(object) && matches!(right, RightKind::WriteGpLink | RightKind::WriteAll);
        if !hands_over && !creates && !links {
            return;
        }
        let from = match &held.except {
            None => Some(held.holder),
            Some(except) => self.without_shared(held.holder, except),
        };
        // Whoever joins the group later is not among those denied now, if being in it is enough.
        let enough = held
            .except
            .as_ref()
            .is_some_and(|except| !except.contains(held.holder));
        let joined = self.filled.get(&held.holder).copied().filter(|_| enough);
        for from in from.into_iter().chain(joined) {
            if hands_over && let Some(to) = self.controlled(place) {
                let reason = Reason::Right {
                    right,
                    descriptor,
                    ace,
                    unknown,
                };
                match (right, u32::try_from(place)) {
                    (RightKind::AddSelf, Ok(group)) => {
                        self.edge(from, group, reason);
                        self.self_adders
                            .push((held.holder, held.except.clone(), group, reason));
                    }
                    _ => self.edge(from, to, reason),
                }
            }
            if creates && let Some(head) = self.head() {
                self.edge(
                    from,
                    head,
                    Reason::Creates {
                        right,
                        descriptor,
                        ace,
                        unknown,
                    },
                );
            }
            if links {
                for policies in self.linkable(place) {
                    self.edge(
                        from,
                        policies,
                        Reason::Right {
                            right,
                            descriptor,
                            ace,
                            unknown,
                        },
                    );
                }
            }
        }
    }

    /// Creating a dMSA, or naming the predecessor of one, is worth the domain while a Server 2025 controller lacks the update.
    fn creates(&self, right: RightKind, object: &Object) -> bool {
        let by = match object.kind {
            Kind::OrganizationalUnit | Kind::Container | Kind::Domain | Kind::Gpo => {
                right == RightKind::CreateDmsa
                    || (object.kind != Kind::Domain && changes_permissions(right))
            }
            Kind::Dmsa => {
                matches!(right, RightKind::WritePredecessor | RightKind::WriteAll)
                    || changes_permissions(right)
            }
            _ => false,
        };
        by && self.dmsa_possible && self.analysis.directory.is_in_domain(object)
    }

    fn head(&self) -> Option<u32> {
        self.analysis
            .directory
            .head
            .and_then(|head| u32::try_from(head).ok())
    }

    /// The node of those members of `group` who are not in `except`; the group itself if they are too many to tell.
    fn without(&mut self, group: Holder, except: &Arc<Reach>) -> Option<u32> {
        let key = (group, Arc::clone(except));
        let node = match self.split.get(&key) {
            Some(known) => *known,
            None => self.split_node(group, except),
        };
        if let (Some(node), None) = (node, self.split.insert(key, node)) {
            self.split_in_order.push((group, Arc::clone(except), node));
        }
        node
    }

    /// The same for a set that lives as long as the rows: thousands of objects share one list of rights, and comparing
    /// large sets takes time.
    fn without_shared(&mut self, group: Holder, except: &Arc<Reach>) -> Option<u32> {
        let shared = (group, Arc::as_ptr(except).addr());
        if let Some(known) = self.split_shared.get(&shared) {
            return *known;
        }
        let node = self.without(group, except);
        self.split_shared.insert(shared, node);
        node
    }

    fn split_node(&mut self, group: Holder, except: &Reach) -> Option<u32> {
        let room = MOST_SPLIT.saturating_sub(self.split_edges).min(MOST_IN_ONE);
        let left = self
            .analysis
            .effective
            .tokens
            .reach(group)
            .count()
            .saturating_sub(except.count());
        if left > room {
            return Some(group);
        }
        let members = self.not_denied(group, except, room);
        let node = if members.len() > room {
            group
        } else {
            self.split_edges += members.len();
            let node = self.extra_node(Node::NotDenied(group));
            for member in members {
                self.edge(member, node, Reason::NotDenied);
            }
            // Whoever joins a group within is in this one too, and denied only if all in there are.
            for within in self.groups_within(group) {
                if let Some(filled) = self
                    .filled
                    .get(&within)
                    .copied()
                    .filter(|_| !except.contains(within))
                {
                    self.edge(filled, node, Reason::NotDenied);
                }
            }
            node
        };
        Some(node)
    }

    /// The outermost members of `group` of whom nobody is in `except`; of more than `most` not all.
    fn not_denied(&self, group: Holder, except: &Reach, most: usize) -> Vec<Holder> {
        let tokens = &self.analysis.effective.tokens;
        let mut found = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        let mut everybody = false;
        while let Some(next) = waiting.pop() {
            if found.len() > most {
                return found;
            }
            everybody |= tokens.everybody().contains(&next);
            for member in tokens.members(next) {
                if !seen.insert(*member) {
                    continue;
                }
                if tokens.members(*member).is_empty() && !tokens.everybody().contains(member) {
                    found.extend((!except.contains(*member)).then_some(*member));
                } else if tokens.reach(*member).is_disjoint(except) {
                    found.push(*member);
                } else {
                    waiting.push(*member);
                }
            }
        }
        if everybody {
            let objects = self.analysis.directory.objects.iter().zip(0_u32..);
            let principals = objects.filter(|(object, _)| object.kind.is_principal());
            let holders = principals.map(|(_, holder)| holder);
            found.extend(
                holders
                    .filter(|holder| !except.contains(*holder))
                    .take(most.saturating_add(1)),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Groups that are in the group, however nested, each once.
    fn groups_within(&self, group: Holder) -> Vec<Holder> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        while let Some(next) = waiting.pop() {
            for member in self.nested.get(&next).into_iter().flatten() {
                if seen.insert(*member) {
                    found.push(*member);
                    waiting.push(*member);
                }
            }
        }
        found
    }

    /// Who adds himself to a group comes by what its members have who are not denied, unless he is one who is. That he
    /// would be denied although he is not in the group yet, is not seen.
    fn add_self_adders(&mut self) {
        let adders = std::mem::take(&mut self.self_adders);
        if adders.is_empty() {
            return;
        }
        for (group, except, node) in self.split_in_order.clone() {
            let mut joined: HashSet<Holder> = self.groups_within(group).into_iter().collect();
            joined.insert(group);
            joined.retain(|group| !except.contains(*group));
            for (adder, own, _, reason) in adders
                .iter()
                .filter(|(.., group, _)| joined.contains(group))
            {
                let mut denied = except.holders();
                denied.extend(own.iter().flat_map(|own| own.holders()));
                denied.sort_unstable();
                denied.dedup();
                let denied = Arc::new(Reach::of(denied, self.analysis.effective.tokens.len()));
                let from = if self
                    .analysis
                    .effective
                    .tokens
                    .reach(*adder)
                    .is_disjoint(&denied)
                {
                    Some(*adder)
                } else {
                    self.without(*adder, &denied)
                };
                if let Some(from) = from {
                    self.edge(from, node, *reason);
                }
            }
        }
    }

    fn add_memberships(&mut self) {
        let tokens = &self.analysis.effective.tokens;
        let everybody = tokens.everybody().to_vec();
        // Authenticated Users stands for all who log on: one edge each is enough.
        let authenticated = everybody.get(2).copied();
        for holder in 0..u32::try_from(tokens.len()).unwrap_or(u32::MAX) {
            for group in tokens.groups(holder) {
                self.edge(holder, *group, Reason::Member);
            }
            let logs_on = match tokens.place(holder) {
                Some(place) => self
                    .analysis
                    .object(place)
                    .is_some_and(|object| object.kind.is_principal()),
                None => false,
            };
            if logs_on && let Some(authenticated) = authenticated {
                self.edge(holder, authenticated, Reason::Everybody);
            }
        }
        for other in everybody {
            if let Some(authenticated) = authenticated {
                self.edge(authenticated, other, Reason::Everybody);
            }
        }
    }

    fn add_attributes(&mut self) {
        let directory = &self.analysis.directory;
        let node = |id: i64| {
            directory
                .place(id)
                .and_then(|place| u32::try_from(place).ok())
        };
        for (host, account) in directory.links("msDS-HostServiceAccount") {
            if let (Some(host), Some(account)) = (node(*host), node(*account)) {
                self.edge(host, account, Reason::Installed);
            }
        }
        for (dmsa, predecessor) in directory.links("msDS-ManagedAccountPrecededByLink") {
            if let (Some(dmsa), Some(predecessor)) = (node(*dmsa), node(*predecessor)) {
                self.edge(dmsa, predecessor, Reason::Succeeds);
            }
        }
        let keys: HashMap<String, u32> = directory
            .kds_keys
            .iter()
            .filter_map(|key| Some((key.key_id.to_lowercase(), node(key.object_id)?)))
            .collect();
        let owners = Owners::new(self.analysis);
        let head = self.head();
        for (place, object) in directory.objects.iter().enumerate() {
            let Ok(this) = u32::try_from(place) else {
                break;
            };
            let id = object
                .password_id
                .as_deref()
                .and_then(|bytes| ManagedPasswordId::decode(bytes).ok());
            if let Some(key) = id.and_then(|id| {
                keys.get(&id.root_key_id.to_string().to_lowercase())
                    .copied()
            }) {
                self.edge(key, this, Reason::Derives);
            }
            for spn in &object.delegates_to {
                if let Some(target) = owners.of(spn).and_then(|target| u32::try_from(target).ok()) {
                    self.edge(this, target, Reason::Delegates);
                }
            }
            let Some(head) = head else { continue };
            if object.kind.is_principal()
                && object.has_flag(UNCONSTRAINED) == Some(true)
                && object.enabled() != Some(false)
                && !is_domain_controller(object)
            {
                self.edge(this, head, Reason::Unconstrained);
            }
            if operates_controllers(directory, object) {
                self.edge(this, head, Reason::Operates);
            }
        }
    }

    /// What lies in a container inherits its permissions, unless its DACL is protected. AdminSDHolder's are copied.
    fn add_containers(&mut self) {
        let directory = &self.analysis.directory;
        let holder = self
            .analysis
            .admin_sd_holder()
            .and_then(|place| u32::try_from(place).ok());
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(this) = self.controlled(place) else {
                break;
            };
            let protected = object
                .descriptor
                .and_then(|id| directory.descriptors.get(id))
                .is_some_and(|descriptor| {
                    descriptor
                        .control
                        .contains(coldcase_winsec::Control::SE_DACL_PROTECTED)
                });
            let parent = directory.parent(object).filter(|_| !protected);
            if let Some(parent) = parent.and_then(|parent| u32::try_from(parent).ok()) {
                self.edge(parent, this, Reason::Contains);
            }
            let copied = object.admin_count == Some(1)
                || (object.kind == Kind::Group && self.analysis.principals.is_tier0(place));
            if let Some(holder) = holder.filter(|_| copied) {
                self.edge(holder, this, Reason::Protects);
            }
        }
    }

    /// The node of the policies that apply in a container.
    fn policy_node(&mut self, place: usize) -> u32 {
        if let Some(known) = self.policies.get(&place) {
            return *known;
        }
        let node = self.extra_node(Node::Policies(place));
        self.policies.insert(place, node);
        node
    }

    /// Where policies apply that are linked to a unit by whoever likes: there, and in units below that block inheritance,
    /// since a link can be enforced.
    fn linkable(&mut self, place: usize) -> Vec<u32> {
        let below = self.blocked_below.get(&place).cloned().unwrap_or_default();
        std::iter::once(place)
            .chain(below)
            .map(|place| self.policy_node(place))
            .collect()
    }

    /// Group policies run as the computers and users they apply to. Security and WMI filters are not looked at.
    fn add_policies(&mut self) {
        let directory = &self.analysis.directory;
        let mut enforced: Vec<(u32, usize)> = Vec::new();
        for (place, object) in directory.objects.iter().enumerate() {
            if !is_unit(object) {
                continue;
            }
            for link in object
                .policy_links
                .iter()
                .flat_map(|links| policy_links(links))
            {
                let policy = directory
                    .place_of_dn(&link.policy)
                    .and_then(|policy| u32::try_from(policy).ok());
                let Some(policy) = policy else { continue };
                let here = self.policy_node(place);
                self.edge(policy, here, Reason::Linked);
                if link.enforced {
                    enforced.push((policy, place));
                }
            }
        }
        let units: BTreeSet<usize> = directory
            .objects
            .iter()
            .enumerate()
            .filter(|(_, object)| is_unit(object))
            .map(|(place, _)| place)
            .collect();
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(parent) = directory.parent(object) else {
                continue;
            };
            // Containers have no links of their own, but policies pass through them.
            if is_unit(object) || object.kind == Kind::Container {
                if !blocks_inheritance(object) {
                    let (above, here) = (self.policy_node(parent), self.policy_node(place));
                    self.edge(above, here, Reason::BelowPolicy);
                } else {
                    for (policy, linked) in enforced.clone() {
                        if units.contains(&linked) && is_above(self.analysis, linked, place) {
                            let here = self.policy_node(place);
                            self.edge(policy, here, Reason::Linked);
                        }
                    }
                }
            } else if object.kind.is_principal()
                && let Ok(this) = u32::try_from(place)
            {
                let above = self.policy_node(parent);
                self.edge(above, this, Reason::Applies);
            }
        }
        // Full control of a unit includes linking policies to it.
        for place in units {
            let Ok(unit) = u32::try_from(place) else {
                continue;
            };
            if self.policies.contains_key(&place) || self.blocked_below.contains_key(&place) {
                for policies in self.linkable(place) {
                    self.edge(unit, policies, Reason::Contains);
                }
            }
        }
    }
}

/// Rights that hand over the object itself.
pub(super) fn hands_over(right: RightKind, object: &Object) -> bool {
    use RightKind as R;
    let user = object.kind == Kind::User;
    match right {
        R::Owner | R::FullControl | R::WriteDacl | R::WriteOwner => true,
        R::WriteAll => {
            object.kind.is_principal()
                || matches!(object.kind, Kind::Group | Kind::Gpo | Kind::KdsRootKey)
        }
        R::ResetPassword | R::WriteKeyCredential | R::WriteAltIdentities | R::WriteAllowedToAct => {
            true
        }
        // A managed password is too long to be guessed.
        R::WriteSpn | R::WriteAccountControl | R::WriteLogonScript => user,
        R::WriteReaders | R::WriteMember | R::AddSelf => true,
        R::ReplicateAll | R::SetOwner | R::ReadSecret | R::ReadPassword => true,
        R::ActFor | R::Move => true,
        // Whoever plants a root key knows the passwords that will be derived from it.
        R::CreateAny | R::CreateRootKey => {
            let dn = object.dn.to_lowercase();
            dn.contains("cn=group key distribution service,")
        }
        R::Delete
        | R::WriteDelegateTo
        | R::WritePredecessor
        | R::WriteSuccessor
        | R::CreateDmsa
        | R::CreateAccount
        | R::DeleteChild
        | R::WriteGpLink
        | R::Recreate => false,
    }
}

fn changes_permissions(right: RightKind) -> bool {
    matches!(
        right,
        RightKind::Owner | RightKind::FullControl | RightKind::WriteDacl | RightKind::WriteOwner
    )
}

fn is_unit(object: &Object) -> bool {
    matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain)
}

fn blocks_inheritance(object: &Object) -> bool {
    object.policy_options.unwrap_or(0) & BLOCKS_INHERITANCE != 0
}

fn blocked_below(analysis: &Analysis) -> HashMap<usize, Vec<usize>> {
    let directory = &analysis.directory;
    let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, object) in directory.objects.iter().enumerate() {
        if !is_unit(object) || !blocks_inheritance(object) {
            continue;
        }
        let mut next = directory.parent(object);
        while let Some(above) = next {
            below.entry(above).or_default().push(place);
            next = analysis
                .object(above)
                .and_then(|above| directory.parent(above));
        }
    }
    below
}

fn is_above(analysis: &Analysis, above: usize, below: usize) -> bool {
    let dn = |place: usize| {
        analysis
            .object(place)
            .map(|object| object.dn.to_lowercase())
            .unwrap_or_default()
    };
    dn(below).ends_with(&format!(",{}", dn(above)))
}

/// The groups that are directly in each group.
fn nested(analysis: &Analysis) -> HashMap<Holder, Vec<Holder>> {
    let mut nested: HashMap<Holder, Vec<Holder>> = HashMap::new();
    for (place, group) in (0..analysis.directory.objects.len()).zip(0_u32..) {
        if is_group(&analysis.directory, place) {
            for outer in analysis.effective.tokens.groups(group) {
                nested.entry(*outer).or_default().push(group);
            }
        }
    }
    nested
}
