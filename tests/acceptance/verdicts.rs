//! Subjects that cannot be judged: whose verdict they leave alone, and where they are named.

use std::collections::BTreeMap;
use std::path::Path;

use coldcase_fixtures::Forest;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

/// Judges each account by its own permissions.
const BY_ITSELF: &str = "account-reset-password";

/// Looks at the other end of a delegation too.
const BY_OTHERS: &str = "delegation-constrained";

/// A domain with a help desk and two accounts with service principal names; the calls that follow are about `svc-unseen`.
fn two_accounts() -> Forest {
    Forest::new("corp.example")
        .user("ole.dahl")
        .group("Helpdesk")
        .member("ole.dahl")
        .user("svc-seen")
        .spn("MSSQLSvc/sql01.corp.example:1433")
        .user("svc-unseen")
        .spn("HTTP/web01.corp.example")
}

/// The report of one rule, as JSON and as text.
fn report_of(forest: Forest, rule: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite.zst");
    forest.write_snapshot(Path::new(&path)).unwrap();
    let run = |format: &str| {
        let snapshot = path.to_str().unwrap();
        let arguments = ["report", snapshot, "--rule", rule, "--format", format];
        let ended = coldcase(&arguments).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    };
    let words = run("text");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    (serde_json::from_str(&run("json")).unwrap(), words)
}

/// Verdict, subjects that could not be judged, and whether all others were.
fn ending(report: &Value, rule: &str) -> (String, u64, bool) {
    let results = report["rules"].as_array().unwrap();
    let result = results.iter().find(|result| result["id"] == rule).unwrap();
    (
        result["verdict"].as_str().unwrap().to_owned(),
        result["unknown_subjects"].as_u64().unwrap(),
        result["others_judged"].as_bool().unwrap(),
    )
}

/// What could not judge each account, by its name.
fn unjudged(report: &Value) -> BTreeMap<String, Vec<String>> {
    let accounts = report["accounts"].as_array().unwrap().iter();
    accounts
        .map(|account| {
            let name = account["subject"]["sam_account_name"].as_str().unwrap();
            let rules = account["not_evaluated"].as_array().unwrap().iter();
            let rules = rules.map(|rule| rule.as_str().unwrap().to_owned());
            (name.to_owned(), rules.collect())
        })
        .collect()
}

#[test]
fn an_account_that_shows_nothing_leaves_the_others_judged() {
    let forest = two_accounts().unset("nTSecurityDescriptor");
    let (report, words) = report_of(forest, BY_ITSELF);
    let expected = ("not-evaluated".to_owned(), 1, true);
    assert_eq!(ending(&report, BY_ITSELF), expected);
    let unjudged = unjudged(&report);
    assert_eq!(unjudged["svc-unseen"], [BY_ITSELF]);
    assert_eq!(unjudged["svc-seen"], [] as [&str; 0]);
    assert!(
        words.contains("Not judged by every rule") && words.contains("svc-unseen (1 rule)"),
        "{words}"
    );
}

#[test]
fn an_account_that_shows_nothing_is_named_beside_a_finding_on_another() {
    let forest = two_accounts()
        .unset("nTSecurityDescriptor")
        .on("svc-seen")
        .grant_right("Helpdesk", "User-Force-Change-Password");
    let (report, words) = report_of(forest, BY_ITSELF);
    let expected = ("fired".to_owned(), 1, true);
    assert_eq!(ending(&report, BY_ITSELF), expected);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["subject"]["sam_account_name"], "svc-seen");
    let unjudged = unjudged(&report);
    assert_eq!(unjudged["svc-unseen"], [BY_ITSELF]);
    assert_eq!(unjudged["svc-seen"], [] as [&str; 0]);
    assert!(words.contains("svc-unseen (1 rule)"), "{words}");
}

#[test]
fn what_a_frame_does_not_tell_of_one_account_leaves_the_others_judged() {
    const RULE: &str = "spn-short-password";
    let forest = two_accounts()
        .pso("Long", 10)
        .applies_to(&["svc-seen"])
        .pso("One", 20)
        .applies_to(&["svc-unseen"])
        .pso("Other", 30)
        .applies_to(&["svc-unseen"])
        .unset("msDS-PasswordSettingsPrecedence");
    let (report, _) = report_of(forest, RULE);
    assert_eq!(ending(&report, RULE), ("not-evaluated".to_owned(), 1, true));
    let unjudged = unjudged(&report);
    assert_eq!(unjudged["svc-unseen"], [RULE]);
    assert_eq!(unjudged["svc-seen"], [] as [&str; 0]);
    let rules = report["rules"].as_array().unwrap();
    let reason = rules.iter().find(|rule| rule["id"] == RULE).unwrap()["reason"].clone();
    assert_eq!(
        reason,
        "1 object could not be judged: the password policy that applies is not known"
    );
}

#[test]
fn a_rule_that_looks_further_judges_nobody_while_something_is_hidden() {
    let forest = two_accounts().unset("userAccountControl");
    let (report, _) = report_of(forest, BY_OTHERS);
    let expected = ("not-evaluated".to_owned(), 1, false);
    assert_eq!(ending(&report, BY_OTHERS), expected);
    assert_eq!(unjudged(&report)["svc-unseen"], [BY_OTHERS]);
}

#[test]
fn nothing_is_unjudged_where_everything_is_seen() {
    let (report, words) = report_of(two_accounts(), BY_ITSELF);
    let expected = ("clear".to_owned(), 0, true);
    assert_eq!(ending(&report, BY_ITSELF), expected);
    assert!(unjudged(&report).values().all(Vec::is_empty), "{report}");
    assert!(!words.contains("Not judged by every rule"), "{words}");
}

#[test]
fn findings_are_about_the_kinds_that_their_page_names() {
    let rules = coldcase(&["rules", "--format", "json"]).unwrap().stdout;
    let rules: Value = serde_json::from_str(&rules).unwrap();
    let rules = rules.as_array().unwrap();
    let snapshot = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    let report = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 30, "{}", findings.len());
    for finding in findings {
        let rule = rules.iter().find(|rule| rule["id"] == finding["rule"]);
        let kinds = rule.unwrap()["applies_to"].as_array().unwrap();
        let kind = &finding["subject"]["kind"];
        assert!(kinds.contains(kind), "{}: {kind}", finding["rule"]);
    }
}
