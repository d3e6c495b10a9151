//! Tries a page on frames without rows: what it names must exist, and what it returns must be a finding's columns.
//!
//! Deliberately looks at no snapshot; which rows come out, the scenarios show.

use std::collections::HashSet;

use anyhow::Result;
use coldcase_schemas::report::{Confidence, Severity};
use polars::prelude::DataType;

use super::coverage;
use super::literal::literals_of;
use super::words::{Piece, pieces};
use super::{Page, Problem, run};
use crate::frames::{Frames, catalogue};

/// Frames of one row, the only ones that a CROSS JOIN of a page may add.
const SINGLE: &[&str] = &["domain", "assumptions"];

/// What is wrong with a page.
///
/// # Errors
/// The first thing, with its line.
pub(crate) fn check(page: &Page, empty: &Frames) -> Result<(), Problem> {
    coverage::known(&page.front.needs).map_err(|error| page.in_front(format!("{error:#}")))?;
    let table = run(&mut empty.sql(), &page.sql).map_err(|error| {
        let message = format!("{error:#}").replace('\n', " ");
        Problem::new(page.sql_line + line_in(&message), message)
    })?;
    let columns: Vec<(String, DataType)> = table
        .get_columns()
        .iter()
        .map(|column| (column.name().to_string(), column.dtype().clone()))
        .collect();
    columns_are_right(&columns)
        .and_then(|()| severities_are_named(page))
        .map_err(|message| Problem::new(page.sql_line, message))
}

/// Of the severities and confidences that stand in the SQL as texts; what is computed, a run shows.
fn severities_are_named(page: &Page) -> Result<(), String> {
    for text in literals_of(&page.sql, "severity").into_iter().flatten() {
        let severity: Option<Severity> = serde_json::from_value(text.clone().into()).ok();
        if !severity.is_some_and(|severity| page.front.may_be(severity)) {
            return Err(format!(
                "column severity can be {text:?}, which is not one the front matter names (severity, otherwise)"
            ));
        }
    }
    for text in literals_of(&page.sql, "confidence").into_iter().flatten() {
        if serde_json::from_value::<Confidence>(text.clone().into()).is_err() {
            return Err(format!(
                "column confidence can be {text:?}; it is high, medium or low"
            ));
        }
    }
    Ok(())
}

/// Whether a page of a consultant's own pairs every row with every row, or names a part of its query like a frame.
///
/// # Errors
/// It does, on that line.
pub(crate) fn check_joins(page: &Page) -> Result<(), Problem> {
    // What cannot be read is told when it is run.
    let pieces = pieces(&page.sql).unwrap_or_default();
    let taken = ctes(&pieces)
        .into_iter()
        .find(|(name, _)| catalogue::find(name).is_some());
    if let Some((name, _)) = taken {
        let message = format!(
            "WITH {name} has the name of a frame, which would be read instead; give it another"
        );
        return Err(Problem::new(page.sql_line, message));
    }
    match cross_join(&pieces) {
        Some((line, message)) => Err(Problem::new(page.sql_line + line, message)),
        None => Ok(()),
    }
}

fn columns_are_right(columns: &[(String, DataType)]) -> Result<(), String> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    if names.first() != Some(&"object_id") || names.get(1) != Some(&"key") {
        return Err(format!(
            "the first two columns must be object_id and key, they are {names:?}"
        ));
    }
    let mut seen = HashSet::new();
    for (name, kind) in columns {
        if !seen.insert(name) {
            return Err(format!("two columns are called {name}"));
        }
        let (fits, wanted) = match name.as_str() {
            "object_id" => (
                kind.is_integer(),
                "an integer, the object_id of the subject",
            ),
            "severity" | "confidence" | "not_known" => (kind.is_string(), "text"),
            "weight" => (kind.is_primitive_numeric(), "a number between 0 and 0.9"),
            _ => (true, ""),
        };
        // NULL alone has no type of its own.
        if !fits && *kind != DataType::Null {
            return Err(format!("column {name} is {kind}; it must be {wanted}"));
        }
    }
    Ok(())
}

/// The line of a CROSS JOIN with anything but a frame of one row, or a CTE over one, from 0: every row with every row
/// fills any memory.
fn cross_join(pieces: &[Piece]) -> Option<(usize, String)> {
    let single: Vec<&str> = ctes(pieces)
        .into_iter()
        .filter(|(_, body)| is_one_row(body))
        .map(|(name, _)| name)
        .chain(SINGLE.iter().copied())
        .collect();
    pieces.windows(3).find_map(|three| match three {
        [cross, join, frame] if cross.is("cross") && join.is("join") => {
            let frame = frame.name().filter(|name| !single.contains(name))?;
            let message = format!(
                "CROSS JOIN {frame} pairs every row with every row; join on a column, only {} may be added so",
                SINGLE.join(", ")
            );
            Some((cross.line, message))
        }
        _ => None,
    })
}

/// Name and body of each `name AS (…)`, the name in lower case.
fn ctes(pieces: &[Piece]) -> Vec<(&str, &[Piece])> {
    let mut found = Vec::new();
    for (start, three) in pieces.windows(3).enumerate() {
        let [name, with, open] = three else {
            continue;
        };
        let (Some(name), true, true) = (name.name(), with.is("as"), open.is_sign("(")) else {
            continue;
        };
        let rest = pieces.get(start + 3..).unwrap_or_default();
        let mut depth = 1_usize;
        let end = rest.iter().position(|piece| {
            if piece.is_sign("(") {
                depth += 1;
            } else if piece.is_sign(")") {
                depth -= 1;
            }
            depth == 0
        });
        if let Some(body) = end.and_then(|end| rest.get(..end)) {
            found.push((name, body));
        }
    }
    found
}

/// A SELECT from a frame of one row, or an aggregate without groups.
fn is_one_row(body: &[Piece]) -> bool {
    const AGGREGATES: &[&str] = &["count", "sum", "min", "max", "avg"];
    let has = |word: &str| body.iter().any(|piece| piece.is(word));
    let after = |word: &str| {
        let place = body.iter().position(|piece| piece.is(word))?;
        body.get(place + 1)?.name()
    };
    let of_one = after("from").is_some_and(|frame| SINGLE.contains(&frame));
    let aggregate = after("select").is_some_and(|word| AGGREGATES.contains(&word))
        && !has("group")
        && !has("over");
    !has("union") && ((of_one && !has("join")) || aggregate)
}

/// The line that the SQL parser names, from 0.
fn line_in(message: &str) -> usize {
    let digits = message.split("Line: ").nth(1).unwrap_or_default();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let line: usize = digits
        .get(..end)
        .and_then(|line| line.parse().ok())
        .unwrap_or(1);
    line.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::rules::Pack;

    fn page(sql: &str) -> Page {
        let mut page = Pack::load(None).unwrap().pages.swap_remove(0);
        page.sql = sql.to_owned();
        page.sql_line = 40;
        page
    }

    #[test]
    fn every_built_in_page_runs_on_empty_frames() {
        let empty = Frames::empty().unwrap();
        for page in Pack::load(None).unwrap().pages {
            assert_eq!(check(&page, &empty), Ok(()), "{}", page.front.id);
        }
    }

    /// An exception holds while the evidence is the same: who holds a right is not enough, the entry that gives it counts.
    #[test]
    fn rights_are_told_with_the_entry_that_gives_them() {
        let empty = Frames::empty().unwrap();
        let rights = [
            "controls",
            "computer_controls",
            "dmsa_creation",
            "dmsa_inheritance",
        ];
        // An owner holds it without an entry; filled operators are told by who is in the group.
        let without = [
            "account-foreign-owner",
            "account-operators-filled",
            "kds-root-key-owner",
        ];
        let mut told = 0;
        for page in Pack::load(None).unwrap().pages {
            let of_rights = pieces(&page.sql)
                .unwrap()
                .iter()
                .any(|piece| piece.name().is_some_and(|name| rights.contains(&name)));
            if !of_rights || without.contains(&page.front.id.as_str()) {
                continue;
            }
            told += 1;
            let table = run(&mut empty.sql(), &page.sql).unwrap();
            assert!(table.column("ace").is_ok(), "{}", page.front.id);
        }
        assert!(told > 25, "{told} pages");
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        let empty = Frames::empty().unwrap();
        let check = |page: &Page| check_joins(page).and_then(|()| check(page, &empty));
        let complaint = |sql: &str| check(&page(sql)).unwrap_err();
        let unknown = complaint("SELECT object_id, nonsense AS key FROM accounts");
        assert!(unknown.message.contains("nonsense"), "{unknown:?}");
        let parsed = complaint("SELECT object_id,\n  sid AS key\nFORM accounts");
        assert_eq!(parsed.line, 42, "{parsed:?}");
        let columns = complaint("SELECT sid AS key, object_id FROM accounts");
        assert!(columns.message.contains("first two columns"), "{columns:?}");
        let kinds = complaint("SELECT object_id, sid AS key, enabled AS weight FROM accounts");
        assert!(kinds.message.contains("weight"), "{kinds:?}");
        let kinds = complaint("SELECT sid AS object_id, sid AS key FROM accounts");
        assert!(kinds.message.contains("an integer"), "{kinds:?}");
        let hidden = complaint(
            "WITH all_of_them AS (SELECT sid AS s FROM objects)\nSELECT a.object_id AS object_id, a.sid AS key\n\
             FROM accounts a CROSS JOIN all_of_them",
        );
        assert_eq!(hidden.line, 42, "{hidden:?}");
        let pairs = complaint(
            "SELECT a.object_id AS object_id, a.sid AS key\nFROM accounts a CROSS\n JOIN objects o",
        );
        assert_eq!(pairs.line, 41, "{pairs:?}");
        for reading in [
            "read_csv('/etc/passwd')",
            "'/etc/passwd'",
            "read_parquet('x')",
            "\"/etc/passwd\"",
        ] {
            let sql = format!("SELECT object_id, sid AS key FROM {reading}");
            complaint(&sql);
        }
        let commented = complaint(
            "SELECT a.object_id AS object_id, a.sid AS key -- it's\nFROM accounts a CROSS /* not */ JOIN/**/objects o",
        );
        assert!(
            commented.line == 41 && commented.message.contains("CROSS JOIN objects"),
            "{commented:?}"
        );
        let taken = complaint(
            "WITH /* a */ \"accounts\" AS -- it\n(SELECT 1 AS a) SELECT object_id, sid AS key FROM objects",
        );
        assert!(taken.message.contains("name of a frame"), "{taken:?}");
        let single = page(
            "SELECT a.object_id AS object_id, a.sid AS key FROM accounts a CROSS JOIN domain d",
        );
        assert_eq!(check(&single), Ok(()));
        let counted = page(
            "WITH total AS (SELECT COUNT(*) AS n FROM accounts)\n\
             SELECT a.object_id AS object_id, a.sid AS key FROM accounts a CROSS JOIN total",
        );
        assert_eq!(check(&counted), Ok(()));
    }
}
