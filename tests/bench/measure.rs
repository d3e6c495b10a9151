//! Runs a program and tells what it cost. Knows no particular program.
//!
//! Processor time and peak memory are the kernel's own account of the ended process (getrusage(2): user and system
//! time, maximum resident set), read through `/usr/bin/time`, Debian's package `time`. That program is small, so what a
//! process inherits of the peak of the one that started it does not matter.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

const TIME: &str = "/usr/bin/time";
/// The file in the folder given to [`run`] that has the program's standard error.
const ERRORS: &str = "errors.txt";

/// What one run, or several one after the other, cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Maximum resident set, KiB.
    pub(crate) peak: u64,
}

impl Cost {
    /// One after the other.
    pub(crate) fn then(self, next: Cost) -> Cost {
        Cost {
            wall: self.wall + next.wall,
            cpu: self.cpu + next.cpu,
            peak: self.peak.max(next.peak),
        }
    }

    /// Processor time in relation to wall time.
    pub(crate) fn cpu_share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// The run of median wall time, with the peak of all.
pub(crate) fn median(mut runs: Vec<Cost>) -> Cost {
    runs.sort_by_key(|cost| cost.wall);
    let peak = runs.iter().map(|cost| cost.peak).max().unwrap_or_default();
    let middle = runs.get(runs.len() / 2).copied().unwrap_or_default();
    Cost { peak, ..middle }
}

/// What the last program run with this folder wrote to standard error.
pub(crate) fn errors(folder: &Path) -> Result<String> {
    fs::read_to_string(folder.join(ERRORS)).context("what the program wrote to standard error")
}

/// Runs `command` to its end, its standard output going to `output`. `exit_codes` are those that count as success.
pub(crate) fn run(
    command: &Command,
    output: File,
    folder: &Path,
    exit_codes: &[i32],
) -> Result<Cost> {
    ensure!(
        Path::new(TIME).exists(),
        "{TIME} is missing: the benchmark needs `apt-get install time`"
    );
    let account = folder.join("time.txt");
    let errors = folder.join(ERRORS);
    let mut timed = Command::new(TIME);
    timed
        .args(["-f", "%U %S %M", "-o"])
        .arg(&account)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(File::create(&errors)?);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        timed.current_dir(directory);
    }
    let program = command.get_program().to_string_lossy();
    let started = Instant::now();
    let status = timed
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    let wall = started.elapsed();
    let code = status.code().unwrap_or(-1);
    ensure!(
        exit_codes.contains(&code),
        "{program} ended with {code}:\n{}",
        fs::read_to_string(&errors).unwrap_or_default()
    );
    let account = fs::read_to_string(&account).context("the account of `time`")?;
    // Before the last line there may be one that repeats the exit code.
    let numbers: Vec<f64> = account
        .lines()
        .last()
        .unwrap_or_default()
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let &[user, system, peak] = numbers.as_slice() else {
        anyhow::bail!("`time` wrote {account:?}");
    };
    Ok(Cost {
        wall,
        cpu: Duration::from_secs_f64(user + system),
        // `time` prints a whole number of KiB.
        peak: peak as u64,
    })
}
