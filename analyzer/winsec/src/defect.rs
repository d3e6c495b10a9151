//! What is wrong with decoded bytes, and why a value cannot be encoded.
//!
//! Owns the sentences. Decoders decide when to say them.

use std::fmt;

use crate::sid::SidError;

/// A decoded value with what was wrong in its bytes. No defects: the bytes follow the
/// specification and the value holds all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<T> {
    /// What could be read.
    pub value: T,
    /// In the order they were found. Bounded by the number of structures in the input.
    pub defects: Vec<Defect>,
}

/// One thing wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Byte offset from the start of the decoded bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: DefectKind,
}

/// A part of a security descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The 20-byte header.
    Header,
    /// The owner SID.
    Owner,
    /// The group SID.
    Group,
    /// The discretionary ACL.
    Dacl,
    /// The system ACL.
    Sacl,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// The part ends before its fields do; what could not be read is missing.
    Truncated(Part),
    /// The descriptor's revision is not 1.
    DescriptorRevision(u8),
    /// `SE_SELF_RELATIVE` is not set; the bytes were read as self-relative.
    NotSelfRelative,
    /// The offset of the part lies outside of the descriptor; the part is missing.
    OffsetOutside(Part, u32),
    /// The part has an offset, but its `PRESENT` flag is not set; it is ignored.
    NotPresent(Part),
    /// Two parts share bytes.
    Overlap(Part, Part),
    /// Bytes follow the last part; they are dropped.
    TrailingBytes(usize),
    /// The SID is malformed; the part is missing.
    BadSid(Part, SidError),
    /// The ACL's revision is neither 2 nor 4.
    AclRevision(u8),
    /// The ACL's size is less than its header.
    AclSizeTooSmall(u16),
    /// The ACL's size reaches past the descriptor; the bytes there are were read.
    AclSizeTooLarge(u16),
    /// The ACL says it has more ACEs than fit.
    AceCount {
        /// As the ACL says.
        stated: u16,
        /// ACEs read.
        read: usize,
    },
    /// The ACE's size is less than its header or reaches past the ACL; it and the rest are kept
    /// as unused bytes.
    AceSize(u16),
    /// The ACE's size is not a multiple of four.
    AceAlignment(u16),
    /// The ACE's type is not in MS-DTYP 2.4.4.1; it is kept raw.
    AceType(u8),
    /// The ACE's body ends before its fields do; it is kept raw.
    AceTruncated(u8),
    /// The ACE's trustee is malformed; the ACE is kept raw.
    AceSid(SidError),
    /// The object ACE sets flags that are not defined; they are dropped.
    ObjectFlags(u32),
}

/// Why a descriptor cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// An ACE of this many bytes exceeds 65,535.
    AceTooLarge(usize),
    /// An ACL of this many bytes exceeds 65,535.
    AclTooLarge(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Owner => "owner",
            Part::Group => "group",
            Part::Dacl => "DACL",
            Part::Sacl => "SACL",
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DefectKind::Truncated(part) => write!(f, "the {part} ends too early"),
            DefectKind::DescriptorRevision(revision) => {
                write!(f, "descriptor revision {revision} is not 1")
            }
            DefectKind::NotSelfRelative => f.write_str("the self-relative flag is not set"),
            DefectKind::OffsetOutside(part, offset) => {
                write!(f, "the {part} offset {offset} is outside of the descriptor")
            }
            DefectKind::NotPresent(part) => write!(
                f,
                "there is a {part} offset but the {part} is flagged absent"
            ),
            DefectKind::Overlap(first, second) => write!(f, "the {second} overlaps the {first}"),
            DefectKind::TrailingBytes(count) => write!(f, "{count} bytes follow the last part"),
            DefectKind::BadSid(part, error) => write!(f, "the {part} is malformed: {error}"),
            DefectKind::AclRevision(revision) => {
                write!(f, "ACL revision {revision} is neither 2 nor 4")
            }
            DefectKind::AclSizeTooSmall(size) => {
                write!(f, "ACL size {size} is less than its header")
            }
            DefectKind::AclSizeTooLarge(size) => {
                write!(f, "ACL size {size} reaches past the descriptor")
            }
            DefectKind::AceCount { stated, read } => {
                write!(f, "the ACL states {stated} ACEs but holds {read}")
            }
            DefectKind::AceSize(size) => {
                write!(f, "ACE size {size} does not fit its header and its ACL")
            }
            DefectKind::AceAlignment(size) => {
                write!(f, "ACE size {size} is not a multiple of four")
            }
            DefectKind::AceType(ace_type) => write!(f, "ACE type {ace_type:#04x} is unknown"),
            DefectKind::AceTruncated(ace_type) => {
                write!(f, "the ACE of type {ace_type:#04x} ends too early")
            }
            DefectKind::AceSid(error) => write!(f, "the trustee of the ACE is malformed: {error}"),
            DefectKind::ObjectFlags(flags) => {
                write!(f, "object ACE flags {flags:#x} are not defined")
            }
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::AceTooLarge(size) => {
                write!(f, "an ACE of {size} bytes exceeds the limit of 65535")
            }
            EncodeError::AclTooLarge(size) => {
                write!(f, "an ACL of {size} bytes exceeds the limit of 65535")
            }
        }
    }
}

impl std::error::Error for EncodeError {}
