//! Where Samba 4.17 departs from the specification, each with the paragraph that it departs from. What exactly is
//! different is in `model.rs`, a line each.

/// One departure. [`Departure::ALL`] is the whole list: what it does not explain is a fault of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Departure {
    SystemOnly,
    OwnerRights,
    ControlAccess,
    TypedStandardRights,
    AbsentList,
    GenericRights,
    SidHistory,
    WellKnownMembers,
}

/// A set of departures.
pub(super) type Departures<'a> = &'a [Departure];

impl Departure {
    pub(super) const ALL: [Departure; 8] = [
        Departure::SystemOnly,
        Departure::OwnerRights,
        Departure::ControlAccess,
        Departure::TypedStandardRights,
        Departure::AbsentList,
        Departure::GenericRights,
        Departure::SidHistory,
        Departure::WellKnownMembers,
    ];

    /// The paragraph.
    pub(super) fn paragraph(self) -> &'static str {
        match self {
            Departure::SystemOnly => "MS-ADTS 3.1.1.4.5.7",
            Departure::OwnerRights => "MS-DTYP 2.5.3.2",
            Departure::ControlAccess => "MS-ADTS 5.1.3.3.3",
            Departure::TypedStandardRights => "MS-ADTS 5.1.3.3.3",
            Departure::AbsentList => "MS-ADTS 5.1.3.3.2",
            Departure::GenericRights => "MS-ADTS 5.1.3.2",
            Departure::SidHistory => "MS-PAC 4.1.2.2",
            Departure::WellKnownMembers => "MS-DTYP 2.5.2.1.1",
        }
    }

    /// What Samba does.
    pub(super) fn what(self) -> &'static str {
        match self {
            Departure::SystemOnly => {
                "leaves attributes that only the system writes out of allowedAttributesEffective"
            }
            Departure::OwnerRights => {
                "knows no OWNER RIGHTS: such ACEs match nobody and take no implicit right from the owner"
            }
            Departure::ControlAccess => {
                "takes an object ACE that allows CONTROL_ACCESS for one that allows everything on its node"
            }
            Departure::TypedStandardRights => {
                "lets object ACEs with the GUID of nTSecurityDescriptor decide on WRITE_DAC and WRITE_OWNER"
            }
            Departure::AbsentList => "grants nothing but the owner's rights where there is no DACL",
            Departure::GenericRights => {
                "maps generic rights when it stores them, never when it checks"
            }
            Departure::SidHistory => "leaves SID histories out of the token",
            Departure::WellKnownMembers => {
                "leaves groups of Everyone and Authenticated Users out of the token, except built-in ones"
            }
        }
    }
}
