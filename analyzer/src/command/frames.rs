//! `coldcase frames`: the catalogue of frames and columns.

use anyhow::{Context, Result};
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::{Value, json};

use super::{output, tables};
use crate::arguments::{FramesArguments, TableFormat};
use crate::export::Table;
use crate::frames::catalogue::{FRAMES, Frame, Type, find};
use crate::report::{table, wrap};
use crate::typo::did_you_mean;

pub(super) fn run(arguments: &FramesArguments) -> Result<AnalyzeExit> {
    match &arguments.name {
        Some(name) => {
            let frame = find(name).with_context(|| {
                let near = match did_you_mean(name, FRAMES.iter().map(|frame| frame.name)) {
                    near if near.is_empty() => "; ".to_owned(),
                    near => format!("{near} "),
                };
                format!("there is no frame {name}{near}`coldcase frames` lists all of them")
            })?;
            one(frame, arguments.format)?;
        }
        None => list(arguments.format)?,
    }
    Ok(AnalyzeExit::Clean)
}

fn one(frame: &Frame, format: TableFormat) -> Result<()> {
    match format {
        TableFormat::Json => return output::json(None, &as_json(frame)),
        TableFormat::Csv => {
            let rows = frame.columns.iter().map(|column| {
                [column.name, type_name(column.kind), column.about]
                    .map(Value::from)
                    .to_vec()
            });
            let heads = ["column", "type", "meaning"];
            return tables::csv(None, &Table::of_values("Columns", &heads, rows));
        }
        TableFormat::Text => {}
    }
    let width = output::style(None, true).width;
    let rows = frame.columns.iter().map(|column| {
        vec![
            column.name.to_owned(),
            type_name(column.kind).to_owned(),
            column.about.to_owned(),
        ]
    });
    let shown = table(&["column", "type", "meaning"], rows, width);
    output::to(None, |out| {
        for line in wrap(&format!("{}: {}", frame.name, frame.about), width, 0) {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
        out.write_all(shown.as_bytes())
    })
}

fn list(format: TableFormat) -> Result<()> {
    if format == TableFormat::Csv {
        let rows = FRAMES
            .iter()
            .map(|frame| [frame.name, frame.about].map(Value::from).to_vec());
        return tables::csv(None, &Table::of_values("Frames", &["frame", "about"], rows));
    }
    if format == TableFormat::Json {
        let frames: Vec<Value> = FRAMES.iter().map(as_json).collect();
        return output::json(None, &frames);
    }
    let rows = FRAMES
        .iter()
        .map(|frame| vec![frame.name.to_owned(), frame.about.to_owned()]);
    let shown = table(
        &["frame", "a row is"],
        rows,
        output::style(None, true).width,
    );
    output::to(None, |out| {
        out.write_all(shown.as_bytes())?;
        writeln!(out, "\n`coldcase frames NAME` lists the columns of one.")
    })
}

fn as_json(frame: &Frame) -> Value {
    let columns: Vec<Value> = frame
        .columns
        .iter()
        .map(|column| json!({ "name": column.name, "type": type_name(column.kind), "about": column.about }))
        .collect();
    json!({ "name": frame.name, "about": frame.about, "columns": columns })
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Integer => "integer",
        Type::Float => "float",
        Type::Text => "text",
        Type::Boolean => "boolean",
    }
}
