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

use coldcase_schemas::explain::{Explanation, Moment, UnknownFact};
use coldcase_schemas::report::Subject;

use crate::report::{Style, name_of, paragraph, visible, wrap};

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

/// A value that may be missing: what is unknown is never called unset.
fn known<'a>(value: Option<&'a str>, attribute: &str, unknown: &'a [UnknownFact]) -> String {
    match value {
        Some(value) => value.to_owned(),
        None => not_known(attribute, unknown).unwrap_or_else(|| "not set".to_owned()),
    }
}

/// Why an attribute is not known; `None` if it is.
fn not_known(attribute: &str, unknown: &[UnknownFact]) -> Option<String> {
    let fact = unknown.iter().find(|fact| fact.attribute == attribute)?;
    Some(format!("not known: {}", fact.why))
}

/// `2026-07-02 (29.9 days ago)`.
fn when(moment: &Moment) -> String {
    let day = moment.at.get(..10).unwrap_or(&moment.at);
    match moment.days {
        days if days < 0.0 => format!("{day} (in {:.0} days)", -days),
        days => format!("{day} ({days:.0} days ago)"),
    }
}

/// The first names of a list, and how many more there are of `count`.
fn names(names: &[String], count: usize, shown: usize) -> String {
    let shown = names.len().min(shown);
    let mut text = names.get(..shown).unwrap_or(names).join(", ");
    match count.checked_sub(shown) {
        None | Some(0) => (),
        Some(more) if text.is_empty() => text = more.to_string(),
        Some(more) => text.push_str(&format!(" and {more} more")),
    }
    text
}

fn name(subject: &Subject) -> String {
    match (&subject.sam_account_name, &subject.dn, &subject.sid) {
        (None, None, Some(sid)) => sid.clone(),
        _ => name_of(subject).to_owned(),
    }
}

/// What `--all` does not bound.
fn shown(style: Style, count: usize) -> usize {
    if style.all { count } else { TOLD }
}
