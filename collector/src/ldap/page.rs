//! One page of a paged search, as it came.
//!
//! Deliberately holds no more than a page: what is read is written before the next page is asked for.

use coldcase_schemas::Entry;

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Entries, ranges already joined.
    pub(crate) entries: Vec<Entry>,
    /// Search result references, counted and not chased.
    pub(crate) references: u64,
    /// Entries that could not be decoded.
    pub(crate) malformed: u64,
    /// LDAP result code (RFC 4511, appendix A); `None` if the connection broke before it.
    pub(crate) result_code: Option<u32>,
    /// What the server said, or what broke.
    pub(crate) text: String,
    /// Cookie of the next page; empty after the last.
    pub(crate) cookie: Vec<u8>,
    /// True if the connection can no longer be used.
    pub(crate) connection_lost: bool,
}
