//! Characters that CLIXML writes as something else: XML's entities, and PowerShell's own escapes.
//!
//! Deliberately knows no entity but the five of XML.

use quick_xml::events::BytesRef;

/// The character that an entity stands for; `None` for one that a document type would have to declare.
pub(super) fn character(entity: &BytesRef<'_>) -> Option<char> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().ok().flatten();
    }
    Some(match entity.xml10_content().as_ref() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// `_x000A_` is the UTF-16 unit of that number (MS-PSRP 2.2.5.3.2).
pub(super) fn unescaped(text: &str) -> String {
    if !text.contains("_x") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut units: Vec<u16> = Vec::new();
    let flush = |units: &mut Vec<u16>, out: &mut String| {
        for character in char::decode_utf16(units.drain(..)) {
            out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    };
    while !rest.is_empty() {
        if let Some((unit, after)) = escape(rest) {
            units.push(unit);
            rest = after;
            continue;
        }
        flush(&mut units, &mut out);
        // Up to the next underscore that may begin an escape.
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, character)| *character == '_')
            .map_or(rest.len(), |(at, _)| at);
        let (plain, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(plain);
        rest = after;
    }
    flush(&mut units, &mut out);
    out
}

/// The escape at the start of a text, and what follows it.
fn escape(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix("_x")?;
    let (digits, after) = digits.split_at_checked(4)?;
    let after = after.strip_prefix('_')?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16)
        .ok()
        .map(|unit| (unit, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_text() {
        for (text, expected) in [
            ("plain_text", "plain_text"),
            ("a_x000A_b", "a\nb"),
            ("_x005F_x000A_", "_x000A_"),
            ("_xD834__xDD1E_", "𝄞"),
            ("_xD834_", "\u{fffd}"),
            ("_x00", "_x00"),
            ("_xzzzz__x0041_", "_xzzzz_A"),
            ("ü_x00e4_", "üä"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }
}
