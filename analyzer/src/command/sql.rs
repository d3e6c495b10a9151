//! `coldcase sql`: a query over the frames, as a table or as JSON rows.

use anyhow::Result;
use coldcase_schemas::exit::AnalyzeExit;
use polars::prelude::{AnyValue, DataFrame};
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::{analyse, output, tables};
use crate::arguments::{SqlArguments, TableFormat};
use crate::export::Table;
use crate::report::{table, visible, wrap};
use crate::rules::{is_ordered, json, run_bounded, text};

pub(super) fn run(arguments: &SqlArguments) -> Result<AnalyzeExit> {
    let (_, frames) = analyse(
        &arguments.snapshot,
        &arguments.config,
        std::iter::once(arguments.query.as_str()),
    )?;
    let result = run_bounded(&mut frames.sql(), &arguments.query)?;
    let mut rows = rows(&result);
    if !is_ordered(&arguments.query) {
        // Groups and joins come in any order; the same query must give the same bytes.
        rows.sort_by_cached_key(|row| Value::from(row.clone()).to_string());
    }
    write(&result, rows, arguments.format)?;
    Ok(AnalyzeExit::Clean)
}

/// The cells of a dataframe, row by row.
pub(super) fn rows(result: &DataFrame) -> Vec<Vec<Value>> {
    (0..result.height())
        .map(|row| {
            let columns = result.get_columns().iter();
            columns
                .map(|column| json(&column.get(row).unwrap_or(AnyValue::Null)))
                .collect()
        })
        .collect()
}

fn write(result: &DataFrame, rows: Vec<Vec<Value>>, format: TableFormat) -> Result<()> {
    let names: Vec<String> = result
        .get_column_names()
        .into_iter()
        .map(|name| name.to_string())
        .collect();
    if format == TableFormat::Csv {
        return tables::csv(None, &Table::of_values("Rows", &names, rows));
    }
    if format == TableFormat::Json {
        let rows: Vec<Map<String, Value>> = rows
            .into_iter()
            .map(|row| names.iter().cloned().zip(row).collect())
            .collect();
        return output::json(None, &rows);
    }
    let width = output::style(None, true).width;
    // A query names its columns as it likes.
    let names: Vec<String> = names.iter().map(|name| visible(name)).collect();
    let head: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(&cell_text(cell))).collect())
        .collect();
    let shown = if natural_width(&head, &rows) <= usize::from(width) {
        table(&head, rows, width)
    } else {
        records(&head, &rows, width)
    };
    output::to(None, |out| {
        out.write_all(shown.as_bytes())?;
        let plural = if result.height() == 1 { "row" } else { "rows" };
        writeln!(out, "({} {plural})", result.height())
    })
}

/// Booleans as SQL spells them, so that what is read here can be asked for.
fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Bool(value) => value.to_string(),
        other => text(other),
    }
}

/// Columns that the table needs without breaking a cell.
fn natural_width(head: &[&str], rows: &[Vec<String>]) -> usize {
    head.iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
            widest.max(name.width()) + 2
        })
        .sum()
}

/// A table too wide for the terminal, as a line a cell, or some if it is wider yet.
fn records(head: &[&str], rows: &[Vec<String>], width: u16) -> String {
    let widest = head.iter().map(|name| name.width()).max().unwrap_or(0);
    let mut shown = String::new();
    for (number, row) in rows.iter().enumerate() {
        shown.push_str(&format!("- row {}\n", number + 1));
        for (name, cell) in head.iter().zip(row) {
            let begin = format!("  {name:<widest$}  ");
            let fits = begin.width() + cell.width() <= usize::from(width);
            let lines = match fits {
                true => vec![cell.clone()],
                false => wrap(cell, width, widest + 4),
            };
            let first = lines
                .first()
                .map_or("", |line| if fits { line } else { line.trim_start() });
            shown.push_str(format!("{begin}{first}").trim_end());
            shown.push('\n');
            for line in lines.iter().skip(1) {
                shown.push_str(line);
                shown.push('\n');
            }
        }
    }
    shown
}
