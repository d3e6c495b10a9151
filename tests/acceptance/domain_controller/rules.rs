//! The whole rule pack against a domain planted for it: what must be found is found, as severe as the rule's page says,
//! and nothing else is.
//!
//! What is planted, and what must be found in it, is in `tests/src/dc/rules`, one file for each family of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::iter;
use std::path::Path;

use coldcase_schemas::report::Severity;
use coldcase_tests::dc::rules::{BEYOND, State};
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
    let expected = &controller.planted().expected;

    let sysvol = sysvol(&controller, folder.path());
    let mut table = Table::default();
    for (number, state) in expected.states.iter().enumerate() {
        if !state.change.is_empty() {
            controller.apply_ldif(&state.change).unwrap();
        }
        fs::write(folder.path().join("coldcase.toml"), state.assumptions).unwrap();
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
    /// Which severities are planted.
    severities: BTreeSet<Severity>,
    /// How many are found and are not as severe as they must be, and both severities.
    misjudged: BTreeMap<String, (usize, String)>,
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

    /// How many are found and as severe as they must be.
    fn right(&self) -> usize {
        let wrong: usize = self.misjudged.values().map(|(count, _)| count).sum();
        // Of different states, so that both may be wrong in more than all.
        self.found().saturating_sub(wrong)
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
        let mut found: BTreeMap<Pair, Vec<(Severity, &Value)>> = BTreeMap::new();
        for finding in report["findings"].as_array().unwrap() {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            let rule = finding["rule"].as_str().unwrap();
            let pair = (rule.to_owned(), name.unwrap().to_owned());
            let severity: Severity = serde_json::from_value(finding["severity"].clone()).unwrap();
            let one = (severity, &finding["evidence"]);
            found.entry(pair).or_default().push(one);
        }
        let mut expected: BTreeMap<Pair, Vec<Severity>> = found
            .keys()
            .map(|pair| (pair.clone(), Vec::new()))
            .collect();
        for (expect, times) in &state.findings {
            let pair = (expect.rule.to_owned(), expect.subject.clone());
            let each = iter::repeat_n(expect.severity, *times);
            expected.entry(pair).or_default().extend(each);
        }
        for (pair, planted) in expected {
            let found = found.get(&pair).map_or(&[][..], Vec::as_slice);
            let (rule, subject) = pair;
            let row = self
                .rows
                .get_mut(&rule)
                .unwrap_or_else(|| panic!("{rule}, expected in {subject}, is no rule"));
            row.severities.extend(&planted);
            if !planted.is_empty() {
                let most = row.planted.entry(subject.clone()).or_default();
                *most = planted.len().max(*most);
            }
            let severities: Vec<Severity> = found.iter().map(|(severity, _)| *severity).collect();
            let matched = planted.len().min(found.len());
            let wrong = matched - as_severe(&planted, &severities);
            if wrong > 0 {
                let both = format!(
                    "{}: planted {}, found {}",
                    state.name,
                    listed(planted.iter().copied()),
                    listed(severities.iter().copied())
                );
                worse(&mut row.misjudged, subject.clone(), wrong, both);
            }
            if found.len() < planted.len() {
                let end = format!("{}: {}", state.name, ends[rule.as_str()]);
                worse(&mut row.missed, subject, planted.len() - found.len(), end);
            } else if found.len() > planted.len() {
                let all: Vec<String> = found
                    .iter()
                    .map(|(severity, evidence)| format!("{} {evidence}", severity.as_str()))
                    .collect();
                let all = format!("{}: {}", state.name, all.join(", "));
                worse(
                    &mut row.unexpected,
                    subject,
                    found.len() - planted.len(),
                    all,
                );
            }
        }
    }

    fn total(&self, count: impl Fn(&Row) -> usize) -> usize {
        self.rows.values().map(count).sum()
    }

    /// The table, by code, with the totals below and what went wrong in words.
    fn print(&self) -> String {
        let mut text = String::new();
        let line = "-".repeat(120);
        let _ = writeln!(
            text,
            "{:<6}{:<36}{:>8}{:>7}{:>8}{:>12}{:>16}  severities planted\n{line}",
            "code", "rule", "planted", "found", "missed", "unexpected", "severity right"
        );
        let mut rows: Vec<(&String, &Row)> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| &row.code);
        let numbers = |planted, found, missed, unexpected, right| {
            format!("{planted:>8}{found:>7}{missed:>8}{unexpected:>12}{right:>16}")
        };
        for (id, row) in &rows {
            let counts = numbers(
                row.planted(),
                row.found(),
                row.missed(),
                row.unexpected(),
                row.right(),
            );
            let _ = write!(text, "{:<6}{id:<36}", row.code);
            let _ = match beyond(id) {
                Some(why) if row.planted() == 0 => writeln!(text, "  not planted: {why}"),
                _ => writeln!(text, "{counts}  {}", listed(row.severities.iter().copied())),
            };
        }
        let (planted, found) = (self.total(Row::planted), self.total(Row::found));
        let (missed, unexpected) = (self.total(Row::missed), self.total(Row::unexpected));
        let right = self.total(Row::right);
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let _ = writeln!(
            text,
            "{line}\n{:<42}{}\nrecall {:.1} %, precision {:.1} %, severity right in {:.1} % of what is found",
            "all",
            numbers(planted, found, missed, unexpected, right),
            percent(found, planted),
            percent(found, found + unexpected),
            percent(right, found)
        );
        for (id, row) in rows {
            for (subject, (_, end)) in &row.missed {
                let _ = writeln!(text, "missed: {id} in {subject}, {end}");
            }
            for (subject, (_, evidence)) in &row.unexpected {
                let _ = writeln!(text, "unexpected: {id} in {subject}, {evidence}");
            }
            for (subject, (_, both)) in &row.misjudged {
                let _ = writeln!(text, "severity: {id} in {subject}, {both}");
            }
        }
        text
    }

    /// Recall and precision of 100 %, every severity as planted, and no rule without a plant or a reason.
    fn check(&self) {
        assert_eq!(self.total(Row::missed), 0, "recall");
        assert_eq!(self.total(Row::unexpected), 0, "precision");
        assert_eq!(self.total(Row::right), self.total(Row::found), "severities");
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

/// How many of what was found are as severe as one that was planted, each of these taken once.
fn as_severe(planted: &[Severity], found: &[Severity]) -> usize {
    let mut open = planted.to_vec();
    found
        .iter()
        .filter(|severity| {
            let place = open.iter().position(|one| one == *severity);
            place.map(|place| open.swap_remove(place)).is_some()
        })
        .count()
}

/// `critical, info`.
fn listed(severities: impl Iterator<Item = Severity>) -> String {
    let words: Vec<&str> = severities.map(Severity::as_str).collect();
    words.join(", ")
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
