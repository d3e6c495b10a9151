//! What one may do with an object one has just created: by the permissions that it starts with.
//!
//! Owns the descriptor of a new object (class default, creator, inheritance; MS-ADTS 6.1.3, MS-DTYP 2.5.3.4) and the
//! check of each attribute on creation (MS-ADTS 3.1.1.5.2.1.1). Deliberately does not say who may create.

use std::collections::HashMap;

use coldcase_winsec::access::Node;
use coldcase_winsec::{
    AccessMask, Ace, AceBody, AceFlags, Acl, Control, Guid, SddlDomains, SecurityDescriptor, Sid,
};

use super::super::analysis::Analysis;
use super::{CLASS, Sure, UNITS};
use crate::graph::{Holder, Part, Prepared};
use crate::load::DomainFacts;

/// The published defaultSecurityDescriptor of msDS-DelegatedManagedServiceAccount (MS-ADSC 2.135), for a forest whose schema
/// is not in the snapshot or does not have the class yet.
const DEFAULT: &str = "D:(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)(OD;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;WD)\
     (OA;;WP;5f202010-79a5-11d0-9020-00c04fc2d4cf;bf967a86-0de6-11d0-a285-00aa003049e2;CO)\
     (OA;;WP;bf967950-0de6-11d0-a285-00aa003049e2;bf967a86-0de6-11d0-a285-00aa003049e2;CO)\
     (OA;;WP;bf967953-0de6-11d0-a285-00aa003049e2;bf967a86-0de6-11d0-a285-00aa003049e2;CO)\
     (OA;;WP;3e0abfd0-126a-11d0-a060-00aa006c33ed;bf967a86-0de6-11d0-a285-00aa003049e2;CO)\
     (OA;;RP;46a9b11d-60ae-405a-b7e8-ff8a58d456d2;;S-1-5-32-560)(OA;;SW;72e39547-7b18-11d1-adef-00c04fd8d5cd;;CO)\
     (OA;;SW;72e39547-7b18-11d1-adef-00c04fd8d5cd;;PS)(OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;CO)\
     (OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;PS)(OA;;WP;4c164200-20c0-11d0-a768-00aa006e0529;;CO)\
     (OA;;RPWP;77b5b886-944a-11d1-aebd-0000f80367c1;;PS)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;DA)\
     (A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;AO)(A;;LCRPDTLOCRSDRC;;;CO)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)";

/// What makes a dMSA somebody's successor, beside attributes that its creator must set and so may: who gets its keys, and
/// whom it succeeds.
const NEEDED: &[&str] = &[
    "msDS-GroupMSAMembership",
    "msDS-ManagedAccountPrecededByLink",
];

/// The two switches of dSHeuristics that count here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heuristics {
    /// AttributeAuthorizationOnLDAPAdd: who creates needs a right for each attribute.
    pub(super) add: bool,
    /// BlockOwnerImplicitRights: being the owner gives no WRITE_DAC.
    pub(super) owners: bool,
}

impl Heuristics {
    /// Both 28 and 29 enforced.
    pub(super) const ENFORCED: Self = Self {
        add: true,
        owners: true,
    };

    pub(super) fn of(facts: &DomainFacts) -> Self {
        Self {
            add: facts.authorizes_on_add(),
            owners: facts.owners_blocked(),
        }
    }
}

/// Answers for the objects that holders would create.
pub(super) struct Newborn<'a> {
    analysis: &'a Analysis,
    /// The defaultSecurityDescriptor of dMSAs; `None` if it cannot be read.
    default: Option<SecurityDescriptor>,
    /// Those of the units that one may create, where the forest's own are in the snapshot.
    units: HashMap<Guid, SecurityDescriptor>,
}

impl<'a> Newborn<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let names = SddlDomains {
            domain: analysis.directory.domain_sid.clone(),
            forest_root: None,
            machine: None,
        };
        let directory = &analysis.directory;
        let of_class = |class: &str| directory.classes.default_descriptor(class);
        let units = UNITS.iter().filter_map(|unit| {
            let default = SecurityDescriptor::from_sddl(of_class(unit)?, &names).ok()?;
            Some((directory.schema.guid(unit)?, default))
        });
        Self {
            analysis,
            default: SecurityDescriptor::from_sddl(of_class(CLASS).unwrap_or(DEFAULT), &names).ok(),
            units: units.collect(),
        }
    }

    /// Whether `creator` may write the attributes of a dMSA that he creates in a container with the descriptor
    /// `container`: when he adds it, or afterwards, since he may change its permissions.
    pub(super) fn controls(
        &self,
        container: &SecurityDescriptor,
        class: Guid,
        creator: Holder,
        heuristics: Heuristics,
    ) -> Sure {
        if !heuristics.add {
            return Sure::Yes;
        }
        // Without the domain's SID nothing can be said of a default that names its groups.
        let (Some(default), Some(owner)) = (&self.default, self.analysis.sid_of(creator)) else {
            return Sure::Unknown;
        };
        let made = made(Some(default), container, class, owner);
        let ask = self.asker(&made, creator, heuristics.owners);
        let schema = &self.analysis.directory.schema;
        let writes = NEEDED.iter().map(|name| {
            schema.guid(name).map_or(Sure::Unknown, |attribute| {
                let node = Node::Attribute {
                    class: Some(class),
                    property_set: schema.property_set(name),
                    attribute,
                };
                ask(AccessMask::WRITE_PROPERTY, node)
            })
        });
        let all = writes.min().unwrap_or_default();
        all.max(ask(AccessMask::WRITE_DACL, Node::ObjectOfClass(class)))
    }

    /// Whether a unit of `class` that `creator` creates in the container is his to change, by its class, by what it
    /// inherits, or as its owner.
    pub(super) fn is_ones_own(
        &self,
        container: &SecurityDescriptor,
        class: Guid,
        creator: Holder,
    ) -> bool {
        let Some(owner) = self.analysis.sid_of(creator) else {
            return false;
        };
        let made = made(self.units.get(&class), container, class, owner);
        let ask = self.asker(&made, creator, false);
        ask(AccessMask::WRITE_DACL, Node::ObjectOfClass(class)) == Sure::Yes
    }

    /// A dMSA that `owner` creates in the container, and how many of its entries are those of the class. `None` if the
    /// class's default cannot be read.
    pub(super) fn made_by(
        &self,
        container: &SecurityDescriptor,
        class: Guid,
        owner: &Sid,
    ) -> Option<(SecurityDescriptor, usize)> {
        let default = self.default.as_ref()?;
        let own = default.dacl.as_ref().map_or(0, |acl| acl.aces.len());
        Some((made(Some(default), container, class, owner), own))
    }

    /// Positions in the container's DACL of what an object of `class` inherits, in order.
    pub(super) fn handed_down(&self, container: &SecurityDescriptor, class: Guid) -> Vec<usize> {
        let aces = container.dacl.iter().flat_map(|acl| &acl.aces);
        aces.enumerate()
            .filter(|(_, ace)| reaches(ace, class))
            .map(|(position, _)| position)
            .collect()
    }

    fn asker(
        &self,
        made: &SecurityDescriptor,
        creator: Holder,
        blocked: bool,
    ) -> impl Fn(AccessMask, Node) -> Sure {
        let effective = &self.analysis.effective;
        let prepared = Prepared::new(made, &effective.tokens, &self.analysis.directory);
        let token = effective.tokens.token(creator);
        move |bit, node| {
            effective
                .decide(&prepared, &token, None, &Part { bit, node }, blocked)
                .into()
        }
    }
}

/// The descriptor of an object of `class` that `owner` creates in a container: the class's default, then what the
/// container hands down, CREATOR OWNER replaced in both.
fn made(
    default: Option<&SecurityDescriptor>,
    container: &SecurityDescriptor,
    class: Guid,
    owner: &Sid,
) -> SecurityDescriptor {
    let own = default
        .and_then(|default| default.dacl.as_ref())
        .into_iter()
        .flat_map(|acl| &acl.aces);
    let own = own.map(|ace| with_owner(ace, AceFlags::NONE, owner));
    let handed_down = container
        .dacl
        .iter()
        .flat_map(|acl| &acl.aces)
        .filter(|ace| reaches(ace, class));
    let handed_down = handed_down.map(|ace| with_owner(ace, AceFlags::INHERITED, owner));
    SecurityDescriptor {
        control: Control::SE_DACL_PRESENT,
        owner: Some(owner.clone()),
        dacl: Some(Acl::new(own.chain(handed_down).collect())),
        ..SecurityDescriptor::default()
    }
}

/// Whether a child of `class` inherits the ACE as one that counts: the class of a new dMSA or unit is structural, and it
/// has no dynamic auxiliary classes (MS-ADTS 6.1.3).
fn reaches(ace: &Ace, class: Guid) -> bool {
    let known = ace.known().filter(|known| known.ace_type.is_object());
    let inherits = known.and_then(|known| known.inherited_object_type);
    ace.flags.contains(AceFlags::CONTAINER_INHERIT)
        && inherits.is_none_or(|inherits| inherits == class)
}

fn with_owner(ace: &Ace, flags: AceFlags, owner: &Sid) -> Ace {
    let mut made = Ace {
        flags,
        body: ace.body.clone(),
    };
    if let AceBody::Known(known) = &mut made.body
        && (known.trustee.authority(), known.trustee.sub_authorities()) == (3, &[0])
    {
        known.trustee = owner.clone();
    }
    made
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const DMSA: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
    const UNIT: &str = "bf967aa5-0de6-11d0-a285-00aa003049e2";

    fn names() -> SddlDomains {
        SddlDomains {
            domain: "S-1-5-21-1-2-3".parse().ok(),
            ..SddlDomains::default()
        }
    }

    fn descriptor(sddl: &str) -> SecurityDescriptor {
        SecurityDescriptor::from_sddl(sddl, &names()).unwrap()
    }

    #[test]
    fn the_published_default_can_be_read() {
        let default = descriptor(DEFAULT);
        assert_eq!(default.dacl.unwrap().aces.len(), 17);
    }

    #[test]
    fn a_child_inherits_what_is_for_its_class() {
        let owner: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
        // The published mitigation, an ACE for children of every class, one for the creator, one that stays.
        let container = descriptor(&format!(
            "D:(OD;;CC;{DMSA};;AU)(OA;CI;LC;;{DMSA};S-1-3-4)\
             (OD;CIIO;WP;a0945b2b-57a2-43bd-b327-4d112a4e8bd1;{DMSA};AU)(A;CI;CC;;;AU)(A;CIIO;WP;;;CO)(A;;WD;;;AU)"
        ));
        let of = |default: Option<&SecurityDescriptor>, class: &str| {
            let made = made(default, &container, class.parse().unwrap(), &owner);
            let names = SddlDomains::default();
            SecurityDescriptor {
                owner: None,
                ..made
            }
            .to_sddl(&names)
            .unwrap()
        };
        assert_eq!(
            of(None, DMSA),
            format!(
                "D:(OA;ID;LC;;{DMSA};OW)(OD;ID;WP;a0945b2b-57a2-43bd-b327-4d112a4e8bd1;{DMSA};AU)(A;ID;CC;;;AU)(A;ID;WP;;;{owner})"
            )
        );
        assert_eq!(
            of(None, UNIT),
            format!("D:(A;ID;CC;;;AU)(A;ID;WP;;;{owner})")
        );
        let default = descriptor("D:(A;;WP;;;CO)(A;;GA;;;SY)");
        assert_eq!(
            of(Some(&default), UNIT),
            format!("D:(A;;WP;;;{owner})(A;;GA;;;SY)(A;ID;CC;;;AU)(A;ID;WP;;;{owner})")
        );
    }

    #[test]
    fn heuristics_are_counted_from_one() {
        let of = |text: &str| {
            Heuristics::of(&DomainFacts {
                ds_heuristics: Some(text.to_owned()),
                ..DomainFacts::default()
            })
        };
        let nothing = Heuristics {
            add: false,
            owners: false,
        };
        assert_eq!(of(""), nothing);
        assert_eq!(of("00000000010000000002000000000"), nothing);
        assert_eq!(
            of("0000000001000000000200000001"),
            Heuristics {
                add: true,
                ..nothing
            }
        );
        assert_eq!(
            of("00000000010000000002000000001"),
            Heuristics {
                owners: true,
                ..nothing
            }
        );
        assert_eq!(of("00000000010000000002000000011"), Heuristics::ENFORCED);
    }
}
