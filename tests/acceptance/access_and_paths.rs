//! `coldcase access` and `coldcase paths` on the committed company: what they print, and what they say to bad questions.

use coldcase_tests::programs::coldcase;
use serde_json::Value;

/// Collected with low privilege, in a month with a Server 2025 controller that lacks the update.
const MARCH: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";
const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

fn printed(arguments: &[&str]) -> String {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    assert_eq!(
        ended.stdout,
        coldcase(arguments).unwrap().stdout,
        "{arguments:?}"
    );
    ended.stdout
}

fn narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
    }
}

#[test]
fn the_outline_of_the_control_graph_is_the_golden_one() {
    let text = printed(&["paths", MARCH]);
    narrow(&text);
    insta::assert_snapshot!("contoso_paths", text);
    let overview: Value =
        serde_json::from_str(&printed(&["paths", MARCH, "--format", "json"])).unwrap();
    let reaching = overview["reaching"].as_u64().unwrap();
    let told: u64 = overview["distances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|distance| distance["principals"].as_u64().unwrap())
        .sum();
    assert_eq!(told, reaching);
    // Somebody with low privilege collected it.
    assert!(
        text.contains(&format!("\nAt least {reaching} of ")),
        "{text}"
    );
}

#[test]
fn ways_are_told_step_by_step_in_both_directions() {
    let from = printed(&["paths", MARCH, "--from", "lior.dunmoor"]);
    narrow(&from);
    assert!(from.contains("→ is in Helpdesk"), "{from}");
    assert!(from.contains("may reset the password of svc-crm"), "{from}");
    assert!(from.contains("User-Force-Change-Password"), "{from}");
    let to: Value = serde_json::from_str(&printed(&[
        "paths", MARCH, "--to", "svc-crm", "--format", "json",
    ]))
    .unwrap();
    assert_eq!(to["by"]["count"], 3);
    let between = printed(&["paths", MARCH, "--from", "lior.dunmoor", "--to", "svc-crm"]);
    assert!(
        between.contains("lior.dunmoor reaches svc-crm in 2 steps"),
        "{between}"
    );
    let none = printed(&["paths", MARCH, "--from", "svc-crm", "--to", "lior.dunmoor"]);
    assert!(
        none.contains("No way is seen from svc-crm to lior.dunmoor."),
        "{none}"
    );
}

#[test]
fn what_was_not_readable_is_said_and_never_passes_for_no_right() {
    let text = printed(&["paths", MARCH]);
    let overview: Value =
        serde_json::from_str(&printed(&["paths", MARCH, "--format", "json"])).unwrap();
    let blind = &overview["not_evaluated"];
    let seen = blind["permissions"] == 0
        && blind["attributes"] == 0
        && blind["queries"] == Value::Array(Vec::new())
        && blind["hidden"] == Value::Array(Vec::new())
        && blind["cut_short"] == 0;
    assert_eq!(!seen, text.contains("Not evaluated"), "{text}");
    let lines = printed(&["access", MARCH, "--as", "Everyone", "--format", "json"]);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > 100);
    for line in &lines {
        let evaluated = line["evaluated"].as_bool().unwrap();
        assert_eq!(line["sd_rights"].is_null(), !evaluated, "{line}");
        assert!(
            evaluated || !line["reason"].as_str().unwrap().is_empty(),
            "{line}"
        );
    }
}

#[test]
fn a_right_comes_with_the_ace_that_decides() {
    let text = printed(&["access", MARCH, "--as", "Helpdesk", "--on", "svc-crm"]);
    narrow(&text);
    assert!(text.contains("may reset its password"), "{text}");
    assert!(text.contains("(ACE "), "{text}");
    let one = printed(&[
        "access", MARCH, "--as", "Helpdesk", "--on", "svc-crm", "--format", "json",
    ]);
    let one: Value = serde_json::from_str(&one).unwrap();
    let right = &one["rights"][0];
    assert_eq!(right["right"], "reset-password");
    assert!(right["ace"].is_u64(), "{one}");
    let all = printed(&["access", LAST, "--as", "Domain Admins"]);
    narrow(&all);
    assert!(all.contains("full-control on "), "{all}");
}

#[test]
fn names_that_mean_nothing_or_too_much_are_refused_with_a_way_out() {
    for (arguments, said) in [
        (
            &["access", LAST, "--as", "nosuch"][..],
            "nothing in the snapshot is named",
        ),
        (
            &["access", LAST, "--as", "svc-cr"],
            "did you mean one of these?",
        ),
        (
            &["access", LAST, "--as", "OU=People,DC=contoso,DC=example"],
            "has no SID",
        ),
        (
            &["access", LAST, "--as", "S-1-5-21-1-2-3-4"],
            "has the SID S-1-5-21-1-2-3-4",
        ),
        (
            &["paths", LAST, "--to", "nosuch"],
            "nothing in the snapshot is named",
        ),
        (
            &["paths", LAST, "--from", "S-1-5-21-1-2-3-4"],
            "nothing leads from or to it",
        ),
    ] {
        let ended = coldcase(arguments).unwrap();
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(
            ended.stderr.contains(said),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "{arguments:?}");
    }
}

/// JSON and CSV tell how much of a list was left out, so that ten never pass for all.
#[test]
fn what_was_cut_is_counted() {
    let few: Value = serde_json::from_str(&printed(&["paths", LAST, "--format", "json"])).unwrap();
    let all: Value =
        serde_json::from_str(&printed(&["paths", LAST, "--all", "--format", "json"])).unwrap();
    let count = |value: &Value, list: &str| value[list].as_array().unwrap().len() as u64;
    for list in ["service_accounts", "exposed", "chokes"] {
        let left_out = few["left_out"][list].as_u64().unwrap();
        assert_eq!(count(&few, list) + left_out, count(&all, list), "{list}");
        assert_eq!(all["left_out"][list], 0);
    }
    assert!(few["left_out"]["exposed"].as_u64().unwrap() > 0);
    let to = ["paths", LAST, "--to", "gmsa-jobs$", "--format", "json"];
    let to: Value = serde_json::from_str(&printed(&to)).unwrap();
    let by = &to["by"];
    let told = count(by, "chains") + by["left_out"].as_u64().unwrap();
    assert_eq!(by["count"].as_u64().unwrap(), told);
    assert!(told > 10);

    let folder = tempfile::tempdir().unwrap();
    let tables = folder.path().to_str().unwrap();
    printed(&["paths", LAST, "--format", "csv", "-o", tables]);
    let table = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(table("exposed.csv").lines().count(), 11);
    let left_out = few["left_out"]["exposed"].as_u64().unwrap();
    let line =
        format!("accounts that can be taken over that are not in these tables (--all),{left_out}");
    assert!(
        table("summary.csv").contains(&line),
        "{}",
        table("summary.csv")
    );
}

#[test]
fn what_is_never_looked_at_is_said_with_every_answer() {
    for more in [
        &[][..],
        &["--from", "lior.dunmoor"],
        &["--to", "svc-crm"],
        &["--from", "svc-crm", "--to", "lior.dunmoor"],
    ] {
        let text = printed(&[&["paths", LAST], more].concat());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("(sessions) and what certificates allow (AD CS) is not looked at"),
            "{text}"
        );
    }
    let low = printed(&["paths", MARCH, "--to", "svc-crm"]);
    let low = low.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(low.contains("that reach svc-crm: at least 3"), "{low}");
}
