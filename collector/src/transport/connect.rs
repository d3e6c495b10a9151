//! The TCP connection, the encryption around it, and the names a server goes by.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::dialogue::{Dialogue, Wire};
use super::{Server, endpoint, message};
use crate::ldap::failure::{self, Failure};

/// How long a connection is silent before the peer is asked for a sign of life, and how often.
const ALIVE_AFTER: Duration = Duration::from_secs(60);
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// `HOST:PORT` for sentences.
pub(super) fn address(server: &Server, port: u16) -> String {
    let host = server
        .address
        .map_or_else(|| server.host().to_owned(), |address| address.to_string());
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let named = !server.name.is_empty() && server.host().parse::<IpAddr>().ok() != server.address;
    if server.address.is_some() && named {
        format!("{} ({host}:{port})", server.name)
    } else {
        format!("{host}:{port}")
    }
}

/// Connects to the first address of the server that answers. The limit holds for each.
pub(super) async fn connect(
    server: &Server,
    port: u16,
    limit: Duration,
) -> Result<TcpStream, Failure> {
    let shown = address(server, port);
    let addresses: Vec<SocketAddr> = match server.address {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => resolve(server.host(), port)?,
    };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                prepare(&stream).map_err(|error| failure::unreachable(&shown, &error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure::unreachable(&shown, &last))
}

fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found: Vec<SocketAddr> = (name, port)
        .to_socket_addrs()
        .map_err(|error| failure::unresolved(name, &error))?
        .collect();
    if found.is_empty() {
        let nothing = io::Error::from(io::ErrorKind::NotFound);
        return Err(failure::unresolved(name, &nothing));
    }
    Ok(found)
}

/// Keep-alive, so that a firewall does not forget the connection and a dead peer is noticed. No delay for requests.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    let alive = TcpKeepalive::new()
        .with_time(ALIVE_AFTER)
        .with_interval(ALIVE_EVERY);
    SockRef::from(stream).set_tcp_keepalive(&alive)?;
    stream.set_nodelay(true)
}

/// Puts TLS around a wire; `ldaps` is the port if TLS begins with the first byte. Returns it with the channel binding
/// of the server's certificate, if it has one.
pub(super) async fn encrypt<W: Wire + 'static>(
    wire: W,
    server: &Server,
    shown: &str,
    config: Arc<ClientConfig>,
    limit: Duration,
    ldaps: Option<u16>,
) -> Result<(Box<dyn Wire>, Option<Vec<u8>>), Failure> {
    let name = ServerName::try_from(server.host().to_owned()).map_err(|_| {
        Failure::new(format!(
            "{} is neither a host name nor an address, so no certificate can be for it",
            server.name
        ))
    })?;
    let connecting = TlsConnector::from(config).connect(name, wire);
    let stream = tokio::time::timeout(limit, connecting)
        .await
        .map_err(|_| failure::silent(shown))?
        .map_err(|error| failure::handshake(shown, ldaps, &error))?;
    let (_, session) = stream.get_ref();
    let binding = session
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|leaf| endpoint::binding(leaf));
    Ok((Box::new(stream), binding))
}

/// Asks for TLS on a plain connection (RFC 4511, section 4.14) and hands the wire back, with nothing read ahead.
pub(super) async fn start_tls(
    stream: TcpStream,
    shown: &str,
    limit: Duration,
) -> Result<Box<dyn Wire>, Failure> {
    let mut dialogue = Dialogue::new(Box::new(stream), shown, limit);
    let (result, _) = dialogue.ask(&message::start_tls()).await?;
    if result.rc != 0 {
        return Err(Failure::new(format!(
            "{shown} refuses StartTLS: {}; has it a certificate? --transport sealed with Kerberos needs none",
            failure::describe(&result)
        )));
    }
    Ok(dialogue.into_wire())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_in_sentences() {
        let server = |name: &str, address: Option<&str>| Server {
            name: name.to_owned(),
            port: None,
            address: address.and_then(|address| address.parse().ok()),
        };
        assert_eq!(address(&server("dc1", None), 636), "dc1:636");
        assert_eq!(address(&server("::1", None), 389), "[::1]:389");
        assert_eq!(address(&server("[::1]", None), 389), "[::1]:389");
        assert_eq!(
            address(&server("dc1", Some("10.0.0.1")), 636),
            "dc1 (10.0.0.1:636)"
        );
        for (name, address_of_it, shown) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.1:1"),
            ("[::1]", "::1", "[::1]:1"),
            ("::1", "::1", "[::1]:1"),
            ("10.0.0.2", "10.0.0.1", "10.0.0.2 (10.0.0.1:1)"),
        ] {
            assert_eq!(address(&server(name, Some(address_of_it)), 1), shown);
        }
    }

    #[test]
    fn addresses_are_not_looked_up() {
        for name in ["127.0.0.1", "::1"] {
            assert_eq!(resolve(name, 389).map(|found| found.len()).ok(), Some(1));
        }
    }
}
