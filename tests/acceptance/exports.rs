//! Markdown, SARIF, OCSF events and CSV on standard output: whole, valid, the same bytes twice, and harmless whatever the
//! directory holds.

use std::collections::BTreeSet;
use std::path::Path;

use coldcase_tests::programs::coldcase;
use serde_json::Value;
use serde_sarif::sarif::Sarif;

use crate::html::hostile;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
const PARTIAL: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

fn out(arguments: &[&str]) -> String {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

fn report(snapshot: &str, format: &str) -> String {
    out(&["report", snapshot, "--format", format])
}

fn json(snapshot: &str) -> Value {
    serde_json::from_str(&report(snapshot, "json")).unwrap()
}

/// Line feeds aside, nothing that a terminal obeys and nothing that turns text.
fn is_plain(text: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n' && c != '\r')
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!text.chars().any(bad));
}

/// Every string in a JSON value, the keys too.
fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(list) => list.iter().for_each(|value| strings(value, each)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            each(name);
            strings(value, each);
        }),
        _ => {}
    }
}

fn with_hostile(check: impl Fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    for snapshot in [Path::new(LAST), Path::new(PARTIAL), &hostile] {
        check(snapshot.to_str().unwrap());
    }
}

/// The types are generated from the schema of SARIF 2.1.0: what it requires must be there, what it enumerates must be
/// one of it, and what it does not know would not come back.
#[test]
fn sarif_follows_its_schema_and_tells_every_finding_and_gap() {
    with_hostile(|snapshot| {
        let text = report(snapshot, "sarif");
        assert_eq!(text, report(snapshot, "sarif"));
        let log: Value = serde_json::from_str(&text).unwrap();
        let typed: Sarif = serde_json::from_value(log.clone()).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), log);
        strings(&log, &mut is_plain);

        let report = json(snapshot);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), report["rules"].as_array().unwrap().len());
        let results = run["results"].as_array().unwrap();
        let found: Vec<&str> = results
            .iter()
            .filter_map(|result| result["partialFingerprints"]["coldcaseFinding/v1"].as_str())
            .collect();
        let ids: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, ids);
        for result in results {
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[rule]["id"], result["ruleId"]);
            // Only what fails has a level (SARIF 3.27.10).
            assert_eq!(result["kind"] == "fail", result["level"] != "none");
        }
        let open: BTreeSet<&str> = results
            .iter()
            .filter(|result| result["kind"] == "open" || result["kind"] == "review")
            .map(|result| result["ruleId"].as_str().unwrap())
            .collect();
        for rule in report["rules"].as_array().unwrap() {
            if rule["verdict"] == "not-evaluated" {
                assert!(open.contains(rule["id"].as_str().unwrap()), "{rule}");
            }
        }
        let notes = run["invocations"][0]["toolExecutionNotifications"].as_array();
        let missing = report["snapshot"]["missing"].as_array().unwrap();
        assert!(notes.unwrap().len() >= missing.len());
    });
}

/// Attributes that OCSF 1.3.0 requires of a Compliance Finding and of the objects in it.
const REQUIRED: [&str; 12] = [
    "/activity_id",
    "/category_uid",
    "/class_uid",
    "/compliance/standards",
    "/finding_info/title",
    "/finding_info/uid",
    "/metadata/product/vendor_name",
    "/metadata/version",
    "/severity_id",
    "/time",
    "/type_uid",
    "/finding_info/analytic/type_id",
];

#[test]
fn every_line_is_an_event_with_what_ocsf_requires() {
    with_hostile(|snapshot| {
        let text = report(snapshot, "ocsf");
        assert_eq!(text, report(snapshot, "ocsf"));
        let report = json(snapshot);
        let taken: &str = report["snapshot"]["taken_at"].as_str().unwrap();
        let mut uids = BTreeSet::new();
        let mut states = BTreeSet::new();
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            for attribute in REQUIRED {
                let value = event.pointer(attribute);
                assert!(
                    value.is_some_and(|value| !value.is_null()),
                    "{attribute}: {line}"
                );
            }
            let number = |name: &str| event[name].as_u64().unwrap();
            assert_eq!(
                number("type_uid"),
                number("class_uid") * 100 + number("activity_id")
            );
            assert!((1..=5).contains(&number("severity_id")));
            assert_eq!(event["metadata"]["original_time"], taken);
            strings(&event, &mut is_plain);
            let uid = event["finding_info"]["uid"].as_str().unwrap().to_owned();
            assert!(uids.insert(uid), "{line}");
            states.insert((
                number("status_id"),
                event["compliance"]["status_id"].as_u64(),
            ));
        }
        for finding in report["findings"].as_array().unwrap() {
            assert!(uids.contains(finding["id"].as_str().unwrap()));
        }
        // Another domain has the same rules: its events must have other uids.
        let domain = report["snapshot"]["domain_sid"].as_str().unwrap();
        for rule in report["rules"].as_array().unwrap() {
            let id = rule["id"].as_str().unwrap();
            if rule["verdict"] == "not-evaluated" {
                let uid = format!("not-evaluated-{domain}-{id}");
                assert!(uids.contains(&uid), "{uid}");
            }
            let limited = rule["verdict"] != "not-evaluated" && rule["reason"] != "";
            let uid = format!("perhaps-not-all-{domain}-{id}");
            assert_eq!(uids.contains(&uid), limited, "{uid}");
        }
        // What was not seen is told as the document in Markdown tells it.
        let document = self::report(snapshot, "md");
        let (_, told) = document
            .split_once("so that there may be more:\n\n")
            .unwrap_or_default();
        let told = told.lines().take_while(|line| line.starts_with("- "));
        let begins = format!("not-seen-{domain}-");
        let events = uids.iter().filter(|uid| uid.starts_with(&begins));
        assert_eq!(events.count(), told.count());
        // New and failed; unknown and without a result.
        assert_eq!(states, BTreeSet::from([(0, Some(2)), (1, Some(3))]));
    });
}

#[test]
fn what_is_accepted_is_suppressed_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.sqlite.zst");
    std::fs::copy(coldcase_tests::programs::workspace().join(LAST), &copy).unwrap();
    let copy = copy.to_str().unwrap();
    let id = json(copy)["findings"][0]["id"].as_str().unwrap().to_owned();
    out(&[
        "accept",
        copy,
        &id,
        "--owner",
        "=Anna",
        "--reason",
        "Lab",
        "--until",
        "2027-03-31",
    ]);
    let log: Value = serde_json::from_str(&report(copy, "sarif")).unwrap();
    let first = &log["runs"][0]["results"][0];
    assert_eq!(
        first["partialFingerprints"]["coldcaseFinding/v1"],
        id.as_str()
    );
    assert_eq!(first["suppressions"][0]["status"], "accepted");
    assert_eq!(
        log["runs"][0]["results"][1]["suppressions"],
        Value::Array(Vec::new())
    );
    let events = report(copy, "ocsf");
    let event: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!(event["status"], "Suppressed");
    assert_eq!(event["compliance"]["status"], "Fail");
    let text = report(copy, "md");
    assert!(
        text.contains("accepted by =Anna until 2027-03-31: Lab"),
        "{text}"
    );
    assert!(text.contains("1 exception, 1 of them in force."), "{text}");
}

#[test]
fn the_document_says_what_the_report_says_and_names_are_no_markup() {
    with_hostile(|snapshot| {
        let text = report(snapshot, "md");
        assert_eq!(text, report(snapshot, "md"));
        is_plain(&text);
        // Bare text that a wiki would make a link or a mention of is code.
        assert!(!text.contains("://"));
        // No name makes a line that nobody reads.
        assert!(text.lines().all(|line| line.chars().count() < 3000));
        // Every sign that would begin markup has a backslash before it.
        for (place, _) in text.match_indices('<') {
            assert!(text[..place].ends_with('\\'), "{}", &text[place..]);
        }
        let report = json(snapshot);
        for finding in report["findings"].as_array().unwrap() {
            assert!(text.contains(finding["id"].as_str().unwrap()));
        }
        for rule in report["rules"].as_array().unwrap() {
            if rule["verdict"] == "not-evaluated" {
                assert!(text.contains(rule["id"].as_str().unwrap()), "{rule}");
            }
        }
    });
    insta::assert_snapshot!("report_in_markdown", report(PARTIAL, "md"));
}

/// What a rule carries is shared out among the findings of an account, so its fix gains less: nothing else is promised.
#[test]
fn the_document_promises_no_more_than_the_page() {
    let (document, page) = (report(LAST, "md"), report(LAST, "html"));
    let (_, first) = document.split_once("## What to do first\n\n").unwrap();
    let first = first
        .lines()
        .take_while(|line| !line.starts_with('#') && !line.is_empty());
    let first: Vec<&str> = first.collect();
    assert_eq!(first.len(), 5);
    for line in first {
        let (_, told) = line.split_once(": ").unwrap();
        let (told, _) = told.split_once(" of the exposure.").unwrap();
        let carries = format!("<p class=\"muted\">{told} of the exposure (");
        assert!(page.contains(&carries), "{line}");
    }
}

#[test]
fn tables_on_standard_output_are_csv_without_formulas() {
    with_hostile(|snapshot| {
        let hostile = "SELECT sam_account_name AS \"=name\", spn_count, enabled FROM accounts";
        for arguments in [
            &["accounts", snapshot][..],
            &["sql", snapshot, hostile],
            &["access", snapshot, "--as", "S-1-5-11"],
        ] {
            let text = out(&[arguments, &["--format", "csv"]].concat());
            let lines = csv_lines(&text);
            let json = out(&[arguments, &["--format", "json"]].concat());
            let rows = match serde_json::from_str::<Vec<Value>>(&json) {
                Ok(rows) => rows.len(),
                Err(_) => json.lines().count(),
            };
            assert_eq!(lines.len(), rows + 1, "{arguments:?}");
            for cell in lines.iter().flatten() {
                is_plain(cell);
                let first = cell.trim_start().chars().next();
                assert!(
                    cell.parse::<f64>().is_ok() || !matches!(first, Some('=' | '+' | '-' | '@')),
                    "{cell:?}"
                );
            }
        }
    });
    for (arguments, head) in [
        (&["rules"][..], "code,id,title"),
        (&["rules", "GM01"], "code,id,title"),
        (&["frames"], "frame,about"),
        (&["frames", "accounts"], "column,type,meaning"),
    ] {
        let text = out(&[arguments, &["--format", "csv"]].concat());
        assert!(text.starts_with(head), "{text}");
        assert!(csv_lines(&text).len() > 1);
    }
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("c.case");
    let case = case.to_str().unwrap();
    out(&["case", "add", case, LAST]);
    let lines = csv_lines(&out(&["case", "list", case, "--format", "csv"]));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0][5], "taken_at");
    assert_eq!(lines[1][5], "2026-08-31T06:00:00Z");
}

fn csv_lines(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.unwrap());
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}
