//! What happened between two points: ΔE split into re-basing, aging, scope and configuration.
//!
//! With E(S, t, B) the gross exposure of snapshot S at clock t under rules and assumptions B, in hundredths:
//!
//! - re-basing = E(S1, t1, B2) − E(S1, t1, B1); 0 where both points have the same B.
//! - aging = E(S1, t2, B2) − E(S1, t1, B2).
//! - Let X = (S1, t2, B2) and Y = (S2, t2, B2), and let X∣Y be X *as far as Y could judge it*: of each subject only
//!   findings that Y has too or whose (subject, rule) Y could judge ([`Sight::judges`]). What both have counts alike
//!   where the one that is less had a gap that the other had not: a weight where the rule did not see everything, a
//!   worth where the control graph did not. Then scope = (E(Y) − E(Y∣X)) − (E(X) − E(X∣Y)).
//! - configuration = the rest, which is E(Y∣X) − E(X∣Y) but for the rounding of each E.
//!
//! Aging counts what would have come due if nobody had done anything, and configuration that it was done: a password
//! that rotates in time is in both, with opposite signs. That part is told as upkeep: of each subject its risk in X
//! less the same with no finding of X heavier than it is in S1 at t1 or in Y, where Y could judge it.
//!
//! Being the rest, the parts add up exactly. Where S1 could not be evaluated again, the parts that need it are told
//! together.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::Privileges;
use coldcase_schemas::trend::{Cause, Change, FindingChange, Step, SubjectChange};

use super::scored::{Scored, hundredths, of_hundredths};
use super::sight::Sight;
use super::summary::{FindingSummary, SubjectSummary, Summary};
use crate::rules::identity;
use crate::score::{risk, round};

/// What is known between two points beside these themselves.
#[derive(Debug, Default)]
pub(crate) struct Between {
    /// The earlier snapshot at its own clock under the later point's basis, if that is another than its own.
    pub(crate) rebased: Option<Scored>,
    /// The earlier snapshot at the later one's clock, under the later point's basis.
    pub(crate) aged: Option<Scored>,
}

/// The step from `earlier` to `later`.
pub(crate) fn step(earlier: &Scored, later: &Scored, between: &Between) -> Step {
    let change = later.exposure() - earlier.exposure();
    let same = earlier.summary.basis == later.summary.basis;
    let base = if same {
        Some(earlier)
    } else {
        between.rebased.as_ref()
    };
    let before = between.aged.as_ref().or(base);
    let rebasing = match base {
        Some(base) => base.exposure() - earlier.exposure(),
        None => 0,
    };
    let aging = match (base, &between.aged) {
        (Some(base), Some(aged)) => aged.exposure() - base.exposure(),
        _ => 0,
    };
    let pair = before.map(|before| Pair::new(&before.summary, &later.summary));
    let scope = pair.as_ref().map_or(0, Pair::scope);
    let rest = change - rebasing - aging - scope;
    // Without the aged evaluation, or one under the same basis, the rest is more than what somebody changed.
    let split = base.is_some() && between.aged.is_some();
    let why = if split {
        ""
    } else if base.is_none() {
        "the two were evaluated with different rules or assumptions, and the earlier file was not there to do it again"
    } else {
        "the earlier snapshot's file was not there to be evaluated at the later clock"
    };
    let (from, to) = (&earlier.summary, &later.summary);
    let subjects = match (&pair, base, &between.aged) {
        (Some(pair), Some(base), Some(_)) => pair.subjects(&base.summary),
        _ => Vec::new(),
    };
    let upkeep = match (&pair, base, &between.aged) {
        (Some(pair), Some(base), Some(_)) => pair.upkeep(&base.summary),
        _ => 0,
    };
    let days = to.taken_at().zip(from.taken_at());
    Step {
        from: from.facts.taken_at.clone(),
        to: to.facts.taken_at.clone(),
        days: days.map_or(0.0, |(to, from)| round(to.days_since(from))),
        change: of_hundredths(change),
        rebasing: of_hundredths(rebasing),
        aging: of_hundredths(aging),
        scope: of_hundredths(scope),
        configuration: of_hundredths(if split { rest } else { 0 }),
        upkeep: of_hundredths(upkeep),
        not_split: of_hundredths(if split { 0 } else { rest }),
        why_not_split: why.to_owned(),
        subjects,
    }
}

/// The earlier snapshot at the later clock, and the later one.
struct Pair<'a> {
    before: Sight<'a>,
    after: Sight<'a>,
}

impl<'a> Pair<'a> {
    fn new(before: &'a Summary, after: &'a Summary) -> Self {
        Self {
            before: Sight::of(before),
            after: Sight::of(after),
        }
    }

    fn scope(&self) -> i64 {
        let only_after = exposure(&self.after.summary.subjects, whole_risk)
            - exposure(&self.after.summary.subjects, |subject| {
                shared_risk(subject, &self.after, &self.before)
            });
        let only_before = exposure(&self.before.summary.subjects, whole_risk)
            - exposure(&self.before.summary.subjects, |subject| {
                shared_risk(subject, &self.before, &self.after)
            });
        only_after - only_before
    }

    /// What would have come due and was done in time. `base` is the earlier snapshot at its own clock.
    fn upkeep(&self, base: &Summary) -> i64 {
        let base = Sight::of(base);
        let subjects = &self.before.summary.subjects;
        let without = exposure(subjects, |subject| {
            let identity = identity(&subject.subject);
            let (old, after) = (base.subject(identity), self.after.subject(identity));
            self.without_upkeep(subject, old, after, &base)
        });
        exposure(subjects, whole_risk) - without
    }

    /// Whose risk changed. `base` is the earlier snapshot at its own clock.
    fn subjects(&self, base: &Summary) -> Vec<SubjectChange> {
        let base = Sight::of(base);
        let sights = [&base, &self.before, &self.after];
        let all: BTreeSet<&str> = sights
            .iter()
            .flat_map(|sight| &sight.summary.subjects)
            .map(|subject| identity(&subject.subject))
            .collect();
        let mut changes: Vec<SubjectChange> = all
            .into_iter()
            .filter_map(|identity| self.subject(identity, &base))
            .collect();
        let size = |change: &SubjectChange| {
            let (aging, configuration) = (
                change.aging - change.upkeep,
                change.configuration + change.upkeep,
            );
            round(aging.abs() + change.scope.abs() + configuration.abs())
        };
        changes.sort_by(|a, b| {
            size(b)
                .total_cmp(&size(a))
                .then_with(|| a.subject.cmp(&b.subject))
        });
        changes
    }

    fn subject(&self, identity: &str, base: &Sight<'_>) -> Option<SubjectChange> {
        let old = base.subject(identity);
        let before = self.before.subject(identity);
        let after = self.after.subject(identity);
        let whole =
            |subject: Option<&SubjectSummary>| hundredths(round(subject.map_or(0.0, whole_risk)));
        let shared = |subject: Option<&SubjectSummary>, own: &Sight<'_>, other: &Sight<'_>| {
            let risk = subject.map_or(0.0, |subject| shared_risk(subject, own, other));
            hundredths(round(risk))
        };
        let both_before = shared(before, &self.before, &self.after);
        let both_after = shared(after, &self.after, &self.before);
        let aging = whole(before) - whole(old);
        let configuration = both_after - both_before;
        let scope = (whole(after) - both_after) - (whole(before) - both_before);
        let upkeep = before.map_or(0, |subject| {
            whole(before) - hundredths(round(self.without_upkeep(subject, old, after, base)))
        });
        let mut findings = self.findings(before, after);
        findings.extend(aged(old, before, base, &self.before));
        findings.sort();
        if (aging, scope, configuration) == (0, 0, 0) && findings.is_empty() {
            return None;
        }
        Some(SubjectChange {
            subject: after.or(before).or(old)?.subject.clone(),
            aging: of_hundredths(aging),
            upkeep: of_hundredths(upkeep),
            scope: of_hundredths(scope),
            configuration: of_hundredths(configuration),
            worth_before: before.map(|subject| subject.worth),
            worth_after: after.map(|subject| subject.worth),
            findings,
        })
    }

    /// The risk of a subject of the aged side, without what would have come due and was done in time.
    fn without_upkeep(
        &self,
        subject: &SubjectSummary,
        old: Option<&SubjectSummary>,
        after: Option<&SubjectSummary>,
        base: &Sight<'_>,
    ) -> f64 {
        let (old, after) = (by_term(old, base), by_term(after, &self.after));
        let weights = by_term(Some(subject), &self.before)
            .into_iter()
            .map(|(term, finding)| {
                let weight = |there: Option<&&FindingSummary>| there.map_or(0.0, |one| one.weight);
                let shown = weight(old.get(&term)).max(weight(after.get(&term)));
                let judged = || {
                    self.after
                        .judges(&subject.subject, term.0, by(&self.before))
                };
                if after.contains_key(&term) || judged() {
                    finding.weight.min(shown)
                } else {
                    finding.weight
                }
            });
        risk(subject.worth, weights)
    }

    fn findings(
        &self,
        before: Option<&SubjectSummary>,
        after: Option<&SubjectSummary>,
    ) -> Vec<FindingChange> {
        let came = by_term(before, &self.before);
        let went = by_term(after, &self.after);
        let mut changes = Vec::new();
        for (term, finding) in &went {
            match came.get(term) {
                None => {
                    let judged = after.is_some_and(|subject| {
                        self.before
                            .judges(&subject.subject, term.0, by(&self.after))
                    });
                    changes.push(changed(finding, term.0, cause(judged), Change::Opened));
                }
                Some(other) if other.weight != finding.weight => {
                    let heavier = finding.weight > other.weight;
                    let (less, more) = if heavier {
                        (&self.before, &self.after)
                    } else {
                        (&self.after, &self.before)
                    };
                    let alike = limited_more(term.0, less, more);
                    let change = if heavier {
                        Change::Heavier
                    } else {
                        Change::Lighter
                    };
                    changes.push(changed(finding, term.0, cause(!alike), change));
                }
                Some(_) => {}
            }
        }
        for (term, finding) in came.iter().filter(|(term, _)| !went.contains_key(*term)) {
            let judged = before.is_some_and(|subject| {
                self.after
                    .judges(&subject.subject, term.0, by(&self.before))
            });
            changes.push(changed(finding, term.0, cause(judged), Change::Closed));
        }
        changes
    }
}

/// What time alone made of the findings of a subject.
fn aged(
    old: Option<&SubjectSummary>,
    now: Option<&SubjectSummary>,
    base: &Sight<'_>,
    before: &Sight<'_>,
) -> Vec<FindingChange> {
    let (old, now) = (by_term(old, base), by_term(now, before));
    let mut changes = Vec::new();
    for (term, finding) in &now {
        let change = match old.get(term) {
            None => Change::Opened,
            Some(other) if other.weight < finding.weight => Change::Heavier,
            Some(other) if other.weight > finding.weight => Change::Lighter,
            Some(_) => continue,
        };
        changes.push(changed(finding, term.0, Cause::Aging, change));
    }
    for (term, finding) in old.iter().filter(|(term, _)| !now.contains_key(*term)) {
        changes.push(changed(finding, term.0, Cause::Aging, Change::Closed));
    }
    changes
}

/// Findings by rule and key.
fn by_term<'a>(
    subject: Option<&'a SubjectSummary>,
    sight: &Sight<'a>,
) -> BTreeMap<(&'a str, &'a str), &'a FindingSummary> {
    let findings = subject.map_or(&[][..], |subject| subject.findings.as_slice());
    findings
        .iter()
        .filter_map(|finding| {
            let rule = sight.summary.rules.get(finding.rule)?;
            Some(((rule.id.as_str(), finding.key.as_str()), finding))
        })
        .collect()
}

fn changed(finding: &FindingSummary, rule: &str, cause: Cause, change: Change) -> FindingChange {
    FindingChange {
        cause,
        severity: finding.severity,
        change,
        id: finding.id.clone(),
        rule: rule.to_owned(),
    }
}

fn cause(judged: bool) -> Cause {
    if judged {
        Cause::Configuration
    } else {
        Cause::Scope
    }
}

fn by(sight: &Sight<'_>) -> Privileges {
    sight.summary.facts.privileges
}

fn exposure(subjects: &[SubjectSummary], risk: impl Fn(&SubjectSummary) -> f64) -> i64 {
    hundredths(round(subjects.iter().map(risk).sum()))
}

fn whole_risk(subject: &SubjectSummary) -> f64 {
    let weights = subject.findings.iter().map(|finding| finding.weight);
    risk(subject.worth, weights)
}

/// The risk of a subject of `own` as far as `other` could judge it, counted alike where the lesser side had a gap.
fn shared_risk(subject: &SubjectSummary, own: &Sight<'_>, other: &Sight<'_>) -> f64 {
    let there = other.subject(identity(&subject.subject));
    let theirs = by_term(there, other);
    let weights =
        by_term(Some(subject), own)
            .into_iter()
            .filter_map(|(term, finding)| match theirs.get(&term) {
                Some(same) if same.weight > finding.weight && limited_more(term.0, own, other) => {
                    Some(same.weight)
                }
                Some(_) => Some(finding.weight),
                None => {
                    let judged = other.judges(&subject.subject, term.0, by(own));
                    judged.then_some(finding.weight)
                }
            });
    let worth = there.map_or(subject.worth, |there| {
        // Being disabled is seen on the account itself, and makes it worth less whatever the graph holds.
        let unsure =
            subject.enabled != Some(false) && sees_more(&other.summary.unseen, &own.summary.unseen);
        if there.worth > subject.worth && unsure {
            there.worth
        } else {
            subject.worth
        }
    });
    risk(worth, weights)
}

/// Whether the rule had a gap on the side `less` that it had not on the other.
fn limited_more(rule: &str, less: &Sight<'_>, more: &Sight<'_>) -> bool {
    let gaps = |sight: &Sight<'_>| -> Vec<String> {
        sight
            .rule(rule)
            .map_or_else(Vec::new, |rule| rule.gaps().collect())
    };
    sees_more(&gaps(more), &gaps(less))
}

/// Whether `less` has a gap that `more` has not.
fn sees_more(more: &[String], less: &[String]) -> bool {
    less.iter().any(|gap| !more.contains(gap))
}
