//! Which queries are asked, in which order, for which attributes.
//!
//! Owns names, bases and filters. The first query that brings an object keeps it, so special kinds come
//! before general ones. Deliberately does not talk to a server.

use coldcase_schemas::Family;
use coldcase_schemas::attribute::asked_of;

/// The naming contexts of the root DSE (MS-ADTS 3.1.1.3.2).
#[derive(Debug, Clone)]
pub(crate) struct NamingContexts {
    pub(crate) domain: String,
    pub(crate) configuration: String,
    pub(crate) schema: String,
}

/// Search scope (RFC 4511, section 4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Base,
    Subtree,
}

impl Scope {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Subtree => "sub",
        }
    }
}

/// A query to ask.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: &'static str,
    pub(crate) attributes: Vec<&'static str>,
}

/// All queries of a collection.
pub(crate) fn queries(contexts: &NamingContexts) -> Vec<Query> {
    use Family::*;
    use Scope::*;
    let domain = || contexts.domain.clone();
    let configuration = |below: &str| format!("{below},{}", contexts.configuration);
    let schema = || contexts.schema.clone();
    let query = |name, base, scope, filter, families: &[Family]| Query {
        name,
        base,
        scope,
        filter,
        attributes: asked_of(families),
    };
    vec![
        query(
            "domain",
            domain(),
            Base,
            "(objectClass=*)",
            &[Domain, Container],
        ),
        query(
            "gpos",
            domain(),
            Subtree,
            "(objectClass=groupPolicyContainer)",
            &[Gpo],
        ),
        query(
            "service-accounts",
            domain(),
            Subtree,
            "(|(objectClass=msDS-GroupManagedServiceAccount)\
             (objectClass=msDS-ManagedServiceAccount)\
             (objectClass=msDS-DelegatedManagedServiceAccount))",
            &[Account, ServiceAccount],
        ),
        query(
            "computers",
            domain(),
            Subtree,
            "(objectClass=computer)",
            &[Account],
        ),
        query(
            "users",
            domain(),
            Subtree,
            "(&(objectClass=user)(!(objectClass=computer)))",
            &[Account],
        ),
        query("groups", domain(), Subtree, "(objectClass=group)", &[Group]),
        query(
            "foreign-principals",
            domain(),
            Subtree,
            "(objectClass=foreignSecurityPrincipal)",
            &[],
        ),
        query(
            "containers",
            domain(),
            Subtree,
            "(|(objectClass=organizationalUnit)(objectClass=container)\
             (objectClass=builtinDomain)(objectClass=lostAndFound))",
            &[Container],
        ),
        query(
            "password-settings",
            domain(),
            Subtree,
            "(objectClass=msDS-PasswordSettings)",
            &[Pso],
        ),
        query(
            "trusts",
            domain(),
            Subtree,
            "(objectClass=trustedDomain)",
            &[Trust],
        ),
        query(
            "directory-service",
            configuration("CN=Directory Service,CN=Windows NT,CN=Services"),
            Base,
            "(objectClass=*)",
            &[Domain],
        ),
        query(
            "kds-root-keys",
            configuration("CN=Group Key Distribution Service,CN=Services"),
            Subtree,
            "(objectClass=*)",
            &[Kds],
        ),
        query(
            "cross-refs",
            configuration("CN=Partitions"),
            Subtree,
            "(|(objectClass=crossRef)(objectClass=crossRefContainer))",
            &[Domain],
        ),
        query(
            "extended-rights",
            configuration("CN=Extended-Rights"),
            Subtree,
            "(objectClass=controlAccessRight)",
            &[ExtendedRight],
        ),
        query(
            "schema-classes",
            schema(),
            Subtree,
            "(objectClass=classSchema)",
            &[Schema],
        ),
        query(
            "schema-attributes",
            schema(),
            Subtree,
            "(objectClass=attributeSchema)",
            &[Schema],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldcase_schemas::attribute::is_secret;
    use std::collections::BTreeSet;

    fn all() -> Vec<Query> {
        queries(&NamingContexts {
            domain: "DC=a".to_owned(),
            configuration: "CN=Configuration,DC=a".to_owned(),
            schema: "CN=Schema,CN=Configuration,DC=a".to_owned(),
        })
    }

    #[test]
    fn no_query_asks_for_a_secret_or_for_everything() {
        for query in all() {
            assert!(
                query.attributes.contains(&"nTSecurityDescriptor"),
                "{}",
                query.name
            );
            for attribute in &query.attributes {
                assert!(
                    !is_secret(attribute) && !attribute.contains('*'),
                    "{attribute}"
                );
            }
        }
    }

    #[test]
    fn names_are_unique_and_special_kinds_come_first() {
        let names: Vec<_> = all().iter().map(|query| query.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        let place = |name| names.iter().position(|known| *known == name);
        assert!(place("service-accounts") < place("computers"));
        assert!(place("computers") < place("users"));
        assert!(place("gpos") < place("containers"));
    }
}
