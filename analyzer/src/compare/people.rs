//! Everybody of both sides under one number: principals, SIDs without an object, and members of other domains.
//!
//! Owns who counts as somebody on a side and who is expected to hold everything. Deliberately knows no rights.

use std::collections::{BTreeMap, HashSet};

use coldcase_schemas::report::Subject;
use coldcase_winsec::Sid;

use super::Pair;
use super::side::{Both, When};
use crate::frames::{Analysis, kind_of};
use crate::graph::{Holder, Holders, index, is_security_group};
use crate::load::{Kind, Object, PRINCIPALS};
use crate::rules::{query_limit, subject_of};

/// Somebody on either side. Holders of the later side keep their number.
pub(super) type Number = u32;

/// ANONYMOUS LOGON, who holds what Everyone holds where dSHeuristics admits it.
const ANONYMOUS: &str = "S-1-5-7";

/// What a token may hold by the way of logging on (`coldcase_winsec::access::is_by_logon`).
const BY_LOGON: [(u64, &[u32]); 9] = [
    (5, &[64, 10]),
    (5, &[64, 14]),
    (5, &[64, 21]),
    (5, &[65, 1]),
    (18, &[2]),
    (18, &[3]),
    (18, &[4]),
    (18, &[5]),
    (18, &[6]),
];

/// A member of a group of which only the DN is known: it is in another domain.
#[derive(Debug)]
struct Outside {
    dn: String,
    /// The group, on the sides where it has this member.
    group: Both<Option<Holder>>,
}

/// Everybody.
#[derive(Debug)]
pub(super) struct People<'a> {
    sides: Both<&'a Analysis>,
    /// By holder of the earlier side; [`NOBODY`] for what is in no token.
    of_old: Vec<Number>,
    holders: Vec<Both<Option<Holder>>>,
    /// Their numbers follow those of holders.
    outside: Vec<Outside>,
    there: Both<Holders>,
    told: Both<Holders>,
    /// SIDs without an object that a side has no holder for: nothing there names them.
    late: Both<Vec<(Number, Sid)>>,
}

const NOBODY: Number = Number::MAX;

/// What stands in front of a descriptor.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) sids: HashSet<Sid>,
    /// Not concerned by blocked owner rights.
    pub(super) exempt: bool,
}

impl<'a> People<'a> {
    pub(super) fn of(pair: &Pair<'a>) -> Self {
        let sides = Both {
            before: pair.old,
            after: pair.new,
        };
        let (old, new) = (&pair.old.effective.tokens, &pair.new.effective.tokens);
        let mut holders: Vec<Both<Option<Holder>>> = holders_of(pair.new)
            .map(|holder| Both {
                before: None,
                after: Some(holder),
            })
            .collect();
        let mut of_old = vec![NOBODY; old.len()];
        for holder in holders_of(pair.old) {
            let Some(sid) = pair.old.sid_of(holder) else {
                continue;
            };
            // Of two objects with one SID the first stands for it.
            let first = old.of(&pair.old.directory, sid) == Some(holder);
            if !first {
                continue;
            }
            let number = match new.of(&pair.new.directory, sid) {
                Some(number) => number,
                None => {
                    holders.push(Both::default());
                    Number::try_from(holders.len() - 1).unwrap_or(NOBODY)
                }
            };
            if let Some(both) = holders.get_mut(index(number)) {
                both.before = Some(holder);
            }
            if let Some(place) = of_old.get_mut(index(holder)) {
                *place = number;
            }
        }
        let outside = outside(&sides);
        let count = holders.len() + outside.len();
        let empty = || Holders::with_capacity(count);
        let mut people = Self {
            sides,
            of_old,
            holders,
            outside,
            there: Both::with(|_| empty()),
            told: Both::with(|_| empty()),
            late: Both::default(),
        };
        for when in When::BOTH {
            people.classify(when);
        }
        people
    }

    fn classify(&mut self, when: When) {
        let analysis = *self.sides.get(when);
        let other = *self.sides.get(when.other());
        let (mut there, mut told) = (Vec::new(), Vec::new());
        let mut late = Vec::new();
        for (number, both) in (0..).zip(&self.holders) {
            let Some(sid) = self.sid(number) else {
                continue;
            };
            if !is_somebody(analysis, other, sid) {
                continue;
            }
            there.push(number);
            if both.get(when).is_none() {
                late.push((number, sid.clone()));
            }
            if !analysis.principals.is_expected(&analysis.directory, sid) {
                told.push(number);
            }
        }
        for (number, outside) in (self.holders.len()..).zip(&self.outside) {
            let Some(group) = outside.group.get(when) else {
                continue;
            };
            let number = Number::try_from(number).unwrap_or(NOBODY);
            there.push(number);
            let expected = analysis
                .sid_of(*group)
                .is_some_and(|sid| analysis.principals.is_expected(&analysis.directory, sid));
            if !expected {
                told.push(number);
            }
        }
        *self.late.get_mut(when) = late;
        for (set, numbers) in [
            (self.there.get_mut(when), there),
            (self.told.get_mut(when), told),
        ] {
            numbers
                .into_iter()
                .for_each(|number| set.insert(index(number)));
        }
    }

    /// The analysis of a side.
    pub(super) fn side(&self, when: When) -> &'a Analysis {
        self.sides.get(when)
    }

    /// Whether somebody is there on a side.
    pub(super) fn is_there(&self, when: When, number: Number) -> bool {
        self.there.get(when).contains(index(number))
    }

    /// Who is there and not expected to hold everything.
    pub(super) fn told(&self, when: When) -> &Holders {
        self.told.get(when)
    }

    /// True if the same people are there on both sides.
    pub(super) fn is_the_same_on_both(&self) -> bool {
        self.there.before == self.there.after
    }

    /// SIDs that a side has no holder for, and that are there all the same.
    pub(super) fn late(&self, when: When) -> &[(Number, Sid)] {
        self.late.get(when)
    }

    /// A side's set of holders as numbers, without who is not there. Leaves [`People::late`] out.
    pub(super) fn numbers(&self, when: When, set: &Holders) -> Holders {
        let there = self.there.get(when);
        let mut numbers = match when {
            When::After => {
                let mut numbers = set.clone();
                numbers.grow(there.len());
                numbers
            }
            When::Before => {
                let mut numbers = Holders::with_capacity(there.len());
                for holder in set.ones() {
                    match self.of_old.get(holder) {
                        Some(&number) if number != NOBODY => numbers.insert(index(number)),
                        _ => (),
                    }
                }
                numbers
            }
        };
        for (number, outside) in (self.holders.len()..).zip(&self.outside) {
            let group = outside.group.get(when);
            numbers.set(
                number,
                group.is_some_and(|group| set.contains(index(group))),
            );
        }
        numbers.intersect_with(there);
        numbers
    }

    /// The number of a holder of a side.
    pub(super) fn number(&self, when: When, holder: Holder) -> Option<Number> {
        match when {
            When::After => Some(holder),
            When::Before => {
                let number = self.of_old.get(index(holder)).copied();
                number.filter(|number| *number != NOBODY)
            }
        }
    }

    /// The number of a SID that has a holder on a side.
    pub(super) fn number_of(&self, sid: &Sid) -> Option<Number> {
        When::BOTH.into_iter().find_map(|when| {
            let analysis = self.side(when);
            let holder = analysis.effective.tokens.of(&analysis.directory, sid)?;
            self.number(when, holder)
        })
    }

    /// The holder by whose token somebody is known on a side: of a member of another domain, the group.
    pub(super) fn holder(&self, when: When, number: Number) -> Option<Holder> {
        match self.holders.get(index(number)) {
            Some(both) => *both.get(when),
            None => *self.outside_of(number)?.group.get(when),
        }
    }

    /// The group of a member of another domain.
    pub(super) fn group_of_outside(&self, number: Number) -> Option<Number> {
        let outside = self.outside_of(number)?;
        When::BOTH.into_iter().find_map(|when| {
            let group = *outside.group.get(when);
            self.number(when, group?)
        })
    }

    /// Why it is not known who a member without an object is on a side that names it: it may be anybody whom that side did
    /// not see, under another name on the other.
    pub(super) fn unseen_outside(&self, when: When, number: Number) -> Option<String> {
        let outside = self.outside_of(number)?;
        let directory = &self.side(when).directory;
        if !directory.is_below_head(&outside.dn) {
            return None;
        }
        let why = PRINCIPALS
            .iter()
            .find_map(|query| query_limit(directory, query))?;
        Some(format!(
            "who that is, {} does not know: {why}",
            when.snapshot()
        ))
    }

    fn outside_of(&self, number: Number) -> Option<&Outside> {
        self.outside
            .get(index(number).checked_sub(self.holders.len())?)
    }

    /// What stands in the token of somebody on a side, whether or not they are there.
    pub(super) fn seat(&self, when: When, number: Number) -> Seat {
        let analysis = self.side(when);
        let tokens = &analysis.effective.tokens;
        let holder = self.holder(when, number).or(tokens.authenticated());
        let token = holder
            .map(|holder| tokens.token(holder))
            .unwrap_or_default();
        let mut sids: HashSet<Sid> = token
            .iter()
            .filter_map(|holder| analysis.sid_of(*holder).cloned())
            .collect();
        if self.outside_of(number).is_none() {
            sids.extend(self.sid(number).cloned());
        }
        let logs_on = tokens
            .authenticated()
            .is_some_and(|all| token.contains(&all));
        if logs_on {
            let ways = BY_LOGON.iter();
            sids.extend(ways.filter_map(|(authority, rest)| Sid::new(*authority, rest).ok()));
        }
        Seat {
            sids,
            exempt: analysis.effective.is_exempt(&token),
        }
    }

    /// The SID; `None` of a member of another domain.
    pub(super) fn sid(&self, number: Number) -> Option<&'a Sid> {
        let both = self.holders.get(index(number))?;
        let of = |when| self.side(when).sid_of((*both.get(when))?);
        of(When::After).or_else(|| of(When::Before))
    }

    /// The object, as the later side has it if it does.
    pub(super) fn object(&self, number: Number) -> Option<&'a Object> {
        let sid = self.sid(number)?;
        object_of(self.side(When::After), sid).or_else(|| object_of(self.side(When::Before), sid))
    }

    /// As reports name somebody.
    pub(super) fn subject(&self, number: Number) -> Subject {
        match (self.sid(number), self.outside_of(number)) {
            (Some(sid), _) => self.subject_of_sid(sid),
            (None, outside) => Subject {
                object_guid: None,
                sid: None,
                sam_account_name: None,
                dn: outside.map(|outside| outside.dn.clone()),
                kind: "outside".to_owned(),
            },
        }
    }

    /// The same of a SID, whether or not it has an object.
    pub(super) fn subject_of_sid(&self, sid: &Sid) -> Subject {
        let of = |when| object_of(self.side(when), sid);
        match of(When::After).or_else(|| of(When::Before)) {
            Some(object) => subject_of(object),
            None => Subject {
                object_guid: None,
                sid: Some(sid.to_string()),
                sam_account_name: None,
                dn: None,
                kind: kind_of(self.side(When::After), Some(sid), None).to_owned(),
            },
        }
    }

    /// A name for people.
    pub(super) fn name(&self, number: Number) -> String {
        match (self.sid(number), self.outside_of(number)) {
            (Some(sid), _) => self.name_of_sid(sid),
            (None, outside) => outside
                .map(|outside| outside.dn.clone())
                .unwrap_or_default(),
        }
    }

    /// The same of a SID.
    pub(super) fn name_of_sid(&self, sid: &Sid) -> String {
        let after = self.side(When::After);
        let known = object_of(after, sid).is_some();
        let before = self.side(When::Before);
        if !known && object_of(before, sid).is_some() {
            return before.name_of(sid);
        }
        after.name_of(sid)
    }
}

fn holders_of(analysis: &Analysis) -> impl Iterator<Item = Holder> + use<> {
    let count = Holder::try_from(analysis.effective.tokens.len()).unwrap_or(Holder::MAX);
    0..count
}

fn object_of<'a>(analysis: &'a Analysis, sid: &Sid) -> Option<&'a Object> {
    analysis.object(analysis.directory.place_of_sid(sid)?)
}

/// Users, computers and managed accounts, and SIDs without an object that a token may hold. A SID that is an object's on
/// the other side alone is not there: nobody logs on as an account that is gone.
fn is_somebody(analysis: &Analysis, other: &Analysis, sid: &Sid) -> bool {
    match object_of(analysis, sid).map(|object| object.kind) {
        Some(Kind::ForeignPrincipal) => is_of_somebody(analysis, sid),
        Some(kind) => kind.is_principal(),
        None => {
            let object = object_of(other, sid);
            object.is_none_or(|object| object.kind == Kind::ForeignPrincipal)
                && is_of_somebody(analysis, sid)
        }
    }
}

/// Whether a SID without an account here is somebody's own. What is in every token is nobody by itself.
fn is_of_somebody(analysis: &Analysis, sid: &Sid) -> bool {
    let tokens = &analysis.effective.tokens;
    let in_every_token = tokens
        .of(&analysis.directory, sid)
        .is_some_and(|holder| tokens.everybody().contains(&holder));
    // CREATOR OWNER, OWNER RIGHTS and their kin, and PRINCIPAL SELF stand for somebody else (MS-DTYP 2.4.2.4).
    let placeholder =
        sid.authority() == 3 || matches!((sid.authority(), sid.sub_authorities()), (5, [10]));
    !in_every_token
        && !placeholder
        && (analysis.effective.anonymous || sid.to_string() != ANONYMOUS)
}

/// Members without an object, by group and DN.
fn outside(sides: &Both<&Analysis>) -> Vec<Outside> {
    let mut found: BTreeMap<(Sid, String), Outside> = BTreeMap::new();
    for when in When::BOTH {
        let analysis = sides.get(when);
        let directory = &analysis.directory;
        for (place, object) in directory.objects.iter().enumerate() {
            let (Some(sid), Ok(group)) = (&object.sid, Holder::try_from(place)) else {
                continue;
            };
            if !is_security_group(object) {
                continue;
            }
            for id in analysis.memberships.outside(place) {
                let dn = directory.dn(*id).unwrap_or_default();
                // This side did not see the object, the other did: then it is somebody, and not seen here.
                if sides.get(when.other()).directory.place_of_dn(dn).is_some() {
                    continue;
                }
                let one = found
                    .entry((sid.clone(), dn.to_lowercase()))
                    .or_insert_with(|| Outside {
                        dn: dn.to_owned(),
                        group: Both::default(),
                    });
                one.dn = dn.to_owned();
                *one.group.get_mut(when) = Some(group);
            }
        }
    }
    found.into_values().collect()
}
