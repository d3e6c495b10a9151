//! An explanation for people: what matters most first.
//!
//! Owns layout only, a part a module. Everything it says is in the JSON too. What is not known is told where it would
//! stand.

mod identity;
mod judged;
mod powers;
mod reach;
mod rotation;

use std::io::{self, Write};

use coldcase_schemas::explain::Explanation;

use crate::report::{Style, paragraph, visible, wrap};

/// Columns before a fact, its label included.
const LABELLED: usize = 18;

/// Entries of a list that are told before the rest is counted.
const TOLD: usize = 10;

/// Writes the explanation.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(told: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    identity::write(told, style, out)?;
    judged::risk(told, style, out)?;
    judged::findings(told, style, out)?;
    powers::write(told, style, out)?;
    reach::write(told, style, out)?;
    rotation::write(told, style, out)?;
    judged::fixes(told, style, out)?;
    judged::not_known(told, style, out)
}

pub(crate) fn heading(text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", style.bold(text))
}

/// A label and what there is to say, in lines that stand below each other.
pub(crate) fn fact(label: &str, text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in wrap(&visible(text), style.width, LABELLED)
        .into_iter()
        .enumerate()
    {
        let label = if number == 0 { label } else { "" };
        writeln!(out, "  {label:<16}{}", line.trim_start())?;
    }
    Ok(())
}

/// A line with a dash, and what follows below it.
pub(crate) fn item(text: &str, style: Style, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in wrap(&visible(text), style.width, indent + 2)
        .into_iter()
        .enumerate()
    {
        let dash = if number == 0 { "-" } else { "" };
        writeln!(out, "{:indent$}{dash:<2}{}", "", line.trim_start())?;
    }
    Ok(())
}

fn told(text: &str, style: Style, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    paragraph(&visible(text), style, indent, out)
}

/// What `--all` does not bound.
fn shown(style: Style, count: usize) -> usize {
    if style.all { count } else { TOLD }
}
