//! How somebody came into a group, or left it: the steps of the way that the other side does not have.
//!
//! Of several ways the one with the fewest such steps counts. Deliberately knows no rights.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use coldcase_schemas::diff::{Cause, CauseKind};
use coldcase_winsec::Sid;

use super::people::{Number, People};
use super::side::When;
use crate::graph::{Holder, is_domain_controller};
use crate::rules::subject_of;

/// Somebody is directly in something: a member in a group, or whoever holds a SID of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    pub(super) member: Number,
    pub(super) group: Number,
}

/// Of each who is in a group: how many steps are of one side only, and the next holder on the way.
type Ways = HashMap<Holder, (u32, Option<Holder>)>;

/// Ways into groups, remembered.
#[derive(Debug)]
pub(super) struct Chains<'p, 'a> {
    people: &'p People<'a>,
    known: HashMap<(When, Holder), Rc<Ways>>,
}

/// Steps of a way that are looked at.
const LONGEST: usize = 10_000;

impl<'p, 'a> Chains<'p, 'a> {
    pub(super) fn new(people: &'p People<'a>) -> Self {
        Self {
            people,
            known: HashMap::new(),
        }
    }

    /// The steps of the way from somebody to `target` on side `when` that the other side does not have, from the bottom up.
    /// `None` if there is no way.
    pub(super) fn steps(&mut self, when: When, number: Number, target: &Sid) -> Option<Vec<Step>> {
        let way = self.way(when, number, target)?;
        Some(
            way.into_iter()
                .filter(|step| self.is_lacking(when, *step))
                .collect(),
        )
    }

    /// All steps of it.
    pub(super) fn way(&mut self, when: When, number: Number, target: &Sid) -> Option<Vec<Step>> {
        let analysis = self.people.side(when);
        let tokens = &analysis.effective.tokens;
        let target = tokens.of(&analysis.directory, target)?;
        let start = self.people.holder(when, number);
        let mut steps = Vec::new();
        if self.people.group_of_outside(number).is_some() {
            steps.push(Step {
                member: number,
                group: self.people.number(when, start?)?,
            });
        }
        let ways = self.ways(when, target);
        let known = start.filter(|start| ways.contains_key(start));
        // Whoever logs on is in these without being a member.
        let all = || tokens.everybody().iter().copied();
        let mut next = known.or_else(|| {
            all()
                .filter(|one| ways.contains_key(one))
                .min_by_key(|one| ways.get(one).map(|way| way.0))
        })?;
        while let Some((_, Some(group))) = ways.get(&next)
            && steps.len() < LONGEST
        {
            steps.push(Step {
                member: self.people.number(when, next)?,
                group: self.people.number(when, *group)?,
            });
            next = *group;
        }
        Some(steps)
    }

    fn ways(&mut self, when: When, target: Holder) -> Rc<Ways> {
        if let Some(known) = self.known.get(&(when, target)) {
            return Rc::clone(known);
        }
        let tokens = &self.people.side(when).effective.tokens;
        let mut ways: Ways = HashMap::from([(target, (0, None))]);
        let mut waiting = VecDeque::from([(target, 0_u32)]);
        while let Some((group, cost)) = waiting.pop_front() {
            // A cheaper way was found meanwhile.
            if ways.get(&group).is_some_and(|known| known.0 < cost) {
                continue;
            }
            for member in tokens.members(group) {
                let lacking = self.is_lacking_between(when, *member, group);
                let total = cost + u32::from(lacking);
                if ways.get(member).is_none_or(|known| total < known.0) {
                    ways.insert(*member, (total, Some(group)));
                    if lacking {
                        waiting.push_back((*member, total));
                    } else {
                        waiting.push_front((*member, total));
                    }
                }
            }
        }
        let ways = Rc::new(ways);
        self.known.insert((when, target), Rc::clone(&ways));
        ways
    }

    fn is_lacking(&self, when: When, step: Step) -> bool {
        if self.people.group_of_outside(step.member).is_some() {
            return !self.people.is_there(when.other(), step.member);
        }
        let holder = |number| self.people.holder(when, number);
        match (holder(step.member), holder(step.group)) {
            (Some(member), Some(group)) => self.is_lacking_between(when, member, group),
            _ => true,
        }
    }

    /// Whether the other side does not have the step.
    fn is_lacking_between(&self, when: When, member: Holder, group: Holder) -> bool {
        let other = |holder| {
            let number = self.people.number(when, holder)?;
            self.people.holder(when.other(), number)
        };
        let (Some(member), Some(group)) = (other(member), other(group)) else {
            return true;
        };
        let tokens = &self.people.side(when.other()).effective.tokens;
        !tokens.groups(member).contains(&group)
    }

    /// In words, as a cause: the step is there on side `when` and not on the other.
    pub(super) fn cause(&self, when: When, step: Step) -> Cause {
        let people = self.people;
        let (member, group) = (people.name(step.member), people.name(step.group));
        let added = when == When::After;
        let token = |text: String| Cause {
            kind: CauseKind::Token,
            at: Some(people.subject(step.member)),
            text,
        };
        let membership = || Cause {
            kind: if added {
                CauseKind::MemberAdded
            } else {
                CauseKind::MemberRemoved
            },
            at: Some(people.subject(step.group)),
            text: if added {
                format!("{member} was added to {group}")
            } else {
                format!("{member} was removed from {group}")
            },
        };
        if let Some(fate) = self.fate_of_group(when, step.group) {
            return fate;
        }
        if people.group_of_outside(step.member).is_some() {
            return membership();
        }
        let (direct, other) = (self.direct(when, step), self.direct(when.other(), step));
        match direct {
            Some(false) if other == Some(false) => token(if added {
                format!("{group} counts for access now: it is a security group")
            } else {
                format!("{group} does not count for access any more: it is no security group")
            }),
            Some(false) => membership(),
            Some(true) => token(if added {
                format!("{group} is the primary group of {member} now")
            } else {
                format!("{group} is not the primary group of {member} any more")
            }),
            None if self.is_history(when, step) => token(if added {
                format!("{member} has the SID of {group} in its sIDHistory now")
            } else {
                format!("{member} does not have the SID of {group} in its sIDHistory any more")
            }),
            None if people.object(step.member).is_some_and(is_domain_controller)
                && people
                    .sid(step.group)
                    .is_some_and(|sid| sid.rid() == Some(9)) =>
            {
                token(if added {
                    format!("{member} is a domain controller now")
                } else {
                    format!("{member} is not a domain controller any more")
                })
            }
            None => token(if added {
                format!("{group} is the primary group of {member} now")
            } else {
                format!("{group} is not the primary group of {member} any more")
            }),
        }
    }

    /// The group is on side `when` only, and on the other another one has its name: nobody was added or removed.
    fn fate_of_group(&self, when: When, group: Number) -> Option<Cause> {
        let sid = self.people.sid(group)?;
        let place = |when: When| self.people.side(when).directory.place_of_sid(sid);
        let here = self.people.side(when).object(place(when)?)?;
        let other = &self.people.side(when.other()).directory;
        if place(when.other()).is_some() || other.place_of_dn(&here.dn).is_none() {
            return None;
        }
        let name = self.people.name(group);
        let (kind, text) = match when {
            When::After => (
                CauseKind::Created,
                format!("{name} was deleted and made anew, with another SID"),
            ),
            When::Before => (
                CauseKind::Deleted,
                format!("{name} was deleted and made anew, and entries name its former SID"),
            ),
        };
        let at = Some(subject_of(here));
        Some(Cause { kind, at, text })
    }

    /// Whether a side has the membership, and whether as the primary group only.
    fn direct(&self, when: When, step: Step) -> Option<bool> {
        let analysis = self.people.side(when);
        let place = |number| {
            let holder = self.people.holder(when, number)?;
            analysis.effective.tokens.place(holder)
        };
        let (member, group) = (place(step.member)?, place(step.group)?);
        let groups = analysis.memberships.groups(member).iter();
        let mut ways = groups.filter(|(known, _)| *known == group).peekable();
        ways.peek()?;
        Some(ways.all(|(_, primary)| *primary))
    }

    fn is_history(&self, when: When, step: Step) -> bool {
        let analysis = self.people.side(when);
        let member = self.people.holder(when, step.member);
        let place = member.and_then(|member| analysis.effective.tokens.place(member));
        let history = place.and_then(|place| analysis.principals.history().get(&place));
        history
            .zip(self.people.sid(step.group))
            .is_some_and(|(history, sid)| history.contains(sid))
    }
}
