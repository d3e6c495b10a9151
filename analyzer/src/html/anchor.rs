//! Where in the page an account's section is: the same place in every report on it.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{AccountRisk, Subject};
use sha2::{Digest, Sha256};

use crate::rules::hex;

/// Ids of the sections, by subject.
pub(super) struct Anchors<'a>(BTreeMap<&'a Subject, String>);

impl<'a> Anchors<'a> {
    /// An id for each account: objectGUID, else SID, else a hash of the DN.
    pub(super) fn of(accounts: &'a [AccountRisk]) -> Self {
        let mut taken = BTreeSet::new();
        let mut ids = BTreeMap::new();
        for account in accounts {
            let subject = &account.subject;
            let name = subject.object_guid.as_ref().or(subject.sid.as_ref());
            let name = name.cloned().unwrap_or_else(|| {
                let dn = subject.dn.as_deref().unwrap_or_default();
                hex(&Sha256::digest(dn.as_bytes()))
                    .chars()
                    .take(16)
                    .collect()
            });
            let mut id = format!("a-{name}");
            // No directory has a GUID twice; a file that somebody made may.
            while !taken.insert(id.clone()) {
                id.push('_');
            }
            ids.entry(subject).or_insert(id);
        }
        Self(ids)
    }

    /// The id of a subject's section; empty for one without a section, which no finding has.
    pub(super) fn to(&self, subject: &Subject) -> &str {
        self.0.get(subject).map_or("", String::as_str)
    }
}
