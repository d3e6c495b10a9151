//! Every edge of the control graph: rights, memberships and attributes that hand one object to another.
//!
//! What is an edge: the first node can, by what it is or may do, act as the second or change it at will. Rights that give
//! only a part (deleting, renaming, creating something harmless) are none. Where only some members of a group hold a
//! right, since others are denied it, a node of its own stands for those who do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use coldcase_winsec::ManagedPasswordId;

use super::reason::Reason;
use super::{ControlGraph, Node};
use crate::frames::{Analysis, Owners};
use crate::graph::network::{Edge, Network};
use crate::graph::{Held, Holder, Reach, Right, RightKind, Form, Part, is_domain_controller, operates_controllers};
use crate::load::{Kind, Object, policy_links};

/// Edges to nodes that stand for part of a group. What is beyond is told of the whole group.
const MOST_SPLIT: usize = 1_000_000;

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
    split_edges: usize,
    policies: HashMap<usize, u32>,
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
            split_edges: 0,
            policies: HashMap::new(),
        }
    }

    pub(super) fn build(mut self) -> ControlGraph {
        let analysis = self.analysis;
        let mut held: Vec<(usize, i64, Arc<Vec<Held>>)> = analysis
            .controls()
            .rows
            .iter()
            .filter_map(|(place, held)| Some((*place, analysis.object(*place)?.descriptor?, Arc::clone(held))))
            .collect();
        held.extend(self.by_attribute());
        for (_, _, held) in &held {
            for held in held.iter().filter(|held| held.except.is_some()) {
                self.filled_node(held.holder);
            }
        }
        for (place, descriptor, held) in &held {
            for held in held.iter() {
                self.add_right(*place, *descriptor, held);
            }
        }
        self.add_memberships();
        self.add_attributes();
        self.add_containers();
        self.add_policies();
        let nodes = analysis.effective.tokens.len() + self.extra.len();
        ControlGraph::new(analysis, Network::new(nodes, self.edges), self.reasons, self.extra)
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
            let readers = object.readers.filter(|_| matches!(object.kind, Kind::Gmsa | Kind::Dmsa));
            let both = [(readers, RightKind::ReadPassword), (object.allowed_to_act, RightKind::ActFor)];
            for (id, kind) in both {
                let Some(id) = id else { continue };
                let held = known.entry((id, kind)).or_insert_with(|| self.bare(id, kind).map(Arc::new));
                found.extend(held.clone().map(|held| (place, id, held)));
            }
        }
        found
    }

    fn bare(&self, id: i64, kind: RightKind) -> Option<Vec<Held>> {
        let bits = crate::frames::bits_for(kind);
        let parts = bits.iter().map(|bit| Part::whole(*bit)).collect();
        let right = Right { kind, form: Form::Any(parts) };
        let prepared = self.analysis.prepared(id)?;
        // The owner of such a descriptor holds nothing over the account.
        let held = self.analysis.effective.held_of(&prepared, &[right], false);
        Some(held.into_iter().filter(|held| held.right == kind).collect())
    }

    fn add_right(&mut self, place: usize, descriptor: i64, held: &Held) {
        let Some(object) = self.analysis.object(place) else { return };
        let (right, unknown) = (held.right, held.unknown);
        let ace = held.ace.and_then(|ace| u32::try_from(ace).ok());
        let hands_over = hands_over(right, object);
        let creates = self.creates(right, object);
        let links = right == RightKind::WriteGpLink || (right == RightKind::WriteAll && is_unit(object));
        if !hands_over && !creates && !links {
            return;
        }
        let from = match &held.except {
            None => Some(held.holder),
            Some(except) => self.without(held.holder, except),
        };
        // Whoever joins the group later is not among those denied now.
        let joined = held.except.as_ref().and_then(|_| self.filled.get(&held.holder).copied());
        for from in from.into_iter().chain(joined) {
            if hands_over && let Some(to) = self.controlled(place) {
                let to = if right == RightKind::AddSelf { u32::try_from(place).unwrap_or(to) } else { to };
                self.edge(from, to, Reason::Right { right, descriptor, ace, unknown });
            }
            if creates && let Some(head) = self.head() {
                self.edge(from, head, Reason::Creates { right, descriptor, ace, unknown });
            }
            if links {
                let policies = self.policy_node(place);
                self.edge(from, policies, Reason::Right { right, descriptor, ace, unknown });
            }
        }
    }

    /// Creating a dMSA, or naming the predecessor of one, is worth the domain while a Server 2025 controller lacks the update.
    fn creates(&self, right: RightKind, object: &Object) -> bool {
        let possible = self.analysis.controllers_2025() > 0
            && self.analysis.directory.is_in_domain(object)
            && self.analysis.directory.schema.has("msDS-DelegatedManagedServiceAccount") != Some(false);
        let by = match object.kind {
            Kind::OrganizationalUnit | Kind::Container | Kind::Domain => {
                matches!(right, RightKind::CreateDmsa | RightKind::CreateAny)
                    || (object.kind != Kind::Domain && changes_permissions(right))
            }
            Kind::Dmsa => {
                matches!(right, RightKind::WritePredecessor | RightKind::WriteAll) || changes_permissions(right)
            }
            _ => false,
        };
        possible && by
    }

    fn head(&self) -> Option<u32> {
        self.analysis.directory.head.and_then(|head| u32::try_from(head).ok())
    }

    /// The node of those members of `group` who are not in `except`; the group itself if they are too many to tell.
    fn without(&mut self, group: Holder, except: &Arc<Reach>) -> Option<u32> {
        let key = (group, Arc::clone(except));
        if let Some(known) = self.split.get(&key) {
            return *known;
        }
        let members = self.not_denied(group, except);
        let node = if self.split_edges + members.len() > MOST_SPLIT {
            group
        } else {
            self.split_edges += members.len();
            let node = self.extra_node(Node::NotDenied(group));
            for member in members {
                self.edge(member, node, Reason::NotDenied);
            }
            node
        };
        self.split.insert(key, Some(node));
        Some(node)
    }

    /// The outermost members of `group` of whom nobody is in `except`.
    fn not_denied(&self, group: Holder, except: &Reach) -> Vec<Holder> {
        let tokens = &self.analysis.effective.tokens;
        let mut found = Vec::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = vec![group];
        let mut everybody = false;
        while let Some(next) = waiting.pop() {
            if tokens.everybody().contains(&next) {
                everybody = true;
            }
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
            found.extend(principals.map(|(_, holder)| holder).filter(|holder| !except.contains(*holder)));
        }
        found.sort_unstable();
        found.dedup();
        found
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
                Some(place) => self.analysis.object(place).is_some_and(|object| object.kind.is_principal()),
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
        let node = |id: i64| directory.place(id).and_then(|place| u32::try_from(place).ok());
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
            let Ok(this) = u32::try_from(place) else { break };
            let id = object.password_id.as_deref().and_then(|bytes| ManagedPasswordId::decode(bytes).ok());
            if let Some(key) = id.and_then(|id| keys.get(&id.root_key_id.to_string().to_lowercase()).copied()) {
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
        let holder = self.analysis.admin_sd_holder().and_then(|place| u32::try_from(place).ok());
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(this) = self.controlled(place) else { break };
            let protected = object
                .descriptor
                .and_then(|id| directory.descriptors.get(id))
                .is_some_and(|descriptor| descriptor.control.contains(coldcase_winsec::Control::SE_DACL_PROTECTED));
            let parent = directory.parent(object).filter(|_| !protected);
            if let Some(parent) = parent.and_then(|parent| u32::try_from(parent).ok()) {
                self.edge(parent, this, Reason::Contains);
            }
            let copied = object.admin_count == Some(1) || (object.kind == Kind::Group && self.analysis.principals.is_tier0(place));
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

    /// Group policies run as the computers and users they apply to. Security and WMI filters are not looked at.
    fn add_policies(&mut self) {
        let directory = &self.analysis.directory;
        let mut enforced: Vec<(u32, usize)> = Vec::new();
        for (place, object) in directory.objects.iter().enumerate() {
            if !is_unit(object) {
                continue;
            }
            for link in object.policy_links.iter().flat_map(|links| policy_links(links)) {
                let policy = directory.place_of_dn(&link.policy).and_then(|policy| u32::try_from(policy).ok());
                let Some(policy) = policy else { continue };
                let here = self.policy_node(place);
                self.edge(policy, here, Reason::Linked);
                if link.enforced {
                    enforced.push((policy, place));
                }
            }
        }
        let units: HashSet<usize> =
            directory.objects.iter().enumerate().filter(|(_, object)| is_unit(object)).map(|(place, _)| place).collect();
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(parent) = directory.parent(object) else { continue };
            // Containers have no links of their own, but policies pass through them.
            if is_unit(object) || object.kind == Kind::Container {
                if object.policy_options.unwrap_or(0) & BLOCKS_INHERITANCE == 0 {
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
            } else if object.kind.is_principal() && let Ok(this) = u32::try_from(place) {
                let above = self.policy_node(parent);
                self.edge(above, this, Reason::Applies);
            }
        }
        // Full control of a unit includes linking policies to it.
        for place in units {
            if let (Some(unit), Some(policies)) = (u32::try_from(place).ok(), self.policies.get(&place).copied()) {
                self.edge(unit, policies, Reason::Contains);
            }
        }
    }
}

/// Rights that hand over the object itself.
fn hands_over(right: RightKind, object: &Object) -> bool {
    use RightKind as R;
    let user = object.kind == Kind::User;
    match right {
        R::Owner | R::FullControl | R::WriteDacl | R::WriteOwner => true,
        R::WriteAll => object.kind.is_principal() || matches!(object.kind, Kind::Group | Kind::Gpo | Kind::KdsRootKey),
        R::ResetPassword | R::WriteKeyCredential | R::WriteAltIdentities | R::WriteAllowedToAct => true,
        // A managed password is too long to be guessed.
        R::WriteSpn | R::WriteAccountControl | R::WriteLogonScript => user,
        R::WriteReaders | R::WriteMember | R::AddSelf => true,
        R::ReplicateAll | R::ReadSecret | R::ReadPassword | R::ActFor | R::Move => true,
        R::Delete
        | R::WriteDelegateTo
        | R::WritePredecessor
        | R::WriteSuccessor
        | R::CreateAny
        | R::CreateDmsa
        | R::CreateAccount
        | R::DeleteChild
        | R::WriteGpLink
        | R::Recreate => false,
    }
}

fn changes_permissions(right: RightKind) -> bool {
    matches!(right, RightKind::Owner | RightKind::FullControl | RightKind::WriteDacl | RightKind::WriteOwner)
}

fn is_unit(object: &Object) -> bool {
    matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain)
}

fn is_above(analysis: &Analysis, above: usize, below: usize) -> bool {
    let dn = |place: usize| analysis.object(place).map(|object| object.dn.to_lowercase()).unwrap_or_default();
    dn(below).ends_with(&format!(",{}", dn(above)))
}
