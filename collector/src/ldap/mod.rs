//! The LDAP side: connecting, one page at a time, ranges, and errors as sentences.
//!
//! Deliberately does not use `SearchEntry` of ldap3, which splits attributes into text and binary by
//! guessing and panics on odd input: entries are decoded here from the raw result.

mod connection;
mod control;
mod entry;
pub(crate) mod failure;
mod page;
mod range;

pub(crate) use connection::{Connection, Search};
pub(crate) use failure::Failure;
