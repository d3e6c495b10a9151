//! Dumps made by the tests as the exporter's source says: there is no real one.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod answered;
mod broken;
mod imported;
mod read;

use coldcase_schemas::plan::QUERIES;

use super::made::Dump;
use super::*;
use crate::error::Trouble;
use crate::export::{Object, Precision};
use crate::wire;

const DESCRIPTOR: &str = "010004800000000000000000000000001400000002000800000000000000";
const DOMAIN: &str = "domain/corp.example";
const TOP_COLUMNS: &[&str] = &[
    "dn",
    "shortname",
    "shortdn",
    "objectClass",
    "objectGUID",
    "nTSecurityDescriptor",
    "whenCreated",
    "isDeleted",
    "memberOf",
    "systemFlags",
    "systemFlags_int",
];
const ACCOUNT_COLUMNS: &[&str] = &[
    "dn",
    "sAMAccountName",
    "objectSid",
    "servicePrincipalName",
    "userAccountControl",
    "userAccountControl_int",
    "pwdLastSet",
    "accountExpires",
    "logonCount",
    "description",
    "sIDHistory",
];

fn top<'a>(dn: &'a str, classes: &'a str, guid: &'a str, deleted: &'a str) -> Vec<&'a str> {
    vec![
        dn,
        "domain/corp.example",
        "",
        classes,
        guid,
        DESCRIPTOR,
        "2024-02-29 23:59:58",
        deleted,
        "",
        "",
        "",
    ]
}

fn account<'a>(dn: &'a str, name: &'a str, sid: &'a str) -> Vec<&'a str> {
    vec![
        dn,
        name,
        sid,
        "HTTP/a;HTTP/b",
        "NORMAL_ACCOUNT | x",
        "512",
        "2021-11-30 21:48:42",
        "2999-12-12 23:59:59",
        "7",
        "",
        "",
    ]
}

const GUIDS: [&str; 9] = [
    "00000000-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000002",
    "00000000-0000-0000-0000-000000000003",
    "00000000-0000-0000-0000-000000000004",
    "00000000-0000-0000-0000-000000000005",
    "00000000-0000-0000-0000-000000000006",
    "00000000-0000-0000-0000-000000000007",
    "00000000-0000-0000-0000-000000000008",
    "00000000-0000-0000-0000-000000000009",
];

fn with<'a>(columns: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    columns.iter().chain(more).copied().collect()
}

/// A forest of one domain. The order of rows differs from file to file.
pub(crate) fn dump(header: bool) -> Dump {
    let mut dump = Dump::new(header);
    let user = "CN=Søren,CN=Users,DC=corp,DC=example";
    let host = "CN=HOST,DC=corp,DC=example";
    let gmsa = "CN=gmsa,DC=corp,DC=example";
    let dmsa = "CN=dmsa,DC=corp,DC=example";
    let group = "CN=a\\;b,DC=corp,DC=example";
    let content = [
        top("DC=corp,DC=example", "top;domain;domainDNS", GUIDS[0], ""),
        top(user, "top;person;organizationalPerson;user", GUIDS[1], ""),
        top(
            host,
            "top;person;organizationalPerson;user;computer",
            GUIDS[2],
            "",
        ),
        top(
            gmsa,
            "top;person;organizationalPerson;user;computer;msDS-GroupManagedServiceAccount",
            GUIDS[3],
            "",
        ),
        top(
            dmsa,
            "top;person;organizationalPerson;user;computer;msDS-DelegatedManagedServiceAccount",
            GUIDS[4],
            "0",
        ),
        top(group, "top;group", GUIDS[5], ""),
        top(
            "CN=gone\\0ADEL:1,CN=Deleted Objects,DC=corp,DC=example",
            "top;group",
            GUIDS[6],
            "1",
        ),
        top(
            "CN=gone\\0ADEL:2,CN=Deleted Objects,DC=corp,DC=example",
            "top;group",
            GUIDS[7],
            "",
        ),
    ];
    let content: Vec<&[&str]> = content.iter().map(Vec::as_slice).collect();
    dump.table(&format!("{DOMAIN}/top"), TOP_COLUMNS, &content);
    dump.table(
        &format!("{DOMAIN}/root"),
        &[
            "dn",
            "maxPwdAge",
            "maxPwdAge_int",
            "minPwdLength",
            "ms-DS-MachineAccountQuota",
            "objectSid",
        ],
        &[&[
            "DC=corp,DC=example",
            "42:00:00:00",
            "-36288000000000",
            "7",
            "10",
            "S-1-5-21-1-2-3",
        ]],
    );
    dump.table(
        &format!("{DOMAIN}/user"),
        &with(ACCOUNT_COLUMNS, &["unixUserPassword"]),
        &[&with(
            &account(user, "soren", "S-1-5-21-1-2-3-1101"),
            &["secret-of-unix"],
        )],
    );
    let computer = with(
        ACCOUNT_COLUMNS,
        &["msDS-HostServiceAccount", "msDS-KeyCredentialLink"],
    );
    dump.table(
        &format!("{DOMAIN}/computer"),
        &computer,
        &[
            &with(&account(dmsa, "dmsa$", "S-1-5-21-1-2-3-1104"), &["", ""]),
            &with(
                &account(host, "HOST$", "S-1-5-21-1-2-3-1102"),
                &[gmsa, "423a323a30303a434e3d61"],
            ),
        ],
    );
    let managed = with(
        &computer,
        &[
            "msDS-GroupMSAMembership",
            "msDS-ManagedPasswordId",
            "msDS-ManagedPasswordPreviousId",
            "msDS-ManagedPasswordInterval",
        ],
    );
    let mut unset = account(gmsa, "gmsa$", "S-1-5-21-1-2-3-1103");
    unset[6] = "";
    dump.table(
        &format!("{DOMAIN}/gmsa"),
        &managed,
        &[&with(&unset, &["", "", DESCRIPTOR, "01000000ff", "", "30"])],
    );
    dump.table(&format!("{DOMAIN}/smsa"), &computer, &[]);
    dump.table(
        &format!("{DOMAIN}/dmsa"),
        &with(
            &managed,
            &[
                "msDS-DelegatedMSAState",
                "msDS-ManagedAccountPrecededByLink",
            ],
        ),
        &[&with(
            &account(dmsa, "dmsa$", "S-1-5-21-1-2-3-1104"),
            &["", "", DESCRIPTOR, "", "", "30", "2", user],
        )],
    );
    dump.table(
        &format!("{DOMAIN}/group"),
        &[
            "dn",
            "sAMAccountName",
            "objectSid",
            "groupType",
            "groupType_int",
            "member",
        ],
        &[&[
            group,
            "ab",
            "S-1-5-21-1-2-3-1105",
            "GLOBAL",
            "-2147483646",
            &format!("{user};{group}"),
        ]],
    );
    let configuration = "CN=Configuration,DC=corp,DC=example";
    let partition = format!("CN=CORP,CN=Partitions,{configuration}");
    let key = format!(
        "CN=1,CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,{configuration}"
    );
    dump.table(
        "configuration/top",
        TOP_COLUMNS,
        &[
            &top(&partition, "top;crossRef", GUIDS[8], ""),
            &top(&key, "top;msKds-ProvRootKey", GUIDS[7], ""),
        ],
    );
    dump.table(
        "configuration/crossRef",
        &["dn", "nCName", "nETBIOSName", "dnsRoot"],
        &[&[&partition, "DC=corp,DC=example", "CORP", "corp.example"]],
    );
    dump.finish();
    dump
}

#[derive(Debug, Default, PartialEq)]
struct Read {
    objects: Vec<Object>,
    troubles: Vec<Trouble>,
    error: Option<String>,
}

impl Read {
    fn object(&self, dn: &str) -> &Object {
        self.objects
            .iter()
            .find(|object| object.entry.dn.starts_with(dn))
            .unwrap()
    }

    fn told(&self) -> String {
        let told: Vec<&str> = self
            .troubles
            .iter()
            .map(|trouble| trouble.what.as_str())
            .collect();
        told.join("; ")
    }
}

fn read(export: &mut Oradad) -> Read {
    let mut read = Read::default();
    loop {
        match export.next_record() {
            Ok(Some(Record::Object(object))) => read.objects.push(object),
            Ok(Some(Record::Trouble(trouble))) => read.troubles.push(trouble),
            Ok(Some(Record::Claim(claim))) => read.error = Some(format!("a claim: {claim:?}")),
            Ok(None) => break,
            Err(error) => {
                read.error = Some(error.to_string());
                break;
            }
        }
    }
    assert!(
        matches!(export.next_record(), Ok(None)),
        "nothing comes after the end"
    );
    let (done, all) = export.progress();
    assert!(done <= all);
    read
}

fn whole(dump: &Dump) -> (Oradad, Read) {
    let mut export = Oradad::open(&dump.path()).unwrap();
    let read = read(&mut export);
    (export, read)
}

fn contexts(domain: &str) -> NamingContexts {
    NamingContexts {
        domain: domain.to_owned(),
        configuration: "CN=Configuration,DC=corp,DC=example".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=corp,DC=example".to_owned(),
    }
}

fn answer(export: &Oradad, query: &str) -> Answer {
    let query = QUERIES.iter().find(|one| one.name == query).unwrap();
    export.answer(query, &contexts("DC=corp,DC=example"))
}

fn asked(export: &Oradad, query: &str) -> (Vec<&'static str>, Option<String>) {
    match answer(export, query) {
        Answer::Asked {
            attributes,
            partial,
        } => (attributes, partial),
        Answer::NotAsked(why) => (Vec::new(), Some(format!("not asked: {why}"))),
    }
}

fn values(object: &Object, name: &str) -> Vec<Vec<u8>> {
    object.entry.values(name).unwrap_or_default().to_vec()
}

fn texts(object: &Object, name: &str) -> Vec<String> {
    values(object, name)
        .into_iter()
        .map(|value| String::from_utf8(value).unwrap())
        .collect()
}
