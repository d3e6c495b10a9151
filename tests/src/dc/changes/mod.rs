//! Changes to a real directory, and what comparing a snapshot from before with one from after must tell of each.
//!
//! Each file plants the objects that its changes are about, says how each change is made, and at once what follows from
//! it by the specifications: the objects that are others, and who may do more or less to which service account for which
//! reason. Findings are left out: the domain of the rules owns these. Every change has objects of its own, so that what
//! is told belongs to one of them. To plant a further change is a few lines in the file of its family.
//! Deliberately knows no analyzer: that what is expected and what is told are the same, a test finds out.

mod attributes;
mod delegation;
mod entries;
mod ground;
mod memberships;
mod names;
mod objects;
mod passwords;
mod perform;

use anyhow::Result;
use coldcase_schemas::diff::{CauseKind, Direction, ObjectState, Power, Rotation};

use super::planted::Planted;
use super::population::Setting;
use ground::Ground;
pub(super) use perform::perform;

/// Everything that is done to the domain between two snapshots.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// In this order.
    pub list: Vec<Change>,
    /// What is told although nothing was done: of every managed password how it stands.
    pub standing: Vec<Told>,
}

/// Something that is done to the directory.
#[derive(Debug, Clone)]
pub struct Change {
    /// For people.
    pub what: &'static str,
    /// How it is done.
    pub steps: Vec<Step>,
    /// What must be told of it.
    pub told: Vec<Told>,
}

/// A step of a change, and the way it takes.
#[derive(Debug, Clone)]
pub enum Step {
    /// LDIF over LDAPS, as the domain's administrator.
    Ldap(String),
    /// LDIF into the database files, as `DomainController::apply_ldif` takes it: what only the system writes.
    Files(String),
    /// Permissions in the database files, as `samdb.py describe` reads them.
    Permissions(String),
}

/// Something that a comparison tells. Objects are meant by their objectGUID; they are written as the distinguished name
/// that they had first, with [`anew`] where another object had it before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// An object came, went or changed.
    Object {
        /// Which.
        of: String,
        /// What happened to it.
        state: ObjectState,
        /// Its own name is another.
        renamed: bool,
        /// Its container is another.
        moved: bool,
        /// The object that had its name before.
        replaces: Option<String>,
    },
    /// Values of an attribute went and came.
    Attribute {
        /// Of which object.
        of: String,
        /// lDAPDisplayName.
        attribute: String,
        /// In order of their text.
        removed: Vec<String>,
        /// In order of their text.
        added: Vec<String>,
    },
    /// A time that is a later one.
    Later {
        /// Of which object.
        of: String,
        /// lDAPDisplayName.
        attribute: String,
    },
    /// Another owner.
    Owner {
        /// Of which object.
        of: String,
        /// sAMAccountName of the new one.
        is: String,
    },
    /// Inheritance was blocked, and everything that was inherited went, or was allowed again.
    Inheritance {
        /// Of which object.
        of: String,
        /// Blocked now.
        blocked: bool,
    },
    /// An entry of the object's own.
    Entry {
        /// Of which object.
        of: String,
        /// The attribute that holds the descriptor.
        attribute: String,
        /// It came; else it went.
        added: bool,
        /// The entry, with SIDs in full.
        sddl: String,
    },
    /// An inherited entry came or went, and no change above explains it.
    Inherited {
        /// Of which object.
        of: String,
        /// Distinguished name of the container that it comes from.
        from: String,
        /// It came; else it went.
        added: bool,
        /// Type, rights, what they are about, and trustee, as SDDL writes them. Flags and the inherited type are left out:
        /// what becomes of them depends on the object (MS-DTYP 2.5.3.4).
        entry: String,
    },
    /// Objects below inherit what changed.
    Heirs {
        /// The container.
        of: String,
        /// How many.
        count: u64,
    },
    /// Somebody came into a group or left it, however nested.
    Membership {
        /// Who.
        member: String,
        /// Which group.
        group: String,
        /// Which way.
        direction: Direction,
        /// Why.
        causes: Vec<CauseKind>,
    },
    /// Somebody gained or lost a power over a service account.
    Access {
        /// The account.
        account: String,
        /// What kind of power.
        power: Power,
        /// Which way.
        direction: Direction,
        /// Who.
        holder: String,
        /// Why.
        causes: Vec<CauseKind>,
    },
    /// How a managed password stands.
    Password {
        /// The account.
        of: String,
        /// How.
        rotation: Rotation,
    },
}

/// How an object is written whose distinguished name another one had before.
pub fn anew(dn: &str) -> String {
    format!("{dn} (anew)")
}

/// Type, rights, what they are about, and trustee of an entry in SDDL.
pub fn bare_entry(sddl: &str) -> String {
    let parts: Vec<&str> = sddl
        .trim_matches(|end| end == '(' || end == ')')
        .split(';')
        .collect();
    let kept = [0, 2, 3, 5].map(|place| parts.get(place).copied().unwrap_or_default());
    kept.join(";")
}

/// Attributes that a controller fills in by itself where an object is made (MS-ADTS 3.1.1.5.2), and takes away with it.
pub const FILLED_IN: &[&str] = &[
    "accountExpires",
    "groupType",
    "isCriticalSystemObject",
    "objectClass",
    "objectSid",
    "primaryGroupID",
    "pwdLastSet",
    "userAccountControl",
    "whenCreated",
];

/// Attributes that change by themselves while somebody collects and changes.
pub const ROUTINE: &[&str] = &[
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "msDS-ManagedPasswordId",
    "msDS-User-Account-Control-Computed",
    "whenChanged",
];

/// Everything, parents before children, with the changes and what must be told of them.
pub(super) fn planted(setting: &Setting<'_>) -> Result<Planted> {
    let mut ground = Ground::new(setting);
    names::plant(&mut ground);
    objects::plant(&mut ground)?;
    memberships::plant(&mut ground);
    attributes::plant(&mut ground);
    entries::plant(&mut ground)?;
    delegation::plant(&mut ground)?;
    passwords::plant(&mut ground)?;
    Ok(ground.harvest())
}
