//! An ACE in words: who is allowed or denied what, over which attribute, class or right of this forest.
//!
//! Deliberately does not say what the ACE leads to.

use coldcase_schemas::diff::AceText;
use coldcase_winsec::{
    AccessMask, Ace, AceFlags, Acl, Control, DaclState, KnownAce, SddlDomains, SecurityDescriptor,
};

use super::analysis::Analysis;
use crate::graph::RightKind;
use crate::load::Schema;

/// The bits of a directory object by name (MS-ADTS 5.1.3.2), what matters most first.
const BITS: &[(AccessMask, &str)] = &[
    (AccessMask::WRITE_DACL, "write DACL"),
    (AccessMask::WRITE_OWNER, "write owner"),
    (AccessMask::WRITE_PROPERTY, "write property"),
    (AccessMask::CONTROL_ACCESS, "control access"),
    (AccessMask::SELF_WRITE, "validated write"),
    (AccessMask::CREATE_CHILD, "create child"),
    (AccessMask::DELETE_CHILD, "delete child"),
    (AccessMask::DELETE, "delete"),
    (AccessMask::DELETE_TREE, "delete tree"),
    (AccessMask::READ_PROPERTY, "read property"),
    (AccessMask::READ_CONTROL, "read permissions"),
    (AccessMask::LIST_CHILDREN, "list children"),
    (AccessMask::LIST_OBJECT, "list object"),
];

/// More rights than these are counted.
const NAMED: usize = 4;

impl Analysis {
    /// The ACE at `position` of the DACL of descriptor `id` in SDDL, in parentheses.
    pub(super) fn ace_sddl(&self, id: i64, position: usize) -> Option<String> {
        let descriptor = self.directory.descriptors.get(id)?;
        sddl_of(descriptor.dacl.as_ref()?.aces.get(position)?)
    }

    /// An entry as comparisons tell it.
    pub(crate) fn ace_told(&self, ace: &Ace) -> AceText {
        let sddl = sddl_of(ace).unwrap_or_else(|| format!("type 0x{:02X}", ace.type_byte()));
        let Some(known) = ace.known() else {
            return AceText {
                sddl,
                trustee: String::new(),
                words: "an entry of a type that is not understood".to_owned(),
            };
        };
        let verb = if known.ace_type.allows() {
            "allow"
        } else {
            "deny"
        };
        let trustee = self.name_of(&known.trustee);
        let mut words = format!(
            "{verb} {} to {trustee}",
            words_of(known, &self.directory.schema)
        );
        if known.ace_type.is_conditional() {
            words.push_str(", under a condition");
        }
        words.push_str(&self.reach_of(ace, known));
        AceText {
            sddl,
            trustee,
            words,
        }
    }

    /// Which objects an entry is for, where that is not the object alone.
    fn reach_of(&self, ace: &Ace, known: &KnownAce) -> String {
        let class = known.inherited_object_type;
        let class = class.map(|class| self.directory.schema.name_of(class));
        // In the directory every object is a container.
        let handed_down = ace.flags.contains(AceFlags::CONTAINER_INHERIT);
        match (
            handed_down,
            ace.flags.contains(AceFlags::INHERIT_ONLY),
            class,
        ) {
            (true, true, Some(class)) => format!(", for {class} objects below"),
            (true, true, None) => ", for objects below".to_owned(),
            (true, false, Some(class)) => format!(", for {class} objects, those below too"),
            (true, false, None) => ", objects below too".to_owned(),
            (false, _, _) => String::new(),
        }
    }

    /// Why descriptor `id` grants a right of which no single ACE decides.
    pub(crate) fn without_ace(&self, id: i64, right: RightKind) -> Option<String> {
        let descriptor = self.directory.descriptors.get(id)?;
        Some(match descriptor.dacl_state() {
            DaclState::Present(_) if right != RightKind::Owner => {
                "several ACEs for several groups together".to_owned()
            }
            DaclState::Present(_) => match &descriptor.owner {
                Some(owner) => format!("owner: {}", self.name_of(owner)),
                None => String::new(),
            },
            DaclState::Absent | DaclState::Null => {
                "no DACL, which grants everything to everybody".to_owned()
            }
        })
    }

    /// The ACE that gives a right: of a descriptor in an attribute it counts only whom it lets in, not what it says.
    pub(crate) fn evidence(&self, right: RightKind, id: i64, position: usize) -> Option<String> {
        let attribute = match right {
            RightKind::ReadPassword => "msDS-GroupMSAMembership",
            RightKind::ActFor => "msDS-AllowedToActOnBehalfOfOtherIdentity",
            _ => return self.ace_text(id, position),
        };
        let descriptor = self.directory.descriptors.get(id)?;
        let known = descriptor.dacl.as_ref()?.aces.get(position)?.known()?;
        let condition = if known.ace_type.is_conditional() {
            ", under a condition"
        } else {
            ""
        };
        let trustee = self.name_of(&known.trustee);
        Some(format!(
            "{attribute} lets {trustee} in (ACE {position}{condition})"
        ))
    }

    /// The ACE at `position` of the DACL of descriptor `id`: "allow write property servicePrincipalName to help-desk
    /// (ACE 12, inherited)".
    pub(crate) fn ace_text(&self, id: i64, position: usize) -> Option<String> {
        let descriptor = self.directory.descriptors.get(id)?;
        let ace = descriptor.dacl.as_ref()?.aces.get(position)?;
        self.ace_in_words(ace, &format!("ACE {position}"))
    }

    /// ACEs in SDDL, in parentheses one after the other, in words: "allow write property servicePrincipalName to
    /// help-desk (inherited)". `None` for what is no such text.
    pub(crate) fn sddl_in_words(&self, sddl: &str) -> Option<String> {
        let text = format!("D:{}", sddl.replace(") (", ")("));
        let descriptor = SecurityDescriptor::from_sddl(&text, &SddlDomains::default()).ok()?;
        let aces = descriptor.dacl?.aces;
        let words: Option<Vec<String>> =
            aces.iter().map(|ace| self.ace_in_words(ace, "")).collect();
        words
            .filter(|words| !words.is_empty())
            .map(|words| words.join("; "))
    }

    /// `place` stands in parentheses, with what else there is to know.
    fn ace_in_words(&self, ace: &Ace, place: &str) -> Option<String> {
        let known = ace.known()?;
        let verb = if known.ace_type.allows() {
            "allow"
        } else {
            "deny"
        };
        let condition = if known.ace_type.is_conditional() {
            "under a condition"
        } else {
            ""
        };
        let inherited = if ace.flags.contains(AceFlags::INHERITED) {
            "inherited"
        } else {
            ""
        };
        let over = known
            .object_type
            .map(|guid| format!(" {}", self.directory.schema.name_of(guid)))
            .unwrap_or_default();
        let notes: Vec<&str> = [place, inherited, condition]
            .into_iter()
            .filter(|note| !note.is_empty())
            .collect();
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!(" ({})", notes.join(", ")),
        };
        Some(format!(
            "{verb} {}{over} to {}{notes}",
            rights_of(known),
            self.name_of(&known.trustee),
        ))
    }
}

/// An ACE in SDDL (MS-DTYP 2.5.1.1), in parentheses. SIDs of a domain are written out: the text of an ACE is the same
/// whichever domain is taken for the own one. `None` for what SDDL has no words for.
pub(super) fn sddl_of(ace: &Ace) -> Option<String> {
    let alone = SecurityDescriptor {
        control: Control::SE_DACL_PRESENT,
        dacl: Some(Acl::new(vec![ace.clone()])),
        ..SecurityDescriptor::default()
    };
    let text = alone.to_sddl(&SddlDomains::default()).ok()?;
    text.strip_prefix("D:").map(str::to_owned)
}

/// What an ACE is about, without whom: "write property servicePrincipalName".
pub(super) fn words_of(ace: &KnownAce, schema: &Schema) -> String {
    let over = ace
        .object_type
        .map(|guid| format!(" {}", schema.name_of(guid)))
        .unwrap_or_default();
    format!("{}{over}", rights_of(ace))
}

fn rights_of(ace: &KnownAce) -> String {
    let mask = ace.mask.map_generic_ds();
    if mask.contains(AccessMask::DS_FULL_CONTROL) {
        return "full control".to_owned();
    }
    let names: Vec<&str> = BITS
        .iter()
        .filter(|(bit, _)| mask.contains(*bit))
        .map(|(_, name)| *name)
        .collect();
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!(
            "{} and {more} more",
            names.get(..NAMED).unwrap_or(&names).join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_winsec::{AceType, Sid};

    #[test]
    fn masks_in_words() {
        let ace = |mask| {
            KnownAce::new(
                AceType::AccessAllowed,
                AccessMask(mask),
                Sid::new(1, &[0]).unwrap(),
            )
        };
        assert_eq!(rights_of(&ace(0x1000_0000)), "full control");
        assert_eq!(rights_of(&ace(0x20)), "write property");
        assert_eq!(
            rights_of(&ace(0xF_01BF)),
            "write DACL, write owner, write property, control access and 8 more"
        );
    }
}
