//! Frame `policy_links`: which group policy is linked where, and whether it reaches tier 0 from there.
//!
//! Owns the walk from tier-0 accounts and computers up through their units: a unit may block what comes from above, and a
//! link may be enforced against that (MS-GPOL 2.2.2 and 2.2.3). Deliberately looks at no security or WMI filter, nor at
//! links of sites, which are not collected.

use std::collections::HashMap;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::load::{Kind, Object, policy_links};

/// gPOptions: policies of the units above do not apply (MS-GPOL 2.2.3).
const BLOCKS_INHERITANCE: i64 = 1;

/// Units and containers from which a policy would reach something in tier 0.
pub(super) struct TierZeroUnits {
    /// By place: true if any link does, false if it must be enforced.
    reached: HashMap<usize, bool>,
}

impl TierZeroUnits {
    pub(super) fn new(analysis: &Analysis) -> Self {
        let directory = &analysis.directory;
        let mut units = Self {
            reached: HashMap::new(),
        };
        for (place, object) in directory.objects.iter().enumerate() {
            if !object.kind.is_principal() || !analysis.principals.is_tier0(place) {
                continue;
            }
            let mut plain = true;
            let mut next = directory.parent(object);
            while let Some(unit) = next {
                // Above what was gone through before as freely there is nothing new: each is passed twice at most.
                if units
                    .reached
                    .get(&unit)
                    .is_some_and(|known| *known || !plain)
                {
                    break;
                }
                units.reached.insert(unit, plain);
                let Some(unit) = analysis.object(unit) else {
                    break;
                };
                plain &= unit.policy_options.unwrap_or(0) & BLOCKS_INHERITANCE == 0;
                next = directory.parent(unit);
            }
        }
        if let Some(head) = directory.head {
            units.reached.insert(head, true);
        }
        units
    }

    /// Whether a link of the container reaches tier 0.
    pub(super) fn has(&self, place: usize, enforced: bool) -> bool {
        self.reached
            .get(&place)
            .is_some_and(|plain| *plain || enforced)
    }
}

/// What policies are linked to.
pub(super) fn is_unit(object: &Object) -> bool {
    matches!(object.kind, Kind::OrganizationalUnit | Kind::Domain)
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("policy_links")?;
    let units = TierZeroUnits::new(analysis);
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        if !is_unit(object) {
            continue;
        }
        let links = object.policy_links.iter();
        for link in links.flat_map(|links| policy_links(links)) {
            let policy = analysis.directory.place_of_dn(&link.policy);
            frame.row([
                policy
                    .and_then(|place| analysis.object(place))
                    .map(|policy| policy.id)
                    .into(),
                guid_of(&link.policy).into(),
                object.id.into(),
                link.enforced.into(),
                units.has(place, link.enforced).into(),
            ]);
        }
    }
    frame.finish()
}

/// `{…}` of the DN of a policy, upper case; the DN itself if it does not begin with one.
fn guid_of(dn: &str) -> String {
    let braced = dn
        .get(3..)
        .and_then(|name| name.split_once('}'))
        .map(|(guid, _)| format!("{}}}", guid.to_uppercase()));
    braced
        .filter(|guid| guid.starts_with('{'))
        .unwrap_or_else(|| dn.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn blocked_units_are_reached_by_enforced_links_alone() {
        let mut made = Made::new();
        let unit =
            |made: &mut Made, dn: &str| made.add("organizationalUnit", &format!("{dn},{HEAD}"));
        let servers = unit(&mut made, "OU=Servers");
        let admins = unit(&mut made, "OU=Admins,OU=Servers");
        let inner = unit(&mut made, "OU=Hosts,OU=Admins,OU=Servers");
        let people = unit(&mut made, "OU=People");
        made.objects[admins].policy_options = Some(1);
        let group = made.principal("group", "Domain Admins", HEAD, 512);
        let admin = made.principal(
            "user",
            "admin",
            &format!("OU=Hosts,OU=Admins,OU=Servers,{HEAD}"),
            1104,
        );
        made.member(group, admin);
        made.principal("user", "person", &format!("OU=People,{HEAD}"), 1105);
        let policy = "CN={6ac1786c-016f-11d2-945f-00c04fb984f9},CN=Policies,CN=System";
        let link = format!(
            "[LDAP://{policy},{HEAD};0][LDAP://{policy},{HEAD};2][LDAP://{policy},{HEAD};1]"
        );
        for place in [0, servers, admins, inner, people] {
            made.objects[place].policy_links = Some(link.clone());
        }
        let analysis = Analysis::new(made.directory());
        let units = TierZeroUnits::new(&analysis);
        for (place, plain, enforced) in [
            (0, true, true),
            (servers, false, true),
            (admins, true, true),
            (inner, true, true),
            (people, false, false),
        ] {
            assert_eq!(
                (units.has(place, false), units.has(place, true)),
                (plain, enforced),
                "{place}"
            );
        }
        // A disabled link is none.
        let frame = build(&analysis).unwrap();
        assert_eq!(frame.height(), 10);
        let guid = frame.column("gpo").unwrap().str().unwrap().get(0);
        assert_eq!(guid, Some("{6AC1786C-016F-11D2-945F-00C04FB984F9}"));
    }

    #[test]
    fn odd_names_stay_as_they_are() {
        for odd in ["", "CN", "CN=", "CN=x", "ü=ü}"] {
            assert_eq!(guid_of(odd), odd);
        }
    }
}
