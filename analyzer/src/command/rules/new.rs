//! `coldcase rules new`: the skeleton of a page.

use std::fs::{self, OpenOptions};
use std::io::Write;

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;

use super::super::output;
use crate::arguments::NewRuleArguments;
use crate::rules::{Pack, Page};

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
    let text = SKELETON
        .replace("\"ID\"", &format!("{:?}", arguments.id))
        .replace("\"CODE\"", &format!("{:?}", arguments.code));
    if let Err(problem) = Page::parse(&text) {
        bail!("{}", problem.message);
    }
    let built_in = Pack::load(None)?;
    for name in [&arguments.id, &arguments.code] {
        if let Some(page) = built_in.find(name) {
            bail!(
                "{name} is taken by the rule {} ({})",
                page.front.id,
                page.front.code
            );
        }
    }
    fs::create_dir_all(&arguments.output)
        .with_context(|| format!("the folder {} cannot be made", arguments.output.display()))?;
    let path = arguments.output.join(format!("{}.md", arguments.id));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written, or is there already", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| path.display().to_string())?;
    output::to(None, |out| {
        writeln!(out, "{} is written. Next: change it, then", path.display())?;
        writeln!(out, "  coldcase rules check {}", arguments.output.display())
    })?;
    Ok(AnalyzeExit::Clean)
}
