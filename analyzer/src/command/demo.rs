//! `coldcase demo`: a made-up domain over a year, to try everything on before there is a snapshot of one's own.
//!
//! Owns the snapshots, which are part of the program, and which commands a newcomer sees first.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Parser;
use coldcase_schemas::exit::AnalyzeExit;

use super::{output, run};
use crate::arguments::{Arguments, DemoArguments};

macro_rules! months {
    ($($month:literal),*) => {
        [$((
            concat!("contoso-", $month, ".sqlite.zst"),
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../fixtures/snapshots/contoso-",
                $month,
                ".sqlite.zst"
            )),
        )),*]
    };
}

/// Names and bytes of the snapshots, the earliest first.
const MONTHS: [(&str, &[u8]); 12] = months!(
    "2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04",
    "2026-05", "2026-06", "2026-07", "2026-08"
);

/// The report that is written.
const REPORT: &str = "report.html";

/// Writes the snapshots and a report into a new or empty folder, and says what to try next.
pub(super) fn demo(arguments: &DemoArguments) -> Result<AnalyzeExit> {
    let folder = &arguments.folder;
    let named = || folder.display().to_string();
    output::folder(folder)?;
    if fs::read_dir(folder).with_context(named)?.next().is_some() {
        bail!("{} is not empty; name a new folder", named());
    }
    for (name, bytes) in MONTHS {
        output::to(Some(&folder.join(name)), |out| out.write_all(bytes))?;
    }
    let [.., (before, _), (last, _)] = MONTHS;
    let (before, last) = (path(folder, before), path(folder, last));
    let report = path(folder, REPORT);
    let mut words: Vec<String> = [
        "coldcase", "report", &last, "--format", "html", "-o", &report,
    ]
    .map(str::to_owned)
    .into();
    words.push("--history".to_owned());
    let earlier = MONTHS.split_last().map_or(&[][..], |(_, earlier)| earlier);
    words.extend(earlier.iter().map(|(name, _)| path(folder, name)));
    run(&Arguments::try_parse_from(words)?)?;
    output::to(None, |out| {
        writeln!(
            out,
            "Twelve snapshots of a made-up domain, contoso.example, and a report of the last with its history:\n\n  {report}\n\n\
             Open it in a browser. To try next:\n"
        )?;
        for command in [
            format!("coldcase report {last}"),
            format!("coldcase accounts {last}"),
            format!("coldcase explain {last} svc-crm"),
            format!("coldcase diff {before} {last}"),
            format!("coldcase trend {}/*.zst", folder.display()),
        ] {
            writeln!(out, "  {command}")?;
        }
        Ok(())
    })?;
    Ok(AnalyzeExit::Clean)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}
