//! Every rule is proved by the two scenarios its page names: in one it fires, in the other it stays clear.

use std::collections::BTreeMap;
use std::path::Path;

use coldcase_fixtures::scenarios::{self, Scenario};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

#[test]
fn every_rule_fires_where_it_should_and_stays_clear_where_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let forests: BTreeMap<_, _> = scenarios::all()
        .into_iter()
        .map(|scenario| (scenario.name, scenario))
        .collect();
    let rules: Vec<Value> =
        serde_json::from_str(&coldcase(&["rules", "--format", "json"]).unwrap().stdout).unwrap();
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for rule in &rules {
        let id = rule["id"].as_str().unwrap();
        let page: Value =
            serde_json::from_str(&coldcase(&["rules", id, "--format", "json"]).unwrap().stdout)
                .unwrap();
        for (field, expected) in [("fires", "fired"), ("clear", "clear")] {
            let name = page["scenarios"][field].as_str().unwrap_or_default();
            let Some(scenario) = forests.get(name) else {
                wrong.push(format!("{id}: there is no scenario {name:?}"));
                continue;
            };
            used.insert(name.to_owned());
            check(
                scenario,
                id,
                expected,
                folder.path(),
                &mut wrong,
                &mut found,
            );
        }
    }
    let unnamed: Vec<&str> = forests
        .keys()
        .copied()
        .filter(|name| !used.contains(*name))
        .collect();
    let further: Vec<&str> = FURTHER.iter().map(|(name, _)| *name).collect();
    assert_eq!(unnamed, further, "scenarios that no page names");
    for (name, expected) in FURTHER {
        let id = forests[name].rule();
        check(
            &forests[name],
            id,
            expected,
            folder.path(),
            &mut wrong,
            &mut found,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Fired is not enough: it must be about the right object, for the right reason.
    found.sort();
    insta::assert_snapshot!("scenario_findings", found.join("\n"));
}

/// Further cases of a rule that its page does not name, with the verdict that must come out.
const FURTHER: &[(&str, &str)] = &[
    // An inherit-only ACE gives nothing on the object that carries it.
    ("account-full-control/inherit-only", "clear"),
    ("delegation-resource-based-broad/domain-controller", "fired"),
    ("delegation-resource-based-broad/foreign", "fired"),
    // The published mitigation is not inherited.
    ("dmsa-create-child/below-mitigated", "fired"),
    ("dmsa-create-child/enforced", "fired"),
    ("dmsa-create-child/inherit-only", "fired"),
    // The published mitigation is a deny ACE; a reader of allow ACEs alone would call it vulnerable.
    ("dmsa-create-child/mitigated", "clear"),
    ("dmsa-create-child/mitigated-any-class", "clear"),
    ("dmsa-create-child/other-class", "clear"),
    ("dmsa-privileged-predecessor/elsewhere", "fired"),
    ("dmsa-privileged-predecessor/operator", "fired"),
    ("gmsa-foreign-readers/outside", "fired"),
    ("gmsa-human-readers/delegated", "fired"),
    ("gmsa-privileged-open-readers/well-known", "fired"),
    // Whoever fills the innermost group fills Domain Admins.
    ("group-takeover/nested", "fired"),
    // An ordinary user sees no root key, so a missing one cannot be told from a hidden one.
    ("kds-dangling-key/not-evaluated", "not-evaluated"),
    ("kds-root-key-presence/inferred", "fired"),
    ("kds-root-key-presence/unknown", "not-evaluated"),
];

fn check(
    scenario: &Scenario,
    id: &str,
    expected: &str,
    folder: &Path,
    wrong: &mut Vec<String>,
    found: &mut Vec<String>,
) {
    let path = folder.join(format!("{}.sqlite.zst", scenario.name.replace('/', "-")));
    (scenario.forest)().write_snapshot(&path).unwrap();
    let ended = coldcase(&["report", path.to_str().unwrap(), "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}: {}", scenario.name, ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rules = report["rules"].as_array().unwrap();
    let result = rules.iter().find(|rule| rule["id"] == id).unwrap();
    for finding in report["findings"].as_array().unwrap() {
        if finding["rule"] == id {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            found.push(format!(
                "{}: {} {} {}",
                scenario.name,
                finding["severity"].as_str().unwrap(),
                name.unwrap(),
                finding["key"].as_str().unwrap()
            ));
        }
    }
    if result["verdict"] != expected {
        wrong.push(format!(
            "{}: {} instead of {expected} ({})",
            scenario.name, result["verdict"], result["reason"]
        ));
    }
}
