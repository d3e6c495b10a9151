//! Taking away a membership, an ACE that allows or an attribute opens no way, in domains that deny nothing.
//!
//! Only whether there is a way is compared, not its length: what everybody may is told of everybody, which is a step more
//! than of the group that may it besides.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{World, worlds};
use crate::frames::Analysis;
use crate::graph::network::NodeSet;
use crate::graph::random;
use crate::load::Kind;
use crate::paths::ControlGraph;

/// Persons by DN, with what they reach and whether that is tier 0.
type Reached = BTreeMap<String, (BTreeSet<String>, bool)>;

fn reached(world: &World) -> Reached {
    let analysis = Analysis::new(world.made().directory());
    let graph = ControlGraph::of(&analysis);
    let objects = || analysis.directory.objects.iter().zip(0_u32..);
    let persons = objects().filter(|(object, _)| object.kind.is_principal());
    persons
        .map(|(person, node)| {
            let ways = graph.network.ways_from(&[node], &NodeSet::default());
            let others = objects().filter(|(object, node)| {
                object.kind != Kind::ForeignPrincipal && ways.hops(*node).is_some()
            });
            let names = others.map(|(object, _)| object.dn.clone()).collect();
            (person.dn.clone(), (names, graph.hops(node).is_some()))
        })
        .collect()
}

/// A world with something less; `None` if there is nothing of that sort.
fn without(world: &World, sort: u8, which: usize) -> Option<World> {
    let mut less = world.clone();
    let among = |count: usize| (count > 0).then(|| which % count);
    match sort {
        0 => {
            less.domain
                .members
                .remove(among(less.domain.members.len())?);
        }
        1 => {
            less.domain
                .history
                .remove(among(less.domain.history.len())?);
        }
        2 => {
            let person = &mut less.domain.persons[among(world.domain.persons.len())?];
            // An account without one is taken for one of Domain Users, Computers or Controllers.
            if person.is_user() || person.is_controller() {
                return None;
            }
            person.primary = None;
        }
        3 => {
            let place = among(less.dacls.len())?;
            let lines = less.dacls[place].0.lines.as_mut().unwrap();
            let count = lines.len();
            let line = (count > 0).then(|| which / world.dacls.len() % count)?;
            if lines.remove(line).is_for_owners() {
                return None;
            }
        }
        4 => {
            // Of two values for one attribute the later counts: both go.
            let persons = less.domain.persons.len();
            let (what, on, _) = less.attributes[among(less.attributes.len())?];
            less.attributes
                .retain(|(other, whose, _)| (*other, whose % persons) != (what, on % persons));
        }
        5 => less.units[which % 3].0 = 0,
        _ => less.dmsa = false,
    }
    Some(less)
}

proptest! {
    // A failure is reported with its input; no file is left behind.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn less_opens_no_way(world in worlds(random::allowing()), sort in 0..7_u8, which in 0..10_000_usize) {
        let Some(less) = without(&world, sort, which) else { return Ok(()) };
        let (before, after) = (reached(&world), reached(&less));
        for (person, (names, tier0)) in after {
            let (all, was) = &before[&person];
            prop_assert!(names.is_subset(all), "{person} reaches {:?}", names.difference(all));
            prop_assert!(*was || !tier0, "{person} reaches tier 0");
        }
    }
}
