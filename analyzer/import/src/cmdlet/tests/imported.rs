//! What an import makes of several files.

use super::*;

#[test]
fn two_files_become_one_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        crate::recognise::open(&path, &mut |_| ()).unwrap()
    };
    let row = with(cells(), "Description", "by the table");
    let row = with(row, "SID", "S-1-5-21-1-2-3-1101");
    let row = with(row, "objectSid", "S-1-5-21-1-2-3-1101");
    let row = with(row, "DistinguishedName", "CN=a,DC=corp,DC=example");
    let given = vec![
        file("table.csv", table(&[row], ";", true).as_bytes()),
        file(
            "accounts.xml",
            &utf16(&xml(&rich().replace(GUID, &GUID.to_uppercase()))),
        ),
    ];
    let variants: Vec<String> = given
        .iter()
        .map(|one| one.export.label().variant.clone())
        .collect();
    assert_eq!(variants, ["Export-Csv", "Export-Clixml"]);
    let mut one = file("again.csv", table(&[cells()], ",", false).as_bytes());
    let listing = crate::listing::list(one.export.as_mut(), &mut |_, _| ());
    assert_eq!(listing.domains, [("corp.example".to_owned(), 1)]);
    assert!(listing.broken.is_none());
    let brought: Vec<&str> = listing
        .queries
        .iter()
        .filter(|query| query.asked)
        .map(|query| query.query)
        .collect();
    assert_eq!(brought, ["service-accounts"]);

    let path = folder.path().join("snapshot");
    let options = crate::Options {
        taken_at: Some("2026-03-31T14:00:00Z".to_owned()),
        ..crate::Options::default()
    };
    let imported = crate::import(given, &options, &path, &mut |_, _| ()).unwrap();
    assert_eq!(imported.manifest.domain, "corp.example");
    assert_eq!(imported.manifest.counts.objects, 1);
    // The two descriptions.
    assert_eq!(imported.conflicts, 1);
    assert!(!imported.manifest.complete);
    let snapshot = coldcase_schemas::Snapshot::open(&path).unwrap();
    let account = snapshot.entry("CN=a,DC=corp,DC=example").unwrap().unwrap();
    assert_eq!(account.values("description").unwrap(), [b"by the table"]);
    assert_eq!(account.values("servicePrincipalName").unwrap().len(), 2);
    assert_eq!(account.values("sAMAccountName").unwrap(), [b"gmsa-web$"]);
    let ledger = snapshot.ledger().unwrap();
    let query = ledger
        .iter()
        .find(|row| row.plan.name == "service-accounts")
        .unwrap();
    assert_eq!((query.stored, query.is_complete()), (1, false));
    assert!(
        query
            .plan
            .attributes
            .iter()
            .any(|name| name == "nTSecurityDescriptor")
    );
    let one = |sql: &str| -> String {
        let database = snapshot.database();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        one("SELECT right_name || ' ' || trustee FROM interpreted_right"),
        "ReadGMSAPassword S-1-5-21-1-2-3-1200"
    );
    assert_eq!(one("SELECT CAST(count(*) AS TEXT) FROM known_bits"), "0");
}
