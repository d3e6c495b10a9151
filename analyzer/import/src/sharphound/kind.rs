//! What a file holds: `meta`, and the kinds of rows.
//!
//! Owns the names of the kinds, the classes that stand for them and the bits of the collection methods. Deliberately does
//! not read a row.

use serde::Deserialize;

/// `meta` of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Meta {
    /// Kind of the rows.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Version of the format.
    pub(super) version: i64,
    /// Rows, as the exporter counted them.
    #[serde(default)]
    pub(super) count: Option<i64>,
    /// What SharpHound collected; 0 or missing elsewhere.
    #[serde(default)]
    pub(super) methods: Option<i64>,
}

/// What was collected, of the enumeration `CollectionMethod` of SharpHoundCommon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Methods(pub(super) i64);

impl Methods {
    const GROUP: i64 = 0x1;
    const ACL: i64 = 0x40;
    const OBJECT_PROPS: i64 = 0x200;

    /// Of a file that could not be read to its end, where this is said.
    pub(super) const LOST: Self = Self(i64::MIN);

    /// True for SharpHound itself. Others write 0 or nothing.
    pub(super) fn known(self) -> bool {
        self.0 != 0 && self != Self::LOST
    }
    /// True for the others, of which all write times of creation in UTC.
    pub(super) fn said_nothing(self) -> bool {
        self.0 == 0
    }
    fn has(self, bit: i64) -> bool {
        !self.known() || self.0 & bit != 0
    }
    /// Members and primary groups may be there.
    pub(super) fn groups(self) -> bool {
        self.has(Self::GROUP)
    }
    /// Rights may be there.
    pub(super) fn rights(self) -> bool {
        self.has(Self::ACL)
    }
    /// Properties may be there.
    pub(super) fn properties(self) -> bool {
        self.has(Self::OBJECT_PROPS)
    }
    /// DumpSMSAPassword is filled: only SharpHound does.
    pub(super) fn hosts(self) -> bool {
        self.known() && self.properties()
    }
}

/// Kind of the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the exporters' own names")]
pub enum Kind {
    Users,
    Computers,
    Groups,
    Domains,
    Ous,
    Gpos,
    Containers,
    AiaCas,
    RootCas,
    EnterpriseCas,
    NtAuthStores,
    CertTemplates,
    IssuancePolicies,
}

impl Kind {
    /// All of them, in the order of the variants.
    pub const ALL: [Self; 13] = [
        Self::Users,
        Self::Computers,
        Self::Groups,
        Self::Domains,
        Self::Ous,
        Self::Gpos,
        Self::Containers,
        Self::AiaCas,
        Self::RootCas,
        Self::EnterpriseCas,
        Self::NtAuthStores,
        Self::CertTemplates,
        Self::IssuancePolicies,
    ];

    /// As `meta.type` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Computers => "computers",
            Self::Groups => "groups",
            Self::Domains => "domains",
            Self::Ous => "ous",
            Self::Gpos => "gpos",
            Self::Containers => "containers",
            Self::AiaCas => "aiacas",
            Self::RootCas => "rootcas",
            Self::EnterpriseCas => "enterprisecas",
            Self::NtAuthStores => "ntauthstores",
            Self::CertTemplates => "certtemplates",
            Self::IssuancePolicies => "issuancepolicies",
        }
    }

    /// The kind of that name, in any case.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }

    /// The kind that a file's name ends with: `20240305110018_users.json`.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let stem = name.strip_suffix(".json")?;
        Self::of(stem.rsplit(['_', '/', '\\']).next()?)
    }

    /// True for what has a SID.
    pub(super) fn is_principal(self) -> bool {
        matches!(
            self,
            Self::Users | Self::Computers | Self::Groups | Self::Domains
        )
    }

    /// objectClass of such an object: the superclasses and the class that the exporter asked for. A class below it is not
    /// said.
    pub(super) fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Users => USER,
            Self::Computers => COMPUTER,
            Self::Groups => &["top", "group"],
            Self::Domains => &["top", "domain", "domainDNS"],
            Self::Ous => &["top", "organizationalUnit"],
            Self::Gpos => &["top", "container", "groupPolicyContainer"],
            Self::Containers => &["top", "container"],
            Self::AiaCas | Self::RootCas | Self::NtAuthStores => &["top", "certificationAuthority"],
            Self::EnterpriseCas => &["top", "pKIEnrollmentService"],
            Self::CertTemplates => &["top", "pKICertificateTemplate"],
            Self::IssuancePolicies => &["top", "msPKI-Enterprise-Oid"],
        }
    }
}

const USER: &[&str] = &["top", "person", "organizationalPerson", "user"];
const COMPUTER: &[&str] = &["top", "person", "organizationalPerson", "user", "computer"];

/// objectClass of a group managed service account (MS-ADSC 2.161).
pub(super) const GMSA: &[&str] = &[
    "top",
    "person",
    "organizationalPerson",
    "user",
    "computer",
    "msDS-GroupManagedServiceAccount",
];
/// objectClass of a standalone managed service account (MS-ADSC 2.165).
pub(super) const SMSA: &[&str] = &[
    "top",
    "person",
    "organizationalPerson",
    "user",
    "computer",
    "msDS-ManagedServiceAccount",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(&kind.as_str().to_uppercase()), Some(kind));
        }
        assert_eq!(
            Kind::of_file("2024_CORP.LOCAL_NTAuthStores.JSON"),
            Some(Kind::NtAuthStores)
        );
        assert_eq!(Kind::of_file("users.json"), Some(Kind::Users));
        assert_eq!(Kind::of_file("a/computers.json"), Some(Kind::Computers));
        assert_eq!(Kind::of_file("users"), None);
        assert_eq!(Kind::of_file("xusers.json"), None);
    }

    #[test]
    fn methods() {
        assert!(Methods(0).rights() && Methods(0).properties() && !Methods(0).hosts());
        assert!(!Methods::LOST.known() && !Methods::LOST.said_nothing() && Methods::LOST.rights());
        assert!(!Methods(0x1).rights() && Methods(0x1).groups() && !Methods(0x1).properties());
        assert!(Methods(521_215).rights() && Methods(521_215).hosts() && Methods(521_215).groups());
    }
}
