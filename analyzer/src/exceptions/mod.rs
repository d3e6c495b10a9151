//! Findings that somebody has accepted, with who, why and until when.
//!
//! Owns the file, when an exception holds, and how one is written. An exception hides nothing: an accepted finding stays
//! in the report and in the gross numbers. Deliberately does not weigh anything: that is [`crate::score`]'s.

mod apply;
mod file;
mod write;

pub(crate) use apply::apply;
pub(crate) use file::{Exception, Exceptions, NAME, day};
pub(crate) use write::add;
