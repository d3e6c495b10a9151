//! SIDs in SDDL text: `S-1-…` or a two-letter alias.
//!
//! Owns the aliases that are relative to a domain. The others are in [`crate::well_known`].

use super::cursor::Cursor;
use super::error::{SddlError, SddlErrorKind};
use crate::sid::Sid;
use crate::well_known;

/// What the relative aliases mean: `DA` is the domain's RID 512, `EA` the forest root's 519, `LA`
/// the machine's 500. On a domain controller the machine is the domain.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SddlDomains {
    /// For DA DU DG DC DD CA PA RS CN AP KA.
    pub domain: Option<Sid>,
    /// For EA SA RO EK.
    pub forest_root: Option<Sid>,
    /// For LA LG.
    pub machine: Option<Sid>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Domain,
    ForestRoot,
    Machine,
}

const RELATIVE: &[(&str, Base, u32)] = &[
    ("LA", Base::Machine, 500),
    ("LG", Base::Machine, 501),
    ("RO", Base::ForestRoot, 498),
    ("DA", Base::Domain, 512),
    ("DU", Base::Domain, 513),
    ("DG", Base::Domain, 514),
    ("DC", Base::Domain, 515),
    ("DD", Base::Domain, 516),
    ("CA", Base::Domain, 517),
    ("SA", Base::ForestRoot, 518),
    ("EA", Base::ForestRoot, 519),
    ("PA", Base::Domain, 520),
    ("CN", Base::Domain, 522),
    ("AP", Base::Domain, 525),
    ("KA", Base::Domain, 526),
    ("EK", Base::ForestRoot, 527),
    ("RS", Base::Domain, 553),
];

impl SddlDomains {
    fn base(&self, base: Base) -> (Option<&Sid>, &'static str) {
        match base {
            Base::Domain => (self.domain.as_ref(), "domain"),
            Base::ForestRoot => (self.forest_root.as_ref(), "forest root"),
            Base::Machine => (self.machine.as_ref(), "machine"),
        }
    }
}

/// Reads a SID or an alias.
pub(super) fn parse(cursor: &mut Cursor<'_>, names: &SddlDomains) -> Result<Sid, SddlError> {
    let start = *cursor;
    let length = sid_length(cursor.rest());
    if length > 0 {
        return cursor
            .take(length)
            .parse()
            .map_err(|error| start.error(SddlErrorKind::Sid(error)));
    }
    let alias = cursor.take(2);
    if let Some(known) = well_known::by_alias(alias) {
        return known
            .sid()
            .ok_or_else(|| start.error(SddlErrorKind::UnknownAlias(alias.to_owned())));
    }
    let Some(&(alias, base, rid)) = RELATIVE.iter().find(|(name, ..)| *name == alias) else {
        return Err(start.error(SddlErrorKind::UnknownAlias(alias.to_owned())));
    };
    match names.base(base) {
        (Some(sid), _) => sid
            .child(rid)
            .map_err(|error| start.error(SddlErrorKind::Sid(error))),
        (None, domain) => Err(start.error(SddlErrorKind::MissingDomain { alias, domain })),
    }
}

/// The alias if there is one, else `S-1-…`.
pub(super) fn write(sid: &Sid, names: &SddlDomains) -> String {
    let absolute = || well_known::find(sid).and_then(|known| known.alias);
    let relative = || {
        let (rid, parent) = sid.sub_authorities().split_last()?;
        let of = |base| {
            names
                .base(base)
                .0
                .is_some_and(|b| b.authority() == sid.authority() && b.sub_authorities() == parent)
        };
        RELATIVE
            .iter()
            .find(|(_, base, known)| known == rid && of(*base))
            .map(|(alias, ..)| *alias)
    };
    absolute()
        .or_else(relative)
        .map_or_else(|| sid.to_string(), str::to_owned)
}

/// Bytes of the `S-1-…` at the start of the text, 0 if there is none.
fn sid_length(text: &str) -> usize {
    let Some(mut rest) = text.strip_prefix("S-").or_else(|| text.strip_prefix("s-")) else {
        return 0;
    };
    loop {
        let (digits, hexadecimal) =
            match rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
                Some(digits) => (digits, true),
                None => (rest, false),
            };
        let wanted = |c: char| {
            if hexadecimal {
                c.is_ascii_hexdigit()
            } else {
                c.is_ascii_digit()
            }
        };
        let mut end = digits.find(|c| !wanted(c)).unwrap_or(digits.len());
        let (number, after) = digits.split_at_checked(end).unwrap_or((digits, ""));
        if number.ends_with('D') && after.starts_with(':') {
            // Not a digit but the start of the DACL.
            end = end.saturating_sub(1);
        }
        rest = digits.get(end..).unwrap_or_default();
        match rest.strip_prefix('-') {
            Some(more) => rest = more,
            None => return text.len().saturating_sub(rest.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse().unwrap_or_else(|_| unreachable!())
    }

    fn names() -> SddlDomains {
        SddlDomains {
            domain: Some(sid("S-1-5-21-1-2-3")),
            forest_root: Some(sid("S-1-5-21-4-5-6")),
            machine: Some(sid("S-1-5-21-7-8-9")),
        }
    }

    #[test]
    fn every_relative_alias_round_trips() {
        for (alias, ..) in RELATIVE {
            let parsed = parse(&mut Cursor::new(alias), &names());
            assert_eq!(
                parsed.map(|sid| write(&sid, &names())),
                Ok((*alias).to_owned())
            );
        }
    }

    #[test]
    fn relative_aliases_do_not_collide() {
        for (index, (alias, ..)) in RELATIVE.iter().enumerate() {
            assert!(well_known::by_alias(alias).is_none(), "{alias}");
            assert!(
                !RELATIVE
                    .iter()
                    .skip(index + 1)
                    .any(|(other, ..)| other == alias),
                "{alias}"
            );
        }
    }

    #[test]
    fn an_alias_without_its_domain_says_so() {
        let error =
            parse(&mut Cursor::new("EA"), &SddlDomains::default()).map_err(|e| e.to_string());
        assert_eq!(
            error,
            Err(
                "SDDL at byte 0: the alias EA needs the SID of the forest root, which is not known"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_sid_ends_before_the_next_section() {
        for (text, length) in [
            ("S-1-5-21-1-2-3-513D:(A;;GA;;;SY)", 18),
            ("S-1-5-18G:SY", 8),
            ("S-1-1-0x1D:P", 9),
            ("S-1-0xABCDEF0123-1)", 18),
            ("SY", 0),
            ("S-", 2),
        ] {
            assert_eq!(sid_length(text), length, "{text}");
        }
    }

    #[test]
    fn unknown_aliases_and_short_texts_are_refused() {
        for text in ["", "Z", "ZZ", "wd", "é"] {
            assert!(matches!(
                parse(&mut Cursor::new(text), &names()),
                Err(SddlError {
                    offset: 0,
                    kind: SddlErrorKind::UnknownAlias(_)
                })
            ));
        }
    }
}
