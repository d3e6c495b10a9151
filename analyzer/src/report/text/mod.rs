//! The report for people: what to do first, why, and what is not known.
//!
//! Owns layout only, a part a module. Everything it says is in the JSON report too.

mod accounts;
mod evidence;
mod findings;
mod foot;
mod head;
mod unknown;

use std::io::{self, Write};

use coldcase_schemas::report::{Assumption, Report, Severity, Subject};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::rules::text;

pub(crate) use accounts::addition;
pub(crate) use evidence::told as evidence_in_words;
pub(crate) use foot::beyond;

/// How to write to this terminal or file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// ANSI colours.
    pub(crate) colour: bool,
    /// Columns.
    pub(crate) width: u16,
    /// Show every subject of every rule.
    pub(crate) all: bool,
}

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    head::write(report, style, out)?;
    findings::write(report, style, out)?;
    accounts::write(report, style, out)?;
    unknown::write(report, style, out)?;
    foot::write(report, style, out)
}

pub(crate) fn name_of(subject: &Subject) -> &str {
    subject
        .sam_account_name
        .as_deref()
        .or(subject.dn.as_deref())
        .unwrap_or("(unnamed)")
}

/// `1 rule`, `2 rules`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// `thresholds.readers = 50`; lists without brackets and quotes, so that they can be wrapped.
pub(crate) fn assumed(assumption: &Assumption) -> String {
    let value = match &assumption.value {
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => text(other),
    };
    format!("{} = {value}", assumption.key)
}

/// Writes wrapped lines.
pub(crate) fn paragraph(
    text: &str,
    style: Style,
    indent: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    for line in wrap(text, style.width, indent) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Lines of at most `width` columns, each indented. A word that is longer is broken after a semicolon, as an ACE can be,
/// else where the line ends.
pub(crate) fn wrap(text: &str, width: u16, indent: usize) -> Vec<String> {
    let width = usize::from(width).max(indent + 20);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let whole = indent + word.width() <= width;
        for (number, part) in word
            .split_inclusive(if whole { '\n' } else { ';' })
            .enumerate()
        {
            let blank = if number == 0 && !line.is_empty() {
                " "
            } else {
                ""
            };
            let longer = line.width() + blank.len() + part.width();
            if !line.is_empty() && indent + longer > width {
                lines.push(format!("{:indent$}{line}", ""));
                line = String::new();
            } else {
                line.push_str(blank);
            }
            if indent + part.width() <= width {
                line.push_str(part);
                continue;
            }
            for c in part.chars() {
                if indent + line.width() + c.width().unwrap_or(0) > width {
                    lines.push(format!("{:indent$}{line}", ""));
                    line = String::new();
                }
                line.push(c);
            }
        }
    }
    if !line.is_empty() {
        lines.push(format!("{:indent$}{line}", ""));
    }
    lines
}

impl Style {
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.paint(code, text)
    }

    pub(crate) fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_indented() {
        assert_eq!(wrap("one two three", 20, 2), ["  one two three"]);
        assert_eq!(
            wrap("aaaaaaaaaa bbbbbbbbbb cccccccccc", 24, 2),
            ["  aaaaaaaaaa bbbbbbbbbb", "  cccccccccc"]
        );
        assert!(wrap("", 80, 2).is_empty());
    }

    #[test]
    fn long_words_break_after_semicolons_or_where_the_line_ends() {
        let ace = "(OA;;CR;00299570-246d-11d0-a768;;S-1-5-21-1-2-3-1208)";
        assert_eq!(
            wrap(&format!("has {ace}, now"), 40, 2),
            [
                "  has (OA;;CR;00299570-246d-11d0-a768;;",
                "  S-1-5-21-1-2-3-1208), now"
            ]
        );
        // What fits in a line is not broken. What has nowhere to break is, for no line may be wider than the terminal.
        assert_eq!(wrap("a bb;cc", 80, 0), ["a bb;cc"]);
        let hash = "0".repeat(50);
        assert_eq!(
            wrap(&format!("a {hash} b"), 30, 0),
            [
                "a".to_owned(),
                "0".repeat(30),
                format!("{} b", "0".repeat(20))
            ]
        );
    }
}
