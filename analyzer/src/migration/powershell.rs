//! Values of a directory as PowerShell: literals that end nowhere but at their end.
//!
//! In a single-quoted string of PowerShell only a quote means something, and it is doubled (about_Quoting_Rules). Four
//! typographic quotes count as the plain one. Deliberately has no expandable strings: nothing of a directory stands where
//! `$` or a backtick would mean something.

use crate::report::is_hidden;

/// What PowerShell takes for a single quote: the plain one and U+2018 to U+201B.
fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201B}')
}

/// A value as a single-quoted string; `None` if it has characters that control a terminal, turn the direction of text or are
/// not seen, since nobody can review those.
pub(super) fn literal(value: &str) -> Option<String> {
    if value.chars().any(is_hidden) {
        return None;
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('\'');
    for c in value.chars() {
        text.push(c);
        if is_quote(c) {
            text.push(c);
        }
    }
    text.push('\'');
    Some(text)
}

/// Values as an array, `@('a', 'b')`; `None` if one of them is no [`literal`].
pub(super) fn array<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let values: Option<Vec<String>> = values.into_iter().map(literal).collect();
    Some(format!("@({})", values?.join(", ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The strings in a script, as PowerShell's tokenizer reads single-quoted ones; what is outside of them stands in the
    /// second. `None` if one does not end.
    fn strings(script: &str) -> Option<(Vec<String>, String)> {
        let mut found = Vec::new();
        let mut outside = String::new();
        let mut rest = script.chars().peekable();
        while let Some(c) = rest.next() {
            if !is_quote(c) {
                outside.push(c);
                continue;
            }
            let mut string = String::new();
            loop {
                let c = rest.next()?;
                if !is_quote(c) {
                    string.push(c);
                } else if rest.peek().copied().is_some_and(is_quote) {
                    // Two quotes stand for one.
                    string.push(c);
                    rest.next();
                } else {
                    break;
                }
            }
            found.push(string);
        }
        Some((found, outside))
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(literal("svc").as_deref(), Some("'svc'"));
        assert_eq!(literal("").as_deref(), Some("''"));
        assert_eq!(literal("O'Neil").as_deref(), Some("'O''Neil'"));
        assert_eq!(
            literal("\u{2018}\u{2019}\u{201A}\u{201B}").as_deref(),
            Some("'\u{2018}\u{2018}\u{2019}\u{2019}\u{201A}\u{201A}\u{201B}\u{201B}'")
        );
        assert_eq!(literal("$(calc) `n \"").as_deref(), Some("'$(calc) `n \"'"));
    }

    #[test]
    fn what_nobody_can_review_is_no_literal() {
        for odd in [
            "a\nb",
            "a\rb",
            "\0",
            "\u{1b}[31m",
            "\u{202e}x",
            "\u{200b}",
            "\u{2028}",
        ] {
            assert_eq!(literal(odd), None, "{odd:?}");
            assert_eq!(array(["a", odd]), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn a_literal_is_one_string_and_holds_the_value(value in "[\\PC'\u{2018}-\u{201B}$`\"#;|&(){}@]{0,40}") {
            prop_assume!(!value.chars().any(is_hidden));
            let text = literal(&value).unwrap_or_default();
            let (found, outside) = strings(&text).unwrap_or_default();
            prop_assert_eq!(found, vec![value]);
            prop_assert_eq!(outside, "");
        }

        #[test]
        fn an_array_holds_the_values(values in prop::collection::vec("['a\u{2018}-\u{201B},()]{0,8}", 0..5)) {
            let text = array(values.iter().map(String::as_str)).unwrap_or_default();
            let (found, outside) = strings(&text).unwrap_or_default();
            prop_assert_eq!(&found, &values);
            let commas = ", ".repeat(values.len().saturating_sub(1));
            prop_assert_eq!(outside, format!("@({commas})"));
        }
    }
}
