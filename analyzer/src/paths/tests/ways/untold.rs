//! Ways that no page of another rule tells whole.

use super::{ADMINS_ONLY, RESET, Seen, World, ace};
use crate::load::made::{HEAD, sid};

impl Seen {
    /// The kinds of the steps that PR10 tells.
    fn untold(&self, place: usize) -> Vec<&'static str> {
        let node = u32::try_from(place).unwrap();
        let edges = self.graph.untold_way(&self.analysis, node).into_iter();
        edges
            .map(|edge| self.graph.edge(edge).unwrap().1.as_str())
            .collect()
    }
}

const RESETS: [&str; 1] = ["reset-password"];

/// A world with an account, and an administrator whose password it may reset.
fn with_another_way(world: &World, from: u32) -> World {
    let mut world = world.clone();
    let admin = world.service("svc-admin", HEAD, 1290, true);
    let right = ace("OA", "CR", RESET, from);
    world.made.protect(admin, &format!("{ADMINS_ONLY}{right}"));
    world
}

#[test]
fn a_delegation_is_told_by_its_own_rule_and_another_way_all_the_same() {
    let mut world = World::new();
    let service = world.service("svc-web", HEAD, 1200, false);
    world.made.objects[service].delegates_to = vec!["cifs/dc1.corp.example".to_owned()];
    assert_eq!(world.seen().way(service).unwrap(), ["delegates"]);
    assert_eq!(world.seen().untold(service), [""; 0]);
    let seen = with_another_way(&world, 1200).seen();
    assert_eq!(seen.way(service).unwrap(), ["delegates"]);
    assert_eq!(seen.untold(service), RESETS);
    // Who is disabled is left out there.
    world.made.objects[service].user_account_control = Some(0x202);
    assert_eq!(world.seen().untold(service), ["delegates"]);
}

#[test]
fn an_operator_is_told_by_his_membership_and_another_way_all_the_same() {
    let mut world = World::new();
    let operators = world.group("Backup Operators", 0);
    world.made.objects[operators].sid = Some(sid("S-1-5-32-551"));
    world.made.protect(operators, ADMINS_ONLY);
    let crew = world.group("Crew", 1201);
    world.made.member(operators, crew);
    let service = world.service("svc-backup", HEAD, 1200, false);
    world.made.member(crew, service);
    let seen = world.seen();
    assert_eq!(seen.way(service).unwrap(), ["member", "member", "operates"]);
    assert_eq!(seen.untold(service), [""; 0]);
    let seen = with_another_way(&world, 1200).seen();
    assert_eq!(seen.untold(service), RESETS);

    // Who fills a group of operators stays there when the membership goes.
    let mut fills = world.clone();
    let right = ace("A", "WP", "", 1200);
    fills
        .made
        .protect(operators, &format!("{ADMINS_ONLY}{right}"));
    assert_eq!(fills.seen().untold(service), ["write-all", "operates"]);

    // What controls the account itself leads it nowhere new.
    let right = ace("A", "GA", "", 1201);
    world
        .made
        .protect(service, &format!("{ADMINS_ONLY}{right}"));
    assert_eq!(world.seen().untold(service), [""; 0]);
}

#[test]
fn who_comes_to_a_told_step_from_elsewhere_is_told() {
    let mut world = World::new();
    let service = world.service("svc-web", HEAD, 1200, false);
    world.made.objects[service].delegates_to = vec!["cifs/dc1.corp.example".to_owned()];
    let other = world.service("svc-other", HEAD, 1202, false);
    let right = ace("OA", "CR", RESET, 1202);
    world
        .made
        .protect(service, &format!("{ADMINS_ONLY}{right}"));
    assert_eq!(world.seen().untold(other), ["reset-password", "delegates"]);
}
