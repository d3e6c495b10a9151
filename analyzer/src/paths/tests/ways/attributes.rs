//! Ways by attributes that name another object, and by group policies.

use super::*;

#[test]
fn through_a_host_that_reads_a_managed_password() {
    let mut world = World::new();
    let host = world.host("host$", 1201);
    let gmsa = world.gmsa("(A;;RP;;;S-1-5-21-1-2-3-1201)");
    world
        .made
        .protect(host, &granting("WP", KEY_CREDENTIAL, 1100));
    let seen = world.seen();
    assert_eq!(seen.way(host), Some(vec!["read-password"]));
    assert_eq!(
        seen.way(world.low),
        Some(vec!["write-key-credential", "read-password"])
    );
    // Being named as the owner in that descriptor reads nothing; nor does a deny before the allow.
    let owner = world.made.sddl("O:S-1-5-21-1-2-3-1201D:(A;;RP;;;DA)");
    world.made.objects[gmsa].readers = Some(owner);
    assert_eq!(world.seen().way(host), None);
    let denied = world
        .made
        .sddl("O:DAD:(D;;RP;;;AU)(A;;RP;;;S-1-5-21-1-2-3-1201)");
    world.made.objects[gmsa].readers = Some(denied);
    assert_eq!(world.seen().way(host), None);
}

#[test]
fn through_delegation_by_resource() {
    let mut world = World::new();
    let (host, other) = (world.host("host$", 1201), world.host("other$", 1202));
    world.gmsa("(A;;RP;;;S-1-5-21-1-2-3-1201)");
    let act = world.made.sddl("O:BAD:(A;;GA;;;S-1-5-21-1-2-3-1202)");
    world.made.objects[host].allowed_to_act = Some(act);
    world
        .made
        .protect(host, &granting("WP", ALLOWED_TO_ACT, 1100));
    let seen = world.seen();
    assert_eq!(seen.way(other), Some(vec!["act-for", "read-password"]));
    assert_eq!(
        seen.way(world.low),
        Some(vec!["write-allowed-to-act", "read-password"])
    );
}

#[test]
fn through_a_group_policy() {
    let mut world = World::new();
    let policy_dn =
        format!("CN={{6AC1786C-016F-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{HEAD}");
    let policy = world.made.add("groupPolicyContainer", &policy_dn);
    world.made.protect(policy, &granting("WP", "", 1100));
    assert_eq!(world.seen().way(world.low), None, "nothing links it");
    let link = Some(format!("[LDAP://{policy_dn};0]"));
    let mut linked = world.clone();
    linked.made.objects[world.controllers]
        .policy_links
        .clone_from(&link);
    assert_eq!(
        linked.seen().way(world.low),
        Some(vec!["write-all"]),
        "it rules the controllers"
    );
    // Linked above a service account that is an administrator.
    world.service("svc", &format!("OU=Inner,{SERVERS}"), 1200, true);
    let inner = world
        .made
        .add("organizationalUnit", &format!("OU=Inner,{SERVERS}"));
    world.made.objects[world.servers]
        .policy_links
        .clone_from(&link);
    let way = vec![
        "write-all",
        "policy-linked",
        "policy-inherited",
        "policy-applies",
    ];
    assert_eq!(world.seen().way(world.low), Some(way));
    world.made.objects[inner].policy_options = Some(1);
    assert_eq!(world.seen().way(world.low), None, "inheritance is blocked");
    world.made.objects[world.servers].policy_links = Some(format!("[LDAP://{policy_dn};2]"));
    let way = vec!["write-all", "policy-linked", "policy-applies"];
    assert_eq!(
        world.seen().way(world.low),
        Some(way),
        "unless the link is enforced"
    );
    world.made.objects[world.servers].policy_links = Some(format!("[LDAP://{policy_dn};3]"));
    assert_eq!(world.seen().way(world.low), None, "the link is disabled");
}

#[test]
fn by_linking_a_policy() {
    let mut world = World::new();
    world.service("svc", &format!("OU=Inner,{SERVERS}"), 1200, true);
    let inner = world
        .made
        .add("organizationalUnit", &format!("OU=Inner,{SERVERS}"));
    world
        .made
        .protect(world.servers, &granting("WP", GP_LINK, 1100));
    let way = vec!["write-gplink", "policy-inherited", "policy-applies"];
    assert_eq!(world.seen().way(world.low), Some(way));
    // Who links may enforce the link, so that blocking does not help.
    world.made.objects[inner].policy_options = Some(1);
    assert!(world.seen().way(world.low).is_some());
}

#[test]
fn by_delegation_to_a_controller() {
    let mut world = World::new();
    let service = world.service("svc", SERVERS, 1200, false);
    world.made.objects[service].delegates_to = vec!["cifs/DC1.corp.example".to_owned()];
    assert_eq!(world.seen().way(service), Some(vec!["delegates"]));
    world.made.objects[service].delegates_to = vec!["cifs/dc9.corp.example".to_owned()];
    assert_eq!(world.seen().way(service), None);
}

#[test]
fn by_keeping_the_tickets_of_callers() {
    let mut world = World::new();
    let host = world.host("host$", 1201);
    world.made.objects[host].user_account_control = Some(0x8_1000);
    assert_eq!(world.seen().way(host), Some(vec!["unconstrained"]));
    world.made.objects[host].user_account_control = Some(0x8_1002);
    assert_eq!(world.seen().way(host), None, "the account is disabled");
}

#[test]
fn by_naming_the_folder_of_a_policy() {
    let mut world = World::new();
    let policy = world.made.add(
        "groupPolicyContainer",
        &format!("CN={{1}},CN=Policies,CN=System,{HEAD}"),
    );
    let path = "f30e3bc1-9ff0-11d1-b603-0000f80367c1";
    world.made.protect(policy, &granting("WP", path, 1100));
    world.made.objects[world.controllers].policy_links =
        Some(format!("[LDAP://CN={{1}},CN=Policies,CN=System,{HEAD};0]"));
    assert_eq!(world.seen().way(world.low), Some(vec!["write-policy-path"]));
}
