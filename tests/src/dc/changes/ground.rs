//! The domain that is changed, as it grows: objects without any quirk, and the list of changes.
//!
//! Deliberately knows no single change.

use std::cell::Cell;

use anyhow::Result;
use coldcase_schemas::diff::{CauseKind, Direction, ObjectState, Power, Rotation};

use super::super::ldif;
use super::super::password_id::password_id;
use super::super::planted::{Addition, Kind, Planted, PlantedObject};
use super::super::population::{AES, NORMAL, Setting, WORKSTATION};
use super::super::rules::faultless::readers_of;
use super::{Change, Changes, Step, Told};

pub(super) const SERVICES: &str = "OU=Services";
pub(super) const PEOPLE: &str = "OU=People";
pub(super) const SERVERS: &str = "OU=Servers";
pub(super) const GROUPS: &str = "OU=Groups";
pub(super) const MANAGED: &str = "CN=Managed Service Accounts";
const GLOBAL_SECURITY: i64 = -0x7fff_fffe;
const FIRST_RID: u32 = 3_100;

/// An object that was planted, for others to name.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) dn: String,
    pub(super) sid: String,
}

/// The domain as it grows.
pub(super) struct Ground<'a> {
    setting: &'a Setting<'a>,
    next: Cell<u32>,
    objects: Vec<PlantedObject>,
    additions: Vec<Addition>,
    permissions: String,
    changes: Changes,
}

impl<'a> Ground<'a> {
    /// The units and the ordinary user that every population has.
    pub(super) fn new(setting: &'a Setting<'a>) -> Ground<'a> {
        let mut objects: Vec<PlantedObject> = ["Services", "Servers", "Groups", "People"]
            .into_iter()
            .map(|name| setting.unit(name))
            .collect();
        objects.push(setting.lowpriv());
        Ground {
            setting,
            next: Cell::new(FIRST_RID),
            objects,
            additions: vec![setting.service_name()],
            permissions: String::new(),
            changes: Changes::default(),
        }
    }

    /// `DC=corp,DC=example`.
    pub(super) fn base_dn(&self) -> &'a str {
        self.setting.domain.base_dn()
    }

    /// The distinguished name of what lies so below the head of the domain.
    pub(super) fn below_head(&self, rest: &str) -> String {
        format!("{rest},{}", self.base_dn())
    }

    /// A moment so many days before planting.
    pub(super) fn days_ago(&self, days: i64) -> i64 {
        self.setting.now.days_ago(days)
    }

    /// `msDS-ManagedPasswordId` of a password that was made so many days ago.
    pub(super) fn epoch(&self, days: i64) -> Result<Vec<u8>> {
        password_id(self.days_ago(days), self.setting.domain.dns())
    }

    fn account(&self, kind: Kind, name: &str, common_name: &str, parent: &str) -> PlantedObject {
        let rid = self.next.replace(self.next.get() + 1);
        self.setting.account(kind, name, common_name, parent, rid)
    }

    /// A person.
    pub(super) fn person(&self, name: &str) -> PlantedObject {
        self.user(name, PEOPLE)
    }

    /// A user that runs a service.
    pub(super) fn service(&self, name: &str) -> PlantedObject {
        self.service_in(name, SERVICES)
    }

    /// The same in another unit.
    pub(super) fn service_in(&self, name: &str, unit: &str) -> PlantedObject {
        self.user(name, unit)
            .with("msDS-SupportedEncryptionTypes", AES)
            .with("servicePrincipalName", service_name(name))
    }

    fn user(&self, name: &str, parent: &str) -> PlantedObject {
        self.account(Kind::User, name, name, parent)
            .with("userAccountControl", NORMAL)
            .with("pwdLastSet", self.days_ago(30))
    }

    /// A server. The name is without `$`.
    pub(super) fn computer(&self, name: &str) -> PlantedObject {
        self.account(Kind::Computer, &format!("{name}$"), name, SERVERS)
            .with("userAccountControl", WORKSTATION)
            .with("pwdLastSet", self.days_ago(10))
    }

    /// A group of these.
    pub(super) fn group(&self, name: &str, members: &[&Placed]) -> PlantedObject {
        let group = self
            .account(Kind::Group, name, name, GROUPS)
            .with("groupType", GLOBAL_SECURITY);
        if members.is_empty() {
            return group;
        }
        let members = members.iter().map(|member| member.dn.as_str()).collect();
        group.with_all("member", members)
    }

    /// A gMSA without `$` in the name, whose password these SIDs read. It was made so many days ago.
    pub(super) fn gmsa(&self, name: &str, readers: &[&str], days: i64) -> Result<PlantedObject> {
        Ok(self
            .account(Kind::Gmsa, &format!("{name}$"), name, MANAGED)
            .with("userAccountControl", WORKSTATION)
            .with("pwdLastSet", self.days_ago(days))
            .with("msDS-ManagedPasswordInterval", 30)
            .with("msDS-GroupMSAMembership", readers_of(readers))
            .with("msDS-ManagedPasswordId", self.epoch(days)?))
    }

    /// An organizational unit directly below the head of the domain.
    pub(super) fn unit(&mut self, name: &str) -> Placed {
        let unit = self.setting.unit(name);
        self.plant(unit)
    }

    /// Adds the object.
    pub(super) fn plant(&mut self, object: PlantedObject) -> Placed {
        let placed = placed(&object);
        self.objects.push(object);
        placed
    }

    /// Adds a gMSA whose password is as it should be on both sides, and was made five days ago.
    pub(super) fn plant_gmsa(&mut self, name: &str, readers: &[&str]) -> Result<Placed> {
        let object = self.gmsa(name, readers, 5)?;
        Ok(self.plant_managed(object))
    }

    /// The same of a gMSA that is made already.
    pub(super) fn plant_managed(&mut self, object: PlantedObject) -> Placed {
        let placed = self.plant(object);
        self.changes.standing.push(Told::Password {
            of: placed.dn.clone(),
            rotation: Rotation::NotDue,
        });
        placed
    }

    /// Gives the object an entry before anything is collected.
    pub(super) fn grant(&mut self, dn: &str, ace: &str) {
        self.permissions.push_str(&described(dn, "add", ace));
    }

    /// Makes it the property of somebody before anything is collected.
    pub(super) fn give(&mut self, dn: &str, owner: &str) {
        self.permissions.push_str(&described(dn, "owner", owner));
    }

    /// A change, in one step.
    pub(super) fn change(&mut self, what: &'static str, step: Step, told: Vec<Told>) {
        let steps = vec![step];
        self.change_in_steps(what, steps, told);
    }

    /// A change, in several steps.
    pub(super) fn change_in_steps(
        &mut self,
        what: &'static str,
        steps: Vec<Step>,
        told: Vec<Told>,
    ) {
        self.changes.list.push(Change { what, steps, told });
    }

    /// Everything that was planted.
    pub(super) fn harvest(self) -> Planted {
        Planted {
            objects: self.objects,
            additions: self.additions,
            permissions: self.permissions,
            changes: self.changes,
            ..Planted::default()
        }
    }
}

/// What others name an object by.
pub(super) fn placed(object: &PlantedObject) -> Placed {
    Placed {
        name: object.name.clone(),
        dn: object.dn.clone(),
        sid: object.sid.clone().unwrap_or_default(),
    }
}

/// The service principal name of a service of that name.
pub(super) fn service_name(name: &str) -> String {
    format!("HTTP/{name}.partner.example")
}

/// A line of `samdb.py describe`.
pub(super) fn described(dn: &str, change: &str, value: &str) -> String {
    format!("{dn}\t{change}\t{value}\n")
}

/// Adds an object that only the system could add so: with its SID, and without a password.
pub(super) fn created(object: &PlantedObject) -> Step {
    let planted = Planted {
        objects: vec![object.clone()],
        ..Planted::default()
    };
    Step::Files(ldif::objects(&planted))
}

/// Deletes an object.
pub(super) fn deleted(dn: &str) -> Step {
    Step::Ldap(format!("dn: {dn}\nchangetype: delete\n"))
}

/// Adds, deletes or replaces values of an attribute.
pub(super) fn modified(dn: &str, operation: &str, attribute: &str, values: &[&str]) -> String {
    let mut text = String::new();
    ldif::modify(&mut text, dn, operation, attribute);
    for value in values {
        ldif::line(&mut text, attribute, value.as_bytes());
    }
    text.push('\n');
    text
}

/// The object is there on both sides, with its name.
pub(super) fn changed(dn: &str) -> Told {
    object(dn, ObjectState::Changed)
}

/// The object came, went or changed.
pub(super) fn object(dn: &str, state: ObjectState) -> Told {
    Told::Object {
        of: dn.to_owned(),
        state,
        renamed: false,
        moved: false,
        replaces: None,
    }
}

/// Values went and came.
pub(super) fn attribute(dn: &str, name: &str, removed: &[&str], added: &[&str]) -> Told {
    let sorted = |values: &[&str]| {
        let mut values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        values.sort();
        values
    };
    Told::Attribute {
        of: dn.to_owned(),
        attribute: name.to_owned(),
        removed: sorted(removed),
        added: sorted(added),
    }
}

/// An entry of the object's permissions came or went.
pub(super) fn entry(dn: &str, added: bool, sddl: &str) -> Told {
    Told::Entry {
        of: dn.to_owned(),
        attribute: "nTSecurityDescriptor".to_owned(),
        added,
        sddl: sddl.to_owned(),
    }
}

/// Somebody gained or lost a power, for one reason.
pub(super) fn access(
    account: &str,
    power: Power,
    direction: Direction,
    holder: &str,
    cause: CauseKind,
) -> Told {
    Told::Access {
        account: account.to_owned(),
        power,
        direction,
        holder: holder.to_owned(),
        causes: vec![cause],
    }
}

/// Somebody came into a group or left it, for one reason.
pub(super) fn membership(
    member: &Placed,
    group: &str,
    direction: Direction,
    cause: CauseKind,
) -> Told {
    Told::Membership {
        member: member.dn.clone(),
        group: group.to_owned(),
        direction,
        causes: vec![cause],
    }
}
