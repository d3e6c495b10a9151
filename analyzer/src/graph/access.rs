//! The walk over a DACL: which of the rights that matter a token holds, denies and order honoured.
//!
//! Owns the list of rights and the first-match rule of MS-ADTS 5.1.3.3 for one right at a time.
//! Conditional ACEs cannot be decided offline: an allow counts, a deny does not, so nothing is called clean by them.
//! Deliberately does not expand a trustee's members.

use std::collections::HashSet;

use coldcase_winsec::{AccessMask, AceFlags, Acl, Guid, KnownAce, Sid};

use crate::load::{Kind, Schema, well_known_guid};

/// All rights of a directory object but none of the generic bits (MS-ADTS 5.1.3.2).
const FULL_CONTROL: u32 = 0x000F_01FF;

/// A right by the name that frames use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RightKind {
    Owner,
    FullControl,
    WriteAll,
    WriteDacl,
    WriteOwner,
    ResetPassword,
    WriteSpn,
    WriteKeyCredential,
    WriteDelegation,
    WriteReaders,
    WritePredecessor,
    WriteMember,
    CreateAny,
    CreateDmsa,
    ReplicateAll,
    ReadSecret,
}

impl RightKind {
    /// As frames spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::FullControl => "full-control",
            Self::WriteAll => "write-all",
            Self::WriteDacl => "write-dacl",
            Self::WriteOwner => "write-owner",
            Self::ResetPassword => "reset-password",
            Self::WriteSpn => "write-spn",
            Self::WriteKeyCredential => "write-key-credential",
            Self::WriteDelegation => "write-delegation",
            Self::WriteReaders => "write-readers",
            Self::WritePredecessor => "write-predecessor",
            Self::WriteMember => "write-member",
            Self::CreateAny => "create-any",
            Self::CreateDmsa => "create-dmsa",
            Self::ReplicateAll => "replicate-all",
            Self::ReadSecret => "read-secret",
        }
    }

    /// A right that holds anyway once `stronger` does, and is then not told again.
    fn follows_from(self, stronger: Self) -> bool {
        match stronger {
            Self::FullControl => !matches!(
                self,
                Self::FullControl
                    | Self::Owner
                    | Self::CreateAny
                    | Self::ReplicateAll
                    | Self::ReadSecret
            ),
            Self::WriteAll => matches!(
                self,
                Self::WriteSpn
                    | Self::WriteKeyCredential
                    | Self::WriteDelegation
                    | Self::WriteReaders
                    | Self::WritePredecessor
                    | Self::WriteMember
            ),
            Self::CreateAny => self == Self::CreateDmsa,
            _ => false,
        }
    }
}

/// A right as the bits and GUIDs that must all be granted.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    kind: RightKind,
    parts: Vec<Part>,
}

/// One bit (or several, each for itself) over one object type.
#[derive(Debug, Clone)]
struct Part {
    mask: u32,
    /// Attribute, class or extended right; `None` asks for the bit over everything.
    object_type: Option<Guid>,
    property_set: Option<Guid>,
}

/// A right that a token holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) right: RightKind,
    pub(crate) inherited: bool,
    /// The trustee of the ACE that decided last; `None` where no ACE did.
    pub(crate) by: Option<Sid>,
}

/// The rights to look for, by kind of object, with the GUIDs of this forest.
#[derive(Debug)]
pub(crate) struct Rights {
    general: Vec<Right>,
    account: Vec<Right>,
    readers: Vec<Right>,
    predecessor: Vec<Right>,
    group: Vec<Right>,
    container: Vec<Right>,
    domain: Vec<Right>,
    kds_key: Vec<Right>,
    /// Rights of several parts, which may come to somebody through several trustees.
    split: Vec<RightKind>,
}

impl Rights {
    pub(crate) fn new(schema: &Schema) -> Self {
        let whole = |kind, mask| Right {
            kind,
            parts: vec![Part {
                mask,
                object_type: None,
                property_set: None,
            }],
        };
        let attribute = |mask: AccessMask, name: &str| Part {
            mask: mask.0,
            object_type: schema.guid(name),
            property_set: schema.property_set(name),
        };
        let extended = |name: &str| Part {
            mask: AccessMask::CONTROL_ACCESS.0,
            object_type: well_known_guid(name),
            property_set: None,
        };
        let write = |kind, name| Right {
            kind,
            parts: vec![attribute(AccessMask::WRITE_PROPERTY, name)],
        };
        let one = |kind, part| Right {
            kind,
            parts: vec![part],
        };
        Self {
            general: vec![
                whole(RightKind::FullControl, FULL_CONTROL),
                whole(RightKind::WriteAll, AccessMask::WRITE_PROPERTY.0),
                whole(RightKind::WriteDacl, AccessMask::WRITE_DACL.0),
                whole(RightKind::WriteOwner, AccessMask::WRITE_OWNER.0),
            ],
            account: vec![
                one(
                    RightKind::ResetPassword,
                    extended("User-Force-Change-Password"),
                ),
                write(RightKind::WriteSpn, "servicePrincipalName"),
                write(RightKind::WriteKeyCredential, "msDS-KeyCredentialLink"),
                write(
                    RightKind::WriteDelegation,
                    "msDS-AllowedToActOnBehalfOfOtherIdentity",
                ),
            ],
            readers: vec![write(RightKind::WriteReaders, "msDS-GroupMSAMembership")],
            predecessor: vec![write(
                RightKind::WritePredecessor,
                "msDS-ManagedAccountPrecededByLink",
            )],
            // Writing the attribute, or the validated write Self-Membership of the same GUID.
            group: vec![
                write(RightKind::WriteMember, "member"),
                one(
                    RightKind::WriteMember,
                    attribute(AccessMask::SELF_WRITE, "member"),
                ),
            ],
            container: vec![
                whole(RightKind::CreateAny, AccessMask::CREATE_CHILD.0),
                one(
                    RightKind::CreateDmsa,
                    attribute(
                        AccessMask::CREATE_CHILD,
                        "msDS-DelegatedManagedServiceAccount",
                    ),
                ),
            ],
            domain: vec![Right {
                kind: RightKind::ReplicateAll,
                parts: vec![
                    extended("DS-Replication-Get-Changes"),
                    extended("DS-Replication-Get-Changes-All"),
                ],
            }],
            split: vec![RightKind::ReplicateAll, RightKind::ReadSecret],
            kds_key: vec![Right {
                kind: RightKind::ReadSecret,
                parts: vec![
                    attribute(AccessMask::READ_PROPERTY, "msKds-RootKeyData"),
                    // Confidential attributes need CONTROL_ACCESS too (MS-ADTS 3.1.1.4.4).
                    attribute(AccessMask::CONTROL_ACCESS, "msKds-RootKeyData"),
                ],
            }],
        }
    }

    /// The rights that `token` holds on an object of `kind` with this DACL; what follows from a stronger right is left out.
    pub(crate) fn held(&self, kind: Kind, dacl: &Acl, token: &HashSet<Sid>) -> Vec<Grant> {
        let mut grants: Vec<Grant> = Vec::new();
        for right in self.of(kind) {
            if grants
                .iter()
                .any(|grant| right.kind.follows_from(grant.right))
            {
                continue;
            }
            let told = grants.iter().any(|grant| grant.right == right.kind);
            if let Some(decided) = right.granted(dacl, token).filter(|_| !told) {
                grants.push(Grant {
                    right: right.kind,
                    inherited: decided.inherited,
                    by: Some(decided.trustee.clone()),
                });
            }
        }
        grants
    }

    /// True if the token holds a part, but not all, of a right of several parts.
    pub(crate) fn holds_a_part(&self, kind: Kind, dacl: &Acl, token: &HashSet<Sid>) -> bool {
        self.of(kind)
            .filter(|right| self.split.contains(&right.kind))
            .any(|right| {
                let held = right.parts.iter().filter(|part| {
                    (0..u32::BITS)
                        .map(|bit| part.mask & (1 << bit))
                        .filter(|bit| *bit != 0)
                        .all(|bit| first_match(dacl, token, bit, part).is_some())
                });
                let held = held.count();
                held > 0 && held < right.parts.len()
            })
    }

    /// The rights that everybody holds on an object without a DACL (MS-DTYP 2.5.3: a NULL DACL grants everything).
    pub(crate) fn without_dacl(&self, kind: Kind) -> Vec<Grant> {
        self.of(kind)
            .map(|right| Grant {
                right: right.kind,
                inherited: false,
                by: None,
            })
            .filter(|grant| {
                !grant.right.follows_from(RightKind::FullControl)
                    && !grant.right.follows_from(RightKind::CreateAny)
            })
            .collect()
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Right> {
        let lists: Vec<&Vec<Right>> = match kind {
            Kind::Gmsa => vec![&self.general, &self.account, &self.readers],
            Kind::Dmsa => vec![
                &self.general,
                &self.account,
                &self.readers,
                &self.predecessor,
            ],
            Kind::Smsa | Kind::User | Kind::Computer => vec![&self.general, &self.account],
            Kind::Group => vec![&self.general, &self.group],
            Kind::OrganizationalUnit | Kind::Container => vec![&self.general, &self.container],
            Kind::Domain => vec![&self.general, &self.container, &self.domain],
            Kind::KdsRootKey => vec![&self.general, &self.kds_key],
            _ => vec![&self.general],
        };
        lists.into_iter().flatten()
    }
}

impl Right {
    /// The ACE that decided last, if every part is granted.
    fn granted<'a>(&self, dacl: &'a Acl, token: &HashSet<Sid>) -> Option<Decided<'a>> {
        let mut decided = None;
        for part in &self.parts {
            for bit in 0..u32::BITS {
                let bit = part.mask & (1 << bit);
                if bit != 0 {
                    decided = Some(first_match(dacl, token, bit, part)?);
                }
            }
        }
        decided
    }
}

/// An allow ACE that decided.
#[derive(Debug, Clone, Copy)]
struct Decided<'a> {
    trustee: &'a Sid,
    inherited: bool,
}

/// The first ACE that applies to the token, the bit and the type decides; `None` for a deny or none at all.
fn first_match<'a>(
    dacl: &'a Acl,
    token: &HashSet<Sid>,
    bit: u32,
    part: &Part,
) -> Option<Decided<'a>> {
    for ace in &dacl.aces {
        if ace.flags.contains(AceFlags::INHERIT_ONLY) {
            continue;
        }
        let Some(known) = ace.known() else { continue };
        let decides = token.contains(&known.trustee)
            && known.mask.map_generic_ds().0 & bit != 0
            && covers(known, part);
        if !decides {
            continue;
        }
        if known.ace_type.denies() && !known.ace_type.is_conditional() {
            return None;
        }
        if known.ace_type.allows() {
            return Some(Decided {
                trustee: &known.trustee,
                inherited: ace.flags.contains(AceFlags::INHERITED),
            });
        }
    }
    None
}

/// An ACE without an object type covers everything; one with a type covers that type or property set.
fn covers(ace: &KnownAce, part: &Part) -> bool {
    match ace.object_type {
        None => true,
        Some(guid) => part.object_type == Some(guid) || part.property_set == Some(guid),
    }
}

/// True if the token may read property bits of a bare descriptor such as msDS-GroupMSAMembership.
pub(crate) fn may_read(dacl: &Acl, token: &HashSet<Sid>) -> bool {
    let part = Part {
        mask: AccessMask::READ_PROPERTY.0,
        object_type: None,
        property_set: None,
    };
    first_match(dacl, token, part.mask, &part).is_some()
}

/// True if the token may act for others by a bare descriptor such as msDS-AllowedToActOnBehalfOfOtherIdentity. Writers
/// of the attribute put in various masks, so reading or control access, either is taken as meant.
pub(crate) fn may_act(dacl: &Acl, token: &HashSet<Sid>) -> bool {
    let control = Part {
        mask: AccessMask::CONTROL_ACCESS.0,
        object_type: None,
        property_set: None,
    };
    may_read(dacl, token) || first_match(dacl, token, control.mask, &control).is_some()
}

/// Trustees of effective allow ACEs, each once, in order.
pub(crate) fn allowed_trustees(dacl: &Acl) -> Vec<&Sid> {
    let mut seen = HashSet::new();
    dacl.aces
        .iter()
        .filter(|ace| !ace.flags.contains(AceFlags::INHERIT_ONLY))
        .filter_map(|ace| ace.known())
        .filter(|known| known.ace_type.allows())
        .map(|known| &known.trustee)
        .filter(|trustee| seen.insert(*trustee))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use coldcase_winsec::{SddlDomains, SecurityDescriptor};
    use std::str::FromStr;

    fn held(kind: Kind, sddl: &str, sids: &[&str]) -> Vec<&'static str> {
        let descriptor = SecurityDescriptor::from_sddl(sddl, &SddlDomains::default()).unwrap();
        let token = sids.iter().map(|sid| Sid::from_str(sid).unwrap()).collect();
        Rights::new(&Schema::default())
            .held(kind, &descriptor.dacl.unwrap_or_default(), &token)
            .iter()
            .map(|grant| grant.right.as_str())
            .collect()
    }

    const RESET: &str = "00299570-246d-11d0-a768-00aa006e0529";
    const USER: &str = "S-1-5-21-1-2-3-1104";

    #[test]
    fn the_first_ace_that_applies_decides() {
        let deny_first = format!("D:(OD;;CR;{RESET};;WD)(OA;;CR;{RESET};;{USER})");
        let allow_first = format!("D:(OA;;CR;{RESET};;{USER})(OD;;CR;{RESET};;WD)");
        assert!(held(Kind::Gmsa, &deny_first, &[USER, "S-1-1-0"]).is_empty());
        assert_eq!(
            held(Kind::Gmsa, &allow_first, &[USER, "S-1-1-0"]),
            ["reset-password"]
        );
    }

    #[test]
    fn inherit_only_is_for_children() {
        assert!(held(Kind::User, &format!("D:(A;CIIO;GA;;;{USER})"), &[USER]).is_empty());
        assert_eq!(
            held(Kind::User, &format!("D:(A;CI;GA;;;{USER})"), &[USER]),
            ["full-control"]
        );
    }

    #[test]
    fn property_sets_and_plain_bits_cover_their_attributes() {
        let set = format!("D:(OA;;WP;e48d0154-bcf8-11d1-8702-00c04fb96050;;{USER})");
        assert_eq!(held(Kind::User, &set, &[USER]), ["write-spn"]);
        assert_eq!(
            held(Kind::User, &format!("D:(A;;WP;;;{USER})"), &[USER]),
            ["write-all"]
        );
    }

    #[test]
    fn replication_needs_both_rights() {
        let one = format!("D:(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;{USER})");
        let both = format!("{one}(OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;;{USER})");
        assert!(held(Kind::Domain, &one, &[USER]).is_empty());
        assert_eq!(held(Kind::Domain, &both, &[USER]), ["replicate-all"]);
    }

    #[test]
    fn conditions_never_make_clean() {
        let deny = format!("D:(XD;;WD;;;{USER};(@User.x==1))(A;;WD;;;{USER})");
        assert_eq!(held(Kind::User, &deny, &[USER]), ["write-dacl"]);
        let allow = format!("D:(XA;;WD;;;{USER};(@User.x==1))");
        assert_eq!(held(Kind::User, &allow, &[USER]), ["write-dacl"]);
    }

    #[test]
    fn a_null_dacl_grants_everything_once() {
        let rights = Rights::new(&Schema::default());
        let names: Vec<_> = rights
            .without_dacl(Kind::Domain)
            .iter()
            .map(|g| g.right.as_str())
            .collect();
        assert_eq!(names, ["full-control", "create-any", "replicate-all"]);
    }
}
