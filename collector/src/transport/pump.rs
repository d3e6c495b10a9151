//! Copies bytes between ldap3's end of a socket pair and the wire until either side ends.
//!
//! Owns the thread and what ends it: when ldap3's side is dropped the wire is closed, and when the wire breaks
//! ldap3 reads the end of the stream. What comes from the server must be LDAP messages of a bearable size
//! ([`super::boundary`]). Deliberately understands nothing else of what it copies.

use std::cell::RefCell;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::boundary::Boundary;
use super::dialogue::Wire;
use super::frame;

/// Octets copied at a time.
const BUFFER: usize = 64 * 1024;

/// How long a farewell may take when our side is done.
const FAREWELL: Duration = Duration::from_secs(1);

/// A SASL security layer (RFC 4422, section 3.7) of a finished bind.
pub(super) trait SecurityLayer: Send {
    /// The most octets that may be wrapped at once, so that the peer takes the result.
    fn largest(&self) -> usize;
    /// Seals `clear`.
    fn wrap(&mut self, clear: &[u8]) -> io::Result<Vec<u8>>;
    /// Opens `sealed`, which may be overwritten. An error if it was not sealed by the peer, or is out of order.
    fn unwrap(&mut self, sealed: &mut Vec<u8>) -> io::Result<Vec<u8>>;
}

/// Starts the thread that copies, and returns ldap3's end. The runtime is the one the wire was made in.
pub(super) fn start(
    runtime: Runtime,
    wire: Box<dyn Wire>,
    layer: Option<Box<dyn SecurityLayer>>,
) -> io::Result<StdUnixStream> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    thread::Builder::new()
        .name("coldcase-wire".to_owned())
        .spawn(move || {
            // Whatever ends the copying, dropping `ours` here tells ldap3 that the connection is gone.
            runtime.block_on(async {
                if let Ok(ours) = UnixStream::from_std(ours) {
                    copy(wire, ours, layer).await;
                }
            });
        })?;
    Ok(theirs)
}

async fn copy<S>(wire: Box<dyn Wire>, ldap: S, layer: Option<Box<dyn SecurityLayer>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (from_wire, mut to_wire) = tokio::io::split(wire);
    let (from_ldap, to_ldap) = tokio::io::split(ldap);
    // An error ends the copying like an orderly end; ldap3 reports either as a closed connection.
    if let Some(layer) = layer {
        let layer = RefCell::new(layer);
        tokio::select! {
            _ = sealed_in(from_wire, to_ldap, &layer) => {}
            _ = sealed_out(from_ldap, &mut to_wire, &layer) => {}
        }
    } else {
        tokio::select! {
            _ = clear_in(from_wire, to_ldap) => {}
            _ = clear_out(from_ldap, &mut to_wire) => {}
        }
    }
    // TLS says goodbye, so that the server does not take it for a truncation.
    let _ = tokio::time::timeout(FAREWELL, to_wire.shutdown()).await;
}

async fn clear_in<R, W>(mut from: R, mut to: W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut boundary = Boundary::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        let Some(bytes @ [_, ..]) = buffer.get(..count) else {
            return Ok(());
        };
        boundary.follow(bytes)?;
        to.write_all(bytes).await?;
    }
}

async fn clear_out<R, W>(mut from: R, mut to: W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        let Some(bytes @ [_, ..]) = buffer.get(..count) else {
            return Ok(());
        };
        to.write_all(bytes).await?;
        to.flush().await?;
    }
}

async fn sealed_in<R, W>(
    from: R,
    mut to: W,
    layer: &RefCell<Box<dyn SecurityLayer>>,
) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut from = BufReader::with_capacity(BUFFER, from);
    let mut boundary = Boundary::default();
    let mut sealed = Vec::new();
    while frame::read(&mut from, frame::LARGEST, &mut sealed).await? {
        let opened = layer.borrow_mut().unwrap(&mut sealed)?;
        boundary.follow(&opened)?;
        to.write_all(&opened).await?;
    }
    Ok(())
}

async fn sealed_out<R, W>(
    mut from: R,
    mut to: W,
    layer: &RefCell<Box<dyn SecurityLayer>>,
) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER.min(layer.borrow().largest())];
    loop {
        let count = from.read(&mut buffer).await?;
        let Some(bytes @ [_, ..]) = buffer.get(..count) else {
            return Ok(());
        };
        let sealed = layer.borrow_mut().wrap(bytes)?;
        frame::write(&mut to, &sealed).await?;
        to.flush().await?;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::transport::ber;
    use proptest::prelude::*;

    /// A layer that can be checked by eye: every octet complemented behind a count.
    struct Complement {
        sent: u8,
        received: u8,
    }

    impl SecurityLayer for Complement {
        fn largest(&self) -> usize {
            5
        }
        fn wrap(&mut self, clear: &[u8]) -> io::Result<Vec<u8>> {
            assert!(clear.len() <= self.largest());
            self.sent = self.sent.wrapping_add(1);
            Ok([self.sent]
                .into_iter()
                .chain(clear.iter().map(|octet| !octet))
                .collect())
        }
        fn unwrap(&mut self, sealed: &mut Vec<u8>) -> io::Result<Vec<u8>> {
            self.received = self.received.wrapping_add(1);
            match sealed.split_first() {
                Some((count, rest)) if *count == self.received => {
                    Ok(rest.iter().map(|octet| !octet).collect())
                }
                _ => Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    fn complement() -> Box<dyn SecurityLayer> {
        Box::new(Complement {
            sent: 0,
            received: 0,
        })
    }

    fn run<F: std::future::Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async { tokio::time::timeout(Duration::from_secs(10), future).await })
            .unwrap()
    }

    /// An LDAPMessage around `content`, as far as the pump looks.
    fn message(content: &[u8]) -> Vec<u8> {
        let mut inner = Vec::new();
        ber::append(&mut inner, 0x04, content);
        let mut message = Vec::new();
        ber::append(&mut message, 0x30, &inner);
        message
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// A message may span buffers and a buffer may hold several; the wire passes `narrow` octets at a time.
        #[test]
        fn sealed_streams_arrive_whole(
            answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
            piece in 1_usize..70,
            requests in proptest::collection::vec(any::<u8>(), 0..60),
            narrow in 1_usize..64,
        ) {
            let sent: Vec<u8> = answers.iter().flat_map(|content| message(content)).collect();
            let frames: Vec<Vec<u8>> = sent.chunks(piece).map(<[u8]>::to_vec).collect();
            let (wire, mut server) = tokio::io::duplex(narrow);
            let (ldap, ldap3) = tokio::io::duplex(4096);
            let mut far = Complement { sent: 0, received: 0 };
            let (answers, asked) = run(async {
                let pumping = copy(Box::new(wire), ldap, Some(complement()));
                let (mut read, mut write) = tokio::io::split(ldap3);
                let client = async {
                    write.write_all(&requests).await.unwrap();
                    let mut all = Vec::new();
                    read.read_to_end(&mut all).await.unwrap();
                    all
                };
                let serving = async {
                    let mut asked = Vec::new();
                    let mut sealed = Vec::new();
                    while asked.len() < requests.len() {
                        assert!(frame::read(&mut server, frame::LARGEST, &mut sealed).await.unwrap());
                        asked.extend(far.unwrap(&mut sealed).unwrap());
                    }
                    for clear in &frames {
                        far.sent = far.sent.wrapping_add(1);
                        let sealed: Vec<u8> = [far.sent].into_iter().chain(clear.iter().map(|octet| !octet)).collect();
                        frame::write(&mut server, &sealed).await.unwrap();
                    }
                    drop(server);
                    asked
                };
                let ((), answers, asked) = tokio::join!(pumping, client, serving);
                (answers, asked)
            });
            prop_assert_eq!(answers, sent);
            prop_assert_eq!(asked, requests);
        }

        /// The same without a layer: what TLS or a plain connection brings.
        #[test]
        fn clear_streams_arrive_whole(
            answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
            narrow in 1_usize..64,
        ) {
            let sent: Vec<u8> = answers.iter().flat_map(|content| message(content)).collect();
            let (wire, mut server) = tokio::io::duplex(narrow);
            let (ldap, mut ldap3) = tokio::io::duplex(narrow);
            let arrived = run(async {
                let serving = async {
                    server.write_all(&sent).await.unwrap();
                    drop(server);
                };
                let mut arrived = Vec::new();
                let ((), (), end) = tokio::join!(
                    copy(Box::new(wire), ldap, None),
                    serving,
                    ldap3.read_to_end(&mut arrived)
                );
                end.unwrap();
                arrived
            });
            prop_assert_eq!(arrived, sent);
        }
    }

    /// ldap3 must read the end of the stream, not wait: after a cut, a lie about the length, or a broken seal.
    #[test]
    fn a_broken_wire_is_the_end_of_the_stream() {
        let cut = [0, 0, 0, 9, 1, 2].as_slice();
        let lie = [0xFF, 0xFF, 0xFF, 0xFF, 1, 2].as_slice();
        let forged = [0, 0, 0, 2, 77, 1].as_slice();
        for (bytes, close) in [(cut, true), (lie, false), (forged, false)] {
            run(async {
                let (wire, mut server) = tokio::io::duplex(64);
                let (ldap, mut ldap3) = tokio::io::duplex(64);
                server.write_all(bytes).await.unwrap();
                let kept = (!close).then_some(server);
                let mut read = Vec::new();
                let ((), end) = tokio::join!(
                    copy(Box::new(wire), ldap, Some(complement())),
                    ldap3.read_to_end(&mut read)
                );
                assert_eq!(end.unwrap(), 0);
                drop(kept);
            });
        }
    }

    /// The server keeps the connection open: it is the announced length that ends it, sealed or not.
    #[test]
    fn a_message_that_is_too_long_is_the_end_of_the_stream() {
        let announced = [0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF];
        let mut far = Complement {
            sent: 0,
            received: 0,
        };
        let wrapped = [far.wrap(&announced[..3]), far.wrap(&announced[3..])]
            .into_iter()
            .flat_map(|sealed| {
                let sealed = sealed.unwrap();
                let length = u32::try_from(sealed.len()).unwrap().to_be_bytes();
                [length.to_vec(), sealed].concat()
            })
            .collect();
        for (bytes, layer) in [(announced.to_vec(), None), (wrapped, Some(complement()))] {
            run(async {
                let (wire, mut server) = tokio::io::duplex(64);
                let (ldap, mut ldap3) = tokio::io::duplex(64);
                server.write_all(&bytes).await.unwrap();
                let mut read = Vec::new();
                let ((), end) = tokio::join!(
                    copy(Box::new(wire), ldap, layer),
                    ldap3.read_to_end(&mut read)
                );
                // Of the sealed message, what came before the length was known.
                assert!(end.unwrap() <= 3);
                drop(server);
            });
        }
    }

    #[test]
    fn dropping_ldap3_closes_the_wire_and_ends_the_thread() {
        run(async {
            for layer in [None, Some(complement())] {
                let (wire, mut server) = tokio::io::duplex(64);
                let (ldap, mut ldap3) = tokio::io::duplex(64);
                let ending = async {
                    ldap3.write_all(b"bye").await.unwrap();
                    drop(ldap3);
                    let mut last = Vec::new();
                    server.read_to_end(&mut last).await.unwrap();
                    last
                };
                let ((), last) = tokio::join!(copy(Box::new(wire), ldap, layer), ending);
                assert!(last == b"bye" || last == [0, 0, 0, 4, 1, !b'b', !b'y', !b'e']);
            }
        });
    }

    #[test]
    fn the_socket_pair_and_the_thread() {
        use std::io::{Read, Write};
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (wire, mut server) = tokio::io::duplex(64);
        let mut theirs = start(runtime, Box::new(wire), None).unwrap();
        theirs.write_all(b"ping").unwrap();
        run(async {
            let mut asked = [0; 4];
            server.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"ping");
            server.write_all(&message(b"pong")).await.unwrap();
            drop(server);
        });
        let mut answer = Vec::new();
        theirs.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, message(b"pong"));
    }
}
