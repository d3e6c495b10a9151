//! Questions to the control graph and their answers, as JSON has them and as text is written from.
//!
//! Deliberately holds no layout: [`crate::command`] writes.

use serde::Serialize;

use super::{ControlGraph, Unseen};
use crate::frames::Analysis;
use crate::graph::network::{NodeSet, Ways};
use crate::load::Object;

/// One step of a chain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) from: String,
    /// The kind of edge.
    pub(crate) by: &'static str,
    #[serde(skip)]
    pub(crate) words: &'static str,
    pub(crate) to: String,
    pub(crate) to_dn: Option<String>,
    pub(crate) evidence: String,
    /// True for something to be done, false for what is there already, such as a membership.
    pub(crate) act: bool,
}

/// The shortest way from one node to another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Chain {
    pub(crate) from: String,
    pub(crate) from_dn: Option<String>,
    pub(crate) to: String,
    pub(crate) hops: u32,
    pub(crate) steps: Vec<Step>,
}

impl Chain {
    /// In one line: "svc-web is in Web → may reset the password of svc-sql".
    pub(crate) fn in_words(&self) -> String {
        let steps = self
            .steps
            .iter()
            .map(|step| format!("{} {}", step.words, step.to));
        format!("{} {}", self.from, steps.collect::<Vec<_>>().join(" → "))
    }
}

/// All that leads from one node to another, and whose ways depend on it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChokePoint {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Users, computers and managed accounts outside tier 0 that reach it now and would not any more.
    pub(crate) cuts: u32,
    pub(crate) steps: Vec<Step>,
}

/// How many are how far from tier 0.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Distance {
    pub(crate) hops: u32,
    pub(crate) principals: usize,
}

/// A service account and who can take it over.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Exposed {
    pub(crate) account: String,
    pub(crate) dn: String,
    pub(crate) tier0: bool,
    /// Users, computers and managed accounts outside tier 0 that can take it over.
    pub(crate) taken_over_by: u32,
}

/// The whole graph in outline.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Overview {
    pub(crate) nodes: usize,
    pub(crate) edges: usize,
    /// Users, computers and managed accounts outside tier 0.
    pub(crate) principals: usize,
    /// Those of them that reach tier 0.
    pub(crate) reaching: u32,
    pub(crate) distances: Vec<Distance>,
    /// Why ways may be missing.
    pub(crate) not_evaluated: Unseen,
    /// Everyone, Authenticated Users, Domain Users, …: from them everybody reaches tier 0.
    pub(crate) everybody: Vec<Chain>,
    /// Service accounts outside tier 0 that reach it, nearest first.
    pub(crate) service_accounts: Vec<Chain>,
    /// Service accounts that somebody outside tier 0 can take over, most exposed first.
    pub(crate) exposed: Vec<Exposed>,
    pub(crate) chokes: Vec<ChokePoint>,
    pub(crate) left_out: LeftOut,
}

/// How many of each list of an [`Overview`] are not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) service_accounts: usize,
    pub(crate) exposed: usize,
    pub(crate) chokes: usize,
}

/// Who reaches an object, or what an object reaches.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Towards {
    /// How many there are; not all chains need be told.
    pub(crate) count: usize,
    pub(crate) chains: Vec<Chain>,
    /// How many chains are not told.
    pub(crate) left_out: usize,
}

/// A service account in the control graph.
#[derive(Debug, Clone)]
pub(crate) struct Takeover {
    pub(crate) place: usize,
    /// Steps to tier 0; `None` if no way is seen, 0 in tier 0.
    pub(crate) tier0_hops: Option<u32>,
    /// The shortest way to tier 0 in words.
    pub(crate) tier0_way: Option<String>,
    /// Edges of the shortest way to tier 0 that no other rule tells whole; `None` if there is none, and in tier 0.
    pub(crate) untold_hops: Option<u32>,
    /// That way in words.
    pub(crate) untold_way: Option<String>,
    /// Users, computers and managed accounts outside tier 0 that can take it over.
    pub(crate) taken_over_by: u32,
    /// Service accounts that it can take over.
    pub(crate) reaches: u32,
    /// Whoever logs on can take it over.
    pub(crate) by_everybody: bool,
}

impl ControlGraph {
    /// Every service account in the order of the snapshot, found when it is first asked for.
    pub(crate) fn takeovers(&self, analysis: &Analysis) -> &[Takeover] {
        self.takeovers
            .get_or_init(|| self.takeovers_of(analysis, &service_accounts(analysis)))
    }

    /// Any other object; the whole graph is walked for it.
    pub(crate) fn takeover(&self, analysis: &Analysis, node: u32) -> Option<Takeover> {
        self.takeovers_of(analysis, &[node]).pop()
    }

    /// Of these, in their order. The whole graph is walked once for all.
    pub(crate) fn takeovers_of(&self, analysis: &Analysis, nodes: &[u32]) -> Vec<Takeover> {
        let accounts = NodeSet::of(self.network.nodes(), service_accounts(analysis));
        let by = self
            .network
            .counts_reaching(nodes, self.sources(), &self.closed);
        let reaches = self.counts_reachable_from(nodes, &accounts);
        let everybody: Vec<u32> = analysis.effective.tokens.everybody().to_vec();
        let from_everybody = self.network.ways_from(&everybody, &self.closed);
        nodes
            .iter()
            .zip(by.into_iter().zip(reaches))
            .map(|(node, (taken_over_by, reaches))| {
                let untold = self.chain(analysis, *node, &self.untold_way(analysis, *node));
                Takeover {
                    place: *node as usize,
                    tier0_hops: self.hops(*node),
                    tier0_way: self.to_tier0(analysis, *node).map(|chain| chain.in_words()),
                    untold_hops: untold.as_ref().map(|chain| chain.hops),
                    untold_way: untold.map(|chain| chain.in_words()),
                    taken_over_by,
                    reaches,
                    by_everybody: from_everybody.hops(*node).is_some(),
                }
            })
            .collect()
    }

    /// The graph in outline, with at most `most` of each list.
    pub(crate) fn overview(&self, analysis: &Analysis, most: usize) -> Overview {
        let mut distances: Vec<usize> = Vec::new();
        for hops in self.sources().iter().filter_map(|node| self.hops(node)) {
            let place = hops as usize;
            if distances.len() <= place {
                distances.resize(place + 1, 0);
            }
            if let Some(count) = distances.get_mut(place) {
                *count += 1;
            }
        }
        let mut chokes = self.chokes(usize::MAX);
        // That somebody depends on what is his own is no news.
        chokes.pairs.retain(|choke| choke.sources > 1);
        let mut service: Vec<(u32, &Object)> = Vec::new();
        let mut everybody = Vec::new();
        for (object, node) in analysis.directory.objects.iter().zip(0_u32..) {
            if object.is_service_account() {
                service.push((node, object));
            }
        }
        for holder in 0..u32::try_from(analysis.effective.tokens.len()).unwrap_or(u32::MAX) {
            let broad = analysis
                .sid_of(holder)
                .is_some_and(|sid| analysis.principals.is_broad(sid));
            if broad && !self.is_tier0(holder) && self.hops(holder).is_some() {
                everybody.extend(self.to_tier0(analysis, holder));
            }
        }
        let nodes: Vec<u32> = service.iter().map(|(node, _)| *node).collect();
        let counts = self
            .network
            .counts_reaching(&nodes, self.sources(), &self.closed);
        let mut exposed: Vec<Exposed> = service
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|((node, object), count)| Exposed {
                account: object.display_name().to_owned(),
                dn: object.dn.clone(),
                tier0: self.is_tier0(*node),
                taken_over_by: count,
            })
            .collect();
        exposed.sort_by(|a, b| {
            (b.tier0, b.taken_over_by, &a.dn).cmp(&(a.tier0, a.taken_over_by, &b.dn))
        });
        let mut reaching: Vec<(u32, u32)> = service
            .iter()
            .filter(|(node, _)| !self.is_tier0(*node))
            .filter_map(|(node, _)| Some((self.hops(*node)?, *node)))
            .collect();
        reaching.sort_unstable();
        let left_out = LeftOut {
            service_accounts: reaching.len().saturating_sub(most),
            exposed: exposed.len().saturating_sub(most),
            chokes: chokes.pairs.len().saturating_sub(most),
        };
        exposed.truncate(most);
        reaching.truncate(most);
        Overview {
            nodes: self.network.nodes(),
            edges: self.network.edges().len(),
            principals: self.sources().len(),
            reaching: chokes.reaching,
            distances: (0..)
                .zip(distances)
                .filter(|(_, principals)| *principals > 0)
                .map(|(hops, principals)| Distance { hops, principals })
                .collect(),
            not_evaluated: Unseen::of(analysis),
            everybody,
            service_accounts: reaching
                .iter()
                .filter_map(|(_, node)| self.to_tier0(analysis, *node))
                .collect(),
            exposed,
            chokes: chokes
                .pairs
                .iter()
                .take(most)
                .filter_map(|choke| {
                    let steps: Vec<Step> = choke
                        .edges
                        .clone()
                        .filter_map(|edge| self.step(analysis, edge))
                        .collect();
                    let first = steps.first()?;
                    Some(ChokePoint {
                        from: first.from.clone(),
                        to: first.to.clone(),
                        cuts: choke.sources,
                        steps,
                    })
                })
                .collect(),
            left_out,
        }
    }

    /// The shortest way to tier 0; `None` if there is none or the node is in tier 0 itself.
    pub(crate) fn to_tier0(&self, analysis: &Analysis, node: u32) -> Option<Chain> {
        self.hops(node).filter(|hops| *hops > 0)?;
        self.chain(analysis, node, &self.way_to_tier0(node))
    }

    /// The shortest way from one node to another, through tier 0 only if it begins there.
    pub(crate) fn between(&self, analysis: &Analysis, from: u32, to: u32) -> Option<Chain> {
        let ways = self.network.ways_to(&[to], &self.barrier(from));
        ways.hops(from).filter(|hops| *hops > 0)?;
        self.chain(analysis, from, &ways.edges(from))
    }

    /// Users, computers and managed accounts outside tier 0 that reach a node, nearest first.
    pub(crate) fn reaching(&self, analysis: &Analysis, to: u32, most: usize) -> Towards {
        let ways = self.network.ways_to(&[to], &self.closed);
        let sources = self.sources().iter().filter(|source| *source != to);
        self.towards(analysis, &ways, sources.collect(), most, |node| node)
    }

    /// The nearest of those in [`Self::reaching`], found without looking at the whole graph.
    pub(crate) fn nearest_reaching(&self, analysis: &Analysis, to: u32, most: usize) -> Vec<Chain> {
        let near = self
            .network
            .nearest_reaching(to, self.sources(), &self.closed, most);
        near.iter()
            .filter_map(|(node, edges)| self.chain(analysis, *node, edges))
            .collect()
    }

    /// Service accounts that a node reaches, nearest first.
    pub(crate) fn reached(&self, analysis: &Analysis, from: u32, most: usize) -> Towards {
        let ways = self.network.ways_from(&[from], &self.barrier(from));
        let objects = analysis.directory.objects.iter().zip(0_u32..);
        let accounts = objects
            .filter(|(object, _)| object.is_service_account())
            .map(|(_, node)| node);
        self.towards(
            analysis,
            &ways,
            accounts.filter(|node| *node != from).collect(),
            most,
            |_| from,
        )
    }

    /// Tier 0 ends a way, unless the way begins there.
    fn barrier(&self, from: u32) -> NodeSet {
        if self.is_tier0(from) {
            NodeSet::default()
        } else {
            self.closed.clone()
        }
    }

    fn towards(
        &self,
        analysis: &Analysis,
        ways: &Ways,
        nodes: Vec<u32>,
        most: usize,
        start: impl Fn(u32) -> u32,
    ) -> Towards {
        let mut found: Vec<(u32, u32)> = nodes
            .into_iter()
            .filter_map(|node| Some((ways.hops(node)?, node)))
            .collect();
        found.sort_unstable();
        Towards {
            count: found.len(),
            left_out: found.len().saturating_sub(most),
            chains: found
                .iter()
                .take(most)
                .filter_map(|(_, node)| self.chain(analysis, start(*node), &ways.edges(*node)))
                .collect(),
        }
    }

    pub(super) fn chain(&self, analysis: &Analysis, from: u32, edges: &[u32]) -> Option<Chain> {
        let steps: Vec<Step> = edges
            .iter()
            .filter_map(|edge| self.step(analysis, *edge))
            .collect();
        let dn = |node: u32| self.dn(analysis, node);
        Some(Chain {
            from: self.name(analysis, from),
            from_dn: dn(from),
            to: steps.last()?.to.clone(),
            hops: u32::try_from(steps.len()).ok()?,
            steps,
        })
    }

    fn step(&self, analysis: &Analysis, edge: u32) -> Option<Step> {
        let (edge, reason) = self.edge(edge)?;
        Some(Step {
            from: self.name(analysis, edge.from),
            by: reason.as_str(),
            words: reason.words(),
            to: self.name(analysis, edge.to),
            to_dn: self.dn(analysis, edge.to),
            evidence: reason.evidence(analysis),
            act: reason.is_an_act(),
        })
    }

    fn dn(&self, analysis: &Analysis, node: u32) -> Option<String> {
        let place = analysis.effective.tokens.place(node)?;
        analysis.object(place).map(|object| object.dn.clone())
    }
}

/// Nodes of the service accounts, in the order of the snapshot.
fn service_accounts(analysis: &Analysis) -> Vec<u32> {
    let objects = analysis.directory.objects.iter().zip(0_u32..);
    objects
        .filter(|(object, _)| object.is_service_account())
        .map(|(_, node)| node)
        .collect()
}
