//! `coldcase`: answers questions about a domain's service accounts from a snapshot, without the domain.
//!
//! Data flows one way: `load` → `graph` → `frames` → `rules` → `score` → `report`, and from there to `history`.
//! Deliberately opens no socket and asks no clock: every age is relative to the snapshot's own.

mod arguments;
mod assumptions;
mod command;
mod compare;
mod cores;
mod exceptions;
mod explain;
mod export;
mod frames;
mod given;
mod graph;
mod history;
mod html;
mod load;
mod migration;
mod paths;
mod report;
mod rules;
mod score;
mod typo;

pub use arguments::Arguments;
pub use command::{complaint, run};
