//! The committed JSON Schemas are those of the types, and reports follow them.

use std::fs;

use coldcase_schemas::report::Report;
use coldcase_tests::programs::{coldcase, workspace};
use schemars::schema_for;

/// Set it to rewrite the committed files.
const BLESS: &str = "COLDCASE_BLESS";

#[test]
fn the_report_schema_is_the_committed_one() {
    let path = workspace().join("schemas/json/report.schema.json");
    let mut made = serde_json::to_string_pretty(&schema_for!(Report)).unwrap();
    made.push('\n');
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == made,
        "schemas/json/report.schema.json differs; run the tests once with {BLESS}=1 and look at the change"
    );
}

#[test]
fn a_report_reads_back_into_its_type() {
    let ended = coldcase(&[
        "report",
        "fixtures/snapshots/contoso-2026-08.sqlite.zst",
        "--format",
        "json",
    ])
    .unwrap();
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let again = serde_json::to_string_pretty(&report).unwrap();
    assert_eq!(again.trim(), ended.stdout.trim());
}
