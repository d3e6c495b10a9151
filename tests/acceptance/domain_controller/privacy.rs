//! What leaves the house: no secret, nothing in the clear, no name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use age::x25519::Identity;
use coldcase_schemas::Snapshot;
use coldcase_tests::dc::{BIG_GROUP, DomainController, Kind};
use coldcase_tests::programs::{coldcase, collect};
use serde_json::Value;

use super::{as_administrator, content};

/// Everything a snapshot holds, uncompressed.
fn uncompressed(path: &Path) -> Vec<u8> {
    let file = fs::read(path).unwrap();
    let length = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    let mut bytes = file[8..8 + length].to_vec();
    bytes.extend(zstd::decode_all(&file[8 + length..]).unwrap());
    bytes
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    // The standard library searches text much faster than it compares windows of bytes.
    match std::str::from_utf8(wanted) {
        Ok(text) => String::from_utf8_lossy(bytes).contains(text),
        Err(_) => bytes.windows(wanted.len()).any(|window| window == wanted),
    }
}

pub(super) fn no_secret_is_collected_even_by_an_administrator(controller: &DomainController) {
    let secrets = controller.add_secrets().unwrap();
    let readable = secrets
        .planted
        .iter()
        .filter(|secret| secret.readable)
        .count();
    assert!(
        readable >= 10,
        "an administrator could read {readable} of them"
    );
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.sqlite.zst");
    let ended = as_administrator(controller, &["-o", output.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let bytes = uncompressed(&output);
    // The test can see: what is collected is found this way.
    assert!(holds(&bytes, BIG_GROUP.as_bytes()));
    for secret in &secrets.planted {
        assert!(
            !holds(&bytes, &secret.mark),
            "{} was collected",
            secret.attribute
        );
    }
    for refused in &secrets.refused {
        eprintln!("not planted: {} ({})", refused.attribute, refused.reason);
    }
    eprintln!(
        "{} secrets planted, {readable} of them readable, none collected",
        secrets.planted.len()
    );
}

pub(super) fn an_encrypted_run_leaves_nothing_in_the_clear(controller: &DomainController) {
    let keys = [Identity::generate(), Identity::generate()];
    let recipients = keys.each_ref().map(|key| key.to_public().to_string());
    for in_memory in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.sqlite.zst.age");
        let mut arguments = vec!["-o", output.to_str().unwrap()];
        for recipient in &recipients {
            arguments.extend(["--recipient", recipient]);
        }
        if in_memory {
            arguments.push("--in-memory");
        }
        let ended = as_administrator(controller, &arguments);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains("age --decrypt"), "{}", ended.stdout);
        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["a.sqlite.zst.age"], "nothing else is left");
        let sealed = fs::read(&output).unwrap();
        assert!(!holds(&sealed, b"corp.example"));
        let clear = folder.path().join("clear.sqlite.zst");
        for key in &keys {
            fs::write(&clear, age::decrypt(key, &sealed).unwrap()).unwrap();
            assert!(Snapshot::open(&clear).unwrap().manifest().complete);
        }
        let plain = folder.path().join("plain.sqlite.zst");
        as_administrator(controller, &["-o", plain.to_str().unwrap()]);
        content::assert_same(&content::of(&plain), &content::of(&clear), "decrypted");
    }
    after_a_crash_the_next_start_cleans(controller, &recipients[0]);
}

fn after_a_crash_the_next_start_cleans(controller: &DomainController, recipient: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.sqlite.zst.age");
    let password = folder.path().join("password");
    fs::write(&password, controller.admin_password()).unwrap();
    let mut child =
        std::process::Command::new(coldcase_tests::programs::path("coldcase-collect").unwrap())
            .args(["--server", &controller.address().to_string()])
            .args(["--user", controller.admin_user(), "--password-file"])
            .arg(&password)
            .arg("--ca-file")
            .arg(controller.ca_file())
            .args(["--rate", "200", "--quiet", "--recipient", recipient, "-o"])
            .arg(&output)
            .spawn()
            .unwrap();
    let work = folder.path().join("corp.example.coldcase-work");
    let database = work.join("snapshot.sqlite");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !database.exists() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&work), mode(&database)), (0o700, 0o600));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(work.exists(), "a killed program cleans nothing");
    let ended = as_administrator(
        controller,
        &["--recipient", recipient, "-o", output.to_str().unwrap()],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.contains("which a crash had left"),
        "{}",
        ended.stderr
    );
    assert!(!work.exists());
}

pub(super) fn pseudonyms_hide_every_name_and_change_no_verdict(controller: &DomainController) {
    let folder = tempfile::tempdir().unwrap();
    let (plain, hidden) = (
        folder.path().join("plain.sqlite.zst"),
        folder.path().join("hidden.sqlite.zst"),
    );
    let key = folder.path().join("key");
    let ended = collect(&["new-key", key.to_str().unwrap()], "").unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = as_administrator(controller, &["-o", plain.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let pseudonyms = ["--pseudonyms", key.to_str().unwrap(), "--rebase-sids"];
    let ended = as_administrator(
        controller,
        &[&pseudonyms[..], &["-o", hidden.to_str().unwrap()]].concat(),
    );
    assert_eq!(ended.code, 0, "{ended:?}");

    let bytes = uncompressed(&hidden).to_ascii_lowercase();
    let names: BTreeSet<String> = [
        Kind::Gmsa,
        Kind::Smsa,
        Kind::Dmsa,
        Kind::User,
        Kind::Computer,
    ]
    .into_iter()
    .flat_map(|kind| controller.planted().of(kind))
    .map(|object| object.name.trim_end_matches('$').to_ascii_lowercase())
    .chain(["corp.example".to_owned(), "dc=corp".to_owned()])
    // Shorter ones occur by chance: `classSchema` before `Licensing…` holds a person's name.
    .filter(|name| name.len() > 5)
    .collect();
    for name in &names {
        assert!(!holds(&bytes, name.as_bytes()), "{name} is in the snapshot");
        let wide: Vec<u8> = name.bytes().flat_map(|byte| [byte, 0]).collect();
        assert!(
            !holds(&bytes, &wide),
            "{name} is in the snapshot, in UTF-16"
        );
    }
    let (with_names, without) = (verdicts(&plain), verdicts(&hidden));
    for (rule, (verdict, count)) in &without {
        if verdict != "not-evaluated" {
            assert_eq!(&(verdict.clone(), *count), &with_names[rule], "{rule}");
        }
    }
    let evaluated = |all: &BTreeMap<String, (String, usize)>| {
        all.values()
            .filter(|(verdict, _)| verdict != "not-evaluated")
            .count()
    };
    let (before, after) = (evaluated(&with_names), evaluated(&without));
    assert!(
        after > 0 && before - after <= 4,
        "{before} rules with names, {after} without"
    );
    the_key_undoes_them(controller, &hidden, &key);
}

fn verdicts(snapshot: &Path) -> BTreeMap<String, (String, usize)> {
    let ended = coldcase(&["report", snapshot.to_str().unwrap(), "--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            let id = rule["id"].as_str().unwrap();
            let count = findings
                .iter()
                .filter(|finding| finding["rule"] == id)
                .count();
            (
                id.to_owned(),
                (rule["verdict"].as_str().unwrap().to_owned(), count),
            )
        })
        .collect()
}

fn the_key_undoes_them(controller: &DomainController, snapshot: &Path, key: &Path) {
    let report = snapshot.with_extension("json");
    let ended = coldcase(&["report", snapshot.to_str().unwrap(), "--format", "json"]).unwrap();
    fs::write(&report, &ended.stdout).unwrap();
    let gmsa = controller.planted().of(Kind::Gmsa).next().unwrap();
    let name = gmsa.name.trim_end_matches('$');
    assert!(!ended.stdout.contains(name), "{}", ended.stdout);
    let pseudonyms = Snapshot::open(snapshot).unwrap().pseudonyms().unwrap();
    let left = |text: &str| -> Vec<String> {
        let tokens = pseudonyms.iter().map(|(token, _)| token.clone());
        tokens.filter(|token| text.contains(token)).collect()
    };
    assert!(left(&ended.stdout).len() > 10, "{}", ended.stdout);
    let reveal = |key: &Path| {
        coldcase(&[
            "reveal",
            snapshot.to_str().unwrap(),
            report.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
        ])
        .unwrap()
    };
    let ended = reveal(key);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains(name), "{}", ended.stdout);
    assert!(ended.stdout.contains("corp.example"), "{}", ended.stdout);
    assert_eq!(left(&ended.stdout), [""; 0], "{}", ended.stdout);
    let other = snapshot.with_extension("other-key");
    collect(&["new-key", other.to_str().unwrap()], "").unwrap();
    let ended = reveal(&other);
    assert_eq!(ended.code, 2, "{ended:?}");
}
