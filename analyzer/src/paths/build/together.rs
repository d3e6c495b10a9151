//! Edges by rights that take several parts, of which nobody holds all today: one who holds some, and can be put into the
//! groups that hold the others, comes by the right (reading a KDS root key, replicating secrets).
//!
//! Owns which groups complete whom. Rights that one token holds already are in [`super::rights`]. Deliberately looks at no
//! more than two groups at once, and at no computer that is yet to be created.

use std::collections::{BTreeMap, BTreeSet};

use super::super::reason::Reason;
use super::Builder;
use crate::graph::network::{Edge, Network, NodeSet, Ways};
use crate::graph::{Form, Grantees, Holder, Part, Prepared, RightKind, Token, is_group};

/// Sorts of groups, by whom of the DACL they bring into a token, of which any two are looked at together. Of more, each
/// by itself.
const MOST_IN_PAIRS: usize = 16;

/// A right of several parts by a descriptor.
struct Composed {
    descriptor: i64,
    right: RightKind,
    /// The nodes that it leads to.
    to: Vec<u32>,
    sorts: Vec<Sort>,
    ways: Vec<Way>,
}

/// Groups that bring the same SIDs of a DACL into a token.
struct Sort {
    groups: Vec<Holder>,
    token: Token,
}

/// Groups to be put into, and who then holds the right.
struct Way {
    /// Places of one or two sorts of groups. It is enough to be in one group of each.
    sorts: (usize, Option<usize>),
    holds: Grantees,
    /// The users, computers and managed accounts among them who do not hold it by less.
    accounts: NodeSet,
}

/// How one comes into the groups of a sort.
struct Entrance {
    /// Nodes that can put themselves in.
    selves: NodeSet,
    /// Nodes that can put anybody in.
    writers: NodeSet,
}

impl Builder<'_> {
    /// Looks at all other edges, so it comes last. Whoever has a way already is told that one.
    pub(super) fn add_together(&mut self) {
        let composed = self.composed();
        if composed.iter().all(|composed| composed.ways.is_empty()) {
            return;
        }
        // A new edge may lead to more of its kind.
        loop {
            let nodes = self.analysis.effective.tokens.len() + self.extra.len();
            let network = Network::new(nodes, self.edges.clone());
            let mut found = Vec::new();
            for composed in composed.iter().filter(|composed| !composed.ways.is_empty()) {
                let entrances: Vec<Entrance> = composed
                    .sorts
                    .iter()
                    .map(|sort| self.entrance(&network, &sort.groups))
                    .collect();
                for to in &composed.to {
                    let there = backwards(&network, [*to].into_iter());
                    let froms = self.completed(&network, composed, &entrances, there);
                    found.extend(froms.into_iter().map(|(from, reason)| (from, *to, reason)));
                }
            }
            if found.is_empty() {
                return;
            }
            for (from, to, reason) in found {
                self.edge(from, to, reason);
            }
        }
    }

    /// Rights of several parts, with the groups that complete somebody.
    fn composed(&self) -> Vec<Composed> {
        let analysis = self.analysis;
        let mut found: BTreeMap<(i64, RightKind), Composed> = BTreeMap::new();
        for (place, _) in &analysis.controls().rows {
            let Some(object) = analysis.object(*place) else {
                continue;
            };
            let (Some(descriptor), Ok(to)) = (object.descriptor, u32::try_from(*place)) else {
                continue;
            };
            let root = analysis.directory.classes.root(&object.classes);
            for right in analysis.effective.rights.of(object.kind, root) {
                let Form::All(parts) = &right.form else {
                    continue;
                };
                if let Some(known) = found.get_mut(&(descriptor, right.kind)) {
                    known.to.push(to);
                    continue;
                }
                let prepared = analysis.prepared(descriptor);
                // Without a DACL everybody holds it.
                let Some(prepared) = prepared.filter(|prepared| !prepared.list.is_null()) else {
                    continue;
                };
                let (sorts, ways) = self.ways_into(&prepared, parts);
                let composed = Composed {
                    descriptor,
                    right: right.kind,
                    to: vec![to],
                    sorts,
                    ways,
                };
                found.insert((descriptor, right.kind), composed);
            }
        }
        found.into_values().collect()
    }

    fn ways_into(&self, prepared: &Prepared, parts: &[Part]) -> (Vec<Sort>, Vec<Way>) {
        let effective = &self.analysis.effective;
        let today = effective.reached_all(prepared, parts, &Token::new());
        let sorts = self.sorts(prepared, parts, &today);
        let way = |places: (usize, Option<usize>), less: &[&Grantees]| {
            let both = [Some(places.0), places.1].into_iter().flatten();
            let tokens = both.filter_map(|place| sorts.get(place));
            let joined = tokens.flat_map(|sort| &sort.token).copied().collect();
            let holds = effective.reached_all(prepared, parts, &joined);
            let by_less = |account: u32| less.iter().any(|less| less.contains(account).is_some());
            let accounts = self
                .accounts()
                .filter(|account| holds.contains(*account).is_some() && !by_less(*account));
            Way {
                sorts: places,
                accounts: NodeSet::of(effective.tokens.len(), accounts),
                holds,
            }
        };
        let mut ways: Vec<Way> = (0..sorts.len())
            .map(|at| way((at, None), &[&today]))
            .collect();
        if sorts.len() <= MOST_IN_PAIRS {
            let mut pairs = Vec::new();
            for (at, one) in ways.iter().enumerate() {
                for (with, other) in ways.iter().enumerate().skip(at + 1) {
                    pairs.push(way((at, Some(with)), &[&today, &one.holds, &other.holds]));
                }
            }
            ways.extend(pairs);
        }
        ways.retain(|way| way.accounts.len() > 0);
        (sorts, ways)
    }

    /// Users, computers and managed accounts.
    fn accounts(&self) -> impl Iterator<Item = u32> {
        let objects = self.analysis.directory.objects.iter().zip(0_u32..);
        objects
            .filter(|(object, _)| object.kind.is_principal())
            .map(|(_, node)| node)
    }

    /// Groups whose members are allowed a part, but not all of them. What is in every token completes nobody.
    fn sorts(&self, prepared: &Prepared, parts: &[Part], today: &Grantees) -> Vec<Sort> {
        let analysis = self.analysis;
        let tokens = &analysis.effective.tokens;
        let named = prepared.named(parts);
        let everybody = tokens.everybody();
        let giving = named
            .iter()
            .filter(|(trustee, allows)| **allows && !everybody.contains(trustee));
        let groups: BTreeSet<Holder> = giving
            .flat_map(|(trustee, _)| tokens.reach(*trustee).holders())
            .filter(|holder| {
                let place = tokens.place(*holder);
                place.is_some_and(|place| is_group(&analysis.directory, place))
                    && today.contains(*holder).is_none()
            })
            .collect();
        let mut sorts: BTreeMap<Vec<Holder>, Sort> = BTreeMap::new();
        for group in groups {
            let token = tokens.token(group);
            let key = named.keys().filter(|trustee| token.contains(trustee));
            let sort = sorts.entry(key.copied().collect()).or_insert(Sort {
                groups: Vec::new(),
                token,
            });
            sort.groups.push(group);
        }
        sorts.into_values().collect()
    }

    /// The nodes that come by the right, those aside that are in `there`.
    fn completed(
        &self,
        network: &Network,
        composed: &Composed,
        entrances: &[Entrance],
        mut there: NodeSet,
    ) -> Vec<(u32, Reason)> {
        let mut found = Vec::new();
        for way in &composed.ways {
            let group = |sort: usize| composed.sorts.get(sort)?.groups.first().copied();
            let Some(first) = group(way.sorts.0) else {
                continue;
            };
            let groups = (first, way.sorts.1.and_then(group));
            let both = [Some(way.sorts.0), way.sorts.1].into_iter().flatten();
            let entrances: Vec<&Entrance> = both.filter_map(|sort| entrances.get(sort)).collect();
            let reason = |other: bool, unknown: bool| Reason::Together {
                right: composed.right,
                descriptor: composed.descriptor,
                groups,
                other,
                unknown,
            };
            let sure = |account: u32| way.holds.contains(account) == Some(true);
            let comes_in = |account: u32| {
                let mut entrances = entrances.iter();
                entrances.all(|entrance| {
                    entrance.selves.contains(account) || entrance.writers.contains(account)
                })
            };
            let (alone, others): (Vec<u32>, Vec<u32>) =
                way.accounts.iter().partition(|account| comes_in(*account));
            let new: Vec<u32> = alone
                .into_iter()
                .filter(|account| !there.contains(*account))
                .collect();
            let all_sure = new.iter().all(|account| sure(*account));
            found.extend(self.fewest(&new).into_iter().map(|node| {
                let known = if way.accounts.contains(node) {
                    sure(node)
                } else {
                    all_sure
                };
                (node, reason(false, !known))
            }));
            if !new.is_empty() {
                there = backwards(network, there.iter().chain(new));
            }
            // One who controls an account and can put it in, though the account itself cannot come in.
            let mut by_entrance: BTreeMap<Vec<bool>, Vec<u32>> = BTreeMap::new();
            for account in others {
                let own = entrances
                    .iter()
                    .map(|entrance| entrance.selves.contains(account));
                by_entrance.entry(own.collect()).or_default().push(account);
            }
            for (own, accounts) in by_entrance {
                let unknown = !accounts.iter().any(|account| sure(*account));
                let written: Vec<&Entrance> = entrances
                    .iter()
                    .zip(own)
                    .filter_map(|(entrance, own)| (!own).then_some(*entrance))
                    .collect();
                let Some((first, rest)) = written.split_first() else {
                    continue;
                };
                let able: Vec<u32> = first
                    .writers
                    .iter()
                    .filter(|node| !there.contains(*node))
                    .filter(|node| rest.iter().all(|entrance| entrance.writers.contains(*node)))
                    .collect();
                if able.is_empty() {
                    continue;
                }
                let control = backwards(network, accounts.into_iter());
                let able = able.into_iter().filter(|node| control.contains(*node));
                let new: Vec<u32> = able.collect();
                found.extend(new.iter().map(|node| (*node, reason(true, unknown))));
                there = backwards(network, there.iter().chain(new));
            }
        }
        found
    }

    fn entrance(&self, network: &Network, groups: &[Holder]) -> Entrance {
        let filled = groups.iter().filter_map(|group| self.filled.get(group));
        let targets: Vec<u32> = groups.iter().chain(filled).copied().collect();
        let is_target = NodeSet::of(network.nodes(), targets.iter().copied());
        let reason_of = |edge: &Edge| self.reasons.get(usize::try_from(edge.label).ok()?).copied();
        let by_self = |index: u32| {
            let reason = network.edge(index).and_then(|edge| reason_of(&edge));
            reason.is_some_and(|reason| reason.is_membership() || reason.adds_itself())
        };
        let selves = network.ways_to_by(&targets, &NodeSet::default(), by_self);
        let writers = network
            .edges()
            .iter()
            .filter(|edge| is_target.contains(edge.to))
            .filter(|edge| reason_of(edge).is_some_and(Reason::adds_anybody));
        Entrance {
            selves: reached(network, &selves),
            writers: backwards(network, writers.map(|edge| edge.from)),
        }
    }

    /// All accounts as those who log on, if these are all; else each of them.
    fn fewest(&self, accounts: &[u32]) -> Vec<u32> {
        match self.analysis.effective.tokens.authenticated() {
            Some(authenticated)
                if accounts.len() > 1 && accounts.len() == self.accounts().count() =>
            {
                vec![authenticated]
            }
            _ => accounts.to_vec(),
        }
    }
}

/// The nodes that have a way to one of `targets`, and those.
fn backwards(network: &Network, targets: impl Iterator<Item = u32>) -> NodeSet {
    let targets: Vec<u32> = targets.collect();
    reached(network, &network.ways_to(&targets, &NodeSet::default()))
}

fn reached(network: &Network, ways: &Ways) -> NodeSet {
    let all = 0..u32::try_from(network.nodes()).unwrap_or(u32::MAX);
    NodeSet::of(
        network.nodes(),
        all.filter(|node| ways.hops(*node).is_some()),
    )
}
