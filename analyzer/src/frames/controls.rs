//! Frame `controls`: rights over the objects that matter, denies and order honoured.
//!
//! Computed once for each distinct (descriptor, kind) and repeated for the objects that share it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::{AceFlags, Acl, DaclState, SecurityDescriptor, Sid};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{Grant, RightKind, allowed_trustees, group_class, is_group};
use crate::load::{Kind, Object};

/// OWNER RIGHTS: where it appears in a DACL, it replaces what an owner holds by being owner (MS-DTYP 2.4.2.4).
const OWNER_RIGHTS: &str = "S-1-3-4";

/// What a descriptor grants: whom, which right.
type Grants = Arc<Vec<(Sid, Grant)>>;

/// Tokens by trustee: the same few trustees stand in thousands of descriptors.
#[derive(Default)]
struct Tokens {
    known: HashMap<Sid, Arc<HashSet<Sid>>>,
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("controls")?;
    let mut tokens = Tokens::default();
    let mut known: HashMap<(i64, Kind), Grants> = HashMap::new();
    let watched = watched_groups(analysis);
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        let Some(id) = object
            .descriptor
            .filter(|_| matters(place, object, &watched))
        else {
            continue;
        };
        // A descriptor that does not decode says nothing; rules that need it are not evaluated.
        let Some(descriptor) = analysis.whole_descriptor(id) else {
            continue;
        };
        let grants = known
            .entry((id, object.kind))
            .or_insert_with(|| Arc::new(grants(analysis, &mut tokens, object.kind, descriptor)));
        for (trustee, grant) in grants.iter() {
            // An account's own token may hold rights over itself; that is no one else's control.
            let own = object.sid.as_ref() == Some(trustee);
            frame.row([
                object.id.into(),
                trustee.to_string().into(),
                analysis.by_sid(trustee).map(|object| object.id).into(),
                analysis.name_of(trustee).into(),
                (own || analysis
                    .principals
                    .is_expected(&analysis.directory, trustee))
                .into(),
                analysis.principals.is_broad(trustee).into(),
                grant.right.as_str().into(),
                grant.inherited.into(),
            ]);
        }
    }
    frame.finish()
}

/// SIDs, not expected to, that hold both replication rights on the domain head.
pub(super) fn replicators(analysis: &Analysis) -> HashSet<Sid> {
    let head = analysis
        .directory
        .head
        .and_then(|place| analysis.object(place));
    let descriptor = head
        .and_then(|head| head.descriptor)
        .and_then(|id| analysis.whole_descriptor(id));
    let Some(descriptor) = descriptor else {
        return HashSet::new();
    };
    grants(analysis, &mut Tokens::default(), Kind::Domain, descriptor)
        .into_iter()
        .filter(|(sid, grant)| {
            grant.right == RightKind::ReplicateAll
                && !analysis.principals.is_expected(&analysis.directory, sid)
        })
        .map(|(sid, _)| sid)
        .collect()
}

fn matters(place: usize, object: &Object, watched: &HashSet<usize>) -> bool {
    match object.kind {
        Kind::Group => watched.contains(&place),
        Kind::KdsRootKey | Kind::Domain | Kind::OrganizationalUnit | Kind::Container => true,
        Kind::Other => object
            .dn
            .to_lowercase()
            .contains("cn=group key distribution service,"),
        _ => object.is_service_account(),
    }
}

/// Privileged groups, groups that stand in a reader descriptor, and every group nested in one of them: who may change
/// the members of the innermost may change who is in the outermost.
fn watched_groups(analysis: &Analysis) -> HashSet<usize> {
    let directory = &analysis.directory;
    let privileged = directory
        .objects
        .iter()
        .enumerate()
        .filter(|(_, object)| group_class(directory, object).is_some())
        .map(|(place, _)| place);
    let readers = directory
        .objects
        .iter()
        .filter_map(|object| directory.descriptors.get(object.readers?))
        .filter_map(|descriptor| descriptor.dacl.as_ref())
        .flat_map(allowed_trustees)
        .filter_map(|sid| directory.place_of_sid(sid))
        .filter(|place| is_group(directory, *place));
    let mut watched: HashSet<usize> = privileged.chain(readers).collect();
    for group in watched.clone() {
        let members = analysis
            .memberships
            .all_members(group, |place| is_group(directory, place));
        let nested = members.iter().map(|member| member.place);
        watched.extend(nested.filter(|place| is_group(directory, *place)));
    }
    watched
}

fn grants(
    analysis: &Analysis,
    tokens: &mut Tokens,
    kind: Kind,
    descriptor: &SecurityDescriptor,
) -> Vec<(Sid, Grant)> {
    let dacl = match descriptor.dacl_state() {
        DaclState::Present(dacl) => dacl,
        DaclState::Absent | DaclState::Null => {
            let Ok(everyone) = Sid::from_str("S-1-1-0") else {
                return Vec::new();
            };
            return analysis
                .rights
                .without_dacl(kind)
                .into_iter()
                .map(|grant| (everyone.clone(), grant))
                .collect();
        }
    };
    let mut found = Vec::new();
    let owner_rights = Sid::from_str(OWNER_RIGHTS).ok();
    let trustees = allowed_trustees(dacl);
    let limited = dacl
        .aces
        .iter()
        .filter(|ace| !ace.flags.contains(AceFlags::INHERIT_ONLY))
        .filter_map(|ace| ace.known())
        .any(|known| Some(&known.trustee) == owner_rights.as_ref());
    if let Some(owner) = descriptor.owner.as_ref().filter(|_| !limited) {
        found.push((
            owner.clone(),
            Grant {
                right: RightKind::Owner,
                inherited: false,
                by: None,
            },
        ));
    }
    let mut partial = Vec::new();
    for trustee in trustees {
        let holder = match &descriptor.owner {
            Some(owner) if Some(trustee) == owner_rights.as_ref() => owner,
            _ => trustee,
        };
        let token = tokens.of(analysis, trustee);
        for grant in analysis.rights.held(kind, dacl, &token) {
            // What Everyone or Authenticated Users hold is told once, of them.
            let everybodys = grant
                .by
                .as_ref()
                .is_some_and(|by| by != trustee && analysis.principals.is_in_every_token(by));
            if !everybodys {
                found.push((holder.clone(), grant));
            }
        }
        if analysis.rights.holds_a_part(kind, dacl, &token) {
            partial.push(trustee);
        }
    }
    found.extend(combined(analysis, tokens, kind, dacl, &partial));
    found
}

/// Rights of several parts that come together only in somebody who is in several of the `partial` trustees.
fn combined(
    analysis: &Analysis,
    tokens: &mut Tokens,
    kind: Kind,
    dacl: &Acl,
    partial: &[&Sid],
) -> Vec<(Sid, Grant)> {
    if partial.len() < 2 {
        return Vec::new();
    }
    let mut members: BTreeMap<usize, usize> = BTreeMap::new();
    for trustee in partial {
        let Some(group) = analysis.directory.place_of_sid(trustee) else {
            continue;
        };
        for member in analysis.memberships.all_members(group, |_| true) {
            *members.entry(member.place).or_default() += 1;
        }
        *members.entry(group).or_default() += 1;
    }
    let mut found = Vec::new();
    for (place, trustees) in members {
        let Some(sid) = analysis
            .object(place)
            .and_then(|object| object.sid.as_ref())
        else {
            continue;
        };
        if trustees < 2 || partial.contains(&sid) {
            continue;
        }
        let token = tokens.of(analysis, sid);
        for grant in analysis.rights.held(kind, dacl, &token) {
            if matches!(grant.right, RightKind::ReplicateAll | RightKind::ReadSecret) {
                found.push((sid.clone(), grant));
            }
        }
    }
    found
}

impl Tokens {
    fn of(&mut self, analysis: &Analysis, sid: &Sid) -> Arc<HashSet<Sid>> {
        self.known
            .entry(sid.clone())
            .or_insert_with(|| Arc::new(analysis.token(sid)))
            .clone()
    }
}
