//! One ACE as an access check sees it.
//!
//! Owns which ACEs of a DACL can decide anything, and whom they name. Resolves neither PRINCIPAL
//! SELF nor the owner: thousands of objects share one descriptor.

use crate::ace::{Ace, AceBody, AceFlags, AceType, KnownAce};
use crate::guid::Guid;
use crate::mask::AccessMask;
use crate::sid::Sid;

/// An allow or deny ACE that applies to the object itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Index of the ACE in the DACL.
    pub position: usize,
    /// Whether the ACE allows; else it denies.
    pub allow: bool,
    /// Whether the ACE applies only under a condition: its own, or that the requester logged on in
    /// a certain way ([`is_by_logon`]).
    pub conditional: bool,
    /// Whether the ACE was inherited.
    pub inherited: bool,
    /// Generic rights mapped; bits that the directory ignores (MS-ADTS 5.1.3.2) left out. May be
    /// empty.
    pub mask: AccessMask,
    /// Class, property set, attribute, control access right or validated write.
    pub object_type: Option<Guid>,
    /// Whom the ACE is about.
    pub trustee: Trustee,
}

/// Whom an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trustee {
    /// Whoever's token holds this SID; if [`is_by_logon`], whoever's token may hold it.
    Sid(Sid),
    /// `S-1-5-10`, PRINCIPAL SELF: whoever's token holds the SID of the object.
    PrincipalSelf,
    /// `S-1-3-4`, OWNER RIGHTS: whoever's token holds the SID of the object's owner.
    OwnerRights,
}

/// What an access check makes of an ACE.
pub(super) enum Reading {
    Decides(Entry),
    DecidesNothing,
    NotUnderstood,
}

impl Entry {
    /// Reads the ACE at this position of a DACL.
    ///
    /// Inherit-only ACEs decide nothing, nor do system ACEs, which MS-DTYP 2.5.3.2 does not look at
    /// in a DACL. Compound ACEs, which MS-DTYP 2.4.4.1 reserves, unknown types, and ACEs too damaged
    /// to read could decide something: they are not understood.
    pub(super) fn read(position: usize, ace: &Ace) -> Reading {
        if ace.flags.contains(AceFlags::INHERIT_ONLY) {
            return Reading::DecidesNothing;
        }
        match &ace.body {
            AceBody::Known(known) if decides(known.ace_type) => {
                match Entry::of(position, ace.flags, known) {
                    Some(entry) => Reading::Decides(entry),
                    None => Reading::DecidesNothing,
                }
            }
            AceBody::Known(known) => not_an_entry(Some(known.ace_type)),
            AceBody::Unknown { ace_type, .. } => not_an_entry(AceType::from_u8(*ace_type)),
        }
    }

    /// The entry, unless the trustee is a placeholder.
    fn of(position: usize, flags: AceFlags, known: &KnownAce) -> Option<Entry> {
        Some(Entry {
            position,
            allow: known.ace_type.allows(),
            conditional: known.ace_type.is_conditional() || is_by_logon(&known.trustee),
            inherited: flags.contains(AceFlags::INHERITED),
            mask: known.mask.map_generic_ds() & AccessMask::DS_FULL_CONTROL,
            object_type: known.object_type.filter(|_| known.ace_type.is_object()),
            trustee: Trustee::of(&known.trustee)?,
        })
    }
}

impl Trustee {
    /// `None` for CREATOR OWNER, CREATOR GROUP and their servers: inheritance puts a SID in their
    /// place, and no token holds them (MS-DTYP 2.4.2.4).
    fn of(sid: &Sid) -> Option<Trustee> {
        match (sid.authority(), sid.sub_authorities()) {
            (3, [0..=3]) => None,
            (3, [4]) => Some(Trustee::OwnerRights),
            (5, [10]) => Some(Trustee::PrincipalSelf),
            _ => Some(Trustee::Sid(sid.clone())),
        }
    }
}

/// Whether a token holds this SID only by the way its owner logged on, which nothing in the
/// directory tells (MS-DTYP 2.4.2.4). An ACE for it is like a conditional one for whoever can log
/// on at all.
///
/// * `S-1-5-64-10`, `-14`, `-21`: the authentication package NTLM, SChannel or Digest.
/// * `S-1-5-65-1`, This Organization Certificate: a certificate of the organization.
/// * `S-1-18-2`, service asserted identity: a service vouched for the client.
/// * `S-1-18-3` to `S-1-18-6`: a public key, and what is known of it (fresh, trusted, multi-factor,
///   attested).
///
/// Not `S-1-18-1`, authentication authority asserted identity: that is the usual logon.
pub fn is_by_logon(sid: &Sid) -> bool {
    matches!(
        (sid.authority(), sid.sub_authorities()),
        (5, [64, 10 | 14 | 21] | [65, 1]) | (18, [2..=6])
    )
}

fn decides(ace_type: AceType) -> bool {
    ace_type.allows() || ace_type.denies()
}

/// An unreadable body is no loss if the type decides nothing anyway.
fn not_an_entry(ace_type: Option<AceType>) -> Reading {
    match ace_type {
        Some(known) if known != AceType::AccessAllowedCompound && !decides(known) => {
            Reading::DecidesNothing
        }
        _ => Reading::NotUnderstood,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_that_a_token_holds_by_the_way_of_logging_on() {
        let by_logon = |authority, sub_authorities: &[u32]| {
            Sid::new(authority, sub_authorities).is_ok_and(|sid| is_by_logon(&sid))
        };
        for sub_authorities in [[64, 10], [64, 14], [64, 21], [65, 1]] {
            assert!(by_logon(5, &sub_authorities), "{sub_authorities:?}");
        }
        let asserted: Vec<u32> = (0..=7).filter(|last| by_logon(18, &[*last])).collect();
        assert_eq!(asserted, [2, 3, 4, 5, 6]);
        for others in [
            &[11][..],
            &[15],
            &[64],
            &[65],
            &[2],
            &[64, 1],
            &[65, 0],
            &[64, 10, 0],
            &[65, 10],
            &[21, 1, 2, 3, 512],
        ] {
            assert!(!by_logon(5, others), "{others:?}");
        }
        assert!(!by_logon(1, &[64, 10]));
        assert!(!by_logon(18, &[2, 0]));
    }
}
