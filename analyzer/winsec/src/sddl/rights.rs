//! Access rights and flags in SDDL text, MS-DTYP 2.5.1.1.

use super::cursor::Cursor;
use crate::ace::{AceFlags, AceType};
use crate::mask::AccessMask;

/// In the order Windows writes them.
const RIGHTS: &[(&str, u32)] = &[
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
];

/// Written only when they match exactly. `KX` equals `KR` and is never written.
const COMBINATIONS: &[(&str, u32)] = &[
    ("FA", 0x1f_01ff),
    ("FR", 0x12_0089),
    ("FW", 0x12_0116),
    ("FX", 0x12_00a0),
    ("KA", 0xf_003f),
    ("KR", 0x2_0019),
    ("KW", 0x2_0006),
    ("KX", 0x2_0019),
];

/// Of mandatory labels only (MS-DTYP 2.4.4.13).
const LABEL_RIGHTS: &[(&str, u32)] = &[("NR", 0x2), ("NW", 0x1), ("NX", 0x4)];

const FLAGS: &[(&str, u8)] = &[
    ("OI", 0x01),
    ("CI", 0x02),
    ("NP", 0x04),
    ("IO", 0x08),
    ("ID", 0x10),
    ("SA", 0x40),
    ("FA", 0x80),
];

const TYPES: &[(&str, AceType)] = &[
    ("A", AceType::AccessAllowed),
    ("D", AceType::AccessDenied),
    ("AU", AceType::SystemAudit),
    ("AL", AceType::SystemAlarm),
    ("OA", AceType::AccessAllowedObject),
    ("OD", AceType::AccessDeniedObject),
    ("OU", AceType::SystemAuditObject),
    ("OL", AceType::SystemAlarmObject),
    ("XA", AceType::AccessAllowedCallback),
    ("XD", AceType::AccessDeniedCallback),
    ("ZA", AceType::AccessAllowedCallbackObject),
    ("XU", AceType::SystemAuditCallback),
    ("ML", AceType::SystemMandatoryLabel),
    ("RA", AceType::SystemResourceAttribute),
    ("SP", AceType::SystemScopedPolicyId),
    ("TL", AceType::SystemProcessTrustLabel),
    ("FL", AceType::SystemAccessFilter),
];

pub(super) fn parse_type(text: &str) -> Option<AceType> {
    TYPES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, ace_type)| *ace_type)
}

pub(super) fn write_type(ace_type: AceType) -> Option<&'static str> {
    TYPES
        .iter()
        .find(|(_, known)| *known == ace_type)
        .map(|(name, _)| *name)
}

pub(super) fn parse_flags(text: &str) -> Option<AceFlags> {
    let mut cursor = Cursor::new(text);
    let mut flags = AceFlags::NONE;
    while !cursor.at_end() {
        let (_, flag) = FLAGS.iter().find(|(name, _)| cursor.eat(name))?;
        flags = flags | AceFlags(*flag);
    }
    Some(flags)
}

pub(super) fn write_flags(flags: AceFlags) -> Option<String> {
    let known: u8 = FLAGS.iter().map(|(_, flag)| flag).sum();
    let set = FLAGS
        .iter()
        .filter(|(_, flag)| flags.0 & flag != 0)
        .map(|(name, _)| *name);
    (flags.0 & !known == 0).then(|| set.collect())
}

/// Two-letter names, possibly with spaces between them, or one number: hexadecimal, octal with a
/// leading zero, or decimal. Unlike Windows, a number of more than 32 bits or a negative one is
/// refused.
pub(super) fn parse_mask(text: &str, ace_type: AceType) -> Option<AccessMask> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return number(text)
            .and_then(|value| u32::try_from(value).ok())
            .map(AccessMask);
    }
    let label = if ace_type == AceType::SystemMandatoryLabel {
        LABEL_RIGHTS
    } else {
        &[]
    };
    let mut cursor = Cursor::new(text);
    let mut mask = AccessMask::NONE;
    while !cursor.at_end() {
        let (_, right) = RIGHTS
            .iter()
            .chain(COMBINATIONS)
            .chain(label)
            .find(|(name, _)| cursor.eat(name))?;
        mask |= AccessMask(*right);
        cursor.skip_spaces();
    }
    Some(mask)
}

pub(super) fn write_mask(mask: AccessMask, ace_type: AceType) -> String {
    let names = if ace_type == AceType::SystemMandatoryLabel {
        LABEL_RIGHTS
    } else {
        RIGHTS
    };
    let combination = COMBINATIONS.iter().find(|(_, value)| *value == mask.0);
    let known: u32 = names.iter().map(|(_, right)| right).sum();
    match combination {
        Some((name, _)) => (*name).to_owned(),
        None if mask.0 & !known == 0 => names
            .iter()
            .filter(|(_, right)| mask.0 & right != 0)
            .map(|(name, _)| *name)
            .collect(),
        None => format!("{:#x}", mask.0),
    }
}

/// An unsigned number in C notation.
pub(super) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match (
        text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")),
        text.strip_prefix('0'),
    ) {
        (Some(hexadecimal), _) => (hexadecimal, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        _ => (text, 10),
    };
    // `from_str_radix` would take a sign.
    digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric())
        .then(|| u64::from_str_radix(digits, radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AceType = AceType::AccessAllowed;

    #[test]
    fn masks_are_written_as_windows_writes_them() {
        for (mask, text) in [
            (0, ""),
            (0x1f_01ff, "FA"),
            (0x12_0089, "FR"),
            (0xf_003f, "KA"),
            (0x2_0019, "KR"),
            (0xf_01ff, "CCDCLCSWRPWPDTLOCRSDRCWDWO"),
            (0xe00f_0000, "SDRCWDWOGXGWGR"),
            (0x2_0094, "LCRPLORC"),
            (0x12_00a9, "0x1200a9"),
            (0x200, "0x200"),
        ] {
            assert_eq!(write_mask(AccessMask(mask), A), text);
            assert_eq!(parse_mask(text, A), Some(AccessMask(mask)));
        }
    }

    #[test]
    fn other_spellings_are_read() {
        for (text, mask) in [
            ("RPLCLORC", 0x2_0094),
            ("RP WP", 0x30),
            ("16", 0x10),
            ("017", 0xf),
            ("0XFF", 0xff),
            ("0", 0),
            ("KX", 0x2_0019),
            ("4294967295", u32::MAX),
        ] {
            assert_eq!(parse_mask(text, A), Some(AccessMask(mask)), "{text}");
        }
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        for text in [
            "rp",
            "RPX",
            "NW",
            "-1",
            "0x",
            "0x100000000",
            "09",
            "1 2",
            "+1",
            "é",
        ] {
            assert_eq!(parse_mask(text, A), None, "{text}");
        }
    }

    #[test]
    fn labels_have_rights_of_their_own() {
        let label = AceType::SystemMandatoryLabel;
        assert_eq!(parse_mask("NWNR", label), Some(AccessMask(3)));
        assert_eq!(write_mask(AccessMask(7), label), "NRNWNX");
        assert_eq!(write_mask(AccessMask(9), label), "0x9");
    }

    #[test]
    fn flags_and_types_round_trip() {
        assert_eq!(parse_flags("CIIOID"), Some(AceFlags(0x1a)));
        assert_eq!(
            write_flags(AceFlags(0xdf)),
            Some("OICINPIOIDSAFA".to_owned())
        );
        assert_eq!(write_flags(AceFlags(0x20)), None);
        assert_eq!(parse_flags("CIX"), None);
        for (name, ace_type) in TYPES {
            assert_eq!(parse_type(name).and_then(write_type), Some(*name));
            assert_eq!(write_type(*ace_type), Some(*name));
        }
        assert_eq!(write_type(AceType::AccessDeniedCallbackObject), None);
    }
}
