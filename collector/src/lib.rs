//! `coldcase-collect`: dumps what a domain says of its service accounts, groups and ACLs into a snapshot.
//!
//! Owns the way into the directory and telling the user what is missing. What is asked is in [`coldcase_schemas::plan`].
//! Deliberately does not interpret: values go into the snapshot byte for byte as the directory answered,
//! and memory does not grow with the directory.

mod arguments;
mod collect;
mod completions;
mod coverage;
mod discovery;
mod encryption;
mod explain;
mod ldap;
mod progress;
mod pseudonym;
mod reader;
mod sysvol;
mod transport;
mod work;
mod wrapping;

pub use arguments::Arguments;
pub use collect::run;
pub use pseudonym::{Pseudonymizer, Sids};
