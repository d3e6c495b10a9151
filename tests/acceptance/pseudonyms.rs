//! Rules say the same of a snapshot with pseudonyms, or that they were not evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use coldcase_collector::{Pseudonymizer, Sids};
use coldcase_fixtures::{Forest, contoso, scenarios};
use coldcase_schemas::pseudonym::Key;
use coldcase_schemas::{SnapshotWriter, Source};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

/// Every so many-th scenario: each one costs two reports.
const STEP: usize = 6;
/// Rules that read what people wrote.
const FREE_TEXT: [&str; 2] = ["spn-password-in-text", "spn-shadow-account"];

#[test]
fn no_verdict_changes_under_pseudonyms() {
    let key = Key::from_bytes([7; 32]);
    let mut forests: Vec<(String, Forest)> = scenarios::all()
        .into_iter()
        .enumerate()
        .filter(|(number, scenario)| number % STEP == 0 || FREE_TEXT.contains(&scenario.rule()))
        .map(|(_, scenario)| (scenario.name.to_owned(), (scenario.forest)()))
        .collect();
    forests.push(("contoso".to_owned(), contoso::month(12)));
    let mut compared = 0;
    for (number, (name, forest)) in forests.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, hidden) = (folder.path().join("plain"), folder.path().join("hidden"));
        forest.write_snapshot(&plain).unwrap();
        let sids = if number % 2 == 0 {
            Sids::Keep
        } else {
            Sids::Rebase
        };
        with_pseudonyms(
            &forest,
            &hidden,
            Pseudonymizer::new(key.clone(), sids, BTreeSet::new()),
        );
        let (wanted, found) = (facts(&plain), facts(&hidden));
        for (rule, fact) in &found {
            if FREE_TEXT.contains(&rule.as_str()) {
                // What is found without the text is found; that there is no more is not known.
                assert!(!fact.starts_with("clear"), "{name}: {fact}");
                assert!(fact.contains("free text"), "{name}: {fact}");
                continue;
            }
            let wanted = wanted.get(rule).map(|fact| without_names(fact));
            assert_eq!(wanted, Some(without_names(fact)), "{name}: {rule}");
            compared += 1;
        }
        assert_eq!(wanted.len(), found.len());
    }
    assert!(compared > 1_000, "{compared} verdicts");
}

/// What a server said when it ended a query is free text, which pseudonyms replace; and so they do the domain's name,
/// with which the DN of a missing container ends.
fn without_names(fact: &str) -> String {
    let parts = fact.split("; ").map(|part| {
        let told = part.split_once(" entries: ");
        let told = told.map_or(part, |(before, _)| before);
        let words = told.split(' ').map(|word| match word.split_once(",DC=") {
            Some((container, _)) => format!("{container},DC=…"),
            None => word.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Writes the snapshot of `forest` as the collector does with `--pseudonyms`.
pub(crate) fn with_pseudonyms(forest: &Forest, path: &Path, mut pseudonyms: Pseudonymizer) {
    let mut collection = forest.collection();
    collection.server = pseudonyms.text(&collection.server);
    collection.collected_as = pseudonyms.text(&collection.collected_as);
    collection.pseudonyms = "names".to_owned();
    let mut writer = SnapshotWriter::create(path, collection).unwrap();
    let mut source = forest.source();
    while let Some(event) = source.next_event().unwrap() {
        writer.record(&pseudonyms.event(event)).unwrap();
        for (token, sealed) in pseudonyms.take_new() {
            writer.record_pseudonym(&token, &sealed).unwrap();
        }
    }
    forest
        .record_beside(&mut writer, |value| pseudonyms.setting(value))
        .unwrap();
    for (token, sealed) in pseudonyms.take_new() {
        writer.record_pseudonym(&token, &sealed).unwrap();
    }
    writer.finish(path).unwrap();
}

/// Verdict and objects found, of each rule.
fn facts(snapshot: &Path) -> BTreeMap<String, String> {
    let ended = coldcase(&["report", snapshot.to_str().unwrap(), "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let rules = report["rules"].as_array().unwrap();
    rules
        .iter()
        .map(|rule| {
            let id = rule["id"].as_str().unwrap();
            let mut found: Vec<String> = findings
                .iter()
                .filter(|finding| finding["rule"] == id)
                .map(|finding| {
                    format!(
                        "{} {}",
                        finding["subject"]["object_guid"], finding["severity"]
                    )
                })
                .collect();
            found.sort();
            let reason = rule["reason"].as_str().unwrap_or_default();
            let verdict = rule["verdict"].as_str().unwrap();
            (id.to_owned(), format!("{verdict} {found:?} {reason}"))
        })
        .collect()
}
