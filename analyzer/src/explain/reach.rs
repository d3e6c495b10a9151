//! What an account can reach, and who reaches it: groups, rights over others, delegation, ways in the control graph.
//!
//! Deliberately finds no way itself: the control graph did.

use std::collections::HashSet;

use coldcase_schemas::explain::{DelegationTarget, GroupOf, Reach, RightsOver, Step, Way};

use super::absent::why_hidden;
use super::crowd::EXAMPLES;
use super::tallies::{Tallies, Tally};
use crate::frames::{Analysis, Owners, in_groups};
use crate::graph::{GroupClass, Holder, is_security_group};
use crate::load::{Kind, Object};
use crate::paths::{Chain, Takeover};
use crate::rules::subject_of;

/// Ways to the account that are told.
const WAYS: usize = 5;

/// How a group is told that whoever logs on is in.
pub(crate) const EVERYBODYS: &str = "what is in the token of whoever logs on";

/// userAccountControl: TRUSTED_TO_AUTH_FOR_DELEGATION (MS-ADTS 2.2.16).
const PROTOCOL_TRANSITION: i64 = 0x100_0000;

/// What is found once for all accounts.
pub(super) struct Neighbours<'a> {
    analysis: &'a Analysis,
    takeovers: &'a [Takeover],
    /// Of what is no service account, where it is known already; by place.
    pub(super) others: &'a [Takeover],
    /// What is in the token of whoever logs on.
    everybodys: HashSet<Holder>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let tokens = &analysis.effective.tokens;
        let all = tokens.authenticated();
        Self {
            analysis,
            takeovers: analysis.control_graph().takeovers(analysis),
            others: &[],
            everybodys: all.map(|all| tokens.token(all)).unwrap_or_default(),
        }
    }

    pub(super) fn reach(
        &self,
        place: usize,
        object: &Object,
        owners: &Owners,
        tallies: &Tallies<'_>,
    ) -> Reach {
        let analysis = self.analysis;
        let graph = analysis.control_graph();
        let node = u32::try_from(place).unwrap_or(u32::MAX);
        // In the order of the snapshot.
        let at = |known: &'a [Takeover]| {
            let found = known.binary_search_by_key(&place, |takeover| takeover.place);
            known.get(found.ok()?)
        };
        let known = at(self.takeovers).or_else(|| at(self.others));
        let takeover = known.cloned().or_else(|| graph.takeover(analysis, node));
        let delegates = object.kind.is_principal();
        let no_values = delegates && object.delegates_to.is_empty();
        Reach {
            groups: self.groups(place),
            rights: self.rights(place, tallies),
            unconstrained: object.is_trusted_for_delegation().filter(|_| delegates),
            protocol_transition: object.has_flag(PROTOCOL_TRANSITION).filter(|_| delegates),
            delegates_to: object
                .delegates_to
                .iter()
                .map(|spn| self.target(spn, owners))
                .collect(),
            delegates_to_unknown: no_values
                .then(|| why_hidden(analysis, object, "msDS-AllowedToDelegateTo"))
                .flatten(),
            tier0_hops: graph.hops(node),
            tier0_way: graph.to_tier0(analysis, node).map(way),
            service_accounts: takeover.as_ref().map_or(0, |takeover| takeover.reaches),
            taken_over_by: takeover
                .as_ref()
                .map_or(0, |takeover| takeover.taken_over_by),
            taken_over_unknown: taken_over_unknown(analysis, object),
            taken_over_ways: graph
                .nearest_reaching(analysis, node, WAYS)
                .into_iter()
                .map(way)
                .collect(),
            taken_over_by_everybody: takeover.is_some_and(|takeover| takeover.by_everybody),
        }
    }

    fn groups(&self, place: usize) -> Vec<GroupOf> {
        let analysis = self.analysis;
        let mut groups: Vec<(u8, u32, GroupOf)> = Vec::new();
        for found in in_groups(analysis, place) {
            let Some(object) = analysis.object(found.group) else {
                continue;
            };
            if !is_security_group(object) {
                continue;
            }
            let class = analysis
                .principals
                .group_class(&analysis.directory, found.group);
            let rank = match class {
                Some(GroupClass::Tier0) => 0,
                Some(GroupClass::Operators) => 1,
                None => 2,
            };
            let direct = analysis
                .memberships
                .groups(place)
                .iter()
                .any(|(group, _)| *group == found.group);
            let group = GroupOf {
                group: subject_of(object),
                name: analysis.title(object),
                class: class.map(|class| class.as_str().to_owned()),
                direct,
                via: if direct {
                    String::new()
                } else {
                    before(&found.via)
                },
            };
            groups.push((rank, if direct { 0 } else { found.depth }, group));
        }
        groups.sort_by(|a, b| {
            let key = |one: &(u8, u32, GroupOf)| (one.0, one.1);
            let name = |one: &(u8, u32, GroupOf)| (one.2.name.clone(), one.2.group.clone());
            key(a).cmp(&key(b)).then_with(|| name(a).cmp(&name(b)))
        });
        groups.into_iter().map(|(_, _, group)| group).collect()
    }

    fn rights(&self, place: usize, tallies: &Tallies<'_>) -> Vec<RightsOver> {
        let analysis = self.analysis;
        let Ok(account) = Holder::try_from(place) else {
            return Vec::new();
        };
        let mut token: Vec<Holder> = analysis
            .effective
            .tokens
            .token(account)
            .into_iter()
            .collect();
        token.sort_unstable();
        let mut rights = Vec::new();
        for holder in token {
            let everybodys = self.everybodys.contains(&holder);
            let via = (holder != account)
                .then(|| analysis.sid_of(holder).map(|sid| analysis.name_of(sid)))
                .flatten();
            for tally in merged(tallies.of(holder, place)) {
                let rank = (everybodys, via.is_some(), via.clone(), tally.right);
                let examples = tally.first.iter().filter_map(|place| {
                    let object = analysis.object(*place)?;
                    Some(analysis.title(object))
                });
                let told = RightsOver {
                    right: tally.right.as_str().to_owned(),
                    words: tally.right.between().to_owned(),
                    via: via.clone(),
                    everybodys,
                    conditional: tally.conditional,
                    objects: tally.objects,
                    examples: examples.take(EXAMPLES).collect(),
                };
                rights.push((rank, told));
            }
        }
        rights.sort_by(|a, b| (&a.0, a.1.conditional).cmp(&(&b.0, b.1.conditional)));
        rights.into_iter().map(|(_, right)| right).collect()
    }

    fn target(&self, spn: &str, owners: &Owners) -> DelegationTarget {
        let place = owners.of(spn);
        let object = place.and_then(|place| self.analysis.object(place));
        DelegationTarget {
            spn: spn.to_owned(),
            account: object.map(subject_of),
            tier0: place.is_some_and(|place| self.analysis.principals.is_tier0(place)),
        }
    }
}

/// Why more may take an account over than are seen to, by what it does not show itself.
pub(crate) fn taken_over_unknown(analysis: &Analysis, object: &Object) -> Option<String> {
    let whole = |id: i64| analysis.prepared(id).is_some();
    let has_readers = matches!(object.kind, Kind::Gmsa | Kind::Dmsa);
    match (object.descriptor, object.readers) {
        (None, _) => Some("its permissions were not readable".to_owned()),
        (Some(id), _) if !whole(id) => Some("its permissions are malformed".to_owned()),
        (_, None) if has_readers => Some("who reads its password was not readable".to_owned()),
        (_, Some(id)) if has_readers && !whole(id) => {
            Some("the list of who reads its password is malformed".to_owned())
        }
        _ => None,
    }
}

/// How many can take an account over, as every list tells it: `3`, `≥ 3`, `everybody`, `not known`. `complete`: nothing that
/// ways are made of was hidden.
pub(crate) fn taken_over_in_words(
    by_everybody: bool,
    count: u32,
    unknown: bool,
    complete: bool,
) -> String {
    match (by_everybody, count) {
        (true, _) => "everybody".to_owned(),
        (false, 0) if unknown => "not known".to_owned(),
        (false, count) if complete && !unknown => count.to_string(),
        (false, count) => format!("≥ {count}"),
    }
}

/// The way without the group at its end. What has none is reached from what is in every token.
fn before(via: &str) -> String {
    match via.rsplit_once(" → ") {
        Some((before, _)) => before.to_owned(),
        None if via.starts_with("SID history: ") => via.to_owned(),
        None => EVERYBODYS.to_owned(),
    }
}

/// One for each right, whoever else is denied it.
fn merged(tallies: Vec<Tally>) -> Vec<Tally> {
    let mut merged: Vec<Tally> = Vec::new();
    for tally in tallies {
        let same = |other: &&mut Tally| {
            (other.right, other.conditional) == (tally.right, tally.conditional)
        };
        match merged.iter_mut().find(same) {
            Some(other) => {
                other.objects += tally.objects;
                other.first.extend(tally.first);
                other.first.sort_unstable();
                other.first.truncate(EXAMPLES);
            }
            None => merged.push(tally),
        }
    }
    merged
}

fn way(chain: Chain) -> Way {
    let steps = chain.steps.into_iter().map(|step| Step {
        from: step.from,
        by: step.by.to_owned(),
        words: step.words.to_owned(),
        to: step.to,
        evidence: step.evidence,
        act: step.act,
    });
    Way {
        from: chain.from,
        to: chain.to,
        steps: steps.collect(),
    }
}
