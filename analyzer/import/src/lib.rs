//! Other tools' exports of a directory, read back into what the directory answered.
//!
//! Owns a streaming reader for each format and the ways from its text to LDAP wire values. Deliberately does not write a
//! snapshot, judge a value or know a dataframe; a value that an exporter computed never becomes a raw attribute.

pub mod error;
pub mod export;
pub mod limits;
pub mod sharphound;
pub mod wire;

pub use error::{ImportError, Place, Trouble};
pub use export::{
    Answer, Claim, Export, Format, KnownBits, Label, Object, Precision, Record, Right,
};
