//! Rights of several parts that come together by joining groups.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::{Seen, World, granting};
use crate::load::made::domain_sid;
use crate::paths::Reason;

const CHANGES: &str = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2";
const ALL: &str = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2";
const ONE: u32 = 1400;
const OTHER: u32 = 1401;

/// Replication: one right for `changes`, the other for `all`, by RID.
fn replicated_by(world: &mut World, changes: u32, all: u32, more: &str) {
    let dacl = format!(
        "O:DAD:P{more}(OA;;CR;{CHANGES};;{})(OA;;CR;{ALL};;{})(A;;GA;;;DA)",
        domain_sid(changes),
        domain_sid(all)
    );
    world.made.protect(0, &dacl);
}

fn evidence(seen: &Seen, from: usize) -> String {
    let edges = seen.graph.way_to_tier0(u32::try_from(from).unwrap());
    let (_, reason) = seen.graph.edge(*edges.last().unwrap()).unwrap();
    assert!(matches!(reason, Reason::Together { .. }));
    reason.evidence(&seen.analysis)
}

#[test]
fn who_holds_one_part_and_adds_himself_to_the_group_with_the_other() {
    let mut world = World::new();
    let group = world.group("one", ONE);
    replicated_by(&mut world, 1100, ONE, "");
    world.made.protect(group, "O:DAD:P(A;;GA;;;DA)");
    assert_eq!(world.seen().way(world.low), None);
    for dacl in [
        granting("SW", super::MEMBER, 1100),
        granting("WP", super::MEMBER, 1100),
    ] {
        world.made.protect(group, &dacl);
        let seen = world.seen();
        assert_eq!(seen.way(world.low), Some(vec!["replicate-all"]));
        assert!(evidence(&seen, world.low).contains("it has all of them once it is put into one"));
        // Who is in the group already lacks the other part.
        assert_eq!(seen.way(group), None);
    }
    // What the members of the group are denied, he loses by joining it.
    let denied = format!("(OD;;CR;{CHANGES};;{})", domain_sid(ONE));
    replicated_by(&mut world, 1100, ONE, &denied);
    assert_eq!(world.seen().way(world.low), None);
}

#[test]
fn who_adds_himself_to_two_groups() {
    let mut world = World::new();
    let (one, other) = (world.group("one", ONE), world.group("other", OTHER));
    replicated_by(&mut world, ONE, OTHER, "");
    world
        .made
        .protect(one, &granting("SW", super::MEMBER, 1100));
    assert_eq!(world.seen().way(world.low), None);
    world
        .made
        .protect(other, &granting("WP", super::MEMBER, 1100));
    let seen = world.seen();
    assert_eq!(seen.way(world.low), Some(vec!["replicate-all"]));
    assert!(evidence(&seen, world.low).contains("put into one and other"));
}

/// It is enough to control an account that holds a part, and to be the one who puts it into the group.
#[test]
fn who_puts_another_account_into_the_group() {
    let mut world = World::new();
    let group = world.group("one", ONE);
    let holder = world.service("holder", super::STAFF, 1210, false);
    replicated_by(&mut world, 1210, ONE, "");
    world
        .made
        .protect(group, &granting("WP", super::MEMBER, 1100));
    assert_eq!(world.seen().way(world.low), None);
    world
        .made
        .protect(holder, &granting("CR", super::RESET, 1100));
    let seen = world.seen();
    assert_eq!(seen.way(world.low), Some(vec!["replicate-all"]));
    assert!(evidence(&seen, world.low).contains("an account that it controls"));
    assert_eq!(seen.way(holder), None);
    // Adding himself does not help the other account.
    world
        .made
        .protect(group, &granting("SW", super::MEMBER, 1100));
    assert_eq!(world.seen().way(world.low), None);
}

/// Everybody may join: told once, of all who log on.
#[test]
fn a_group_that_everybody_may_join() {
    let mut world = World::new();
    let group = world.group("one", ONE);
    let stranger = world.service("stranger", super::STAFF, 1210, false);
    let dacl = format!(
        "O:DAD:P(OA;;CR;{CHANGES};;AU)(OA;;CR;{ALL};;{})(A;;GA;;;DA)",
        domain_sid(ONE)
    );
    world.made.protect(0, &dacl);
    // The group alone is enough here: whoever is in it logs on.
    world.made.protect(
        group,
        &format!("O:DAD:P(OA;;SW;{};;AU)(A;;GA;;;DA)", super::MEMBER),
    );
    let seen = world.seen();
    for account in [world.low, stranger] {
        assert_eq!(seen.way(account).map(|way| way.len()), Some(3));
    }
}
