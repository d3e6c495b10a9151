//! What an account could not see is told, attribute by attribute.

use std::collections::BTreeSet;

use coldcase_schemas::Snapshot;
use coldcase_schemas::ledger::{Absence, CoverageRow};
use coldcase_tests::dc::{BASE_DN, DomainController};
use coldcase_tests::programs::collect_in;

use super::as_administrator;

/// A unit whose only account denies the ordinary user to read two of its attributes.
const HIDING: &str = "\
dn: OU=Hiding,{base}
objectClass: organizationalUnit

dn: CN=svc-hiding,OU=Hiding,{base}
objectClass: inetOrgPerson
sAMAccountName: svc-hiding
servicePrincipalName: HTTP/hiding.corp.example
info: not for everybody
nTSecurityDescriptor: D:AI(OD;;RP;f3a64788-5306-11d1-a9c5-0000f80367c1;;{low})(OD;;RP;bf96793e-0de6-11d0-a285-00aa003049e2;;{low})(A;;GA;;;DA)(A;;RP;;;AU)(A;;LC;;;AU)
";

pub(super) fn what_an_ordinary_user_could_not_see_is_told(controller: &DomainController) {
    let low = controller.planted().object("lowpriv").unwrap();
    let ldif = HIDING
        .replace("{base}", BASE_DN)
        .replace("{low}", low.sid.as_deref().unwrap());
    controller.apply_ldif(&ldif).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (all, low) = (
        folder.path().join("all.sqlite.zst"),
        folder.path().join("low.sqlite.zst"),
    );
    let ended = as_administrator(controller, &["-o", all.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = collect_in(
        &[
            "--server",
            &controller.address().to_string(),
            "--user",
            controller.low_user(),
            "--password-stdin",
            "--ca-file",
            controller.ca_file().to_str().unwrap(),
            "-o",
            low.to_str().unwrap(),
        ],
        controller.low_password(),
        &[],
    )
    .unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stdout
            .contains("Asked for, set, and not shown to this account:\n  inetOrgPerson: "),
        "{}",
        ended.stdout
    );
    let rows = |path| Snapshot::open(path).unwrap().coverage().unwrap();
    let of = |rows: &[CoverageRow], absence| -> BTreeSet<String> {
        rows.iter()
            .filter(|row| row.class == "inetOrgPerson" && row.absence == absence)
            .map(|row| row.attribute.clone())
            .collect()
    };
    let (all, low) = (rows(&all), rows(&low));
    let hidden = of(&low, Absence::NotReadable);
    assert!(
        hidden.contains("servicePrincipalName") && hidden.contains("info"),
        "{hidden:?}"
    );
    assert_eq!(of(&all, Absence::NotReadable), BTreeSet::new());
    // What the account does not have is told apart from what may not be seen of it.
    let empty = of(&low, Absence::NoValue);
    assert!(
        empty.contains("scriptPath") && empty.contains("mail"),
        "{empty:?}"
    );
    // Users are no computers; computers are users, and more: what may be set on them is never told to be elsewhere.
    let told = |class: &str, absence| -> BTreeSet<&str> {
        low.iter()
            .filter(|row| row.class == class && row.absence == absence)
            .map(|row| row.attribute.as_str())
            .collect()
    };
    let elsewhere = told("user", Absence::NotInClass);
    assert!(
        elsewhere.contains("operatingSystem") && elsewhere.contains("msDS-HostServiceAccount"),
        "{elsewhere:?}"
    );
    assert!(!elsewhere.contains("servicePrincipalName"), "{elsewhere:?}");
    let empty = told("computer", Absence::NoValue);
    assert!(empty.contains("msDS-AllowedToDelegateTo"), "{empty:?}");
    assert_eq!(told("computer", Absence::NotInClass), BTreeSet::new());
    // The schema of this controller is older than one attribute of accounts, of all five kinds that the user sees.
    let missing: BTreeSet<(&str, &str)> = low
        .iter()
        .filter(|row| row.absence == Absence::NotInSchema)
        .map(|row| (row.class.as_str(), row.attribute.as_str()))
        .collect();
    let wanted = [
        "computer",
        "inetOrgPerson",
        "msDS-GroupManagedServiceAccount",
        "msDS-ManagedServiceAccount",
        "user",
    ];
    assert_eq!(
        missing,
        wanted.map(|class| (class, "msDS-KeyCredentialLink")).into()
    );
    let schema = format!("CN=Schema,CN=Configuration,{BASE_DN}");
    let known = |name: &str| {
        let filter = format!("(lDAPDisplayName={name})");
        !controller
            .ldbsearch(&schema, "one", &filter, &["cn"])
            .unwrap()
            .is_empty()
    };
    assert!(known("msDS-AllowedToDelegateTo") && !known("msDS-KeyCredentialLink"));
}
