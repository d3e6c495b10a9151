//! People who gained or lost a right in the same way, put together.
//!
//! Whoever holds what a group is named for is told as the group; whoever came into a group, by himself, or with the group
//! that was nested in it. Owns that choice of words. Deliberately does not know that many accounts share a descriptor.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use coldcase_schemas::diff::{Cause, CauseKind};
use coldcase_winsec::Sid;
use coldcase_winsec::access::Trustee;

use super::account::unseen;
use super::cause::{DESCRIPTOR, OWNERS, Question, RIGHT, Seats, TOKEN, Why};
use crate::compare::chains::{Chains, Step};
use crate::compare::people::{Number, People, Seat};
use crate::compare::side::{Both, When};
use crate::compare::unsure::Unsure;
use crate::graph::RightKind;

/// Who comes into a group by himself is told by himself, unless more than these do.
const SINGLES: usize = 10;

/// Causes that are told of many who came the same way.
const CAUSES: usize = 10;

/// Who stands for those who gained or lost something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holds {
    Sid(Sid),
    /// A member of another domain.
    Number(Number),
}

/// People who gained or lost a right.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    /// The side on which they hold it.
    pub(super) on: When,
    pub(super) right: RightKind,
    /// It hangs on a condition.
    pub(super) conditional: bool,
    /// The other side cannot tell.
    pub(super) unknown: bool,
    pub(super) holder: Holds,
    /// In ascending order.
    pub(super) members: Vec<Number>,
    pub(super) why: Vec<Why>,
}

/// Finds clusters.
#[derive(Debug)]
pub(super) struct Clusters<'p, 'a> {
    people: &'p People<'a>,
    chains: Chains<'p, 'a>,
    unsure: Unsure<'a>,
    last: Option<Last>,
}

/// People who are alike, together.
type Classes = Vec<Vec<Number>>;

/// What was found last.
#[derive(Debug)]
struct Last {
    sids: Vec<Sid>,
    members: Vec<Number>,
    classes: Rc<Classes>,
}

/// What was found out of some people: who stands for them, and why.
type Found = BTreeMap<Key, (Vec<Number>, Vec<Why>)>;

/// Told apart by this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Whom the descriptor names.
    named: Option<Sid>,
    holder: Holds,
    manner: Manner,
}

/// In which way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Manner {
    Unknown(String),
    /// They came into being, or went.
    Being,
    /// They came into a group, or left it, one by one.
    Single,
    /// By the same change, numbered in the order in which it was met.
    Alike(usize),
}

impl<'p, 'a> Clusters<'p, 'a> {
    pub(super) fn new(people: &'p People<'a>) -> Self {
        Self {
            people,
            chains: Chains::new(people),
            unsure: Unsure::of(people),
            last: None,
        }
    }

    /// Tells everybody of `members`, whom the side grants what the other does not.
    pub(super) fn of(&mut self, question: &Question<'_, 'a>, members: &[Number]) -> Vec<Cluster> {
        let mut found = Found::new();
        let unsure = self.unsure(question);
        let mut kinds: Vec<Vec<Why>> = Vec::new();
        for alike in self.alike(question, members).iter() {
            let alike = alike.clone();
            let Some(first) = alike.first() else {
                continue;
            };
            let here = self.people.seat(question.on, *first);
            let named = question.named(DESCRIPTOR | TOKEN | RIGHT | OWNERS, &here);
            if let Some(why) = &unsure {
                self.unknown(&mut found, named.as_ref(), why, alike);
                continue;
            }
            if self.people.is_there(question.on.other(), *first) {
                let there = self.people.seat(question.on.other(), *first);
                let seats = Seats { here, there };
                self.changed(question, &seats, named, alike, &mut found, &mut kinds);
            } else {
                self.came(question, here, named, alike, &mut found, &mut kinds);
            }
        }
        self.fold(&mut found, question.on);
        found
            .into_iter()
            .map(|(key, (mut members, why))| {
                members.sort_unstable();
                Cluster {
                    on: question.on,
                    right: question.right,
                    conditional: !question.certain,
                    unknown: matches!(key.manner, Manner::Unknown(_)),
                    holder: key.holder,
                    members,
                    why,
                }
            })
            .collect()
    }

    /// Everybody whom a descriptor names or lets in, with the same words for all: of an account that is new or gone, or whose
    /// other side cannot be read.
    pub(super) fn all(
        &mut self,
        question: &Question<'_, 'a>,
        members: &[Number],
        why: &Why,
        unknown: bool,
    ) -> Vec<Cluster> {
        let mut by_holder: BTreeMap<Holds, Vec<Number>> = BTreeMap::new();
        for alike in self.alike(question, members).iter() {
            let alike = alike.clone();
            let Some(first) = alike.first() else {
                continue;
            };
            let here = self.people.seat(question.on, *first);
            let named = question.named(DESCRIPTOR | TOKEN | RIGHT | OWNERS, &here);
            let holder = self.stands_for(named.as_ref(), &alike);
            by_holder.entry(holder).or_default().extend(alike);
        }
        by_holder
            .into_iter()
            .map(|(holder, mut members)| {
                members.sort_unstable();
                Cluster {
                    on: question.on,
                    right: question.right,
                    conditional: !question.certain,
                    unknown,
                    holder,
                    members,
                    why: vec![why.clone()],
                }
            })
            .collect()
    }

    /// Those on whom every entry comes to the same, on both sides. The rights over one account are asked one after the other,
    /// often about the same people.
    fn alike(&mut self, question: &Question<'_, 'a>, members: &[Number]) -> Rc<Classes> {
        let sids = deciding(question);
        if let Some(last) = &self.last
            && last.sids == sids
            && last.members == members
        {
            return Rc::clone(&last.classes);
        }
        let classes = Rc::new(self.classes(&sids, members));
        self.last = Some(Last {
            sids,
            members: members.to_vec(),
            classes: Rc::clone(&classes),
        });
        classes
    }

    fn classes(&self, sids: &[Sid], members: &[Number]) -> Classes {
        let people = self.people;
        // Which class each is in; every sign splits classes in two.
        let mut class_of: Vec<usize> = vec![0; members.len()];
        let mut count = 1;
        let mut split = |has: &dyn Fn(Number) -> bool| {
            let mut known: HashMap<(usize, bool), usize> = HashMap::new();
            let mut next = 0;
            for (class, number) in class_of.iter_mut().zip(members) {
                *class = *known.entry((*class, has(*number))).or_insert_with(|| {
                    next += 1;
                    next - 1
                });
            }
            count = next;
        };
        for when in When::BOTH {
            split(&|number| people.is_there(when, number));
        }
        split(&|number| people.sid(number).is_none());
        for sid in sids {
            for when in When::BOTH {
                let analysis = people.side(when);
                let tokens = &analysis.effective.tokens;
                let holder = tokens.of(&analysis.directory, sid);
                let reach = holder.map(|holder| tokens.reach(holder));
                split(&|number| {
                    let by_token = reach
                        .as_ref()
                        .zip(people.holder(when, number))
                        .is_some_and(|(reach, holder)| reach.contains(holder));
                    by_token || people.sid(number) == Some(sid)
                });
            }
        }
        let mut classes = vec![Vec::new(); count];
        for (class, number) in class_of.into_iter().zip(members) {
            if let Some(class) = classes.get_mut(class) {
                class.push(*number);
            }
        }
        classes.retain(|class| !class.is_empty());
        classes
    }

    /// Why the answer may be another; `None` if everything that decides it was seen.
    fn unsure(&mut self, question: &Question<'_, '_>) -> Option<String> {
        // Somebody of whom the other side does not know that a group lets him in.
        let mut asked = trustees(question, question.on.other(), true);
        // Somebody of whom the granting side does not know that a group denies him.
        asked.extend(trustees(question, question.on, false));
        asked
            .into_iter()
            .find_map(|(when, sid)| self.unsure.of_group(when, &sid))
    }

    fn unknown(&self, found: &mut Found, named: Option<&Sid>, why: &str, members: Vec<Number>) {
        let key = Key {
            named: named.cloned(),
            holder: self.stands_for(named, &members),
            manner: Manner::Unknown(why.to_owned()),
        };
        let one = found.entry(key).or_default();
        one.0.extend(members);
        add(&mut one.1, not_seen(why));
    }

    /// They are there on both sides.
    fn changed(
        &mut self,
        question: &Question<'_, 'a>,
        seats: &Seats,
        named: Option<Sid>,
        members: Vec<Number>,
        found: &mut Found,
        kinds: &mut Vec<Vec<Why>>,
    ) {
        let set = question.needed(seats);
        if set == TOKEN {
            let Some((target, when)) = question.of_token(set, seats) else {
                let why = vec![self.token_of_all(&members)];
                self.alike_by(found, kinds, named, None, members, why);
                return;
            };
            for number in members {
                let steps = self.chains.steps(when, number, &target).unwrap_or_default();
                self.by_steps(found, when, &target, number, &steps);
            }
            return;
        }
        let (about, why) = self.why(question, set, seats, &members);
        let holder = if set & DESCRIPTOR != 0 { about } else { None };
        self.alike_by(found, kinds, named, holder, members, why);
    }

    /// Somebody came into a group, or left it: told by himself, or if a group did that he is in, by the group.
    fn by_steps(
        &mut self,
        found: &mut Found,
        when: When,
        target: &Sid,
        number: Number,
        steps: &[Step],
    ) {
        let top = steps.last().map(|step| step.member);
        let holder = match top.and_then(|top| self.people.sid(top)) {
            Some(sid) => Holds::Sid(sid.clone()),
            None => top.map_or_else(|| self.one(number), Holds::Number),
        };
        let single = holder == self.one(number);
        let key = Key {
            named: Some(target.clone()),
            holder,
            manner: if single {
                Manner::Single
            } else {
                Manner::Alike(usize::MAX)
            },
        };
        let one = found.entry(key).or_default();
        one.0.push(number);
        // What brought all of them comes first.
        for step in steps.iter().rev() {
            let why = Why::Told(self.chains.cause(when, *step), false);
            if one.1.len() < CAUSES || !single {
                add_some(&mut one.1, why);
            }
        }
        if steps.is_empty() {
            add(&mut one.1, self.token_of_all(&[number]));
        }
    }

    /// They are there on one side only. If the other side would have granted it to them, that is all; else what else changed
    /// counts as for everybody.
    fn came(
        &mut self,
        question: &Question<'_, 'a>,
        here: Seat,
        named: Option<Sid>,
        members: Vec<Number>,
        found: &mut Found,
        kinds: &mut Vec<Vec<Why>>,
    ) {
        let sides = Both::with(|when| self.people.side(when));
        let mut known = Vec::new();
        for number in members {
            let object = self.people.object(number);
            let why = object
                .and_then(|object| unseen(&sides, question.on, object))
                .or_else(|| self.people.unseen_outside(question.on, number));
            match why {
                Some(why) => self.unknown(found, named.as_ref(), &why, vec![number]),
                None => known.push(number),
            }
        }
        if known.is_empty() {
            return;
        }
        let seats = Seats {
            there: here.clone(),
            here,
        };
        let set = question.needed(&seats);
        if set != 0 {
            let (about, why) = self.why(question, set, &seats, &known);
            let holder = if set & DESCRIPTOR != 0 { about } else { None };
            self.alike_by(found, kinds, named, holder, known, why);
            return;
        }
        for number in known {
            let key = Key {
                named: named.clone(),
                holder: self.one(number),
                manner: Manner::Being,
            };
            let why = self.being(question.on, number, named.as_ref());
            let one = found.entry(key).or_default();
            one.0.push(number);
            add(&mut one.1, why);
        }
    }

    /// Causes of a set of things, and whom the descriptor is about.
    fn why(
        &mut self,
        question: &Question<'_, 'a>,
        set: u8,
        seats: &Seats,
        members: &[Number],
    ) -> (Option<Sid>, Vec<Why>) {
        let mut about = None;
        let mut why = Vec::new();
        if set & DESCRIPTOR != 0 {
            let (whom, of_descriptor) = question.of_descriptor(set, seats.of(set));
            let named = question.named(set, seats.of(set));
            about = self.narrower(question.on, named, whom);
            why.extend(of_descriptor);
        }
        if set & TOKEN != 0 {
            let mut causes: Vec<Cause> = Vec::new();
            let target = question.of_token(set, seats);
            for number in members {
                let steps = target
                    .as_ref()
                    .and_then(|(target, when)| self.chains.steps(*when, *number, target));
                let on = target.as_ref().map_or(question.on, |(_, when)| *when);
                let of = steps.unwrap_or_default();
                causes.extend(of.into_iter().map(|step| self.chains.cause(on, step)));
            }
            causes.sort();
            causes.dedup();
            if causes.is_empty() {
                why.push(self.token_of_all(members));
            }
            why.extend(
                limited(causes)
                    .into_iter()
                    .map(|cause| Why::Told(cause, false)),
            );
        }
        for thing in [RIGHT, OWNERS] {
            if set & thing != 0 {
                add(&mut why, question.of_right(thing));
            }
        }
        if set.count_ones() > 1 && why.len() > 1 {
            why.insert(0, together());
        }
        if why.is_empty() {
            why.push(not_found());
        }
        (about, why)
    }

    /// Of whom the entry names that allows and whom the change is about the one that fewer are in.
    fn narrower(&self, when: When, named: Option<Sid>, about: Option<Sid>) -> Option<Sid> {
        let count = |sid: &Sid| {
            let analysis = self.people.side(when);
            let tokens = &analysis.effective.tokens;
            let holder = tokens.of(&analysis.directory, sid);
            holder.map_or(0, |holder| tokens.reach(holder).count())
        };
        match (named, about) {
            (Some(named), Some(about)) if count(&about) < count(&named) => Some(about),
            (Some(named), _) => Some(named),
            (None, about) => about,
        }
    }

    fn alike_by(
        &self,
        found: &mut Found,
        kinds: &mut Vec<Vec<Why>>,
        named: Option<Sid>,
        about: Option<Sid>,
        members: Vec<Number>,
        why: Vec<Why>,
    ) {
        let kind = kinds.iter().position(|known| *known == why);
        let kind = kind.unwrap_or_else(|| {
            kinds.push(why.clone());
            kinds.len() - 1
        });
        let whom = about.or_else(|| named.clone());
        let key = Key {
            named,
            holder: self.stands_for(whom.as_ref(), &members),
            manner: Manner::Alike(kind),
        };
        let one = found.entry(key).or_default();
        one.0.extend(members);
        one.1 = why;
    }

    /// Many who came one by one, and all who came into what stands for nearly everybody, are told together.
    fn fold(&self, found: &mut Found, on: When) {
        let mut many: HashMap<(Option<Sid>, Manner), usize> = HashMap::new();
        let is_one = |key: &Key| matches!(key.manner, Manner::Being | Manner::Single);
        for key in found.keys().filter(|key| is_one(key)) {
            *many
                .entry((key.named.clone(), key.manner.clone()))
                .or_default() += 1;
        }
        let all = std::mem::take(found);
        let mut folded: BTreeMap<Key, Vec<(Number, Vec<Why>)>> = BTreeMap::new();
        for (key, (members, why)) in all {
            let count = many.get(&(key.named.clone(), key.manner.clone()));
            let broad = key.named.as_ref().is_some_and(|sid| self.is_broad(on, sid));
            let fold = is_one(&key)
                && count.is_some_and(|count| *count > SINGLES || (broad && *count > 1));
            match key.named.clone().filter(|_| fold) {
                Some(named) => {
                    let key = Key {
                        holder: Holds::Sid(named),
                        ..key
                    };
                    let of_each = members.into_iter().map(|number| (number, why.clone()));
                    folded.entry(key).or_default().extend(of_each);
                }
                None => {
                    found.insert(key, (members, why));
                }
            }
        }
        for (key, each) in folded {
            let mut causes: Vec<Cause> = Vec::new();
            let mut members = Vec::new();
            for (number, why) in each {
                members.push(number);
                causes.extend(why.into_iter().filter_map(|why| match why {
                    Why::Told(cause, _) => Some(cause),
                    Why::Entry { .. } => None,
                }));
            }
            causes.sort();
            causes.dedup();
            let why = limited(causes)
                .into_iter()
                .map(|cause| Why::Told(cause, false));
            found.insert(key, (members, why.collect()));
        }
    }

    fn is_broad(&self, on: When, sid: &Sid) -> bool {
        self.people.side(on).principals.is_broad(sid)
    }

    /// The group or SID that is named; who is the only one, and is not in it by a token, stands for himself.
    fn stands_for(&self, named: Option<&Sid>, members: &[Number]) -> Holds {
        match (named, members) {
            (Some(sid), _) => Holds::Sid(sid.clone()),
            (None, [first, ..]) => self.one(*first),
            (None, []) => Holds::Number(Number::MAX),
        }
    }

    fn one(&self, number: Number) -> Holds {
        match self.people.sid(number) {
            Some(sid) => Holds::Sid(sid.clone()),
            None => Holds::Number(number),
        }
    }

    /// Somebody is new or gone, or whether he counts changed.
    fn being(&self, on: When, number: Number, named: Option<&Sid>) -> Why {
        let name = self.people.name(number);
        let at = Some(self.people.subject(number));
        let created = on == When::After;
        if self.people.object(number).is_none() && self.people.group_of_outside(number).is_none() {
            // Anonymous, whom dSHeuristics lets in.
            return Why::Told(
                Cause {
                    kind: CauseKind::DsHeuristics,
                    at: None,
                    text: if created {
                        format!("dSHeuristics lets {name} ask now")
                    } else {
                        format!("dSHeuristics does not let {name} ask any more")
                    },
                },
                false,
            );
        }
        if let Some(group) = self.people.group_of_outside(number) {
            let step = Step {
                member: number,
                group,
            };
            return Why::Told(self.chains.cause(on, step), false);
        }
        let by = named
            .filter(|sid| self.people.sid(number) != Some(*sid))
            .map(|sid| format!(", in {}", self.people.name_of_sid(sid)))
            .unwrap_or_default();
        let (kind, text) = if created {
            (CauseKind::Created, format!("{name} is new{by}"))
        } else {
            (CauseKind::Deleted, format!("{name} is gone{by}"))
        };
        Why::Told(Cause { kind, at, text }, false)
    }

    fn token_of_all(&self, members: &[Number]) -> Why {
        let at = match members {
            [one] => Some(self.people.subject(*one)),
            _ => None,
        };
        Why::Told(
            Cause {
                kind: CauseKind::Token,
                at,
                text: "what is in the token is another".to_owned(),
            },
            false,
        )
    }
}

/// The SIDs that a side's descriptor allows, or denies, what is asked.
fn trustees(question: &Question<'_, '_>, when: When, allow: bool) -> Vec<(When, Sid)> {
    let found = (*question.doors.get(when)).zip(*question.asked.get(when));
    let Some((door, asked)) = found else {
        return Vec::new();
    };
    let mut sids = Vec::new();
    for part in asked.parts() {
        for entry in door.list().relevant(part.bit, &part.node) {
            if let (true, Trustee::Sid(sid)) = (entry.allow == allow, &entry.trustee) {
                sids.push((when, sid.clone()));
            }
        }
    }
    if allow {
        sids.extend(door.list().owner().map(|owner| (when, owner.clone())));
    }
    sids
}

/// SIDs that the descriptors of both sides name.
fn deciding(question: &Question<'_, '_>) -> Vec<Sid> {
    let mut sids = Vec::new();
    for when in When::BOTH {
        let Some(door) = *question.doors.get(when) else {
            continue;
        };
        let entries = door.list().entries().iter();
        sids.extend(entries.filter_map(|entry| match &entry.trustee {
            Trustee::Sid(sid) => Some(sid.clone()),
            Trustee::PrincipalSelf | Trustee::OwnerRights => None,
        }));
        sids.extend(door.list().owner().cloned());
        sids.extend(door.own.cloned());
        if let Some(account) = question.accounts.get(when) {
            let effective = &account.analysis.effective;
            let exempt = effective.exempt.iter();
            sids.extend(exempt.filter_map(|group| account.analysis.sid_of(*group).cloned()));
        }
    }
    // Whoever logs on may choose how.
    sids.extend(Sid::new(5, &[11]));
    sids.sort();
    sids.dedup();
    sids
}

/// Why nothing is known, as a cause.
pub(super) fn not_seen(why: &str) -> Why {
    Why::Told(
        Cause {
            kind: CauseKind::NotSeen,
            at: None,
            text: why.to_owned(),
        },
        false,
    )
}

fn together() -> Why {
    Why::Told(
        Cause {
            kind: CauseKind::Together,
            at: None,
            text: "none of these changes would have done it alone".to_owned(),
        },
        false,
    )
}

/// Where putting nothing back makes the check answer as it did.
pub(super) fn not_found() -> Why {
    Why::Told(
        Cause {
            kind: CauseKind::Together,
            at: None,
            text: "of several changes together; which of them is not known".to_owned(),
        },
        false,
    )
}

fn add(list: &mut Vec<Why>, why: Why) {
    if !list.contains(&why) {
        list.push(why);
    }
}

/// The same, up to a number of them.
fn add_some(list: &mut Vec<Why>, why: Why) {
    if list.len() < CAUSES {
        add(list, why);
    }
}

/// The first of them, and how many more there are.
fn limited(mut causes: Vec<Cause>) -> Vec<Cause> {
    let more = causes.len().saturating_sub(CAUSES);
    causes.truncate(CAUSES);
    if let (1.., Some(last)) = (more, causes.last()) {
        let kind = last.kind;
        causes.push(Cause {
            kind,
            at: None,
            text: format!("{more} more changes of the kind"),
        });
    }
    causes
}
