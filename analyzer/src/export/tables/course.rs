//! A trend: a row is a snapshot, a change of a subject's risk between two, a finding, a time to fix, or an account at a
//! snapshot.

use std::iter;

use coldcase_schemas::trend::{
    AccountHistory, AccountState, FindingChange, FindingHistory, FindingState, Point, Step, Trend,
};

use super::{ACCOUNTS, Cell, FINDINGS, Table, basis, identity};
use crate::report::{at_least, name_of};

const POINTS: [(&str, u16); 24] = [
    ("taken at (UTC)", 20),
    ("exposure", 10),
    ("exposure may be more", 10),
    ("exposure, accepted aside", 12),
    ("index of 100", 8),
    ("level", 6),
    ("critical", 8),
    ("high", 8),
    ("medium", 8),
    ("low", 8),
    ("info", 8),
    ("coverage, %", 9),
    ("saw less than others", 10),
    ("days since the one before", 10),
    ("change", 10),
    ("by other rules or assumptions", 12),
    ("by time", 10),
    ("by what was seen", 10),
    ("by what somebody changed", 12),
    ("due and done in time", 10),
    ("not split", 10),
    ("why not split", 40),
    ("collected as", 26),
    ("SHA-256", 20),
];

const CHANGES: [(&str, u16); 13] = [
    ("from (UTC)", 20),
    ("to (UTC)", 20),
    ("account", 26),
    ("kind", 14),
    ("by time", 10),
    ("by what was seen", 10),
    ("by what somebody changed", 12),
    ("worth before", 8),
    ("worth after", 8),
    ("findings", 80),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

const HISTORIES: [(&str, u16); 17] = [
    ("state", 10),
    ("severity", 10),
    ("account", 26),
    ("kind", 14),
    ("title", 60),
    ("rule", 9),
    ("finding", 18),
    ("opened (UTC)", 20),
    ("last seen (UTC)", 20),
    ("fixed (UTC)", 20),
    ("age, days", 9),
    ("it may be older", 9),
    ("came back, times", 9),
    ("accepted", 9),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

const TIMES: [(&str, u16); 6] = [
    ("severity", 10),
    ("fixed", 8),
    ("days to fix, mean", 10),
    ("it may be more", 9),
    ("open", 8),
    ("not known", 9),
];

const LIVES: [(&str, u16); 16] = [
    ("account", 26),
    ("kind", 14),
    ("is there at the end", 12),
    ("taken at (UTC)", 20),
    ("risk", 8),
    ("risk may be more", 9),
    ("risk, accepted aside", 9),
    ("enabled", 9),
    ("tier 0", 8),
    ("password, days", 9),
    ("readers", 8),
    ("SPNs", 8),
    ("privileged groups", 40),
    ("DN", 50),
    ("SID", 20),
    ("objectGUID", 20),
];

/// The tables of a trend.
pub(crate) fn of_trend(trend: &Trend) -> Vec<Table> {
    vec![
        summary(trend),
        points(trend),
        changes(trend),
        findings(trend),
        times(trend),
        accounts(trend),
        basis::assumptions(&trend.assumptions),
    ]
}

fn summary(trend: &Trend) -> Table {
    let mut table = Table::new("Summary", &[("what", 34), ("value", 100)]);
    let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
    say("domain", Cell::text(&trend.domain));
    say("forest", Cell::text(&trend.forest));
    say("snapshots", Cell::count(trend.points.len()));
    for note in &trend.notes {
        say("note", Cell::text(note));
    }
    for rebasing in &trend.rebasings {
        let text = format!(
            "the snapshot of {}: {} before, {} now",
            rebasing.taken_at, rebasing.before, rebasing.after
        );
        say("by other rules or assumptions", Cell::text(text));
    }
    say(
        "SHA-256 of the rule pages",
        Cell::text(&trend.rule_pack_sha256),
    );
    say(
        "SHA-256 of program version and assumptions",
        Cell::text(&trend.assumptions_sha256),
    );
    say("made by", Cell::text(&trend.program));
    table
}

fn points(trend: &Trend) -> Table {
    let mut table = Table::new("Snapshots", &POINTS);
    // The first has none before it.
    let steps = iter::once(None).chain(trend.steps.iter().map(Some));
    for (point, step) in trend.points.iter().zip(steps) {
        let mut row = numbers(point);
        row.extend(difference(step));
        row.push(Cell::text(&point.snapshot.collected_as));
        row.push(Cell::text(&point.snapshot.sha256));
        table.push(row);
    }
    table
}

fn numbers(point: &Point) -> Vec<Cell> {
    use coldcase_schemas::report::Severity::{Critical, High, Info, Low, Medium};
    let gross = &point.gross;
    let mut row = vec![
        Cell::moment(&point.snapshot.taken_at),
        Cell::number(gross.exposure),
        Cell::flag(!at_least(gross).is_empty()),
        Cell::number(point.net.exposure),
        Cell::number(gross.index),
        Cell::count(gross.level),
    ];
    for severity in [Critical, High, Medium, Low, Info] {
        let count = gross.findings.get(&severity).copied().unwrap_or_default();
        row.push(Cell::count(count));
    }
    row.push(Cell::number(point.coverage_percent));
    row.push(Cell::flag(point.saw_less));
    row
}

/// Nothing for the first snapshot, which has none before it.
fn difference(step: Option<&Step>) -> [Cell; 9] {
    let number = |of: fn(&Step) -> f64| step.map_or(Cell::Empty, |step| Cell::number(of(step)));
    [
        number(|step| step.days),
        number(|step| step.change),
        number(|step| step.rebasing),
        number(|step| step.aging),
        number(|step| step.scope),
        number(|step| step.configuration),
        number(|step| step.upkeep),
        number(|step| step.not_split),
        Cell::maybe(step.map(|step| &step.why_not_split)),
    ]
}

fn changes(trend: &Trend) -> Table {
    let mut table = Table::new("Changes", &CHANGES);
    let worth = |worth: Option<f64>| worth.map_or(Cell::Empty, Cell::number);
    for step in &trend.steps {
        for change in &step.subjects {
            let findings = change.findings.iter().map(|change| became(trend, change));
            let mut row = vec![
                Cell::moment(&step.from),
                Cell::moment(&step.to),
                Cell::text(name_of(&change.subject)),
                Cell::text(&change.subject.kind),
                Cell::number(change.aging),
                Cell::number(change.scope),
                Cell::number(change.configuration),
                worth(change.worth_before),
                worth(change.worth_after),
                Cell::list(findings),
            ];
            row.extend(identity(&change.subject));
            table.push(row);
        }
    }
    table
}

/// `opened by what somebody changed: SP02 Privileged user account with a service principal name`.
fn became(trend: &Trend, change: &FindingChange) -> String {
    use coldcase_schemas::trend::{Cause, Change};
    let what = match change.change {
        Change::Opened => "opened",
        Change::Heavier => "heavier",
        Change::Lighter => "lighter",
        Change::Closed => "closed",
    };
    let why = match change.cause {
        Cause::Configuration => "by what somebody changed",
        Cause::Aging => "by time",
        Cause::Scope => "by what was seen",
    };
    let [code, title] = rule(trend, &change.rule);
    format!("{what} {why}: {code} {title}")
}

/// Code and title of a rule.
fn rule<'a>(trend: &'a Trend, id: &'a str) -> [&'a str; 2] {
    let rule = trend.rules.iter().find(|rule| rule.id == id);
    rule.map_or([id, ""], |rule| [&rule.code, &rule.title])
}

fn findings(trend: &Trend) -> Table {
    let mut table = Table::new(FINDINGS, &HISTORIES);
    for finding in &trend.findings {
        table.push(history(trend, finding));
    }
    table
}

fn history(trend: &Trend, finding: &FindingHistory) -> Vec<Cell> {
    let [code, title] = rule(trend, &finding.rule);
    let state = match finding.state {
        FindingState::Open => "open",
        FindingState::Unknown => "not known",
        FindingState::Fixed => "fixed",
    };
    let fixed = finding.fixed.as_deref();
    let mut row = vec![
        Cell::text(state),
        Cell::text(finding.severity.as_str()),
        Cell::text(name_of(&finding.subject)),
        Cell::text(&finding.subject.kind),
        Cell::text(title),
        Cell::text(code),
        Cell::text(&finding.id),
        Cell::moment(&finding.opened),
        Cell::moment(&finding.last_seen),
        fixed.map_or(Cell::Empty, Cell::moment),
        Cell::number(finding.age_days),
        Cell::flag(finding.at_least),
        Cell::count(finding.reopened),
        Cell::flag(finding.accepted),
    ];
    row.extend(identity(&finding.subject));
    row
}

fn times(trend: &Trend) -> Table {
    let mut table = Table::new("Fixes", &TIMES);
    for time in &trend.times_to_fix {
        table.push(vec![
            Cell::text(time.severity.as_str()),
            Cell::count(time.fixed),
            time.mean_days.map_or(Cell::Empty, Cell::number),
            Cell::flag(time.at_least),
            Cell::count(time.open),
            Cell::count(time.unknown),
        ]);
    }
    table
}

fn accounts(trend: &Trend) -> Table {
    let mut table = Table::new(ACCOUNTS, &LIVES);
    for account in &trend.accounts {
        for row in life(account) {
            table.push(row);
        }
    }
    table
}

/// A row for each snapshot that has it.
fn life(account: &AccountHistory) -> impl Iterator<Item = Vec<Cell>> {
    let state = match account.state {
        AccountState::There => "yes",
        AccountState::Retired => "no service account any more",
        AccountState::Unknown => "not known",
        AccountState::Gone => "no",
    };
    account.points.iter().map(move |point| {
        let mut row = vec![
            Cell::text(name_of(&account.subject)),
            Cell::text(&account.subject.kind),
            Cell::text(state),
            Cell::moment(&point.taken_at),
            Cell::number(point.risk),
            Cell::flag(point.not_judged_by > 0 && point.risk < 100.0),
            Cell::number(point.net_risk),
            Cell::flag(point.enabled),
            Cell::flag(point.tier0),
            point.password_days.map_or(Cell::Empty, Cell::number),
            point.readers.map_or(Cell::Empty, Cell::count),
            Cell::count(point.spns),
            Cell::list(&point.privileged_groups),
        ];
        row.extend(identity(&account.subject));
        row
    })
}
