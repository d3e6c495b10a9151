//! What the control graph does not see, because the snapshot does not hold it.
//!
//! Deliberately guesses nothing from it: no way seen is then not the same as no way.

use serde::Serialize;

use crate::frames::Analysis;
use crate::load::Object;

/// Queries whose objects are nodes or carry what edges are made of.
const QUERIES: &[&str] = &[
    "domain",
    "service-accounts",
    "users",
    "computers",
    "groups",
    "foreign-principals",
    "containers",
    "gpos",
    "kds-root-keys",
];

/// Reasons why ways may be missing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unseen {
    /// Objects whose permissions were not readable or are malformed.
    pub(crate) permissions: usize,
    /// Accounts whose readers, or whose list of who may act for users, are malformed.
    pub(crate) attributes: usize,
    /// Queries that were not asked or did not come to their end.
    pub(crate) queries: Vec<&'static str>,
    /// Lists of values that were cut short, such as the members of a group.
    pub(crate) cut_short: i64,
}

impl Unseen {
    /// Of one snapshot.
    pub(crate) fn of(analysis: &Analysis) -> Self {
        let directory = &analysis.directory;
        let broken = |id: Option<i64>| id.is_some_and(|id| directory.descriptors.is_broken(id));
        let malformed = |object: &&Object| broken(object.readers) || broken(object.allowed_to_act);
        let incomplete = |name: &&&str| {
            directory
                .query(name)
                .is_none_or(|query| !query.is_complete())
        };
        Self {
            permissions: analysis.controls().not_evaluated,
            attributes: directory.objects.iter().filter(malformed).count(),
            queries: QUERIES.iter().filter(incomplete).copied().collect(),
            cut_short: directory.cut_short.iter().map(|list| list.objects).sum(),
        }
    }

    /// A sentence for each reason; none if everything was seen.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.permissions > 0 {
            sentences.push(format!(
                "{} objects whose permissions were not readable or are malformed",
                self.permissions
            ));
        }
        if self.attributes > 0 {
            sentences.push(format!(
                "{} accounts whose readers, or whose list of who may act for users, are malformed",
                self.attributes
            ));
        }
        if !self.queries.is_empty() {
            sentences.push(format!(
                "what was not collected, or not to its end ({})",
                self.queries.join(", ")
            ));
        }
        if self.cut_short > 0 {
            sentences.push(format!(
                "{} lists of values that were cut short, such as members of groups",
                self.cut_short
            ));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::made::Made;

    #[test]
    fn nothing_is_hidden() {
        let mut made = Made::new();
        let broken = made.bytes(vec![1, 2, 3]);
        let account = made.principal(
            "msDS-GroupManagedServiceAccount",
            "gmsa",
            "DC=corp,DC=example",
            1_200,
        );
        if let Some(object) = made.objects.get_mut(account) {
            object.readers = Some(broken);
            object.descriptor = Some(broken);
        }
        let analysis = Analysis::new(made.directory());
        let unseen = Unseen::of(&analysis);
        assert_eq!(unseen.attributes, 1);
        assert!(unseen.permissions >= 1);
        assert_eq!(unseen.queries, QUERIES);
        assert_eq!(unseen.sentences().len(), 3);
    }
}
