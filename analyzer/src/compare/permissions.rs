//! Security descriptors that are others: entries added, removed and reordered, owners, inheritance.
//!
//! A change of a container's own entry is told there; the objects below that inherit it are counted and told nowhere else.
//! Owns that folding. Deliberately does not say who may do more or less by it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use anyhow::Result;
use coldcase_schemas::Snapshot;
use coldcase_schemas::diff::{AceText, DescriptorChange, InheritedChange};
use coldcase_winsec::{Ace, AceFlags, Control, DaclState, SecurityDescriptor, Sid};
use rusqlite::types::{Value, ValueRef};

use super::Pair;
use crate::frames::{Analysis, is_source};

/// The attribute that is inherited.
const PERMISSIONS: &str = "nTSecurityDescriptor";

/// What is different between two descriptors.
#[derive(Debug, Default)]
struct Delta {
    owner: Option<(Option<Sid>, Option<Sid>)>,
    blocked: Option<bool>,
    removed: Vec<Ace>,
    added: Vec<Ace>,
    inherited_removed: Vec<Ace>,
    inherited_added: Vec<Ace>,
    reordered: bool,
    /// The DACL came or went as a whole: words for both sides.
    whole: Option<(&'static str, &'static str)>,
    unknown: Option<String>,
}

/// A descriptor of an object that is another.
struct Found {
    attribute: &'static str,
    old: i64,
    new: i64,
    delta: Rc<Delta>,
}

/// Compares descriptors, each pair of distinct ones once.
pub(super) struct Permissions<'a> {
    pair: &'a Pair<'a>,
    /// SHA-256 of each descriptor by its id.
    hashes: (HashMap<i64, Vec<u8>>, HashMap<i64, Vec<u8>>),
    known: HashMap<(Option<i64>, Option<i64>), Rc<Delta>>,
    found: Vec<Found>,
    /// Objects of the later side that are in `found`.
    touched: HashSet<i64>,
}

impl<'a> Permissions<'a> {
    pub(super) fn new(pair: &'a Pair<'a>, old: &Snapshot, new: &Snapshot) -> Result<Self> {
        Ok(Self {
            pair,
            hashes: (hashes(old)?, hashes(new)?),
            known: HashMap::new(),
            found: Vec::new(),
            touched: HashSet::new(),
        })
    }

    /// Compares the descriptors that an attribute of an object refers to; true if they are the same.
    pub(super) fn compare(
        &mut self,
        attribute: &'static str,
        (old, was): (i64, &Value),
        (new, is): (i64, &Value),
    ) -> bool {
        let id = |value: &Value| match value {
            Value::Integer(id) => Some(*id),
            _ => None,
        };
        let (was, is) = (id(was), id(is));
        let hash = |id: Option<i64>, side: &'_ HashMap<i64, Vec<u8>>| {
            id.and_then(|id| side.get(&id).cloned())
        };
        if hash(was, &self.hashes.0) == hash(is, &self.hashes.1) {
            return true;
        }
        let delta = match self.known.get(&(was, is)) {
            Some(known) => Rc::clone(known),
            None => {
                let delta = Rc::new(self.delta(attribute, was, is));
                self.known.insert((was, is), Rc::clone(&delta));
                delta
            }
        };
        self.touched.insert(new);
        self.found.push(Found {
            attribute,
            old,
            new,
            delta,
        });
        false
    }

    /// Whether two cells refer to the same descriptor, or both to none.
    pub(super) fn are_same(&self, was: ValueRef<'_>, is: ValueRef<'_>) -> bool {
        let was = was.as_i64().ok().and_then(|id| self.hashes.0.get(&id));
        let is = is.as_i64().ok().and_then(|id| self.hashes.1.get(&id));
        was == is
    }

    /// True if a descriptor of the later side's object is another.
    pub(super) fn has(&self, new: i64) -> bool {
        self.touched.contains(&new)
    }

    fn delta(&self, attribute: &str, was: Option<i64>, is: Option<i64>) -> Delta {
        let read = |analysis: &'a Analysis, id: Option<i64>, side: &str| {
            let Some(id) = id else {
                // Of permissions each object has some; a list of readers need not be there.
                return match attribute {
                    PERMISSIONS => Err(format!("{side} snapshot: not readable")),
                    _ => Ok(None),
                };
            };
            match analysis.directory.descriptors.defect(id) {
                Some(defect) => Err(format!("{side} snapshot: {defect}")),
                None => Ok(analysis.directory.descriptors.get(id)),
            }
        };
        let sides = (
            read(self.pair.old, was, "earlier"),
            read(self.pair.new, is, "later"),
        );
        match sides {
            (Err(why), _) | (_, Err(why)) => Delta {
                unknown: Some(why),
                ..Delta::default()
            },
            (Ok(was), Ok(is)) => {
                let nothing = SecurityDescriptor::default();
                delta_of(was, is, &nothing)
            }
        }
    }

    /// Hands each object its changes, by its id on the later side: what a container above explains is left out.
    pub(super) fn told(mut self) -> HashMap<i64, Vec<DescriptorChange>> {
        let found = std::mem::take(&mut self.found);
        let mut places: Vec<usize> = (0..found.len()).collect();
        let depth = |analysis: &Analysis, id| {
            let dn = analysis.directory.dn(id).unwrap_or_default();
            dn.bytes().filter(|byte| *byte == b',').count()
        };
        // What is above an object on either side comes before it.
        let depth =
            |found: &Found| depth(self.pair.old, found.old).max(depth(self.pair.new, found.new));
        // From the top down, so that what is above has been decided.
        places.sort_by_cached_key(|place| found.get(*place).map(|found| (depth(found), *place)));
        let by_object: HashMap<i64, usize> = found
            .iter()
            .enumerate()
            .filter(|(_, found)| found.attribute == PERMISSIONS)
            .map(|(place, found)| (found.new, place))
            .collect();
        let mut heirs: HashMap<usize, u64> = HashMap::new();
        let mut folded = HashSet::new();
        let mut lines = Lines::new(self.pair);
        for place in &places {
            let Some(one) = found.get(*place) else {
                continue;
            };
            let delta = &one.delta;
            if one.attribute != PERMISSIONS
                || (delta.inherited_added.is_empty() && delta.inherited_removed.is_empty())
            {
                continue;
            }
            let mut sources = HashSet::new();
            let mut explain = |aces: &[Ace], gone: bool| {
                aces.iter().all(|ace| {
                    let above = lines.above(one, gone);
                    let source = above.iter().find_map(|above| {
                        let place = by_object.get(above)?;
                        let other = &found.get(*place)?.delta;
                        let (own, handed) = if gone {
                            (&other.removed, &other.inherited_removed)
                        } else {
                            (&other.added, &other.inherited_added)
                        };
                        let direct = own.iter().any(|own| is_source(own, ace));
                        let through =
                            !folded.contains(place) && handed.iter().any(|own| is_source(own, ace));
                        (direct || through).then_some(*place)
                    });
                    sources.extend(source);
                    source.is_some()
                })
            };
            if explain(&delta.inherited_added, false) && explain(&delta.inherited_removed, true) {
                folded.insert(*place);
                for source in sources {
                    *heirs.entry(source).or_default() += 1;
                }
            }
        }
        let mut told: HashMap<i64, Vec<DescriptorChange>> = HashMap::new();
        for (place, one) in found.iter().enumerate() {
            let own = heirs.get(&place).copied().unwrap_or_default();
            let change = self.change(one, folded.contains(&place), own, &mut lines);
            if let Some(change) = change {
                told.entry(one.new).or_default().push(change);
            }
        }
        told
    }

    /// In words; `None` if all of it was inherited from a change above.
    fn change(
        &self,
        found: &Found,
        folded: bool,
        heirs: u64,
        lines: &mut Lines<'_>,
    ) -> Option<DescriptorChange> {
        let delta = &found.delta;
        let (old, new) = (self.pair.old, self.pair.new);
        let mut removed = texts(old, &delta.removed);
        let mut added = texts(new, &delta.added);
        if let Some((was, is)) = delta.whole {
            removed.extend(whole(was));
            added.extend(whole(is));
        }
        let inherited = if folded {
            Vec::new()
        } else {
            inherited(self.pair, found, lines)
        };
        let name = |analysis: &Analysis, sid: &Option<Sid>| {
            sid.as_ref()
                .map_or_else(|| "nobody".to_owned(), |sid| analysis.name_of(sid))
        };
        let owner = delta.owner.as_ref();
        let change = DescriptorChange {
            attribute: found.attribute.to_owned(),
            owner: owner.map(|(was, is)| (name(old, was), name(new, is))),
            inheritance_blocked: delta.blocked,
            removed,
            added,
            reordered: delta.reordered,
            inherited,
            heirs,
            unknown: delta.unknown.clone(),
        };
        let says_something = change.owner.is_some()
            || change.inheritance_blocked.is_some()
            || change.reordered
            || change.unknown.is_some()
            || !change.removed.is_empty()
            || !change.added.is_empty()
            || !change.inherited.is_empty();
        says_something.then_some(change)
    }
}

fn hashes(snapshot: &Snapshot) -> Result<HashMap<i64, Vec<u8>>> {
    let mut statement = snapshot
        .database()
        .prepare("SELECT id, sha256 FROM security_descriptor")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn delta_of(
    was: Option<&SecurityDescriptor>,
    is: Option<&SecurityDescriptor>,
    nothing: &SecurityDescriptor,
) -> Delta {
    let state = |descriptor: Option<&SecurityDescriptor>| match descriptor {
        None => "not set",
        Some(descriptor) => match descriptor.dacl_state() {
            DaclState::Present(_) => "a DACL",
            DaclState::Absent | DaclState::Null => "no DACL",
        },
    };
    let states = (state(was), state(is));
    let (was, is) = (was.unwrap_or(nothing), is.unwrap_or(nothing));
    let aces = |descriptor: &SecurityDescriptor| {
        let dacl = descriptor.dacl.as_ref();
        dacl.map_or_else(Vec::new, |acl| acl.aces.clone())
    };
    let (before, now) = (aces(was), aces(is));
    let (removed, kept_before) = without(&before, &now);
    let (added, kept_now) = without(&now, &before);
    let split = |aces: Vec<Ace>| -> (Vec<Ace>, Vec<Ace>) {
        aces.into_iter()
            .partition(|ace| ace.flags.contains(AceFlags::INHERITED))
    };
    let (inherited_removed, removed) = split(removed);
    let (inherited_added, added) = split(added);
    let protected =
        |descriptor: &SecurityDescriptor| descriptor.control.contains(Control::SE_DACL_PROTECTED);
    Delta {
        owner: (was.owner != is.owner).then(|| (was.owner.clone(), is.owner.clone())),
        blocked: (protected(was) != protected(is)).then(|| protected(is)),
        removed,
        added,
        inherited_removed,
        inherited_added,
        reordered: kept_before != kept_now,
        whole: (states.0 != states.1).then_some(states),
        unknown: None,
    }
}

/// The entries of `all` that are not in `other`, each as often as it is missing, and those that are.
fn without(all: &[Ace], other: &[Ace]) -> (Vec<Ace>, Vec<Ace>) {
    let mut left: HashMap<&Ace, usize> = HashMap::new();
    for ace in other {
        *left.entry(ace).or_default() += 1;
    }
    let (mut missing, mut kept) = (Vec::new(), Vec::new());
    for ace in all {
        match left.get_mut(ace) {
            Some(count) if *count > 0 => {
                *count -= 1;
                kept.push(ace.clone());
            }
            _ => missing.push(ace.clone()),
        }
    }
    (missing, kept)
}

/// Inherited entries that no change above explains, by the container they come from.
fn inherited(pair: &Pair<'_>, found: &Found, lines: &mut Lines<'_>) -> Vec<InheritedChange> {
    type Both = (Vec<AceText>, Vec<AceText>);
    let mut by_source: BTreeMap<Option<String>, Both> = BTreeMap::new();
    for (aces, gone) in [
        (&found.delta.inherited_removed, true),
        (&found.delta.inherited_added, false),
    ] {
        let analysis = if gone { pair.old } else { pair.new };
        for ace in aces {
            let from = lines.source(found, ace, gone);
            let both = by_source.entry(from).or_default();
            let side = if gone { &mut both.0 } else { &mut both.1 };
            side.extend(texts(analysis, std::slice::from_ref(ace)));
        }
    }
    let changes = by_source.into_iter();
    changes
        .map(|(from, (removed, added))| InheritedChange {
            from,
            removed,
            added,
        })
        .collect()
}

fn texts(analysis: &Analysis, aces: &[Ace]) -> Vec<AceText> {
    aces.iter().map(|ace| analysis.ace_told(ace)).collect()
}

/// A DACL that is not there grants everything to everybody (MS-DTYP 2.5.3.2); an attribute that is not set nothing.
fn whole(state: &str) -> Option<AceText> {
    (state == "no DACL").then(|| AceText {
        sddl: "NO_ACCESS_CONTROL".to_owned(),
        trustee: "Everyone".to_owned(),
        words: "no DACL: everything is allowed to everybody".to_owned(),
    })
}

/// The containers above an object, remembered.
struct Lines<'a> {
    pair: &'a Pair<'a>,
    /// By side (true for the earlier) and parent's id: ids on that side, the nearest first.
    known: HashMap<(bool, i64), Rc<Vec<i64>>>,
}

impl<'a> Lines<'a> {
    fn new(pair: &'a Pair<'a>) -> Self {
        Self {
            pair,
            known: HashMap::new(),
        }
    }

    /// Containers above, by their ids on the later side: as they are, or as they were.
    fn above(&mut self, found: &Found, before: bool) -> Vec<i64> {
        let own = self.own(found, before);
        if !before {
            return own.to_vec();
        }
        own.iter()
            .filter_map(|id| self.pair.matching.new_of(*id))
            .collect()
    }

    fn own(&mut self, found: &Found, before: bool) -> Rc<Vec<i64>> {
        let analysis = self.side(before);
        let directory = &analysis.directory;
        let id = if before { found.old } else { found.new };
        let object = |id| analysis.object(directory.place(id)?);
        let parent = |id| directory.objects.get(directory.parent(object(id)?)?);
        let Some(first) = parent(id) else {
            return Rc::default();
        };
        if let Some(known) = self.known.get(&(before, first.id)) {
            return Rc::clone(known);
        }
        let line: Vec<i64> =
            std::iter::successors(Some(first.id), |id| parent(*id).map(|parent| parent.id))
                .collect();
        let line = Rc::new(line);
        self.known.insert((before, first.id), Rc::clone(&line));
        line
    }

    fn side(&self, before: bool) -> &'a Analysis {
        if before { self.pair.old } else { self.pair.new }
    }

    /// DN of the nearest container above that has the entry as its own.
    fn source(&mut self, found: &Found, ace: &Ace, before: bool) -> Option<String> {
        let line = self.own(found, before);
        let analysis = self.side(before);
        let directory = &analysis.directory;
        line.iter().find_map(|id| {
            let object = analysis.object(directory.place(*id)?)?;
            let descriptor = directory.descriptors.get(object.descriptor?)?;
            let own = descriptor.dacl.as_ref()?.aces.iter();
            let mut own = own.filter(|ace| !ace.flags.contains(AceFlags::INHERITED));
            own.any(|own| is_source(own, ace))
                .then(|| object.dn.clone())
        })
    }
}
