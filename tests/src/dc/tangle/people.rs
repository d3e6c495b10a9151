//! Who asks: principals that can bind, the groups they are in and how these are nested. Owns scopes and memberships;
//! knows no descriptor.

use std::collections::BTreeSet;

use crate::dc::planted::{Addition, Kind, PlantedObject};
use crate::dc::population::{NORMAL, Setting};
use crate::seed::Seeded;

/// How many principals can bind.
pub(super) const PRINCIPALS: u32 = 64;
/// How many groups there are.
pub(super) const GROUPS: u32 = 44;
/// The password of every principal.
pub(super) const PASSWORD: &str = "Pa55w0rd-Tangle!x";
/// Where principals are planted.
pub(super) const PRINCIPALS_IN: &str = "OU=Principals,OU=Tangle";
/// Where groups are planted.
pub(super) const GROUPS_IN: &str = "OU=Groups,OU=Tangle";

pub(super) const FIRST_PRINCIPAL: u32 = 4_000;
pub(super) const FIRST_GROUP: u32 = 4_200;
/// Stand-ins for Authenticated Users and Everyone.
const AUTHENTICATED_USERS: &str = "S-1-5-11";
const EVERYONE: &str = "S-1-1-0";
/// The domain whose SIDs are in SID histories. It does not exist.
const FORMER_DOMAIN: &str = "S-1-5-21-2222222222-1111111111-3333333333";

/// Scope and kind of a group (groupType, MS-ADTS 2.2.12): who may be in whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Global,
    Universal,
    DomainLocal,
    /// A global distribution group, which is in nobody's token and passes none on.
    Distribution,
}

impl Scope {
    fn group_type(self) -> i64 {
        const SECURITY: i64 = -0x8000_0000;
        match self {
            Scope::Global => SECURITY + 2,
            Scope::DomainLocal => SECURITY + 4,
            Scope::Universal => SECURITY + 8,
            Scope::Distribution => 2,
        }
    }

    /// Whether a group of this scope may hold one of scope `member`.
    fn takes(self, member: Scope) -> bool {
        match self {
            Scope::Global | Scope::Distribution => {
                matches!(member, Scope::Global | Scope::Distribution)
            }
            Scope::Universal => member != Scope::DomainLocal,
            Scope::DomainLocal => true,
        }
    }
}

/// The scope of the group with this number.
fn scope(number: u32) -> Scope {
    match number % 11 {
        0..=4 => Scope::Global,
        5..=6 => Scope::Universal,
        7..=9 => Scope::DomainLocal,
        _ => Scope::Distribution,
    }
}

/// Principals and groups, and what they are members of.
pub(super) struct People<'a> {
    setting: &'a Setting<'a>,
    /// SIDs in SID histories.
    pub(super) former: Vec<String>,
    /// Groups before users, since a primary group must exist.
    pub(super) groups: Vec<PlantedObject>,
    pub(super) principals: Vec<PlantedObject>,
    /// Memberships of groups that every domain has.
    pub(super) additions: Vec<Addition>,
}

impl<'a> People<'a> {
    pub(super) fn new(setting: &'a Setting<'a>, seeded: &mut Seeded) -> People<'a> {
        let mut people = People {
            setting,
            former: (0..8)
                .map(|number| format!("{FORMER_DOMAIN}-{}", 1_200 + number))
                .collect(),
            groups: Vec::new(),
            principals: Vec::new(),
            additions: Vec::new(),
        };
        for number in 0..GROUPS {
            let group = people.group(seeded, number);
            people.groups.push(group);
        }
        for number in 0..PRINCIPALS {
            let principal = people.principal(number);
            people.principals.push(principal);
        }
        people.additions = people.elevated();
        people
    }

    /// SIDs of all groups and principals.
    pub(super) fn sids(&self) -> Vec<String> {
        let all = self.groups.iter().chain(&self.principals);
        all.filter_map(|object| object.sid.clone()).collect()
    }

    fn group(&self, seeded: &mut Seeded, number: u32) -> PlantedObject {
        let name = group_name(number);
        let mut group = self
            .setting
            .account(Kind::Group, &name, &name, GROUPS_IN, FIRST_GROUP + number)
            .with("groupType", scope(number).group_type());
        if number.is_multiple_of(9)
            && let Some(former) = self
                .former
                .get(4 + usize::try_from(number / 9 % 4).unwrap_or(0))
        {
            group = group.with("sIDHistory", former.as_str());
        }
        let mut members = BTreeSet::new();
        for _ in 0..seeded.below(7) {
            members.insert(self.principal_dn(below(seeded, PRINCIPALS)));
        }
        for _ in 0..seeded.below(4) {
            // Any group, also one that holds this one: cycles are as common as in real domains, or commoner.
            let member = below(seeded, GROUPS);
            if member != number && scope(number).takes(scope(member)) {
                members.insert(self.group_dn(member));
            }
        }
        // A cycle of three for certain, and domain local groups of everybody.
        match number {
            0..=2 => {
                members.insert(self.group_dn((number + 1) % 3));
            }
            7 => {
                members.insert(self.foreign_dn(AUTHENTICATED_USERS));
            }
            8 => {
                members.insert(self.foreign_dn(EVERYONE));
            }
            // Everybody once more, through 7.
            9 => {
                members.insert(self.group_dn(7));
            }
            _ => {}
        }
        if members.is_empty() {
            return group;
        }
        group.with_all("member", members.into_iter().collect())
    }

    fn principal(&self, number: u32) -> PlantedObject {
        let name = principal_name(number);
        let mut principal = self
            .setting
            .account(
                Kind::User,
                &name,
                &name,
                PRINCIPALS_IN,
                FIRST_PRINCIPAL + number,
            )
            .with("userAccountControl", NORMAL);
        let primary = match number {
            // Global groups other than Domain Users: five of ours, Domain Guests, Domain Computers.
            7..=11 => Some(FIRST_GROUP + number - 7),
            12 => Some(514),
            13 => Some(515),
            _ => None,
        };
        if let Some(primary) = primary {
            principal = principal.with("primaryGroupID", i64::from(primary));
        }
        if let Some(former) = (16..20)
            .contains(&number)
            .then(|| self.former.get(usize::try_from(number - 16).unwrap_or(0)))
            .flatten()
        {
            principal = principal.with("sIDHistory", former.as_str());
        }
        principal.password = Some(PASSWORD);
        principal
    }

    /// Members of the groups of administrators and operators, directly and through ours.
    fn elevated(&self) -> Vec<Addition> {
        let base_dn = self.setting.domain.base_dn();
        let builtin = |name: &str| format!("CN={name},CN=Builtin,{base_dn}");
        let users = |name: &str| format!("CN={name},CN=Users,{base_dn}");
        let pairs = [
            (users("Domain Admins"), self.principal_dn(0)),
            (builtin("Administrators"), self.principal_dn(1)),
            (builtin("Account Operators"), self.principal_dn(2)),
            (builtin("Account Operators"), self.group_dn(5)),
            (builtin("Backup Operators"), self.principal_dn(4)),
            (builtin("Server Operators"), self.principal_dn(5)),
            (builtin("Print Operators"), self.group_dn(3)),
            (users("Group Policy Creator Owners"), self.principal_dn(6)),
            (builtin("Administrators"), self.group_dn(4)),
        ];
        pairs
            .into_iter()
            .map(|(dn, value)| Addition {
                dn,
                attribute: "member",
                value,
            })
            .collect()
    }

    fn principal_dn(&self, number: u32) -> String {
        let base_dn = self.setting.domain.base_dn();
        format!("CN={},{PRINCIPALS_IN},{base_dn}", principal_name(number))
    }

    fn group_dn(&self, number: u32) -> String {
        let base_dn = self.setting.domain.base_dn();
        format!("CN={},{GROUPS_IN},{base_dn}", group_name(number))
    }

    fn foreign_dn(&self, sid: &str) -> String {
        let base_dn = self.setting.domain.base_dn();
        format!("CN={sid},CN=ForeignSecurityPrincipals,{base_dn}")
    }
}

fn principal_name(number: u32) -> String {
    format!("asker-{number:02}")
}

fn group_name(number: u32) -> String {
    format!("{:?}-{number:02}", scope(number))
}

fn below(seeded: &mut Seeded, limit: u32) -> u32 {
    u32::try_from(seeded.below(u64::from(limit))).unwrap_or(0)
}
