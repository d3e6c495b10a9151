//! What a directory says as the text of a Markdown document: it must not become markup.

use super::visible;

/// Text that is nothing but text: no control characters, and every ASCII punctuation character that CommonMark gives a
/// meaning escaped (CommonMark 2.4), the bar of tables too.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(
            escaped("a|b *c* <d> [e](f)\n"),
            "a\\|b \\*c\\* \\<d\\> \\[e\\](f)\u{FFFD}"
        );
        assert_eq!(escaped("gmsa-sql$ (gmsa)"), "gmsa-sql$ (gmsa)");
    }
}
