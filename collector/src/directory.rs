//! The live directory as a [`Source`]: root DSE, then each query page by page.
//!
//! Owns the order of events and what the ledger says of each query. After the connection is lost the
//! remaining queries are written down as not asked, so that nothing missing looks like nothing there.

use std::convert::Infallible;

use coldcase_schemas::ledger::{QueryOutcome, QueryPlan};
use coldcase_schemas::plan::{NamingContexts, QUERIES, Query};
use coldcase_schemas::{Entry, Event, RawAttribute, Source};

use crate::ldap::{Connection, Decoded, Page};

/// noSuchObject (RFC 4511, appendix A): the base is not there or may not be seen.
const NO_SUCH_OBJECT: u32 = 32;

/// Empty pages in a row after which a server is no longer believed.
const EMPTY_PAGES: u32 = 1_000;

/// A directory being read.
#[derive(Debug)]
pub(crate) struct Directory {
    connection: Option<Connection>,
    server: String,
    page_size: u32,
    root_dse: Option<Vec<RawAttribute>>,
    contexts: NamingContexts,
    waiting: std::slice::Iter<'static, Query>,
    running: Option<Running>,
}

/// The query that is being asked.
#[derive(Debug)]
struct Running {
    query: &'static Query,
    base: String,
    buffered: std::vec::IntoIter<Decoded>,
    /// Pages without an entry, one after the other.
    empty_pages: u32,
    cookie: Vec<u8>,
    /// Set when no further page is to be asked.
    ended: bool,
    outcome: QueryOutcome,
    malformed: u64,
}

impl Directory {
    pub(crate) fn new(
        connection: Connection,
        server: String,
        page_size: u32,
        root_dse: Vec<RawAttribute>,
        contexts: NamingContexts,
    ) -> Self {
        Self {
            connection: Some(connection),
            server,
            page_size,
            root_dse: Some(root_dse),
            contexts,
            waiting: QUERIES.iter(),
            running: None,
        }
    }

    fn start(&mut self, query: &'static Query) -> Event {
        let base = query.base(&self.contexts);
        let plan = QueryPlan {
            name: query.name.to_owned(),
            base: base.clone(),
            scope: query.scope.as_str().to_owned(),
            filter: query.filter.to_owned(),
            attributes: query.attributes().into_iter().map(str::to_owned).collect(),
            server: self.server.clone(),
            started: now(),
        };
        self.running = Some(Running {
            query,
            base,
            buffered: Vec::new().into_iter(),
            empty_pages: 0,
            cookie: Vec::new(),
            ended: false,
            outcome: QueryOutcome {
                pages: 0,
                entries: 0,
                references: 0,
                result_code: None,
                result_text: String::new(),
                ended: String::new(),
                complete: false,
            },
            malformed: 0,
        });
        Event::QueryStarted(plan)
    }
}

impl Directory {
    /// An entry with the rest of its ranged attributes; without a connection they stay cut short.
    fn complete(&mut self, decoded: Decoded) -> Entry {
        let (entry, lost) = match &mut self.connection {
            Some(connection) => connection.complete(decoded),
            None => {
                let Decoded {
                    mut entry,
                    unfinished,
                } = decoded;
                for (position, _) in unfinished {
                    if let Some(attribute) = entry.attributes.get_mut(position) {
                        attribute.complete = false;
                    }
                }
                (entry, false)
            }
        };
        if lost {
            self.connection = None;
        }
        entry
    }
}

impl Source for Directory {
    type Error = Infallible;

    fn next_event(&mut self) -> Result<Option<Event>, Infallible> {
        if let Some(root_dse) = self.root_dse.take() {
            return Ok(Some(Event::RootDse(root_dse)));
        }
        let Some(mut running) = self.running.take() else {
            return Ok(self.waiting.next().map(|query| self.start(query)));
        };
        loop {
            if let Some(decoded) = running.buffered.next() {
                let entry = self.complete(decoded);
                self.running = Some(running);
                return Ok(Some(Event::Entry(entry)));
            }
            if running.ended {
                return Ok(Some(Event::QueryEnded(running.finish())));
            }
            match &mut self.connection {
                Some(connection) => {
                    let cookie = std::mem::take(&mut running.cookie);
                    let page =
                        connection.page(running.query, &running.base, self.page_size, cookie);
                    if page.connection_lost {
                        self.connection = None;
                    }
                    running.take(page);
                }
                None => {
                    running.ended = true;
                    running.outcome.result_text =
                        "not asked: the connection was lost before".to_owned();
                }
            }
        }
    }
}

impl Running {
    fn take(&mut self, page: Page) {
        self.outcome.pages += 1;
        self.outcome.entries += page.entries.len() as u64;
        self.outcome.references += page.references;
        self.malformed += page.malformed;
        self.ended = page.result_code != Some(0) || page.cookie.is_empty() || page.connection_lost;
        let whole = matches!(page.result_code, Some(0 | NO_SUCH_OBJECT)) && !page.connection_lost;
        self.outcome.complete = whole && page.cookie.is_empty();
        self.outcome.result_code = page.result_code;
        self.outcome.result_text = if page.connection_lost && page.result_code == Some(0) {
            "the connection was lost".to_owned()
        } else {
            page.text
        };
        // A server may answer with an empty page and go on; one that does nothing else has no end.
        self.empty_pages = if page.entries.is_empty() {
            self.empty_pages + 1
        } else {
            0
        };
        if self.empty_pages > EMPTY_PAGES && !self.ended {
            self.ended = true;
            self.outcome.result_text =
                format!("the server sent {} empty pages in a row", self.empty_pages);
        }
        self.cookie = page.cookie;
        self.buffered = page.entries.into_iter();
    }

    fn finish(mut self) -> QueryOutcome {
        if self.malformed > 0 {
            self.outcome.complete = false;
            let before = match self.outcome.result_code {
                Some(0) => String::new(),
                _ => format!("{}; ", self.outcome.result_text),
            };
            self.outcome.result_text =
                format!("{before}{} entries could not be decoded", self.malformed);
        }
        self.outcome.ended = now();
        self.outcome
    }
}

/// RFC 3339 UTC, to the second.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}
