//! What the specification grants, and what it would grant with some of Samba's departures: the measure of a difference
//! between the analyzer and the controller. Slow and plain, and shares no code with the analyzer.
//!
//! MS-ADTS 5.1.3.3.2 and 5.1.3.3.3 with the owner as in MS-DTYP 2.5.3.2, for one right at a time: then the first ACE that
//! matches decides.

use std::collections::BTreeSet;

use coldcase_winsec::{AccessMask, AceFlags, AceType, DaclState, Guid, KnownAce, Sid};

use super::departures::{Departure, Departures};
use super::facts::{Attribute, Facts, Object};

const ADMINISTRATORS: &str = "S-1-5-32-544";
const PRINCIPAL_SELF: &str = "S-1-5-10";
const OWNER_RIGHTS: &str = "S-1-3-4";

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right<'a> {
    /// OWNER and GROUP of sDRightsEffective.
    Owner,
    /// DACL of sDRightsEffective.
    Dacl,
    /// SACL of sDRightsEffective.
    Sacl,
    /// An attribute of allowedAttributesEffective.
    Write(&'a Attribute),
    /// A class of allowedChildClassesEffective, by its GUID.
    Create(Guid),
}

/// The token that the specification gives a principal, in three parts.
#[derive(Debug)]
pub(super) struct Token {
    /// What the controller put in.
    own: BTreeSet<Sid>,
    /// Security groups with a member in here that the controller left out.
    reached: BTreeSet<Sid>,
    /// SIDs that any of these had before.
    former: BTreeSet<Sid>,
}

impl Token {
    pub(super) fn new(facts: &Facts, told: &BTreeSet<String>) -> Token {
        let own: BTreeSet<Sid> = told.iter().map(|sid| sid.parse().unwrap()).collect();
        let mut all = own.clone();
        let mut next: Vec<Sid> = own.iter().cloned().collect();
        while let Some(sid) = next.pop() {
            for holder in facts.holders.get(&sid).into_iter().flatten() {
                if all.insert(holder.clone()) {
                    next.push(holder.clone());
                }
            }
        }
        let former = all.iter().filter_map(|sid| facts.history.get(sid));
        Token {
            former: former.flatten().cloned().collect(),
            reached: all.difference(&own).cloned().collect(),
            own,
        }
    }

    fn held(&self, sid: &Sid) -> Held {
        if self.own.contains(sid) {
            Held::Always
        } else if self.reached.contains(sid) {
            Held::Unless(Departure::WellKnownMembers)
        } else if self.former.contains(sid) {
            Held::Unless(Departure::SidHistory)
        } else {
            Held::Never
        }
    }
}

/// Whether a SID is in the token.
#[derive(Debug, Clone, Copy)]
enum Held {
    Always,
    Unless(Departure),
    Never,
}

impl Held {
    fn with(self, departures: Departures<'_>) -> bool {
        match self {
            Held::Always => true,
            Held::Unless(departure) => !departures.contains(&departure),
            Held::Never => false,
        }
    }
}

struct Entry {
    allow: bool,
    object: bool,
    owner_rights: bool,
    mask: AccessMask,
    object_type: Option<Guid>,
    held: Held,
}

enum List {
    Null,
    Absent,
    Entries(Vec<Entry>),
}

/// One principal and one object.
pub(super) struct Case {
    class: Guid,
    descriptor: Guid,
    owner: Held,
    administrator: bool,
    list: List,
}

impl Case {
    pub(super) fn new(facts: &Facts, object: &Object, token: &Token) -> Case {
        let owner = match &object.descriptor.owner {
            Some(owner) => token.held(owner),
            None => Held::Never,
        };
        let self_sid = object
            .sid
            .as_ref()
            .map_or(Held::Never, |sid| token.held(sid));
        let entry = |ace: &KnownAce| {
            let (allow, object) = match ace.ace_type {
                AceType::AccessAllowed => (true, false),
                AceType::AccessDenied => (false, false),
                AceType::AccessAllowedObject => (true, true),
                AceType::AccessDeniedObject => (false, true),
                other => panic!("the tangle has no ACE of type {other:?}"),
            };
            let trustee = ace.trustee.to_string();
            Entry {
                allow,
                object,
                owner_rights: trustee == OWNER_RIGHTS,
                mask: ace.mask,
                object_type: ace.object_type.filter(|_| object),
                held: match trustee.as_str() {
                    OWNER_RIGHTS => owner,
                    PRINCIPAL_SELF => self_sid,
                    _ => token.held(&ace.trustee),
                },
            }
        };
        let list = match object.descriptor.dacl_state() {
            DaclState::Null => List::Null,
            DaclState::Absent => List::Absent,
            DaclState::Present(acl) => List::Entries(
                acl.aces
                    .iter()
                    .filter(|ace| !ace.flags.contains(AceFlags::INHERIT_ONLY))
                    .map(|ace| entry(ace.known().unwrap()))
                    .collect(),
            ),
        };
        Case {
            class: object.class,
            descriptor: facts.attributes["nTSecurityDescriptor"].guid,
            owner,
            administrator: token.own.contains(&ADMINISTRATORS.parse().unwrap()),
            list,
        }
    }

    /// Whether an ACE names this GUID.
    pub(super) fn names(&self, guid: Guid) -> bool {
        match &self.list {
            List::Entries(entries) => entries.iter().any(|entry| entry.object_type == Some(guid)),
            _ => false,
        }
    }

    /// Whether the specification grants `right`, but for these departures.
    pub(super) fn grants(&self, right: Right<'_>, departures: Departures<'_>) -> bool {
        let departs = |departure| departures.contains(&departure);
        // The object type tree from its root to the node that is asked for. Standard rights are asked over the root.
        let (bit, path) = match right {
            Right::Write(attribute) => {
                if attribute.system_only && departs(Departure::SystemOnly) {
                    return false;
                }
                let set = attribute.property_set;
                let path = [Some(self.class), set, Some(attribute.guid)];
                (AccessMask::WRITE_PROPERTY, path)
            }
            Right::Create(class) => (AccessMask::CREATE_CHILD, [Some(class), None, None]),
            Right::Owner => (AccessMask::WRITE_OWNER, self.standard(departures)),
            Right::Dacl | Right::Sacl => (AccessMask::WRITE_DACL, self.standard(departures)),
        };
        // The privileges of Administrators, before any ACE; the SACL is for nobody else (MS-DTYP 2.5.3.2).
        match right {
            Right::Owner if self.administrator => return true,
            Right::Sacl => return self.administrator,
            _ => (),
        }
        let owns = self.owner.with(departures);
        let entries = match &self.list {
            List::Null => return true,
            List::Absent if departs(Departure::AbsentList) => &[],
            List::Absent => return true,
            List::Entries(entries) => entries.as_slice(),
        };
        let named = entries.iter().any(|entry| entry.owner_rights);
        if matches!(right, Right::Dacl) && owns && (!named || departs(Departure::OwnerRights)) {
            return true;
        }
        let first = entries.iter().find(|entry| {
            entry.held.with(departures)
                && !(entry.owner_rights && departs(Departure::OwnerRights))
                && entry
                    .object_type
                    .is_none_or(|guid| path.contains(&Some(guid)))
                && entry.rights(departures).contains(bit)
        });
        first.is_some_and(|entry| entry.allow)
    }

    fn standard(&self, departures: Departures<'_>) -> [Option<Guid>; 3] {
        let descriptor =
            Some(self.descriptor).filter(|_| departures.contains(&Departure::TypedStandardRights));
        [Some(self.class), descriptor, None]
    }
}

impl Entry {
    fn rights(&self, departures: Departures<'_>) -> AccessMask {
        if self.allow
            && self.object
            && self.mask.contains(AccessMask::CONTROL_ACCESS)
            && departures.contains(&Departure::ControlAccess)
        {
            return AccessMask::DS_FULL_CONTROL;
        }
        if departures.contains(&Departure::GenericRights) {
            self.mask
        } else {
            self.mask.map_generic_ds()
        }
    }
}
