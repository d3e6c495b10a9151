//! The speed of `coldcase report` and `coldcase info` on a large forest, beside the floor of the same run.
//!
//! The floor is what no analyzer can go under: decompressing the file and looking at every cell once. Machines
//! differ and are noisy, so the ratio counts, not the seconds. Deliberately no test: nothing fails by being slow.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use anyhow::{Context, Result, ensure};
use coldcase_schemas::container::read_manifest;
use coldcase_tests::programs::workspace;
use rusqlite::Connection;

use crate::stages::stage;
use crate::table::{Limit, limits};

/// Runs of each; the median counts.
const RUNS: usize = 5;

/// Makes a forest of `objects` objects, measures, and prints. False if a limit of the rules was missed.
pub(crate) fn run(objects: u64) -> Result<bool> {
    let programs = std::env::current_exe()?
        .parent()
        .map(Path::to_owned)
        .context("the folder of the programs")?;
    let folder = tempfile::tempdir()?;
    let snapshot = folder.path().join("large.sqlite.zst");
    let mut out = io::stdout().lock();
    writeln!(out, "making a forest of {objects} objects …")?;
    coldcase_fixtures::large::write_snapshot(objects, 1, &snapshot, |_| {})?;
    let manifest = read_manifest(&snapshot)?;
    writeln!(
        out,
        "{} objects, {} links, {} descriptors; {} KiB in the file, {} KiB decompressed",
        manifest.counts.objects,
        manifest.counts.links,
        manifest.counts.security_descriptors,
        fs::metadata(&snapshot)?.len() / 1024,
        manifest.database_bytes / 1024
    )?;

    let mut decompress = Vec::new();
    let mut scan = Vec::new();
    let mut report = Vec::new();
    let mut peak = 0;
    for _ in 0..RUNS {
        // One after the other in each round, so that a noisy moment hits all of them.
        let (first, second) = floor(&snapshot)?;
        decompress.push(first);
        scan.push(second);
        let (took, memory) = time(
            &programs,
            &["report", "--format", "json", "-o", "/dev/null"],
            &snapshot,
        )?;
        report.push(took);
        peak = peak.max(memory);
    }
    let info: Vec<Duration> = (0..4 * RUNS)
        .map(|_| time(&programs, &["info"], &snapshot).map(|(took, _)| took))
        .collect::<Result<_>>()?;
    let (decompress, scan, report, info) = (
        median(decompress),
        median(scan),
        median(report),
        median(info),
    );
    let floor = decompress + scan;
    writeln!(out, "floor: decompress  {decompress:>9.1?}")?;
    writeln!(out, "floor: every cell  {scan:>9.1?}")?;
    writeln!(out, "floor              {floor:>9.1?}")?;
    writeln!(
        out,
        "report             {report:>9.1?}  {:.1} × the floor (at most 8)",
        report.as_secs_f64() / floor.as_secs_f64()
    )?;
    writeln!(
        out,
        "report, peak       {:>6} MiB (at most 600)",
        peak / 1024
    )?;
    writeln!(out, "info               {info:>9.1?}  (at most 20 ms)")?;
    let stages = stages_of(&programs, &snapshot)?;
    writeln!(out, "\nstages of the last run, and the slowest rules")?;
    for (name, seconds) in &stages {
        writeln!(out, "{name:<34}{:>9.1} ms", seconds * 1000.0)?;
    }
    let rules = stages.iter().position(|(name, _)| name == "rules");
    let slowest = rules.and_then(|rules| stages.get(rules + 1));
    let seconds = |stage: Option<&(String, f64)>| {
        let stage = stage.map(|(_, seconds)| *seconds);
        stage.context("coldcase report --timings told no rules")
    };
    limits(
        &mut out,
        &[
            Limit {
                name: "all pages planned on empty frames, s",
                measured: planned(&programs)?.as_secs_f64(),
                at_most: 1.0,
            },
            Limit {
                name: "all rules, s",
                measured: seconds(rules.and_then(|rules| stages.get(rules)))?,
                at_most: 2.0,
            },
            Limit {
                name: "slowest rule, s",
                measured: seconds(slowest)?,
                at_most: 0.2,
            },
        ],
    )
}

/// Time of `coldcase rules check`, which runs each page of the program on frames without rows.
fn planned(programs: &Path) -> Result<Duration> {
    let started = Instant::now();
    let ended = Command::new(programs.join("coldcase"))
        .args(["rules", "check"])
        .output()?;
    let took = started.elapsed();
    let told = String::from_utf8_lossy(&ended.stdout);
    let mut pages = 0;
    for family in fs::read_dir(workspace().join("analyzer/rules"))? {
        pages += fs::read_dir(family?.path())?.count();
    }
    ensure!(
        ended.status.success() && told.contains(&format!("{pages} pages")),
        "coldcase rules check did not run {pages} pages: {told}"
    );
    Ok(took)
}

/// Stages and slowest rules of one run.
fn stages_of(programs: &Path, snapshot: &Path) -> Result<Vec<(String, f64)>> {
    let mut report = Command::new(programs.join("coldcase"));
    report
        .arg("report")
        .arg(snapshot)
        .args(["--timings", "--format", "json", "-o", "/dev/null"]);
    let ended = report.output()?;
    ensure!(ended.status.success(), "coldcase report failed");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    Ok(told.lines().filter_map(stage).collect())
}

/// Decompression as `zstd -dc` does it, and one look at every cell.
fn floor(snapshot: &Path) -> Result<(Duration, Duration)> {
    let file = fs::read(snapshot)?;
    let started = Instant::now();
    let mut database = Vec::new();
    zstd::stream::read::Decoder::new(file.as_slice())?.read_to_end(&mut database)?;
    let decompress = started.elapsed();
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact("main", database.as_slice(), database.len(), true)?;
    let started = Instant::now();
    let mut bytes = 0_u64;
    for table in [
        "root_dse",
        "query",
        "name",
        "security_descriptor",
        "object",
        "link",
        "value",
        "attribute",
        "defect",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                bytes += match row.get_ref(column)? {
                    rusqlite::types::ValueRef::Text(text)
                    | rusqlite::types::ValueRef::Blob(text) => text.len() as u64,
                    _ => 1,
                };
            }
        }
    }
    ensure!(bytes > 0, "the snapshot is empty");
    Ok((decompress, started.elapsed()))
}

/// Wall time and peak memory in KiB of one run of `coldcase`.
fn time(programs: &Path, arguments: &[&str], snapshot: &Path) -> Result<(Duration, u64)> {
    let program: PathBuf = programs.join("coldcase");
    let started = Instant::now();
    let mut child = Command::new(&program)
        .args(arguments)
        .arg(snapshot)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| {
            format!(
                "{} is not built; see tests/bench/README.md",
                program.display()
            )
        })?;
    let status_file = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let status = loop {
        if let Some(memory) = high_water_mark(&status_file) {
            peak = peak.max(memory);
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_micros(500));
    };
    ensure!(status.success(), "coldcase {arguments:?} failed");
    Ok((started.elapsed(), peak))
}

/// VmHWM in KiB (proc(5)); `None` once the process has ended.
fn high_water_mark(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations
        .get(durations.len() / 2)
        .copied()
        .unwrap_or_default()
}
