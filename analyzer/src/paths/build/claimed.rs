//! Edges by rights that an export only claims: SharpHound, RustHound-CE and BloodHound.py write edges, not descriptors.
//!
//! Owns which of their names (BloodHound's edge names) mean which right. Deliberately believes a descriptor more: where it
//! is in the snapshot, from another export, what the exporters concluded from it counts for nothing.

use super::super::reason::Reason;
use super::Builder;
use super::rights::hands_over;
use crate::graph::RightKind;
use crate::load::{Kind, Object};

/// BloodHound's names of rights and what they are here. A name that is not in the list makes no edge.
const NAMES: &[(&str, RightKind)] = &[
    ("Owns", RightKind::Owner),
    ("GenericAll", RightKind::FullControl),
    ("GenericWrite", RightKind::WriteAll),
    ("WriteDacl", RightKind::WriteDacl),
    ("WriteOwner", RightKind::WriteOwner),
    ("ForceChangePassword", RightKind::ResetPassword),
    ("AddMember", RightKind::WriteMember),
    ("AddSelf", RightKind::AddSelf),
    ("AddAllowedToAct", RightKind::WriteAllowedToAct),
    // The property set User-Account-Restrictions, which holds msDS-AllowedToActOnBehalfOfOtherIdentity.
    ("WriteAccountRestrictions", RightKind::WriteAllowedToAct),
    ("AddKeyCredentialLink", RightKind::WriteKeyCredential),
    ("WriteSPN", RightKind::WriteSpn),
    ("GetChangesAll", RightKind::ReplicateAll),
    ("ReadLAPSPassword", RightKind::ReadSecret),
    ("ReadGMSAPassword", RightKind::ReadPassword),
    ("AllowedToAct", RightKind::ActFor),
];

/// What a name means over an object; `None` if it hands over nothing.
fn meaning(says: &str, object: &Object) -> Option<(&'static str, RightKind)> {
    if says == "AllExtendedRights" {
        let right = match object.kind {
            Kind::User => RightKind::ResetPassword,
            Kind::Domain => RightKind::ReplicateAll,
            // LAPS keeps the password of the local administrator in a confidential attribute.
            Kind::Computer => RightKind::ReadSecret,
            _ => return None,
        };
        return Some(("AllExtendedRights", right));
    }
    NAMES.iter().find(|(name, _)| *name == says).copied()
}

/// Whether the snapshot holds the descriptor that the right was concluded from.
fn is_known_better(right: RightKind, object: &Object) -> bool {
    match right {
        RightKind::ReadPassword => object.readers.is_some(),
        RightKind::ActFor => object.allowed_to_act.is_some(),
        _ => object.descriptor.is_some(),
    }
}

impl Builder<'_> {
    pub(super) fn add_claimed(&mut self) {
        let analysis = self.analysis;
        let directory = &analysis.directory;
        for claim in &directory.claimed_rights {
            let Some((place, object)) = claim
                .object
                .and_then(|place| Some((place, analysis.object(place)?)))
            else {
                continue;
            };
            let Some((says, right)) = meaning(&claim.right, object) else {
                continue;
            };
            if is_known_better(right, object) || !hands_over(right, object) {
                continue;
            }
            let from = analysis.effective.tokens.of(directory, &claim.trustee);
            if let (Some(from), Ok(to)) = (from, u32::try_from(place)) {
                self.edge(from, to, Reason::Claimed { right, says });
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use crate::frames::Analysis;
    use crate::load::ClaimedRight;
    use crate::load::made::{HEAD, Made};

    fn claim(object: usize, trustee: &str, right: &str) -> ClaimedRight {
        ClaimedRight {
            object: Some(object),
            identity: String::new(),
            trustee: trustee.parse().unwrap(),
            right: right.to_owned(),
            inherited: None,
            export: "sharp.zip".to_owned(),
        }
    }

    /// Whether `right` over an object of `kind` leads from the help desk to it.
    fn leads(kind: &str, right: &str, protected: bool) -> bool {
        let mut made = Made::new();
        let desk = made.principal("group", "desk", HEAD, 1_200);
        let target = made.principal(kind, "target", HEAD, 1_201);
        if protected {
            made.protect(target, "O:DAD:(A;;GR;;;DA)");
        }
        let trustee = made.objects[desk].sid.clone().unwrap().to_string();
        let mut directory = made.directory();
        directory.claimed_rights = vec![claim(target, &trustee, right)];
        let analysis = Analysis::new(directory);
        let graph = analysis.control_graph();
        let (desk, target) = (u32::try_from(desk).unwrap(), u32::try_from(target).unwrap());
        let edges = (0..).map_while(|index| graph.network.edge(index));
        edges
            .filter(|edge| (edge.from, edge.to) == (desk, target))
            .any(|edge| graph.reasons[edge.label as usize].as_str() != "member")
    }

    #[test]
    fn what_an_exporter_says_is_an_edge() {
        assert!(leads("user", "GenericAll", false));
        assert!(leads("user", "AllExtendedRights", false));
        assert!(leads("group", "AddMember", false));
        assert!(leads("gmsa", "ReadGMSAPassword", false));
        // No such right hands over the object.
        assert!(!leads("group", "AllExtendedRights", false));
        assert!(!leads("user", "GetChanges", false));
        assert!(!leads("user", "SomethingNew", false));
    }

    #[test]
    fn a_descriptor_is_believed_more() {
        assert!(!leads("user", "GenericAll", true));
        assert!(
            leads("gmsa", "ReadGMSAPassword", true),
            "its readers are elsewhere"
        );
    }
}
