//! From points in their order to the wire type of a trend.
//!
//! Owns what is said of the course as a whole. It takes one point after the other and keeps only what the next one is
//! compared with, so that memory does not grow with the number of snapshots beyond what is told of each.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Privileges, Severity};
use coldcase_schemas::trend::{Point, Rebasing, Step, TREND_SCHEMA, Trend, TrendRule};

use super::accounts::Accounts;
use super::evaluated::Judge;
use super::findings::Findings;
use super::moment::Moment;
use super::scored::Scored;
use super::sight::{Sight, rank};
use super::step::{Between, step};
use super::summary::RuleSummary;
use crate::assumptions::settings;
use crate::report::{PROGRAM, assumptions_of};

/// A point whose coverage is below this part of the best one's saw less.
const MUCH_OF_THE_BEST: f64 = 0.9;

/// The course so far.
#[derive(Default)]
pub(crate) struct Course {
    points: Vec<Point>,
    steps: Vec<Step>,
    rules: BTreeMap<String, TrendRule>,
    findings: Findings,
    accounts: Accounts,
    last: Option<Scored>,
    notes: Vec<String>,
}

impl Course {
    /// The next point; `between` is what is known between the one before and this one.
    pub(crate) fn push(&mut self, point: Scored, between: &Between) {
        let Some(taken_at) = point.summary.taken_at() else {
            return;
        };
        if let Some(last) = &self.last {
            self.steps.push(step(last, &point, between));
            self.notes.extend(odd_clocks(last, &point));
        }
        let refused = point.summary.refused;
        if refused > 0
            && self
                .last
                .as_ref()
                .is_none_or(|last| last.summary.refused != refused)
        {
            self.notes.push(format!(
                "{refused} rule pages of your own did not run at {}: what they look for is not known (`coldcase rules \
                 check`)",
                taken_at.day()
            ));
        }
        for summary in [Some(&point), between.aged.as_ref()].into_iter().flatten() {
            self.add_rules(&summary.summary);
        }
        let before = self.last.as_ref().map(|last| Sight::of(&last.summary));
        self.findings.push(taken_at, &point, before.as_ref());
        self.accounts.push(taken_at, &point);
        self.points.push(point_of(&point));
        self.last = Some(point);
    }

    fn add_rules(&mut self, summary: &super::summary::Summary) {
        let found = summary.subjects.iter().flat_map(|one| &one.findings);
        for rule in found.filter_map(|finding| summary.rules.get(finding.rule)) {
            self.rules
                .entry(rule.id.clone())
                .or_insert_with(|| TrendRule {
                    id: rule.id.clone(),
                    code: rule.code.clone(),
                    family: rule.family.clone(),
                    title: rule.title.clone(),
                });
        }
    }

    /// The trend. `notes` stand before what the points themselves say.
    pub(crate) fn finish(
        mut self,
        judge: &Judge,
        mut notes: Vec<String>,
        rebasings: Vec<Rebasing>,
    ) -> Trend {
        mark_lesser_sight(&mut self.points);
        notes.extend(names(&self.points));
        notes.append(&mut self.notes);
        if self.points.len() == 1 {
            notes.push(
                "one snapshot is no trend, name two or more; `coldcase report` tells all there is to say of one"
                    .to_owned(),
            );
        }
        let bases: BTreeSet<_> = self
            .points
            .iter()
            .map(|point| (&point.rule_pack_sha256, &point.assumptions_sha256))
            .collect();
        if bases.len() > 1 {
            notes.push(
                "the points were not all evaluated with the same rules and assumptions: what that changes is told as \
                 re-basing"
                    .to_owned(),
            );
        }
        let facts = self.points.last().map(|point| point.snapshot.clone());
        Trend {
            schema: TREND_SCHEMA.to_owned(),
            program: PROGRAM.to_owned(),
            domain: facts
                .as_ref()
                .map(|facts| facts.domain.clone())
                .unwrap_or_default(),
            domain_sid: facts.as_ref().and_then(|facts| facts.domain_sid.clone()),
            forest: facts.map(|facts| facts.forest).unwrap_or_default(),
            rule_pack_sha256: judge.basis.pack.clone(),
            assumptions_sha256: judge.basis.assumptions.clone(),
            assumptions: assumptions_of(settings(&judge.given.assumptions)),
            notes,
            rules: self.rules.into_values().collect(),
            points: self.points,
            steps: self.steps,
            rebasings,
            findings: self.findings.histories(),
            times_to_fix: self.findings.times_to_fix(),
            accounts: self.accounts.histories(),
        }
    }
}

fn point_of(scored: &Scored) -> Point {
    let summary = &scored.summary;
    let mut families: BTreeMap<String, u64> = BTreeMap::new();
    let found = summary.subjects.iter().flat_map(|one| &one.findings);
    for rule in found.filter_map(|finding| summary.rules.get(finding.rule)) {
        *families.entry(rule.family.clone()).or_default() += 1;
    }
    let limited = |rule: &&RuleSummary| !rule.is_whole() && !rule.beyond;
    Point {
        snapshot: summary.facts.clone(),
        rule_pack_sha256: summary.basis.pack.clone(),
        assumptions_sha256: summary.basis.assumptions.clone(),
        gross: scored.gross.clone(),
        net: scored.net.clone(),
        coverage_percent: scored.coverage_percent,
        saw_less: false,
        families,
        not_evaluated: summary
            .rules
            .iter()
            .filter(limited)
            .map(|rule| rule.id.clone())
            .collect(),
    }
}

fn mark_lesser_sight(points: &mut [Point]) {
    let privileges = |point: &Point| rank(point.snapshot.privileges);
    let best = points.iter().map(privileges).max().unwrap_or(0);
    let coverage = points.iter().map(|point| point.coverage_percent);
    let coverage = coverage.fold(0.0, f64::max);
    let any_complete = points.iter().any(|point| point.snapshot.complete);
    for point in points {
        point.saw_less = privileges(point) < best
            || point.coverage_percent < MUCH_OF_THE_BEST * coverage
            || (any_complete && !point.snapshot.complete);
    }
}

/// What must be known of single points before they are compared.
fn names(points: &[Point]) -> Vec<String> {
    let mut notes = Vec::new();
    for point in points.iter().filter(|point| point.saw_less) {
        let who = match point.snapshot.privileges {
            Privileges::Ordinary => "no administrator collected it",
            Privileges::Unknown => "it does not tell whether an administrator collected it",
            Privileges::Domain => "an administrator of the domain only collected it",
            Privileges::Forest => "an administrator collected it",
        };
        let missing = match point.snapshot.complete {
            true => "",
            false => ", and its collection is partial",
        };
        notes.push(format!(
            "{} saw less than others: {who}{missing}; {:.0} % coverage. What it does not have is not fixed.",
            day(&point.snapshot.taken_at),
            point.coverage_percent
        ));
    }
    for pair in points.windows(2) {
        if let [before, after] = pair
            && !before
                .snapshot
                .domain
                .eq_ignore_ascii_case(&after.snapshot.domain)
        {
            notes.push(format!(
                "the domain {} is called {} from {} on; its SID is the same",
                before.snapshot.domain,
                after.snapshot.domain,
                day(&after.snapshot.taken_at)
            ));
        }
    }
    notes
}

/// Signs that a clock went backwards: snapshots are in the order of what their servers said the time was.
fn odd_clocks(before: &Scored, after: &Scored) -> Option<String> {
    let (before, after) = (&before.summary, &after.summary);
    if before.taken_at() == after.taken_at() {
        return Some(format!(
            "two snapshots were taken at {}; they are in the order of their SHA-256",
            after.facts.taken_at
        ));
    }
    let same_server = before
        .facts
        .server
        .eq_ignore_ascii_case(&after.facts.server);
    let (earlier, later) = before.usn.zip(after.usn)?;
    (same_server && later < earlier).then(|| {
        format!(
            "{} had counted {earlier} changes when it said {}, and {later} when it said {}: its clock went backwards, \
             or it was restored; the snapshots are in the order of its clock",
            after.facts.server, before.facts.taken_at, after.facts.taken_at
        )
    })
}

/// The day of a moment as text.
pub(super) fn day(taken_at: &str) -> String {
    Moment::parse(taken_at).map_or_else(|| taken_at.to_owned(), Moment::day)
}

/// Findings of a severity at a point.
pub(super) fn count(point: &Point, severity: Severity) -> u64 {
    point.gross.findings.get(&severity).copied().unwrap_or(0)
}
