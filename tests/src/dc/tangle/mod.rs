//! A domain to ask who may do what in: people in nested groups, and objects of every class whose descriptors are drawn at
//! random, the same for the same seed. Owns the population; what a descriptor grants is the controller's to say
//! ([`super::effective`]) and the analyzer's to compute.
//!
//! Most descriptors go through Samba as SDDL, so that Samba maps generic rights, replaces CREATOR OWNER and computes what
//! children inherit. A few are written past it ([`raw`]), since it would turn them into something else.

mod descriptors;
mod guids;
mod people;
pub(super) mod raw;
mod targets;

use super::domain::Domain;
use super::planted::{Addition, Kind, PlantedObject};
use super::population::Setting;
use crate::seed::Seeded;
use descriptors::Trustees;
use people::People;
use targets::Targets;

/// The unit that everything lies in.
const TOP: &str = "OU=Tangle";
/// Everyone, of whom a new domain has no stand-in.
const EVERYONE: &str = "S-1-1-0";

/// Everything, parents before children, groups before users, and what is added to groups that every domain has.
pub(super) fn tangle(setting: &Setting<'_>, seed: u64) -> (Vec<PlantedObject>, Vec<Addition>) {
    let mut seeded = Seeded::new(seed);
    let people = People::new(setting, &mut seeded);
    let own = people.sids();
    let trustees = Trustees {
        own: &own,
        former: &people.former,
    };
    let mut targets = Targets::units(setting, &mut seeded, &trustees);
    for object in people.groups.into_iter().chain(people.principals) {
        let object = targets::described(&mut seeded, &trustees, object, "", 25);
        targets.objects.push(object);
    }
    targets.branches(&mut seeded, &trustees);

    let mut objects = targets.objects;
    objects.extend(raw::objects(setting));
    let base_dn = setting.domain.base_dn();
    let dn = format!("CN={EVERYONE},CN=ForeignSecurityPrincipals,{base_dn}");
    let mut everyone = PlantedObject::new(Kind::ForeignSecurityPrincipal, EVERYONE, dn);
    everyone.sid = Some(EVERYONE.to_owned());
    objects.push(everyone);
    (objects, people.additions)
}

/// The DN of the unit that everything lies in.
pub(super) fn top(domain: &Domain) -> String {
    format!("{TOP},{}", domain.base_dn())
}
