//! The speed of `coldcase diff` on two large snapshots of which one object in a hundred differs.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::measure::{errors, median, run as measured};
use crate::stages::stage;
use crate::table::{Limit, heading, limits, mebibytes, row};

const USAGE: &str = "bench diff [--objects N]";

/// Runs; the median counts.
const RUNS: usize = 3;

/// Seconds and MiB that comparing 100,000 objects may take at most.
const SECONDS: f64 = 6.0;
const MEBIBYTES: f64 = 1536.0;

/// What to measure.
pub(crate) struct Options {
    objects: u64,
}

impl Options {
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        match words {
            [] => Ok(Self { objects: 100_000 }),
            [word, number] if word == "--objects" => Ok(Self {
                objects: number.parse().context("number of objects")?,
            }),
            _ => bail!("usage: {USAGE}"),
        }
    }
}

/// Makes the two snapshots, measures `report` over one and `diff` over both, and prints. False if a limit was missed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let programs = std::env::current_exe()?
        .parent()
        .map(Path::to_owned)
        .context("the folder of the programs")?;
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old.zst"), folder.path().join("new.zst"));
    let mut out = io::stdout().lock();
    writeln!(out, "making two forests of {} objects …", options.objects)?;
    coldcase_fixtures::large::write_snapshot(options.objects, 1, &old, |_| {})?;
    coldcase_fixtures::large::write_later(options.objects, 1, 10, &new)?;
    let mut report = Command::new(programs.join("coldcase"));
    report.arg("report").arg(&old).args(["--format", "json"]);
    let mut diff = Command::new(programs.join("coldcase"));
    diff.arg("diff")
        .args([&old, &new])
        .args(["--format", "json", "--timings"]);
    let (mut reports, mut diffs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        // One after the other in each round, so that a noisy moment hits both.
        let null = || File::create("/dev/null");
        reports.push(measured(&report, null()?, folder.path(), &[0])?);
        diffs.push(measured(&diff, null()?, folder.path(), &[0])?);
    }
    let told = errors(folder.path())?;
    let (report, diff) = (median(reports), median(diffs));
    heading(&mut out)?;
    row(&mut out, "report over one", &report)?;
    row(&mut out, "diff over both", &diff)?;
    writeln!(
        out,
        "diff takes {:.1} times a report",
        diff.wall.as_secs_f64() / report.wall.as_secs_f64()
    )?;
    writeln!(out, "\nstages of the last run")?;
    for (name, seconds) in told.lines().filter_map(stage) {
        writeln!(out, "{name:<44}{:>9.1} ms", seconds * 1000.0)?;
    }
    limits(
        &mut out,
        &[
            Limit {
                name: "diff, s",
                measured: diff.wall.as_secs_f64(),
                at_most: SECONDS,
            },
            Limit {
                name: "diff, peak MiB",
                measured: mebibytes(diff.peak),
                at_most: MEBIBYTES,
            },
        ],
    )
}
