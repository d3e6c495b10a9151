//! The HTML report as a customer gets it: complete, the same bytes twice, harmless whatever the directory holds, and,
//! where Chromium is installed, as a browser shows it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coldcase_fixtures::Forest;
use coldcase_tests::programs::coldcase;
use serde_json::Value;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
const PARTIAL: &str = "fixtures/snapshots/contoso-2026-03.sqlite.zst";

fn html(snapshot: &str) -> String {
    let ended = coldcase(&["report", snapshot, "--format", "html"]).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

fn json(snapshot: &str) -> Value {
    let ended = coldcase(&["report", snapshot, "--format", "json"]).unwrap();
    serde_json::from_str(&ended.stdout).unwrap()
}

/// Values of an attribute in the tags of a page. Values of ours are quoted, and quotes within them are escaped.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let begins = format!(" {attribute}=\"");
    let rest = page.split(&begins).skip(1);
    rest.filter_map(|rest| rest.split('"').next()).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

#[test]
fn the_same_snapshot_gives_the_same_page() {
    assert_eq!(html(LAST), html(LAST));
}

#[test]
fn every_finding_rule_and_account_is_on_the_page_and_every_link_leads_somewhere() {
    for snapshot in [LAST, PARTIAL] {
        let (page, report) = (html(snapshot), json(snapshot));
        let ids = values(&page, "id");
        let places: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), places.len(), "an id stands twice");
        for link in values(&page, "href") {
            let place = link
                .strip_prefix('#')
                .unwrap_or_else(|| panic!("{link} leads away"));
            assert!(places.contains(place), "{link}");
        }
        for finding in report["findings"].as_array().unwrap() {
            let id = text(finding, "id").unwrap();
            assert!(places.contains(format!("f-{id}").as_str()), "{id}");
        }
        for rule in report["rules"].as_array().unwrap() {
            let id = text(rule, "id").unwrap();
            assert!(places.contains(format!("r-{id}").as_str()), "{id}");
        }
        for account in report["accounts"].as_array().unwrap() {
            let guid = text(&account["subject"], "object_guid").unwrap();
            assert!(places.contains(format!("a-{guid}").as_str()), "{guid}");
        }
        for hash in ["rule_pack_sha256", "inputs_sha256"] {
            assert!(page.contains(text(&report["score"], hash).unwrap()));
        }
        assert!(page.contains(text(&report["snapshot"], "sha256").unwrap()));
    }
}

#[test]
fn what_a_partial_snapshot_does_not_tell_is_not_told_as_nought() {
    let (page, report) = (html(PARTIAL), json(PARTIAL));
    let exposure = report["score"]["gross"]["exposure"].as_f64().unwrap();
    assert!(page.contains(&format!("<span class=\"figure\">≥ {exposure:.1}</span>")));
    for account in report["accounts"].as_array().unwrap() {
        let guid = text(&account["subject"], "object_guid").unwrap();
        let (_, section) = page.split_once(&format!(" id=\"a-{guid}\"")).unwrap();
        let (section, _) = section.split_once("</details>").unwrap();
        for rule in account["not_evaluated"].as_array().unwrap() {
            assert!(section.contains(rule.as_str().unwrap()), "{guid}: {rule}");
        }
    }
    let unknown = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["verdict"] == "not-evaluated" && rule["beyond_snapshot"] == false);
    let (_, part) = page.split_once("<section id=\"unknown\"").unwrap();
    let (part, _) = part.split_once("</section>").unwrap();
    for rule in unknown {
        let id = text(rule, "id").unwrap();
        assert!(part.contains(&format!("href=\"#r-{id}\"")), "{id}");
    }
}

/// contoso's svc-bi has one in its description.
#[test]
fn a_password_in_free_text_is_not_handed_on() {
    let page = coldcase(&["report", LAST, "--format", "html"])
        .unwrap()
        .stdout;
    assert!(page.contains("svc-bi") && !page.contains("Summer2026"));
}

#[test]
fn a_part_of_the_rules_says_nothing_of_the_domain() {
    let ended = coldcase(&["report", LAST, "--rule", "SP01", "--format", "html"]).unwrap();
    assert!(ended.stdout.contains("Only some rules were asked for."));
    assert!(!ended.stdout.contains("Level, from 1"));
}

#[test]
fn accepted_findings_stay_and_say_who_answers() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("s.sqlite.zst");
    std::fs::copy(coldcase_tests::programs::workspace().join(LAST), &copy).unwrap();
    let copy = copy.to_str().unwrap();
    let report = json(copy);
    let id = text(&report["findings"][0], "id").unwrap();
    let accepted = coldcase(&[
        "accept",
        copy,
        id,
        "--owner",
        "Anna <b>Berg</b>",
        "--reason",
        "Lab",
        "--until",
        "2027-03-31",
    ]);
    assert_eq!(accepted.unwrap().code, 0);
    let page = html(copy);
    assert!(page.contains("Accepted by Anna &#60;b&#62;Berg&#60;/b&#62; until 2027-03-31: Lab"));
    assert!(page.contains("1 finding accepted."));
}

/// Every string of a directory that somebody else may choose.
fn hostile(folder: &Path) -> PathBuf {
    let long = format!("long{}", "x".repeat(10_000));
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "=HYPERLINK(\"http://e.example\")",
        "\u{1b}[31mred\u{1b}]0;title\u{7}",
        "\u{202e}gnp.exe\u{200f}",
        "</style><style>*{display:none}",
        "nul\0nul",
        &long,
    ];
    let mut forest = Forest::new("corp.example").computer("HOST");
    for (number, name) in names.iter().enumerate() {
        let (user, group) = (format!("svc-{number}"), format!("group-{number}"));
        forest = forest
            .user(&user)
            .set("sAMAccountName", name)
            .description(name)
            .comment(name)
            .spn(&format!("http/{name}"))
            .grant("HOST", "GA")
            .group(&group)
            .set("sAMAccountName", name)
            .member(&user)
            .gmsa(&format!("gmsa-{number}"))
            .set("sAMAccountName", name)
            .readers(&[&group]);
    }
    let file = folder.join("hostile.sqlite.zst");
    forest.write_snapshot(&file).unwrap();
    file
}

#[test]
fn a_hostile_directory_is_shown_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let page = html(hostile(folder.path()).to_str().unwrap());
    assert!(page.contains("&#60;script&#62;alert(1)"));
    assert!(page.contains("&#60;/style&#62;&#60;style&#62;"));
    for (tag, times) in [
        ("<script", 1),
        ("<style", 1),
        ("<img", 0),
        ("</style", 1),
        ("</script", 1),
    ] {
        assert_eq!(page.matches(tag).count(), times, "{tag}");
    }
    for c in ['\u{1b}', '\u{7}', '\0', '\u{202e}', '\u{200f}'] {
        assert!(!page.contains(c), "{c:?}");
    }
}

/// Runs Chromium on a page; `None` where it is not installed.
fn chromium(page: &Path, place: &str, more: &[&str]) -> Option<Output> {
    let profile = tempfile::tempdir().unwrap();
    let run = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(more)
        .arg(format!("file://{}{place}", page.display()))
        .output();
    run.ok().filter(|output| output.status.success())
}

#[test]
fn a_browser_runs_the_script_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let contoso = coldcase_tests::programs::workspace().join(LAST);
    for (snapshot, name) in [(contoso, "contoso"), (hostile(folder.path()), "hostile")] {
        let snapshot = snapshot.to_str().unwrap();
        let page = folder.path().join(format!("{name}.html"));
        let ended = coldcase(&[
            "report",
            snapshot,
            "--format",
            "html",
            "-o",
            page.to_str().unwrap(),
        ]);
        assert_eq!(ended.unwrap().code, 0);
        let guid = text(&json(snapshot)["accounts"][0]["subject"], "object_guid")
            .unwrap()
            .to_owned();
        let Some(shown) = chromium(&page, &format!("#a-{guid}"), &["--dump-dom"]) else {
            eprintln!("chromium is not installed: no browser has looked at the HTML report");
            return;
        };
        let said = String::from_utf8_lossy(&shown.stderr);
        assert!(!said.contains("CONSOLE"), "{said}");
        let dom = String::from_utf8(shown.stdout).unwrap();
        // The policy admits the script: it shows the tools, counts, makes the heads buttons, unfolds what a link names.
        assert!(!dom.contains("id=\"account-tools\" hidden"), "{name}");
        assert!(dom.contains(" shown</output>"), "{name}");
        assert!(
            dom.contains("<button type=\"button\">Risk</button>"),
            "{name}"
        );
        let (before, _) = dom.split_once(&format!("id=\"a-{guid}\"")).unwrap();
        let (_, opening) = before.rsplit_once("<details").unwrap();
        assert!(
            opening.starts_with(" class=\"account\" open"),
            "{name}: {opening}"
        );

        let pdf = folder.path().join(format!("{name}.pdf"));
        chromium(&page, "", &[&format!("--print-to-pdf={}", pdf.display())]).unwrap();
        assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    }
}
