//! `coldcase assumptions`: the documented file of assumptions.

use anyhow::Result;
use coldcase_schemas::exit::AnalyzeExit;

use super::output;
use crate::arguments::AssumptionsArguments;
use crate::assumptions::DOCUMENTED;

pub(super) fn run(arguments: &AssumptionsArguments) -> Result<AnalyzeExit> {
    output::to(arguments.output.as_deref(), |out| {
        out.write_all(DOCUMENTED.as_bytes())
    })?;
    Ok(AnalyzeExit::Clean)
}
