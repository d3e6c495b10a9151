//! Every output of every command over a directory whose strings are all hostile, with hostile rule pages, file names and
//! column names: nothing that a terminal obeys, nothing that turns text, and no cell that is a formula.

use std::fs;
use std::path::Path;

use coldcase_tests::programs::{Ended, coldcase, workspace};
use coldcase_tests::terminal::coldcase_on;
use serde_json::Value;

use crate::html::hostile;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";

/// Names of files, and titles of rules.
const NAME: &str = "=x\u{1b}[31m\u{202e}\u{9b}";

/// Line ends aside, nothing that a terminal obeys, nothing that hides or turns text.
fn is_plain(what: &str, text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\r'))
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    });
    assert_eq!(bad, None, "{what}");
}

/// No cell begins a formula; what is a number may be below nought.
fn is_table(what: &str, text: &str) {
    is_plain(what, text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            let begins = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!begins || cell.parse::<f64>().is_ok(), "{what}: {cell:?}");
        }
    }
}

fn run(arguments: &[&str]) -> Ended {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    is_plain(&format!("{arguments:?}"), &ended.stderr);
    ended
}

/// A page whose title is hostile, and its cell too.
fn rules(folder: &Path) -> String {
    let pages = folder.join("rules");
    let made = run(&[
        "rules",
        "new",
        "hostile-page",
        "-o",
        pages.to_str().unwrap(),
    ]);
    assert!(made.stdout.contains("hostile-page"));
    let page = pages.join("hostile-page.md");
    let text = fs::read_to_string(&page).unwrap();
    let title = "title = \"=HYPERLINK(1) \\u001b[31m \\u202e \\u009b \\u0000 <script>\"";
    let lines: Vec<&str> = text
        .lines()
        .map(|line| {
            if line.starts_with("title = ") {
                title
            } else {
                line
            }
        })
        .collect();
    assert!(lines.contains(&title));
    let body = format!("{}\n\u{1b}[31m\u{202e}\u{9b}\n", lines.join("\n"));
    fs::write(&page, body).unwrap();
    pages.to_str().unwrap().to_owned()
}

/// Text as a terminal gets it, JSON and CSV.
fn tells(arguments: &[&str], csv_folder: Option<&Path>) {
    let what = format!("{arguments:?}");
    let shown = coldcase_on(80, arguments, &[("NO_COLOR", "1")]).unwrap();
    assert_eq!(shown.code, 0, "{what}");
    is_plain(&what, &shown.stdout);
    let with = |more: &[&str]| run(&[arguments, more].concat()).stdout;
    let json = with(&["--format", "json"]);
    // What JSON holds is escaped there, and the terminal sees the escapes.
    assert!(!json.contains(['\u{1b}', '\0']), "{what}");
    let lines = serde_json::Deserializer::from_str(&json).into_iter::<Value>();
    assert!(lines.map(Result::unwrap).count() > 0, "{what}");
    match csv_folder {
        None => is_table(&what, &with(&["--format", "csv"])),
        Some(folder) => {
            let folder = tempfile::tempdir_in(folder).unwrap();
            with(&["--format", "csv", "-o", folder.path().to_str().unwrap()]);
            let mut tables = 0;
            for file in fs::read_dir(folder.path()).unwrap() {
                let path = file.unwrap().path();
                is_table(
                    &format!("{what} {}", path.display()),
                    &fs::read_to_string(&path).unwrap(),
                );
                tables += 1;
            }
            assert!(tables > 1, "{what}");
        }
    }
}

#[test]
fn every_output_of_every_command_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let made = hostile(folder.path());
    let path = folder.path().join(format!("{NAME}.sqlite.zst"));
    fs::rename(made, &path).unwrap();
    let snapshot = path.to_str().unwrap();
    let pages = rules(folder.path());
    let pages = pages.as_str();
    let case = folder.path().join(format!("{NAME}.case"));
    let case = case.to_str().unwrap();
    let tables = Some(folder.path());
    let last = workspace().join(LAST);
    let last = last.to_str().unwrap();

    let names: Value = serde_json::from_str(
        &run(&[
            "sql",
            snapshot,
            "SELECT sid, kind FROM accounts ORDER BY sid",
            "--format",
            "json",
        ])
        .stdout,
    )
    .unwrap();
    let names: Vec<(&str, bool)> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["sid"].as_str().unwrap(), row["kind"] == "user"))
        .collect();
    // A user and a gMSA of each name.
    assert_eq!(names.len(), 18);

    tells(&["accounts", snapshot, "--rules", pages], None);
    // Each string is the name of a user, of a group that holds rights, and of a gMSA.
    for (name, _) in names.iter().filter(|(_, is_user)| *is_user) {
        tells(&["explain", snapshot, name, "--rules", pages], tables);
        tells(&["paths", snapshot, "--from", name], tables);
    }
    let (gmsa, _) = names.iter().rfind(|(_, is_user)| !is_user).unwrap();
    tells(&["explain", snapshot, gmsa, "--all"], tables);
    tells(&["paths", snapshot, "--to", gmsa], tables);
    tells(&["access", snapshot, "--as", gmsa, "--on", "HOST$"], None);
    tells(&["access", snapshot, "--as", "S-1-5-11"], None);
    tells(&["paths", snapshot, "--all"], tables);
    tells(&["plan-migration", snapshot, "--all"], tables);
    let columns =
        "SELECT sam_account_name AS \"=1\u{1b}[31m\u{202e}\u{9b}\", dn AS \"+x\" FROM accounts";
    tells(&["sql", snapshot, columns], None);
    tells(&["frames"], None);
    tells(&["frames", "accounts"], None);
    tells(&["rules", "--rules", pages], None);
    tells(&["rules", "hostile-page", "--rules", pages], None);
    tells(&["rules", "check", pages], None);
    tells(&["info", snapshot], None);
    tells(&["verify", snapshot], None);
    tells(&["report", snapshot, "--all", "--rules", pages], tables);
    tells(
        &["diff", snapshot, last, "--any-domain", "--rules", pages],
        tables,
    );
    tells(&["trend", snapshot, "--rules", pages], tables);
    is_plain("case add", &run(&["case", "add", case, snapshot]).stdout);
    tells(&["case", "list", case], None);
    tells(&["case", "verify", case], None);
    tells(&["trend", "--case", case], tables);

    for format in ["md", "sarif", "ocsf", "html"] {
        let file = folder.path().join(format!("report.{format}"));
        run(&[
            "report",
            snapshot,
            "--rules",
            pages,
            "--format",
            format,
            "-o",
            file.to_str().unwrap(),
        ]);
        is_plain(format, &fs::read_to_string(file).unwrap());
    }
    for arguments in [
        &["diff", snapshot, last, "--any-domain"][..],
        &["trend", snapshot],
    ] {
        is_plain(
            "md",
            &run(&[arguments, &["--format", "md"]].concat()).stdout,
        );
    }
    for (number, arguments) in [
        &["report", snapshot, "--rules", pages][..],
        &["diff", snapshot, last, "--any-domain"],
        &["trend", snapshot],
    ]
    .iter()
    .enumerate()
    {
        let book = folder.path().join(format!("{number}.xlsx"));
        let book = book.to_str().unwrap();
        run(&[arguments, &["--format", "xlsx", "-o", book][..]].concat());
        is_workbook(book);
    }
}

/// Read with calamine: no formula in any sheet.
fn is_workbook(path: &str) {
    use calamine::{Data, Reader, Xlsx, open_workbook};
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let names = book.sheet_names();
    assert!(names.len() > 2, "{names:?}");
    for name in names {
        assert!(book.worksheet_formula(&name).unwrap().is_empty(), "{name}");
        for row in book.worksheet_range(&name).unwrap().rows() {
            for cell in row {
                if let Data::String(text) = cell {
                    is_plain(&name, text);
                    assert!(!text.starts_with(['=', '+', '-', '@']), "{text}");
                }
            }
        }
    }
}

/// What is said of a mistake repeats names.
#[test]
fn complaints_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = hostile(folder.path());
    let snapshot = snapshot.to_str().unwrap();
    let nowhere = folder.path().join(NAME);
    let nowhere = nowhere.to_str().unwrap();
    for arguments in [
        &["report", nowhere][..],
        &["explain", snapshot, NAME],
        &["paths", snapshot, "--to", NAME],
        &["frames", NAME],
        &["rules", NAME],
        &[
            "sql",
            snapshot,
            "SELECT \"\u{1b}[31m\u{202e}\" FROM accounts",
        ],
        &["case", "list", nowhere],
        &["trend", nowhere],
    ] {
        let ended = coldcase(arguments).unwrap();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (2, ""),
            "{arguments:?}"
        );
        is_plain(&format!("{arguments:?}"), &ended.stderr);
        assert!(!ended.stderr.is_empty());
    }
}
