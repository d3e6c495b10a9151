//! Ways through groups, some of whose members are denied.

use super::*;

#[test]
fn through_nested_groups() {
    let mut world = World::new();
    let (inner, outer) = (world.group("inner", 1400), world.group("outer", 1401));
    let service = world.service("svc", SERVERS, 1200, true);
    world.made.member(inner, world.low);
    world.made.member(outer, inner);
    world.made.protect(service, &granting("GA", "", 1401));
    assert_eq!(
        world.seen().way(world.low),
        Some(vec!["member", "member", "full-control"])
    );
    // A distribution group stands in no token (MS-ADTS 2.2.12).
    world.made.objects[inner].group_type = Some(2);
    assert_eq!(world.seen().way(world.low), None);
}

/// `allowed` has full control of an administrator's service account, `denied` is denied it.
fn guarded() -> (World, usize, usize) {
    let mut world = World::new();
    let (allowed, denied) = (world.group("allowed", 1400), world.group("denied", 1401));
    let service = world.service("svc", SERVERS, 1200, true);
    let dacl = format!(
        "O:DAD:P(D;;GA;;;{})(A;;GA;;;{})(A;;GA;;;DA)",
        domain_sid(1401),
        domain_sid(1400)
    );
    world.made.protect(service, &dacl);
    // Both matter, so that who may change their members is looked at.
    let readers = format!(
        "O:DAD:(A;;RP;;;{})(A;;RP;;;{})",
        domain_sid(1400),
        domain_sid(1401)
    );
    let plain = world
        .made
        .principal("msDS-GroupManagedServiceAccount", "plain$", SERVERS, 1301);
    let readers = world.made.sddl(&readers);
    world.made.objects[plain].readers = Some(readers);
    (world, allowed, denied)
}

#[test]
fn the_denied_have_no_way_through_the_allowed() {
    let (mut world, allowed, denied) = guarded();
    let both = world.service("both", STAFF, 1210, false);
    let only = world.service("only", STAFF, 1211, false);
    world.made.member(allowed, both);
    world.made.member(denied, both);
    world.made.member(allowed, only);
    let seen = world.seen();
    assert_eq!(seen.way(both), None);
    assert_eq!(
        seen.way(only),
        Some(vec!["member-not-denied", "full-control"])
    );
}

#[test]
fn who_fills_the_allowed_group_has_a_way() {
    let (mut world, allowed, denied) = guarded();
    let both = world.service("both", STAFF, 1210, false);
    world.made.member(allowed, both);
    world.made.member(denied, both);
    world.made.protect(allowed, &granting("WP", MEMBER, 1100));
    assert_eq!(
        world.seen().way(world.low),
        Some(vec!["write-member", "full-control"])
    );
    // Whoever may fill a group within it comes in as well, unless all in there are denied.
    let inner = world.group("inner", 1402);
    world.made.member(allowed, inner);
    world.made.protect(allowed, ADMINS_ONLY);
    world.made.protect(inner, &granting("WP", MEMBER, 1100));
    assert!(world.seen().way(world.low).is_some());
    world.made.member(inner, both);
    assert!(
        world.seen().way(world.low).is_some(),
        "a member that is denied denies nobody else"
    );
    world.made.member(denied, inner);
    assert_eq!(world.seen().way(world.low), None, "whoever joins is denied");
}

#[test]
fn adding_oneself_helps_those_who_are_not_denied() {
    let (mut world, allowed, denied) = guarded();
    let both = world.service("both", STAFF, 1210, false);
    world.made.member(allowed, both);
    world.made.member(denied, both);
    world.made.protect(allowed, &granting("SW", MEMBER, 1100));
    assert!(world.seen().way(world.low).is_some());
    world.made.member(denied, world.low);
    world.made.member(allowed, world.low);
    assert_eq!(world.seen().way(world.low), None);
}

/// PRINCIPAL SELF in the permissions of a group is every member of it, of each group its own.
#[test]
fn a_group_that_its_members_control() {
    let mut world = World::new();
    let [one, other] = [("one", 1400), ("other", 1401)].map(|(name, rid)| world.group(name, rid));
    let reader = world.gmsa(&format!("(A;;RP;;;{})", domain_sid(1400)));
    for group in [one, other] {
        world.made.protect(group, "O:DAD:P(A;;WD;;;PS)(A;;GA;;;DA)");
        world.made.member(group, world.low);
    }
    let stranger = world.service("stranger", STAFF, 1402, false);
    let held = |seen: &Seen, group: usize| -> Vec<String> {
        let rows = seen.analysis.controls().rows.iter();
        rows.filter(|(place, _)| *place == group)
            .flat_map(|(_, held)| held.iter())
            .filter(|held| held.right == crate::graph::RightKind::WriteDacl)
            .filter_map(|held| seen.analysis.sid_of(held.holder))
            .map(|sid| sid.to_string())
            .collect()
    };
    let seen = world.seen();
    assert_eq!(held(&seen, one), [domain_sid(1400).to_string()]);
    assert_eq!(held(&seen, other), [domain_sid(1401).to_string()]);
    assert!(seen.between(world.low, reader).is_some());
    assert_eq!(seen.between(stranger, one), None);
    // Denied to its own members, the others keep it.
    let denied = "O:DAD:P(D;;WD;;;PS)(A;;WD;;;AU)(A;;GA;;;DA)";
    world.made.protect(one, denied);
    let seen = world.seen();
    assert!(seen.between(stranger, one).is_some());
    assert_eq!(
        seen.between(world.low, one)
            .map(|way| way.contains(&"write-dacl")),
        Some(false)
    );
}

/// A new computer is in Domain Computers: by the quota whoever logs on has one, and whoever may create one in a unit.
#[test]
fn through_domain_computers_by_a_new_one() {
    let mut world = World::new();
    let computers = world.group("Domain Computers", 515);
    world.made.protect(computers, ADMINS_ONLY);
    let reader = world.gmsa(&format!("(A;;RP;;;{})", domain_sid(515)));
    assert_eq!(world.seen().between(world.low, reader), None);
    let mut quota = world.clone();
    quota.made.machine_account_quota = Some(10);
    assert_eq!(
        quota.seen().between(world.low, reader),
        Some(vec!["everybody", "machine-account-quota", "read-password"])
    );
    let computer = "bf967a86-0de6-11d0-a285-00aa003049e2";
    world
        .made
        .protect(world.servers, &granting("CC", computer, 1100));
    assert_eq!(
        world.seen().between(world.low, reader),
        Some(vec!["creates-member", "read-password"])
    );
}
