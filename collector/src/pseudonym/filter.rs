//! Search filters as text (RFC 4515).
//!
//! Owns finding the assertion values. What becomes of them is up to the caller.

/// The filter with each assertion value replaced by what `replace` makes of attribute and value. `*` alone stays; the
/// parts around a `*` are values of their own.
pub(super) fn replace(text: &str, mut replace: impl FnMut(&str, &[u8]) -> Vec<u8>) -> String {
    let mut out = String::with_capacity(text.len());
    // Parentheses in a value are escaped, so every one here belongs to the filter.
    for item in text.split_inclusive(['(', ')']) {
        let bare = item.trim_end_matches(['(', ')']);
        let end = item.get(bare.len()..).unwrap_or_default();
        match bare.split_once('=') {
            Some((left, value)) => {
                let attribute = left.split([':', ';', '<', '>', '~']).next().unwrap_or(left);
                out.push_str(left);
                out.push('=');
                let parts: Vec<String> = value
                    .split('*')
                    .map(|part| match part.is_empty() {
                        true => String::new(),
                        false => escape(&replace(attribute, &unescape(part))),
                    })
                    .collect();
                out.push_str(&parts.join("*"));
            }
            // `&`, `|`, `!` and nothing else stand outside of items.
            None => out.extend(bare.chars().filter(|c| matches!(c, '&' | '|' | '!'))),
        }
        out.push_str(end);
    }
    out
}

fn unescape(value: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let pair = [ahead.next(), ahead.next()]
            .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
        match (byte, pair) {
            (b'\\', [Some(high), Some(low)]) => {
                bytes.extend(u8::try_from(high << 4 | low));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// What is not a printable letter of a filter, as `\xx`.
fn escape(value: &[u8]) -> String {
    value
        .iter()
        .map(|byte| match byte {
            b'(' | b')' | b'*' | b'\\' | 0..=0x1f | 0x7f.. => format!("\\{byte:02x}"),
            _ => char::from(*byte).to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::tests::pseudonymizer;

    #[test]
    fn values_are_found_and_escaped_again() {
        let mut seen = Vec::new();
        let text = "(&(cn=a\\2ab*c)(!(uSNCreated>=5))(userAccountControl:1.2.3:=2)(x=*))";
        let out = replace(text, |attribute, value| {
            seen.push((attribute.to_owned(), value.to_vec()));
            value.to_vec()
        });
        assert_eq!(out, text);
        let pair = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        assert_eq!(
            seen,
            [
                pair("cn", b"a*b"),
                pair("cn", b"c"),
                pair("uSNCreated", b"5"),
                pair("userAccountControl", b"2")
            ]
        );
    }

    #[test]
    fn the_filters_of_the_plan_stay_and_names_in_others_do_not() {
        let mut pseudonymizer = pseudonymizer();
        for query in coldcase_schemas::plan::QUERIES {
            assert_eq!(pseudonymizer.filter(query.filter), query.filter);
            let part = format!("(&{}(uSNCreated>=17)(uSNCreated<=99))", query.filter);
            assert_eq!(pseudonymizer.filter(&part), part);
        }
        let ada = pseudonymizer.names.token("ada");
        assert_eq!(
            pseudonymizer.filter("(|(cn=ada)(other=Ada)(memberOf=CN=ada)(Ada))"),
            format!(
                "(|(cn={ada})(other={ada})(memberOf={})())",
                pseudonymizer.names.token("CN=ada")
            )
        );
    }
}
