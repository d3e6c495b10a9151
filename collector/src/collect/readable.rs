//! Names that stay readable under pseudonyms: the domain's own well-known groups and containers, however they are called.
//!
//! Owns asking for them. Deliberately leaves out computers, trusts and users: their names are the customer's.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use coldcase_schemas::plan::Scope;

use crate::ldap::{Connection, Search};
use crate::reader::first_text;

/// Groups and containers that Windows itself made (MS-ADA1 2.312).
const WELL_KNOWN: &str = "(&(isCriticalSystemObject=TRUE)\
    (|(objectClass=group)(objectClass=container)(objectClass=organizationalUnit)(objectClass=builtinDomain)))";
const PAGE: u32 = 500;
/// Pages after which a server is no longer believed.
const PAGES: u32 = 100;
/// More than any version of Windows makes.
const LIMIT: usize = 5_000;

/// Asks for the names.
pub(super) fn names(connection: &mut Connection, domain: &str) -> Result<BTreeSet<String>> {
    let search = Search {
        base: domain,
        scope: Scope::Subtree,
        filter: WELL_KNOWN,
        attributes: &["name", "sAMAccountName"],
        optional: false,
    };
    let mut names = BTreeSet::new();
    let mut cookie = Vec::new();
    for _ in 0..PAGES {
        let page = connection.page(&search, PAGE, cookie);
        if page.result_code != Some(0) {
            bail!(
                "the well-known groups, whose names stay readable, cannot be read: {}",
                page.text
            );
        }
        for decoded in &page.entries {
            for attribute in ["name", "sAMAccountName"] {
                names.extend(first_text(&decoded.entry.attributes, attribute));
            }
        }
        if page.cookie.is_empty() || names.len() > LIMIT {
            return Ok(names);
        }
        cookie = page.cookie;
    }
    bail!(
        "the server did not come to an end with the well-known groups, whose names stay readable"
    );
}
