//! What holds of every comparison, on random pairs of directories.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use coldcase_fixtures::Forest;
use coldcase_schemas::Snapshot;
use coldcase_schemas::diff::{DescriptorChange, ObjectChange, ObjectState};
use proptest::collection::vec;
use proptest::prelude::*;

use super::object::{Objects, objects};
use super::{Matching, Pair};
use crate::frames::Analysis;
use crate::load::Directory;

const USERS: [&str; 4] = ["svc-a", "svc-b", "anna", "ole"];
const GROUPS: [&str; 2] = ["Helpdesk", "Hosts"];
const UNITS: [&str; 3] = ["OU=Services", "OU=Old,OU=Services", "OU=People"];

/// What an account may be like.
#[derive(Debug, Clone)]
struct Account {
    there: bool,
    name: usize,
    unit: usize,
    spns: usize,
    description: usize,
    disabled: bool,
    groups: usize,
    /// Made anew: another object with the same name.
    anew: bool,
    ace: usize,
    protected: bool,
}

/// A small directory.
#[derive(Debug, Clone)]
struct Small {
    accounts: Vec<Account>,
    nested: bool,
    unit_ace: bool,
}

impl Small {
    fn forest(&self) -> Forest {
        let mut forest = Forest::new("corp.example");
        for unit in UNITS {
            forest = forest.ou(unit);
        }
        if self.unit_ace {
            forest = forest.on(UNITS[0]).ace("(A;CI;WP;;;AU)");
        }
        for group in GROUPS {
            forest = forest.group(group).in_ou("OU=People");
        }
        if self.nested {
            forest = forest.on(GROUPS[1]).member(GROUPS[0]);
        }
        for (account, key) in self.accounts.iter().zip(USERS) {
            if !account.there {
                forest = forest.skip_rid();
                continue;
            }
            let made = if account.anew {
                format!("{key}-2")
            } else {
                key.to_owned()
            };
            forest = forest.user(&made).in_ou(UNITS[account.unit % UNITS.len()]);
            if account.name > 0 || account.anew {
                let suffix = ["", "-x", "-y"][account.name];
                forest = forest.renamed(&format!("{key}{suffix}"));
            }
            for spn in 0..account.spns {
                forest = forest.spn(&format!("HTTP/{key}{spn}"));
            }
            if account.description > 0 {
                forest = forest.description(["", "one", "two\u{1b}"][account.description]);
            }
            if account.disabled {
                forest = forest.disabled();
            }
            if account.ace > 0 {
                forest = forest.ace(["", "(A;;GA;;;BU)", "(OD;;CR;;;BU)"][account.ace]);
            }
            if account.protected {
                forest = forest.protected();
            }
            let made = if account.name > 0 || account.anew {
                made
            } else {
                key.to_owned()
            };
            for (place, group) in GROUPS.iter().enumerate() {
                if account.groups & (1 << place) != 0 {
                    forest = forest.on(group).member(&made);
                }
            }
        }
        forest
    }
}

fn small() -> impl Strategy<Value = Small> {
    let account = (
        prop::bool::weighted(0.85),
        0_usize..3,
        0_usize..3,
        0_usize..3,
        0_usize..3,
        any::<bool>(),
        0_usize..4,
        prop::bool::weighted(0.1),
        0_usize..3,
        prop::bool::weighted(0.2),
    );
    let account = account.prop_map(
        |(there, name, unit, spns, description, disabled, groups, anew, ace, protected)| Account {
            there,
            name,
            unit,
            spns,
            description,
            disabled,
            groups,
            anew,
            ace,
            protected,
        },
    );
    (vec(account, USERS.len()), any::<bool>(), any::<bool>()).prop_map(
        |(accounts, nested, unit_ace)| Small {
            accounts,
            nested,
            unit_ace,
        },
    )
}

/// A snapshot of it, opened, and what follows from it.
struct Opened {
    snapshot: Snapshot,
    analysis: Analysis,
}

impl Opened {
    fn of(forest: &Forest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("snapshot.sqlite.zst");
        forest.write_snapshot(&path).unwrap();
        let snapshot = Snapshot::open(&path).unwrap();
        let analysis = Analysis::new(Directory::load(&snapshot).unwrap());
        Self { snapshot, analysis }
    }
}

fn compared(old: &Opened, new: &Opened) -> Objects {
    let matching = Matching::new(&old.snapshot, &new.snapshot).unwrap();
    let pair = Pair {
        old: &old.analysis,
        new: &new.analysis,
        matching: &matching,
    };
    objects(&pair, &old.snapshot, &new.snapshot).unwrap()
}

/// The same change looked at from the other end of time.
fn mirrored(change: &ObjectChange) -> ObjectChange {
    let mut mirror = change.clone();
    if let Some(was) = &change.was_dn {
        mirror.was_dn = change.subject.dn.clone();
        mirror.subject.dn = Some(was.clone());
    }
    if let Some(before) = &change.replaces {
        mirror.replaces = Some(change.subject.clone());
        mirror.subject = before.clone();
    }
    mirror.state = match change.state {
        ObjectState::Created => ObjectState::Deleted,
        ObjectState::Deleted => ObjectState::Created,
        ObjectState::UnknownBefore => ObjectState::UnknownNow,
        ObjectState::UnknownNow => ObjectState::UnknownBefore,
        other => other,
    };
    // What there is to say of an object that came is another thing than of one that went.
    mirror.note = String::new();
    for attribute in &mut mirror.attributes {
        std::mem::swap(&mut attribute.removed, &mut attribute.added);
    }
    for descriptor in &mut mirror.descriptors {
        turn(descriptor);
    }
    mirror
}

fn turn(change: &mut DescriptorChange) {
    std::mem::swap(&mut change.removed, &mut change.added);
    change.owner = change.owner.take().map(|(was, is)| (is, was));
    change.inheritance_blocked = change.inheritance_blocked.map(|blocked| !blocked);
    for inherited in &mut change.inherited {
        std::mem::swap(&mut inherited.removed, &mut inherited.added);
    }
}

/// What identifies a change, whichever name the object has.
fn key(change: &ObjectChange) -> String {
    format!("{:?} {:?}", change.subject.object_guid, change.replaces)
}

/// By objectGUID: DN, and the values of each attribute in words.
type Contents = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Everything that a comparison tells of, as if all of it were new.
fn contents(nothing: &Opened, opened: &Opened) -> Contents {
    let mut contents = Contents::new();
    // Objects that every forest has are the same in both, so their contents are not needed here.
    for change in compared(nothing, opened).changes {
        if change.state != ObjectState::Created {
            continue;
        }
        let guid = change.subject.object_guid.clone().unwrap();
        let values = contents.entry(guid).or_default();
        for attribute in change.attributes {
            values.insert(attribute.attribute, attribute.added.into_iter().collect());
        }
        let dn = change.subject.dn.unwrap();
        values.insert("dn".to_owned(), BTreeSet::from([dn]));
    }
    contents
}

/// What goes, what is called otherwise, and then what comes.
fn apply(contents: &mut Contents, changes: &[ObjectChange]) {
    let guid = |change: &ObjectChange| change.subject.object_guid.clone().unwrap();
    for change in changes {
        if let Some(before) = &change.replaces {
            let before = contents.remove(before.object_guid.as_deref().unwrap());
            contents.insert(guid(change), before.unwrap());
        }
        if change.state == ObjectState::Deleted {
            contents.remove(&guid(change));
            continue;
        }
        if change.state == ObjectState::Created {
            contents.entry(guid(change)).or_default();
        }
        // The others are objects that every forest has.
        let Some(values) = contents.get_mut(&guid(change)) else {
            continue;
        };
        for attribute in &change.attributes {
            let there = values.entry(attribute.attribute.clone()).or_default();
            for value in &attribute.removed {
                assert!(there.remove(value), "{value} was never there");
            }
        }
    }
    let renamed: BTreeMap<&String, &String> = changes
        .iter()
        .filter_map(|change| Some((change.was_dn.as_ref()?, change.subject.dn.as_ref()?)))
        .collect();
    for values in contents.values_mut().flat_map(BTreeMap::values_mut) {
        let now = |value: &String| renamed.get(value).map_or(value, |now| *now).clone();
        *values = values.iter().map(now).collect();
    }
    for change in changes {
        let Some(values) = contents.get_mut(&guid(change)) else {
            continue;
        };
        for attribute in &change.attributes {
            let there = values.entry(attribute.attribute.clone()).or_default();
            there.extend(attribute.added.iter().cloned());
        }
        if change.state == ObjectState::Created {
            let dn = change.subject.dn.clone().unwrap();
            values.insert("dn".to_owned(), BTreeSet::from([dn]));
        }
        values.retain(|_, values| !values.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_comparison_with_itself_is_empty_mirrors_itself_and_leads_from_one_to_the_other(
        first in small(),
        second in small(),
    ) {
        let (first, second) = (Opened::of(&first.forest()), Opened::of(&second.forest()));
        let same = compared(&first, &first);
        prop_assert!(same.changes.is_empty() && same.routine.is_empty(), "{:?}", same.changes);

        let there = compared(&first, &second);
        let back = compared(&second, &first);
        let mut mirror: Vec<ObjectChange> = back.changes.iter().map(mirrored).collect();
        let mut plain: Vec<ObjectChange> = there.changes.clone();
        for change in &mut plain {
            change.note = String::new();
        }
        plain.sort_by_key(key);
        mirror.sort_by_key(key);
        for (plain, mirror) in plain.iter_mut().zip(&mut mirror) {
            // The other names of a renamed object are in its attributes.
            plain.subject.sam_account_name = None;
            mirror.subject.sam_account_name = None;
        }
        prop_assert_eq!(&plain, &mirror);

        let nothing = Opened::of(&Forest::new("corp.example"));
        let mut applied = contents(&nothing, &first);
        apply(&mut applied, &there.changes);
        let wanted = contents(&nothing, &second);
        for (guid, values) in &wanted {
            prop_assert_eq!(applied.get(guid), Some(values));
        }
        prop_assert_eq!(applied.len(), wanted.len());
    }
}
