//! Access control entries, MS-DTYP 2.4.4.
//!
//! Owns one ACE with its header. Does not read conditions or resource attributes
//! (`sddl::condition` and `sddl::resource` do): they are application data here.

use crate::bytes::Reader;
use crate::defect::{DefectKind, EncodeError};
use crate::guid::Guid;
use crate::mask::AccessMask;
use crate::sid::Sid;

/// Bytes of the ACE header.
pub(crate) const HEADER: usize = 4;

const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_OBJECT_TYPE_PRESENT: u32 = 2;

/// One access control entry (MS-DTYP 2.4.4.1).
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 1 | AceType |
/// | 1 | 1 | AceFlags |
/// | 2 | 2 | AceSize, header included |
/// | 4 | AceSize − 4 | body |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ace {
    /// How the ACE is inherited and audited.
    pub flags: AceFlags,
    /// The rest.
    pub body: AceBody,
}

/// The body of an ACE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AceBody {
    /// An ACE of a known layout.
    Known(KnownAce),
    /// An ACE of an unknown type, of the reserved compound type, or too damaged to read.
    Unknown {
        /// The type byte.
        ace_type: u8,
        /// What follows the 4-byte header.
        bytes: Vec<u8>,
    },
}

/// An ACE that names a trustee.
///
/// | offset | size | field | in |
/// | --- | --- | --- | --- |
/// | 4 | 4 | Mask | all |
/// | 8 | 4 | Flags: 1 object type, 2 inherited object type | object types |
/// | | 16 | ObjectType | object types, if flagged |
/// | | 16 | InheritedObjectType | object types, if flagged |
/// | | 8 + 4n | Sid | all |
/// | | rest | ApplicationData | any |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KnownAce {
    /// What kind of ACE this is.
    pub ace_type: AceType,
    /// The rights it is about.
    pub mask: AccessMask,
    /// Class, attribute, property set or extended right. Encoded only in object types.
    pub object_type: Option<Guid>,
    /// Class of the objects that inherit the ACE. Encoded only in object types.
    pub inherited_object_type: Option<Guid>,
    /// Whom it is about.
    pub trustee: Sid,
    /// What follows the SID, byte for byte: a condition, a resource attribute, padding.
    pub application_data: Vec<u8>,
}

/// ACE types of MS-DTYP 2.4.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum AceType {
    AccessAllowed = 0x00,
    AccessDenied = 0x01,
    SystemAudit = 0x02,
    SystemAlarm = 0x03,
    /// Reserved; always [`AceBody::Unknown`], since its layout has two SIDs.
    AccessAllowedCompound = 0x04,
    AccessAllowedObject = 0x05,
    AccessDeniedObject = 0x06,
    SystemAuditObject = 0x07,
    SystemAlarmObject = 0x08,
    AccessAllowedCallback = 0x09,
    AccessDeniedCallback = 0x0a,
    AccessAllowedCallbackObject = 0x0b,
    AccessDeniedCallbackObject = 0x0c,
    SystemAuditCallback = 0x0d,
    SystemAlarmCallback = 0x0e,
    SystemAuditCallbackObject = 0x0f,
    SystemAlarmCallbackObject = 0x10,
    SystemMandatoryLabel = 0x11,
    SystemResourceAttribute = 0x12,
    SystemScopedPolicyId = 0x13,
    SystemProcessTrustLabel = 0x14,
    SystemAccessFilter = 0x15,
}

/// ACE flags of MS-DTYP 2.4.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AceFlags(pub u8);

impl AceFlags {
    /// No flag.
    pub const NONE: AceFlags = AceFlags(0);
    /// `OI`: leaf objects inherit the ACE.
    pub const OBJECT_INHERIT: AceFlags = AceFlags(0x01);
    /// `CI`: containers inherit the ACE; in the directory every object is a container.
    pub const CONTAINER_INHERIT: AceFlags = AceFlags(0x02);
    /// `NP`: children inherit the ACE, grandchildren do not.
    pub const NO_PROPAGATE_INHERIT: AceFlags = AceFlags(0x04);
    /// `IO`: the ACE does not apply to the object that holds it.
    pub const INHERIT_ONLY: AceFlags = AceFlags(0x08);
    /// `ID`: the ACE was inherited.
    pub const INHERITED: AceFlags = AceFlags(0x10);
    /// `SA`: audit success.
    pub const SUCCESSFUL_ACCESS: AceFlags = AceFlags(0x40);
    /// `FA`: audit failure.
    pub const FAILED_ACCESS: AceFlags = AceFlags(0x80);

    /// Whether every flag of `other` is set.
    pub const fn contains(self, other: AceFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for AceFlags {
    type Output = AceFlags;
    fn bitor(self, other: AceFlags) -> AceFlags {
        AceFlags(self.0 | other.0)
    }
}

impl AceType {
    /// The type of this byte.
    pub const fn from_u8(value: u8) -> Option<AceType> {
        Some(match value {
            0x00 => AceType::AccessAllowed,
            0x01 => AceType::AccessDenied,
            0x02 => AceType::SystemAudit,
            0x03 => AceType::SystemAlarm,
            0x04 => AceType::AccessAllowedCompound,
            0x05 => AceType::AccessAllowedObject,
            0x06 => AceType::AccessDeniedObject,
            0x07 => AceType::SystemAuditObject,
            0x08 => AceType::SystemAlarmObject,
            0x09 => AceType::AccessAllowedCallback,
            0x0a => AceType::AccessDeniedCallback,
            0x0b => AceType::AccessAllowedCallbackObject,
            0x0c => AceType::AccessDeniedCallbackObject,
            0x0d => AceType::SystemAuditCallback,
            0x0e => AceType::SystemAlarmCallback,
            0x0f => AceType::SystemAuditCallbackObject,
            0x10 => AceType::SystemAlarmCallbackObject,
            0x11 => AceType::SystemMandatoryLabel,
            0x12 => AceType::SystemResourceAttribute,
            0x13 => AceType::SystemScopedPolicyId,
            0x14 => AceType::SystemProcessTrustLabel,
            0x15 => AceType::SystemAccessFilter,
            _ => return None,
        })
    }

    /// The type byte.
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// Whether the ACE can carry object types.
    pub const fn is_object(self) -> bool {
        matches!(
            self,
            AceType::AccessAllowedObject
                | AceType::AccessDeniedObject
                | AceType::SystemAuditObject
                | AceType::SystemAlarmObject
                | AceType::AccessAllowedCallbackObject
                | AceType::AccessDeniedCallbackObject
                | AceType::SystemAuditCallbackObject
                | AceType::SystemAlarmCallbackObject
        )
    }

    /// Whether the ACE applies only under a condition, in its application data.
    pub const fn is_conditional(self) -> bool {
        matches!(
            self,
            AceType::AccessAllowedCallback
                | AceType::AccessDeniedCallback
                | AceType::AccessAllowedCallbackObject
                | AceType::AccessDeniedCallbackObject
                | AceType::SystemAuditCallback
                | AceType::SystemAlarmCallback
                | AceType::SystemAuditCallbackObject
                | AceType::SystemAlarmCallbackObject
                | AceType::SystemAccessFilter
        )
    }

    /// Whether the ACE grants (callback types: under a condition).
    pub const fn allows(self) -> bool {
        matches!(
            self,
            AceType::AccessAllowed
                | AceType::AccessAllowedObject
                | AceType::AccessAllowedCallback
                | AceType::AccessAllowedCallbackObject
        )
    }

    /// Whether the ACE denies (callback types: under a condition).
    pub const fn denies(self) -> bool {
        matches!(
            self,
            AceType::AccessDenied
                | AceType::AccessDeniedObject
                | AceType::AccessDeniedCallback
                | AceType::AccessDeniedCallbackObject
        )
    }
}

impl KnownAce {
    /// An ACE without object types and application data.
    pub fn new(ace_type: AceType, mask: AccessMask, trustee: Sid) -> KnownAce {
        KnownAce {
            ace_type,
            mask,
            object_type: None,
            inherited_object_type: None,
            trustee,
            application_data: Vec::new(),
        }
    }
}

impl Ace {
    /// The known body, unless the ACE is raw.
    pub fn known(&self) -> Option<&KnownAce> {
        match &self.body {
            AceBody::Known(known) => Some(known),
            AceBody::Unknown { .. } => None,
        }
    }

    /// The type byte.
    pub fn type_byte(&self) -> u8 {
        match &self.body {
            AceBody::Known(known) => known.ace_type.as_u8(),
            AceBody::Unknown { ace_type, .. } => *ace_type,
        }
    }

    /// Decodes the body of an ACE whose header is read. Never fails: what cannot be read is kept
    /// raw, with the reason.
    pub(crate) fn decode(
        ace_type: u8,
        flags: AceFlags,
        body: &[u8],
        defect: impl FnMut(DefectKind),
    ) -> Ace {
        let body = match decode_known(ace_type, body, defect) {
            Some(known) => AceBody::Known(known),
            None => AceBody::Unknown {
                ace_type,
                bytes: body.to_vec(),
            },
        };
        Ace { flags, body }
    }

    /// The wire form, header included.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = vec![self.type_byte(), self.flags.0, 0, 0];
        match &self.body {
            AceBody::Known(known) => known.encode_body(&mut bytes),
            AceBody::Unknown { bytes: raw, .. } => bytes.extend(raw),
        }
        let size = u16::try_from(bytes.len()).map_err(|_| EncodeError::AceTooLarge(bytes.len()))?;
        if let Some(field) = bytes.get_mut(2..HEADER) {
            field.copy_from_slice(&size.to_le_bytes());
        }
        Ok(bytes)
    }
}

impl KnownAce {
    fn encode_body(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.mask.0.to_le_bytes());
        if self.ace_type.is_object() {
            let flags = if self.object_type.is_some() {
                OBJECT_TYPE_PRESENT
            } else {
                0
            } | if self.inherited_object_type.is_some() {
                INHERITED_OBJECT_TYPE_PRESENT
            } else {
                0
            };
            bytes.extend(flags.to_le_bytes());
            bytes.extend(
                [self.object_type, self.inherited_object_type]
                    .iter()
                    .flatten()
                    .flat_map(|guid| guid.as_bytes()),
            );
        }
        bytes.extend(self.trustee.to_bytes());
        bytes.extend(&self.application_data);
    }
}

fn decode_known(
    type_byte: u8,
    body: &[u8],
    mut defect: impl FnMut(DefectKind),
) -> Option<KnownAce> {
    let Some(ace_type) = AceType::from_u8(type_byte) else {
        defect(DefectKind::AceType(type_byte));
        return None;
    };
    if ace_type == AceType::AccessAllowedCompound {
        return None;
    }
    let mut reader = Reader::new(body);
    let Some((mask, object_flags, object_type, inherited_object_type)) =
        fixed_fields(ace_type, &mut reader)
    else {
        defect(DefectKind::AceTruncated(type_byte));
        return None;
    };
    let (trustee, length) = match Sid::parse_prefix(reader.rest()) {
        Ok(found) => found,
        Err(error) => {
            defect(DefectKind::AceSid(error));
            return None;
        }
    };
    let undefined = object_flags & !(OBJECT_TYPE_PRESENT | INHERITED_OBJECT_TYPE_PRESENT);
    if undefined != 0 {
        defect(DefectKind::ObjectFlags(undefined));
    }
    let application_data = reader.rest().get(length..).unwrap_or_default().to_vec();
    Some(KnownAce {
        ace_type,
        mask,
        object_type,
        inherited_object_type,
        trustee,
        application_data,
    })
}

type FixedFields = (AccessMask, u32, Option<Guid>, Option<Guid>);

fn fixed_fields(ace_type: AceType, reader: &mut Reader<'_>) -> Option<FixedFields> {
    let mask = AccessMask(reader.u32()?);
    let flags = if ace_type.is_object() {
        reader.u32()?
    } else {
        0
    };
    let mut guid = |flag: u32| -> Option<Option<Guid>> {
        if flags & flag == 0 {
            Some(None)
        } else {
            Some(Some(Guid::from_wire(reader.array()?)))
        }
    };
    let object_type = guid(OBJECT_TYPE_PRESENT)?;
    let inherited_object_type = guid(INHERITED_OBJECT_TYPE_PRESENT)?;
    Some((mask, flags, object_type, inherited_object_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everyone() -> Sid {
        Sid::new(1, &[0]).unwrap_or_else(|_| unreachable!())
    }

    fn decode(bytes: &[u8]) -> (Ace, Vec<DefectKind>) {
        let mut defects = Vec::new();
        let (header, body) = bytes.split_at(HEADER);
        let ace = Ace::decode(
            header.first().copied().unwrap_or_default(),
            AceFlags(header.get(1).copied().unwrap_or_default()),
            body,
            |kind| defects.push(kind),
        );
        (ace, defects)
    }

    #[test]
    fn every_type_round_trips_in_every_shape() {
        let guid = Guid::from_fields(1, 2, 3, [4; 8]);
        for ace_type in (0..=0x15).filter_map(AceType::from_u8) {
            let guids = if ace_type.is_object() {
                &[None, Some(guid)][..]
            } else {
                &[None][..]
            };
            for (&object_type, &inherited_object_type) in
                guids.iter().flat_map(|a| guids.iter().map(move |b| (a, b)))
            {
                for application_data in [vec![], vec![1, 2, 3, 4]] {
                    let known = KnownAce {
                        object_type,
                        inherited_object_type,
                        application_data,
                        ..KnownAce::new(ace_type, AccessMask(0xf01ff), everyone())
                    };
                    let ace = Ace {
                        flags: AceFlags(0x12),
                        body: AceBody::Known(known),
                    };
                    let bytes = ace.encode().unwrap_or_default();
                    let (decoded, defects) = decode(&bytes);
                    assert_eq!(defects, []);
                    if ace_type != AceType::AccessAllowedCompound {
                        assert_eq!(decoded, ace);
                    }
                    assert_eq!(decoded.encode().as_ref(), Ok(&bytes));
                }
            }
        }
    }

    #[test]
    fn wire_layout_of_an_object_ace() {
        let bytes = [
            [5, 0, 0x28, 0].as_slice(),
            &[0x10, 0, 0, 0],
            &[2, 0, 0, 0],
            &[0xaa; 16],
            &[1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        ]
        .concat();
        let (ace, defects) = decode(&bytes);
        assert_eq!(defects, []);
        let known = ace.known().cloned();
        assert_eq!(known.as_ref().map(|known| known.object_type), Some(None));
        assert_eq!(
            known.and_then(|known| known.inherited_object_type),
            Some(Guid::from_wire([0xaa; 16]))
        );
        assert_eq!(ace.encode(), Ok(bytes));
    }

    #[test]
    fn damaged_bodies_are_kept_raw_and_named() {
        for (bytes, kind) in [
            (vec![0x77, 0, 6, 0, 1, 2], DefectKind::AceType(0x77)),
            (vec![0, 0, 6, 0, 1, 2], DefectKind::AceTruncated(0)),
            (
                vec![5, 0, 12, 0, 0, 0, 0, 0, 3, 0, 0, 0],
                DefectKind::AceTruncated(5),
            ),
            (
                vec![0, 0, 9, 0, 0, 0, 0, 0, 1],
                DefectKind::AceSid(crate::SidError::Truncated { needed: 8, have: 1 }),
            ),
        ] {
            let (ace, defects) = decode(&bytes);
            assert_eq!(defects, [kind]);
            assert!(ace.known().is_none());
            assert_eq!(ace.encode(), Ok(bytes));
        }
    }

    #[test]
    fn undefined_object_flags_are_named_and_dropped() {
        let bytes = [
            [5, 0, 24, 0].as_slice(),
            &[0; 4],
            &[0x84, 0, 0, 0],
            &everyone().to_bytes(),
        ]
        .concat();
        let (ace, defects) = decode(&bytes);
        assert_eq!(defects, [DefectKind::ObjectFlags(0x84)]);
        assert!(ace.known().is_some());
    }

    #[test]
    fn an_ace_that_is_too_large_is_refused() {
        let body = AceBody::Unknown {
            ace_type: 0,
            bytes: vec![0; 65_532],
        };
        assert_eq!(
            Ace {
                flags: AceFlags::NONE,
                body
            }
            .encode(),
            Err(EncodeError::AceTooLarge(65_536))
        );
    }
}
