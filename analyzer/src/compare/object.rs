//! Objects that came, went or changed, with their attributes.
//!
//! Reads every column of both databases, so that nothing that was collected is left out. Owns what counts as made anew,
//! renamed and moved. Deliberately does not look into security descriptors ([`super::permissions`]) or ask who may do what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use coldcase_schemas::Snapshot;
use coldcase_schemas::attribute::{ATTRIBUTES, Attribute, Syntax};
use coldcase_schemas::diff::{AttributeChange, ObjectChange, ObjectState};
use coldcase_schemas::report::Subject;
use coldcase_winsec::Guid;
use rusqlite::types::Value;
use rusqlite::{Row, Statement};

use super::Pair;
use super::permissions::Permissions;
use super::sight::Sight;
use super::value;
use crate::frames::Analysis;
use crate::load::{Kind, Object, filetime_of, parent_dn};
use crate::rules::subject_of;

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
}

/// One object as a database has it.
struct Stored {
    id: i64,
    dn: String,
    query: String,
    /// In the order of the columns.
    columns: Vec<Value>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let columns = (0..columns().count())
            .map(|column| row.get(column + 4))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            dn: row.get(0)?,
            query: row.get(1)?,
            id: row.get(2)?,
            columns,
        })
    }

    fn column(&self, name: &str) -> Option<&Value> {
        let place = columns().position(|attribute| attribute.name == name)?;
        self.columns.get(place)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.column(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// As reports name it. Objects of the schema are in no list of the analysis.
    fn subject(&self, analysis: &Analysis) -> Subject {
        if let Some(object) = object(analysis, self.id) {
            return subject_of(object);
        }
        let guid = match self.column("objectGUID") {
            Some(Value::Blob(bytes)) => Guid::from_bytes(bytes),
            _ => None,
        };
        let classes = self.text("objectClass").unwrap_or_default();
        let kind = match classes.rsplit('\n').next().unwrap_or_default() {
            "attributeSchema" => "attribute-schema",
            "classSchema" => "class-schema",
            "controlAccessRight" => "extended-right",
            _ => "other",
        };
        Subject {
            object_guid: guid.map(|guid| guid.to_string()),
            sid: None,
            sam_account_name: None,
            dn: Some(self.dn.clone()),
            kind: kind.to_owned(),
        }
    }
}

/// DN, query and every column; parameters may follow.
const SELECT: &str = "SELECT name.dn, query.name, object.* FROM object
     JOIN name ON name.id = object.id JOIN query ON query.id = object.query";

fn columns() -> impl Iterator<Item = &'static Attribute> {
    ATTRIBUTES.iter().filter(|attribute| attribute.has_column())
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
        let before = Stored::read(row)?;
        match pair.matching.new_of(before.id) {
            Some(id) => {
                let now = find(&mut lookup, id)?;
                let change = comparison.compare(&before, &now, &mut result.routine);
                on_both.extend(change.map(|change| (id, change)));
            }
            None => gone.push(before),
        }
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
    on_both.extend(comparison.one_side(&gone, &come, &mut result.changes));
    let mut descriptors = comparison.permissions.told();
    for (id, mut change) in on_both {
        change.descriptors = descriptors.remove(&id).unwrap_or_default();
        if let Some(state) = state_of(&change) {
            change.state = state;
            result.changes.push(change);
        }
    }
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

fn find(statement: &mut Statement<'_>, id: i64) -> Result<Stored> {
    Ok(statement.query_row([id], Stored::read)?)
}

/// What comparing takes.
struct Comparison<'a> {
    pair: &'a Pair<'a>,
    sight: (Sight<'a>, Sight<'a>),
    permissions: Permissions<'a>,
    /// True if both were collected on behalf of the same account.
    same_reader: bool,
}

impl<'a> Comparison<'a> {
    fn new(pair: &'a Pair<'a>, old: &Snapshot, new: &Snapshot) -> Result<Self> {
        let reader = |analysis: &Analysis| analysis.directory.manifest.collected_as.to_lowercase();
        Ok(Self {
            pair,
            sight: (Sight::of(pair.old), Sight::of(pair.new)),
            permissions: Permissions::new(pair, old, new)?,
            same_reader: reader(pair.old) == reader(pair.new),
        })
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
        let differing = columns().zip(before.columns.iter().zip(&now.columns));
        let mut same_permissions = true;
        for (attribute, (was, is)) in differing {
            if attribute.syntax == Syntax::SecurityDescriptor {
                let (was, is) = ((before.id, was), (now.id, is));
                let same = self.permissions.compare(attribute.name, was, is);
                same_permissions &= same || attribute.name != "nTSecurityDescriptor";
            }
        }
        let readable = self.same_reader && same_permissions;
        for (index, attribute) in ATTRIBUTES.iter().enumerate() {
            if OF_THE_NAME.contains(&attribute.name)
                || attribute.syntax == Syntax::SecurityDescriptor
            {
                continue;
            }
            let (removed, added, all) = self.values(index, attribute, before, now);
            if removed.is_empty() && added.is_empty() {
                continue;
            }
            if self.is_routine(attribute.name, old, new) {
                *routine.entry(attribute.name.to_owned()).or_default() += 1;
                continue;
            }
            let unknown = self.unknown(attribute, (before, old), (now, new), all, readable);
            attributes.push(AttributeChange {
                attribute: attribute.name.to_owned(),
                kind: value::kind_of(attribute),
                single: is_single(attribute.syntax),
                removed,
                added,
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

    /// Values that went and that came, in order, and whether each side has any.
    fn values(
        &self,
        index: usize,
        attribute: &Attribute,
        before: &Stored,
        now: &Stored,
    ) -> (Vec<String>, Vec<String>, (bool, bool)) {
        if attribute.syntax == Syntax::Dn {
            return self.targets(attribute.name, before.id, now.id);
        }
        let column = attribute.has_column().then(|| {
            ATTRIBUTES
                .iter()
                .take(index)
                .filter(|attribute| attribute.has_column())
                .count()
        });
        let cells = column.map(|place| (before.columns.get(place), now.columns.get(place)));
        let raw =
            |analysis: &'a Analysis, id| rows_of(analysis.directory.values(attribute.name), id);
        let (was, is) = (raw(self.pair.old, before.id), raw(self.pair.new, now.id));
        // Most are the same: then nothing is put into words.
        if cells.is_none_or(|(was, is)| was == is)
            && was.iter().map(|row| &row.1).eq(is.iter().map(|row| &row.1))
        {
            return (Vec::new(), Vec::new(), (true, true));
        }
        let words = |cell: Option<&Value>, rows: &[(i64, Vec<u8>)]| -> BTreeSet<String> {
            let cell = cell.map(|cell| value::of_column(attribute, cell.into()));
            let raw = rows
                .iter()
                .map(|(_, bytes)| value::of_bytes(attribute, bytes));
            cell.into_iter().flatten().chain(raw).collect()
        };
        let (was_cell, is_cell) = cells.unwrap_or_default();
        let (was, is) = (words(was_cell, was), words(is_cell, is));
        let some = (!was.is_empty(), !is.is_empty());
        let removed = was.difference(&is).cloned().collect();
        let added = is.difference(&was).cloned().collect();
        (removed, added, some)
    }

    /// The same of links: a target that was renamed or moved is the same target.
    fn targets(
        &self,
        attribute: &str,
        before: i64,
        now: i64,
    ) -> (Vec<String>, Vec<String>, (bool, bool)) {
        let links = |analysis: &'a Analysis, id| rows_of(analysis.directory.links(attribute), id);
        let (was, is) = (links(self.pair.old, before), links(self.pair.new, now));
        let text = |analysis: &Analysis, target| {
            analysis.directory.dn(target).unwrap_or_default().to_owned()
        };
        let known: BTreeMap<String, &(i64, i64)> =
            is.iter().map(|row| (self.identity(row.1), row)).collect();
        let mut kept = BTreeSet::new();
        let mut removed = Vec::new();
        for (_, target) in was {
            let identity = match self.pair.matching.new_of(*target) {
                Some(new) => self.identity(new),
                None if object(self.pair.old, *target).is_some() => format!("gone {target}"),
                None => text(self.pair.old, *target).to_lowercase(),
            };
            if known.contains_key(&identity) {
                kept.insert(identity);
            } else {
                removed.push(text(self.pair.old, *target));
            }
        }
        let mut added: Vec<String> = known
            .iter()
            .filter(|(identity, _)| !kept.contains(*identity))
            .map(|(_, (_, target))| text(self.pair.new, *target))
            .collect();
        removed.sort();
        added.sort();
        (removed, added, (!was.is_empty(), !is.is_empty()))
    }

    /// What a target of the later side is known by.
    fn identity(&self, target: i64) -> String {
        let there = object(self.pair.new, target).is_some();
        match self.pair.matching.old_of(target) {
            Some(old) => format!("object {old}"),
            None if there => format!("new {target}"),
            None => {
                let dn = self.pair.new.directory.dn(target);
                dn.unwrap_or_default().to_lowercase()
            }
        }
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
        (was, is): (bool, bool),
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
        if !was && let Some(why) = hidden(old_sight, old, &before.query, "earlier") {
            return Some(why);
        }
        if !is && let Some(why) = hidden(new_sight, new, &now.query, "later") {
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
        let renamed = rdn(before, parent_before) != rdn(now, parent_now);
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

    /// Objects that one side has alone. What took the place of another comes back with its id, to be told with it.
    fn one_side(
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
            let missed = self.missed(self.sight.0, self.pair.new, stored);
            let created = stored.text("whenCreated").and_then(filetime_of);
            let clock = self.pair.old.directory.clock;
            let after = created.is_some_and(|created| !clock.is_after(created));
            let (state, note) = match (&missed, after) {
                (Some(why), false) => (
                    ObjectState::UnknownBefore,
                    format!("it may have been there before: {why}"),
                ),
                (None, false) => (
                    ObjectState::Created,
                    "whenCreated is before the earlier snapshot: restored, or moved here from another domain"
                        .to_owned(),
                ),
                (_, true) => (ObjectState::Created, String::new()),
            };
            changes.push(self.alone(stored, self.pair.new, state, note));
        }
        for (place, stored) in gone.iter().enumerate() {
            if taken.contains(&place) {
                continue;
            }
            let (state, note) = match self.missed(self.sight.1, self.pair.old, stored) {
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
    fn missed(&self, sight: Sight<'_>, has: &Analysis, stored: &Stored) -> Option<String> {
        sight.may_have_missed(
            &stored.query,
            object(has, stored.id).map(|object| object.kind),
        )
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

fn is_single(syntax: Syntax) -> bool {
    !matches!(syntax, Syntax::TextList | Syntax::BytesList | Syntax::Dn)
}

/// The rows of one object; they lie together, in the order of ids.
fn rows_of<T>(rows: &[(i64, T)], id: i64) -> &[(i64, T)] {
    let from = rows.partition_point(|row| row.0 < id);
    let to = rows.partition_point(|row| row.0 <= id);
    rows.get(from..to).unwrap_or(&[])
}
