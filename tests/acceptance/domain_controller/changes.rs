//! `coldcase diff` against a domain that was changed in every way it tells of: each change is told with what follows from
//! it, and nothing else is.
//!
//! What is changed, and what must be told of it, is in `tests/src/dc/changes`, one file for each family of changes.

mod table;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use coldcase_schemas::diff::{Diff, Side};
use coldcase_tests::dc::changes::{ROUTINE, Told, anew};
use coldcase_tests::dc::{DomainController, Options, Population};
use coldcase_tests::programs::coldcase;
use coldcase_winsec::{AceFlags, Guid, SecurityDescriptor};

use super::{as_administrator, skipped};
use table::Table;

/// Objects as expectations write them, by objectGUID.
pub(super) type Names = BTreeMap<String, String>;

#[test]
fn every_change_is_told_with_what_follows_and_nothing_else_is() {
    if skipped("comparing two snapshots of a domain controller") {
        return;
    }
    let controller =
        DomainController::start_with(&Options::default().population(Population::Changes))
            .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let changes = &controller.planted().changes;

    let mut names = Names::new();
    name_objects(&controller, &mut names);
    let heirlooms = inherited_before(
        &controller,
        &changes
            .list
            .iter()
            .flat_map(|change| &change.told)
            .collect::<Vec<_>>(),
    );
    collect(&controller, &path("before.sqlite.zst"));
    // All are tried, so that one run tells all that is wrong.
    let refused: Vec<String> = changes
        .list
        .iter()
        .filter_map(|change| controller.perform(change).err())
        .map(|error| format!("{error:#}"))
        .collect();
    name_objects(&controller, &mut names);
    collect(&controller, &path("after.sqlite.zst"));

    let arguments = [
        "diff",
        &path("before.sqlite.zst"),
        &path("after.sqlite.zst"),
        "--format",
        "json",
    ];
    let ended = coldcase(&arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let diff: Diff = serde_json::from_str(&ended.stdout).unwrap();

    let table = Table::of(changes, &told::rows(&diff, &names, &heirlooms));
    // Not eprintln!, which the test runner keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "{}", table.print());
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    table.check();
    assert!(changes.list.len() >= 40, "{} changes", changes.list.len());
    // An administrator collected both: what one side did not see, the other did not see either.
    let one_sided: Vec<_> = diff
        .limits
        .iter()
        .filter(|limit| limit.side != Side::Both)
        .collect();
    assert!(one_sided.is_empty(), "{one_sided:?}");
    let routine: BTreeSet<&str> = diff.routine.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = ROUTINE.iter().copied().collect();
    assert!(routine.is_subset(&known), "{routine:?}");
}

fn collect(controller: &DomainController, snapshot: &str) {
    let ended = as_administrator(controller, &["-o", snapshot]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

/// Names each object that has none yet by its distinguished name, read from the database files.
fn name_objects(controller: &DomainController, names: &mut Names) {
    let head = controller.base_dn();
    let configuration = format!("CN=Configuration,{head}");
    for base in [head, configuration.as_str()] {
        let found = controller.ldbsearch(base, "sub", "(objectClass=*)", &["objectGUID"]);
        for record in found.unwrap() {
            let [bytes] = record.values("objectGUID") else {
                continue;
            };
            let guid = Guid::from_bytes(bytes).unwrap().to_string();
            if names.contains_key(&guid) {
                continue;
            }
            let taken = names.values().any(|name| *name == record.dn);
            let name = if taken { anew(&record.dn) } else { record.dn };
            names.insert(guid, name);
        }
    }
}

/// How many entries the objects inherit whose inheritance will be blocked, by the database files.
fn inherited_before(controller: &DomainController, told: &[&Told]) -> BTreeMap<String, usize> {
    let blocked = told.iter().filter_map(|told| match told {
        Told::Inheritance { of, blocked: true } => Some(of),
        _ => None,
    });
    blocked
        .map(|dn| {
            let found =
                controller.ldbsearch(dn, "base", "(objectClass=*)", &["nTSecurityDescriptor"]);
            let found = found.unwrap();
            let bytes = &found[0].values("nTSecurityDescriptor")[0];
            let descriptor = SecurityDescriptor::decode(bytes).value;
            let aces = descriptor.dacl.unwrap().aces;
            let inherited = aces
                .iter()
                .filter(|ace| ace.flags.contains(AceFlags::INHERITED));
            (dn.clone(), inherited.count())
        })
        .collect()
}
