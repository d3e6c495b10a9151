//! A year of contoso as a trend: the story that its builder wrote, and what is never told wrongly.

use std::path::Path;
use std::sync::OnceLock;

use coldcase_fixtures::Forest;
use coldcase_tests::programs::{Ended, coldcase, workspace};
use serde_json::Value;

/// The twelve months, in their order.
fn months() -> Vec<String> {
    let mut months: Vec<String> = std::fs::read_dir(workspace().join("fixtures/snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| path.contains("contoso-"))
        .collect();
    months.sort();
    assert_eq!(months.len(), 12);
    months
}

/// A case with the twelve months, made once: each month takes seconds.
fn case() -> &'static str {
    static CASE: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = CASE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contoso.case");
        let path = path.to_str().unwrap().to_owned();
        let months = months();
        let mut arguments = vec!["case", "add", path.as_str()];
        arguments.extend(months.iter().map(String::as_str));
        let ended = coldcase(&arguments).unwrap();
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 12, "{}", ended.stdout);
        (folder, path)
    });
    path
}

fn of_case(format: &str) -> String {
    let ended = coldcase(&["trend", "--case", case(), "--format", format]).unwrap();
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stdout
}

fn json() -> Value {
    serde_json::from_str(&of_case("json")).unwrap()
}

/// The step to a month, by its number in the year.
fn step(trend: &Value, month: usize) -> &Value {
    &trend["steps"][month - 2]
}

/// Codes of the findings that somebody opened or closed on a subject in a step.
fn codes<'a>(trend: &'a Value, step: &'a Value, name: &str, change: &str) -> Vec<&'a str> {
    let rules = trend["rules"].as_array().unwrap();
    let code = |id: &Value| {
        rules.iter().find(|rule| rule["id"] == *id).unwrap()["code"]
            .as_str()
            .unwrap()
    };
    let subjects = step["subjects"].as_array().unwrap().iter();
    subjects
        .filter(|subject| subject["subject"]["sam_account_name"] == name)
        .flat_map(|subject| subject["findings"].as_array().unwrap())
        .filter(|finding| finding["cause"] == "configuration" && finding["change"] == change)
        .map(|finding| code(&finding["rule"]))
        .collect()
}

#[test]
fn the_trend_is_the_golden_one() {
    let text = of_case("text");
    insta::assert_snapshot!("contoso_trend_text", text);
    insta::assert_snapshot!("contoso_trend_md", of_case("md"));
    insta::assert_snapshot!("contoso_trend_json", of_case("json"));
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        assert!(
            !line.contains('\u{1b}'),
            "colour without a terminal: {line}"
        );
    }
}

/// Month by month what `fixtures/src/contoso/mod.rs` says has happened.
#[test]
fn the_trend_tells_the_story() {
    let trend = json();
    let changed = |month: usize| {
        let step = step(&trend, month);
        step["configuration"].as_f64().unwrap() + step["upkeep"].as_f64().unwrap()
    };
    let near = |left: f64, right: f64| (left - right).abs() < 0.005;
    // 2: SPNs of svc-web went to gmsa-web. 3: a rename and a hired person change nothing.
    assert!(codes(&trend, step(&trend, 2), "svc-web", "closed").contains(&"SP01"));
    assert!(near(changed(3), 0.0), "{}", changed(3));
    // 4: readers opened; 7: narrowed again, by exactly what they had weighed, although fewer things were seen.
    assert_eq!(
        codes(&trend, step(&trend, 4), "gmsa-reports$", "opened"),
        ["GM01"]
    );
    assert!(near(changed(4), 18.0), "{}", changed(4));
    assert!(codes(&trend, step(&trend, 7), "gmsa-reports$", "closed").contains(&"GM01"));
    assert!(near(changed(7), -18.0), "{}", changed(7));
    let march = &trend["points"][6];
    assert_eq!(
        (&march["saw_less"], &march["snapshot"]["privileges"]),
        (&true.into(), &"ordinary".into())
    );
    assert!(march["coverage_percent"].as_f64().unwrap() < 60.0);
    // 5: a new password, and no unconstrained delegation any more.
    assert_eq!(
        codes(&trend, step(&trend, 5), "svc-crm", "closed"),
        ["SP03"]
    );
    assert_eq!(
        codes(&trend, step(&trend, 5), "svc-portal", "closed"),
        ["DG01"]
    );
    assert_eq!(
        codes(&trend, step(&trend, 5), "svc-portal", "opened"),
        ["DG04"]
    );
    // 8: svc-sql is no administrator any more.
    assert!(codes(&trend, step(&trend, 8), "svc-sql", "closed").contains(&"PR01"));
    // 9 and 11: the planted dMSA comes and goes.
    assert!(codes(&trend, step(&trend, 9), "dmsa-update$", "opened").contains(&"DM06"));
    assert!(codes(&trend, step(&trend, 11), "dmsa-update$", "closed").contains(&"DM06"));
    // 10: svc-legacy is deleted. 12: a password in a description.
    assert!(codes(&trend, step(&trend, 10), "svc-legacy", "closed").contains(&"SP06"));
    assert!(codes(&trend, step(&trend, 12), "svc-bi", "opened").contains(&"SP11"));

    let account = |name: &str| {
        let accounts = trend["accounts"].as_array().unwrap().iter();
        let mut named = accounts.filter(|account| account["subject"]["sam_account_name"] == name);
        named.next().unwrap().clone()
    };
    // 6: gmsa-etl stops rotating; all others go on.
    assert_eq!(account("gmsa-etl$")["rotation"]["verdict"], "stopped");
    assert_eq!(account("gmsa-sql$")["rotation"]["verdict"], "regular");
    assert_eq!(account("svc-legacy")["state"], "gone");
    assert_eq!(account("svc-web")["state"], "retired");
    // What was hidden in March was never away.
    assert_eq!(account("dmsa-files$")["state"], "there");
    let mut fixed_in_march = Vec::new();
    for finding in trend["findings"].as_array().unwrap() {
        assert_eq!(finding["reopened"], 0, "{finding}");
        if finding["fixed"] == march["snapshot"]["taken_at"] {
            fixed_in_march.push((&finding["rule"], &finding["subject"]["sam_account_name"]));
        }
    }
    // Of all that March does not have, only what it could judge.
    let narrowed = ("gmsa-broad-readers".into(), "gmsa-reports$".into());
    assert_eq!(fixed_in_march, [(&narrowed.0, &narrowed.1)]);
}

#[test]
fn every_change_adds_up_and_every_point_is_its_report() {
    let trend = json();
    for (place, step) in trend["steps"].as_array().unwrap().iter().enumerate() {
        let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
        let parts = ["rebasing", "aging", "scope", "configuration", "not_split"];
        let sum: i64 = parts.iter().map(|part| cents(&step[*part])).sum();
        assert_eq!(sum, cents(&step["change"]), "{step}");
        let exposure = |place: usize| cents(&trend["points"][place]["gross"]["exposure"]);
        assert_eq!(sum, exposure(place + 1) - exposure(place));
    }
    for (month, place) in [("2026-03", 6), ("2026-08", 11)] {
        let snapshot = format!("fixtures/snapshots/contoso-{month}.sqlite.zst");
        let ended = coldcase(&["report", &snapshot, "--format", "json"]).unwrap();
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let point = &trend["points"][place];
        for part in ["gross", "net", "coverage_percent"] {
            assert_eq!(report["score"][part], point[part], "{month} {part}");
        }
        assert_eq!(report["snapshot"], point["snapshot"]);
    }
}

#[test]
fn files_in_any_order_tell_what_the_case_tells() {
    let months = months();
    let three = [&months[8], &months[6], &months[7]].map(String::as_str);
    let format = ["--format", "json"];
    let backwards = coldcase(&[&["trend"], &three[..], &format].concat()).unwrap();
    assert_eq!(backwards.code, 0, "{backwards:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three.case");
    let path = path.to_str().unwrap();
    let added = coldcase(&["case", "add", path, three[2], three[0], three[1]]).unwrap();
    assert_eq!(added.code, 0, "{added:?}");
    let of_case = coldcase(&["trend", "--case", path, "--format", "json"]).unwrap();
    assert_eq!(of_case.stdout, backwards.stdout);
    // A trend reads, and nothing is written over what it reads.
    let before = std::fs::read(path).unwrap();
    let onto = coldcase(&["trend", "--case", path, "-o", path]).unwrap();
    assert_eq!(onto.code, 2, "{onto:?}");
    assert_eq!(std::fs::read(path).unwrap(), before);
}

fn complaint(arguments: &[&str]) -> String {
    let Ended {
        code,
        stdout,
        stderr,
    } = coldcase(arguments).unwrap();
    assert_eq!(code, 2, "{arguments:?}: {stdout}{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[test]
fn what_is_no_trend_is_refused_in_one_sentence() {
    let months = months();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let other = file("other.sqlite.zst");
    let forest = Forest::new("corp.example").at("2026-05-01T00:00:00Z");
    forest.write_snapshot(Path::new(&other)).unwrap();
    let told = complaint(&["trend", &months[0], &other]);
    assert!(
        told.contains("contoso.example") && told.contains("corp.example"),
        "{told}"
    );
    // Cut short in the middle of the list.
    let short = file("short.sqlite.zst");
    let whole = std::fs::read(&months[1]).unwrap();
    std::fs::write(&short, &whole[..whole.len() / 2]).unwrap();
    let told = complaint(&["trend", &months[0], &short, &months[2]]);
    assert!(
        told.contains("short.sqlite.zst") && told.contains("cut short"),
        "{told}"
    );
    assert!(complaint(&["trend", &file("nothing")]).contains("nothing"));
    assert!(complaint(&["trend", "--case", &months[0]]).contains("is a snapshot"));

    // What can be added is, what cannot is told, and the other domain is kept apart.
    let case = file("two.case");
    let told = complaint(&["case", "add", &case, &file("nothing")]);
    assert!(told.contains("there is no such file"), "{told}");
    let told = complaint(&["case", "add", &case, &months[0], &short, &other]);
    assert!(
        told.contains("1 of 3") && told.contains("short.sqlite.zst"),
        "{told}"
    );
    let listed = coldcase(&["case", "list", &case, "--format", "json"]).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(rows.len(), 2);
    assert!(complaint(&["trend", "--case", &case]).contains("--domain"));
    let one = coldcase(&["trend", "--case", &case, "--domain", "corp.example"]).unwrap();
    assert!(
        one.code == 0 && one.stdout.contains("Snapshots     1, from 2026-05-01"),
        "{one:?}"
    );
    // The original is gone.
    std::fs::remove_file(&other).unwrap();
    let ended = coldcase(&["case", "verify", &case]).unwrap();
    assert_eq!(ended.code, 2);
    assert!(
        ended.stdout.contains("MISSING  2026-05-01 corp.example"),
        "{ended:?}"
    );
}

#[test]
fn a_snapshot_named_twice_counts_once() {
    let months = months();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.sqlite.zst");
    std::fs::copy(&months[0], &copy).unwrap();
    let twice = [
        months[0].as_str(),
        copy.to_str().unwrap(),
        &months[0],
        &months[1],
    ];
    let ended = coldcase(&[&["trend"], &twice[..], &["--format", "json"]].concat()).unwrap();
    let trend: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(trend["points"].as_array().unwrap().len(), 2);
    assert_eq!(
        trend["notes"].as_array().unwrap().len(),
        1,
        "{}",
        trend["notes"]
    );
    assert!(
        trend["notes"][0]
            .as_str()
            .unwrap()
            .contains("more than once")
    );
}
