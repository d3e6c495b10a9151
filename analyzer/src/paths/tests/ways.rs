//! Small domains with one way to tier 0 each, and what closes it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use coldcase_winsec::{Guid, ManagedPasswordId};

use crate::frames::Analysis;
use crate::load::made::{HEAD, Made, domain_sid};
use crate::paths::ControlGraph;

const ADMINS_ONLY: &str = "O:DAG:DAD:P(A;;GA;;;DA)";
const DELEGATED: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
const MEMBER: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";
const RESET: &str = "00299570-246d-11d0-a768-00aa006e0529";
const KEY_CREDENTIAL: &str = "5b47d60f-6090-40b2-9f37-2a4de88f3063";
const ALLOWED_TO_ACT: &str = "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79";
const ROOT_KEY: &str = "26627c27-08a2-0a40-a1b1-8dce85b42993";
const GP_LINK: &str = "f30e3bbe-9ff0-11d1-b603-0000f80367c1";

const STAFF: &str = "OU=Staff,DC=corp,DC=example";
const SERVERS: &str = "OU=Servers,DC=corp,DC=example";
const CONTROLLERS: &str = "OU=Domain Controllers,DC=corp,DC=example";

/// A domain with its administrators, a controller, units for servers and staff, and somebody in the latter.
#[derive(Clone)]
struct World {
    made: Made,
    admins: usize,
    controllers: usize,
    controller: usize,
    servers: usize,
    low: usize,
}

/// What the graph says of it.
struct Seen {
    analysis: Analysis,
    graph: ControlGraph,
}

impl World {
    fn new() -> Self {
        let mut made = Made::new();
        made.protect(0, ADMINS_ONLY);
        let admins = made.principal("group", "Domain Admins", &format!("CN=Users,{HEAD}"), 512);
        made.protect(admins, ADMINS_ONLY);
        let mut unit = |dn: &str| {
            let place = made.add("organizationalUnit", dn);
            made.protect(place, ADMINS_ONLY);
            place
        };
        let (controllers, servers, _) = (unit(CONTROLLERS), unit(SERVERS), unit(STAFF));
        let controller = made.principal("computer", "DC1$", CONTROLLERS, 1000);
        made.objects[controller].user_account_control = Some(0x8_2000);
        made.objects[controller].host_name = Some("dc1.corp.example".to_owned());
        made.objects[controller].operating_system = Some("Windows Server 2022".to_owned());
        made.protect(controller, ADMINS_ONLY);
        let low = made.principal("user", "low", STAFF, 1100);
        Self {
            made,
            admins,
            controllers,
            controller,
            servers,
            low,
        }
    }

    /// A service account, in Domain Admins or not.
    fn service(&mut self, name: &str, parent: &str, rid: u32, admin: bool) -> usize {
        let place = self.made.principal("user", name, parent, rid);
        self.made.objects[place].spns = vec![format!("http/{name}")];
        self.made.protect(place, ADMINS_ONLY);
        if admin {
            self.made.member(self.admins, place);
        }
        place
    }

    fn group(&mut self, name: &str, rid: u32) -> usize {
        self.made
            .principal("group", name, &format!("CN=Users,{HEAD}"), rid)
    }

    fn host(&mut self, name: &str, rid: u32) -> usize {
        let place = self.made.principal("computer", name, SERVERS, rid);
        self.made.protect(place, ADMINS_ONLY);
        place
    }

    /// A gMSA in Domain Admins whose password `readers` (SDDL of the ACEs) can read.
    fn gmsa(&mut self, readers: &str) -> usize {
        let place = self
            .made
            .principal("msDS-GroupManagedServiceAccount", "gmsa$", SERVERS, 1300);
        self.made.protect(place, ADMINS_ONLY);
        let id = self.made.sddl(&format!("O:DAD:{readers}"));
        self.made.objects[place].readers = Some(id);
        self.made.member(self.admins, place);
        place
    }

    fn seen(&self) -> Seen {
        let analysis = Analysis::new(self.made.clone().directory());
        let graph = ControlGraph::of(&analysis);
        Seen { analysis, graph }
    }
}

impl Seen {
    /// The kinds of the steps to tier 0; `None` where there is no way, nothing in tier 0.
    fn way(&self, place: usize) -> Option<Vec<&'static str>> {
        let node = u32::try_from(place).unwrap();
        let hops = self.graph.hops(node)?;
        let edges = self.graph.way_to_tier0(node);
        assert_eq!(edges.len(), usize::try_from(hops).unwrap());
        Some(
            edges
                .into_iter()
                .map(|edge| self.graph.edge(edge).unwrap().1.as_str())
                .collect(),
        )
    }

    fn between(&self, from: usize, to: usize) -> Option<Vec<&'static str>> {
        let (from, to) = (u32::try_from(from).unwrap(), u32::try_from(to).unwrap());
        let chain = self.graph.between(&self.analysis, from, to)?;
        Some(chain.steps.iter().map(|step| step.by).collect())
    }
}

fn ace(kind: &str, rights: &str, object: &str, rid: u32) -> String {
    format!("({kind};;{rights};{object};;{})", domain_sid(rid))
}

fn granting(rights: &str, object: &str, rid: u32) -> String {
    let kind = if object.is_empty() { "A" } else { "OA" };
    format!("O:DAD:P{}(A;;GA;;;DA)", ace(kind, rights, object, rid))
}

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
    // The published mitigation: a deny of the class before the allow.
    let denied = format!(
        "O:DAD:P(OD;;CC;{DELEGATED};;AU)(A;;CC;;;{})(A;;GA;;;DA)",
        domain_sid(1100)
    );
    world.made.protect(world.servers, &denied);
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
