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
    assert!(text.contains(&format!("\n{reaching} of ")), "{text}");
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
