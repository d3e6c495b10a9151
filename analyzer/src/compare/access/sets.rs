//! Who is granted a right, as sets of everybody, and which of them cannot have changed.
//!
//! Deliberately does not say why: [`super::cause`] does.

use std::collections::HashMap;

use coldcase_winsec::access::{AccessList, Outcome, SidSet, Trustee};
use coldcase_winsec::{AccessMask, DaclState, SecurityDescriptor, Sid};

use super::account::{Account, Asked, Attribute, Shown};
use crate::compare::people::{Number, People, Seat};
use crate::compare::side::{Both, When};
use crate::graph::{Grantees, Holders, Prepared, RightKind, index};

/// A descriptor before the tokens of its own side.
#[derive(Debug)]
pub(super) struct Door<'a> {
    pub(super) descriptor: &'a SecurityDescriptor,
    pub(super) prepared: Prepared,
    /// The account's own SID, if PRINCIPAL SELF is somebody else as well.
    pub(super) own: Option<&'a Sid>,
}

impl<'a> Door<'a> {
    /// `None` where there is no descriptor that can be read. `selves` if PRINCIPAL SELF is somebody else as well.
    pub(super) fn of(account: &Account<'a>, attribute: Attribute, selves: bool) -> Option<Self> {
        let Shown::Whole(descriptor) = account.shown(attribute) else {
            return None;
        };
        let bare = attribute != Attribute::Permissions;
        let analysis = account.analysis;
        Some(Self {
            descriptor,
            prepared: Prepared::of(
                descriptor,
                &analysis.effective.tokens,
                &analysis.directory,
                account.own.filter(|_| selves && !bare),
            ),
            own: account.object.sid.as_ref().filter(|_| selves && !bare),
        })
    }

    pub(super) fn list(&self) -> &AccessList {
        &self.prepared.list
    }

    /// The owner; of an object that is its own (MS-DTYP 2.5.3.2) the account, where that is somebody else as well.
    pub(super) fn owner(&self) -> Option<&Sid> {
        if self.is_its_own() {
            self.own
        } else {
            self.list().owner()
        }
    }

    /// PRINCIPAL SELF is the owner.
    fn is_its_own(&self) -> bool {
        let owner = self.list().owner();
        owner.is_some_and(|owner| (owner.authority(), owner.sub_authorities()) == (5, &[10]))
    }

    /// Whether somebody is granted a right: for certain, and if every condition is met.
    pub(super) fn grants(&self, asked: &Asked, seat: &Seat) -> Level {
        let outcomes = self.outcomes(asked, seat);
        let least = |outcome: &Outcome| outcome.least.is_granted();
        let most = |outcome: &Outcome| outcome.most.is_granted();
        if asked.is_any() {
            return Level {
                certain: outcomes.iter().any(least),
                possible: outcomes.iter().any(most),
            };
        }
        Level {
            certain: !outcomes.is_empty() && outcomes.iter().all(least),
            possible: !outcomes.is_empty() && outcomes.iter().all(most),
        }
    }

    /// What each part comes to.
    pub(super) fn outcomes(&self, asked: &Asked, seat: &Seat) -> Vec<Outcome> {
        let who = SidSet {
            sids: &seat.sids,
            // What PRINCIPAL SELF owns has no owner by name, as `coldcase access` tells it.
            object: self.own.filter(|_| asked.right != RightKind::Owner),
            owner: self.list().owner(),
        };
        let blocked = asked.blocked && !seat.exempt;
        let parts = asked.parts();
        let each = parts.iter().map(|part| {
            let outcome = self.list().decide(&who, part.bit, &part.node, blocked);
            match asked.right {
                RightKind::Owner => owner_only(outcome),
                _ => outcome,
            }
        });
        each.collect()
    }
}

/// Being the owner is what it is: an entry that gives the same is told by itself.
fn owner_only(outcome: Outcome) -> Outcome {
    use coldcase_winsec::access::{Decider, Decision};
    let owner = Decision::Granted(Decider::Owner);
    let only = |decision| {
        if decision == owner {
            owner
        } else {
            Decision::Denied(None)
        }
    };
    Outcome {
        least: only(outcome.least),
        most: only(outcome.most),
    }
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) certain: bool,
    pub(super) possible: bool,
}

impl Level {
    pub(super) fn is(self, certain: bool) -> bool {
        if certain { self.certain } else { self.possible }
    }
}

/// Who is granted a right on a side.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) certain: Holders,
    pub(super) possible: Holders,
}

/// Asks for sets, and remembers whose members are the same on both sides.
#[derive(Debug)]
pub(super) struct Sets<'p, 'a> {
    people: &'p People<'a>,
    steady: HashMap<Sid, bool>,
}

impl<'p, 'a> Sets<'p, 'a> {
    pub(super) fn new(people: &'p People<'a>) -> Self {
        Self {
            people,
            steady: HashMap::new(),
        }
    }

    /// Everybody whom the door lets in. No door lets nobody in, nor does a right that there is not.
    pub(super) fn granted(
        &self,
        when: When,
        asked: Option<&Asked>,
        door: Option<&Door<'_>>,
    ) -> Granted {
        let effective = &self.people.side(when).effective;
        let (Some(asked), Some(door)) = (asked, door) else {
            let nobody = Holders::with_capacity(self.people.told(when).len());
            return Granted {
                certain: nobody.clone(),
                possible: nobody,
            };
        };
        let raw: Grantees = match &asked.form {
            None if door.is_its_own() => effective.reached_by_none(),
            None => effective.owning(&door.prepared, asked.blocked),
            Some(form) => effective.everybody_with(&door.prepared, form, asked.blocked),
        };
        let mut granted = Granted {
            certain: self.people.numbers(when, raw.certain()),
            possible: self.people.numbers(when, raw.possible()),
        };
        self.add_late(when, asked, door, &mut granted);
        granted
    }

    /// SIDs that nothing of this side names, but that come to the door like anybody.
    fn add_late(&self, when: When, asked: &Asked, door: &Door<'_>, granted: &mut Granted) {
        let mut any: Option<Level> = None;
        let named = |sid: &Sid| {
            door.list().owner() == Some(sid)
                || door
                    .list()
                    .entries()
                    .iter()
                    .any(|entry| entry.trustee == Trustee::Sid(sid.clone()))
        };
        for (number, sid) in self.people.late(when) {
            let level = match any {
                Some(level) if !named(sid) => level,
                _ => {
                    let level = door.grants(asked, &self.people.seat(when, *number));
                    if !named(sid) {
                        any = Some(level);
                    }
                    level
                }
            };
            granted.certain.set(index(*number), level.certain);
            granted.possible.set(index(*number), level.possible);
        }
    }

    /// True if a descriptor that is the same on both sides comes to the same for everybody, whatever is asked: of most
    /// accounts this is all there is to find. What everybody may read, or is denied, changes nothing for who is new, as long
    /// as nothing else lets him in.
    pub(super) fn is_untouched(
        &mut self,
        attribute: Attribute,
        descriptor: &SecurityDescriptor,
        blocked: bool,
    ) -> bool {
        const READING: AccessMask = AccessMask(
            AccessMask::READ_PROPERTY.0
                | AccessMask::READ_CONTROL.0
                | AccessMask::LIST_CHILDREN.0
                | AccessMask::LIST_OBJECT.0,
        );
        let DaclState::Present(acl) = descriptor.dacl_state() else {
            return false;
        };
        if !descriptor.owner.iter().all(|owner| self.is_steady(owner)) {
            return false;
        }
        let analysis = self.people.side(When::After);
        let everybody = analysis.effective.tokens.everybody();
        for ace in &acl.aces {
            let Some(known) = ace.known() else {
                return false;
            };
            let reads = attribute == Attribute::Permissions
                && (known.mask.map_generic_ds() & !READING).is_empty();
            let of_all = (known.ace_type.denies() || reads)
                && analysis
                    .effective
                    .tokens
                    .of(&analysis.directory, &known.trustee)
                    .is_some_and(|holder| everybody.contains(&holder));
            if !of_all && !self.is_steady(&known.trustee) {
                return false;
            }
        }
        !blocked || self.exempt().iter().all(|group| self.is_steady(group))
    }

    /// Groups whose owners' rights are never blocked, of both sides.
    fn exempt(&self) -> Vec<Sid> {
        let groups = When::BOTH.into_iter().flat_map(|when| {
            let analysis = self.people.side(when);
            let sids = analysis.effective.exempt.iter();
            sids.filter_map(|group| analysis.sid_of(*group).cloned())
        });
        groups.collect()
    }

    /// True if nothing that decides the right is another on the two sides.
    pub(super) fn is_same(&mut self, asked: Both<&Asked>, doors: Both<&Door<'_>>) -> bool {
        if asked.before != asked.after {
            return false;
        }
        let words = |door: &Door<'_>| Deciding::of(asked.after, door);
        let (before, after) = (words(doors.before), words(doors.after));
        if before != after {
            return false;
        }
        let exempt = asked.after.blocked && after.owner.is_some();
        let groups = if exempt { self.exempt() } else { Vec::new() };
        let owner = after.owner.iter();
        let all: Vec<&Sid> = after.trustees().chain(owner).chain(&groups).collect();
        all.into_iter().all(|sid| self.is_steady(sid)) && (!after.null || self.everybody_stays())
    }

    fn everybody_stays(&self) -> bool {
        self.people.is_the_same_on_both()
    }

    /// Whether a SID is in the token of the same people on both sides.
    fn is_steady(&mut self, sid: &Sid) -> bool {
        if let Some(known) = self.steady.get(sid) {
            return *known;
        }
        let reach = |when: When| {
            let analysis = self.people.side(when);
            let tokens = &analysis.effective.tokens;
            // Whoever logs on may have chosen how.
            let holder = if coldcase_winsec::access::is_by_logon(sid) {
                tokens.authenticated()
            } else {
                tokens.of(&analysis.directory, sid)
            };
            let mut raw = Holders::with_capacity(tokens.len());
            let nobody = raw.clone();
            if let Some(holder) = holder {
                tokens.reach(holder).add_to(&mut raw, &nobody);
            }
            let mut numbers = self.people.numbers(when, &raw);
            for (number, late) in self.people.late(when) {
                let seat_of_all = holder.is_some_and(|holder| {
                    tokens
                        .authenticated()
                        .is_some_and(|all| tokens.reach(holder).contains(all))
                });
                numbers.set(index(*number), late == sid || seat_of_all);
            }
            numbers
        };
        let steady = reach(When::Before) == reach(When::After);
        self.steady.insert(sid.clone(), steady);
        steady
    }
}

/// What of a descriptor decides a right.
#[derive(Debug, PartialEq, Eq)]
struct Deciding {
    null: bool,
    implicit: AccessMask,
    /// Where the right is or may be the owner's.
    owner: Option<Sid>,
    /// Of each part: allow, conditional, whom.
    entries: Vec<Vec<(bool, bool, Trustee)>>,
    own: Option<Sid>,
}

impl Deciding {
    fn of(asked: &Asked, door: &Door<'_>) -> Self {
        let list = door.list();
        let parts = asked.parts();
        let entries: Vec<Vec<_>> = parts
            .iter()
            .map(|part| {
                list.relevant(part.bit, &part.node)
                    .map(|entry| (entry.allow, entry.conditional, entry.trustee.clone()))
                    .collect()
            })
            .collect();
        let of_owner = entries
            .iter()
            .flatten()
            .any(|(_, _, trustee)| *trustee == Trustee::OwnerRights);
        let implicit = list.implicit_owner_rights(asked.blocked);
        let by_owning = parts.iter().any(|part| {
            part.bit
                .intersects(AccessMask::WRITE_DACL | AccessMask::READ_CONTROL)
        });
        Self {
            null: list.is_null(),
            implicit: if by_owning {
                implicit
            } else {
                AccessMask::NONE
            },
            owner: list.owner().filter(|_| of_owner || by_owning).cloned(),
            own: door.own.cloned(),
            entries,
        }
    }

    fn trustees(&self) -> impl Iterator<Item = &Sid> {
        let named = self.entries.iter().flatten();
        let named = named.filter_map(|(_, _, trustee)| match trustee {
            Trustee::Sid(sid) => Some(sid),
            Trustee::PrincipalSelf | Trustee::OwnerRights => None,
        });
        named.chain(&self.own)
    }
}

/// Everybody of a set, in ascending order.
pub(super) fn members(set: &Holders) -> Vec<Number> {
    set.ones()
        .filter_map(|one| Number::try_from(one).ok())
        .collect()
}
