//! Frame `controls`: rights over the objects that matter, denies and order honoured.
//!
//! Computed once for each distinct (descriptor, class) and repeated for the objects that share it. Which rights there
//! are and who holds them is [`crate::graph`]'s; this module chooses the objects and writes the rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::relocations::Relocations;
use crate::graph::{Held, RightKind, is_domain_controller, is_group};
use crate::load::{Kind, Object};

/// Descriptor, kind, classes, and the place of the one object where PRINCIPAL SELF means something else for each.
type Key<'a> = (i64, Kind, &'a str, Option<usize>);

/// Who holds what over which objects, by place, each list shared by the objects of one descriptor and class.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    pub(crate) rows: Vec<(usize, Arc<Vec<Held>>)>,
    /// Places of the objects that the frame tells of.
    matter: HashSet<usize>,
    /// Objects whose descriptor was not readable or is malformed: who controls them is not known.
    pub(crate) not_evaluated: usize,
}

impl Controls {
    /// Over every object that matters and whose descriptor was read whole.
    pub(crate) fn new<'a>(analysis: &'a Analysis) -> Self {
        let watched = watched(analysis);
        let objects = analysis.directory.objects.iter().enumerate();
        let wanted: Vec<(usize, &Object)> = objects
            .filter(|(place, object)| is_held(*place, object, &watched))
            .collect();
        let told = wanted
            .iter()
            .filter(|(place, object)| matters(*place, object, &watched))
            .map(|(place, _)| *place);
        let matter = told.chain(givers(analysis)).collect();
        // Two halves of about the same work: most machines have at least two cores.
        let selves = selves(analysis);
        let key = |place: usize, object: &'a Object| -> Option<Key<'a>> {
            let id = object.descriptor?;
            // Of a group, PRINCIPAL SELF is every member: then the descriptor means something else for each group.
            let own = object.kind == Kind::Group && selves.contains(&id);
            Some((id, object.kind, &*object.classes, own.then_some(place)))
        };
        let mut keys: Vec<Key<'_>> = wanted
            .iter()
            .filter_map(|(place, object)| key(*place, object))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let half = keys.len().div_ceil(2).max(1);
        let mut known: HashMap<Key<'_>, Arc<Vec<Held>>> = HashMap::new();
        std::thread::scope(|scope| {
            let parts: Vec<_> = keys
                .chunks(half)
                .map(|part| {
                    scope.spawn(move || {
                        part.iter()
                            .map(|key| held(analysis, *key))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            for (part, keys) in parts.into_iter().zip(keys.chunks(half)) {
                for (key, held) in keys.iter().zip(part.join().unwrap_or_default()) {
                    known.extend(held.map(|held| (*key, Arc::new(held))));
                }
            }
        });
        let all = wanted.len();
        let accounts: Vec<(usize, &Object)> = wanted
            .iter()
            .copied()
            .filter(|(place, object)| {
                matters(*place, object, &watched)
                    && (object.kind.is_principal() || object.kind == Kind::Group)
            })
            .collect();
        let mut rows: Vec<_> = wanted
            .into_iter()
            .filter_map(|(place, object)| {
                Some((place, Arc::clone(known.get(&key(place, object)?)?)))
            })
            .collect();
        let not_evaluated = all - rows.len();
        rows.extend(template(analysis));
        let mut relocations = Relocations::new(analysis);
        for (place, object) in accounts {
            let Some(controls) = key(place, object).and_then(|key| known.get(&key)) else {
                continue;
            };
            rows.extend(relocations.of(object, controls).map(|held| (place, held)));
        }
        Self {
            rows,
            matter,
            not_evaluated,
        }
    }

    /// SIDs, not expected to, that hold both replication rights on the domain head.
    pub(super) fn replicators(&self, analysis: &Analysis) -> HashSet<Sid> {
        let head = analysis.directory.head;
        self.rows
            .iter()
            .filter(|(place, _)| Some(*place) == head)
            .flat_map(|(_, held)| held.iter())
            .filter(|held| held.right == RightKind::ReplicateAll)
            .filter_map(|held| analysis.sid_of(held.holder))
            .filter(|sid| !analysis.principals.is_expected(&analysis.directory, sid))
            .cloned()
            .collect()
    }
}

/// Descriptors that let PRINCIPAL SELF do more than read, deny it something, or name it as owner.
fn selves(analysis: &Analysis) -> HashSet<i64> {
    let groups = analysis
        .directory
        .objects
        .iter()
        .filter(|object| object.kind == Kind::Group);
    let ids: HashSet<i64> = groups.filter_map(|object| object.descriptor).collect();
    let of_itself = |id: &i64| {
        analysis
            .prepared(*id)
            .is_some_and(|prepared| prepared.speaks_of_self())
    };
    ids.into_iter().filter(of_itself).collect()
}

/// A descriptor that does not decode says nothing; rules that need it are not evaluated.
fn held(analysis: &Analysis, (id, kind, classes, own): Key<'_>) -> Option<Vec<Held>> {
    let prepared = analysis.prepared_of(id, own)?;
    let root = analysis.directory.classes.root(classes);
    Some(analysis.effective.held(&prepared, kind, root))
}

pub(super) fn build(analysis: &Analysis, controls: &Controls) -> Result<DataFrame> {
    let mut frame = Builder::new("controls")?;
    let mut texts: HashMap<(i64, usize), Option<String>> = HashMap::new();
    for (place, held) in controls
        .rows
        .iter()
        .filter(|(place, _)| controls.matter.contains(place))
    {
        let Some(object) = analysis.object(*place) else {
            continue;
        };
        for held in held.iter() {
            let Some(trustee) = analysis.sid_of(held.holder) else {
                continue;
            };
            // An account's own token may hold rights over itself; that is no one else's control. A group is its members.
            let own = object.kind.is_principal() && object.sid.as_ref() == Some(trustee);
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
                held.right.as_str().into(),
                held.inherited.into(),
                held.ace.into(),
                held.unknown.into(),
                held.except
                    .as_ref()
                    .map_or(0, |except| except.count())
                    .into(),
                object
                    .descriptor
                    .zip(held.ace)
                    .and_then(|(id, ace)| {
                        texts
                            .entry((id, ace))
                            .or_insert_with(|| analysis.ace_sddl(id, ace))
                            .clone()
                    })
                    .into(),
            ]);
        }
    }
    frame.finish()
}

/// Groups and hosts that matter.
struct Watched {
    groups: HashSet<usize>,
    hosts: HashSet<usize>,
}

/// Rights over AdminSDHolder that are no rights over a container: they are copied to every protected account and group.
fn template(analysis: &Analysis) -> Vec<(usize, Arc<Vec<Held>>)> {
    let place = analysis.admin_sd_holder();
    let found = place.and_then(|place| Some((place, analysis.object(place)?.descriptor?)));
    let Some((place, prepared)) =
        found.and_then(|(place, id)| Some((place, analysis.prepared(id)?)))
    else {
        return Vec::new();
    };
    let copied = |right: RightKind| {
        matches!(
            right,
            RightKind::ResetPassword
                | RightKind::WriteKeyCredential
                | RightKind::WriteAltIdentities
                | RightKind::WriteMember
                | RightKind::AddSelf
        )
    };
    [Kind::User, Kind::Group]
        .into_iter()
        .map(|kind| {
            // Asked alone, or writing every attribute, which is no right over a container, would stand for them.
            let class = if kind == Kind::User { "user" } else { "group" };
            let root = analysis.directory.classes.root(class);
            let mut rights = analysis.effective.rights.of(kind, root);
            rights.retain(|right| copied(right.kind));
            let held = analysis.effective.held_of(&prepared, &rights, false);
            let held = held.into_iter().filter(|held| copied(held.right));
            (place, Arc::new(held.collect()))
        })
        .collect()
}

/// Groups that a service account is in, however nested, the broad ones aside: it has what they are given, and so has whoever
/// fills them. Each group is looked at once.
fn givers(analysis: &Analysis) -> impl Iterator<Item = usize> {
    let directory = &analysis.directory;
    let roots: Vec<usize> = analysis
        .service_accounts()
        .flat_map(|(place, _)| analysis.principals.token_roots(directory, place))
        .collect();
    let reached = analysis.memberships.all_groups(&roots);
    let is_giver = |place: &usize| {
        analysis.object(*place).is_some_and(|object| {
            let broad = |sid| analysis.principals.is_broad(sid);
            object.kind == Kind::Group && !object.sid.as_ref().is_some_and(broad)
        })
    };
    reached
        .into_iter()
        .map(|group| group.place)
        .filter(is_giver)
}

/// Objects whose rights are found out: those that matter, and every account and group, since ways lead through them.
fn is_held(place: usize, object: &Object, watched: &Watched) -> bool {
    object.kind.is_principal() || object.kind == Kind::Group || matters(place, object, watched)
}

fn matters(place: usize, object: &Object, watched: &Watched) -> bool {
    match object.kind {
        Kind::Group => watched.groups.contains(&place),
        Kind::Computer => watched.hosts.contains(&place),
        Kind::KdsRootKey
        | Kind::Domain
        | Kind::OrganizationalUnit
        | Kind::Container
        | Kind::Gpo => true,
        Kind::Other => object
            .dn
            .to_lowercase()
            .contains("cn=group key distribution service,"),
        _ => object.is_service_account(),
    }
}

/// Groups: privileged ones, those that stand in a reader descriptor, and every group nested in one of them: who may
/// change the members of the innermost may change who is in the outermost. Hosts: domain controllers, readers of managed
/// passwords however nested, and computers that run a standalone managed account.
fn watched(analysis: &Analysis) -> Watched {
    let directory = &analysis.directory;
    let class = |place: &usize| analysis.principals.group_class(directory, *place);
    let privileged = (0..directory.objects.len()).filter(|place| class(place).is_some());
    let mut readers = HashSet::new();
    let mut seen = HashSet::new();
    for id in directory.objects.iter().filter_map(|object| object.readers) {
        let Some(prepared) = seen.insert(id).then(|| analysis.prepared(id)).flatten() else {
            continue;
        };
        let trustees = prepared.allowed();
        readers.extend(trustees.filter_map(|holder| analysis.effective.tokens.place(holder)));
    }
    let mut groups: HashSet<usize> = privileged
        .chain(readers.iter().copied())
        .filter(|place| is_group(directory, *place))
        .collect();
    let mut hosts: HashSet<usize> = readers;
    let is_group = |place: usize| is_group(directory, place);
    let (broad, narrow): (Vec<usize>, Vec<usize>) = groups.iter().partition(|group| {
        let sid = analysis
            .object(**group)
            .and_then(|group| group.sid.as_ref());
        sid.is_some_and(|sid| analysis.principals.is_broad(sid))
    });
    for (start, told) in [(broad, false), (narrow, true)] {
        for member in analysis.memberships.all_members_of(&start, is_group) {
            if is_group(member.place) {
                groups.insert(member.place);
            } else if told {
                hosts.insert(member.place);
            }
        }
    }
    hosts.extend(
        directory
            .links("msDS-HostServiceAccount")
            .iter()
            .filter_map(|(host, _)| directory.place(*host)),
    );
    let controllers = directory.objects.iter().enumerate();
    hosts.extend(
        controllers
            .filter(|(_, object)| object.kind == Kind::Computer && is_domain_controller(object))
            .map(|(place, _)| place),
    );
    Watched { groups, hosts }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn groups_with_a_service_account_are_told_and_broad_ones_are_not() {
        let mut made = Made::new();
        let service = made.principal("user", "svc", HEAD, 1103);
        made.objects[service].spns = vec!["HTTP/web".to_owned()];
        made.objects[service].primary_group_id = Some(513);
        let everybody = made.principal("group", "Domain Users", HEAD, 513);
        let readers = made.principal("group", "Readers", HEAD, 1200);
        let writers = made.principal("group", "Writers", HEAD, 1201);
        let people = made.principal("group", "People", HEAD, 1202);
        let person = made.principal("user", "person", HEAD, 1104);
        made.member(readers, service);
        made.member(writers, readers);
        // A ring, which ends.
        made.member(readers, writers);
        made.member(people, person);
        for group in [everybody, readers, writers, people] {
            made.protect(group, "O:DAD:(A;;WP;;;S-1-5-21-1-2-3-1104)");
        }
        let analysis = Analysis::new(made.directory());
        let told = |place| analysis.controls().matter.contains(&place);
        assert!(told(readers) && told(writers));
        assert!(!told(everybody) && !told(people));
        // All of them are held, since ways lead through them.
        let held = |place| analysis.controls().rows.iter().any(|row| row.0 == place);
        assert!(held(everybody) && held(people));
    }
}
