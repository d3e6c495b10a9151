//! `coldcase verify`: is the file what it says it is?

use anyhow::{Context, Result, ensure};
use coldcase_schemas::Snapshot;
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::json;

use super::{info, open, output, tables};
use crate::arguments::{SnapshotArguments, TableFormat};
use crate::export::{Cell, Table};
use crate::report::visible;

pub(super) fn run(arguments: &SnapshotArguments) -> Result<AnalyzeExit> {
    let path = &arguments.snapshot;
    let snapshot = open(path)?;
    check(&snapshot).with_context(|| path.display().to_string())?;
    let manifest = snapshot.manifest();
    let file = arguments.output.as_deref();
    match arguments.format {
        TableFormat::Csv => {
            let mut table = Table::new("Verified", &info::COLUMNS);
            let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
            say("intact", Cell::flag(true));
            say("SHA-256 of the file", Cell::text(snapshot.file_sha256()));
            for row in info::table(manifest).rows {
                table.push(row);
            }
            tables::csv(file, &table)?;
        }
        TableFormat::Json => output::json(
            file,
            &json!({ "intact": true, "sha256": snapshot.file_sha256(), "manifest": manifest }),
        )?,
        TableFormat::Text => output::to(file, |out| {
            writeln!(out, "{} is intact.", visible(&path.to_string_lossy()))?;
            writeln!(out, "  SHA-256 of the file")?;
            writeln!(out, "              {}", snapshot.file_sha256())?;
            writeln!(out, "  SHA-256 of the database in it, as its manifest says")?;
            writeln!(out, "              {}", manifest.database_sha256)?;
            writeln!(
                out,
                "  tables      those of format {}, integrity checked",
                manifest.format_version
            )?;
            writeln!(
                out,
                "  rows        as its manifest says: {} objects",
                manifest.counts.objects
            )?;
            let complete = if manifest.complete {
                "every query was answered"
            } else {
                "PARTIAL, see `coldcase info`"
            };
            writeln!(out, "  collection  {complete}")
        })?,
    }
    Ok(AnalyzeExit::Clean)
}

/// Opening has checked hashes and tables; this compares rows and the ledger with the manifest.
fn check(snapshot: &Snapshot) -> Result<()> {
    snapshot.check_integrity()?;
    let counts = snapshot.manifest().counts;
    let expected = [
        ("object", counts.objects),
        ("security_descriptor", counts.security_descriptors),
        ("query", counts.queries),
    ];
    for (table, expected) in expected {
        let found: i64 =
            snapshot
                .database()
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })?;
        ensure!(
            found.unsigned_abs() == expected,
            "the manifest says {expected} rows in table {table}, there are {found}"
        );
    }
    let unfinished = snapshot.ledger()?.iter().any(|row| !row.is_complete());
    ensure!(
        !(unfinished && snapshot.manifest().complete),
        "the manifest says complete, the ledger does not"
    );
    Ok(())
}
