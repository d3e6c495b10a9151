//! Who asks.
//!
//! Owns the question an access check puts to a token. Which SIDs a token holds is decided elsewhere.

use std::collections::HashSet;

use super::entry::{Entry, Trustee};
use crate::sid::Sid;

/// Who asks, about one object.
pub trait Requester {
    /// Whether the entry is about the requester (MS-DTYP 2.5.3.1.1, SidInToken): the token holds
    /// the trustee; for PRINCIPAL SELF the SID of the object, for OWNER RIGHTS that of its owner.
    /// For a SID of [`is_by_logon`](super::is_by_logon), whether the token may hold it: such an
    /// entry is conditional, and the answer `false` leaves it out of both cases.
    ///
    /// Takes the entry and not the trustee, so that the answer may come from a table made once
    /// from [`AccessList::entries`](super::AccessList::entries).
    fn is(&self, entry: &Entry) -> bool;

    /// Whether the token holds the SID of the object's owner.
    fn owns(&self) -> bool;
}

/// A requester made of its SIDs, for one object.
#[derive(Clone, Copy, Debug)]
pub struct SidSet<'a> {
    /// The SIDs of the token, those of [`is_by_logon`](super::is_by_logon) included that it may
    /// hold: they are not added here.
    pub sids: &'a HashSet<Sid>,
    /// The SID of the object, for PRINCIPAL SELF; `None` if the object has no SID.
    pub object: Option<&'a Sid>,
    /// The owner in the object's descriptor.
    pub owner: Option<&'a Sid>,
}

impl Requester for SidSet<'_> {
    fn is(&self, entry: &Entry) -> bool {
        match &entry.trustee {
            Trustee::Sid(sid) => self.sids.contains(sid),
            Trustee::PrincipalSelf => self.is_the_object(),
            Trustee::OwnerRights => self.owns(),
        }
    }

    fn owns(&self) -> bool {
        self.owner
            .is_some_and(|owner| match (owner.authority(), owner.sub_authorities()) {
                // MS-DTYP 2.5.3.2 puts the object's SID in the owner's place too.
                (5, [10]) => self.is_the_object(),
                _ => self.sids.contains(owner),
            })
    }
}

impl SidSet<'_> {
    fn is_the_object(&self) -> bool {
        self.object.is_some_and(|object| self.sids.contains(object))
    }
}
