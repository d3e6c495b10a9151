//! What people read on a terminal of 80 columns: layouts, numbers that can be redone, and what is said
//! after a typing error.

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
        let open = row["not_judged_by"].as_array().unwrap().len();
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

#[test]
fn every_screen_fits_a_terminal_of_80_columns() {
    let query = "SELECT sam_account_name, password_days FROM accounts";
    for arguments in [
        &["accounts", LAST][..],
        &["accounts", LOW],
        &["report", LOW],
        &["rules"],
        &["rules", "--ids"],
        &["rules", "DM01"],
        &["frames"],
        &["frames", "accounts"],
        &["info", LAST],
        &["verify", LAST],
        &["paths", LAST],
        &["plan-migration", LAST, "--all"],
        &["plan-migration", LOW],
        &["plan-migration", "--help"],
        &["access", LAST, "--as", "Helpdesk"],
        &["sql", LAST, query],
        &["assumptions"],
        &["--help"],
        &["report", "--help"],
        &["accounts", "--help"],
        &["access", "--help"],
        &["paths", "--help"],
        &["info", "--help"],
        &["verify", "--help"],
        &["rules", "--help"],
        &["rules", "new", "--help"],
        &["rules", "check", "--help"],
        &["accept", "--help"],
        &["assumptions", "--help"],
        &["reveal", "--help"],
        &["sql", "--help"],
        &["frames", "--help"],
    ] {
        let shown = screen(arguments);
        // The SQL of a page stays as it was written.
        let words = shown.split("```sql").next().unwrap();
        for line in words.lines() {
            let columns = line.chars().count();
            assert!(columns <= 80, "{arguments:?}: {columns} columns: {line}");
        }
        let help = arguments.contains(&"--help");
        assert!(
            !help || shown.contains("Examples:"),
            "{arguments:?}: {shown}"
        );
    }
}

#[test]
fn the_list_of_rules_has_one_line_or_two_for_each() {
    let rules: Value = serde_json::from_str(&screen(&["rules", "--format", "json"])).unwrap();
    let rules = rules.as_array().unwrap();
    let shown = screen(&["rules"]);
    assert!(shown.lines().count() < 2 * rules.len(), "{shown}");
    let ids = screen(&["rules", "--ids"]);
    assert_eq!(ids.lines().count(), rules.len() + 3, "{ids}");
    for rule in rules {
        let code = rule["code"].as_str().unwrap();
        let line = |text: &str| {
            let mut lines = text
                .lines()
                .filter(|line| line.trim_start().starts_with(code));
            lines.next().unwrap().to_owned()
        };
        assert!(line(&ids).ends_with(rule["id"].as_str().unwrap()));
        // Of a title at least the beginning, on the line of its code.
        let first = rule["title"].as_str().unwrap().split(' ').next().unwrap();
        assert!(line(&shown).contains(first), "{code}");
    }
}

#[test]
fn what_is_nearly_typed_right_is_offered() {
    let told = |arguments: &[&str]| {
        let ended = coldcase(arguments).unwrap();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (2, ""),
            "{arguments:?}"
        );
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        ended.stderr
    };
    for (arguments, offered) in [
        (&["frames", "acounts"][..], "did you mean accounts?"),
        (
            &["rules", "gmsa-broad-reader"],
            "did you mean gmsa-broad-readers?",
        ),
        (
            &["rules", "kerberoastable"],
            "did you mean spn-kerberoastable?",
        ),
        (
            &["report", LAST, "--rule", "spn-old-pasword"],
            "did you mean spn-old-password?",
        ),
        (
            &["sql", LAST, "SELECT sid FROM raeders"],
            "did you mean readers?",
        ),
        (
            &["sql", LAST, "SELECT enabeld FROM accounts"],
            "did you mean enabled?",
        ),
        (
            &[
                "sql",
                LAST,
                "SELECT a.kind FROM accounts a JOIN readers r ON r.accountid = a.object_id",
            ],
            "did you mean account_id?",
        ),
    ] {
        let told = told(arguments);
        assert!(told.contains(offered), "{arguments:?}: {told}");
    }
    let far = told(&["frames", "zzzzz"]);
    assert!(
        !far.contains("did you mean") && far.contains("`coldcase frames` lists"),
        "{far}"
    );
}

#[test]
fn what_the_sql_engine_lacks_is_named_in_one_sentence() {
    let exists = "SELECT sid FROM accounts a WHERE EXISTS (SELECT 1 FROM readers r WHERE r.account_id = a.object_id)";
    for (query, words) in [
        (exists, "EXISTS is not supported here; write it as WITH"),
        (
            "SELECT sid FROM accounts FETCH FIRST 1 ROWS ONLY",
            "FETCH is not supported here",
        ),
    ] {
        let ended = coldcase(&["sql", LAST, query]).unwrap();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{query}");
        assert!(
            ended.stderr.contains(words) && ended.stderr.len() < 200,
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn pages_of_ones_own_get_the_next_code_and_are_checked_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mine = path("mine");
    for (id, code) in [("one", "OWN01"), ("two", "OWN02")] {
        let made = screen(&["rules", "new", id, "-o", &mine]);
        assert!(made.contains(code), "{made}");
    }
    let rules = screen(&["rules", "--format", "json"]);
    let rules: Vec<serde_json::Value> = serde_json::from_str(&rules).unwrap();
    assert_eq!(
        screen(&["rules", "check"]),
        format!("{} pages run.\n", rules.len())
    );
    assert_eq!(screen(&["rules", "check", &mine]), "2 pages run.\n");
    assert_eq!(
        screen(&["rules", "check", &path("mine/two.md")]),
        "1 page runs.\n"
    );
    std::fs::write(path("mine/latin.md"), b"+++\nid = \"caf\xe9\"\n").unwrap();
    let told = coldcase(&["rules", "check", &mine]).unwrap();
    let latin = path("mine/latin.md");
    assert_eq!(
        told.stdout,
        format!("{latin}:2: it is not UTF-8; save it as UTF-8\n2 pages run.\n")
    );
    std::fs::write(path("notes.txt"), "a page?").unwrap();
    let told = coldcase(&["rules", "check", &path("notes.txt")]).unwrap();
    assert!(
        told.code == 2 && told.stderr.contains("is no rule page (*.md)"),
        "{told:?}"
    );
}

/// An account whose risk is 0 may still be taken over; and fewer were seen than there may be.
#[test]
fn the_list_of_accounts_says_who_takes_them_and_whether_it_is_all() {
    let rows: Value =
        serde_json::from_str(&screen(&["accounts", LAST, "--format", "json"])).unwrap();
    let shown = screen(&["accounts", LAST]);
    let mut taken = 0;
    for row in rows.as_array().unwrap() {
        let by = row["taken_over_by"].as_u64().unwrap();
        let name = row["sam_account_name"].as_str().unwrap();
        let mut lines = shown.lines().map(|line| line.replace("≥ ", ""));
        let line = lines
            .find(|line| line.trim_start().starts_with(&format!("{name} ")))
            .unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[4], by.to_string(), "{line}");
        taken += usize::from(row["risk"] == 0.0 && by > 0);
    }
    assert!(taken > 3, "{shown}");
    assert!(shown.contains("\n21 service accounts. "), "{shown}");
    let low = in_one_line(&screen(&["accounts", LOW]));
    assert!(
        low.contains("At least 19 service accounts, since dMSAs are hidden from who collected."),
        "{low}"
    );
}

#[test]
fn a_wrong_number_of_snapshots_is_told_with_the_command_that_takes_it() {
    let many = coldcase(&["diff", LOW, LAST, LAST]).unwrap();
    assert_eq!((many.code, many.stdout.as_str()), (2, ""));
    assert!(
        many.stderr.contains("two snapshots, 3 were named")
            && many.stderr.contains("coldcase trend"),
        "{}",
        many.stderr
    );
    let one = in_one_line(&screen(&["trend", LAST]));
    assert!(
        one.contains("one snapshot is no trend, name two or more; `coldcase report`"),
        "{one}"
    );
    assert!(!one.contains("-0.00"), "{one}");
}

#[test]
fn a_text_in_double_quotes_is_told_how_to_write_it() {
    let query = "SELECT sid FROM accounts WHERE kind = \"gmsa\"";
    let told = coldcase(&["sql", LAST, query]).unwrap();
    assert_eq!(told.code, 2);
    assert!(
        told.stderr
            .ends_with("a text stands in single quotes: 'gmsa'\n"),
        "{}",
        told.stderr
    );
}

/// SDDL is for who wants to check; the words stand before it.
#[test]
fn an_entry_in_sddl_has_words_beside_it() {
    let text = in_one_line(&screen(&["explain", LAST, "svc-crm", "--all"]));
    assert!(text.contains(
        "ACE: allow control access User-Force-Change-Password to Helpdesk, in SDDL (OA;;CR;"
    ));
    assert_eq!(
        text.matches("(OA;").count(),
        text.matches("in SDDL (OA;").count()
    );
}
