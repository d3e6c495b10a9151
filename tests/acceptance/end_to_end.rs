//! A real domain controller in, a risk report out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;

use coldcase_schemas::attribute::{ATTRIBUTES, SECRETS};
use coldcase_schemas::{Entry, Snapshot};
use coldcase_tests::dc::{DomainController, KDS_ROOT_KEY_DATA, Kind};
use coldcase_tests::programs::{Ended, coldcase, collect};
use serde_json::Value;

/// Computed by the server when asked, so the database files do not hold it.
const CONSTRUCTED: &[&str] = &["msDS-User-Account-Control-Computed"];

#[test]
fn what_was_planted_is_collected_and_found() {
    if std::env::var_os("COLDCASE_SKIP_DC").is_some() {
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        let mut err = std::io::stderr();
        let _ = writeln!(
            err,
            "SKIPPED: COLDCASE_SKIP_DC is set, nothing was tested against a domain controller"
        );
        return;
    }
    let controller = DomainController::start()
        .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corp.sqlite.zst");
    let snapshot_name = path.to_str().unwrap();

    let ended = run(
        &controller,
        controller.admin_user(),
        controller.admin_password(),
        snapshot_name,
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    let snapshot = Snapshot::open(&path).unwrap();
    assert_eq!(snapshot.manifest().domain, "corp.example");
    every_value_is_the_servers(&controller, &snapshot, &path);
    no_secret_came(&path);
    inventory_is_what_was_planted(&controller, snapshot_name);
    findings_are_what_was_planted(snapshot_name);

    let low = folder.path().join("low.sqlite.zst");
    let ended = run(
        &controller,
        controller.low_user(),
        controller.low_password(),
        low.to_str().unwrap(),
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    an_ordinary_user_gets_no_false_clear(low.to_str().unwrap(), snapshot_name);

    wrong_password(
        &controller,
        folder.path().join("never.sqlite.zst").to_str().unwrap(),
    );
}

fn run(controller: &DomainController, user: &str, password: &str, output: &str) -> Ended {
    let server = controller.address().to_string();
    collect(
        &[
            "--server",
            &server,
            "--user",
            user,
            "--password-stdin",
            "--ca-file",
            controller.ca_file().to_str().unwrap(),
            "--page-size",
            "100",
            "-o",
            output,
        ],
        password,
    )
    .unwrap()
}

/// Byte for byte what the database files hold, read without LDAP, in order, for every attribute asked for.
fn every_value_is_the_servers(
    controller: &DomainController,
    snapshot: &Snapshot,
    path: &std::path::Path,
) {
    let names: Vec<&str> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
    let mut compared = 0;
    let mut ldif = 0;
    let mut values = 0;
    let base = controller.base_dn();
    let contexts = [
        base.to_owned(),
        format!("CN=Configuration,{base}"),
        format!("CN=Schema,CN=Configuration,{base}"),
    ];
    let mut witness: BTreeMap<String, _> = BTreeMap::new();
    for context in &contexts {
        for record in controller
            .ldbsearch(context, "sub", "(objectClass=*)", &names)
            .unwrap()
        {
            witness.insert(record.dn.clone(), record);
        }
    }
    for dn in stored_dns(snapshot) {
        let entry: Entry = snapshot.entry(&dn).unwrap().unwrap();
        let record = witness
            .get(&dn)
            .unwrap_or_else(|| panic!("{dn} is not in the database files"));
        for attribute in &entry.attributes {
            if CONSTRUCTED.contains(&&*attribute.name) {
                continue;
            }
            assert_eq!(
                attribute.values,
                record.values(&attribute.name),
                "{dn} {}",
                attribute.name
            );
            values += attribute.values.len();
        }
        ldif += ldif_bytes(&entry);
        // And nothing that was asked for is left out.
        let asked = asked_for(snapshot, &dn);
        for (name, stored) in &record.attributes {
            let wanted = asked.iter().any(|asked| asked.eq_ignore_ascii_case(name));
            assert!(
                !wanted || stored.is_empty() || entry.values(name).is_some(),
                "{dn} {name} did not come"
            );
        }
        compared += 1;
    }
    let size = fs::metadata(path).unwrap().len();
    eprintln!("{compared} objects and {values} values are the server's, byte for byte");
    eprintln!("the snapshot has {size} bytes, the same objects as LDIF {ldif}");
    assert!(compared > 2_000, "{compared} objects");
}

/// Length of the entry as LDIF (RFC 2849), unfolded; what is not plain ASCII is base64.
fn ldif_bytes(entry: &Entry) -> usize {
    let line = |name: &str, value: &[u8]| {
        let plain =
            value.iter().all(|byte| (0x20..0x7F).contains(byte)) && value.first() != Some(&b' ');
        let text = if plain {
            value.len()
        } else {
            1 + value.len().div_ceil(3) * 4
        };
        name.len() + 2 + text + 1
    };
    let values = |attribute: &coldcase_schemas::RawAttribute| -> usize {
        attribute
            .values
            .iter()
            .map(|value| line(&attribute.name, value))
            .sum()
    };
    line("dn", entry.dn.as_bytes()) + entry.attributes.iter().map(values).sum::<usize>() + 1
}

fn stored_dns(snapshot: &Snapshot) -> Vec<String> {
    let mut statement = snapshot
        .database()
        .prepare("SELECT dn FROM object JOIN name USING (id) ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn asked_for(snapshot: &Snapshot, dn: &str) -> Vec<String> {
    let asked: String = snapshot
        .database()
        .query_row(
            "SELECT query.attributes FROM object JOIN name USING (id) JOIN query ON query.id = object.query WHERE name.dn = ?1",
            [dn],
            |row| row.get(0),
        )
        .unwrap();
    asked.lines().map(str::to_owned).collect()
}

fn no_secret_came(path: &std::path::Path) {
    let snapshot = Snapshot::open(path).unwrap();
    let mut statement = snapshot
        .database()
        .prepare("SELECT name FROM attribute")
        .unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for secret in SECRETS {
        assert!(
            !names.iter().any(|name| name.eq_ignore_ascii_case(secret)),
            "{secret}"
        );
    }
    // The controller holds a root key's data, an administrator could read it, and it is not here.
    let file = fs::read(path).unwrap();
    let length = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    let database = zstd::decode_all(&file[8 + length..]).unwrap();
    let data: &[u8] = &KDS_ROOT_KEY_DATA;
    assert!(!database.windows(data.len()).any(|window| window == data));
}

fn json(arguments: &[&str]) -> Value {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn inventory_is_what_was_planted(controller: &DomainController, snapshot: &str) {
    let accounts = json(&["accounts", snapshot, "--format", "json"]);
    let named = |kind: &str| -> BTreeSet<String> {
        accounts
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kind"] == kind)
            .map(|row| row["sam_account_name"].as_str().unwrap().to_owned())
            .collect()
    };
    for (kind, planted) in [
        ("gmsa", Kind::Gmsa),
        ("smsa", Kind::Smsa),
        ("dmsa", Kind::Dmsa),
    ] {
        let planted: BTreeSet<String> = controller
            .planted()
            .of(planted)
            .map(|object| object.name.to_string())
            .collect();
        assert_eq!(named(kind), planted, "{kind}");
    }
    let with_spn: BTreeSet<String> = controller
        .planted()
        .of(Kind::User)
        .filter(|object| !object.values("servicePrincipalName").is_empty())
        .map(|object| object.name.to_string())
        .collect();
    // Provisioning itself makes one account with an SPN, for DNS updates.
    let mut provisioned = with_spn;
    provisioned.insert("dns-dc1".to_owned());
    assert_eq!(named("user"), provisioned);
}

/// Every finding, by rule and subject, is the golden list: what was planted, and what provisioning itself leaves.
fn findings_are_what_was_planted(snapshot: &str) {
    let report = json(&["report", snapshot, "--format", "json"]);
    let mut lines: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let subject = &finding["subject"];
            let name = subject["sam_account_name"]
                .as_str()
                .or(subject["dn"].as_str());
            format!("{} {}", finding["rule"].as_str().unwrap(), name.unwrap())
        })
        .collect();
    lines.sort();
    lines.dedup();
    insta::assert_snapshot!("domain_controller_findings", lines.join("\n"));
    let verdict = |rule: &str| {
        report["rules"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == rule)
            .unwrap()["verdict"]
            .clone()
    };
    assert_eq!(verdict("kds-dangling-key"), "clear");
    let unknown: Vec<_> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["verdict"] == "not-evaluated" && rule["beyond_snapshot"] == false)
        // The settings of group policies are collected on demand.
        .filter(|rule| !rule["reason"].as_str().unwrap().contains("--sysvol"))
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    // An administrator sees everything.
    assert_eq!(unknown, [""; 0]);
}

/// What is clear for an ordinary user is clear for an administrator too: not seeing never makes clear.
fn an_ordinary_user_gets_no_false_clear(snapshot: &str, whole: &str) {
    let verdicts = |snapshot: &str| -> BTreeMap<String, String> {
        let report = json(&["report", snapshot, "--format", "json"]);
        let rules = report["rules"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rules
            .iter()
            .map(|rule| (text(&rule["id"]), text(&rule["verdict"])))
            .collect()
    };
    let all = verdicts(whole);
    for (rule, verdict) in verdicts(snapshot) {
        assert!(
            verdict != "clear" || all[&rule] == "clear",
            "{rule} is clear for an ordinary user, {} for an administrator",
            all[&rule]
        );
        if [
            "kds-dangling-key",
            "kds-root-key-control",
            "dmsa-stuck-migration",
        ]
        .contains(&rule.as_str())
        {
            assert_eq!(verdict, "not-evaluated", "{rule}");
        }
    }
    let keys = json(&[
        "sql",
        snapshot,
        "SELECT key_id, seen FROM kds_keys",
        "--format",
        "json",
    ]);
    let keys = keys.as_array().unwrap();
    assert!(
        !keys.is_empty() && keys.iter().all(|key| key["seen"] == false),
        "inferred from password ids: {keys:?}"
    );
}

fn wrong_password(controller: &DomainController, output: &str) {
    let ended = run(controller, controller.low_user(), "wrong", output);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("the user name or the password is wrong"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}
