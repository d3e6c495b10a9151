//! On which line of a page's front matter something stands.
//!
//! Deliberately does not judge: sentences about well-formed front matter begin with the key that they are about, such as
//! `needs.queries does not know "usres"`, and here that key is looked for.

use std::ops::Range;

use toml_edit::{Document, Item};

/// The line, from 0, of the key with which `message` begins; of the entry of its list that `message` quotes, if it is
/// there; 0 if no such key is.
pub(super) fn line_of(toml: &str, message: &str) -> usize {
    let keys = message.split_whitespace().next().unwrap_or_default();
    // Escaped as the message quotes it.
    let quoted = message.split('"').nth(1);
    let start = span_of(toml, keys, quoted).map_or(0, |span| span.start);
    let before = toml.get(..start).unwrap_or_default();
    before.matches('\n').count()
}

fn span_of(toml: &str, keys: &str, quoted: Option<&str>) -> Option<Range<usize>> {
    let document = Document::parse(toml).ok()?;
    let mut item: &Item = document.as_item();
    let mut span = None;
    for key in keys.split('.') {
        let Some((key, inner)) = item.as_table_like()?.get_key_value(key) else {
            break;
        };
        span = key.span().or(span);
        item = inner;
    }
    let entries = item.as_array().into_iter().flatten();
    let mut told = entries.filter(|entry| entry.as_str().is_some() && entry.as_str() == quoted);
    told.next().and_then(|entry| entry.span()).or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_entries_have_lines() {
        let toml = "id = \"a\"\napplies_to = [\n  \"user\",\n  \"usr\",\n]\n\n[needs]\nqueries = []\n\
                    readable = { gmsa = [\"x\"],\n  user = [\"y\"] }\n";
        let line = |message| line_of(toml, message);
        assert_eq!(line("id \"a\" is not kebab-case"), 0);
        assert_eq!(line("applies_to does not know the kind \"usr\""), 3);
        assert_eq!(line("applies_to is odd"), 1);
        assert_eq!(line("needs.queries is empty"), 7);
        assert_eq!(line("needs.readable cannot watch the attribute \"y\""), 8);
        assert_eq!(line("needs.readable.user is odd"), 9);
        assert_eq!(line("needs.nothing is there"), 6);
        assert_eq!(line("nothing is there"), 0);
        assert_eq!(line_of("=", "id"), 0);
    }
}
