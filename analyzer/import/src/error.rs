//! What can be wrong with an export: what ends the reading, and what costs only one value.
//!
//! Owns places and sentences. Deliberately does not name the file: the caller knows it and says it first.

use std::fmt;

use thiserror::Error;

/// Where in an export something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Bytes from the start of the file.
    Offset(u64),
    /// Line of a text file, the first is 1.
    Line(u64),
    /// A row of a file inside the export (a zip or a folder); the first is 1.
    Row {
        /// Name of the file inside.
        file: String,
        /// Number of the row.
        row: u64,
    },
    /// A file inside the export as a whole.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row { file, row } => write!(f, "{file}, row {row}"),
            Self::File(file) => f.write_str(file),
        }
    }
}

/// Why the reading ended before the end. What came before stays, and is marked as partial.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Reading failed.
    #[error("{}", io_sentence(.0))]
    Io(std::io::Error),
    /// It is something else, or a version or kind that is not supported; the sentence says what to do next.
    #[error("{0}")]
    Unsupported(String),
    /// Framing is lost: nothing after this place can be trusted.
    #[error("it is damaged or cut short at {place}: {what}")]
    Broken {
        /// Where.
        place: Place,
        /// What was expected and what was found.
        what: String,
    },
    /// It goes over a limit of [`crate::limits`].
    #[error("at {place}: {what} is over the limit of {limit}; the rest was not read")]
    TooLarge {
        /// Where.
        place: Place,
        /// What is too large or too many, with its size.
        what: String,
        /// How much is allowed, with its unit.
        limit: String,
    },
}

// No source: the sentence says it all.
impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// What to do next where the system's own words do not say it.
fn io_sentence(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no such file or folder; check the path".to_owned()
        }
        std::io::ErrorKind::PermissionDenied => {
            "the system does not permit to open it; check who may read the file".to_owned()
        }
        _ => format!("it cannot be read: {error}"),
    }
}

impl ImportError {
    /// [`ImportError::Broken`].
    pub fn broken(place: Place, what: impl Into<String>) -> Self {
        Self::Broken {
            place,
            what: what.into(),
        }
    }
}

/// Something that was not understood and is left out; the reading goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// DN of the object, where there is one.
    pub dn: Option<String>,
    /// lDAPDisplayName, where it is about one attribute.
    pub attribute: Option<String>,
    /// What is wrong, a clause without a full stop: `the offset 99 lies outside the file`.
    pub what: String,
}
