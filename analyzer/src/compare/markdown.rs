//! A comparison as Markdown, for tickets and pull requests.
//!
//! Owns layout; the words are [`super::story`]'s.

use std::io::{self, Write};

use coldcase_schemas::diff::Diff;

use super::story::story;
use crate::report::escaped;

/// Writes the comparison; `all` leaves nothing out.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(diff: &Diff, all: bool, out: &mut dyn Write) -> io::Result<()> {
    let story = story(diff, all);
    writeln!(out, "# {}\n", escaped(&story.title))?;
    writeln!(out, "| | |\n| --- | --- |")?;
    for (label, text) in &story.facts {
        writeln!(out, "| {label} | {} |", escaped(text))?;
    }
    if story.sections.is_empty() {
        writeln!(out, "\nNothing changed.")?;
    }
    for section in &story.sections {
        let count = section.count();
        writeln!(out, "\n## {} ({count})\n", escaped(&section.title))?;
        for item in &section.items {
            let mark = match item.mark {
                "" => String::new(),
                mark => format!("**{mark}** "),
            };
            writeln!(out, "- {mark}{}", escaped(&item.head))?;
            for line in &item.lines {
                writeln!(out, "  - {}", escaped(line))?;
            }
        }
        if section.more > 0 {
            writeln!(out, "\n… and {} more (`--all` shows them)", section.more)?;
        }
    }
    Ok(())
}
