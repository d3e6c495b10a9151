//! What a comparison told, in the words of expectations. Deliberately judges nothing: whatever was told becomes a row,
//! what is not known among it.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::diff::{
    AccessChange, AceText, AttributeChange, Cause, CauseKind, DescriptorChange, Diff,
    MembershipChange, ObjectChange, ObjectState, ValueKind,
};
use coldcase_schemas::report::Subject;
use coldcase_tests::dc::changes::{FILLED_IN, Told, bare_entry};

use super::Names;

/// Every row. `heirlooms` says of objects whose inheritance is blocked how many entries they inherited.
pub(super) fn rows(
    diff: &Diff,
    names: &Names,
    heirlooms: &BTreeMap<String, usize>,
) -> BTreeSet<Told> {
    let mut rows = BTreeSet::new();
    for change in &diff.objects {
        let of = name(&change.subject, names);
        rows.insert(Told::Object {
            of: of.clone(),
            state: change.state,
            renamed: change.renamed,
            moved: change.moved,
            replaces: change.replaces.as_ref().map(|old| name(old, names)),
        });
        rows.extend(
            change
                .attributes
                .iter()
                .filter(|attribute| !is_filled_in(change, attribute))
                .map(|attribute| of_attribute(&of, attribute)),
        );
        for descriptor in &change.descriptors {
            of_descriptor(&of, descriptor, heirlooms.get(&of), &mut rows);
        }
    }
    rows.extend(diff.access.iter().map(|change| of_access(change, names)));
    rows.extend(
        diff.memberships
            .iter()
            .map(|change| of_membership(change, names)),
    );
    rows.extend(diff.passwords.iter().map(|change| Told::Password {
        of: name(&change.account, names),
        rotation: change.rotation,
    }));
    rows
}

fn name(subject: &Subject, names: &Names) -> String {
    let known = subject
        .object_guid
        .as_ref()
        .and_then(|guid| names.get(guid));
    let other = || subject.sid.clone().or(subject.dn.clone());
    known.cloned().or_else(other).unwrap_or_default()
}

/// A controller fills it in where an object is made.
fn is_filled_in(change: &ObjectChange, attribute: &AttributeChange) -> bool {
    let made = matches!(
        change.state,
        ObjectState::Created | ObjectState::Deleted | ObjectState::Recreated
    );
    made && FILLED_IN.contains(&attribute.attribute.as_str())
}

fn of_attribute(of: &str, change: &AttributeChange) -> Told {
    let of = of.to_owned();
    // RFC 3339 in UTC stands in the order of time.
    let later = match (change.removed.as_slice(), change.added.as_slice()) {
        ([was], [is]) => change.kind == ValueKind::Time && is > was,
        _ => false,
    };
    match &change.unknown {
        None if later => Told::Later {
            of,
            attribute: change.attribute.clone(),
        },
        unknown => Told::Attribute {
            of,
            attribute: match unknown {
                Some(why) => format!("{}, not known: {why}", change.attribute),
                None => change.attribute.clone(),
            },
            removed: change.removed.clone(),
            added: change.added.clone(),
        },
    }
}

fn of_descriptor(
    of: &str,
    change: &DescriptorChange,
    inherited: Option<&usize>,
    rows: &mut BTreeSet<Told>,
) {
    let of = of.to_owned();
    let entry = |added, sddl: &str| Told::Entry {
        of: of.clone(),
        attribute: change.attribute.clone(),
        added,
        sddl: sddl.to_owned(),
    };
    rows.extend(change.removed.iter().map(|ace| entry(false, &ace.sddl)));
    rows.extend(change.added.iter().map(|ace| entry(true, &ace.sddl)));
    if change.reordered {
        rows.insert(entry(true, "other order"));
    }
    if let Some(why) = &change.unknown {
        rows.insert(entry(true, &format!("not known: {why}")));
    }
    if let Some((_, is)) = &change.owner {
        rows.insert(Told::Owner {
            of: of.clone(),
            is: is.clone(),
        });
    }
    if change.heirs > 0 {
        rows.insert(Told::Heirs {
            of: of.clone(),
            count: change.heirs,
        });
    }
    if let Some(blocked) = change.inheritance_blocked {
        rows.insert(Told::Inheritance {
            of: of.clone(),
            blocked,
        });
        let came: usize = change.inherited.iter().map(|one| one.added.len()).sum();
        let went: usize = change.inherited.iter().map(|one| one.removed.len()).sum();
        // All of it went, as is expected.
        if (blocked, came, Some(&went)) == (true, 0_usize, inherited) {
            return;
        }
    }
    for one in &change.inherited {
        let row = |added, ace: &AceText| Told::Inherited {
            of: of.clone(),
            from: one.from.clone().unwrap_or_default(),
            added,
            entry: bare_entry(&ace.sddl),
        };
        rows.extend(one.removed.iter().map(|ace| row(false, ace)));
        rows.extend(one.added.iter().map(|ace| row(true, ace)));
    }
}

fn of_access(change: &AccessChange, names: &Names) -> Told {
    Told::Access {
        account: name(&change.account, names),
        power: change.power,
        direction: change.direction,
        holder: name(&change.holder, names),
        causes: kinds(&change.causes),
    }
}

fn of_membership(change: &MembershipChange, names: &Names) -> Told {
    Told::Membership {
        member: name(&change.member, names),
        group: name(&change.group, names),
        direction: change.direction,
        causes: kinds(&change.causes),
    }
}

/// Each kind once.
fn kinds(causes: &[Cause]) -> Vec<CauseKind> {
    let kinds: BTreeSet<CauseKind> = causes.iter().map(|cause| cause.kind).collect();
    kinds.into_iter().collect()
}
