//! The accounts, groups and settings the domain is filled with. Fixed relative identifiers from 3000 on, so that
//! descriptors can name principals before they exist; dates count back from the moment of planting.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::planted::{
    Addition, BASE_DN, BIG_GROUP, BIG_GROUP_MEMBERS, DNS_DOMAIN, DOMAIN_SID, FOREIGN_SID,
    HOST_NAME, KDS_ROOT_KEY, KDS_ROOT_KEY_DATA, Kind, Planted, PlantedObject,
};

/// The password of the ordinary user `lowpriv`.
pub(super) const LOW_PASSWORD: &str = "Pa55w0rd-Low!x";

// userAccountControl, MS-ADTS 2.2.16.
const DISABLED: i64 = 0x2;
const NORMAL: i64 = 0x200;
const WORKSTATION: i64 = 0x1000;
const NO_EXPIRY: i64 = 0x1_0000;
const UNCONSTRAINED: i64 = 0x8_0000;
const NO_PREAUTH: i64 = 0x40_0000;
const PROTOCOL_TRANSITION: i64 = 0x100_0000;
/// AES128 and AES256, MS-KILE 2.2.7.
const AES: i64 = 0x18;
/// Full control, as Windows writes it into `msDS-GroupMSAMembership`.
const READERS: &str = "0xf01ff";

const TICKS_PER_DAY: i64 = 864_000_000_000;
const TICKS_1601_TO_1970: i64 = 116_444_736_000_000_000;

/// Everything, parents before children.
pub(super) fn population() -> Result<Planted> {
    let now = Clock::now()?;
    let mut objects = containers();
    objects.extend(users(&now));
    objects.extend(computers(&now));
    objects.extend(managed_accounts(&now)?);
    objects.extend(groups());
    objects.extend(big_group());
    objects.extend(key_distribution(&now));
    objects.extend(policies_and_trusts());
    Ok(Planted {
        objects,
        additions: additions(),
    })
}

fn additions() -> Vec<Addition> {
    let addition = |dn: &str, attribute, value: String| Addition {
        dn: format!("{dn},{BASE_DN}"),
        attribute,
        value,
    };
    vec![
        addition(
            "CN=Domain Admins,CN=Users",
            "member",
            format!("CN=GG-Tier0-Ops,OU=Groups,{BASE_DN}"),
        ),
        // Without the service that registers names (`dnsupdate`), the server has only HOST/… and GC/….
        addition(
            "CN=DC1,OU=Domain Controllers",
            "servicePrincipalName",
            format!("ldap/{HOST_NAME}"),
        ),
    ]
}

fn containers() -> Vec<PlantedObject> {
    let unit = |name: &str| {
        PlantedObject::new(
            Kind::OrganizationalUnit,
            name,
            format!("OU={name},{BASE_DN}"),
        )
        .with("ou", name)
    };
    let helpdesk = sid(3310);
    vec![
        unit("Services"),
        unit("Groups"),
        unit("Contacts"),
        unit("Servers"),
        // Nobody in the domain may create a dMSA here, although the help desk may create anything and reset passwords.
        unit("Restricted").with(
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

fn users(now: &Clock) -> Vec<PlantedObject> {
    let user = |name: &str, rid: u32, control: i64, password_age: i64| {
        account(Kind::User, name, name, "OU=Services", rid)
            .with("userAccountControl", control)
            .with("pwdLastSet", now.days_ago(password_age))
            .with("userPrincipalName", format!("{name}@{DNS_DOMAIN}"))
    };
    // Setting the password sets pwdLastSet too.
    let mut lowpriv = account(Kind::User, "lowpriv", "lowpriv", "OU=Services", 3009)
        .with("userAccountControl", NORMAL)
        .with("userPrincipalName", format!("lowpriv@{DNS_DOMAIN}"));
    lowpriv.password = Some(LOW_PASSWORD);
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
            .with("lastLogonTimestamp", now.days_ago(3))
            .with("adminCount", 1),
        user("svc-web", 3002, NORMAL | NO_EXPIRY, 90)
            .with("servicePrincipalName", "HTTP/intranet.corp.example")
            .with("msDS-SupportedEncryptionTypes", AES),
        user("svc-old", 3003, NORMAL, 5_000)
            .with("servicePrincipalName", "FTP/files.corp.example")
            .with("lastLogonTimestamp", now.days_ago(3_000)),
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
            .with("msDS-SupersededManagedAccountLink", managed_dn("dmsa-new")),
        account(
            Kind::User,
            "svc-mueller",
            "Dienst Müller\\, Köln",
            "OU=Services",
            3007,
        )
        .with("userAccountControl", NORMAL)
        .with("pwdLastSet", now.days_ago(50))
        .with("displayName", "Dienst Müller, Köln")
        .with("description", "Läuft auf „APP01“ – nicht löschen")
        .with("servicePrincipalName", "KÖLN/app01.corp.example"),
        // A SID of another domain's built-in administrator.
        user("svc-history", 3008, NORMAL, 60).with(
            "sIDHistory",
            "S-1-5-21-1111111111-2222222222-3333333333-500",
        ),
        lowpriv,
        user("alice", 3010, NORMAL, 20).with("givenName", "Alice"),
    ]
}

fn computers(now: &Clock) -> Vec<PlantedObject> {
    let computer = |name: &str, rid: u32, control: i64, password_age: i64| {
        let host = format!("{}.{DNS_DOMAIN}", name.to_lowercase());
        account(Kind::Computer, &format!("{name}$"), name, "OU=Servers", rid)
            .with("userAccountControl", control)
            .with("pwdLastSet", now.days_ago(password_age))
            .with("operatingSystem", "Windows Server 2022 Standard")
            .with_all(
                "servicePrincipalName",
                vec![format!("HOST/{host}"), format!("HOST/{name}")],
            )
            .with("dNSHostName", host)
    };
    vec![
        computer("WEB01", 3201, WORKSTATION, 10),
        computer("APP01", 3202, WORKSTATION, 12)
            .with("msDS-HostServiceAccount", managed_dn("smsa-linked"))
            // svc-web may impersonate anyone towards APP01.
            .with(
                "msDS-AllowedToActOnBehalfOfOtherIdentity",
                format!("O:BAD:(A;;{READERS};;;{})", sid(3002)),
            ),
        computer("SQL01", 3203, WORKSTATION | UNCONSTRAINED, 15),
        computer("OLD01", 3204, WORKSTATION | DISABLED, 800),
    ]
}

fn managed_accounts(now: &Clock) -> Result<Vec<PlantedObject>> {
    let managed = |kind: Kind, name: &str, rid: u32, password_age: i64| {
        account(
            kind,
            &format!("{name}$"),
            name,
            "CN=Managed Service Accounts",
            rid,
        )
        .with("userAccountControl", WORKSTATION)
        .with("pwdLastSet", now.days_ago(password_age))
        .with("dNSHostName", format!("{name}.{DNS_DOMAIN}"))
        .with("msDS-SupportedEncryptionTypes", AES)
    };
    let group_managed = |name: &str, rid: u32, password_age: i64, readers: &str| {
        let object = managed(Kind::Gmsa, name, rid, password_age)
            .with("msDS-ManagedPasswordInterval", 30)
            .with("msDS-GroupMSAMembership", format!("O:BAD:{readers}"));
        Ok::<_, anyhow::Error>(object.with(
            "msDS-ManagedPasswordId",
            password_id(now.days_ago(password_age))?,
        ))
    };
    let reader = |trustee: &str| format!("(A;;{READERS};;;{trustee})");
    Ok(vec![
        group_managed("gmsa-web", 3101, 5, &reader(&sid(3301)))?
            .with("servicePrincipalName", "HTTP/web.corp.example")
            .with(
                "msDS-ManagedPasswordPreviousId",
                password_id(now.days_ago(35))?,
            ),
        group_managed("gmsa-open", 3102, 5, &reader("AU"))?,
        group_managed(
            "gmsa-human",
            3103,
            5,
            &format!("{}{}", reader(&sid(3201)), reader(&sid(3010))),
        )?,
        group_managed("gmsa-stale", 3104, 2_600, &reader(&sid(3203)))?,
        managed(Kind::Smsa, "smsa-linked", 3111, 25),
        managed(Kind::Smsa, "smsa-orphan", 3112, 700),
        managed(Kind::Dmsa, "dmsa-new", 3121, 2)
            .with("msDS-ManagedPasswordInterval", 30)
            .with("msDS-DelegatedMSAState", 2)
            .with(
                "msDS-GroupMSAMembership",
                format!("O:BAD:{}", reader(&sid(3202))),
            )
            .with("msDS-ManagedPasswordId", password_id(now.days_ago(2))?)
            .with(
                "msDS-ManagedAccountPrecededByLink",
                format!("CN=svc-legacy,OU=Services,{BASE_DN}"),
            ),
    ])
}

fn groups() -> Vec<PlantedObject> {
    const GLOBAL_SECURITY: i64 = -0x7fff_fffe;
    const DOMAIN_LOCAL_SECURITY: i64 = -0x7fff_fffc;
    let group = |name: &str, rid: u32, members: Vec<String>| {
        account(Kind::Group, name, name, "OU=Groups", rid)
            .with("groupType", GLOBAL_SECURITY)
            .with_all("member", members)
    };
    let in_groups = |name: &str| format!("CN={name},OU=Groups,{BASE_DN}");
    let service = |name: &str| format!("CN={name},OU=Services,{BASE_DN}");
    let server = |name: &str| format!("CN={name},OU=Servers,{BASE_DN}");
    let foreign_dn = |sid: &str| format!("CN={sid},CN=ForeignSecurityPrincipals,{BASE_DN}");

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
        account(Kind::Group, "DL-Foreign", "DL-Foreign", "OU=Groups", 3311)
            .with("groupType", DOMAIN_LOCAL_SECURITY)
            .with_all(
                "member",
                vec![foreign_dn("S-1-5-11"), foreign_dn(FOREIGN_SID)],
            ),
    ]
}

fn big_group() -> Vec<PlantedObject> {
    let mut objects: Vec<PlantedObject> = (1..=BIG_GROUP_MEMBERS)
        .map(|number| {
            let name = format!("contact-{number:04}");
            PlantedObject::new(
                Kind::Contact,
                &name,
                format!("CN={name},OU=Contacts,{BASE_DN}"),
            )
        })
        .collect();
    let members = objects.iter().map(|contact| contact.dn.clone()).collect();
    objects.push(
        account(Kind::Group, BIG_GROUP, BIG_GROUP, "OU=Groups", 3312)
            .with_all::<String>("member", members),
    );
    objects
}

fn key_distribution(now: &Clock) -> Vec<PlantedObject> {
    let service =
        format!("CN=Group Key Distribution Service,CN=Services,CN=Configuration,{BASE_DN}");
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
        .with("msKds-CreateTime", now.days_ago(1_500))
        .with("msKds-UseStartTime", now.days_ago(1_499))
        .with(
            "msKds-DomainID",
            format!("CN=DC1,OU=Domain Controllers,{BASE_DN}"),
        )
        .with("msKds-KDFAlgorithmID", "SP800_108_CTR_HMAC")
        .with("msKds-SecretAgreementAlgorithmID", "DH")
        .with("msKds-PublicKeyLength", 2048)
        .with("msKds-PrivateKeyLength", 512)
        .with("msKds-RootKeyData", KDS_ROOT_KEY_DATA.to_vec()),
    ]
}

fn policies_and_trusts() -> Vec<PlantedObject> {
    let policy = "PSO-Services";
    let trust = "partner.example";
    vec![
        PlantedObject::new(
            Kind::PasswordSettings,
            policy,
            format!("CN={policy},CN=Password Settings Container,CN=System,{BASE_DN}"),
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
                format!("CN=svc-web,OU=Services,{BASE_DN}"),
                format!("CN=GG-SQL-Admins,OU=Groups,{BASE_DN}"),
            ],
        ),
        // Both ways, transitive within the forest of the partner.
        PlantedObject::new(
            Kind::TrustedDomain,
            trust,
            format!("CN={trust},CN=System,{BASE_DN}"),
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
fn account(kind: Kind, name: &str, common_name: &str, parent: &str, rid: u32) -> PlantedObject {
    let mut object = PlantedObject::new(kind, name, format!("CN={common_name},{parent},{BASE_DN}"));
    object.sid = Some(sid(rid));
    object.with("sAMAccountName", name)
}

fn managed_dn(name: &str) -> String {
    format!("CN={name},CN=Managed Service Accounts,{BASE_DN}")
}

fn sid(rid: u32) -> String {
    format!("{DOMAIN_SID}-{rid}")
}

/// The moment of planting, in 100 ns since 1601.
struct Clock {
    now: i64,
}

impl Clock {
    fn now() -> Result<Clock> {
        #[expect(
            clippy::disallowed_methods,
            reason = "planted ages are relative to the server's clock, which is now"
        )]
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the clock is set before 1970")?;
        let ticks =
            i64::try_from(since_1970.as_nanos() / 100).context("the clock is set too far ahead")?;
        Ok(Clock {
            now: TICKS_1601_TO_1970 + ticks,
        })
    }

    fn days_ago(&self, days: i64) -> i64 {
        self.now - days * TICKS_PER_DAY
    }
}

/// `msDS-ManagedPasswordId` for a password made at `time`: the header of MS-GKDI 2.2.4, then both domain names.
///
/// | offset | bytes | |
/// | --- | --- | --- |
/// | 0 | 4 | version, 1 |
/// | 4 | 4 | `KDSK` |
/// | 8 | 4 | flags |
/// | 12 | 4 + 4 + 4 | L0, L1, L2: the 10-hour cycle since 1601, in base 32 below L0 |
/// | 24 | 16 | root key |
/// | 40 | 4 | length of the public key, 0 |
/// | 44 | 4 | length of the domain name |
/// | 48 | 4 | length of the forest name |
/// | 52 | … | the names, UTF-16, each with its terminator |
///
/// With this short domain name it is 104 bytes.
fn password_id(time: i64) -> Result<Vec<u8>> {
    const TICKS_PER_CYCLE: i64 = 360_000_000_000;
    let cycle = u32::try_from(time / TICKS_PER_CYCLE).context("a password cycle before 1601")?;
    let name: Vec<u8> = DNS_DOMAIN
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let length = u32::try_from(name.len()).context("the domain name is too long")?;

    let mut id = Vec::new();
    id.extend(1_u32.to_le_bytes());
    id.extend(b"KDSK");
    id.extend(2_u32.to_le_bytes());
    id.extend((cycle / 1024).to_le_bytes());
    id.extend((cycle / 32 % 32).to_le_bytes());
    id.extend((cycle % 32).to_le_bytes());
    id.extend(guid_bytes(KDS_ROOT_KEY)?);
    id.extend(0_u32.to_le_bytes());
    id.extend(length.to_le_bytes());
    id.extend(length.to_le_bytes());
    id.extend(&name);
    id.extend(&name);
    Ok(id)
}

/// The 16 bytes of a GUID: the first three parts little-endian, the last two as written.
fn guid_bytes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (index, part) in text.split('-').enumerate() {
        let number =
            u64::from_str_radix(part, 16).with_context(|| format!("{text} is not a GUID"))?;
        let mut part: Vec<u8> = number
            .to_be_bytes()
            .into_iter()
            .skip(8 - part.len() / 2)
            .collect();
        if index < 3 {
            part.reverse();
        }
        bytes.extend(part);
    }
    Ok(bytes)
}
