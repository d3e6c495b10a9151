//! `coldcase info`: the manifest, without decompressing anything.

use anyhow::{Context, Result};
use coldcase_schemas::Manifest;
use coldcase_schemas::container::read_manifest;
use coldcase_schemas::exit::AnalyzeExit;

use super::{output, tables};
use crate::arguments::{SnapshotArguments, TableFormat};
use crate::export::{Cell, Table};
use crate::report::visible;

pub(super) fn run(arguments: &SnapshotArguments) -> Result<AnalyzeExit> {
    let path = &arguments.snapshot;
    let manifest = read_manifest(path).with_context(|| path.display().to_string())?;
    let file = arguments.output.as_deref();
    match arguments.format {
        TableFormat::Json => {
            output::json(file, &manifest)?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Csv => {
            tables::csv(file, &table(&manifest))?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Text => {}
    }
    let counts = manifest.counts;
    let rows = [
        ("Domain", manifest.domain.clone()),
        ("Forest", known(&manifest.forest)),
        ("Taken at", manifest.taken_at.clone()),
        ("Server", manifest.server.clone()),
        ("Collected as", known(&manifest.collected_as)),
        (
            "Written by",
            format!("{}, format {}", manifest.program, manifest.format_version),
        ),
        ("Connection", known(&manifest.connection)),
        ("Scope", known(&manifest.scope)),
        (
            "Pseudonyms",
            match manifest.pseudonyms.as_str() {
                "" => "none".to_owned(),
                what => format!("in the place of {what}; `coldcase reveal` undoes them"),
            },
        ),
        ("Objects", counts.objects.to_string()),
        ("Links", counts.links.to_string()),
        (
            "Descriptors",
            format!("{} distinct", counts.security_descriptors),
        ),
        ("Queries", counts.queries.to_string()),
        ("Defects", format!("{} values kept raw", counts.defects)),
        (
            "Secrets",
            format!("{} values dropped", counts.secrets_dropped),
        ),
        (
            "Database",
            format!("{} bytes, with the SHA-256", manifest.database_bytes),
        ),
        ("", manifest.database_sha256.clone()),
        (
            "Complete",
            if manifest.complete {
                "every query was answered".to_owned()
            } else {
                "NO, missing:".to_owned()
            },
        ),
    ];
    output::to(file, |out| {
        for (label, value) in &rows {
            writeln!(out, "{label:<13} {}", visible(value))?;
        }
        for missing in &manifest.missing {
            writeln!(out, "              - {}", visible(missing))?;
        }
        writeln!(
            out,
            "\nThis is the label on the file. `coldcase verify` checks it against the content."
        )
    })?;
    Ok(AnalyzeExit::Clean)
}

/// What a record has as a table.
pub(super) const COLUMNS: [(&str, u16); 2] = [("what", 34), ("value", 100)];

/// The manifest as a table, a row a fact.
pub(super) fn table(manifest: &Manifest) -> Table {
    let counts = manifest.counts;
    let mut table = Table::new("Manifest", &COLUMNS);
    let mut say = |what: &str, value: Cell| table.push(vec![Cell::text(what), value]);
    for (what, value) in [
        ("domain", &manifest.domain),
        ("forest", &manifest.forest),
        ("server", &manifest.server),
        ("collected as", &manifest.collected_as),
        ("written by", &manifest.program),
        ("connection", &manifest.connection),
        ("scope", &manifest.scope),
        ("pseudonyms", &manifest.pseudonyms),
        ("SHA-256 of the database", &manifest.database_sha256),
    ] {
        say(what, Cell::text(value));
    }
    say("taken at (UTC)", Cell::moment(&manifest.taken_at));
    say("format", Cell::count(manifest.format_version));
    for (what, count) in [
        ("objects", counts.objects),
        ("links", counts.links),
        ("distinct security descriptors", counts.security_descriptors),
        ("queries", counts.queries),
        ("values kept raw", counts.defects),
        ("secrets dropped", counts.secrets_dropped),
        ("bytes of the database", manifest.database_bytes),
    ] {
        say(what, Cell::count(count));
    }
    say("complete", Cell::flag(manifest.complete));
    for missing in &manifest.missing {
        say("missing", Cell::text(missing));
    }
    table
}

/// What older snapshots and other sources do not say.
fn known(text: &str) -> String {
    if text.is_empty() {
        "not recorded".to_owned()
    } else {
        text.to_owned()
    }
}
