//! Security descriptors in self-relative form, MS-DTYP 2.4.6.
//!
//! Owns the header and where the parts are. SDDL text is in `sddl`; access checks are not here.

use crate::acl::Acl;
use crate::bytes::{Reader, index};
use crate::defect::{Decoded, Defect, DefectKind, EncodeError, Part};
use crate::sid::Sid;

const HEADER: usize = 20;
const REVISION: u8 = 1;

/// A security descriptor.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 1 | Revision, always 1 |
/// | 1 | 1 | Sbz1, the resource manager's byte |
/// | 2 | 2 | Control |
/// | 4 | 4 | OffsetOwner, 0 for none |
/// | 8 | 4 | OffsetGroup, 0 for none |
/// | 12 | 4 | OffsetSacl, 0 for none |
/// | 16 | 4 | OffsetDacl, 0 for none |
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SecurityDescriptor {
    /// The control flags. [`SecurityDescriptor::encode`] sets `SE_SELF_RELATIVE`, and
    /// `SE_DACL_PRESENT` and `SE_SACL_PRESENT` when there is a list.
    pub control: Control,
    /// Sbz1: for the resource manager if `SE_RM_CONTROL_VALID`, else zero.
    pub rm_control: u8,
    /// The owner.
    pub owner: Option<Sid>,
    /// The primary group, which the directory ignores.
    pub group: Option<Sid>,
    /// The discretionary list; see [`SecurityDescriptor::dacl_state`] for what `None` means.
    pub dacl: Option<Acl>,
    /// The system list.
    pub sacl: Option<Acl>,
}

/// The control flags of MS-DTYP 2.4.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Control(pub u16);

/// What a descriptor says about its DACL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaclState<'a> {
    /// `SE_DACL_PRESENT` is not set: the descriptor says nothing, which an access check treats
    /// like `Null`.
    Absent,
    /// `SE_DACL_PRESENT` is set, but there is no list: everyone has full access.
    Null,
    /// The list. An empty one grants nothing.
    Present(&'a Acl),
}

impl Control {
    /// OD: the owner came from a default.
    pub const SE_OWNER_DEFAULTED: Control = Control(0x0001);
    /// GD: the group came from a default.
    pub const SE_GROUP_DEFAULTED: Control = Control(0x0002);
    /// DP: the descriptor has a DACL, which may be NULL.
    pub const SE_DACL_PRESENT: Control = Control(0x0004);
    /// DD: the DACL came from a default.
    pub const SE_DACL_DEFAULTED: Control = Control(0x0008);
    /// SP: the descriptor has a SACL, which may be NULL.
    pub const SE_SACL_PRESENT: Control = Control(0x0010);
    /// SD: the SACL came from a default.
    pub const SE_SACL_DEFAULTED: Control = Control(0x0020);
    /// DT.
    pub const SE_DACL_TRUSTED: Control = Control(0x0040);
    /// SS.
    pub const SE_SERVER_SECURITY: Control = Control(0x0080);
    /// DC: inherited ACEs of the DACL are to be computed.
    pub const SE_DACL_AUTO_INHERIT_REQ: Control = Control(0x0100);
    /// SC: inherited ACEs of the SACL are to be computed.
    pub const SE_SACL_AUTO_INHERIT_REQ: Control = Control(0x0200);
    /// DI: the DACL holds inherited ACEs.
    pub const SE_DACL_AUTO_INHERITED: Control = Control(0x0400);
    /// SI: the SACL holds inherited ACEs.
    pub const SE_SACL_AUTO_INHERITED: Control = Control(0x0800);
    /// PD: the DACL inherits nothing.
    pub const SE_DACL_PROTECTED: Control = Control(0x1000);
    /// PS: the SACL inherits nothing.
    pub const SE_SACL_PROTECTED: Control = Control(0x2000);
    /// RM: `rm_control` means something.
    pub const SE_RM_CONTROL_VALID: Control = Control(0x4000);
    /// SR: offsets, not pointers.
    pub const SE_SELF_RELATIVE: Control = Control(0x8000);

    /// Whether every flag of `other` is set.
    pub const fn contains(self, other: Control) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Control {
    type Output = Control;
    fn bitor(self, other: Control) -> Control {
        Control(self.0 | other.0)
    }
}

impl SecurityDescriptor {
    /// Reads a self-relative descriptor. Gives what can be read of any bytes; what cannot is
    /// missing and named in the defects.
    pub fn decode(bytes: &[u8]) -> Decoded<SecurityDescriptor> {
        let mut decoder = Decoder {
            bytes,
            defects: Vec::new(),
            parts: vec![(0, HEADER, Part::Header)],
        };
        let value = decoder.descriptor().unwrap_or_else(|| {
            decoder.defect(0, DefectKind::Truncated(Part::Header));
            SecurityDescriptor::default()
        });
        Decoded {
            value,
            defects: decoder.defects,
        }
    }

    /// The self-relative form in the order of Windows and of the directory: header, SACL, DACL,
    /// owner, group, without gaps.
    ///
    /// A list of more than 65,535 bytes cannot be encoded; here it becomes an empty list, which
    /// grants nothing. [`SecurityDescriptor::try_encode`] says so instead.
    pub fn encode(&self) -> Vec<u8> {
        let list = |acl: &Option<Acl>| {
            acl.as_ref().map(|acl| {
                acl.encode()
                    .or_else(|_| Acl::default().encode())
                    .unwrap_or_default()
            })
        };
        self.assemble(list(&self.sacl), list(&self.dacl))
    }

    /// [`SecurityDescriptor::encode`], or why it cannot.
    pub fn try_encode(&self) -> Result<Vec<u8>, EncodeError> {
        let list = |acl: &Option<Acl>| acl.as_ref().map(Acl::encode).transpose();
        Ok(self.assemble(list(&self.sacl)?, list(&self.dacl)?))
    }

    /// What the descriptor says about its DACL.
    pub fn dacl_state(&self) -> DaclState<'_> {
        match &self.dacl {
            Some(acl) => DaclState::Present(acl),
            None if self.control.contains(Control::SE_DACL_PRESENT) => DaclState::Null,
            None => DaclState::Absent,
        }
    }

    fn assemble(&self, sacl: Option<Vec<u8>>, dacl: Option<Vec<u8>>) -> Vec<u8> {
        let mut control = self.control | Control::SE_SELF_RELATIVE;
        if sacl.is_some() {
            control = control | Control::SE_SACL_PRESENT;
        }
        if dacl.is_some() {
            control = control | Control::SE_DACL_PRESENT;
        }
        let mut tail = Vec::new();
        let mut place = |part: Option<Vec<u8>>| -> u32 {
            let Some(part) = part else { return 0 };
            let offset = HEADER + tail.len();
            tail.extend(part);
            // Two lists and two SIDs stay far below 4 GiB.
            u32::try_from(offset).unwrap_or(0)
        };
        let sacl = place(sacl);
        let dacl = place(dacl);
        let owner = place(self.owner.as_ref().map(Sid::to_bytes));
        let group = place(self.group.as_ref().map(Sid::to_bytes));
        let mut bytes = vec![REVISION, self.rm_control];
        bytes.extend(control.0.to_le_bytes());
        bytes.extend(
            [owner, group, sacl, dacl]
                .into_iter()
                .flat_map(u32::to_le_bytes),
        );
        bytes.extend(tail);
        bytes
    }
}

struct Decoder<'a> {
    bytes: &'a [u8],
    defects: Vec<Defect>,
    /// Start and end of what was read, to find overlaps and the end.
    parts: Vec<(usize, usize, Part)>,
}

impl<'a> Decoder<'a> {
    fn defect(&mut self, offset: usize, kind: DefectKind) {
        self.defects.push(Defect { offset, kind });
    }

    /// `None` if the header is cut.
    fn descriptor(&mut self) -> Option<SecurityDescriptor> {
        let mut header = Reader::new(self.bytes);
        let revision = header.u8()?;
        let rm_control = header.u8()?;
        let control = Control(header.u16()?);
        let (owner, group, sacl, dacl) =
            (header.u32()?, header.u32()?, header.u32()?, header.u32()?);
        if revision != REVISION {
            self.defect(0, DefectKind::DescriptorRevision(revision));
        }
        if !control.contains(Control::SE_SELF_RELATIVE) {
            self.defect(2, DefectKind::NotSelfRelative);
        }
        let owner = self.sid(owner, 4, Part::Owner);
        let group = self.sid(group, 8, Part::Group);
        let sacl = self.acl(
            sacl,
            12,
            Part::Sacl,
            control.contains(Control::SE_SACL_PRESENT),
        );
        let dacl = self.acl(
            dacl,
            16,
            Part::Dacl,
            control.contains(Control::SE_DACL_PRESENT),
        );
        self.check_parts();
        Some(SecurityDescriptor {
            control,
            rm_control,
            owner,
            group,
            dacl,
            sacl,
        })
    }

    fn sid(&mut self, offset: u32, field: usize, part: Part) -> Option<Sid> {
        let bytes = self.part(offset, field, part)?;
        match Sid::parse_prefix(bytes) {
            Ok((sid, length)) => {
                self.found(offset, length, part);
                Some(sid)
            }
            Err(error) => {
                self.defect(index(offset), DefectKind::BadSid(part, error));
                None
            }
        }
    }

    fn acl(&mut self, offset: u32, field: usize, part: Part, present: bool) -> Option<Acl> {
        if offset != 0 && !present {
            self.defect(field, DefectKind::NotPresent(part));
            return None;
        }
        let bytes = self.part(offset, field, part)?;
        let start = index(offset);
        let (acl, length) = Acl::decode(bytes, part, |at, kind| {
            self.defects.push(Defect {
                offset: start.saturating_add(at),
                kind,
            });
        })?;
        self.found(offset, length, part);
        Some(acl)
    }

    fn part(&mut self, offset: u32, field: usize, part: Part) -> Option<&'a [u8]> {
        if offset == 0 {
            return None;
        }
        if index(offset) >= self.bytes.len() {
            self.defect(field, DefectKind::OffsetOutside(part, offset));
        }
        self.bytes
            .get(index(offset)..)
            .filter(|bytes| !bytes.is_empty())
    }

    fn found(&mut self, offset: u32, length: usize, part: Part) {
        self.parts
            .push((index(offset), index(offset).saturating_add(length), part));
    }

    fn check_parts(&mut self) {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by_key(|(start, end, _)| (*start, *end));
        let (mut reached, mut holder) = (0, Part::Header);
        for (start, end, part) in parts {
            if start < reached {
                self.defect(start, DefectKind::Overlap(holder, part));
            }
            if end > reached {
                (reached, holder) = (end, part);
            }
        }
        match self.bytes.len().checked_sub(reached) {
            None | Some(0) => {}
            Some(count) => self.defect(reached, DefectKind::TrailingBytes(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ace::{Ace, AceBody, AceFlags, AceType, KnownAce};
    use crate::mask::AccessMask;
    use crate::sid::SidError;

    fn sid(authority: u64, sub_authorities: &[u32]) -> Sid {
        Sid::new(authority, sub_authorities).unwrap_or_else(|_| unreachable!())
    }

    fn sample() -> SecurityDescriptor {
        let ace = Ace {
            flags: AceFlags::CONTAINER_INHERIT,
            body: AceBody::Known(KnownAce::new(
                AceType::AccessAllowed,
                AccessMask(0x10),
                sid(1, &[0]),
            )),
        };
        SecurityDescriptor {
            control: Control::SE_SELF_RELATIVE
                | Control::SE_DACL_PRESENT
                | Control::SE_SACL_PRESENT,
            rm_control: 0,
            owner: Some(sid(5, &[18])),
            group: Some(sid(5, &[32, 544])),
            dacl: Some(Acl::new(vec![ace])),
            sacl: Some(Acl::default()),
        }
    }

    fn header(control: u16, owner: u32, group: u32, sacl: u32, dacl: u32) -> Vec<u8> {
        let mut bytes = vec![1, 0];
        bytes.extend(control.to_le_bytes());
        bytes.extend(
            [owner, group, sacl, dacl]
                .into_iter()
                .flat_map(u32::to_le_bytes),
        );
        bytes
    }

    #[test]
    fn layout_is_header_sacl_dacl_owner_group() {
        let bytes = sample().encode();
        let mut expected = header(0x8014, 56, 68, 20, 28);
        expected.extend([2, 0, 8, 0, 0, 0, 0, 0]);
        expected.extend([
            2, 0, 28, 0, 1, 0, 0, 0, 0, 2, 20, 0, 0x10, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
        ]);
        expected.extend([1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
        expected.extend([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0]);
        assert_eq!(bytes, expected);
        assert_eq!(
            SecurityDescriptor::decode(&bytes),
            Decoded {
                value: sample(),
                defects: vec![]
            }
        );
    }

    #[test]
    fn absent_null_and_empty_dacl_differ() {
        let absent = SecurityDescriptor::decode(&header(0x8000, 0, 0, 0, 0));
        let null = SecurityDescriptor::decode(&header(0x8004, 0, 0, 0, 0));
        let mut bytes = header(0x8004, 0, 0, 0, 20);
        bytes.extend([2, 0, 8, 0, 0, 0, 0, 0]);
        let empty = SecurityDescriptor::decode(&bytes);
        assert_eq!(absent.value.dacl_state(), DaclState::Absent);
        assert_eq!(null.value.dacl_state(), DaclState::Null);
        assert_eq!(
            empty.value.dacl_state(),
            DaclState::Present(&Acl::default())
        );
        for decoded in [absent, null, empty] {
            assert_eq!(decoded.defects, []);
            assert_eq!(
                SecurityDescriptor::decode(&decoded.value.encode()).value,
                decoded.value
            );
        }
    }

    #[test]
    fn encode_flags_the_lists_it_writes() {
        let bare = SecurityDescriptor {
            control: Control(0),
            ..sample()
        };
        assert_eq!(bare.encode(), sample().encode());
    }

    #[test]
    fn every_cut_is_a_defect() {
        let bytes = sample().encode();
        for length in 0..bytes.len() {
            let decoded = SecurityDescriptor::decode(bytes.get(..length).unwrap_or_default());
            assert!(!decoded.defects.is_empty(), "{length}");
        }
    }

    #[test]
    fn offsets_outside_are_named_at_their_field() {
        let decoded = SecurityDescriptor::decode(&header(0x8014, 20, u32::MAX, 999, 21));
        assert_eq!(
            decoded.defects,
            [
                Defect {
                    offset: 4,
                    kind: DefectKind::OffsetOutside(Part::Owner, 20)
                },
                Defect {
                    offset: 8,
                    kind: DefectKind::OffsetOutside(Part::Group, u32::MAX)
                },
                Defect {
                    offset: 12,
                    kind: DefectKind::OffsetOutside(Part::Sacl, 999)
                },
                Defect {
                    offset: 16,
                    kind: DefectKind::OffsetOutside(Part::Dacl, 21)
                },
            ]
        );
    }

    #[test]
    fn overlaps_are_named() {
        let mut bytes = header(0x8000, 20, 20, 0, 0);
        bytes.extend(sid(5, &[18]).to_bytes());
        let decoded = SecurityDescriptor::decode(&bytes);
        assert_eq!(decoded.value.owner, decoded.value.group);
        assert_eq!(
            decoded.defects,
            [Defect {
                offset: 20,
                kind: DefectKind::Overlap(Part::Owner, Part::Group)
            }]
        );
        let into_header = SecurityDescriptor::decode(&header(0x8004, 0, 0, 0, 4));
        assert!(
            into_header
                .defects
                .iter()
                .any(|d| d.kind == DefectKind::Overlap(Part::Header, Part::Dacl))
        );
    }

    #[test]
    fn bad_sids_unflagged_lists_and_trailing_bytes_are_named() {
        let mut bytes = header(0, 20, 0, 0, 20);
        bytes.extend([3, 0, 0, 0, 0, 0, 0, 5, 1, 2]);
        let decoded = SecurityDescriptor::decode(&bytes);
        assert_eq!(
            decoded.defects,
            [
                Defect {
                    offset: 2,
                    kind: DefectKind::NotSelfRelative
                },
                Defect {
                    offset: 20,
                    kind: DefectKind::BadSid(Part::Owner, SidError::Revision(3))
                },
                Defect {
                    offset: 16,
                    kind: DefectKind::NotPresent(Part::Dacl)
                },
                Defect {
                    offset: 20,
                    kind: DefectKind::TrailingBytes(10)
                },
            ]
        );
        assert_eq!(
            decoded.defects.last().map(ToString::to_string),
            Some("at byte 20: 10 bytes follow the last part".to_owned())
        );
    }

    #[test]
    fn a_list_that_is_too_large_is_refused_or_empty() {
        let raw = Ace {
            flags: AceFlags::NONE,
            body: AceBody::Unknown {
                ace_type: 0x77,
                bytes: vec![0; 40_000],
            },
        };
        let large = SecurityDescriptor {
            dacl: Some(Acl::new(vec![raw.clone(), raw])),
            ..sample()
        };
        assert_eq!(large.try_encode(), Err(EncodeError::AclTooLarge(80_016)));
        assert_eq!(
            SecurityDescriptor::decode(&large.encode()).value.dacl,
            Some(Acl::default())
        );
    }
}
