//! A descriptor prepared for access checks, and the check itself.
//!
//! Owns the walk over the entries, and what comes before it: a missing DACL and the rights of the
//! owner. Trusts that the descriptor was decoded without defects: a DACL that could not be found
//! looks like none, and none grants everything.

use super::decision::{Decider, Decision, Outcome};
use super::entry::{Entry, Reading, Trustee};
use super::node::Node;
use super::requester::Requester;
use crate::descriptor::{DaclState, SecurityDescriptor};
use crate::mask::AccessMask;
use crate::sid::Sid;

/// A descriptor prepared for access checks.
///
/// Made once for each distinct descriptor. ACEs that cannot decide anything about the object itself
/// are left out; positions are those in the DACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList {
    entries: Vec<Entry>,
    not_understood: Vec<usize>,
    owner: Option<Sid>,
    null: bool,
    /// An entry for OWNER RIGHTS takes the implicit rights away.
    owner_has_entries: bool,
}

impl AccessList {
    /// Prepares a descriptor, decoded without defects: a defect may hide ACEs or the whole DACL.
    pub fn new(descriptor: &SecurityDescriptor) -> AccessList {
        let (aces, null) = match descriptor.dacl_state() {
            DaclState::Absent | DaclState::Null => (&[][..], true),
            DaclState::Present(acl) => (acl.aces.as_slice(), false),
        };
        let (mut entries, mut not_understood) = (Vec::new(), Vec::new());
        for (position, ace) in aces.iter().enumerate() {
            match Entry::read(position, ace) {
                Reading::Decides(entry) => entries.push(entry),
                Reading::DecidesNothing => {}
                Reading::NotUnderstood => not_understood.push(position),
            }
        }
        let owner_has_entries = entries
            .iter()
            .any(|entry| entry.trustee == Trustee::OwnerRights);
        AccessList {
            entries,
            not_understood,
            owner: descriptor.owner.clone(),
            null,
            owner_has_entries,
        }
    }

    /// The ACEs that apply to the object itself, in the order of the DACL.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Positions in the DACL of ACEs that were skipped although they may decide something: of a
    /// compound or unknown type, or too damaged to read. If there are any, no decision is certain.
    pub fn not_understood(&self) -> &[usize] {
        &self.not_understood
    }

    /// The owner.
    pub fn owner(&self) -> Option<&Sid> {
        self.owner.as_ref()
    }

    /// Whether there is no DACL, so that everybody holds every right.
    pub fn is_null(&self) -> bool {
        self.null
    }

    /// What the owner holds without any ACE: READ_CONTROL and WRITE_DAC, or nothing if an ACE names
    /// OWNER RIGHTS. `blocked` as in [`AccessList::decide`].
    pub fn implicit_owner_rights(&self, blocked: bool) -> AccessMask {
        match (self.owner_has_entries, blocked) {
            (true, _) => AccessMask::NONE,
            (false, true) => AccessMask::READ_CONTROL,
            (false, false) => AccessMask::READ_CONTROL | AccessMask::WRITE_DACL,
        }
    }

    /// Whether `who` holds `bit` over `node`, and what decides.
    ///
    /// `bit` is exactly one right of MS-ADTS 5.1.3.2. Rights that the directory ignores in a DACL,
    /// and generic rights, are never granted: ACCESS_SYSTEM_SECURITY comes from a privilege only.
    ///
    /// `owner_rights_blocked`: being the owner gives no WRITE_DAC to this requester on this object,
    /// by the 29th character of dSHeuristics (MS-ADTS 5.1.3.3.1 and 6.1.3.4, which say on which
    /// classes and to whom).
    pub fn decide(
        &self,
        who: &impl Requester,
        bit: AccessMask,
        node: &Node,
        owner_rights_blocked: bool,
    ) -> Outcome {
        if self.null {
            return Outcome::certain(if AccessMask::DS_FULL_CONTROL.intersects(bit) {
                Decision::Granted(Decider::NullDacl)
            } else {
                Decision::Denied(None)
            });
        }
        // Before the walk, so that no ACE denies what the owner holds (MS-DTYP 2.5.3.2).
        if self
            .implicit_owner_rights(owner_rights_blocked)
            .intersects(bit)
            && who.owns()
        {
            return Outcome::certain(Decision::Granted(Decider::Owner));
        }
        self.walk(who, bit, node)
    }

    fn walk(&self, who: &impl Requester, bit: AccessMask, node: &Node) -> Outcome {
        Self::first_of(self.relevant(bit, node).filter(|entry| who.is(entry)))
    }

    /// What these entries decide: those of [`AccessList::relevant`] that name the requester, in the
    /// order of the DACL. For callers who know them without asking of each.
    pub fn first_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Outcome {
        let (mut least, mut most) = (None, None);
        for entry in entries {
            let (decision, case) = if entry.allow {
                (Decision::Granted(Decider::Ace(entry.position)), &mut most)
            } else {
                (Decision::Denied(Some(entry.position)), &mut least)
            };
            // A condition may go either way: the ACE decides one case, and the walk goes on for
            // the other.
            case.get_or_insert(decision);
            if !entry.conditional {
                least.get_or_insert(decision);
                most.get_or_insert(decision);
                break;
            }
        }
        Outcome {
            least: least.unwrap_or(Decision::Denied(None)),
            most: most.unwrap_or(Decision::Denied(None)),
        }
    }

    /// The entries that can decide `bit` over `node`, in order: no other entry is ever the decider.
    /// Beside them count only [`AccessList::is_null`] and [`AccessList::implicit_owner_rights`].
    pub fn relevant<'a>(
        &'a self,
        bit: AccessMask,
        node: &'a Node,
    ) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| {
            entry.mask.intersects(bit) && node.is_covered_by(entry.allow, entry.object_type)
        })
    }
}
