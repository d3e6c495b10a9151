//! The report: assembled once, written as text for people or JSON for programs.
//!
//! Deliberately does not evaluate anything.

mod assemble;
mod bound;
mod made_from;
mod markdown_text;
mod table;
mod text;
#[cfg(test)]
mod whole;

pub(crate) use assemble::{Judged, PROGRAM, assemble, assumptions_of, snapshot_facts};
pub(crate) use bound::{
    at_least, count_in_words, counted_severities, risk_in_words, unjudged, unseen,
};
pub(crate) use made_from::made_from;
pub(crate) use markdown_text::escaped;
pub(crate) use table::{Column, fitting, is_hidden, shortened, table, visible};
pub(crate) use text::{
    Style, addition, assumed, beyond, counted, evidence_in_words, name_of, paragraph, wrap,
    write as write_text,
};
