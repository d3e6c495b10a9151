//! A snapshot in memory: objects, links, descriptors, schema and the ledger, decoded once.
//!
//! Owns the way from columns to typed values. Deliberately does not judge, and keeps *not readable* apart
//! from *not set*: both are `None`, but [`Object::shows`] and the ledger tell which.

mod claims;
mod class;
mod descriptor;
mod detail;
mod directory;
mod exports;
mod group_policy;
mod lookup;
mod object;
mod requester;
mod schema;
mod silo;
mod time;
mod withheld;

#[cfg(test)]
pub(crate) use claims::ClaimedRight;
pub(crate) use class::{ClassView, Classes};
pub(crate) use descriptor::Descriptors;
pub(crate) use detail::{CrossRef, DomainFacts, KdsKey, PasswordPolicy, Trust};
#[cfg(test)]
pub(crate) use directory::made;
pub(crate) use directory::{Defect, Directory, PRINCIPALS, parent_dn};
pub(crate) use group_policy::{GroupPolicies, policy_links};
pub(crate) use lookup::Found;
pub(crate) use object::{Fact, Kind, Object};
pub(crate) use requester::Requester;
pub(crate) use schema::{Schema, well_known_guid};
pub(crate) use time::{Clock, PRECISION, filetime_of};
