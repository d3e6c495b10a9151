//! Every rule with its page and SQL, and what none of them could judge.

use std::collections::BTreeMap;

use coldcase_schemas::report::{Report, RuleResult, Verdict};

use super::prose::Prose;
use super::words;
use crate::rules::Pack;

pub(super) struct Family<'a> {
    pub(super) name: String,
    pub(super) rules: Vec<Entry<'a>>,
}

/// A rule.
pub(super) struct Entry<'a> {
    pub(super) rule: &'a RuleResult,
    pub(super) prose: &'a Prose,
    pub(super) sql: &'a str,
    /// `high; critical: the account is in tier 0`.
    pub(super) severity: String,
    pub(super) references: &'a [String],
    /// What answers the question where no snapshot can.
    pub(super) answered_by: &'a str,
}

/// Rules that were not evaluated for one reason.
pub(super) struct Unknown<'a> {
    pub(super) reason: &'a str,
    pub(super) rules: Vec<&'a RuleResult>,
}

/// Rules by family, in the order of the report.
pub(super) fn families<'a>(
    report: &'a Report,
    pack: &'a Pack,
    prose: &'a BTreeMap<&str, Prose>,
) -> Vec<Family<'a>> {
    let mut families: Vec<Family<'a>> = Vec::new();
    for rule in &report.rules {
        let page = pack.pages.iter().find(|page| page.front.id == rule.id);
        let (Some(page), Some(prose)) = (page, prose.get(rule.id.as_str())) else {
            continue;
        };
        let name = words::family(&rule.family);
        let entry = Entry {
            rule,
            prose,
            sql: &page.sql,
            severity: page.front.severity_in_words(),
            references: &page.front.references,
            answered_by: page.front.answered_by.as_deref().unwrap_or_default(),
        };
        match families.last_mut() {
            Some(last) if last.name == name => last.rules.push(entry),
            _ => families.push(Family {
                name,
                rules: vec![entry],
            }),
        }
    }
    families
}

/// What was not evaluated, by the reason; `beyond` for what no snapshot can answer.
pub(super) fn unknown(report: &Report, beyond: bool) -> Vec<Unknown<'_>> {
    let mut by_reason: BTreeMap<&str, Vec<&RuleResult>> = BTreeMap::new();
    for rule in &report.rules {
        if rule.verdict == Verdict::NotEvaluated && rule.beyond_snapshot == beyond {
            by_reason.entry(&rule.reason).or_default().push(rule);
        }
    }
    by_reason
        .into_iter()
        .map(|(reason, rules)| Unknown { reason, rules })
        .collect()
}
