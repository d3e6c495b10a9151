//! Every finding, the most severe first, with its evidence in words.

use std::collections::BTreeMap;

use coldcase_schemas::report::{Finding, Report};

use super::{ACCOUNTS, Cell, FINDINGS, Places, RULES, Table, identity};
use crate::export::sarif::confidence;
use crate::report::{evidence_in_words, name_of};

const COLUMNS: [(&str, u16); 17] = [
    ("severity", 10),
    ("account", 26),
    ("title", 60),
    ("facts", 80),
    ("adds to risk", 12),
    ("state", 10),
    ("kind", 14),
    ("rule", 9),
    ("rule id", 32),
    ("confidence", 11),
    ("finding", 18),
    ("accepted by", 18),
    ("accepted until", 14),
    ("accepted because", 30),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

/// Columns that lead elsewhere.
const ACCOUNT: usize = 1;
const RULE: usize = 7;

pub(super) fn table(report: &Report, places: &Places<'_>) -> Table {
    let terms = report.accounts.iter().flat_map(|account| &account.findings);
    let shares: BTreeMap<&str, f64> = terms.map(|term| (term.id.as_str(), term.share)).collect();
    let mut table = Table::new(FINDINGS, &COLUMNS);
    for finding in &report.findings {
        let place = places.rules.get(finding.rule.as_str()).copied();
        let rule = place.and_then(|place| report.rules.get(place));
        let accepted = finding.accepted.as_ref();
        let share = shares.get(finding.id.as_str());
        let mut row = vec![
            Cell::text(finding.severity.as_str()),
            Cell::text(name_of(&finding.subject)),
            Cell::maybe(rule.map(|rule| &rule.title)),
            Cell::text(facts(finding)),
            share.map_or(Cell::Empty, |share| Cell::number(*share)),
            Cell::text(if accepted.is_some() {
                "accepted"
            } else {
                "open"
            }),
            Cell::text(&finding.subject.kind),
            Cell::maybe(rule.map(|rule| &rule.code)),
            Cell::text(&finding.rule),
            Cell::text(confidence(finding.confidence)),
            Cell::text(&finding.id),
            Cell::maybe(accepted.map(|by| &by.owner)),
            accepted.map_or(Cell::Empty, |by| Cell::day(&by.until)),
            Cell::maybe(accepted.map(|by| &by.reason)),
        ];
        row.extend(identity(&finding.subject));
        table.push(row);
        if let Some(account) = places.subjects.get(&finding.subject) {
            table.link(ACCOUNT, ACCOUNTS, *account);
        }
        if let Some(rule) = place {
            table.link(RULE, RULES, rule);
        }
    }
    table
}

/// What is not so or not set is left out, as in the text report.
pub(crate) fn facts(finding: &Finding) -> String {
    let facts = finding
        .evidence
        .iter()
        .filter_map(|(name, value)| evidence_in_words(name, value));
    facts.collect::<Vec<_>>().join("; ")
}
