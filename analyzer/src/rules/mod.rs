//! Rules: Markdown pages with one SQL block each, and how they end.
//!
//! Owns the page form, the pack of pages, the comparison of what a rule needs with what the snapshot saw,
//! and running the SQL. Deliberately does not weigh findings: [`crate::score`] does.

mod attack;
mod bound;
mod check;
mod complaint;
mod coverage;
mod evaluate;
mod growth;
mod identity;
mod literal;
mod pack;
mod page;
mod place;
mod reads;
mod sql;
mod value;
mod words;

pub(crate) use check::{check, check_joins};
pub(crate) use coverage::{cut_short_limit, query_limit};
pub(crate) use evaluate::{Evaluation, Weighed, evaluate, evaluate_at_another_clock, subject_of};
pub(crate) use identity::{finding_id, hex, identity};
pub(crate) use pack::{PAGE_LIMIT, Pack, Refusal};
pub(crate) use page::{Front, Needs, OutsideFact, Page, Problem, SECTIONS};
pub(crate) use sql::{is_ordered, run, run_bounded};
pub(crate) use value::{json, text};
