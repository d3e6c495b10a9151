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
