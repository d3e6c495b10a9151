//! Sentences in lines that fit a terminal of 80 columns. Deliberately knows nothing of what they say.

use std::io::{self, Write};

/// Widest line that is printed.
pub(crate) const WIDTH: usize = 80;

/// `text` after `head`, in lines that fit, the further ones indented as far as the head.
pub(crate) fn wrapped(out: &mut impl Write, head: &str, text: &str) -> io::Result<()> {
    let indent = head.chars().count();
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let length = line.chars().count();
        if !empty && length + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut out = Vec::new();
        wrapped(&mut out, "  user: ", &"attribute, ".repeat(30)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(text.matches("attribute").count(), 30);
    }
}
