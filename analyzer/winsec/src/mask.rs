//! Access masks, MS-DTYP 2.4.3, with the directory rights of MS-ADTS 5.1.3.2.
//!
//! Owns the bits and the generic mapping of directory objects. Does not decide what a mask allows.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// A set of access rights.
///
/// | bits | meaning |
/// | --- | --- |
/// | 0..16 | rights of the object type; the constants here are those of directory objects |
/// | 16..21 | standard rights |
/// | 24 | `ACCESS_SYSTEM_SECURITY` |
/// | 25 | `MAXIMUM_ALLOWED` |
/// | 28..32 | generic rights |
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AccessMask(pub u32);

impl AccessMask {
    /// No right at all.
    pub const NONE: AccessMask = AccessMask(0);
    /// `CC`, ADS_RIGHT_DS_CREATE_CHILD: create children (of the class in the ACE's object type).
    pub const CREATE_CHILD: AccessMask = AccessMask(0x1);
    /// `DC`, ADS_RIGHT_DS_DELETE_CHILD: delete children.
    pub const DELETE_CHILD: AccessMask = AccessMask(0x2);
    /// `LC`, ADS_RIGHT_ACTRL_DS_LIST: list children.
    pub const LIST_CHILDREN: AccessMask = AccessMask(0x4);
    /// `SW`, ADS_RIGHT_DS_SELF: a validated write.
    pub const SELF_WRITE: AccessMask = AccessMask(0x8);
    /// `RP`, ADS_RIGHT_DS_READ_PROP: read a property or property set.
    pub const READ_PROPERTY: AccessMask = AccessMask(0x10);
    /// `WP`, ADS_RIGHT_DS_WRITE_PROP: write a property or property set.
    pub const WRITE_PROPERTY: AccessMask = AccessMask(0x20);
    /// `DT`, ADS_RIGHT_DS_DELETE_TREE: delete the whole subtree.
    pub const DELETE_TREE: AccessMask = AccessMask(0x40);
    /// `LO`, ADS_RIGHT_DS_LIST_OBJECT: list this object.
    pub const LIST_OBJECT: AccessMask = AccessMask(0x80);
    /// `CR`, ADS_RIGHT_DS_CONTROL_ACCESS: an extended right, or reading a confidential attribute.
    pub const CONTROL_ACCESS: AccessMask = AccessMask(0x100);
    /// `SD`: delete the object.
    pub const DELETE: AccessMask = AccessMask(0x1_0000);
    /// `RC`: read the descriptor without its SACL.
    pub const READ_CONTROL: AccessMask = AccessMask(0x2_0000);
    /// `WD`: write the DACL.
    pub const WRITE_DACL: AccessMask = AccessMask(0x4_0000);
    /// `WO`: take or give ownership.
    pub const WRITE_OWNER: AccessMask = AccessMask(0x8_0000);
    /// Wait on the object; not used by the directory.
    pub const SYNCHRONIZE: AccessMask = AccessMask(0x10_0000);
    /// Read or write the SACL.
    pub const ACCESS_SYSTEM_SECURITY: AccessMask = AccessMask(0x100_0000);
    /// In a request only: everything that would be granted.
    pub const MAXIMUM_ALLOWED: AccessMask = AccessMask(0x200_0000);
    /// `GA`.
    pub const GENERIC_ALL: AccessMask = AccessMask(0x1000_0000);
    /// `GX`.
    pub const GENERIC_EXECUTE: AccessMask = AccessMask(0x2000_0000);
    /// `GW`.
    pub const GENERIC_WRITE: AccessMask = AccessMask(0x4000_0000);
    /// `GR`.
    pub const GENERIC_READ: AccessMask = AccessMask(0x8000_0000);
    /// What `GENERIC_ALL` means on a directory object.
    pub const DS_FULL_CONTROL: AccessMask = AccessMask(0xf_01ff);

    const GENERIC: AccessMask = AccessMask(0xf000_0000);
    const DS_GENERIC_READ: AccessMask = AccessMask(0x2_0094);
    const DS_GENERIC_WRITE: AccessMask = AccessMask(0x2_0028);
    const DS_GENERIC_EXECUTE: AccessMask = AccessMask(0x2_0004);

    /// Whether every right of `other` is in this mask.
    pub const fn contains(self, other: AccessMask) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any right of `other` is in this mask.
    pub const fn intersects(self, other: AccessMask) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no right is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Replaces generic rights by the directory rights they stand for (MS-ADTS 5.1.3.2).
    pub fn map_generic_ds(self) -> AccessMask {
        [
            (Self::GENERIC_ALL, Self::DS_FULL_CONTROL),
            (Self::GENERIC_READ, Self::DS_GENERIC_READ),
            (Self::GENERIC_WRITE, Self::DS_GENERIC_WRITE),
            (Self::GENERIC_EXECUTE, Self::DS_GENERIC_EXECUTE),
        ]
        .into_iter()
        .filter(|(generic, _)| self.contains(*generic))
        .fold(self & !Self::GENERIC, |mask, (_, specific)| mask | specific)
    }
}

impl BitOr for AccessMask {
    type Output = AccessMask;
    fn bitor(self, other: AccessMask) -> AccessMask {
        AccessMask(self.0 | other.0)
    }
}

impl BitOrAssign for AccessMask {
    fn bitor_assign(&mut self, other: AccessMask) {
        self.0 |= other.0;
    }
}

impl BitAnd for AccessMask {
    type Output = AccessMask;
    fn bitand(self, other: AccessMask) -> AccessMask {
        AccessMask(self.0 & other.0)
    }
}

impl Not for AccessMask {
    type Output = AccessMask;
    fn not(self) -> AccessMask {
        AccessMask(!self.0)
    }
}

impl fmt::Debug for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessMask({:#x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_rights_become_directory_rights() {
        assert_eq!(
            AccessMask::GENERIC_ALL.map_generic_ds(),
            AccessMask::DS_FULL_CONTROL
        );
        assert_eq!(
            AccessMask::GENERIC_READ.map_generic_ds(),
            AccessMask::READ_CONTROL
                | AccessMask::LIST_CHILDREN
                | AccessMask::READ_PROPERTY
                | AccessMask::LIST_OBJECT
        );
        assert_eq!(
            (AccessMask::GENERIC_WRITE | AccessMask::DELETE).map_generic_ds(),
            AccessMask::DELETE
                | AccessMask::READ_CONTROL
                | AccessMask::WRITE_PROPERTY
                | AccessMask::SELF_WRITE
        );
        assert_eq!(
            AccessMask::GENERIC_EXECUTE.map_generic_ds(),
            AccessMask::READ_CONTROL | AccessMask::LIST_CHILDREN
        );
    }

    #[test]
    fn other_bits_are_kept() {
        assert_eq!(
            AccessMask(0x0f20_0000).map_generic_ds(),
            AccessMask(0x0f20_0000)
        );
    }

    #[test]
    fn contains_wants_all_and_intersects_any() {
        let both = AccessMask::READ_PROPERTY | AccessMask::WRITE_PROPERTY;
        assert!(both.contains(AccessMask::READ_PROPERTY));
        assert!(!AccessMask::READ_PROPERTY.contains(both));
        assert!(AccessMask::READ_PROPERTY.intersects(both));
        assert!(both.contains(AccessMask::NONE));
    }
}
