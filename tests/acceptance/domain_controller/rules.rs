//! The whole rule pack against a domain planted for it: what must be found is found, and nothing else is.
//!
//! What is planted, and what must be found in it, is in `tests/src/dc/rules`, one file for each family of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use coldcase_tests::dc::rules::{ASSUMPTIONS, BEYOND, State};
use coldcase_tests::dc::{DomainController, Options, Population};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

use super::{as_administrator, skipped};

/// Rule and subject.
type Pair = (String, String);

#[test]
fn every_rule_finds_what_was_planted_and_nothing_else() {
    if skipped("the rule pack against a domain controller") {
        return;
    }
    let controller =
        DomainController::start_with(&Options::default().population(Population::Rules))
            .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("coldcase.toml"), ASSUMPTIONS).unwrap();
    let expected = &controller.planted().expected;

    let sysvol = sysvol(&controller, folder.path());
    let mut table = Table::default();
    for (number, state) in expected.states.iter().enumerate() {
        if !state.change.is_empty() {
            controller.apply_ldif(&state.change).unwrap();
        }
        let snapshot = folder.path().join(format!("{number}.sqlite.zst"));
        let report = look(&controller, &sysvol, snapshot.to_str().unwrap(), state);
        table.compare(state, &report);
    }
    let printed = table.print();
    // Not eprintln!, which the test runner keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "{printed}");
    table.check();
}

/// Collects the domain as an administrator and reports on it.
fn look(controller: &DomainController, sysvol: &str, snapshot: &str, state: &State) -> Value {
    let ended = as_administrator(controller, &["--sysvol", sysvol, "-o", snapshot]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut arguments = vec!["report", snapshot, "--format", "json"];
    for rule in state.rules {
        arguments.extend(["--rule", rule]);
    }
    let ended = coldcase(&arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["refused"].as_array().unwrap().len(), 0);
    report
}

/// A copy of SYSVOL with the settings of the default domain policy.
fn sysvol(controller: &DomainController, folder: &Path) -> String {
    let top = folder.join("sysvol");
    let settings = top.join(controller.domain().dns()).join(
        "Policies/{31B2F340-016D-11D2-945F-00C04FB984F9}/MACHINE/Microsoft/Windows NT/SecEdit",
    );
    fs::create_dir_all(&settings).unwrap();
    let wide: Vec<u8> = std::iter::once(0xFEFF)
        .chain(controller.planted().expected.settings.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(settings.join("GptTmpl.inf"), wide).unwrap();
    top.to_str().unwrap().to_owned()
}

/// One rule, over all states of the domain. Findings by subject; where a subject is looked at in several states, the worst
/// counts.
#[derive(Default)]
struct Row {
    code: String,
    planted: BTreeMap<String, usize>,
    /// How many are missed, and how the rule ended.
    missed: BTreeMap<String, (usize, String)>,
    /// How many are too many, and the evidence of all.
    unexpected: BTreeMap<String, (usize, String)>,
}

impl Row {
    fn planted(&self) -> usize {
        self.planted.values().sum()
    }

    fn missed(&self) -> usize {
        self.missed.values().map(|(count, _)| count).sum()
    }

    fn found(&self) -> usize {
        self.planted() - self.missed()
    }

    fn unexpected(&self) -> usize {
        self.unexpected.values().map(|(count, _)| count).sum()
    }
}

/// Rules by id.
#[derive(Default)]
struct Table {
    rows: BTreeMap<String, Row>,
}

impl Table {
    /// Counts what was expected in one state of the domain, and what was found there.
    fn compare(&mut self, state: &State, report: &Value) {
        let mut ends: BTreeMap<&str, String> = BTreeMap::new();
        for rule in report["rules"].as_array().unwrap() {
            let id = rule["id"].as_str().unwrap();
            let row = self.rows.entry(id.to_owned()).or_default();
            row.code = rule["code"].as_str().unwrap().to_owned();
            ends.insert(id, format!("{} {}", rule["verdict"], rule["reason"]));
        }
        let mut found: BTreeMap<Pair, Vec<&Value>> = BTreeMap::new();
        for finding in report["findings"].as_array().unwrap() {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            let rule = finding["rule"].as_str().unwrap();
            let pair = (rule.to_owned(), name.unwrap().to_owned());
            found.entry(pair).or_default().push(&finding["evidence"]);
        }
        let mut expected: BTreeMap<Pair, usize> =
            found.keys().map(|pair| (pair.clone(), 0)).collect();
        for (expect, times) in &state.findings {
            expected.insert((expect.rule.to_owned(), expect.subject.clone()), *times);
        }
        for (pair, planted) in expected {
            let evidence = found.get(&pair).map_or(&[][..], Vec::as_slice);
            let (rule, subject) = pair;
            let row = self
                .rows
                .get_mut(&rule)
                .unwrap_or_else(|| panic!("{rule}, expected in {subject}, is no rule"));
            if planted > 0 {
                let most = row.planted.entry(subject.clone()).or_default();
                *most = planted.max(*most);
            }
            if evidence.len() < planted {
                let end = format!("{}: {}", state.name, ends[rule.as_str()]);
                worse(&mut row.missed, subject, planted - evidence.len(), end);
            } else if evidence.len() > planted {
                let all: Vec<String> = evidence.iter().map(ToString::to_string).collect();
                let all = format!("{}: {}", state.name, all.join(", "));
                worse(&mut row.unexpected, subject, evidence.len() - planted, all);
            }
        }
    }

    fn total(&self, count: impl Fn(&Row) -> usize) -> usize {
        self.rows.values().map(count).sum()
    }

    /// The table, by code, with the totals below and what went wrong in words.
    fn print(&self) -> String {
        let mut text = String::new();
        let line = "-".repeat(80);
        let _ = writeln!(
            text,
            "{:<6}{:<38}{:>8}{:>8}{:>8}{:>12}\n{line}",
            "code", "rule", "planted", "found", "missed", "unexpected"
        );
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| &row.code);
        for (id, row) in &rows {
            let (planted, found) = (row.planted(), row.found());
            let (missed, unexpected) = (row.missed(), row.unexpected());
            let _ = write!(text, "{:<6}{id:<38}", row.code);
            let _ = match beyond(id) {
                Some(why) if planted == 0 => writeln!(text, "  not planted: {why}"),
                _ => writeln!(text, "{planted:>8}{found:>8}{missed:>8}{unexpected:>12}"),
            };
        }
        let (planted, found) = (self.total(Row::planted), self.total(Row::found));
        let (missed, unexpected) = (self.total(Row::missed), self.total(Row::unexpected));
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let _ = writeln!(
            text,
            "{line}\n{:<44}{planted:>8}{found:>8}{missed:>8}{unexpected:>12}\n\
             recall {:.1} %, precision {:.1} %",
            "all",
            percent(found, planted),
            percent(found, found + unexpected)
        );
        for (id, row) in rows {
            for (subject, (_, end)) in &row.missed {
                let _ = writeln!(text, "missed: {id} in {subject}, {end}");
            }
            for (subject, (_, evidence)) in &row.unexpected {
                let _ = writeln!(text, "unexpected: {id} in {subject}, {evidence}");
            }
        }
        text
    }

    /// Recall and precision of 100 %, and no rule without a plant or a reason.
    fn check(&self) {
        assert_eq!(self.total(Row::missed), 0, "recall");
        assert_eq!(self.total(Row::unexpected), 0, "precision");
        let bare: BTreeSet<&str> = self
            .rows
            .iter()
            .filter(|(_, row)| row.planted.is_empty())
            .map(|(id, _)| id.as_str())
            .collect();
        let reasons: BTreeSet<&str> = BEYOND.iter().map(|(id, _)| *id).collect();
        assert_eq!(
            bare, reasons,
            "rules for which nothing is planted, against those with a reason for it"
        );
    }
}

fn worse(
    list: &mut BTreeMap<String, (usize, String)>,
    subject: String,
    count: usize,
    text: String,
) {
    let worst = list.entry(subject).or_default();
    if count > worst.0 {
        *worst = (count, text);
    }
}

/// Why nothing is planted for the rule.
fn beyond(id: &str) -> Option<&'static str> {
    BEYOND
        .iter()
        .find(|(rule, _)| *rule == id)
        .map(|(_, why)| *why)
}
