//! What such an export would have shown of each query of the plan.
//!
//! Owns the judgement and its sentences. Deliberately promises nothing that no row showed: a property that every row
//! lacks was not asked for, or the exporter is too old for it.

use std::collections::BTreeMap;

use coldcase_schemas::plan::{Query, USERS_WITH_PASSWORD};

use super::kind::Kind;
use super::{OfKind, Shown, trust};
use crate::export::Answer;

/// What a file of this format never tells.
const UNPROVEN: &str = "a failed or refused query leaves no trace in this format";

/// See [`crate::Export::answer`].
pub(super) fn answer(query: &Query, kinds: &BTreeMap<Kind, OfKind>, whole: bool) -> Answer {
    let (asked, mut missing): (&[Kind], Vec<&str>) = match query.name {
        "domain" => (&[Kind::Domains], vec![]),
        "gpos" => (&[Kind::Gpos], vec![]),
        "service-accounts" => (
            &[Kind::Users],
            vec![
                "delegated managed service accounts are among the computers and cannot be told from them",
            ],
        ),
        "computers" => (
            &[Kind::Computers],
            vec!["delegated managed service accounts among them cannot be told from computers"],
        ),
        "users" => (&[Kind::Users], vec![]),
        USERS_WITH_PASSWORD => {
            let shown = kinds
                .get(&Kind::Users)
                .and_then(|users| users.shown)
                .unwrap_or_default();
            if ["userPassword", "unixUserPassword", "msSFU30Password"]
                .into_iter()
                .any(|password| !shown.has(password))
            {
                return Answer::NotAsked(
                    "the export does not show all password attributes of other systems".to_owned(),
                );
            }
            (&[Kind::Users], vec![])
        }
        "groups" => (
            &[Kind::Groups],
            vec!["some members are known by an upper-case name only"],
        ),
        "containers" => (
            &[Kind::Ous, Kind::Containers],
            vec!["the containers Builtin and LostAndFound are not exported"],
        ),
        "trusts" => return of_trusts(query, kinds, whole),
        other => return Answer::NotAsked(not_in_the_format(other)),
    };
    let read: Vec<_> = asked
        .iter()
        .filter_map(|kind| Some((kind, kinds.get(kind)?)))
        .collect();
    if read.is_empty() {
        let names: Vec<_> = asked.iter().map(|kind| kind.as_str()).collect();
        return Answer::NotAsked(format!("the export has no file of {}", names.join(" or ")));
    }
    // What one kind showed and another did not is not shown for the query.
    let shown = read
        .iter()
        .filter_map(|(_, kind)| kind.shown)
        .reduce(Shown::intersection)
        .unwrap_or_default();
    let attributes = query
        .attributes()
        .into_iter()
        .filter(|attribute| shown.has(attribute))
        .collect();
    missing.push(UNPROVEN);
    if read.len() < asked.len() {
        missing.push("organizational units or containers are missing as a whole");
    }
    if read.iter().any(|(_, kind)| kind.unknown_methods) {
        missing.push("what the exporter was told to collect is not said");
        if asked == [Kind::Users] {
            missing.push(
                "managed service accounts, except group managed ones whose readers are known, cannot be told from users",
            );
        }
    }
    if read.iter().any(|(_, kind)| kind.lost > 0) {
        missing.push("some rows could not be read");
    }
    if !whole {
        missing.push("the export was not read to its end");
    }
    Answer::Asked {
        attributes,
        partial: Some(missing.join("; ")),
    }
}

/// Trusts stand in the rows of domains, if they were collected.
fn of_trusts(query: &Query, kinds: &BTreeMap<Kind, OfKind>, whole: bool) -> Answer {
    let Some(domains) = kinds.get(&Kind::Domains) else {
        return Answer::NotAsked("the export has no file of domains".to_owned());
    };
    let mut missing = vec![
        UNPROVEN,
        "trusts are in the format as an interpretation, and whether they were collected shows in those that are there only",
    ];
    if domains.lost > 0 {
        missing.push("some rows could not be read");
    }
    if !whole {
        missing.push("the export was not read to its end");
    }
    let shown = |attribute: &&str| trust::SHOWN.contains(attribute);
    Answer::Asked {
        attributes: query.attributes().into_iter().filter(shown).collect(),
        partial: Some(missing.join("; ")),
    }
}

fn not_in_the_format(query: &str) -> String {
    match query {
        "foreign-principals" => {
            "the format has foreign principals as placeholders without a name in the directory"
        }
        "password-settings" => "the format has no fine-grained password policies",
        "directory-service" => "the format does not have the object that holds dSHeuristics",
        "kds-root-keys" => "the format has no KDS root keys",
        "authentication-silos" => "the format has no authentication policy silos",
        "cross-refs" => "the format has no cross-references of the forest",
        "extended-rights" => "the format has no extended rights",
        "schema-classes" | "schema-attributes" => "the format has no schema",
        _ => "the format has nothing of it",
    }
    .to_owned()
}

/// See [`crate::Export::limits`].
pub(super) fn limits(rights: bool, unknown_methods: bool) -> Vec<String> {
    let mut sentences = vec![
        "It holds rights as the exporter interpreted them, without security descriptors: denied access, read rights, auditing and the right to create or delete objects cannot be seen.",
        "It does not say who may read the password of a managed service account beyond the names the exporter could resolve, nor its password id, its rotation interval or the state of a delegated managed service account.",
        "It has no KDS root keys, no fine-grained password policies, no schema and no authentication policy silos.",
        "It has no objectGUID for most accounts: that an account was deleted and made again cannot be seen.",
        "Distinguished names and paths of group policies are in upper case.",
        "Constrained delegation is shown for accounts with protocol transition only.",
        "Times are rounded down to seconds, and the time of creation is left out where SharpHound wrote it, because older versions wrote it in local time.",
        "The bits of userAccountControl are known in part where the exporter wrote flags instead of the number, and of encryption types only the lowest five.",
        "It does not say where a query of the exporter failed.",
    ];
    if !rights {
        sentences.push("Rights were not collected.");
    }
    if unknown_methods {
        sentences.push("At least one of its files does not say what was collected; a time of 0 there is taken for a time that is not set.");
    }
    sentences.into_iter().map(str::to_owned).collect()
}
