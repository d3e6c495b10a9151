//! Descriptor to SDDL text, as Windows writes it.

use super::alias::{self, SddlDomains};
use super::error::{SddlError, SddlErrorKind};
use super::parse::{DACL, ListFlags, NULL_LIST, SACL};
use super::{condition, resource, rights};
use crate::ace::{Ace, AceBody, AceType, KnownAce};
use crate::acl::Acl;
use crate::descriptor::{Control, SecurityDescriptor};

/// `O:`, `G:`, `D:`, `S:`, each if it is there.
pub(super) fn descriptor(
    value: &SecurityDescriptor,
    names: &SddlDomains,
) -> Result<String, SddlError> {
    let mut text = String::new();
    for (section, sid) in [("O:", &value.owner), ("G:", &value.group)] {
        if let Some(sid) = sid {
            text.push_str(section);
            text.push_str(&alias::write(sid, names));
        }
    }
    for (section, acl, flags) in [("D:", &value.dacl, &DACL), ("S:", &value.sacl, &SACL)] {
        if acl.is_some() || value.control.contains(flags.present) {
            text.push_str(section);
            list(&mut text, acl.as_ref(), value.control, flags, names)?;
        }
    }
    Ok(text)
}

fn list(
    text: &mut String,
    acl: Option<&Acl>,
    control: Control,
    flags: &ListFlags,
    names: &SddlDomains,
) -> Result<(), SddlError> {
    text.extend(
        flags
            .named
            .iter()
            .filter(|(_, flag)| control.contains(*flag))
            .map(|(name, _)| *name),
    );
    let Some(acl) = acl else {
        text.push_str(NULL_LIST);
        return Ok(());
    };
    for ace in &acl.aces {
        let written = self::ace(ace, names).map_err(|kind| SddlError {
            offset: text.len(),
            kind,
        })?;
        text.push_str(&written);
    }
    Ok(())
}

fn ace(ace: &Ace, names: &SddlDomains) -> Result<String, SddlErrorKind> {
    let AceBody::Known(known) = &ace.body else {
        return Err(SddlErrorKind::NoText("a raw ACE"));
    };
    let ace_type =
        rights::write_type(known.ace_type).ok_or(SddlErrorKind::NoText("this ACE type"))?;
    let flags = rights::write_flags(ace.flags).ok_or(SddlErrorKind::NoText("these ACE flags"))?;
    let mask = rights::write_mask(known.mask, known.ace_type);
    let [object_type, inherited] = [known.object_type, known.inherited_object_type].map(|guid| {
        guid.filter(|_| known.ace_type.is_object())
            .map(|guid| guid.to_string())
            .unwrap_or_default()
    });
    let trustee = alias::write(&known.trustee, names);
    let data = application_data(known, names)?;
    Ok(format!(
        "({ace_type};{flags};{mask};{object_type};{inherited};{trustee}{data})"
    ))
}

fn application_data(known: &KnownAce, names: &SddlDomains) -> Result<String, SddlErrorKind> {
    if known.ace_type.is_conditional() {
        Ok(format!(
            ";{}",
            condition::decompile(&known.application_data, names)?
        ))
    } else if known.ace_type == AceType::SystemResourceAttribute {
        Ok(format!(
            ";{}",
            resource::decompile(&known.application_data, names)?
        ))
    } else if known.application_data.iter().all(|byte| *byte == 0) {
        // Padding.
        Ok(String::new())
    } else {
        Err(SddlErrorKind::NoText(
            "application data in an ACE of this type",
        ))
    }
}
