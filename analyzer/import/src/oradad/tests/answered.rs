//! What a dump would have shown, and what is said where it is not whole.

use std::fs;

use coldcase_schemas::plan::QUERIES;

use super::super::made::rows;
use super::*;

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
fn what_the_schema_lacks_is_not_concluded_from_half_of_it() {
    let class = "CN=User,CN=Schema,CN=Configuration,DC=corp,DC=example";
    let attribute = "CN=Mail,CN=Schema,CN=Configuration,DC=corp,DC=example";
    let mut made = dump(false);
    made.table(
        "schema/top",
        TOP_COLUMNS,
        &[
            &top(class, "top;classSchema", GUIDS[6], ""),
            &top(attribute, "top;attributeSchema", GUIDS[7], ""),
        ],
    );
    made.table(
        "schema/class",
        &[
            "dn",
            "lDAPDisplayName",
            "subClassOf",
            "mayContain",
            "systemMayContain",
        ],
        &[&[class, "user", "top", "mail", ""]],
    );
    made.finish();
    let (export, _) = whole(&made);
    let why = asked(&export, "schema-classes").1.unwrap();
    assert_eq!(
        why,
        "the dump does not show auxiliaryClass, systemAuxiliaryClass, mustContain, systemMustContain"
    );
    // Without their names nobody can say which attributes there are.
    let why = asked(&export, "schema-attributes").1.unwrap();
    assert_eq!(why, "the dump does not show lDAPDisplayName");
    made.table(
        "schema/attribute",
        &["dn", "lDAPDisplayName"],
        &[&[attribute, "mail"]],
    );
    made.finish();
    let (export, read) = whole(&made);
    assert_eq!(asked(&export, "schema-attributes").1, None);
    assert_eq!(texts(read.object("CN=Mail"), "lDAPDisplayName"), ["mail"]);
}
