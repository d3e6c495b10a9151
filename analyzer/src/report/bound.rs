//! How far a risk is known: which rules could not judge an account, and what was not seen.
//!
//! A rule that was not evaluated may fire on every account that it is about, so their risks are lower bounds.
//! Deliberately changes no number.

use coldcase_schemas::report::{AccountRisk, Numbers, Report, RuleResult, Severity};

/// Ids of the rules, and files of pages that did not run, that may still add to the risk of an account: what they would
/// find of it is not known. What such a rule did find of it is no end: another reader, another trustee or a shorter way may
/// be among what was not seen.
pub(crate) fn unjudged<'a>(report: &'a Report, account: &AccountRisk) -> Vec<&'a str> {
    let rules = limited(report).filter(|rule| may_add(rule, account));
    let refused = report.refused.iter().map(|rule| rule.file.as_str());
    rules.map(|rule| rule.id.as_str()).chain(refused).collect()
}

/// What was found of the account before says nothing of what was not seen.
fn may_add(rule: &RuleResult, account: &AccountRisk) -> bool {
    account.not_evaluated.contains(&rule.id) || (!rule.others_judged && is_about(rule, account))
}

/// Risk as every text tells it: `72.00`, or `≥ 72.00` where `unjudged` rules may add to it.
pub(crate) fn risk_in_words(risk: f64, unjudged: usize) -> String {
    // No risk is above 100, so nothing is added to that.
    let bound = if unjudged > 0 && risk < 100.0 {
        "≥ "
    } else {
        ""
    };
    format!("{bound}{risk:.2}")
}

/// What stands before exposure and index where rules that did not see everything may add to them.
pub(crate) fn at_least(numbers: &Numbers) -> &'static str {
    if numbers.exposure_max > numbers.exposure {
        "≥ "
    } else {
        ""
    }
}

/// How many findings of a severity there are: `3`, or `≥ 3` where a rule that can find such did not see everything.
pub(crate) fn count_in_words(report: &Report, severity: Severity) -> String {
    let score = &report.score;
    let count = score.gross.findings.get(&severity).copied();
    let bound = match score.findings_at_least.contains(&severity) {
        true => "≥ ",
        false => "",
    };
    format!("{bound}{}", count.unwrap_or_default())
}

/// The severities that were found or may be there, the worst first, as [`count_in_words`] counts them.
pub(crate) fn counted_severities(report: &Report) -> impl Iterator<Item = (Severity, String)> {
    let counts = Severity::ALL.map(|severity| (severity, count_in_words(report, severity)));
    counts.into_iter().filter(|(_, count)| count != "0")
}

/// What was not seen, a sentence each, in the order of the rules that needed it.
pub(crate) fn unseen(report: &Report) -> Vec<&str> {
    let mut sentences: Vec<&str> = report.snapshot.missing.iter().map(String::as_str).collect();
    for sentence in limited(report).flat_map(|rule| rule.reason.split("; ")) {
        if !sentence.is_empty() && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// Rules of any weight that could not judge everything, although another snapshot of the domain could let them.
fn limited(report: &Report) -> impl Iterator<Item = &RuleResult> {
    report.rules.iter().filter(|rule| {
        let limited = !rule.others_judged || rule.unknown_subjects > 0;
        limited && !rule.beyond_snapshot && rule.worst != Severity::Info
    })
}

/// A page of one's own need not say what it is about; then it may be anything.
fn is_about(rule: &RuleResult, account: &AccountRisk) -> bool {
    rule.applies_to.is_empty() || rule.applies_to.contains(&account.subject.kind)
}

#[cfg(test)]
mod tests {
    use coldcase_schemas::report::{Subject, Verdict, WeighedFinding};

    use super::*;

    fn rule(others_judged: bool) -> RuleResult {
        RuleResult {
            id: "gmsa-human-readers".to_owned(),
            code: "GM03".to_owned(),
            revision: 1,
            title: String::new(),
            family: "gmsa".to_owned(),
            severity: Severity::High,
            worst: Severity::High,
            applies_to: vec!["gmsa".to_owned()],
            verdict: Verdict::Fired,
            reason: String::new(),
            beyond_snapshot: false,
            findings: 1,
            unknown_subjects: 0,
            others_judged,
        }
    }

    /// An account of a kind, of which the rule found one thing.
    fn account(kind: &str) -> AccountRisk {
        AccountRisk {
            subject: Subject {
                object_guid: None,
                sid: None,
                sam_account_name: None,
                dn: None,
                kind: kind.to_owned(),
            },
            enabled: Some(true),
            impact: 0.2,
            impact_reason: String::new(),
            risk: 6.0,
            net_risk: 6.0,
            not_evaluated: Vec::new(),
            findings: vec![WeighedFinding {
                id: String::new(),
                rule: "gmsa-human-readers".to_owned(),
                key: "S-1-5-21-1-2-3-1104".to_owned(),
                weight: 0.3,
                share: 6.0,
                accepted: false,
            }],
        }
    }

    #[test]
    fn what_a_rule_found_is_not_all_that_it_may_find() {
        assert!(may_add(&rule(false), &account("gmsa")));
        assert!(!may_add(&rule(true), &account("gmsa")));
        assert!(!may_add(&rule(false), &account("smsa")));
        let mut own = account("gmsa");
        own.not_evaluated = vec!["gmsa-human-readers".to_owned()];
        assert!(may_add(&rule(true), &own));
    }

    #[test]
    fn a_risk_that_may_be_more_says_so() {
        assert_eq!(risk_in_words(0.0, 3), "≥ 0.00");
        assert_eq!(risk_in_words(12.5, 1), "≥ 12.50");
        assert_eq!(risk_in_words(12.5, 0), "12.50");
        assert_eq!(risk_in_words(100.0, 3), "100.00");
    }
}
