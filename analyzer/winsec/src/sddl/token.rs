//! Byte codes of conditions, MS-DTYP 2.4.4.17.4 to 2.4.4.17.8.

/// The first four bytes of a condition (2.4.4.17.4).
pub(super) const SIGNATURE: &[u8; 4] = b"artx";

pub(super) const PADDING: u8 = 0x00;
/// Signed integers of 8, 16, 32 and 64 bits, all stored in 64.
pub(super) const INT8: u8 = 0x01;
pub(super) const INT64: u8 = 0x04;
pub(super) const UNICODE: u8 = 0x10;
pub(super) const OCTETS: u8 = 0x18;
pub(super) const COMPOSITE: u8 = 0x50;
pub(super) const SID: u8 = 0x51;
pub(super) const LOCAL_ATTRIBUTE: u8 = 0xf8;
pub(super) const AND: u8 = 0xa0;
pub(super) const OR: u8 = 0xa1;
pub(super) const NOT: u8 = 0xa2;

/// The sign byte of an integer (2.4.4.17.5).
pub(super) const SIGN_PLUS: u8 = 1;
pub(super) const SIGN_MINUS: u8 = 2;
pub(super) const SIGN_NONE: u8 = 3;

/// The base byte of an integer (2.4.4.17.5).
pub(super) const BASE_OCTAL: u8 = 1;
pub(super) const BASE_DECIMAL: u8 = 2;
pub(super) const BASE_HEXADECIMAL: u8 = 3;

/// Attributes with a prefix (2.4.4.17.8).
pub(super) const ATTRIBUTES: &[(&str, u8)] =
    &[("@USER.", 0xf9), ("@RESOURCE.", 0xfa), ("@DEVICE.", 0xfb)];

/// Operators on one attribute (2.4.4.17.7).
pub(super) const EXISTENCE: &[(&str, u8)] = &[("Exists", 0x87), ("Not_Exists", 0x8d)];

/// Operators on SIDs (2.4.4.17.6).
pub(super) const MEMBERSHIP: &[(&str, u8)] = &[
    ("Member_of", 0x89),
    ("Device_Member_of", 0x8a),
    ("Member_of_Any", 0x8b),
    ("Device_Member_of_Any", 0x8c),
    ("Not_Member_of", 0x90),
    ("Not_Device_Member_of", 0x91),
    ("Not_Member_of_Any", 0x92),
    ("Not_Device_Member_of_Any", 0x93),
];

/// Operators between an attribute and a value (2.4.4.17.6), written as signs. A sign that starts
/// another comes after it.
pub(super) const COMPARISONS: &[(&str, u8)] = &[
    ("==", 0x80),
    ("!=", 0x81),
    ("<=", 0x83),
    (">=", 0x85),
    ("<", 0x82),
    (">", 0x84),
];

/// The same, written as words.
pub(super) const SET_RELATIONS: &[(&str, u8)] = &[
    ("Contains", 0x86),
    ("Any_of", 0x88),
    ("Not_Contains", 0x8e),
    ("Not_Any_of", 0x8f),
];

pub(super) fn code_of(word: &str, table: &[(&str, u8)]) -> Option<u8> {
    table
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, code)| *code)
}

pub(super) fn name_of(code: u8, table: &[(&'static str, u8)]) -> Option<&'static str> {
    table
        .iter()
        .find(|(_, known)| *known == code)
        .map(|(name, _)| *name)
}
