//! Findings over all points: since when, until when, how often again.
//!
//! Owns the three states of a finding. One that is not there any more is fixed only where its rule and subject were
//! judged ([`Sight::judges`]); else it is not known, and if it is there again later, it was never away.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Privileges, Severity, Subject};
use coldcase_schemas::trend::{FindingHistory, FindingState, TimeToFix};

use super::moment::Moment;
use super::scored::Scored;
use super::sight::Sight;
use crate::rules::identity;
use crate::score::round;

/// Rule, identity of the subject, key.
type Term = (String, String, String);

/// Every finding that any point so far has.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    known: BTreeMap<Term, Known>,
    last: Option<Moment>,
}

/// A finding so far.
#[derive(Debug)]
struct Known {
    id: String,
    subject: Subject,
    severity: Severity,
    accepted: bool,
    state: FindingState,
    /// Privileges of who collected the last point that has it.
    by: Privileges,
    first_seen: Moment,
    last_seen: Moment,
    opened: Moment,
    at_least: bool,
    fixed: Option<Moment>,
    reopened: u32,
    /// Days and `at_least` of each time that it was fixed.
    fixes: Vec<(f64, bool)>,
}

impl Findings {
    /// The next point. `before` is the one before it, if there is one.
    pub(crate) fn push(&mut self, taken_at: Moment, point: &Scored, before: Option<&Sight<'_>>) {
        let sight = Sight::of(&point.summary);
        let by = point.summary.facts.privileges;
        let mut there = BTreeSet::new();
        for subject in &point.summary.subjects {
            for finding in &subject.findings {
                let Some(rule) = point.summary.rules.get(finding.rule) else {
                    continue;
                };
                let term = (
                    rule.id.clone(),
                    identity(&subject.subject).to_owned(),
                    finding.key.clone(),
                );
                // Older than this point, unless the one before it could judge and did not find it.
                let at_least =
                    before.is_none_or(|before| !before.judges(&subject.subject, &rule.id, by));
                let known = self.known.entry(term.clone()).or_insert_with(|| Known {
                    id: finding.id.clone(),
                    subject: subject.subject.clone(),
                    severity: finding.severity,
                    accepted: false,
                    state: FindingState::Open,
                    by,
                    first_seen: taken_at,
                    last_seen: taken_at,
                    opened: taken_at,
                    at_least,
                    fixed: None,
                    reopened: 0,
                    fixes: Vec::new(),
                });
                if known.state == FindingState::Fixed {
                    known.reopened += 1;
                    known.opened = taken_at;
                    known.at_least = at_least;
                    known.fixed = None;
                }
                known.state = FindingState::Open;
                known.subject = subject.subject.clone();
                known.severity = finding.severity;
                known.accepted = point.accepted.contains(&finding.id);
                known.last_seen = taken_at;
                known.by = by;
                there.insert(term);
            }
        }
        for (term, known) in &mut self.known {
            if there.contains(term) || known.state == FindingState::Fixed {
                continue;
            }
            if sight.judges(&known.subject, &term.0, known.by) {
                known.state = FindingState::Fixed;
                known.fixed = Some(taken_at);
                let days = taken_at.days_since(known.opened);
                known.fixes.push((days, known.at_least));
            } else {
                known.state = FindingState::Unknown;
            }
        }
        self.last = Some(taken_at);
    }

    /// Open ones first, then those that are not known, then fixed ones; in each the most severe first, then the oldest.
    pub(crate) fn histories(&self) -> Vec<FindingHistory> {
        let mut known: Vec<(&Term, &Known)> = self.known.iter().collect();
        known.sort_by_key(|(term, known)| (known.state, known.severity, known.opened, *term));
        known
            .into_iter()
            .map(|(term, known)| {
                let until = known.fixed.or(self.last).unwrap_or(known.last_seen);
                FindingHistory {
                    id: known.id.clone(),
                    rule: term.0.clone(),
                    subject: known.subject.clone(),
                    key: term.2.clone(),
                    severity: known.severity,
                    state: known.state,
                    accepted: known.accepted,
                    first_seen: known.first_seen.to_string(),
                    last_seen: known.last_seen.to_string(),
                    opened: known.opened.to_string(),
                    fixed: known.fixed.map(|fixed| fixed.to_string()),
                    reopened: known.reopened,
                    age_days: round(until.days_since(known.opened)),
                    at_least: known.at_least,
                }
            })
            .collect()
    }

    /// How long it took until findings were fixed.
    pub(crate) fn times_to_fix(&self) -> Vec<TimeToFix> {
        let mut by_severity: BTreeMap<Severity, Vec<&Known>> = BTreeMap::new();
        for known in self.known.values() {
            by_severity.entry(known.severity).or_default().push(known);
        }
        by_severity
            .into_iter()
            .map(|(severity, known)| {
                let fixes: Vec<(f64, bool)> =
                    known.iter().flat_map(|one| one.fixes.clone()).collect();
                let sum: f64 = fixes.iter().map(|fix| fix.0).sum();
                let in_state = |state| known.iter().filter(|one| one.state == state).count() as u64;
                TimeToFix {
                    severity,
                    fixed: fixes.len() as u64,
                    mean_days: (!fixes.is_empty()).then(|| round(sum / fixes.len() as f64)),
                    at_least: fixes.iter().any(|fix| fix.1),
                    open: in_state(FindingState::Open),
                    unknown: in_state(FindingState::Unknown),
                }
            })
            .collect()
    }
}
