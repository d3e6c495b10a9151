//! Security Descriptor Definition Language, MS-DTYP 2.5.1.
//!
//! Owns the text form of descriptors: what is accepted, and the one text that is written. The
//! crate documentation says where text and bytes are not one-to-one.

mod alias;
mod condition;
mod cursor;
mod error;
mod literal;
mod parse;
mod resource;
mod rights;
mod token;
mod write;

pub use alias::SddlDomains;
pub use error::{SddlError, SddlErrorKind};

use crate::descriptor::SecurityDescriptor;
use cursor::Cursor;

/// A longer text is refused.
pub const MAX_SDDL_BYTES: usize = 1 << 20;

/// Operators and parentheses of a condition nest at most this deep.
pub const MAX_CONDITION_DEPTH: usize = 32;

impl SecurityDescriptor {
    /// Reads SDDL. Lays out what Windows lays out, to the byte: revision 4 for a list with object
    /// ACEs, padding after conditions, four unused bytes for an object ACE without GUIDs.
    ///
    /// Errors name the byte offset in `text`. An alias such as `DA` whose domain is not in `names`
    /// is an error.
    pub fn from_sddl(text: &str, names: &SddlDomains) -> Result<SecurityDescriptor, SddlError> {
        if text.len() > MAX_SDDL_BYTES {
            return Err(SddlError {
                offset: MAX_SDDL_BYTES,
                kind: SddlErrorKind::TooLong(text.len()),
            });
        }
        parse::descriptor(&mut Cursor::new(text), names)
    }

    /// Writes the SDDL that Windows writes. An error if the descriptor holds what SDDL cannot
    /// express: a raw ACE, a type without a name, flags without a name, a malformed condition.
    /// Its offset is the length of the text written before it.
    pub fn to_sddl(&self, names: &SddlDomains) -> Result<String, SddlError> {
        write::descriptor(self, names)
    }
}

/// Compiles a condition such as `(@User.Title == "PM")` to the application data of a conditional
/// ACE (MS-DTYP 2.4.4.17), padded to a multiple of four bytes.
pub fn condition_from_sddl(text: &str, names: &SddlDomains) -> Result<Vec<u8>, SddlError> {
    if text.len() > MAX_SDDL_BYTES {
        return Err(SddlError {
            offset: MAX_SDDL_BYTES,
            kind: SddlErrorKind::TooLong(text.len()),
        });
    }
    let mut cursor = Cursor::new(text);
    let bytes = condition::compile(&mut cursor, names)?;
    cursor.skip_spaces();
    if cursor.at_end() {
        Ok(bytes)
    } else {
        Err(cursor.error(SddlErrorKind::Expected("the end of the condition")))
    }
}

/// The text of the condition in the application data of a conditional ACE, in parentheses.
pub fn condition_to_sddl(
    application_data: &[u8],
    names: &SddlDomains,
) -> Result<String, SddlError> {
    condition::decompile(application_data, names).map_err(|kind| SddlError { offset: 0, kind })
}

/// The text of the claim in the application data of a resource attribute ACE (MS-DTYP 2.4.10.1),
/// in parentheses.
pub fn resource_attribute_to_sddl(
    application_data: &[u8],
    names: &SddlDomains,
) -> Result<String, SddlError> {
    resource::decompile(application_data, names).map_err(|kind| SddlError { offset: 0, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Acl;
    use crate::descriptor::{Control, DaclState};

    fn parse(text: &str) -> Result<SecurityDescriptor, SddlError> {
        SecurityDescriptor::from_sddl(text, &SddlDomains::default())
    }

    fn written(text: &str) -> String {
        let value = parse(text).unwrap_or_else(|error| unreachable!("{text}: {error}"));
        value
            .to_sddl(&SddlDomains::default())
            .unwrap_or_else(|error| unreachable!("{text}: {error}"))
    }

    #[test]
    fn texts_become_canonical() {
        for (text, canonical) in [
            ("", ""),
            ("S:D:P", "D:PS:"),
            ("D:ARPAI(A;;GA;;;SY)", "D:PARAI(A;;GA;;;SY)"),
            ("O:S-1-5-18G:S-1-1-0x0D:", "O:SYG:WDD:"),
            (
                " D: ( A ; CI ; RP WP ; ; ; S-1-1-0 ) ",
                "D:(A;CI;RPWP;;;WD)",
            ),
            (
                "D:(OA;;CR;00299570-246D-11D0-A768-00AA006E0529;;s-1-5-7)",
                "D:(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;AN)",
            ),
            (
                "S:(ML;;NWNR;;;LW)(AU;SAFA;0x2;;;WD)",
                "S:(ML;;NRNW;;;LW)(AU;SAFA;DC;;;WD)",
            ),
            (
                "S:(SP;;;;;S-1-17-1)(TL;;0x200;;;S-1-19-512-4096)",
                "S:(SP;;;;;S-1-17-1)(TL;;0x200;;;S-1-19-512-4096)",
            ),
            (
                "S:(RA;CI;;;;S-1-1-0; (\"Secrecy\",TU,0,3))",
                "S:(RA;CI;;;;WD;(\"Secrecy\",TU,0x0,3))",
            ),
            (
                "D:(XA;;FX;;;WD;(@User.T==1))",
                "D:(XA;;FX;;;WD;(@USER.T == 1))",
            ),
            (
                "S:(FL;;FX;;;WD;(@User.T==1))(XU;FA;FX;;;WD;(a))",
                "S:(FL;;FX;;;WD;(@USER.T == 1))(XU;FA;FX;;;WD;(a))",
            ),
            (
                "D:(ZA;;CR;;00299570-246d-11d0-a768-00aa006e0529;WD;(a))",
                "D:(ZA;;CR;;00299570-246d-11d0-a768-00aa006e0529;WD;(a))",
            ),
        ] {
            assert_eq!(written(text), canonical);
            assert_eq!(written(canonical), canonical);
        }
    }

    #[test]
    fn null_and_empty_lists_differ() {
        let null = parse("D:NO_ACCESS_CONTROL").unwrap_or_default();
        assert_eq!(null.dacl_state(), DaclState::Null);
        assert_eq!(written("D:PNO_ACCESS_CONTROL"), "D:PNO_ACCESS_CONTROL");
        let empty = parse("D:").unwrap_or_default();
        assert_eq!(empty.dacl_state(), DaclState::Present(&Acl::default()));
        let absent = parse("O:SY").unwrap_or_default();
        assert_eq!(absent.dacl_state(), DaclState::Absent);
        assert_eq!(absent.control, Control::SE_SELF_RELATIVE);
    }

    #[test]
    fn object_aces_raise_the_revision_and_without_guids_leave_a_gap() {
        let list = |text: &str| {
            parse(text)
                .ok()
                .and_then(|value| value.dacl)
                .unwrap_or_default()
        };
        assert_eq!(list("D:(A;;CR;;;WD)").revision, 2);
        let guid = list("D:(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)");
        assert_eq!((guid.revision, guid.unused.len()), (4, 0));
        let none = list("D:(OA;;CR;;;WD)(OD;;CR;;;WD)");
        assert_eq!((none.revision, none.unused.len()), (4, 8));
        assert_eq!(none.aces, list("D:(A;;CR;;;WD)(D;;CR;;;WD)").aces);
    }

    #[test]
    fn errors_say_what_and_where() {
        for (text, offset, sentence) in [
            ("X:", 0, "expected O:, G:, D: or S:"),
            ("D", 1, "expected :"),
            ("D:D:", 2, "a second D: section"),
            ("O:QQ", 2, "\"QQ\" is neither a SID nor a SID alias"),
            (
                "O:DA",
                2,
                "the alias DA needs the SID of the domain, which is not known",
            ),
            (
                "O:S-1-5-99999999999",
                2,
                "not a SID (expected S-1-… with numbers that fit)",
            ),
            ("D:(Q;;;;;WD)", 3, "\"Q\" is not an ACE type"),
            ("D:(A;Q;;;;WD)", 5, "\"Q\" are not ACE flags"),
            ("D:(A;;QQ;;;WD)", 6, "\"QQ\" are not access rights"),
            ("D:(OA;;;1;;WD)", 8, "not a GUID"),
            (
                "D:(A;;;00299570-246d-11d0-a768-00aa006e0529;;WD)",
                7,
                "this ACE type takes no GUID",
            ),
            ("D:(A;;;;;WD", 11, "expected )"),
            ("D:(A;;;;WD)", 8, "not a GUID"),
            ("D:(A;;;;;WD;(a))", 11, "expected )"),
            ("D:(XA;;;;;WD)", 12, "expected ;"),
        ] {
            let error = parse(text).err();
            let found = error.map(|error| (error.offset, error.kind.to_string()));
            assert_eq!(found, Some((offset, sentence.to_owned())), "{text}");
        }
    }

    #[test]
    fn sizes_are_limited() {
        let long = " ".repeat(MAX_SDDL_BYTES + 1);
        assert!(matches!(
            parse(&long),
            Err(SddlError {
                kind: SddlErrorKind::TooLong(_),
                ..
            })
        ));
        let many = format!("D:{}", "(A;;GA;;;SY)".repeat(4_000));
        assert!(matches!(
            parse(&many),
            Err(SddlError {
                offset: 2,
                kind: SddlErrorKind::TooLarge(_)
            })
        ));
    }

    #[test]
    fn what_has_no_text_is_named() {
        use crate::ace::{Ace, AceBody, AceFlags, AceType, KnownAce};
        use crate::mask::AccessMask;
        let everyone = crate::Sid::new(1, &[0]).unwrap_or_else(|_| unreachable!());
        let known = |ace_type| KnownAce::new(ace_type, AccessMask::NONE, everyone.clone());
        let denied_callback = AceBody::Known(known(AceType::AccessDeniedCallbackObject));
        let data = AceBody::Known(KnownAce {
            application_data: vec![1],
            ..known(AceType::AccessAllowed)
        });
        let raw = AceBody::Unknown {
            ace_type: 0x77,
            bytes: vec![],
        };
        let plain = AceBody::Known(known(AceType::AccessAllowed));
        for (flags, body) in [(0, denied_callback), (0, data), (0, raw), (0x20, plain)] {
            let dacl = Some(Acl::new(vec![Ace {
                flags: AceFlags(flags),
                body,
            }]));
            let value = SecurityDescriptor {
                dacl,
                ..SecurityDescriptor::default()
            };
            let error = value.to_sddl(&SddlDomains::default());
            assert!(
                matches!(
                    error,
                    Err(SddlError {
                        offset: 2,
                        kind: SddlErrorKind::NoText(_)
                    })
                ),
                "{error:?}"
            );
        }
    }
}
