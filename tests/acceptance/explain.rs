//! `coldcase explain`: the one page about one account, and what it says where the snapshot is silent.

use coldcase_fixtures::Forest;
use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Explanation, Knowledge, PowerOver};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

/// Collected by an ordinary user: hidden kinds, unreadable attributes.
const MARCH: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

fn page(snapshot: &str, account: &str) -> String {
    let ended = coldcase(&["explain", snapshot, account]).unwrap();
    assert_eq!(ended.code, 0, "{account}: {ended:?}");
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        assert!(
            !line.contains('\u{1b}'),
            "colour without a terminal: {line}"
        );
    }
    ended.stdout
}

fn explanation(snapshot: &str, account: &str) -> Explanation {
    let ended = coldcase(&["explain", snapshot, account, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{account}: {ended:?}");
    let read: Explanation = serde_json::from_str(&ended.stdout).unwrap();
    let again = serde_json::to_string_pretty(&read).unwrap();
    assert_eq!(again.trim(), ended.stdout.trim());
    read
}

fn power(told: &Explanation, wanted: Power) -> &PowerOver {
    told.powers
        .iter()
        .find(|power| power.power == wanted)
        .unwrap()
}

/// A text without its line breaks.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_a_managed_account_is_the_golden_one() {
    let text = page(LAST, "gmsa-file$");
    insta::assert_snapshot!("explain_gmsa", text);
    assert_eq!(text, page(LAST, "gmsa-file$"));
}

#[test]
fn the_page_of_a_user_with_service_names_is_the_golden_one() {
    insta::assert_snapshot!("explain_user", page(LAST, "svc-crm"));
}

#[test]
fn an_account_is_found_by_each_of_its_names() {
    let told = explanation(LAST, "svc-crm");
    let subject = &told.account;
    let names = [
        "svc-crm@contoso.example",
        "CONTOSO\\svc-crm",
        subject.dn.as_deref().unwrap(),
        subject.sid.as_deref().unwrap(),
        subject.object_guid.as_deref().unwrap(),
    ];
    for name in names {
        assert_eq!(explanation(LAST, name), told, "{name}");
    }
}

#[test]
fn a_risk_is_the_sum_that_the_report_has() {
    let report = coldcase(&["report", LAST, "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    for account in report["accounts"].as_array().unwrap() {
        let name = account["subject"]["dn"].as_str().unwrap();
        if !matches!(
            account["subject"]["sam_account_name"].as_str(),
            Some("svc-sql" | "svc-backup" | "gmsa-etl$")
        ) {
            continue;
        }
        let told = explanation(LAST, name);
        let risk = serde_json::to_value(told.risk.unwrap()).unwrap();
        assert_eq!(&risk, account, "{name}");
        assert_eq!(
            told.findings.len(),
            account["findings"].as_array().unwrap().len()
        );
        for finding in &told.findings {
            let rule = told
                .rules
                .iter()
                .find(|rule| rule.id == finding.finding.rule);
            let rule = rule.unwrap();
            assert!(!rule.why.is_empty() && !rule.fix.is_empty(), "{}", rule.id);
            assert!(!rule.fix.contains("```"), "{}: {}", rule.id, rule.fix);
        }
    }
}

/// In March nobody but administrators would have seen root keys, dMSAs and who delegates.
#[test]
fn what_an_ordinary_user_is_not_shown_is_not_known() {
    let told = explanation(MARCH, "gmsa-sql$");
    let delegate = power(&told, Power::Delegate);
    assert_eq!(delegate.knowledge, Knowledge::Partly);
    assert!(
        delegate
            .why
            .contains("msDS-AllowedToActOnBehalfOfOtherIdentity")
    );
    assert!(told.reach.delegates_to_unknown.is_some());
    assert_eq!(told.rotation.root_key.as_ref().unwrap().present, None);
    assert!(!told.not_judged.is_empty() && !told.not_seen.is_empty());
    // What an ordinary user is shown is known.
    let read = power(&told, Power::Read);
    assert_eq!(read.knowledge, Knowledge::Known);
    assert_eq!(read.others[0].name, "SQL Hosts");
    assert_eq!(read.others[0].principals, 4);

    let text = in_one_line(&page(MARCH, "gmsa-sql$"));
    assert!(text.contains("≥ 0.00 of 100"), "{text}");
    assert!(
        text.contains("Services it delegates to: not known"),
        "{text}"
    );
    assert!(text.contains("root keys may be hidden"), "{text}");
    assert!(
        text.contains("UPN not known") || !text.contains("UPN"),
        "{text}"
    );
    let at = text.find("Who can impersonate users to it").unwrap();
    let told = &text[at..];
    assert!(told.starts_with("Who can impersonate users to it Not known in full"));
    assert!(told.contains("Nobody is seen to."), "{told}");

    // The same account in a month that an administrator collected.
    let seen = explanation(LAST, "gmsa-sql$");
    assert_eq!(power(&seen, Power::Delegate).knowledge, Knowledge::Known);
    assert_eq!(seen.reach.delegates_to_unknown, None);
    assert_eq!(seen.rotation.root_key.unwrap().present, Some(true));
}

/// A list of readers and permissions that were not shown are unknown for everybody who asks, also for administrators.
#[test]
fn what_is_missing_is_never_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.sqlite.zst");
    let forest = Forest::new("corp.example")
        .gmsa("gmsa-a")
        .unset("msDS-GroupMSAMembership")
        .unset("nTSecurityDescriptor")
        .unset("userAccountControl")
        .unset("msDS-ManagedPasswordId")
        .unset("pwdLastSet");
    forest.write_snapshot(&path).unwrap();
    let path = path.to_str().unwrap();
    let told = explanation(path, "gmsa-a$");
    for wanted in [Power::Read, Power::Reset, Power::Control] {
        let power = power(&told, wanted);
        assert_eq!(power.knowledge, Knowledge::Unknown, "{wanted:?}");
        assert!(power.why.contains("not readable"), "{}", power.why);
    }
    let delegate = power(&told, Power::Delegate);
    assert_eq!(delegate.knowledge, Knowledge::Partly);
    assert!(told.reach.delegates_to_unknown.is_some());
    assert_eq!(told.identity.enabled, None);
    assert!(told.reach.taken_over_unknown.is_some());
    assert_eq!(told.reach.unconstrained, None);
    let unknown: Vec<&str> = told
        .rotation
        .unknown
        .iter()
        .map(|fact| fact.attribute.as_str())
        .collect();
    assert!(unknown.contains(&"pwdLastSet"), "{unknown:?}");
    assert!(unknown.contains(&"msDS-ManagedPasswordId"), "{unknown:?}");
    let text = in_one_line(&page(path, "gmsa-a$"));
    assert!(!text.contains("Nobody."), "{text}");
    assert!(!text.contains("Nobody but"), "{text}");
    assert!(
        text.contains("password set not known: pwdLastSet"),
        "{text}"
    );
    assert!(
        text.contains("state not known: userAccountControl"),
        "{text}"
    );
    assert!(text.contains("next due not known"), "{text}");
}

/// Names come from strangers: none may move the cursor, colour the terminal or turn the direction of text.
#[test]
fn hostile_names_are_made_visible() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.sqlite.zst");
    let evil = "\u{1b}[31mred\u{1b}[0m\u{202e}txt\u{7}";
    let forest = Forest::new("corp.example")
        .user("evil")
        .set("displayName", evil)
        .group("Readers")
        .set("sAMAccountName", &format!("Readers{evil}"))
        .member("evil")
        .user("svc")
        .spn(&format!("HTTP/web{evil}.corp.example"))
        .description(evil)
        .delegates_to(&format!("HTTP/{evil}"))
        .grant_right("Readers", "User-Force-Change-Password");
    forest.write_snapshot(&path).unwrap();
    let path = path.to_str().unwrap();
    for arguments in [
        &["explain", path, "svc"][..],
        &["explain", path, "svc", "--all"],
    ] {
        let ended = coldcase(arguments).unwrap();
        assert_eq!(ended.code, 0, "{ended:?}");
        let hidden = ['\u{1b}', '\u{202e}', '\u{7}'];
        assert!(!ended.stdout.contains(hidden), "{}", ended.stdout);
        assert!(
            ended.stdout.matches("\u{fffd}[31mred").count() >= 3,
            "{}",
            ended.stdout
        );
    }
    // Programs get what the directory says.
    let told = explanation(path, "svc");
    assert_eq!(told.identity.description.as_deref(), Some(evil));
}

/// contoso's svc-bi has one in its description.
#[test]
fn a_password_in_free_text_is_not_repeated() {
    let text = page(LAST, "svc-bi");
    assert!(!text.contains("Summer2026"), "{text}");
    let text = in_one_line(&text);
    assert!(
        text.contains("it may hold a password (spn-password-in-text)"),
        "{text}"
    );
    let told = explanation(LAST, "svc-bi");
    assert_eq!(told.identity.description, None);
}

#[test]
fn who_is_no_service_account_is_told_so() {
    let text = in_one_line(&page(LAST, "Helpdesk"));
    assert!(text.contains("This is no service account"), "{text}");
    assert!(
        text.contains("may reset the password of 62 objects"),
        "{text}"
    );
    assert!(text.contains("june.dunmoor is in Helpdesk"), "{text}");
    assert!(!text.contains("Who can read its password"), "{text}");
    let text = in_one_line(&page(LAST, "FILE01$"));
    assert!(text.contains("This is no service account"), "{text}");
}

#[test]
fn what_names_no_account_gets_a_sentence() {
    let said = |account: &str| {
        let ended = coldcase(&["explain", LAST, account]).unwrap();
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(ended.stdout, "");
        ended.stderr
    };
    let near = said("gmsa-sqk");
    assert!(
        near.contains("did you mean") && near.contains("CN=gmsa-sql,"),
        "{near}"
    );
    let container = said("OU=Services,DC=contoso,DC=example");
    assert!(
        container.contains("is no account but of kind ou"),
        "{container}"
    );
    let stranger = said("S-1-5-21-9-9-9-1104");
    assert!(
        stranger.contains("no object of the snapshot has the SID"),
        "{stranger}"
    );
}
