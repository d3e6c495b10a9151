//! What is planted, as data a test can compare with what was collected. The contents are in `population.rs`.

use std::collections::BTreeSet;

use super::changes::Changes;
use super::rules::Expected;

/// The domain that is made unless a test wishes for another.
pub const BASE_DN: &str = "DC=corp,DC=example";
/// Its DNS name; the realm is the same in capitals.
pub const DNS_DOMAIN: &str = "corp.example";
/// The server's DNS name.
pub const HOST_NAME: &str = "dc1.corp.example";
/// The domain's SID.
pub const DOMAIN_SID: &str = "S-1-5-21-1004336348-1177238915-682003330";
/// The group with more members than one answer of a Windows server holds.
pub const BIG_GROUP: &str = "GG-Big";
/// How many members [`BIG_GROUP`] has; Windows gives at most 1,500 values at once.
pub const BIG_GROUP_MEMBERS: usize = 2_000;
/// The group of a large domain with more members than two answers of a Windows server hold.
pub const LARGE_GROUP: &str = "GG-Large";
/// How many members [`LARGE_GROUP`] has, if there are as many accounts.
pub const LARGE_GROUP_MEMBERS: usize = 3_000;
/// A member from a domain that does not exist here.
pub const FOREIGN_SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-1105";
/// The name of the KDS root key.
pub const KDS_ROOT_KEY: &str = "46e76a1c-8c1a-4f0e-9d3e-7a5b9c0d1e2f";
/// Its "secret". A snapshot that contains these bytes anywhere took what it must not take.
pub const KDS_ROOT_KEY_DATA: [u8; 64] =
    *b"coldcase-must-never-collect-this-coldcase-must-never-collect-it!";

/// The kinds of planted objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Group managed service account.
    Gmsa,
    /// Standalone managed service account.
    Smsa,
    /// Delegated managed service account.
    Dmsa,
    /// User, service account or person.
    User,
    /// Computer that is not a managed service account.
    Computer,
    /// Group.
    Group,
    /// Contact: only the big group's members.
    Contact,
    /// Stand-in for a principal of another domain.
    ForeignSecurityPrincipal,
    /// Organizational unit.
    OrganizationalUnit,
    /// Plain container.
    Container,
    /// Root key of the key distribution service.
    KdsRootKey,
    /// Configuration of the key distribution service.
    KdsConfiguration,
    /// Fine-grained password policy.
    PasswordSettings,
    /// Trust.
    TrustedDomain,
    /// What authentication policy silos lie in.
    AuthenticationSilos,
    /// Authentication policy silo.
    AuthenticationSilo,
}

impl Kind {
    /// The structural class, as written when the object is added.
    pub(super) fn object_class(self) -> &'static str {
        match self {
            Kind::Gmsa => "msDS-GroupManagedServiceAccount",
            Kind::Smsa => "msDS-ManagedServiceAccount",
            Kind::Dmsa => "msDS-DelegatedManagedServiceAccount",
            Kind::User => "user",
            Kind::Computer => "computer",
            Kind::Group => "group",
            Kind::Contact => "contact",
            Kind::ForeignSecurityPrincipal => "foreignSecurityPrincipal",
            Kind::OrganizationalUnit => "organizationalUnit",
            Kind::Container => "container",
            Kind::KdsRootKey => "msKds-ProvRootKey",
            Kind::KdsConfiguration => "msKds-ProvServerConfiguration",
            Kind::PasswordSettings => "msDS-PasswordSettings",
            Kind::TrustedDomain => "trustedDomain",
            Kind::AuthenticationSilos => "msDS-AuthNPolicySilos",
            Kind::AuthenticationSilo => "msDS-AuthNPolicySilo",
        }
    }
}

/// A value as it was planted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text. SIDs and security descriptors are text here (`S-1-…`, SDDL); Samba encodes them, not Coldcase.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Text(number.to_string())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(bytes)
    }
}

/// One planted object.
#[derive(Debug, Clone)]
pub struct PlantedObject {
    /// What it is.
    pub kind: Kind,
    /// `sAMAccountName` of an account or group, otherwise the value of the first part of the name.
    pub name: String,
    /// Distinguished name.
    pub dn: String,
    /// SID, for security principals.
    pub sid: Option<String>,
    /// Planted attributes besides the class, links included. The server adds many more.
    pub attributes: Vec<(&'static str, Vec<Value>)>,
    /// Set for accounts that someone can log on with.
    pub(super) password: Option<&'static str>,
}

impl PlantedObject {
    pub(super) fn new(kind: Kind, name: &str, dn: String) -> PlantedObject {
        PlantedObject {
            kind,
            name: name.to_owned(),
            dn,
            sid: None,
            attributes: Vec::new(),
            password: None,
        }
    }

    pub(super) fn with<V: Into<Value>>(self, name: &'static str, value: V) -> PlantedObject {
        self.with_all(name, vec![value])
    }

    pub(super) fn with_all<V: Into<Value>>(
        mut self,
        name: &'static str,
        values: Vec<V>,
    ) -> PlantedObject {
        self.attributes
            .push((name, values.into_iter().map(Into::into).collect()));
        self
    }

    /// The planted values of an attribute; empty if none was planted.
    pub fn values(&self, name: &str) -> &[Value] {
        let found = self
            .attributes
            .iter()
            .find(|(attribute, _)| attribute.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values.as_slice())
    }

    /// The first planted value of an attribute, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values(name).first() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// A value added to an object that every new domain has.
#[derive(Debug, Clone)]
pub struct Addition {
    /// The object.
    pub dn: String,
    /// The attribute.
    pub attribute: &'static str,
    /// The added value.
    pub value: String,
}

/// Everything that was planted.
#[derive(Debug, Clone, Default)]
pub struct Planted {
    /// The objects, in the order in which they were added.
    pub objects: Vec<PlantedObject>,
    /// What was added to other objects.
    pub additions: Vec<Addition>,
    /// What rules must find; empty in every other population than that of the rules.
    pub expected: Expected,
    /// What can be done to them, and what must be told of it; empty in every other population than that of changes.
    pub changes: Changes,
    /// LDIF that extends the schema, for the domain of another name too.
    pub(super) schema: String,
    /// Changes of permissions, as `samdb.py describe` reads them.
    pub(super) permissions: String,
    /// Values that only the system writes, as `past.py` reads them.
    pub(super) past: String,
}

impl Planted {
    /// The objects of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &PlantedObject> {
        self.objects
            .iter()
            .filter(move |object| object.kind == kind)
    }

    /// The names of one kind.
    pub fn names(&self, kind: Kind) -> BTreeSet<&str> {
        self.of(kind).map(|object| object.name.as_str()).collect()
    }

    /// The distinguished names of one kind.
    pub fn dns(&self, kind: Kind) -> BTreeSet<&str> {
        self.of(kind).map(|object| object.dn.as_str()).collect()
    }

    /// The object of that name (`gmsa-web$`, `svc-sql`, `GG-Web-Hosts`).
    pub fn object(&self, name: &str) -> Option<&PlantedObject> {
        self.objects
            .iter()
            .find(|object| object.name.eq_ignore_ascii_case(name))
    }
}
