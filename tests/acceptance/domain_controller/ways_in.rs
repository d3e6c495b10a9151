//! Every way in brings the same, under each policy of the server that admits it; what it does not admit is refused with
//! a sentence that says what to do.

use std::collections::BTreeMap;
use std::path::Path;

use coldcase_schemas::Snapshot;
use coldcase_tests::dc::{DomainController, StrongAuth};
use coldcase_tests::programs::{Ended, collect_in};

use super::content::{self, Attributes};

/// A way in.
struct Way<'a> {
    name: &'static str,
    arguments: Vec<&'a str>,
    /// Policies of the server that admit it.
    admitted: &'static [StrongAuth],
    /// What the refusal says.
    advice: &'static str,
}

use StrongAuth::{AllowSaslOverTls, No};

pub(super) fn every_way_in_brings_the_same(controller: &mut DomainController) {
    let cache = controller
        .kinit("Administrator", controller.admin_password())
        .unwrap();
    let keytab = controller.keytab("Administrator").unwrap();
    // What the server shows: it does not send its authority along.
    let fingerprint = fingerprint(&controller.ca_file().with_file_name("server.pem"));
    let ca = controller.ca_file().to_owned();
    let ca = ca.to_str().unwrap();
    let admin = controller.admin_user().to_owned();
    let keytab = keytab.to_str().unwrap();
    let cache = format!("FILE:{}", cache.display());
    let password = ["--user", admin.as_str(), "--password-stdin"];
    let principal = [
        "--user",
        "Administrator@CORP.EXAMPLE",
        "--password-stdin",
        "--kerberos",
    ];
    let all = &StrongAuth::ALL[..];
    let ways = [
        way(
            "LDAPS, simple",
            &[&["--ca-file", ca], &password[..]],
            all,
            "",
        ),
        way(
            "LDAPS, simple, pinned",
            &[&["--ca-fingerprint", &fingerprint], &password],
            all,
            "",
        ),
        way(
            "LDAPS, simple, insecure",
            &[&["--insecure"], &password],
            all,
            "",
        ),
        way(
            "StartTLS, simple",
            &[&["--transport", "starttls", "--ca-file", ca], &password],
            all,
            "",
        ),
        way(
            "389, simple",
            &[&["--transport", "plain"], &password],
            &[No],
            "--transport starttls",
        ),
        way(
            "389, Kerberos, sealed, cache",
            &[&["--transport", "sealed", "--kerberos"]],
            all,
            "",
        ),
        way(
            "389, Kerberos, sealed, keytab",
            &[&["--transport", "sealed", "--kerberos", "--keytab", keytab]],
            all,
            "",
        ),
        way(
            "389, Kerberos, sealed, password",
            &[&["--transport", "sealed"], &principal],
            all,
            "",
        ),
        way(
            "389, NTLM, sealed",
            &[&["--transport", "sealed", "--ntlm"], &password],
            all,
            "",
        ),
        way(
            "LDAPS, Kerberos, cache",
            &[&["--ca-file", ca, "--kerberos"]],
            &[No, AllowSaslOverTls],
            "--transport sealed",
        ),
        way(
            "LDAPS, Kerberos, password",
            &[&["--ca-file", ca], &principal],
            &[No, AllowSaslOverTls],
            "--transport sealed",
        ),
        way(
            "StartTLS, Kerberos",
            &[&["--transport", "starttls", "--ca-file", ca, "--kerberos"]],
            &[No, AllowSaslOverTls],
            "--transport sealed",
        ),
        way(
            "LDAPS, NTLM",
            &[&["--ca-file", ca, "--ntlm"], &password],
            &[No, AllowSaslOverTls],
            "--transport sealed",
        ),
    ];
    let mut wanted: Option<BTreeMap<String, Attributes>> = None;
    for policy in StrongAuth::ALL {
        controller.restart_with(policy).unwrap();
        for way in &ways {
            let what = format!("{}, strong auth {}", way.name, policy.as_str());
            let folder = tempfile::tempdir().unwrap();
            let output = folder.path().join("a.sqlite.zst");
            let ended = run(controller, way, &cache, &output);
            if way.admitted.contains(&policy) {
                assert_eq!(ended.code, 0, "{what}: {ended:?}");
                let found = content::of(&output);
                let wanted = wanted.get_or_insert_with(|| found.clone());
                content::assert_same(wanted, &found, &what);
            } else {
                assert_eq!(ended.code, 2, "{what}: {ended:?}");
                assert!(!output.exists());
                assert!(
                    ended.stderr.contains(way.advice),
                    "{what}: {}",
                    ended.stderr
                );
            }
        }
    }
    wrong_credentials_are_named(controller, ca);
}

fn way<'a>(
    name: &'static str,
    arguments: &[&[&'a str]],
    admitted: &'static [StrongAuth],
    advice: &'static str,
) -> Way<'a> {
    Way {
        name,
        arguments: arguments.concat(),
        admitted,
        advice,
    }
}

fn run(controller: &DomainController, way: &Way<'_>, cache: &str, output: &Path) -> Ended {
    let server = controller.address().to_string();
    let mut arguments = vec![
        "--server",
        &server,
        "--quiet",
        "-o",
        output.to_str().unwrap(),
    ];
    arguments.extend(&way.arguments);
    // Kerberos needs the name; elsewhere the address is enough.
    if way.arguments.contains(&"--kerberos") {
        arguments.extend(["--server-name", controller.host_name()]);
    }
    let environment = [
        ("KRB5_CONFIG", controller.krb5_conf().to_str().unwrap()),
        ("KRB5CCNAME", cache),
    ];
    collect_in(&arguments, controller.admin_password(), &environment).unwrap()
}

pub(super) fn the_machines_authorities_are_trusted(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let server = controller.address().to_string();
    let run = |environment: &[(&str, &str)]| {
        let arguments = [
            "--server",
            &server,
            "--user",
            controller.admin_user(),
            "--password-stdin",
            "-o",
            output.to_str().unwrap(),
        ];
        collect_in(&arguments, controller.admin_password(), environment).unwrap()
    };
    // Nothing on this machine knows the controller's authority.
    let ended = run(&[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("--ca-file"), "{}", ended.stderr);
    assert!(!output.exists());
    // OpenSSL's variable, which stands for the machine's store.
    let ended = run(&[("SSL_CERT_FILE", controller.ca_file().to_str().unwrap())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let snapshot = Snapshot::open(&output).unwrap();
    assert!(snapshot.manifest().complete);
    assert_eq!(
        snapshot.collection().unwrap().connection,
        "LDAPS, certificate checked"
    );
}

fn wrong_credentials_are_named(controller: &DomainController, ca: &str) {
    let server = controller.address().to_string();
    let config = controller.krb5_conf().to_str().unwrap();
    for (arguments, sentence) in [
        (
            &[
                "--ca-file",
                ca,
                "--user",
                "CORP\\lowpriv",
                "--password-stdin",
            ][..],
            "the user name or the password is wrong",
        ),
        (
            &[
                "--transport",
                "sealed",
                "--kerberos",
                "--user",
                "lowpriv@CORP.EXAMPLE",
                "--password-stdin",
            ],
            "password",
        ),
        (
            &[
                "--transport",
                "sealed",
                "--ntlm",
                "--user",
                "CORP\\lowpriv",
                "--password-stdin",
            ],
            "the user name or the password is wrong",
        ),
        (
            &["--transport", "sealed", "--kerberos"],
            "there is no ticket",
        ),
        (
            &[
                "--transport",
                "sealed",
                "--user",
                "CORP\\lowpriv",
                "--password-stdin",
            ],
            "a simple bind cannot seal",
        ),
        (
            &["--ca-fingerprint", "00", "--user", "a", "--password-stdin"],
            "SHA-256",
        ),
    ] {
        let mut all = vec!["--server", &server, "--server-name", controller.host_name()];
        all.extend(arguments);
        let environment = [
            ("KRB5_CONFIG", config),
            ("KRB5CCNAME", "FILE:/nowhere/cache"),
        ];
        let ended = collect_in(&all, "wrong", &environment).unwrap();
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(
            ended.stderr.contains(sentence),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
}

/// SHA-256 of the only certificate in a PEM file.
fn fingerprint(pem: &Path) -> String {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    use sha2::{Digest, Sha256};
    let certificate = CertificateDer::from_pem_file(pem).unwrap();
    Sha256::digest(&certificate)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
