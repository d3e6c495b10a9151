//! LDIF as its three writers make it, broken files, and what a file says of its queries.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coldcase_schemas::plan::{Context, QUERIES};
use proptest::prelude::*;

use super::*;

const DUMP: &str = "\
# extended LDIF
#
# LDAPv3
# base <DC=corp,DC=example> with scope subtree
# filter: (objectClass=*)
# requesting: * nTSecurityDescriptor 
#

# corp.example
dn: DC=corp,DC=example
objectClass: top
objectClass: domainDNS
objectSid:: AQQAAAAAAAUVAAAAAQAAAAIAAAADAAAA

# G\u{fc}nther, corp.example
dn:: Q049R8O8bnRoZXIsREM9Y29ycCxEQz1leGFtcGxl
objectClass: top
objectClass: group
description: a long line that is folded he
 re
member;range=0-1: CN=a,DC=corp,DC=example
member: 
member;range=0-1: CN=b,DC=corp,DC=example
jpegPhoto:< file:///tmp/photo
sAMAccountName: G

# search reference
ref: ldap://child.corp.example/DC=child,DC=corp,DC=example

# search result
search: 2
result: 0 Success

# numResponses: 4
# numEntries: 2
";

fn open(bytes: impl Into<Vec<u8>>) -> Ldif<Cursor<Vec<u8>>> {
    let bytes = bytes.into();
    let length = bytes.len() as u64;
    Ldif::open(Cursor::new(bytes), length).unwrap()
}

type Everything = (Vec<Object>, Vec<Trouble>, Option<ImportError>);

fn read(file: &mut impl Export) -> Everything {
    let (mut objects, mut troubles) = (Vec::new(), Vec::new());
    loop {
        match file.next_record() {
            Ok(Some(Record::Object(object))) => objects.push(object),
            Ok(Some(Record::Trouble(trouble))) => troubles.push(trouble),
            Ok(Some(Record::Claim(_))) => {}
            Ok(None) => return (objects, troubles, None),
            Err(error) => return (objects, troubles, Some(error)),
        }
    }
}

fn contexts() -> NamingContexts {
    NamingContexts {
        domain: "DC=corp,DC=example".to_owned(),
        configuration: "CN=Configuration,DC=corp,DC=example".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=corp,DC=example".to_owned(),
    }
}

#[test]
fn a_dump_of_ldapsearch_is_read_with_what_it_says_of_itself() {
    assert!(recognise(DUMP.as_bytes()));
    let mut file = open(DUMP);
    assert_eq!(file.label().variant, "by ldapsearch");
    let (objects, troubles, error) = read(&mut file);
    assert!(error.is_none());
    let dns: Vec<&str> = objects
        .iter()
        .map(|object| object.entry.dn.as_str())
        .collect();
    assert_eq!(dns, ["DC=corp,DC=example", "CN=Günther,DC=corp,DC=example"]);
    assert_eq!(objects[0].place, Place::Line(10));
    assert_eq!(objects[0].entry.values("objectSid").unwrap()[0].len(), 24);
    let group = &objects[1].entry;
    assert_eq!(
        group.values("description"),
        Some(&[b"a long line that is folded here".to_vec()][..])
    );
    let member = group
        .attributes
        .iter()
        .find(|one| &*one.name == "member")
        .unwrap();
    assert_eq!((member.values.len(), member.complete), (2, false));
    assert_eq!(troubles.len(), 1);
    assert!(troubles[0].what.contains("not opened"));
    for query in QUERIES {
        match (file.answer(query, &contexts()), query.context) {
            (
                Answer::Asked {
                    attributes,
                    partial: None,
                },
                Context::Domain,
            ) => {
                assert!(attributes.contains(&"nTSecurityDescriptor"));
            }
            (Answer::NotAsked(_), Context::Configuration | Context::Schema) => {}
            (answer, _) => unreachable!("{}: {answer:?}", query.name),
        }
    }
    assert!(
        file.limits()
            .iter()
            .any(|limit| limit.contains("1 referrals"))
    );
}

#[test]
fn without_the_result_or_the_comments_nothing_is_complete() {
    let cut = DUMP.split("# search result").next().unwrap();
    let bare: String = DUMP
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    for text in [cut.to_owned(), bare] {
        let mut file = open(text);
        read(&mut file);
        for query in QUERIES
            .iter()
            .filter(|query| query.context == Context::Domain)
        {
            match file.answer(query, &contexts()) {
                Answer::Asked {
                    partial: Some(_), ..
                } => {}
                answer => unreachable!("{}: {answer:?}", query.name),
            }
        }
    }
}

#[test]
fn pages_are_one_query_until_the_last() {
    let page = |cookie: &str| {
        format!("# search result\nresult: 0 Success\npagedresults: cookie={cookie}\n\n")
    };
    let head = DUMP.split("# search result").next().unwrap();
    let query = &QUERIES[0];
    let mut file = open(format!("{head}{}", page("AQ==")));
    read(&mut file);
    assert!(matches!(
        file.answer(query, &contexts()),
        Answer::Asked {
            partial: Some(_),
            ..
        }
    ));
    let mut file = open(format!("{head}{}{}", page("AQ=="), page("")));
    read(&mut file);
    assert!(matches!(
        file.answer(query, &contexts()),
        Answer::Asked { partial: None, .. }
    ));
}

#[test]
fn what_ldbsearch_writes_as_text_is_turned_back() {
    let text = "# record 1\ndn: DC=b\nobjectSid: S-1-5-21-1-2-3\nobjectGUID: d12cfafd-1a96-404a-bfa3-cbd19ad5cf75\n\
                nTSecurityDescriptor: O:DAG:DAD:(A;;GA;;;DA)\n\n# record 2\ndn: CN=Configuration,DC=b\n\n# returned 2 records\n";
    let mut file = open(text);
    assert_eq!(file.label().variant, "by ldbsearch");
    let (objects, troubles, _) = read(&mut file);
    assert_eq!(troubles, []);
    assert_eq!(objects[0].entry.values("objectSid").unwrap()[0].len(), 24);
    assert_eq!(objects[0].entry.values("objectGUID").unwrap()[0].len(), 16);
    assert_eq!(
        objects[0].entry.values("nTSecurityDescriptor").unwrap()[0][0],
        1
    );
}

#[test]
fn changes_are_refused_and_additions_are_not() {
    let add = "dn: CN=a,DC=b\nchangetype: add\ncn: a\n";
    let (objects, _, error) = read(&mut open(add));
    assert!(objects.len() == 1 && error.is_none());
    for change in ["modify", "delete", "modrdn"] {
        let (_, _, error) = read(&mut open(add.replace("add", change)));
        let said = error.unwrap().to_string();
        assert!(
            said.contains("line 2") && said.contains("not an export"),
            "{said}"
        );
    }
    let (_, _, error) = read(&mut open(
        "dn: CN=a\ncontrol: 1.2.3 true\nchangetype: add\n",
    ));
    assert!(error.is_some());
}

#[test]
fn what_is_no_ldif_is_not_recognised() {
    for text in [
        "",
        "hello",
        "{\"dn\": 1}",
        "--------------------\nname: x\n",
        "# only a comment\n",
    ] {
        assert!(!recognise(text.as_bytes()), "{text}");
    }
    assert!(recognise(b"version: 1\ndn: CN=a\n") && recognise(b"\n# x\nDN: CN=a\n"));
    let (_, _, error) = read(&mut open("dn: CN=a\ncn: a\n\nno LDIF at all\n"));
    assert!(error.unwrap().to_string().contains("line 4"));
}

/// An entry as LDIF, all values in base64, folded.
fn encoded(entry: &Entry, width: usize) -> String {
    let line = |name: &str, value: &[u8]| {
        let line = format!("{name}:: {}", STANDARD.encode(value));
        let pieces: Vec<String> = line
            .as_bytes()
            .chunks(width)
            .map(|piece| String::from_utf8_lossy(piece).into_owned())
            .collect();
        pieces.join("\n ") + "\n"
    };
    let mut text = line("dn", entry.dn.as_bytes());
    for attribute in &entry.attributes {
        for value in &attribute.values {
            text.push_str(&line(&attribute.name, value));
        }
    }
    text + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_is_read_back(
        dn in "CN=[a-zä ]{1,20},DC=b",
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..5),
        width in 3..80_usize,
    ) {
        let entry = Entry { dn, attributes: vec![RawAttribute::new("info", values)] };
        let (objects, troubles, error) = read(&mut open(encoded(&entry, width)));
        prop_assert!(error.is_none() && troubles.is_empty());
        prop_assert_eq!(&objects[0].entry, &entry);
    }

    #[test]
    fn nothing_that_happens_to_the_bytes_makes_it_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = DUMP.as_bytes().to_vec();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        recognise(&bytes);
        let mut file = open(bytes);
        let (objects, _, _) = read(&mut file);
        prop_assert!(objects.len() <= 20);
        prop_assert!(!file.limits().is_empty());
    }
}

#[test]
fn descriptors_are_of_the_query_that_brought_them() {
    let query = |base: &str, more: &str| {
        format!(
            "# base <{base}> with scope subtree\n# filter: (objectClass=*)\n# requesting: ALL\n\n\
             dn: {base}\nobjectClass: top\n{more}\n# search result\nresult: 0 Success\n\n\
             # numResponses: 2\n# numEntries: 1\n\n"
        )
    };
    let file = format!(
        "# extended LDIF\n{}{}",
        query("DC=corp,DC=example", ""),
        query(
            "CN=Configuration,DC=corp,DC=example",
            "nTSecurityDescriptor:: AQAEgAAAAAAAAAAAAAAAAAAAAAA=\n"
        )
    );
    let mut file = open(file);
    let (objects, ..) = read(&mut file);
    assert_eq!(objects.len(), 2);
    for query in QUERIES {
        let Answer::Asked {
            attributes,
            partial,
        } = file.answer(query, &contexts())
        else {
            assert_eq!(query.context, Context::Schema);
            continue;
        };
        assert_eq!(partial, None, "{}", query.name);
        let descriptors = attributes.contains(&"nTSecurityDescriptor");
        let asked = query.attributes().contains(&"nTSecurityDescriptor");
        assert_eq!(
            descriptors,
            asked && query.context == Context::Configuration,
            "{}",
            query.name
        );
    }
}

#[test]
fn what_shows_only_its_name_was_hidden() {
    let file = DUMP.replace(
        "# search reference",
        "# hidden\ndn: CN=hidden,DC=corp,DC=example\n\n# search reference",
    );
    let mut file = open(file);
    read(&mut file);
    assert_eq!(file.unreadable(), 1);
    let limits = file.limits().join("\n");
    assert!(
        limits.contains("1 object shows nothing but its name") && limits.contains("CN=hidden"),
        "{limits}"
    );
    let mut names = open(DUMP.replace("requesting: * nTSecurityDescriptor", "requesting: 1.1"));
    read(&mut names);
    assert_eq!(names.unreadable(), 0);
}

#[test]
fn a_value_that_cannot_be_read_is_missed() {
    for (line, name) in [
        ("member:: %%", "member"),
        ("member:< file:///tmp/member", "member"),
        ("sIDHistory:: %%", "sIDHistory"),
    ] {
        let file = DUMP.replace("sAMAccountName: G", &format!("sAMAccountName: G\n{line}"));
        let (objects, troubles, _) = read(&mut open(file));
        let group = &objects[1].entry;
        let attribute = group.attributes.iter().find(|one| &*one.name == name);
        assert!(
            attribute.is_some_and(|one| !one.complete),
            "{line}: {troubles:?}"
        );
    }
}

#[test]
fn a_list_with_a_gap_is_not_whole() {
    let of = |lines: &str| {
        let file = DUMP
            .replace("member;range=0-1: CN=a,DC=corp,DC=example\n", lines)
            .replace("member;range=0-1: CN=b,DC=corp,DC=example\n", "");
        let (objects, ..) = read(&mut open(file));
        let group = objects[1].entry.clone();
        let member = group
            .attributes
            .into_iter()
            .find(|one| &*one.name == "member");
        member.map(|member| (member.values.len(), member.complete))
    };
    assert_eq!(
        of("member;range=0-*: CN=a\nmember;range=0-*: CN=b\n"),
        Some((2, true))
    );
    assert_eq!(
        of("member;range=0-0: CN=a\nmember;range=1-*: CN=b\n"),
        Some((2, true))
    );
    assert_eq!(
        of("member;range=1-*: CN=b\nmember;range=0-0: CN=a\n"),
        Some((2, true))
    );
    assert_eq!(
        of("member;range=0-0: CN=a\nmember;range=2-*: CN=b\n"),
        Some((2, false))
    );
    assert_eq!(of("member;range=1-*: CN=b\n"), Some((1, false)));
    assert_eq!(of("member;range=0-1499: CN=b\n"), Some((1, false)));
}
