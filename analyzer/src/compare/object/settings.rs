//! What the files of group policies in SYSVOL set, then and now.
//!
//! Owns the comparison of settings by policy. Deliberately says nothing where a side did not collect them: the limits of the
//! comparison do.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::diff::{AttributeChange, ObjectChange, ObjectState, ValueKind};

use super::object;
use crate::compare::Pair;
use crate::frames::Analysis;
use crate::load::Object;
use crate::rules::{identity, subject_of};

/// As it stands among the attributes of a policy.
const NAME: &str = "settings in SYSVOL";

/// Adds what policies that are on both sides set otherwise.
pub(super) fn add(pair: &Pair<'_>, changes: &mut Vec<ObjectChange>) {
    if !has_settings(pair.old) || !has_settings(pair.new) {
        return;
    }
    let (was, is) = (by_policy(pair.old), by_policy(pair.new));
    let policies: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    for policy in policies {
        let there = pair.new.directory.group_policies.object(policy);
        let place = there.map(|there| there.object_id);
        let both = place.filter(|id| pair.matching.old_of(*id).is_some());
        let Some(policy_object) = both.and_then(|id| object(pair.new, id)) else {
            continue;
        };
        let none = BTreeSet::new();
        let (was, is) = (
            was.get(policy).unwrap_or(&none),
            is.get(policy).unwrap_or(&none),
        );
        let difference = |of: &BTreeSet<String>, from: &BTreeSet<String>| {
            of.difference(from).cloned().collect::<Vec<_>>()
        };
        let (removed, added) = (difference(was, is), difference(is, was));
        if removed.is_empty() && added.is_empty() {
            continue;
        }
        let change = AttributeChange {
            attribute: NAME.to_owned(),
            kind: ValueKind::Text,
            single: false,
            removed,
            added,
            unknown: None,
        };
        of_object(policy_object, changes, change);
    }
}

/// Whether a side read the settings of every policy.
pub(in crate::compare) fn has_settings(analysis: &Analysis) -> bool {
    let row = analysis.directory.query("sysvol");
    row.is_some_and(|row| row.is_complete())
}

/// `machine, Privilege Rights: SeServiceLogonRight = *S-1-5-…`, by policy.
fn by_policy(analysis: &Analysis) -> BTreeMap<&str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for setting in &analysis.directory.group_policies.settings {
        let value = match setting.kind.as_str() {
            "delete" => "removed by the policy",
            _ => setting.value.as_str(),
        };
        found.entry(&setting.gpo).or_default().insert(format!(
            "{}, {}: {} = {value}",
            setting.side, setting.section, setting.name
        ));
    }
    found
}

/// The change of an object that is on both sides, which may have changed in nothing else.
fn of_object(object: &Object, changes: &mut Vec<ObjectChange>, settings: AttributeChange) {
    let subject = subject_of(object);
    let known = changes
        .iter_mut()
        .find(|change| identity(&change.subject) == identity(&subject));
    let Some(change) = known else {
        changes.push(ObjectChange {
            subject,
            state: ObjectState::Changed,
            service_account: false,
            was_dn: None,
            renamed: false,
            moved: false,
            replaces: None,
            attributes: vec![settings],
            descriptors: Vec::new(),
            note: String::new(),
        });
        return;
    };
    change.attributes.push(settings);
    if matches!(
        change.state,
        ObjectState::UnknownBefore | ObjectState::UnknownNow
    ) {
        change.state = ObjectState::Changed;
    }
}
