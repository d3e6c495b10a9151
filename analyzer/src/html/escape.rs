//! How every value of a template becomes HTML: escaped, and without characters that hide or turn text.
//!
//! Askama puts it around each expression of a template (`askama.toml`), so nothing has to be remembered where a value
//! is written. Deliberately knows no markup.

use std::borrow::Cow;
use std::fmt;

use askama::filters::{Escaper, Html};

use crate::report::is_hidden;

/// HTML, and what a terminal would not be shown either is visible here.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: fmt::Write>(&self, dest: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(dest, &shown(text))
    }

    fn write_escaped_char<W: fmt::Write>(&self, dest: W, c: char) -> fmt::Result {
        Html.write_escaped_char(dest, replaced(c))
    }
}

/// Line feeds stay: to a browser they are blanks, and lines of code are told apart by them.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| replaced(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(replaced).collect())
    }
}

fn replaced(c: char) -> char {
    match c {
        '\n' => '\n',
        '\t' => ' ',
        _ if is_hidden(c) => '\u{FFFD}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_hides_is_seen() {
        let mut out = String::new();
        Visible
            .write_escaped_str(&mut out, "<b>\"'&\u{1b}[31m\u{202e}x\0\n")
            .unwrap_or_default();
        assert_eq!(
            out,
            "&#60;b&#62;&#34;&#39;&#38;\u{FFFD}[31m\u{FFFD}x\u{FFFD}\n"
        );
        let mut out = String::new();
        Visible
            .write_escaped_char(&mut out, '<')
            .and_then(|()| Visible.write_escaped_char(&mut out, '\u{2066}'))
            .unwrap_or_default();
        assert_eq!(out, "&#60;\u{FFFD}");
    }
}
