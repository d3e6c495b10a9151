//! Objects in which no rule finds anything, to be given one flaw each, and the ways of giving it.
//!
//! Deliberately plants nothing: [`Bed::plant`] does.

use anyhow::Result;

use super::super::clock::TICKS_PER_DAY;
use super::super::password_id::{password_id, password_id_of};
use super::super::planted::{Kind, PlantedObject, Value};
use super::super::population::{AES, NORMAL, WORKSTATION};
use super::bed::{Bed, CONTROLLERS, Grown};

/// Full control, as Windows writes it into `msDS-GroupMSAMembership`.
const READING: &str = "0xf01ff";
const SERVICES: &str = "OU=Services";
/// SERVER_TRUST_ACCOUNT and TRUSTED_FOR_DELEGATION, MS-ADTS 2.2.16.
const CONTROLLER: i64 = 0x8_2000;
const GLOBAL_SECURITY: i64 = -0x7fff_fffe;

impl Bed<'_> {
    /// A user that runs a service outside the domain: password and logon are young, the ciphers are AES, somebody answers
    /// for it, it may log on at one computer only, and its policy asks for a long password.
    pub(super) fn service(&self, name: &str) -> PlantedObject {
        self.account_in(name, SERVICES)
    }

    /// The same in another unit (`OU=Services`).
    pub(super) fn account_in(&self, name: &str, unit: &str) -> PlantedObject {
        self.user(name, unit)
            .with("lastLogonTimestamp", self.days_ago(2))
            .with("msDS-SupportedEncryptionTypes", AES)
            .with(
                "servicePrincipalName",
                format!("HTTP/{name}.partner.example"),
            )
            .with("userWorkstations", "JUMPHOST")
            .with("description", format!("Runs {name}, team 7"))
    }

    /// A person.
    pub(super) fn person(&self, name: &str) -> PlantedObject {
        self.user(name, "OU=People")
            .with("lastLogonTimestamp", self.days_ago(1))
            .with("mail", format!("{name}@{}", self.dns()))
    }

    /// A server that logged on yesterday. The name is without `$`.
    pub(super) fn computer(&self, name: &str) -> PlantedObject {
        self.computer_in(name, "OU=Servers")
    }

    /// The same in another unit.
    pub(super) fn computer_in(&self, name: &str, unit: &str) -> PlantedObject {
        self.account(Kind::Computer, &format!("{name}$"), name, unit)
            .with("userAccountControl", WORKSTATION)
            .with("pwdLastSet", self.days_ago(10))
            .with("lastLogonTimestamp", self.days_ago(1))
            .with("operatingSystem", "Windows Server 2022 Standard")
            .with(
                "dNSHostName",
                format!("{}.{}", name.to_ascii_lowercase(), self.dns()),
            )
    }

    /// A group of these.
    pub(super) fn group(&self, name: &str, members: &[&Grown]) -> PlantedObject {
        let group = self
            .account(Kind::Group, name, name, "OU=Groups")
            .with("groupType", GLOBAL_SECURITY);
        if members.is_empty() {
            return group;
        }
        let members = members.iter().map(|member| member.dn.as_str()).collect();
        group.with_all("member", members)
    }

    /// The object lies in another container.
    pub(super) fn moved(&self, mut object: PlantedObject, container: &str) -> PlantedObject {
        let name = object.name.trim_end_matches('$');
        object.dn = format!("CN={name},{container},{}", self.base_dn());
        object
    }

    /// A gMSA without `$` in the name, whose password these SIDs read.
    pub(super) fn gmsa(&self, name: &str, readers: &[&str]) -> Result<PlantedObject> {
        self.key(self.managed(Kind::Gmsa, name), readers)
    }

    /// A dMSA that replaces nobody, whose keys these SIDs get.
    pub(super) fn dmsa(&self, name: &str, readers: &[&str]) -> Result<PlantedObject> {
        let dmsa = self
            .managed(Kind::Dmsa, name)
            .with("msDS-DelegatedMSAState", 0);
        self.key(dmsa, readers)
    }

    /// An sMSA. What host it is on, the host says.
    pub(super) fn smsa(&self, name: &str) -> PlantedObject {
        self.managed(Kind::Smsa, name)
    }

    fn key(&self, account: PlantedObject, readers: &[&str]) -> Result<PlantedObject> {
        Ok(account
            .with("msDS-ManagedPasswordInterval", 30)
            .with("msDS-GroupMSAMembership", readers_of(readers))
            .with(
                "msDS-ManagedPasswordId",
                password_id(self.days_ago(5), self.dns())?,
            ))
    }

    /// `msDS-ManagedPasswordId` of a password that was made so many days ago, with the key that all accounts share.
    pub(super) fn epoch(&self, days: i64) -> Result<Vec<u8>> {
        password_id(self.days_ago(days), self.dns())
    }

    /// The same with another key.
    pub(super) fn epoch_of(&self, key: &str, days: i64) -> Result<Vec<u8>> {
        password_id_of(key, self.days_ago(days), self.dns())
    }

    fn managed(&self, kind: Kind, name: &str) -> PlantedObject {
        self.account(
            kind,
            &format!("{name}$"),
            name,
            "CN=Managed Service Accounts",
        )
        .with("userAccountControl", WORKSTATION)
        .with("pwdLastSet", self.days_ago(5))
        .with("lastLogonTimestamp", self.days_ago(2))
        .with("msDS-SupportedEncryptionTypes", AES)
        .with("dNSHostName", format!("{name}.{}", self.dns()))
        .with("description", format!("Runs {name}, team 7"))
    }

    fn user(&self, name: &str, parent: &str) -> PlantedObject {
        self.account(Kind::User, name, name, parent)
            .with("userAccountControl", NORMAL)
            .with("pwdLastSet", self.days_ago(30))
            .with("userPrincipalName", format!("{name}@{}", self.dns()))
    }

    /// The account of another controller, which need not exist.
    pub(super) fn controller_account(&self, name: &str) -> PlantedObject {
        self.account(Kind::Computer, &format!("{name}$"), name, CONTROLLERS)
            .with("userAccountControl", CONTROLLER)
            .with("pwdLastSet", self.days_ago(10))
            .with("lastLogonTimestamp", self.days_ago(1))
            .with(
                "dNSHostName",
                format!("{}.{}", name.to_ascii_lowercase(), self.dns()),
            )
    }
}

/// Thirty characters, changed twice a year.
pub(super) fn password_settings(name: &str, base_dn: &str) -> PlantedObject {
    PlantedObject::new(
        Kind::PasswordSettings,
        name,
        format!("CN={name},CN=Password Settings Container,CN=System,{base_dn}"),
    )
    .with("msDS-PasswordSettingsPrecedence", 10)
    .with("msDS-PasswordReversibleEncryptionEnabled", "FALSE")
    .with("msDS-PasswordComplexityEnabled", "TRUE")
    .with("msDS-PasswordHistoryLength", 24)
    .with("msDS-MinimumPasswordLength", 30)
    .with("msDS-MinimumPasswordAge", 0)
    .with("msDS-MaximumPasswordAge", -180 * TICKS_PER_DAY)
    .with("msDS-LockoutThreshold", 0)
    .with("msDS-LockoutDuration", -TICKS_PER_DAY / 48)
    .with("msDS-LockoutObservationWindow", -TICKS_PER_DAY / 48)
}

/// A descriptor that lets these read.
pub(in crate::dc) fn readers_of(readers: &[&str]) -> String {
    let entries: String = readers
        .iter()
        .map(|sid| format!("(A;;{READING};;;{sid})"))
        .collect();
    format!("O:BAD:{entries}")
}

/// The same object with another value of an attribute.
pub(super) fn instead<V: Into<Value>>(
    mut object: PlantedObject,
    attribute: &'static str,
    value: V,
) -> PlantedObject {
    object = without(object, attribute);
    object.with(attribute, value)
}

/// The same object without an attribute.
pub(in crate::dc) fn without(mut object: PlantedObject, attribute: &str) -> PlantedObject {
    object.attributes.retain(|(name, _)| *name != attribute);
    object
}

/// The same object with further flags in `userAccountControl`.
pub(super) fn flagged(object: PlantedObject, flags: i64) -> PlantedObject {
    let before = object
        .text("userAccountControl")
        .and_then(|flags| flags.parse::<i64>().ok());
    instead(object, "userAccountControl", before.unwrap_or(0) | flags)
}
