//! The little of BER that a ping needs: definite lengths, one element after the other (X.690 8.1, RFC 4511 5.1).
//!
//! `ldap3` parses a whole tree and descends once per level of nesting, as deep as the sender likes; this reader goes
//! only where it is sent. It is no general decoder: tags are one byte, and values stay bytes.

/// An element of `tag` around `parts`.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![tag];
    match u8::try_from(body.len()) {
        Ok(length @ 0..0x80) => bytes.push(length),
        _ => {
            let length = body.len().to_be_bytes();
            let octets: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
            bytes.push(0x80 | octets.len() as u8);
            bytes.extend(octets);
        }
    }
    bytes.extend(body);
    bytes
}

/// The first element of `bytes`, which must have this tag: its body, and what follows it.
pub(super) fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, body, rest) = next(bytes)?;
    (found == tag).then_some((body, rest))
}

/// Tag, body and what follows the first element of `bytes`; `None` if it is cut or of an indefinite length.
pub(super) fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length = octets
                .iter()
                .fold(0_u32, |length, octet| length << 8 | u32::from(*octet));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn lengths_of_every_form() {
        for length in [0, 127, 128, 255, 256, 70_000] {
            let body = vec![7; length];
            let bytes = element(0x04, &[&body, b""]);
            let (read, rest) = expect(0x04, &bytes).unwrap();
            assert_eq!((read, rest), (body.as_slice(), &b""[..]));
            assert_eq!(expect(0x05, &bytes), None);
            assert_eq!(next(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(element(0x04, &[&[0; 300]])[..4], [0x04, 0x82, 0x01, 0x2C]);
        // Windows writes four octets whatever the length.
        assert_eq!(
            next(b"\x30\x84\0\0\0\x01xy"),
            Some((0x30, &b"x"[..], &b"y"[..]))
        );
    }

    #[test]
    fn lengths_that_are_refused() {
        assert_eq!(next(b""), None);
        assert_eq!(next(b"\x30"), None);
        assert_eq!(next(b"\x30\x80\0\0"), None);
        assert_eq!(next(b"\x30\x85\0\0\0\0\x01x"), None);
        assert_eq!(next(b"\x30\x84\xff\xff\xff\xffx"), None);
    }
}
