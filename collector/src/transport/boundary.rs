//! Whether a stream from a server is a sequence of LDAP messages that can be decoded in bounded memory.
//!
//! ldap3's decoder holds a message until all that was announced has arrived, descends into nested elements by
//! recursion, and waits for more where an inner element claims to be longer than the message around it. So a server
//! could take any amount of memory, or all of the stack, with a few octets. Here every header is checked while the
//! octets pass. Deliberately keeps no content and does not know what an element means: that is ldap3's.

use std::io;

/// The longest message, in octets with its header. Active Directory's own limits keep its answers far below.
pub(super) const LONGEST: usize = 64 << 20;

/// The most elements of a message. A decoded element takes some hundred octets however short it was on the wire.
const MOST_ELEMENTS: usize = 1 << 20;

/// The deepest nesting. An entry (RFC 4511, section 4.5.2) has seven levels.
const DEEPEST: usize = 32;

/// SEQUENCE, the tag of every LDAPMessage (RFC 4511, section 4.1.1).
const SEQUENCE: u8 = 0x30;

/// The bit of a tag that says the content is made of elements (X.690, section 8.1.2.5).
const CONSTRUCTED: u8 = 0x20;

/// The tag numbers that go on in further octets (X.690, section 8.1.2.4); LDAP has none.
const LONG_TAG: u8 = 0x1F;

/// The place in the stream.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    /// For each constructed element around this place, outermost first: octets that no child has claimed yet.
    open: Vec<usize>,
    /// Elements of this message so far.
    elements: usize,
    next: Next,
}

/// What the next octet is.
#[derive(Debug, Default, Clone, Copy)]
enum Next {
    #[default]
    Tag,
    /// The first octet of the length, after this tag.
    Length(u8),
    /// One of `missing` further octets of the length, after those that made `length`; `read` octets of header so far.
    LengthOctet {
        tag: u8,
        missing: u8,
        length: usize,
        read: usize,
    },
    /// One of so many octets of content.
    Content(usize),
}

impl Boundary {
    /// Follows `bytes`, the continuation of the stream.
    ///
    /// # Errors
    /// The stream is no sequence of LDAP messages with definite lengths (RFC 4511, section 5.1), or one of them is
    /// longer than [`LONGEST`], nested too deeply or made of too many elements. Nothing further may be followed.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            if let Next::Content(count) = self.next {
                let passed = count.min(bytes.len());
                bytes = bytes.get(passed..).unwrap_or_default();
                self.next = match count - passed {
                    0 => Next::Tag,
                    left => Next::Content(left),
                };
            }
            let Some((&octet, rest)) = bytes.split_first() else {
                return Ok(());
            };
            bytes = rest;
            self.header(octet)?;
        }
    }

    /// Takes one octet of a header.
    fn header(&mut self, octet: u8) -> io::Result<()> {
        if matches!(self.next, Next::Tag) {
            while self.open.last() == Some(&0) {
                self.open.pop();
            }
        }
        self.claim(1)?;
        match self.next {
            Next::Tag => {
                if self.open.is_empty() {
                    self.elements = 0;
                    if octet != SEQUENCE {
                        return Err(bad("the server sent something else than an LDAP message"));
                    }
                }
                self.elements += 1;
                if octet & LONG_TAG == LONG_TAG {
                    return Err(bad("the server sent a tag that LDAP does not have"));
                }
                if self.elements > MOST_ELEMENTS {
                    return Err(bad("the server sent a message of too many elements"));
                }
                self.next = Next::Length(octet);
                Ok(())
            }
            Next::Length(tag) => match octet {
                0..=0x7F => self.enter(tag, usize::from(octet), 2),
                0x81..=0x84 => {
                    self.next = Next::LengthOctet {
                        tag,
                        missing: octet - 0x80,
                        length: 0,
                        read: 2,
                    };
                    Ok(())
                }
                _ => Err(bad("the server sent an element without a usable length")),
            },
            Next::LengthOctet {
                tag,
                missing,
                length,
                read,
            } => {
                // Four octets at most, which usize holds everywhere this runs.
                let length = length << 8 | usize::from(octet);
                if missing <= 1 {
                    return self.enter(tag, length, read + 1);
                }
                self.next = Next::LengthOctet {
                    tag,
                    missing: missing - 1,
                    length,
                    read: read + 1,
                };
                Ok(())
            }
            // `follow` has passed all content before it comes here.
            Next::Content(_) => Err(bad("the end of an element was missed")),
        }
    }

    /// Begins the content of an element after `header` octets.
    fn enter(&mut self, tag: u8, length: usize, header: usize) -> io::Result<()> {
        if self.open.is_empty() && length.saturating_add(header) > LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the server announced a message of {length} bytes; at most {LONGEST} are accepted"
                ),
            ));
        }
        self.claim(length)?;
        if tag & CONSTRUCTED == 0 {
            self.next = Next::Content(length);
            return Ok(());
        }
        if self.open.len() >= DEEPEST {
            return Err(bad("the server sent a message that is nested too deeply"));
        }
        self.open.push(length);
        self.next = Next::Tag;
        Ok(())
    }

    /// Takes octets from the element around this place, if there is one.
    fn claim(&mut self, octets: usize) -> io::Result<()> {
        let Some(left) = self.open.last_mut() else {
            return Ok(());
        };
        *left = left
            .checked_sub(octets)
            .ok_or_else(|| bad("the server sent an element longer than the one around it"))?;
        Ok(())
    }
}

fn bad(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::transport::ber;
    use proptest::prelude::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ber::append(&mut out, tag, content);
        out
    }

    /// Follows `bytes` in pieces that end at `cuts` (any numbers), or tells why they were refused.
    fn pieces(bytes: &[u8], cuts: &[usize]) -> io::Result<Boundary> {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut boundary = Boundary::default();
        for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
            boundary.follow(bytes.get(*from..*to).unwrap())?;
        }
        Ok(boundary)
    }

    fn refusal(bytes: &[u8]) -> String {
        let whole = pieces(bytes, &[]).unwrap_err().to_string();
        let single: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(pieces(bytes, &single).unwrap_err().to_string(), whole);
        whole
    }

    /// Some tree of elements, as bytes.
    fn tree() -> impl Strategy<Value = Vec<u8>> {
        let leaf =
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|content| element(4, &content));
        leaf.prop_recursive(6, 40, 5, |inner| {
            proptest::collection::vec(inner, 0..5)
                .prop_map(|children| element(0x31, &children.concat()))
        })
    }

    proptest! {
        #[test]
        fn any_split_of_messages_is_followed(
            contents in proptest::collection::vec(proptest::collection::vec(tree(), 0..4), 0..6),
            cuts in proptest::collection::vec(any::<usize>(), 0..60),
        ) {
            let messages: Vec<u8> = contents.iter().flat_map(|trees| element(SEQUENCE, &trees.concat())).collect();
            let mut boundary = pieces(&messages, &cuts).unwrap();
            // And the place behind them is the beginning of a message again.
            prop_assert!(boundary.follow(&[SEQUENCE, 0]).is_ok());
            prop_assert!(boundary.follow(&[4, 0]).is_err());
        }

        #[test]
        fn what_is_refused_does_not_depend_on_the_split(
            bytes in proptest::collection::vec(prop_oneof![Just(0x30_u8), Just(4), Just(0x81), 0_u8..9, any::<u8>()], 0..60),
            cuts in proptest::collection::vec(any::<usize>(), 0..20),
        ) {
            let outcome = |cuts: &[usize]| pieces(&bytes, cuts).map(|_| ()).map_err(|error| error.to_string());
            prop_assert_eq!(outcome(&cuts), outcome(&[]));
        }
    }

    #[test]
    fn a_long_message_is_refused_by_its_header() {
        let fits = u32::try_from(LONGEST - 6).unwrap();
        let header = |length: u32| [&[SEQUENCE, 0x84][..], &length.to_be_bytes()].concat();
        assert!(pieces(&header(fits), &[1, 2, 3, 4, 5]).is_ok());
        for length in [fits + 1, 0x7FFF_FFFF, u32::MAX] {
            let said = refusal(&header(length));
            assert!(said.contains(&length.to_string()), "{said}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for bytes in [
            b"HTTP/1.1 400".as_slice(),
            &[SEQUENCE, 0x80, 0, 0],
            &[SEQUENCE, 0x85, 0, 0, 0, 0, 1],
            &[SEQUENCE, 0xFF],
            &[SEQUENCE, 3, 0x1F, 0x81, 0],
            // Longer than what is around it: in its length, and in its header.
            &[SEQUENCE, 6, 4, 0x84, 3, 0, 0, 0],
            &[SEQUENCE, 4, 4, 3, 0, 0, 0],
            &[SEQUENCE, 1, 4, 0],
            &[SEQUENCE, 5, 0x31, 2, 4, 1, 0],
            // A second message that is none.
            &[SEQUENCE, 0, SEQUENCE, 2, 4, 0, 7],
        ] {
            assert!(!refusal(bytes).is_empty());
        }
    }

    #[test]
    fn nesting_and_numbers_are_bounded() {
        let nested = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| element(0x30, &inner));
        assert!(pieces(&nested(DEEPEST), &[]).is_ok());
        assert!(refusal(&nested(DEEPEST + 1)).contains("nested"));
        let many = |count: usize| element(SEQUENCE, &[5, 0].repeat(count));
        let twice = [many(MOST_ELEMENTS - 1), many(MOST_ELEMENTS - 1)].concat();
        assert!(pieces(&twice, &[]).is_ok());
        let error = pieces(&many(MOST_ELEMENTS), &[]).unwrap_err().to_string();
        assert!(error.contains("elements"), "{error}");
    }
}
