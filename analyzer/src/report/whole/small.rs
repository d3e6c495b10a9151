//! Small directories that are nothing but edges over the same few objects, so that each edge can be taken away alone.
//!
//! Owns what the objects are and how an edge is written into a directory. Deliberately has no deny: who leaves a
//! group that is denied something gains by it, which no exposure can hide.

use coldcase_schemas::plan::QUERIES;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::load::made::{HEAD, Made};

const SERVERS: &str = "OU=Servers,DC=corp,DC=example";
const CONTROLLERS: &str = "OU=Domain Controllers,DC=corp,DC=example";
const POLICIES: &str = "CN=Policies,CN=System,DC=corp,DC=example";

/// Class, name, RID (0: has no SID), and what it lies in.
const OBJECTS: &[(&str, &str, u32, &str)] = &[
    ("user", "svc-a", 1101, HEAD),
    ("user", "svc-b", 1102, HEAD),
    ("user", "svc-off", 1103, HEAD),
    ("msDS-GroupManagedServiceAccount", "gmsa-a$", 1104, HEAD),
    ("msDS-GroupManagedServiceAccount", "gmsa-b$", 1105, HEAD),
    ("msDS-DelegatedManagedServiceAccount", "dmsa$", 1106, HEAD),
    ("msDS-ManagedServiceAccount", "smsa$", 1107, HEAD),
    ("group", "Domain Admins", 512, HEAD),
    ("group", "DnsAdmins", 1108, HEAD),
    ("group", "Helpdesk", 1109, HEAD),
    ("group", "Hosts", 1110, HEAD),
    ("user", "anna", 1111, HEAD),
    ("user", "ole", 1112, HEAD),
    ("computer", "WEB01$", 1113, SERVERS),
    ("computer", "FS01$", 1114, SERVERS),
    ("computer", "DC01$", 1115, CONTROLLERS),
    ("organizationalUnit", "Servers", 0, HEAD),
    ("organizationalUnit", "Domain Controllers", 0, HEAD),
    ("groupPolicyContainer", "{A}", 0, POLICIES),
    ("groupPolicyContainer", "{B}", 0, POLICIES),
];

/// Places in [`OBJECTS`].
const LISTED: [usize; 3] = [3, 4, 5];
const PREDECESSORS: [usize; 4] = [0, 1, 2, 6];
const DMSA: usize = 5;
const SMSA: usize = 6;
const GROUPS: std::ops::Range<usize> = 7..11;
const COMPUTERS: std::ops::Range<usize> = 13..16;
const UNITS: [usize; 3] = [16, 17, DOMAIN];
const GPOS: std::ops::Range<usize> = 18..20;
/// Users, computers and managed accounts.
const PRINCIPALS: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15];
/// The head of the domain, which is none of the objects.
const DOMAIN: usize = OBJECTS.len();
/// Those with a SID.
const TRUSTEES: std::ops::Range<usize> = 0..16;

/// What may be held, before and after the object type.
const RIGHTS: &[&str] = &[
    "(A;;GA;;;",
    "(A;;WD;;;",
    "(A;;WP;;;",
    "(A;;CC;;;",
    // Reset Password; servicePrincipalName, member, msDS-AllowedToActOnBehalfOfOtherIdentity, gPLink.
    "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;",
    "(OA;;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;",
    "(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;",
    "(OA;;WP;3f78c3e5-f79a-46bd-a0b8-9d18116ddc79;;",
    "(OA;;WP;f30e3bbe-9ff0-11d1-b603-0000f80367c1;;",
];

/// What may be delegated to: an account's name, two hosts', a controller's, nobody's.
const TARGETS: &[&str] = &[
    "HTTP/svc-b",
    "cifs/web01",
    "HTTP/fs01",
    "ldap/dc01",
    "HTTP/gone",
];

/// A way in which one object leads to another. Objects are told by their place in [`OBJECTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// `holder` has a right over `over`.
    Right {
        holder: usize,
        right: usize,
        over: usize,
    },
    /// Stands in msDS-GroupMSAMembership.
    Reader { account: usize, reader: usize },
    /// Stands in `member`.
    Member { group: usize, member: usize },
    /// Stands in msDS-AllowedToDelegateTo.
    Target { from: usize, target: usize },
    /// Stands in msDS-AllowedToActOnBehalfOfOtherIdentity.
    Trusted { resource: usize, trusted: usize },
    /// msDS-HostServiceAccount of a computer names the sMSA.
    Host { host: usize },
    /// The dMSA and its predecessor name each other.
    Succession { predecessor: usize },
    /// Stands in gPLink.
    Link {
        unit: usize,
        policy: usize,
        enforced: bool,
    },
}

/// A small directory.
#[derive(Debug, Clone)]
pub(super) struct Small {
    /// Sorted, each once.
    pub(super) edges: Vec<Edge>,
}

impl Small {
    /// With these edges.
    pub(super) fn of(mut edges: Vec<Edge>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        Self { edges }
    }

    /// As the analyzer sees it, with the objects in `order` and `strangers` beside them.
    pub(super) fn made(&self, order: &[usize], strangers: u32) -> Made {
        let mut made = Made::new();
        made.by_administrator();
        made.complete = QUERIES.iter().map(|query| query.name).collect();
        // The head of the domain is the first object.
        let mut places = vec![0; OBJECTS.len() + 1];
        for index in order {
            places[*index] = add(&mut made, *index);
        }
        for stranger in 0..strangers {
            let person = made.principal("user", &format!("p{stranger}"), HEAD, 2000 + stranger);
            let team = made.principal("group", &format!("t{stranger}"), HEAD, 3000 + stranger);
            made.member(team, person);
        }
        for (index, place) in places.iter().enumerate() {
            let aces = self.aces(|edge| match edge {
                Edge::Right {
                    holder,
                    right,
                    over,
                } if over == index => Some((RIGHTS[right], holder)),
                _ => None,
            });
            made.protect(*place, &format!("O:DAD:{aces}"));
        }
        for account in LISTED {
            let aces = self.aces(|edge| match edge {
                Edge::Reader {
                    account: of,
                    reader,
                } if of == account => Some(("(A;;RP;;;", reader)),
                _ => None,
            });
            made.objects[places[account]].readers = Some(made.sddl(&format!("O:BAD:{aces}")));
        }
        for resource in PRINCIPALS {
            let aces = self.aces(|edge| match edge {
                Edge::Trusted {
                    resource: of,
                    trusted,
                } if of == resource => Some(("(A;;GA;;;", trusted)),
                _ => None,
            });
            if !aces.is_empty() {
                let id = made.sddl(&format!("O:BAD:{aces}"));
                made.objects[places[resource]].allowed_to_act = Some(id);
            }
        }
        for edge in &self.edges {
            match *edge {
                Edge::Right { .. } | Edge::Reader { .. } | Edge::Trusted { .. } => {}
                Edge::Member { group, member } => made.member(places[group], places[member]),
                Edge::Target { from, target } => made.objects[places[from]]
                    .delegates_to
                    .push(TARGETS[target].to_owned()),
                Edge::Host { host } => {
                    made.links
                        .push(("msDS-HostServiceAccount", places[host], places[SMSA]));
                }
                Edge::Succession { predecessor } => {
                    let (dmsa, old) = (places[DMSA], places[predecessor]);
                    made.links
                        .push(("msDS-ManagedAccountPrecededByLink", dmsa, old));
                    made.links
                        .push(("msDS-SupersededManagedAccountLink", old, dmsa));
                }
                Edge::Link {
                    unit,
                    policy,
                    enforced,
                } => {
                    let (_, name, _, parent) = OBJECTS[policy];
                    let options = if enforced { 2 } else { 0 };
                    let link = format!("[LDAP://CN={name},{parent};{options}]");
                    let links = &mut made.objects[places[unit]].policy_links;
                    links.get_or_insert_default().push_str(&link);
                }
            }
        }
        made
    }

    /// One entry for each edge of which `held` tells what is held and by whom.
    fn aces(&self, held: impl Fn(Edge) -> Option<(&'static str, usize)>) -> String {
        let entries = self.edges.iter().filter_map(|edge| held(*edge));
        entries
            .map(|(begin, holder)| format!("{begin}S-1-5-21-1-2-3-{})", OBJECTS[holder].2))
            .collect()
    }
}

/// The order of the objects as they are written down here.
pub(super) fn plain() -> Vec<usize> {
    (0..OBJECTS.len()).collect()
}

/// Adds an object with what every small directory has of it; gives its place.
fn add(made: &mut Made, index: usize) -> usize {
    let (class, name, rid, parent) = OBJECTS[index];
    if rid == 0 {
        let prefix = if class == "organizationalUnit" {
            "OU"
        } else {
            "CN"
        };
        return made.add(class, &format!("{prefix}={name},{parent}"));
    }
    let place = made.principal(class, name, parent, rid);
    let object = &mut made.objects[place];
    let host = name.trim_end_matches('$').to_lowercase();
    match name {
        _ if name.starts_with("svc") => object.spns = vec![format!("HTTP/{name}")],
        "DC01$" => {
            // SERVER_TRUST_ACCOUNT.
            object.user_account_control = Some(0x2000);
            object.spns = vec![format!("ldap/{host}")];
        }
        _ if class == "computer" => object.spns = vec![format!("HOST/{host}")],
        // Its migration is completed (MS-ADA2, msDS-DelegatedMSAState).
        "dmsa$" => object.dmsa_state = Some(2),
        _ => {}
    }
    match name {
        "svc-a" => object.superseded_state = Some(2),
        // TRUSTED_TO_AUTH_FOR_DELEGATION.
        "svc-b" => object.user_account_control = Some(0x100_0200),
        // ACCOUNTDISABLE.
        "svc-off" => object.user_account_control = Some(0x202),
        _ => {}
    }
    place
}

/// Groups have members, each behind the one before, so that there are no rings.
pub(super) fn small() -> impl Strategy<Value = Small> {
    let any_of = |places: &'static [usize]| prop::sample::select(places);
    let rights =
        (TRUSTEES, 0..RIGHTS.len(), 0..=DOMAIN).prop_map(|(holder, right, over)| Edge::Right {
            holder,
            right,
            over,
        });
    let readers = (any_of(&LISTED), 7..16_usize)
        .prop_map(|(account, reader)| Edge::Reader { account, reader });
    let nested = (GROUPS, GROUPS).prop_filter_map("rings", |(group, member)| {
        (group < member).then_some(Edge::Member { group, member })
    });
    let members =
        (GROUPS, any_of(&PRINCIPALS)).prop_map(|(group, member)| Edge::Member { group, member });
    let targets = (any_of(&PRINCIPALS), 0..TARGETS.len())
        .prop_map(|(from, target)| Edge::Target { from, target });
    let trusted = (any_of(&PRINCIPALS), TRUSTEES)
        .prop_map(|(resource, trusted)| Edge::Trusted { resource, trusted });
    let hosts = COMPUTERS.prop_map(|host| Edge::Host { host });
    let successions =
        any_of(&PREDECESSORS).prop_map(|predecessor| Edge::Succession { predecessor });
    let links =
        (any_of(&UNITS), GPOS, any::<bool>()).prop_map(|(unit, policy, enforced)| Edge::Link {
            unit,
            policy,
            enforced,
        });
    (
        vec(rights, 1..8),
        vec(readers, 1..5),
        vec(nested, 0..3),
        vec(members, 1..5),
        vec(targets, 1..4),
        vec(trusted, 1..3),
        vec(hosts, 1..3),
        vec(successions, 0..3),
        vec(links, 0..3),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i)| Small::of([a, b, c, d, e, f, g, h, i].concat()))
}
