//! Whether an object is one that a query of the plan would have brought.
//!
//! Owns the LDAP filters (RFC 4515) that the plan uses: and, or, not, equality of objectClass, presence. Deliberately does
//! not run filters of others: nothing in an export is ever evaluated.

use coldcase_schemas::Entry;
use coldcase_schemas::plan::{Context, QUERIES, Query, Scope};

use crate::naming::Named;

/// A filter of the plan.
#[derive(Debug, PartialEq, Eq)]
enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Class(String),
    Present(String),
}

impl Filter {
    /// `None` if the text holds anything but what the plan uses.
    fn parse(text: &str) -> Option<Self> {
        let (filter, rest) = Self::parse_one(text.trim_start())?;
        rest.trim().is_empty().then_some(filter)
    }

    fn parse_one(text: &str) -> Option<(Self, &str)> {
        let inner = text.strip_prefix('(')?;
        let (filter, rest) = match inner.chars().next()? {
            '&' | '|' => {
                let (parts, rest) = Self::parse_list(inner.get(1..)?)?;
                let filter = if inner.starts_with('&') {
                    Self::And(parts)
                } else {
                    Self::Or(parts)
                };
                (filter, rest)
            }
            '!' => {
                let (part, rest) = Self::parse_one(inner.get(1..)?.trim_start())?;
                (Self::Not(Box::new(part)), rest)
            }
            _ => {
                let (item, _) = inner.split_once(')')?;
                let (attribute, value) = item.split_once('=')?;
                let filter = match (attribute, value) {
                    ("objectClass", "*") | (_, "*") => Self::Present(attribute.to_owned()),
                    ("objectClass", class) => Self::Class(class.to_owned()),
                    _ => return None,
                };
                (filter, inner.get(item.len()..)?)
            }
        };
        Some((filter, rest.trim_start().strip_prefix(')')?.trim_start()))
    }

    fn parse_list(mut text: &str) -> Option<(Vec<Self>, &str)> {
        let mut parts = Vec::new();
        text = text.trim_start();
        while text.starts_with('(') {
            let (part, rest) = Self::parse_one(text)?;
            parts.push(part);
            text = rest;
        }
        Some((parts, text))
    }

    fn matches(&self, entry: &Entry, classes: &[Vec<u8>]) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(entry, classes)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(entry, classes)),
            Self::Not(part) => !part.matches(entry, classes),
            Self::Class(class) => classes
                .iter()
                .any(|value| value.eq_ignore_ascii_case(class.as_bytes())),
            // Every object has a class, whether or not it may be read.
            Self::Present(attribute) if attribute == "objectClass" => true,
            Self::Present(attribute) => entry
                .values(attribute)
                .is_some_and(|values| !values.is_empty()),
        }
    }
}

/// The queries of the plan, ready to be held against objects.
#[derive(Debug)]
pub(crate) struct Plan {
    queries: Vec<(&'static Query, Filter)>,
}

impl Plan {
    /// Every query of a whole collection. One whose filter is beyond this module is left out; a test says there is none.
    pub(crate) fn new() -> Self {
        Self {
            queries: QUERIES
                .iter()
                .filter_map(|query| Some((query, Filter::parse(query.filter)?)))
                .collect(),
        }
    }

    /// The first query that would have brought the object, if there is one.
    pub(crate) fn query_of(&self, named: &Named<'_>, entry: &Entry) -> Option<&'static Query> {
        let classes = entry.values("objectClass").unwrap_or_default();
        // What shows no class matches no filter (MS-ADTS 3.1.1.4.3), and would match all that ask for none.
        if classes.is_empty() {
            return None;
        }
        self.queries
            .iter()
            .find(|(query, filter)| {
                reaches(query, named, classes) && filter.matches(entry, classes)
            })
            .map(|(query, _)| *query)
    }
}

fn reaches(query: &Query, named: &Named<'_>, classes: &[Vec<u8>]) -> bool {
    if named.context() != Some(query.context) {
        return false;
    }
    let below = named.below_head();
    let inside = match strip_suffix_ignoring_case(below, query.below) {
        Some("") => true,
        Some(rest) => {
            query.scope == Scope::Subtree && (query.below.is_empty() || rest.ends_with(','))
        }
        None => false,
    };
    // The head of a domain that is named like one and is none (an application partition) is not the domain's.
    let is_domain_head = query.context == Context::Domain && query.scope == Scope::Base;
    let class = |name: &str| {
        classes
            .iter()
            .any(|value| value.eq_ignore_ascii_case(name.as_bytes()))
    };
    inside && (!is_domain_head || class("domainDNS"))
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(suffix.len())?;
    let (rest, end) = (text.get(..at)?, text.get(at..)?);
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_schemas::RawAttribute;

    #[test]
    fn every_filter_of_the_plan_is_understood() {
        assert_eq!(Plan::new().queries.len(), QUERIES.len());
        assert_eq!(Filter::parse("(a>=1)"), None);
        assert_eq!(Filter::parse("(a=*)x"), None);
        assert_eq!(Filter::parse("(&(a=*)"), None);
    }

    fn query_of(dn: &str, attributes: &[(&str, &[&str])]) -> &'static str {
        let entry = Entry {
            dn: dn.to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, values)| {
                    let values = values
                        .iter()
                        .map(|value| value.as_bytes().to_vec())
                        .collect();
                    RawAttribute::new(*name, values)
                })
                .collect(),
        };
        let found = Plan::new().query_of(&Named::of(&entry.dn), &entry);
        found.map_or("-", |query| query.name)
    }

    #[test]
    fn no_filter_looks_at_what_is_left_out() {
        fn present(filter: &Filter, names: &mut Vec<String>) {
            match filter {
                Filter::And(parts) | Filter::Or(parts) => {
                    parts.iter().for_each(|part| present(part, names));
                }
                Filter::Not(part) => present(part, names),
                Filter::Present(name) => names.push(name.clone()),
                Filter::Class(_) => {}
            }
        }
        let mut names = vec!["objectClass".to_owned()];
        for (_, filter) in Plan::new().queries {
            present(&filter, &mut names);
        }
        assert!(names.len() > 3);
        assert_eq!(
            names.iter().find(|name| !crate::source::is_wanted(name)),
            None
        );
    }

    #[test]
    fn objects_come_by_the_first_query_that_asks_for_them() {
        let user: (&str, &[&str]) = ("objectClass", &["top", "person", "user"]);
        let computer: (&str, &[&str]) = ("objectclass", &["top", "person", "user", "COMPUTER"]);
        let container: (&str, &[&str]) = ("objectClass", &["top", "container"]);
        assert_eq!(query_of("CN=a,DC=b", &[user]), "users");
        assert_eq!(query_of("CN=a,DC=b", &[computer]), "computers");
        let password: (&str, &[&str]) = ("unixUserPassword", &["x"]);
        assert_eq!(
            query_of("CN=a,DC=b", &[user, password]),
            "users-with-password"
        );
        assert_eq!(query_of("CN=System,DC=b", &[container]), "containers");
        assert_eq!(query_of("CN=a,CN=Configuration,DC=b", &[container]), "-");
        let keys = "CN=Group Key Distribution Service,CN=Services,CN=Configuration,DC=b";
        assert_eq!(query_of(keys, &[container]), "kds-root-keys");
        assert_eq!(
            query_of(&format!("CN=x,{keys}"), &[container]),
            "kds-root-keys"
        );
        assert_eq!(query_of(&format!("CN=x{keys}"), &[container]), "-");
        let class: (&str, &[&str]) = ("objectClass", &["top", "classSchema"]);
        assert_eq!(
            query_of("CN=a,CN=Schema,CN=Configuration,DC=b", &[class]),
            "schema-classes"
        );
        assert_eq!(query_of("CN=a,DC=b", &[]), "-", "what shows no class");
    }

    #[test]
    fn a_head_of_a_partition_is_no_domain() {
        let domain: (&str, &[&str]) = ("objectClass", &["top", "domain", "domainDNS"]);
        assert_eq!(query_of("DC=b,DC=c", &[domain]), "domain");
        assert_eq!(query_of("DC=DomainDnsZones,DC=b", &[domain]), "-");
        let node: (&str, &[&str]) = ("objectClass", &["top", "container"]);
        assert_eq!(
            query_of("CN=MicrosoftDNS,DC=ForestDnsZones,DC=b", &[node]),
            "-"
        );
        let ascii = "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,DC=b";
        let service: (&str, &[&str]) = ("objectClass", &["top", "nTDSService"]);
        assert_eq!(query_of(ascii, &[service]), "directory-service");
        assert!(
            Filter::parse("(objectClass=*)")
                .unwrap()
                .matches(&Entry::default(), &[])
        );
    }
}
