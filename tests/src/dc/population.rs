//! The accounts, groups and settings the domain is filled with. Fixed relative identifiers from 3000 on, so that
//! descriptors can name principals before they exist; dates count back from the moment of planting.

use anyhow::Result;

use super::changes;
use super::clock::{Clock, TICKS_PER_DAY};
use super::domain::Domain;
use super::large;
use super::options::Population;
use super::password_id::password_id;
use super::planted::{
    Addition, BIG_GROUP, BIG_GROUP_MEMBERS, FOREIGN_SID, KDS_ROOT_KEY, KDS_ROOT_KEY_DATA, Kind,
    Planted, PlantedObject,
};
use super::rules;
use super::tangle;

/// The password of the ordinary user `lowpriv`.
pub(super) const LOW_PASSWORD: &str = "Pa55w0rd-Low!x";

// userAccountControl, MS-ADTS 2.2.16.
pub(super) const DISABLED: i64 = 0x2;
pub(super) const NORMAL: i64 = 0x200;
pub(super) const WORKSTATION: i64 = 0x1000;
pub(super) const NO_EXPIRY: i64 = 0x1_0000;
const UNCONSTRAINED: i64 = 0x8_0000;
const NO_PREAUTH: i64 = 0x40_0000;
const PROTOCOL_TRANSITION: i64 = 0x100_0000;
/// AES128 and AES256, MS-KILE 2.2.7.
pub(super) const AES: i64 = 0x18;
/// Full control, as Windows writes it into `msDS-GroupMSAMembership`.
pub(super) const READERS: &str = "0xf01ff";

/// Everything, parents before children.
pub(super) fn population(domain: &Domain, wanted: Population) -> Result<Planted> {
    let setting = |now| Setting { domain, now };
    match wanted {
        Population::Bare => {
            let bare = setting(Clock::fixed());
            Ok(Planted {
                objects: vec![bare.unit("Services"), bare.lowpriv()],
                additions: vec![bare.service_name()],
                ..Planted::default()
            })
        }
        Population::Accounts => {
            let now = setting(Clock::now()?);
            let mut planted = now.accounts()?;
            planted.objects.extend(now.big_group());
            Ok(planted)
        }
        Population::Rules => rules::planted(&setting(Clock::now()?)),
        Population::Changes => changes::planted(&setting(Clock::now()?)),
        Population::Tangled { seed } => {
            let fixed = setting(Clock::fixed());
            let (tangled, mut additions) = tangle::tangle(&fixed, seed);
            let mut objects = vec![fixed.unit("Services"), fixed.lowpriv()];
            objects.extend(tangled);
            additions.push(fixed.service_name());
            Ok(Planted {
                objects,
                additions,
                ..Planted::default()
            })
        }
        Population::Large { principals } => {
            let fixed = setting(Clock::fixed());
            let mut planted = fixed.accounts()?;
            planted.objects.extend(large::objects(&fixed, principals)?);
            Ok(planted)
        }
    }
}

/// What the objects are made for: a domain, and the moment that ages count back from.
pub(super) struct Setting<'a> {
    pub(super) domain: &'a Domain,
    pub(super) now: Clock,
}

impl Setting<'_> {
    /// One of each kind of account, and the groups and settings around them.
    fn accounts(&self) -> Result<Planted> {
        let mut objects = self.containers();
        objects.extend(self.users());
        objects.extend(self.computers());
        objects.extend(self.managed_accounts()?);
        objects.extend(self.groups());
        objects.extend(self.key_distribution());
        objects.extend(self.policies_and_trusts());
        Ok(Planted {
            objects,
            additions: vec![
                Addition {
                    dn: format!("CN=Domain Admins,CN=Users,{}", self.domain.base_dn()),
                    attribute: "member",
                    value: format!("CN=GG-Tier0-Ops,OU=Groups,{}", self.domain.base_dn()),
                },
                self.service_name(),
            ],
            ..Planted::default()
        })
    }

    /// Without the service that registers names (`dnsupdate`), the server has only HOST/… and GC/….
    pub(super) fn service_name(&self) -> Addition {
        let host = self.domain.host().to_ascii_uppercase();
        Addition {
            dn: format!("CN={host},OU=Domain Controllers,{}", self.domain.base_dn()),
            attribute: "servicePrincipalName",
            value: format!("ldap/{}", self.domain.host_name()),
        }
    }

    /// An organizational unit directly below the head of the domain.
    pub(super) fn unit(&self, name: &str) -> PlantedObject {
        let dn = format!("OU={name},{}", self.domain.base_dn());
        PlantedObject::new(Kind::OrganizationalUnit, name, dn).with("ou", name)
    }

    /// An ordinary user, the only one with a password that is known.
    pub(super) fn lowpriv(&self) -> PlantedObject {
        // Setting the password sets pwdLastSet too.
        let mut lowpriv = self
            .account(Kind::User, "lowpriv", "lowpriv", "OU=Services", 3009)
            .with("userAccountControl", NORMAL)
            .with(
                "userPrincipalName",
                format!("lowpriv@{}", self.domain.dns()),
            );
        lowpriv.password = Some(LOW_PASSWORD);
        lowpriv
    }

    fn containers(&self) -> Vec<PlantedObject> {
        let helpdesk = self.sid(3310);
        vec![
        self.unit("Services"),
        self.unit("Groups"),
        self.unit("Contacts"),
        self.unit("Servers"),
        // Nobody in the domain may create a dMSA here, although the help desk may create anything and reset passwords.
        self.unit("Restricted").with(
            "nTSecurityDescriptor",
            format!(
                "O:DAG:DAD:AI(OD;CI;CC;0feb936f-47b3-49f2-9386-1dedc2c23765;;AU)(OD;CIIO;WP;\
                 3f78c3e5-f79a-46bd-a0b8-9d18116ddc79;bf967a86-0de6-11d0-a285-00aa003049e2;WD)\
                 (A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)\
                 (A;CI;CC;;;{helpdesk})(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;\
                 bf967aba-0de6-11d0-a285-00aa003049e2;{helpdesk})"
            ),
        ),
    ]
    }

    fn users(&self) -> Vec<PlantedObject> {
        let dns = self.domain.dns();
        let user = |name: &str, rid: u32, control: i64, password_age: i64| {
            self.account(Kind::User, name, name, "OU=Services", rid)
                .with("userAccountControl", control)
                .with("pwdLastSet", self.now.days_ago(password_age))
                .with("userPrincipalName", format!("{name}@{dns}"))
        };
        vec![
            // Member of Domain Admins through two groups.
            user("svc-sql", 3001, NORMAL, 400)
                .with_all(
                    "servicePrincipalName",
                    vec![
                        "MSSQLSvc/sql01.corp.example:1433",
                        "MSSQLSvc/sql01.corp.example",
                    ],
                )
                .with("lastLogonTimestamp", self.now.days_ago(3))
                .with("adminCount", 1),
            user("svc-web", 3002, NORMAL | NO_EXPIRY, 90)
                .with("servicePrincipalName", "HTTP/intranet.corp.example")
                .with("msDS-SupportedEncryptionTypes", AES),
            user("svc-old", 3003, NORMAL, 5_000)
                .with("servicePrincipalName", "FTP/files.corp.example")
                .with("lastLogonTimestamp", self.now.days_ago(3_000)),
            user("svc-roast", 3004, NORMAL | NO_PREAUTH, 200),
            user("svc-deleg", 3005, NORMAL | PROTOCOL_TRANSITION, 100)
                .with("servicePrincipalName", "HTTP/portal.corp.example")
                .with_all(
                    "msDS-AllowedToDelegateTo",
                    vec!["MSSQLSvc/sql01.corp.example:1433", "cifs/dc1.corp.example"],
                ),
            user("svc-legacy", 3006, NORMAL | DISABLED, 900)
                .with("servicePrincipalName", "LEGACY/app.corp.example")
                .with("msDS-SupersededServiceAccountState", 2)
                .with(
                    "msDS-SupersededManagedAccountLink",
                    self.managed_dn("dmsa-new"),
                ),
            self.account(
                Kind::User,
                "svc-mueller",
                "Dienst Müller\\, Köln",
                "OU=Services",
                3007,
            )
            .with("userAccountControl", NORMAL)
            .with("pwdLastSet", self.now.days_ago(50))
            .with("displayName", "Dienst Müller, Köln")
            .with("description", "Läuft auf „APP01“ – nicht löschen")
            .with("servicePrincipalName", "KÖLN/app01.corp.example"),
            // A SID of another domain's built-in administrator.
            user("svc-history", 3008, NORMAL, 60).with(
                "sIDHistory",
                "S-1-5-21-1111111111-2222222222-3333333333-500",
            ),
            self.lowpriv(),
            user("alice", 3010, NORMAL, 20).with("givenName", "Alice"),
        ]
    }

    fn computers(&self) -> Vec<PlantedObject> {
        let dns = self.domain.dns();
        let computer = |name: &str, rid: u32, control: i64, password_age: i64| {
            let host = format!("{}.{dns}", name.to_lowercase());
            self.account(Kind::Computer, &format!("{name}$"), name, "OU=Servers", rid)
                .with("userAccountControl", control)
                .with("pwdLastSet", self.now.days_ago(password_age))
                .with("operatingSystem", "Windows Server 2022 Standard")
                .with("operatingSystemVersion", "10.0 (20348)")
                .with_all(
                    "servicePrincipalName",
                    vec![format!("HOST/{host}"), format!("HOST/{name}")],
                )
                .with("dNSHostName", host)
        };
        vec![
            computer("WEB01", 3201, WORKSTATION, 10),
            computer("APP01", 3202, WORKSTATION, 12)
                .with("msDS-HostServiceAccount", self.managed_dn("smsa-linked"))
                // svc-web may impersonate anyone towards APP01.
                .with(
                    "msDS-AllowedToActOnBehalfOfOtherIdentity",
                    format!("O:BAD:(A;;{READERS};;;{})", self.sid(3002)),
                ),
            computer("SQL01", 3203, WORKSTATION | UNCONSTRAINED, 15),
            computer("OLD01", 3204, WORKSTATION | DISABLED, 800),
        ]
    }

    fn managed_accounts(&self) -> Result<Vec<PlantedObject>> {
        let dns = self.domain.dns();
        let base_dn = self.domain.base_dn();
        let managed = |kind: Kind, name: &str, rid: u32, password_age: i64| {
            self.account(
                kind,
                &format!("{name}$"),
                name,
                "CN=Managed Service Accounts",
                rid,
            )
            .with("userAccountControl", WORKSTATION)
            .with("pwdLastSet", self.now.days_ago(password_age))
            .with("dNSHostName", format!("{name}.{dns}"))
            .with("msDS-SupportedEncryptionTypes", AES)
        };
        let group_managed = |name: &str, rid: u32, password_age: i64, readers: &str| {
            let object = managed(Kind::Gmsa, name, rid, password_age)
                .with("msDS-ManagedPasswordInterval", 30)
                .with("msDS-GroupMSAMembership", format!("O:BAD:{readers}"));
            Ok::<_, anyhow::Error>(object.with(
                "msDS-ManagedPasswordId",
                password_id(self.now.days_ago(password_age), self.domain.dns())?,
            ))
        };
        let reader = |trustee: &str| format!("(A;;{READERS};;;{trustee})");
        Ok(vec![
            group_managed("gmsa-web", 3101, 5, &reader(&self.sid(3301)))?
                .with("servicePrincipalName", "HTTP/web.corp.example")
                .with(
                    "msDS-ManagedPasswordPreviousId",
                    password_id(self.now.days_ago(35), self.domain.dns())?,
                ),
            group_managed("gmsa-open", 3102, 5, &reader("AU"))?,
            group_managed(
                "gmsa-human",
                3103,
                5,
                &format!("{}{}", reader(&self.sid(3201)), reader(&self.sid(3010))),
            )?,
            group_managed("gmsa-stale", 3104, 2_600, &reader(&self.sid(3203)))?,
            managed(Kind::Smsa, "smsa-linked", 3111, 25),
            managed(Kind::Smsa, "smsa-orphan", 3112, 700),
            managed(Kind::Dmsa, "dmsa-new", 3121, 2)
                .with("msDS-ManagedPasswordInterval", 30)
                .with("msDS-DelegatedMSAState", 2)
                .with(
                    "msDS-GroupMSAMembership",
                    format!("O:BAD:{}", reader(&self.sid(3202))),
                )
                .with(
                    "msDS-ManagedPasswordId",
                    password_id(self.now.days_ago(2), self.domain.dns())?,
                )
                .with(
                    "msDS-ManagedAccountPrecededByLink",
                    format!("CN=svc-legacy,OU=Services,{base_dn}"),
                ),
        ])
    }

    fn groups(&self) -> Vec<PlantedObject> {
        let base_dn = self.domain.base_dn();
        const GLOBAL_SECURITY: i64 = -0x7fff_fffe;
        const DOMAIN_LOCAL_SECURITY: i64 = -0x7fff_fffc;
        let group = |name: &str, rid: u32, members: Vec<String>| {
            self.account(Kind::Group, name, name, "OU=Groups", rid)
                .with("groupType", GLOBAL_SECURITY)
                .with_all("member", members)
        };
        let in_groups = |name: &str| format!("CN={name},OU=Groups,{base_dn}");
        let service = |name: &str| format!("CN={name},OU=Services,{base_dn}");
        let server = |name: &str| format!("CN={name},OU=Servers,{base_dn}");
        let foreign_dn = |sid: &str| format!("CN={sid},CN=ForeignSecurityPrincipals,{base_dn}");

        let mut foreign = PlantedObject::new(
            Kind::ForeignSecurityPrincipal,
            FOREIGN_SID,
            foreign_dn(FOREIGN_SID),
        );
        foreign.sid = Some(FOREIGN_SID.to_owned());
        vec![
            foreign,
            group("GG-Web-Hosts", 3301, vec![in_groups("GG-Web-Servers")]),
            group("GG-Web-Servers", 3302, vec![server("WEB01")]),
            // svc-sql, GG-SQL-Admins, GG-Tier0-Ops, Domain Admins.
            group("GG-SQL-Admins", 3303, vec![service("svc-sql")]),
            group("GG-Tier0-Ops", 3304, vec![in_groups("GG-SQL-Admins")]),
            // Three deep, the innermost holds lowpriv.
            group("GG-Nest-Outer", 3305, vec![in_groups("GG-Nest-Middle")]),
            group("GG-Nest-Middle", 3306, vec![in_groups("GG-Nest-Inner")]),
            group("GG-Nest-Inner", 3307, vec![service("lowpriv")]),
            group("GG-Cycle-A", 3308, vec![in_groups("GG-Cycle-B")]),
            group("GG-Cycle-B", 3309, vec![in_groups("GG-Cycle-A")]),
            group("GG-Helpdesk", 3310, vec![service("alice")]),
            self.account(Kind::Group, "DL-Foreign", "DL-Foreign", "OU=Groups", 3311)
                .with("groupType", DOMAIN_LOCAL_SECURITY)
                .with_all(
                    "member",
                    vec![foreign_dn("S-1-5-11"), foreign_dn(FOREIGN_SID)],
                ),
        ]
    }

    fn big_group(&self) -> Vec<PlantedObject> {
        let base_dn = self.domain.base_dn();
        let mut objects: Vec<PlantedObject> = (1..=BIG_GROUP_MEMBERS)
            .map(|number| {
                let name = format!("contact-{number:04}");
                PlantedObject::new(
                    Kind::Contact,
                    &name,
                    format!("CN={name},OU=Contacts,{base_dn}"),
                )
            })
            .collect();
        let members = objects.iter().map(|contact| contact.dn.clone()).collect();
        objects.push(
            self.account(Kind::Group, BIG_GROUP, BIG_GROUP, "OU=Groups", 3312)
                .with_all::<String>("member", members),
        );
        objects
    }

    fn key_distribution(&self) -> Vec<PlantedObject> {
        let base_dn = self.domain.base_dn();
        let service =
            format!("CN=Group Key Distribution Service,CN=Services,CN=Configuration,{base_dn}");
        let keys = format!("CN=Master Root Keys,{service}");
        let configuration = "Group Key Distribution Service Server Configuration";
        vec![
            PlantedObject::new(
                Kind::Container,
                "Group Key Distribution Service",
                service.clone(),
            ),
            PlantedObject::new(Kind::Container, "Master Root Keys", keys.clone()),
            PlantedObject::new(
                Kind::KdsConfiguration,
                configuration,
                format!("CN={configuration},{service}"),
            )
            .with("msKds-Version", 1),
            PlantedObject::new(
                Kind::KdsRootKey,
                KDS_ROOT_KEY,
                format!("CN={KDS_ROOT_KEY},{keys}"),
            )
            .with("msKds-Version", 1)
            .with("msKds-CreateTime", self.now.days_ago(1_500))
            .with("msKds-UseStartTime", self.now.days_ago(1_499))
            .with(
                "msKds-DomainID",
                format!(
                    "CN={},OU=Domain Controllers,{base_dn}",
                    self.domain.host().to_ascii_uppercase()
                ),
            )
            .with("msKds-KDFAlgorithmID", "SP800_108_CTR_HMAC")
            .with("msKds-SecretAgreementAlgorithmID", "DH")
            .with("msKds-PublicKeyLength", 2048)
            .with("msKds-PrivateKeyLength", 512)
            .with("msKds-RootKeyData", KDS_ROOT_KEY_DATA.to_vec()),
        ]
    }

    fn policies_and_trusts(&self) -> Vec<PlantedObject> {
        let base_dn = self.domain.base_dn();
        let policy = "PSO-Services";
        let trust = "partner.example";
        vec![
            PlantedObject::new(
                Kind::PasswordSettings,
                policy,
                format!("CN={policy},CN=Password Settings Container,CN=System,{base_dn}"),
            )
            .with("msDS-PasswordSettingsPrecedence", 10)
            .with("msDS-PasswordReversibleEncryptionEnabled", "FALSE")
            .with("msDS-PasswordComplexityEnabled", "TRUE")
            .with("msDS-PasswordHistoryLength", 24)
            .with("msDS-MinimumPasswordLength", 25)
            .with("msDS-MinimumPasswordAge", 0)
            .with("msDS-MaximumPasswordAge", -180 * TICKS_PER_DAY)
            .with("msDS-LockoutThreshold", 0)
            .with("msDS-LockoutDuration", -TICKS_PER_DAY / 48)
            .with("msDS-LockoutObservationWindow", -TICKS_PER_DAY / 48)
            .with_all(
                "msDS-PSOAppliesTo",
                vec![
                    format!("CN=svc-web,OU=Services,{base_dn}"),
                    format!("CN=GG-SQL-Admins,OU=Groups,{base_dn}"),
                ],
            ),
            // Both ways, transitive within the forest of the partner.
            PlantedObject::new(
                Kind::TrustedDomain,
                trust,
                format!("CN={trust},CN=System,{base_dn}"),
            )
            .with("trustPartner", trust)
            .with("flatName", "PARTNER")
            .with("trustType", 2)
            .with("trustDirection", 3)
            .with("trustAttributes", 8)
            .with(
                "securityIdentifier",
                "S-1-5-21-1111111111-2222222222-3333333333",
            ),
        ]
    }

    /// A security principal. `common_name` is written as in a distinguished name, escapes included.
    pub(super) fn account(
        &self,
        kind: Kind,
        name: &str,
        common_name: &str,
        parent: &str,
        rid: u32,
    ) -> PlantedObject {
        let base_dn = self.domain.base_dn();
        let mut object =
            PlantedObject::new(kind, name, format!("CN={common_name},{parent},{base_dn}"));
        object.sid = Some(self.sid(rid));
        object.with("sAMAccountName", name)
    }

    fn managed_dn(&self, name: &str) -> String {
        let base_dn = self.domain.base_dn();
        format!("CN={name},CN=Managed Service Accounts,{base_dn}")
    }

    fn sid(&self, rid: u32) -> String {
        self.domain.principal(rid)
    }
}
