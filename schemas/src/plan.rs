//! The plan: which queries a collection consists of, in which order.
//!
//! Owns their names (the ledger and the needs of rules refer to them), bases, scopes, filters and families. An object
//! that two queries bring is kept in the first, so special kinds come before general ones. Deliberately does not talk
//! to a server.

use crate::Family;
use crate::attribute::asked_of;

/// A naming context of the directory (MS-ADTS 3.1.1.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The domain's own.
    Domain,
    /// The forest's configuration.
    Configuration,
    /// The forest's schema.
    Schema,
}

/// DNs of the naming contexts, as the root DSE tells them (MS-ADTS 3.1.1.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingContexts {
    /// defaultNamingContext.
    pub domain: String,
    /// configurationNamingContext.
    pub configuration: String,
    /// schemaNamingContext.
    pub schema: String,
}

/// Search scope (RFC 4511, section 4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base,
    /// The base and all below it.
    Subtree,
}

impl Scope {
    /// As the ledger has it (RFC 4516, section 2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Subtree => "sub",
        }
    }
}

/// A query of the plan.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Stable name that rules refer to.
    pub name: &'static str,
    /// Where the base is.
    pub context: Context,
    /// RDNs of the base below the head of the context; empty for the head itself.
    pub below: &'static str,
    /// How far it reaches.
    pub scope: Scope,
    /// LDAP filter (RFC 4515 text).
    pub filter: &'static str,
    /// Kinds of objects whose attributes are asked for, besides those of every object.
    pub families: &'static [Family],
    /// True where a directory may hold so many that they are asked for in parts.
    pub many: bool,
    /// Why it is asked, one line.
    pub about: &'static str,
}

impl Query {
    /// DN of the base.
    pub fn base(&self, contexts: &NamingContexts) -> String {
        let head = match self.context {
            Context::Domain => &contexts.domain,
            Context::Configuration => &contexts.configuration,
            Context::Schema => &contexts.schema,
        };
        if self.below.is_empty() {
            head.clone()
        } else {
            format!("{},{head}", self.below)
        }
    }

    /// Attributes asked for, in the order of the attribute table.
    pub fn attributes(&self) -> Vec<&'static str> {
        asked_of(self.families)
    }
}

/// How much of a domain is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// [`QUERIES`].
    All,
    /// Managed service accounts and users with service principal names, groups, containers and the forest's configuration,
    /// without the other users and the computers. Rules that need those end as not evaluated.
    ServiceAccounts,
}

impl Selection {
    /// As it is typed and written into the snapshot.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ServiceAccounts => "service-accounts",
        }
    }

    /// The queries, in order.
    pub fn queries(self) -> Vec<&'static Query> {
        match self {
            Self::All => QUERIES.iter().collect(),
            Self::ServiceAccounts => QUERIES
                .iter()
                .filter(|query| query.name != "computers")
                .map(|query| match query.name {
                    "users" => &SERVICE_USERS,
                    USERS_WITH_PASSWORD => &SERVICE_USERS_WITH_PASSWORD,
                    _ => query,
                })
                .collect(),
        }
    }
}

/// Takes the place of `users` in [`Selection::ServiceAccounts`]. It has a name of its own, so that nobody takes it for all.
static SERVICE_USERS: Query = Query {
    name: "service-users",
    context: Context::Domain,
    below: "",
    scope: Scope::Subtree,
    filter: "(&(objectClass=user)(!(objectClass=computer))(servicePrincipalName=*))",
    families: &[Family::Account],
    many: true,
    about: "Users with service principal names: accounts that run services without being managed",
};

/// Takes the place of [`USERS_WITH_PASSWORD`] there.
static SERVICE_USERS_WITH_PASSWORD: Query = Query {
    name: "service-users-with-password",
    context: Context::Domain,
    below: "",
    scope: Scope::Subtree,
    filter: "(&(objectClass=user)(!(objectClass=computer))(servicePrincipalName=*)\
             (|(userPassword=*)(unixUserPassword=*)(msSFU30Password=*)))",
    families: &[Family::Account],
    many: true,
    about: "Users with service principal names and a password attribute of another system: that it is set, never what it holds",
};

/// Name of the query for users that have one of the password attributes of [`crate::attribute::SECRETS`] that other
/// systems read. Its filter asks whether a value is there; the values are not asked for.
pub const USERS_WITH_PASSWORD: &str = "users-with-password";

/// The query of a snapshot made from exports that holds what no query of the plan asks for. No rule refers to it, and what
/// it holds is evidence only: a collector would not have brought it.
pub const OTHER_OBJECTS: &str = "other-objects";

/// True for a query whose objects `general` would bring as well, if it did not come later: an object is kept in the first
/// query that brings it.
pub fn is_part_of(name: &str, general: &str) -> bool {
    matches!(
        (name, general),
        (USERS_WITH_PASSWORD, "users") | ("service-users-with-password", "service-users")
    )
}

/// True for a query that brings users with a password attribute.
pub fn asks_for_passwords_set(name: &str) -> bool {
    name == USERS_WITH_PASSWORD || name == SERVICE_USERS_WITH_PASSWORD.name
}

/// Every query of a whole collection, in order.
pub const QUERIES: &[Query] = &[
    Query {
        name: "domain",
        context: Context::Domain,
        below: "",
        scope: Scope::Base,
        filter: "(objectClass=*)",
        families: &[Family::Domain, Family::Container],
        many: false,
        about: "The head of the domain: its password policy, quota and the rights that all below inherit",
    },
    Query {
        name: "gpos",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=groupPolicyContainer)",
        families: &[Family::Gpo],
        many: false,
        about: "Group policies: who may write them controls the machines they apply to",
    },
    Query {
        name: "service-accounts",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(|(objectClass=msDS-GroupManagedServiceAccount)\
                 (objectClass=msDS-ManagedServiceAccount)\
                 (objectClass=msDS-DelegatedManagedServiceAccount))",
        families: &[Family::Account, Family::ServiceAccount],
        many: true,
        about: "Managed service accounts: gMSA, sMSA and dMSA",
    },
    Query {
        name: "computers",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=computer)",
        families: &[Family::Account],
        many: true,
        about: "Computers: hosts of services, readers of managed passwords, targets of delegation",
    },
    // Before `users`, which brings the same objects again: who is in the snapshot by this query has such an attribute.
    Query {
        name: USERS_WITH_PASSWORD,
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(&(objectClass=user)(!(objectClass=computer))\
                 (|(userPassword=*)(unixUserPassword=*)(msSFU30Password=*)))",
        families: &[Family::Account],
        many: true,
        about: "Users with a password attribute of another system: that it is set, never what it holds",
    },
    Query {
        name: "users",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(&(objectClass=user)(!(objectClass=computer)))",
        families: &[Family::Account],
        many: true,
        about: "Users: people, and the accounts that run services without being managed",
    },
    Query {
        name: "groups",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=group)",
        families: &[Family::Group],
        many: true,
        about: "Groups: through whom rights are held",
    },
    Query {
        name: "foreign-principals",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=foreignSecurityPrincipal)",
        families: &[],
        many: true,
        about: "Members from outside the domain, well-known ones among them",
    },
    Query {
        name: "containers",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(|(objectClass=organizationalUnit)(objectClass=container)\
                 (objectClass=builtinDomain)(objectClass=lostAndFound)(objectClass=organization))",
        families: &[Family::Container],
        many: true,
        about: "Units and containers: who may create accounts in them, and what these inherit",
    },
    Query {
        name: "password-settings",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=msDS-PasswordSettings)",
        families: &[Family::Pso],
        many: false,
        about: "Fine-grained password policies: which hold for some accounts instead of the domain's",
    },
    Query {
        name: "trusts",
        context: Context::Domain,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=trustedDomain)",
        families: &[Family::Trust],
        many: false,
        about: "Trusted domains: where foreign principals come from",
    },
    Query {
        name: "directory-service",
        context: Context::Configuration,
        below: "CN=Directory Service,CN=Windows NT,CN=Services",
        scope: Scope::Base,
        filter: "(objectClass=*)",
        families: &[Family::Domain],
        many: false,
        about: "dSHeuristics, which change how the directory checks access",
    },
    Query {
        name: "kds-root-keys",
        context: Context::Configuration,
        below: "CN=Group Key Distribution Service,CN=Services",
        scope: Scope::Subtree,
        filter: "(objectClass=*)",
        families: &[Family::Kds],
        many: false,
        about: "KDS root keys, never their secret: what managed passwords are derived from",
    },
    Query {
        name: "authentication-silos",
        context: Context::Configuration,
        below: "CN=AuthN Policy Configuration,CN=Services",
        scope: Scope::Subtree,
        filter: "(objectClass=msDS-AuthNPolicySilo)",
        families: &[Family::Silo],
        many: false,
        about: "Authentication policy silos: which accounts may log on only where they belong",
    },
    Query {
        name: "cross-refs",
        context: Context::Configuration,
        below: "CN=Partitions",
        scope: Scope::Subtree,
        filter: "(|(objectClass=crossRef)(objectClass=crossRefContainer))",
        families: &[Family::Domain],
        many: false,
        about: "The domains of the forest with their names and functional levels",
    },
    Query {
        name: "extended-rights",
        context: Context::Configuration,
        below: "CN=Extended-Rights",
        scope: Scope::Subtree,
        filter: "(objectClass=controlAccessRight)",
        families: &[Family::ExtendedRight],
        many: false,
        about: "Extended rights and property sets: names for the GUIDs in ACEs",
    },
    Query {
        name: "schema-classes",
        context: Context::Schema,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=classSchema)",
        families: &[Family::Schema],
        many: false,
        about: "Classes: which there are, their GUIDs and the descriptors that objects start with",
    },
    Query {
        name: "schema-attributes",
        context: Context::Schema,
        below: "",
        scope: Scope::Subtree,
        filter: "(objectClass=attributeSchema)",
        families: &[Family::Schema],
        many: false,
        about: "Attributes: their GUIDs and the property sets they belong to",
    },
];

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::attribute::is_secret;
    use std::collections::BTreeSet;

    fn place(name: &str) -> usize {
        QUERIES
            .iter()
            .position(|query| query.name == name)
            .expect(name)
    }

    #[test]
    fn no_query_asks_for_a_secret_or_for_everything() {
        for query in QUERIES {
            let attributes = query.attributes();
            assert!(
                attributes.contains(&"nTSecurityDescriptor"),
                "{}",
                query.name
            );
            for attribute in attributes {
                assert!(
                    !is_secret(attribute) && !attribute.contains('*'),
                    "{attribute}"
                );
            }
        }
    }

    #[test]
    fn names_are_unique_and_special_kinds_come_first() {
        let names: BTreeSet<_> = QUERIES.iter().map(|query| query.name).collect();
        assert_eq!(names.len(), QUERIES.len());
        assert!(place("service-accounts") < place("computers"));
        assert!(place("computers") < place("users"));
        assert!(place(USERS_WITH_PASSWORD) < place("users"));
        assert!(place("gpos") < place("containers"));
    }

    #[test]
    fn a_smaller_selection_never_passes_for_the_whole() {
        let all = Selection::All.queries();
        let some = Selection::ServiceAccounts.queries();
        assert!(some.len() < all.len());
        assert!(
            some.iter()
                .all(|query| query.name != "users" && query.name != "computers")
        );
        for query in &some {
            let whole = all.iter().find(|whole| whole.name == query.name);
            assert!(
                whole.is_none_or(|whole| whole.filter == query.filter),
                "{}",
                query.name
            );
        }
    }

    #[test]
    fn who_has_a_password_attribute_is_a_user_all_the_same() {
        for selection in [Selection::All, Selection::ServiceAccounts] {
            let queries = selection.queries();
            let special = queries
                .iter()
                .position(|query| asks_for_passwords_set(query.name))
                .expect("asked");
            let general = queries
                .iter()
                .position(|query| is_part_of(queries[special].name, query.name))
                .expect("asked");
            assert!(special < general);
            let (special, general) = (queries[special], queries[general]);
            assert_eq!(special.attributes(), general.attributes());
            let narrower = special.filter.trim_end_matches(')');
            assert!(narrower.starts_with(general.filter.trim_end_matches(')')));
        }
    }

    #[test]
    fn a_base_is_in_its_context() {
        let contexts = NamingContexts {
            domain: "DC=child,DC=a".to_owned(),
            configuration: "CN=Configuration,DC=a".to_owned(),
            schema: "CN=Schema,CN=Configuration,DC=a".to_owned(),
        };
        let base = |name| QUERIES[place(name)].base(&contexts);
        assert_eq!(base("users"), "DC=child,DC=a");
        assert_eq!(base("cross-refs"), "CN=Partitions,CN=Configuration,DC=a");
        assert_eq!(base("schema-classes"), "CN=Schema,CN=Configuration,DC=a");
    }
}
