//! The first screen: how bad it is, what to do first, and what was not seen.
//!
//! Deliberately computes no risk; it adds up what the report says of each finding.

use coldcase_schemas::report::{Privileges, Report, RuleResult, Severity, Verdict};

use super::account::Section;
use super::findings::Group;
use super::words;
use crate::report::{beyond, count_in_words, counted, unseen};

/// Things to do that are told before the rest is left to the findings.
const FIRST: usize = 5;

/// Accounts that are named with each.
const NAMED: usize = 4;

pub(super) struct Summary<'a> {
    pub(super) taken_at: String,
    pub(super) collected_as: &'static str,
    /// `None` if only some rules ran: these say nothing of the domain as a whole.
    pub(super) numbers: Option<Told>,
    pub(super) counts: Vec<Count>,
    pub(super) coverage: String,
    pub(super) accepted: String,
    pub(super) unseen: Vec<&'a str>,
    pub(super) first: Vec<Task<'a>>,
    /// Why there may be service accounts that the snapshot does not hold; empty if there are none.
    pub(super) hidden: String,
    /// Service accounts that it holds.
    pub(super) service: String,
    /// Service accounts: at least so many, if some may have been hidden.
    pub(super) accounts: String,
    /// Service accounts with a finding that weighs: at least so many, if some could not be judged.
    pub(super) with_findings: String,
}

/// Level, index and exposure in words.
pub(super) struct Told {
    pub(super) level: u8,
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    /// What the level would be if what is not known were to fire; `None` if that changes nothing.
    pub(super) at_worst: Option<u8>,
    pub(super) index: String,
    pub(super) exposure: String,
    /// Rules that did not see everything, if any: the numbers are lower bounds.
    pub(super) limited: String,
}

pub(super) struct Count {
    pub(super) severity: &'static str,
    pub(super) meaning: &'static str,
    pub(super) count: String,
}

/// A group to deal with, and what it carries.
pub(super) struct Task<'a> {
    pub(super) group: &'a Group<'a>,
    /// Subjects as names with their anchors, each once, and how many are left out.
    pub(super) names: Vec<(&'a str, &'a str)>,
    pub(super) more: usize,
    /// Of the whole exposure.
    pub(super) percent: String,
}

impl<'a> Summary<'a> {
    /// `hidden`: why there may be service accounts that the snapshot does not hold; empty if there are none.
    pub(super) fn of(
        report: &'a Report,
        groups: &'a [Group<'a>],
        sections: &[Section<'_>],
        hidden: String,
    ) -> Self {
        let more = !hidden.is_empty();
        let service = sections.iter().filter(|section| section.facts.is_some());
        let (risky, others): (Vec<_>, Vec<_>) =
            service.partition(|section| section.account.risk > 0.0);
        let open = others.iter().any(|section| !section.unjudged.is_empty());
        let bound = |open: bool| if open { "≥ " } else { "" };
        let net = report.score.net.exposure;
        Self {
            taken_at: words::time(&report.snapshot.taken_at),
            collected_as: collected_as(report.snapshot.privileges),
            numbers: (report.left_out == 0).then(|| told(report)),
            counts: counts(report),
            coverage: coverage(report),
            accepted: accepted(report),
            unseen: unseen(report),
            first: groups
                .iter()
                .filter(|group| group.open_share > 0.0)
                .take(FIRST)
                .map(|group| {
                    let names = group.names();
                    Task {
                        group,
                        more: names.len().saturating_sub(NAMED),
                        names: names.into_iter().take(NAMED).collect(),
                        percent: format!("{:.0} %", 100.0 * group.open_share / net.max(0.01)),
                    }
                })
                .collect(),
            hidden,
            service: counted(risky.len() + others.len(), "service account"),
            accounts: format!("{}{}", bound(more), risky.len() + others.len()),
            with_findings: format!("{}{}", bound(open || more), risky.len()),
        }
    }
}

/// Rules that another snapshot of the domain could let see more.
fn limited(report: &Report) -> impl Iterator<Item = &RuleResult> {
    let rules = report.rules.iter();
    rules.filter(|rule| !rule.reason.is_empty() && !rule.beyond_snapshot)
}

fn told(report: &Report) -> Told {
    let numbers = &report.score.gross;
    let open = numbers.exposure_max > numbers.exposure;
    let bound = if open { "≥ " } else { "" };
    let (word, meaning) = words::level(numbers.level);
    Told {
        level: numbers.level,
        word,
        meaning,
        at_worst: (numbers.level_min < numbers.level).then_some(numbers.level_min),
        index: format!("{bound}{:.0}", numbers.index),
        exposure: format!("{bound}{:.1}", numbers.exposure),
        limited: match (open, limited(report).count() + report.refused.len()) {
            (true, count) => format!("{} did not see everything", counted(count, "rule")),
            (false, _) => String::new(),
        },
    }
}

fn counts(report: &Report) -> Vec<Count> {
    let count = |severity: Severity| Count {
        severity: severity.as_str(),
        meaning: words::severity(severity),
        count: count_in_words(report, severity),
    };
    Severity::ALL.into_iter().map(count).collect()
}

/// Who collected, and what was hidden from him.
fn collected_as(privileges: Privileges) -> &'static str {
    match privileges {
        Privileges::Forest => "an administrator of domain and forest, who sees everything",
        Privileges::Domain => "an administrator of the domain, who does not see KDS root keys",
        Privileges::Ordinary => "no administrator, so some kinds of objects are hidden",
        Privileges::Unknown => "not known whether an administrator",
    }
}

fn coverage(report: &Report) -> String {
    let evaluated = report
        .rules
        .iter()
        .filter(|rule| rule.verdict != Verdict::NotEvaluated)
        .count();
    let asked = report.rules.len() + report.refused.len() - beyond(report).len();
    let in_part = limited(report)
        .filter(|rule| rule.verdict == Verdict::Fired)
        .count();
    let mut text = format!(
        "{evaluated} of {asked} rules evaluated, {:.0} % in full",
        report.score.coverage_percent
    );
    if in_part > 0 {
        text.push_str(&format!(
            "; {in_part} found something and may have missed more"
        ));
    }
    if !report.refused.is_empty() {
        let pages = counted(report.refused.len(), "page");
        text.push_str(&format!("; {pages} of your own did not run"));
    }
    if report.left_out > 0 {
        let rules = counted(report.left_out as usize, "rule");
        text.push_str(&format!(
            "; {rules} left out, of which this report says nothing"
        ));
    }
    text
}

/// What the numbers are without accepted findings; empty if there are none.
fn accepted(report: &Report) -> String {
    let count = report
        .findings
        .iter()
        .filter(|finding| finding.accepted.is_some())
        .count();
    if count == 0 {
        return String::new();
    }
    let net = &report.score.net;
    let bound = if net.exposure_max > net.exposure {
        "≥ "
    } else {
        ""
    };
    format!(
        "{} accepted. Without what is accepted: level {}, index {bound}{:.0}, exposure {bound}{:.1}.",
        counted(count, "finding"),
        net.level,
        net.index,
        net.exposure
    )
}
