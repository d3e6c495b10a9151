//! Random security descriptors as SDDL, the same for the same numbers. Owns how often what occurs; knows no object and
//! asks no server.

use super::guids;
use crate::seed::Seeded;

/// Who sees the children of an object: everyone. Without it few principals would see what they are asked about.
pub(super) const LISTED: &str = "(A;;LCLO;;;WD)";

/// Trustees that stand for more than one account, or for nobody: Everyone, Authenticated Users, Network, Users,
/// Pre-Windows 2000 Compatible Access, Administrators, Account Operators, Domain Admins, Domain Users, Domain Guests,
/// Domain Computers, System, Anonymous, CREATOR OWNER, CREATOR GROUP.
const WELL_KNOWN: [&str; 15] = [
    "WD", "AU", "S-1-5-2", "BU", "RU", "BA", "AO", "DA", "DU", "DG", "DC", "SY", "AN", "CO", "CG",
];
/// PRINCIPAL SELF and OWNER RIGHTS.
const RELATIVE: [&str; 2] = ["PS", "S-1-3-4"];
/// Rights whose outcome a controller tells, and how often an ACE has them, in percent: writing attributes, creating
/// children, writing the DACL and the owner.
const TOLD: [(&str, u64); 4] = [("WP", 65), ("CC", 45), ("WD", 15), ("WO", 12)];
/// Rights whose outcome it does not tell: noise.
const UNTOLD: [&str; 8] = ["RP", "LO", "DC", "SW", "DT", "CR", "SD", "RC"];

/// Who may be named.
pub(super) struct Trustees<'a> {
    /// SIDs of principals and groups.
    pub(super) own: &'a [String],
    /// SIDs that only occur in a SID history.
    pub(super) former: &'a [String],
}

/// The DACL of an object of the class `class`: flags and ACEs, with inherited ones to come where it is not protected.
/// `first` are ACEs that stand before all others.
pub(super) fn dacl(
    seeded: &mut Seeded,
    trustees: &Trustees<'_>,
    class: &str,
    first: &str,
) -> String {
    let flags = if chance(seeded, 30) { "P" } else { "AI" };
    let length = match seeded.below(100) {
        0..5 => 0,
        5..45 => 1 + seeded.below(5),
        45..90 => 6 + seeded.below(14),
        90..97 => 20 + seeded.below(30),
        _ => 100 + seeded.below(40),
    };
    let aces: String = (0..length).map(|_| ace(seeded, trustees, class)).collect();
    format!("D:{flags}{first}{aces}")
}

/// An owner: mostly Domain Admins, else a principal, a group, Administrators or a stranger.
pub(super) fn owner<'a>(seeded: &mut Seeded, trustees: &Trustees<'a>) -> &'a str {
    match seeded.below(100) {
        0..45 => "DA",
        45..85 => one(seeded, trustees.own),
        85..92 => "BA",
        92..96 => "S-1-5-32-548",
        _ => one(seeded, trustees.former),
    }
}

fn ace(seeded: &mut Seeded, trustees: &Trustees<'_>, class: &str) -> String {
    let trustee = match seeded.below(100) {
        0..60 => one(seeded, trustees.own),
        60..64 => one(seeded, trustees.former),
        64..76 => pick(seeded, &RELATIVE),
        _ => pick(seeded, &WELL_KNOWN),
    };
    // A deny for nearly everybody leaves little to decide after it.
    let deny = chance(
        seeded,
        if matches!(trustee, "WD" | "AU") {
            12
        } else {
            33
        },
    );
    let object = chance(seeded, 60);
    let kind = match (object, deny) {
        (false, false) => "A",
        (false, true) => "D",
        (true, false) => "OA",
        (true, true) => "OD",
    };
    let flags = flags(seeded);
    let rights = rights(seeded);
    let (mut object_type, mut inherited) = ("", "");
    if object {
        object_type = self::object_type(seeded, class);
        if !flags.is_empty() && chance(seeded, 60) {
            inherited = pick(seeded, &guids::CLASSES);
        }
    }
    format!("({kind};{flags};{rights};{object_type};{inherited};{trustee})")
}

/// Inheritance: none, to all below, to children alone, or to those below only.
fn flags(seeded: &mut Seeded) -> &'static str {
    match seeded.below(100) {
        0..62 => "",
        62..76 => "CI",
        76..92 => "CIIO",
        92..95 => "CINP",
        95..97 => "CINPIO",
        97..99 => "OICI",
        // Concerns nobody: to be inherited by leaves, which the directory does not have.
        _ => "OIIO",
    }
}

fn rights(seeded: &mut Seeded) -> String {
    match seeded.below(100) {
        0..5 => return "GA".to_owned(),
        5..9 => return "GW".to_owned(),
        9..12 => return "GR".to_owned(),
        12..14 => return "GX".to_owned(),
        // Full control and ACCESS_SYSTEM_SECURITY.
        14..16 => return "0x10f01ff".to_owned(),
        _ => {}
    }
    let mut rights: String = TOLD
        .into_iter()
        .filter(|(_, percent)| chance(seeded, *percent))
        .map(|(right, _)| right)
        .collect();
    if rights.is_empty() || chance(seeded, 30) {
        rights.push_str(pick(seeded, &UNTOLD));
    }
    rights
}

fn object_type<'a>(seeded: &mut Seeded, class: &'a str) -> &'a str {
    match seeded.below(100) {
        0..15 => "",
        15..27 => class,
        27..52 => pick(seeded, &guids::PROPERTY_SETS),
        52..76 => pick(seeded, &guids::ATTRIBUTES),
        76..92 => pick(seeded, &guids::CLASSES),
        92..94 => guids::DESCRIPTOR,
        _ => pick(seeded, &guids::RIGHTS),
    }
}

/// True in `percent` of a hundred cases.
pub(super) fn chance(seeded: &mut Seeded, percent: u64) -> bool {
    seeded.below(100) < percent
}

/// One of `items`; empty if there is none.
pub(super) fn pick<'a>(seeded: &mut Seeded, items: &[&'a str]) -> &'a str {
    seeded.one_of(items).copied().unwrap_or_default()
}

fn one<'a>(seeded: &mut Seeded, items: &'a [String]) -> &'a str {
    seeded.one_of(items).map_or("", String::as_str)
}
