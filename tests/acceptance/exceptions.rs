//! Accepted findings: what an exception changes, what it never hides, and when it is void.

use std::fs;
use std::path::Path;

use coldcase_fixtures::Forest;
use coldcase_fixtures::scenarios;
use coldcase_tests::programs::{Ended, coldcase};
use serde_json::Value;

const RULE: &str = "account-reset-password";

/// A folder with the snapshot of a forest.
struct Case(tempfile::TempDir);

impl Case {
    fn of(forest: Forest) -> Self {
        let case = Self(tempfile::tempdir().unwrap());
        forest.write_snapshot(Path::new(&case.snapshot())).unwrap();
        case
    }

    fn snapshot(&self) -> String {
        self.file("s.sqlite.zst")
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn report(&self, more: &[&str]) -> Value {
        let snapshot = self.snapshot();
        let mut arguments = vec![
            "report",
            snapshot.as_str(),
            "--format",
            "json",
            "--rule",
            RULE,
        ];
        arguments.extend(more);
        let ended = coldcase(&arguments).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    fn accept(&self, finding: &str, until: &str) -> Ended {
        let snapshot = self.snapshot();
        coldcase(&[
            "accept",
            &snapshot,
            finding,
            "--owner",
            "Anna Berg",
            "--reason",
            "Until the move",
            "--until",
            until,
        ])
        .unwrap()
    }
}

fn firing() -> Forest {
    (scenarios::find(&format!("{RULE}/fires")).unwrap().forest)()
}

fn finding_of(report: &Value) -> Value {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["rule"] == RULE)
        .unwrap()
        .clone()
}

fn exposure(report: &Value, which: &str) -> f64 {
    report["score"][which]["exposure"].as_f64().unwrap()
}

#[test]
fn an_accepted_finding_leaves_the_net_and_nothing_else() {
    let case = Case::of(firing());
    let before = case.report(&[]);
    assert_eq!(before["score"]["gross"], before["score"]["net"]);
    let id = finding_of(&before)["id"].as_str().unwrap().to_owned();
    let snapshot = case.snapshot();
    let failing = ["report", &snapshot, "--fail-on", "high"];
    assert_eq!(coldcase(&failing).unwrap().code, 1);

    let ended = case.accept(&id.to_lowercase(), "2099-12-31");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("coldcase-exceptions.toml"),
        "{}",
        ended.stdout
    );

    let after = case.report(&[]);
    assert_eq!(before["score"]["gross"], after["score"]["gross"]);
    assert!(exposure(&after, "net") < exposure(&after, "gross"));
    assert_eq!(finding_of(&after)["accepted"]["owner"], "Anna Berg");
    assert_eq!(after["exceptions"][0]["state"], "applied");
    assert_eq!(after["exceptions"][0]["finding"], id.as_str());
    assert_eq!(before["rules"], after["rules"]);
    assert_ne!(
        before["score"]["inputs_sha256"],
        after["score"]["inputs_sha256"]
    );
    assert_eq!(coldcase(&failing).unwrap().code, 0);
    let told = coldcase(&["report", &snapshot, "--all"]).unwrap().stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("accepted by Anna Berg until 2099-12-31: Until the move"),
        "{told}"
    );
    assert!(
        told.contains("Accepted 1 finding by coldcase-exceptions.toml. Net: level"),
        "{told}"
    );

    // Accepting it again replaces the entry.
    let ended = case.accept(&id, "2098-12-31");
    let told = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        ended.code == 0 && told.contains("in place of the entry of Anna Berg until 2099-12-31"),
        "{ended:?}"
    );
    let again = case.report(&[]);
    assert_eq!(again["exceptions"].as_array().unwrap().len(), 1);
    assert_eq!(again["exceptions"][0]["until"], "2098-12-31");
}

#[test]
fn another_evidence_or_a_day_that_has_passed_voids_it() {
    let case = Case::of(firing());
    let first = case.report(&[]);
    let finding = finding_of(&first);
    let id = finding["id"].as_str().unwrap();
    assert_eq!(case.accept(id, "2099-12-31").code, 0);
    let file = case.file("coldcase-exceptions.toml");
    let text = fs::read_to_string(&file).unwrap();

    let day = first["snapshot"]["taken_at"]
        .as_str()
        .unwrap()
        .get(..10)
        .unwrap()
        .to_owned();
    fs::write(&file, text.replace("2099-12-31", &day)).unwrap();
    assert_eq!(
        case.report(&[])["exceptions"][0]["state"],
        "applied",
        "the last day still counts"
    );
    fs::write(&file, text.replace("2099-12-31", "2000-01-01")).unwrap();
    let report = case.report(&[]);
    assert_eq!(report["exceptions"][0]["state"], "expired");
    assert_eq!(report["score"]["net"], report["score"]["gross"]);

    // A milder severity was accepted than the finding has; a worse one covers it.
    fs::write(
        &file,
        text.replace("severity = \"high\"", "severity = \"low\""),
    )
    .unwrap();
    let report = case.report(&[]);
    assert_eq!(report["exceptions"][0]["state"], "changed");
    assert_eq!(
        report["exceptions"][0]["note"],
        "void: it is high now, low was accepted"
    );
    fs::write(
        &file,
        text.replace("severity = \"high\"", "severity = \"critical\""),
    )
    .unwrap();
    assert_eq!(case.report(&[])["exceptions"][0]["state"], "applied");

    // The same account, no longer enabled: somebody has to look again.
    let name = finding["subject"]["sam_account_name"].as_str().unwrap();
    let changed = Case::of(firing().on(name).set("userAccountControl", "514"));
    fs::write(changed.file("coldcase-exceptions.toml"), &text).unwrap();
    let report = changed.report(&[]);
    assert_eq!(finding_of(&report)["id"], id);
    assert_eq!(report["exceptions"][0]["state"], "changed");
    assert_eq!(finding_of(&report)["accepted"], Value::Null);
    assert_eq!(report["score"]["net"], report["score"]["gross"]);

    // The same account, fixed: the entry is told to be of no use.
    let fixed = Case::of((scenarios::find(&format!("{RULE}/clear")).unwrap().forest)());
    fs::write(fixed.file("mine.toml"), &text).unwrap();
    let report = fixed.report(&["--exceptions", &fixed.file("mine.toml")]);
    assert_eq!(report["exceptions"][0]["state"], "unused");
}

#[test]
fn growing_older_is_no_new_evidence() {
    let forest = |days| {
        Forest::new("corp.example")
            .user("svc-web")
            .spn("HTTP/web")
            .pwd_last_set(days)
    };
    let of = |days| {
        let report = Case::of(forest(days)).report(&["--rule", "SP01"]);
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|finding| finding["rule"] == "spn-kerberoastable")
            .unwrap()
            .clone()
    };
    let (early, late) = (of(10), of(11));
    assert_ne!(early["evidence"], late["evidence"]);
    assert_eq!(early["evidence_sha256"], late["evidence_sha256"]);
}

/// The one finding of `rule` in `forest`, with a limit of one reader: its id and what an exception is bound to.
fn bound(forest: Forest, rule: &str) -> (Value, Value) {
    let case = Case::of(forest);
    fs::write(case.file("coldcase.toml"), "[thresholds]\nreaders = 1\n").unwrap();
    let report = coldcase(&[
        "report",
        &case.snapshot(),
        "--format",
        "json",
        "--rule",
        rule,
    ])
    .unwrap();
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let [finding] = report["findings"].as_array().unwrap().as_slice() else {
        panic!("{rule}: {}", report["findings"]);
    };
    (finding["id"].clone(), finding["evidence_sha256"].clone())
}

#[test]
fn another_entry_that_gives_the_same_right_is_other_evidence() {
    let corp = || {
        Forest::new("corp.example")
            .group("Helpdesk")
            .user("svc-sql")
            .spn("MSSQLSvc/sql01")
    };
    let to = |entries: &[&str], rule| {
        bound(
            entries
                .iter()
                .fold(corp(), |forest, entry| forest.ace(entry)),
            rule,
        )
    };
    for (rule, accepted, now) in [
        // One extended right, then all of them.
        (
            "AC04",
            "(OA;;CR;[User-Force-Change-Password];;{Helpdesk})",
            "(A;;CR;;;{Helpdesk})",
        ),
        // On the account, then on whatever is put below it too.
        ("AC02", "(A;;WD;;;{Helpdesk})", "(A;CI;WD;;;{Helpdesk})"),
        (
            "AC05",
            "(OA;;WP;[servicePrincipalName];;{Helpdesk})",
            "(OA;;WP;[servicePrincipalName];[user];{Helpdesk})",
        ),
    ] {
        let (first, second) = (to(&[accepted], rule), to(&[now], rule));
        assert_eq!(first.0, second.0, "{rule}");
        assert_ne!(first.1, second.1, "{rule}");
        // What else the trustee may do is another finding.
        assert_eq!(
            first,
            to(&[accepted, "(A;;RP;;;{Helpdesk})"], rule),
            "{rule}"
        );
    }
}

/// One finding tells of many computers: it is bound to the entries, not to how many there are.
#[test]
fn an_entry_over_more_computers_is_other_evidence_and_another_computer_is_not() {
    const ONE: &str = "(OA;CIIO;WP;[msDS-HostServiceAccount];[computer];{Helpdesk})";
    const ALL: &str = "(OA;CIIO;WP;[Personal-Information];;{Helpdesk})";
    let servers = |entry: &str, more: &[&str], single: &str| {
        let forest = Forest::new("corp.example")
            .group("Helpdesk")
            .computer("WEB01")
            .in_ou("OU=Servers");
        let forest = more.iter().fold(forest, |forest, name| {
            forest.computer(name).in_ou("OU=Servers")
        });
        let forest = forest.on("OU=Servers").ace(entry).on("WEB01");
        bound(
            match single {
                "" => forest,
                entry => forest.ace(entry),
            },
            "SM05",
        )
    };
    let accepted = servers(ONE, &[], "");
    assert_eq!(accepted, servers(ONE, &["APP01", "WEB02"], ""));
    let own = "(OA;;WP;[msDS-HostServiceAccount];;{Helpdesk})";
    for grown in [servers(ALL, &[], ""), servers(ONE, &[], own)] {
        assert_eq!(accepted.0, grown.0);
        assert_ne!(accepted.1, grown.1);
    }
}

#[test]
fn another_reader_in_the_place_of_one_is_other_evidence() {
    let readers = |names: &[&str]| {
        let hosts = ["WEB01", "WEB02", "WEB03"]
            .iter()
            .fold(Forest::new("corp.example"), |forest, host| {
                forest.computer(host)
            });
        bound(hosts.gmsa("gmsa-web").readers(names), "GM02")
    };
    let accepted = readers(&["WEB01", "WEB02"]);
    assert_eq!(accepted, readers(&["WEB02", "WEB01"]));
    let now = readers(&["WEB01", "WEB03"]);
    assert_eq!(accepted.0, now.0);
    assert_ne!(accepted.1, now.1);

    let entries = |second: &str| {
        let forest = Forest::new("corp.example")
            .group("Helpdesk")
            .group("Operators")
            .gmsa("gmsa-web");
        bound(forest.ace("(A;;RP;;;{Helpdesk})").ace(second), "GM17")
    };
    let accepted = entries("(A;;LC;;;{Helpdesk})");
    assert_ne!(accepted.1, entries("(A;;LC;;;{Operators})").1);
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_lost() {
    let case = Case::of(firing());
    let id = finding_of(&case.report(&[]))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let file = case.file("coldcase-exceptions.toml");
    for (finding, until, words) in [
        ("GM01-0000000000", "2099-12-31", "there is no finding"),
        (id.as_str(), "2000-01-01", "before the snapshot was taken"),
        (id.as_str(), "31.12.2099", "2027-03-31"),
    ] {
        let ended = case.accept(finding, until);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(!Path::new(&file).exists());
    }
    fs::write(&file, "[[exception]]\nrule = \"a\"\n").unwrap();
    for ended in [
        coldcase(&["report", &case.snapshot()]).unwrap(),
        case.accept(&id, "2099-12-31"),
    ] {
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
        assert!(
            ended.stderr.contains("coldcase-exceptions.toml: line 1:"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "[[exception]]\nrule = \"a\"\n"
    );
}
