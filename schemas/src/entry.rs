//! One directory object as a source delivers it, and the stream a source is.
//!
//! Owns the shape of raw data on its way into a snapshot, whatever it came from (a live directory,
//! a fixture, a customer's export). Deliberately does not decode a value.

use std::sync::Arc;

use crate::ledger::{PartitionOutcome, PartitionPlan, QueryOutcome, QueryPlan};

/// One directory object: its DN and the values the directory returned, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Distinguished name as the directory spells it (RFC 4514 text).
    pub dn: String,
    /// Attributes in the order of arrival.
    pub attributes: Vec<RawAttribute>,
}

/// All values of one attribute of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAttribute {
    /// lDAPDisplayName without options (`member`, not `member;range=0-1499`). Shared: a source has few names and many
    /// objects.
    pub name: Arc<str>,
    /// Raw LDAP attribute values (RFC 4511, section 4.1.5), in order of arrival.
    pub values: Vec<Vec<u8>>,
    /// False where the source knows that values are missing: a range that could not be read to its end, or a value that
    /// could not be read. There may be none at all then.
    pub complete: bool,
    /// The directory's values may be more by less than this (ticks of 100 ns): an export rounded them down. 0: exact.
    pub step: i64,
}

impl Entry {
    /// The values of `name` (compared without case, RFC 4512 section 2.5), if the attribute is there.
    pub fn values(&self, name: &str) -> Option<&[Vec<u8>]> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
            .map(|attribute| attribute.values.as_slice())
    }
}

impl RawAttribute {
    /// An attribute with all its values.
    pub fn new(name: impl Into<Arc<str>>, values: Vec<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            values,
            complete: true,
            step: 0,
        }
    }
}

impl Entry {
    /// Notes that values of `name` were there and could not be read.
    pub fn lacks(&mut self, name: &str) {
        let there = |one: &&mut RawAttribute| one.name.eq_ignore_ascii_case(name);
        match self.attributes.iter_mut().find(there) {
            Some(attribute) => attribute.complete = false,
            None => self.attributes.push(RawAttribute {
                complete: false,
                ..RawAttribute::new(name, Vec::new())
            }),
        }
    }
}

/// What a source says next.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The root DSE (RFC 4512, section 5.1), once, before anything else.
    RootDse(Vec<RawAttribute>),
    /// A query begins; the entries that follow belong to it.
    QueryStarted(QueryPlan),
    /// An object of the query that began last.
    Entry(Entry),
    /// A part of the query that began last is asked; the entries that follow belong to it.
    PartitionStarted(PartitionPlan),
    /// The part that began last has ended, well or badly. What it brought stays, whatever happens later.
    PartitionEnded(PartitionOutcome),
    /// The part that began last is asked again from its start: what it brought so far is forgotten.
    PartitionAbandoned,
    /// The query that began last is asked again from its start, of another server: all that it brought is forgotten.
    QueryAbandoned,
    /// Objects of other queries follow, and the query that is open goes on later: for sources whose order is not theirs to
    /// choose.
    QueryLeft,
    /// The query of this name, which began and was left, goes on.
    QueryResumed(String),
    /// The query that began last has ended, well or badly.
    QueryEnded(QueryOutcome),
}

/// Where objects come from. A source is pulled, so the reader sets the pace and memory stays bounded.
pub trait Source {
    /// What cannot be told in a [`QueryOutcome`]: the stream itself broke.
    type Error;

    /// The next event, or `None` at the end.
    ///
    /// # Errors
    /// Only for what ends the whole stream. A query that failed is a [`QueryOutcome`], not an error.
    fn next_event(&mut self) -> Result<Option<Event>, Self::Error>;
}
