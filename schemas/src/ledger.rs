//! The query ledger: what was asked, of whom, and whether the answer came to its end.
//!
//! It is what makes "not evaluated" and honest comparisons possible: an object that is not in a
//! snapshot is absent only if the query that would have brought it is complete.
//! Deliberately does not run a query.

use serde::{Deserialize, Serialize};

/// A query of the [plan](crate::plan) as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryPlan {
    /// Stable name that rules refer to, e.g. `service-accounts`.
    pub name: String,
    /// Search base (DN).
    pub base: String,
    /// `base`, `one` or `sub`.
    pub scope: String,
    /// LDAP filter (RFC 4515 text).
    pub filter: String,
    /// lDAPDisplayNames asked for.
    pub attributes: Vec<String>,
    /// Who was asked: host name or address, or the name of an export.
    pub server: String,
    /// When the query began, RFC 3339 UTC.
    pub started: String,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryOutcome {
    /// Pages received.
    pub pages: u64,
    /// Entries received.
    pub entries: u64,
    /// Search result references received (RFC 4511, section 4.5.3). They are counted, never chased.
    pub references: u64,
    /// LDAP result code of the last page (RFC 4511, appendix A); `None` where no result arrived.
    pub result_code: Option<u32>,
    /// Diagnostic text: the server's, or what broke.
    pub result_text: String,
    /// When the query ended, RFC 3339 UTC.
    pub ended: String,
    /// True only if the server said success (or, for a base that may be missing, noSuchObject)
    /// and there was no further page.
    pub complete: bool,
}

/// A part of a query: the objects of a range of uSNCreated, or all of them.
///
/// uSNCreated (MS-ADA3 2.330) is an indexed integer that never changes on a domain controller, and means nothing on another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionPlan {
    /// LDAP filter (RFC 4515 text), the bounds included.
    pub filter: String,
    /// First uSNCreated; `None` without a bound.
    pub first_usn: Option<i64>,
    /// Last uSNCreated; `None` without a bound.
    pub last_usn: Option<i64>,
    /// Who was asked.
    pub server: String,
    /// Which database the numbers belong to: invocationId of the server in hexadecimal, or the SHA-256 of its
    /// dsServiceName where that may not be read.
    pub database: String,
    /// When it was asked, RFC 3339 UTC.
    pub started: String,
}

/// How a part of a query ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionOutcome {
    /// How often it was asked until it ended.
    pub attempts: u32,
    /// As of a query.
    #[serde(flatten)]
    pub outcome: QueryOutcome,
}

/// One part of a query, as the snapshot has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// Name of the query.
    pub query: String,
    /// What was asked.
    pub plan: PartitionPlan,
    /// How it ended; `None` if the source broke off inside it.
    pub outcome: Option<PartitionOutcome>,
}

/// Why an attribute that was asked for came with no object of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// The schema has no such attribute.
    NotInSchema,
    /// The schema has it, objects of this class cannot hold it (allowedAttributes, MS-ADTS 3.1.1.4.5.6).
    NotInClass,
    /// No object of the class holds a value, as the server's own metadata show.
    NoValue,
    /// An object of the class holds a value, as the server's own metadata show (written once), and it did not come.
    NotReadable,
    /// The server does not tell which.
    Unknown,
}

impl Absence {
    /// As the snapshot spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotInSchema => "not-in-schema",
            Self::NotInClass => "not-in-class",
            Self::NoValue => "no-value",
            Self::NotReadable => "not-readable",
            Self::Unknown => "unknown",
        }
    }

    /// The inverse of [`Absence::as_str`].
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::NotInSchema,
            Self::NotInClass,
            Self::NoValue,
            Self::NotReadable,
            Self::Unknown,
        ]
        .into_iter()
        .find(|absence| absence.as_str() == name)
    }
}

/// An attribute that was asked for and came with no object of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRow {
    /// Name of the query.
    pub query: String,
    /// Most specific objectClass.
    pub class: String,
    /// lDAPDisplayName.
    pub attribute: String,
    /// Objects of the class that the query brought.
    pub objects: u64,
    /// Why it did not come.
    pub absence: Absence,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// What was asked.
    pub plan: QueryPlan,
    /// How it ended; `None` if the source broke off inside the query.
    pub outcome: Option<QueryOutcome>,
    /// Objects of this query that are in the snapshot (an object found twice is kept once).
    pub stored: u64,
}

impl LedgerRow {
    /// True if every object the query was to bring is there.
    pub fn is_complete(&self) -> bool {
        self.outcome
            .as_ref()
            .is_some_and(|outcome| outcome.complete)
    }
}
