//! The access check of the directory: MS-ADTS 5.1.3.3, and MS-DTYP 2.5.3.2 with an object type
//! tree.
//!
//! Owns what a DACL grants a requester: one right over one node of the object type tree at a time,
//! with the ACE that decided. Does not own who the requester is (its SIDs), which attribute is in
//! which property set (the schema's word), or how ACEs are inherited. Privileges and central access
//! policies are not looked at: `SeTakeOwnershipPrivilege` gives WRITE_OWNER and
//! `SeSecurityPrivilege` ACCESS_SYSTEM_SECURITY before any DACL is read.
//!
//! # The rule
//!
//! For each right and each node, the first ACE decides that names the requester, holds the right
//! and covers the node. Without one, the right is denied. The specification walks the list once
//! for all rights and nodes, and keeps what is granted and denied at each node; for an attribute,
//! a class or a right, which have no node below them, that comes to the same. For every attribute
//! at once, which has nodes below it, a deny that names one of them counts as well.
//!
//! * An ACE without object type covers every node (MS-ADTS 5.1.3.3.3, rules 3.3 and 3.4). With one,
//!   it covers the node of that GUID and all below: the class of the object covers its attributes, a
//!   property set covers its members. A deny also takes the right away from the nodes above that do
//!   not have it yet: of these only [`Node::EveryAttribute`] is asked for. See [`Node`].
//! * Inherit-only ACEs decide nothing. The inherited object type of any other ACE means nothing
//!   here: whether it suits the object was settled when the ACE was inherited, and the
//!   inherit-only flag is the result (MS-ADTS 6.1.3, MS-DTYP 2.5.3.4.1).
//! * No DACL grants everything, an empty one nothing but what the owner holds implicitly
//!   (MS-ADTS 5.1.3.3.1).
//! * PRINCIPAL SELF is the object's own SID (MS-ADTS 5.1.3.3). CREATOR OWNER and its kin are
//!   placeholders for inheritance and name nobody (MS-DTYP 2.4.2.4).
//! * Whoever holds the owner's SID has READ_CONTROL and WRITE_DAC before the first ACE is read, so
//!   no ACE can deny them (MS-DTYP 2.5.3.2). An ACE for OWNER RIGHTS that is not inherit-only takes
//!   both away, whatever it holds and whether it allows or denies (MS-DTYP 2.4.2.4); it is then an
//!   ACE for whoever holds the owner's SID.
//! * Whether a condition holds cannot be told offline, so both outcomes are kept. The least is also
//!   what MS-DTYP 2.4.4.17.3 asks for when a condition cannot be evaluated: it grants nothing, and
//!   denies.
//! * Nor can it be told how the requester will log on. An ACE for a SID that a token holds by that
//!   alone, such as NTLM Authentication, counts as conditional: see [`is_by_logon`].
//!
//! # Where the specifications disagree
//!
//! * *What an owner holds.* MS-ADTS 5.1.3.3.2 (step 3) adds WRITE_OWNER. MS-DTYP 2.5.3.2, MS-ADTS
//!   5.1.3.3.1 and 6.1.3.4 say READ_CONTROL and WRITE_DAC, which is what Windows does, and this
//!   module too.
//! * *The owner of an empty DACL.* MS-ADTS 5.1.3.3.2 (step 2) grants nothing; 5.1.3.3.1 and MS-DTYP
//!   2.5.3.2 grant what the owner holds implicitly, and so does this module.
//! * *What blocking takes away* (dSHeuristics, `BlockOwnerImplicitRights`). MS-ADTS 6.1.3.4 speaks
//!   of both implicit rights, for a requester who adds or modifies an object; 5.1.3.3.1, which
//!   is about the check, of WRITE_DAC alone. Only WRITE_DAC is taken away here: reading the
//!   descriptor modifies nothing.
//! * *Which ACEs take the owner's rights away.* The pseudo-code of MS-DTYP 2.5.3.2 says "ACEs from
//!   object owner". Read with 2.4.2.4 these are the ACEs for OWNER RIGHTS, not those for the owner's
//!   own SID.
//! * *Simple ACEs and control access rights.* MS-ADTS 5.1.3.3.4 and 5.1.3.3.5 name object ACEs only.
//!   Simple ACEs count as object ACEs without object type, as in 5.1.3.3.3 and 5.1.3.2.

mod decision;
mod entry;
mod list;
mod node;
mod requester;

pub use decision::{Decider, Decision, Outcome};
pub use entry::{Entry, Trustee, is_by_logon};
pub use list::AccessList;
pub use node::Node;
pub use requester::{Requester, SidSet};
