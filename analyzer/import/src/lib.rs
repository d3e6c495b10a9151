//! Other tools' exports of a directory, read back into what the directory answered.
//!
//! Owns a streaming reader for each format and the ways from its text to LDAP wire values. Deliberately does not write a
//! snapshot, judge a value or know a dataframe; a value that an exporter computed never becomes a raw attribute.

pub mod adexplorer;
mod bytes;
pub mod cmdlet;
mod coverage;
pub mod error;
pub mod export;
mod filter;
pub mod importer;
mod json_rows;
pub mod ldapdomaindump;
pub mod ldif;
pub mod limits;
pub mod listing;
mod merge;
pub mod naming;
pub mod oradad;
pub mod recognise;
pub mod search_log;
pub mod sharphound;
mod source;
mod unreadable;
pub mod wire;

pub use error::{ImportError, Place, Trouble};
pub use export::{
    Answer, Claim, Export, Format, KnownBits, Label, Object, Precision, Record, Right,
};
pub use importer::{Given, ImportFailure, Imported, Options, import};
