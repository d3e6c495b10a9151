//! Service accounts over all points: a line of facts each.
//!
//! Owns whether an account is still there. It is known by objectGUID, so one that was renamed or moved goes on.

use std::collections::BTreeMap;

use coldcase_schemas::report::{Privileges, Subject};
use coldcase_schemas::trend::{AccountHistory, AccountPoint, AccountState};

use super::moment::Moment;
use super::rotation::Rotating;
use super::scored::Scored;
use super::sight::Sight;
use super::summary::AccountFacts;
use crate::load::PRECISION;
use crate::rules::identity;
use crate::score::round;

/// Kinds whose passwords are made from key epochs, where the attribute tells them.
const ROTATING: [&str; 2] = ["gmsa", "dmsa"];

/// Every service account that any point so far has.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    subject: Subject,
    former_names: Vec<String>,
    first_seen: Moment,
    last_seen: Moment,
    by: Privileges,
    /// At the point that is looked at.
    is_there: bool,
    state: AccountState,
    password_set: Option<i64>,
    password_set_back: Vec<Moment>,
    rotating: Rotating,
    points: Vec<AccountPoint>,
}

impl Accounts {
    /// The next point.
    pub(crate) fn push(&mut self, taken_at: Moment, point: &Scored) {
        let sight = Sight::of(&point.summary);
        let by = point.summary.facts.privileges;
        for known in self.known.values_mut() {
            known.is_there = false;
        }
        for (place, subject) in point.summary.subjects.iter().enumerate() {
            let Some(facts) = &subject.account else {
                continue;
            };
            let known = self
                .known
                .entry(identity(&subject.subject).to_owned())
                .or_insert_with(|| Known {
                    subject: subject.subject.clone(),
                    former_names: Vec::new(),
                    first_seen: taken_at,
                    last_seen: taken_at,
                    by,
                    is_there: true,
                    state: AccountState::There,
                    password_set: None,
                    password_set_back: Vec::new(),
                    rotating: Rotating::default(),
                    points: Vec::new(),
                });
            let former = &known.subject.sam_account_name;
            if *former != subject.subject.sam_account_name {
                known.former_names.extend(former.clone());
            }
            known.subject = subject.subject.clone();
            (known.last_seen, known.by) = (taken_at, by);
            known.is_there = true;
            known.state = AccountState::There;
            known.password(taken_at, facts);
            known.rotating.push(taken_at, facts);
            let not_judged = sight.not_judged_by(subject) + point.summary.refused;
            let (risk, net_risk) = point.risks.get(place).copied().unwrap_or_default();
            known.points.push(AccountPoint {
                taken_at: taken_at.to_string(),
                enabled: subject.enabled,
                password_days: facts
                    .password_set
                    .and_then(Moment::of_filetime)
                    .map(|set| round(taken_at.days_since(set))),
                password_cycle: facts.cycle,
                readers: facts.readers,
                spns: facts.spns,
                tier0: facts.tier0,
                groups: facts.groups,
                privileged_groups: facts.privileged_groups.clone(),
                risk,
                net_risk,
                not_judged_by: not_judged,
            });
        }
        for known in self.known.values_mut() {
            if known.is_there || known.state == AccountState::Gone {
                continue;
            }
            let there = sight.subject(identity(&known.subject)).is_some();
            known.state = match (there, sight.would_list(&known.subject, known.by)) {
                (true, _) => AccountState::Retired,
                (false, true) => AccountState::Gone,
                (false, false) => AccountState::Unknown,
            };
        }
    }

    /// The riskiest first.
    pub(crate) fn histories(&self) -> Vec<AccountHistory> {
        let last = |known: &Known| known.points.last().map_or(0.0, |point| point.risk);
        let mut known: Vec<&Known> = self.known.values().collect();
        known.sort_by(|a, b| {
            a.state
                .cmp(&b.state)
                .then_with(|| last(b).total_cmp(&last(a)))
                .then_with(|| a.subject.cmp(&b.subject))
        });
        let history = |known: &Known| AccountHistory {
            subject: known.subject.clone(),
            former_names: known.former_names.clone(),
            first_seen: known.first_seen.to_string(),
            last_seen: known.last_seen.to_string(),
            state: known.state,
            rotation: ROTATING
                .contains(&known.subject.kind.as_str())
                .then(|| known.rotating.told()),
            password_set_back: known
                .password_set_back
                .iter()
                .map(Moment::to_string)
                .collect(),
            points: known.points.clone(),
        };
        known.into_iter().map(history).collect()
    }
}

impl Known {
    /// 0 is "must be changed", which says nothing of an earlier password.
    fn password(&mut self, taken_at: Moment, facts: &AccountFacts) {
        let set = facts.password_set.filter(|ticks| *ticks > 0);
        if let Some((now, before)) = set.zip(self.password_set)
            && before.saturating_sub(now) >= PRECISION
        {
            self.password_set_back.push(taken_at);
        }
        self.password_set = set.or(self.password_set);
    }
}
