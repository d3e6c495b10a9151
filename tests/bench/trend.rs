//! What a trend costs: of a year of weekly snapshots the first time, and after one more, through a case file; and
//! whether its memory grows with their number.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use coldcase_fixtures::large;

use crate::measure::{self, Cost};
use crate::table::{Limit, heading, limits, row};

const USAGE: &str = "bench trend [--objects N] [--snapshots N] [--coldcase FILE]";

/// The part of all snapshots whose peak memory that of all is held against: a quarter.
const PART: usize = 4;

const DAYS: u32 = 7;

/// What is to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    objects: u64,
    /// Snapshots before the one more.
    snapshots: usize,
    coldcase: PathBuf,
}

impl Options {
    /// From the words after `trend`.
    pub(crate) fn parse(words: &[String]) -> Result<Options> {
        let mut options = Options {
            objects: 20_000,
            snapshots: 52,
            coldcase: coldcase_tests::programs::workspace().join("target/release/coldcase"),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word} is not known or needs a value: {USAGE}"))?;
            let named = || format!("{word} {value}");
            match word.as_str() {
                "--objects" => options.objects = value.parse().with_context(named)?,
                "--snapshots" => options.snapshots = value.parse().with_context(named)?,
                "--coldcase" => options.coldcase = PathBuf::from(value),
                _ => bail!("{word} is not known: {USAGE}"),
            }
        }
        ensure!(
            options.objects >= large::FEWEST_OBJECTS && options.snapshots >= PART,
            "a large forest has at least {} objects, and a trend is measured over {PART} snapshots or more",
            large::FEWEST_OBJECTS
        );
        ensure!(
            options.coldcase.exists(),
            "{} is not there: build it with `cargo build --release -p coldcase-analyzer`, or name another with \
             --coldcase",
            options.coldcase.display()
        );
        Ok(options)
    }
}

/// Measures and prints. False if a limit was missed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut out = io::stdout().lock();
    let folder = tempfile::tempdir()?;
    let all = made(options, folder.path(), &mut out)?;
    let (last, year) = all.split_last().context("there are no snapshots")?;
    let case = folder.path().join("bench.case");
    let coldcase = |words: &[&str], files: &[PathBuf]| -> Result<Cost> {
        let mut command = Command::new(&options.coldcase);
        command.args(words).args(files);
        let output = File::create(folder.path().join("told.txt"))?;
        measure::run(&command, output, folder.path(), &[0])
    };
    let name = case
        .to_str()
        .context("a temporary folder with an odd name")?;
    let add = ["case", "add", name];
    let trend = ["trend", "--case", name, "--format", "json"];

    heading(&mut out)?;
    let first = coldcase(&add, year)?.then(coldcase(&trend, &[])?);
    row(&mut out, "first time", &first)?;
    let again = coldcase(&add, std::slice::from_ref(last))?.then(coldcase(&trend, &[])?);
    row(&mut out, "after one more", &again)?;
    let part = all.get(all.len() - all.len() / PART..).unwrap_or_default();
    let few = coldcase(&["trend", "--format", "json"], part)?;
    row(&mut out, &format!("{} files, no case", part.len()), &few)?;
    let many = coldcase(&["trend", "--format", "json"], &all)?;
    row(&mut out, &format!("{} files, no case", all.len()), &many)?;
    let kept = std::fs::metadata(&case)?.len() / 1024;
    writeln!(out, "the case has {kept} KiB")?;
    limits(
        &mut out,
        &[
            Limit {
                name: "the first time, s",
                measured: first.wall.as_secs_f64(),
                at_most: 60.0,
            },
            Limit {
                name: "after one more, s",
                measured: again.wall.as_secs_f64(),
                at_most: 3.0,
            },
            Limit {
                name: "peak: all files / a quarter of them",
                measured: many.peak as f64 / few.peak as f64,
                at_most: 1.25,
            },
        ],
    )
}

/// The forest at a clock each week, one more than are asked for.
fn made(options: &Options, folder: &Path, out: &mut impl Write) -> Result<Vec<PathBuf>> {
    write!(
        out,
        "making {} snapshots of {} objects … ",
        options.snapshots + 1,
        options.objects
    )?;
    out.flush()?;
    let mut files = Vec::new();
    for (week, _) in (0_u32..).zip(0..=options.snapshots) {
        let file = folder.join(format!("week-{week:03}.sqlite.zst"));
        large::write_snapshot_after(options.objects, 1, week * DAYS, &file)?;
        files.push(file);
    }
    writeln!(out, "done")?;
    Ok(files)
}
