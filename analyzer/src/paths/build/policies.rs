//! Edges of group policies: who may change or link one comes to the computers and users that it applies to.
//!
//! Deliberately looks at neither security nor WMI filters.

use std::collections::{BTreeSet, HashMap};

use super::super::Node;
use super::super::reason::Reason;
use super::Builder;
use crate::frames::Analysis;
use crate::load::{Kind, Object, policy_links};

/// gPOptions: policies of the units above do not apply (MS-GPOL 2.2.3).
const BLOCKS_INHERITANCE: i64 = 1;

impl Builder<'_> {
    /// The node of the policies that apply in a container.
    fn policy_node(&mut self, place: usize) -> u32 {
        if let Some(known) = self.policies.get(&place) {
            return *known;
        }
        let node = self.extra_node(Node::Policies(place));
        self.policies.insert(place, node);
        node
    }

    /// Where policies apply that are linked to a unit by whoever likes: there, and in units below that block inheritance,
    /// since a link can be enforced.
    pub(super) fn linkable(&mut self, place: usize) -> Vec<u32> {
        let below = self.blocked_below.get(&place).cloned().unwrap_or_default();
        std::iter::once(place)
            .chain(below)
            .map(|place| self.policy_node(place))
            .collect()
    }

    /// Group policies run as the computers and users they apply to. Security and WMI filters are not looked at.
    pub(super) fn add_policies(&mut self) {
        let directory = &self.analysis.directory;
        let mut enforced: HashMap<usize, Vec<u32>> = HashMap::new();
        for (place, object) in directory.objects.iter().enumerate() {
            if !is_unit(object) {
                continue;
            }
            for link in object
                .policy_links
                .iter()
                .flat_map(|links| policy_links(links))
            {
                let policy = directory
                    .place_of_dn(&link.policy)
                    .and_then(|policy| u32::try_from(policy).ok());
                let Some(policy) = policy else { continue };
                let here = self.policy_node(place);
                self.edge(policy, here, Reason::Linked);
                if link.enforced {
                    enforced.entry(place).or_default().push(policy);
                }
            }
        }
        let units: BTreeSet<usize> = directory
            .objects
            .iter()
            .enumerate()
            .filter(|(_, object)| is_unit(object))
            .map(|(place, _)| place)
            .collect();
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(parent) = directory.parent(object) else {
                continue;
            };
            // Containers have no links of their own, but policies pass through them.
            if is_unit(object) || object.kind == Kind::Container {
                if !blocks_inheritance(object) {
                    let (above, here) = (self.policy_node(parent), self.policy_node(place));
                    self.edge(above, here, Reason::BelowPolicy);
                } else {
                    for linked in above(self.analysis, object) {
                        for policy in enforced.get(&linked).into_iter().flatten() {
                            let here = self.policy_node(place);
                            self.edge(*policy, here, Reason::Linked);
                        }
                    }
                }
            } else if object.kind.is_principal()
                && let Ok(this) = u32::try_from(place)
            {
                let above = self.policy_node(parent);
                self.edge(above, this, Reason::Applies);
            }
        }
        // Full control of a unit includes linking policies to it.
        for place in units {
            let Ok(unit) = u32::try_from(place) else {
                continue;
            };
            if self.policies.contains_key(&place) || self.blocked_below.contains_key(&place) {
                for policies in self.linkable(place) {
                    self.edge(unit, policies, Reason::Contains);
                }
            }
        }
    }
}

pub(super) fn is_unit(object: &Object) -> bool {
    matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain)
}

fn blocks_inheritance(object: &Object) -> bool {
    object.policy_options.unwrap_or(0) & BLOCKS_INHERITANCE != 0
}

pub(super) fn blocked_below(analysis: &Analysis) -> HashMap<usize, Vec<usize>> {
    let directory = &analysis.directory;
    let mut below: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, object) in directory.objects.iter().enumerate() {
        if !is_unit(object) || !blocks_inheritance(object) {
            continue;
        }
        for above in above(analysis, object) {
            below.entry(above).or_default().push(place);
        }
    }
    below
}

/// What the object lies in, from its parent up.
fn above<'a>(analysis: &'a Analysis, object: &Object) -> impl Iterator<Item = usize> + 'a {
    let parent = analysis.directory.parent(object);
    std::iter::successors(parent, |above| {
        analysis.directory.parent(analysis.object(*above)?)
    })
}
