//! The committed company: what its twelve months say, always in the same bytes.

use coldcase_tests::programs::{coldcase, workspace};
use serde_json::Value;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

fn report(snapshot: &str) -> Value {
    let ended = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    for format in ["json", "text"] {
        let once = coldcase(&["report", LAST, "--format", format]).unwrap();
        let twice = coldcase(&["report", LAST, "--format", format]).unwrap();
        assert_eq!(once.stdout, twice.stdout);
        assert!(!once.stdout.is_empty());
    }
}

#[test]
fn the_text_report_is_the_golden_one() {
    let ended = coldcase(&["report", LAST]).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!("contoso_report", ended.stdout);
    for line in ended
        .stdout
        .lines()
        .filter(|line| !line.contains("SHA-256"))
    {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        assert!(
            !line.contains('\u{1b}'),
            "colour without a terminal: {line}"
        );
    }
}

#[test]
fn the_json_report_is_the_golden_one() {
    let ended = coldcase(&["report", LAST, "--format", "json"]).unwrap();
    insta::assert_snapshot!("contoso_json", ended.stdout);
}

#[test]
fn every_month_is_readable_and_its_numbers_hold_together() {
    let mut months: Vec<_> = std::fs::read_dir(workspace().join("fixtures/snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("contoso-"))
        .collect();
    months.sort();
    assert_eq!(months.len(), 12);
    for month in months {
        let path = month.to_str().unwrap();
        assert_eq!(coldcase(&["verify", path]).unwrap().code, 0, "{path}");
        let report = report(path);
        let findings = report["findings"].as_array().unwrap();
        let counted: u64 = report["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["findings"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, findings.len() as u64, "{path}");
        let low_privilege = path.contains("2026-03");
        let unknown = report["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule["verdict"] == "not-evaluated" && rule["beyond_snapshot"] == false)
            // The settings of group policies are collected on demand, and were not.
            .filter(|rule| !rule["reason"].as_str().unwrap().contains("--sysvol"))
            .count();
        assert_eq!(
            unknown > 0,
            low_privilege,
            "{path}: {unknown} rules not evaluated"
        );
        let (least, most) = (
            report["score"]["gross"]["exposure"].as_f64().unwrap(),
            report["score"]["gross"]["exposure_max"].as_f64().unwrap(),
        );
        // Of rules that need the settings of group policies one is low, the other info.
        assert_eq!(most - least > 10.01, low_privilege, "{path}");
        for account in report["accounts"].as_array().unwrap() {
            let untouched: f64 = account["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|term| 1.0 - term["weight"].as_f64().unwrap())
                .product();
            let by_hand = 100.0 * account["impact"].as_f64().unwrap() * (1.0 - untouched);
            let told = account["risk"].as_f64().unwrap();
            let added: f64 = account["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|term| term["share"].as_f64().unwrap())
                .sum();
            assert!(
                (added - told).abs() < 0.001,
                "{path}: {added} added, {told} told"
            );
            assert!(
                (by_hand - told).abs() < 0.6,
                "{path} {}: {told} told, {by_hand} by hand",
                account["subject"]["sam_account_name"]
            );
        }
    }
}

#[test]
fn a_snapshot_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("evidence.sqlite.zst");
    std::fs::copy(workspace().join(LAST), &copy).unwrap();
    let before = std::fs::read(&copy).unwrap();
    let path = copy.to_str().unwrap();
    for command in ["report", "accounts", "info", "verify", "paths"] {
        let ended = coldcase(&[command, path, "-o", path]).unwrap();
        assert_eq!(ended.code, 2, "{command}: {ended:?}");
        assert!(
            ended.stderr.contains("never overwritten"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(std::fs::read(&copy).unwrap(), before);
}

#[test]
fn every_command_gives_the_same_bytes_twice() {
    let query = "SELECT kind, COUNT(*) AS n FROM objects GROUP BY kind";
    for arguments in [
        &["accounts", LAST][..],
        &["accounts", LAST, "--format", "json"],
        &["sql", LAST, query],
        &["sql", LAST, "SELECT * FROM readers"],
        &["access", LAST, "--as", "Helpdesk"],
        &["access", LAST, "--as", "Helpdesk", "--format", "json"],
        &["paths", LAST, "--all"],
        &["paths", LAST, "--format", "json"],
        &["rules"],
        &["frames", "--format", "json"],
        &["info", LAST],
        &["verify", LAST],
    ] {
        let once = coldcase(arguments).unwrap();
        assert_eq!(once.code, 0, "{arguments:?}: {once:?}");
        assert_eq!(
            once.stdout,
            coldcase(arguments).unwrap().stdout,
            "{arguments:?}"
        );
    }
}

#[test]
fn exit_codes_follow_the_contract() {
    let code = |more: &[&str]| coldcase(&[&["report", LAST], more].concat()).unwrap().code;
    assert_eq!(code(&["--fail-on", "info"]), 1);
    let partial = "fixtures/snapshots/contoso-2026-03.sqlite.zst";
    assert_eq!(coldcase(&["report", partial, "--strict"]).unwrap().code, 3);
    assert_eq!(coldcase(&["report", partial]).unwrap().code, 0);
    // One that fired without having seen everything, and one that saw all.
    assert_eq!(code(&["--rule", "spn-shadow-account", "--strict"]), 3);
    assert_eq!(code(&["--rule", "gmsa-rotation-stalled", "--strict"]), 0);
}

#[test]
fn the_inventory_lists_every_service_account_once() {
    let ended = coldcase(&["accounts", LAST, "--format", "json"]).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let mut names: Vec<_> = rows.iter().map(|row| row["dn"].as_str().unwrap()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 15, "{count}");
}

#[test]
fn info_reads_the_label() {
    let ended = coldcase(&["info", LAST, "--format", "json"]).unwrap();
    let manifest: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(manifest["domain"], "contoso.example");
}
