//! What one token may do to one object: the three things that a domain controller says of it in sDRightsEffective,
//! allowedAttributesEffective and allowedChildClassesEffective, and the rights by name with the ACE that decides each.
//!
//! Deliberately decides one question after the other for the one token; who else may, [`super::effective`] finds.

use std::collections::HashMap;
use std::sync::Arc;

use coldcase_winsec::AccessMask;
use coldcase_winsec::access::{Decision, Node, Outcome};

use super::Effective;
use super::effective::Prepared;
use super::right::{Form, Part, RightKind, bits, whole_object};
use super::token::{Holder, Token};
use crate::load::{Directory, Kind, Object};

/// Bits of sDRightsEffective (MS-ADTS 3.1.1.4.5.4).
const OWNER_AND_GROUP: u32 = 1 | 2;
const DACL: u32 = 4;
const SACL: u32 = 8;

/// Names, the certain and the merely possible ones apart: a condition in an ACE decides on the latter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) certain: Vec<String>,
    pub(crate) unknown: Vec<String>,
}

/// A right by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedRight {
    pub(crate) kind: RightKind,
    /// What decided in the requester's favour.
    pub(crate) decision: Decision,
    pub(crate) unknown: bool,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) sd_rights: u32,
    /// Bits that hang on a condition.
    pub(crate) unknown_sd_rights: u32,
    /// `None` where the snapshot does not say which attributes the object's classes have.
    pub(crate) write_attributes: Option<Granted>,
    pub(crate) create_classes: Granted,
    pub(crate) rights: Vec<NamedRight>,
    /// Who reads the managed password cannot be told.
    pub(crate) readers_malformed: bool,
}

/// What an answer depends on: descriptor, classes, whether the object itself is in the token, whether it is in the
/// domain, and the descriptor of the readers of its password.
type Key = (i64, Arc<str>, bool, bool, Option<i64>);

/// Asks for one token, and remembers: objects that share a descriptor and a class get the same answer.
pub(crate) struct Answers<'a> {
    effective: &'a Effective,
    directory: &'a Directory,
    token: Token,
    /// SeTakeOwnershipPrivilege and SeSecurityPrivilege.
    privileged: bool,
    /// In Domain or Enterprise Admins, whose implicit owner rights are never blocked (MS-ADTS 6.1.3.4).
    exempt: bool,
    known: HashMap<Key, Option<Arc<Answer>>>,
}

impl<'a> Answers<'a> {
    /// For the token of `holder`. `administrators` is the holder that has the privileges of an administrator on domain
    /// controllers (the default of SeTakeOwnershipPrivilege and SeSecurityPrivilege there).
    pub(crate) fn new(
        effective: &'a Effective,
        directory: &'a Directory,
        holder: Holder,
        administrators: Option<Holder>,
    ) -> Self {
        let token = effective.tokens.token(holder);
        Self {
            privileged: administrators.is_some_and(|group| token.contains(&group)),
            exempt: effective.exempt.iter().any(|group| token.contains(group)),
            effective,
            directory,
            token,
            known: HashMap::new(),
        }
    }

    /// Whether it has the privileges of an administrator on domain controllers.
    pub(crate) fn is_privileged(&self) -> bool {
        self.privileged
    }

    /// The holders in the token.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// What the token may do to the object at `place`; `None` if its descriptor is not there or does not decode.
    pub(crate) fn of(&mut self, place: usize, object: &Object) -> Option<Arc<Answer>> {
        let id = object.descriptor?;
        let descriptors = &self.directory.descriptors;
        let own = Holder::try_from(place)
            .ok()
            .filter(|own| object.sid.is_some() && self.token.contains(own));
        let key = (
            id,
            Arc::clone(&object.classes),
            own.is_some(),
            self.directory.is_in_domain(object),
            object.readers,
        );
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let descriptor = descriptors.get(id).filter(|_| !descriptors.is_broken(id));
        let answer = descriptor.map(|descriptor| {
            let prepared = Prepared::new(descriptor, &self.effective.tokens, self.directory);
            Arc::new(self.ask(&prepared, own, object))
        });
        self.known.insert(key, answer.clone());
        answer
    }

    fn ask(&self, prepared: &Prepared, own: Option<Holder>, object: &Object) -> Answer {
        let blocked = self.effective.blocks(object.kind) && !self.exempt;
        let decide = |part: &Part| {
            self.effective
                .decide(prepared, &self.token, own, part, blocked)
        };
        let classes = &self.directory.classes;
        let root = classes.root(&object.classes);
        let node = whole_object(root);
        let bit = |bit| decide(&Part { bit, node });

        let (mut sd_rights, mut unknown_sd_rights) = (0, 0);
        let mut add = |outcome: Outcome, bits| {
            if outcome.least.is_granted() {
                sd_rights |= bits;
            } else if outcome.most.is_granted() {
                unknown_sd_rights |= bits;
            }
        };
        add(bit(AccessMask::WRITE_OWNER), OWNER_AND_GROUP);
        add(bit(AccessMask::WRITE_DACL), DACL);
        if self.privileged {
            sd_rights |= OWNER_AND_GROUP | SACL;
            unknown_sd_rights &= !sd_rights;
        }

        let write_attributes = classes.knows(&object.classes).then(|| {
            let writable = classes.writable(&object.classes);
            split(writable.iter().map(|attribute| {
                let node = Node::Attribute {
                    class: root,
                    property_set: attribute.property_set,
                    attribute: attribute.guid,
                };
                let outcome = decide(&Part {
                    bit: AccessMask::WRITE_PROPERTY,
                    node,
                });
                (attribute.name.as_str(), outcome)
            }))
        });
        // Principals live in the domain only (MS-ADTS 3.1.1.4.5.5).
        let elsewhere = !self.directory.is_in_domain(object);
        let children = classes.children(&object.classes);
        let children = children
            .iter()
            .filter(|child| !elsewhere || !child.principal);
        let create_classes = split(children.map(|child| {
            let node = Node::ChildClass(child.guid);
            (
                child.name.as_str(),
                decide(&Part {
                    bit: AccessMask::CREATE_CHILD,
                    node,
                }),
            )
        }));
        let named = self.effective.rights.of(object.kind, root);
        let rights = named.into_iter().filter_map(|right| {
            let outcomes: Vec<Outcome> = match &right.form {
                Form::Whole(mask, _) => bits(*mask).map(bit).collect(),
                Form::All(parts) if parts.len() < 2 => return None,
                Form::All(parts) => parts.iter().map(decide).collect(),
                Form::Any(parts) => {
                    let best = parts.iter().map(decide).max_by_key(|outcome| {
                        (outcome.least.is_granted(), outcome.most.is_granted())
                    });
                    vec![best?]
                }
            };
            Some(NamedRight {
                kind: right.kind,
                decision: outcomes
                    .iter()
                    .map(|outcome| outcome.most)
                    .max_by_key(|most| (!most.is_granted(), most.ace()))?,
                unknown: outcomes.iter().any(|outcome| !outcome.least.is_granted()),
            })
        });
        let mut rights: Vec<NamedRight> =
            rights.filter(|right| right.decision.is_granted()).collect();
        rights.extend(self.owns(prepared, blocked));
        rights.extend(self.reads(object));
        let descriptors = &self.directory.descriptors;
        Answer {
            readers_malformed: matches!(object.kind, Kind::Gmsa | Kind::Dmsa)
                && object.readers.is_some_and(|id| descriptors.is_broken(id)),
            sd_rights,
            unknown_sd_rights,
            write_attributes,
            create_classes,
            rights,
        }
    }

    fn owns(&self, prepared: &Prepared, blocked: bool) -> Option<NamedRight> {
        let part = Part {
            bit: AccessMask::WRITE_DACL,
            node: Node::Object,
        };
        let outcome = self
            .effective
            .decide(prepared, &self.token, None, &part, blocked);
        let owner = Decision::Granted(coldcase_winsec::access::Decider::Owner);
        (outcome.most == owner).then_some(NamedRight {
            kind: RightKind::Owner,
            decision: owner,
            unknown: false,
        })
    }

    /// The managed password, by the descriptor in msDS-GroupMSAMembership.
    fn reads(&self, object: &Object) -> Option<NamedRight> {
        let id = object
            .readers
            .filter(|_| matches!(object.kind, Kind::Gmsa | Kind::Dmsa))?;
        let descriptors = &self.directory.descriptors;
        let descriptor = descriptors.get(id).filter(|_| !descriptors.is_broken(id))?;
        let prepared = Prepared::new(descriptor, &self.effective.tokens, self.directory);
        let part = Part {
            bit: AccessMask::READ_PROPERTY,
            node: Node::Object,
        };
        let outcome = self
            .effective
            .decide(&prepared, &self.token, None, &part, true);
        outcome.most.is_granted().then_some(NamedRight {
            kind: RightKind::ReadPassword,
            decision: outcome.most,
            unknown: outcome.is_unknown(),
        })
    }
}

fn split<'a>(outcomes: impl Iterator<Item = (&'a str, Outcome)>) -> Granted {
    let mut granted = Granted::default();
    for (name, outcome) in outcomes {
        if outcome.least.is_granted() {
            granted.certain.push(name.to_owned());
        } else if outcome.most.is_granted() {
            granted.unknown.push(name.to_owned());
        }
    }
    granted.certain.sort();
    granted.unknown.sort();
    granted
}
