//! Changes against what was told of them, both ways, as a printed table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use coldcase_tests::dc::changes::{Changes, Told};

/// One change.
struct Row {
    what: &'static str,
    expected: BTreeSet<Told>,
    missing: Vec<Told>,
    /// Told of an object of this change, and not expected.
    beyond: Vec<Told>,
}

/// All changes, and at last what is told although nothing was done.
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Compares what must be told with what was told.
    pub(super) fn of(changes: &Changes, told: &BTreeSet<Told>) -> Table {
        let row = |what, expected: &[Told]| {
            let expected: BTreeSet<Told> = expected.iter().cloned().collect();
            Row {
                what,
                missing: expected.difference(told).cloned().collect(),
                expected,
                beyond: Vec::new(),
            }
        };
        let list = changes.list.iter();
        let mut rows: Vec<Row> = list.map(|change| row(change.what, &change.told)).collect();
        rows.push(row("nothing was done", &changes.standing));
        for one in told {
            if rows.iter().any(|row| row.expected.contains(one)) {
                continue;
            }
            let own = rows.iter().position(|row| {
                row.expected
                    .iter()
                    .any(|expected| about(expected) == about(one))
            });
            let place = own.unwrap_or(rows.len() - 1);
            rows[place].beyond.push(one.clone());
        }
        Table { rows }
    }

    /// The table, with the totals below and what went wrong in words.
    pub(super) fn print(&self) -> String {
        let mut text = String::new();
        let line = "-".repeat(100);
        let _ = writeln!(
            text,
            "{:>3}  {:<70}{:>7}{:>9}{:>9}\n{line}",
            "", "change", "told", "missing", "beyond"
        );
        for (number, row) in (1..).zip(&self.rows) {
            let _ = writeln!(
                text,
                "{number:>3}  {:<70}{:>7}{:>9}{:>9}",
                row.what,
                row.expected.len() - row.missing.len(),
                row.missing.len(),
                row.beyond.len()
            );
        }
        let total = |count: fn(&Row) -> usize| -> usize { self.rows.iter().map(count).sum() };
        let _ = writeln!(
            text,
            "{line}\n{:<75}{:>7}{:>9}{:>9}",
            "all",
            total(|row| row.expected.len() - row.missing.len()),
            total(|row| row.missing.len()),
            total(|row| row.beyond.len())
        );
        for row in &self.rows {
            for told in &row.missing {
                let _ = writeln!(text, "missing: {}: {told:?}", row.what);
            }
            for told in &row.beyond {
                let _ = writeln!(text, "beyond: {}: {told:?}", row.what);
            }
        }
        text
    }

    /// Everything that is expected is told, and nothing else.
    pub(super) fn check(&self) {
        let silent = |row: &&Row| row.expected.is_empty();
        assert_eq!(
            self.rows.iter().filter(silent).count(),
            0,
            "changes without a row"
        );
        let missing: usize = self.rows.iter().map(|row| row.missing.len()).sum();
        let beyond: usize = self.rows.iter().map(|row| row.beyond.len()).sum();
        assert_eq!(
            (missing, beyond),
            (0, 0),
            "rows that are missing, and beyond"
        );
    }
}

/// The object that a row is about.
fn about(told: &Told) -> &str {
    match told {
        Told::Object { of, .. }
        | Told::Attribute { of, .. }
        | Told::Later { of, .. }
        | Told::Owner { of, .. }
        | Told::Inheritance { of, .. }
        | Told::Entry { of, .. }
        | Told::Inherited { of, .. }
        | Told::Heirs { of, .. }
        | Told::Password { of, .. }
        | Told::Membership { member: of, .. }
        | Told::Access { account: of, .. } => of,
    }
}
