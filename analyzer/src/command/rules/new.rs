//! `coldcase rules new`: the skeleton of a page.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;

use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;

use super::super::output;
use crate::arguments::NewRuleArguments;
use crate::given;
use crate::rules::{PAGE_LIMIT, Pack, Page};

/// A page that is well-formed and finds nothing.
const SKELETON: &str = r#"+++
id = "ID"
code = "CODE"
revision = 1
title = "What is wrong, in one line"
severity = "medium"
confidence = "medium"
family = "own"
applies_to = ["user"]
attack = []
anssi = []
references = ["Where the reader can look it up"]

# What must have been seen before "nothing found" means clear.
[needs]
queries = ["users"]
attributes = ["description"]
+++

# What is wrong, in one line

## What it finds
Which accounts, and by what.

## Why it matters
What somebody can do with it.

## How to fix
1. The command, and what to check afterwards.

## False positives
What looks the same and is fine.

```sql
SELECT a.object_id AS object_id, '' AS key, a.description AS description
FROM accounts a
WHERE a.description = 'change this: `coldcase frames accounts` lists the columns'
```
"#;

pub(super) fn run(arguments: &NewRuleArguments) -> Result<AnalyzeExit> {
    let path = arguments.output.join(format!("{}.md", arguments.id));
    if path.exists() {
        bail!(
            "{} is there already; change that page, or give another id or folder (-o)",
            path.display()
        );
    }
    let code = match &arguments.code {
        Some(code) => code.clone(),
        None => free_code(&arguments.output),
    };
    let text = SKELETON
        .replace("\"ID\"", &format!("{:?}", arguments.id))
        .replace("\"CODE\"", &format!("{code:?}"));
    if let Err(problem) = Page::parse(&text) {
        bail!("{}", problem.message);
    }
    let built_in = Pack::load(None)?;
    for name in [&arguments.id, &code] {
        if let Some(page) = built_in.find(name) {
            bail!(
                "{name} is taken by the rule {} ({})",
                page.front.id,
                page.front.code
            );
        }
    }
    output::folder(&arguments.output)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| path.display().to_string())?;
    output::to(None, |out| {
        let path = path.display();
        writeln!(
            out,
            "{path} is written, with the code {code}. Next: change it, then"
        )?;
        writeln!(out, "  coldcase rules check {}", arguments.output.display())
    })?;
    Ok(AnalyzeExit::Clean)
}

/// The first of OWN01, OWN02, … that no page in the folder has, whether or not that page runs.
fn free_code(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let pages = entries.map(|entry| entry.path());
    let pages = pages.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let taken: HashSet<String> = pages
        .filter_map(|path| given::page(&path, PAGE_LIMIT).ok())
        .flat_map(|text| text.lines().filter_map(code_in).collect::<Vec<_>>())
        .collect();
    (1..)
        .map(|number: u32| format!("OWN{number:02}"))
        .find(|code| !taken.contains(code))
        .unwrap_or_default()
}

/// Of a line `code = "OWN01"`.
fn code_in(line: &str) -> Option<String> {
    let value = line.strip_prefix("code")?.trim_start().strip_prefix('=')?;
    Some(value.trim().trim_matches(['"', '\'']).to_uppercase())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_next_code_is_one_that_no_page_has() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(free_code(&folder.path().join("not-there")), "OWN01");
        write("a.md", "+++\nid = \"a\"\ncode = \"OWN01\"\n");
        write("b.md", "+++\ncode='own02'\n");
        write("notes.txt", "code = \"OWN03\"\n");
        assert_eq!(free_code(folder.path()), "OWN03");
    }
}
