//! Small domains with one way to tier 0 each, and what closes it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod attributes;
mod groups;
mod rights;
mod together;
mod untold;

use coldcase_winsec::{Guid, ManagedPasswordId};

use crate::frames::Analysis;
use crate::load::made::{HEAD, Made, domain_sid};
use crate::paths::ControlGraph;

const ADMINS_ONLY: &str = "O:DAG:DAD:P(A;;GA;;;DA)";
const DELEGATED: &str = "0feb936f-47b3-49f2-9386-1dedc2c23765";
const UNIT: &str = "bf967aa5-0de6-11d0-a285-00aa003049e2";
const CONTAINER: &str = "bf967a8b-0de6-11d0-a285-00aa003049e2";
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
