//! Who may create a delegated managed service account where, and what comes of it: the verdict under each assumption.
//!
//! Controllers' versions, dSHeuristics and the schema are in the snapshot; the update for CVE-2025-53779 is not, so each
//! row has a verdict for before and one for after it.

mod circumstances;
mod places;

use std::path::Path;

use coldcase_fixtures::Forest;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

const DMSA: &str = "[msDS-DelegatedManagedServiceAccount]";
const CLASS: &str = "msDS-DelegatedManagedServiceAccount";
const WRITE_NEEDED: &str = "needs a write on the victim";

/// The published mitigation, exactly: the deny of the class (on the unit alone), the entry that takes the rights of owners
/// on dMSAs below, the deny of the link to the predecessor.
const PUBLISHED: [&str; 3] = [
    "(OD;;CC;[msDS-DelegatedManagedServiceAccount];;AU)",
    "(OA;CI;LC;;[msDS-DelegatedManagedServiceAccount];S-1-3-4)",
    "(OD;CIIO;WP;[msDS-ManagedAccountPrecededByLink];[msDS-DelegatedManagedServiceAccount];AU)",
];

/// A row of the frame, and whether the rule makes a finding of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    container: String,
    trustee: String,
    right: String,
    creates: bool,
    controls: bool,
    before: String,
    after: String,
    /// Severity of the finding.
    finding: Option<String>,
}

/// One forest, looked at through the frame and through the report.
struct Seen {
    rows: Vec<Row>,
    /// Evidence of the findings, in their order.
    evidence: Vec<Value>,
    verdict: String,
    raw: Vec<Value>,
}

/// Help desk and a unit with a unit below. The controller runs Server 2025.
fn forest() -> Forest {
    Forest::new("corp.example")
        .user("ole.dahl")
        .in_ou("OU=People")
        .group("Helpdesk")
        .in_ou("OU=Groups")
        .member("ole.dahl")
        .ou("OU=SQL,OU=Services")
        .on("OU=Services")
}

fn mitigated(forest: Forest) -> Forest {
    PUBLISHED.iter().fold(forest, |forest, ace| forest.ace(ace))
}

/// The right to create dMSAs in OU=Services and nothing else.
fn typed() -> Forest {
    forest().ace(&format!("(OA;;CC;{DMSA};;{{Helpdesk}})"))
}

fn seen(forest: &Forest) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("domain.sqlite.zst");
    forest.write_snapshot(&path).unwrap();
    let report = run(&["report", text(&path), "--format", "json", "--rule", "DM01"]);
    let rules = report["rules"].as_array().unwrap();
    let rule = rules
        .iter()
        .find(|rule| rule["id"] == "dmsa-create-child")
        .unwrap();
    let findings: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "dmsa-create-child")
        .collect();
    let raw = run(&[
        "sql",
        text(&path),
        "SELECT o.dn AS dn, d.* FROM dmsa_creation d JOIN objects o ON o.object_id = d.container_id",
        "--format",
        "json",
    ]);
    let raw = raw.as_array().unwrap().clone();
    let mut rows: Vec<Row> = raw
        .iter()
        .map(|row| {
            let word = |column: &str| row[column].as_str().unwrap().to_owned();
            let finding = findings.iter().find(|finding| {
                finding["subject"]["dn"] == row["dn"] && finding["key"] == row["trustee_sid"]
            });
            Row {
                container: below_the_head(&word("dn")),
                trustee: word("trustee_name"),
                right: word("right"),
                creates: row["creates"].as_bool().unwrap(),
                controls: row["controls_created"].as_bool().unwrap(),
                before: word("before_update"),
                after: word("after_update"),
                finding: finding.map(|finding| finding["severity"].as_str().unwrap().to_owned()),
            }
        })
        .collect();
    rows.sort();
    let told = rows.iter().filter(|row| row.finding.is_some()).count();
    assert_eq!(told, findings.len(), "a finding without a row");
    Seen {
        rows,
        evidence: findings
            .iter()
            .map(|finding| finding["evidence"].clone())
            .collect(),
        verdict: rule["verdict"].as_str().unwrap().to_owned(),
        raw,
    }
}

fn run(arguments: &[&str]) -> Value {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// `OU=Services`; nothing for the head itself.
fn below_the_head(dn: &str) -> String {
    let place = dn.strip_suffix("DC=corp,DC=example").unwrap();
    place.trim_end_matches(',').to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A right to create that is critical until the update is in.
fn critical(container: &str, trustee: &str, right: &str) -> Row {
    Row {
        container: container.to_owned(),
        trustee: trustee.to_owned(),
        right: right.to_owned(),
        creates: true,
        controls: true,
        before: "domain".to_owned(),
        after: WRITE_NEEDED.to_owned(),
        finding: Some("critical".to_owned()),
    }
}

/// What leads to a dMSA without being the right to create one there: in the frame, and no finding.
fn leads_there(container: &str, trustee: &str, right: &str) -> Row {
    Row {
        creates: false,
        finding: None,
        ..critical(container, trustee, right)
    }
}

/// Blocked by dSHeuristics.
fn blocked(container: &str, trustee: &str, right: &str) -> Row {
    Row {
        controls: false,
        before: "no".to_owned(),
        after: "no".to_owned(),
        finding: Some("low".to_owned()),
        ..critical(container, trustee, right)
    }
}

/// The rows must be exactly these, and the rule ends as they say.
fn check(name: &str, forest: &Forest, expected: &[Row]) -> Seen {
    let seen = seen(forest);
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(seen.rows, expected, "{name}");
    let fires = expected.iter().any(|row| row.finding.is_some());
    assert_eq!(
        seen.verdict,
        if fires { "fired" } else { "clear" },
        "{name}"
    );
    seen
}

fn assert_says(seen: &Seen, what: &str) {
    let assumes = seen.evidence[0]["assumes"].as_str().unwrap();
    assert!(assumes.contains(what), "{what} is not in: {assumes}");
}
