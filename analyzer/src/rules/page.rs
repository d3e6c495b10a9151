//! One rule as a Markdown page: TOML front matter, four sections, one `sql` block.
//!
//! Owns the form and its error messages, which name the file and say what is missing.
//! Deliberately does not run the SQL.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::report::{Confidence, Severity};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::{place, reads};

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
    /// Severities that a finding can have instead, and when.
    #[serde(default)]
    pub(crate) otherwise: BTreeMap<Severity, String>,
    /// Evidence that changes by itself, beside ages (`…_days`): an exception is not bound to it.
    #[serde(default)]
    pub(crate) drifts: Vec<String>,
    /// What answers the question where a snapshot cannot.
    pub(crate) answered_by: Option<String>,
    pub(crate) scenarios: Option<Scenarios>,
}

/// What a rule must have seen before "nothing found" means clear. What its SQL reads is added to what the page says.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Needs {
    /// Queries of the ledger that must be complete.
    pub(crate) queries: Vec<String>,
    /// Attributes that those queries must have asked for.
    #[serde(default)]
    pub(crate) attributes: Vec<String>,
    /// Frames and columns of its SQL that only add to the evidence: whether they were seen changes no verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) spare: Vec<String>,
    /// Objects that must be in the snapshot: a SID, or the beginning of a DN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) present: Vec<String>,
    /// Attributes that every object of a kind must show.
    #[serde(default)]
    pub(crate) readable: BTreeMap<String, Vec<String>>,
    /// True if each subject is judged by what it shows itself: then one that does not show what `readable` asks leaves the
    /// verdict on the others alone.
    #[serde(default)]
    pub(crate) each_by_itself: bool,
    /// True if the rule reads text that people wrote, which pseudonyms replace as a whole.
    #[serde(default)]
    pub(crate) free_text: bool,
    /// Kinds that default ACLs hide from ordinary users.
    #[serde(default)]
    pub(crate) visible: Vec<String>,
    /// What stands outside the directory and must be known.
    #[serde(default)]
    pub(crate) facts: Vec<OutsideFact>,
    /// True if the rule fires on something being absent: then it is not run at all unless everything was seen, or, with
    /// `each_by_itself`, everything but what subjects do not show of themselves.
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
    /// Line of the file on which the SQL begins, from 1.
    pub(crate) sql_line: usize,
    /// Markdown without the front matter.
    pub(crate) body: String,
    /// The front matter as it is written.
    toml: String,
}

/// What is wrong with a page, and on which line of its file, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }

    /// `file:line: message`.
    pub(crate) fn at(&self, file: &str) -> String {
        format!("{file}:{}: {}", self.line, self.message)
    }
}

impl Front {
    /// Severities that a finding can have, the worst first.
    pub(crate) fn severities(&self) -> BTreeSet<Severity> {
        let others = self.otherwise.keys().copied();
        others.chain([self.severity]).collect()
    }

    /// A finding can have this severity.
    pub(crate) fn may_be(&self, severity: Severity) -> bool {
        self.severities().contains(&severity)
    }

    /// The worst severity that a finding can have.
    pub(crate) fn worst(&self) -> Severity {
        self.severities().first().copied().unwrap_or(self.severity)
    }

    /// `high`, or `low–critical`.
    pub(crate) fn range(&self) -> String {
        let all = self.severities();
        match (all.last(), all.first()) {
            (Some(least), Some(worst)) if least != worst => {
                format!("{}–{}", least.as_str(), worst.as_str())
            }
            _ => self.severity.as_str().to_owned(),
        }
    }

    /// `high; critical: the account is in tier 0`.
    pub(crate) fn severity_in_words(&self) -> String {
        let mut words = self.severity.as_str().to_owned();
        for (severity, when) in &self.otherwise {
            words.push_str(&format!("; {}: {when}", severity.as_str()));
        }
        words
    }
}

impl Page {
    /// Parses a page.
    ///
    /// # Errors
    /// One sentence on what is wrong, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.replace("\r\n", "\n");
        let rest = text
            .strip_prefix(FENCE)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or_else(|| {
                Problem::new(1, "it must begin with a line +++ and TOML front matter")
            })?;
        let (toml, body) = rest
            .split_once("\n+++\n")
            .ok_or_else(|| Problem::new(1, "the front matter has no closing line +++"))?;
        let front: Front = toml::from_str(toml).map_err(|error| {
            let before = error.span().and_then(|span| toml.get(..span.start));
            let line = 2 + before.map_or(0, |before| before.matches('\n').count());
            Problem::new(line, error.message().replace('\n', " "))
        })?;
        check_front(&front).map_err(|message| in_front(toml, message))?;
        let first = 4 + toml.matches('\n').count();
        let outline = outline(body);
        let line_of = |offset: usize| {
            first
                + body
                    .get(..offset)
                    .map_or(0, |before| before.matches('\n').count())
        };
        let mut last = None;
        for section in SECTIONS {
            let place = outline
                .headings
                .iter()
                .position(|(_, heading)| heading == section);
            let Some(place) = place else {
                return Err(Problem::new(
                    first,
                    format!("the section {section:?} is missing"),
                ));
            };
            if Some(place) <= last {
                let offset = outline.headings.get(place).map_or(0, |(offset, _)| *offset);
                let message = format!("the sections are not in the order {SECTIONS:?}");
                return Err(Problem::new(line_of(offset), message));
            }
            last = Some(place);
        }
        let [(offset, sql)] = outline.blocks.as_slice() else {
            let line = outline
                .blocks
                .get(1)
                .map_or(first, |(offset, _)| line_of(*offset));
            let count = outline.blocks.len();
            return Err(Problem::new(
                line,
                format!("it must have exactly one ```sql block, it has {count}"),
            ));
        };
        let blank = sql.len() - sql.trim_start().len();
        let skipped = sql
            .get(..blank)
            .map_or(0, |blank| blank.matches('\n').count());
        let mut front = front;
        reads::complete(&mut front, sql);
        Ok(Self {
            front,
            sql: sql.trim().to_owned(),
            sql_line: line_of(*offset) + 1 + skipped,
            body: body.trim().to_owned(),
            toml: toml.to_owned(),
        })
    }

    /// The Markdown of one of [`SECTIONS`], without its heading and code blocks of SQL; empty if there is none.
    pub(crate) fn section(&self, name: &str) -> &str {
        let outline = outline(&self.body);
        let Some(start) = outline.headings.iter().find(|(_, title)| title == name) else {
            return "";
        };
        let headings = outline.headings.iter().map(|(place, _)| *place);
        let blocks = outline.blocks.iter().map(|(place, _)| *place);
        let end = headings
            .chain(blocks)
            .filter(|place| *place > start.0)
            .min();
        let text = self.body.get(start.0..end.unwrap_or(self.body.len()));
        text.and_then(|text| text.split_once('\n'))
            .map_or("", |(_, text)| text.trim())
    }

    /// A problem with the front matter, on the line of the key with which the message begins.
    pub(crate) fn in_front(&self, message: impl Into<String>) -> Problem {
        in_front(&self.toml, message.into())
    }
}

fn in_front(toml: &str, message: String) -> Problem {
    // The first line is the fence.
    Problem::new(2 + place::line_of(toml, &message), message)
}

/// What is wrong with front matter that is well-formed: a sentence that begins with the key.
fn check_front(front: &Front) -> Result<(), String> {
    let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if front.id.is_empty() || !front.id.bytes().all(kebab) {
        return Err(format!("id {:?} is not kebab-case", front.id));
    }
    // A rule reads something, and what it reads may be incomplete: without a query "nothing found" would always mean clear.
    if front.needs.queries.is_empty() {
        return Err(
            "needs.queries is empty; name the queries whose objects the SQL reads (`coldcase sql SNAP \"SELECT name FROM \
             queries\"` lists them)"
                .to_owned(),
        );
    }
    let beyond = front.needs.facts.iter().any(|fact| fact.is_beyond());
    if beyond && front.answered_by.is_none() {
        return Err(
            "needs.facts names what no snapshot holds, so answered_by must say what answers it"
                .to_owned(),
        );
    }
    if let Some(severity) = front
        .otherwise
        .keys()
        .find(|other| **other == front.severity)
    {
        return Err(format!(
            "otherwise names {}, which is the severity already",
            severity.as_str()
        ));
    }
    if let Some(kind) = front
        .applies_to
        .iter()
        .find(|kind| !KINDS.contains(&kind.as_str()))
    {
        let known = KINDS.join(", ");
        return Err(format!(
            "applies_to does not know the kind {kind:?}; known are {known}"
        ));
    }
    let Some(scenarios) = &front.scenarios else {
        return Ok(());
    };
    if scenarios.fires.is_some() && scenarios.fires == scenarios.clear {
        return Err("scenarios names one that would both fire and stay clear".to_owned());
    }
    if scenarios.unknown.is_none() && (scenarios.fires.is_none() || scenarios.clear.is_none()) {
        return Err(
            "scenarios must name one in which it fires and one in which it is clear".to_owned(),
        );
    }
    Ok(())
}

/// Headings and `sql` blocks, each with its offset in the body.
#[derive(Default)]
struct Outline {
    headings: Vec<(usize, String)>,
    blocks: Vec<(usize, String)>,
}

/// Headings, and the code of every `sql` block.
fn outline(body: &str) -> Outline {
    let mut outline = Outline::default();
    let mut heading: Option<(usize, String)> = None;
    let mut block: Option<(usize, String)> = None;
    for (event, range) in Parser::new(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some((range.start, String::new())),
            Event::End(TagEnd::Heading(_)) => outline.headings.extend(heading.take()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
                if language.as_ref() == "sql" =>
            {
                block = Some((range.start, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => outline.blocks.extend(block.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, open)) = heading.as_mut().or(block.as_mut()) {
                    open.push_str(&text);
                }
            }
            _ => {}
        }
    }
    outline
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
        let page = Page::parse(PAGE).unwrap();
        assert_eq!(page.front.severity, Severity::High);
        assert_eq!((page.sql.as_str(), page.sql_line), ("SELECT 1", 25));
        assert!(page.body.starts_with("# T"));
    }

    #[test]
    fn lines_are_told() {
        let line = |text: String| Page::parse(&text).unwrap_err().line;
        assert_eq!(line(PAGE.replace("revision = 1", "revsion = 1")), 4);
        assert_eq!(line(PAGE.replace("\"high\"", "\"fatal\"")), 6);
        let twice = PAGE.replace("```sql\nSELECT 1", "```sql\n```\n```sql\nSELECT 1");
        assert_eq!(line(twice), 26);
        let needs = |line: &str| {
            PAGE.replace(
                "queries = [\"users\"]",
                &format!("queries = [\"users\"]\n{line}"),
            )
        };
        assert_eq!(line(PAGE.replace("a-rule", "A rule")), 2);
        assert_eq!(line(PAGE.replace("[\"users\"]", "[]")), 10);
        assert_eq!(line(needs("facts = [\"system-acl\"]")), 11);
        assert_eq!(line(needs("[scenarios]\nfires = \"a/b\"")), 11);
        let kinds = "applies_to = [\n  \"gmsa\",\n  \"gsma\",\n]\n[needs]";
        assert_eq!(line(PAGE.replace("[needs]", kinds)), 11);
        let swapped = PAGE.replace(
            "## Why it matters\nb\n## How to fix",
            "## How to fix\nb\n## Why it matters",
        );
        assert_eq!(line(swapped), 17);
        assert_eq!(Problem::new(3, "no").at("a.md"), "a.md:3: no");
    }

    #[test]
    fn sections_are_read_without_what_follows() {
        let text = PAGE.replace("c\n## False", "1. c\n\n```\n## no heading\n```\n## False");
        let page = Page::parse(&text).unwrap();
        assert_eq!(page.section("Why it matters"), "b");
        assert_eq!(
            page.section("How to fix"),
            "1. c\n\n```\n## no heading\n```"
        );
        assert_eq!(page.section("False positives"), "d");
        assert_eq!(page.section("Nothing"), "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let complaint = |text: String| Page::parse(&text).unwrap_err().message;
        assert!(complaint(PAGE.replace("+++", "---")).contains("must begin"));
        assert!(complaint(PAGE.replace("## How to fix", "## How")).contains("How to fix"));
        assert!(complaint(PAGE.replace("```sql", "```text")).contains("exactly one"));
        assert!(complaint(PAGE.replace("revision = 1", "revsion = 1")).contains("revsion"));
        assert!(complaint(PAGE.replace("a-rule", "A rule")).contains("kebab-case"));
        assert!(complaint(PAGE.replace("high", "fatal")).contains("fatal"));
        let with = |line: &str| PAGE.replace("[needs]", &format!("{line}\n[needs]"));
        let twice = "[otherwise]\nhigh = \"always\"\n";
        assert!(complaint(with(twice)).contains("the severity already"));
        assert!(complaint(with("applies_to = [\"gsma\"]")).contains("gsma"));
        let with = |line: &str| PAGE.replace("[\"users\"]", &format!("[\"users\"]\n{line}"));
        assert!(complaint(with("facts = [\"system-acl\"]")).contains("answered_by"));
        assert!(complaint(with("[scenarios]\nfires = \"a/b\"")).contains("clear"));
        assert!(complaint(with("[scenarios]\nfires = \"a/b\"\nclear = \"a/b\"")).contains("both"));
    }
}
