//! Windows security structures: SID, GUID, access mask, ACE, ACL, security descriptor, SDDL and
//! the managed password id, decoded from hostile bytes and encoded again; and what a descriptor
//! grants.
//!
//! Owns the wire formats of MS-DTYP 2.4 and 2.5.1 and of MS-GKDI 2.2.4, and in [`access`] the access
//! check of the directory (MS-ADTS 5.1.3.3). Owns no name look-up and no I/O, and knows no token:
//! which SIDs a principal holds is decided elsewhere.
//!
//! # Promises
//!
//! * No input makes this crate panic. Decoding takes memory in proportion to the input; text is at
//!   most 1 MiB for one ACE.
//! * [`SecurityDescriptor::decode`] always gives a value; what is wrong is in
//!   [`Decoded::defects`].
//! * A descriptor that decodes without defect, laid out as Windows and Active Directory lay it out
//!   (header, SACL, DACL, owner, group, without gaps), encodes to the same bytes.
//!
//! # Where SDDL is not one-to-one
//!
//! [`SecurityDescriptor::to_sddl`] writes the text that Windows writes. Several texts give the same
//! descriptor, so reading a text and writing it again may change it:
//!
//! * *Rights*: any order, a number in any base, `FA` for `0x1f01ff`. Written: `FA FR FW FX KA KR KW`
//!   on an exact match, else two-letter names in ascending order, else one hexadecimal number as
//!   soon as one bit has no name.
//! * *SIDs*: `S-1-1-0` and `WD`. Written: the alias, if the SID has one in [`SddlDomains`].
//! * *Sections and flags*: `S:D:` or `D:S:`, `ARP` or `PAR`. Written: `O: G: D: S:`, `P AR AI`.
//! * *GUIDs*: letter case. Written: lower case.
//! * *Conditions and resource attributes*: white space, parentheses, the case of keywords, `#` for
//!   `0` in octets. Written: every operand of `&&` and `||` in parentheses.
//!
//! And several descriptors give the same text, so reading the text again may change the bytes:
//!
//! * *Object ACE without GUIDs*: Windows reads `(OA;;;;;AU)` as a plain ACE in a revision 4 ACL with
//!   four unused bytes, and so does this crate. The text of that result is `(A;;;;;AU)`, which gives
//!   revision 2 and no unused bytes.
//! * *What SDDL has no place for*: an ACL's revision, its unused bytes, the reserved fields, the
//!   defaulted flags, `Control` bits other than protection and inheritance, and those too for a list
//!   that is not there. The directory sends such: it sets `SE_SACL_AUTO_INHERITED` also in a
//!   descriptor that is read without its SACL.
//! * *Narrow integers in conditions* become 64 bits wide.
//!
//! Of 3,562 texts with the bytes Windows made of them (`tests/windows_vectors.rs`), all bytes encode
//! to themselves and become exactly the text; 3,556 texts become exactly the bytes. The other 6 are
//! object ACEs without GUIDs as above.

pub mod access;

mod ace;
mod acl;
mod bytes;
mod defect;
mod descriptor;
mod guid;
mod mask;
mod password_id;
mod sddl;
mod sid;
mod well_known;

pub use ace::{Ace, AceBody, AceFlags, AceType, KnownAce};
pub use acl::Acl;
pub use defect::{Decoded, Defect, DefectKind, EncodeError, Part};
pub use descriptor::{Control, DaclState, SecurityDescriptor};
pub use guid::{Guid, GuidError};
pub use mask::AccessMask;
pub use password_id::{ManagedPasswordId, PasswordIdError, TICKS_PER_CYCLE};
pub use sddl::{
    MAX_CONDITION_DEPTH, MAX_SDDL_BYTES, SddlDomains, SddlError, SddlErrorKind,
    condition_from_sddl, condition_to_sddl, resource_attribute_to_sddl,
};
pub use sid::{MAX_SUB_AUTHORITIES, Sid, SidError};
