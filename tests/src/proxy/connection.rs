//! A pair of sockets that is forwarded between, and the ways to end it. Decides nothing.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::SockRef;

use super::plan::Stream;

/// How long sending waits for a slow receiver before it looks whether the connection is given up.
const PATIENCE: Duration = Duration::from_millis(20);

/// Both halves. Each socket is one descriptor: it is closed, and a reset sent, when the last worker lets go of it.
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    /// The workers are to let go of it without another word.
    abandoned: AtomicBool,
}

impl Connection {
    pub(super) fn new(client: TcpStream, server: TcpStream) -> Connection {
        for socket in [&client, &server] {
            let _ = socket.set_nodelay(true);
            let _ = socket.set_write_timeout(Some(PATIENCE));
        }
        Connection {
            client,
            server,
            abandoned: AtomicBool::new(false),
        }
    }

    /// Where a stream comes from and where it goes to.
    pub(super) fn ends(&self, stream: Stream) -> (&TcpStream, &TcpStream) {
        match stream {
            Stream::ToClient => (&self.server, &self.client),
            Stream::ToServer => (&self.client, &self.server),
        }
    }

    /// With SO_LINGER of zero, closing sends RST (socket(7)). To end only the reading sends nothing, but wakes the workers.
    pub(super) fn reset(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
        for socket in [&self.client, &self.server] {
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
            let _ = socket.shutdown(Shutdown::Read);
        }
    }

    pub(super) fn finish(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
        for socket in [&self.client, &self.server] {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::SeqCst)
    }

    /// Sends all of `bytes`; false if that cannot be done any more.
    pub(super) fn send(&self, mut to: &TcpStream, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.is_abandoned() {
            match to.write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                // The receiver is slow; look whether the proxy is being dropped, and go on.
                Err(error) if is_passing(&error) => {}
                Err(_) => return false,
            }
        }
        bytes.is_empty()
    }
}

/// True for a time limit or a signal, after which the same call may succeed.
pub(super) fn is_passing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
