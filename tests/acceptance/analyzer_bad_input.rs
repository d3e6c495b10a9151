//! Files that are no snapshot, or no longer one: one clear sentence and exit code 2.

use std::fs;
use std::path::PathBuf;

use coldcase_tests::programs::{coldcase, workspace};

fn sample() -> Vec<u8> {
    fs::read(workspace().join("fixtures/snapshots/contoso-2026-08.sqlite.zst")).unwrap()
}

fn complaint(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut last = String::new();
    for command in ["report", "verify", "accounts", "paths"] {
        let ended = coldcase(&[command, path.to_str().unwrap()]).unwrap();
        assert_eq!(ended.code, 2, "{command} {name}: {ended:?}");
        assert_eq!(
            ended.stderr.lines().count(),
            1,
            "{command} {name}: {}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains(name),
            "the file is named: {}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "{}", ended.stdout);
        last = ended.stderr;
    }
    last
}

#[test]
fn foreign_files_are_told_apart() {
    assert!(complaint("empty", b"").contains("it is empty"));
    assert!(
        complaint("bare.sqlite", b"SQLite format 3\0 and more").contains("bare SQLite database")
    );
    assert!(complaint("export.zip", b"PK\x03\x04 and more").contains("zip archive"));
    assert!(complaint("snap.dat", b"win-ad-ob\0 and more").contains("ADExplorer"));
    assert!(complaint("notes.txt", b"hello, world").contains("not a Coldcase snapshot"));
    assert!(
        complaint("other.zst", &[0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0])
            .contains("without a manifest")
    );
}

#[test]
fn truncated_and_corrupted_snapshots_are_refused() {
    let good = sample();
    assert!(complaint("short", &good[..60]).contains("cut short"));
    assert!(complaint("half", &good[..good.len() / 2]).contains("cut short"));
    let mut bent = good.clone();
    let middle = bent.len() * 3 / 4;
    bent[middle] ^= 1;
    assert!(complaint("bent", &bent).contains("damaged"));
    let mut longer = good;
    longer.extend(b"trailing");
    assert!(complaint("longer", &longer).contains("something follows the database"));
}

#[test]
fn an_oversized_claim_is_refused_before_decompression() {
    let good = sample();
    let text = String::from_utf8_lossy(&good[8..1200]).into_owned();
    let at = text.find("\"database_bytes\":").unwrap() + 17;
    let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
    // Same length, so the frame stays well-formed: the largest number of that many digits.
    let mut big = good;
    big[8 + at..8 + at + digits].fill(b'9');
    // 999,999 bytes are allowed for a file of this size, so make the file small as well.
    let told = complaint("big", &big);
    assert!(
        told.contains("cut short") || told.contains("over the limit"),
        "{told}"
    );

    let manifest = format!(
        "{{\"format\":\"coldcase-snapshot\",{}",
        &text[text.find("\"format_version\"").unwrap()..text.find("\"database_bytes\"").unwrap()]
    );
    let manifest =
        format!("{manifest}\"database_bytes\":999999999999,\"database_sha256\":\"00\"}}");
    let mut bomb = 0x184D_2A5C_u32.to_le_bytes().to_vec();
    bomb.extend((manifest.len() as u32).to_le_bytes());
    bomb.extend(manifest.as_bytes());
    bomb.extend([0x28, 0xB5, 0x2F, 0xFD]);
    assert!(complaint("bomb", &bomb).contains("over the limit"));
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let ended = coldcase(&["report", "/nowhere/x.sqlite.zst"]).unwrap();
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("/nowhere/x.sqlite.zst") && ended.stderr.lines().count() == 1,
        "{}",
        ended.stderr
    );
    let ended = coldcase(&["report", "/tmp"]).unwrap();
    assert_eq!(
        (ended.code, ended.stderr.lines().count()),
        (2, 1),
        "{}",
        ended.stderr
    );
}

#[test]
fn bad_queries_and_rules_are_named() {
    let snapshot = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    for query in [
        "SELECT nonsense FROM accounts",
        "SELEKT",
        "SELECT * FROM nowhere",
        "DROP TABLE accounts",
        "SELECT kind FROM objects GROUP BY kind HAVING COUNT(*) > 1",
        "",
    ] {
        let ended = coldcase(&["sql", snapshot, query]).unwrap();
        assert_eq!(ended.code, 2, "{query}: {ended:?}");
        assert!(ended.stderr.starts_with("coldcase: "), "{}", ended.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("mine.md");
    let rules = folder.path().to_str().unwrap();
    let ended = coldcase(&["report", snapshot, "--rules", rules]).unwrap();
    assert!(
        ended.code == 2 && ended.stderr.contains("holds no rule page"),
        "{ended:?}"
    );
    // The other rules run, and the report says which did not.
    fs::write(&page, "no front matter").unwrap();
    let ended = coldcase(&["report", snapshot, "--rules", rules]).unwrap();
    assert!(
        ended.code == 0 && ended.stdout.contains("mine.md:1: it must begin"),
        "{ended:?}"
    );
    let ended = coldcase(&["report", snapshot, "--rules", rules, "--strict"]).unwrap();
    assert_eq!(ended.code, 3);
    let ended = coldcase(&["rules", "no-such-rule"]).unwrap();
    assert!(
        ended.code == 2 && ended.stderr.contains("`coldcase rules` lists"),
        "{ended:?}"
    );
}

#[test]
fn rules_of_ones_own_are_written_checked_and_refused_one_by_one() {
    let snapshot = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("mine");
    let rules = rules.to_str().unwrap();
    let made = coldcase(&["rules", "new", "legacy-accounts", "-o", rules]).unwrap();
    assert!(
        made.code == 0 && made.stdout.contains("rules check"),
        "{made:?}"
    );
    let checked = coldcase(&["rules", "check", rules]).unwrap();
    assert!(
        checked.code == 0 && checked.stdout == "1 page runs.\n",
        "{checked:?}"
    );
    let again = coldcase(&["rules", "new", "legacy-accounts", "-o", rules]).unwrap();
    assert!(
        again.code == 2 && again.stderr.contains("there already"),
        "{again:?}"
    );
    let taken = coldcase(&["rules", "new", "gmsa-broad-readers", "-o", rules]).unwrap();
    assert!(
        taken.code == 2 && taken.stderr.contains("taken"),
        "{taken:?}"
    );
    let path = folder.path().join("mine/legacy-accounts.md");
    let page = fs::read_to_string(&path).unwrap();
    let cases = [
        (
            "severity = \"medium\"",
            "severity = \"fatal\"",
            ":6: ",
            "fatal",
        ),
        ("[\"users\"]", "[\"usres\"]", ":16: ", "usres"),
        ("[\"users\"]", "[]", ":16: ", "needs.queries is empty"),
        ("FROM accounts a", "FORM accounts a", ":36: ", "SQL"),
        (
            "a.description AS description",
            "a.nonsense AS description",
            ":35: ",
            "nonsense",
        ),
        (
            "a.object_id AS object_id",
            "a.sid AS object_id",
            ":35: ",
            "an integer",
        ),
        ("'' AS key", "'' AS kye", ":35: ", "first two columns"),
        (
            "FROM accounts a",
            "FROM accounts a CROSS JOIN objects o",
            ":36: ",
            "every row",
        ),
        (
            "FROM accounts a",
            "FROM read_csv('/etc/passwd') a",
            ":35: ",
            "read_csv",
        ),
    ];
    for (number, (old, new, line, word)) in cases.iter().enumerate() {
        let id = format!("id = \"own-{number}\"");
        let text = page.replace("id = \"legacy-accounts\"", &id);
        let text = text
            .replace("OWN01", &format!("ACME{number}"))
            .replace(old, new);
        fs::write(folder.path().join(format!("mine/own-{number}.md")), text).unwrap();
        let checked = coldcase(&["rules", "check", rules]).unwrap();
        let told = checked
            .stdout
            .lines()
            .find(|told| told.contains(&format!("own-{number}.md")));
        let told = told.unwrap_or_default();
        assert!(
            checked.code == 2 && told.contains(line) && told.contains(word),
            "{old}: {checked:?}"
        );
    }
    let page = page.replace("WHERE a.description = ", "WHERE '' <> ");
    fs::write(&path, &page).unwrap();
    // Which severities come out shows only where there are rows.
    let severe = page
        .replace("id = \"legacy-accounts\"", "id = \"too-severe\"")
        .replace("OWN01", "ACME99")
        .replace("'' AS key", "'' AS key, 'critical' AS severity");
    fs::write(folder.path().join("mine/too-severe.md"), &severe).unwrap();
    let named = severe
        .replace("too-severe", "named-severe")
        .replace("ACME99", "ACME98")
        .replace(
            "\n[needs]",
            "\n[otherwise]\ncritical = \"always\"\n\n[needs]",
        );
    fs::write(folder.path().join("mine/named-severe.md"), named).unwrap();
    // A column that says nothing of a row leaves it with the page's own.
    let unsaid = page
        .replace("id = \"legacy-accounts\"", "id = \"unsaid\"")
        .replace("OWN01", "ACME97")
        .replace(
            "'' AS key",
            "'' AS key, NULL AS severity, NULL AS confidence",
        );
    fs::write(folder.path().join("mine/unsaid.md"), unsaid).unwrap();
    let report = coldcase(&["report", snapshot, "--rules", rules, "--format", "json"]).unwrap();
    assert_eq!(report.code, 0, "{}", report.stderr);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let refused = report["refused"].as_array().unwrap();
    assert_eq!(refused.len(), cases.len() + 1, "{refused:?}");
    let told = refused
        .iter()
        .find(|refusal| refusal["file"].as_str().unwrap().ends_with("too-severe.md"));
    assert_eq!(
        told.unwrap()["reason"],
        "column severity can be \"critical\", which is not one the front matter names (severity, otherwise)"
    );
    let found = |rule: &str, severity: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let found = findings.filter(|finding| finding["rule"] == rule);
        found
            .filter(|finding| finding["severity"] == severity)
            .count()
    };
    assert!(found("legacy-accounts", "medium") > 10);
    assert!(found("named-severe", "critical") > 10);
    assert_eq!(
        found("unsaid", "medium"),
        found("legacy-accounts", "medium")
    );
    assert_eq!(found("too-severe", "critical"), 0);
    assert!(report["rules"].as_array().unwrap().len() > 50);
}

#[test]
fn what_would_fill_the_memory_or_is_no_text_is_refused_and_the_rest_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut forest = coldcase_fixtures::Forest::new("corp.example");
    for number in 0..2_400 {
        forest = forest.user(&format!("user{number}"));
    }
    let snapshot = path("s.sqlite.zst");
    forest
        .write_snapshot(std::path::Path::new(&snapshot))
        .unwrap();
    let rules = path("mine");
    assert_eq!(
        coldcase(&["rules", "new", "all-pairs", "-o", &rules])
            .unwrap()
            .code,
        0
    );
    let page = fs::read_to_string(path("mine/all-pairs.md")).unwrap();
    let many = "FROM accounts a JOIN objects x ON x.kind = 'user' OR x.kind = a.kind";
    let pairs = "FROM objects a JOIN objects x ON x.kind = a.kind JOIN accounts y ON y.object_id = a.object_id";
    assert!(page.contains("FROM accounts a"));
    fs::write(
        path("mine/all-pairs.md"),
        page.replace("FROM accounts a", pairs),
    )
    .unwrap();
    let other = page
        .replace("all-pairs", "odd-join")
        .replace("OWN01", "OWN02");
    fs::write(
        path("mine/odd-join.md"),
        other.replace("FROM accounts a", many),
    )
    .unwrap();
    fs::write(path("mine/latin.md"), b"+++\nid = \"caf\xe9\"\n").unwrap();
    let ended = coldcase(&["report", &snapshot, "--rules", &rules, "--format", "json"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let refused = report["refused"].as_array().unwrap();
    let reason = |file: &str| {
        let refusal = refused
            .iter()
            .find(|refusal| refusal["file"].as_str().unwrap().contains(file));
        refusal.unwrap()["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        reason("all-pairs").contains("rows, and 5000000 is the most"),
        "{}",
        reason("all-pairs")
    );
    assert!(
        reason("latin").starts_with("it is not UTF-8"),
        "{}",
        reason("latin")
    );
    assert!(!report["rules"].as_array().unwrap().is_empty());

    let query = "SELECT a.object_id FROM objects a JOIN objects b ON a.kind = b.kind";
    let ended = coldcase(&["sql", &snapshot, query]).unwrap();
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    assert!(ended.stderr.contains("is the most"), "{}", ended.stderr);
}
