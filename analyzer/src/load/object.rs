//! One directory object with the values that the analysis uses.
//!
//! Owns the kind of an object and which facts it shows. Deliberately does not hold rare attributes:
//! see [`super::detail`].

use std::collections::HashSet;
use std::sync::Arc;

use coldcase_winsec::{Guid, ManagedPasswordId, Sid};
use rusqlite::Row;

use super::time;

/// Columns of [`Object::read`], in its order, after `name.dn` and `object.id`.
pub(super) const COLUMNS: &[&str] = &[
    "objectGUID",
    "objectClass",
    "objectSid",
    "name",
    "sAMAccountName",
    "nTSecurityDescriptor",
    "whenCreated",
    "description",
    "adminCount",
    "userAccountControl",
    "servicePrincipalName",
    "primaryGroupID",
    "pwdLastSet",
    "lastLogon",
    "lastLogonTimestamp",
    "dNSHostName",
    "operatingSystem",
    "msDS-SupportedEncryptionTypes",
    "msDS-AllowedToDelegateTo",
    "msDS-AllowedToActOnBehalfOfOtherIdentity",
    "scriptPath",
    "info",
    "mail",
    "employeeID",
    "msDS-SupersededServiceAccountState",
    "msDS-GroupMSAMembership",
    "msDS-ManagedPasswordId",
    "msDS-ManagedPasswordInterval",
    "msDS-DelegatedMSAState",
    "groupType",
    "userPrincipalName",
    "gPLink",
    "gPOptions",
    "operatingSystemVersion",
    "msDS-ManagedPasswordPreviousId",
    "comment",
    "adminDescription",
    "logonCount",
    "userWorkstations",
    "msDS-AdditionalDnsHostName",
];

/// What an object is, by its most special class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Gmsa,
    Smsa,
    Dmsa,
    Computer,
    User,
    Group,
    ForeignPrincipal,
    OrganizationalUnit,
    Container,
    Domain,
    Gpo,
    KdsRootKey,
    PasswordSettings,
    Trust,
    CrossRef,
    Other,
}

impl Kind {
    /// As frames and reports spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gmsa => "gmsa",
            Self::Smsa => "smsa",
            Self::Dmsa => "dmsa",
            Self::Computer => "computer",
            Self::User => "user",
            Self::Group => "group",
            Self::ForeignPrincipal => "foreign-principal",
            Self::OrganizationalUnit => "ou",
            Self::Container => "container",
            Self::Domain => "domain",
            Self::Gpo => "gpo",
            Self::KdsRootKey => "kds-root-key",
            Self::PasswordSettings => "password-settings",
            Self::Trust => "trust",
            Self::CrossRef => "cross-ref",
            Self::Other => "other",
        }
    }

    /// User, computer or managed service account: something that logs on.
    pub(crate) fn is_principal(self) -> bool {
        matches!(
            self,
            Self::Gmsa | Self::Smsa | Self::Dmsa | Self::Computer | Self::User
        )
    }

    /// One of the three managed service accounts.
    pub(crate) fn is_managed(self) -> bool {
        matches!(self, Self::Gmsa | Self::Smsa | Self::Dmsa)
    }

    /// The managed accounts are tested before `computer`, from which they all derive.
    fn of(classes: &str) -> Self {
        const ORDER: &[(&str, Kind)] = &[
            ("msDS-GroupManagedServiceAccount", Kind::Gmsa),
            ("msDS-DelegatedManagedServiceAccount", Kind::Dmsa),
            ("msDS-ManagedServiceAccount", Kind::Smsa),
            ("computer", Kind::Computer),
            ("user", Kind::User),
            ("group", Kind::Group),
            ("foreignSecurityPrincipal", Kind::ForeignPrincipal),
            ("organizationalUnit", Kind::OrganizationalUnit),
            ("domainDNS", Kind::Domain),
            ("groupPolicyContainer", Kind::Gpo),
            ("msKds-ProvRootKey", Kind::KdsRootKey),
            ("msDS-PasswordSettings", Kind::PasswordSettings),
            ("trustedDomain", Kind::Trust),
            ("crossRef", Kind::CrossRef),
            ("container", Kind::Container),
            ("builtinDomain", Kind::Container),
            ("lostAndFound", Kind::Container),
            // Below it too lie accounts: organizationalPerson names it as a superior.
            ("organization", Kind::Container),
        ];
        let has = |name: &str| {
            classes
                .split('\n')
                .any(|class| class.eq_ignore_ascii_case(name))
        };
        ORDER
            .iter()
            .find(|(class, _)| has(class))
            .map_or(Self::Other, |(_, kind)| *kind)
    }
}

/// Facts whose absence may mean "not readable", by the attribute that rule pages name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Descriptor,
    UserAccountControl,
    PwdLastSet,
    Readers,
    /// Absent is nobody; only one that cannot be decoded whole is not known.
    AllowedToAct,
    PasswordId,
    PasswordAttribute,
}

impl Fact {
    /// By lDAPDisplayName.
    pub(crate) fn named(attribute: &str) -> Option<Self> {
        Some(match attribute {
            "nTSecurityDescriptor" => Self::Descriptor,
            "userAccountControl" => Self::UserAccountControl,
            "pwdLastSet" => Self::PwdLastSet,
            "msDS-GroupMSAMembership" => Self::Readers,
            "msDS-AllowedToActOnBehalfOfOtherIdentity" => Self::AllowedToAct,
            "msDS-ManagedPasswordId" => Self::PasswordId,
            // One name for all that the query users-with-password asks about.
            "userPassword" => Self::PasswordAttribute,
            _ => return None,
        })
    }
}

/// objectClass lists, each kept once: a hundred thousand objects have a dozen.
#[derive(Debug, Default)]
pub(super) struct ClassLists(HashSet<Arc<str>>);

impl ClassLists {
    fn shared(&mut self, list: &str) -> Arc<str> {
        if let Some(known) = self.0.get(list) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(list);
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Flags of userAccountControl of which the whole value is not known (MS-ADTS 2.2.16).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KnownFlags {
    /// Which are known.
    pub(crate) mask: i64,
    /// Which of these are set.
    pub(crate) value: i64,
}

impl KnownFlags {
    /// What both know together; where they contradict each other, nothing is known.
    pub(super) fn and(self, other: Self) -> Self {
        let contradicting = self.mask & other.mask & (self.value ^ other.value);
        let mask = (self.mask | other.mask) & !contradicting;
        Self {
            mask,
            value: (self.value | other.value) & mask,
        }
    }
}

/// One directory object. Times are FILETIME ticks; descriptors are ids of [`super::Descriptors`].
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) id: i64,
    pub(crate) dn: String,
    pub(crate) kind: Kind,
    /// objectClass, one a line, from `top` down.
    pub(crate) classes: Arc<str>,
    pub(crate) guid: Option<Guid>,
    pub(crate) sid: Option<Sid>,
    pub(crate) name: Option<String>,
    pub(crate) sam_account_name: Option<String>,
    pub(crate) descriptor: Option<i64>,
    pub(crate) created: Option<i64>,
    pub(crate) description: Option<String>,
    pub(crate) admin_count: Option<i64>,
    pub(crate) user_account_control: Option<i64>,
    /// Where `user_account_control` is `None`: what an export says of single flags.
    pub(crate) known_flags: KnownFlags,
    pub(crate) spns: Vec<String>,
    pub(crate) primary_group_id: Option<i64>,
    pub(crate) password_set: Option<i64>,
    pub(crate) last_logon: Option<i64>,
    pub(crate) host_name: Option<String>,
    pub(crate) operating_system: Option<String>,
    pub(crate) encryption_types: Option<i64>,
    pub(crate) delegates_to: Vec<String>,
    pub(crate) allowed_to_act: Option<i64>,
    pub(crate) script_path: Option<String>,
    pub(crate) info: Option<String>,
    pub(crate) mail: Option<String>,
    pub(crate) employee_id: Option<String>,
    pub(crate) superseded_state: Option<i64>,
    pub(crate) readers: Option<i64>,
    pub(crate) password_id: Option<Vec<u8>>,
    pub(crate) password_interval: Option<i64>,
    pub(crate) dmsa_state: Option<i64>,
    pub(crate) group_type: Option<i64>,
    pub(crate) user_principal_name: Option<String>,
    pub(crate) policy_links: Option<String>,
    pub(crate) policy_options: Option<i64>,
    pub(crate) operating_system_version: Option<String>,
    pub(crate) previous_password_id: Option<Vec<u8>>,
    pub(crate) comment: Option<String>,
    pub(crate) admin_description: Option<String>,
    pub(crate) logon_count: Option<i64>,
    pub(crate) user_workstations: Option<String>,
    /// msDS-AdditionalDnsHostName.
    pub(crate) host_aliases: Vec<String>,
    /// A password attribute of another system is set; `None` where no answer to that would prove anything.
    pub(crate) password_attribute: Option<bool>,
}

impl Object {
    /// With nothing but a place and classes.
    #[cfg(test)]
    pub(super) fn bare(id: i64, dn: &str, classes: &str) -> Self {
        Self {
            id,
            dn: dn.to_owned(),
            kind: Kind::of(classes),
            classes: Arc::from(classes),
            guid: None,
            sid: None,
            name: None,
            sam_account_name: None,
            descriptor: None,
            created: None,
            description: None,
            admin_count: None,
            user_account_control: None,
            known_flags: KnownFlags::default(),
            spns: Vec::new(),
            primary_group_id: None,
            password_set: None,
            last_logon: None,
            host_name: None,
            operating_system: None,
            encryption_types: None,
            delegates_to: Vec::new(),
            allowed_to_act: None,
            script_path: None,
            info: None,
            mail: None,
            employee_id: None,
            superseded_state: None,
            readers: None,
            password_id: None,
            password_interval: None,
            dmsa_state: None,
            group_type: None,
            user_principal_name: None,
            policy_links: None,
            policy_options: None,
            operating_system_version: None,
            previous_password_id: None,
            comment: None,
            admin_description: None,
            logon_count: None,
            user_workstations: None,
            host_aliases: Vec::new(),
            password_attribute: None,
        }
    }

    /// From a row of `SELECT name.dn, object.id, COLUMNS…`.
    pub(super) fn read(row: &Row<'_>, lists: &mut ClassLists) -> rusqlite::Result<Self> {
        let classes = lists.shared(row.get_ref(3)?.as_str_or_null()?.unwrap_or_default());
        let sid: Option<Vec<u8>> = row.get(4)?;
        let guid: Option<Vec<u8>> = row.get(2)?;
        let created: Option<String> = row.get(8)?;
        let last_logon: Option<i64> = row.get(15)?;
        let last_logon_timestamp: Option<i64> = row.get(16)?;
        Ok(Self {
            dn: row.get(0)?,
            id: row.get(1)?,
            kind: Kind::of(&classes),
            classes,
            guid: guid.and_then(|bytes| Guid::from_bytes(&bytes)),
            sid: sid.and_then(|bytes| Sid::parse(&bytes).ok()),
            name: row.get(5)?,
            sam_account_name: row.get(6)?,
            descriptor: row.get(7)?,
            created: created.and_then(|text| time::filetime_of(&text)),
            description: row.get(9)?,
            admin_count: row.get(10)?,
            user_account_control: row.get(11)?,
            known_flags: KnownFlags::default(),
            spns: list(row.get(12)?),
            primary_group_id: row.get(13)?,
            password_set: row.get(14)?,
            last_logon: last_logon.max(last_logon_timestamp),
            host_name: row.get(17)?,
            operating_system: row.get(18)?,
            encryption_types: row.get(19)?,
            delegates_to: list(row.get(20)?),
            allowed_to_act: row.get(21)?,
            script_path: row.get(22)?,
            info: row.get(23)?,
            mail: row.get(24)?,
            employee_id: row.get(25)?,
            superseded_state: row.get(26)?,
            readers: row.get(27)?,
            password_id: row.get(28)?,
            password_interval: row.get(29)?,
            dmsa_state: row.get(30)?,
            group_type: row.get(31)?,
            user_principal_name: row.get(32)?,
            policy_links: row.get(33)?,
            policy_options: row.get(34)?,
            operating_system_version: row.get(35)?,
            previous_password_id: row.get(36)?,
            comment: row.get(37)?,
            admin_description: row.get(38)?,
            logon_count: row.get(39)?,
            user_workstations: row.get(40)?,
            host_aliases: list(row.get(41)?),
            password_attribute: None,
        })
    }

    /// True if the object came with the fact.
    pub(crate) fn shows(&self, fact: Fact) -> bool {
        match fact {
            Fact::Descriptor => self.descriptor.is_some(),
            Fact::UserAccountControl => self.user_account_control.is_some(),
            Fact::PwdLastSet => self.password_set.is_some(),
            Fact::Readers => self.readers.is_some(),
            Fact::AllowedToAct => true,
            // One that cannot be decoded tells neither key nor epoch.
            Fact::PasswordId => self
                .password_id
                .as_deref()
                .is_some_and(|bytes| ManagedPasswordId::decode(bytes).is_ok()),
            Fact::PasswordAttribute => self.password_attribute.is_some(),
        }
    }

    /// sAMAccountName, else name, else the DN.
    pub(crate) fn display_name(&self) -> &str {
        self.sam_account_name
            .as_deref()
            .or(self.name.as_deref())
            .unwrap_or(&self.dn)
    }

    /// A flag of userAccountControl (MS-ADTS 2.2.16); `None` if it is not readable.
    pub(crate) fn has_flag(&self, flag: i64) -> Option<bool> {
        let KnownFlags { mask, value } = self.known_flags;
        match self.user_account_control {
            Some(flags) => Some(flags & flag != 0),
            None => (mask & flag == flag).then_some(value & flag != 0),
        }
    }

    /// ADS_UF_TRUSTED_FOR_DELEGATION: unconstrained delegation.
    pub(crate) fn is_trusted_for_delegation(&self) -> Option<bool> {
        self.has_flag(0x8_0000)
    }

    /// ADS_UF_ACCOUNT_DISABLE is not set.
    pub(crate) fn enabled(&self) -> Option<bool> {
        self.has_flag(0x2).map(|disabled| !disabled)
    }

    /// The later of the last logon and the last password change, in FILETIME ticks.
    pub(crate) fn last_seen(&self) -> Option<i64> {
        self.last_logon
            .max(self.password_set)
            .filter(|ticks| *ticks > 0)
    }

    /// gMSA, sMSA, dMSA, or user with an SPN. krbtgt has one and runs no service of ours.
    pub(crate) fn is_service_account(&self) -> bool {
        let krbtgt = self.sid.as_ref().and_then(Sid::rid) == Some(502);
        self.kind.is_managed() || (self.kind == Kind::User && !self.spns.is_empty() && !krbtgt)
    }
}

fn list(joined: Option<String>) -> Vec<String> {
    joined
        .map(|text| text.split('\n').map(str::to_owned).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_id_is_shown_if_it_can_be_decoded() {
        let mut object = Object::bare(1, "CN=gmsa", "top\nmsDS-GroupManagedServiceAccount");
        object.password_id = Some(vec![1, 0, 0, 0]);
        assert!(!object.shows(Fact::PasswordId));
    }

    #[test]
    fn a_flag_is_known_by_itself() {
        let mut object = Object::bare(1, "CN=u", "top\nuser");
        assert_eq!(object.enabled(), None);
        let known = |mask, value| KnownFlags { mask, value };
        object.known_flags = known(0x1_0002, 0x1_0000);
        assert_eq!(object.enabled(), Some(true));
        assert_eq!(object.has_flag(0x1_0000), Some(true));
        assert_eq!(object.has_flag(0x20), None);
        assert!(!object.shows(Fact::UserAccountControl));
        object.user_account_control = Some(0x2);
        assert_eq!(object.enabled(), Some(false), "the value outweighs it");
        assert_eq!(known(3, 1).and(known(6, 4)), known(7, 5));
        assert_eq!(
            known(3, 3).and(known(6, 4)),
            known(5, 5),
            "they contradict each other"
        );
    }

    #[test]
    fn managed_accounts_are_not_computers() {
        let chain = "top\nperson\norganizationalPerson\nuser\ncomputer";
        assert_eq!(Kind::of(chain), Kind::Computer);
        assert_eq!(
            Kind::of(&format!("{chain}\nmsDS-DelegatedManagedServiceAccount")),
            Kind::Dmsa
        );
        assert_eq!(
            Kind::of("top\nperson\norganizationalPerson\nuser"),
            Kind::User
        );
        assert_eq!(Kind::of("top\ncontainer\ngroupPolicyContainer"), Kind::Gpo);
        assert_eq!(Kind::of(""), Kind::Other);
    }
}
