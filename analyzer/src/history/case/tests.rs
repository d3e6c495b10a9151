//! Cases over snapshots that no directory is behind: what they hold, whatever happened to them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use coldcase_schemas::container::file_sha256;
use proptest::prelude::*;
use rusqlite::types::Value;

use super::*;
use crate::history::evaluated::{Evaluable, Label};
use crate::history::made::{basis, day, finding, judge, manifest, subject, summary};
use crate::history::moment::Moment;
use crate::history::summary::{Basis, Summary};
use change::Opener;

/// Reads files of the form `DOMAIN DAY WEIGHT` as snapshots.
struct Fake {
    basis: Basis,
    /// What the rules of this basis make of a weight.
    factor: f64,
}

struct Opened {
    label: Label,
    basis: Basis,
    weight: f64,
}

impl Opener for Fake {
    fn basis(&self) -> &Basis {
        &self.basis
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Evaluable + '_>> {
        let text = fs::read_to_string(path)?;
        let mut words = text.split(' ');
        let mut word = || words.next().context("the file is cut short");
        let (domain, on, weight) = (word()?, word()?.parse()?, word()?.parse::<f64>()?);
        Ok(Box::new(Opened {
            label: Label {
                manifest: manifest(domain, day(on)),
                sha256: file_sha256(path)?,
                domain_sid: Some(format!("S-1-5-21-{}", domain.len())),
            },
            basis: self.basis.clone(),
            weight: weight * self.factor,
        }))
    }
}

impl Evaluable for Opened {
    fn label(&self) -> &Label {
        &self.label
    }

    fn at(&mut self, clocks: &[Moment]) -> Result<Vec<Summary>> {
        let taken_at = Moment::parse(&self.label.manifest.taken_at).unwrap();
        let one = |clock: &Moment| {
            let mut made = summary(taken_at, *clock, &self.basis.pack, 1);
            made.facts.sha256 = self.label.sha256.clone();
            let mut svc = subject("svc", 1.0);
            // A hundredth for each day that it is older.
            let weight = self.weight + clock.days_since(taken_at) / 10_000.0;
            svc.findings.push(finding("svc", 0, weight));
            made.subjects.push(svc);
            made
        };
        Ok(clocks.iter().map(one).collect())
    }
}

fn fake(pack: &str, factor: f64) -> Fake {
    Fake {
        basis: basis(pack),
        factor,
    }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn snapshot(&self, domain: &str, on: u32, weight: f64) -> PathBuf {
        let path = self.path(&format!("{domain}-{on}"));
        fs::write(&path, format!("{domain} {on} {weight} ")).unwrap();
        path
    }

    fn case(&self, name: &str) -> Case {
        Case::open(&self.path(name), true).unwrap()
    }
}

/// Every row of both tables.
fn dump(case: &Case) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for table in ["snapshot", "result"] {
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2, 3, 4");
        let mut statement = case.database.prepare(&sql).unwrap();
        let width = statement.column_count();
        let found = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect());
        rows.extend(found.unwrap().map(Result::unwrap));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_adding_leaves_no_trace(
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(),
        gone in 0..6_usize,
    ) {
        let bench = Bench::new();
        let files: Vec<PathBuf> = [("a", 0), ("a", 30), ("a", 60), ("a", 60), ("bb", 10), ("bb", 40)]
            .iter()
            .enumerate()
            .map(|(number, (domain, on))| {
                let path = bench.snapshot(domain, *on, 0.1 * number as f64);
                let own = bench.path(&number.to_string());
                fs::rename(path, &own).unwrap();
                own
            })
            .collect();
        let opener = fake("p", 1.0);
        let fill = |name: &str, order: &[usize]| {
            let mut case = bench.case(name);
            for place in order {
                case.add(&files[*place], &opener).unwrap();
            }
            case
        };
        let plain = dump(&fill("plain", &[0, 1, 2, 3, 4, 5]));
        let mut shuffled = fill("shuffled", &order);
        prop_assert_eq!(&dump(&shuffled), &plain);
        // One that was taken out might as well never have been in.
        let hash = file_sha256(&files[gone]).unwrap();
        shuffled.remove(&hash, &opener).unwrap();
        let rest: Vec<usize> = (0..6).filter(|place| *place != gone).collect();
        prop_assert_eq!(dump(&shuffled), dump(&fill("rest", &rest)));
        // Put in again, it is as if nothing had been.
        shuffled.add(&files[gone], &opener).unwrap();
        prop_assert_eq!(dump(&shuffled), plain);
    }
}

#[test]
fn a_snapshot_twice_is_told_and_changes_nothing() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    let first = bench.snapshot("a", 0, 0.5);
    assert!(!case.add(&first, &opener).unwrap().again);
    let before = dump(&case);
    assert!(case.add(&first, &opener).unwrap().again);
    assert_eq!(dump(&case), before);
    // Elsewhere, only its place is noted.
    let copy = bench.path("copy");
    fs::copy(&first, &copy).unwrap();
    assert!(case.add(&copy, &opener).unwrap().again);
    assert_eq!(
        case.snapshots().unwrap()[0].found_at,
        fs::canonicalize(&copy).unwrap()
    );
}

#[test]
fn several_domains_are_never_mixed() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    for (domain, on) in [("a", 0), ("bb", 10), ("a", 20), ("bb", 30)] {
        case.add(&bench.snapshot(domain, on, 0.5), &opener).unwrap();
    }
    let judge = judge("p");
    let complaint = case.trend(&judge, None, None).unwrap_err();
    assert!(
        format!("{complaint:#}").contains("--domain"),
        "{complaint:#}"
    );
    let trend = case.trend(&judge, Some("A"), None).unwrap();
    let days: Vec<&str> = trend
        .points
        .iter()
        .map(|point| point.snapshot.taken_at.as_str())
        .collect();
    assert_eq!(days, ["2026-01-01T00:00:00Z", "2026-01-21T00:00:00Z"]);
    assert_eq!((trend.steps[0].change, trend.steps[0].aging), (0.0, 0.2));
}

#[test]
fn a_snapshot_that_is_not_there_any_more_leaves_a_change_that_is_not_split() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    let first = bench.snapshot("a", 0, 0.5);
    case.add(&first, &opener).unwrap();
    let away = bench.path("away");
    fs::create_dir(&away).unwrap();
    fs::rename(&first, away.join("moved")).unwrap();
    let added = case.add(&bench.snapshot("a", 10, 0.4), &opener).unwrap();
    assert!(added.notes[0].contains("is not at"), "{:?}", added.notes);
    let step = case.trend(&judge("p"), None, None).unwrap().steps.remove(0);
    assert_eq!(
        (step.change, step.not_split, step.configuration),
        (-10.0, -10.0, 0.0)
    );
    assert!(!step.why_not_split.is_empty());
    // It is found again, by hash.
    case.add(&away.join("moved"), &opener).unwrap();
    let step = case.trend(&judge("p"), None, None).unwrap().steps.remove(0);
    assert_eq!(
        (step.aging, step.configuration, step.not_split),
        (0.1, -10.1, 0.0)
    );
}

#[test]
fn other_rules_are_a_rebasing_and_no_change_of_the_domain() {
    let bench = Bench::new();
    let (mut case, old, new) = (bench.case("c"), fake("old", 1.0), fake("new", 0.5));
    for on in [0, 10] {
        case.add(&bench.snapshot("a", on, 0.6), &old).unwrap();
    }
    // The one before a new one is evaluated anew with it, so that the step can be split.
    case.add(&bench.snapshot("a", 20, 0.6), &new).unwrap();
    let trend = case.trend(&judge("new"), None, None).unwrap();
    let step = &trend.steps[1];
    assert_eq!((step.change, step.rebasing), (-30.0, -30.0));
    assert_eq!(
        (step.aging, step.configuration, step.not_split),
        (0.1, -0.1, 0.0)
    );
    assert!(
        trend.notes.iter().any(|note| note.contains("2 of 3")),
        "{:?}",
        trend.notes
    );
    assert_eq!(
        (trend.rebasings[0].before, trend.rebasings[0].after),
        (60.0, 30.0)
    );
    case.reevaluate(&new, |_, notes| {
        assert!(notes.is_empty());
        Ok(())
    })
    .unwrap();
    let trend = case.trend(&judge("new"), None, None).unwrap();
    assert!(trend.notes.is_empty(), "{:?}", trend.notes);
    assert!(trend.steps.iter().all(|step| step.rebasing == 0.0));
    assert_eq!(trend.rebasings.len(), 1);
    // With rules that nothing was evaluated with, what is there is told.
    let other = case.trend(&judge("other"), None, None).unwrap();
    assert_eq!(other.points.len(), 3);
    assert!(other.notes[0].contains("3 of 3"), "{:?}", other.notes);
}

#[test]
fn what_cannot_be_added_leaves_the_case_as_it_was() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    case.add(&bench.snapshot("a", 0, 0.5), &opener).unwrap();
    let before = dump(&case);
    let short = bench.path("short");
    fs::write(&short, "a 10").unwrap();
    assert!(case.add(&short, &opener).is_err());
    assert_eq!(dump(&case), before);
    // A disk on which nothing more fits.
    let pages = case.pragma("page_count").unwrap();
    case.database
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let mut full = None;
    for on in 1..200 {
        let kept = dump(&case);
        if let Err(error) = case.add(&bench.snapshot("a", on, 0.5), &opener) {
            assert_eq!(dump(&case), kept);
            full = Some(error.to_string());
            break;
        }
    }
    assert!(
        full.unwrap().starts_with("the disk is full"),
        "nothing said so"
    );
    let there = dump(&case);
    drop(case);
    assert_eq!(dump(&bench.case("c")), there);
}

#[test]
fn files_that_are_no_case_are_told_apart() {
    let bench = Bench::new();
    let complaint = |name: &str| {
        let error = Case::open(&bench.path(name), false).unwrap_err();
        let told = format!("{error:#}");
        assert!(told.contains(name) && !told.contains('\n'), "{told}");
        told
    };
    assert!(complaint("nowhere").contains("cannot be opened"));
    fs::write(bench.path("empty"), "").unwrap();
    assert!(complaint("empty").contains("is empty"));
    fs::write(bench.path("text"), "hello, world").unwrap();
    assert!(complaint("text").contains("no case file"));
    let foreign = Connection::open(bench.path("foreign")).unwrap();
    foreign.execute_batch("CREATE TABLE x (y)").unwrap();
    assert!(complaint("foreign").contains("no case file"));
    let changed = |name: &str, sql: &str| {
        drop(bench.case(name));
        Connection::open(bench.path(name))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        complaint(name)
    };
    let newer = changed("newer", "PRAGMA user_version = 2");
    assert!(
        newer.contains("format 2") && newer.contains("newer coldcase"),
        "{newer}"
    );
    let trigger = "CREATE TRIGGER t AFTER INSERT ON snapshot BEGIN DELETE FROM result; END";
    assert!(changed("trigger", trigger).contains("tables"));
    assert!(changed("view", "CREATE VIEW v AS SELECT 1").contains("tables"));
    assert!(changed("zero", "PRAGMA user_version = 0").contains("tables"));
}

#[test]
fn a_case_that_is_cut_short_or_bent_is_damaged() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    for on in 0..12 {
        case.add(&bench.snapshot("a", on, 0.5), &opener).unwrap();
    }
    drop(case);
    let whole = fs::read(bench.path("c")).unwrap();
    for length in [
        100,
        4096,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        fs::write(bench.path("c"), &whole[..length]).unwrap();
        let error = Case::open(&bench.path("c"), false).unwrap_err().to_string();
        assert!(
            error.contains("damaged") || error.contains("tables"),
            "{length}: {error}"
        );
    }
    // A result that is another's, and one that is none.
    for sql in [
        "UPDATE result SET summary = (SELECT summary FROM result ORDER BY snapshot DESC LIMIT 1)",
        "UPDATE result SET summary = x'00'",
        "UPDATE snapshot SET manifest = '{}'",
        "UPDATE snapshot SET taken_at = '2020-01-01T00:00:00Z'",
    ] {
        fs::write(bench.path("c"), &whole).unwrap();
        Connection::open(bench.path("c"))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let case = Case::open(&bench.path("c"), false).unwrap();
        let error = case.trend(&judge("p"), None, None).unwrap_err();
        assert!(format!("{error:#}").contains("/c"), "{sql}: {error:#}");
    }
}

#[test]
fn originals_are_looked_for_by_their_hash() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    let files = [0, 10, 20].map(|on| bench.snapshot("a", on, 0.5));
    for file in &files {
        case.add(file, &opener).unwrap();
    }
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], "something else").unwrap();
    let states: Vec<&str> = case
        .verify(None)
        .unwrap()
        .iter()
        .map(|one| one.state.as_str())
        .collect();
    assert_eq!(states, ["MISSING", "CHANGED", "there"]);
}

#[test]
fn one_snapshot_is_meant_or_none_is_taken_out() {
    let bench = Bench::new();
    let (mut case, opener) = (bench.case("c"), fake("p", 1.0));
    for on in [0, 1] {
        case.add(&bench.snapshot("a", on, 0.5), &opener).unwrap();
    }
    let complaint =
        |case: &mut Case, wanted: &str| case.remove(wanted, &opener).unwrap_err().to_string();
    assert!(complaint(&mut case, "2026-01").contains("2 snapshots begin with"));
    assert!(complaint(&mut case, "2027").contains("case list"));
    assert!(complaint(&mut case, "").contains("case list"));
    let removed = case.remove("2026-01-02", &opener).unwrap();
    assert_eq!(removed.kept.taken_at, day(1));
    assert_eq!(
        dump(&case).len(),
        2,
        "one snapshot, and its result at its own clock"
    );
}
