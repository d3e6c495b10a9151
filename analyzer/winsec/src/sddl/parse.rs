//! SDDL text to descriptor, MS-DTYP 2.5.1.1: sections, lists and ACEs.
//!
//! Conditions and resource attributes are in `condition` and `resource`.

use super::alias::{self, SddlDomains};
use super::cursor::Cursor;
use super::error::{SddlError, SddlErrorKind};
use super::{condition, resource, rights};
use crate::ace::{Ace, AceBody, AceType, KnownAce};
use crate::acl::Acl;
use crate::descriptor::{Control, SecurityDescriptor};
use crate::guid::Guid;

/// Reads a whole descriptor: `O:`, `G:`, `D:` and `S:` in any order, each at most once.
pub(super) fn descriptor(
    cursor: &mut Cursor<'_>,
    names: &SddlDomains,
) -> Result<SecurityDescriptor, SddlError> {
    let mut value = SecurityDescriptor {
        control: Control::SE_SELF_RELATIVE,
        ..SecurityDescriptor::default()
    };
    let mut seen = String::new();
    loop {
        cursor.skip_spaces();
        if cursor.at_end() {
            return Ok(value);
        }
        let start = *cursor;
        let section = cursor.take(1);
        if !["O", "G", "D", "S"].contains(&section) {
            return Err(start.error(SddlErrorKind::Expected("O:, G:, D: or S:")));
        }
        cursor.require(":")?;
        if let Some(again) = section.chars().find(|c| seen.contains(*c)) {
            return Err(start.error(SddlErrorKind::Duplicate(again)));
        }
        seen.push_str(section);
        match section {
            "O" => value.owner = Some(alias::parse(cursor, names)?),
            "G" => value.group = Some(alias::parse(cursor, names)?),
            "D" => value.dacl = list(cursor, names, &mut value.control, &DACL)?,
            _ => value.sacl = list(cursor, names, &mut value.control, &SACL)?,
        }
    }
}

/// The control flags a list's text sets.
pub(super) struct ListFlags {
    pub(super) present: Control,
    /// In the order Windows writes them.
    pub(super) named: [(&'static str, Control); 3],
}

pub(super) const DACL: ListFlags = ListFlags {
    present: Control::SE_DACL_PRESENT,
    named: [
        ("P", Control::SE_DACL_PROTECTED),
        ("AR", Control::SE_DACL_AUTO_INHERIT_REQ),
        ("AI", Control::SE_DACL_AUTO_INHERITED),
    ],
};

pub(super) const SACL: ListFlags = ListFlags {
    present: Control::SE_SACL_PRESENT,
    named: [
        ("P", Control::SE_SACL_PROTECTED),
        ("AR", Control::SE_SACL_AUTO_INHERIT_REQ),
        ("AI", Control::SE_SACL_AUTO_INHERITED),
    ],
};

/// The text of a NULL list.
pub(super) const NULL_LIST: &str = "NO_ACCESS_CONTROL";

/// `None` is the NULL list.
fn list(
    cursor: &mut Cursor<'_>,
    names: &SddlDomains,
    control: &mut Control,
    flags: &ListFlags,
) -> Result<Option<Acl>, SddlError> {
    *control = *control | flags.present;
    let mut null = false;
    loop {
        cursor.skip_spaces();
        if cursor.eat(NULL_LIST) {
            null = true;
        } else if let Some((_, flag)) = flags.named.iter().find(|(name, _)| cursor.eat(name)) {
            *control = *control | *flag;
        } else {
            break;
        }
    }
    if null {
        return Ok(None);
    }
    let start = *cursor;
    let mut aces = Vec::new();
    let mut unused = 0;
    let mut object = false;
    loop {
        cursor.skip_spaces();
        if !cursor.eat("(") {
            break;
        }
        let parsed = ace(cursor, names)?;
        object |= parsed.object;
        unused += parsed.unused;
        aces.push(parsed.ace);
    }
    let mut acl = Acl {
        unused: vec![0; unused],
        ..Acl::new(aces)
    };
    if object {
        acl.revision = 4;
    }
    acl.encode()
        .map_err(|error| start.error(SddlErrorKind::TooLarge(error)))?;
    Ok(Some(acl))
}

struct ParsedAce {
    ace: Ace,
    /// Whether the text named an object type, which decides the list's revision.
    object: bool,
    /// Bytes Windows reserves for the ACE and does not use.
    unused: usize,
}

/// Reads an ACE whose opening parenthesis is read.
fn ace(cursor: &mut Cursor<'_>, names: &SddlDomains) -> Result<ParsedAce, SddlError> {
    let named = field(cursor, rights::parse_type, |text| {
        SddlErrorKind::AceType(text.to_owned())
    })?;
    let flags = field(cursor, rights::parse_flags, |text| {
        SddlErrorKind::AceFlags(text.to_owned())
    })?;
    let mask = field(
        cursor,
        |text| rights::parse_mask(text, named),
        |text| SddlErrorKind::Rights(text.to_owned()),
    )?;
    let before_guids = *cursor;
    let object_type = field(cursor, guid, |_| SddlErrorKind::Guid)?;
    let inherited_object_type = field(cursor, guid, |_| SddlErrorKind::Guid)?;
    if !named.is_object() && (object_type.is_some() || inherited_object_type.is_some()) {
        return Err(before_guids.error(SddlErrorKind::UnexpectedGuid));
    }
    cursor.skip_spaces();
    let trustee = alias::parse(cursor, names)?;
    cursor.skip_spaces();
    let application_data = if named.is_conditional() {
        cursor.require(";")?;
        condition::compile(cursor, names)?
    } else if named == AceType::SystemResourceAttribute {
        cursor.require(";")?;
        resource::compile(cursor, names)?
    } else {
        Vec::new()
    };
    cursor.skip_spaces();
    cursor.require(")")?;
    let plain = if object_type.is_none() && inherited_object_type.is_none() {
        without_guids(named)
    } else {
        None
    };
    let body = AceBody::Known(KnownAce {
        ace_type: plain.unwrap_or(named),
        mask,
        object_type,
        inherited_object_type,
        trustee,
        application_data,
    });
    Ok(ParsedAce {
        ace: Ace { flags, body },
        object: named.is_object(),
        // The object flags, for which Windows makes room before it sees that there are no GUIDs.
        unused: if plain.is_some() { 4 } else { 0 },
    })
}

/// What Windows makes of an object ACE without GUIDs.
fn without_guids(ace_type: AceType) -> Option<AceType> {
    match ace_type {
        AceType::AccessAllowedObject => Some(AceType::AccessAllowed),
        AceType::AccessDeniedObject => Some(AceType::AccessDenied),
        AceType::SystemAuditObject => Some(AceType::SystemAudit),
        _ => None,
    }
}

fn guid(text: &str) -> Option<Option<Guid>> {
    match text {
        "" => Some(None),
        text if text.len() == 36 => text.parse().ok().map(Some),
        _ => None,
    }
}

/// Reads up to the next semicolon, and that.
fn field<T>(
    cursor: &mut Cursor<'_>,
    parse: impl FnOnce(&str) -> Option<T>,
    error: impl FnOnce(&str) -> SddlErrorKind,
) -> Result<T, SddlError> {
    cursor.skip_spaces();
    let start = *cursor;
    let text = cursor
        .take_while(|c| !matches!(c, ';' | '(' | ')'))
        .trim_end();
    let value = parse(text).ok_or_else(|| start.error(error(text)))?;
    cursor.require(";")?;
    Ok(value)
}
