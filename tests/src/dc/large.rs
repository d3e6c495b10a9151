//! A domain as large as wanted, the same every time: users, computers, managed service accounts and groups in twelve
//! sites. Fixed relative identifiers from 10000 on and fixed GUIDs. Plants nothing itself.
//!
//! Of a hundred principals 69 are users (a few with service names), 22 computers, 8 groups and 1 is a managed service
//! account. Sites differ in their descriptors, so that there are about a hundred distinct ones, not one an object.

use anyhow::{Context, Result};

use super::password_id::password_id;
use super::planted::{Kind, LARGE_GROUP, LARGE_GROUP_MEMBERS, PlantedObject, Value};
use super::population::{AES, DISABLED, NO_EXPIRY, NORMAL, READERS, Setting, WORKSTATION};
use crate::seed::Seeded;

const SEED: u64 = 25_000;
const FIRST_RID: u32 = 10_000;
const SITES: usize = 12;
const GLOBAL_SECURITY: i64 = -0x7fff_fffe;
/// Reset password, MS-ADTS 5.1.3.2.1.
const RESET_PASSWORD: &str = "00299570-246d-11d0-a768-00aa006e0529";

const GIVEN: [&str; 12] = [
    "Anna", "Björn", "Chloé", "David", "Élise", "Fatma", "Georg", "Hana", "Ivan", "Jürgen", "Kim",
    "Łukasz",
];
const SURNAMES: [&str; 10] = [
    "Meyer", "Schmidt", "Weiß", "Novák", "Dubois", "Yılmaz", "Rossi", "Jensen", "Okafor", "Smith",
];
const SERVICES: [&str; 5] = ["HTTP", "MSSQLSvc", "FTP", "BACKUP", "SAP"];

/// The sites, then `principals` principals, parents before children.
pub(super) fn objects(setting: &Setting<'_>, principals: usize) -> Result<Vec<PlantedObject>> {
    let mut made = Large {
        setting,
        seeded: Seeded::new(SEED),
        next: FIRST_RID,
        hosts: Vec::new(),
        accounts: Vec::new(),
        groups: Vec::new(),
        objects: Vec::new(),
    };
    let groups = principals * 8 / 100;
    let computers = principals * 22 / 100;
    let managed = principals / 100;
    let users = principals - groups - computers - managed;
    made.sites()?;
    for number in 0..users {
        let user = made.user(number)?;
        made.accounts.push(user.dn.clone());
        made.objects.push(user);
    }
    for number in 0..computers {
        let computer = made.computer(number)?;
        made.accounts.push(computer.dn.clone());
        made.hosts.extend(computer.sid.clone());
        made.objects.push(computer);
    }
    for number in 0..managed {
        let account = made.managed(number)?;
        made.objects.push(account);
    }
    for number in 0..groups {
        let group = made.group(number)?;
        made.groups.push(group.dn.clone());
        made.objects.push(group);
    }
    Ok(made.objects)
}

struct Large<'a> {
    setting: &'a Setting<'a>,
    seeded: Seeded,
    /// The next relative identifier.
    next: u32,
    /// SIDs of computers, who read managed passwords.
    hosts: Vec<String>,
    /// DNs of users and computers, who are members.
    accounts: Vec<String>,
    /// DNs of the groups so far.
    groups: Vec<String>,
    objects: Vec<PlantedObject>,
}

impl Large<'_> {
    fn sites(&mut self) -> Result<()> {
        let everything = "RPWPCRCCDCLCLORCWOWDSDDTSW";
        for number in 0..SITES {
            // Each site's help desk, groups that need not exist, may reset its users' passwords.
            let desk = self
                .setting
                .domain
                .principal(9_000 + u32::try_from(number)?);
            let site = self.setting.unit(&format!("Site {number:02}")).with(
                "nTSecurityDescriptor",
                format!(
                    "O:DAG:DAD:AI(A;;{everything};;;DA)(A;;{everything};;;SY)(A;;RPLCLORC;;;AU)\
                         (OA;CIIO;CR;{RESET_PASSWORD};bf967aba-0de6-11d0-a285-00aa003049e2;{desk})"
                ),
            );
            self.objects.push(site);
        }
        Ok(())
    }

    fn user(&mut self, number: usize) -> Result<PlantedObject> {
        let dns = self.setting.domain.dns();
        let given = self.seeded.one_of(&GIVEN).copied().unwrap_or_default();
        let surname = self.seeded.one_of(&SURNAMES).copied().unwrap_or_default();
        let service = number.is_multiple_of(25);
        let name = if service {
            format!("svc-app{number:05}")
        } else {
            format!("user{number:05}")
        };
        let never_expires = if service { NO_EXPIRY } else { 0 };
        let disabled = if number % 17 == 3 { DISABLED } else { 0 };
        let mut user = self
            .account(Kind::User, &name, &name, number)?
            .with("userAccountControl", NORMAL | never_expires | disabled)
            .with("userPrincipalName", format!("{name}@{dns}"))
            .with("givenName", given)
            .with("sn", surname)
            .with("displayName", format!("{given} {surname}"))
            .with("mail", format!("{name}@mail.{dns}"));
        if number % 5 < 4 {
            let age = self.age(90);
            user = user.with("lastLogonTimestamp", self.setting.now.days_ago(age));
        }
        if service {
            let kind = self.seeded.one_of(&SERVICES).copied().unwrap_or_default();
            user = user
                .with(
                    "description",
                    format!("Dienstkonto für {kind}, Nr. {number}"),
                )
                .with_all(
                    "servicePrincipalName",
                    vec![
                        format!("{kind}/app{number:05}.{dns}"),
                        format!("{kind}/app{number:05}"),
                    ],
                );
            if number.is_multiple_of(50) {
                user = user.with("msDS-SupportedEncryptionTypes", AES);
            }
        }
        // Forty users have a descriptor of their own.
        if number % 400 == 7 && number < 16_000 {
            let desk = self
                .setting
                .domain
                .principal(9_100 + u32::try_from(number / 400)?);
            user = user.with(
                "nTSecurityDescriptor",
                format!(
                    "O:DAG:DAD:AI(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)\
                     (OA;;CR;{RESET_PASSWORD};;{desk})"
                ),
            );
        }
        Ok(user)
    }

    fn computer(&mut self, number: usize) -> Result<PlantedObject> {
        let name = format!("PC{number:05}");
        let host = format!("{}.{}", name.to_lowercase(), self.setting.domain.dns());
        // Samba compares a HOST name with all its aliases, which takes long: only some have one.
        let classes: &[&str] = if number.is_multiple_of(4) {
            &["HOST", "RestrictedKrbHost"]
        } else {
            &["TERMSRV", "RestrictedKrbHost"]
        };
        let services = classes
            .iter()
            .flat_map(|class| [format!("{class}/{host}"), format!("{class}/{name}")])
            .collect();
        let server = number.is_multiple_of(6);
        let age = self.age(45);
        Ok(self
            .account(Kind::Computer, &format!("{name}$"), &name, number)?
            .with("userAccountControl", WORKSTATION)
            .with("lastLogonTimestamp", self.setting.now.days_ago(age))
            .with(
                "operatingSystem",
                if server {
                    "Windows Server 2022 Standard"
                } else {
                    "Windows 11 Enterprise"
                },
            )
            .with("msDS-SupportedEncryptionTypes", AES | 0x4)
            .with_all("servicePrincipalName", services)
            .with("dNSHostName", host))
    }

    fn managed(&mut self, number: usize) -> Result<PlantedObject> {
        let dns = self.setting.domain.dns();
        let standalone = number % 4 == 3;
        let (kind, name) = if standalone {
            (Kind::Smsa, format!("smsa{number:04}"))
        } else {
            (Kind::Gmsa, format!("gmsa{number:04}"))
        };
        let account = self
            .account(kind, &format!("{name}$"), &name, number)?
            .with("userAccountControl", WORKSTATION)
            .with("dNSHostName", format!("{name}.{dns}"))
            .with("servicePrincipalName", format!("HTTP/{name}.{dns}"))
            .with("msDS-SupportedEncryptionTypes", AES);
        if standalone {
            return Ok(account);
        }
        let reader = self.seeded.one_of(&self.hosts).cloned();
        let reader = reader.unwrap_or_else(|| "BA".to_owned());
        let age = self.age(30);
        Ok(account
            .with("msDS-ManagedPasswordInterval", 30)
            .with(
                "msDS-GroupMSAMembership",
                format!("O:BAD:(A;;{READERS};;;{reader})"),
            )
            .with(
                "msDS-ManagedPasswordId",
                password_id(self.setting.now.days_ago(age), dns)?,
            ))
    }

    /// The first group has [`LARGE_GROUP_MEMBERS`] members, every tenth holds the one before it, others a few accounts.
    fn group(&mut self, number: usize) -> Result<PlantedObject> {
        let name = if number == 0 {
            LARGE_GROUP.to_owned()
        } else {
            format!("GG-Team-{number:04}")
        };
        let mut members: Vec<String> = if number == 0 {
            self.accounts
                .iter()
                .take(LARGE_GROUP_MEMBERS)
                .cloned()
                .collect()
        } else {
            let wanted = self.seeded.below(20);
            (0..wanted)
                .filter_map(|_| self.seeded.one_of(&self.accounts).cloned())
                .collect()
        };
        if number % 10 == 1 {
            members.extend(self.groups.last().cloned());
        }
        let mut seen = std::collections::BTreeSet::new();
        members.retain(|member| seen.insert(member.clone()));
        let mut group = self
            .account(Kind::Group, &name, &name, number)?
            .with("groupType", GLOBAL_SECURITY)
            .with("description", format!("Team {number}"));
        if !members.is_empty() {
            group = group.with_all("member", members);
        }
        if number.is_multiple_of(20)
            && let Some(manager) = self.accounts.get(number)
        {
            group = group.with("managedBy", manager.as_str());
        }
        Ok(group)
    }

    /// A principal of a site, with a date of its password, a fixed SID and a fixed GUID.
    fn account(
        &mut self,
        kind: Kind,
        name: &str,
        common_name: &str,
        number: usize,
    ) -> Result<PlantedObject> {
        let parent = format!("OU=Site {:02}", number % SITES);
        let rid = self.next;
        self.next = rid.checked_add(1).context("too many principals")?;
        let guid = [
            self.seeded.any().to_le_bytes(),
            self.seeded.any().to_le_bytes(),
        ]
        .concat();
        let age = self.age(1_500);
        let account = self
            .setting
            .account(kind, name, common_name, &parent, rid)
            .with("objectGUID", Value::Bytes(guid));
        Ok(match kind {
            Kind::Group => account,
            _ => account.with("pwdLastSet", self.setting.now.days_ago(age)),
        })
    }

    /// Days, below `limit`.
    fn age(&mut self, limit: u64) -> i64 {
        i64::try_from(self.seeded.below(limit)).unwrap_or(0)
    }
}
