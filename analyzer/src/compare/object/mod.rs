//! Objects that came, went or changed, with their attributes.
//!
//! Reads every column of both databases, so that nothing that was collected is left out. Owns what counts as made anew,
//! renamed and moved. Deliberately does not look into security descriptors ([`super::permissions`]) or ask who may do what.

mod alone;
mod difference;
mod settings;
mod stored;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use coldcase_schemas::Snapshot;
use coldcase_schemas::attribute::{ATTRIBUTES, Attribute, Syntax};
use coldcase_schemas::diff::{AttributeChange, Limit, ObjectChange, ObjectState, Side};
use coldcase_schemas::plan::OTHER_OBJECTS;
use coldcase_schemas::report::Subject;
use rusqlite::Row;
use rusqlite::types::Value;

use super::Pair;
use super::permissions::Permissions;
use super::sight::Sight;
use super::value;
use crate::frames::Analysis;
use crate::load::{Kind, Object, parent_dn};
use difference::Difference;
pub(super) use settings::has_settings;
use stored::{FIRST_COLUMN, SELECT, Stored};

/// Attributes that change whenever an object is used or changed.
const ROUTINE: &[&str] = &[
    "whenChanged",
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "msDS-User-Account-Control-Computed",
    // Told apart by epoch: see `passwords`.
    "msDS-ManagedPasswordId",
    "msDS-ManagedPasswordPreviousId",
];

/// The name of an object in other words, and what pairs it.
const OF_THE_NAME: &[&str] = &["name", "cn", "objectGUID"];

/// What came of the objects of two snapshots.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) changes: Vec<ObjectChange>,
    /// Attributes that change by themselves, and of how many objects.
    pub(super) routine: BTreeMap<String, u64>,
    /// What a side was not asked for and the other shows.
    pub(super) limits: Vec<Limit>,
}

fn object(analysis: &Analysis, id: i64) -> Option<&Object> {
    analysis.object(analysis.directory.place(id)?)
}

/// Compares every object.
///
/// # Errors
/// A database is damaged.
pub(super) fn objects(pair: &Pair<'_>, old: &Snapshot, new: &Snapshot) -> Result<Objects> {
    let mut comparison = Comparison::new(pair, old, new)?;
    let mut result = Objects::default();
    let (mut gone, mut on_both) = (Vec::new(), Vec::new());
    let one = format!("{SELECT} WHERE object.id = ?1");
    let mut lookup = new.database().prepare(&one)?;
    let mut statement = old
        .database()
        .prepare(&format!("{SELECT} ORDER BY object.id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(id) = pair.matching.new_of(row.get(2)?) else {
            gone.push(Stored::read(row)?);
            continue;
        };
        let mut found = lookup.query([id])?;
        let Some(now) = found.next()? else {
            continue;
        };
        if comparison.is_alike(row, now, &mut result.routine)? {
            continue;
        }
        let (before, now) = (Stored::read(row)?, Stored::read(now)?);
        let change = comparison.compare(&before, &now, &mut result.routine);
        on_both.extend(change.map(|change| (id, change)));
    }
    let mut statement = new
        .database()
        .prepare(&format!("{SELECT} ORDER BY object.id"))?;
    let mut rows = statement.query([])?;
    let mut come = Vec::new();
    while let Some(row) = rows.next()? {
        if pair.matching.old_of(row.get(2)?).is_none() {
            come.push(Stored::read(row)?);
        }
    }
    comparison.leave_out_others(&mut gone, Side::New);
    comparison.leave_out_others(&mut come, Side::Old);
    on_both.extend(comparison.one_side(&gone, &come, &mut result.changes));
    result.limits = comparison.limits();
    let mut descriptors = comparison.permissions.told();
    for (id, mut change) in on_both {
        change.descriptors = descriptors.remove(&id).unwrap_or_default();
        if let Some(state) = state_of(&change) {
            change.state = state;
            result.changes.push(change);
        }
    }
    settings::add(pair, &mut result.changes);
    result.changes.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(result)
}

/// What an object that is on both sides comes to; `None` if all that is different was told elsewhere.
fn state_of(change: &ObjectChange) -> Option<ObjectState> {
    if change.state == ObjectState::Recreated {
        return Some(change.state);
    }
    let unsure = change
        .attributes
        .iter()
        .all(|change| change.unknown.is_some())
        && change
            .descriptors
            .iter()
            .all(|change| change.unknown.is_some())
        && !change.renamed
        && !change.moved;
    if !unsure {
        return Some(ObjectState::Changed);
    }
    if change.attributes.is_empty() && change.descriptors.is_empty() {
        return None;
    }
    let came = change
        .attributes
        .iter()
        .any(|change| !change.added.is_empty());
    Some(if came {
        ObjectState::UnknownBefore
    } else {
        ObjectState::UnknownNow
    })
}

/// Service accounts first, then by kind and name.
fn order(change: &ObjectChange) -> (bool, ObjectState, &Subject) {
    (!change.service_account, change.state, &change.subject)
}

/// An attribute that is compared, and its column if it has one.
#[derive(Debug, Clone, Copy)]
struct Compared {
    attribute: &'static Attribute,
    column: Option<usize>,
}

/// The attributes that are compared. Of links and rare values only those that a side has any of.
fn compared(pair: &Pair<'_>) -> Vec<Compared> {
    let mut next = 0;
    let mut all = Vec::new();
    for attribute in ATTRIBUTES {
        let column = attribute.has_column().then(|| {
            next += 1;
            next - 1
        });
        let kept = [pair.old, pair.new].into_iter().any(|side| {
            let directory = &side.directory;
            !directory.links(attribute.name).is_empty()
                || !directory.values(attribute.name).is_empty()
        });
        if !OF_THE_NAME.contains(&attribute.name) && (column.is_some() || kept) {
            all.push(Compared { attribute, column });
        }
    }
    all
}

/// What comparing takes.
struct Comparison<'a> {
    pair: &'a Pair<'a>,
    compared: Vec<Compared>,
    sight: (Sight<'a>, Sight<'a>),
    permissions: Permissions<'a>,
    /// True if both were collected on behalf of the same account.
    same_reader: bool,
    /// By side and query, the attributes that it did not ask for and the other side shows.
    not_asked: BTreeMap<(Side, String), BTreeSet<&'static str>>,
}

impl<'a> Comparison<'a> {
    fn new(pair: &'a Pair<'a>, old: &Snapshot, new: &Snapshot) -> Result<Self> {
        let reader = |analysis: &Analysis| analysis.directory.manifest.collected_as.to_lowercase();
        Ok(Self {
            pair,
            compared: compared(pair),
            sight: (Sight::of(pair.old), Sight::of(pair.new)),
            permissions: Permissions::new(pair, old, new)?,
            same_reader: reader(pair.old) == reader(pair.new),
            not_asked: BTreeMap::new(),
        })
    }

    /// Leaves out what no query of the collector asks for, which an export brings all the same, where `side` has none of it.
    fn leave_out_others(&mut self, alone: &mut Vec<Stored>, side: Side) {
        let other = match side {
            Side::Old => self.pair.old,
            _ => self.pair.new,
        };
        if other.directory.query(OTHER_OBJECTS).is_some() {
            return;
        }
        let before = alone.len();
        alone.retain(|stored| stored.query != OTHER_OBJECTS);
        if alone.len() < before {
            self.not_asked
                .insert((side, OTHER_OBJECTS.to_owned()), BTreeSet::new());
        }
    }

    fn limits(&self) -> Vec<Limit> {
        let limits = self.not_asked.iter().map(|((side, query), attributes)| {
            let names: Vec<&str> = attributes.iter().copied().collect();
            let text = if query == OTHER_OBJECTS && names.is_empty() {
                "objects that no query of the collector asks for are on the other side only, and are not compared"
                    .to_owned()
            } else {
                let was = if names.len() == 1 { "was" } else { "were" };
                format!("of {query}, {} {was} not asked for", names.join(", "))
            };
            Limit { side: *side, text }
        });
        limits.collect()
    }

    /// Whether an object is the same on both sides but for what changes by itself, which is counted. Most are, so nothing
    /// is copied to find out.
    fn is_alike(
        &mut self,
        before: &Row<'_>,
        now: &Row<'_>,
        routine: &mut BTreeMap<String, u64>,
    ) -> Result<bool> {
        let (old_id, new_id): (i64, i64) = (before.get(2)?, now.get(2)?);
        if before.get_ref(0)? != now.get_ref(0)? {
            return Ok(false);
        }
        let mut moved_on = Vec::new();
        for Compared { attribute, column } in &self.compared {
            let name = attribute.name;
            if let Some(column) = column {
                let column = column + FIRST_COLUMN;
                let (was, is) = (before.get_ref(column)?, now.get_ref(column)?);
                let same = match attribute.syntax {
                    Syntax::SecurityDescriptor => self.permissions.are_same(was, is),
                    _ => was == is,
                };
                if !same {
                    let (old, new) = (object(self.pair.old, old_id), object(self.pair.new, new_id));
                    if !self.is_routine(name, old, new) {
                        return Ok(false);
                    }
                    moved_on.push(name);
                }
            }
            let same = match attribute.syntax {
                Syntax::Dn => self.targets(name, old_id, new_id).is_none(),
                _ => self.has_same_rows(name, old_id, new_id),
            };
            if !same && !ROUTINE.contains(&name) {
                return Ok(false);
            }
        }
        for name in moved_on {
            *routine.entry(name.to_owned()).or_default() += 1;
        }
        Ok(true)
    }

    /// What changed of an object that is on both sides; `None` if nothing did.
    fn compare(
        &mut self,
        before: &Stored,
        now: &Stored,
        routine: &mut BTreeMap<String, u64>,
    ) -> Option<ObjectChange> {
        let (old, new) = (
            object(self.pair.old, before.id),
            object(self.pair.new, now.id),
        );
        let mut attributes = Vec::new();
        let mut same_permissions = true;
        for Compared { attribute, column } in &self.compared {
            if let (Syntax::SecurityDescriptor, Some(column)) = (attribute.syntax, column)
                && let (Some(was), Some(is)) =
                    (before.columns.get(*column), now.columns.get(*column))
            {
                let (was, is) = ((before.id, was), (now.id, is));
                let same = self.permissions.compare(attribute.name, was, is);
                same_permissions &= same || attribute.name != "nTSecurityDescriptor";
            }
        }
        let readable = self.same_reader && same_permissions;
        for Compared { attribute, column } in &self.compared {
            let difference = match attribute.syntax {
                Syntax::SecurityDescriptor => continue,
                Syntax::Dn => self.targets(attribute.name, before.id, now.id),
                _ => self.values(attribute, *column, before, now),
            };
            let Some(difference) = difference else {
                continue;
            };
            if self.is_rounding(attribute.name, *column, before, now) {
                continue;
            }
            if self.is_routine(attribute.name, old, new) {
                *routine.entry(attribute.name.to_owned()).or_default() += 1;
                continue;
            }
            let (old_sight, new_sight) = self.sight;
            let not_asked = [
                (Side::Old, !difference.was, old_sight, &before.query),
                (Side::New, !difference.is, new_sight, &now.query),
            ];
            let not_asked = not_asked
                .into_iter()
                .find(|(_, lacks, sight, query)| *lacks && !sight.asked_for(query, attribute.name));
            // Another tool, or another version, asks for other attributes: that is said once, not of each object.
            if let Some((side, _, _, query)) = not_asked {
                let key = (side, query.clone());
                self.not_asked
                    .entry(key)
                    .or_default()
                    .insert(attribute.name);
                continue;
            }
            let unknown = self.unknown(attribute, (before, old), (now, new), &difference, readable);
            attributes.push(AttributeChange {
                attribute: attribute.name.to_owned(),
                kind: value::kind_of(attribute),
                single: is_single(attribute.syntax),
                removed: difference.removed,
                added: difference.added,
                unknown,
            });
        }
        let (renamed, moved) = self.place(&before.dn, &now.dn);
        if attributes.is_empty() && !renamed && !moved && !self.permissions.has(now.id) {
            return None;
        }
        let service = |object: Option<&Object>| object.is_some_and(Object::is_service_account);
        Some(ObjectChange {
            subject: now.subject(self.pair.new),
            // Decided when all objects were looked at: what is inherited depends on others.
            state: ObjectState::Changed,
            service_account: service(old) || service(new),
            was_dn: (renamed || moved).then(|| before.dn.clone()),
            renamed,
            moved,
            replaces: None,
            attributes,
            descriptors: Vec::new(),
            note: String::new(),
        })
    }

    /// Whether both numbers may be the same, written with other precision: exports of other tools round times down.
    fn is_rounding(
        &self,
        attribute: &str,
        column: Option<usize>,
        before: &Stored,
        now: &Stored,
    ) -> bool {
        let number = |stored: &Stored| match stored.columns.get(column?) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        };
        let (Some(was), Some(is)) = (number(before), number(now)) else {
            return false;
        };
        let step = |analysis: &Analysis, id: i64| {
            let steps = &analysis.directory.rounded;
            steps.get(&(id, attribute.to_owned())).copied().unwrap_or(0)
        };
        let (old, new) = (step(self.pair.old, before.id), step(self.pair.new, now.id));
        may_be_equal((was, old), (is, new))
    }

    fn is_routine(&self, attribute: &str, old: Option<&Object>, new: Option<&Object>) -> bool {
        if attribute != "pwdLastSet" {
            return ROUTINE.contains(&attribute);
        }
        // Machines change their passwords, and so do people; of services and of tier 0 each change is worth telling.
        let worth = |analysis: &Analysis, object: Option<&Object>| {
            object.is_some_and(|object| {
                let tier0 = analysis
                    .directory
                    .place(object.id)
                    .is_some_and(|place| analysis.principals.is_tier0(place));
                object.kind == Kind::User && (tier0 || object.is_service_account())
            })
        };
        !worth(self.pair.old, old) && !worth(self.pair.new, new)
    }

    /// Why it is not known whether the values went or came.
    fn unknown(
        &self,
        attribute: &Attribute,
        (before, old): (&Stored, Option<&Object>),
        (now, new): (&Stored, Option<&Object>),
        difference: &Difference,
        readable: bool,
    ) -> Option<String> {
        let hidden = |sight: Sight<'_>, object: Option<&Object>, query: &str, side: &str| {
            let why = sight.may_hide_value(object?, query, attribute.name, readable)?;
            Some(format!("{side} snapshot: {why}"))
        };
        let cut = |sight: Sight<'_>, id, side: &str| {
            let why = sight.cut_short(id, attribute.name)?;
            Some(format!("{side} snapshot: {why}"))
        };
        let (old_sight, new_sight) = self.sight;
        if !difference.was
            && let Some(why) = hidden(old_sight, old, &before.query, "earlier")
        {
            return Some(why);
        }
        if !difference.is
            && let Some(why) = hidden(new_sight, new, &now.query, "later")
        {
            return Some(why);
        }
        cut(old_sight, before.id, "earlier").or_else(|| cut(new_sight, now.id, "later"))
    }

    /// Whether the object has another name, and whether it lies elsewhere.
    fn place(&self, before: &str, now: &str) -> (bool, bool) {
        if before == now {
            return (false, false);
        }
        let (parent_before, parent_now) = (parent_dn(before), parent_dn(now));
        let rdn = |dn: &str, parent: Option<&str>| {
            let end = dn.len() - parent.map_or(0, |parent| parent.len() + 1);
            dn.get(..end).unwrap_or(dn).to_owned()
        };
        let (rdn_before, rdn_now) = (rdn(before, parent_before), rdn(now, parent_now));
        // Some exporters write every name in capitals.
        let is_shouted = |name: &str| !name.chars().any(char::is_lowercase);
        let shouted = is_shouted(&rdn_before) || is_shouted(&rdn_now);
        let renamed = match shouted {
            true => rdn_before.to_lowercase() != rdn_now.to_lowercase(),
            false => rdn_before != rdn_now,
        };
        let moved = match (parent_before, parent_now) {
            (Some(before), Some(now)) => !self.translate(before).eq_ignore_ascii_case(now),
            _ => false,
        };
        (renamed, moved)
    }

    /// The DN that an object of the earlier side has in the later if only containers above it were renamed or moved.
    fn translate(&self, dn: &str) -> String {
        let old = &self.pair.old.directory;
        let mut ancestor = Some(dn);
        while let Some(known) = ancestor {
            let new = old
                .place_of_dn(known)
                .and_then(|place| old.objects.get(place))
                .and_then(|object| self.pair.matching.new_of(object.id))
                .and_then(|id| self.pair.new.directory.dn(id));
            if let Some(new) = new {
                let below = dn.len() - known.len();
                return format!("{}{new}", dn.get(..below).unwrap_or_default());
            }
            ancestor = parent_dn(known);
        }
        dn.to_owned()
    }
}

fn is_single(syntax: Syntax) -> bool {
    !matches!(syntax, Syntax::TextList | Syntax::BytesList | Syntax::Dn)
}

/// The rows of one object; they lie together, in the order of ids.
fn rows_of<T>(rows: &[(i64, T)], id: i64) -> &[(i64, T)] {
    let from = rows.partition_point(|row| row.0 < id);
    let to = rows.partition_point(|row| row.0 <= id);
    rows.get(from..to).unwrap_or(&[])
}
/// Whether two numbers, each up to so much less than the truth, can stand for one.
fn may_be_equal(was: (i64, i64), is: (i64, i64)) -> bool {
    let apart = was.0.abs_diff(is.0);
    // The lower may have been rounded down from the higher.
    let lower_step = if was.0 < is.0 { was.1 } else { is.1 };
    apart == 0 || i64::try_from(apart).is_ok_and(|apart| apart < lower_step)
}

#[cfg(test)]
mod rounding {
    use super::may_be_equal;

    #[test]
    fn what_was_rounded_down_is_no_change() {
        const SECOND: i64 = 10_000_000;
        let (exact, rounded) = (132_827_764_041_402_386, 132_827_764_040_000_000);
        assert!(may_be_equal((exact, 0), (rounded, SECOND)));
        assert!(may_be_equal((rounded, SECOND), (exact, 0)));
        assert!(!may_be_equal((exact, 0), (rounded, 0)));
        // The rounded is never more than the truth.
        assert!(!may_be_equal((rounded, 0), (exact, SECOND)));
        assert!(!may_be_equal((exact, 0), (rounded - SECOND, SECOND)));
        assert!(!may_be_equal((i64::MIN, SECOND), (i64::MAX, SECOND)));
        assert!(may_be_equal((0, 0), (0, 0)));
    }
}
