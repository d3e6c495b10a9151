//! One rule as a Markdown page: TOML front matter, four sections, one `sql` block.
//!
//! Owns the form and its error messages, which name the file and say what is missing.
//! Deliberately does not run the SQL.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use coldcase_schemas::report::{Confidence, Severity};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

/// The sections every page has, in order.
pub(crate) const SECTIONS: [&str; 4] = [
    "What it finds",
    "Why it matters",
    "How to fix",
    "False positives",
];

const FENCE: &str = "+++";

/// The TOML front matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Front {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) revision: u32,
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) family: String,
    #[serde(default)]
    pub(crate) attack: Vec<String>,
    #[serde(default)]
    pub(crate) anssi: Vec<String>,
    #[serde(default)]
    pub(crate) references: Vec<String>,
    pub(crate) needs: Needs,
    /// Kinds of objects that can be the subject, as `objects.kind` spells them.
    #[serde(default)]
    pub(crate) applies_to: Vec<String>,
    /// What answers the question where a snapshot cannot.
    pub(crate) answered_by: Option<String>,
    pub(crate) scenarios: Option<Scenarios>,
}

/// What a rule must have seen before "nothing found" means clear.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Needs {
    /// Queries of the ledger that must be complete.
    pub(crate) queries: Vec<String>,
    /// Attributes that those queries must have asked for.
    #[serde(default)]
    pub(crate) attributes: Vec<String>,
    /// Attributes that every object of a kind must show.
    #[serde(default)]
    pub(crate) readable: BTreeMap<String, Vec<String>>,
    /// True if the rule reads text that people wrote, which pseudonyms replace as a whole.
    #[serde(default)]
    pub(crate) free_text: bool,
    /// Kinds that default ACLs hide from ordinary users.
    #[serde(default)]
    pub(crate) visible: Vec<String>,
    /// What stands outside the directory and must be known.
    #[serde(default)]
    pub(crate) facts: Vec<OutsideFact>,
    /// True if the rule fires on something being absent: then it is not run at all unless everything was seen.
    #[serde(default)]
    pub(crate) on_absence: bool,
}

/// Something that LDAP does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutsideFact {
    /// Settings of group policies, which lie in SYSVOL: collected on demand.
    Sysvol,
    /// System ACLs: never collected, since asking for them hides the whole descriptor from ordinary users.
    SystemAcl,
    /// Which updates the domain controllers have.
    ControllerUpdates,
}

impl OutsideFact {
    /// True if no snapshot ever holds it.
    pub(crate) fn is_beyond(self) -> bool {
        self != Self::Sysvol
    }
}

/// The scenarios that prove the rule.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenarios {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clear: Option<String>,
    /// In which it cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unknown: Option<String>,
}

/// Kinds that a rule can be about.
const KINDS: &[&str] = &[
    "user",
    "computer",
    "gmsa",
    "smsa",
    "dmsa",
    "group",
    "foreign-principal",
    "ou",
    "container",
    "domain",
    "gpo",
    "kds-root-key",
    "password-settings",
    "trust",
    "cross-ref",
    "other",
];

/// A parsed page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) front: Front,
    /// The SQL that runs.
    pub(crate) sql: String,
    /// Markdown without the front matter.
    pub(crate) body: String,
}

impl Page {
    /// Parses the page in file `name`.
    ///
    /// # Errors
    /// One sentence that names the file and what is wrong with it.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        Self::parse_text(text).with_context(|| format!("rule page {name}"))
    }

    fn parse_text(text: &str) -> Result<Self> {
        let text = text.replace("\r\n", "\n");
        let rest = text
            .strip_prefix(FENCE)
            .and_then(|rest| rest.strip_prefix('\n'))
            .context("it must begin with a line +++ and TOML front matter")?;
        let (front, body) = rest
            .split_once("\n+++\n")
            .context("the front matter has no closing line +++")?;
        let front: Front = toml::from_str(front).context("front matter")?;
        ensure!(
            !front.id.is_empty()
                && front
                    .id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "the id {:?} is not kebab-case",
            front.id
        );
        let beyond = front.needs.facts.iter().any(|fact| fact.is_beyond());
        ensure!(
            !beyond || front.answered_by.is_some(),
            "it needs what no snapshot holds, so answered_by must say what answers it"
        );
        for kind in &front.applies_to {
            ensure!(
                KINDS.contains(&kind.as_str()),
                "applies_to does not know the kind {kind:?}; known are {}",
                KINDS.join(", ")
            );
        }
        if let Some(scenarios) = &front.scenarios {
            ensure!(
                scenarios.fires.is_none() || scenarios.fires != scenarios.clear,
                "a scenario cannot both fire and stay clear"
            );
            ensure!(
                scenarios.unknown.is_some()
                    || (scenarios.fires.is_some() && scenarios.clear.is_some()),
                "scenarios must name one in which it fires and one in which it is clear"
            );
        }
        let (headings, blocks) = outline(body);
        let mut places = SECTIONS.iter().map(|section| {
            headings
                .iter()
                .position(|heading| heading == section)
                .with_context(|| format!("the section {section:?} is missing"))
        });
        let mut last = None;
        for place in &mut places {
            let place = place?;
            ensure!(
                Some(place) > last,
                "the sections are not in the order {SECTIONS:?}"
            );
            last = Some(place);
        }
        let [sql] = blocks.as_slice() else {
            bail!(
                "it must have exactly one ```sql block, it has {}",
                blocks.len()
            );
        };
        Ok(Self {
            front,
            sql: sql.trim().to_owned(),
            body: body.trim().to_owned(),
        })
    }
}

/// Headings of level two, and the code of every `sql` block.
fn outline(body: &str) -> (Vec<String>, Vec<String>) {
    let mut headings = Vec::new();
    let mut blocks = Vec::new();
    let mut heading: Option<String> = None;
    let mut block: Option<String> = None;
    for event in Parser::new(body) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
                if language.as_ref() == "sql" =>
            {
                block = Some(String::new());
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(open) = heading.as_mut().or(block.as_mut()) {
                    open.push_str(&text);
                }
            }
            _ => {}
        }
    }
    (headings, blocks)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const PAGE: &str = "+++
id = \"a-rule\"
code = \"XX01\"
revision = 1
title = \"T\"
severity = \"high\"
confidence = \"medium\"
family = \"x\"
[needs]
queries = [\"users\"]
+++

# T

## What it finds
a
## Why it matters
b
## How to fix
c
## False positives
d

```sql
SELECT 1
```
";

    #[test]
    fn a_page_is_read() {
        let page = Page::parse("a.md", PAGE).unwrap();
        assert_eq!(page.front.severity, Severity::High);
        assert_eq!(page.sql, "SELECT 1");
        assert!(page.body.starts_with("# T"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let complaint = |text: String| format!("{:#}", Page::parse("a.md", &text).unwrap_err());
        assert!(complaint(PAGE.replace("+++", "---")).contains("must begin"));
        assert!(complaint(PAGE.replace("## How to fix", "## How")).contains("How to fix"));
        assert!(complaint(PAGE.replace("```sql", "```text")).contains("exactly one"));
        assert!(complaint(PAGE.replace("revision = 1", "revsion = 1")).contains("revsion"));
        assert!(complaint(PAGE.replace("a-rule", "A rule")).contains("kebab-case"));
        assert!(complaint(PAGE.replace("high", "fatal")).contains("fatal"));
        let with = |line: &str| PAGE.replace("[needs]", &format!("{line}\n[needs]"));
        assert!(complaint(with("applies_to = [\"gsma\"]")).contains("gsma"));
        let with = |line: &str| PAGE.replace("[\"users\"]", &format!("[\"users\"]\n{line}"));
        assert!(complaint(with("facts = [\"system-acl\"]")).contains("answered_by"));
        assert!(complaint(with("[scenarios]\nfires = \"a/b\"")).contains("clear"));
        assert!(complaint(with("[scenarios]\nfires = \"a/b\"\nclear = \"a/b\"")).contains("both"));
    }
}
