//! A domain of more than 20,000 accounts, over TLS and sealed: the same, byte for byte.

use coldcase_tests::dc::{DomainController, LARGE_GROUP, LARGE_GROUP_MEMBERS, Options, Population};
use coldcase_tests::programs::collect_in;

use super::{content, skipped};

/// Principals planted; Samba's own objects come on top.
const PRINCIPALS: usize = 20_000;

#[test]
fn twenty_thousand_entries_come_sealed_as_over_tls() {
    if skipped("a large domain") {
        return;
    }
    let population = Population::Large {
        principals: PRINCIPALS,
    };
    let controller =
        DomainController::start_with(&Options::default().population(population)).unwrap();
    let cache = controller
        .kinit("Administrator", controller.admin_password())
        .unwrap();
    let cache = format!("FILE:{}", cache.display());
    let environment = [
        ("KRB5_CONFIG", controller.krb5_conf().to_str().unwrap()),
        ("KRB5CCNAME", cache.as_str()),
    ];
    let server = controller.address().to_string();
    let folder = tempfile::tempdir().unwrap();
    let collect = |name: &str, more: &[&str]| {
        let output = folder.path().join(name);
        let mut arguments = vec![
            "--server",
            &server,
            "--server-name",
            controller.host_name(),
            "--quiet",
            "-o",
            output.to_str().unwrap(),
        ];
        arguments.extend(more);
        let ended = collect_in(&arguments, controller.admin_password(), &environment).unwrap();
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
        content::of(&output)
    };
    let user = ["--user", controller.admin_user(), "--password-stdin"];
    let ca = ["--ca-file", controller.ca_file().to_str().unwrap()];
    let tls = collect("tls", &[&user[..], &ca].concat());
    assert!(tls.len() > PRINCIPALS, "{} objects", tls.len());
    let members = tls
        .iter()
        .find(|(dn, _)| dn.starts_with(&format!("CN={LARGE_GROUP},")))
        .map(|(_, attributes)| attributes["member"].len());
    assert_eq!(members, Some(LARGE_GROUP_MEMBERS));
    let kerberos = collect(
        "kerberos",
        &["--transport", "sealed", "--kerberos", "--page-size", "1000"],
    );
    content::assert_same(&tls, &kerberos, "sealed Kerberos");
    drop(kerberos);
    let ntlm = collect(
        "ntlm",
        &[&user[..], &["--transport", "sealed", "--ntlm"]].concat(),
    );
    content::assert_same(&tls, &ntlm, "sealed NTLM");
}
