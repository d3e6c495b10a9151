//! What is asked about: units and containers whose ACEs others inherit, and objects of every class with an account or
//! below which one may lie. Owns what lies where; descriptors are drawn elsewhere.

use super::descriptors::{self, LISTED, Trustees, chance};
use super::guids;
use super::people::{GROUPS_IN, PRINCIPALS_IN};
use crate::dc::planted::{Kind, PlantedObject};
use crate::dc::population::{NORMAL, Setting, WORKSTATION};
use crate::seed::Seeded;

/// Units directly below the tangle's own.
const BRANCHES: u32 = 12;
/// Objects in a branch, and as many below each of its units and containers.
const LEAVES: u32 = 5;
const FIRST_TARGET: u32 = 4_400;
/// The kinds of leaves.
const KINDS: [Kind; 6] = [
    Kind::User,
    Kind::Computer,
    Kind::Group,
    Kind::Gmsa,
    Kind::Smsa,
    Kind::Dmsa,
];

/// Units before what lies in them.
pub(super) struct Targets<'a> {
    setting: &'a Setting<'a>,
    next: u32,
    pub(super) objects: Vec<PlantedObject>,
}

impl<'a> Targets<'a> {
    /// The units that hold everything else. Their own descriptors are drawn too.
    pub(super) fn units(
        setting: &'a Setting<'a>,
        seeded: &mut Seeded,
        trustees: &Trustees<'_>,
    ) -> Targets<'a> {
        let mut targets = Targets {
            setting,
            next: FIRST_TARGET,
            objects: Vec::new(),
        };
        // What is written here reaches half of the tangle, so it is short and allows more than it denies.
        let children = "(OA;CIIO;WP;77b5b886-944a-11d1-aebd-0000f80367c1;bf967aba-0de6-11d0-a285-00aa003049e2;PS)\
                        (OA;CIIO;WPCC;;bf967a86-0de6-11d0-a285-00aa003049e2;AO)\
                        (OD;CIIO;WP;bf967950-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;BU)\
                        (A;CIIO;WPWD;;;CO)(A;CI;GA;;;DA)";
        let mut top = targets.unit("Tangle", "");
        top = top.with(
            "nTSecurityDescriptor",
            format!("O:DAG:DAD:P{LISTED}{children}"),
        );
        targets.objects.push(top);
        for unit in [PRINCIPALS_IN, GROUPS_IN] {
            let name = unit.split([',', '=']).nth(1).unwrap_or_default();
            let unit = targets.unit(name, "OU=Tangle,");
            targets.push(seeded, trustees, unit, LISTED, 0);
        }
        targets
    }

    /// The branches, and what lies in them.
    pub(super) fn branches(&mut self, seeded: &mut Seeded, trustees: &Trustees<'_>) {
        for number in 0..BRANCHES {
            // Two branches are closed to some: their children are there and not to be seen.
            let first = match (
                number,
                trustees.own.get(usize::try_from(number).unwrap_or(0)),
            ) {
                (3 | 8, Some(group)) => format!("(D;;LC;;;{group}){LISTED}"),
                _ => LISTED.to_owned(),
            };
            let branch = format!("Branch-{number:02}");
            let above = format!("OU={branch},OU=Tangle,");
            let unit = self.unit(&branch, "OU=Tangle,");
            self.push(seeded, trustees, unit, &first, 0);
            self.leaves(seeded, trustees, &above);

            let inner = if number.is_multiple_of(2) {
                let name = format!("Unit-{number:02}");
                self.unit(&name, &above)
            } else {
                let name = format!("Container-{number:02}");
                let base_dn = self.setting.domain.base_dn();
                PlantedObject::new(
                    Kind::Container,
                    &name,
                    format!("CN={name},{above}{base_dn}"),
                )
            };
            let below = inner.dn.clone();
            self.push(seeded, trustees, inner, LISTED, 10);
            let head = format!(",{}", self.setting.domain.base_dn());
            let below = format!("{},", below.strip_suffix(&head).unwrap_or(&below));
            self.leaves(seeded, trustees, &below);
        }
    }

    fn leaves(&mut self, seeded: &mut Seeded, trustees: &Trustees<'_>, above: &str) {
        for _ in 0..LEAVES {
            let number = self.next;
            let Some(kind) = usize::try_from(number)
                .ok()
                .and_then(|number| KINDS.get(number % KINDS.len()))
            else {
                continue;
            };
            let leaf = self.leaf(*kind, above);
            self.push(seeded, trustees, leaf, "", 20);
        }
    }

    fn leaf(&mut self, kind: Kind, above: &str) -> PlantedObject {
        let number = self.next;
        self.next += 1;
        let name = format!("{kind:?}-{number}").to_lowercase();
        let machine = !matches!(kind, Kind::User | Kind::Group);
        let account = if machine {
            format!("{name}$")
        } else {
            name.clone()
        };
        let parent = above.trim_end_matches(',');
        let object = self.setting.account(kind, &account, &name, parent, number);
        match kind {
            Kind::Group => object.with("groupType", -0x7fff_fffe),
            Kind::User => object.with("userAccountControl", NORMAL),
            Kind::Gmsa => object
                .with("userAccountControl", WORKSTATION)
                .with("msDS-ManagedPasswordInterval", 30),
            Kind::Dmsa => object
                .with("userAccountControl", WORKSTATION)
                .with("msDS-ManagedPasswordInterval", 30)
                .with("msDS-DelegatedMSAState", 0),
            _ => object.with("userAccountControl", WORKSTATION),
        }
    }

    /// Adds `object` with a random descriptor, or in `default` of a hundred cases with that of its class.
    fn push(
        &mut self,
        seeded: &mut Seeded,
        trustees: &Trustees<'_>,
        object: PlantedObject,
        first: &str,
        default: u64,
    ) {
        let object = described(seeded, trustees, object, first, default);
        self.objects.push(object);
    }

    /// An organizational unit in `above`, which ends with a comma unless it is empty.
    fn unit(&self, name: &str, above: &str) -> PlantedObject {
        let base_dn = self.setting.domain.base_dn();
        PlantedObject::new(
            Kind::OrganizationalUnit,
            name,
            format!("OU={name},{above}{base_dn}"),
        )
        .with("ou", name)
    }
}

/// `object` with a random owner and DACL; in `default` of a hundred cases as it was. Objects that have a SID and may ask
/// themselves own themselves at times.
pub(super) fn described(
    seeded: &mut Seeded,
    trustees: &Trustees<'_>,
    object: PlantedObject,
    first: &str,
    default: u64,
) -> PlantedObject {
    if chance(seeded, default) {
        return object;
    }
    let drawn = descriptors::owner(seeded, trustees).to_owned();
    let owner = match &object.sid {
        Some(own) if chance(seeded, 5) => own.clone(),
        _ => drawn,
    };
    let dacl = descriptors::dacl(seeded, trustees, class(object.kind), first);
    object.with("nTSecurityDescriptor", format!("O:{owner}G:DA{dacl}"))
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Computer => guids::COMPUTER,
        Kind::Group => guids::GROUP,
        Kind::OrganizationalUnit => guids::UNIT,
        Kind::Container => guids::CONTAINER,
        Kind::Gmsa => guids::GMSA,
        Kind::Smsa => guids::SMSA,
        Kind::Dmsa => guids::DMSA,
        _ => guids::USER,
    }
}
