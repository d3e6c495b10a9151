//! Dumps made by the tests as the exporter's source says: there is no real one.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod broken;
mod imported;

use std::fs;

use coldcase_schemas::plan::QUERIES;

use super::made::{Dump, rows};
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

#[test]
fn a_dump_is_read_and_joined() {
    let made = dump(false);
    assert!(recognise(&made.path()));
    let (export, read) = whole(&made);
    assert_eq!((read.told(), &read.error), (String::new(), &None));
    assert_eq!(read.objects.len(), 8);
    assert_eq!(export.domains(), ["corp.example"]);
    assert_eq!(export.files().count(), 10 + 4);
    assert_eq!(
        export.label(),
        &Label {
            format: Format::Oradad,
            variant: "version 3.4.115.0, level 4".to_owned(),
            server: "dc1.corp.example".to_owned(),
            taken_at: Some("2026-03-31T14:00:00Z".to_owned()),
            description: String::new(),
        }
    );
    let user = read.object("CN=Søren");
    assert_eq!(
        user.place,
        Place::Row {
            file: format!("{DOMAIN}/top.tsv"),
            row: 2
        }
    );
    assert_eq!(
        texts(user, "objectClass"),
        ["top", "person", "organizationalPerson", "user"]
    );
    assert_eq!(values(user, "objectGUID"), [wire::guid(GUIDS[1]).unwrap()]);
    assert_eq!(
        values(user, "objectSid"),
        [wire::sid("S-1-5-21-1-2-3-1101").unwrap()]
    );
    assert_eq!(texts(user, "whenCreated"), ["20240229235958.0Z"]);
    assert_eq!(texts(user, "servicePrincipalName"), ["HTTP/a", "HTTP/b"]);
    assert_eq!(texts(user, "userAccountControl"), ["512"]);
    assert_eq!(texts(user, "pwdLastSet"), ["132827825220000000"]);
    assert_eq!(texts(user, "accountExpires"), ["9223372036854775807"]);
    assert_eq!(user.rounded, [("pwdLastSet".to_owned(), Precision::Second)]);
    let hex: String = values(user, "nTSecurityDescriptor")[0]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, DESCRIPTOR);
    // The writer drops and counts it.
    assert_eq!(texts(user, "unixUserPassword"), ["secret-of-unix"]);
    let host = read.object("CN=HOST");
    assert_eq!(
        texts(host, "msDS-HostServiceAccount"),
        ["CN=gmsa,DC=corp,DC=example"]
    );
    assert_eq!(texts(host, "msDS-KeyCredentialLink"), ["B:2:00:CN=a"]);
    let gmsa = read.object("CN=gmsa");
    assert_eq!(values(gmsa, "msDS-ManagedPasswordId"), [[1, 0, 0, 0, 255]]);
    assert_eq!(values(gmsa, "msDS-GroupMSAMembership").len(), 1);
    // Empty is 0 or not set.
    assert_eq!(values(gmsa, "pwdLastSet"), Vec::<Vec<u8>>::new());
    assert_eq!(
        texts(read.object("CN=dmsa"), "msDS-DelegatedMSAState"),
        ["2"]
    );
    let group = read.object("CN=a\\;b");
    assert_eq!(
        texts(group, "member"),
        [
            "CN=Søren,CN=Users,DC=corp,DC=example",
            "CN=a\\;b,DC=corp,DC=example"
        ]
    );
    assert_eq!(texts(group, "groupType"), ["-2147483646"]);
    assert_eq!(
        texts(read.object("DC=corp"), "maxPwdAge"),
        ["-36288000000000"]
    );
    assert_eq!(
        texts(read.object("CN=CORP"), "nCName"),
        ["DC=corp,DC=example"]
    );
    assert!(
        export
            .limits()
            .iter()
            .any(|limit| limit == "Deleted objects were left out: 2.")
    );
    assert!(
        read.objects
            .iter()
            .all(|object| !object.entry.dn.contains("DEL:"))
    );
}

#[test]
fn names_of_columns_in_the_files_say_the_same() {
    let (mut by_tables, mut by_header) = (whole(&dump(false)).1, whole(&dump(true)).1);
    assert_eq!(by_header.troubles, []);
    // The rows are one further down.
    for object in by_tables.objects.iter_mut().chain(&mut by_header.objects) {
        object.place = Place::Line(0);
    }
    assert_eq!(by_tables, by_header);
}

#[test]
fn what_is_answered() {
    let (export, _) = whole(&dump(false));
    let (attributes, partial) = asked(&export, "service-accounts");
    assert_eq!(partial, None);
    for shown in [
        "objectClass",
        "nTSecurityDescriptor",
        "objectSid",
        "pwdLastSet",
        "msDS-GroupMSAMembership",
        "msDS-ManagedPasswordInterval",
        "msDS-DelegatedMSAState",
    ] {
        assert!(attributes.contains(&shown), "{shown}");
    }
    for not_shown in [
        "msDS-User-Account-Control-Computed",
        "lastLogonTimestamp",
        "isCriticalSystemObject",
        "memberOf",
    ] {
        assert!(!attributes.contains(&not_shown), "{not_shown}");
    }
    let (attributes, partial) = asked(&export, "kds-root-keys");
    assert_eq!(
        attributes,
        [
            "objectGUID",
            "objectClass",
            "nTSecurityDescriptor",
            "whenCreated",
            "systemFlags"
        ]
    );
    assert_eq!(partial, None);
    assert_eq!(asked(&export, "groups").1, None);
    assert!(asked(&export, "groups").0.contains(&"member"));
    assert!(
        !asked(&export, "containers").0.contains(&"gPLink"),
        "ou.tsv is not there"
    );
    let not_asked = |query: &str, why: &str| match answer(&export, query) {
        Answer::NotAsked(text) => assert!(text.contains(why), "{text}"),
        asked => assert_eq!(format!("{asked:?}"), why),
    };
    not_asked("users-with-password", "password attributes");
    not_asked("schema-classes", "no folder of the schema");
    let users = QUERIES.iter().find(|query| query.name == "users").unwrap();
    assert!(
        matches!(export.answer(users, &contexts("DC=other")), Answer::NotAsked(why) if why.contains("other"))
    );
    for query in QUERIES {
        let (attributes, _) = asked(&export, query.name);
        assert!(
            attributes
                .iter()
                .all(|name| query.attributes().contains(name))
        );
    }
}

#[test]
fn an_attribute_of_some_files_only_is_not_shown_for_all() {
    let mut made = dump(false);
    made.table(
        &format!("{DOMAIN}/gmsa"),
        &["dn", "objectSid"],
        &[&["CN=gmsa,DC=corp,DC=example", "S-1-5-21-1-2-3-1103"]],
    );
    made.finish();
    let (export, _) = whole(&made);
    let (attributes, _) = asked(&export, "service-accounts");
    assert!(attributes.contains(&"objectSid"));
    // A low level: dmsa.tsv has them here, gmsa.tsv has not.
    for gone in [
        "pwdLastSet",
        "msDS-GroupMSAMembership",
        "msDS-ManagedPasswordInterval",
    ] {
        assert!(!attributes.contains(&gone), "{gone}");
    }
    assert!(attributes.contains(&"msDS-DelegatedMSAState"));
}

#[test]
fn what_is_not_whole_is_partial() {
    let partial = |change: &dyn Fn(&mut Dump)| {
        let mut made = dump(false);
        change(&mut made);
        made.finish();
        let (export, _) = whole(&made);
        (
            asked(&export, "users").1.unwrap_or_default(),
            export.limits().join(" "),
        )
    };
    assert_eq!(partial(&|_| ()).0, "");
    let (why, limits) = partial(&|made| made.without("oradad_processtime"));
    assert!(why.contains("aborted") && limits.contains("aborted"));
    let (why, limits) = partial(&|made| fs::remove_file(made.path().join("oradad.log")).unwrap());
    assert!(why.contains("oradad.log is not") && limits.contains("oradad.log is not"));
    let (why, _) =
        partial(&|made| made.write("oradad.log", b"Dumping 'a'\r\nError in ldap_search_ext_s()"));
    assert!(why.contains("tells of errors"));
    let (why, _) = partial(&|made| {
        let path = made.path().join("domain/corp.example/top.tsv");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    });
    assert!(why.contains("in the middle of a row"));
    let (why, _) = partial(&|made| made.write(&format!("{DOMAIN}/user.tsv"), &rows(&[])));
    assert_eq!(
        why,
        "1 object has no row in user.tsv, so that attributes of their own are missing"
    );
    let (why, _) = partial(&|made| {
        made.write(
            &format!("{DOMAIN}/user.tsv"),
            &rows(&[&["CN=x", "y"], &["", "y"]]),
        )
    });
    assert!(why.starts_with("2 rows could not be read"), "{why}");
    // Without the file its attributes are not shown, and nothing else is missing.
    let mut made = dump(false);
    fs::remove_file(made.path().join("domain/corp.example/user.tsv")).unwrap();
    let (export, _) = whole(&made);
    assert_eq!(
        asked(&export, "users"),
        (
            vec![
                "objectGUID",
                "objectClass",
                "nTSecurityDescriptor",
                "whenCreated",
                "systemFlags"
            ],
            None
        )
    );
    // dMSAs are in two files: of an older dump without theirs only what they share is known.
    made = dump(false);
    fs::remove_file(made.path().join("domain/corp.example/dmsa.tsv")).unwrap();
    let (export, read) = whole(&made);
    let (attributes, why) = asked(&export, "service-accounts");
    assert!(
        attributes.contains(&"msDS-GroupMSAMembership")
            && !attributes.contains(&"msDS-DelegatedMSAState")
    );
    assert_eq!(
        why.unwrap(),
        "1 object has no row in dmsa.tsv, so that attributes of their own are missing"
    );
    assert_eq!(texts(read.object("CN=dmsa"), "sAMAccountName"), ["dmsa$"]);
}

#[test]
fn rows_that_do_not_belong_together() {
    let mut made = dump(false);
    made.table(
        &format!("{DOMAIN}/user"),
        ACCOUNT_COLUMNS,
        &[&account(
            "CN=new,DC=corp,DC=example",
            "new",
            "S-1-5-21-1-2-3-1200",
        )],
    );
    made.table(
        &format!("{DOMAIN}/computer"),
        ACCOUNT_COLUMNS,
        &[&account(
            "CN=dmsa,DC=corp,DC=example",
            "other$",
            "S-1-5-21-1-2-3-1104",
        )],
    );
    made.finish();
    let (export, read) = whole(&made);
    let new = read.object("CN=new");
    assert_eq!(texts(new, "sAMAccountName"), ["new"]);
    assert_eq!(
        values(new, "objectClass"),
        Vec::<Vec<u8>>::new(),
        "nothing tells its class"
    );
    assert!(read.told().contains("top.tsv has no row of it"));
    assert!(read.told().contains("two files of the dump differ"));
    assert_eq!(texts(read.object("CN=dmsa"), "sAMAccountName"), ["other$"]);
    assert!(
        asked(&export, "users")
            .1
            .unwrap()
            .contains("1 row without a class")
    );

    // Without top.tsv everything is alone, and one sentence says so.
    let made = dump(false);
    fs::remove_file(made.path().join("domain/corp.example/top.tsv")).unwrap();
    let (export, read) = whole(&made);
    assert!(read.told().starts_with("there is no top.tsv"));
    assert_eq!(read.troubles.len(), 1);
    assert_eq!(read.objects.len(), 7 + 2);
    assert!(matches!(answer(&export, "users"), Answer::NotAsked(why) if why.contains("top.tsv")));
}

#[test]
fn a_header_or_a_table_that_disagrees() {
    let made = dump(true);
    made.write(
        "tables.tsv",
        b"x\ndomain\\corp.example\\user.tsv\ta\tdomain_user\t2\tdn\tx\tmail\tx\nodd\ta\tb\t7\tdn\n",
    );
    let (_, read) = whole(&made);
    assert!(read.told().contains("its first row and tables.tsv differ"));
    assert!(
        read.told()
            .contains("does not name as many columns as it says")
    );
    assert_eq!(texts(read.object("CN=Søren"), "sAMAccountName"), ["soren"]);

    let made = dump(false);
    made.write("tables.tsv", b"");
    let (export, read) = whole(&made);
    assert_eq!(read.objects, []);
    assert!(read.told().contains("neither its first row nor tables.tsv"));
    assert!(matches!(answer(&export, "users"), Answer::NotAsked(_)));
}

#[test]
fn a_file_of_another_encoding_is_not_read() {
    let made = dump(true);
    for bytes in [
        b"dn\tsAMAccountName\r\nCN=a\tb\r\n".to_vec(),
        Vec::new(),
        vec![0xfe, 0xff, 0, b'd'],
        vec![0xff],
    ] {
        made.write(&format!("{DOMAIN}/user.tsv"), &bytes);
        let (export, read) = whole(&made);
        assert!(read.told().contains("byte order mark"));
        assert_eq!(read.objects.len(), 8);
        assert!(!asked(&export, "users").0.contains(&"sAMAccountName"));
    }
}

#[test]
fn values_that_are_not_understood_are_told_and_never_quoted() {
    let made = dump(true);
    let bad = [
        "CN=Søren,CN=Users,DC=corp,DC=example",
        "soren",
        "S-1-hidden",
        "",
        "",
        "hidden",
        "hidden",
        "hidden",
        "hidden",
        "",
        "hidden",
    ];
    made.write(
        &format!("{DOMAIN}/user.tsv"),
        &rows(&[ACCOUNT_COLUMNS, &bad]),
    );
    let (export, read) = whole(&made);
    let about: Vec<&str> = read
        .troubles
        .iter()
        .filter_map(|trouble| trouble.attribute.as_deref())
        .collect();
    assert_eq!(
        about,
        [
            "objectSid",
            "userAccountControl",
            "pwdLastSet",
            "accountExpires",
            "logonCount",
            "sIDHistory"
        ]
    );
    assert!(!read.told().contains("hidden"));
    assert_eq!(
        read.troubles[0].dn.as_deref(),
        Some("CN=Søren,CN=Users,DC=corp,DC=example")
    );
    assert_eq!(
        read.troubles[0].place.to_string(),
        "domain/corp.example/user.tsv, row 2"
    );
    // Of sIDHistory no value could be read at all.
    assert!(!asked(&export, "users").0.contains(&"sIDHistory"));

    // An old version wrote descriptors as SDDL.
    let mut old = top(
        "CN=Søren,CN=Users,DC=corp,DC=example",
        "top;user",
        GUIDS[1],
        "",
    );
    old[5] = "D:(A;;GA;;;WD)";
    made.write(&format!("{DOMAIN}/top.tsv"), &rows(&[TOP_COLUMNS, &old]));
    made.write("configuration/top.tsv", &rows(&[TOP_COLUMNS]));
    let (export, _) = whole(&made);
    assert!(!asked(&export, "users").0.contains(&"nTSecurityDescriptor"));
}

#[test]
fn several_domains() {
    let mut made = dump(false);
    made.table(
        "domain/EU.corp.example/top",
        TOP_COLUMNS,
        &[&top(
            "DC=eu,DC=corp,DC=example",
            "top;domain;domainDNS",
            GUIDS[6],
            "",
        )],
    );
    made.finish();
    let (export, read) = whole(&made);
    assert_eq!(export.domains(), ["eu.corp.example", "corp.example"]);
    assert_eq!(read.objects.len(), 9);
    let users = QUERIES.iter().find(|query| query.name == "users").unwrap();
    let Answer::Asked { attributes, .. } =
        export.answer(users, &contexts("DC=eu,DC=corp,DC=example"))
    else {
        unreachable!("it is there");
    };
    assert!(
        !attributes.contains(&"sAMAccountName"),
        "user.tsv of this domain is not there"
    );
}

#[test]
fn dumps_are_found_below_their_folder() {
    let made = dump(false);
    assert!(!recognise(made.folder.path()));
    assert_eq!(find_below(made.folder.path()).unwrap(), Some(made.path()));
    let two = made.folder.path().join("corp.example/20260401-000000");
    fs::create_dir_all(two.join("domain")).unwrap();
    fs::write(two.join("metadata.tsv"), "").unwrap();
    assert_eq!(
        find_below(&made.folder.path().join("corp.example")).unwrap(),
        Some(two.clone())
    );
    let error = find_below(made.folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("2 dumps") && error.contains("corp.example/20260401-000000"),
        "{error}"
    );
    let error = Oradad::open(&two).unwrap_err().to_string();
    assert!(error.contains("without a file that is read"), "{error}");
    fs::create_dir_all(two.join("domain/corp.example")).unwrap();
    fs::write(two.join("domain/corp.example/user.tsv.oradad"), "ORADAD").unwrap();
    let error = Oradad::open(&two).unwrap_err().to_string();
    assert!(error.contains("extract"), "{error}");
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let made = dump(false);
    let outside = made.folder.path().join("outside.tsv");
    fs::write(
        &outside,
        rows(&[
            &["dn", "sAMAccountName"],
            &["CN=outside,DC=corp,DC=example", "outside"],
        ]),
    )
    .unwrap();
    let mut tables = fs::read(made.path().join("tables.tsv")).unwrap();
    tables.extend(b"..\\outside.tsv\ta\tdomain_user\t2\tdn\tx\tsAMAccountName\tx\n");
    tables.extend(b"domain\\..\\..\\outside.tsv\ta\tdomain_outside\t2\tdn\tx\tsAMAccountName\tx\n");
    made.write("tables.tsv", &tables);
    fs::remove_file(made.path().join("domain/corp.example/user.tsv")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, made.path().join("domain/corp.example/user.tsv"))
            .unwrap();
        std::os::unix::fs::symlink(
            made.folder.path(),
            made.path().join("domain/linked.example"),
        )
        .unwrap();
    }
    let (export, read) = whole(&made);
    assert_eq!(export.domains(), ["corp.example"]);
    assert!(
        export
            .files()
            .all(|file| file.path.starts_with(made.path()) && !file.name.contains(".."))
    );
    assert!(
        read.objects
            .iter()
            .all(|object| !object.entry.dn.contains("outside"))
    );
}
