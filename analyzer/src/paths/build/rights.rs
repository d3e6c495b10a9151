//! Edges by permission: who may change what, by its descriptor or one in an attribute.
//!
//! Deliberately does not find out who holds a right ([`crate::graph`]); it says which rights hand over an object.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::reason::Reason;
use super::Builder;
use super::policies::is_unit;
use crate::frames::{creators, let_in};
use crate::graph::{Held, RightKind};
use crate::load::{Kind, Object};

impl Builder<'_> {
    /// Passwords and delegation: rights by the descriptor in an attribute of the account.
    pub(super) fn by_attribute(&self) -> Vec<(usize, i64, Arc<Vec<Held>>)> {
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
                    .or_insert_with(|| let_in(self.analysis, id, kind).map(Arc::new));
                found.extend(held.clone().map(|held| (place, id, held)));
            }
        }
        found
    }

    /// Who may create dMSAs where, or comes by it otherwise.
    pub(super) fn by_creation(&self) -> Vec<(usize, i64, Held)> {
        if !self.dmsa_possible {
            return Vec::new();
        }
        let found = creators(self.analysis).into_iter();
        found
            .filter_map(|(place, held)| {
                Some((place, self.analysis.object(place)?.descriptor?, held))
            })
            .collect()
    }

    pub(super) fn add_right(&mut self, place: usize, descriptor: i64, held: &Held) {
        let Some(object) = self.analysis.object(place) else {
            return;
        };
        let (right, unknown) = (held.right, held.unknown);
        let ace = held.ace.and_then(|ace| u32::try_from(ace).ok());
        let hands_over = hands_over(right, object);
        let creates = self.creates(right, object);
        let links =
            is_unit(object) && matches!(right, RightKind::WriteGpLink | RightKind::WriteAll);
        let joins = matches!(
            right,
            RightKind::CreateAccount | RightKind::CreateDmsa | RightKind::CreateAny
        ) && matches!(
            object.kind,
            Kind::OrganizationalUnit | Kind::Container | Kind::Domain
        ) && self.analysis.directory.is_in_domain(object);
        if !hands_over && !creates && !links && !joins {
            return;
        }
        for from in self.holders(held) {
            let some_denied = held.except.is_some() && from == held.holder;
            if hands_over && let Some(to) = self.controlled(place) {
                let reason = Reason::Right {
                    right,
                    descriptor,
                    ace,
                    unknown,
                    some_denied,
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
                        some_denied,
                    },
                );
            }
            if joins && let Some(computers) = self.domain_computers() {
                self.edge(
                    from,
                    computers,
                    Reason::Joins {
                        right,
                        descriptor,
                        ace,
                        unknown,
                        some_denied,
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
                            some_denied,
                        },
                    );
                }
            }
        }
    }

    /// Edges to the head of the domain for one who creates dMSAs in a container.
    pub(super) fn add_creation(&mut self, descriptor: i64, held: &Held) {
        let Some(head) = self.head() else { return };
        let ace = held.ace.and_then(|ace| u32::try_from(ace).ok());
        for from in self.holders(held) {
            let reason = Reason::Creates {
                right: held.right,
                descriptor,
                ace,
                unknown: held.unknown,
                some_denied: held.except.is_some() && from == held.holder,
            };
            self.edge(from, head, reason);
        }
    }

    /// The nodes of those who hold a right.
    fn holders(&mut self, held: &Held) -> impl Iterator<Item = u32> + use<> {
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
        from.into_iter().chain(joined)
    }

    /// Naming the predecessor of a dMSA is worth the domain while a Server 2025 controller lacks the update.
    fn creates(&self, right: RightKind, object: &Object) -> bool {
        let by = object.kind == Kind::Dmsa
            && (matches!(right, RightKind::WritePredecessor | RightKind::WriteAll)
                || changes_permissions(right));
        by && self.dmsa_possible && self.analysis.directory.is_in_domain(object)
    }
}

/// Rights that hand over the object itself.
pub(in crate::paths) fn hands_over(right: RightKind, object: &Object) -> bool {
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
        R::WritePolicyPath | R::WriteRootKey => true,
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
        | R::Recreate
        | R::WriteHostLink
        | R::WriteEncryptionTypes
        | R::WriteDmsaState => false,
    }
}

fn changes_permissions(right: RightKind) -> bool {
    matches!(
        right,
        RightKind::Owner | RightKind::FullControl | RightKind::WriteDacl | RightKind::WriteOwner
    )
}
