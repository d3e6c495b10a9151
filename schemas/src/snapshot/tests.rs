//! Round trips and bad files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Collection, Place, Snapshot, SnapshotError, SnapshotWriter};
use crate::attribute::ATTRIBUTES;
use crate::container::{Envelope, Fill, Limits, read_manifest};
use crate::entry::{Entry, Event, RawAttribute};
use crate::ledger::{PartitionOutcome, PartitionPlan, QueryOutcome, QueryPlan};
use proptest::prelude::*;

fn plan() -> QueryPlan {
    QueryPlan {
        name: "users".to_owned(),
        base: "DC=a".to_owned(),
        scope: "sub".to_owned(),
        filter: "(objectClass=user)".to_owned(),
        attributes: vec!["cn".to_owned()],
        server: "dc".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn outcome(entries: u64) -> QueryOutcome {
    QueryOutcome {
        pages: 1,
        entries,
        references: 0,
        result_code: Some(0),
        result_text: String::new(),
        ended: "2026-01-01T00:00:01Z".to_owned(),
        complete: true,
    }
}

fn write(path: &Path, entries: &[Entry], end: bool) -> crate::Manifest {
    let mut writer = SnapshotWriter::create(path, Collection::default()).unwrap();
    writer.record(&Event::QueryStarted(plan())).unwrap();
    for entry in entries {
        writer.record(&Event::Entry(entry.clone())).unwrap();
    }
    if end {
        writer
            .record(&Event::QueryEnded(outcome(entries.len() as u64)))
            .unwrap();
    }
    writer.finish(path).unwrap()
}

fn attributes() -> impl Strategy<Value = Vec<RawAttribute>> {
    let name = prop::sample::select(
        ATTRIBUTES
            .iter()
            .map(|attribute| attribute.name)
            .chain(["x-unknown"])
            .collect::<Vec<_>>(),
    );
    let value = prop_oneof![
        "[a-zA-Z0-9,= ]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
    ];
    prop::collection::btree_map(name, prop::collection::vec(value, 1..4), 0..12).prop_map(|map| {
        map.into_iter()
            .map(|(name, values)| RawAttribute::new(name, values))
            .collect()
    })
}

fn sorted(mut entry: Entry) -> Entry {
    entry.attributes.sort_by(|a, b| a.name.cmp(&b.name));
    entry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_value_comes_back_byte_for_byte(all in prop::collection::vec(attributes(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite.zst");
        let entries: Vec<Entry> = all
            .into_iter()
            .enumerate()
            .map(|(n, attributes)| Entry { dn: format!("CN={n},DC=a"), attributes })
            .collect();
        write(&path, &entries, true);
        let snapshot = Snapshot::open(&path).unwrap();
        for entry in entries {
            let back = snapshot.entry(&entry.dn).unwrap().unwrap();
            prop_assert_eq!(sorted(back), sorted(entry));
        }
        snapshot.check_integrity().unwrap();
    }
}

fn sample(path: &Path) -> crate::Manifest {
    let entry = Entry {
        dn: "CN=svc,DC=a".to_owned(),
        attributes: vec![
            RawAttribute::new("sAMAccountName", vec![b"svc".to_vec()]),
            RawAttribute::new(
                "member",
                vec![b"CN=x,DC=a".to_vec(), b"CN=svc,DC=a".to_vec()],
            ),
        ],
    };
    write(path, &[entry.clone(), entry], true)
}

#[test]
fn the_same_events_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    sample(&a);
    sample(&b);
    assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap());
}

#[test]
fn an_object_found_twice_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let manifest = sample(&path);
    assert_eq!(manifest.counts.objects, 1);
    assert_eq!(manifest.counts.links, 2);
    let ledger = Snapshot::open(&path).unwrap().ledger().unwrap();
    assert_eq!(ledger[0].stored, 1);
    assert_eq!(ledger[0].outcome.as_ref().unwrap().entries, 2);
}

#[test]
fn a_query_without_an_end_is_missing_not_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let manifest = write(&path, &[], false);
    assert!(!manifest.complete);
    assert_eq!(manifest.missing, ["query users did not come to its end"]);
    assert!(!Snapshot::open(&path).unwrap().ledger().unwrap()[0].is_complete());
}

#[test]
fn secrets_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let entry = Entry {
        dn: "CN=a".to_owned(),
        attributes: vec![RawAttribute::new(
            "MS-MCS-AdmPwd",
            vec![b"hunter2".to_vec()],
        )],
    };
    let manifest = write(&path, &[entry], true);
    assert_eq!(manifest.counts.secrets_dropped, 1);
    let raw = zstd::decode_all(fs::File::open(&path).unwrap()).unwrap();
    assert!(!raw.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn values_cut_short_make_the_snapshot_incomplete() {
    let folder = tempfile::tempdir().unwrap();
    let mut member = RawAttribute::new("member", vec![b"CN=x".to_vec()]);
    member.complete = false;
    let entry = Entry {
        dn: "CN=a".to_owned(),
        attributes: vec![member],
    };
    let manifest = write(&folder.path().join("a"), &[entry], true);
    assert_eq!(manifest.missing, ["1 value lists were cut short"]);
}

#[test]
fn a_value_that_could_not_be_read_is_missing_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut lacking = Entry {
        dn: "CN=a,DC=b".to_owned(),
        attributes: vec![RawAttribute::new("name", vec![b"a".to_vec()])],
    };
    for name in ["member", "nTSecurityDescriptor", "objectSid", "description"] {
        lacking.lacks(name);
    }
    let mut writer = SnapshotWriter::create(&path, Collection::default()).unwrap();
    writer.record(&Event::QueryStarted(plan())).unwrap();
    writer.record(&Event::Entry(lacking.clone())).unwrap();
    let object = writer.last_object().unwrap();
    let stored = writer.stored(object).unwrap().unwrap();
    assert_eq!(sorted(stored.entry.clone()), sorted(lacking));
    // As an import does that finds more of the same object.
    writer.forget(object).unwrap();
    writer.record(&Event::Entry(stored.entry)).unwrap();
    writer.record(&Event::QueryEnded(outcome(1))).unwrap();
    let classes = writer.classes().unwrap();
    let absent: Vec<&String> = classes
        .values()
        .flatten()
        .flat_map(|seen| &seen.absent)
        .collect();
    assert!(
        !absent
            .iter()
            .any(|name| ["member", "objectSid"].contains(&name.as_str()))
    );
    let manifest = writer.finish(&path).unwrap();
    assert!(
        manifest
            .missing
            .join(" ")
            .contains("4 value lists were cut short")
    );
    let snapshot = Snapshot::open(&path).unwrap();
    let misfits: i64 = snapshot
        .database()
        .query_row(
            "SELECT count(*) FROM defect WHERE kind != 'cut-short'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(misfits, 0);
}

#[test]
fn bad_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    sample(&path);
    let good = fs::read(&path).unwrap();
    let open = |bytes: &[u8]| {
        let bad = folder.path().join("bad");
        fs::write(&bad, bytes).unwrap();
        Snapshot::open(&bad).map(|_| ())
    };
    assert!(open(&good).is_ok());
    assert!(matches!(open(b""), Err(SnapshotError::Foreign(_))));
    assert!(matches!(
        open(b"SQLite format 3\0"),
        Err(SnapshotError::Foreign(_))
    ));
    assert!(matches!(
        open(&good[..100]),
        Err(SnapshotError::Truncated(_))
    ));
    assert!(matches!(
        open(&good[..good.len() - 5]),
        Err(SnapshotError::Truncated(_))
    ));
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(open(&longer), Err(SnapshotError::Damaged(_))));
    // Any single byte that changes is noticed.
    let middle = good.len() - 40;
    for position in [middle, middle + 7, good.len() - 1] {
        let mut bent = good.clone();
        bent[position] ^= 0x40;
        assert!(open(&bent).is_err(), "byte {position}");
    }
}

#[test]
fn no_cut_or_flip_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    sample(&path);
    let good = fs::read(&path).unwrap();
    let bad = folder.path().join("bad");
    for position in (0..good.len()).step_by(good.len() / 150) {
        fs::write(&bad, &good[..position]).unwrap();
        assert!(Snapshot::open(&bad).is_err(), "cut at {position}");
    }
}

#[test]
fn size_limits_hold_before_decompression() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    sample(&path);
    let limits = Limits {
        database_bytes: 1_000,
        ..Limits::default()
    };
    assert!(matches!(
        Snapshot::open_within(&path, &limits),
        Err(SnapshotError::TooLarge { limit: 1_000, .. })
    ));
    let on_disk = Limits {
        in_memory_bytes: 0,
        ..Limits::default()
    };
    assert!(
        Snapshot::open_within(&path, &on_disk)
            .unwrap()
            .entry("CN=svc,DC=a")
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_newer_format_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    sample(&path);
    let bytes = fs::read(&path).unwrap();
    let format = format!("\"format_version\":{}", super::FORMAT_VERSION);
    let at = bytes
        .windows(format.len())
        .position(|w| w == format.as_bytes())
        .unwrap();
    let mut newer = bytes;
    newer[at + format.len() - 1] = b'9';
    fs::write(&path, newer).unwrap();
    assert!(matches!(
        read_manifest(&path),
        Err(SnapshotError::Newer { found: 9, .. })
    ));
}

#[test]
fn tables_of_a_stranger_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let writer = SnapshotWriter::create(&path, Collection::default()).unwrap();
    writer.add_table_for_tests("CREATE VIEW trap AS SELECT 1");
    writer.finish(&path).unwrap();
    assert!(matches!(
        Snapshot::open(&path),
        Err(SnapshotError::Foreign(_))
    ));
}

fn part() -> Event {
    Event::PartitionStarted(PartitionPlan {
        filter: "(uSNCreated>=1)".to_owned(),
        first_usn: Some(1),
        last_usn: None,
        server: "dc1".to_owned(),
        database: "01".to_owned(),
        started: "2026-01-31T06:00:00Z".to_owned(),
    })
}

fn part_ended(complete: bool) -> Event {
    let mut outcome = outcome(1);
    outcome.complete = complete;
    Event::PartitionEnded(PartitionOutcome {
        attempts: 1,
        outcome,
    })
}

fn named(dn: &str) -> Event {
    Event::Entry(Entry {
        dn: dn.to_owned(),
        attributes: vec![
            RawAttribute::new("sAMAccountName", vec![dn.as_bytes().to_vec()]),
            RawAttribute::new("member", vec![b"CN=x,DC=a".to_vec()]),
            RawAttribute::new("nTSecurityDescriptor", vec![dn.as_bytes().to_vec()]),
        ],
    })
}

fn dns(path: &Path) -> Vec<String> {
    let snapshot = Snapshot::open(path).unwrap();
    let mut statement = snapshot
        .database()
        .prepare("SELECT dn FROM object JOIN name USING (id) ORDER BY dn")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_part_that_is_asked_again_starts_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut writer = SnapshotWriter::begin(&Place::Memory, Collection::default()).unwrap();
    for event in [
        Event::QueryStarted(plan()),
        part(),
        named("CN=kept,DC=a"),
        part_ended(true),
        part(),
        named("CN=forgotten,DC=a"),
        Event::PartitionAbandoned,
        part(),
        named("CN=second,DC=a"),
        part_ended(true),
        Event::QueryEnded(outcome(0)),
    ] {
        writer.record(&event).unwrap();
    }
    assert_eq!(writer.counts().objects, 2);
    let manifest = writer.finish(&path).unwrap();
    assert_eq!(dns(&path), ["CN=kept,DC=a", "CN=second,DC=a"]);
    assert_eq!((manifest.counts.objects, manifest.counts.links), (2, 2));
    let snapshot = Snapshot::open(&path).unwrap();
    assert_eq!(snapshot.partitions().unwrap().len(), 2);
    let row = &snapshot.ledger().unwrap()[0];
    assert_eq!(row.stored, 2);
    assert_eq!(
        row.outcome.as_ref().unwrap().entries,
        2,
        "summed over parts"
    );
}

#[test]
fn an_interrupted_run_goes_on_from_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, work) = (folder.path().join("a"), folder.path().join("work"));
    let collection = Collection {
        scope: "all".to_owned(),
        ..Collection::default()
    };
    let mut writer = SnapshotWriter::begin(&Place::File(&work), collection.clone()).unwrap();
    for event in [
        Event::QueryStarted(plan()),
        part(),
        named("CN=kept,DC=a"),
        part_ended(true),
        part(),
        named("CN=incomplete,DC=a"),
        part_ended(false),
        part(),
        named("CN=not committed,DC=a"),
    ] {
        writer.record(&event).unwrap();
    }
    // As a kill leaves it: nothing is closed.
    drop(writer);
    assert!(matches!(
        SnapshotWriter::begin(&Place::File(&work), collection.clone()),
        Err(SnapshotError::Io(_))
    ));
    let mut writer = SnapshotWriter::resume(&work).unwrap();
    assert_eq!(writer.collection(), &collection);
    assert_eq!(writer.partitions().unwrap().len(), 1);
    assert_eq!(writer.counts().objects, 1);
    for event in [
        Event::QueryStarted(plan()),
        part(),
        named("CN=incomplete,DC=a"),
        part_ended(true),
        Event::QueryEnded(outcome(0)),
    ] {
        writer.record(&event).unwrap();
    }
    let manifest = writer.finish(&path).unwrap();
    assert!(manifest.complete);
    assert_eq!(dns(&path), ["CN=incomplete,DC=a", "CN=kept,DC=a"]);
    assert_eq!(manifest.counts.queries, 1);
}

#[test]
fn what_a_kill_at_the_end_leaves_is_in_the_working_folder() {
    /// Sees what lies beside the output while the snapshot is being written.
    struct Beside(PathBuf, RefCell<Vec<OsString>>);
    impl Envelope for Beside {
        fn wrap(&self, file: &mut fs::File, fill: &mut Fill<'_>) -> io::Result<()> {
            fill(file)?;
            for entry in fs::read_dir(&self.0)? {
                self.1.borrow_mut().push(entry?.file_name());
            }
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let database = work.join("database");
    let writer = SnapshotWriter::begin(&Place::File(&database), Collection::default()).unwrap();
    let beside = Beside(folder.path().to_owned(), RefCell::default());
    let output = folder.path().join("a");
    writer.finish_in(&output, &beside, false).unwrap();
    assert_eq!(*beside.1.borrow(), ["work"]);
    assert!(output.exists());
}

#[test]
fn a_query_names_who_answered_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let other = QueryPlan {
        server: "dc2".to_owned(),
        started: "2026-01-31T07:00:00Z".to_owned(),
        ..plan()
    };
    let mut writer = SnapshotWriter::begin(&Place::File(&work), Collection::default()).unwrap();
    for event in [
        Event::QueryStarted(plan()),
        part(),
        named("CN=kept,DC=a"),
        part_ended(true),
    ] {
        writer.record(&event).unwrap();
    }
    drop(writer);
    // Gone on with: the part that was there is the first server's.
    let mut writer = SnapshotWriter::resume(&work).unwrap();
    writer.record(&Event::QueryStarted(other.clone())).unwrap();
    assert_eq!(writer.ledger().unwrap()[0].plan, plan());
    // Begun anew: nothing of the first server is left.
    writer.record(&Event::QueryAbandoned).unwrap();
    writer.record(&Event::QueryStarted(other.clone())).unwrap();
    assert_eq!(writer.ledger().unwrap()[0].plan, other);
}

#[test]
fn an_object_belongs_to_the_first_query_of_the_ledger_whichever_came_first() {
    let folder = tempfile::tempdir().unwrap();
    let (path, work) = (folder.path().join("a"), folder.path().join("work"));
    let mut writer = SnapshotWriter::begin(&Place::File(&work), Collection::default()).unwrap();
    let general = QueryPlan {
        name: "general".to_owned(),
        ..plan()
    };
    let failed = QueryOutcome {
        complete: false,
        ..outcome(0)
    };
    for event in [
        Event::QueryStarted(plan()),
        Event::QueryEnded(failed),
        Event::QueryStarted(general),
        named("CN=special,DC=a"),
        Event::QueryEnded(outcome(1)),
    ] {
        writer.record(&event).unwrap();
    }
    drop(writer);
    let mut writer = SnapshotWriter::resume(&work).unwrap();
    for event in [
        Event::QueryStarted(plan()),
        named("CN=special,DC=a"),
        Event::QueryEnded(outcome(1)),
    ] {
        writer.record(&event).unwrap();
    }
    let manifest = writer.finish(&path).unwrap();
    assert_eq!((manifest.counts.objects, manifest.counts.links), (1, 1));
    let ledger = Snapshot::open(&path).unwrap().ledger().unwrap();
    let stored: Vec<u64> = ledger.iter().map(|row| row.stored).collect();
    assert_eq!(stored, [1, 0]);
}

#[test]
fn an_older_snapshot_reads_like_a_new_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/snapshots");
    let new = Snapshot::open(&folder.join("contoso-2025-09.sqlite.zst")).unwrap();
    let names = dns(&folder.join("contoso-2025-09.sqlite.zst"));
    assert!(names.len() > 100, "{}", names.len());
    for format in 1..super::FORMAT_VERSION {
        let old = Snapshot::open(&folder.join(format!("format-{format}.sqlite.zst"))).unwrap();
        // The made-up schema has grown since the old one was written, and extended rights have other permissions.
        for dn in names.iter().filter(|dn| !dn.contains(",CN=Schema,")) {
            let of = |snapshot: &Snapshot| {
                let mut entry = snapshot.entry(dn).unwrap().unwrap();
                if dn.contains(",CN=Extended-Rights,") {
                    let attributes = &mut entry.attributes;
                    attributes.retain(|attribute| &*attribute.name != "nTSecurityDescriptor");
                }
                entry
            };
            assert_eq!(of(&old), of(&new));
        }
        let asked = asked_of(&old);
        // Queries and attributes that came later are not in the old ledger: nobody takes them for empty.
        for (name, attributes) in &asked {
            let now = &asked_of(&new)[name];
            assert!(attributes.iter().all(|one| now.contains(one)), "{name}");
        }
        assert!(asked.len() > 10);
        // Both came with format 3.
        assert_eq!(asked.contains_key("users-with-password"), format >= 3);
        assert_eq!(asked["users"].contains("comment"), format >= 3);
        assert_eq!(old.partitions().unwrap(), []);
        assert_eq!(old.coverage().unwrap(), []);
    }
}

/// Attributes that each query of the ledger asked for.
fn asked_of(snapshot: &Snapshot) -> BTreeMap<String, BTreeSet<String>> {
    let rows = snapshot.ledger().unwrap().into_iter();
    rows.filter(|row| row.is_complete() && !row.plan.name.starts_with("schema-"))
        .map(|row| (row.plan.name, row.plan.attributes.into_iter().collect()))
        .collect()
}

#[test]
fn what_did_not_come_is_told_by_class() {
    let mut writer = SnapshotWriter::begin(&Place::Memory, Collection::default()).unwrap();
    let mut query = plan();
    query.attributes = ["objectClass", "name", "member", "sIDHistory"]
        .map(str::to_owned)
        .to_vec();
    writer.record(&Event::QueryStarted(query.clone())).unwrap();
    for (dn, class, attribute) in [
        ("CN=a,DC=a", "group", Some("member")),
        ("CN=b,DC=a", "group", Some("name")),
        ("CN=c,DC=a", "user", None),
    ] {
        let classes = vec![b"top".to_vec(), class.as_bytes().to_vec()];
        let mut attributes = vec![
            RawAttribute::new("objectClass", classes),
            RawAttribute::new("objectGUID", vec![dn.as_bytes().to_vec()]),
        ];
        attributes.extend(attribute.map(|name| RawAttribute::new(name, vec![b"CN=x".to_vec()])));
        let dn = dn.to_owned();
        writer
            .record(&Event::Entry(Entry { dn, attributes }))
            .unwrap();
    }
    writer.record(&Event::QueryEnded(outcome(3))).unwrap();
    let classes = writer.classes().unwrap();
    assert_eq!(classes.len(), 1);
    let classes = &classes[&query.name];
    let seen: Vec<_> = classes
        .iter()
        .map(|seen| (seen.class.as_str(), seen.objects, seen.absent.join(" ")))
        .collect();
    assert_eq!(
        seen,
        [
            ("group", 2, "sIDHistory".to_owned()),
            ("user", 1, "name member sIDHistory".to_owned())
        ]
    );
    assert_eq!(classes[0].samples, [b"CN=a,DC=a", b"CN=b,DC=a"]);
    assert_eq!(writer.schema_attributes().unwrap(), None);
}

/// Killed while it makes the tables, a run leaves a file from which there is nothing to go on.
#[test]
fn a_run_that_was_killed_at_once_was_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("work.sqlite");
    fs::write(&file, b"").unwrap();
    assert!(!SnapshotWriter::was_begun(&file).unwrap());
    assert!(SnapshotWriter::resume(&file).is_err());
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch("CREATE TABLE attribute (id INTEGER)")
        .unwrap();
    assert!(!SnapshotWriter::was_begun(&file).unwrap());
    // Somebody else's database is not taken for one.
    database
        .execute_batch("CREATE TABLE letters (id INTEGER)")
        .unwrap();
    assert!(SnapshotWriter::was_begun(&file).unwrap());
    drop(database);
    let begun = folder.path().join("begun.sqlite");
    drop(SnapshotWriter::begin(&Place::File(&begun), Collection::default()).unwrap());
    assert!(SnapshotWriter::was_begun(&begun).unwrap());
}
