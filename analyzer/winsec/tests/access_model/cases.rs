//! Random descriptors and requesters over small pools, so that ACEs, tokens and nodes meet often.

use coldcase_winsec::{
    AccessMask, Ace, AceBody, AceFlags, AceType, Acl, Control, Guid, KnownAce, SecurityDescriptor,
    Sid,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::tree::by_logon;

/// More conditional ACEs, by type or by trustee, become plain ones: their outcomes are tried in all combinations.
const MAX_CONDITIONS: usize = 4;

const SIDS: &[&str] = &[
    "S-1-1-0",
    "S-1-5-11",
    "S-1-5-10",
    "S-1-3-4",
    "S-1-3-0",
    "S-1-3-1",
    "S-1-5-21-1-2-3-512",
    "S-1-5-21-1-2-3-1104",
    "S-1-5-21-1-2-3-1105",
    "S-1-5-64-10",
    "S-1-18-4",
];

/// A descriptor and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) descriptor: SecurityDescriptor,
    pub(crate) token: Vec<Sid>,
    pub(crate) object: Option<Sid>,
    pub(crate) blocked: bool,
}

pub(crate) const CLASS: Guid = guid(1);
pub(crate) const SETS: [Guid; 2] = [guid(11), guid(12)];
/// Attributes with their property sets.
pub(crate) const ATTRIBUTES: [(Guid, Option<Guid>); 4] = [
    (guid(21), Some(SETS[0])),
    (guid(22), Some(SETS[0])),
    (guid(23), Some(SETS[1])),
    (guid(24), None),
];
pub(crate) const CHILDREN: [Guid; 2] = [guid(31), guid(32)];
pub(crate) const RIGHTS: [Guid; 2] = [guid(41), guid(42)];
/// In no tree.
pub(crate) const STRANGER: Guid = guid(51);

const fn guid(data: u32) -> Guid {
    Guid::from_fields(data, 0, 0, [0; 8])
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    (descriptor(), token(), option::of(sid()), any::<bool>()).prop_map(
        |(descriptor, token, object, blocked)| Case {
            descriptor,
            token,
            object,
            blocked,
        },
    )
}

fn token() -> impl Strategy<Value = Vec<Sid>> {
    subsequence(SIDS, 0..=SIDS.len()).prop_map(|texts| texts.into_iter().map(parse).collect())
}

fn descriptor() -> impl Strategy<Value = SecurityDescriptor> {
    let dacl = prop_oneof![
        1 => Just(None),
        19 => vec(ace(), 0..=30).prop_map(|aces| Some(Acl::new(few_conditions(aces)))),
    ];
    (option::of(sid()), dacl, any::<bool>()).prop_map(|(owner, dacl, present)| {
        let control = if present || dacl.is_some() {
            Control::SE_DACL_PRESENT
        } else {
            Control::default()
        };
        SecurityDescriptor {
            control,
            owner,
            dacl,
            ..SecurityDescriptor::default()
        }
    })
}

fn few_conditions(mut aces: Vec<Ace>) -> Vec<Ace> {
    let conditional = aces.iter_mut().filter_map(|ace| match &mut ace.body {
        AceBody::Known(known) => {
            let conditional = plain(known.ace_type).is_some() || by_logon(&known.trustee);
            conditional.then_some(known)
        }
        AceBody::Unknown { .. } => None,
    });
    for known in conditional.skip(MAX_CONDITIONS) {
        known.ace_type = plain(known.ace_type).unwrap_or(known.ace_type);
        if by_logon(&known.trustee) {
            known.trustee = parse("S-1-5-11");
        }
    }
    aces
}

fn plain(ace_type: AceType) -> Option<AceType> {
    match ace_type {
        AceType::AccessAllowedCallback => Some(AceType::AccessAllowed),
        AceType::AccessDeniedCallback => Some(AceType::AccessDenied),
        AceType::AccessAllowedCallbackObject => Some(AceType::AccessAllowedObject),
        AceType::AccessDeniedCallbackObject => Some(AceType::AccessDeniedObject),
        _ => None,
    }
}

fn ace() -> impl Strategy<Value = Ace> {
    let flags = prop_oneof![
        6 => Just(AceFlags::NONE),
        1 => Just(AceFlags::INHERITED),
        1 => Just(AceFlags::CONTAINER_INHERIT | AceFlags::INHERIT_ONLY),
        1 => any::<u8>().prop_map(AceFlags),
    ];
    let body = prop_oneof![
        19 => known().prop_map(AceBody::Known),
        1 => (select(vec![0x00, 0x02, 0x04, 0x06, 0x0b, 0x11, 0x16, 0xff]), vec(any::<u8>(), 0..8))
            .prop_map(|(ace_type, bytes)| AceBody::Unknown { ace_type, bytes }),
    ];
    (flags, body).prop_map(|(flags, body)| Ace { flags, body })
}

fn known() -> impl Strategy<Value = KnownAce> {
    let deciding = select(vec![
        0x00_u8, 0x01, 0x05, 0x06, 0x05, 0x06, 0x09, 0x0a, 0x0b, 0x0c,
    ]);
    let ace_type = prop_oneof![9 => deciding, 1 => 0x00_u8..=0x15];
    (
        ace_type,
        mask(),
        option::weighted(0.7, object_type()),
        option::of(object_type()),
        sid(),
    )
        .prop_filter_map("is a type", |(code, mask, object, inherited, trustee)| {
            Some(KnownAce {
                object_type: object,
                inherited_object_type: inherited,
                ..KnownAce::new(AceType::from_u8(code)?, AccessMask(mask), trustee)
            })
        })
}

fn mask() -> impl Strategy<Value = u32> {
    let bit = || (0_u32..32).prop_map(|bit| 1 << bit);
    let right = || {
        select(vec![
            0x1_u32, 0x8, 0x10, 0x20, 0x100, 0x2_0000, 0x4_0000, 0x8_0000,
        ])
    };
    prop_oneof![
        4 => right(),
        4 => (right(), right(), right()).prop_map(|(a, b, c)| a | b | c),
        1 => bit(),
        1 => select(vec![0, 0xf_01ff, u32::MAX, 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x8000_0000]),
        1 => any::<u32>(),
    ]
}

fn object_type() -> impl Strategy<Value = Guid> {
    let attributes = ATTRIBUTES.map(|(attribute, _)| attribute);
    let parts = [
        &SETS[..],
        &attributes,
        &CHILDREN,
        &RIGHTS,
        &[CLASS, STRANGER],
    ];
    select(parts.concat())
}

fn sid() -> impl Strategy<Value = Sid> {
    select(SIDS).prop_map(parse)
}

fn parse(text: &str) -> Sid {
    text.parse()
        .unwrap_or_else(|error| unreachable!("{text}: {error}"))
}
