//! The servers of a domain: which one is asked, and the next one when it is gone.
//!
//! Owns waiting between attempts. uSNCreated means something on one server only, so a change of server is told.
//! Deliberately does not search for servers: [`crate::discovery`] does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use coldcase_schemas::RawAttribute;
use coldcase_schemas::container::hex;
use sha2::{Digest, Sha256};

use crate::ldap::{Connection, Failure};
use crate::transport::{Identity, Server, Way};

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a waiting program looks whether it was asked to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// Servers that answer for the same domain, the best first.
#[derive(Debug)]
pub(crate) struct Servers {
    candidates: Vec<Server>,
    current: usize,
    way: Way,
    identity: Identity,
    stop: Arc<AtomicBool>,
}

/// An open connection and whose it is.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) root_dse: Vec<RawAttribute>,
    /// What uSNCreated is bound to, as in [`PartitionPlan::database`].
    ///
    /// [`PartitionPlan::database`]: coldcase_schemas::ledger::PartitionPlan
    pub(crate) database: String,
}

impl Servers {
    pub(crate) fn new(
        candidates: Vec<Server>,
        way: Way,
        identity: Identity,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            candidates,
            current: 0,
            way,
            identity,
            stop,
        }
    }

    /// Name of the server that is asked.
    pub(crate) fn name(&self) -> &str {
        self.candidates
            .get(self.current)
            .map_or("", |server| server.name.as_str())
    }

    /// Connects to the current server.
    pub(crate) fn open(&self) -> Result<Opened, Failure> {
        let server = self
            .candidates
            .get(self.current)
            .ok_or_else(|| Failure::new("there is no server to ask"))?;
        let mut connection =
            Connection::open(server, &self.way, &self.identity, Arc::clone(&self.stop))?;
        let root_dse = connection.root_dse()?;
        let service = first_text(&root_dse, "dsServiceName").unwrap_or_default();
        // invocationId changes when a database is restored (MS-ADTS 3.1.1.1.9).
        let invocation_id = if service.is_empty() {
            None
        } else {
            connection
                .object(&service, &["invocationId"])
                .and_then(|entry| entry.values("invocationId")?.first().cloned())
        };
        if connection.is_lost() {
            // A database that was not told must not pass for another one.
            return Err(Failure::new(format!(
                "{} did not tell which database it has: the connection was lost",
                self.name()
            )));
        }
        Ok(Opened {
            connection,
            root_dse,
            // A name has no business among numbers: only its digest is written down.
            database: hex(&invocation_id.unwrap_or_else(|| {
                // Without either, two servers must not pass for one database.
                let place = format!(
                    "{service} {}",
                    if service.is_empty() { self.name() } else { "" }
                );
                Sha256::digest(place).to_vec()
            })),
        })
    }

    /// Connects to the first server that answers.
    pub(crate) fn open_any(&mut self, notes: &mut dyn FnMut(String)) -> Result<Opened, Failure> {
        loop {
            match self.open() {
                Ok(opened) => return Ok(opened),
                Err(failure) if self.current + 1 < self.candidates.len() && !failure.is_final() => {
                    notes(format!(
                        "{}: {failure}; trying the next server",
                        self.name()
                    ));
                    self.current += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Connects again after a loss: `retries` times to the same server, each time after a longer wait, then to the
    /// others. `None` if nobody answers, or if the program is to stop.
    pub(crate) fn reopen(&mut self, retries: u32, notes: &mut dyn FnMut(String)) -> Option<Opened> {
        for _ in 0..self.candidates.len() {
            for attempt in 0..retries {
                if !self.wait(attempt) {
                    return None;
                }
                match self.open() {
                    Ok(opened) => return Some(opened),
                    Err(failure) => {
                        notes(format!("{}: {failure}", self.name()));
                        if failure.is_final() {
                            return None;
                        }
                    }
                }
            }
            if retries == 0 {
                return None;
            }
            self.current = (self.current + 1) % self.candidates.len();
        }
        None
    }

    /// Waits before the attempt of that number, counted from 0. False if the program is to stop.
    pub(crate) fn wait(&self, attempt: u32) -> bool {
        let seconds = 2_u64.saturating_pow(attempt.min(16));
        self.pause(
            Duration::from_millis(500).saturating_mul(u32::try_from(seconds).unwrap_or(u32::MAX)),
        )
    }

    /// Waits, but not longer than it must. False if the program is to stop.
    pub(crate) fn pause(&self, length: Duration) -> bool {
        let mut left = length.min(LONGEST_WAIT);
        while left > Duration::ZERO && !self.stopped() {
            let step = left.min(GLANCE);
            thread::sleep(step);
            left -= step;
        }
        !self.stopped()
    }

    /// True once the user asked the program to stop.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The first value of an attribute, if it is text.
pub(crate) fn first_text(attributes: &[RawAttribute], name: &str) -> Option<String> {
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    String::from_utf8(attribute.values.first()?.clone()).ok()
}
