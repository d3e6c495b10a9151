//! The HTML report in a real Chromium, where it is installed: nothing runs but the report's own script, nothing is asked
//! of anybody, a person finds and sorts, paper has few pages.

use std::path::{Path, PathBuf};
use std::process::Command;

use coldcase_tests::browser::Browser;
use coldcase_tests::programs::{coldcase, workspace};
use serde_json::Value;

use crate::html::hostile;

const LAST: &str = "fixtures/snapshots/contoso-2026-08.sqlite.zst";
const BEFORE: &str = "fixtures/snapshots/contoso-2026-07.sqlite.zst";

/// Pages that a month of contoso has on paper at most.
const PAGES: usize = 25;

/// The contoso page with its past, and one whose every string is hostile.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let contoso = workspace().join(LAST);
    let past = workspace().join(BEFORE);
    let hostile = hostile(folder);
    let page = |snapshot: &Path, name: &str, more: &[&str]| {
        let page = folder.join(name);
        let mut arguments = vec!["report", snapshot.to_str().unwrap(), "--format", "html"];
        arguments.extend(["-o", page.to_str().unwrap()]);
        arguments.extend(more);
        let ended = coldcase(&arguments).unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        page
    };
    vec![
        page(
            &contoso,
            "contoso.html",
            &["--history", past.to_str().unwrap()],
        ),
        page(&hostile, "hostile.html", &[]),
    ]
}

/// `None`, said aloud, where there is no browser.
fn browser() -> Option<Browser> {
    let browser = Browser::open().unwrap();
    if browser.is_none() {
        eprintln!(
            "chromium or chromedriver is not installed: no browser has looked at the HTML report"
        );
    }
    browser
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

const SHOWN: &str = "#account-table tbody tr:not([hidden])";

fn shown(browser: &Browser) -> Vec<String> {
    let script = format!(
        "return Array.from(document.querySelectorAll('{SHOWN}')).map(r => r.cells[0].textContent)"
    );
    let names = browser.run(&script).unwrap();
    let names = names.as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_person_searches_sorts_and_follows_links() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    let page = &pages(folder.path())[0];
    browser.go(page, "").unwrap();
    let all = shown(&browser);
    assert!(all.len() > 15);
    browser.enter("#account-search", "gmsa-web").unwrap();
    assert_eq!(shown(&browser), ["gmsa-web$"]);
    let count = browser.run("return document.getElementById('account-count').textContent");
    assert_eq!(count.unwrap(), format!("1 of {} shown", all.len()));
    browser
        .run("document.getElementById('account-search').value = ''")
        .unwrap();
    browser.click("#account-tools input[value=found]").unwrap();
    let found = shown(&browser);
    assert!(!found.is_empty() && found.len() < all.len());
    browser.click("#account-tools input[value=found]").unwrap();
    assert_eq!(shown(&browser), all);

    // By who can take them over: most first, then fewest first.
    let last = "thead th:last-child";
    browser
        .click(&format!("#account-table {last} button"))
        .unwrap();
    let taken = |browser: &Browser| -> Vec<u64> {
        let script = format!(
            "return Array.from(document.querySelectorAll('{SHOWN}'))
                .map(r => parseInt(r.cells[r.cells.length - 1].textContent))"
        );
        let counts = browser.run(&script).unwrap();
        counts.as_array().unwrap().iter().map(number).collect()
    };
    let down = taken(&browser);
    assert!(down.is_sorted_by(|a, b| a >= b) && down[0] > 0, "{down:?}");
    browser
        .click(&format!("#account-table {last} button"))
        .unwrap();
    assert!(taken(&browser).is_sorted());
    let order =
        format!("return document.querySelector('#account-table {last}').getAttribute('aria-sort')");
    assert_eq!(browser.run(&order).unwrap(), "ascending");

    // Both links of a row lead into the folded section and open it.
    for link in ["tr:last-child td:last-child a", "tr:last-child th a"] {
        browser
            .run("document.querySelectorAll('details').forEach(d => { d.open = false })")
            .unwrap();
        browser
            .click(&format!("#account-table tbody {link}"))
            .unwrap();
        let open = browser.run(
            "const to = document.getElementById(decodeURIComponent(location.hash.slice(1)));
             const box = to.getBoundingClientRect();
             return to.closest('details').open && box.height > 0 && box.top < innerHeight && box.bottom > 0",
        );
        assert_eq!(open.unwrap(), true, "{link}");
    }

    browser.enter("#finding-search", "helpdesk").unwrap();
    let groups = browser.run(
        "return Array.from(document.querySelectorAll('article.group')).filter(g => !g.hidden).length",
    );
    assert!((1..5).contains(&number(&groups.unwrap())));
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());
}

/// Paper does not say what was searched for, so a filter must not decide what is printed.
#[test]
fn what_a_filter_hides_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    let page = &pages(folder.path())[0];
    browser.go(page, "").unwrap();
    let visible = |browser: &Browser| {
        let rows = browser.run(
            "return ['#account-table tbody tr', '.found tbody tr', 'article.group'].map(rows =>
                 Array.from(document.querySelectorAll(rows))
                     .filter(row => getComputedStyle(row).display !== 'none').length)",
        );
        rows.unwrap()
    };
    let all = visible(&browser);
    browser.enter("#account-search", "gmsa-web").unwrap();
    browser.enter("#finding-search", "helpdesk").unwrap();
    let few = visible(&browser);
    assert_eq!(few[0], 1);
    assert!(number(&few[1]) < number(&all[1]) && number(&few[2]) < number(&all[2]));
    browser.on_paper(true).unwrap();
    assert_eq!(visible(&browser), all);
    browser.on_paper(false).unwrap();
    assert_eq!(visible(&browser), few);
}

#[test]
fn an_address_that_does_not_decode_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    browser.go(&pages(folder.path())[0], "#%").unwrap();
    browser.enter("#account-search", "gmsa-web").unwrap();
    assert_eq!(shown(&browser), ["gmsa-web$"]);
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());
}

/// A browser that goes back fills in what was chosen, after the script ran.
#[test]
fn a_list_follows_what_a_browser_fills_in() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    browser.go(&pages(folder.path())[0], "").unwrap();
    let rows = "return Array.from(document.querySelectorAll('.found tbody tr')).filter(r => !r.hidden).length";
    browser
        .run(
            "document.getElementById('finding-severity').value = 'high';
             window.dispatchEvent(new PageTransitionEvent('pageshow'));",
        )
        .unwrap();
    let high = "return document.querySelectorAll(\".found tr[data-is='high']\").length";
    let high = browser.run(high).unwrap();
    assert!(number(&high) > 0);
    assert_eq!(browser.run(rows).unwrap(), high);
}

#[test]
fn nothing_runs_and_nothing_is_asked_of_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    for page in pages(folder.path()) {
        for (width, dark) in [(400, false), (400, true), (1280, false), (1280, true)] {
            let name = format!("{} {width} {dark}", page.display());
            browser.look(width, dark).unwrap();
            browser.go(&page, "").unwrap();
            // The policy admits the script: it shows the tools.
            let tools = browser.run("return document.getElementById('account-tools').hidden");
            assert_eq!(tools.unwrap(), false, "{name}");
            let scheme = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches");
            assert_eq!(scheme.unwrap(), dark, "{name}");
            let asked = browser.run("return performance.getEntriesByType('resource').length");
            assert_eq!(asked.unwrap(), 0, "{name}");
            browser
                .run("document.querySelectorAll('details').forEach(d => { d.open = true })")
                .unwrap();
            // Names of 10,000 letters wrap: nobody scrolls sideways.
            let wide = browser.run(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
            );
            assert_eq!(wide.unwrap(), 0, "{name}");
            let made = browser.run("return document.querySelectorAll('img, iframe, object, [onerror], [onmouseover]').length");
            assert_eq!(made.unwrap(), 0, "{name}");
            assert_eq!(browser.console().unwrap(), Vec::<String>::new(), "{name}");
        }
        // What a page could still try is refused by its policy.
        let refused = browser.wait_for(
            "const done = arguments[arguments.length - 1];
             document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
             const script = document.createElement('script');
             script.textContent = 'document.title = \"ran\"';
             document.body.appendChild(script);",
        );
        assert_eq!(refused.unwrap(), "script-src-elem");
        assert_ne!(browser.run("return document.title").unwrap(), "ran");
        // Of the whole page the console says this one thing.
        assert_eq!(browser.console().unwrap().len(), 1);
    }
}

/// Roles, names, order of headings and more, by axe-core: it is not ours to ship, so `COLDCASE_AXE` names `axe.min.js`.
#[test]
fn axe_finds_nothing_to_complain_of() {
    let Ok(axe) = std::env::var("COLDCASE_AXE") else {
        eprintln!("COLDCASE_AXE names no axe.min.js: accessibility was tested by contrast alone");
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let Some(browser) = browser() else { return };
    for page in pages(folder.path()) {
        for (width, dark) in [(400, false), (400, true), (1280, false), (1280, true)] {
            browser.look(width, dark).unwrap();
            browser.go(&page, "").unwrap();
            browser
                .run("document.querySelectorAll('details').forEach(d => { d.open = true })")
                .unwrap();
            let found = browser.wait_for(&format!(
                "{axe}\nconst done = arguments[arguments.length - 1];
                 axe.run(document, {{ resultTypes: ['violations'] }}).then(result => done(
                     result.violations.map(one => one.id + ': ' + one.nodes[0].html)));"
            ));
            assert_eq!(
                found.unwrap(),
                serde_json::json!([]),
                "{} {width} {dark}",
                page.display()
            );
        }
    }
}

#[test]
fn paper_has_few_pages_and_the_caveats_on_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("contoso.html");
    let ended = coldcase(&[
        "report",
        LAST,
        "--format",
        "html",
        "-o",
        page.to_str().unwrap(),
    ]);
    assert_eq!(ended.unwrap().code, 0);
    let pdf = folder.path().join("contoso.pdf");
    let profile = folder.path().join("profile");
    let printed = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(format!("file://{}", page.display()))
        .output();
    let Ok(printed) = printed else {
        eprintln!("chromium is not installed: the HTML report was not printed");
        return;
    };
    assert!(
        printed.status.success(),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    let bytes = std::fs::read(&pdf).unwrap();
    let mark = b"/Type /Page";
    let pages = bytes
        .windows(mark.len() + 1)
        .filter(|at| at.starts_with(mark) && at.last() != Some(&b's'));
    let pages = pages.count();
    assert!((5..PAGES).contains(&pages), "{pages} pages");
    let first = Command::new("pdftotext")
        .args(["-f", "1", "-l", "1", "-layout"])
        .arg(&pdf)
        .arg("-")
        .output();
    let Ok(first) = first else {
        eprintln!("pdftotext is not installed: only the number of printed pages was tested");
        return;
    };
    let first = String::from_utf8(first.stdout).unwrap();
    for told in [
        "What to do first",
        "rules evaluated",
        "Not seen, so nothing is said to be clear",
        &format!("1 / {pages}"),
    ] {
        assert!(first.contains(told), "{told}: {first}");
    }
}
