//! Ways by permissions.

use super::*;

#[test]
fn without_rights_there_is_no_way() {
    let world = World::new();
    let (low, admins, controllers, controller) =
        (world.low, world.admins, world.controllers, world.controller);
    let seen = world.seen();
    assert_eq!(seen.way(low), None);
    for place in [0, admins, controllers, controller] {
        assert_eq!(seen.way(place), Some(vec![]), "{place} is tier 0");
    }
}

#[test]
fn as_the_owner() {
    let mut world = World::new();
    let service = world.service("svc", SERVERS, 1200, true);
    let owned = |more: &str| format!("O:{}D:P(A;;GA;;;DA){more}", domain_sid(1100));
    world.made.protect(service, &owned(""));
    assert_eq!(world.seen().way(world.low), Some(vec!["owner"]));
    // An ACE for OWNER RIGHTS takes the implicit rights away (MS-DTYP 2.4.2.4).
    world.made.protect(service, &owned("(A;;LC;;;OW)"));
    assert_eq!(world.seen().way(world.low), None);
}

#[test]
fn owners_of_computers_are_blocked_by_the_heuristics() {
    let mut world = World::new();
    let host = world.host("host$", 1201);
    let gmsa = world.gmsa("(A;;RP;;;S-1-5-21-1-2-3-1201)");
    world
        .made
        .protect(host, &format!("O:{}D:P(A;;GA;;;DA)", domain_sid(1100)));
    assert_eq!(
        world.seen().way(world.low),
        Some(vec!["owner", "read-password"])
    );
    let mut digits = "00000000010000000002000000000".to_owned();
    digits.replace_range(28..29, "1");
    world.made.ds_heuristics = Some(digits);
    assert_eq!(world.seen().way(world.low), None);
    assert_eq!(world.seen().way(gmsa), Some(vec![]));
}

#[test]
fn by_resetting_a_password_unless_denied() {
    let mut world = World::new();
    let service = world.service("svc", SERVERS, 1200, true);
    world.made.protect(service, &granting("CR", RESET, 1100));
    assert_eq!(world.seen().way(world.low), Some(vec!["reset-password"]));
    let denied = format!(
        "O:DAD:P(OD;;CR;{RESET};;WD)(OA;;CR;{RESET};;{})(A;;GA;;;DA)",
        domain_sid(1100)
    );
    world.made.protect(service, &denied);
    assert_eq!(world.seen().way(world.low), None);
}

#[test]
fn through_a_unit_to_what_inherits_from_it() {
    let mut world = World::new();
    let open = world.service("open", SERVERS, 1200, true);
    world.made.protect(open, "O:DAD:(A;;GA;;;DA)");
    let closed = world.service("closed", SERVERS, 1201, true);
    world.made.protect(world.servers, &granting("WD", "", 1100));
    let seen = world.seen();
    assert_eq!(
        seen.between(world.low, open),
        Some(vec!["write-dacl", "contains"])
    );
    // Its own DACL inherits nothing. Policies apply to it all the same.
    let way = vec!["write-dacl", "contains", "policy-applies"];
    assert_eq!(seen.between(world.low, closed), Some(way));
    assert_eq!(seen.way(world.low).map(|way| way.len()), Some(2));
}

#[test]
fn through_the_template_of_protected_permissions() {
    let mut world = World::new();
    world.made.add("container", &format!("CN=System,{HEAD}"));
    let template = world
        .made
        .add("container", &format!("CN=AdminSDHolder,CN=System,{HEAD}"));
    world.made.protect(template, &granting("WD", "", 1100));
    let seen = world.seen();
    assert_eq!(seen.way(world.low), Some(vec!["write-dacl"]));
    assert_eq!(seen.way(template), Some(vec![]));
    // What is no right over a container is one over those it is copied to.
    world.made.protect(template, &granting("CR", RESET, 1100));
    assert_eq!(world.seen().way(world.low), Some(vec!["reset-password"]));
    world.made.protect(template, &granting("WP", "", 1100));
    assert_eq!(world.seen().way(world.low).map(|way| way.len()), Some(1));
    world.made.protect(template, &granting("RP", "", 1100));
    assert_eq!(world.seen().way(world.low), None);
}

#[test]
fn by_creating_a_dmsa_where_a_controller_knows_them() {
    let mut world = World::new();
    world
        .made
        .protect(world.servers, &granting("CC", DELEGATED, 1100));
    assert_eq!(world.seen().way(world.low), None);
    world.made.objects[world.controller].operating_system =
        Some("Windows Server 2025 Datacenter".to_owned());
    assert_eq!(world.seen().way(world.low), Some(vec!["badsuccessor"]));
    // What is not known is not taken for an older system.
    world.made.objects[world.controller].operating_system = None;
    assert_eq!(world.seen().way(world.low), Some(vec!["badsuccessor"]));
    // The published mitigation: a deny of the class before the allow. It takes one of each sort of unit as well.
    let denying = |classes: &[&str]| {
        let denies = classes
            .iter()
            .map(|class| format!("(OD;;CC;{class};;AU)"))
            .collect::<String>();
        let low = domain_sid(1100);
        format!("O:DAD:P{denies}(A;;CC;;;{low})(A;;GA;;;DA)")
    };
    world.made.protect(world.servers, &denying(&[DELEGATED]));
    assert_eq!(world.seen().way(world.low), Some(vec!["badsuccessor"]));
    let all = denying(&[DELEGATED, UNIT, CONTAINER]);
    world.made.protect(world.servers, &all);
    assert_eq!(world.seen().way(world.low), None);
    // A right to create another class is none.
    world.made.protect(
        world.servers,
        &granting("CC", "bf967a86-0de6-11d0-a285-00aa003049e2", 1100),
    );
    assert_eq!(world.seen().way(world.low), None);
    // Only for what lies below.
    world.made.protect(
        world.servers,
        &format!("O:DAD:P(A;CIIO;CC;;;{})(A;;GA;;;DA)", domain_sid(1100)),
    );
    assert_eq!(world.seen().way(world.low), None);
}

/// Where creating dMSAs is denied in the unit alone, a unit below it is one's own.
#[test]
fn by_creating_a_unit_in_one_where_dmsas_are_denied() {
    let mut world = World::new();
    world.made.objects[world.controller].operating_system =
        Some("Windows Server 2025 Datacenter".to_owned());
    let of = |flags: &str| {
        format!(
            "O:DAD:P(OD;{flags};CC;{DELEGATED};;AU)(OA;;CC;{UNIT};;{})(A;;GA;;;DA)",
            domain_sid(1100)
        )
    };
    world.made.protect(world.servers, &of(""));
    assert_eq!(world.seen().way(world.low), Some(vec!["badsuccessor"]));
    // Inherited, the deny meets him there too; but as the owner he takes it away.
    world.made.protect(world.servers, &of("CI"));
    assert_eq!(world.seen().way(world.low), Some(vec!["badsuccessor"]));
    // Unless the owner's rights are denied below as well.
    let closed = of("CI").replace("(A;;GA", "(A;CIIO;RC;;;OW)(A;;GA");
    world.made.protect(world.servers, &closed);
    assert_eq!(world.seen().way(world.low), None);
}

#[test]
fn by_reading_the_key_that_passwords_are_derived_from() {
    let mut world = World::new();
    let name = "8a1a2f70-7e33-4b2c-9a55-0d9b1f6c2e11";
    let keys = format!(
        "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,CN=Configuration,{HEAD}"
    );
    let key = world
        .made
        .add("msKds-ProvRootKey", &format!("CN={name},{keys}"));
    world.made.objects[key].name = Some(name.to_owned());
    let gmsa = world
        .made
        .principal("msDS-GroupManagedServiceAccount", "plain$", SERVERS, 1301);
    let id = ManagedPasswordId {
        version: 1,
        flags: 0,
        l0: 361,
        l1: 2,
        l2: 3,
        root_key_id: name.parse::<Guid>().unwrap(),
        domain: "corp.example".to_owned(),
        forest: "corp.example".to_owned(),
        additional_data: Vec::new(),
    };
    world.made.objects[gmsa].password_id = Some(id.encode());
    let reading = |more: &str| {
        format!(
            "O:DAD:P(OA;;RPCR;{ROOT_KEY};;{}){more}(A;;GA;;;DA)",
            domain_sid(1100)
        )
    };
    world.made.protect(key, &reading(""));
    let seen = world.seen();
    assert_eq!(seen.way(world.low), Some(vec!["read-secret"]));
    assert_eq!(seen.between(key, gmsa), Some(vec!["derives-passwords"]));
    // Reading a confidential attribute takes both rights, in whatever order the DACL gives them.
    for (rights, way) in [
        ("(OA;;CR;KEY;;LOW)", None),
        ("(OA;;RP;KEY;;LOW)", None),
        ("(OA;;CR;KEY;;LOW)(A;;RP;;;AU)", Some(vec!["read-secret"])),
        ("(A;;RP;;;AU)(OA;;CR;KEY;;LOW)", Some(vec!["read-secret"])),
        ("(OD;;RP;KEY;;AU)(OA;;RPCR;KEY;;LOW)", None),
    ] {
        let rights = rights
            .replace("KEY", ROOT_KEY)
            .replace("LOW", &domain_sid(1100).to_string());
        world
            .made
            .protect(key, &format!("O:DAD:P{rights}(A;;GA;;;DA)"));
        assert_eq!(world.seen().way(world.low), way, "{rights}");
    }
}

#[test]
fn replication_takes_both_rights_from_whichever_groups() {
    let mut world = World::new();
    let (one, other) = (world.group("one", 1400), world.group("other", 1401));
    let (get, all) = (
        "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2",
        "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2",
    );
    world.made.member(one, world.low);
    let dacl = format!(
        "O:DAD:P(OA;;CR;{get};;{})(OA;;CR;{all};;{})(A;;GA;;;DA)",
        domain_sid(1400),
        domain_sid(1401)
    );
    world.made.protect(0, &dacl);
    assert_eq!(world.seen().way(world.low), None);
    world.made.member(other, world.low);
    assert_eq!(world.seen().way(world.low), Some(vec!["replicate-all"]));
    assert_eq!(world.seen().way(one), None);
}

/// An attribute that is denied by name is not written by who may write all others.
#[test]
fn writing_everything_does_not_stand_for_what_is_denied() {
    let mut world = World::new();
    let all = granting("WP", "", 1100);
    let but = |what: &str| all.replacen("P(", &format!("P{}(", ace("OD", "WP", what, 1100)), 1);
    world.made.protect(world.admins, &all);
    assert_eq!(world.seen().way(world.low), Some(vec!["write-all"]));
    let denied = but(MEMBER);
    world.made.protect(world.admins, &denied);
    assert_eq!(world.seen().way(world.low), None);
    // Of an account the rest is enough.
    world.made.protect(world.admins, ADMINS_ONLY);
    world.made.protect(world.controller, &denied);
    assert_eq!(
        world.seen().between(world.low, world.controller),
        Some(vec!["write-key-credential"])
    );
}

/// Whether somebody logs on by NTLM is his choice, unless the domain forbids it: an allow is not certain, and a deny
/// does not help.
#[test]
fn by_the_way_of_logging_on() {
    let mut world = World::new();
    world
        .made
        .protect(world.admins, "O:DAD:P(A;;WD;;;S-1-5-64-10)(A;;GA;;;DA)");
    let seen = world.seen();
    assert_eq!(seen.way(world.low).map(|way| way.len()), Some(2));
    let node = u32::try_from(world.low).unwrap();
    let last = seen.graph.way_to_tier0(node).pop().unwrap();
    let evidence = seen.graph.edge(last).unwrap().1.evidence(&seen.analysis);
    assert!(evidence.contains("hangs on a condition"), "{evidence}");
    let denied = format!(
        "O:DAD:P(D;;WD;;;S-1-5-64-10)(A;;WD;;;{})(A;;GA;;;DA)",
        domain_sid(1100)
    );
    world.made.protect(world.admins, &denied);
    assert_eq!(world.seen().way(world.low), Some(vec!["write-dacl"]));
}

/// What is left to Everyone by a deny of all who log on is left to nobody, unless the domain lets anonymous callers in.
#[test]
fn what_is_left_to_those_who_do_not_log_on() {
    let mut world = World::new();
    world
        .made
        .protect(world.admins, "O:DAD:P(D;;WD;;;AU)(A;;WD;;;WD)(A;;GA;;;DA)");
    let seen = world.seen();
    let rows = &seen.analysis.controls().rows;
    let told = |rows: &Vec<(usize, std::sync::Arc<Vec<crate::graph::Held>>)>| {
        let of_admins = rows.iter().filter(|(place, _)| *place == world.admins);
        of_admins
            .flat_map(|(_, held)| held.iter())
            .filter(|held| held.right == crate::graph::RightKind::WriteDacl)
            .filter_map(|held| seen.analysis.sid_of(held.holder))
            .map(|sid| sid.to_string())
            .collect::<Vec<_>>()
    };
    assert!(!told(rows).contains(&"S-1-1-0".to_owned()));
    let mut open = world.clone();
    open.made.ds_heuristics = Some("0000002".to_owned());
    let seen = open.seen();
    let rows = &seen.analysis.controls().rows;
    assert!(told(rows).contains(&"S-1-1-0".to_owned()));
}
