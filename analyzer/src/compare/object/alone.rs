//! Objects that one side has alone: new, gone, made anew, or not seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use coldcase_schemas::attribute::{ATTRIBUTES, Syntax};
use coldcase_schemas::diff::{AttributeChange, ObjectChange, ObjectState};

use super::stored::Stored;
use super::{Comparison, OF_THE_NAME, ROUTINE, is_single, object, rows_of};
use crate::compare::sight::{Elsewhere, Sight};
use crate::compare::value;
use crate::frames::Analysis;
use crate::load::{Object, filetime_of};

impl Comparison<'_> {
    /// Objects that one side has alone. What took the place of another comes back with its id, to be told with it.
    pub(super) fn one_side(
        &mut self,
        gone: &[Stored],
        come: &[Stored],
        changes: &mut Vec<ObjectChange>,
    ) -> Vec<(i64, ObjectChange)> {
        let replaced = replaced(gone, come);
        let taken: BTreeSet<usize> = replaced.values().copied().collect();
        let mut anew = Vec::new();
        for (place, stored) in come.iter().enumerate() {
            if let Some(before) = replaced.get(&place).and_then(|place| gone.get(*place)) {
                let change = self.compare(before, stored, &mut BTreeMap::new());
                let change = change.unwrap_or_else(|| {
                    self.alone(stored, self.pair.new, ObjectState::Recreated, String::new())
                });
                let change = ObjectChange {
                    state: ObjectState::Recreated,
                    replaces: Some(before.subject(self.pair.old)),
                    ..change
                };
                anew.push((stored.id, change));
                continue;
            }
            let missed = self.missed(self.sight.0, (self.sight.1, self.pair.new), stored);
            let clock = self.pair.old.directory.clock;
            let (state, note) = match (missed, created(stored)) {
                (Some(why), _) => (
                    ObjectState::UnknownBefore,
                    format!("it may have been there before: {why}"),
                ),
                (None, None) => (
                    ObjectState::Created,
                    "its whenCreated is not readable: it may be new, restored, or moved here from another domain"
                        .to_owned(),
                ),
                (None, Some(created)) if clock.is_after(created) => (
                    ObjectState::Created,
                    "whenCreated is before the earlier snapshot: restored, or moved here from another domain"
                        .to_owned(),
                ),
                (None, Some(_)) => (ObjectState::Created, String::new()),
            };
            changes.push(self.alone(stored, self.pair.new, state, note));
        }
        for (place, stored) in gone.iter().enumerate() {
            if taken.contains(&place) {
                continue;
            }
            let has = (self.sight.0, self.pair.old);
            let (state, note) = match self.missed(self.sight.1, has, stored) {
                Some(why) => (
                    ObjectState::UnknownNow,
                    format!("it may still be there: {why}"),
                ),
                None => (ObjectState::Deleted, String::new()),
            };
            changes.push(self.alone(stored, self.pair.old, state, note));
        }
        anew
    }

    /// Why the side with this sight may not have been shown what the other has.
    fn missed(
        &self,
        sight: Sight<'_>,
        (other, has): (Sight<'_>, &Analysis),
        stored: &Stored,
    ) -> Option<String> {
        let one = Elsewhere {
            query: &stored.query,
            kind: object(has, stored.id).map(|object| object.kind),
            dn: &stored.dn,
            created: created(stored),
        };
        sight.may_have_missed(other, &one)
    }

    /// An object with all its values, as added where it is new and as removed where it is gone.
    fn alone(
        &self,
        stored: &Stored,
        analysis: &Analysis,
        state: ObjectState,
        note: String,
    ) -> ObjectChange {
        let there = matches!(state, ObjectState::Created | ObjectState::UnknownBefore);
        let mut attributes = Vec::new();
        let mut cells = stored.columns.iter();
        for attribute in ATTRIBUTES {
            let cell = if attribute.has_column() {
                cells.next()
            } else {
                None
            };
            if OF_THE_NAME.contains(&attribute.name)
                || ROUTINE.contains(&attribute.name)
                || attribute.syntax == Syntax::SecurityDescriptor
            {
                continue;
            }
            let directory = &analysis.directory;
            let links = rows_of(directory.links(attribute.name), stored.id).iter();
            let links = links.filter_map(|(_, target)| directory.dn(*target).map(str::to_owned));
            let raw = rows_of(directory.values(attribute.name), stored.id).iter();
            let raw = raw.map(|(_, bytes)| value::of_bytes(attribute, bytes));
            let cell = cell.map(|cell| value::of_column(attribute, cell.into()));
            let words: BTreeSet<String> =
                cell.into_iter().flatten().chain(links).chain(raw).collect();
            if words.is_empty() {
                continue;
            }
            let words: Vec<String> = words.into_iter().collect();
            let (removed, added) = if there {
                (Vec::new(), words)
            } else {
                (words, Vec::new())
            };
            attributes.push(AttributeChange {
                attribute: attribute.name.to_owned(),
                kind: value::kind_of(attribute),
                single: is_single(attribute.syntax),
                removed,
                added,
                unknown: None,
            });
        }
        ObjectChange {
            subject: stored.subject(analysis),
            state,
            service_account: object(analysis, stored.id).is_some_and(Object::is_service_account),
            was_dn: None,
            renamed: false,
            moved: false,
            replaces: None,
            attributes,
            descriptors: Vec::new(),
            note,
        }
    }
}

/// whenCreated, FILETIME ticks.
fn created(stored: &Stored) -> Option<i64> {
    stored.text("whenCreated").and_then(filetime_of)
}

/// Which that came has the name of which that went, by place: the same DN, else the same sAMAccountName.
fn replaced(gone: &[Stored], come: &[Stored]) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    type Name = for<'a> fn(&'a Stored) -> Option<&'a str>;
    let by: [Name; 2] = [
        |stored| Some(&stored.dn),
        |stored| stored.text("sAMAccountName"),
    ];
    for name in by {
        let known = names(gone, name);
        for (place, stored) in come.iter().enumerate() {
            let before = name(stored).and_then(|name| known.get(&name.to_lowercase()));
            if let Some(before) = before
                && !found.contains_key(&place)
                && taken.insert(*before)
            {
                found.insert(place, *before);
            }
        }
    }
    found
}

/// Places by a name in lower case; of two the first.
fn names<'a>(
    stored: &'a [Stored],
    name: impl Fn(&'a Stored) -> Option<&'a str>,
) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (place, stored) in stored.iter().enumerate() {
        if let Some(name) = name(stored) {
            places.entry(name.to_lowercase()).or_insert(place);
        }
    }
    places
}
