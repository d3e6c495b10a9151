//! The LDAP messages before and of a bind (RFC 4511), as bytes.
//!
//! Owns what is sent and how an answer is taken apart. Deliberately does no I/O: [`super::dialogue`] does.

use ldap3::LdapResult;
use zeroize::Zeroizing;

use super::ber;

/// StartTLS (RFC 4511, section 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// "Who am I?" (RFC 4532).
const WHO_AM_I: &[u8] = b"1.3.6.1.4.1.4203.1.11.3";

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0A;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const REFERRAL: u8 = 0xA3;

/// The protocolOp of a simple bind (RFC 4513, section 5.1.3).
pub(super) fn simple_bind(user: &str, password: &str) -> Zeroizing<Vec<u8>> {
    let mut choice = Zeroizing::new(Vec::new());
    ber::append(&mut choice, 0x80, password.as_bytes());
    bind(user, &choice)
}

/// The protocolOp of one step of a SASL bind (RFC 4513, section 5.2).
pub(super) fn sasl_bind(mechanism: &str, credentials: Option<&[u8]>) -> Zeroizing<Vec<u8>> {
    let mut inner = Zeroizing::new(Vec::new());
    ber::append(&mut inner, OCTET_STRING, mechanism.as_bytes());
    if let Some(credentials) = credentials {
        ber::append(&mut inner, OCTET_STRING, credentials);
    }
    let mut choice = Zeroizing::new(Vec::new());
    ber::append(&mut choice, 0xA3, &inner);
    bind("", &choice)
}

fn bind(name: &str, choice: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut inner = Zeroizing::new(Vec::new());
    ber::append(&mut inner, INTEGER, &[3]);
    ber::append(&mut inner, OCTET_STRING, name.as_bytes());
    inner.extend_from_slice(choice);
    let mut operation = Zeroizing::new(Vec::new());
    ber::append(&mut operation, BIND_REQUEST, &inner);
    operation
}

/// The protocolOp of StartTLS.
pub(super) fn start_tls() -> Vec<u8> {
    extended(START_TLS)
}

/// The protocolOp of "Who am I?".
pub(super) fn who_am_i() -> Vec<u8> {
    extended(WHO_AM_I)
}

fn extended(name: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    ber::append(&mut inner, 0x80, name);
    let mut operation = Vec::new();
    ber::append(&mut operation, EXTENDED_REQUEST, &inner);
    operation
}

/// The protocolOp of a search for one attribute of the root DSE (RFC 4512, section 5.1).
pub(super) fn root_dse(attribute: &str) -> Vec<u8> {
    let mut inner = Vec::new();
    ber::append(&mut inner, OCTET_STRING, b"");
    ber::append(&mut inner, ENUMERATED, &[0]); // baseObject
    ber::append(&mut inner, ENUMERATED, &[0]); // neverDerefAliases
    ber::append(&mut inner, INTEGER, &[1]); // one entry
    ber::append(&mut inner, INTEGER, &[0]);
    ber::append(&mut inner, 0x01, &[0]); // types and values
    ber::append(&mut inner, 0x87, b"objectClass"); // (objectClass=*)
    let mut attributes = Vec::new();
    ber::append(&mut attributes, OCTET_STRING, attribute.as_bytes());
    ber::append(&mut inner, SEQUENCE, &attributes);
    let mut operation = Vec::new();
    ber::append(&mut operation, SEARCH_REQUEST, &inner);
    operation
}

/// An LDAPMessage without controls.
pub(super) fn envelope(id: u32, operation: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut inner = Zeroizing::new(Vec::with_capacity(operation.len() + 8));
    ber::append(&mut inner, INTEGER, &ber::integer_octets(id));
    inner.extend_from_slice(operation);
    let mut message = Zeroizing::new(Vec::with_capacity(inner.len() + 8));
    ber::append(&mut message, SEQUENCE, &inner);
    message
}

/// What a server answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// A result, with the server's SASL credentials or the value of an extended operation.
    Result {
        result: LdapResult,
        value: Option<Vec<u8>>,
    },
    /// An entry: the first value of its first attribute.
    Entry(Option<Vec<u8>>),
}

/// Takes an LDAPMessage apart: its id and what it says. `None` if it is malformed or of another kind.
pub(super) fn parse(message: &[u8]) -> Option<(u32, Answer)> {
    let (content, _) = ber::expect(SEQUENCE, message)?;
    let (id, rest) = ber::expect(INTEGER, content)?;
    let id = ber::integer(id)?;
    let (tag, operation, _) = ber::element(rest)?;
    let answer = match tag {
        BIND_RESPONSE => result(operation, 0x87)?,
        EXTENDED_RESPONSE => result(operation, 0x8B)?,
        SEARCH_DONE => result(operation, 0)?,
        SEARCH_ENTRY => Answer::Entry(first_value(operation)),
        _ => return None,
    };
    Some((id, answer))
}

/// LDAPResult (RFC 4511, section 4.1.9) and the element `value_tag` behind it.
fn result(operation: &[u8], value_tag: u8) -> Option<Answer> {
    let (code, rest) = ber::expect(ENUMERATED, operation)?;
    let (matched, rest) = ber::expect(OCTET_STRING, rest)?;
    let (text, mut rest) = ber::expect(OCTET_STRING, rest)?;
    let mut refs = Vec::new();
    let mut value = None;
    while let Some((tag, content, after)) = ber::element(rest) {
        if tag == REFERRAL {
            let mut uris = content;
            while let Some((uri, more)) = ber::expect(OCTET_STRING, uris) {
                refs.push(String::from_utf8_lossy(uri).into_owned());
                uris = more;
            }
        } else if tag == value_tag {
            value = Some(content.to_vec());
        }
        rest = after;
    }
    Some(Answer::Result {
        result: LdapResult {
            rc: ber::integer(code)?,
            matched: String::from_utf8_lossy(matched).into_owned(),
            text: String::from_utf8_lossy(text).into_owned(),
            refs,
            ctrls: Vec::new(),
        },
        value,
    })
}

/// The first value of the first attribute of a SearchResultEntry.
fn first_value(operation: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = ber::expect(OCTET_STRING, operation)?;
    let (attributes, _) = ber::expect(SEQUENCE, rest)?;
    let (attribute, _) = ber::expect(SEQUENCE, attributes)?;
    let (_, rest) = ber::expect(OCTET_STRING, attribute)?;
    let (values, _) = ber::expect(SET, rest)?;
    let (value, _) = ber::expect(OCTET_STRING, values)?;
    Some(value.to_vec())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_simple_bind_is_what_the_specification_says() {
        let message = envelope(1, &simple_bind("cn=a", "pw"));
        assert_eq!(
            &message[..],
            b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw"
        );
    }

    #[test]
    fn start_tls_is_what_the_specification_says() {
        let message = envelope(1, &start_tls());
        assert_eq!(
            &message[..],
            b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
        );
    }

    #[test]
    fn a_bind_response_with_credentials() {
        let message = b"\x30\x12\x02\x01\x02\x61\x0d\x0a\x01\x0e\x04\x00\x04\x01x\x87\x03abc";
        let (id, Answer::Result { result, value }) = parse(message).unwrap() else {
            panic!("a result")
        };
        assert_eq!((id, result.rc, result.text.as_str()), (2, 14, "x"));
        assert_eq!(value.as_deref(), Some(&b"abc"[..]));
    }

    #[test]
    fn an_entry_of_the_root_dse() {
        let message = b"\x30\x1b\x02\x01\x05\x64\x16\x04\x00\x30\x12\x30\x10\x04\x07dnsHost\x31\x05\x04\x03dc1";
        let Some((5, Answer::Entry(Some(value)))) = parse(message) else {
            panic!("an entry")
        };
        assert_eq!(value, b"dc1");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), tag in prop_oneof![Just(BIND_RESPONSE), Just(SEARCH_ENTRY), Just(EXTENDED_RESPONSE)]) {
            let _ = parse(&bytes);
            let mut operation = Vec::new();
            ber::append(&mut operation, tag, &bytes);
            bytes = envelope(7, &operation).to_vec();
            if let Some((id, _)) = parse(&bytes) {
                prop_assert_eq!(id, 7);
            }
        }
    }
}
