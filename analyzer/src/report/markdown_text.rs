//! What a directory says as the text of a Markdown document: it must not become markup, nor what GitHub, wikis and ticket
//! systems make of bare text: a link (`http://…`, `www.…`, an address of mail) or a mention (`@name`).

use super::visible;

/// Text that is nothing but text: no control characters, and every ASCII punctuation character that CommonMark gives a
/// meaning escaped (CommonMark 2.4), the bar of tables too. What makes a link or a mention of bare text becomes code: a
/// backslash would not do, since mentions are looked for in what was made of the document.
pub(crate) fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for (place, c) in text.char_indices() {
        let (before, from) = text.split_at(place);
        let live = is_live(before, from);
        if live != in_code {
            escaped.push('`');
            in_code = live;
        }
        if !live
            && matches!(
                c,
                '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~' | '!'
            )
        {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    if in_code {
        escaped.push('`');
    }
    escaped
}

/// Whether the sign at the beginning of `from` makes a link or a mention: `@`, the colon of `http://`, the point of `www.`.
fn is_live(before: &str, from: &str) -> bool {
    let www = || {
        let last = before.len().checked_sub(3).and_then(|at| before.get(at..));
        last.is_some_and(|last| last.eq_ignore_ascii_case("www"))
    };
    from.starts_with('@') || from.starts_with("://") || (from.starts_with('.') && www())
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
        assert_eq!(
            escaped("http://a.example WWW.b.example c@d @e www.@f"),
            "http`:`//a.example WWW`.`b.example c`@`d `@`e www`.@`f"
        );
        assert_eq!(escaped("gmsa-sql$ (gmsa)"), "gmsa-sql$ (gmsa)");
    }
}
