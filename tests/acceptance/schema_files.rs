//! The committed JSON Schemas are those of the types, and reports follow them.

use std::fs;

use coldcase_schemas::diff::Diff;
use coldcase_schemas::explain::Explanation;
use coldcase_schemas::migration::MigrationPlan;
use coldcase_schemas::report::Report;
use coldcase_schemas::trend::Trend;
use coldcase_tests::programs::{coldcase, workspace};
use schemars::{Schema, schema_for};

/// Set it to rewrite the committed files.
const BLESS: &str = "COLDCASE_BLESS";

#[test]
fn the_report_schema_is_the_committed_one() {
    is_committed("report", &schema_for!(Report));
}

#[test]
fn the_diff_schema_is_the_committed_one() {
    is_committed("diff", &schema_for!(Diff));
}

#[test]
fn the_trend_schema_is_the_committed_one() {
    is_committed("trend", &schema_for!(Trend));
}

#[test]
fn the_explain_schema_is_the_committed_one() {
    is_committed("explain", &schema_for!(Explanation));
}

#[test]
fn the_migration_schema_is_the_committed_one() {
    is_committed("migration", &schema_for!(MigrationPlan));
}

fn is_committed(name: &str, schema: &Schema) {
    let path = workspace().join(format!("schemas/json/{name}.schema.json"));
    let mut made = serde_json::to_string_pretty(schema).unwrap();
    made.push('\n');
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "schemas/json/{name}.schema.json differs; run the tests once with {BLESS}=1 and look at the change"
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

#[test]
fn a_trend_reads_back_into_its_type() {
    let snapshot = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    let ended = coldcase(&["trend", snapshot, "--format", "json"]).unwrap();
    let trend: Trend = serde_json::from_str(&ended.stdout).unwrap();
    let again = serde_json::to_string_pretty(&trend).unwrap();
    assert_eq!(again.trim(), ended.stdout.trim());
}
