//! Reads a domain on a thread of its own, so that the server works while its last answer is written down.
//!
//! Owns the order of queries, parts of queries, asking again after a failure, and what the ledger says of each.
//! Nothing missing looks like nothing there: what could not be asked is written down as not asked.
//! Deliberately does not write anything: pages go through a channel that holds one of them.

mod pace;
mod plan;
mod ranges;
mod servers;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use coldcase_schemas::ledger::{PartitionOutcome, PartitionPlan, QueryOutcome, QueryPlan};
use coldcase_schemas::{Entry, Event, RawAttribute};

use self::pace::Pace;
pub(crate) use self::plan::{Task, tasks};
use self::ranges::{Part, Ranges};
pub(crate) use self::servers::{Opened, Servers, first_text};
use crate::ldap::{Connection, Search};

/// noSuchObject (RFC 4511, appendix A): the base is not there or may not be seen.
const NO_SUCH_OBJECT: u32 = 32;
/// Results that tell that a search was too large: timeLimitExceeded, sizeLimitExceeded, adminLimitExceeded.
const TOO_LARGE: [u32; 3] = [3, 4, 11];
/// Results that may be another one later: busy, unavailable.
const PASSING: [u32; 2] = [51, 52];
/// Empty pages in a row after which a server is no longer believed.
const EMPTY_PAGES: u32 = 1_000;
/// So many parts in a row are halved because a server refuses them; then it is believed that it does not want to answer.
const REFUSALS: u32 = 80;
/// How often a query begins anew on another server.
const MOVES: u32 = 8;
/// A server that breaks off this many parts in a row, each after all retries, is given up.
const PATIENCE: u32 = 8;
/// An idle connection is used again after this long.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How a server is treated.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    /// Entries in a page.
    pub(crate) page_size: u32,
    /// Entries a second, on average.
    pub(crate) rate: Option<u32>,
    /// How often a lost connection is opened again before the server is given up.
    pub(crate) retries: u32,
    /// About how many objects are asked for in one part of a query.
    pub(crate) partition_size: u32,
}

/// What the reader tells.
#[derive(Debug)]
pub(crate) enum Message {
    /// For the snapshot.
    Event(Event),
    /// Objects of the query that began last.
    Entries(Vec<Entry>),
    /// For the user: something did not go as it should, and what is done about it.
    Note(String),
}

/// What is left when the reader has ended.
#[derive(Debug)]
pub(crate) struct Left {
    /// For further questions; `None` if it was lost.
    pub(crate) connection: Option<Connection>,
    /// True if the user stopped it.
    pub(crate) stopped: bool,
}

/// The reader's thread and what it says.
pub(crate) struct Reading {
    pub(crate) messages: Receiver<Message>,
    pub(crate) thread: JoinHandle<Left>,
}

/// The receiver is gone: nobody wants to know more.
struct Unheard;

/// Begins to read.
pub(crate) fn start(
    servers: Servers,
    opened: Opened,
    manners: Manners,
    tasks: Vec<Task>,
) -> Reading {
    let (sender, messages) = sync_channel(1);
    // Objects come page by page: a page larger than a second's worth would come at once, and then nothing.
    let manners = Manners {
        page_size: manners
            .page_size
            .min(manners.rate.unwrap_or(u32::MAX))
            .max(1),
        ..manners
    };
    let highest = highest_usn(&opened.root_dse);
    let mut reader = Reader {
        servers,
        connection: Some(opened.connection),
        domain: first_text(&opened.root_dse, "defaultNamingContext").unwrap_or_default(),
        database: opened.database,
        highest,
        pace: Pace::new(manners.rate),
        manners,
        failures: 0,
        sender,
    };
    let thread = thread::spawn(move || {
        for task in tasks {
            if reader.query(task).is_err() || reader.servers.stopped() {
                break;
            }
        }
        Left {
            connection: reader.connection,
            stopped: reader.servers.stopped(),
        }
    });
    Reading { messages, thread }
}

fn highest_usn(root_dse: &[RawAttribute]) -> Option<i64> {
    first_text(root_dse, "highestCommittedUSN")?.parse().ok()
}

struct Reader {
    servers: Servers,
    connection: Option<Connection>,
    /// defaultNamingContext of the servers.
    domain: String,
    database: String,
    highest: Option<i64>,
    pace: Pace,
    manners: Manners,
    /// Connections lost since the last part that was answered.
    failures: u32,
    sender: SyncSender<Message>,
}

/// How a part of a query ended.
enum End {
    /// It is in the ledger.
    Answered(QueryOutcome),
    /// The server does not answer it at this size.
    TooLarge(QueryOutcome),
    /// Another server answers now, and numbers objects differently.
    Moved,
    /// Nobody answers any more.
    Gone(QueryOutcome),
}

impl Reader {
    /// Asks a query, in parts if it is large.
    fn query(&mut self, task: Task) -> Result<(), Unheard> {
        let attributes = task.query.attributes();
        let mut done = task.done;
        let mut start_over = task.start_over;
        let mut moves = 0;
        loop {
            let plan = QueryPlan {
                name: task.query.name.to_owned(),
                base: task.base.clone(),
                scope: task.query.scope.as_str().to_owned(),
                filter: task.query.filter.to_owned(),
                attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
                server: self.servers.name().to_owned(),
                started: now(),
            };
            self.tell(Event::QueryStarted(plan))?;
            if std::mem::take(&mut start_over) {
                self.tell(Event::QueryAbandoned)?;
                continue;
            }
            let target = if task.query.many {
                self.manners.partition_size
            } else {
                u32::MAX
            };
            let mut ranges = Ranges::new(self.highest, target, &done);
            let mut total = empty_outcome();
            total.complete = true;
            total.result_code = Some(0);
            let mut moved = false;
            let mut refused = 0;
            while let Some(part) = ranges.next() {
                let filter = part.filter(task.query.filter);
                let search = Search {
                    base: &task.base,
                    scope: task.query.scope,
                    filter: &filter,
                    attributes: &attributes,
                    optional: !task.query.below.is_empty(),
                };
                match self.part(&search, part)? {
                    End::Answered(outcome) => {
                        refused = 0;
                        ranges.answered(part, outcome.entries);
                        add(&mut total, &outcome);
                    }
                    End::TooLarge(_) if refused < REFUSALS && ranges.halve(part) => {
                        refused += 1;
                        self.tell(Event::PartitionAbandoned)?;
                    }
                    End::TooLarge(outcome) => {
                        self.part_ended(1, &outcome)?;
                        add(&mut total, &outcome);
                    }
                    End::Gone(outcome) => {
                        add(&mut total, &outcome);
                        break;
                    }
                    End::Moved => {
                        moved = true;
                        break;
                    }
                }
                if self.servers.stopped() {
                    return Ok(());
                }
            }
            moves += u32::from(moved);
            if moves > MOVES {
                self.connection = None;
            }
            if !moved {
                total.ended = now();
                return self.tell(Event::QueryEnded(total));
            }
            self.tell(Event::QueryAbandoned)?;
            done.clear();
        }
    }

    /// Asks one part until it is answered, or nobody answers.
    fn part(&mut self, search: &Search<'_>, part: Part) -> Result<End, Unheard> {
        let mut attempts = 0;
        loop {
            if self.connection.is_none() {
                return Ok(End::Gone(not_asked()));
            }
            attempts += 1;
            let (first_usn, last_usn) = part.bounds();
            self.tell(Event::PartitionStarted(PartitionPlan {
                filter: search.filter.to_owned(),
                first_usn,
                last_usn,
                server: self.servers.name().to_owned(),
                database: self.database.clone(),
                started: now(),
            }))?;
            let outcome = self.pages(search)?;
            if self.servers.stopped() && !outcome.complete {
                self.tell(Event::PartitionAbandoned)?;
                return Ok(End::Gone(outcome));
            }
            let code = outcome.result_code.unwrap_or(0);
            if self.connection.is_some() && TOO_LARGE.contains(&code) {
                return Ok(End::TooLarge(outcome));
            }
            let passing = PASSING.contains(&code) && attempts <= self.manners.retries;
            if self.connection.is_some() && !passing {
                self.failures = 0;
                self.part_ended(attempts, &outcome)?;
                return Ok(End::Answered(outcome));
            }
            if self.manners.retries > 0 {
                self.tell_note(format!("{}; asking again", outcome.result_text))?;
            }
            if passing {
                self.tell(Event::PartitionAbandoned)?;
                self.servers.wait(attempts);
                continue;
            }
            self.failures += 1;
            let hopeless = self.failures > PATIENCE * (self.manners.retries + 1);
            let again = if hopeless { None } else { self.reconnect()? };
            match again {
                None => {
                    // The last word on this part: what came of it stays, and is said to be incomplete.
                    self.part_ended(attempts, &outcome)?;
                    return Ok(End::Gone(outcome));
                }
                // What is broken off again and again may be short enough in halves.
                Some(true) if attempts > self.manners.retries => {
                    return Ok(End::TooLarge(outcome));
                }
                Some(true) => self.tell(Event::PartitionAbandoned)?,
                Some(false) => return Ok(End::Moved),
            }
        }
    }

    /// Opens the connection again: true to the same database, false to another one, `None` if nobody answers.
    fn reconnect(&mut self) -> Result<Option<bool>, Unheard> {
        let mut notes = Vec::new();
        let opened = self
            .servers
            .reopen(self.manners.retries, &mut |note| notes.push(note));
        for note in notes {
            self.tell_note(note)?;
        }
        let Some(opened) = opened else {
            return Ok(None);
        };
        if first_text(&opened.root_dse, "defaultNamingContext").as_ref() != Some(&self.domain) {
            let name = self.servers.name().to_owned();
            self.tell_note(format!(
                "{name} answers for another domain now; it is not asked"
            ))?;
            return Ok(None);
        }
        let same = opened.database == self.database;
        if !same {
            let name = self.servers.name().to_owned();
            self.tell_note(format!("going on with {name}"))?;
        }
        self.highest = highest_usn(&opened.root_dse);
        self.database = opened.database;
        self.connection = Some(opened.connection);
        Ok(Some(same))
    }

    /// All pages of a search. Afterwards there is no connection if it was lost.
    fn pages(&mut self, search: &Search<'_>) -> Result<QueryOutcome, Unheard> {
        let mut outcome = empty_outcome();
        let mut malformed = 0;
        let mut empty = 0;
        let mut cookie = Vec::new();
        loop {
            let Some(mut connection) = self.connection.take() else {
                break;
            };
            let page = connection.page(search, self.manners.page_size, cookie);
            outcome.pages += 1;
            outcome.references += page.references;
            malformed += page.malformed;
            outcome.result_code = page.result_code;
            outcome.result_text = page.text;
            let count = page.entries.len() as u64;
            let mut entries = Vec::with_capacity(page.entries.len());
            let mut lost = page.connection_lost;
            for decoded in page.entries {
                if lost {
                    entries.push(decoded.cut_short());
                } else {
                    let (entry, broke) = connection.complete(decoded);
                    lost = broke;
                    entries.push(entry);
                }
            }
            outcome.entries += count;
            if !entries.is_empty() {
                self.send(Message::Entries(entries))?;
            }
            if lost {
                if outcome.result_code == Some(0) {
                    outcome.result_text = "the connection was lost".to_owned();
                }
                break;
            }
            cookie = page.cookie;
            // Only a container below a naming context may be missing, and says so at once.
            let missing = search.optional && outcome.pages == 1 && outcome.entries == 0;
            let answered = match outcome.result_code {
                Some(0) => true,
                Some(NO_SUCH_OBJECT) => missing,
                _ => false,
            };
            outcome.complete = answered && cookie.is_empty();
            self.connection = Some(connection);
            if outcome.result_code == Some(0) {
                self.rest(count);
            }
            if outcome.result_code != Some(0) || cookie.is_empty() || self.servers.stopped() {
                break;
            }
            // A server may answer with an empty page and go on; one that does nothing else has no end.
            empty = if count == 0 { empty + 1 } else { 0 };
            if empty > EMPTY_PAGES {
                outcome.result_text = format!("the server sent {empty} empty pages in a row");
                break;
            }
        }
        if self.servers.stopped() && !outcome.complete {
            outcome.result_text = "stopped by the user".to_owned();
        }
        if malformed > 0 {
            outcome.complete = false;
            let before = match outcome.result_code {
                Some(0) => String::new(),
                _ => format!("{}; ", outcome.result_text),
            };
            outcome.result_text = format!("{before}{malformed} entries could not be decoded");
        }
        outcome.ended = now();
        Ok(outcome)
    }

    /// Waits as long as the rate demands, without letting the connection go idle.
    fn rest(&mut self, entries: u64) {
        let mut left = self.pace.after(entries);
        while left > Duration::ZERO {
            let step = left.min(KEEP_ALIVE);
            let mut nap = step;
            // Longer naps are cut into pieces by the servers' own limit.
            while nap > Duration::ZERO {
                let piece = nap.min(Duration::from_secs(10));
                if !self.servers.pause(piece) {
                    return;
                }
                nap -= piece;
            }
            left -= step;
            if left > Duration::ZERO
                && let Some(connection) = &mut self.connection
            {
                connection.keep_alive();
            }
        }
    }

    fn part_ended(&mut self, attempts: u32, outcome: &QueryOutcome) -> Result<(), Unheard> {
        self.tell(Event::PartitionEnded(PartitionOutcome {
            attempts,
            outcome: outcome.clone(),
        }))
    }

    fn tell(&mut self, event: Event) -> Result<(), Unheard> {
        self.send(Message::Event(event))
    }

    fn tell_note(&mut self, note: String) -> Result<(), Unheard> {
        self.send(Message::Note(note))
    }

    fn send(&mut self, message: Message) -> Result<(), Unheard> {
        self.sender.send(message).map_err(|_| Unheard)
    }
}

fn empty_outcome() -> QueryOutcome {
    QueryOutcome {
        pages: 0,
        entries: 0,
        references: 0,
        result_code: None,
        result_text: String::new(),
        ended: now(),
        complete: false,
    }
}

fn not_asked() -> QueryOutcome {
    QueryOutcome {
        result_text: "not asked: the connection was lost before".to_owned(),
        ..empty_outcome()
    }
}

/// The outcome of a query is that of all its parts; the first failure is the one that is told.
fn add(total: &mut QueryOutcome, part: &QueryOutcome) {
    total.pages += part.pages;
    total.entries += part.entries;
    total.references += part.references;
    let failed_before = !total.complete;
    total.complete &= part.complete;
    // What one part said that the others did not is the word on all: a success does not hide it.
    if !failed_before && total.result_code == Some(0) {
        total.result_code = part.result_code;
        total.result_text.clone_from(&part.result_text);
    }
}

/// RFC 3339 UTC, to the second.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}
