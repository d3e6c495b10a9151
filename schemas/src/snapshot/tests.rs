//! Round trips and bad files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;

use super::{Collection, Snapshot, SnapshotError, SnapshotWriter};
use crate::attribute::ATTRIBUTES;
use crate::container::{Limits, read_manifest};
use crate::entry::{Entry, Event, RawAttribute};
use crate::ledger::{QueryOutcome, QueryPlan};
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
    writer.finish().unwrap()
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
    let at = bytes
        .windows(18)
        .position(|w| w == b"\"format_version\":1")
        .unwrap();
    let mut newer = bytes;
    newer[at + 17] = b'9';
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
    writer.finish().unwrap();
    assert!(matches!(
        Snapshot::open(&path),
        Err(SnapshotError::Foreign(_))
    ));
}
