//! What people read on a terminal of 80 columns: layouts, numbers that can be redone, and what is said after a typing error.

use coldcase_tests::programs::coldcase;
use serde_json::Value;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

/// Collected by an ordinary user: hidden kinds, unreadable attributes.
const LOW: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

fn screen(arguments: &[&str]) -> String {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended.stdout
}

/// A text without its line breaks.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_account_that_rules_could_not_judge_never_shows_a_plain_zero() {
    let shown = screen(&["accounts", LOW]);
    let rows: Value =
        serde_json::from_str(&screen(&["accounts", LOW, "--format", "json"])).unwrap();
    let rows = rows.as_array().unwrap();
    let mut zeros = 0;
    for row in rows {
        let name = row["sam_account_name"].as_str().unwrap();
        let open = row["not_evaluated"].as_array().unwrap().len();
        let risk = row["risk"].as_f64().unwrap();
        let line = shown
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(open > 0, "{name}: dMSAs and KDS root keys are hidden");
        assert!(words.contains(&open.to_string().as_str()), "{line}");
        assert!(
            risk >= 100.0 || line.contains(&format!("≥ {risk:.2}")),
            "{line}"
        );
        zeros += usize::from(risk == 0.0);
    }
    assert!(zeros > 3, "{zeros}");
    let told = in_one_line(&shown);
    assert!(
        told.contains("Not seen: dMSAs are hidden") && told.contains("do not show userPassword"),
        "{told}"
    );
    // The report says the same of the same account.
    let report = screen(&["report", LOW]);
    assert!(report.contains("≥ 72.00 svc-backup (user)"), "{report}");
    assert!(
        shown
            .lines()
            .any(|line| line.trim_start().starts_with("svc-backup ") && line.contains("≥ 72.00"))
    );
}

#[test]
fn a_managed_account_that_every_rule_judged_has_a_plain_risk() {
    let shown = screen(&["accounts", LAST]);
    let line = shown
        .lines()
        .find(|line| line.trim_start().starts_with("gmsa-etl$ "))
        .unwrap();
    assert!(line.contains(" 12.00 ") && !line.contains('≥'), "{line}");
}

/// Each line of an addition is `left × weight = takes`, and what is left gets smaller by what was taken.
#[test]
fn every_risk_of_the_report_can_be_redone_by_hand() {
    for snapshot in [LAST, LOW] {
        let report = screen(&["report", snapshot, "--all"]);
        let start = report.find("Highest risks").unwrap();
        let end = report.find("Not evaluated: these").unwrap();
        let number = |text: &str| text.trim().parse::<f64>().unwrap();
        let (mut heading, mut lines, mut accounts) = (String::new(), 0, 0);
        let (mut risk, mut left, mut sum) = (0.0, 0.0, 0.0_f64);
        for line in report[start..end].lines() {
            if line.is_empty() {
                heading.clear();
            } else if line
                .split_whitespace()
                .eq(["left", "weight", "takes", "finding"])
            {
                assert!(
                    (risk - sum).abs() < 0.005,
                    "{snapshot}: {risk}, {sum} before {heading}"
                );
                let words: Vec<&str> = heading.split_whitespace().collect();
                let first = usize::from(words[0] == "≥");
                let worth = words.iter().position(|word| *word == "worth").unwrap();
                risk = number(words[first]);
                left = 100.0 * number(words[worth + 1]);
                (sum, accounts) = (0.0, accounts + 1);
            } else if let Some((product, takes)) = line.split_once(" = ") {
                let (before, weight) = product.split_once(" × ").unwrap();
                let takes = number(takes.trim().split(' ').next().unwrap());
                let (before, weight) = (number(before), number(weight));
                assert!((before - left).abs() < 0.005, "{snapshot}: {line}");
                assert!(
                    (before * weight - takes).abs() < 0.011,
                    "{snapshot}: {line}"
                );
                left = before - takes;
                (sum, lines) = (sum + takes, lines + 1);
            } else {
                heading.push_str(line);
            }
        }
        assert!((risk - sum).abs() < 0.005, "{snapshot}: {risk}, {sum}");
        assert!(
            accounts > 10 && lines > 20,
            "{snapshot}: {accounts} accounts, {lines} lines"
        );
    }
}
