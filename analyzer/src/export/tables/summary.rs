//! The numbers for people who decide, and what must be known to read them.

use coldcase_schemas::diff::Diff;
use coldcase_schemas::report::{Numbers, Privileges, Report, Severity};

use super::{Cell, Table};
use crate::compare;
use crate::report::{PROGRAM, at_least, made_from, unseen};

const COLUMNS: [(&str, u16); 2] = [("what", 34), ("value", 100)];

pub(super) fn of_report(report: &Report) -> Table {
    let (snapshot, score) = (&report.snapshot, &report.score);
    let mut table = Table::new("Summary", &COLUMNS);
    let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
    say("domain", Cell::text(&snapshot.domain));
    say("forest", Cell::text(&snapshot.forest));
    say("taken at (UTC)", Cell::moment(&snapshot.taken_at));
    say("domain controller", Cell::text(&snapshot.server));
    say("collected as", Cell::text(&snapshot.collected_as));
    say(
        "its privileges",
        Cell::text(match snapshot.privileges {
            Privileges::Forest => "administrator of domain and forest",
            Privileges::Domain => "administrator of the domain: KDS root keys are hidden",
            Privileges::Ordinary => "none: dMSAs, password settings and KDS root keys are hidden",
            Privileges::Unknown => "not known",
        }),
    );
    for export in &snapshot.exports {
        say("made from", Cell::text(made_from(export)));
        for limit in &export.limits {
            say("what it cannot show", Cell::text(limit));
        }
    }
    say("objects", Cell::count(snapshot.objects));
    say("collection complete", Cell::flag(snapshot.complete));
    say(
        "level (1 urgent, 5 nothing found)",
        Cell::count(score.gross.level),
    );
    if score.gross.level_min < score.gross.level {
        say("level that may be", Cell::count(score.gross.level_min));
    }
    numbers("", &score.gross, &mut say);
    numbers(", accepted findings aside", &score.net, &mut say);
    for severity in Severity::ALL {
        let bound = match score.findings_at_least.contains(&severity) {
            true => ", at least",
            false => "",
        };
        let counts = &score.gross.findings;
        say(
            &format!("findings, {}{bound}", severity.as_str()),
            Cell::count(counts.get(&severity).copied().unwrap_or_default()),
        );
    }
    say(
        "coverage: % of rules that saw everything they need",
        Cell::number(score.coverage_percent),
    );
    if report.left_out > 0 {
        say("rules left out by --rule", Cell::count(report.left_out));
    }
    for sentence in unseen(report) {
        say("not seen", Cell::text(sentence));
    }
    for text in &report.unmatched {
        say("assumption without an object", Cell::text(text));
    }
    for page in &report.refused {
        let text = format!("{}:{}: {}", page.file, page.line, page.reason);
        say("rule page that did not run", Cell::text(text));
    }
    say("SHA-256 of the snapshot", Cell::text(&snapshot.sha256));
    say(
        "SHA-256 of the rule pages",
        Cell::text(&score.rule_pack_sha256),
    );
    say("SHA-256 of all inputs", Cell::text(&score.inputs_sha256));
    say("made by", Cell::text(PROGRAM));
    table
}

fn numbers(of: &str, numbers: &Numbers, say: &mut impl FnMut(&str, Cell)) {
    let bound = match at_least(numbers) {
        "" => "",
        _ => ", at least",
    };
    say(
        &format!("exposure{of}{bound}"),
        Cell::number(numbers.exposure),
    );
    say(
        &format!("index of 100{of}{bound}"),
        Cell::number(numbers.index),
    );
}

pub(super) fn of_diff(diff: &Diff) -> Table {
    let mut table = Table::new("Summary", &COLUMNS);
    for (what, value) in compare::facts(diff) {
        table.push(vec![Cell::text(what), Cell::text(value)]);
    }
    table
}
