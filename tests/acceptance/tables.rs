//! Tables as users open them: the workbook holds what the CSV files hold, cell by cell and as LibreOffice reads it; no
//! cell is a formula or a link by itself, whatever the directory holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use calamine::{Data, Reader, Xlsx, open_workbook};
use coldcase_tests::programs::coldcase;
use serde_json::Value;

use crate::html::hostile;

const FIRST: &str = "fixtures/snapshots/contoso-2026-07.sqlite.zst";
const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
const PARTIAL: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

/// Rows with their head, by the name of the table in lower case.
type Tables = BTreeMap<String, Vec<Vec<String>>>;

fn run(arguments: &[&str]) {
    let ended = coldcase(arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

fn written(arguments: &[&str], format: &str, to: &Path) {
    run(&[arguments, &["--format", format, "-o", to.to_str().unwrap()]].concat());
}

fn records(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().map(str::to_owned).collect()
    });
    records.collect()
}

/// The CSV files of a folder.
fn read_folder(folder: &Path) -> Tables {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, records(&fs::read(&file).unwrap()))
        })
        .collect()
}

/// The sheets of a workbook, times as they are shown. A formula anywhere fails.
fn read_workbook(file: &Path) -> Tables {
    let mut book: Xlsx<_> = open_workbook(file).unwrap();
    let names = book.sheet_names();
    let mut tables = Tables::new();
    for name in names {
        let formulas = book.worksheet_formula(&name).unwrap();
        assert_eq!(formulas.used_cells().count(), 0, "{name}");
        let range = book.worksheet_range(&name).unwrap();
        let rows = range.rows().map(|row| row.iter().map(shown).collect());
        tables.insert(name.to_lowercase(), rows.collect());
    }
    tables
}

fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) => number.to_string(),
        Data::DateTime(time) => {
            let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
            // A float of days is a few milliseconds off.
            let second = if milli > 500 { second + 1 } else { second };
            let day = format!("{year:04}-{month:02}-{day:02}");
            if time.as_f64().fract() == 0.0 {
                return day;
            }
            format!("{day} {hour:02}:{minute:02}:{second:02}")
        }
        other => panic!("{other:?}"),
    }
}

/// Trailing empty cells and midnight are spelled in two ways.
fn alike(tables: &Tables) -> Tables {
    let cell = |cell: &String| cell.strip_suffix(" 00:00:00").unwrap_or(cell).to_owned();
    let row = |row: &Vec<String>| {
        let mut row: Vec<String> = row.iter().map(cell).collect();
        while row.last().is_some_and(String::is_empty) {
            row.pop();
        }
        row
    };
    let rows = |rows: &Vec<Vec<String>>| rows.iter().map(row).collect();
    tables
        .iter()
        .map(|(name, table)| (name.clone(), rows(table)))
        .collect()
}

fn is_same(left: &Tables, right: &Tables) {
    let (left, right) = (alike(left), alike(right));
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        right.keys().collect::<Vec<_>>()
    );
    for (name, rows) in &left {
        let others = &right[name];
        for (place, (row, other)) in rows.iter().zip(others).enumerate() {
            assert_eq!(row, other, "{name}, row {place}");
        }
        assert_eq!(rows.len(), others.len(), "{name}");
    }
}

#[test]
fn the_workbook_holds_what_the_csv_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    let hostile = hostile.to_str().unwrap();
    for (number, arguments) in [
        &["report", LAST][..],
        &["report", PARTIAL],
        &["report", hostile],
        &["report", LAST, "--history", FIRST],
        &["diff", FIRST, LAST],
        &["diff", hostile, LAST, "--any-domain"],
    ]
    .iter()
    .enumerate()
    {
        let (book, tables) = (
            folder.path().join(format!("{number}.xlsx")),
            folder.path().join(format!("tables-{number}")),
        );
        written(arguments, "xlsx", &book);
        written(arguments, "csv", &tables);
        let (read, tables) = (read_workbook(&book), read_folder(&tables));
        assert!(tables.len() >= 3, "{tables:?}");
        is_same(&read, &tables);
        for cell in tables.values().flatten().flatten() {
            is_harmless(cell);
        }
        by_libreoffice(&book, &tables);
    }
}

/// A trend's tables: workbook and CSV alike, a row a snapshot, and changes that add up.
#[test]
fn a_trend_is_tables_too() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("trend.xlsx");
    let tables = folder.path().join("tables");
    let arguments = ["trend", PARTIAL, FIRST, LAST];
    written(&arguments, "xlsx", &book);
    written(&arguments, "csv", &tables);
    let tables = read_folder(&tables);
    is_same(&read_workbook(&book), &tables);
    let snapshots = &tables["snapshots"];
    assert_eq!(snapshots.len(), 4);
    let column = |name: &str| snapshots[0].iter().position(|head| head == name).unwrap();
    let number = |row: usize, name: &str| -> f64 { snapshots[row][column(name)].parse().unwrap() };
    assert_eq!(snapshots[1][column("change")], "");
    for row in [2, 3] {
        let change = number(row, "exposure") - number(row - 1, "exposure");
        assert!((number(row, "change") - change).abs() < 0.005);
        let parts = [
            "by other rules or assumptions",
            "by time",
            "by what was seen",
            "by what somebody changed",
            "not split",
        ];
        let sum: f64 = parts.map(|part| number(row, part)).iter().sum();
        assert!((sum - change).abs() < 0.005, "{sum} {change}");
    }
    for cell in tables.values().flatten().flatten() {
        is_harmless(cell);
    }
}

/// What one account, a plan, a label and a case hold, as the JSON of the same command has it.
#[test]
fn every_record_is_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let explained = folder.path().join("explained");
    written(&["explain", LAST, "svc-crm"], "csv", &explained);
    let tables = read_folder(&explained);
    let facts = &tables["account"];
    assert!(facts.contains(&vec!["risk of 100".to_owned(), "≥ 18.08".to_owned()]));
    assert_eq!(tables["findings"].len(), 6);
    assert!(tables["powers"].iter().any(|row| row[1] == "Helpdesk"));
    let planned = folder.path().join("planned");
    written(&["plan-migration", LAST], "csv", &planned);
    assert_eq!(read_folder(&planned)["accounts"].len(), 13);
    for (arguments, row) in [
        (&["info", LAST][..], ["objects", "341"]),
        (&["verify", LAST], ["intact", "yes"]),
    ] {
        let file = folder.path().join("file.csv");
        written(arguments, "csv", &file);
        let table = records(&fs::read(&file).unwrap());
        assert!(
            table.contains(&row.map(str::to_owned).to_vec()),
            "{table:?}"
        );
    }
    let told = coldcase(&["trend", LAST, FIRST, "--format", "csv"]).unwrap();
    assert!(told.code == 2 && told.stderr.contains("name a folder: -o tables"));
    let case = folder.path().join("a.case");
    let case = case.to_str().unwrap();
    run(&["case", "add", case, LAST]);
    let checked = coldcase(&["case", "verify", case, "--format", "csv"]).unwrap();
    let checked = records(checked.stdout.as_bytes());
    let state = checked[0].iter().position(|head| head == "state").unwrap();
    assert_eq!(checked[1][state], "there");
}

/// No formula and nothing that hides; what is a number may be below nought.
fn is_harmless(cell: &str) {
    let first = cell.trim_start().chars().next();
    let number = cell.parse::<f64>().is_ok();
    assert!(
        number
            || !matches!(
                first,
                Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
            ),
        "{cell:?} is a formula"
    );
    assert!(
        !cell
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')),
        "{cell:?}"
    );
    assert!(cell.encode_utf16().count() < 32_767);
}

/// Converts with LibreOffice, where it is installed, and compares.
fn by_libreoffice(book: &Path, tables: &Tables) {
    let folder = tempfile::tempdir().unwrap();
    let home = format!(
        "-env:UserInstallation=file://{}/profile",
        folder.path().display()
    );
    let out = folder.path().join("out");
    // Comma, quote, UTF-8, from line 1, as shown, every sheet.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";
    let ended = Command::new("soffice")
        .args([
            home.as_str(),
            "--headless",
            "--convert-to",
            filter,
            "--outdir",
        ])
        .arg(&out)
        .arg(book)
        .output();
    let Ok(ended) = ended else {
        eprintln!("LibreOffice is not installed, so it was not asked to read the workbook");
        return;
    };
    assert!(ended.status.success(), "{ended:?}");
    let stem = book.file_stem().unwrap().to_str().unwrap().to_owned();
    let read = read_folder(&out).into_iter().map(|(name, rows)| {
        let sheet = name.strip_prefix(&format!("{stem}-")).unwrap();
        (sheet.to_lowercase(), rows)
    });
    is_same(&read.collect(), tables);
}

#[test]
fn every_finding_account_and_gap_of_the_json_report_is_in_the_tables() {
    for snapshot in [LAST, PARTIAL] {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("new/tables");
        written(&["report", snapshot], "csv", &tables);
        let tables = read_folder(&tables);
        let ended = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let column = |table: &str, head: &str| -> Vec<String> {
            let rows = &tables[table];
            let place = rows[0].iter().position(|name| name == head).unwrap();
            rows[1..].iter().map(|row| row[place].clone()).collect()
        };
        let texts = |list: &Value, name: &str| -> Vec<String> {
            let list = list.as_array().unwrap().iter();
            list.map(|item| item[name].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            column("findings", "finding"),
            texts(&report["findings"], "id")
        );
        assert_eq!(
            column("findings", "severity"),
            texts(&report["findings"], "severity")
        );
        assert_eq!(column("rules", "rule id"), texts(&report["rules"], "id"));
        let unknown = report["rules"].as_array().unwrap().iter();
        let unknown = unknown.filter(|rule| rule["verdict"] == "not-evaluated");
        let verdicts = column("rules", "verdict");
        let told = verdicts
            .iter()
            .filter(|verdict| *verdict == "not evaluated");
        assert_eq!(told.count(), unknown.count());
        let risks: Vec<f64> = column("accounts", "risk")
            .iter()
            .map(|risk| risk.parse().unwrap())
            .collect();
        let accounts = report["accounts"].as_array().unwrap().iter();
        assert_eq!(
            risks,
            accounts
                .map(|account| account["risk"].as_f64().unwrap())
                .collect::<Vec<_>>()
        );
        // A service account that nobody reads has a row that says so, and what is not known one that says that.
        let named = column("access", "account");
        let kinds = column("access", "kind");
        assert!(!named.is_empty() && kinds.iter().all(|kind| !kind.is_empty()));
        if snapshot == PARTIAL {
            assert!(column("access", "all are listed").contains(&"no".to_owned()));
            assert!(column("summary", "what").contains(&"not seen".to_owned()));
            assert!(column("accounts", "risk may be more").contains(&"yes".to_owned()));
        }
        assert!(column("changes", "what")[0].contains("No earlier snapshot was given"));
    }
}

#[test]
fn the_same_snapshot_gives_the_same_bytes_and_only_our_files_are_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one.xlsx", "two.xlsx"].map(|name| folder.path().join(name));
    written(&["report", LAST], "xlsx", &one);
    written(&["report", LAST], "xlsx", &two);
    assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());

    let tables = folder.path().join("tables");
    written(&["report", LAST], "csv", &tables);
    let first = fs::read(tables.join("accounts.csv")).unwrap();
    assert!(first.windows(2).any(|pair| pair == b"\r\n"));
    written(&["report", LAST], "csv", &tables);
    assert!(fs::read(tables.join("accounts.csv")).unwrap() == first);

    fs::write(tables.join("findings.csv"), "mine").unwrap();
    fs::remove_file(tables.join("accounts.csv")).unwrap();
    let to = tables.to_str().unwrap();
    let refused = coldcase(&["report", LAST, "--format", "csv", "-o", to]).unwrap();
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("nothing was written"),
        "{}",
        refused.stderr
    );
    assert!(!tables.join("accounts.csv").exists());
    assert_eq!(
        fs::read_to_string(tables.join("findings.csv")).unwrap(),
        "mine"
    );

    let nowhere = coldcase(&["report", LAST, "--format", "csv"]).unwrap();
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.stderr.contains("-o tables"), "{}", nowhere.stderr);
    let file = coldcase(&[
        "report",
        LAST,
        "--format",
        "csv",
        "-o",
        one.to_str().unwrap(),
    ])
    .unwrap();
    assert_eq!(file.code, 2);
    assert!(file.stderr.contains("is no folder"), "{}", file.stderr);
}

#[test]
fn sheets_lead_to_each_other_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("book.xlsx");
    written(
        &["report", hostile(folder.path()).to_str().unwrap()],
        "xlsx",
        &book,
    );
    let listed = Command::new("unzip")
        .args(["-l", book.to_str().unwrap()])
        .output();
    let Ok(listed) = listed else {
        eprintln!("unzip is not installed, so the parts of the workbook were not looked at");
        return;
    };
    let listed = String::from_utf8(listed.stdout).unwrap();
    // A link to the outside would need a part of relations of its sheet.
    assert!(!listed.contains("worksheets/_rels"), "{listed}");
    let sheet = Command::new("unzip")
        .args(["-p", book.to_str().unwrap(), "xl/worksheets/sheet2.xml"])
        .output()
        .unwrap();
    let sheet = String::from_utf8(sheet.stdout).unwrap();
    for part in [
        "<hyperlink ",
        "location=\"'Accounts'!A",
        "<autoFilter ",
        "<pane ",
        "<conditionalFormatting",
    ] {
        assert!(sheet.contains(part), "{part} is missing");
    }
}
