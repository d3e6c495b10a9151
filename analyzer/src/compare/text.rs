//! A comparison for the terminal.
//!
//! Owns layout only; the words are [`super::story`]'s.

use std::io::{self, Write};

use coldcase_schemas::diff::Diff;

use super::story::{Item, Section, story};
use crate::report::{Style, visible, wrap};

/// Columns before the text of a line of the head.
const INDENT: usize = 13;

/// Columns before what stands under a line.
const UNDER: usize = 12;

/// Writes the comparison.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(diff: &Diff, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let story = story(diff, style.all);
    writeln!(out, "{}\n", style.bold(&visible(&story.title)))?;
    for (label, text) in &story.facts {
        let lines = wrap(&visible(text), style.width, INDENT);
        for (index, line) in lines.into_iter().enumerate() {
            match index {
                0 => writeln!(out, "  {label:<10} {}", line.trim_start())?,
                _ => writeln!(out, "{line}")?,
            }
        }
    }
    if story.sections.is_empty() {
        writeln!(out, "\nNothing changed.")?;
    }
    for section in &story.sections {
        write_section(section, style, out)?;
    }
    Ok(())
}

fn write_section(section: &Section, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let count = section.count();
    writeln!(
        out,
        "\n{}",
        style.bold(&format!("{} ({count})", section.title))
    )?;
    for item in &section.items {
        write_item(item, style, out)?;
    }
    if section.more > 0 {
        writeln!(out, "  … and {} more (--all shows them)", section.more)?;
    }
    Ok(())
}

fn write_item(item: &Item, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mark = format!("{:<9}", item.mark);
    let mark = match item.severity {
        Some(severity) => style.severity(severity, &mark),
        None => mark,
    };
    let lines = wrap(&visible(&item.head), style.width, UNDER);
    for (index, line) in lines.into_iter().enumerate() {
        match index {
            0 => writeln!(out, "  {mark} {}", line.trim_start())?,
            _ => writeln!(out, "{line}")?,
        }
    }
    for text in &item.lines {
        for (index, line) in wrap(&visible(text), style.width, UNDER + 4)
            .into_iter()
            .enumerate()
        {
            let start = if index == 0 { "  " } else { "    " };
            writeln!(out, "{:UNDER$}{start}{}", "", line.trim_start())?;
        }
    }
    Ok(())
}
