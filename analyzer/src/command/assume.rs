//! `coldcase assumptions`: the documented file of assumptions.

use anyhow::{Result, bail};
use coldcase_schemas::exit::AnalyzeExit;

use super::output;
use crate::arguments::AssumptionsArguments;
use crate::assumptions::DOCUMENTED;

pub(super) fn run(arguments: &AssumptionsArguments) -> Result<AnalyzeExit> {
    if let Some(path) = arguments.output.as_deref().filter(|path| path.exists()) {
        bail!(
            "{} is there already and may hold what you changed; choose another file",
            path.display()
        );
    }
    output::to(arguments.output.as_deref(), |out| {
        out.write_all(DOCUMENTED.as_bytes())
    })?;
    if let Some(path) = &arguments.output {
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
