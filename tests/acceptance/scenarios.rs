//! Every rule is proved by the scenarios its page names, and by further cases: in each it says what it must, of whom it
//! must.

use std::collections::BTreeSet;

use coldcase_fixtures::scenarios::{self, Scenario};
use coldcase_schemas::report::Verdict;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

/// One test for each family of rules, so that they run side by side, with a list of findings for each.
macro_rules! families {
    ($($family:ident),*) => {
        $(#[test]
        fn $family() {
            check(stringify!($family));
        })*

        #[test]
        fn no_rule_and_no_scenario_is_left_out() {
            let mut named = BTreeSet::new();
            let mut families = BTreeSet::new();
            let mut wrong = Vec::new();
            for rule in rules() {
                families.insert(rule["family"].as_str().unwrap().to_owned());
                let id = rule["id"].as_str().unwrap();
                for (field, name) in scenarios_of(id) {
                    match scenarios::find(&name) {
                        None => wrong.push(format!("{id}: there is no scenario {name:?}")),
                        Some(scenario) if scenario.verdict != verdict_of(&field) => {
                            wrong.push(format!("{id}: {name} is not one in which it is {field}"));
                        }
                        Some(_) => (),
                    }
                    named.insert(id.to_owned());
                }
            }
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            for scenario in scenarios::all() {
                assert!(named.contains(scenario.rule()), "{}: there is no such rule", scenario.name);
            }
            assert_eq!(families, [$(stringify!($family).to_owned()),*].into());
        }
    };
}

families!(
    control,
    delegation,
    dmsa,
    environment,
    gmsa,
    kds,
    privilege,
    smsa,
    spn
);

fn rules() -> Vec<Value> {
    serde_json::from_str(&coldcase(&["rules", "--format", "json"]).unwrap().stdout).unwrap()
}

/// The scenarios that a page names: `fires`, `clear`, or `unknown` where a snapshot can never tell.
fn scenarios_of(id: &str) -> Vec<(String, String)> {
    let page = coldcase(&["rules", id, "--format", "json"]).unwrap().stdout;
    let page: Value = serde_json::from_str(&page).unwrap();
    let named = page["scenarios"].as_object().unwrap();
    let named: Vec<(String, String)> = named
        .iter()
        .filter_map(|(field, name)| Some((field.clone(), name.as_str()?.to_owned())))
        .collect();
    let fields: BTreeSet<&str> = named.iter().map(|(field, _)| field.as_str()).collect();
    assert!(
        fields.is_superset(&["fires", "clear"].into()) || fields.contains("unknown"),
        "{id}: {fields:?}"
    );
    named
}

fn verdict_of(field: &str) -> Verdict {
    match field {
        "fires" => Verdict::Fired,
        "clear" => Verdict::Clear,
        _ => Verdict::NotEvaluated,
    }
}

fn check(family: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ids: BTreeSet<String> = rules()
        .iter()
        .filter(|rule| rule["family"] == family)
        .map(|rule| rule["id"].as_str().unwrap().to_owned())
        .collect();
    let mut scenarios: Vec<Scenario> = scenarios::all()
        .into_iter()
        .filter(|scenario| ids.contains(scenario.rule()))
        .collect();
    scenarios.sort_unstable_by_key(|scenario| scenario.name);
    let (mut wrong, mut found) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        let path = folder.path().join("scenario.sqlite.zst");
        (scenario.forest)().write_snapshot(&path).unwrap();
        // Beside the snapshot, so that it is read without being named.
        std::fs::write(folder.path().join("coldcase.toml"), scenario.assumptions).unwrap();
        let snapshot = path.to_str().unwrap();
        let ended = coldcase(&[
            "report",
            snapshot,
            "--format",
            "json",
            "--rule",
            scenario.rule(),
        ])
        .unwrap();
        assert_eq!(ended.code, 0, "{}: {}", scenario.name, ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let rules = report["rules"].as_array().unwrap();
        let result = rules
            .iter()
            .find(|rule| rule["id"] == scenario.rule())
            .unwrap();
        if result["verdict"] != serde_json::to_value(scenario.verdict).unwrap() {
            wrong.push(format!(
                "{}: {} instead of {} ({})",
                scenario.name,
                result["verdict"],
                scenario.verdict.as_str(),
                result["reason"]
            ));
        }
        found.extend(findings(&scenario, &report));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Fired is not enough: it must be about the right object, for the right reason.
    found.sort();
    insta::assert_snapshot!(format!("scenario_findings_{family}"), found.join("\n"));
}

fn findings(scenario: &Scenario, report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    all.filter(|finding| finding["rule"] == scenario.rule())
        .map(|finding| {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            format!(
                "{}: {} {} {}",
                scenario.name,
                finding["severity"].as_str().unwrap(),
                name.unwrap(),
                finding["key"].as_str().unwrap()
            )
        })
        .collect()
}
