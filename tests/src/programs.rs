//! The two programs as a user runs them: built once, started as processes, output and exit code kept.
//!
//! Deliberately does not link the analyzer: what is tested is what is shipped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// What a program left behind.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `coldcase`.
///
/// # Errors
/// It cannot be built or started.
pub fn coldcase(arguments: &[&str]) -> Result<Ended> {
    run("coldcase", arguments, "")
}

/// Runs `coldcase-collect` with `input` on its standard input.
///
/// # Errors
/// It cannot be built or started.
pub fn collect(arguments: &[&str], input: &str) -> Result<Ended> {
    run("coldcase-collect", arguments, input)
}

/// Runs `coldcase-collect` with `input` on its standard input and with these environment variables.
///
/// # Errors
/// It cannot be built or started.
pub fn collect_in(arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Result<Ended> {
    run_in("coldcase-collect", arguments, input, environment)
}

/// Path of a built program.
///
/// # Errors
/// It cannot be built.
pub fn path(program: &str) -> Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER
        .get_or_init(|| build().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(folder.join(program))
}

/// The top of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

fn run(program: &str, arguments: &[&str], input: &str) -> Result<Ended> {
    run_in(program, arguments, input, &[])
}

fn run_in(
    program: &str,
    arguments: &[&str],
    input: &str,
    environment: &[(&str, &str)],
) -> Result<Ended> {
    use std::io::Write;
    let mut child = Command::new(path(program)?)
        .args(arguments)
        .current_dir(workspace())
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} cannot be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is no error.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    Ok(Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).context("standard output is not UTF-8")?,
        stderr: String::from_utf8(output.stderr).context("standard error is not UTF-8")?,
    })
}

/// Cargo builds programs of other packages only when asked; by now everything is compiled, so this takes a moment.
fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "-p",
        "coldcase-collector",
        "-p",
        "coldcase-analyzer",
        "-p",
        "coldcase-fixtures",
    ]);
    // Every way in is tried against the domain controller. Without one, the libraries they need may be missing.
    if !without_a_domain_controller() {
        cargo.args([
            "--features",
            "coldcase-collector/kerberos,coldcase-collector/ntlm",
        ]);
    }
    let status = cargo
        .current_dir(workspace())
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "the programs do not build");
    // …/target/debug/deps/acceptance-… → …/target/debug
    let this = std::env::current_exe()?;
    this.parent()
        .and_then(Path::parent)
        .map(Path::to_owned)
        .context("the test binary is not in a target folder")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch of the tests, which decides what is built"
)]
fn without_a_domain_controller() -> bool {
    std::env::var_os("COLDCASE_SKIP_DC").is_some()
}
