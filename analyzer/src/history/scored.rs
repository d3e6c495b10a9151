//! The numbers of a summary, with the exceptions that hold at its clock.
//!
//! Owns the way back from a summary to what [`crate::score`] weighs, so that a point has the numbers of its report.
//! Exceptions are applied here and never stored: one more accepted finding costs no evaluation.

use std::collections::BTreeSet;

use coldcase_schemas::report::{Finding, Numbers};

use super::summary::Summary;
use crate::exceptions::{Exception, apply};
use crate::rules::{Evaluation, Pack, Weighed};
use crate::score::{Hashes, risk, round, score};

/// A summary with its numbers.
#[derive(Debug)]
pub(crate) struct Scored {
    pub(crate) summary: Summary,
    pub(crate) gross: Numbers,
    pub(crate) net: Numbers,
    pub(crate) coverage_percent: f64,
    /// Ids of findings that somebody has accepted.
    pub(crate) accepted: BTreeSet<String>,
    /// Gross and net risk of each subject, in their order.
    pub(crate) risks: Vec<(f64, f64)>,
}

impl Scored {
    pub(crate) fn new(summary: Summary, exceptions: &[Exception], pack: &Pack) -> Self {
        let mut evaluations = evaluations(&summary);
        if let Some(clock) = summary.clock.clock() {
            apply(exceptions, pack, &mut evaluations, clock.day());
        }
        // Of each rule only the worst is kept: nothing here tells of which severities there may be more.
        let rules = summary.rules.iter();
        let worst: Vec<_> = rules.map(|rule| BTreeSet::from([rule.worst])).collect();
        let worth = |place: usize| summary.subjects.get(place).map_or(0.0, |one| one.worth);
        let hashes = Hashes {
            rule_pack: String::new(),
            inputs: String::new(),
        };
        let refused = usize::try_from(summary.refused).unwrap_or(usize::MAX);
        let score = score(&evaluations, &worst, refused, worth, hashes);
        let findings = || evaluations.iter().flat_map(|one| &one.findings);
        let accepted: BTreeSet<String> = findings()
            .filter(|weighed| weighed.finding.accepted.is_some())
            .map(|weighed| weighed.finding.id.clone())
            .collect();
        let risks = summary.subjects.iter().map(|subject| {
            let all = subject.findings.iter();
            let open = all
                .clone()
                .filter(|finding| !accepted.contains(&finding.id));
            (
                round(risk(subject.worth, all.map(|finding| finding.weight))),
                round(risk(subject.worth, open.map(|finding| finding.weight))),
            )
        });
        Self {
            risks: risks.collect(),
            gross: score.gross,
            net: score.net,
            coverage_percent: score.coverage_percent,
            accepted,
            summary,
        }
    }

    /// Gross exposure, in hundredths.
    pub(crate) fn exposure(&self) -> i64 {
        hundredths(self.gross.exposure)
    }
}

/// A number of two digits as a whole number, so that sums are exact.
pub(crate) fn hundredths(number: f64) -> i64 {
    (number * 100.0).round() as i64
}

/// Such a whole number as reports tell it.
pub(crate) fn of_hundredths(number: i64) -> f64 {
    round(number as f64 / 100.0)
}

fn evaluations(summary: &Summary) -> Vec<Evaluation> {
    let mut evaluations: Vec<Evaluation> = summary
        .rules
        .iter()
        .map(|rule| Evaluation {
            verdict: rule.verdict,
            reason: rule.reason.clone(),
            beyond: rule.beyond,
            findings: Vec::new(),
            unknown: rule.unknown.clone(),
            others_judged: rule.others_judged,
            took: std::time::Duration::ZERO,
        })
        .collect();
    for (place, subject) in summary.subjects.iter().enumerate() {
        for finding in &subject.findings {
            let Some(rule) = summary.rules.get(finding.rule) else {
                continue;
            };
            let weighed = Weighed {
                weight: finding.weight,
                place,
                finding: Finding {
                    id: finding.id.clone(),
                    rule: rule.id.clone(),
                    severity: finding.severity,
                    confidence: finding.confidence,
                    subject: subject.subject.clone(),
                    key: finding.key.clone(),
                    evidence: serde_json::Map::new(),
                    evidence_sha256: finding.evidence_sha256.clone(),
                    accepted: None,
                },
            };
            let evaluation = evaluations.get_mut(finding.rule);
            evaluation
                .into_iter()
                .for_each(|one| one.findings.push(weighed.clone()));
        }
    }
    evaluations
}
