//! Random domains with units, policies, attributes and a DACL for each object.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use coldcase_winsec::{Control, Guid, ManagedPasswordId};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::graph::is_domain_controller;
use crate::graph::random::{self, Dacl, Domain, Subject};
use crate::load::Kind;
use crate::load::made::{HEAD, Made, guid};

const KEY: &str = "8a1a2f70-7e33-4b2c-9a55-0d9b1f6c2e11";
const POLICY: &str =
    "CN={6AC1786C-016F-11D2-945F-00C04FB984F9},CN=Policies,CN=System,DC=corp,DC=example";

/// Object types of ACEs: resetting, member, key credential, SPN, gPLink, dMSA, readers, Membership, user, root key data.
const TYPES: [&str; 10] = [
    "00299570-246d-11d0-a768-00aa006e0529",
    "bf9679c0-0de6-11d0-a285-00aa003049e2",
    "5b47d60f-6090-40b2-9f37-2a4de88f3063",
    "f3a64788-5306-11d1-a9c5-0000f80367c1",
    "f30e3bbe-9ff0-11d1-b603-0000f80367c1",
    "0feb936f-47b3-49f2-9386-1dedc2c23765",
    "888eedd6-ce04-df40-b462-b8a50e41ba38",
    "bc0ac240-79a9-11d0-9020-00c04fc2d4cf",
    "bf967aba-0de6-11d0-a285-00aa003049e2",
    "26627c27-08a2-0a40-a1b1-8dce85b42993",
];

/// A domain with units, attributes and a DACL for each object.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) domain: Domain,
    /// Taken in turn by the objects.
    pub(super) dacls: Vec<(Dacl, bool)>,
    /// What is set, on whom, for whom; see [`World::made`].
    pub(super) attributes: Vec<(u8, usize, usize)>,
    /// gPLink and gPOptions of the units: 0 none, 1 linked, 2 enforced; blocking.
    pub(super) units: [(u8, bool); 3],
    pub(super) dmsa: bool,
    blocked: bool,
}

pub(super) fn worlds(dacls: impl Strategy<Value = Dacl>) -> impl Strategy<Value = World> {
    (
        random::domains(),
        vec((dacls, proptest::bool::weighted(0.3)), 1..=9),
        vec((0..8_u8, 0..64_usize, 0..64_usize), 0..=8),
        [
            (0..3_u8, any::<bool>()),
            (0..3_u8, any::<bool>()),
            (0..3_u8, any::<bool>()),
        ],
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(mut domain, dacls, attributes, units, dmsa, blocked)| {
            domain.filler = 0;
            domain.persons.truncate(8);
            // The SID of somebody who is there still is in no other's history.
            domain
                .history
                .retain(|(_, past)| !matches!(past, Subject::Person(_)));
            World {
                domain,
                dacls,
                attributes,
                units,
                dmsa,
                blocked,
            }
        })
}

impl World {
    pub(super) fn made(&self) -> Made {
        let mut made = self.domain.made();
        let units = [
            "OU=a,DC=corp,DC=example",
            "OU=b,OU=a,DC=corp,DC=example",
            "OU=c,DC=corp,DC=example",
        ];
        for (dn, (link, blocks)) in units.iter().zip(self.units) {
            let place = made.add("organizationalUnit", dn);
            let unit = &mut made.objects[place];
            unit.policy_links =
                (link > 0).then(|| format!("[LDAP://{POLICY};{}]", if link > 1 { 2 } else { 0 }));
            unit.policy_options = blocks.then_some(1);
        }
        made.add("groupPolicyContainer", POLICY);
        made.add("container", &format!("CN=System,{HEAD}"));
        made.add("container", &format!("CN=AdminSDHolder,CN=System,{HEAD}"));
        let services =
            format!("CN=Group Key Distribution Service,CN=Services,CN=Configuration,{HEAD}");
        let key = made.add("msKds-ProvRootKey", &format!("CN={KEY},{services}"));
        made.objects[key].name = Some(KEY.to_owned());
        let persons: Vec<usize> = (0..made.objects.len())
            .filter(|place| made.objects[*place].kind.is_principal())
            .collect();
        for (number, place) in persons.iter().enumerate() {
            let object = &mut made.objects[*place];
            let name = object.sam_account_name.clone().unwrap();
            object.dn = match number % 4 {
                0 => object.dn.clone(),
                unit => format!("CN={name},{}", units[unit - 1]),
            };
            object.spns = vec![format!("http/{name}")];
        }
        let types = TYPES.map(guid);
        let foreign = |place: &usize| made.objects[*place].kind == Kind::ForeignPrincipal;
        let places: Vec<usize> = (0..made.objects.len())
            .filter(|place| !foreign(place))
            .collect();
        for (place, (dacl, protected)) in places.into_iter().zip(self.dacls.iter().cycle()) {
            let mut descriptor = dacl.descriptor(&self.domain, &types);
            if *protected {
                descriptor.control = descriptor.control | Control::SE_DACL_PROTECTED;
            }
            let id = made.bytes(descriptor.encode());
            made.objects[place].descriptor = Some(id);
        }
        for (what, on, to) in &self.attributes {
            let bare = &self.dacls[to % self.dacls.len()].0;
            let bare = bare.descriptor(&self.domain, &types).encode();
            let (on, to) = (persons[on % persons.len()], persons[to % persons.len()]);
            match what {
                0 => made.links.push(("msDS-HostServiceAccount", on, to)),
                1 => made
                    .links
                    .push(("msDS-ManagedAccountPrecededByLink", on, to)),
                2 => made.objects[on].delegates_to = made.objects[to].spns.clone(),
                3 => made.objects[on].readers = Some(made.bytes(bare)),
                4 => made.objects[on].allowed_to_act = Some(made.bytes(bare)),
                5 => {
                    let flags = made.objects[on].user_account_control.unwrap();
                    made.objects[on].user_account_control = Some(flags | 0x8_0000);
                }
                6 => made.objects[on].admin_count = Some(1),
                _ => made.objects[on].password_id = Some(password_id()),
            }
        }
        for place in &persons {
            made.objects[*place].operating_system = Some("Windows Server 2022".to_owned());
        }
        if self.dmsa {
            let controller = persons
                .iter()
                .find(|place| is_domain_controller(&made.objects[**place]));
            if let Some(place) = controller {
                made.objects[*place].operating_system = Some("Windows Server 2025".to_owned());
            }
        }
        made.ds_heuristics = self
            .blocked
            .then(|| "00000000010000000002000000001".to_owned());
        made
    }
}

fn password_id() -> Vec<u8> {
    ManagedPasswordId {
        version: 1,
        flags: 0,
        l0: 361,
        l1: 0,
        l2: 0,
        root_key_id: KEY.parse::<Guid>().unwrap(),
        domain: "corp.example".to_owned(),
        forest: "corp.example".to_owned(),
        additional_data: Vec::new(),
    }
    .encode()
}
