//! The LDAP ping: asks many domain controllers at once over UDP who they are (MS-ADTS 6.3.3).
//!
//! Owns the request, the sockets and the matching of answers to candidates. What an answer says is `netlogon`'s, what
//! follows from it is `ranking`'s. Silence is not an error here: firewalls often let LDAP through but not its UDP port.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use super::ber;
use super::netlogon::{self, Answer};

/// How often a silent candidate is asked.
const ROUNDS: u32 = 2;
/// An answer is a few hundred bytes; a larger one is cut by the kernel and then refused.
const LONGEST_ANSWER: usize = 4096;
/// How many are asked in one call; the rest counts as silent.
const MOST_TARGETS: usize = 127;
/// NETLOGON_NT_VERSION_5 and NETLOGON_NT_VERSION_5EX, little endian (MS-ADTS 6.3.1.1).
const NT_VERSION: [u8; 4] = [0x06, 0, 0, 0];

/// What a candidate had to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// An answer, and how long it took.
    Answer(Answer, Duration),
    /// A search without result: this server holds no such domain.
    NoSuchDomain,
    /// Something that cannot be read, and why.
    Unreadable(&'static str),
    /// The question could not even be sent.
    Unreachable(String),
}

/// Asks every server of `targets` about `domain` and waits at most two rounds of `wait`; ends as soon as all have
/// answered. The result has one place per target, `None` for those that stayed silent.
pub(super) fn ping(targets: &[SocketAddr], domain: &str, wait: Duration) -> Vec<Option<Reply>> {
    let of_family = |v4: bool| -> Vec<(usize, SocketAddr)> {
        let asked = targets.iter().copied().take(MOST_TARGETS).enumerate();
        asked.filter(|(_, target)| target.is_ipv4() == v4).collect()
    };
    let (v4, v6) = (of_family(true), of_family(false));
    let mut replies = thread::scope(|scope| {
        let other = scope.spawn(|| ping_family(Ipv6Addr::UNSPECIFIED.into(), &v6, domain, wait));
        let mut replies = ping_family(Ipv4Addr::UNSPECIFIED.into(), &v4, domain, wait);
        replies.extend(other.join().unwrap_or_default());
        replies
    });
    (0..targets.len())
        .map(|place| replies.remove(&place))
        .collect()
}

/// [`ping`] over one socket, for targets of one address family; keyed by the place of the target.
fn ping_family(
    local: IpAddr,
    targets: &[(usize, SocketAddr)],
    domain: &str,
    wait: Duration,
) -> BTreeMap<usize, Reply> {
    let mut replies = BTreeMap::new();
    if targets.is_empty() {
        return replies;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the LDAP ping is connectionless LDAP, which ldap3 does not speak"
    )]
    let socket = match UdpSocket::bind((local, 0)) {
        Ok(socket) => socket,
        Err(error) => {
            let all = targets.iter();
            return all
                .map(|(place, _)| (*place, Reply::Unreachable(error.to_string())))
                .collect();
        }
    };
    for _ in 0..ROUNDS {
        let mut sent = BTreeMap::new();
        for (place, target) in targets {
            if replies.contains_key(place) {
                continue;
            }
            let now = Instant::now();
            match socket.send_to(&request(*place, domain), target) {
                Ok(_) => {
                    sent.insert(*place, now);
                }
                Err(error) => {
                    replies.insert(*place, Reply::Unreachable(error.to_string()));
                }
            }
        }
        let deadline = Instant::now() + wait;
        while replies.len() < targets.len()
            && let Some((from, bytes)) = receive(&socket, deadline)
        {
            let Some((id, reply)) = read(&bytes) else {
                continue;
            };
            // The number and the address must both be those of one question: nobody answers for another.
            let Some((place, _)) = targets
                .iter()
                .find(|(place, target)| message_id(*place) == id && same_server(*target, from))
            else {
                continue;
            };
            let took = sent.get(place).map(Instant::elapsed).unwrap_or_default();
            replies.entry(*place).or_insert(match reply {
                Ok(Some(answer)) => Reply::Answer(answer, took),
                Ok(None) => Reply::NoSuchDomain,
                Err(why) => Reply::Unreadable(why),
            });
        }
    }
    replies
}

/// Port and address; not the flow label or the zone, which the kernel fills in.
fn same_server(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip() == other.ip() && one.port() == other.port()
}

/// The next datagram before the deadline. Datagrams nobody asked for do not prolong it.
fn receive(socket: &UdpSocket, deadline: Instant) -> Option<(SocketAddr, Vec<u8>)> {
    let mut buffer = vec![0; LONGEST_ANSWER];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        socket.set_read_timeout(Some(left)).ok()?;
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                buffer.truncate(length);
                return Some((from, buffer));
            }
            // Some systems report another target's refusal here, or a signal; others may still answer.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::ConnectionReset
                        | ErrorKind::Interrupted
                ) => {}
            Err(_) => return None,
        }
    }
}

/// LDAP message numbers start at 1 (RFC 4511 4.1.1.1); those of [`MOST_TARGETS`] fit into one byte of an INTEGER.
fn message_id(place: usize) -> u8 {
    u8::try_from(place).map_or(u8::MAX, |place| place.saturating_add(1))
}

/// A search of the root DSE for `Netlogon` with `(&(DnsDomain=domain)(NtVer=…))` (MS-ADTS 6.3.3.2, RFC 4511 4.5.1).
fn request(place: usize, domain: &str) -> Vec<u8> {
    let text = |value: &[u8]| ber::element(0x04, &[value]);
    let equals =
        |name: &str, value: &[u8]| ber::element(0xA3, &[&text(name.as_bytes()), &text(value)]);
    let filter = ber::element(
        0xA0,
        &[
            &equals("DnsDomain", domain.as_bytes()),
            &equals("NtVer", &NT_VERSION),
        ],
    );
    let search = ber::element(
        0x63,
        &[
            &text(b""),    // the root DSE
            b"\x0A\x01\0", // baseObject
            b"\x0A\x01\0", // neverDerefAliases
            b"\x02\x01\0", // no limit of size
            b"\x02\x01\0", // nor of time
            b"\x01\x01\0", // values too
            &filter,
            &ber::element(0x30, &[&text(b"Netlogon")]),
        ],
    );
    ber::element(0x30, &[&[0x02, 0x01, message_id(place)], &search])
}

/// The message number and what it carries: an answer, or `None` for a search without result. The whole is `None` for
/// bytes that are no LDAP message.
fn read(bytes: &[u8]) -> Option<(u8, Result<Option<Answer>, &'static str>)> {
    const SEARCH_RESULT_ENTRY: u8 = 0x64;
    const SEARCH_RESULT_DONE: u8 = 0x65;
    let (message, _) = ber::expect(0x30, bytes)?;
    let (number, operation) = ber::expect(0x02, message)?;
    // Only numbers of one byte were sent; some servers write every number with four.
    let (&id, zeros) = number.split_last()?;
    if zeros.iter().any(|octet| *octet != 0) {
        return None;
    }
    let (tag, body, _) = ber::next(operation)?;
    let content = match tag {
        SEARCH_RESULT_ENTRY => match netlogon_value(body) {
            Some(value) => netlogon::parse(value).map(Some),
            None => Ok(None),
        },
        SEARCH_RESULT_DONE => Ok(None),
        _ => return None,
    };
    Some((id, content))
}

/// The value of the one attribute of a SearchResultEntry (RFC 4511 4.5.2).
fn netlogon_value(entry: &[u8]) -> Option<&[u8]> {
    let (_name, rest) = ber::expect(0x04, entry)?;
    let (mut attributes, _) = ber::expect(0x30, rest)?;
    while let Some((attribute, rest)) = ber::expect(0x30, attributes) {
        let (name, values) = ber::expect(0x04, attribute)?;
        if name.eq_ignore_ascii_case(b"Netlogon") {
            let (values, _) = ber::expect(0x31, values)?;
            return ber::expect(0x04, values).map(|(value, _)| value);
        }
        attributes = rest;
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )]

    use proptest::prelude::*;

    use super::super::netlogon::tests::RESPONSE;
    use super::*;

    fn answer(id: u8, netlogon: &[u8]) -> Vec<u8> {
        let attribute = ber::element(
            0x30,
            &[
                &ber::element(0x04, &[b"netlogon"]),
                &ber::element(0x31, &[&ber::element(0x04, &[netlogon])]),
            ],
        );
        let entry = ber::element(
            0x64,
            &[
                &ber::element(0x04, &[b""]),
                &ber::element(0x30, &[&attribute]),
            ],
        );
        let done = b"\x65\x07\x0A\x01\0\x04\0\x04\0";
        [
            ber::element(0x30, &[&[0x02, 0x01, id], &entry]),
            ber::element(0x30, &[&[0x02, 0x01, id], done]),
        ]
        .concat()
    }

    /// A socket on a loopback port that treats `count` datagrams with `respond` and then is silent.
    pub(in crate::discovery) fn responder(
        count: usize,
        respond: impl Fn(usize, u8) -> Vec<Vec<u8>> + Send + 'static,
    ) -> SocketAddr {
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            for turn in 0..count {
                let mut buffer = [0; 512];
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    return;
                };
                let (message, _) = ber::expect(0x30, &buffer[..length]).unwrap();
                let id = *ber::expect(0x02, message).unwrap().0.last().unwrap();
                for datagram in respond(turn, id) {
                    socket.send_to(&datagram, from).unwrap();
                }
            }
        });
        address
    }

    pub(in crate::discovery) fn answering(netlogon: Vec<u8>) -> SocketAddr {
        responder(2, move |_, id| vec![answer(id, &netlogon)])
    }

    #[test]
    fn the_request_is_the_one_of_the_specification() {
        let expected =
            b"\x30\x45\x02\x01\x01\x63\x40\x04\0\x0a\x01\0\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\
            \xa0\x21\xa3\x10\x04\x09DnsDomain\x04\x03a.b\xa3\x0d\x04\x05NtVer\x04\x04\x06\0\0\0\
            \x30\x0a\x04\x08Netlogon";
        let ours = request(0, "a.b");
        assert_eq!(ours, expected);
    }

    #[test]
    fn answers_silence_and_nonsense_are_told_apart() {
        let good = answering(RESPONSE.to_vec());
        let late = responder(2, |turn, id| {
            if turn == 0 {
                vec![]
            } else {
                vec![answer(id, RESPONSE)]
            }
        });
        let wrong_number = responder(2, |_, id| vec![answer(id + 1, RESPONSE)]);
        let empty = responder(1, |_, id| {
            vec![
                b"junk".to_vec(),
                ber::element(0x30, &[&[2, 1, id], b"\x65\x07\x0A\x01\0\x04\0\x04\0"]),
            ]
        });
        let broken = answering(RESPONSE[..30].to_vec());
        let replies = ping(
            &[good, late, wrong_number, empty, broken],
            "corp.example",
            Duration::from_millis(150),
        );
        let [first, second, third, fourth, fifth] = replies.as_slice() else {
            panic!("{replies:?}");
        };
        assert!(matches!(first, Some(Reply::Answer(Answer::Serving(_), _))));
        assert!(matches!(second, Some(Reply::Answer(Answer::Serving(_), _))));
        assert_eq!(*third, None);
        assert_eq!(*fourth, Some(Reply::NoSuchDomain));
        assert_eq!(*fifth, Some(Reply::Unreadable("it ends too early")));
    }

    #[test]
    fn nobody_to_ask() {
        assert_eq!(ping(&[], "corp.example", Duration::from_secs(60)), []);
    }

    proptest! {
        #[test]
        fn arbitrary_datagrams(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..100, with in any::<u8>()) {
            let _ = read(&bytes);
            let mut message = answer(1, RESPONSE);
            message[at] = with;
            let _ = read(&message);
            message.truncate(at);
            prop_assert_eq!(read(&message), None);
        }
    }
}
