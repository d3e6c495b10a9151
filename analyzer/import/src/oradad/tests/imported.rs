//! A dump on its way into a snapshot, as `coldcase import` takes it.

use std::fs;

use coldcase_schemas::Snapshot;

use super::*;
use crate::importer::{Imported, Options, import};
use crate::listing::list;
use crate::recognise;

fn run(made: &Dump, options: &Options) -> Result<(Snapshot, Imported), String> {
    let given =
        recognise::open(made.folder.path(), &mut |_| ()).map_err(|error| error.to_string())?;
    assert_eq!(given.sha256.len(), 64);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot");
    let imported =
        import(vec![given], options, &path, &mut |_, _| ()).map_err(|error| error.to_string())?;
    Ok((Snapshot::open(&path).unwrap(), imported))
}

#[test]
fn a_dump_becomes_a_snapshot() {
    let (snapshot, imported) = run(&dump(false), &Options::default()).unwrap();
    assert_eq!(
        (
            imported.manifest.domain.as_str(),
            imported.conflicts,
            imported.other_domains
        ),
        ("corp.example", 0, 0)
    );
    assert_eq!(imported.manifest.taken_at, "2026-03-31T14:00:00Z");
    assert_eq!(imported.manifest.counts.secrets_dropped, 1);
    let stored = |query: &str| {
        let ledger = snapshot.ledger().unwrap();
        ledger
            .iter()
            .find(|row| row.plan.name == query)
            .map(|row| (row.stored, row.is_complete()))
    };
    assert_eq!(stored("domain"), Some((1, true)));
    assert_eq!(stored("service-accounts"), Some((2, true)));
    assert_eq!(stored("computers"), Some((1, true)));
    assert_eq!(stored("users"), Some((0, true)));
    assert_eq!(stored("groups"), Some((1, true)));
    assert_eq!(stored("kds-root-keys"), Some((1, true)));
    assert_eq!(stored("cross-refs"), Some((1, true)));
    assert_eq!(stored("schema-classes"), None);
    // A password attribute of another system was shown, but not all three were asked for.
    assert_eq!(stored("users-with-password"), Some((1, false)));
    let group = snapshot
        .entry("CN=a\\;b,DC=corp,DC=example")
        .unwrap()
        .unwrap();
    assert_eq!(group.values("member").unwrap().len(), 2);
    let user = snapshot
        .entry("CN=Søren,CN=Users,DC=corp,DC=example")
        .unwrap()
        .unwrap();
    assert_eq!(user.values("unixUserPassword"), None);
    // All password times of the dump are rounded, and no other value is; that of one account is not known.
    let rounded: String = snapshot
        .database()
        .query_row(
            "SELECT count(*) || ' of ' || min(step) FROM rounded",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rounded, "3 of 10000000");
    let forest = snapshot.root_dse("rootDomainNamingContext").unwrap();
    assert_eq!(forest, [b"DC=corp,DC=example"]);
}

#[test]
fn one_of_several_domains() {
    let mut made = dump(false);
    let other = "CN=other,DC=eu,DC=corp,DC=example";
    made.table(
        "domain/eu.corp.example/top",
        TOP_COLUMNS,
        &[&top(other, "top;person;user", GUIDS[7], "")],
    );
    made.table(
        "domain/eu.corp.example/user",
        ACCOUNT_COLUMNS,
        &[&account(other, "other", "S-1-5-21-4-5-6-1101")],
    );
    made.finish();
    let error = run(&made, &Options::default()).map(|_| ()).unwrap_err();
    assert!(
        error.contains("--domain among corp.example, eu.corp.example"),
        "{error}"
    );
    let choose = |domain: &str| Options {
        domain: Some(domain.to_owned()),
        ..Options::default()
    };
    let (snapshot, imported) = run(&made, &choose("EU.corp.example")).unwrap();
    assert_eq!(imported.manifest.domain, "eu.corp.example");
    assert_eq!(imported.other_domains, 6);
    assert!(snapshot.entry(other).unwrap().is_some());
    let ledger = snapshot.ledger().unwrap();
    // Groups of this domain have no file.
    let groups = ledger.iter().find(|row| row.plan.name == "groups").unwrap();
    assert!(!groups.plan.attributes.contains(&"member".to_owned()));
    let error = run(&made, &choose("us.corp.example"))
        .map(|_| ())
        .unwrap_err();
    assert!(error.contains("the domains in it are"), "{error}");
}

#[test]
fn what_it_would_give_is_listed() {
    let made = dump(false);
    let mut given = recognise::open(&made.path(), &mut |_| ()).unwrap();
    assert_eq!(given.name, "20260331-140000");
    let listing = list(given.export.as_mut(), &mut |_, _| ());
    assert_eq!(listing.domains, [("corp.example".to_owned(), 6)]);
    assert_eq!((listing.troubles.0, &listing.broken), (0, &None));
    let gmsas = listing
        .queries
        .iter()
        .find(|brings| brings.query == "service-accounts")
        .unwrap();
    assert_eq!(
        (gmsas.objects, gmsas.asked, &gmsas.partial),
        (2, true, &None)
    );
}

#[test]
fn what_is_packed_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        recognise::open(&path, &mut |_| ())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(said("corp.mla", b"MLA\x01\0\0\0").contains("extract it with mlar"));
    assert!(said("corp.tar", &[0; 600]).contains("extract it"));
    assert!(said("corp.bin", &[0; 600]).contains("the extracted folder of ORADAD"));
    let error = recognise::open(folder.path(), &mut |_| ())
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("the extracted folder of ORADAD"));
}
