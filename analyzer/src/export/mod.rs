//! What is found, in forms that other programs take: workbooks, CSV, Markdown, SARIF, OCSF events.
//!
//! | module | owns |
//! | --- | --- |
//! | [`cell`], [`table`] | typed cells, harmless wherever they are opened |
//! | [`tables`] | which tables there are, their columns and rows |
//! | [`excel`], [`csv`] | the two files that hold them |
//! | [`markdown`] | the report as a document |
//! | [`sarif`] | results for code scanning and viewers |
//! | [`ocsf`] | events for a SIEM |
//!
//! Deliberately evaluates nothing: everything is the report's, the snapshot's or a comparison's.

mod cell;
mod csv;
mod excel;
mod markdown;
mod ocsf;
mod sarif;
mod table;
mod tables;

pub(crate) use cell::Cell;
pub(crate) use csv::{head as csv_head, write as write_csv};
pub(crate) use excel::workbook;
pub(crate) use markdown::write as write_markdown;
pub(crate) use ocsf::write as write_ocsf;
pub(crate) use sarif::log as sarif_log;
pub(crate) use table::Table;
pub(crate) use tables::{
    Sources, of_assumptions, of_diff, of_explanation, of_paths, of_plan, of_report, of_trend,
};
