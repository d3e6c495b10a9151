//! Dumps made here, as the exporter writes them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Cursor;

use coldcase_schemas::plan::QUERIES;
use proptest::prelude::*;

use super::*;

const USERS: &str = r#"[{
    "attributes": {
        "accountExpires": ["9999-12-31 23:59:59.999999+00:00"],
        "instanceType": [4],
        "lastLogon": ["1601-01-01 00:00:00+00:00"],
        "memberOf": ["CN=g,DC=corp,DC=example"],
        "objectClass": ["top", "person", "organizationalPerson", "user"],
        "objectGUID": ["{d12cfafd-1a96-404a-bfa3-cbd19ad5cf75}"],
        "objectSid": ["S-1-5-21-1-2-3-1104"],
        "pwdLastSet": ["2021-06-30 00:54:47.975285+00:00"],
        "sAMAccountName": ["svc-web"],
        "servicePrincipalName": ["HTTP/web.corp.example"],
        "userAccountControl": [66048],
        "whenCreated": ["2021-06-30 00:54:47+00:00"]
    },
    "dn": "CN=svc-web,CN=Users,DC=corp,DC=example"
},
{"attributes": {"sAMAccountName": ["other"], "msDS-GroupMSAMembership": [{"encoded": "AQ==", "encoding": "base64"}]}, "dn": "CN=other,DC=corp,DC=example"}]"#;

const COMPUTERS: &str = r#"[{"attributes": {"cn": ["gmsa"], "description": [], "objectClass": ["top", "computer"], "sAMAccountName": ["gmsa$"]}, "dn": "CN=gmsa,DC=corp,DC=example"}]"#;

fn open(files: &[(&str, &[u8])]) -> Result<LdapDomainDump<Cursor<Vec<u8>>>, ImportError> {
    let files = files.iter().map(|(name, bytes)| {
        let length = bytes.len() as u64;
        ((*name).to_owned(), Cursor::new(bytes.to_vec()), length)
    });
    LdapDomainDump::open(files.collect())
}

/// Objects, troubles, and why the reading ended.
type Read = (Vec<Object>, Vec<Trouble>, Option<ImportError>);

fn read(dump: &mut LdapDomainDump<Cursor<Vec<u8>>>) -> Read {
    let (mut objects, mut troubles) = (Vec::new(), Vec::new());
    loop {
        match dump.next_record() {
            Ok(Some(Record::Object(object))) => objects.push(object),
            Ok(Some(Record::Trouble(trouble))) => troubles.push(trouble),
            Ok(Some(Record::Claim(claim))) => panic!("{claim:?}"),
            Ok(None) => return (objects, troubles, None),
            Err(error) => return (objects, troubles, Some(error)),
        }
    }
}

fn answer(dump: &LdapDomainDump<Cursor<Vec<u8>>>, query: &str) -> Answer {
    let contexts = NamingContexts {
        domain: "DC=corp,DC=example".to_owned(),
        configuration: "CN=Configuration,DC=corp,DC=example".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=corp,DC=example".to_owned(),
    };
    dump.answer(
        QUERIES.iter().find(|one| one.name == query).unwrap(),
        &contexts,
    )
}

#[test]
fn rows_become_objects_with_wire_values() {
    let mut dump = open(&[("domain_users.json", USERS.as_bytes())]).unwrap();
    let (objects, troubles, error) = read(&mut dump);
    assert!(error.is_none() && troubles.is_empty(), "{troubles:?}");
    let first = objects.first().unwrap();
    assert_eq!(first.entry.dn, "CN=svc-web,CN=Users,DC=corp,DC=example");
    let one = |name: &str| first.entry.values(name).unwrap().first().unwrap().clone();
    assert_eq!(
        one("objectSid"),
        crate::wire::sid("S-1-5-21-1-2-3-1104").unwrap()
    );
    assert_eq!(one("userAccountControl"), b"66048");
    assert_eq!(one("pwdLastSet"), b"132694880879752850");
    assert_eq!(one("accountExpires"), b"9223372036854775807");
    assert_eq!(one("whenCreated"), b"20210630005447.0Z");
    assert_eq!(first.entry.values("objectClass").unwrap().len(), 4);
    // memberOf is a back link, which no rule reads; what is near is said to be.
    assert_eq!(first.entry.values("memberOf"), None);
    assert_eq!(
        first.rounded,
        [("pwdLastSet".to_owned(), Precision::Microsecond)]
    );
    let other = objects.get(1).unwrap();
    assert_eq!(
        other.entry.values("msDS-GroupMSAMembership").unwrap(),
        [vec![1]]
    );
    assert_eq!(dump.progress(), (USERS.len() as u64, USERS.len() as u64));
}

#[test]
fn what_was_asked_shows_in_what_came() {
    let files: [(&str, &[u8]); 2] = [
        ("domain_users.json", USERS.as_bytes()),
        ("x_domain_computers.json", COMPUTERS.as_bytes()),
    ];
    let mut dump = open(&files).unwrap();
    read(&mut dump);
    let Answer::Asked {
        attributes,
        partial,
    } = answer(&dump, "users")
    else {
        panic!("users were asked for");
    };
    assert!(attributes.contains(&"msDS-AllowedToDelegateTo"));
    assert!(!attributes.contains(&"nTSecurityDescriptor"));
    assert!(!attributes.contains(&"msDS-User-Account-Control-Computed"));
    assert!(partial.unwrap().contains("does not say"));
    // Without instanceType only what came was asked for, with a value or without.
    let Answer::Asked { attributes, .. } = answer(&dump, "service-accounts") else {
        panic!("computers were asked for");
    };
    assert_eq!(attributes, ["objectClass", "sAMAccountName", "description"]);
    assert!(
        dump.limits()
            .iter()
            .any(|limit| limit.contains("--minimal"))
    );
    for query in ["groups", "containers", "kds-root-keys", "schema-classes"] {
        assert!(
            matches!(answer(&dump, query), Answer::NotAsked(_)),
            "{query}"
        );
    }
}

#[test]
fn what_is_wrong_costs_a_row_or_a_value() {
    let text = r#"[{"dn": "CN=a,DC=b"}, {"attributes": {}}, 7, {"a": 1, "a": 2},
        {"attributes": {"userAccountControl": ["soon"], "member;range=0-1499": ["CN=x,DC=b"]}, "dn": "CN=c,DC=b"},
        {"attributes": {"userAccountControl": ["later"]}, "dn": "CN=d,DC=b"}]"#;
    let mut dump = open(&[("domain_groups.json", text.as_bytes())]).unwrap();
    let (objects, troubles, error) = read(&mut dump);
    assert!(error.is_none());
    assert_eq!(objects.len(), 2);
    let member = objects.first().unwrap().entry.attributes.first().unwrap();
    assert_eq!((&*member.name, member.complete), ("member", false));
    let said: Vec<String> = troubles
        .iter()
        .map(|trouble| format!("{}: {}", trouble.place, trouble.what))
        .collect();
    let of = |row: u64| {
        said.iter()
            .filter(|said| said.starts_with(&format!("domain_groups.json, row {row}:")))
            .count()
    };
    assert_eq!([1, 2, 3, 4, 5, 6].map(of), [1, 1, 1, 1, 1, 0], "{said:?}");
    // Of an attribute with a value that is not understood nothing is known.
    let Answer::Asked {
        attributes,
        partial,
    } = answer(&dump, "groups")
    else {
        panic!("groups were asked for");
    };
    assert!(!attributes.contains(&"userAccountControl"));
    assert!(partial.unwrap().contains("some rows could not be read"));
}

#[test]
fn files_that_are_not_a_dump() {
    assert!(recognise("domain_users.json", b" \n[{"));
    assert!(recognise("2021_Domain_Users.JSON", b"\xef\xbb\xbf["));
    assert!(!recognise("domain_users_by_group.json", b"["));
    assert!(!recognise("domain_users.json", b"{\"data\":["));
    let said = |files: &[(&str, &[u8])]| open(files).map(|_| ()).unwrap_err().to_string();
    assert!(said(&[("a.json", b"[]")]).contains("no file of ldapdomaindump"));
    assert!(
        said(&[
            ("a_domain_users.json", b"[]"),
            ("b_domain_users.json", b"[]")
        ])
        .contains("give each dump by itself")
    );
    let mut wide = open(&[("domain_users.json", b"\xff\xfe[\0")]).unwrap();
    assert!(read(&mut wide).2.unwrap().to_string().contains("UTF-16"));
    let deep = format!("[{}{}]", "[".repeat(100), "]".repeat(100));
    let mut deep = open(&[("domain_users.json", deep.as_bytes())]).unwrap();
    let (_, troubles, error) = read(&mut deep);
    assert!(error.is_none());
    assert!(troubles.first().unwrap().what.contains("nested 100 deep"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere_it_says_where(cut in 1..USERS.len() - 1) {
        let bytes = USERS.as_bytes().get(..cut).unwrap();
        let mut dump = open(&[("domain_users.json", bytes)]).unwrap();
        let (objects, _, error) = read(&mut dump);
        prop_assert!(objects.len() <= 2);
        let said = error.unwrap().to_string();
        prop_assert!(said.contains("domain_users.json"), "{said}");
        let partial = matches!(answer(&dump, "users"), Answer::Asked { partial: Some(why), .. } if why.contains("to its end"));
        prop_assert!(partial);
    }

    #[test]
    fn whatever_bytes_there_are(at in 0..USERS.len(), byte: u8, tail in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut bytes = USERS.as_bytes().to_vec();
        *bytes.get_mut(at).unwrap() = byte;
        bytes.extend(tail);
        let mut dump = open(&[("domain_users.json", &bytes)]).unwrap();
        let (objects, _, _) = read(&mut dump);
        prop_assert!(objects.len() <= bytes.len());
    }
}

#[test]
fn a_damaged_file_costs_itself_only() {
    let groups = br#"[{"attributes": {"objectClass": ["top", "group"], "sAMAccountName": ["g"]}, "dn": "CN=g,DC=b"}]"#;
    let files: [(&str, &[u8]); 2] = [
        ("domain_computers.json", b"[{\"attributes\": {"),
        ("domain_groups.json", groups),
    ];
    let mut dump = open(&files).unwrap();
    let (objects, _, error) = read(&mut dump);
    assert_eq!(objects.len(), 1, "of the whole file");
    let error = error.unwrap().to_string();
    assert!(error.contains("domain_computers.json"), "{error}");
    // Of two, the other is a trouble.
    let mut dump = open(&[files[0], ("domain_users.json", b"[{")]).unwrap();
    let (_, troubles, error) = read(&mut dump);
    let told = format!("{} {troubles:?}", error.unwrap());
    assert!(
        told.contains("domain_computers.json") && told.contains("domain_users.json"),
        "{told}"
    );
}
