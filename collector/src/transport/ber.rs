//! The few elements of BER that a bind needs (X.690, definite lengths only as RFC 4511, section 5.1 demands).
//!
//! Searches and their results are ldap3's. Deliberately never indexes: what a server sends before the bind is
//! read here, so every malformed element ends as `None`.

/// One element taken from the front of `bytes`: its tag octet, its content, and what follows it.
pub(super) fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        // 0x80 is the indefinite length; more than four octets is more than any message here.
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = octets
                .iter()
                .fold(0_usize, |length, octet| length << 8 | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// An element that must have the tag `wanted`: its content and what follows it.
pub(super) fn expect(wanted: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// The value of a non-negative INTEGER or ENUMERATED that fits into 31 bits.
pub(super) fn integer(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.len() > 4 || content.first()? & 0x80 != 0 {
        return None;
    }
    Some(
        content
            .iter()
            .fold(0, |value, octet| value << 8 | u32::from(*octet)),
    )
}

/// Appends an element.
pub(super) fn append(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    if let Ok(length @ 0..=0x7F) = u8::try_from(content.len()) {
        out.push(length);
    } else {
        let octets = content.len().to_be_bytes();
        let significant = octets.iter().skip_while(|octet| **octet == 0);
        let count = u8::try_from(significant.clone().count()).unwrap_or(u8::MAX);
        out.push(0x80 | count);
        out.extend(significant);
    }
    out.extend_from_slice(content);
}

/// The content octets of a non-negative INTEGER.
pub(super) fn integer_octets(value: u32) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let mut minimal: Vec<u8> = octets
        .iter()
        .copied()
        .skip_while(|octet| *octet == 0)
        .collect();
    if minimal.first().is_none_or(|first| first & 0x80 != 0) {
        minimal.insert(0, 0);
    }
    minimal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_appended_is_found(tag in any::<u8>(), content in proptest::collection::vec(any::<u8>(), 0..700), after in any::<[u8; 3]>()) {
            let mut bytes = Vec::new();
            append(&mut bytes, tag, &content);
            bytes.extend_from_slice(&after);
            prop_assert_eq!(element(&bytes), Some((tag, content.as_slice(), after.as_slice())));
        }

        #[test]
        fn integers_come_back(value in 0_u32..0x8000_0000) {
            prop_assert_eq!(integer(&integer_octets(value)), Some(value));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some((_, content, rest)) = element(&bytes) {
                prop_assert!(content.len() + rest.len() < bytes.len());
            }
            let _ = integer(&bytes);
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        assert_eq!(element(&[0x30, 0x05, 1, 2]), None);
        assert_eq!(element(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(element(&[0x30, 0x85, 0, 0, 0, 0, 0]), None);
        assert_eq!(element(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), None);
        assert_eq!(element(&[0x30]), None);
        assert_eq!(integer(&[0xFF]), None);
        assert_eq!(integer(&[]), None);
    }
}
