//! ADExplorer snapshots: made ones, broken ones, and a real one where the folder of real samples is named.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use coldcase_schemas::plan::QUERIES;
use coldcase_winsec::{SecurityDescriptor, Sid};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::made::{Values, Writer};
use super::*;

const TAKEN_AT: u64 = 132_827_825_226_331_628;
const DOMAIN: &str = "DC=corp,DC=example";

/// A domain of three objects, one of them unreadable.
fn sample() -> Vec<u8> {
    let mut writer = Writer::new(
        Cursor::new(Vec::new()),
        TAKEN_AT,
        "dc1.corp.example",
        &[DOMAIN],
    )
    .unwrap();
    let class = |name: &str| ("objectClass", Values::texts(&["top", name]));
    writer
        .object(
            DOMAIN,
            &[
                class("domainDNS"),
                ("maxPwdAge", Values::Large(vec![-36_288_000_000_000])),
                ("whenCreated", Values::Time(vec![[2021, 11, 30, 20, 4, 56]])),
                (
                    "wellKnownObjects",
                    Values::DnBinary(vec![(vec![0x62, 0x27], format!("CN=Users,{DOMAIN}"))]),
                ),
                (
                    "nTSecurityDescriptor",
                    Values::Descriptor(vec![1, 0, 4, 0x80]),
                ),
            ],
        )
        .unwrap();
    for number in 0..2 {
        writer
            .object(
                &format!("CN=Grüppe {number},{DOMAIN}"),
                &[
                    class("group"),
                    ("groupType", Values::Integer(vec![-2_147_483_646])),
                    ("isCriticalSystemObject", Values::Boolean(vec![true])),
                    (
                        "objectSid",
                        Values::Octets(vec![vec![1, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0]]),
                    ),
                    (
                        "nTSecurityDescriptor",
                        Values::Descriptor(vec![1, 0, 4, 0x80]),
                    ),
                ],
            )
            .unwrap();
    }
    writer.object(&format!("CN=Hidden,{DOMAIN}"), &[]).unwrap();
    writer.finish().unwrap().into_inner()
}

fn open(bytes: Vec<u8>) -> Result<AdExplorer, ImportError> {
    let length = bytes.len() as u64;
    AdExplorer::open(Cursor::new(bytes), length)
}

#[derive(Default)]
struct Read {
    objects: Vec<Object>,
    troubles: Vec<Trouble>,
    error: Option<ImportError>,
}

fn read(snapshot: &mut AdExplorer) -> Read {
    let mut read = Read::default();
    loop {
        match snapshot.next_record() {
            Ok(Some(Record::Object(object))) => read.objects.push(object),
            Ok(Some(Record::Trouble(trouble))) => read.troubles.push(trouble),
            Ok(Some(Record::Claim(_))) => {}
            Ok(None) => return read,
            Err(error) => {
                read.error = Some(error);
                return read;
            }
        }
    }
}

fn value(entry: &Entry, name: &str) -> String {
    String::from_utf8_lossy(&entry.values(name).unwrap()[0]).into_owned()
}

#[test]
fn what_was_written_is_read() {
    let mut snapshot = open(sample()).unwrap();
    assert_eq!(
        snapshot.label().taken_at.as_deref(),
        Some("2021-11-30T21:48:42Z")
    );
    assert_eq!(snapshot.label().server, "dc1.corp.example");
    assert_eq!(snapshot.naming_contexts(), [DOMAIN]);
    let read = read(&mut snapshot);
    assert!(
        read.error.is_none() && read.troubles.is_empty(),
        "{:?}",
        read.troubles
    );
    let head = &read.objects[0].entry;
    assert_eq!(head.dn, DOMAIN);
    assert_eq!(value(head, "maxPwdAge"), "-36288000000000");
    assert_eq!(value(head, "whenCreated"), "20211130200456.0Z");
    assert_eq!(
        value(head, "wellKnownObjects"),
        format!("B:4:6227:CN=Users,{DOMAIN}")
    );
    let second = &read.objects[2].entry;
    assert_eq!(second.dn, format!("CN=Grüppe 1,{DOMAIN}"));
    assert_eq!(value(second, "groupType"), "-2147483646");
    assert_eq!(value(second, "isCriticalSystemObject"), "TRUE");
    // Shared with the objects before it.
    assert_eq!(second.values("objectClass").unwrap().len(), 2);
    assert_eq!(
        second.values("nTSecurityDescriptor"),
        head.values("nTSecurityDescriptor")
    );
    assert_eq!(read.objects[3].entry.attributes, []);
    assert!(
        snapshot
            .limits()
            .iter()
            .any(|limit| limit.contains("CN=Hidden"))
    );
    // The schema's objects are not in it, so the tables give them.
    let schema: Vec<&str> = read.objects[4..]
        .iter()
        .map(|object| object.entry.dn.as_str())
        .collect();
    assert!(schema.contains(&"CN=User,CN=Schema,CN=Configuration,DC=corp,DC=example"));
    assert!(schema.contains(
        &"CN=User-Force-Change-Password,CN=Extended-Rights,CN=Configuration,DC=corp,DC=example"
    ));
}

#[test]
fn what_is_not_in_the_tree_was_not_asked() {
    let snapshot = open(sample()).unwrap();
    let contexts = NamingContexts {
        domain: DOMAIN.to_owned(),
        configuration: format!("CN=Configuration,{DOMAIN}"),
        schema: format!("CN=Schema,CN=Configuration,{DOMAIN}"),
    };
    for query in QUERIES {
        match (snapshot.answer(query, &contexts), query.context) {
            (
                Answer::Asked {
                    attributes,
                    partial: None,
                },
                Context::Domain,
            ) => {
                assert!(
                    attributes.contains(&"objectSid")
                        && !attributes.contains(&"servicePrincipalName")
                );
            }
            (
                Answer::Asked {
                    attributes,
                    partial: None,
                },
                Context::Schema,
            ) => {
                assert!(
                    !attributes.contains(&"nTSecurityDescriptor"),
                    "{}",
                    query.name
                );
            }
            (Answer::Asked { .. }, _) => assert_eq!(query.name, "extended-rights"),
            (Answer::NotAsked(_), Context::Configuration) => {}
            (answer, _) => unreachable!("{}: {answer:?}", query.name),
        }
    }
}

#[test]
fn a_snapshot_that_was_interrupted_is_told() {
    let whole = sample();
    let mut cut = whole.clone();
    cut[1_070..1_086].fill(0);
    let said = open(cut).map(|_| ()).unwrap_err().to_string();
    assert!(
        said.contains("interrupted") && said.contains("again"),
        "{said}"
    );
    let said = open(whole[..whole.len() - 100].to_vec())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(said.contains("cut short"), "{said}");
    assert!(open(whole[..700].to_vec()).is_err());
    assert!(open(b"win-ad".to_vec()).is_err());
    assert!(recognise(&whole) && !recognise(b"win-ad"));
}

/// Replaces the offset of attribute `number` of the object at `object`.
fn with_offset(bytes: &[u8], object: usize, number: usize, offset: i32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = object + 8 + number * 8 + 4;
    bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    bytes
}

#[test]
fn a_bad_offset_costs_one_value() {
    let good = sample();
    let first = usize::try_from(HEADER).unwrap();
    for offset in [0, 9, 1_000_000, i32::MAX, i32::MIN, -1, -5_000] {
        let mut snapshot = open(with_offset(&good, first, 2, offset)).unwrap();
        let read = read(&mut snapshot);
        assert!(read.error.is_none(), "{offset}: {:?}", read.error);
        assert_eq!(read.troubles.len(), 1, "{offset}");
        assert_eq!(read.troubles[0].attribute.as_deref(), Some("maxPwdAge"));
        assert_eq!(read.troubles[0].place, Place::Offset(HEADER));
        let lacking = read.objects[0].entry.attributes.iter();
        let mut lacking = lacking.filter(|one| &*one.name == "maxPwdAge");
        assert!(lacking.all(|one| one.values.is_empty() && !one.complete));
        assert!(read.objects[0].entry.values("maxPwdAge").is_some());
        assert_eq!(read.objects[1].entry.attributes.len(), 5);
    }
    // Without its DN an object is lost, and no other.
    let mut snapshot = open(with_offset(&good, first, 0, 3)).unwrap();
    let read = read(&mut snapshot);
    assert!(read.troubles[0].what.contains("left out"));
    assert!(read.objects[0].entry.dn.starts_with("CN=Gr"));
}

#[test]
fn sizes_that_cannot_be_end_the_reading() {
    let good = sample();
    let first = usize::try_from(HEADER).unwrap();
    for (at, value) in [(0, 0_u32), (0, 7), (0, u32::MAX), (4, u32::MAX), (4, 0)] {
        let mut bad = good.clone();
        bad[first + at..first + at + 4].copy_from_slice(&value.to_le_bytes());
        let read = read(&mut open(bad).unwrap());
        let said = read.error.unwrap().to_string();
        assert!(said.contains("offset 1086"), "{said}");
    }
    // A count of values is held against the bytes: nothing is set aside for it.
    let snapshot = open(good.clone()).unwrap();
    assert_eq!(&*snapshot.tables.properties[2].name, "maxPwdAge");
    let head = read(&mut open(good.clone()).unwrap()).objects[0]
        .entry
        .clone();
    assert_eq!(head.attributes.len(), 5);
    let mut bad = good.clone();
    let end = bad.len();
    // Wherever four bytes are all ones, the reader ends.
    for at in (first..end - 4).step_by(3) {
        bad[at..at + 4].fill(0xFF);
        if let Ok(mut snapshot) = open(bad.clone()) {
            read(&mut snapshot);
        }
        bad[at..at + 4].copy_from_slice(&good[at..at + 4]);
    }
}

#[test]
fn a_small_file_does_not_become_a_large_one() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), TAKEN_AT, "", &[DOMAIN]).unwrap();
    let large = || ("description", Values::text(&"x".repeat(20_000)));
    for number in 0..3_000 {
        writer
            .object(&format!("CN={number},{DOMAIN}"), &[large()])
            .unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    assert!(bytes.len() < 1_000_000);
    let read = read(&mut open(bytes).unwrap());
    let said = read.error.unwrap().to_string();
    assert!(said.contains("64 times"), "{said}");
    assert!(read.objects.len() < 2_500);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_to_the_bytes_makes_it_panic(
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0_u32, 1, 0xFF, 0x7FFF_FFFF, 0x8000_0000, u32::MAX])), 0..6),
        truncate in any::<bool>(),
    ) {
        let mut bytes = sample();
        for (at, value) in flips {
            let at = at.index(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        match open(bytes) {
            Ok(mut snapshot) => {
                let read = read(&mut snapshot);
                prop_assert!(read.objects.len() < 1_000);
                prop_assert!(!snapshot.limits().is_empty());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// The bytes of a real snapshot, if the folder of real samples is there.
#[expect(
    clippy::disallowed_methods,
    reason = "tests of real samples run where the folder is named"
)]
fn real() -> Option<Vec<u8>> {
    let folder = std::env::var_os("COLDCASE_REALDATA");
    // A relative path counts from the workspace root; joining an absolute one gives that.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bytes = folder
        .map(|folder| fs::read(root.join(folder).join("adexplorer-detectionlab.dat")).unwrap());
    if bytes.is_none() {
        println!("skipped: COLDCASE_REALDATA does not name the folder of real samples");
    }
    bytes
}

#[test]
fn a_real_snapshot_is_read_whole() {
    let Some(bytes) = real() else { return };
    let mut snapshot = open(bytes).unwrap();
    let sizes = (
        snapshot.tables.properties.len(),
        snapshot.tables.classes.len(),
        snapshot.tables.rights.len(),
    );
    assert_eq!(sizes, (1_498, 269, 81));
    let domain = "DC=windomain,DC=local";
    let mut contexts = snapshot.naming_contexts().to_vec();
    contexts.sort();
    assert_eq!(
        contexts,
        [
            format!("CN=Configuration,{domain}"),
            format!("CN=Schema,CN=Configuration,{domain}"),
            domain.to_owned(),
        ]
    );
    let read = read(&mut snapshot);
    assert!(
        read.error.is_none() && read.troubles.is_empty(),
        "{:?} {:?}",
        read.error,
        read.troubles
    );
    let objects = read.objects;
    // The counted objects, and one that only the tree needs.
    assert_eq!(objects.len(), 3_849);
    let with = |name: &str| {
        objects
            .iter()
            .filter(|object| object.entry.values(name).is_some())
            .count()
    };
    assert_eq!(
        (
            with("objectGUID"),
            with("nTSecurityDescriptor"),
            with("objectSid")
        ),
        (3_833, 3_833, 99)
    );
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects
        .iter()
        .filter(|object| !object.entry.dn.starts_with("DC=RootDNSServers"))
    {
        let dn = &object.entry.dn;
        let place = match dn {
            dn if dn.contains("CN=Schema,CN=Configuration,") => "schema",
            dn if dn.contains("CN=Configuration,") => "configuration",
            _ => "domain",
        };
        *places.entry(place).or_default() += 1;
        let class = object.entry.values("objectClass").and_then(<[_]>::last);
        let class = class.map(|class| String::from_utf8_lossy(class).into_owned());
        *classes.entry(class.unwrap_or_default()).or_default() += 1;
    }
    assert_eq!(
        places,
        [("configuration", 1_820), ("domain", 259), ("schema", 1_769)].into()
    );
    for (class, count) in [
        ("attributeSchema", 1_498),
        ("displaySpecifier", 1_430),
        ("container", 314),
        ("classSchema", 269),
        ("controlAccessRight", 81),
        ("group", 49),
        ("foreignSecurityPrincipal", 39),
        ("user", 6),
        ("computer", 3),
        ("", 15),
    ] {
        assert_eq!(classes.get(class), Some(&count), "{class}");
    }
    let of = |dn: &str| {
        &objects
            .iter()
            .find(|object| object.entry.dn == dn)
            .unwrap()
            .entry
    };
    let head = objects
        .iter()
        .find(|object| object.entry.dn == domain)
        .unwrap();
    assert_eq!(head.place, Place::Offset(2_578_017));
    let head = &head.entry;
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(
        hex(&head.values("objectGUID").unwrap()[0]),
        "38846a037ce3f64a9df1b7f5570ebcd9"
    );
    let sid = Sid::parse(&head.values("objectSid").unwrap()[0]).unwrap();
    assert_eq!(sid.to_string(), "S-1-5-21-2018156605-3479576465-3716879092");
    assert_eq!(value(head, "whenCreated"), "20211130200456.0Z");
    assert_eq!(value(head, "maxPwdAge"), "-36288000000000");
    assert_eq!(head.values("nTSecurityDescriptor").unwrap()[0].len(), 2_488);
    let known = head.values("wellKnownObjects").unwrap();
    assert_eq!(known.len(), 11);
    assert_eq!(
        known[0],
        b"B:32:6227F0AF1FC2410D8E3BB10615BB5B0F:CN=NTDS Quotas,DC=windomain,DC=local"
    );
    let admins = of("CN=Domain Admins,CN=Users,DC=windomain,DC=local");
    assert_eq!(value(admins, "groupType"), "-2147483646");
    assert_eq!(admins.values("member").unwrap().len(), 1);
    let controller = of("CN=DC,OU=Domain Controllers,DC=windomain,DC=local");
    assert_eq!(controller.values("servicePrincipalName").unwrap().len(), 22);
    assert_eq!(value(controller, "userAccountControl"), "532480");
    assert_eq!(value(controller, "pwdLastSet"), "132827764041402386");
    assert_eq!(value(controller, "accountExpires"), "9223372036854775807");
    let member = of("CN=Member,CN=Schema,CN=Configuration,DC=windomain,DC=local");
    assert_eq!(
        (value(member, "isSingleValued"), value(member, "linkID")),
        ("FALSE".to_owned(), "2".to_owned())
    );
    let guest = of("CN=Guest,CN=Users,DC=windomain,DC=local");
    assert_eq!(
        guest.values("nTSecurityDescriptor").unwrap()[0].len(),
        2_376
    );
    assert_eq!(guest.values("userAccountControl"), None);
    let mut distinct: BTreeMap<[u8; 32], &[u8]> = BTreeMap::new();
    for object in &objects {
        if let Some(bytes) = object.entry.values("nTSecurityDescriptor") {
            distinct.insert(Sha256::digest(&bytes[0]).into(), &bytes[0]);
        }
    }
    assert_eq!(distinct.len(), 62);
    for bytes in distinct.values() {
        let decoded = SecurityDescriptor::decode(bytes);
        assert!(decoded.defects.is_empty(), "{:?}", decoded.defects);
        assert!(decoded.value.owner.is_some() && decoded.value.dacl.is_some());
    }
}

#[test]
fn a_real_snapshot_in_pieces_does_not_panic() {
    let Some(bytes) = real() else { return };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        ..ProptestConfig::default()
    });
    let length = bytes.len();
    let places = prop::collection::vec((1_000..length - 4, any::<u32>()), 1..40);
    runner
        .run(&(places, 1_000..length), |(places, cut)| {
            let mut bad = bytes.clone();
            for (at, value) in &places {
                bad[*at..*at + 4].copy_from_slice(&value.to_le_bytes());
            }
            for bad in [bad.clone(), bad[..cut].to_vec()] {
                if let Ok(mut snapshot) = open(bad) {
                    read(&mut snapshot);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// As [`crate::source`] wants it, and one attribute of the made file less.
fn wanted(name: &str) -> bool {
    coldcase_schemas::attribute::find(name).is_some() && name != "groupType"
}

#[test]
fn what_nobody_wants_is_left_out_and_nothing_else_is_another() {
    for bytes in [Some(sample()), real()].into_iter().flatten() {
        let (mut all, mut some) = (open(bytes.clone()).unwrap(), open(bytes).unwrap());
        assert!(some.keep_only(wanted));
        let (all_read, some_read) = (read(&mut all), read(&mut some));
        let mut expected = all_read.objects;
        assert!(
            expected
                .iter()
                .any(|object| object.entry.values("groupType").is_some())
        );
        for object in &mut expected {
            object.entry.attributes.retain(|one| wanted(&one.name));
        }
        let found = some_read.objects;
        assert_eq!(found, expected);
        assert_eq!(some.unreadable(), all.unreadable());
        assert!(
            some.unreadable() > 0,
            "read without its values is not hidden"
        );
        assert_eq!(some.limits(), all.limits());
        let contexts = NamingContexts {
            domain: DOMAIN.to_owned(),
            configuration: format!("CN=Configuration,{DOMAIN}"),
            schema: format!("CN=Schema,CN=Configuration,{DOMAIN}"),
        };
        for query in QUERIES {
            assert_eq!(some.answer(query, &contexts), all.answer(query, &contexts));
        }
    }
}
