//! Other tools' exports: what is made of them, what is said of them, and what is refused.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use coldcase_import::adexplorer::made::{Values, Writer};
use coldcase_schemas::Snapshot;
use coldcase_tests::programs::{coldcase, workspace};
use serde_json::Value;

const DOMAIN: &str = "DC=corp,DC=example";
/// FILETIME of 2021-11-30T21:48:42Z.
const TAKEN_AT: u64 = 132_827_825_220_000_000;

/// SID of a principal of the domain.
fn sid(rid: u32) -> Values {
    let mut bytes = vec![1, 5, 0, 0, 0, 0, 0, 5];
    for part in [21, 1, 2, 3, rid] {
        bytes.extend(u32::to_le_bytes(part));
    }
    Values::Octets(vec![bytes])
}

fn guid(number: u8) -> Values {
    Values::Octets(vec![vec![number; 16]])
}

/// An ADExplorer snapshot of a domain with a kerberoastable user, at `path`.
fn adexplorer(path: &Path, taken_at: u64, spn: &str) {
    let file = File::create(path).unwrap();
    let mut writer = Writer::new(file, taken_at, "dc1.corp.example", &[DOMAIN]).unwrap();
    let class = |names: &[&str]| ("objectClass", Values::texts(names));
    let domain_sid: Vec<u8> = {
        let Values::Octets(values) = sid(0) else {
            unreachable!()
        };
        let mut bytes = values[0][..24].to_vec();
        bytes[1] = 4;
        bytes
    };
    writer
        .object(
            DOMAIN,
            &[
                class(&["top", "domain", "domainDNS"]),
                ("objectGUID", guid(1)),
                ("objectSid", Values::Octets(vec![domain_sid])),
            ],
        )
        .unwrap();
    writer
        .object(
            &format!("CN=svc-web,CN=Users,{DOMAIN}"),
            &[
                class(&["top", "person", "organizationalPerson", "user"]),
                ("objectGUID", guid(2)),
                ("objectSid", sid(1_104)),
                ("sAMAccountName", Values::text("svc-web")),
                ("servicePrincipalName", Values::text(spn)),
                ("userAccountControl", Values::Integer(vec![0x1_0200])),
                ("pwdLastSet", Values::Large(vec![130_000_000_000_000_000])),
            ],
        )
        .unwrap();
    writer.object(&format!("CN=Hidden,{DOMAIN}"), &[]).unwrap();
    writer.finish().unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn made(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    adexplorer(&path, TAKEN_AT, "HTTP/web.corp.example");
    path
}

#[test]
fn an_export_becomes_a_snapshot_that_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let export = made(folder.path(), "corp.dat");
    let output = folder.path().join("corp.sqlite.zst");
    let ended = coldcase(&["import", text(&export), "-o", text(&output)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("corp.dat, ADExplorer snapshot: "),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("coldcase report"), "{}", ended.stdout);

    let json = coldcase(&["report", text(&output), "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    let snapshot = &report["snapshot"];
    assert_eq!(snapshot["domain"], "corp.example");
    assert_eq!(snapshot["taken_at"], "2021-11-30T21:48:42Z");
    assert_eq!(snapshot["exports"][0]["name"], "corp.dat");
    let sha256 = snapshot["exports"][0]["sha256"].as_str().unwrap();
    assert_eq!(sha256.len(), 64);
    let fired = |id: &str| {
        let rules = report["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == id).unwrap()["verdict"].clone()
    };
    // What the export shows is judged, what it does not show is not clear.
    assert_eq!(fired("spn-password-never-expires"), "fired");
    assert_eq!(fired("kds-root-key-presence"), "not-evaluated");

    for (format, file) in [("text", "r.txt"), ("md", "r.md"), ("html", "r.html")] {
        let path = folder.path().join(file);
        let ended = coldcase(&[
            "report",
            text(&output),
            "--format",
            format,
            "-o",
            text(&path),
        ])
        .unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let written = fs::read_to_string(path).unwrap();
        let words = written.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("corp.dat"), "{format}");
        assert!(words.contains("no replication metadata"), "{format}");
    }
}

#[test]
fn the_same_export_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let export = made(folder.path(), "corp.dat");
    let bytes = |name: &str| {
        let output = folder.path().join(name);
        let ended = coldcase(&["import", text(&export), "-o", text(&output)]).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        fs::read(output).unwrap()
    };
    assert_eq!(bytes("a.zst"), bytes("b.zst"));
}

#[test]
fn what_an_export_would_give_is_told_without_importing() {
    let folder = tempfile::tempdir().unwrap();
    let export = made(folder.path(), "corp.dat");
    let ended = coldcase(&["import", "--list", text(&export)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for told in [
        "corp.dat: ADExplorer snapshot",
        "2021-11-30T21:48:42Z",
        "corp.example: 3 objects",
        "not asked",
    ] {
        assert!(ended.stdout.contains(told), "{told}: {}", ended.stdout);
    }
    let json = coldcase(&["import", "--list", text(&export), "--format", "json"]).unwrap();
    let listed: Value = serde_json::from_str(&json.stdout).unwrap();
    let users = listed[0]["queries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["query"] == "users")
        .unwrap();
    assert_eq!(
        (&users["objects"], &users["seen"]),
        (&Value::from(1), &Value::from("all"))
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is written"
    );
}

#[test]
fn ldif_with_its_comments_says_what_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("domain.ldif");
    let dump = "# extended LDIF\n#\n# LDAPv3\n# base <DC=corp,DC=example> with scope subtree\n# filter: (objectClass=*)\n\
                # requesting: ALL \n#\n\ndn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectSid:: AQQAAAAAAAUVAAAAAQAAAAIAAAADAAAA\n\n\
                dn: CN=svc,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: svc\nuserAccountControl: 66048\n\
                servicePrincipalName: HTTP/x\nobjectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAUAQAAA==\n\n# search result\nresult: 0 Success\n";
    fs::write(&export, dump).unwrap();
    let output = folder.path().join("domain.zst");
    let at = "2026-03-31T14:00:00Z";
    let ended = coldcase(&[
        "import",
        text(&export),
        "-o",
        text(&output),
        "--taken-at",
        at,
    ])
    .unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("LDIF by ldapsearch"),
        "{}",
        ended.stdout
    );
    let ledger = Snapshot::open(&output).unwrap().ledger().unwrap();
    let users = ledger.iter().find(|row| row.plan.name == "users").unwrap();
    assert!(users.is_complete() && users.stored == 1);
    // ALL does not bring descriptors: they were not asked for.
    assert!(
        !users
            .plan
            .attributes
            .iter()
            .any(|name| name == "nTSecurityDescriptor")
    );
    assert!(!ledger.iter().any(|row| row.plan.name == "cross-refs"));
    fs::write(
        &export,
        dump.replace("# search result\nresult: 0 Success\n", ""),
    )
    .unwrap();
    let cut = folder.path().join("cut.zst");
    let ended = coldcase(&["import", text(&export), "-o", text(&cut), "--taken-at", at]).unwrap();
    assert!(ended.stdout.contains("PARTIAL"), "{}", ended.stdout);
}

#[test]
fn a_folder_of_ldapdomaindump_is_one_export() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump");
    fs::create_dir(&dump).unwrap();
    let file = |name: &str, text: &str| fs::write(dump.join(name), text).unwrap();
    file(
        "domain_policy.json",
        r#"[{"attributes": {"instanceType": [5], "objectClass": ["top", "domain", "domainDNS"], "objectSid": ["S-1-5-21-1-2-3"],
            "maxPwdAge": ["42 days, 0:00:00"]}, "dn": "DC=corp,DC=example"}]"#,
    );
    file(
        "domain_users.json",
        r#"[{"attributes": {"instanceType": [4], "objectClass": ["top", "person", "organizationalPerson", "user"],
            "objectSid": ["S-1-5-21-1-2-3-1104"], "sAMAccountName": ["svc-web"], "servicePrincipalName": ["HTTP/web"],
            "userAccountControl": [4260352], "pwdLastSet": ["2021-06-30 00:54:47.975285+00:00"]},
            "dn": "CN=svc-web,CN=Users,DC=corp,DC=example"}]"#,
    );
    file("domain_users_by_group.html", "<table>");
    let listed = coldcase(&["import", "--list", text(&dump)]).unwrap();
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(
        listed.stdout.contains("ldapdomaindump"),
        "{}",
        listed.stdout
    );
    let output = folder.path().join("corp.zst");
    let at = "2026-03-31T14:00:00Z";
    let ended = coldcase(&["import", text(&dump), "-o", text(&output), "--taken-at", at]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = coldcase(&["report", text(&output), "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    // DONT_REQ_PREAUTH stands in the number; who may change what is nowhere, and no rule is clear by a dump.
    let rules = report["rules"].as_array().unwrap();
    let with = |verdict: &str| {
        rules
            .iter()
            .filter(|rule| rule["verdict"] == verdict)
            .count()
    };
    assert_eq!(with("clear"), 0);
    let found = report["findings"].as_array().unwrap().iter();
    let found: Vec<&str> = found
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    assert!(found.contains(&"spn-no-preauthentication"), "{found:?}");
    assert!(with("not-evaluated") > 50);
}

#[test]
fn exports_that_contradict_each_other_say_so_and_the_newer_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.dat");
    adexplorer(&old, TAKEN_AT - 864_000_000_000, "HTTP/old.corp.example");
    let new = made(folder.path(), "new.dat");
    let output = folder.path().join("corp.zst");
    let ended = coldcase(&["import", text(&old), text(&new), "-o", text(&output)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("Conflicts     1 contradiction;"),
        "{}",
        ended.stdout
    );
    let snapshot = Snapshot::open(&output).unwrap();
    let user = snapshot
        .entry(&format!("CN=svc-web,CN=Users,{DOMAIN}"))
        .unwrap()
        .unwrap();
    assert_eq!(
        user.values("servicePrincipalName"),
        Some(&[b"HTTP/web.corp.example".to_vec()][..])
    );
    let told: String = snapshot
        .database()
        .query_row(
            "SELECT kept_value || ' ' || other_value FROM conflict",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(told, "HTTP/web.corp.example HTTP/old.corp.example");
}

#[test]
fn what_cannot_be_imported_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let export = made(folder.path(), "corp.dat");
    let output = folder.path().join("corp.zst");
    let whole = fs::read(&export).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let refused = |path: &Path, told: &str| {
        let ended = coldcase(&["import", text(path), "-o", text(&output)]).unwrap();
        assert_eq!(ended.code, 2, "{}", ended.stdout);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
        assert!(
            ended
                .stderr
                .contains(path.file_name().unwrap().to_str().unwrap()),
            "{}",
            ended.stderr
        );
        assert!(!output.exists());
    };
    refused(&file("cut.dat", &whole[..whole.len() / 2]), "cut short");
    refused(&file("notes.txt", b"hello"), "none of the formats");
    refused(&file("empty.dat", b""), "it is empty");
    refused(&folder.path().join("missing.dat"), "missing.dat");
    let other = folder.path().join("others");
    fs::create_dir(&other).unwrap();
    refused(&other, "folder");
    // A broken object ends the reading; what came before is kept and marked.
    let mut broken = whole.clone();
    let second = 1_086 + u32::from_le_bytes(whole[1_086..1_090].try_into().unwrap()) as usize;
    broken[second..second + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let broken = file("broken.dat", &broken);
    let ended = coldcase(&["import", text(&broken), "-o", text(&output)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("PARTIAL") && ended.stdout.contains("offset"),
        "{}",
        ended.stdout
    );
    // Evidence is never overwritten.
    let ended = coldcase(&["import", text(&export), "-o", text(&output)]).unwrap();
    assert!(
        ended.code == 2 && ended.stderr.contains("is there already"),
        "{}",
        ended.stderr
    );
    let ended = coldcase(&["import", text(&output), "-o", "x"]).unwrap();
    assert!(
        ended.stderr.contains("a snapshot already"),
        "{}",
        ended.stderr
    );
}

/// A file of the real samples, if their folder is named.
fn real(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("COLDCASE_REALDATA");
    if folder.is_none() {
        eprintln!("skipped: COLDCASE_REALDATA does not name the folder of real samples");
    }
    // A relative path counts from the workspace root.
    Some(workspace().join(folder?).join(name))
}

#[test]
fn a_real_adexplorer_snapshot_is_reported() {
    let Some(export) = real("adexplorer-detectionlab.dat") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("lab.zst");
    let ended = coldcase(&["import", text(&export), "-o", text(&output)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        !ended.stdout.contains("Conflicts") && !ended.stdout.contains("Troubles"),
        "{}",
        ended.stdout
    );
    let snapshot = Snapshot::open(&output).unwrap();
    assert_eq!(snapshot.manifest().counts.objects, 3_849);
    assert_eq!(snapshot.manifest().counts.security_descriptors, 62);
    let ledger = snapshot.ledger().unwrap();
    let stored = |name: &str| {
        ledger
            .iter()
            .find(|row| row.plan.name == name)
            .unwrap()
            .stored
    };
    assert_eq!(
        (stored("groups"), stored("users"), stored("computers")),
        (49, 6, 3)
    );
    assert_eq!(
        (stored("schema-classes"), stored("schema-attributes")),
        (269, 1_498)
    );
    let ended = coldcase(&["report", text(&output)]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("not known whether an administrator"));
}

#[test]
fn real_logs_are_put_together_and_nothing_in_them_is_complete() {
    for (name, objects, descriptors) in [
        ("ldapsearch-516-objects.log", 224, 40),
        ("pyldapsearch-redania.log", 260, 54),
    ] {
        let Some(export) = real(name) else { return };
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("log.zst");
        let at = "2023-09-04T00:00:00Z";
        let ended = coldcase(&[
            "import",
            text(&export),
            "-o",
            text(&output),
            "--taken-at",
            at,
        ])
        .unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(
            ended.stdout.contains("PARTIAL") && !ended.stdout.contains("Conflicts"),
            "{}",
            ended.stdout
        );
        let snapshot = Snapshot::open(&output).unwrap();
        let counts = snapshot.manifest().counts;
        // What comes twice is one object.
        assert_eq!(
            (counts.objects, counts.security_descriptors),
            (objects, descriptors),
            "{name}"
        );
        assert!(
            snapshot
                .ledger()
                .unwrap()
                .iter()
                .all(|row| !row.is_complete() || row.plan.name == "other-objects")
        );
        let ended = coldcase(&["report", text(&output)]).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
}

#[test]
fn a_real_sharphound_zip_is_reported_and_its_rights_are_ways() {
    let Some(export) = real("sharphound-v6-sample.zip") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("phantom.zst");
    let ended = coldcase(&["import", text(&export), "-o", text(&output)]).unwrap();
    assert!(
        ended.code == 2 && ended.stderr.contains("--taken-at"),
        "{}",
        ended.stderr
    );
    let at = ["--taken-at", "2024-06-01T10:00:00Z"];
    let ended = coldcase(&["import", text(&export), "-o", text(&output), at[0], at[1]]).unwrap();
    assert!(
        ended.code == 2
            && ended
                .stderr
                .contains("ghost.corp, phantom.corp, wraith.corp"),
        "{}",
        ended.stderr
    );
    let domain = ["--domain", "phantom.corp"];
    let ended = coldcase(&[
        "import",
        text(&export),
        "-o",
        text(&output),
        at[0],
        at[1],
        domain[0],
        domain[1],
    ])
    .unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let rights = coldcase(&[
        "sql",
        text(&output),
        "SELECT name FROM interpreted_rights WHERE \"right\" = 'ReadGMSAPassword' ORDER BY name",
        "--format",
        "csv",
    ])
    .unwrap();
    assert_eq!(rights.stdout.lines().count(), 8, "{}", rights.stdout);
    let ways = coldcase(&["paths", text(&output), "--to", "gMSA_SHS2$"]).unwrap();
    assert!(ways.stdout.contains("gMSA_SHS_pwd"), "{}", ways.stdout);
    let words = ways.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("ReadGMSAPassword, an export says"),
        "{words}"
    );
}
