//! Looks names up: SRV, A and AAAA records, and the hosts file.
//!
//! Owns which name servers are asked and what is accepted as an answer. The sockets are `exchange`'s, the wire format is
//! that of `simple-dns`. Caches nothing, validates no DNSSEC and decides nothing about domain controllers.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, ResourceRecord, TYPE};

use super::exchange::exchange;
use crate::ldap::Failure;

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";
const DNS_PORT: u16 = 53;
/// As many as the C library asks (resolv.conf(5), MAXNS).
const MOST_SERVERS: usize = 3;
/// How often each server is asked before it counts as silent.
const ATTEMPTS: usize = 2;
/// How names are looked up.
#[derive(Debug)]
pub(crate) struct Resolver {
    servers: Vec<SocketAddr>,
    /// Host names go through the C library, which knows the machine's hosts file, search list and name services.
    uses_system: bool,
    timeout: Duration,
}

/// A server that an SRV record names (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    pub(super) target: String,
    /// What the name server sent along; empty if the target has to be looked up.
    pub(super) addresses: Vec<IpAddr>,
}

impl Resolver {
    /// Asks `dns_server`, or without one the servers of `/etc/resolv.conf`. `timeout` is for one try of one server.
    ///
    /// # Errors
    /// `/etc/resolv.conf` exists and cannot be read.
    pub(crate) fn new(dns_server: Option<SocketAddr>, timeout: Duration) -> Result<Self, Failure> {
        let servers = match dns_server {
            Some(server) => vec![server],
            None => system_servers()?,
        };
        Ok(Self {
            servers,
            uses_system: dns_server.is_none(),
            timeout,
        })
    }

    /// The addresses of `host`, which may be an address itself. Empty if there are none or nobody answers.
    pub(crate) fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let host = host.trim_end_matches('.');
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let mut found = Vec::new();
        if self.uses_system {
            if let Ok(addresses) = (host, 0).to_socket_addrs() {
                // The C library has them in the order of RFC 6724: what this machine reaches best is first.
                found.extend(addresses.map(|address| address.ip()));
            }
        } else {
            let hosts = fs::read_to_string(HOSTS).unwrap_or_default();
            found = in_hosts_file(&hosts, host);
            if found.is_empty() {
                for kind in [TYPE::A, TYPE::AAAA] {
                    if let Ok(reply) = self.ask(host, kind) {
                        found.extend(with_bytes(&reply, addresses_in));
                    }
                }
                // Name servers turn their answers round; the same network should give the same order.
                found.sort_unstable();
            }
        }
        let mut unique = Vec::new();
        for address in found {
            if !unique.contains(&address) {
                unique.push(address);
            }
        }
        unique
    }

    /// The SRV records of `name`, in no particular order; empty if the name server says that there are none.
    ///
    /// # Errors
    /// Half a sentence that says which name servers did not answer and how.
    pub(super) fn services(&self, name: &str) -> Result<Vec<Service>, String> {
        let reply = self.ask(name, TYPE::SRV)?;
        Ok(with_bytes(&reply, services_in))
    }

    /// The first answer of the name servers, checked to be a reply to this question.
    fn ask(&self, name: &str, kind: TYPE) -> Result<Vec<u8>, String> {
        // No server has ever seen this number, so nobody off the path can answer before it (RFC 5452 4.3).
        let id = RandomState::new().build_hasher().finish() as u16;
        let name = Name::new(name).map_err(|_| format!("{name} cannot be a DNS name"))?;
        let mut query = Packet::new_query(id);
        query.set_flags(PacketFlag::RECURSION_DESIRED);
        query.questions.push(Question::new(
            name.clone(),
            kind.into(),
            CLASS::IN.into(),
            false,
        ));
        let query = query
            .build_bytes_vec()
            .map_err(|error| format!("the question cannot be written: {error}"))?;
        let accept = |reply: &[u8]| is_reply(reply, id, &name, kind);

        let mut faults = vec![None; self.servers.len()];
        for _ in 0..ATTEMPTS {
            for (server, fault) in self.servers.iter().zip(&mut faults) {
                match exchange(*server, &query, self.timeout, &accept) {
                    Ok(reply) => match verdict(&reply) {
                        None => return Ok(reply),
                        Some(refusal) => *fault = Some(format!("{server} {refusal}")),
                    },
                    Err(why) => *fault = Some(format!("{server} {why}")),
                }
            }
        }
        Err(faults.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// The `nameserver` lines of resolv.conf(5); the local machine if there are none.
fn system_servers() -> Result<Vec<SocketAddr>, Failure> {
    match fs::read_to_string(RESOLV_CONF) {
        Ok(text) => Ok(name_servers(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(name_servers("")),
        Err(error) => Err(Failure::new(format!(
            "the name servers of this machine cannot be read from {RESOLV_CONF}: {error}"
        ))),
    }
}

fn name_servers(text: &str) -> Vec<SocketAddr> {
    let mut servers: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        .filter_map(server_address)
        .take(MOST_SERVERS)
        .collect();
    if servers.is_empty() {
        servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, DNS_PORT)));
    }
    servers
}

/// An address, which the standard library reads with a zone (`fe80::1%2`) only beside a port.
fn server_address(word: &str) -> Option<SocketAddr> {
    match word.parse::<IpAddr>() {
        Ok(address) => Some(SocketAddr::new(address, DNS_PORT)),
        Err(_) => format!("[{word}]:{DNS_PORT}").parse().ok(),
    }
}

/// The addresses that hosts(5) gives to `host`.
fn in_hosts_file(text: &str, host: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        if let Some(Ok(address)) = words.next().map(str::parse)
            && words.any(|name| name.eq_ignore_ascii_case(host))
        {
            found.push(address);
        }
    }
    found
}

/// Whether `reply` answers the question of `name` and `kind` that was asked under `id`.
fn is_reply(reply: &[u8], id: u16, name: &Name<'_>, kind: TYPE) -> bool {
    Packet::parse(reply).is_ok_and(|packet| {
        packet.id() == id
            && packet.has_flags(PacketFlag::RESPONSE)
            && packet.questions.first().is_some_and(|question| {
                question.qtype == kind.into() && same_name(&question.qname, name)
            })
    })
}

fn same_name(one: &Name<'_>, other: &Name<'_>) -> bool {
    one.get_labels().len() == other.get_labels().len()
        && one
            .as_bytes()
            .zip(other.as_bytes())
            .all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Why the next server should be asked instead; a name that does not exist is an answer too.
fn verdict(reply: &[u8]) -> Option<&'static str> {
    match Packet::parse(reply).map(|packet| packet.rcode()) {
        Ok(RCODE::NoError | RCODE::NameError) => None,
        Ok(RCODE::Refused) => Some("refuses to answer"),
        Ok(RCODE::ServerFailure) => Some("failed to find out (SERVFAIL)"),
        _ => Some("did not understand the question"),
    }
}

/// What `read` finds in a reply; nothing in one that cannot be parsed.
fn with_bytes<T: Default>(reply: &[u8], read: impl Fn(&Packet<'_>) -> T) -> T {
    Packet::parse(reply).map_or_else(|_| T::default(), |packet| read(&packet))
}

fn services_in(packet: &Packet<'_>) -> Vec<Service> {
    let mut services = Vec::new();
    for record in &packet.answers {
        let RData::SRV(service) = &record.rdata else {
            continue;
        };
        // A target that is the root says that the service is not offered here (RFC 2782).
        let Some(target) = host_name(&service.target) else {
            continue;
        };
        let mut addresses: Vec<IpAddr> = packet
            .additional_records
            .iter()
            .filter(|record| same_name(&record.name, &service.target))
            .filter_map(address_of)
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        services.push(Service {
            priority: service.priority,
            weight: service.weight,
            port: service.port,
            target,
            addresses,
        });
    }
    services
}

fn addresses_in(packet: &Packet<'_>) -> Vec<IpAddr> {
    packet.answers.iter().filter_map(address_of).collect()
}

fn address_of(record: &ResourceRecord<'_>) -> Option<IpAddr> {
    match &record.rdata {
        RData::A(record) => Some(Ipv4Addr::from(record.address).into()),
        RData::AAAA(record) => Some(Ipv6Addr::from(record.address).into()),
        _ => None,
    }
}

/// A name as text, if it can be a host's: Active Directory's may hold underscores and letters beyond ASCII.
fn host_name(name: &Name<'_>) -> Option<String> {
    let labels: Vec<&str> = name
        .as_bytes()
        .map(|label| str::from_utf8(label).ok())
        .collect::<Option<_>>()?;
    let sound = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    (!labels.is_empty() && labels.iter().all(sound)).then(|| labels.join("."))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::io::{Read, Write};
    use std::net::UdpSocket;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn name_servers_of_resolv_conf() {
        let text = "# nameserver 10.9.9.9\nsearch corp.example\nnameserver 10.0.0.1\n\
                    nameserver nonsense\nnameserver fe80::1%2\nnameserver ::1\nnameserver 10.0.0.4\n";
        let servers: Vec<String> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.1:53", "[fe80::1%2]:53", "[::1]:53"]);
        assert_eq!(name_servers("\n"), ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test]
    fn hosts_file() {
        let text = "127.0.0.1 localhost\n10.0.0.5\tDC1.corp.example dc1 # dc2\n::5 dc1.corp.example\nx dc1\n";
        let expected: [IpAddr; 2] = ["10.0.0.5".parse().unwrap(), "::5".parse().unwrap()];
        assert_eq!(in_hosts_file(text, "dc1.corp.example"), expected);
        assert_eq!(in_hosts_file(text, "dc2"), [] as [IpAddr; 0]);
    }

    /// `_ldap._tcp.a SRV 0 100 389 dc1.a` with an A record beside it, as RFC 1035 4.1 and RFC 2782 lay them out.
    const REPLY: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\x01\
        \x05_ldap\x04_tcp\x01a\0\0\x21\0\x01\
        \xc0\x0c\0\x21\0\x01\0\0\0\x3c\0\x0d\0\0\0\x64\x01\x85\x03dc1\x01a\0\
        \x03DC1\x01a\0\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x05";

    #[test]
    fn srv_records_bring_addresses_along() {
        let name = Name::new("_LDAP._tcp.a").unwrap();
        assert!(is_reply(REPLY, 0x1234, &name, TYPE::SRV));
        assert!(!is_reply(REPLY, 0x1235, &name, TYPE::SRV));
        assert!(!is_reply(REPLY, 0x1234, &name, TYPE::A));
        assert!(!is_reply(
            REPLY,
            0x1234,
            &Name::new("_ldap._tcp.b").unwrap(),
            TYPE::SRV
        ));
        assert_eq!(verdict(REPLY), None);
        let expected = Service {
            priority: 0,
            weight: 100,
            port: 389,
            target: "dc1.a".to_owned(),
            addresses: vec!["10.0.0.5".parse().unwrap()],
        };
        assert_eq!(with_bytes(REPLY, services_in), [expected]);
    }

    #[test]
    fn hostile_targets_are_left_out() {
        let host = |labels: &[&'static [u8]]| {
            let labels: Vec<_> = labels
                .iter()
                .map(|label| simple_dns::Label::new_unchecked(*label))
                .collect();
            host_name(&Name::new_with_labels(&labels))
        };
        assert_eq!(
            host(&[b"dc_1", "b\u{fc}ro".as_bytes()]).unwrap(),
            "dc_1.b\u{fc}ro"
        );
        assert_eq!(host(&[]), None);
        assert_eq!(host(&[b"dc1\x1b[2J", b"a"]), None);
        assert_eq!(host(&[b"dc1.evil", b"a"]), None);
        assert_eq!(host(&[b"\xff", b"a"]), None);
    }

    /// A name server that cuts every answer over UDP and sends `long` over TCP.
    fn cutting(long: Vec<u8>) -> SocketAddr {
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let (udp, tcp) = {
            let tcp = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            (UdpSocket::bind(tcp.local_addr().unwrap()).unwrap(), tcp)
        };
        let address = udp.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut query = [0; 512];
            let (length, from) = udp.recv_from(&mut query).unwrap();
            // First a forged answer with another number, then the true one, cut within the header.
            udp.send_to(&[0xFF; 20], from).unwrap();
            udp.send_to(
                &[&query[..2], b"\x83\x80\0\x01\0\x09\0\0\0\0"].concat(),
                from,
            )
            .unwrap();
            let (mut stream, _) = tcp.accept().unwrap();
            let mut again = vec![0; length + 2];
            stream.read_exact(&mut again).unwrap();
            assert_eq!(&again[2..], &query[..length]);
            let long = [&query[..2], &long[2..]].concat();
            stream
                .write_all(&(long.len() as u16).to_be_bytes())
                .unwrap();
            stream.write_all(&long).unwrap();
        });
        address
    }

    #[test]
    fn a_cut_answer_is_asked_for_over_tcp() {
        let server = cutting(REPLY.to_vec());
        let resolver = Resolver::new(Some(server), Duration::from_secs(20)).unwrap();
        let services = resolver.services("_ldap._tcp.a").unwrap();
        assert_eq!(services.len(), 1);
    }

    #[test]
    fn a_silent_server_is_named() {
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = silent.local_addr().unwrap();
        let resolver = Resolver::new(Some(address), Duration::from_millis(20)).unwrap();
        assert_eq!(
            resolver.services("_ldap._tcp.a"),
            Err(format!("{address} did not answer"))
        );
        drop(silent);
        assert_eq!(
            resolver.services("_ldap._tcp.a"),
            Err(format!("{address} offers no DNS"))
        );
        assert_eq!(
            resolver.addresses("127.0.0.9"),
            [IpAddr::from([127, 0, 0, 9])]
        );
    }

    proptest! {
        #[test]
        fn any_reply_is_survived(at in 0..REPLY.len(), with in any::<u8>(), tail in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reply = REPLY.to_vec();
            if let Some(byte) = reply.get_mut(at) { *byte = with; }
            reply.truncate(reply.len().saturating_sub(tail.len() / 2));
            reply.extend(&tail);
            for bytes in [&reply, &tail] {
                let _ = is_reply(bytes, 0, &Name::new_unchecked("a"), TYPE::SRV);
                let _ = verdict(bytes);
                prop_assert!(with_bytes(bytes, services_in).len() <= bytes.len());
            }
        }
    }
}
