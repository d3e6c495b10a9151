//! The entries of a DACL that count for one part of a right, by whom they name: asked for each of thousands of trustees.
//!
//! Deliberately decides nothing by itself: [`AccessList`] does, from the entries that are found here.

use std::collections::HashMap;

use coldcase_winsec::access::{AccessList, Decider, Decision, Entry, Outcome};

use super::prepared::Prepared;
use crate::graph::right::Part;
use crate::graph::token::{Holder, Token};

/// What counts for one part.
pub(super) struct Relevant<'a> {
    by_trustee: HashMap<Holder, Vec<&'a Entry>>,
    /// The owner holds it without an ACE; the right to change the DACL aside, which is a row of its own.
    owners: bool,
}

impl<'a> Relevant<'a> {
    /// For each of `parts`. The descriptor has a DACL.
    pub(super) fn of_all(prepared: &'a Prepared, parts: &'a [Part]) -> Vec<Self> {
        parts.iter().map(|part| Self::of(prepared, part)).collect()
    }

    fn of(prepared: &'a Prepared, part: &'a Part) -> Self {
        let mut by_trustee: HashMap<Holder, Vec<&Entry>> = HashMap::new();
        for entry in prepared.list.relevant(part.bit, &part.node) {
            if let Some(trustee) = prepared.trustee(entry) {
                by_trustee.entry(trustee).or_default().push(entry);
            }
        }
        Self {
            by_trustee,
            owners: prepared
                .list
                .implicit_owner_rights(true)
                .intersects(part.bit),
        }
    }

    /// What it decides for a token, which holds the owner or not.
    pub(super) fn decide(&self, token: &Token, owns: bool) -> Outcome {
        if owns && self.owners {
            let granted = Decision::Granted(Decider::Owner);
            return Outcome {
                least: granted,
                most: granted,
            };
        }
        let mut entries: Vec<&Entry> = if token.len() < self.by_trustee.len() {
            let named = token
                .iter()
                .filter_map(|holder| self.by_trustee.get(holder));
            named.flatten().copied().collect()
        } else {
            let named = self
                .by_trustee
                .iter()
                .filter(|(trustee, _)| token.contains(*trustee));
            named.flat_map(|(_, entries)| entries).copied().collect()
        };
        entries.sort_unstable_by_key(|entry| entry.position);
        AccessList::first_of(entries)
    }
}
