//! What there is to ask of one account on one side: which rights, by which descriptors.
//!
//! Owns what is not readable. Deliberately asks nothing itself.

use coldcase_winsec::{AccessMask, Guid, SecurityDescriptor};

use crate::compare::side::{Both, When};
use crate::compare::sight::{Elsewhere, Sight};
use crate::frames::{Analysis, bits_for};
use crate::graph::{Form, Holder, Part, RightKind};
use crate::load::{Kind, Object};

/// An attribute that says who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Attribute {
    Permissions,
    Readers,
    Acting,
}

impl Attribute {
    pub(super) const ALL: [Self; 3] = [Self::Permissions, Self::Readers, Self::Acting];

    /// lDAPDisplayName.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Permissions => "nTSecurityDescriptor",
            Self::Readers => "msDS-GroupMSAMembership",
            Self::Acting => "msDS-AllowedToActOnBehalfOfOtherIdentity",
        }
    }

    /// The id of the descriptor that an object shows.
    pub(super) fn id(self, object: &Object) -> Option<i64> {
        match self {
            Self::Permissions => object.descriptor,
            Self::Readers => object
                .readers
                .filter(|_| matches!(object.kind, Kind::Gmsa | Kind::Dmsa)),
            Self::Acting => object.allowed_to_act,
        }
    }
}

/// A descriptor as a side shows it.
#[derive(Debug, Clone)]
pub(super) enum Shown<'a> {
    /// There is none, which lets nobody in.
    Unset,
    Whole(&'a SecurityDescriptor),
    /// Why it cannot be told.
    Hidden(String),
}

/// A right with what it takes on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) right: RightKind,
    pub(super) attribute: Attribute,
    /// `None` for being the owner.
    pub(super) form: Option<Form>,
    /// Being the owner gives no right to change the DACL, but to whom that does not concern.
    pub(super) blocked: bool,
}

/// An account on one side.
#[derive(Debug)]
pub(super) struct Account<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) object: &'a Object,
    /// Whom PRINCIPAL SELF means.
    pub(super) own: Option<Holder>,
    /// It means somebody else as well: an account with its SID as a SID of the past.
    pub(super) selves: bool,
    root: Option<Guid>,
    shown: [Shown<'a>; 3],
}

impl<'a> Account<'a> {
    /// `other` is the account on the other side, if it is there.
    pub(super) fn of(
        analysis: &'a Analysis,
        when: When,
        object: &'a Object,
        other: Option<(&Analysis, &Object)>,
    ) -> Self {
        let tokens = &analysis.effective.tokens;
        let own = object
            .sid
            .as_ref()
            .and_then(|sid| tokens.of(&analysis.directory, sid));
        let shown = Attribute::ALL.map(|attribute| shown(analysis, when, object, attribute, other));
        Self {
            analysis,
            object,
            selves: own.is_some_and(|own| !tokens.members(own).is_empty()),
            own,
            root: analysis.directory.classes.root(&object.classes),
            shown,
        }
    }

    pub(super) fn shown(&self, attribute: Attribute) -> &Shown<'a> {
        let [permissions, readers, acting] = &self.shown;
        match attribute {
            Attribute::Permissions => permissions,
            Attribute::Readers => readers,
            Attribute::Acting => acting,
        }
    }

    /// Every right there is over it.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let effective = &self.analysis.effective;
        let blocked = effective.blocks(self.object.kind);
        let rights = effective.rights.of(self.object.kind, self.root);
        let mut asked: Vec<Asked> = rights
            .into_iter()
            .map(|right| Asked {
                right: right.kind,
                attribute: Attribute::Permissions,
                form: Some(right.form),
                blocked,
            })
            .collect();
        asked.push(Asked {
            right: RightKind::Owner,
            attribute: Attribute::Permissions,
            form: None,
            blocked,
        });
        let bare = |right, attribute| Asked {
            right,
            attribute,
            form: Some(Form::Any(
                bits_for(right)
                    .iter()
                    .map(|bit| Part::whole(*bit))
                    .collect(),
            )),
            blocked: true,
        };
        if matches!(self.object.kind, Kind::Gmsa | Kind::Dmsa) {
            asked.push(bare(RightKind::ReadPassword, Attribute::Readers));
        }
        asked.push(bare(RightKind::ActFor, Attribute::Acting));
        asked
    }
}

impl Asked {
    /// The parts of it; of being the owner the right that this brings.
    pub(super) fn parts(&self) -> Vec<Part> {
        match &self.form {
            None => vec![Part::whole(AccessMask::WRITE_DACL)],
            Some(Form::Whole(mask, node)) => crate::graph::bits(*mask)
                .map(|bit| Part { bit, node: *node })
                .collect(),
            Some(Form::Any(parts) | Form::All(parts)) => parts.clone(),
        }
    }

    /// True if one of its parts is enough.
    pub(super) fn is_any(&self) -> bool {
        matches!(self.form, Some(Form::Any(_)))
    }
}

fn shown<'a>(
    analysis: &'a Analysis,
    when: When,
    object: &'a Object,
    attribute: Attribute,
    other: Option<(&Analysis, &Object)>,
) -> Shown<'a> {
    let descriptors = &analysis.directory.descriptors;
    let side = when.snapshot();
    let Some(id) = attribute.id(object) else {
        if attribute == Attribute::Permissions {
            return Shown::Hidden(format!("{side} does not show its permissions"));
        }
        // A list that neither side shows lets nobody in on both.
        let Some((there, seen)) = other.filter(|(_, seen)| attribute.id(seen).is_some()) else {
            return Shown::Unset;
        };
        let reader = |analysis: &Analysis| analysis.directory.manifest.collected_as.to_lowercase();
        let permissions = (
            object.descriptor.and_then(|id| descriptors.get(id)),
            seen.descriptor
                .and_then(|id| there.directory.descriptors.get(id)),
        );
        let same = reader(analysis) == reader(there) && permissions.0 == permissions.1;
        let query = query_of(analysis, object);
        let hidden = Sight::of(analysis).may_hide_value(object, query, attribute.name(), same);
        return match hidden {
            Some(why) => Shown::Hidden(format!("of {side}, {why}")),
            None => Shown::Unset,
        };
    };
    match (descriptors.get(id), descriptors.defect(id)) {
        (Some(descriptor), None) => Shown::Whole(descriptor),
        (_, defect) => Shown::Hidden(format!(
            "in {side}, {} is malformed: {}",
            attribute.name(),
            defect.unwrap_or("it is missing")
        )),
    }
}

/// The query that brings an object.
pub(crate) fn query_of(analysis: &Analysis, object: &Object) -> &'static str {
    match object.kind {
        Kind::User if !object.spns.is_empty() && analysis.directory.query("users").is_none() => {
            "service-users"
        }
        Kind::User => "users",
        Kind::Computer => "computers",
        Kind::Group => "groups",
        Kind::ForeignPrincipal => "foreign-principals",
        _ => "service-accounts",
    }
}

/// Why an object that one side has may have been on the other unseen; `None` if it was not there. `when` is the side that
/// has it.
pub(in crate::compare) fn unseen(
    sides: &Both<&Analysis>,
    when: When,
    object: &Object,
) -> Option<String> {
    let other = *sides.get(when.other());
    let one = Elsewhere {
        query: query_of(other, object),
        kind: Some(object.kind),
        dn: &object.dn,
        created: object.created,
    };
    let why = Sight::of(other).may_have_missed(Sight::of(sides.get(when)), &one)?;
    Some(format!("of {}, {why}", when.other().snapshot()))
}
