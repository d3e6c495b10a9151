//! One question to one name server: over UDP, and over TCP if the answer was cut (RFC 1035 4.2, RFC 7766).
//!
//! Owns the sockets and their time limits. What counts as an answer, and who is asked next, is `resolver`'s.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use simple_dns::{Packet, PacketFlag};

/// Without EDNS no datagram is longer than 512 bytes (RFC 1035 2.3.4); some servers send more all the same.
const LONGEST_DATAGRAM: usize = 4096;

/// The reply of `server` that `accept` takes for one. `timeout` is for each of UDP, connecting and reading over TCP.
///
/// # Errors
/// The rest of a sentence that begins with the server.
pub(super) fn exchange(
    server: SocketAddr,
    query: &[u8],
    timeout: Duration,
    accept: &dyn Fn(&[u8]) -> bool,
) -> Result<Vec<u8>, String> {
    let reply = over_udp(server, query, timeout, accept).map_err(|error| say(&error))?;
    let cut = Packet::parse(&reply).map_or(true, |reply| reply.has_flags(PacketFlag::TRUNCATION));
    if !cut {
        return Ok(reply);
    }
    let reply = over_tcp(server, query, timeout)
        .map_err(|error| format!("{} over TCP, which its long answer needs", say(&error)))?;
    if accept(&reply) {
        Ok(reply)
    } else {
        Err("sent something else than an answer over TCP".to_owned())
    }
}

fn say(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "did not answer".to_owned(),
        ErrorKind::ConnectionRefused => "offers no DNS".to_owned(),
        _ => format!("cannot be asked ({error})"),
    }
}

fn over_udp(
    server: SocketAddr,
    query: &[u8],
    timeout: Duration,
    accept: &dyn Fn(&[u8]) -> bool,
) -> std::io::Result<Vec<u8>> {
    let any: IpAddr = if server.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "discovery asks the name servers that the user or the machine names"
    )]
    let socket = UdpSocket::bind((any, 0))?;
    // A connected socket hears nobody else, and of an ICMP refusal.
    socket.connect(server)?;
    socket.send(query)?;
    let deadline = Instant::now() + timeout;
    let mut buffer = vec![0; LONGEST_DATAGRAM];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        // A late answer to an earlier question, or a forged one: the true one may still come.
        if let Some(reply) = buffer.get(..length)
            && (accept(reply) || is_cut(reply, query))
        {
            return Ok(reply.to_vec());
        }
    }
}

/// A truncated answer may end within a record, where it cannot be parsed; its header says that it is one.
fn is_cut(reply: &[u8], query: &[u8]) -> bool {
    const REPLY: u8 = 0x80;
    const TRUNCATED: u8 = 0x02;
    reply.get(..2) == query.get(..2)
        && reply
            .get(2)
            .is_some_and(|flags| flags & (REPLY | TRUNCATED) == REPLY | TRUNCATED)
}

fn over_tcp(server: SocketAddr, query: &[u8], timeout: Duration) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let length = u16::try_from(query.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), query].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_reply_is_known_by_its_header() {
        assert!(is_cut(b"\x12\x34\x83\x80", b"\x12\x34\x01\0"));
        assert!(!is_cut(b"\x12\x34\x81\x80", b"\x12\x34\x01\0"));
        assert!(!is_cut(b"\x12\x35\x83\x80", b"\x12\x34\x01\0"));
    }
}
