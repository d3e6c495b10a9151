//! A scripted name server on a loopback port, over UDP: answers what it was told and "no such name" to everything else.
//!
//! Written by hand, not with the library of the program under test, so that the two cannot be wrong together. Knows SRV
//! and A records (RFC 2782, RFC 1035); no compression but of the question, no TCP, no other sections.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

/// How often the thread looks whether it should end.
const PATIENCE: Duration = Duration::from_millis(50);
const A: u16 = 1;
const SRV: u16 = 33;
const NO_SUCH_NAME: u8 = 3;

/// What the server knows. Names are written with dots and without a final one; capitals do not matter.
#[derive(Debug, Clone)]
pub enum Record {
    /// An address of a host.
    Address {
        /// The host.
        name: String,
        /// Its address.
        address: Ipv4Addr,
    },
    /// A server of a service.
    Service {
        /// The service, such as `_ldap._tcp.dc._msdcs.corp.example`.
        name: String,
        /// Lower is better.
        priority: u16,
        /// Higher is better among equal priorities.
        weight: u16,
        /// The port of the service.
        port: u16,
        /// The host.
        target: String,
    },
}

impl Record {
    /// An A record.
    pub fn address(name: &str, address: Ipv4Addr) -> Self {
        Self::Address {
            name: name.to_owned(),
            address,
        }
    }

    /// The SRV record that a domain controller of `domain` registers, on port 389.
    pub fn domain_controller(domain: &str, priority: u16, weight: u16, target: &str) -> Self {
        Self::Service {
            name: format!("_ldap._tcp.dc._msdcs.{domain}"),
            priority,
            weight,
            port: 389,
            target: target.to_owned(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Address { name, .. } | Self::Service { name, .. } => name,
        }
    }

    fn kind(&self) -> u16 {
        match self {
            Self::Address { .. } => A,
            Self::Service { .. } => SRV,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Address { address, .. } => address.octets().to_vec(),
            Self::Service {
                priority,
                weight,
                port,
                target,
                ..
            } => {
                let mut data = [priority, weight, port].map(|n| n.to_be_bytes()).concat();
                for label in target.split('.') {
                    data.push(label.len() as u8);
                    data.extend(label.as_bytes());
                }
                data.push(0);
                data
            }
        }
    }
}

/// A running name server. Dropping it ends it.
pub struct DnsServer {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts a server that knows `records`, on a port of its own.
    ///
    /// # Errors
    /// No loopback port can be had.
    pub fn start(records: Vec<Record>) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a test server, on loopback")]
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("no loopback port")?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let address = socket.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while !end.load(Ordering::Relaxed) {
                // Nothing arrived within the patience, or nothing that is a question: look again.
                if let Ok((length, from)) = socket.recv_from(&mut buffer)
                    && let Some(reply) = buffer
                        .get(..length)
                        .and_then(|query| answer(query, &records))
                {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Ok(Self {
            address,
            ended,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The reply to a query with one question (RFC 1035 4.1).
fn answer(query: &[u8], records: &[Record]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let mut labels: Vec<&str> = Vec::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(str::from_utf8(query.get(at..at + length)?).ok()?);
        at += length;
    }
    let question = query.get(HEADER..at + 4)?;
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    let name = labels.join(".");

    let known: Vec<&Record> = records
        .iter()
        .filter(|record| record.name().eq_ignore_ascii_case(&name))
        .collect();
    let answers: Vec<&&Record> = known
        .iter()
        .filter(|record| record.kind() == kind)
        .collect();
    let code = if known.is_empty() { NO_SUCH_NAME } else { 0 };

    let mut reply = query.get(..2)?.to_vec();
    // A reply, authoritative, recursion desired and available.
    reply.extend([0x85, 0x80 | code, 0, 1]);
    reply.extend(u16::try_from(answers.len()).ok()?.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend(question);
    for record in answers {
        let data = record.data();
        reply.extend([0xC0, HEADER as u8]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60]);
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}
