//! The HTML report as a customer gets it: complete, the same bytes twice, harmless whatever the directory holds. What a
//! browser makes of it is in `html_browser`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

/// An account at 0.00 that some rule could not judge is not folded away, and paper says how many are.
#[test]
fn paper_leaves_out_only_what_was_judged_and_says_so() {
    for snapshot in [LAST, PARTIAL] {
        let page = html(snapshot);
        let sections: Vec<&str> = page.split("<details class=\"account").skip(1).collect();
        let mut folded = 0;
        for section in &sections {
            let (summary, _) = section.split_once("</summary>").unwrap();
            let is_folded = summary.starts_with(" screen\"");
            let is_nought = summary.contains("<span class=\"risk\">0.00</span>");
            assert_eq!(is_folded, is_nought, "{summary}");
            folded += usize::from(is_folded);
        }
        let told = format!("Not printed: the sections of {folded} object");
        assert_eq!(page.contains(&told), folded > 0, "{folded}");
    }
    assert!(html(LAST).contains("Not printed: the sections of "));
}

/// Who holds no right may have the password all the same.
#[test]
fn an_account_whose_password_is_exposed_is_not_said_to_be_safe() {
    let page = html(LAST);
    let report = json(LAST);
    let accounts = report["accounts"].as_array().unwrap();
    let bi = accounts
        .iter()
        .find(|account| account["subject"]["sam_account_name"] == "svc-bi")
        .unwrap();
    let guid = text(&bi["subject"], "object_guid").unwrap();
    let (_, section) = page.split_once(&format!(" id=\"a-{guid}\"")).unwrap();
    let (_, told) = section.split_once("Who can take it over").unwrap();
    let (told, _) = told.split_once("What it can reach").unwrap();
    assert!(told.contains("Nobody outside tier 0 holds a right that leads to it"));
    assert!(told.contains("What else exposes its password"));
    for title in [
        "Password in an attribute of a service account",
        "User account with a service principal name",
    ] {
        assert!(told.contains(title), "{told}");
    }
}

/// The rules that tell a control path, and whose step the control graph has.
#[test]
fn a_finding_with_a_step_of_the_control_graph_is_drawn() {
    for (snapshot, rules) in [
        (LAST, &["AC04", "DM06"][..]),
        (PARTIAL, &["DM01", "AC04", "DG04"]),
    ] {
        let page = html(snapshot);
        let report = json(snapshot);
        for finding in report["findings"].as_array().unwrap() {
            let id = text(finding, "id").unwrap();
            if rules.iter().any(|rule| id.starts_with(rule)) {
                let (_, row) = page.split_once(&format!("<tr id=\"f-{id}\"")).unwrap();
                let (row, _) = row.split_once("</tr>").unwrap();
                assert!(row.contains("<figure class=\"way\">"), "{id}");
            }
        }
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
pub(crate) fn hostile(folder: &Path) -> PathBuf {
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

/// The part of the page between two texts.
fn part<'a>(page: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page
        .split_once(begin)
        .unwrap_or_else(|| panic!("no {begin}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end}")).0
}

fn section_of<'a>(page: &'a str, name: &str) -> &'a str {
    part(page, &format!("<h3>{name}</h3>"), "</div></details>")
}

/// A section says what `coldcase explain` says: who takes the account, why, what it reaches, how its password rotated.
#[test]
fn a_section_tells_who_can_take_the_account_and_why() {
    let page = html(LAST);
    let crm = section_of(&page, "svc-crm");
    for told in [
        "Helpdesk (group): 3 accounts, june.dunmoor, kit.dunmoor, lior.dunmoor",
        "may reset its password: allow control access User-Force-Change-Password to Helpdesk",
        "<strong>3</strong> outside tier 0",
        "june.dunmoor is in Helpdesk → may reset the password of svc-crm",
        "never expires",
    ] {
        assert!(crm.contains(told), "{told}: {crm}");
    }
    let web = section_of(&page, "gmsa-web$");
    for told in [
        "Every 30 days.",
        "Next due 2026-09-08",
        "KDS root key 503bb841",
    ] {
        assert!(web.contains(told), "{told}: {web}");
    }
    // Its finding tells a membership; the way from there to tier 0 is drawn in its own section, and told once.
    let backup = section_of(&page, "svc-backup");
    let title = "aria-label=\"svc-backup reaches contoso.example in 2 steps\"";
    assert_eq!(page.matches(title).count(), 1, "{backup}");
    assert!(backup.contains(title), "{backup}");
    let steps = |step: &str| backup.matches(step).count();
    let (drawn, listed) = (
        steps("<li>Backup Operators <b>works on"),
        steps("<li>Backup Operators works on"),
    );
    assert_eq!((drawn, listed), (1, 0), "{backup}");
    // The inventory counts them and leads there.
    let inventory = part(&page, "<section id=\"inventory\"", "</section>");
    let (_, row) = inventory.split_once(">svc-crm</a>").unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    let link = values(row, "href").pop().unwrap();
    assert!(row.ends_with("\">3</a>"), "{row}");
    assert!(crm.contains(&format!("id=\"{}\"", link.trim_start_matches('#'))));
}

/// Who may take an account over is a lower bound where the collection did not see everything.
#[test]
fn a_partial_snapshot_counts_at_least() {
    let page = html(PARTIAL);
    let inventory = part(&page, "<section id=\"inventory\"", "</section>");
    assert!(inventory.contains("<p>At least "), "{inventory}");
    let rows: Vec<&str> = inventory.split("<tr data-is").skip(1).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let (_, last) = row.rsplit_once("<td>").unwrap();
        let sure = last.starts_with(|c: char| c.is_ascii_digit());
        assert!(!sure && !last.contains(">0<"), "{row}");
    }
}

fn month(number: &str) -> String {
    format!("fixtures/snapshots/contoso-{number}.sqlite.zst")
}

fn with_history(files: &[&str]) -> String {
    let mut arguments = vec!["report", LAST, "--format", "html", "--history"];
    arguments.extend(files);
    let ended = coldcase(&arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

#[test]
fn the_past_is_told_as_diff_and_trend_tell_it() {
    let (june, july) = (month("2026-06"), month("2026-07"));
    let page = with_history(&[&july, &june]);
    assert_eq!(page, with_history(&[&june, &july]), "whatever the order");
    let ended = coldcase(&["trend", &june, &july, LAST, "--format", "json"]).unwrap();
    let trend: Value = serde_json::from_str(&ended.stdout).unwrap();
    let changes = part(&page, "<section id=\"changes\"", "</section>");
    let points = trend["points"].as_array().unwrap();
    assert_eq!(changes.matches("<circle").count(), 2 * points.len());
    for point in points {
        let exposure = point["gross"]["exposure"].as_f64().unwrap();
        assert!(
            changes.contains(&format!("{exposure:.1}</td>")),
            "{exposure}"
        );
    }
    let ended = coldcase(&["diff", &july, LAST, "--format", "json"]).unwrap();
    let diff: Value = serde_json::from_str(&ended.stdout).unwrap();
    let summary = part(&page, "<section id=\"summary\"", "</section>");
    for (state, words) in [("opened", "findings opened"), ("closed", "closed")] {
        let all = diff["findings"].as_array().unwrap().iter();
        let count = all.filter(|one| one["state"] == state).count();
        assert!(
            count > 1 && summary.contains(&format!("{count} {words}")),
            "{summary}"
        );
    }
    let step = trend["steps"].as_array().unwrap().last().unwrap();
    let change = step["change"].as_f64().unwrap();
    assert!(summary.contains(&format!("(+{change:.2})")), "{summary}");
    // No password comes in with the story, and what is not given is not told.
    assert!(!page.contains("Summer2026"));
    assert!(!html(LAST).contains("id=\"changes\""));
}

/// With a case file the page has the same numbers, and tells the comparison only while the file before is there.
#[test]
fn a_case_tells_the_past_without_its_files_and_says_what_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |number: &str| {
        let to = folder.path().join(format!("{number}.sqlite.zst"));
        std::fs::copy(
            coldcase_tests::programs::workspace().join(month(number)),
            &to,
        )
        .unwrap();
        to.to_str().unwrap().to_owned()
    };
    let (june, july) = (copy("2026-06"), copy("2026-07"));
    let case = folder.path().join("c.case").to_str().unwrap().to_owned();
    assert_eq!(
        coldcase(&["case", "add", &case, &june, &july])
            .unwrap()
            .code,
        0
    );
    let files = with_history(&[&june, &july]);
    assert_eq!(with_history(&[&case]), files);
    std::fs::remove_file(&july).unwrap();
    let without = with_history(&[&case]);
    assert!(without.contains("Findings and powers that came or went cannot be told"));
    assert!(!without.contains("Findings opened"));
    let trend = |page: &str| part(page, "<caption>Snapshot by snapshot", "</table>").to_owned();
    let exposures = |page: &str| trend(page).matches("<tr>").count();
    assert_eq!(exposures(&without), exposures(&files));
}

#[test]
fn what_history_cannot_tell_is_refused() {
    let july = month("2026-07");
    for (arguments, why) in [
        (
            vec!["report", LAST, "--history", &july],
            "`coldcase diff OLD NEW`",
        ),
        (
            vec![
                "report",
                LAST,
                "--format",
                "html",
                "--rule",
                "SP01",
                "--history",
                &july,
            ],
            "leave one of them out",
        ),
        (
            vec!["report", &july, "--format", "html", "--history", LAST],
            "was taken after",
        ),
        (
            vec!["report", LAST, "--format", "html", "--history", LAST],
            "names no snapshot but",
        ),
    ] {
        let ended = coldcase(&arguments).unwrap();
        assert_ne!(ended.code, 0);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
}

/// The page travels, and people keep passwords in what they write as they like.
#[test]
fn what_changed_in_free_text_is_not_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, time: &str, text: &str| {
        let file = folder.path().join(name);
        let forest = Forest::new("corp.example").at(time);
        let forest = forest.user("svc-a").spn("http/a").description(text);
        forest.write_snapshot(&file).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let old = write("old", "2026-01-01T00:00:00Z", "Winter-Tale-1");
    let new = write("new", "2026-02-01T00:00:00Z", "Spring-Tide-2");
    let arguments = ["report", &new, "--format", "html", "--history", &old];
    let ended = coldcase(&arguments).unwrap();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("description: a text, not repeated"));
    for text in ["Winter-Tale-1", "Spring-Tide-2"] {
        assert!(!ended.stdout.contains(text), "{text}");
    }
}
