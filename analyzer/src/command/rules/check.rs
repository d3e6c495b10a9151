//! `coldcase rules check`: every page of a folder, with file and line of what is wrong; without a folder,
//! the program's own pages.

use std::io::Write;

use anyhow::{Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::json;

use super::super::{output, tables};
use crate::arguments::{CheckRulesArguments, TableFormat};
use crate::export::Table;
use crate::report::visible;
use crate::rules::Pack;

pub(super) fn run(arguments: &CheckRulesArguments) -> Result<AnalyzeExit> {
    let folder = arguments.folder.as_deref();
    let mut pack = Pack::load(folder)?;
    let good = if folder.is_some() {
        pack.try_out()?;
        let own = pack
            .pages
            .iter()
            .filter(|page| pack.file_of(page).is_some());
        own.count()
    } else {
        pack.try_all()?;
        pack.pages.len()
    };
    let wrong = pack.refused.len();
    match arguments.format {
        TableFormat::Csv => {
            let rows = pack.refused.iter().map(|refusal| {
                vec![
                    json!(refusal.file),
                    json!(refusal.line),
                    json!(refusal.reason),
                ]
            });
            let heads = ["file", "line", "reason"];
            tables::csv(None, &Table::of_values("Refused", &heads, rows))?;
        }
        TableFormat::Json => {
            let refused: Vec<_> = pack
            .refused
            .iter()
            .map(|refusal| {
                json!({"file": refusal.file, "line": refusal.line, "reason": refusal.reason})
            })
            .collect();
            output::json(None, &json!({"good": good, "refused": refused}))?;
        }
        TableFormat::Text => output::to(None, |out| write(out, &pack, good))?,
    }
    if wrong > 0 {
        bail!("{wrong} of {} pages do not run", good + wrong);
    }
    Ok(AnalyzeExit::Clean)
}

/// One line for each mistake, as editors understand it.
fn write(out: &mut dyn Write, pack: &Pack, good: usize) -> std::io::Result<()> {
    for refusal in &pack.refused {
        let text = format!("{}:{}: {}", refusal.file, refusal.line, refusal.reason);
        writeln!(out, "{}", visible(&text))?;
    }
    let pages = if good == 1 { "page runs" } else { "pages run" };
    writeln!(out, "{good} {pages}.")
}
