//! What is read, joined, refused and found.

use std::fs;

use coldcase_schemas::plan::QUERIES;

use super::super::made::rows;
use super::*;

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
