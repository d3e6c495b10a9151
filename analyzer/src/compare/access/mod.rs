//! Who gained or lost a power over a service account, found by asking the access check on both sides, and why.
//!
//! | module | question |
//! | --- | --- |
//! | [`account`] | what there is to ask of an account |
//! | [`sets`] | who is granted it |
//! | [`cause`] | which change made the difference |
//! | [`clusters`] | who is told together |
//! | [`delegation`] | who delegates to a service of the account |
//! | [`rows`] | the rows |
//!
//! What is told, so that the list stays short:
//!
//! * *Who* are users, computers and managed accounts, SIDs without an object, and members from other domains. A group is
//!   told for its members where it was named or nested; who came into a group is told by name, each by each, up to ten.
//!   Of more, or where the group stands for nearly everybody, the group is told with how many.
//! * *Administrators* are left out: who is expected to hold everything on a side (`Principals::is_expected`) holds it there
//!   by that. Who became one, or is none any more, is told once, by `memberships`.
//! * *The account itself* holds some rights over itself; that is no one else's power.
//! * *Certain or possible*: where an entry has a condition, only a domain controller can decide. Who held a right under a
//!   condition and holds it for certain now gained it.
//! * Of an account that is new or gone everybody is told who holds something, with that as the cause.
//!
//! Deliberately follows no control paths: who may change a group that holds a right is found by `coldcase paths`.

mod account;
mod cause;
mod clusters;
mod delegation;
#[cfg(test)]
mod random_tests;
mod rows;
mod sets;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use coldcase_schemas::diff::{AccessChange, Cause, CauseKind};

use super::Pair;
use super::side::{Both, When};
use crate::graph::{Holders, RightKind};
use crate::load::{Kind, Object};
pub(crate) use account::query_of;
pub(super) use account::unseen;

use super::people::People;
use account::{Account, Asked, Attribute, Shown};
use cause::{Question, Why};
use clusters::{Cluster, Clusters, not_seen};
use rows::{Rows, Template, templates};
use sets::{Door, Granted, Sets, members};

/// What decides what there is to tell of an account on one side: descriptors by id, kind, classes.
type Face = (Option<i64>, Option<i64>, Option<i64>, Kind, Arc<str>);

/// Accounts with the same key have the same rows.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    faces: Both<Option<Face>>,
    /// The account, where PRINCIPAL SELF is somebody else as well.
    itself: Option<Both<Option<usize>>>,
    /// Why it is not known whether it was there on the other side.
    unseen: Option<String>,
    /// Why a list that it does not show may be hidden.
    hidden: Vec<String>,
}

/// Who gained or lost which power over which service account.
pub(crate) fn access(pair: &Pair<'_>) -> Vec<AccessChange> {
    let people = People::of(pair);
    let accounts = accounts(pair);
    let mut rows = Rows::new(&people, pair);
    let mut changes = Vec::new();
    compared(&people, &accounts, |places, found| {
        changes.extend(found.iter().filter_map(|found| rows.row(found, places)));
    });
    changes.extend(delegation::delegation(&people, &accounts));
    rows::sort(&mut changes);
    changes
}

/// Hands over what there is to tell of each account; what accounts have in common is found once.
fn compared(
    people: &People<'_>,
    accounts: &[Both<Option<usize>>],
    mut take: impl FnMut(Both<Option<usize>>, &[Template]),
) {
    let mut comparison = Comparison {
        people,
        sets: Sets::new(people),
        clusters: Clusters::new(people),
    };
    let mut known: HashMap<Key, Rc<Vec<Template>>> = HashMap::new();
    for places in accounts {
        let (key, sides) = comparison.account(*places);
        let found = match known.get(&key) {
            Some(found) => Rc::clone(found),
            None => {
                let clusters = comparison.compare(&sides, key.unseen.as_deref());
                let found = Rc::new(templates(people, clusters));
                known.insert(key, Rc::clone(&found));
                found
            }
        };
        take(*places, &found);
    }
}

/// Service accounts of either side by their places, those of the later side first.
pub(super) fn accounts(pair: &Pair<'_>) -> Vec<Both<Option<usize>>> {
    let (old, new) = (&pair.old.directory, &pair.new.directory);
    let mut accounts = Vec::new();
    for (place, object) in new.objects.iter().enumerate() {
        let before = pair.matching.old_of(object.id).and_then(|id| old.place(id));
        let was = before
            .and_then(|place| old.objects.get(place))
            .is_some_and(Object::is_service_account);
        if was || object.is_service_account() {
            accounts.push(Both {
                before,
                after: Some(place),
            });
        }
    }
    let known: HashSet<usize> = accounts.iter().filter_map(|places| places.before).collect();
    for (place, object) in old.objects.iter().enumerate() {
        if object.is_service_account() && !known.contains(&place) {
            accounts.push(Both {
                before: Some(place),
                after: None,
            });
        }
    }
    accounts
}

/// What comparing takes.
struct Comparison<'p, 'a> {
    people: &'p People<'a>,
    sets: Sets<'p, 'a>,
    clusters: Clusters<'p, 'a>,
}

impl<'a> Comparison<'_, 'a> {
    /// The account on both sides, and what it has in common with others.
    fn account(&self, places: Both<Option<usize>>) -> (Key, Both<Option<Account<'a>>>) {
        let object = |when: When| self.people.side(when).object((*places.get(when))?);
        let sides = Both::with(|when| {
            let analysis = self.people.side(when);
            let other = object(when.other()).map(|other| (self.people.side(when.other()), other));
            Some(Account::of(analysis, when, object(when)?, other))
        });
        let face = |when: When| {
            let object = object(when)?;
            let [permissions, readers, acting] =
                Attribute::ALL.map(|attribute| attribute.id(object));
            let classes = Arc::clone(&object.classes);
            Some((permissions, readers, acting, object.kind, classes))
        };
        let itself = sides
            .before
            .iter()
            .chain(&sides.after)
            .any(|one| one.selves);
        let both = Both::with(|when| self.people.side(when));
        let unseen = match (object(When::Before), object(When::After)) {
            (Some(was), None) => unseen(&both, When::Before, was),
            (None, Some(is)) => unseen(&both, When::After, is),
            _ => None,
        };
        let of_both = sides.before.iter().chain(&sides.after);
        let hidden = of_both
            .flat_map(|one| Attribute::ALL.map(|attribute| one.shown(attribute).clone()))
            .filter_map(|shown| match shown {
                Shown::Hidden(why) => Some(why),
                Shown::Unset | Shown::Whole(_) => None,
            })
            .collect();
        let key = Key {
            faces: Both::with(face),
            itself: itself.then_some(places),
            unseen,
            hidden,
        };
        (key, sides)
    }

    /// Everybody who gained or lost something.
    fn compare(&mut self, sides: &Both<Option<Account<'a>>>, unseen: Option<&str>) -> Vec<Cluster> {
        let selves = [&sides.before, &sides.after]
            .into_iter()
            .flatten()
            .any(|account| account.selves);
        let asked = Both::with(|when| {
            let account = sides.get(when).as_ref();
            account.map(Account::asked).unwrap_or_default()
        });
        let mut clusters = Vec::new();
        for attribute in Attribute::ALL {
            if !selves && self.is_untouched(sides, &asked, attribute) {
                continue;
            }
            let doors = Both::with(|when| {
                let account = sides.get(when).as_ref()?;
                Door::of(account, attribute, selves)
            });
            for right in rights(&asked, attribute) {
                let of = |when: When| {
                    let mut all = asked.get(when).iter();
                    all.find(|asked| asked.right == right)
                };
                let question = |on: When, certain: bool| Question {
                    on,
                    certain,
                    right,
                    attribute,
                    asked: Both::with(of),
                    doors: Both {
                        before: doors.before.as_ref(),
                        after: doors.after.as_ref(),
                    },
                    accounts: Both {
                        before: sides.before.as_ref(),
                        after: sides.after.as_ref(),
                    },
                };
                self.right(sides, &question, unseen, &mut clusters);
            }
        }
        clusters
    }

    /// Whether nobody can have gained or lost anything by an attribute.
    fn is_untouched(
        &mut self,
        sides: &Both<Option<Account<'a>>>,
        asked: &Both<Vec<Asked>>,
        attribute: Attribute,
    ) -> bool {
        let (Some(before), Some(after)) = (&sides.before, &sides.after) else {
            return false;
        };
        let of = |when: When| {
            let all = asked.get(when).iter();
            all.filter(move |asked| asked.attribute == attribute)
        };
        match (before.shown(attribute), after.shown(attribute)) {
            (Shown::Unset, Shown::Unset) => true,
            (Shown::Whole(was), Shown::Whole(is)) => {
                let blocked = of(When::After).any(|asked| asked.blocked);
                was == is
                    && of(When::Before).eq(of(When::After))
                    && self.sets.is_untouched(attribute, is, blocked)
            }
            _ => false,
        }
    }

    fn right<'q>(
        &mut self,
        sides: &Both<Option<Account<'a>>>,
        question: &dyn Fn(When, bool) -> Question<'q, 'a>,
        unseen: Option<&str>,
        clusters: &mut Vec<Cluster>,
    ) where
        'a: 'q,
    {
        let any = question(When::After, true);
        let (asked, doors) = (any.asked, any.doors);
        let hidden = |when: When| {
            let account = sides.get(when).as_ref()?;
            // Of what there is no such right, nothing can be hidden.
            (*asked.get(when))?;
            match account.shown(any.attribute) {
                Shown::Hidden(why) => Some(why.as_str()),
                Shown::Unset | Shown::Whole(_) => None,
            }
        };
        let alone = match (&sides.before, &sides.after) {
            (None, _) => Some((When::After, unseen)),
            (_, None) => Some((When::Before, unseen)),
            _ => None,
        };
        let hidden = match (hidden(When::Before), hidden(When::After)) {
            (Some(_), Some(_)) => return,
            (Some(why), None) => Some((When::After, why)),
            (None, Some(why)) => Some((When::Before, why)),
            (None, None) => None,
        };
        let of_all = match (alone, hidden) {
            (Some((on, _)), Some((shown, _))) if on != shown => return,
            (Some((on, Some(why))), _) => Some((on, not_seen(why), true)),
            (Some((on, None)), _) => Some((on, being(on), false)),
            (None, Some((on, why))) => Some((on, not_seen(why), true)),
            (None, None) => None,
        };
        if let Some((on, why, unknown)) = of_all {
            let granted = self.sets.granted(on, *asked.get(on), *doors.get(on));
            for (certain, set) in by_level(&granted, None, self.people.told(on)) {
                let members = members(&set);
                let question = question(on, certain);
                clusters.extend(self.clusters.all(&question, &members, &why, unknown));
            }
            return;
        }
        if let (Some(was), Some(is), Some(before), Some(after)) =
            (asked.before, asked.after, doors.before, doors.after)
        {
            let asked = Both {
                before: was,
                after: is,
            };
            if self.sets.is_same(asked, Both { before, after }) {
                return;
            }
        }
        let granted =
            Both::with(|when| self.sets.granted(when, *asked.get(when), *doors.get(when)));
        for on in When::BOTH {
            let (here, there) = (granted.get(on), granted.get(on.other()));
            for (certain, set) in by_level(here, Some(there), self.people.told(on)) {
                let members = members(&set);
                clusters.extend(self.clusters.of(&question(on, certain), &members));
            }
        }
    }
}

/// Rights by one attribute, on either side.
fn rights(asked: &Both<Vec<Asked>>, attribute: Attribute) -> Vec<RightKind> {
    let mut rights: Vec<RightKind> = asked
        .before
        .iter()
        .chain(&asked.after)
        .filter(|asked| asked.attribute == attribute)
        .map(|asked| asked.right)
        .collect();
    rights.sort_unstable();
    rights.dedup();
    rights
}

/// Who holds it for certain here and not there; and who under a condition here and not at all there.
fn by_level(here: &Granted, there: Option<&Granted>, told: &Holders) -> [(bool, Holders); 2] {
    let mut certain = here.certain.clone();
    let mut possible = here.possible.clone();
    possible.difference_with(&here.certain);
    if let Some(there) = there {
        certain.difference_with(&there.certain);
        possible.difference_with(&there.possible);
    }
    certain.intersect_with(told);
    possible.intersect_with(told);
    [(true, certain), (false, possible)]
}

/// The account is there on one side only.
fn being(on: When) -> Why {
    let (kind, text) = match on {
        When::After => (CauseKind::Created, "the account is new"),
        When::Before => (CauseKind::Deleted, "the account is gone"),
    };
    let cause = Cause {
        kind,
        at: None,
        text: text.to_owned(),
    };
    Why::Told(cause, true)
}
