//! What a report stands on: exceptions, assumptions, and the queries of the collection.

use coldcase_schemas::ledger::LedgerRow;
use coldcase_schemas::report::{Assumption, ExceptionState, Report};
use serde_json::Value;

use super::{Cell, Table};
use crate::rules::text;

pub(super) fn exceptions(report: &Report) -> Table {
    let columns = [
        ("finding", 18),
        ("rule id", 32),
        ("subject", 40),
        ("key", 40),
        ("holds", 10),
        ("why not", 50),
        ("owner", 20),
        ("until", 12),
        ("reason", 50),
    ];
    let mut table = Table::new("Exceptions", &columns);
    for exception in &report.exceptions {
        table.push(vec![
            Cell::maybe(exception.finding.as_ref()),
            Cell::text(&exception.rule),
            Cell::text(&exception.subject),
            Cell::text(&exception.key),
            Cell::text(match exception.state {
                ExceptionState::Applied => "yes",
                ExceptionState::Changed => "no: changed",
                ExceptionState::Expired => "no: expired",
                ExceptionState::Unused => "no finding",
            }),
            Cell::text(&exception.note),
            Cell::text(&exception.owner),
            Cell::day(&exception.until),
            Cell::text(&exception.reason),
        ]);
    }
    table
}

/// What was assumed, a row for each.
pub(crate) fn assumptions(assumptions: &[Assumption]) -> Table {
    let columns = [("assumption", 36), ("value", 60), ("default", 9)];
    let mut table = Table::new("Assumptions", &columns);
    for assumption in assumptions {
        let value = match &assumption.value {
            Value::Array(list) if list.is_empty() => Cell::text("none"),
            Value::Array(list) => Cell::list(list.iter().map(text)),
            other => Cell::value(other),
        };
        table.push(vec![
            Cell::text(&assumption.key),
            value,
            Cell::flag(assumption.default),
        ]);
    }
    table
}

pub(super) fn queries(ledger: &[LedgerRow]) -> Table {
    let columns = [
        ("query", 24),
        ("complete", 10),
        ("objects", 9),
        ("entries", 9),
        ("server's answer", 30),
        ("base", 40),
        ("scope", 8),
        ("filter", 60),
        ("server", 26),
        ("begun (UTC)", 20),
        ("ended (UTC)", 20),
    ];
    let mut table = Table::new("Queries", &columns);
    for row in ledger {
        let (plan, outcome) = (&row.plan, row.outcome.as_ref());
        table.push(vec![
            Cell::text(&plan.name),
            Cell::flag(row.is_complete()),
            Cell::count(row.stored),
            outcome.map_or(Cell::not_known(), |outcome| Cell::count(outcome.entries)),
            match outcome {
                Some(outcome) => Cell::text(&outcome.result_text),
                None => Cell::text("the collection broke off inside this query"),
            },
            Cell::text(&plan.base),
            Cell::text(&plan.scope),
            Cell::text(&plan.filter),
            Cell::text(&plan.server),
            Cell::moment(&plan.started),
            outcome.map_or(Cell::Empty, |outcome| Cell::moment(&outcome.ended)),
        ]);
    }
    table
}
