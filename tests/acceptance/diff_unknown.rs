//! `coldcase diff` where a side did not see everything, and of what lies outside the directory: nothing is made up.

use std::path::Path;

use coldcase_fixtures::Forest;
use coldcase_schemas::diff::{Diff, Direction, FindingState, ObjectState};
use coldcase_tests::programs::coldcase;

/// A service account whose password the help desk may reset, and the people of the help desk.
fn forest(at: &str) -> Forest {
    let people: Vec<String> = (0..8).map(|number| format!("person-{number}")).collect();
    let mut forest = Forest::new("corp.example").at(at);
    for person in &people {
        forest = forest.user(person);
    }
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    forest
        .group("Helpdesk")
        .members(&names)
        .user("svc-web")
        .spn("HTTP/web.corp.example")
        .grant_right("Helpdesk", "User-Force-Change-Password")
        .computer("WEB01")
        .computer("WEB02")
        .group("Web Hosts")
        .members(&["WEB01$", "WEB02$"])
        .gmsa("gmsa-web")
        .readers(&["Web Hosts"])
}

const EARLIER: &str = "2026-05-01T00:00:00Z";
const LATER: &str = "2026-05-02T00:00:00Z";

fn diff(old: &Forest, new: &Forest) -> Diff {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, forest: &Forest| {
        let path = folder.path().join(name);
        forest.write_snapshot(Path::new(&path)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (file("old.sqlite.zst", old), file("new.sqlite.zst", new));
    let ended = coldcase(&["diff", &old, &new, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

/// A query that ends half way is no news of anybody.
#[test]
fn whom_a_cut_off_query_did_not_bring_neither_gained_nor_lost() {
    for query in ["users", "computers"] {
        let cut = |at| forest(at).query_fails(query, 3, "time limit exceeded");
        for (old, new) in [(forest(EARLIER), cut(LATER)), (cut(EARLIER), forest(LATER))] {
            let diff = diff(&old, &new);
            assert!(!diff.limits.is_empty());
            let unseen = diff
                .objects
                .iter()
                .filter(|change| !change.note.is_empty())
                .count();
            assert!(unseen > 0, "{query}: nobody was left out");
            for change in &diff.access {
                assert_eq!(change.direction, Direction::Unknown, "{query}: {change:?}");
            }
            for change in &diff.memberships {
                assert_eq!(change.direction, Direction::Unknown, "{query}: {change:?}");
            }
            for change in &diff.findings {
                let news = matches!(change.state, FindingState::Opened | FindingState::Closed);
                assert!(!news, "{query}: {change:?}");
            }
            for change in &diff.objects {
                // The clock moved on, and with it the age of passwords.
                let aged = change
                    .attributes
                    .iter()
                    .all(|one| one.attribute == "pwdLastSet");
                let same = change.state == ObjectState::Changed && aged;
                let unknown = matches!(
                    change.state,
                    ObjectState::UnknownBefore | ObjectState::UnknownNow
                );
                assert!(unknown || same, "{query}: {change:?}");
            }
        }
    }
}

/// Who may log on where is decided by files beside the directory.
#[test]
fn settings_of_group_policies_are_compared() {
    let with = |at, accounts: &[&str]| {
        forest(at)
            .gpo("Baseline")
            .policy_right("SeServiceLogonRight", accounts)
    };
    let told = diff(
        &with(EARLIER, &["svc-web"]),
        &with(LATER, &["svc-web", "person-1"]),
    );
    let settings: Vec<_> = told
        .objects
        .iter()
        .flat_map(|change| &change.attributes)
        .filter(|attribute| attribute.attribute == "settings in SYSVOL")
        .collect();
    let [change] = settings.as_slice() else {
        panic!("{settings:?}");
    };
    assert_eq!((change.removed.len(), change.added.len()), (1, 1));
    assert!(
        change
            .added
            .iter()
            .all(|one| one.contains("SeServiceLogonRight"))
    );
    // Without the files of one side there is nothing to compare, and that is said.
    let without = diff(&forest(EARLIER), &with(LATER, &["svc-web"]));
    assert!(
        without
            .limits
            .iter()
            .any(|limit| limit.text.contains("--sysvol"))
    );
}
