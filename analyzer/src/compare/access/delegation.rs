//! Constrained delegation: whose msDS-AllowedToDelegateTo names a service of an account, then and now.
//!
//! Whoever answers for a service principal name is found as the frame `delegations` finds it. Unconstrained delegation is
//! not here: it names no account.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use coldcase_schemas::diff::{AccessChange, Cause, CauseKind, Direction, Power};

use super::account::{query_of, unseen};
use super::rows::number_at;
use crate::compare::people::{Number, People};
use crate::compare::side::{Both, When};
use crate::compare::sight::Sight;
use crate::graph::index;
use crate::load::Object;
use crate::rules::subject_of;

/// msDS-AllowedToDelegateTo.
const ATTRIBUTE: &str = "msDS-AllowedToDelegateTo";

/// Who delegates to which account, by the account's place and the delegate's number, with the names.
type Delegates = BTreeMap<(usize, Number), BTreeSet<String>>;

/// Delegation that came or went.
pub(super) fn delegation(
    people: &People<'_>,
    accounts: &[Both<Option<usize>>],
) -> Vec<AccessChange> {
    let sides = Both::with(|when| delegates(people, when));
    let mut changes = Vec::new();
    for when in When::BOTH {
        let by_place: HashMap<usize, Both<Option<usize>>> = accounts
            .iter()
            .filter_map(|places| Some(((*places.get(when))?, *places)))
            .collect();
        for ((place, number), names) in sides.get(when) {
            let Some(places) = by_place.get(place).copied() else {
                continue;
            };
            let same = (*places.get(when.other()))
                .is_some_and(|other| sides.get(when.other()).contains_key(&(other, *number)));
            if same || !people.told(when).contains(index(*number)) {
                continue;
            }
            changes.extend(change(people, when, places, *number, names));
        }
    }
    changes
}

fn delegates(people: &People<'_>, when: When) -> Delegates {
    let analysis = people.side(when);
    let owners = analysis.owners();
    let mut found = Delegates::new();
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        if object.delegates_to.is_empty() || !object.kind.is_principal() {
            continue;
        }
        let Some(number) = number_at(people, when, place) else {
            continue;
        };
        for name in &object.delegates_to {
            if let Some(target) = owners.of(name).filter(|target| *target != place) {
                let key = (target, number);
                found.entry(key).or_default().insert(name.clone());
            }
        }
    }
    found
}

fn change(
    people: &People<'_>,
    when: When,
    places: Both<Option<usize>>,
    number: Number,
    names: &BTreeSet<String>,
) -> Option<AccessChange> {
    let other = when.other();
    let analysis = people.side(when);
    let object_at = |when: When, place: usize| people.side(when).object(place);
    let here = object_at(when, (*places.get(when))?)?;
    let there = (*places.get(other)).and_then(|place| object_at(other, place));
    let delegate = |when: When| {
        let tokens = &people.side(when).effective.tokens;
        object_at(when, tokens.place(people.holder(when, number)?)?)
    };
    let (own, others) = (delegate(when)?, delegate(other));
    let (unknown, cause) = why(people, when, (here, there), (own, others), names);
    let account = match (when, there) {
        (When::Before, Some(later)) => later,
        _ => here,
    };
    let place = *places.get(when);
    Some(AccessChange {
        account: subject_of(account),
        tier0: place.is_some_and(|place| analysis.principals.is_tier0(place)),
        direction: match (unknown, when) {
            (true, _) => Direction::Unknown,
            (false, When::After) => Direction::Gained,
            (false, When::Before) => Direction::Lost,
        },
        power: Power::Delegate,
        rights: vec!["constrained-delegation".to_owned()],
        holder: people.subject(number),
        holder_name: people.name(number),
        principals: 1,
        examples: vec![people.name(number)],
        broad: false,
        conditional: false,
        causes: vec![cause],
    })
}

/// Whether it is unknown, and what caused it.
fn why(
    people: &People<'_>,
    when: When,
    (here, there): (&Object, Option<&Object>),
    (own, others): (&Object, Option<&Object>),
    names: &BTreeSet<String>,
) -> (bool, Cause) {
    let sides = Both::with(|when| people.side(when));
    let came = when == When::After;
    let not_seen = |text: String| {
        let cause = Cause {
            kind: CauseKind::NotSeen,
            at: None,
            text,
        };
        (true, cause)
    };
    let being = |object: &Object| {
        let name = object.display_name();
        let (kind, text) = if came {
            (CauseKind::Created, format!("{name} is new"))
        } else {
            (CauseKind::Deleted, format!("{name} is gone"))
        };
        let at = Some(subject_of(object));
        (false, Cause { kind, at, text })
    };
    for (object, counterpart) in [(here, there), (own, others)] {
        if counterpart.is_none() {
            return match unseen(&sides, when, object) {
                Some(why) => not_seen(why),
                None => being(object),
            };
        }
    }
    let Some((target, others)) = there.zip(others) else {
        return being(own);
    };
    let analysis = people.side(when.other());
    let snapshot = when.other().snapshot();
    let has = |object: &Object, name: &String| {
        object
            .delegates_to
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    let list = |names: Vec<&String>| {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        names.join(", ")
    };
    let lacking: Vec<&String> = names.iter().filter(|name| !has(others, name)).collect();
    let (object, attribute, changed) = if lacking.is_empty() {
        (target, "servicePrincipalName", list(names.iter().collect()))
    } else {
        (others, ATTRIBUTE, list(lacking))
    };
    let is_empty = match attribute {
        ATTRIBUTE => object.delegates_to.is_empty(),
        _ => object.spns.is_empty(),
    };
    let hidden = is_empty
        .then(|| {
            let query = query_of(analysis, object);
            Sight::of(analysis).may_hide_value(object, query, attribute, false)
        })
        .flatten();
    if let Some(why) = hidden {
        return not_seen(format!("of {snapshot}, {why}"));
    }
    let name = object.display_name();
    let text = match (attribute, came) {
        (ATTRIBUTE, true) => format!("{ATTRIBUTE} of {name} names {changed} now"),
        (ATTRIBUTE, false) => format!("{ATTRIBUTE} of {name} does not name {changed} any more"),
        (_, true) => format!("{name} answers for {changed} now"),
        (_, false) => format!("{name} does not answer for {changed} any more"),
    };
    let cause = Cause {
        kind: CauseKind::Attribute,
        at: Some(subject_of(object)),
        text,
    };
    (false, cause)
}
