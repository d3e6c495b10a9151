//! What was asked, as ldapsearch writes it into comments around the entries.
//!
//! Owns the queries of a file and whether each came to its end. Deliberately believes nothing that is not written there: a file
//! without such comments may hold anything or lack it.

use coldcase_schemas::plan::{Context, NamingContexts, Query};

use crate::naming::Named;

/// A query, by the comments of OpenLDAP's ldapsearch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) base: String,
    pub(super) scope: String,
    pub(super) filter: String,
    /// As it was typed; `ALL` for none.
    pub(super) requesting: String,
    /// Result of the last page, in words; `None` if there was none.
    pub(super) result: Option<String>,
    /// The last page said that more follow.
    pub(super) more: bool,
    /// Some entry that it brought has a security descriptor.
    pub(super) descriptors: bool,
    /// Entries of this page and those before it.
    pub(super) entries: u64,
    /// Filter of the page before, until that of this one is known.
    continues: Option<String>,
    /// Entries that the query had, by the comment at its end, and that are not in the file.
    missing: u64,
}

impl Asked {
    /// Takes a comment, without `#`; true if it begins a query.
    pub(super) fn begins(comment: &str) -> Option<Self> {
        let rest = comment.trim().strip_prefix("base <")?;
        // A base may hold `>`.
        let (base, scope) = rest.rsplit_once("> ")?;
        Some(Self {
            base: base.to_owned(),
            scope: scope
                .trim_start_matches("(default) ")
                .trim_start_matches("with scope ")
                .to_owned(),
            ..Self::default()
        })
    }

    /// Takes over what the page before told, if this is the next page of its query: ldapsearch writes its comments again at
    /// the head of each page, and counts the entries of all of them at the end.
    pub(super) fn follows(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before
            && before.more
            && (&before.base, &before.scope) == (&self.base, &self.scope)
        {
            self.entries = before.entries;
            self.descriptors = before.descriptors;
            self.continues = Some(before.filter.clone());
        }
        self
    }

    /// Takes another comment of the query.
    pub(super) fn comment(&mut self, comment: &str) {
        let comment = comment.trim();
        if let Some(filter) = comment.strip_prefix("filter: ") {
            filter.clone_into(&mut self.filter);
            if self.continues.take().is_some_and(|before| before != filter) {
                (self.entries, self.descriptors) = (0, false);
            }
        } else if let Some(requesting) = comment.strip_prefix("requesting: ") {
            requesting.trim().clone_into(&mut self.requesting);
        } else if let Some(count) = comment.strip_prefix("numEntries: ") {
            let count: u64 = count.trim().parse().unwrap_or(0);
            self.missing = count.saturating_sub(self.entries);
        }
    }

    /// True if the server said success after the last page.
    fn is_complete(&self) -> bool {
        !self.more
            && self.missing == 0
            && self
                .result
                .as_deref()
                .is_some_and(|result| result.split(' ').next() == Some("0"))
    }

    pub(super) fn asks_for_all(&self) -> bool {
        self.requesting.is_empty()
            || self
                .requesting
                .split_whitespace()
                .any(|name| name == "ALL" || name == "*")
    }

    /// Whether an attribute was asked for by its name.
    fn names(&self, attribute: &str) -> bool {
        let mut names = self.requesting.split_whitespace();
        names.any(|name| name.eq_ignore_ascii_case(attribute))
    }

    /// Whether the query would have brought all objects of one of the plan.
    fn covers(&self, query: &Query, contexts: &NamingContexts) -> bool {
        let wanted = query.base(contexts);
        let inside = Named::of(&self.base).context() == Some(query.context)
            && is_at_or_below(&wanted, &self.base)
            && (self.scope.starts_with("sub") || self.base.eq_ignore_ascii_case(&wanted));
        let scope =
            self.scope.starts_with("sub") || query.scope == coldcase_schemas::plan::Scope::Base;
        let plain = |filter: &str| filter.split_whitespace().collect::<String>().to_lowercase();
        let filter = plain(&self.filter);
        inside && scope && (filter == "(objectclass=*)" || filter == plain(query.filter))
    }
}

fn is_at_or_below(dn: &str, base: &str) -> bool {
    let Some(at) = dn.len().checked_sub(base.len()) else {
        return false;
    };
    dn.get(at..)
        .is_some_and(|end| end.eq_ignore_ascii_case(base))
        && (at == 0 || dn.get(..at).is_some_and(|before| before.ends_with(',')))
}

/// Attributes that come only if they are asked for by name: computed ones (MS-ADTS 3.1.1.4.5).
const BY_NAME: &[&str] = &["msDS-User-Account-Control-Computed"];

/// What the queries of a file say of one of the plan: attributes, and why something may be missing. `None` if none of them
/// covers it.
pub(super) fn answer(
    asked: &[Asked],
    query: &Query,
    contexts: &NamingContexts,
) -> Option<(Vec<&'static str>, Option<String>)> {
    let covering: Vec<&Asked> = asked
        .iter()
        .filter(|asked| asked.covers(query, contexts))
        .collect();
    let best = covering
        .iter()
        .find(|asked| asked.is_complete())
        .or_else(|| covering.first())?;
    let attributes = query
        .attributes()
        .into_iter()
        .filter(|name| {
            let shown_by_all = match *name {
                // A control that asks for descriptors leaves no trace but the descriptors.
                "nTSecurityDescriptor" => best.descriptors,
                name => !BY_NAME.contains(&name),
            };
            best.names(name) || (best.asks_for_all() && shown_by_all)
        })
        .collect();
    let partial = match (&best.result, best.is_complete()) {
        (_, true) => None,
        (None, _) => Some("nothing in the file says that the query came to its end".to_owned()),
        (Some(_), _) if best.more => {
            Some("the last page of the query is not in the file".to_owned())
        }
        (Some(_), _) if best.missing > 0 => Some(format!(
            "the query brought {} entries that are not in the file",
            best.missing
        )),
        (Some(result), _) => Some(format!("the query ended with {result}")),
    };
    Some((attributes, partial))
}

/// In which naming contexts something was asked at all, for what is said where nothing covers a query.
pub(super) fn touches(asked: &[Asked], context: Context) -> bool {
    asked
        .iter()
        .any(|asked| Named::of(&asked.base).context() == Some(context))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_schemas::plan::QUERIES;

    const DOMAIN: &str = "DC=corp,DC=example";

    fn asked(base: &str, filter: &str, requesting: &str) -> Asked {
        let mut asked = Asked::begins(&format!(" base <{base}> with scope subtree")).unwrap();
        asked.comment(&format!(" filter: {filter}"));
        asked.comment(&format!(" requesting: {requesting} "));
        asked.result = Some("0 Success".to_owned());
        asked
    }

    fn of(
        asked: Asked,
        query: &str,
        descriptors: bool,
    ) -> Option<(Vec<&'static str>, Option<String>)> {
        let contexts = NamingContexts {
            domain: DOMAIN.to_owned(),
            configuration: format!("CN=Configuration,{DOMAIN}"),
            schema: format!("CN=Schema,CN=Configuration,{DOMAIN}"),
        };
        let query = QUERIES.iter().find(|one| one.name == query).unwrap();
        let asked = Asked {
            descriptors,
            ..asked
        };
        answer(&[asked], query, &contexts)
    }

    #[test]
    fn a_dump_of_the_domain_answers_for_the_domain_only() {
        let dump = || asked(DOMAIN, "(objectClass=*)", "ALL");
        let (attributes, partial) = of(dump(), "users", false).unwrap();
        assert_eq!(partial, None);
        assert!(attributes.contains(&"servicePrincipalName"));
        assert!(
            !attributes.contains(&"nTSecurityDescriptor")
                && !attributes.contains(&"msDS-User-Account-Control-Computed")
        );
        assert!(
            of(dump(), "users", true)
                .unwrap()
                .0
                .contains(&"nTSecurityDescriptor")
        );
        assert_eq!(of(dump(), "cross-refs", false), None);
        assert_eq!(
            of(
                asked("CN=Users,DC=corp,DC=example", "(objectClass=*)", "ALL"),
                "users",
                false
            ),
            None
        );
        let mut one = dump();
        one.scope = "oneLevel".to_owned();
        assert_eq!(of(one, "users", false), None);
    }

    #[test]
    fn named_attributes_and_filters() {
        let filter = "(&(objectClass=user)(!(objectClass=computer)))";
        let (attributes, _) = of(
            asked(DOMAIN, filter, "cn objectSid ntsecuritydescriptor"),
            "users",
            false,
        )
        .unwrap();
        assert_eq!(attributes, ["objectSid", "nTSecurityDescriptor"]);
        assert_eq!(
            of(
                asked(DOMAIN, "(servicePrincipalName=*)", "ALL"),
                "users",
                false
            ),
            None
        );
        let both = asked(DOMAIN, "(objectClass=*)", "* nTSecurityDescriptor");
        assert!(
            of(both, "groups", false)
                .unwrap()
                .0
                .contains(&"nTSecurityDescriptor")
        );
    }

    #[test]
    fn a_query_that_did_not_end_is_partial() {
        let mut cut = asked(DOMAIN, "(objectClass=*)", "ALL");
        cut.result = None;
        assert!(
            of(cut.clone(), "users", false)
                .unwrap()
                .1
                .unwrap()
                .contains("came to its end")
        );
        cut.result = Some("4 Size limit exceeded".to_owned());
        assert!(
            of(cut.clone(), "users", false)
                .unwrap()
                .1
                .unwrap()
                .contains("Size limit")
        );
        cut.result = Some("0 Success".to_owned());
        cut.more = true;
        assert!(
            of(cut, "users", false)
                .unwrap()
                .1
                .unwrap()
                .contains("last page")
        );
    }

    #[test]
    fn entries_that_were_taken_out_are_missed() {
        let page = || asked(DOMAIN, "(objectClass=*)", "ALL");
        let mut first = page();
        (first.entries, first.more, first.descriptors) = (3, true, true);
        for (count, missing) in [(4, None), (6, Some("2 entries that are not in the file"))] {
            let mut last = page().follows(Some(&first));
            last.entries += 1;
            last.comment(&format!(" numEntries: {count}"));
            let descriptors = last.descriptors;
            let (attributes, why) = of(last, "users", descriptors).unwrap();
            assert!(
                attributes.contains(&"nTSecurityDescriptor"),
                "by the first page"
            );
            assert_eq!(why.is_some(), missing.is_some());
            let missing = missing.unwrap_or_default();
            assert!(why.unwrap_or_default().contains(missing));
        }
        let mut other = Asked::begins(&format!(" base <{DOMAIN}> with scope subtree")).unwrap();
        other = other.follows(Some(&first));
        other.comment(" filter: (objectClass=user)");
        assert_eq!(
            (other.entries, other.descriptors),
            (0, false),
            "another filter"
        );
        first.more = false;
        assert_eq!(page().follows(Some(&first)).entries, 0, "another query");
    }

    #[test]
    fn the_default_base_is_read() {
        let begun = Asked::begins(" base <DC=a> (default) with scope subtree").unwrap();
        assert_eq!(
            (begun.base.as_str(), begun.scope.as_str()),
            ("DC=a", "subtree")
        );
        assert_eq!(Asked::begins(" filter: x"), None);
    }
}
