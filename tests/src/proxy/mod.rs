//! A TCP proxy between a client and a server that disturbs connections at chosen bytes: for tests of what a client
//! makes of a network that fails.
//!
//! Counts and forwards bytes, whatever they mean; so it works under TLS as in the clear. Deliberately forges nothing:
//! what arrives is always a beginning of what was sent.

mod connection;
mod plan;

use std::io::Read;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use connection::{Connection, is_passing};

pub use plan::{Action, Afterwards, Fault, Plan, Stream};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a delay goes without looking whether the proxy is being dropped.
const NAP: Duration = Duration::from_millis(20);
const BUFFER: usize = 16 * 1024;

/// A running proxy. Dropping it resets what is open and ends its threads.
pub struct Proxy {
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on the address of `target`, on a port of its own, so that a certificate that names the address holds for
    /// the proxy too.
    ///
    /// # Errors
    /// No port can be had at that address.
    pub fn start(target: SocketAddr, plan: Plan) -> Result<Proxy> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a proxy of the tests, on loopback"
        )]
        let listener = TcpListener::bind((target.ip(), 0))
            .with_context(|| format!("no port can be had at {}", target.ip()))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            address,
            target,
            afterwards: plan.afterwards,
            state: Mutex::new(State {
                faults: plan.faults,
                ..State::default()
            }),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &for_thread));
        Ok(Proxy {
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// How many bytes of that stream have arrived here, over all connections.
    pub fn bytes_seen(&self, stream: Stream) -> u64 {
        let state = self.shared.lock();
        match stream {
            Stream::ToClient => state.to_client,
            Stream::ToServer => state.to_server,
        }
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// The faults that have not happened yet: empty once the plan is through.
    pub fn pending(&self) -> Vec<Fault> {
        self.shared.lock().faults.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let workers = {
            let mut state = self.shared.lock();
            state.refuse(None);
            state.dropped = true;
            std::mem::take(&mut state.workers)
        };
        self.shared.wake();
        for thread in workers.into_iter().chain(self.acceptor.take()) {
            let _ = thread.join();
        }
    }
}

struct Shared {
    /// Where this proxy listens.
    address: SocketAddr,
    target: SocketAddr,
    afterwards: Afterwards,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    to_client: u64,
    to_server: u64,
    connections: u64,
    /// No connection is accepted any more.
    refusing: bool,
    dropped: bool,
    /// Connections, the open ones among them. A strong reference would keep their sockets from being closed.
    open: Vec<Weak<Connection>>,
    workers: Vec<JoinHandle<()>>,
}

impl State {
    /// Resets what is open, except one connection, and admits nothing any more.
    fn refuse(&mut self, except: Option<&Connection>) {
        self.refusing = true;
        for connection in self.open.iter().filter_map(Weak::upgrade) {
            if except.is_none_or(|except| !std::ptr::eq(except, &*connection)) {
                connection.reset();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts `length` bytes of a stream and takes out the faults among them: how many of the bytes come before each,
    /// and what happens, in order.
    fn count(
        &self,
        stream: Stream,
        connection: u64,
        before: u64,
        length: u64,
    ) -> Vec<(u64, Action)> {
        let mut state = self.lock();
        let total = match stream {
            Stream::ToClient => &mut state.to_client,
            Stream::ToServer => &mut state.to_server,
        };
        let all_before = *total;
        *total += length;
        let mut due = Vec::new();
        state.faults.retain(|fault| {
            let start = match fault.connection {
                None => all_before,
                Some(number) if number == connection => before,
                Some(_) => return true,
            };
            let here = fault.stream == stream && (start..start + length).contains(&fault.at);
            if here {
                due.push((fault.at - start, fault.action));
            }
            !here
        });
        due.sort_by_key(|(offset, _)| *offset);
        let ends = |(_, action): &(u64, Action)| !matches!(action, Action::Delay(_));
        // At once, so that nobody connects between the fault and its consequence.
        state.refusing |= self.afterwards == Afterwards::Refuse && due.iter().any(ends);
        due
    }

    /// Lets `time` pass, unless the proxy is being dropped.
    fn wait(&self, time: Duration) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline && !self.lock().dropped {
            thread::sleep(NAP.min(deadline.saturating_duration_since(Instant::now())));
        }
    }

    /// What the plan wants after a fault that ended `connection`.
    fn follow_up(&self, connection: &Connection) {
        if self.afterwards == Afterwards::Refuse {
            self.lock().refuse(Some(connection));
            self.wake();
        }
    }

    /// Makes the acceptor look whether it is to end.
    fn wake(&self) {
        #[expect(
            clippy::disallowed_methods,
            reason = "to our own listener, on loopback"
        )]
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.lock().refusing {
            // Letting go of the listener is what refuses.
            return;
        }
        let Ok(client) = client else { continue };
        // A server that is not there looks like a connection that ends at once.
        let Ok(server) = TcpStream::connect_timeout(&shared.target, CONNECT_LIMIT) else {
            continue;
        };
        let connection = Arc::new(Connection::new(client, server));
        let mut state = shared.lock();
        if state.refusing {
            connection.reset();
            return;
        }
        let number = state.connections;
        state.connections += 1;
        state.open.retain(|open| open.strong_count() > 0);
        state.open.push(Arc::downgrade(&connection));
        for stream in [Stream::ToClient, Stream::ToServer] {
            let (shared, connection) = (Arc::clone(shared), Arc::clone(&connection));
            state.workers.push(thread::spawn(move || {
                pump(&shared, &connection, stream, number);
            }));
        }
    }
}

/// Forwards one stream of one connection to its end.
fn pump(shared: &Shared, connection: &Connection, stream: Stream, number: u64) {
    let (mut from, to) = connection.ends(stream);
    let mut buffer = vec![0; BUFFER];
    let mut seen = 0_u64;
    loop {
        let length = match from.read(&mut buffer) {
            Ok(length) => length,
            Err(error) if is_passing(&error) => continue,
            Err(_) => {
                // What one side did to its connection is done to the other.
                connection.reset();
                return;
            }
        };
        let mut rest = buffer.get(..length).unwrap_or_default();
        if connection.is_abandoned() {
            return;
        }
        if rest.is_empty() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
        let mut passed = 0;
        let before = seen;
        seen += length as u64;
        for (offset, action) in shared.count(stream, number, before, length as u64) {
            let head = usize::try_from(offset - passed).unwrap_or(usize::MAX);
            let (head, tail) = rest.split_at(head.min(rest.len()));
            passed = offset;
            rest = tail;
            connection.send(to, head);
            match action {
                Action::Delay(time) => {
                    shared.wait(time);
                    continue;
                }
                Action::Reset => connection.reset(),
                Action::Finish => connection.finish(),
                Action::Truncate => {
                    let _ = to.shutdown(Shutdown::Write);
                }
            }
            shared.follow_up(connection);
            // After a truncation, the sender must not wait for a reader.
            while matches!(from.read(&mut buffer), Ok(1..)) {}
            return;
        }
        if !connection.send(to, rest) {
            let _ = from.shutdown(Shutdown::Read);
            return;
        }
    }
}
