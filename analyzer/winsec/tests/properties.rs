//! Properties over generated values: nothing panics, encoding and decoding are inverse, and SDDL
//! text is stable.

use coldcase_winsec::{
    AccessMask, Ace, AceBody, AceFlags, AceType, Acl, Control, Decoded, Guid, KnownAce,
    ManagedPasswordId, SddlDomains, SecurityDescriptor, Sid, condition_from_sddl,
    condition_to_sddl, resource_attribute_to_sddl,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..600)) {
        decode_everything(&bytes);
    }

    #[test]
    fn damaged_descriptors_never_panic(
        value in descriptor(any_ace()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = value.encode();
        for (at, byte) in damage {
            *at.get_mut(&mut bytes) = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        decode_everything(&bytes);
    }

    #[test]
    fn what_was_decoded_encodes_to_something_stable(bytes in damaged()) {
        let first = SecurityDescriptor::decode(&bytes).value;
        let Decoded { value, .. } = SecurityDescriptor::decode(&first.encode());
        prop_assert_eq!(value.encode(), first.encode());
    }

    #[test]
    fn descriptors_survive_bytes(value in descriptor(any_ace())) {
        let Decoded { value: decoded, defects } = SecurityDescriptor::decode(&value.encode());
        prop_assert_eq!(defects, []);
        prop_assert_eq!(decoded.encode(), value.encode());
        prop_assert_eq!(decoded, value);
    }

    #[test]
    fn descriptors_survive_text(value in descriptor(plain_ace()), names in names()) {
        let expressible = SecurityDescriptor { control: Control(value.control.0 & !0x40eb), rm_control: 0, ..value };
        let text = expressible.to_sddl(&names);
        let again = text.map(|text| SecurityDescriptor::from_sddl(&text, &names));
        // Flags of a list that is not there have no text.
        let control = Control(expressible.control.0 & !absent_flags(&expressible));
        prop_assert_eq!(again, Ok(Ok(SecurityDescriptor { control, ..expressible })));
    }

    #[test]
    fn sids_survive(sid in sid()) {
        prop_assert_eq!(Sid::parse(&sid.to_bytes()), Ok(sid.clone()));
        prop_assert_eq!(sid.to_string().parse(), Ok(sid));
    }

    #[test]
    fn guids_survive(bytes: [u8; 16]) {
        let guid = Guid::from_wire(bytes);
        prop_assert_eq!(guid.to_string().parse(), Ok(guid));
        prop_assert_eq!(format!("{{{guid}}}").to_uppercase().parse(), Ok(guid));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}") {
        parse_everything(&text);
    }

    #[test]
    fn text_like_sddl_never_panics_and_becomes_stable(
        parts in vec(prop::sample::select(PARTS), 0..24),
    ) {
        parse_everything(&parts.concat());
    }

    #[test]
    fn text_like_a_condition_never_panics_and_becomes_stable(
        parts in vec(prop::sample::select(CONDITION_PARTS), 0..16),
    ) {
        parse_everything(&format!("({})", parts.concat()));
    }

    #[test]
    fn conditions_survive(text in condition()) {
        let names = SddlDomains::default();
        let code = condition_from_sddl(&format!("({text})"), &names);
        prop_assert!(code.is_ok(), "{:?}: {}", code, text);
        let written = code.as_ref().map(|code| condition_to_sddl(code, &names));
        prop_assert_eq!(written.map(|text| text.and_then(|text| condition_from_sddl(&text, &names))), Ok(code.clone()));
    }

    #[test]
    fn password_ids_survive(
        l0: i32, l1: i32, l2: i32, flags: u32, root: [u8; 16],
        domain in "[^\\x00]{0,20}", forest in "[a-z.é]{0,20}", additional_data in vec(any::<u8>(), 0..8),
    ) {
        let root_key_id = Guid::from_wire(root);
        let id = ManagedPasswordId { version: 1, flags, l0, l1, l2, root_key_id, domain, forest, additional_data };
        prop_assert_eq!(ManagedPasswordId::decode(&id.encode()), Ok(id));
    }
}

const PARTS: &[&str] = &[
    "O:",
    "G:",
    "D:",
    "S:",
    "P",
    "AI",
    "AR",
    "NO_ACCESS_CONTROL",
    "(",
    ")",
    ";",
    "A",
    "OA",
    "D",
    "XA",
    "RA",
    "ML",
    "SY",
    "WD",
    "S-1-5-18",
    "S-1-0x1D",
    "CC",
    "FA",
    "0x1ff",
    "NW",
    "CI",
    "ID",
    " ",
    "(A;;GA;;;SY)",
    "(OA;;;;;WD)",
    "00299570-246d-11d0-a768-00aa006e0529",
    "(XA;;;;;WD;(a))",
    "(RA;;;;;WD;(\"a\",TS,0,\"é\"))",
    "é",
];

const CONDITION_PARTS: &[&str] = &[
    "(",
    ")",
    "!",
    "!(",
    "&&",
    "||",
    "a",
    "@User.b",
    "@Device.%0041",
    "==",
    "<",
    "Contains ",
    "Not_Any_of",
    "Exists ",
    "Member_of",
    "SID(BA)",
    "{",
    "}",
    ",",
    "1",
    "-0x2",
    "\"é\"",
    "#0a",
    " ",
    "a == 1",
    "@User.b != {1, \"x\"}",
    "%",
];

fn decode_everything(bytes: &[u8]) {
    let names = SddlDomains::default();
    let Decoded { value, defects } = SecurityDescriptor::decode(bytes);
    let sentences: Vec<String> = defects.iter().map(ToString::to_string).collect();
    assert!(
        sentences
            .iter()
            .all(|sentence| sentence.starts_with("at byte "))
    );
    let _ = value.try_encode();
    if let Ok(text) = value.to_sddl(&names) {
        assert!(
            SecurityDescriptor::from_sddl(&text, &names).is_ok(),
            "{text}"
        );
    }
    let _ = Sid::parse(bytes);
    let _ = ManagedPasswordId::decode(bytes).map(|id| id.epoch_filetime());
    let _ = resource_attribute_to_sddl(bytes, &names);
    let code = [b"artx".as_slice(), bytes].concat();
    if let Ok(text) = condition_to_sddl(&code, &names) {
        assert!(condition_from_sddl(&text, &names).is_ok(), "{text}");
    }
}

fn parse_everything(text: &str) {
    let names = SddlDomains::default();
    let _ = (text.parse::<Sid>(), text.parse::<Guid>());
    if let Ok(value) = SecurityDescriptor::from_sddl(text, &names) {
        let canonical = value.to_sddl(&names);
        let again = canonical
            .as_ref()
            .map(|text| SecurityDescriptor::from_sddl(text, &names));
        assert_eq!(
            again.map(|value| value.and_then(|value| value.to_sddl(&names))),
            Ok(canonical.clone()),
            "{text}"
        );
    }
    if let Ok(code) = condition_from_sddl(text, &names) {
        let canonical = condition_to_sddl(&code, &names);
        assert_eq!(
            canonical.map(|text| condition_from_sddl(&text, &names)),
            Ok(Ok(code)),
            "{text}"
        );
    }
}

/// The text of a condition, without its outer parentheses.
fn condition() -> impl Strategy<Value = String> {
    let attribute = "@(User|DEVICE|resource)\\.[a-zA-Z0-9:./_é%]?[a-z]{1,4}"
        .prop_map(|name| name.replace('%', "%0025"));
    let value = prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u32>().prop_map(|value| format!("+{value:#x}")),
        "\"[^\"]{0,6}\"",
        "#([0-9a-f#]{2}){0,4}",
        (0_u32..600).prop_map(|rid| format!("SID(S-1-5-32-{rid})")),
    ];
    let values = vec(value.clone(), 0..4).prop_map(|values| format!("{{{}}}", values.join(",")));
    let operator = prop::sample::select(vec![
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        " Contains ",
        " any_of ",
        " NOT_CONTAINS ",
    ]);
    let leaf = prop_oneof![
        attribute.clone(),
        attribute
            .clone()
            .prop_map(|attribute| format!("Exists {attribute}")),
        (
            attribute.clone(),
            operator,
            prop_oneof![attribute, value, values]
        )
            .prop_map(|(left, operator, right)| format!("{left}{operator}{right}")),
        Just("not_Member_of_Any { SID(BA) , SID(WD) }".to_owned()),
    ];
    leaf.prop_recursive(6, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("!({inner})")),
            inner.clone().prop_map(|inner| format!("( {inner} )")),
            (
                inner.clone(),
                prop::sample::select(vec!["&&", " || "]),
                inner
            )
                .prop_map(|(left, operator, right)| format!("{left} {operator}{right}")),
        ]
    })
}

fn absent_flags(value: &SecurityDescriptor) -> u16 {
    let dacl = if value.control.contains(Control::SE_DACL_PRESENT) {
        0
    } else {
        0x1500
    };
    let sacl = if value.control.contains(Control::SE_SACL_PRESENT) {
        0
    } else {
        0x2a00
    };
    dacl | sacl
}

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (descriptor(any_ace()), damage).prop_map(|(value, damage)| {
        let mut bytes = value.encode();
        for (at, byte) in damage {
            *at.get_mut(&mut bytes) = byte;
        }
        bytes
    })
}

/// A descriptor as decoding gives it: flags agree with parts.
fn descriptor<S: Strategy<Value = Ace> + Clone>(
    ace: S,
) -> impl Strategy<Value = SecurityDescriptor> {
    let acl = || option::of(vec(ace.clone(), 0..6).prop_map(Acl::new));
    (
        any::<u16>(),
        any::<u8>(),
        option::of(sid()),
        option::of(sid()),
        acl(),
        acl(),
    )
        .prop_map(|(control, rm_control, owner, group, dacl, sacl)| {
            let mut control = Control(control) | Control::SE_SELF_RELATIVE;
            for (list, present) in [
                (&dacl, Control::SE_DACL_PRESENT),
                (&sacl, Control::SE_SACL_PRESENT),
            ] {
                if list.is_some() {
                    control = control | present;
                }
            }
            SecurityDescriptor {
                control,
                rm_control,
                owner,
                group,
                dacl,
                sacl,
            }
        })
}

fn sid() -> impl Strategy<Value = Sid> {
    let known = prop::sample::select(vec![
        (1, vec![0]),
        (5, vec![18]),
        (5, vec![32, 544]),
        (5, vec![21, 1, 2, 3, 512]),
    ]);
    let generated = (
        prop_oneof![0_u64..100, 0..1_u64 << 48],
        vec(any::<u32>(), 0..=15),
    );
    prop_oneof![known, generated].prop_map(|(authority, subs)| {
        Sid::new(authority, &subs).unwrap_or_else(|error| unreachable!("{error}"))
    })
}

fn names() -> impl Strategy<Value = SddlDomains> {
    let domain = || {
        option::of(Just(
            Sid::new(5, &[21, 1, 2, 3]).unwrap_or_else(|error| unreachable!("{error}")),
        ))
    };
    (domain(), domain(), domain()).prop_map(|(domain, forest_root, machine)| SddlDomains {
        domain,
        forest_root,
        machine,
    })
}

fn guid() -> impl Strategy<Value = Guid> + Clone {
    any::<[u8; 16]>().prop_map(Guid::from_wire)
}

/// Any ACE that decodes without defect.
fn any_ace() -> impl Strategy<Value = Ace> + Clone {
    let data = vec(any::<[u8; 4]>(), 0..6).prop_map(|words| words.concat());
    let fields = (
        0_u8..=0x15,
        any::<u8>(),
        any::<u32>(),
        option::of(guid()),
        option::of(guid()),
        sid_shared(),
        data,
    );
    fields.prop_filter_map(
        "has a trustee",
        |(code, flags, mask, object, inherited, trustee, application_data)| {
            let ace_type =
                AceType::from_u8(code).filter(|known| *known != AceType::AccessAllowedCompound)?;
            let guids = |guid: Option<Guid>| guid.filter(|_| ace_type.is_object());
            let known = KnownAce {
                object_type: guids(object),
                inherited_object_type: guids(inherited),
                application_data,
                ..KnownAce::new(ace_type, AccessMask(mask), trustee)
            };
            Some(Ace {
                flags: AceFlags(flags),
                body: AceBody::Known(known),
            })
        },
    )
}

/// An ACE that SDDL can express without loss.
fn plain_ace() -> impl Strategy<Value = Ace> + Clone {
    let types = prop::sample::select(vec![0_u8, 1, 2, 3, 5, 6, 7, 8, 0x11, 0x13, 0x14]);
    (
        types,
        any::<u8>(),
        any::<u32>(),
        guid(),
        option::of(guid()),
        sid_shared(),
    )
        .prop_filter_map(
            "has a type",
            |(code, flags, mask, object, inherited, trustee)| {
                let ace_type = AceType::from_u8(code)?;
                let known = KnownAce {
                    object_type: Some(object).filter(|_| ace_type.is_object()),
                    inherited_object_type: inherited.filter(|_| ace_type.is_object()),
                    ..KnownAce::new(ace_type, AccessMask(mask), trustee)
                };
                Some(Ace {
                    flags: AceFlags(flags & !0x20),
                    body: AceBody::Known(known),
                })
            },
        )
}

fn sid_shared() -> impl Strategy<Value = Sid> + Clone {
    (0_u64..20, vec(0_u32..600, 1..6)).prop_map(|(authority, subs)| {
        Sid::new(authority, &subs).unwrap_or_else(|error| unreachable!("{error}"))
    })
}
