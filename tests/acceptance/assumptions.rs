//! What an analysis is told to assume: where it comes from, what it changes, and that every report repeats it.

use std::fs;
use std::path::Path;

use coldcase_fixtures::{Forest, scenarios};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

const MANY: &str = "gmsa-many-readers";
const RESET: &str = "account-reset-password";

fn scenario(name: &str) -> Forest {
    (scenarios::find(name).unwrap().forest)()
}

/// The report on a forest, with `toml` beside its snapshot.
fn report(rule: &str, forest: Forest, toml: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("s.sqlite.zst");
    forest.write_snapshot(&snapshot).unwrap();
    if !toml.is_empty() {
        fs::write(folder.path().join("coldcase.toml"), toml).unwrap();
    }
    let snapshot = snapshot.to_str().unwrap();
    let ended = coldcase(&["report", snapshot, "--format", "json", "--rule", rule]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn verdict(report: &Value, rule: &str) -> String {
    let rules = report["rules"].as_array().unwrap();
    let result = rules.iter().find(|result| result["id"] == rule).unwrap();
    result["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn the_documented_file_changes_nothing_and_is_never_written_over() {
    let documented = coldcase(&["assumptions"]).unwrap().stdout;
    let forest = || scenario(&format!("{MANY}/fires"));
    let (plain, mut told) = (
        report(MANY, forest(), ""),
        report(MANY, forest(), &documented),
    );
    assert_eq!(told["assumptions_file"], "coldcase.toml");
    told["assumptions_file"] = Value::Null;
    assert_eq!(plain, told);
    let assumed = plain["assumptions"].as_array().unwrap();
    assert!(
        assumed
            .iter()
            .all(|assumption| assumption["default"] == true)
    );
    let lines = documented
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with('#'));
    assert_eq!(assumed.len(), lines.count());

    let json = coldcase(&["assumptions", "--format", "json"])
        .unwrap()
        .stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array(), Some(assumed));
    let csv = coldcase(&["assumptions", "--format", "csv"])
        .unwrap()
        .stdout;
    assert_eq!(csv.lines().count(), 1 + assumed.len());
    assert!(csv.contains("thresholds.readers,50,"), "{csv}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("coldcase.toml");
    let path = file.to_str().unwrap();
    assert_eq!(coldcase(&["assumptions", "-o", path]).unwrap().code, 0);
    fs::write(&file, "# mine\n").unwrap();
    assert_eq!(coldcase(&["assumptions", "-o", path]).unwrap().code, 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
}

#[test]
fn a_threshold_moves_the_verdict_and_the_hash() {
    let forest = || scenario(&format!("{MANY}/fires"));
    let (plain, wide) = (
        report(MANY, forest(), ""),
        report(MANY, forest(), "[thresholds]\nreaders = 1000\n"),
    );
    assert_eq!(verdict(&plain, MANY), "fired");
    assert_eq!(verdict(&wide, MANY), "clear");
    let changed: Vec<&Value> = wide["assumptions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|assumption| assumption["default"] == false)
        .collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["key"], "thresholds.readers");
    assert_eq!(
        plain["score"]["rule_pack_sha256"],
        wide["score"]["rule_pack_sha256"]
    );
    assert_ne!(
        plain["score"]["inputs_sha256"],
        wide["score"]["inputs_sha256"]
    );
}

#[test]
fn what_is_added_to_tier_0_is_worth_everything() {
    let forest = || scenario(&format!("{RESET}/fires"));
    let account = |report: &Value| {
        let findings = report["findings"].as_array().unwrap();
        let finding = findings.iter().find(|f| f["rule"] == RESET).unwrap();
        (
            finding["subject"]["sam_account_name"]
                .as_str()
                .unwrap()
                .to_owned(),
            finding["severity"].as_str().unwrap().to_owned(),
        )
    };
    let (name, severity) = account(&report(RESET, forest(), ""));
    assert_eq!(severity, "high");
    let added = report(
        RESET,
        forest(),
        &format!("[tier0]\nadd = [\"{name}\", \"Nobody\"]\n"),
    );
    assert_eq!(account(&added).1, "critical");
    assert_eq!(added["unmatched"].as_array().unwrap().len(), 1);
    let accounts = added["accounts"].as_array().unwrap();
    let risk = accounts
        .iter()
        .find(|a| a["subject"]["sam_account_name"] == name.as_str())
        .unwrap();
    assert_eq!(
        (&risk["impact"], &risk["impact_reason"]),
        (&1.0.into(), &"tier 0".into())
    );
}

/// Who leaves one rule for tier 0 must be in the one that tells of tier 0.
#[test]
fn a_group_added_to_tier_0_has_its_members_told() {
    let forest = || {
        Forest::new("corp.example")
            .user("svc-sync")
            .spn("HTTP/sync.corp.example")
            .group("Sync")
            .member("svc-sync")
            .group("Identity")
            .member("Sync")
            .on("Domain Admins")
            .ace("(A;;GA;;;{Identity})")
    };
    let found = |rule: &str, toml: &str| -> Vec<(String, String, String)> {
        let report = report(rule, forest(), toml);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| {
                (
                    text(&finding["subject"]["sam_account_name"]),
                    text(&finding["evidence"]["privileged_group"]),
                    text(&finding["evidence"]["via"]),
                )
            })
            .collect()
    };
    let (way, member) = ("tier0-in-reach", "privileged-membership");
    let added = "[tier0]\nadd = [\"Identity\"]\n";
    assert_eq!(found(way, "").len(), 1);
    assert_eq!(found(member, ""), []);
    assert_eq!(found(way, added), []);
    let told = ["svc-sync", "Identity", "Sync → Identity"].map(str::to_owned);
    assert_eq!(found(member, added), [told.into()]);
    // Who may fill it is told as of any group of tier 0.
    let filled = |toml| {
        let forest = forest().on("Identity").ace("(A;;GA;;;{Domain Users})");
        let report = report("group-takeover", forest, toml);
        let findings = report["findings"].as_array().unwrap();
        let of_it = |finding: &&Value| finding["subject"]["sam_account_name"] == "Identity";
        findings.iter().find(of_it).unwrap()["severity"].clone()
    };
    assert_eq!(filled(added), "critical");
    assert_ne!(filled(""), "critical");
}

#[test]
fn a_named_file_comes_before_the_one_beside_the_snapshot_and_a_broken_one_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let snapshot = path("s.sqlite.zst");
    scenario(&format!("{MANY}/fires"))
        .write_snapshot(Path::new(&snapshot))
        .unwrap();
    fs::write(path("coldcase.toml"), "[thresholds]\nreaders = 1000\n").unwrap();
    fs::write(path("mine.toml"), "[thresholds]\nreaders = 2\n").unwrap();
    fs::write(path("broken.toml"), "[thresholds]\nreader = 2\n").unwrap();
    let query = "SELECT readers FROM assumptions";
    let asked = |more: &[&str]| {
        let mut arguments = vec!["sql", snapshot.as_str(), query, "--format", "json"];
        arguments.extend(more);
        coldcase(&arguments).unwrap()
    };
    assert!(asked(&[]).stdout.contains("1000"));
    assert!(
        asked(&["--config", &path("mine.toml")])
            .stdout
            .contains("\"readers\": 2")
    );
    for file in ["broken.toml", "missing.toml"] {
        let ended = asked(&["--config", &path(file)]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(ended.stderr.contains(file), "{}", ended.stderr);
    }
    assert!(
        asked(&["--config", &path("broken.toml")])
            .stderr
            .contains("line 2")
    );
}

#[test]
fn people_who_have_nothing_to_do_with_it_do_not_change_the_score() {
    let forest = || scenario(&format!("{RESET}/fires"));
    let mut crowded = forest();
    for number in 0..40 {
        crowded = crowded
            .user(&format!("person{number}"))
            .person("A Person")
            .in_ou("OU=People");
    }
    assert_eq!(
        report(RESET, forest(), "")["score"]["gross"],
        report(RESET, crowded, "")["score"]["gross"]
    );
}
