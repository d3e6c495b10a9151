//! Logs of ldapsearch-style tools: made ones, broken ones, and two real ones where the folder of real samples is named.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use coldcase_schemas::plan::{Context, QUERIES};
use coldcase_winsec::SecurityDescriptor;
use proptest::prelude::*;

use super::*;

const LOG: &str = "\
a banner of the tool
--------------------
distinguishedName: CN=a,DC=b
objectClass: top, person, user
description: of two
lines
isCriticalSystemObject: False
sIDHistory: ?
--------------------
--------------------
name: no DN
Retrieved 3 results total
";

fn read(log: &mut impl Export) -> (Vec<Object>, Vec<Trouble>) {
    let (mut objects, mut troubles) = (Vec::new(), Vec::new());
    while let Some(record) = log.next_record().unwrap() {
        match record {
            Record::Object(object) => objects.push(object),
            Record::Trouble(trouble) => troubles.push(trouble),
            Record::Claim(_) => {}
        }
    }
    (objects, troubles)
}

fn open(bytes: &[u8]) -> SearchLog<&[u8]> {
    SearchLog::open(bytes, bytes.len() as u64).unwrap()
}

fn contexts() -> NamingContexts {
    NamingContexts {
        domain: "DC=b".to_owned(),
        configuration: "CN=Configuration,DC=b".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=b".to_owned(),
    }
}

#[test]
fn entries_are_read_and_no_log_is_complete() {
    assert!(recognise(LOG.as_bytes()));
    let mut log = open(LOG.as_bytes());
    let (objects, troubles) = read(&mut log);
    assert_eq!(objects.len(), 1);
    let entry = &objects[0].entry;
    assert_eq!(
        (entry.dn.as_str(), &objects[0].place),
        ("CN=a,DC=b", &Place::Line(2))
    );
    assert_eq!(entry.values("objectClass").unwrap().len(), 3);
    assert_eq!(
        entry.values("description"),
        Some(&[b"of two\nlines".to_vec()][..])
    );
    assert_eq!(troubles.len(), 2, "{troubles:?}");
    assert_eq!((log.unreadable(), log.ended_queries()), (1, 1));
    for query in QUERIES {
        match (log.answer(query, &contexts()), query.context) {
            (
                Answer::Asked {
                    attributes,
                    partial: Some(_),
                },
                Context::Domain,
            ) => {
                assert!(attributes.contains(&"objectClass") && !attributes.contains(&"sIDHistory"));
            }
            (Answer::NotAsked(_), Context::Configuration | Context::Schema) => {}
            (answer, _) => unreachable!("{}: {answer:?}", query.name),
        }
    }
}

#[test]
fn other_files_are_no_logs() {
    for text in [
        "",
        "dn: CN=a\n",
        "--------------------\n{\"a\": 1}\n",
        "---------------------\nname: x\n",
    ] {
        assert!(!recognise(text.as_bytes()), "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_that_happens_to_the_bytes_makes_it_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = LOG.as_bytes().to_vec();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        recognise(&bytes);
        let mut log = open(&bytes);
        let (objects, _) = read(&mut log);
        prop_assert!(objects.len() <= 3 && !log.limits().is_empty());
    }
}

/// A real log, if the folder of real samples is there.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of real samples run where the folder is named"
)]
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("COLDCASE_REALDATA");
    if folder.is_none() {
        println!("skipped: COLDCASE_REALDATA does not name the folder of real samples");
    }
    // A relative path counts from the workspace root; joining an absolute one gives that.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(fs::read(root.join(folder?).join(name)).unwrap())
}

/// Distinct objects by DN, and every distinct descriptor, each of which decodes.
fn distinct(objects: &[Object]) -> (BTreeMap<&str, &Entry>, usize) {
    let entries = objects
        .iter()
        .map(|object| (object.entry.dn.as_str(), &object.entry))
        .collect();
    let descriptors: BTreeSet<&[u8]> = objects
        .iter()
        .filter_map(|object| Some(object.entry.values("nTSecurityDescriptor")?[0].as_slice()))
        .collect();
    for bytes in &descriptors {
        assert!(SecurityDescriptor::decode(bytes).defects.is_empty());
    }
    (entries, descriptors.len())
}

fn with(entries: &BTreeMap<&str, &Entry>, name: &str) -> usize {
    entries
        .values()
        .filter(|entry| entry.values(name).is_some())
        .count()
}

fn of_class(entries: &BTreeMap<&str, &Entry>, class: &str) -> usize {
    let last = |entry: &&&Entry| {
        entry
            .values("objectClass")
            .and_then(<[_]>::last)
            .is_some_and(|last| last == class.as_bytes())
    };
    entries.values().filter(last).count()
}

#[test]
fn a_real_log_of_two_queries() {
    let Some(bytes) = real("ldapsearch-516-objects.log") else {
        return;
    };
    assert!(recognise(&bytes[..4_096]));
    let mut log = open(&bytes);
    let (objects, troubles) = read(&mut log);
    assert_eq!(
        (objects.len(), log.unreadable(), log.ended_queries()),
        (450, 66, 0)
    );
    let without_dn = troubles
        .iter()
        .filter(|trouble| trouble.what.contains("no distinguishedName"))
        .count();
    assert_eq!(without_dn, 1);
    assert!(
        objects
            .iter()
            .all(|object| object.entry.values("nTSecurityDescriptor").is_some())
    );
    let (entries, descriptors) = distinct(&objects);
    assert_eq!((entries.len(), descriptors), (224, 40));
    assert_eq!(
        (
            with(&entries, "objectSid"),
            with(&entries, "userAccountControl")
        ),
        (64, 8)
    );
    assert_eq!(
        (
            of_class(&entries, "computer"),
            of_class(&entries, "user"),
            of_class(&entries, "group")
        ),
        (4, 4, 50)
    );
    let controller = entries["CN=DC1,OU=Domain Controllers,DC=ez,DC=lab"];
    assert_eq!(controller.values("servicePrincipalName").unwrap().len(), 20);
    assert_eq!(
        controller.values("nTSecurityDescriptor").unwrap()[0].len(),
        2_376
    );
    let guid = crate::wire::guid("d12cfafd-1a96-404a-bfa3-cbd19ad5cf75").unwrap();
    assert_eq!(controller.values("objectGUID"), Some(&[guid][..]));
}

#[test]
fn a_real_log_of_pyldapsearch() {
    let Some(bytes) = real("pyldapsearch-redania.log") else {
        return;
    };
    assert!(recognise(&bytes[..4_096]));
    let mut log = open(&bytes);
    let (objects, _) = read(&mut log);
    assert_eq!((objects.len(), log.ended_queries()), (260, 1));
    let (entries, descriptors) = distinct(&objects);
    assert_eq!((entries.len(), descriptors), (260, 54));
    assert_eq!(
        (
            with(&entries, "objectSid"),
            with(&entries, "userAccountControl"),
            with(&entries, "objectGUID")
        ),
        (68, 11, 260)
    );
    assert_eq!(
        (
            of_class(&entries, "group"),
            of_class(&entries, "user"),
            of_class(&entries, "computer")
        ),
        (51, 8, 3)
    );
    let user = entries
        .iter()
        .find(|(dn, _)| dn.starts_with("CN=dijkstra,"))
        .unwrap()
        .1;
    let sid = coldcase_winsec::Sid::parse(&user.values("objectSid").unwrap()[0]).unwrap();
    assert_eq!(sid.rid(), Some(1_118));
    assert_eq!(user.values("nTSecurityDescriptor").unwrap()[0].len(), 2_400);
    let group = entries
        .iter()
        .find(|(dn, _)| dn.starts_with("CN=Administrators,"))
        .unwrap()
        .1;
    assert_eq!(group.values("member").unwrap().len(), 3);
}

#[test]
fn a_text_of_several_lines_forges_nothing() {
    for (first, second) in [("524800", "512"), ("512", "524800")] {
        let log = LOG.replace(
            "lines\n",
            &format!("lines\nuserAccountControl: {first}\nmail: x\nuserAccountControl: {second}\n"),
        );
        let (objects, troubles) = read(&mut open(log.as_bytes()));
        let attributes = objects[0].entry.attributes.iter();
        let control: Vec<_> = attributes
            .filter(|one| one.name.eq_ignore_ascii_case("userAccountControl"))
            .collect();
        assert_eq!(control.len(), 1);
        assert!(control[0].values.is_empty() && !control[0].complete);
        assert!(
            troubles
                .iter()
                .any(|one| one.what.contains("neither is believed"))
        );
    }
}
