//! Every edge rests on something in the directory, and says what.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashSet;

use coldcase_winsec::access::{AccessList, SidSet};
use coldcase_winsec::{Ace, Control, Sid};
use proptest::prelude::*;

use super::world::worlds;
use crate::frames::Analysis;
use crate::graph::network::NodeSet;
use crate::graph::{Form, Holder, RightKind, is_domain_controller, is_group, random};
use crate::load::made::domain_sid;
use crate::load::{Kind, Object, policy_links};
use crate::paths::{ControlGraph, Node, Reason};

struct Proof<'a> {
    analysis: &'a Analysis,
    graph: &'a ControlGraph,
}

impl Proof<'_> {
    fn object(&self, node: u32) -> Option<&Object> {
        let place = self.analysis.effective.tokens.place(self.holder(node)?)?;
        self.analysis.object(place)
    }

    /// Whom a node stands for; nobody for policies.
    fn holder(&self, node: u32) -> Option<Holder> {
        match self.graph.extra(node) {
            None => Some(node),
            Some(Node::Filled(group) | Node::NotDenied(group)) => Some(group),
            Some(Node::Policies(_)) => None,
        }
    }

    fn has_link(&self, attribute: &str, from: u32, to: u32) -> bool {
        let ids = (self.object(from).unwrap().id, self.object(to).unwrap().id);
        self.analysis.directory.links(attribute).contains(&ids)
    }

    fn parent_is(&self, child: usize, parent: usize) -> bool {
        self.analysis
            .directory
            .parent(self.analysis.object(child).unwrap())
            == Some(parent)
    }

    /// Objects whose descriptor may prove a right that leads to `to`.
    fn objects_of(&self, right: RightKind, to: u32) -> Vec<&Object> {
        let directory = &self.analysis.directory;
        match self.graph.extra(to) {
            // A link may be enforced, and then counts below.
            Some(Node::Policies(place)) => {
                let dn = &self.analysis.object(place).unwrap().dn;
                directory
                    .objects
                    .iter()
                    .filter(|above| dn.ends_with(&above.dn))
                    .collect()
            }
            Some(Node::NotDenied(group)) if right == RightKind::AddSelf => {
                let within = |place: &usize| {
                    self.analysis
                        .effective
                        .tokens
                        .reach(group)
                        .contains(u32::try_from(*place).unwrap())
                };
                let groups = (0..directory.objects.len())
                    .filter(|place| is_group(directory, *place) && within(place));
                groups
                    .map(|place| self.analysis.object(place).unwrap())
                    .collect()
            }
            _ => self.object(to).into_iter().collect(),
        }
    }

    fn right(
        &self,
        from: u32,
        right: RightKind,
        id: i64,
        ace: Option<u32>,
        objects: &[&Object],
    ) -> bool {
        let there = objects.iter().any(|object| match right {
            RightKind::ReadPassword => object.readers == Some(id),
            RightKind::ActFor => object.allowed_to_act == Some(id),
            _ => object.descriptor == Some(id),
        });
        let descriptor = self.analysis.directory.descriptors.get(id).unwrap();
        let Some(ace) = ace else { return there };
        let ace: &Ace = &descriptor.dacl.as_ref().unwrap().aces[usize::try_from(ace).unwrap()];
        let known = ace.known().unwrap();
        // OWNER RIGHTS is the owner, PRINCIPAL SELF of a group everybody in it.
        let trustee = known.trustee.to_string();
        let owner = descriptor.owner.as_ref();
        let trustee = if trustee == "S-1-3-4" {
            owner.unwrap().clone()
        } else {
            known.trustee.clone()
        };
        let named: Vec<&Sid> = if trustee.to_string() == "S-1-5-10" {
            let groups = objects.iter().filter(|group| group.kind == Kind::Group);
            groups.filter_map(|group| group.sid.as_ref()).collect()
        } else {
            vec![&trustee]
        };
        let number = |sid: &&Sid| {
            let tokens = &self.analysis.effective.tokens;
            tokens.of(&self.analysis.directory, sid)
        };
        let named: Vec<Holder> = named.iter().filter_map(number).collect();
        let token = self
            .analysis
            .effective
            .tokens
            .token(self.holder(from).unwrap());
        there && known.ace_type.allows() && named.iter().any(|named| token.contains(named))
    }

    /// Some account that `from` has in hand is granted each part in the groups, to which `from` has a way; and not without.
    fn together(
        &self,
        from: u32,
        to: u32,
        (right, id): (RightKind, i64),
        groups: (Holder, Option<Holder>),
        other: bool,
    ) -> bool {
        let directory = &self.analysis.directory;
        let ways = self.graph.network.ways_from(&[from], &NodeSet::default());
        let groups: Vec<Holder> = [Some(groups.0), groups.1].into_iter().flatten().collect();
        let object = self.object(to).unwrap();
        let root = directory.classes.root(&object.classes);
        let rights = self.analysis.effective.rights.of(object.kind, root);
        let Form::All(parts) = &rights
            .iter()
            .find(|known| known.kind == right)
            .unwrap()
            .form
        else {
            return false;
        };
        let list = AccessList::new(directory.descriptors.get(id).unwrap());
        let granted = |holders: &mut dyn Iterator<Item = Holder>| {
            let tokens = &self.analysis.effective.tokens;
            let token = holders.flat_map(|holder| tokens.token(holder));
            let sids: HashSet<Sid> = token
                .filter_map(|holder| self.analysis.sid_of(holder).cloned())
                .collect();
            let who = SidSet {
                sids: &sids,
                object: None,
                owner: list.owner(),
            };
            parts.iter().all(|part| {
                let outcome = list.decide(&who, part.bit, &part.node, true);
                outcome.most.is_granted()
            })
        };
        let accounts = directory.objects.iter().zip(0_u32..);
        let mut accounts = accounts.filter(|(object, node)| {
            let one_of_all = !other
                && !self
                    .object(from)
                    .is_some_and(|from| from.kind.is_principal());
            object.kind.is_principal()
                && (*node == from || one_of_all || (other && ways.hops(*node).is_some()))
        });
        object.descriptor == Some(id)
            && groups.iter().all(|group| ways.hops(*group).is_some())
            && accounts.any(|(_, account)| {
                !granted(&mut [account].into_iter())
                    && granted(&mut groups.iter().copied().chain([account]))
            })
    }

    fn holds(&self, from: u32, to: u32, reason: Reason) -> bool {
        let tokens = &self.analysis.effective.tokens;
        let directory = &self.analysis.directory;
        match reason {
            Reason::Member => match self.graph.extra(from) {
                Some(node) => node == Node::Filled(to),
                None => tokens.groups(from).contains(&to),
            },
            // A test of its own gives claims; no other world has any.
            Reason::Claimed { .. } => false,
            Reason::Everybody => {
                tokens.everybody().contains(&to)
                    && (tokens.everybody().contains(&from)
                        || self.object(from).unwrap().kind.is_principal())
            }
            Reason::NotDenied => {
                let Some(Node::NotDenied(group)) = self.graph.extra(to) else {
                    return false;
                };
                tokens.token(self.holder(from).unwrap()).contains(&group)
            }
            Reason::Right {
                right,
                descriptor,
                ace,
                ..
            } => self.right(from, right, descriptor, ace, &self.objects_of(right, to)),
            Reason::Creates {
                right,
                descriptor,
                ace,
                ..
            } => {
                let kinds = [
                    Kind::OrganizationalUnit,
                    Kind::Container,
                    Kind::Domain,
                    Kind::Gpo,
                    Kind::Dmsa,
                ];
                let objects: Vec<&Object> = directory
                    .objects
                    .iter()
                    .filter(|object| kinds.contains(&object.kind))
                    .collect();
                to == 0
                    && self.analysis.may_have_2025()
                    && self.right(from, right, descriptor, ace, &objects)
            }
            Reason::Joins {
                right,
                descriptor,
                ace,
                ..
            } => {
                let objects: Vec<&Object> = directory.objects.iter().collect();
                self.right(from, right, descriptor, ace, &objects)
                    && Some(to) == tokens.of(directory, &domain_sid(515))
            }
            Reason::Quota => directory.domain.machine_account_quota > Some(0),
            Reason::Installed => self.has_link("msDS-HostServiceAccount", from, to),
            Reason::Succeeds => self.has_link("msDS-ManagedAccountPrecededByLink", from, to),
            Reason::Delegates => {
                let (from, to) = (self.object(from).unwrap(), self.object(to).unwrap());
                from.delegates_to.iter().any(|spn| to.spns.contains(spn))
            }
            Reason::Unconstrained => {
                let object = self.object(from).unwrap();
                to == 0
                    && object.is_trusted_for_delegation() == Some(true)
                    && !is_domain_controller(object)
            }
            Reason::Contains => match (self.graph.extra(from), self.graph.extra(to)) {
                (None, Some(Node::Policies(place))) => {
                    let (unit, below) = (
                        self.object(from).unwrap(),
                        self.analysis.object(place).unwrap(),
                    );
                    unit.dn == below.dn
                        || (below.policy_options == Some(1) && below.dn.ends_with(&unit.dn))
                }
                (None, _) => {
                    let child = tokens.place(self.holder(to).unwrap()).unwrap();
                    let id = self.analysis.object(child).unwrap().descriptor;
                    let descriptor = id.and_then(|id| directory.descriptors.get(id));
                    let protected = descriptor.is_some_and(|descriptor| {
                        descriptor.control.contains(Control::SE_DACL_PROTECTED)
                    });
                    !protected && self.parent_is(child, tokens.place(from).unwrap())
                }
                _ => false,
            },
            Reason::Linked => {
                let Some(Node::Policies(place)) = self.graph.extra(to) else {
                    return false;
                };
                let policy = self.object(from).unwrap().dn.to_lowercase();
                let below = &self.analysis.object(place).unwrap().dn;
                directory.objects.iter().any(|unit| {
                    let links = unit
                        .policy_links
                        .iter()
                        .flat_map(|links| policy_links(links));
                    let mut links = links.filter(|link| link.policy == policy);
                    links.any(|link| {
                        *below == unit.dn || (link.enforced && below.ends_with(&unit.dn))
                    })
                })
            }
            Reason::BelowPolicy => match (self.graph.extra(from), self.graph.extra(to)) {
                (Some(Node::Policies(above)), Some(Node::Policies(below))) => {
                    self.parent_is(below, above)
                }
                _ => false,
            },
            Reason::Applies => match self.graph.extra(from) {
                Some(Node::Policies(above)) => self.parent_is(tokens.place(to).unwrap(), above),
                _ => false,
            },
            Reason::Derives => {
                self.object(from).unwrap().kind == Kind::KdsRootKey
                    && self.object(to).unwrap().password_id.is_some()
            }
            Reason::Protects => {
                let object = self.object(to).unwrap();
                Some(self.holder(from).unwrap())
                    == self
                        .analysis
                        .admin_sd_holder()
                        .map(|place| u32::try_from(place).unwrap())
                    && (object.admin_count == Some(1) || object.kind == Kind::Group)
            }
            Reason::Together {
                right,
                descriptor,
                groups,
                other,
                ..
            } => self.together(from, to, (right, descriptor), groups, other),
            Reason::Operates => to == 0 && self.object(from).unwrap().kind == Kind::Group,
        }
    }
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_edge_is_there_for_a_reason(world in worlds(random::dacls())) {
        let analysis = Analysis::new(world.made().directory());
        let graph = ControlGraph::of(&analysis);
        let proof = Proof { analysis: &analysis, graph: &graph };
        for index in 0..u32::try_from(graph.network.edges().len()).unwrap() {
            let (edge, reason) = graph.edge(index).unwrap();
            let names = [edge.from, edge.to].map(|node| graph.name(&analysis, node));
            prop_assert!(proof.holds(edge.from, edge.to, reason), "{names:?} {reason:?}");
            // What everybody can look up needs words of its own.
            let silent = matches!(reason, Reason::NotDenied | Reason::BelowPolicy | Reason::Applies);
            prop_assert!(silent || !reason.evidence(&analysis).is_empty(), "{names:?} {reason:?}");
        }
    }
}
