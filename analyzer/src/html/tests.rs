//! What must hold of every page, whatever is in the directory.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use coldcase_fixtures::{Forest, scenarios};
use coldcase_schemas::ledger::{Absence, CoverageRow};

use super::*;
use crate::load::Directory;
use crate::report::{Judged, assemble};
use crate::rules::evaluate;

/// Names that would do something if they were taken for markup, or would pass for others.
const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "x' style='color:red' onclick='alert(1)",
    "\u{202e}gpj.exe\u{2066}\u{1b}[31m",
    "{{ policy }}{% raw %}&#60;&amp;",
];

/// The page on a forest, all rules run.
fn page_of(forest: &Forest) -> String {
    page_of_directory(directory_of(forest))
}

fn directory_of(forest: &Forest) -> Directory {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.sqlite.zst");
    forest.write_snapshot(&file).unwrap();
    let snapshot = coldcase_schemas::Snapshot::open(&file).unwrap();
    Directory::load(&snapshot).unwrap()
}

fn page_of_directory(directory: Directory) -> String {
    let analysis = Analysis::new(directory);
    let mut pack = Pack::load(None).unwrap();
    let frames = Frames::build(&analysis, pack.pages.iter().map(|page| page.sql.as_str())).unwrap();
    let evaluations = evaluate(&analysis, &frames, &mut pack).unwrap();
    let report = assemble(&analysis, &pack, &evaluations, Judged::default());
    page(&Sources {
        report: &report,
        analysis: &analysis,
        frames: &frames,
        pack: &pack,
        past: None,
    })
    .unwrap()
}

fn hostile() -> Forest {
    let mut forest = Forest::new("corp.example").group("Readers");
    for (number, text) in HOSTILE.iter().enumerate() {
        forest = forest
            .user(&format!("svc-{number}"))
            .set("sAMAccountName", text)
            .description(&format!("password: {text}"))
            .spn(&format!("MSSQLSvc/{text}:1433"))
            .pwd_last_set(2000)
            .group(&format!("group-{number}"))
            .set("sAMAccountName", text)
            .member(&format!("svc-{number}"))
            .gmsa(&format!("gmsa-{number}"))
            .set("sAMAccountName", text)
            .readers(&[&format!("svc-{number}"), &format!("group-{number}")]);
    }
    let long = "n".repeat(10_000);
    forest
        .user("svc-long")
        .set("sAMAccountName", &long)
        .spn("http/long")
}

/// The tags of a page: what stands between `<` and `>` outside of style and script, which hold neither.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    let rest = page.split('<').skip(1);
    rest.filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

fn attributes<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    tags(page).filter_map(move |tag| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    })
}

/// Without what the program itself wrote between the tags of style and script.
fn without_code(page: &str) -> String {
    page.replace(policy::STYLE, "").replace(policy::SCRIPT, "")
}

#[test]
fn a_hostile_directory_is_text() {
    let page = without_code(&page_of(&hostile()));
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"));
    assert!(page.contains(&"n".repeat(10_000)));
    assert_eq!(tags(&page).filter(|tag| *tag == "script").count(), 1);
    for tag in tags(&page) {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap();
        assert!(
            !["img", "iframe", "object", "embed", "link", "base"].contains(&name),
            "{tag}"
        );
        // An attribute of ours is quoted, so a quote within a value would end it and begin a new one.
        let outside: String = tag.split('"').step_by(2).collect();
        for attribute in [" on", " style", " src", " srcset"] {
            assert!(!outside.contains(attribute), "{tag}");
        }
    }
    for c in ['\u{1b}', '\0', '\u{202e}', '\u{2066}'] {
        assert!(!page.contains(c), "{c:?}");
    }
    assert!(page.contains("\u{FFFD}gpj.exe"));
}

#[test]
fn every_link_leads_to_a_place_on_the_page() {
    for forest in [hostile(), reach()] {
        let page = without_code(&page_of(&forest));
        let ids: Vec<&str> = attributes(&page, "id").collect();
        let places: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(places.len(), ids.len(), "an id stands twice");
        let mut links = 0;
        for target in attributes(&page, "href") {
            let place = target.strip_prefix('#').unwrap();
            assert!(places.contains(place), "{target}");
            links += 1;
        }
        assert!(links > 50, "{links}");
    }
}

fn reach() -> Forest {
    let scenario = scenarios::find("tier0-in-reach/fires").unwrap();
    (scenario.forest)()
}

#[test]
fn a_way_to_tier_0_is_drawn_and_told() {
    let page = page_of(&reach());
    assert!(
        page.contains("aria-label=\"svc-app reaches corp.example in 2 steps\""),
        "no drawing"
    );
    assert!(page.contains("<li>svc-app <b>may reset the password of</b> svc-sync"));
    // What is drawn is not told a second time as a fact.
    assert!(!page.contains("<b>way:</b>"));
}

#[test]
fn the_policy_admits_what_is_written_and_nothing_else() {
    let page = page_of(&Forest::new("corp.example").gmsa("gmsa-a"));
    let policy = policy::policy();
    assert!(page.contains(&format!("content=\"{policy}\"")));
    for (name, text) in [("style", policy::STYLE), ("script", policy::SCRIPT)] {
        assert!(page.contains(&format!("<{name}>{text}</{name}>")), "{name}");
        assert_eq!(page.matches(&format!("<{name}>")).count(), 1);
    }
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
    // Both must be sure to ask nothing of anybody.
    for text in [policy::STYLE, policy::SCRIPT] {
        for word in [
            "http:",
            "https:",
            "url(",
            "@import",
            "fetch",
            "XMLHttp",
            "innerHTML",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[test]
fn what_was_not_seen_is_at_least() {
    let page = page_of(&Forest::new("corp.example").low_privilege().gmsa("gmsa-a"));
    for told in [
        " at best</span>",
        "<span class=\"chip critical\">critical</span> <span class=\"figure\">≥ 0</span>",
        "Could not judge it, so the risk may be more",
        "so some kinds of objects are hidden",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

/// Attributes that ways and readers are made of, with the query whose objects have them.
const OF_WAYS: [(&str, &str); 10] = [
    ("nTSecurityDescriptor", "users"),
    ("member", "groups"),
    ("primaryGroupID", "computers"),
    ("sIDHistory", "users"),
    ("userAccountControl", "computers"),
    ("servicePrincipalName", "users"),
    ("msDS-AllowedToDelegateTo", "users"),
    ("msDS-AllowedToActOnBehalfOfOtherIdentity", "computers"),
    ("msDS-HostServiceAccount", "computers"),
    ("gPLink", "containers"),
];

#[test]
fn an_attribute_of_which_nothing_was_shown_is_nobody_s_safety() {
    let forest = Forest::new("corp.example")
        .computer("APP01")
        .group("Hosts")
        .member("APP01")
        .ou("Services")
        .user("svc-a")
        .spn("HTTP/app.corp.example")
        .smsa("smsa-a")
        .gmsa("gmsa-a")
        .readers(&["Hosts"]);
    const SAFE: &str =
        "Nobody outside tier 0 holds a right that leads to it, in any number of steps.";
    const DEFINITE: &str = "<td>0</tr>";
    let whole = page_of(&forest);
    assert!(
        whole.contains(SAFE) && whole.contains(DEFINITE),
        "else this shows nothing"
    );
    for (attribute, query) in OF_WAYS {
        let mut unasked = directory_of(&forest);
        for row in &mut unasked.ledger {
            if row.plan.name == query {
                row.plan.attributes.retain(|asked| asked != attribute);
            }
        }
        let mut unshown = directory_of(&forest);
        unshown.coverage.push(CoverageRow {
            query: query.to_owned(),
            class: "any".to_owned(),
            attribute: attribute.to_owned(),
            objects: 3,
            absence: Absence::NotReadable,
        });
        for (what, directory) in [("not asked", unasked), ("not shown", unshown)] {
            let page = page_of_directory(directory);
            assert!(!page.contains(SAFE), "{attribute} {what}");
            assert!(!page.contains(DEFINITE), "{attribute} {what}");
            if attribute == "servicePrincipalName" {
                assert!(
                    page.contains("At least 3 service accounts, since"),
                    "{what}"
                );
            }
        }
    }
}
