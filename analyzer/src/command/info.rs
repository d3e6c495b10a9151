//! `coldcase info`: the manifest, without decompressing anything.

use anyhow::{Context, Result};
use coldcase_schemas::container::read_manifest;
use coldcase_schemas::exit::AnalyzeExit;

use super::output;
use crate::arguments::{Format, SnapshotArguments};
use crate::report::visible;

pub(super) fn run(arguments: &SnapshotArguments) -> Result<AnalyzeExit> {
    let path = &arguments.snapshot;
    let manifest = read_manifest(path).with_context(|| path.display().to_string())?;
    let file = arguments.output.as_deref();
    if arguments.format == Format::Json {
        output::json(file, &manifest)?;
        return Ok(AnalyzeExit::Clean);
    }
    let counts = manifest.counts;
    let rows = [
        ("Domain", manifest.domain.clone()),
        ("Forest", manifest.forest.clone()),
        ("Taken at", manifest.taken_at.clone()),
        ("Server", manifest.server.clone()),
        ("Collected as", manifest.collected_as.clone()),
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

/// What older snapshots and other sources do not say.
fn known(text: &str) -> String {
    if text.is_empty() {
        "not recorded".to_owned()
    } else {
        text.to_owned()
    }
}
