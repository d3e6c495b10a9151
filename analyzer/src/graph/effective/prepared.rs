//! A descriptor with the people in it as holders, and a token that stands before it.
//!
//! Deliberately decides nothing: [`AccessList`] does.

use std::collections::{BTreeMap, HashSet};

use coldcase_winsec::access::{AccessList, Entry, Requester, Trustee, is_by_logon};
use coldcase_winsec::{AccessMask, SecurityDescriptor};

use crate::graph::right::Part;
use crate::graph::token::{Holder, Token, Tokens};
use crate::load::Directory;

/// A descriptor with its ACEs' trustees as holders.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) list: AccessList,
    /// By place in `list.entries()`; `None` for SIDs nobody announced, and for PRINCIPAL SELF unless `own` is set.
    trustees: Vec<Option<Holder>>,
    /// `None` where the owner is PRINCIPAL SELF, unless `own` is set.
    pub(super) owner: Option<Holder>,
    /// Whom PRINCIPAL SELF means, if the descriptor is of one object only.
    own: Option<Holder>,
}

/// A token before a descriptor.
pub(super) struct Asking<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) token: &'a Token,
    /// The object itself, if it is somebody.
    pub(super) object: Option<Holder>,
}

impl Requester for Asking<'_> {
    fn is(&self, entry: &Entry) -> bool {
        match &entry.trustee {
            Trustee::PrincipalSelf => self.is_the_object(),
            Trustee::OwnerRights => self.owns(),
            Trustee::Sid(_) => self
                .prepared
                .trustee(entry)
                .is_some_and(|trustee| self.token.contains(&trustee)),
        }
    }

    fn owns(&self) -> bool {
        match self.prepared.owner {
            Some(owner) => self.token.contains(&owner),
            None => self.prepared.is_its_own() && self.is_the_object(),
        }
    }
}

impl Asking<'_> {
    fn is_the_object(&self) -> bool {
        self.object
            .or(self.prepared.own)
            .is_some_and(|object| self.token.contains(&object))
    }
}

impl Prepared {
    pub(crate) fn new(
        descriptor: &SecurityDescriptor,
        tokens: &Tokens,
        directory: &Directory,
    ) -> Self {
        Self::of(descriptor, tokens, directory, None)
    }

    /// The same for one object, which is `own`: PRINCIPAL SELF of a group is every member of it.
    pub(crate) fn of(
        descriptor: &SecurityDescriptor,
        tokens: &Tokens,
        directory: &Directory,
        own: Option<Holder>,
    ) -> Self {
        let list = AccessList::new(descriptor);
        let mut prepared = Self {
            list,
            trustees: Vec::new(),
            owner: None,
            own,
        };
        prepared.owner = if prepared.is_its_own() {
            own
        } else {
            let owner = prepared.list.owner();
            owner.and_then(|owner| {
                if is_by_logon(owner) {
                    tokens.authenticated()
                } else {
                    tokens.of(directory, owner)
                }
            })
        };
        let entries = prepared.list.entries().iter();
        prepared.trustees = entries
            .map(|entry| match &entry.trustee {
                // Whoever logs on can choose how; the entry is conditional.
                Trustee::Sid(sid) if is_by_logon(sid) => tokens.authenticated(),
                Trustee::Sid(sid) => tokens.of(directory, sid),
                Trustee::OwnerRights => prepared.owner,
                Trustee::PrincipalSelf => own,
            })
            .collect();
        prepared
    }

    /// An ACE for PRINCIPAL SELF gives more than to read, or denies; or it is the owner.
    pub(crate) fn speaks_of_self(&self) -> bool {
        let reading = AccessMask::READ_PROPERTY
            | AccessMask::READ_CONTROL
            | AccessMask::LIST_CHILDREN
            | AccessMask::LIST_OBJECT;
        let changes = |entry: &Entry| !entry.allow || !(entry.mask & !reading).is_empty();
        let mut entries = self.list.entries().iter();
        self.is_its_own()
            || entries.any(|entry| entry.trustee == Trustee::PrincipalSelf && changes(entry))
    }

    /// Whoever logs on in a certain way owns it: whether somebody does, is not known.
    pub(super) fn is_owned_by_logon(&self) -> bool {
        self.list.owner().is_some_and(is_by_logon)
    }

    /// The owner is PRINCIPAL SELF (MS-DTYP 2.5.3.2).
    fn is_its_own(&self) -> bool {
        let owner = self.list.owner();
        owner.is_some_and(|owner| (owner.authority(), owner.sub_authorities()) == (5, &[10]))
    }

    pub(super) fn trustee(&self, entry: &Entry) -> Option<Holder> {
        self.trustee_at(entry.position)
    }

    /// Whom the ACE at a position of the DACL names.
    pub(super) fn trustee_at(&self, position: usize) -> Option<Holder> {
        self.trustees.get(self.place(position)?).copied().flatten()
    }

    /// The trustees of allow ACEs, each once, in order.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = Holder> + '_ {
        let mut seen = HashSet::new();
        self.list
            .entries()
            .iter()
            .zip(&self.trustees)
            .filter(|(entry, _)| entry.allow)
            .filter_map(|(_, trustee)| *trustee)
            .filter(move |trustee| seen.insert(*trustee))
    }

    /// Whom the ACEs name that count for one of `parts`, each once, with whether one of them allows it.
    pub(crate) fn named(&self, parts: &[Part]) -> BTreeMap<Holder, bool> {
        let mut named = BTreeMap::new();
        for part in parts {
            for entry in self.list.relevant(part.bit, &part.node) {
                if let Some(trustee) = self.trustee(entry) {
                    *named.entry(trustee).or_insert(false) |= entry.allow;
                }
            }
        }
        named
    }

    pub(super) fn inherited(&self, ace: Option<usize>) -> bool {
        ace.and_then(|ace| self.list.entries().get(self.place(ace)?))
            .is_some_and(|entry| entry.inherited)
    }

    /// Entries keep the order of the DACL, so the position finds the entry.
    fn place(&self, position: usize) -> Option<usize> {
        self.list
            .entries()
            .binary_search_by_key(&position, |known| known.position)
            .ok()
    }
}
