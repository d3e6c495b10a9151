//! What the control graph does not see, because the snapshot does not hold it.
//!
//! Deliberately guesses nothing from it: no way seen is then not the same as no way.

use coldcase_winsec::access::is_by_logon;
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
    "schema-classes",
    "schema-attributes",
];

const PRINCIPALS: &[&str] = &["service-accounts", "users", "computers"];

/// Attributes that edges are made of, and the queries whose objects have them.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "nTSecurityDescriptor",
        &[
            "domain",
            "service-accounts",
            "users",
            "computers",
            "groups",
            "containers",
            "gpos",
        ],
    ),
    ("member", &["groups"]),
    ("primaryGroupID", PRINCIPALS),
    (
        "sIDHistory",
        &["service-accounts", "users", "computers", "groups"],
    ),
    ("userAccountControl", PRINCIPALS),
    ("servicePrincipalName", PRINCIPALS),
    ("msDS-AllowedToDelegateTo", PRINCIPALS),
    ("msDS-AllowedToActOnBehalfOfOtherIdentity", PRINCIPALS),
    ("msDS-HostServiceAccount", &["computers"]),
    ("msDS-GroupMSAMembership", &["service-accounts"]),
    ("msDS-ManagedPasswordId", &["service-accounts"]),
    ("msDS-ManagedAccountPrecededByLink", &["service-accounts"]),
    ("gPLink", &["domain", "containers"]),
];

/// Those of them that make tokens.
const OF_TOKENS: &[&str] = &["member", "primaryGroupID", "sIDHistory"];

/// Reasons why ways may be missing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unseen {
    /// Objects whose permissions were not readable or are malformed.
    pub(crate) permissions: usize,
    /// Accounts whose readers, or whose list of who may act for users, are malformed.
    pub(crate) attributes: usize,
    /// Queries that were not asked or did not come to their end.
    pub(crate) queries: Vec<&'static str>,
    /// Kinds that default permissions hide from ordinary users, and that the collector may not have seen.
    pub(crate) hidden: Vec<&'static str>,
    /// Lists of values that were cut short, such as the members of a group.
    pub(crate) cut_short: i64,
    /// Attributes that edges are made of and that were not asked for or not shown, a clause each.
    pub(crate) withheld: Vec<String>,
    /// Groups that hold a way of logging on, such as NTLM Authentication: who is in them depends on the logon.
    pub(crate) by_logon: Vec<String>,
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
            hidden: ["dmsa", "kds-root-keys"]
                .into_iter()
                .filter(|kind| directory.may_hide(kind) == Some(true))
                .collect(),
            queries: QUERIES.iter().filter(incomplete).copied().collect(),
            cut_short: directory.cut_short.iter().map(|list| list.objects).sum(),
            withheld: ATTRIBUTES
                .iter()
                .filter_map(|(attribute, queries)| directory.hides(queries, attribute))
                .collect(),
            by_logon: by_logon(analysis),
        }
    }

    /// The sentences that concern who somebody is, not single objects.
    pub(crate) fn of_tokens(&self) -> Vec<String> {
        // Each clause begins with its attribute.
        let of_tokens = |why: &&String| {
            let mut names = OF_TOKENS.iter();
            names.any(|name| why.split(' ').next() == Some(name))
        };
        Self {
            permissions: 0,
            attributes: 0,
            withheld: self.withheld.iter().filter(of_tokens).cloned().collect(),
            ..self.clone()
        }
        .sentences()
    }

    /// Why there may be more service accounts than were seen, a clause each; none if there are not.
    pub(crate) fn of_accounts(analysis: &Analysis) -> Vec<String> {
        let directory = &analysis.directory;
        let mut why = Vec::new();
        if directory.may_hide("dmsa") == Some(true) {
            why.push("dMSAs are hidden from who collected".to_owned());
        }
        let complete = |name: &&str| {
            let row = directory.query(name);
            row.is_some_and(|row| row.is_complete())
        };
        if !["service-accounts", "users"].iter().all(complete) {
            why.push("not every query was asked or came to its end".to_owned());
        }
        why.extend(directory.hides(&["users"], "servicePrincipalName"));
        why
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
        if !self.hidden.is_empty() {
            sentences.push(format!(
                "what is hidden from ordinary users, and the collector may not have seen ({})",
                self.hidden.join(", ")
            ));
        }
        if self.cut_short > 0 {
            sentences.push(format!(
                "{} lists of values that were cut short, such as members of groups",
                self.cut_short
            ));
        }
        sentences.extend(self.withheld.iter().cloned());
        if !self.by_logon.is_empty() {
            sentences.push(format!(
                "who is in {} by the way of logging on, such as NTLM",
                self.by_logon.join(", ")
            ));
        }
        sentences
    }
}

fn by_logon(analysis: &Analysis) -> Vec<String> {
    let objects = analysis.directory.objects.iter().enumerate();
    let ways = objects.filter(|(_, object)| object.sid.as_ref().is_some_and(is_by_logon));
    let mut groups: Vec<String> = ways
        .flat_map(|(place, _)| analysis.memberships.groups(place))
        .filter_map(|(group, _)| analysis.object(*group))
        .map(|group| analysis.title(group))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
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
        assert_eq!(unseen.hidden, ["dmsa", "kds-root-keys"]);
        assert_eq!(unseen.sentences().len(), 4);
        assert_eq!(unseen.of_tokens().len(), 2);
    }

    #[test]
    fn ways_of_logging_on_as_members() {
        let mut made = Made::new();
        let group = made.principal("group", "Sales", "DC=corp,DC=example", 1_200);
        let ntlm = made.foreign("S-1-5-64-10");
        made.member(group, ntlm);
        let analysis = Analysis::new(made.directory());
        assert_eq!(Unseen::of(&analysis).by_logon, ["Sales"]);
    }
}
