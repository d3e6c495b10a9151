//! Every text output on a terminal of 80 and of 160 columns: goldens, no line that is wider, colour only where it is
//! wanted.

use coldcase_tests::programs::coldcase;
use coldcase_tests::terminal::coldcase_on;

const FIRST: &str = "fixtures/snapshots/contoso-2026-07.sqlite.zst";
const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

/// Collected by an ordinary user.
const LOW: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

/// Without colour: what it changes is a test of its own.
fn on(columns: u16, arguments: &[&str]) -> String {
    let ended = coldcase_on(columns, arguments, &[("NO_COLOR", "1")]).unwrap();
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended.stdout
}

/// Holds both widths against goldens; no line may be wider than the terminal.
fn golden(name: &str, arguments: &[&str]) {
    for columns in [80, 160] {
        let shown = on(columns, arguments);
        for line in shown.lines() {
            let wide = line.chars().count();
            assert!(
                wide <= usize::from(columns),
                "{name}: {wide} of {columns} columns: {line}"
            );
        }
        insta::assert_snapshot!(format!("terminal_{name}_{columns}"), shown);
    }
}

#[test]
fn accounts() {
    golden("accounts", &["accounts", LAST]);
    golden("accounts_low", &["accounts", LOW]);
}

#[test]
fn explain() {
    for (name, account) in [
        ("user", "svc-crm"),
        ("gmsa", "gmsa-etl$"),
        ("group", "Helpdesk"),
    ] {
        golden(&format!("explain_{name}"), &["explain", LAST, account]);
    }
}

#[test]
fn access() {
    golden("access", &["access", LAST, "--as", "Helpdesk"]);
    golden(
        "access_on",
        &["access", LAST, "--as", "Helpdesk", "--on", "svc-crm"],
    );
}

#[test]
fn paths() {
    golden("paths", &["paths", LOW]);
    golden("paths_from", &["paths", LAST, "--from", "lior.dunmoor"]);
    golden("paths_to", &["paths", LAST, "--to", "gmsa-web$"]);
}

#[test]
fn sql() {
    let few = "SELECT sam_account_name, kind, password_days FROM accounts";
    golden("sql", &["sql", LAST, few]);
    let wide = "SELECT sam_account_name, dn, sid FROM accounts WHERE kind = 'dmsa'";
    golden("sql_wide", &["sql", LAST, wide]);
}

#[test]
fn frames_and_rules() {
    golden("frames", &["frames"]);
    golden("frame", &["frames", "accounts"]);
    golden("rules", &["rules"]);
}

#[test]
fn report() {
    golden("report", &["report", LAST]);
}

#[test]
fn diff() {
    golden("diff", &["diff", FIRST, LAST]);
}

#[test]
fn trend() {
    golden("trend", &["trend", FIRST, LAST]);
    golden("trend_of_one", &["trend", LAST]);
}

#[test]
fn info_and_verify() {
    golden("info", &["info", LAST]);
    golden("verify", &["verify", LAST]);
}

#[test]
fn plan_migration() {
    golden("plan", &["plan-migration", LAST]);
}

#[test]
fn case_list() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("contoso.case");
    let case = case.to_str().unwrap();
    let added = coldcase(&["case", "add", case, LOW, FIRST]).unwrap();
    assert_eq!(added.code, 0, "{added:?}");
    golden("case_list", &["case", "list", case]);
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let escape = '\u{1b}';
    for arguments in [&["report", LAST][..], &["explain", LAST, "svc-crm"]] {
        let plain = on(80, arguments);
        let painted = coldcase_on(80, arguments, &[]).unwrap().stdout;
        assert!(painted.contains(escape) && !plain.contains(escape));
        // The colours are all there is beside it.
        let mut words = String::new();
        for part in painted.split(escape) {
            let after = part.strip_prefix('[').and_then(|part| part.split_once('m'));
            words.push_str(after.map_or(part, |(_, words)| words));
        }
        assert_eq!(words, plain);
        // Whoever sets it to nothing has not set it (no-color.org).
        let unset = coldcase_on(80, arguments, &[("NO_COLOR", "")]).unwrap();
        assert_eq!(unset.stdout, painted);
        assert!(!coldcase(arguments).unwrap().stdout.contains(escape));
    }
}
