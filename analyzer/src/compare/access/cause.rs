//! Why somebody is granted on one side what the other does not grant: the access check is asked with one thing of the one
//! side and the rest of the other, then with two, until it grants.
//!
//! Owns the things that can change: the descriptor, what is in the token, what a right takes, whether owners' rights are
//! blocked. Deliberately looks at one person at a time; [`super::clusters`] finds those who are alike.

use coldcase_schemas::diff::{Cause, CauseKind};
use coldcase_winsec::access::{Decider, Decision, Outcome, Trustee};
use coldcase_winsec::{Ace, Sid};

use super::account::{Account, Asked, Attribute};
use super::sets::Door;
use crate::compare::people::Seat;
use crate::compare::side::{Both, When};
use crate::graph::RightKind;

/// A thing that can be of the one side or the other.
pub(super) const DESCRIPTOR: u8 = 1;
pub(super) const TOKEN: u8 = 2;
pub(super) const RIGHT: u8 = 4;
pub(super) const OWNERS: u8 = 8;

/// Sets of things, fewest first, as one wants them told.
const TRIED: [u8; 15] = [1, 2, 4, 8, 3, 5, 9, 6, 10, 12, 7, 11, 13, 14, 15];

/// What is told as a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// An entry that one side has and the other has not; where it comes from depends on the account.
    Entry {
        on: When,
        attribute: Attribute,
        ace: Ace,
    },
    /// The same words for every account; `true` if the account itself is the object that was changed.
    Told(Cause, bool),
}

/// A right that one side grants to some and the other does not.
#[derive(Debug)]
pub(super) struct Question<'q, 'a> {
    /// The side that grants.
    pub(super) on: When,
    /// Asked whether it is certain, or possible.
    pub(super) certain: bool,
    pub(super) right: RightKind,
    pub(super) attribute: Attribute,
    pub(super) asked: Both<Option<&'q Asked>>,
    pub(super) doors: Both<Option<&'q Door<'a>>>,
    pub(super) accounts: Both<Option<&'q Account<'a>>>,
}

/// What somebody's token is on the granting side and on the other.
#[derive(Debug)]
pub(super) struct Seats {
    pub(super) here: Seat,
    pub(super) there: Seat,
}

impl Seats {
    pub(super) fn of(&self, set: u8) -> &Seat {
        if set & TOKEN != 0 {
            &self.here
        } else {
            &self.there
        }
    }
}

impl<'q, 'a> Question<'q, 'a> {
    fn side(&self, set: u8, thing: u8) -> When {
        if set & thing != 0 {
            self.on
        } else {
            self.on.other()
        }
    }

    pub(super) fn door(&self, set: u8) -> Option<&'q Door<'a>> {
        *self.doors.get(self.side(set, DESCRIPTOR))
    }

    /// The right as it is with what is in `set` of the granting side.
    pub(super) fn asked(&self, set: u8) -> Option<Asked> {
        let form = (*self.asked.get(self.side(set, RIGHT)))?;
        let owners = self.asked.get(self.side(set, OWNERS));
        Some(Asked {
            blocked: owners.unwrap_or(form).blocked,
            ..form.clone()
        })
    }

    fn grants(&self, set: u8, seats: &Seats) -> bool {
        self.door(set)
            .zip(self.asked(set))
            .is_some_and(|(door, asked)| door.grants(&asked, seats.of(set)).is(self.certain))
    }

    /// The fewest things that had to be as on the granting side. Nothing, if the other side would have granted it to the
    /// same person, had there been such a person.
    pub(super) fn needed(&self, seats: &Seats) -> u8 {
        if self.grants(0, seats) {
            return 0;
        }
        let mut tried = TRIED.into_iter();
        tried
            .find(|set| self.grants(*set, seats))
            .unwrap_or(DESCRIPTOR | TOKEN | RIGHT | OWNERS)
    }

    fn decision(&self, outcome: &Outcome) -> Decision {
        if self.certain {
            outcome.least
        } else {
            outcome.most
        }
    }

    /// Whom the granting side grants it by name, of all that `seat` holds.
    pub(super) fn named(&self, set: u8, seat: &Seat) -> Option<Sid> {
        let (door, asked) = (self.door(set)?, self.asked(set)?);
        let outcomes = door.outcomes(&asked, seat);
        let decisions = outcomes.iter().map(|outcome| self.decision(outcome));
        let granted = decisions.filter(|decision| decision.is_granted());
        let decision = if asked.is_any() {
            granted.take(1).last()
        } else {
            granted.max_by_key(|decision| decision.ace())
        };
        decider_of(door, decision?)
    }

    /// Why the descriptor of the granting side does what that of the other does not, for whoever has `seat`; and whom it is
    /// about.
    pub(super) fn of_descriptor(&self, set: u8, seat: &Seat) -> (Option<Sid>, Vec<Why>) {
        let asked = self.asked(set);
        let here = *self.doors.get(self.on);
        let there = *self.doors.get(self.on.other());
        let (Some(asked), Some(here)) = (asked, here) else {
            return (None, vec![self.whole(None)]);
        };
        let named = self.named(set | DESCRIPTOR, seat);
        let Some(there) = there else {
            return (named.clone(), vec![self.whole(Some((here, named)))]);
        };
        let (outcomes, others) = (here.outcomes(&asked, seat), there.outcomes(&asked, seat));
        let mut pairs = outcomes
            .iter()
            .map(|outcome| self.decision(outcome))
            .zip(others.iter().map(|outcome| self.decision(outcome)));
        let contrast = pairs.find(|(here, there)| here.is_granted() && !there.is_granted());
        let Some((granted, denied)) = contrast else {
            return (named.clone(), vec![self.whole(Some((here, named)))]);
        };
        let about = decider_of(here, granted);
        let entry = |on, ace: &Ace| Why::Entry {
            on,
            attribute: self.attribute,
            ace: ace.clone(),
        };
        match granted {
            Decision::Granted(Decider::Ace(position)) => {
                let Some(ace) = ace_at(here, position) else {
                    return (about.clone(), vec![self.whole(Some((here, about)))]);
                };
                if !has(there, ace) {
                    return (about, vec![entry(self.on, ace)]);
                }
                let denying = denied.ace().and_then(|position| ace_at(there, position));
                match denying {
                    Some(deny) if !has(here, deny) => {
                        let whom = denied.ace().and_then(|ace| trustee_at(there, ace));
                        let why = entry(self.on.other(), deny);
                        (whom.or(about), vec![why])
                    }
                    Some(_) => (about, vec![self.reordered(ace)]),
                    // The entry is about whoever owns it.
                    None if here.list().owner() != there.list().owner() => {
                        (about, vec![self.owner()])
                    }
                    None => (about.clone(), vec![self.whole(Some((here, about)))]),
                }
            }
            Decision::Granted(Decider::Owner) => {
                if here.list().owner() != there.list().owner() {
                    return (about, vec![self.owner()]);
                }
                let limits = there
                    .list()
                    .entries()
                    .iter()
                    .find(|entry| entry.trustee == Trustee::OwnerRights)
                    .and_then(|limit| ace_at(there, limit.position));
                match limits.filter(|limit| !has(here, limit)) {
                    Some(limit) => (about, vec![entry(self.on.other(), limit)]),
                    None => (about.clone(), vec![self.whole(Some((here, about)))]),
                }
            }
            Decision::Granted(Decider::NullDacl) | Decision::Denied(_) => {
                (about.clone(), vec![self.whole(Some((here, about)))])
            }
        }
    }

    /// A descriptor came or went, or changed in a way that no entry explains.
    fn whole(&self, here: Option<(&Door<'_>, Option<Sid>)>) -> Why {
        let attribute = self.attribute.name();
        let came = self.on == When::After;
        let unset = self.doors.get(self.on.other()).is_none();
        let null = here.as_ref().is_some_and(|(door, _)| door.list().is_null());
        let whom = here
            .and_then(|(_, named)| named)
            .zip((*self.accounts.get(self.on)).map(|account| account.analysis))
            .map(|(sid, analysis)| format!(", which lets {} in,", analysis.name_of(&sid)))
            .unwrap_or_default();
        let text = match (null, unset, came) {
            (true, _, true) => {
                format!("{attribute} has no DACL now, which allows everything to everybody")
            }
            (true, _, false) => format!("{attribute} has a DACL now, and had none"),
            (_, true, true) => format!("{attribute}{whom} was set"),
            (_, true, false) => format!("{attribute}{whom} was cleared"),
            (_, false, _) => format!("{attribute} was changed"),
        };
        Why::Told(
            Cause {
                kind: CauseKind::Descriptor,
                at: None,
                text,
            },
            true,
        )
    }

    fn reordered(&self, ace: &Ace) -> Why {
        let analysis = (*self.accounts.get(self.on)).map(|account| account.analysis);
        let words = analysis
            .map(|analysis| analysis.ace_told(ace).words)
            .unwrap_or_default();
        let text = match self.on {
            When::After => format!("\"{words}\" stands before what denies it now"),
            When::Before => format!("\"{words}\" stands behind what denies it now"),
        };
        Why::Told(
            Cause {
                kind: CauseKind::Reordered,
                at: None,
                text,
            },
            true,
        )
    }

    fn owner(&self) -> Why {
        let name = |when: When| {
            let account = (*self.accounts.get(when))?;
            let owner = self.doors.get(when).as_ref()?.list().owner()?;
            Some(account.analysis.name_of(owner))
        };
        let nobody = || "nobody".to_owned();
        let text = format!(
            "the owner is {} now, and was {}",
            name(When::After).unwrap_or_else(nobody),
            name(When::Before).unwrap_or_else(nobody)
        );
        Why::Told(
            Cause {
                kind: CauseKind::Owner,
                at: None,
                text,
            },
            true,
        )
    }

    /// Whose members are others: a group (or owner) that the granting side lets in, or one that the other side denies; and
    /// the side on which being in it matters.
    pub(super) fn of_token(&self, set: u8, seats: &Seats) -> Option<(Sid, When)> {
        let with = set | TOKEN;
        let (door, asked) = (self.door(with)?, self.asked(with)?);
        let here = door.outcomes(&asked, &seats.here);
        let there = door.outcomes(&asked, &seats.there);
        let mut pairs = here
            .iter()
            .map(|outcome| self.decision(outcome))
            .zip(there.iter().map(|outcome| self.decision(outcome)));
        let (granted, denied) =
            pairs.find(|(here, there)| here.is_granted() && !there.is_granted())?;
        let named = decider_of(door, granted)?;
        if !seats.there.sids.contains(&named) {
            return Some((named, self.on));
        }
        if granted == Decision::Granted(Decider::Owner) {
            // Both hold the owner's SID; only one is in a group whose owner's rights are never blocked.
            let analysis = (*self.accounts.get(self.on))?.analysis;
            let groups = analysis.effective.exempt.iter();
            let mut sids = groups.filter_map(|group| analysis.sid_of(*group));
            let exempt = sids.find(|sid| seats.here.sids.contains(*sid))?;
            return Some((exempt.clone(), self.on));
        }
        let denying = trustee_at(door, denied.ace()?)?;
        Some((denying, self.on.other()))
    }

    /// What a right takes, or whether owners' rights are blocked, is another.
    pub(super) fn of_right(&self, thing: u8) -> Why {
        let object = |when: When| (*self.accounts.get(when)).map(|account| account.object);
        let (was, is) = (object(When::Before), object(When::After));
        let classes = was
            .zip(is)
            .is_some_and(|(was, is)| was.classes != is.classes);
        if classes {
            let kind = |object: Option<&crate::load::Object>| {
                object.map_or("", |object| object.kind.as_str())
            };
            return Why::Told(
                Cause {
                    kind: CauseKind::Class,
                    at: None,
                    text: format!(
                        "the account is of another class: {} before, {} now",
                        kind(was),
                        kind(is)
                    ),
                },
                true,
            );
        }
        let cause = if thing == OWNERS {
            Cause {
                kind: CauseKind::DsHeuristics,
                at: None,
                text: self.heuristics(),
            }
        } else {
            Cause {
                kind: CauseKind::Schema,
                at: None,
                text: format!(
                    "the schema is another: what it takes to hold {:?} changed",
                    self.right.as_str()
                ),
            }
        };
        Why::Told(cause, false)
    }

    fn heuristics(&self) -> String {
        let text = |when: When| {
            let account = (*self.accounts.get(when)).map(|account| account.analysis);
            let heuristics =
                account.and_then(|analysis| analysis.directory.domain.ds_heuristics.clone());
            heuristics.map_or_else(|| "not set".to_owned(), |text| format!("{text:?}"))
        };
        format!(
            "dSHeuristics is {} now, and was {}: whether owners of computers and managed accounts may change permissions",
            text(When::After),
            text(When::Before)
        )
    }
}

fn ace_at<'d>(door: &Door<'d>, position: usize) -> Option<&'d Ace> {
    door.descriptor.dacl.as_ref()?.aces.get(position)
}

/// Whether a DACL has an entry that says the same and counts, inherited or not.
fn has(door: &Door<'_>, ace: &Ace) -> bool {
    let mut entries = door.list().entries().iter();
    entries.any(|entry| ace_at(door, entry.position).is_some_and(|own| own.body == ace.body))
}

fn trustee_at(door: &Door<'_>, position: usize) -> Option<Sid> {
    let mut entries = door.list().entries().iter();
    let entry = entries.find(|entry| entry.position == position)?;
    match &entry.trustee {
        Trustee::Sid(sid) => Some(sid.clone()),
        Trustee::PrincipalSelf => door.own.cloned(),
        Trustee::OwnerRights => door.owner().cloned(),
    }
}

/// Whom a grant names: of a missing DACL Everyone.
fn decider_of(door: &Door<'_>, decision: Decision) -> Option<Sid> {
    match decision {
        Decision::Granted(Decider::Ace(position)) => trustee_at(door, position),
        Decision::Granted(Decider::Owner) => door.owner().cloned(),
        Decision::Granted(Decider::NullDacl) => Sid::new(1, &[0]).ok(),
        Decision::Denied(_) => None,
    }
}
