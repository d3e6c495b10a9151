//! What taking an object over is worth, and why.
//!
//! Owns the impact of the score: by what an object is itself, which the frame `accounts` tells, and by what it reaches in
//! the control graph, which the report adds. Deliberately does not know findings.

use std::collections::{HashMap, HashSet};

use coldcase_winsec::Sid;

use super::accounts::host_part;
use super::analysis::Analysis;
use super::delegations::PROTOCOL_TRANSITION;
use crate::graph::GroupClass;
use crate::graph::network::NodeSet;
use crate::load::{Kind, Object};

/// What taking an object over is worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Impact {
    /// 0 to 1.
    pub(crate) worth: f64,
    /// Why, in a few words.
    pub(crate) reason: String,
}

impl Impact {
    fn new(worth: f64, reason: impl Into<String>) -> Self {
        Self {
            worth,
            reason: reason.into(),
        }
    }
}

/// What is known of an account before it is weighed.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    enabled: Option<bool>,
    /// Why it is as good as tier 0.
    tier0: Option<&'static str>,
    /// Why it is worth more than another account.
    strong: Option<&'static str>,
    /// Steps to tier 0 in the control graph.
    hops: Option<u32>,
    /// Computers that it can take over.
    hosts: u32,
    /// Computers from which on that is worth half of a domain.
    many_hosts: u32,
}

/// Never less with a way more in the control graph: every term only rises with what is reached.
fn impact(standing: Standing) -> Impact {
    if standing.enabled == Some(false) {
        return Impact::new(0.05, "disabled");
    }
    if let Some(reason) = standing.tier0 {
        return Impact::new(1.0, reason);
    }
    match standing.hops {
        Some(1) => return Impact::new(1.0, "one step from tier 0"),
        Some(hops) => return Impact::new(1.0, format!("{hops} steps from tier 0")),
        None => {}
    }
    if let Some(reason) = standing.strong {
        return Impact::new(0.5, reason);
    }
    if standing.hosts >= standing.many_hosts {
        return Impact::new(0.5, format!("takes over {} computers", standing.hosts));
    }
    Impact::new(0.2, "an account")
}

/// What taking over any object is worth, found once for all of them.
pub(crate) struct Impacts<'a> {
    analysis: &'a Analysis,
    replicators: HashSet<Sid>,
    tier0_predecessor: HashSet<i64>,
    operators: HashSet<usize>,
    tier0_spns: HashSet<String>,
    /// Computers that a service account can take over, by place; empty unless the control graph was asked.
    hosts: Option<HashMap<usize, u32>>,
}

impl<'a> Impacts<'a> {
    /// By what each object is itself.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let directory = &analysis.directory;
        let mut operators = HashSet::new();
        let mut tier0_spns = HashSet::new();
        for (place, object) in directory.objects.iter().enumerate() {
            let class = analysis.principals.group_class(directory, place);
            if class == Some(GroupClass::Operators) {
                let members = analysis.memberships.all_members(place, |_| true);
                operators.extend(members.iter().map(|member| member.place));
            }
            if analysis.principals.is_tier0(place) {
                tier0_spns.extend(object.spns.iter().map(|spn| host_part(spn)));
                tier0_spns.extend(object.host_name.iter().map(|name| name.to_lowercase()));
            }
        }
        let tier0_predecessor = directory
            .links("msDS-ManagedAccountPrecededByLink")
            .iter()
            .filter(|(_, target)| {
                directory
                    .place(*target)
                    .is_some_and(|place| analysis.principals.is_tier0(place))
            })
            .map(|(dmsa, _)| *dmsa)
            .collect();
        Self {
            replicators: analysis.controls().replicators(analysis),
            analysis,
            tier0_predecessor,
            operators,
            tier0_spns,
            hosts: None,
        }
    }

    /// By what each object is itself, and by what it reaches in the control graph.
    pub(crate) fn along_the_graph(analysis: &'a Analysis) -> Self {
        let graph = analysis.control_graph();
        let (mut accounts, mut computers) = (Vec::new(), Vec::new());
        for (object, node) in analysis.directory.objects.iter().zip(0_u32..) {
            if object.is_service_account() {
                accounts.push(node);
            }
            if object.kind == Kind::Computer {
                computers.push(node);
            }
        }
        let computers = NodeSet::of(graph.network.nodes(), computers);
        let counts = graph.counts_reachable_from(&accounts, &computers);
        let hosts = accounts.iter().map(|node| *node as usize).zip(counts);
        Self {
            hosts: Some(hosts.collect()),
            ..Self::new(analysis)
        }
    }

    /// The domain and KDS root keys are worth everything; groups, containers and the like half of it unless they are
    /// tier 0 or lead there.
    pub(crate) fn of(&self, place: usize) -> Impact {
        let hops = self.hosts.as_ref().and_then(|_| {
            let node = u32::try_from(place).ok()?;
            self.analysis.control_graph().hops(node)
        });
        match self.analysis.object(place) {
            Some(object) if object.kind.is_principal() => {
                impact(self.standing(place, object, hops))
            }
            Some(object) if object.kind == Kind::Domain => Impact::new(1.0, "the domain"),
            Some(object) if object.kind == Kind::KdsRootKey => Impact::new(1.0, "a KDS root key"),
            _ if self.analysis.principals.is_tier0(place) => Impact::new(1.0, "tier 0"),
            _ => match hops {
                Some(0) => Impact::new(1.0, "tier 0"),
                Some(1) => Impact::new(1.0, "one step from tier 0"),
                Some(hops) => Impact::new(1.0, format!("{hops} steps from tier 0")),
                None => Impact::new(0.5, "many may depend on it"),
            },
        }
    }

    /// Why an account gives more than another, in a few words. Being disabled does not count: whoever succeeds it has its
    /// rights all the same.
    pub(crate) fn strength(&self, place: usize) -> Option<String> {
        let object = self.analysis.object(place)?;
        let Standing { tier0, strong, .. } = self.standing(place, object, None);
        if let Some(reason) = tier0 {
            return Some(reason.to_owned());
        }
        if let Some(group) = self.privileged_group(place) {
            return Some(format!("in {}", group.display_name()));
        }
        let transition = (object.has_flag(PROTOCOL_TRANSITION) == Some(true))
            .then_some("may act as anybody (protocol transition)");
        strong.or(transition).map(str::to_owned)
    }

    /// The first privileged group in the token, SIDs of the past included.
    fn privileged_group(&self, place: usize) -> Option<&Object> {
        let directory = &self.analysis.directory;
        let roots = self.analysis.principals.token_roots(directory, place);
        let reached = self.analysis.memberships.all_groups(&roots);
        let class = |place: &usize| self.analysis.principals.group_class(directory, *place);
        let reached = reached.iter().map(|group| group.place);
        let mut places = roots.into_iter().chain(reached);
        let privileged = places.find(|place| class(place).is_some())?;
        self.analysis.object(privileged)
    }

    fn standing(&self, place: usize, object: &Object, hops: Option<u32>) -> Standing {
        let replicates = || {
            let sid = object.sid.as_ref();
            let token = sid.map(|sid| self.analysis.token(sid)).unwrap_or_default();
            !token.is_disjoint(&self.replicators)
        };
        let delegates = || {
            let mut targets = object.delegates_to.iter();
            targets.any(|spn| self.tier0_spns.contains(&host_part(spn)))
        };
        let tier0 = if self.analysis.principals.is_tier0(place) || hops == Some(0) {
            Some("tier 0")
        } else if self.tier0_predecessor.contains(&object.id) {
            Some("succeeds an account of tier 0")
        } else if delegates() {
            Some("may impersonate anybody to tier 0")
        } else if !self.replicators.is_empty() && replicates() {
            Some("may replicate every password")
        } else {
            None
        };
        let strong = if self.operators.contains(&place) {
            Some("an operator")
        } else if object.is_trusted_for_delegation() == Some(true) {
            Some("may impersonate whoever calls it")
        } else {
            None
        };
        let hosts = self.hosts.as_ref().and_then(|hosts| hosts.get(&place));
        Standing {
            enabled: object.enabled(),
            tier0,
            strong,
            hops,
            hosts: hosts.copied().unwrap_or(0),
            many_hosts: self.analysis.assumptions.thresholds.many_hosts,
        }
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::graph::network::{Edge, Network};
    use crate::load::made::{HEAD, Made, sid};

    fn worth(enabled: Option<bool>, hops: Option<u32>, hosts: u32) -> f64 {
        impact(Standing {
            enabled,
            hops,
            hosts,
            many_hosts: 10,
            ..Standing::default()
        })
        .worth
    }

    #[test]
    fn a_disabled_account_has_its_strength_all_the_same() {
        let mut made = Made::new();
        let strong = made.principal("user", "svc-backup", HEAD, 1103);
        let nested = made.principal("user", "svc-policy", HEAD, 1104);
        let plain = made.principal("user", "svc-web", HEAD, 1105);
        let relay = made.principal("user", "svc-relay", HEAD, 1106);
        let acts = made.principal("user", "svc-acts", HEAD, 1107);
        for place in [strong, nested, plain, relay, acts] {
            made.objects[place].user_account_control = Some(0x202);
        }
        made.objects[relay].user_account_control = Some(0x8_0202);
        made.objects[acts].user_account_control = Some(0x100_0202);
        let operators = made.principal("group", "Backup Operators", HEAD, 551);
        made.objects[operators].sid = Some(sid("S-1-5-32-551"));
        made.member(operators, strong);
        let creators = made.principal("group", "Group Policy Creator Owners", HEAD, 520);
        let crew = made.principal("group", "Policy Crew", HEAD, 1200);
        made.member(creators, crew);
        made.member(crew, nested);
        let analysis = Analysis::new(made.directory());
        let impacts = Impacts::new(&analysis);
        assert_eq!(impacts.of(strong).worth, 0.05);
        let strength = |place| impacts.strength(place);
        assert_eq!(strength(strong).as_deref(), Some("in Backup Operators"));
        assert_eq!(
            strength(nested).as_deref(),
            Some("in Group Policy Creator Owners")
        );
        assert_eq!(
            strength(relay).as_deref(),
            Some("may impersonate whoever calls it")
        );
        assert_eq!(
            strength(acts).as_deref(),
            Some("may act as anybody (protocol transition)")
        );
        assert_eq!(strength(plain), None);
    }

    #[test]
    fn the_steps() {
        assert_eq!(worth(Some(true), None, 0), 0.2);
        assert_eq!(worth(None, None, 9), 0.2);
        assert_eq!(worth(None, None, 10), 0.5);
        assert_eq!(worth(None, Some(7), 0), 1.0);
        assert_eq!(worth(Some(false), Some(1), 99), 0.05);
    }

    proptest! {
        /// Cutting any step of the control graph never makes any account worth more, so it never raises the exposure.
        #[test]
        fn a_way_less_never_makes_it_worth_more(
            pairs in vec((0_u32..14, 0_u32..14), 1..60),
            cut in 0_usize..60,
            enabled in option::of(any::<bool>()),
        ) {
            let edges: Vec<Edge> = pairs
                .iter()
                .zip(0_u32..)
                .map(|((from, to), label)| Edge { from: *from, to: *to, label })
                .collect();
            let mut fewer = edges.clone();
            fewer.remove(cut % edges.len());
            // Nodes 0 and 1 are tier 0, 2 to 13 are computers of which twelve are enough to count as many.
            let worths = |edges: Vec<Edge>| -> Vec<f64> {
                let network = Network::new(14, edges);
                let closed = NodeSet::of(14, [0, 1]);
                let computers = NodeSet::of(14, 2..14);
                let ways = network.ways_to(&[0, 1], &closed);
                let nodes: Vec<u32> = (0..14).collect();
                let counts = network.counts_reachable_from(&nodes, &computers, &closed);
                nodes
                    .iter()
                    .zip(counts)
                    .map(|(node, hosts)| worth(enabled, ways.hops(*node), hosts))
                    .collect()
            };
            for (less, more) in worths(fewer).into_iter().zip(worths(edges)) {
                prop_assert!(less <= more);
            }
        }
    }
}
