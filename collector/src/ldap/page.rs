//! One page of a paged search, as it came.
//!
//! Deliberately holds no more than a page: what is read is written before the next page is asked for.

use super::entry::Decoded;

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Entries; some may lack the rest of a ranged attribute.
    pub(crate) entries: Vec<Decoded>,
    /// Entries after which the server is no longer believed.
    pub(crate) limit: usize,
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

/// Entries of a search that has one answer.
const FEW: usize = 16;

impl Default for Page {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            limit: FEW,
            references: 0,
            malformed: 0,
            result_code: None,
            text: String::new(),
            cookie: Vec::new(),
            connection_lost: false,
        }
    }
}
