//! What effective rights and the control graph cost: `coldcase paths` on a tangled forest, and on one of ten times the
//! principals with as many groups and distinct descriptors. Prints a table and the limits, and says whether all were kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use coldcase_fixtures::tangled;

use crate::measure::{self, Cost};
use crate::stages;
use crate::table::{Limit, limits, mebibytes};

const USAGE: &str =
    "bench access [--tenfold] [--principals N] [--runs N] [--seed N] [--coldcase FILE]";
const TENFOLD: u64 = 10;

/// What is to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    principals: u64,
    /// Ten times the principals too.
    tenfold: bool,
    runs: usize,
    seed: u64,
    coldcase: PathBuf,
}

impl Options {
    /// From the words after `access`.
    pub(crate) fn parse(words: &[String]) -> Result<Options> {
        let mut options = Options {
            principals: 100_000,
            tenfold: false,
            runs: 3,
            seed: 1,
            coldcase: coldcase_tests::programs::workspace().join("target/release/coldcase"),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--tenfold" {
                options.tenfold = true;
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{word} is not known or needs a value: {USAGE}"))?;
            let number = || {
                value
                    .parse::<u64>()
                    .with_context(|| format!("{word} {value}"))
            };
            match word.as_str() {
                "--principals" => options.principals = number()?,
                "--runs" => options.runs = usize::try_from(number()?)?.max(1),
                "--seed" => options.seed = number()?,
                "--coldcase" => options.coldcase = PathBuf::from(value),
                _ => bail!("{word} is not known: {USAGE}"),
            }
        }
        ensure!(
            options.principals >= tangled::FEWEST_PRINCIPALS,
            "a tangled forest has at least {} principals",
            tangled::FEWEST_PRINCIPALS
        );
        ensure!(
            options.coldcase.exists(),
            "{} is not there: build it with `cargo build --release -p coldcase-analyzer`, or name another with --coldcase",
            options.coldcase.display()
        );
        Ok(options)
    }
}

/// Measures and prints. False if a limit was missed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut out = io::stdout().lock();
    let one = measured(options, options.principals, &mut out)?;
    let ten = if options.tenfold {
        Some(measured(options, options.principals * TENFOLD, &mut out)?)
    } else {
        None
    };

    let principals = |times: u64| format!("{} principals", options.principals * times);
    write!(out, "\n{:<28}{:>20}", "", principals(1))?;
    if ten.is_some() {
        write!(out, "{:>20}{:>9}", principals(TENFOLD), "ratio")?;
    }
    writeln!(out)?;
    for (name, seconds) in &one.stages {
        let other = ten.as_ref().map(|ten| ten.stage(name));
        line(&mut out, &format!("{name}, s"), *seconds, other)?;
    }
    for (name, value) in [
        ("wall, s", Run::wall as fn(&Run) -> f64),
        ("CPU, s", Run::cpu),
        ("peak, MiB", Run::peak),
    ] {
        line(&mut out, name, value(&one), ten.as_ref().map(value))?;
    }

    let mut all = vec![
        Limit {
            name: "wall, s",
            measured: one.wall(),
            at_most: 10.0,
        },
        Limit {
            name: "peak, MiB",
            measured: one.peak(),
            at_most: 1536.0,
        },
    ];
    if let Some(ten) = &ten {
        all.push(Limit {
            name: "wall: ten times the principals / one",
            measured: ten.wall() / one.wall(),
            at_most: 12.0,
        });
    }
    limits(&mut out, &all)
}

/// One run of the program.
struct Run {
    cost: Cost,
    /// Seconds of each stage, in order.
    stages: Vec<(String, f64)>,
}

impl Run {
    fn wall(&self) -> f64 {
        self.cost.wall.as_secs_f64()
    }

    fn cpu(&self) -> f64 {
        self.cost.cpu.as_secs_f64()
    }

    fn peak(&self) -> f64 {
        mebibytes(self.cost.peak)
    }

    fn stage(&self, name: &str) -> f64 {
        let stage = self.stages.iter().find(|(known, _)| known == name);
        stage.map_or(0.0, |(_, seconds)| *seconds)
    }
}

/// Writes a forest of so many principals and runs the program on it: the run of median wall time, with the peak of all.
fn measured(options: &Options, principals: u64, out: &mut impl Write) -> Result<Run> {
    // A folder each, so that the disk holds one forest at a time.
    let folder = tempfile::tempdir()?;
    let snapshot = folder.path().join("tangled.sqlite.zst");
    write!(out, "making a forest of {principals} principals … ")?;
    out.flush()?;
    let started = Instant::now();
    let (manifest, tally) = tangled::write_snapshot(principals, options.seed, &snapshot, |_| ())?;
    writeln!(out, "{:.0} s", started.elapsed().as_secs_f64())?;
    writeln!(out, "{tally}")?;
    writeln!(
        out,
        "{} objects, {} links, {} distinct descriptors; {} KiB in the file, {} KiB decompressed",
        manifest.counts.objects,
        manifest.counts.links,
        manifest.counts.security_descriptors,
        fs::metadata(&snapshot)?.len() / 1024,
        manifest.database_bytes / 1024
    )?;
    let mut runs = Vec::new();
    for round in 1..=options.runs {
        writeln!(out, "round {round} of {} …", options.runs)?;
        out.flush()?;
        runs.push(paths(&options.coldcase, &snapshot, folder.path())?);
    }
    runs.sort_by_key(|run| run.cost.wall);
    let peak = runs.iter().map(|run| run.cost.peak).max();
    let mut middle = runs.swap_remove(runs.len() / 2);
    middle.cost.peak = peak.unwrap_or_default();
    Ok(middle)
}

/// `coldcase paths SNAP --timings`.
fn paths(coldcase: &Path, snapshot: &Path, folder: &Path) -> Result<Run> {
    let mut command = Command::new(coldcase);
    command.arg("paths").arg(snapshot).arg("--timings");
    let output = File::create(folder.join("paths.txt"))?;
    let cost = measure::run(&command, output, folder, &[0])?;
    let stages: Vec<(String, f64)> = measure::errors(folder)?
        .lines()
        .filter_map(stages::stage)
        .collect();
    ensure!(
        !stages.is_empty(),
        "{} paths --timings told no stages",
        coldcase.display()
    );
    Ok(Run { cost, stages })
}

fn line(out: &mut impl Write, name: &str, one: f64, ten: Option<f64>) -> Result<()> {
    write!(out, "{name:<28}{one:>20.2}")?;
    match ten {
        Some(ten) if one > 0.0 => writeln!(out, "{ten:>20.2}{:>9.1}", ten / one)?,
        Some(ten) => writeln!(out, "{ten:>20.2}{:>9}", "")?,
        None => writeln!(out)?,
    }
    Ok(())
}
