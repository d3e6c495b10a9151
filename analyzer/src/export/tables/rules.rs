//! Every rule and how it ended: what was not evaluated is neither clear nor fired.

use coldcase_schemas::report::Report;

use super::{Cell, RULES, Table};

const COLUMNS: [(&str, u16); 12] = [
    ("rule", 9),
    ("rule id", 34),
    ("title", 70),
    ("family", 12),
    ("severity", 10),
    ("worst severity", 10),
    ("verdict", 14),
    ("findings", 9),
    ("why not, or what limits it", 80),
    ("objects it could not judge", 12),
    ("others judged", 10),
    ("no snapshot can answer it", 12),
];

pub(super) fn table(report: &Report) -> Table {
    let mut table = Table::new(RULES, &COLUMNS);
    for rule in &report.rules {
        table.push(vec![
            Cell::text(&rule.code),
            Cell::text(&rule.id),
            Cell::text(&rule.title),
            Cell::text(&rule.family),
            Cell::text(rule.severity.as_str()),
            Cell::text(rule.worst.as_str()),
            Cell::text(rule.verdict.as_str()),
            Cell::count(rule.findings),
            Cell::text(&rule.reason),
            Cell::count(rule.unknown_subjects),
            Cell::flag(rule.others_judged),
            Cell::flag(rule.beyond_snapshot),
        ]);
    }
    for page in &report.refused {
        let mut row = vec![Cell::Empty; COLUMNS.len()];
        let text = format!("line {}: {}", page.line, page.reason);
        for (place, cell) in [
            (1, Cell::text(&page.file)),
            (6, Cell::text("did not run")),
            (8, Cell::text(text)),
        ] {
            if let Some(there) = row.get_mut(place) {
                *there = cell;
            }
        }
        table.push(row);
    }
    table
}
