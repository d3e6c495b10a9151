//! `coldcase sql`: a query over the frames, as a table or as JSON rows.

use anyhow::Result;
use coldcase_schemas::exit::AnalyzeExit;
use polars::prelude::{AnyValue, DataFrame};
use serde_json::{Map, Value};

use super::{analyse, output};
use crate::arguments::{Format, SqlArguments};
use crate::report::table;
use crate::rules::{json, run as run_query, text};

pub(super) fn run(arguments: &SqlArguments) -> Result<AnalyzeExit> {
    let (_, frames) = analyse(&arguments.snapshot)?;
    let result = run_query(&mut frames.sql(), &arguments.query)?;
    write(&result, arguments.format)?;
    Ok(AnalyzeExit::Clean)
}

/// Writes a dataframe.
pub(super) fn write(result: &DataFrame, format: Format) -> Result<()> {
    let names: Vec<String> = result
        .get_column_names()
        .into_iter()
        .map(|name| name.to_string())
        .collect();
    let cells = |row: usize| {
        result
            .columns()
            .iter()
            .map(move |column| json(&column.get(row).unwrap_or(AnyValue::Null)))
    };
    if format == Format::Json {
        let rows: Vec<Map<String, Value>> = (0..result.height())
            .map(|row| names.iter().cloned().zip(cells(row)).collect())
            .collect();
        return output::json(None, &rows);
    }
    let head: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = (0..result.height()).map(|row| cells(row).map(|cell| text(&cell)).collect());
    let shown = table(&head, rows, output::style(None, true).width);
    output::to(None, |out| {
        out.write_all(shown.as_bytes())?;
        let plural = if result.height() == 1 { "row" } else { "rows" };
        writeln!(out, "({} {plural})", result.height())
    })
}
