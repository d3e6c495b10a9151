//! `coldcase diff`.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use coldcase_schemas::diff::{Diff, FindingState};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::report::Severity;

use super::timings::Timings;
use super::{open, output, progress, tables};
use crate::arguments::{DiffArguments, DiffFormat};
use crate::assumptions;
use crate::compare::{
    Basis, aged, comparable, diff, evaluated, same_domain, write_markdown, write_text,
};
use crate::exceptions::Exceptions;
use crate::export;

pub(super) fn run(arguments: &DiffArguments) -> Result<AnalyzeExit> {
    if !arguments.more.is_empty() {
        bail!(
            "diff compares two snapshots, {} were named; `coldcase trend SNAP...` tells how many of them developed",
            arguments.more.len() + 2
        );
    }
    match arguments.format {
        DiffFormat::Xlsx => tables::needs_file(arguments.output.as_deref())?,
        DiffFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let mut timings = Timings::new(arguments.timings);
    let (old, new) = (arguments.old.as_path(), arguments.new.as_path());
    let given = assumptions::load(arguments.config.config.as_deref(), new)?;
    let exceptions = Exceptions::load(arguments.exceptions.as_deref(), new)?;
    let (old_snapshot, new_snapshot) = at_once((old, || open(old)), || open(new))?;
    comparable(
        (old, old_snapshot.manifest()),
        (new, new_snapshot.manifest()),
        arguments.any_domain,
    )?;
    timings.stage("open and check")?;
    progress::say("evaluating both snapshots");
    let basis = Basis {
        given: &given,
        exceptions: &exceptions,
        rules: arguments.rules.as_deref(),
    };
    let one = |path, snapshot| evaluated(path, snapshot, &basis);
    let (mut old_side, new_side) =
        at_once((old, || one(old, old_snapshot)), || one(new, new_snapshot))?;
    timings.stage("evaluate both sides")?;
    same_domain((old, &old_side), (new, &new_side), arguments.any_domain)?;
    let aged = aged(&mut old_side, &new_side, arguments.rules.as_deref())?;
    timings.stage("evaluate the earlier at the later clock")?;
    progress::say("comparing");
    let diff = diff(&old_side, &new_side, &aged)?;
    timings.stage("compare")?;
    let file = arguments.output.as_deref();
    match arguments.format {
        DiffFormat::Json => output::json(file, &diff)?,
        DiffFormat::Md => output::to(file, |out| write_markdown(&diff, arguments.all, out))?,
        DiffFormat::Csv => tables::folder(file, &export::of_diff(&diff))?,
        DiffFormat::Xlsx => {
            let title = format!("What changed in {}", diff.new.domain);
            tables::workbook(file, &title, &diff.new.taken_at, &export::of_diff(&diff))?;
        }
        DiffFormat::Text => {
            let style = output::style(file, arguments.all);
            output::to(file, |out| write_text(&diff, style, out))?;
        }
    }
    timings.stage("write")?;
    let failed = arguments
        .fail_on
        .is_some_and(|limit| opened(&diff, Severity::from(limit)));
    Ok(if failed {
        AnalyzeExit::Findings
    } else {
        AnalyzeExit::Clean
    })
}

/// The same work on both sides, at once: most machines have at least two cores. What is wrong with the earlier is told
/// first.
fn at_once<T: Send>(
    (old, earlier): (&Path, impl FnOnce() -> Result<T> + Send),
    later: impl FnOnce() -> Result<T>,
) -> Result<(T, T)> {
    let (earlier, later) = std::thread::scope(|scope| {
        let earlier = scope.spawn(earlier);
        let later = later();
        (earlier.join(), later)
    });
    let earlier = earlier.map_err(|_| anyhow!("{} could not be read", old.display()))?;
    Ok((earlier?, later?))
}

/// Whether a finding of this severity or worse that nobody has accepted opened, or may have.
fn opened(diff: &Diff, limit: Severity) -> bool {
    diff.findings.iter().any(|change| {
        let new = matches!(
            change.state,
            FindingState::Opened | FindingState::UnknownBefore
        );
        let worse = change.was.is_some_and(|was| change.finding.severity < was);
        let accepted = change.finding.accepted.is_some();
        (new || worse) && !accepted && change.finding.severity <= limit
    })
}
