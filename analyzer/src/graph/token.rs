//! Tokens: the SIDs that a domain controller of this domain puts in front of a descriptor for somebody who logged on.
//!
//! Owns the numbering of everybody who can stand in a token (objects with a SID, and SIDs without an object), whom each
//! is in the token of, and the way back. Deliberately does not look at descriptors: [`super::effective`] does.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use coldcase_winsec::Sid;
use fixedbitset::FixedBitSet;

use super::is_domain_controller;
use super::membership::primary_group;
use crate::load::{Directory, Kind, Object};

/// An object by its place in [`Directory::objects`], or a SID without an object by a number after those.
pub(crate) type Holder = u32;

/// A set of holders, of any size.
pub(crate) type Holders = FixedBitSet;

/// Everybody in whose token somebody is: often one, sometimes all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// In ascending order.
    Few(Vec<Holder>),
    Many(Holders),
}

/// What stands in a token: a few dozen holders of the many there are.
pub(crate) type Token = HashSet<Holder>;

/// SIDs in the token of whoever logs on to a domain controller over the network: Everyone, NETWORK, Authenticated Users,
/// This Organization, Authentication authority asserted identity (MS-DTYP 2.4.2.4, MS-PAC 4.1.2.2).
const EVERYBODY: &[&str] = &["S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-15", "S-1-18-1"];

const EVERYONE: &str = "S-1-1-0";
const AUTHENTICATED: &str = "S-1-5-11";
const ANONYMOUS: &str = "S-1-5-7";
/// ENTERPRISE DOMAIN CONTROLLERS.
const CONTROLLERS: &str = "S-1-5-9";

/// groupType: the group counts for access (MS-ADTS 2.2.12, GROUP_TYPE_SECURITY_ENABLED).
const SECURITY_ENABLED: i64 = 0x8000_0000;

/// What the remembered sets may take together, in bytes.
const REMEMBERED: usize = 128 << 20;

/// Who is in whose token.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// SIDs without an object.
    strangers: Vec<Sid>,
    numbers: HashMap<Sid, Holder>,
    objects: usize,
    /// What is in the token of each because it is in it: groups, SIDs of the past.
    up: Edges,
    down: Edges,
    everybody: Vec<Holder>,
    /// Who does not log on: Everyone itself, anonymous.
    outside: Vec<Holder>,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    sets: HashMap<Holder, Arc<Reach>>,
    bytes: usize,
}

impl Tokens {
    /// From memberships, SIDs of the past and what every controller adds. `trustees` are the SIDs that will be asked for.
    pub(crate) fn new<'a>(
        directory: &Directory,
        memberships: impl Fn(usize) -> Vec<usize>,
        history: &'a HashMap<usize, Vec<Sid>>,
        trustees: impl Iterator<Item = &'a Sid>,
    ) -> Self {
        let mut tokens = Self {
            strangers: Vec::new(),
            numbers: HashMap::new(),
            objects: directory.objects.len(),
            up: Edges::default(),
            down: Edges::default(),
            everybody: Vec::new(),
            outside: Vec::new(),
            remembered: Mutex::default(),
        };
        let well_known = |text: &&str| Sid::from_str(text).ok();
        let everybody: Vec<Sid> = EVERYBODY.iter().filter_map(well_known).collect();
        let outside: Vec<Sid> = [EVERYONE, ANONYMOUS]
            .iter()
            .filter_map(well_known)
            .collect();
        let controllers = well_known(&CONTROLLERS);
        tokens.everybody = everybody
            .iter()
            .map(|sid| tokens.number(directory, sid))
            .collect();
        tokens.outside = outside
            .iter()
            .map(|sid| tokens.number(directory, sid))
            .collect();
        let controllers = controllers.map(|sid| tokens.number(directory, &sid));
        for sid in history.values().flatten().chain(trustees) {
            tokens.number(directory, sid);
        }
        // A primary group is in the token even where its object was not collected.
        let primaries: Vec<(usize, Holder)> = directory
            .objects
            .iter()
            .enumerate()
            .filter_map(|(place, object)| {
                let sid = primary_group(directory, object)?;
                let known = directory.place_of_sid(&sid).is_some();
                (!known).then(|| (place, tokens.number(directory, &sid)))
            })
            .collect();
        let mut edges: Vec<(Holder, Holder)> = primaries
            .into_iter()
            .filter_map(|(place, group)| Some((Holder::try_from(place).ok()?, group)))
            .collect();
        for (place, object) in directory.objects.iter().enumerate() {
            let Ok(member) = Holder::try_from(place) else {
                break;
            };
            for group in memberships(place) {
                let counts = directory.objects.get(group).is_some_and(is_security_group);
                if let (true, Ok(group)) = (counts, Holder::try_from(group)) {
                    edges.push((member, group));
                }
            }
            for sid in history.get(&place).into_iter().flatten() {
                edges.extend(tokens.numbers.get(sid).map(|past| (member, *past)));
            }
            if is_domain_controller(object) && object.kind == Kind::Computer {
                edges.extend(controllers.map(|group| (member, group)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        tokens.up = Edges::new(tokens.len(), &edges);
        for edge in &mut edges {
            *edge = (edge.1, edge.0);
        }
        edges.sort_unstable();
        tokens.down = Edges::new(tokens.len(), &edges);
        tokens
    }

    /// How many holders there are; their numbers are below it.
    pub(crate) fn len(&self) -> usize {
        self.objects + self.strangers.len()
    }

    /// The number of a SID, if it has an object or was announced.
    pub(crate) fn of(&self, directory: &Directory, sid: &Sid) -> Option<Holder> {
        let known = self.numbers.get(sid).copied();
        known.or_else(|| Holder::try_from(directory.place_of_sid(sid)?).ok())
    }

    /// The place of a holder that is an object.
    pub(crate) fn place(&self, holder: Holder) -> Option<usize> {
        usize::try_from(holder)
            .ok()
            .filter(|place| *place < self.objects)
    }

    /// The SID of a holder.
    pub(crate) fn sid<'a>(&'a self, directory: &'a Directory, holder: Holder) -> Option<&'a Sid> {
        match self.place(holder) {
            Some(place) => directory.objects.get(place)?.sid.as_ref(),
            None => self
                .strangers
                .get(usize::try_from(holder).ok()? - self.objects),
        }
    }

    /// Everyone, Authenticated Users and what else is in the token of all who log on.
    pub(crate) fn everybody(&self) -> &[Holder] {
        &self.everybody
    }

    /// Who does not log on: Everyone itself, anonymous.
    pub(crate) fn outside(&self) -> &[Holder] {
        &self.outside
    }

    /// Authenticated Users: all who log on.
    pub(crate) fn authenticated(&self) -> Option<Holder> {
        let sid = Sid::from_str(AUTHENTICATED).ok()?;
        self.numbers.get(&sid).copied()
    }

    /// Direct members and those whose SID of the past it is.
    pub(crate) fn members(&self, holder: Holder) -> &[Holder] {
        self.down.of(holder)
    }

    /// What `holder` is directly in by membership or SID of the past.
    pub(crate) fn groups(&self, holder: Holder) -> &[Holder] {
        self.up.of(holder)
    }

    /// Everything in the token of `holder`: itself, its groups, its SIDs of the past, and if it logs on, what is in
    /// every token. For a group: the token of somebody of whom no more is known than that he is in it.
    pub(crate) fn token(&self, holder: Holder) -> Token {
        let mut token = HashSet::new();
        let mut waiting = vec![holder];
        if self.outside.contains(&holder) {
            waiting.extend(self.outside.first());
        } else {
            waiting.extend(&self.everybody);
        }
        while let Some(next) = waiting.pop() {
            if token.insert(next) {
                waiting.extend(self.up.of(next));
            }
        }
        token
    }

    /// Everybody in whose token `holder` is: itself, its members however nested, whose SID of the past it is. All if it
    /// is in every token.
    pub(crate) fn reach(&self, holder: Holder) -> Arc<Reach> {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered.sets.get(&holder) {
            return Arc::clone(known);
        }
        drop(remembered);
        let reach = Arc::new(self.find_reach(holder));
        remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let bytes = reach.bytes();
        if remembered.bytes + bytes > REMEMBERED {
            *remembered = Remembered::default();
        }
        remembered.bytes += bytes;
        remembered.sets.insert(holder, Arc::clone(&reach));
        reach
    }

    fn remembered(&self, holder: Holder) -> Option<Arc<Reach>> {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.sets.get(&holder).map(Arc::clone)
    }

    fn find_reach(&self, holder: Holder) -> Reach {
        if self.down.of(holder).is_empty() && !self.everybody.contains(&holder) {
            return Reach::of(vec![holder], self.len());
        }
        let mut reach = Gathered::new(self.len());
        let mut waiting = vec![holder];
        let mut all = false;
        while let Some(next) = waiting.pop() {
            if !reach.insert(next) {
                continue;
            }
            all |= self.everybody.contains(&next);
            // What is in a group that was asked for before need not be gone through again, unless everybody is: then the
            // set holds more than its members, and not what is in those.
            let known = self.remembered(next);
            match known.filter(|known| !self.everybody.iter().any(|one| known.contains(*one))) {
                Some(known) => reach.insert_all(&known),
                None => waiting.extend(self.down.of(next)),
            }
        }
        if !all {
            return reach.finish();
        }
        let everyone = self
            .outside
            .first()
            .is_some_and(|everyone| reach.contains(*everyone));
        let mut set = Holders::with_capacity(self.len());
        set.insert_range(..);
        // Who is known only as Everyone or anonymous is not among the authenticated.
        for outsider in self
            .outside
            .iter()
            .filter(|outsider| !everyone && !reach.contains(**outsider))
        {
            set.set(index(*outsider), false);
        }
        Reach::Many(set)
    }

    fn number(&mut self, directory: &Directory, sid: &Sid) -> Holder {
        if let Some(known) = self.numbers.get(sid) {
            return *known;
        }
        let number = match directory.place_of_sid(sid) {
            Some(place) => place,
            None => {
                self.strangers.push(sid.clone());
                self.objects + self.strangers.len() - 1
            }
        };
        // Holders are counted in 32 bits; a snapshot has fewer names than that.
        let number = Holder::try_from(number).unwrap_or(Holder::MAX);
        self.numbers.insert(sid.clone(), number);
        number
    }
}

impl Reach {
    /// In the form in which [`Reach::of`] gives it.
    fn compact(set: Holders) -> Self {
        let count = set.count_ones(..);
        if count < set.len() / 32 {
            let mut holders = Vec::with_capacity(count);
            holders.extend(set.ones().filter_map(|one| Holder::try_from(one).ok()));
            return Self::Few(holders);
        }
        Self::Many(set)
    }

    /// `holders`, each once, of `count` in all. The same holders are equal, whichever way they were found.
    pub(crate) fn of(mut holders: Vec<Holder>, count: usize) -> Self {
        // A number takes 32 bits, a place in a set one.
        if holders.len() < count / 32 {
            holders.sort_unstable();
            return Self::Few(holders);
        }
        let mut set = Holders::with_capacity(count);
        for holder in holders {
            set.insert(index(holder));
        }
        Self::Many(set)
    }

    /// Adds all that are not in `unless`.
    pub(crate) fn add_to(&self, set: &mut Holders, unless: &Holders) {
        match self {
            Self::Few(holders) => {
                for holder in holders {
                    if !unless.contains(index(*holder)) {
                        set.insert(index(*holder));
                    }
                }
            }
            Self::Many(all) => {
                let mut new = all.clone();
                new.difference_with(unless);
                set.union_with(&new);
            }
        }
    }

    /// All that are in `set`, or all that are not.
    pub(crate) fn split(&self, set: &Holders) -> (Self, Self) {
        match self {
            Self::Few(holders) => {
                let (inside, outside) = holders
                    .iter()
                    .partition(|holder| set.contains(index(**holder)));
                (Self::Few(inside), Self::Few(outside))
            }
            Self::Many(all) => {
                let (mut inside, mut outside) = (all.clone(), all.clone());
                inside.intersect_with(set);
                outside.difference_with(set);
                (Self::compact(inside), Self::compact(outside))
            }
        }
    }

    /// Whether all are in `set`.
    pub(crate) fn is_within(&self, set: &Holders) -> bool {
        match self {
            Self::Few(holders) => holders.iter().all(|holder| set.contains(index(*holder))),
            Self::Many(all) => all.is_subset(set),
        }
    }

    /// Whether all are in `other`.
    pub(crate) fn is_part_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Many(one), Self::Many(other)) => one.is_subset(other),
            _ => {
                self.count() <= other.count()
                    && self
                        .holders()
                        .into_iter()
                        .all(|holder| other.contains(holder))
            }
        }
    }

    /// Whether the two have nobody in common.
    pub(crate) fn is_disjoint(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Few(few), any) | (any, Self::Few(few)) => {
                !few.iter().any(|holder| any.contains(*holder))
            }
            (Self::Many(one), Self::Many(other)) => one.is_disjoint(other),
        }
    }

    pub(crate) fn contains(&self, holder: Holder) -> bool {
        match self {
            Self::Few(holders) => holders.binary_search(&holder).is_ok(),
            Self::Many(all) => all.contains(index(holder)),
        }
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Few(holders) => holders.len(),
            Self::Many(all) => all.count_ones(..),
        }
    }

    /// Each of them, in ascending order.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        match self {
            Self::Few(holders) => holders.clone(),
            Self::Many(all) => all
                .ones()
                .filter_map(|one| Holder::try_from(one).ok())
                .collect(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Few(holders) => 64 + holders.len() * 4,
            Self::Many(all) => 64 + all.len() / 8,
        }
    }
}

/// A set that grows: a few numbers at first, a bit for everybody once there are many.
enum Gathered {
    Few(HashSet<Holder>, usize),
    Many(Holders),
}

impl Gathered {
    /// Of `count` holders in all.
    fn new(count: usize) -> Self {
        Self::Few(HashSet::new(), count)
    }

    /// True if it is new.
    fn insert(&mut self, holder: Holder) -> bool {
        match self {
            Self::Few(few, count) => {
                let new = few.insert(holder);
                if few.len() > *count / 64 {
                    let mut many = Holders::with_capacity(*count);
                    few.iter().for_each(|holder| many.insert(index(*holder)));
                    *self = Self::Many(many);
                }
                new
            }
            Self::Many(many) => !many.put(index(holder)),
        }
    }

    fn insert_all(&mut self, known: &Reach) {
        match (known, &mut *self) {
            (Reach::Few(few), _) => {
                for holder in few {
                    self.insert(*holder);
                }
            }
            (Reach::Many(all), Self::Many(many)) => many.union_with(all),
            (Reach::Many(all), Self::Few(few, _)) => {
                let mut many = all.clone();
                few.iter().for_each(|holder| many.insert(index(*holder)));
                *self = Self::Many(many);
            }
        }
    }

    fn contains(&self, holder: Holder) -> bool {
        match self {
            Self::Few(few, _) => few.contains(&holder),
            Self::Many(many) => many.contains(index(holder)),
        }
    }

    fn finish(self) -> Reach {
        match self {
            Self::Few(few, count) => Reach::of(few.into_iter().collect(), count),
            Self::Many(many) => Reach::compact(many),
        }
    }
}

/// A holder as a place in a set.
pub(crate) fn index(holder: Holder) -> usize {
    usize::try_from(holder).unwrap_or(usize::MAX)
}

/// A group that stands in tokens. Where groupType is not readable, it is taken for one.
pub(crate) fn is_security_group(object: &Object) -> bool {
    object.kind == Kind::ForeignPrincipal
        || (object.kind == Kind::Group
            && object
                .group_type
                .is_none_or(|flags| flags & SECURITY_ENABLED != 0))
}

/// Edges grouped by source.
#[derive(Debug, Default)]
struct Edges {
    starts: Vec<u32>,
    targets: Vec<Holder>,
}

impl Edges {
    /// `edges` sorted.
    fn new(count: usize, edges: &[(Holder, Holder)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (source, _) in edges {
            if let Some(end) = starts.get_mut(index(*source) + 1) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for end in &mut starts {
            sum += *end;
            *end = sum;
        }
        Self {
            starts,
            targets: edges.iter().map(|edge| edge.1).collect(),
        }
    }

    fn of(&self, holder: Holder) -> &[Holder] {
        let place = index(holder);
        match (
            self.starts.get(place),
            self.starts.get(place.saturating_add(1)),
        ) {
            (Some(from), Some(to)) => self.targets.get(index(*from)..index(*to)).unwrap_or(&[]),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests;
