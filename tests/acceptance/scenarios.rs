//! Every rule is proved by the two scenarios its page names: in one it fires, in the other it stays clear.

use std::collections::BTreeMap;

use coldcase_fixtures::scenarios;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

#[test]
fn every_rule_fires_where_it_should_and_stays_clear_where_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let forests: BTreeMap<_, _> = scenarios::all().into_iter().map(|scenario| (scenario.name, scenario)).collect();
    let rules: Vec<Value> = serde_json::from_str(&coldcase(&["rules", "--format", "json"]).unwrap().stdout).unwrap();
    let mut wrong = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for rule in &rules {
        let id = rule["id"].as_str().unwrap();
        let page: Value = serde_json::from_str(&coldcase(&["rules", id, "--format", "json"]).unwrap().stdout).unwrap();
        for (field, expected) in [("fires", "fired"), ("clear", "clear")] {
            let name = page["scenarios"][field].as_str().unwrap_or_default();
            let Some(scenario) = forests.get(name) else {
                wrong.push(format!("{id}: there is no scenario {name:?}"));
                continue;
            };
            used.insert(name.to_owned());
            let path = folder.path().join(format!("{id}-{field}.sqlite.zst"));
            (scenario.forest)().write_snapshot(&path).unwrap();
            let ended = coldcase(&["report", path.to_str().unwrap(), "--format", "json"]).unwrap();
            assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
            let report: Value = serde_json::from_str(&ended.stdout).unwrap();
            let result = report["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
            if result["verdict"] != expected {
                wrong.push(format!("{name}: {} instead of {expected} ({})", result["verdict"], result["reason"]));
            }
        }
    }
    for name in forests.keys().filter(|name| !used.contains(**name)) {
        wrong.push(format!("scenario {name} is not named by any rule"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
