//! A case file whose writer is killed, or whose disk is full: the old state or the new one, and nothing between.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use coldcase_fixtures::Forest;
use coldcase_tests::programs::{coldcase, path};
use serde_json::Value;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn snapshot(&self, month: u32) -> String {
        let file = self.file(&format!("{month}.sqlite.zst"));
        let forest = Forest::new("corp.example").at(&format!("2026-{month:02}-01T00:00:00Z"));
        forest
            .user("svc-a")
            .spn("HTTP/a")
            .write_snapshot(Path::new(&file))
            .unwrap();
        file
    }
}

/// Days of the snapshots in a case, which must be whole.
fn days(case: &str) -> Vec<String> {
    let listed = coldcase(&["case", "list", case, "--format", "json"]).unwrap();
    assert_eq!(listed.code, 0, "{listed:?}");
    let rows: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    rows.iter()
        .map(|row| row["taken_at"].as_str().unwrap()[..10].to_owned())
        .collect()
}

/// Runs `coldcase`, and kills it with SIGKILL after `after`. True if it was still running.
fn killed(arguments: &[&str], after: Duration) -> bool {
    let mut child = Command::new(path("coldcase").unwrap())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[test]
fn killed_at_any_moment_it_holds_the_old_state_or_the_new_one() {
    let bench = Bench::new();
    let months = [1, 2, 3].map(|month| bench.snapshot(month));
    let case = bench.file("c.case");
    let added = coldcase(&["case", "add", &case, &months[0], &months[1]]).unwrap();
    assert_eq!(added.code, 0, "{added:?}");
    let (old, golden) = (days(&case), std::fs::read(&case).unwrap());
    let started = Instant::now();
    assert_eq!(
        coldcase(&["case", "add", &case, &months[2]]).unwrap().code,
        0
    );
    let (took, new) = (started.elapsed(), days(&case));
    let whole = coldcase(&["trend", "--case", &case, "--format", "json"])
        .unwrap()
        .stdout;
    assert_eq!((old.len(), new.len()), (2, 3));

    let mut interrupted = 0;
    // Most of the time goes into evaluating, and the writing is at the end: so half of the kills fall there.
    for part in [0, 20, 40, 60, 80, 90, 94, 97, 99, 101, 104] {
        std::fs::write(&case, &golden).unwrap();
        let _ = std::fs::remove_file(bench.file("c.case-journal"));
        interrupted += u32::from(killed(
            &["case", "add", &case, &months[2]],
            took * part / 100,
        ));
        let days = days(&case);
        assert!(days == old || days == new, "{part} %: {days:?}");
        if days == new {
            let trend = coldcase(&["trend", "--case", &case, "--format", "json"]).unwrap();
            assert_eq!(trend.stdout, whole, "{part} %");
        }
    }
    assert!(interrupted > 3, "{interrupted} of the kills came in time");
    // What was interrupted is done by doing it again.
    let again = coldcase(&["case", "add", &case, &months[2]]).unwrap();
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(
        coldcase(&["trend", "--case", &case, "--format", "json"])
            .unwrap()
            .stdout,
        whole
    );
}

#[test]
fn a_disk_that_is_full_changes_nothing() {
    let bench = Bench::new();
    let months = [1, 2].map(|month| bench.snapshot(month));
    let case = bench.file("c.case");
    assert_eq!(
        coldcase(&["case", "add", &case, &months[0]]).unwrap().code,
        0
    );
    let before = std::fs::read(&case).unwrap();
    // No file may grow beyond what the case has (in KiB); the signal that tells so is ignored, as on a full disk.
    let limit = before.len() / 1024;
    let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &script, "bash"])
        .arg(path("coldcase").unwrap())
        .args(["case", "add", &case, &months[1]])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("it is as it was") || told.contains("is as it was"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_eq!(days(&case), ["2026-01-01"]);
    let added = coldcase(&["case", "add", &case, &months[1]]).unwrap();
    assert_eq!(added.code, 0, "with room it goes on: {added:?}");
    assert_eq!(days(&case), ["2026-01-01", "2026-02-01"]);
}
