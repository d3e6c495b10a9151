//! Several snapshots of one domain over time: the trend, and the case file that keeps what it needs.
//!
//! Owns the order of snapshots, the comparison of two evaluations, and what is told of findings and accounts over all
//! of them. Deliberately evaluates nothing itself: every snapshot goes through the same stages as a report.

mod accounts;
mod case;
mod course;
mod domain;
mod evaluated;
mod files;
mod findings;
#[cfg(test)]
mod made;
mod markdown;
mod moment;
mod rotation;
mod scored;
mod sight;
mod sparkline;
mod step;
mod story;
mod summary;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use case::{Case, Checked, Kept, is_case};
pub(crate) use domain::Domain;
pub(crate) use evaluated::Judge;
pub(crate) use files::Files;
pub(crate) use markdown::markdown;
pub(crate) use moment::Moment;
pub(crate) use story::{apart, columns, rotation_of, signed};
pub(crate) use text::write as write_text;
