//! Who can name a dMSA as the successor of an account: the half of a migration that lies with the predecessor.
//!
//! With the update for CVE-2025-53779, the predecessor has to carry msDS-SupersededManagedAccountLink and
//! msDS-SupersededServiceAccountState. Looked at are service accounts and everything in tier 0, each distinct
//! (descriptor, class) once. Deliberately does not count accounts: one is enough.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use coldcase_winsec::{AccessMask, Guid};

use super::super::analysis::Analysis;
use super::Sure;
use crate::graph::{Form, Held, Holder, Part, Reach, Right, RightKind, Tokens};
use crate::load::Schema;
use coldcase_winsec::access::Node;

/// The two attributes with their published schemaIDGUIDs (MS-ADA2), for a schema that does not have them yet.
const ATTRIBUTES: &[(&str, Guid)] = &[
    (
        "msDS-SupersededManagedAccountLink",
        Guid::from_fields(
            0x3752_e002,
            0x43be,
            0x48c8,
            [0xb3, 0xca, 0x2c, 0xb2, 0xff, 0xfb, 0xc8, 0xa1],
        ),
    ),
    (
        "msDS-SupersededServiceAccountState",
        Guid::from_fields(
            0xa469_3096,
            0xa4c3,
            0x4ecd,
            [0xb8, 0xcb, 0x73, 0xcd, 0x63, 0x98, 0xb7, 0xa2],
        ),
    ),
];

/// Whether there is a service account, or an account in tier 0, whose successor somebody can name.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Power {
    pub(super) account: Sure,
    pub(super) tier0: Sure,
}

/// Powers by holder.
#[derive(Default)]
pub(super) struct Victims {
    whole: HashMap<Holder, Power>,
    /// Powers of groups with members who are denied them.
    partly: Vec<(Holder, Arc<Reach>, Power)>,
    /// Some accounts of tier 0 were not seen, or their permissions were not.
    pub(super) unread: bool,
}

impl Victims {
    pub(super) fn new(analysis: &Analysis) -> Self {
        let directory = &analysis.directory;
        let mut victims = Self {
            unread: !directory
                .query("users")
                .is_some_and(|row| row.is_complete()),
            ..Self::default()
        };
        let mut seen = HashSet::new();
        for (place, object) in directory.objects.iter().enumerate() {
            let tier0 = object.kind.is_principal() && analysis.principals.is_tier0(place);
            if !tier0 && !object.is_service_account() {
                continue;
            }
            let key = object.descriptor.map(|id| (id, &*object.classes, tier0));
            if key.is_some_and(|key| !seen.insert(key)) {
                continue;
            }
            let Some(prepared) = object.descriptor.and_then(|id| analysis.prepared(id)) else {
                victims.unread |= tier0;
                continue;
            };
            let rights = rights(&directory.schema, directory.classes.root(&object.classes));
            let blocked = analysis.effective.blocks(object.kind);
            for held in analysis.effective.held_of(&prepared, &rights, blocked) {
                victims.add(&held, tier0);
            }
        }
        victims
    }

    fn add(&mut self, held: &Held, tier0: bool) {
        let sure = if held.unknown {
            Sure::Unknown
        } else {
            Sure::Yes
        };
        let power = if tier0 {
            Power {
                tier0: sure,
                ..Power::default()
            }
        } else {
            Power {
                account: sure,
                ..Power::default()
            }
        };
        match &held.except {
            Some(except) => self.partly.push((held.holder, Arc::clone(except), power)),
            None => self.whole.entry(held.holder).or_default().raise(power),
        }
    }

    /// What `holder` can do by all that stands in its token.
    pub(super) fn of(&self, tokens: &Tokens, holder: Holder) -> Power {
        let token = tokens.token(holder);
        let mut power = Power::default();
        for known in token.iter().filter_map(|holder| self.whole.get(holder)) {
            power.raise(*known);
        }
        for (group, except, known) in &self.partly {
            if token.contains(group) && !except.contains(holder) {
                power.raise(*known);
            }
        }
        power
    }
}

impl Power {
    fn raise(&mut self, other: Self) {
        self.account = self.account.max(other.account);
        self.tier0 = self.tier0.max(other.tier0);
    }
}

/// Writing each of the two attributes; `root` is the GUID of the account's class.
pub(super) fn both_attributes(schema: &Schema, root: Option<Guid>) -> impl Iterator<Item = Part> {
    ATTRIBUTES.iter().map(move |(name, published)| Part {
        bit: AccessMask::WRITE_PROPERTY,
        node: Node::Attribute {
            class: root,
            property_set: schema.property_set(name),
            attribute: schema.guid(name).unwrap_or(*published),
        },
    })
}

/// Writing both, or giving that to oneself; `root` is the GUID of the account's class.
fn rights(schema: &Schema, root: Option<Guid>) -> Vec<Right> {
    let writes = both_attributes(schema, root);
    let object = root.map_or(Node::Object, Node::ObjectOfClass);
    let one = |kind, bit| Right {
        kind,
        form: Form::Any(vec![Part { bit, node: object }]),
    };
    vec![
        Right {
            kind: RightKind::WriteSuccessor,
            form: Form::All(writes.collect()),
        },
        one(RightKind::WriteDacl, AccessMask::WRITE_DACL),
        one(RightKind::WriteOwner, AccessMask::WRITE_OWNER),
    ]
}
