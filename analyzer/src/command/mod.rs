//! One module a command: from arguments to output and exit code.
//!
//! Deliberately holds no analysis: commands call the stages and write what comes out.

mod accept;
mod access;
mod accounts;
mod assume;
mod case;
mod completions;
mod demo;
mod diff;
mod explain;
mod frames;
mod import;
mod info;
mod output;
mod past;
mod paths;
mod plan_migration;
mod progress;
mod report;
pub(crate) mod reveal;
mod rules;
mod source;
mod sql;
mod tables;
mod timings;
mod trend;
mod verify;

use std::path::Path;

use anyhow::{Context, Result};
use coldcase_schemas::Snapshot;
use coldcase_schemas::exit::AnalyzeExit;

use crate::arguments::{Arguments, Command, ConfigArguments};
use crate::assumptions;
use crate::frames::{Analysis, Frames};
use crate::load::Directory;
use crate::report::{visible, wrap};

/// Runs one command.
///
/// # Errors
/// It could not run: unreadable snapshot, broken rule, unwritable output. The message says which.
pub fn run(arguments: &Arguments) -> Result<AnalyzeExit> {
    match &arguments.command {
        Command::Report(arguments) => report::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Accounts(arguments) => accounts::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::PlanMigration(arguments) => plan_migration::run(arguments),
        Command::Access(arguments) => access::run(arguments),
        Command::Paths(arguments) => paths::run(arguments),
        Command::Trend(arguments) => trend::run(arguments),
        Command::Case(arguments) => case::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Info(arguments) => info::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Reveal(arguments) => reveal::run(arguments),
        Command::Accept(arguments) => accept::run(arguments),
        Command::Assumptions(arguments) => assume::run(arguments),
        Command::Sql(arguments) => sql::run(arguments),
        Command::Frames(arguments) => frames::run(arguments),
        Command::Demo(arguments) => demo::demo(arguments),
        Command::Completions(arguments) => completions::completions(arguments),
        Command::Man(arguments) => completions::man(arguments),
    }
}

/// What went wrong, as it is told on standard error: broken between words on a terminal, one line elsewhere.
pub fn complaint(error: &anyhow::Error) -> String {
    progress::clear();
    let text = format!("coldcase: {error:#}");
    // Paths and names in it may be anything.
    let text = text.lines().map(visible).collect::<Vec<_>>().join("\n");
    match output::error_width() {
        Some(width) => wrap(&text, width, 0).join("\n"),
        None => text,
    }
}

/// Opens a snapshot and builds what access and paths are found from, under the assumptions of `config` or of the file
/// beside the snapshot.
fn load(path: &Path, config: &ConfigArguments) -> Result<Analysis> {
    let given = assumptions::load(config.config.as_deref(), path)?;
    let snapshot = open(path)?;
    let directory = Directory::load(&snapshot).with_context(|| path.display().to_string())?;
    progress::say("finding who holds which rights");
    Ok(Analysis::under(given, directory))
}

/// Opens a snapshot and builds everything that is computed from it and that these SQL texts may name.
fn analyse<'a>(
    path: &Path,
    config: &ConfigArguments,
    queries: impl Iterator<Item = &'a str>,
) -> Result<(Analysis, Frames)> {
    let analysis = load(path, config)?;
    let frames = Frames::build(&analysis, queries)?;
    Ok((analysis, frames))
}

fn open(path: &Path) -> Result<Snapshot> {
    progress::say(&format!("reading {}", visible(&path.to_string_lossy())));
    Snapshot::open(path).with_context(|| path.display().to_string())
}
