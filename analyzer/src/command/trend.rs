//! `coldcase trend`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::trend::Trend;

use super::{output, progress, tables};
use crate::arguments::{DiffFormat, TrendArguments};
use crate::assumptions::{self, Given};
use crate::export;
use crate::history::{Case, Files, Judge, markdown, write_text};
use crate::rules::Pack;

pub(super) fn run(arguments: &TrendArguments) -> Result<AnalyzeExit> {
    match arguments.format {
        DiffFormat::Xlsx => tables::needs_file(arguments.output.as_deref())?,
        DiffFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let trend = match &arguments.case {
        Some(case) => of_case(arguments, case)?,
        None => of_files(arguments)?,
    };
    let file = arguments.output.as_deref();
    match arguments.format {
        DiffFormat::Json => output::json(file, &trend)?,
        DiffFormat::Text => {
            let style = output::style(file, arguments.all);
            output::to(file, |out| write_text(&trend, style, out))?;
        }
        DiffFormat::Csv => tables::folder(file, &export::of_trend(&trend))?,
        DiffFormat::Xlsx => {
            let title = format!("Service account risk over time: {}", trend.domain);
            let last = trend.points.last();
            let taken_at = last.map_or("", |point| &point.snapshot.taken_at);
            tables::workbook(file, &title, taken_at, &export::of_trend(&trend))?;
        }
        DiffFormat::Md => {
            let text = markdown(&trend);
            output::to(file, |out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(AnalyzeExit::Clean)
}

fn of_files(arguments: &TrendArguments) -> Result<Trend> {
    let given = given(arguments.config.as_deref(), &arguments.snapshots)?;
    let judge = Judge::new(Pack::load(arguments.rules.as_deref())?, given);
    let files = Files::of(&arguments.snapshots)?;
    let course = files.course(
        &judge,
        arguments.exceptions.as_deref(),
        |number, of, day| {
            progress::say(&format!("snapshot {number} of {of}, taken {day}"));
        },
    )?;
    Ok(course.finish(&judge, files.notes, Vec::new()))
}

fn of_case(arguments: &TrendArguments, path: &Path) -> Result<Trend> {
    let given = assumptions::load(arguments.config.as_deref(), path)?;
    let judge = Judge::new(Pack::load(arguments.rules.as_deref())?, given);
    let case = Case::open(path, false)?;
    case.trend(
        &judge,
        arguments.domain.as_deref(),
        arguments.exceptions.as_deref(),
    )
}

/// The assumptions for all of `paths`, which must be the same: else a change of them would pass for one of the domain.
///
/// # Errors
/// The files beside them differ, or one makes no sense.
fn given(config: Option<&Path>, paths: &[PathBuf]) -> Result<Given> {
    let mut first: Option<(&PathBuf, Given)> = None;
    for path in paths {
        let given = assumptions::load(config, path)?;
        match &first {
            None => first = Some((path, given)),
            Some((other, known)) if known.assumptions != given.assumptions => bail!(
                "{} and {} lie beside different assumptions; say with --config which hold for all",
                other.display(),
                path.display()
            ),
            Some(_) => {}
        }
    }
    Ok(first.map(|(_, given)| given).unwrap_or_default())
}
