//! `coldcase assumptions`: the documented file of assumptions.

use anyhow::{Result, bail};
use coldcase_schemas::exit::AnalyzeExit;

use super::{output, tables};
use crate::arguments::{AssumptionsArguments, TableFormat};
use crate::assumptions::{Assumptions, DOCUMENTED, settings};
use crate::export;
use crate::report::assumptions_of;

pub(super) fn run(arguments: &AssumptionsArguments) -> Result<AnalyzeExit> {
    if let Some(path) = arguments.output.as_deref().filter(|path| path.exists()) {
        bail!(
            "{} is there already and may hold what you changed; choose another file",
            path.display()
        );
    }
    let file = arguments.output.as_deref();
    let assumed = || assumptions_of(settings(&Assumptions::default()));
    match arguments.format {
        TableFormat::Json => output::json(file, &assumed())?,
        TableFormat::Csv => tables::csv(file, &export::of_assumptions(&assumed()))?,
        TableFormat::Text => output::to(file, |out| out.write_all(DOCUMENTED.as_bytes()))?,
    }
    if let Some(path) = file.filter(|_| arguments.format == TableFormat::Text) {
        output::to(None, |out| {
            writeln!(
                out,
                "Wrote {}. It is read by itself beside a snapshot, else with --config.",
                path.display()
            )
        })?;
    }
    Ok(AnalyzeExit::Clean)
}
