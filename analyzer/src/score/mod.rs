//! Three numbers from one set of findings: account risk, exposure, index; and a level for people who decide.
//!
//! Every term grows with findings and nothing is divided by the size of the domain, so fixing something
//! never raises a number. Deliberately does not know how a finding came about.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Numbers, Score, Severity, Verdict};

use crate::rules::{Evaluation, Weighed};

/// K of the index: an exposure of 500 is an index of 63.
const INDEX_SCALE: f64 = 500.0;

/// The most that one unknown finding could add: full impact, at the rule's own severity.
const FULL_RISK: f64 = 100.0;

/// Weight of a finding by severity.
pub(crate) fn weight_of(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 0.9,
        Severity::High => 0.6,
        Severity::Medium => 0.3,
        Severity::Low => 0.1,
        Severity::Info => 0.0,
    }
}

/// Risk of one subject: 100·impact·(1 − ∏(1 − weight)).
pub(crate) fn risk(impact: f64, weights: impl IntoIterator<Item = f64>) -> f64 {
    // The product is taken in order of size, so that the order of findings does not change the last digit.
    let mut weights: Vec<f64> = weights.into_iter().collect();
    weights.sort_by(f64::total_cmp);
    let untouched: f64 = weights.into_iter().map(|weight| 1.0 - weight).product();
    FULL_RISK * impact * (1.0 - untouched)
}

/// What each finding adds to the risk of its subject, in order: 100·impact·weight·∏(1 − weights before it). Rounded to two
/// digits so that the shares add up to the rounded risk, as a person would redo it.
pub(crate) fn shares(impact: f64, weights: &[f64]) -> Vec<f64> {
    let (mut untouched, mut told) = (1.0, 0.0);
    let mut shares = Vec::with_capacity(weights.len());
    for weight in weights {
        untouched *= 1.0 - weight;
        let risk = round(FULL_RISK * impact * (1.0 - untouched));
        shares.push(round(risk - told));
        told = risk;
    }
    shares
}

/// Findings by the subject they are about, by its place in the directory.
pub(crate) fn by_subject<'a>(
    findings: impl IntoIterator<Item = &'a Weighed>,
) -> BTreeMap<usize, Vec<&'a Weighed>> {
    let mut subjects: BTreeMap<usize, Vec<&Weighed>> = BTreeMap::new();
    for finding in findings {
        subjects.entry(finding.place).or_default().push(finding);
    }
    subjects
}

/// The hashes of what a score is made from.
pub(crate) struct Hashes {
    pub(crate) rule_pack: String,
    pub(crate) inputs: String,
}

/// The numbers of a report. `severities` are those that each rule can find, in the order of `evaluations`.
/// `refused` is the number of pages that did not run: nothing is known of what they look for.
pub(crate) fn score(
    evaluations: &[Evaluation],
    severities: &[BTreeSet<Severity>],
    refused: usize,
    impact: impl Fn(usize) -> f64,
    hashes: Hashes,
) -> Score {
    // What no snapshot tells is not asked of this one.
    let asked = evaluations
        .iter()
        .filter(|evaluation| evaluation.verdict != Verdict::NotEvaluated || !evaluation.beyond)
        .count()
        + refused;
    let open = || {
        let rules = evaluations.iter().zip(severities);
        rules.filter(|(evaluation, _)| leaves_room(evaluation))
    };
    let gaps = open().count() + refused;
    // What a page that did not run would have found may be anything.
    let anything = Severity::ALL.into_iter().filter(|_| refused > 0);
    let at_least: BTreeSet<Severity> = open()
        .flat_map(|(_, severities)| severities.iter().copied())
        .chain(anything)
        .collect();
    Score {
        gross: numbers(evaluations, severities, refused, &impact, |_| true),
        net: numbers(evaluations, severities, refused, &impact, |weighed| {
            weighed.finding.accepted.is_none()
        }),
        findings_at_least: at_least.into_iter().collect(),
        index_scale: INDEX_SCALE,
        coverage_percent: round(100.0 * (asked - gaps) as f64 / asked.max(1) as f64),
        rule_pack_sha256: hashes.rule_pack,
        inputs_sha256: hashes.inputs,
    }
}

/// The numbers over the findings that `counts`.
fn numbers(
    evaluations: &[Evaluation],
    severities: &[BTreeSet<Severity>],
    refused: usize,
    impact: impl Fn(usize) -> f64,
    counts: impl Fn(&Weighed) -> bool,
) -> Numbers {
    let counted: Vec<&Weighed> = evaluations
        .iter()
        .flat_map(|evaluation| &evaluation.findings)
        .filter(|weighed| counts(weighed))
        .collect();
    let exposure: f64 = by_subject(counted.iter().copied())
        .into_iter()
        .map(|(place, findings)| risk(impact(place), findings.iter().map(|finding| finding.weight)))
        .sum();
    let gaps = || {
        let rules = evaluations.iter().zip(severities);
        rules.filter(|(evaluation, _)| leaves_room(evaluation))
    };
    let worst = || gaps().filter_map(|(_, severities)| severities.first().copied());
    let unknown: f64 = worst()
        .chain(std::iter::repeat_n(Severity::Critical, refused))
        .map(|severity| FULL_RISK * weight_of(severity))
        .sum();
    let mut findings: BTreeMap<Severity, u64> = BTreeMap::new();
    for weighed in &counted {
        *findings.entry(weighed.finding.severity).or_default() += 1;
    }
    let found = findings.keys().min().copied();
    // What a page that did not run would have found may be anything.
    let anything = (refused > 0).then_some(Severity::Critical);
    let possible = worst().chain(anything).min();
    Numbers {
        level: level(found),
        // The worst severity found, or possible where a rule did not see everything.
        level_min: level(found.into_iter().chain(possible).min()),
        exposure: round(exposure),
        exposure_max: round(exposure + unknown),
        index: round(100.0 * (1.0 - (-exposure / INDEX_SCALE).exp())),
        findings,
    }
}

/// There may be more to find than it found, and another snapshot of the domain could tell: it was not evaluated, or it
/// fired without having seen everything.
fn leaves_room(evaluation: &Evaluation) -> bool {
    !evaluation.beyond && !evaluation.is_whole()
}

/// 1 (urgent) to 5: by the most severe open finding.
fn level(worst: Option<Severity>) -> u8 {
    match worst {
        Some(Severity::Critical) => 1,
        Some(Severity::High) => 2,
        Some(Severity::Medium) => 3,
        Some(Severity::Low) => 4,
        Some(Severity::Info) | None => 5,
    }
}

/// To two digits, as a person would redo it.
pub(crate) fn round(number: f64) -> f64 {
    // Adding zero turns the negative zero of an empty sum into a plain one.
    (number * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_more_never_lowers_the_risk_and_the_order_does_not_matter() {
        let weights = [0.9, 0.6, 0.3, 0.1, 0.0, 0.45];
        let mut last = 0.0;
        for count in 0..=weights.len() {
            let now = risk(0.2, weights.iter().copied().take(count));
            assert!(now >= last);
            last = now;
        }
        let forward = risk(1.0, weights);
        let backward = risk(1.0, weights.iter().rev().copied());
        assert_eq!(forward.to_bits(), backward.to_bits());
        assert!(forward <= 100.0);
    }

    #[test]
    fn shares_add_up_to_the_risk() {
        for weights in [&[0.9, 0.6, 0.3][..], &[0.1; 7], &[], &[0.333, 0.333, 0.333]] {
            let shares = shares(0.2, weights);
            let sum: f64 = shares.iter().sum();
            assert_eq!(round(sum), round(risk(0.2, weights.iter().copied())));
            assert_eq!(shares.len(), weights.len());
        }
        assert_eq!(shares(1.0, &[0.9, 0.5]), [90.0, 5.0]);
    }

    fn evaluation(verdict: Verdict, reason: &str) -> Evaluation {
        Evaluation {
            verdict,
            reason: reason.to_owned(),
            beyond: false,
            findings: Vec::new(),
            unknown: Vec::new(),
            others_judged: true,
            took: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn a_rule_that_did_not_see_everything_leaves_room_for_more_whether_it_fired_or_not() {
        let of = |evaluations: &[Evaluation]| {
            let hashes = Hashes {
                rule_pack: String::new(),
                inputs: String::new(),
            };
            let may_be = vec![BTreeSet::from([Severity::Low, Severity::High]); evaluations.len()];
            let score = score(evaluations, &may_be, 0, |_| 1.0, hashes);
            let more = score.gross.exposure_max > 0.0;
            let at_least: &[Severity] = if more {
                &[Severity::High, Severity::Low]
            } else {
                &[]
            };
            assert_eq!(score.findings_at_least, at_least);
            (
                score.gross.exposure_max,
                score.gross.level_min,
                score.coverage_percent,
            )
        };
        let whole = || evaluation(Verdict::Clear, "");
        for verdict in [Verdict::Fired, Verdict::NotEvaluated] {
            let limited = evaluation(
                verdict,
                "1 of 2 user objects do not show nTSecurityDescriptor",
            );
            assert_eq!(of(&[whole(), limited]), (60.0, 2, 50.0), "{verdict:?}");
        }
        assert_eq!(
            of(&[whole(), evaluation(Verdict::Fired, "")]),
            (0.0, 5, 100.0)
        );
        // What no snapshot holds is no gap of this one.
        let mut beyond = evaluation(Verdict::NotEvaluated, "system ACLs are not in a snapshot");
        beyond.beyond = true;
        assert_eq!(of(&[whole(), beyond]), (0.0, 5, 100.0));
    }

    #[test]
    fn levels() {
        assert_eq!(level(Some(Severity::Critical)), 1);
        assert_eq!(level(Some(Severity::Info)), 5);
        assert_eq!(level(None), 5);
    }

    proptest::proptest! {
        /// Fixing anything never raises the exposure, whatever else there is and in whatever order it is told.
        #[test]
        fn exposure_is_monotone_and_knows_no_order(
            findings in proptest::collection::vec((0_usize..5, 0.0..0.9_f64), 1..20),
            impacts in proptest::array::uniform5(0.0..1.0_f64),
            fixed in 0_usize..20,
        ) {
            let exposure = |findings: &[(usize, f64)]| -> f64 {
                (0..5)
                    .map(|subject| {
                        let weights = findings.iter().filter(|f| f.0 == subject).map(|f| f.1);
                        risk(impacts.get(subject).copied().unwrap_or(0.0), weights)
                    })
                    .sum()
            };
            let all = exposure(&findings);
            let mut fewer = findings.clone();
            fewer.remove(fixed % findings.len());
            proptest::prop_assert!(exposure(&fewer) <= all);
            let reversed: Vec<_> = findings.iter().rev().copied().collect();
            proptest::prop_assert_eq!(exposure(&reversed).to_bits(), all.to_bits());
        }
    }
}
