//! What a dump would have shown of each query of the plan.
//!
//! Owns the judgement and its sentences. Deliberately goes by the columns that are there, not by the level that the dump says
//! it was made with: what no file has a column for was not asked.

use coldcase_schemas::plan::{Context, NamingContexts, Query, USERS_WITH_PASSWORD};

use super::about::About;
use super::folder::TOP;
use super::join::{Out, Partition};
use crate::export::Answer;
use crate::naming::dns_name;

/// Where the attributes of a query's objects are, besides `top.tsv`.
struct Files {
    requests: &'static [&'static str],
    /// Whether any attribute is in each of them. Else only those of `own` count.
    all: bool,
    /// Attributes that objects of some of the files alone can have.
    own: &'static [(&'static str, &'static [&'static str])],
}

const fn one(requests: &'static [&'static str]) -> Files {
    Files {
        requests,
        all: true,
        own: &[],
    }
}

const OF_GROUP_MANAGED: &[&str] = &["gmsa", "dmsa"];

fn files_of(query: &str) -> Files {
    match query {
        "domain" => one(&["root"]),
        "gpos" => one(&["gpo"]),
        "service-accounts" => Files {
            requests: &["smsa", "gmsa", "dmsa"],
            all: true,
            own: &[
                ("msDS-GroupMSAMembership", OF_GROUP_MANAGED),
                ("msDS-ManagedPasswordId", OF_GROUP_MANAGED),
                ("msDS-ManagedPasswordPreviousId", OF_GROUP_MANAGED),
                ("msDS-ManagedPasswordInterval", OF_GROUP_MANAGED),
                ("msDS-DelegatedMSAState", &["dmsa"]),
                ("msDS-ManagedAccountPrecededByLink", &["dmsa"]),
            ],
        },
        "computers" => one(&["computer"]),
        "users" | USERS_WITH_PASSWORD => one(&["user"]),
        "groups" => one(&["group"]),
        "foreign-principals" => one(&["foreignSecurityPrincipal"]),
        // Of what is found by this query, only units have a file of their own, and only they can hold these.
        "containers" => Files {
            requests: &["ou"],
            all: false,
            own: &[
                ("gPLink", &["ou"]),
                ("gPOptions", &["ou"]),
                ("managedBy", &["ou"]),
            ],
        },
        "password-settings" => one(&["passwordSettings"]),
        "trusts" => one(&["trustedDomain"]),
        "directory-service" => one(&["nTDSService"]),
        "authentication-silos" => one(&["authNPolicySilo"]),
        "cross-refs" => Files {
            requests: &["crossRef", "crossRefContainer"],
            all: true,
            own: &[
                ("nCName", &["crossRef"]),
                ("nETBIOSName", &["crossRef"]),
                ("dnsRoot", &["crossRef"]),
                ("trustParent", &["crossRef"]),
            ],
        },
        "extended-rights" => one(&["controlAccessRight"]),
        "schema-classes" => one(&["class"]),
        "schema-attributes" => one(&["attribute"]),
        // KDS root keys have no file: what every object has is in top.tsv.
        _ => one(&[]),
    }
}

/// See [`crate::Export::answer`].
pub(super) fn answer(
    query: &Query,
    contexts: &NamingContexts,
    partitions: &[Partition],
    about: &About,
    out: &Out,
) -> Answer {
    let domain = dns_name(&contexts.domain).unwrap_or_default();
    let partition = partitions.iter().find(|partition| {
        partition.context == query.context
            && (query.context != Context::Domain || partition.domain == domain)
    });
    let Some(partition) = partition else {
        let what = match query.context {
            Context::Domain => format!("the domain {domain}"),
            Context::Configuration => "the configuration".to_owned(),
            Context::Schema => "the schema".to_owned(),
        };
        return Answer::NotAsked(format!("the dump has no folder of {what}"));
    };
    let Some(top) = partition.layout(TOP).filter(|top| top.has("objectClass")) else {
        return Answer::NotAsked(
            "top.tsv, which alone holds the classes of objects, is not in the dump or cannot be read".to_owned(),
        );
    };
    let files = files_of(query.name);
    if query.name == USERS_WITH_PASSWORD {
        let shown = |name: &&str| partition.layout("user").is_some_and(|user| user.has(name));
        if !["userPassword", "unixUserPassword", "msSFU30Password"]
            .iter()
            .all(shown)
        {
            return Answer::NotAsked(
                "the dump does not show all password attributes of other systems".to_owned(),
            );
        }
    }
    // What the files write in a form that is not read back is as good as not shown.
    let readable = |name: &str| {
        out.forms
            .get(name)
            .is_none_or(|(read, refused)| *read > 0 || *refused == 0)
    };
    let shown = |name: &&'static str| {
        if !readable(name) {
            return false;
        }
        if top.has(name) {
            return true;
        }
        let own = files.own.iter().find(|(own, _)| own == name);
        let requests = match own {
            Some((_, requests)) => *requests,
            None if files.all => files.requests,
            None => return false,
        };
        let mut layouts = requests
            .iter()
            .filter_map(|request| partition.layout(request))
            .peekable();
        layouts.peek().is_some() && layouts.all(|layout| layout.has(name))
    };
    let attributes: Vec<&'static str> = query.attributes().into_iter().filter(shown).collect();
    let mut reasons = missing(&files, partition, about);
    if let Some((_, needed)) = WHOLE.iter().find(|(name, _)| *name == query.name) {
        let lacking: Vec<&str> = needed
            .iter()
            .filter(|name| !attributes.contains(name))
            .copied()
            .collect();
        if !lacking.is_empty() {
            reasons.push(format!("the dump does not show {}", lacking.join(", ")));
        }
    }
    Answer::Asked {
        attributes,
        partial: (!reasons.is_empty()).then(|| reasons.join("; ")),
    }
}

/// Queries that prove what the schema does not have, and what they need for it: of an attribute without a name, or of a class
/// whose lists are known in part, nobody can say that it is not there.
const WHOLE: &[(&str, &[&str])] = &[
    ("schema-attributes", &["lDAPDisplayName"]),
    (
        "schema-classes",
        &[
            "lDAPDisplayName",
            "subClassOf",
            "auxiliaryClass",
            "systemAuxiliaryClass",
            "mayContain",
            "mustContain",
            "systemMayContain",
            "systemMustContain",
        ],
    ),
];

/// Why something may be missing.
fn missing(files: &Files, partition: &Partition, about: &About) -> Vec<String> {
    let mut reasons = Vec::new();
    if !about.finished {
        reasons.push("the exporter was aborted: metadata.tsv has no oradad_processtime".to_owned());
    }
    reasons.extend(about.unproven.map(str::to_owned));
    if partition.cut > 0 {
        reasons.push("a file of the dump ends in the middle of a row".to_owned());
    }
    if partition.lost > 0 {
        reasons.push(format!("{} could not be read", rows(partition.lost)));
    }
    if partition.without_top > 0 {
        reasons.push(format!(
            "{} without a class, because top.tsv does not have them",
            rows(partition.without_top)
        ));
    }
    if files
        .requests
        .iter()
        .any(|request| partition.layout(request).is_some())
    {
        for request in files.requests {
            if let Some(count) = partition.missing.get(request) {
                let objects = if *count == 1 {
                    "1 object has"
                } else {
                    &format!("{count} objects have")
                };
                reasons.push(format!(
                    "{objects} no row in {request}.tsv, so that attributes of their own are missing"
                ));
            }
        }
    }
    reasons
}

fn rows(count: u64) -> String {
    if count == 1 {
        "1 row".to_owned()
    } else {
        format!("{count} rows")
    }
}

/// See [`crate::Export::limits`].
pub(super) fn limits(about: &About, out: &Out) -> Vec<String> {
    let mut limits = vec![
        "It shows what the account that ran ORADAD may read, and does not say which account that was.".to_owned(),
        "It holds the attributes that ORADAD's configuration names, which its level narrows: isCriticalSystemObject is in none but the highest.".to_owned(),
        "It has no attributes of KDS root keys beyond those of every object: neither when they were made nor from when they are used.".to_owned(),
        "Times of logons, passwords and expiry are rounded down to seconds, and 0 is not told from a time that is not set: both are left out.".to_owned(),
        "Tabs and line breaks in texts are spaces, and a text attribute of several values may show its first one only.".to_owned(),
        "It holds no settings of group policies, which lie in SYSVOL, and of its files only those of accounts, groups, units, policies, trusts, the schema and the forest's configuration are read; attributes that no rule knows are left out.".to_owned(),
    ];
    if !about.finished {
        limits.push(
            "The exporter was aborted: whatever it had not written yet is missing.".to_owned(),
        );
    }
    if let Some(why) = about.unproven {
        limits.push(format!("It does not prove that it is whole: {why}."));
    }
    if out.deleted > 0 {
        limits.push(format!("Deleted objects were left out: {}.", out.deleted));
    }
    limits
}
