//! `coldcase diff` as users run it: the year of contoso, and input that gives no answer.

use std::fs;

use coldcase_schemas::diff::{Diff, ObjectState};
use coldcase_tests::programs::coldcase;

fn month(name: &str) -> String {
    format!("fixtures/snapshots/contoso-{name}.sqlite.zst")
}

fn diff(old: &str, new: &str) -> Diff {
    let ended = coldcase(&["diff", &month(old), &month(new), "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// From month to month, as people read it.
#[test]
fn the_year_is_the_golden_one() {
    let months = [
        "2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04",
        "2026-05", "2026-06", "2026-07", "2026-08",
    ];
    let mut year = String::new();
    for pair in months.windows(2) {
        let ended = coldcase(&["diff", &month(pair[0]), &month(pair[1])]).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        for line in ended.stdout.lines() {
            assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        }
        year.push_str(&ended.stdout);
        year.push('\n');
    }
    insta::assert_snapshot!("diff_year", year);
}

#[test]
fn markdown_and_json_are_the_golden_ones_and_always_the_same_bytes() {
    for (format, name) in [("md", "diff_markdown"), ("json", "diff_json")] {
        let arguments = [
            "diff",
            &month("2026-04"),
            &month("2026-05"),
            "--format",
            format,
        ];
        let once = coldcase(&arguments).unwrap();
        let twice = coldcase(&arguments).unwrap();
        assert_eq!(once.stdout, twice.stdout);
        insta::assert_snapshot!(name, once.stdout);
    }
}

/// Renamed and moved in November, deleted in June: changes are no deaths, and deaths are told.
#[test]
fn who_is_renamed_is_not_gone() {
    let november = diff("2025-10", "2025-11");
    let renamed = november
        .objects
        .iter()
        .find(|change| change.subject.sam_account_name.as_deref() == Some("svc-printing"))
        .unwrap();
    assert_eq!(renamed.state, ObjectState::Changed);
    assert!(renamed.renamed && renamed.moved);
    let gone = |diff: &Diff, name: &str| {
        diff.objects.iter().any(|change| {
            change.state == ObjectState::Deleted
                && change.subject.sam_account_name.as_deref() == Some(name)
        })
    };
    assert!(!gone(&november, "svc-print"));
    assert!(gone(&diff("2026-05", "2026-06"), "svc-legacy"));
}

/// March was collected by somebody who does not see everything.
#[test]
fn what_a_side_did_not_see_neither_came_nor_went() {
    for (old, new) in [("2026-02", "2026-03"), ("2026-03", "2026-04")] {
        let diff = diff(old, new);
        assert!(!diff.limits.is_empty());
        for change in &diff.objects {
            let hidden = ["dmsa", "kds-root-key", "password-settings"];
            if hidden.contains(&change.subject.kind.as_str()) {
                assert!(
                    matches!(
                        change.state,
                        ObjectState::UnknownBefore | ObjectState::UnknownNow
                    ),
                    "{change:?}"
                );
            }
        }
    }
}

#[test]
fn a_snapshot_and_itself_are_the_same() {
    let ended = coldcase(&["diff", &month("2026-05"), &month("2026-05")]).unwrap();
    assert!(
        ended.stdout.ends_with("\nNothing changed.\n"),
        "{}",
        ended.stdout
    );
    let same = diff("2026-05", "2026-05");
    assert!(same.objects.is_empty() && same.findings.is_empty() && same.routine.is_empty());
    assert!(same.access.is_empty() && same.memberships.is_empty());
}

#[test]
fn what_cannot_be_compared_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.sqlite.zst");
    let forest = coldcase_fixtures::Forest::new("fabrikam.example");
    forest.write_snapshot(&other).unwrap();
    let cut = folder.path().join("cut.sqlite.zst");
    let whole = fs::read(coldcase_tests::programs::workspace().join(month("2026-05"))).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    for (old, new, told) in [
        (month("2026-05"), month("2026-04"), "swap them"),
        (
            month("2025-09"),
            other.display().to_string(),
            "fabrikam.example",
        ),
        (
            month("2025-09"),
            cut.display().to_string(),
            "cut.sqlite.zst",
        ),
        (month("2025-09"), "nothing.zst".to_owned(), "nothing.zst"),
    ] {
        let ended = coldcase(&["diff", &old, &new]).unwrap();
        assert_eq!(ended.code, 2, "{old} {new}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_pipeline_can_fail_on_what_opened() {
    let run = |severity| {
        let (old, new) = (month("2025-10"), month("2025-11"));
        coldcase(&["diff", &old, &new, "--fail-on", severity])
            .unwrap()
            .code
    };
    // A medium finding opened by age.
    assert_eq!(run("high"), 0);
    assert_eq!(run("medium"), 1);
}
