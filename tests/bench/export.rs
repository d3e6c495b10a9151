//! The speed of `coldcase report` as HTML, as a workbook and as CSV, after the analysis, and the size of the page.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::measure::{Cost, errors, median, run as measured};
use crate::stages::stage;
use crate::table::{Limit, heading, limits, row};

const USAGE: &str = "bench export [--objects N]";

/// Objects of the large forest; one in fifty is a service account, so these are 5,000.
const OBJECTS: u64 = 250_000;

const RUNS: usize = 3;

/// What follows the analysis, as `--timings` names it.
const STAGES: [&str; 2] = ["tables", "write"];

/// Seconds that a report of 5,000 service accounts may take to write.
const SECONDS: f64 = 3.0;

/// Bytes of its page, in millions.
const MEGABYTES: f64 = 15.0;

/// What to measure.
pub(crate) struct Options {
    objects: u64,
}

impl Options {
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        match words {
            [] => Ok(Self { objects: OBJECTS }),
            [word, number] if word == "--objects" => Ok(Self {
                objects: number.parse().context("number of objects")?,
            }),
            _ => bail!("usage: {USAGE}"),
        }
    }
}

/// Makes a snapshot, writes its report in each form, and prints. False if a limit was missed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let programs = std::env::current_exe()?
        .parent()
        .map(Path::to_owned)
        .context("the folder of the programs")?;
    let folder = tempfile::tempdir()?;
    let snapshot = folder.path().join("large.zst");
    let page = folder.path().join("report.html");
    let mut out = io::stdout().lock();
    writeln!(out, "making a forest of {} objects …", options.objects)?;
    coldcase_fixtures::large::write_snapshot(options.objects, 1, &snapshot, |_| {})?;
    let written = [
        ("html", page.clone()),
        ("xlsx", folder.path().join("report.xlsx")),
        ("csv", folder.path().join("tables")),
    ];
    let mut runs: Vec<(Vec<Cost>, Vec<f64>)> = vec![Default::default(); written.len()];
    for _ in 0..RUNS {
        for ((format, to), (costs, seconds)) in written.iter().zip(&mut runs) {
            let mut report = Command::new(programs.join("coldcase"));
            report
                .arg("report")
                .arg(&snapshot)
                .args(["--format", format, "--timings", "-o"])
                .arg(to);
            let null = File::create("/dev/null")?;
            costs.push(measured(&report, null, folder.path(), &[0])?);
            seconds.push(after_analysis(&errors(folder.path())?)?);
        }
    }
    heading(&mut out)?;
    let mut after = Vec::new();
    for ((format, _), (costs, mut seconds)) in written.iter().zip(runs) {
        row(&mut out, format, &median(costs))?;
        seconds.sort_by(f64::total_cmp);
        after.push(seconds.get(RUNS / 2).copied().unwrap_or_default());
    }
    let size = fs::metadata(&page)?.len() as f64 / 1e6;
    let names = [
        "HTML after the analysis, s",
        "workbook after the analysis, s",
        "CSV after the analysis, s",
    ];
    let mut all: Vec<Limit> = names
        .into_iter()
        .zip(after)
        .map(|(name, measured)| Limit {
            name,
            measured,
            at_most: SECONDS,
        })
        .collect();
    all.push(Limit {
        name: "HTML, million bytes",
        measured: size,
        at_most: MEGABYTES,
    });
    limits(&mut out, &all)
}

/// Seconds of [`STAGES`] together.
fn after_analysis(told: &str) -> Result<f64> {
    let stages = told.lines().filter_map(stage);
    let after: Vec<f64> = stages
        .filter(|(name, _)| STAGES.contains(&name.as_str()))
        .map(|(_, seconds)| seconds)
        .collect();
    if after.is_empty() {
        bail!("--timings told none of {STAGES:?}: {told}");
    }
    Ok(after.into_iter().sum())
}
