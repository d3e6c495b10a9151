//! RustHound-CE against the domain controller: its zip, imported, finds what its data can show, and nothing else.
//!
//! Runs only where COLDCASE_RUSTHOUND names the program (`cargo install rusthound-ce`), and says so otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use coldcase_schemas::Snapshot;
use coldcase_tests::dc::{DomainController, Options, Population};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

use super::{as_administrator, skipped};

/// Rules that fire by the export, with what it cannot show of them: who is a dMSA, constrained delegation without protocol
/// transition, whom a dMSA succeeds, encryption types that are not set.
const IN_PART: &[&str] = &[
    "gmsa-weak-encryption",
    "privileged-membership",
    "spn-foreign-host",
    "spn-weak-encryption",
    "spn-zombie",
    "tier0-in-reach",
];

/// A disabled account that a dMSA has succeeded may keep its names; the export does not tell of successors.
const TOO_MANY: &[&str] = &["spn-zombie"];

#[test]
fn what_rusthound_exports_is_found_as_the_collector_finds_it() {
    let Some(program) = std::env::var_os("COLDCASE_RUSTHOUND") else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: COLDCASE_RUSTHOUND is not set, RustHound-CE was not run"
        );
        return;
    };
    if skipped("RustHound-CE") {
        return;
    }
    let controller =
        DomainController::start_with(&Options::default().population(Population::Rules))
            .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(&program)
        .args(["-d", controller.domain().dns(), "-c", "LdapOnly"])
        .args(["--ldaps", "-z", "-u", "Administrator"])
        .args(["-p", controller.admin_password()])
        .args(["-i", &controller.address().to_string()])
        .args(["-f", controller.host_name()])
        .arg("-o")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let mut files = fs::read_dir(folder.path()).unwrap();
    let zip: PathBuf = files
        .next()
        .expect("RustHound-CE writes a zip")
        .unwrap()
        .path();

    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (collected, imported) = (path("collected.zst"), path("imported.zst"));
    let ended = as_administrator(&controller, &["-o", &collected]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let taken_at = Snapshot::open(collected.as_ref())
        .unwrap()
        .manifest()
        .taken_at
        .clone();
    let zip = zip.to_str().unwrap();
    let ended = coldcase(&[
        "import",
        zip,
        "-o",
        &imported,
        "--taken-at",
        &taken_at,
        "--administrator",
    ])
    .unwrap();
    assert_eq!(ended.code, 0, "{} {}", ended.stdout, ended.stderr);
    let (native, export) = (report(&collected), report(&imported));

    let mut fired = BTreeSet::new();
    for rule in export["rules"].as_array().unwrap() {
        // An export without descriptors proves no rule clear.
        assert_ne!(rule["verdict"], "clear", "{rule}");
        if rule["verdict"] == "fired" {
            fired.insert(rule["id"].as_str().unwrap().to_owned());
        }
    }
    let (one, other) = (found(&native, &fired), found(&export, &fired));
    let rule = |finding: &&Finding, rules: &[&str]| rules.contains(&finding.0.as_str());
    let more: Vec<&Finding> = other
        .difference(&one)
        .filter(|f| !rule(f, TOO_MANY))
        .collect();
    assert!(more.is_empty(), "{more:?}");
    let less: Vec<&Finding> = one
        .difference(&other)
        .filter(|f| !rule(f, IN_PART))
        .collect();
    assert!(less.is_empty(), "{less:?}");
    let both = one.intersection(&other).count();
    assert!(
        both >= 140 && fired.len() >= 25,
        "{both} findings of {} rules",
        fired.len()
    );
}

/// Rule, subject by SID or DN, key, severity. Identities without a GUID differ, so ids of findings do.
type Finding = (String, String, String, String);

fn found(report: &Value, rules: &BTreeSet<String>) -> BTreeSet<Finding> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| rules.contains(finding["rule"].as_str().unwrap()))
        .map(|finding| {
            let subject = &finding["subject"];
            let name = subject["sid"].as_str().or(subject["dn"].as_str());
            (
                text(&finding["rule"]),
                name.unwrap_or_default().to_uppercase(),
                text(&finding["key"]),
                text(&finding["severity"]),
            )
        })
        .collect()
}

fn report(snapshot: &str) -> Value {
    let ended = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}
