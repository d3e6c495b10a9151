//! Runs a program to its end, within a time limit, with its output in files. Knows no particular program.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const POLL: Duration = Duration::from_millis(20);
const TAIL_LINES: usize = 30;

/// Runs `command` and returns what it wrote to standard output. `name` names its output files in `directory`.
/// An exit code other than 0 and the time limit are errors that show the end of standard error.
pub(super) fn run(
    command: &mut Command,
    directory: &Path,
    name: &str,
    limit: Duration,
) -> Result<Vec<u8>> {
    run_with_input(command, Stdio::null(), directory, name, limit)
}

/// The same with something to read on standard input.
pub(super) fn run_with_input(
    command: &mut Command,
    input: Stdio,
    directory: &Path,
    name: &str,
    limit: Duration,
) -> Result<Vec<u8>> {
    let output = directory.join(format!("{name}.out"));
    let errors = directory.join(format!("{name}.err"));
    let mut child = command
        .stdin(input)
        .stdout(
            File::create(&output).with_context(|| format!("cannot create {}", output.display()))?,
        )
        .stderr(
            File::create(&errors).with_context(|| format!("cannot create {}", errors.display()))?,
        )
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    match wait(&mut child, limit)? {
        Some(status) if status.success() => {
            fs::read(&output).with_context(|| format!("cannot read {}", output.display()))
        }
        Some(status) => bail!("{name} failed ({status}):\n{}", tail(&errors)),
        None => {
            child.kill().with_context(|| format!("cannot end {name}"))?;
            child
                .wait()
                .with_context(|| format!("cannot wait for {name}"))?;
            bail!(
                "{name} did not end within {} s:\n{}",
                limit.as_secs(),
                tail(&errors)
            )
        }
    }
}

/// Waits for `child` at most `limit`; `None` if it still runs then.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child
            .try_wait()
            .context("cannot wait for a child process")?
        {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// The last lines of a text file, for error messages.
pub(super) fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(TAIL_LINES))
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}
