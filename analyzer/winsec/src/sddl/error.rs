//! Why a text is not SDDL, or why a descriptor has no SDDL.

use std::fmt;

use crate::defect::EncodeError;
use crate::sid::SidError;

/// An error with the byte offset in the text it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SddlError {
    /// Bytes of text before the error.
    pub offset: usize,
    /// What is wrong.
    pub kind: SddlErrorKind,
}

/// What is wrong with a text or a descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SddlErrorKind {
    /// The text has this many bytes, more than [`crate::MAX_SDDL_BYTES`].
    TooLong(usize),
    /// Something else was expected here.
    Expected(&'static str),
    /// `O:`, `G:`, `D:` or `S:` appears twice.
    Duplicate(char),
    /// The two letters are no SID alias.
    UnknownAlias(String),
    /// The alias is relative to a domain that was not given.
    MissingDomain {
        /// The alias.
        alias: &'static str,
        /// The field of [`crate::SddlDomains`] that is `None`.
        domain: &'static str,
    },
    /// The SID is malformed.
    Sid(SidError),
    /// The letters are no ACE type.
    AceType(String),
    /// The letters are no ACE flags.
    AceFlags(String),
    /// The text is neither access rights nor a number of 32 bits.
    Rights(String),
    /// Not a GUID.
    Guid,
    /// The ACE type takes no GUIDs.
    UnexpectedGuid,
    /// The number does not fit in its type.
    Number,
    /// Operators or parentheses nest deeper than [`crate::MAX_CONDITION_DEPTH`].
    TooDeep,
    /// A list or an ACE exceeds 65,535 bytes.
    TooLarge(EncodeError),
    /// The descriptor holds something SDDL has no text for.
    NoText(&'static str),
}

impl fmt::Display for SddlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SDDL at byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for SddlErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SddlErrorKind::TooLong(length) => {
                write!(
                    f,
                    "a text of {length} bytes exceeds the limit of {}",
                    super::MAX_SDDL_BYTES
                )
            }
            SddlErrorKind::Expected(what) => write!(f, "expected {what}"),
            SddlErrorKind::Duplicate(section) => write!(f, "a second {section}: section"),
            SddlErrorKind::UnknownAlias(alias) => {
                write!(f, "{alias:?} is neither a SID nor a SID alias")
            }
            SddlErrorKind::MissingDomain { alias, domain } => {
                write!(
                    f,
                    "the alias {alias} needs the SID of the {domain}, which is not known"
                )
            }
            SddlErrorKind::Sid(error) => error.fmt(f),
            SddlErrorKind::AceType(letters) => write!(f, "{letters:?} is not an ACE type"),
            SddlErrorKind::AceFlags(letters) => write!(f, "{letters:?} are not ACE flags"),
            SddlErrorKind::Rights(text) => write!(f, "{text:?} are not access rights"),
            SddlErrorKind::Guid => f.write_str("not a GUID"),
            SddlErrorKind::UnexpectedGuid => f.write_str("this ACE type takes no GUID"),
            SddlErrorKind::Number => f.write_str("not a number that fits"),
            SddlErrorKind::TooDeep => {
                write!(
                    f,
                    "the condition nests deeper than {} levels",
                    super::MAX_CONDITION_DEPTH
                )
            }
            SddlErrorKind::TooLarge(error) => error.fmt(f),
            SddlErrorKind::NoText(what) => write!(f, "SDDL has no text for {what}"),
        }
    }
}

impl std::error::Error for SddlError {}
