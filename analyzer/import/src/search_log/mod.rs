//! Logs of ldapsearch-style tools (pyldapsearch, add-ons of C2 frameworks): text that is no LDIF.
//!
//! Owns entries between lines of twenty hyphens, and the end marks of queries. Deliberately believes no log to be complete:
//! none says what was asked. Read from the bytes of real logs.

mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read};

use coldcase_schemas::plan::{NamingContexts, Query};
use coldcase_schemas::{Entry, RawAttribute};

use self::value::{Printed, wire_values};
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Export, Format, Label, Object, Record};
use crate::limits;
use crate::naming::ContextsSeen;

/// What an entry begins with.
const SEPARATOR: &[u8] = b"--------------------";
/// Names of attributes that are remembered.
const NAMES: usize = 20_000;

/// Whether a file is such a log: an entry begins in it, and its first line with a colon is an attribute.
pub fn recognise(first_bytes: &[u8]) -> bool {
    let mut lines = first_bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    lines.any(|line| line == SEPARATOR)
        && lines
            .find(|line| !line.is_empty() && *line != SEPARATOR)
            .is_some_and(|line| attribute(&String::from_utf8_lossy(line)).is_some())
}

/// Name and value of a line; `None` if it is none.
fn attribute(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line
        .split_once(": ")
        .or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let first = name.bytes().next()?;
    let is_name = first.is_ascii_alphabetic()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then_some((name, value))
}

/// A log being read.
pub struct SearchLog<R> {
    label: Label,
    input: BufReader<R>,
    read: u64,
    length: u64,
    line: u64,
    /// The entry that is open: its line, and names with values as printed.
    open: Option<(u64, Vec<(String, String)>)>,
    printed: HashMap<String, Printed>,
    /// Attributes of which a value was read, in lower case.
    seen: BTreeSet<String>,
    told: BTreeSet<String>,
    contexts: ContextsSeen,
    empty: u64,
    objects: u64,
    /// Queries that say that they came to their end.
    ended_queries: u64,
    queue: VecDeque<Record>,
    ended: bool,
}

impl<R: Read> SearchLog<R> {
    /// Opens a log. `length`: its bytes.
    ///
    /// # Errors
    /// It is too large.
    pub fn open(input: R, length: u64) -> Result<Self, ImportError> {
        if length > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::Line(1),
                what: format!("a file of {length} bytes"),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        Ok(Self {
            label: Label {
                format: Format::SearchLog,
                variant: String::new(),
                server: String::new(),
                taken_at: None,
                description: String::new(),
            },
            input: BufReader::with_capacity(256 << 10, input),
            read: 0,
            length,
            line: 0,
            open: None,
            printed: HashMap::new(),
            seen: BTreeSet::new(),
            told: BTreeSet::new(),
            contexts: ContextsSeen::default(),
            empty: 0,
            objects: 0,
            ended_queries: 0,
            queue: VecDeque::new(),
            ended: false,
        })
    }

    /// Queries that say that they came to their end.
    pub fn ended_queries(&self) -> u64 {
        self.ended_queries
    }

    /// A line ends at a line feed only: values hold other characters that pass for line ends.
    fn read_line(&mut self) -> Result<bool, ImportError> {
        let mut bytes = Vec::new();
        let limit = limits::VALUE_BYTES as u64;
        let read = (&mut self.input)
            .take(limit + 1)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        self.read += read as u64;
        if read as u64 > limit {
            return Err(ImportError::TooLarge {
                place: Place::Line(self.line),
                what: "a line".to_owned(),
                limit: format!("{limit} bytes"),
            });
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if bytes == SEPARATOR {
            self.close()?;
            self.open = Some((self.line, Vec::new()));
            return Ok(true);
        }
        let text = String::from_utf8_lossy(&bytes);
        let words = text.to_ascii_lowercase();
        if (words.starts_with("retrieved ") || words.starts_with("retreived "))
            && words.contains("result")
        {
            self.close()?;
            self.ended_queries += 1;
            return Ok(true);
        }
        if let Some((_, values)) = &mut self.open {
            match (attribute(&text), values.last_mut()) {
                (Some((name, value)), _) => values.push((name.to_owned(), value.to_owned())),
                // A value of several lines.
                (None, Some((_, last))) => {
                    last.push('\n');
                    last.push_str(&text);
                }
                (None, None) => {}
            }
        }
        Ok(true)
    }

    /// Delivers the entry that is open.
    fn close(&mut self) -> Result<(), ImportError> {
        let Some((number, values)) = self.open.take() else {
            return Ok(());
        };
        if values.is_empty() {
            self.empty += 1;
            return Ok(());
        }
        let dn = values
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("distinguishedName"));
        let Some((_, dn)) = dn else {
            self.trouble(
                number,
                None,
                None,
                "the entry has no distinguishedName and is left out".to_owned(),
            );
            return Ok(());
        };
        self.objects += 1;
        if self.objects > limits::OBJECTS {
            return Err(ImportError::TooLarge {
                place: Place::Line(number),
                what: format!("{} objects", self.objects),
                limit: limits::OBJECTS.to_string(),
            });
        }
        let mut entry = Entry {
            dn: dn.clone(),
            attributes: Vec::with_capacity(values.len()),
        };
        for (name, text) in values {
            if name.eq_ignore_ascii_case("distinguishedName") {
                continue;
            }
            // A text of several lines can hold what looks like an attribute: of two, neither is believed.
            let single = coldcase_schemas::attribute::find(&name)
                .is_some_and(|(_, found)| found.syntax.is_single());
            if single
                && entry
                    .attributes
                    .iter()
                    .any(|one| one.name.eq_ignore_ascii_case(&name))
            {
                for one in &mut entry.attributes {
                    if one.name.eq_ignore_ascii_case(&name) {
                        one.values.clear();
                    }
                }
                entry.lacks(&name);
                let what = "it stands twice, and can have one value only; neither is believed";
                self.trouble(number, Some(entry.dn.clone()), Some(name), what.to_owned());
                continue;
            }
            let printed = self.printed(&name);
            match wire_values(printed, &text) {
                Ok(values) => {
                    if self.seen.len() < NAMES {
                        self.seen.insert(name.to_ascii_lowercase());
                    }
                    entry.attributes.push(RawAttribute::new(name, values));
                }
                Err((what, always)) => {
                    // What such logs lose always, nobody takes for asked.
                    if !always {
                        entry.lacks(&name);
                    }
                    if !always || self.told.insert(name.to_ascii_lowercase()) {
                        self.trouble(number, Some(entry.dn.clone()), Some(name), what);
                    }
                }
            }
        }
        self.contexts.note(&entry.dn);
        self.queue.push_back(Record::Object(Object {
            place: Place::Line(number),
            entry,
            rounded: Vec::new(),
        }));
        Ok(())
    }

    fn printed(&mut self, name: &str) -> Printed {
        if let Some(printed) = self.printed.get(name) {
            return *printed;
        }
        let printed = Printed::of(name);
        if self.printed.len() < NAMES {
            self.printed.insert(name.to_owned(), printed);
        }
        printed
    }

    fn trouble(
        &mut self,
        number: u64,
        dn: Option<String>,
        attribute: Option<String>,
        what: String,
    ) {
        self.queue.push_back(Record::Trouble(Trouble {
            place: Place::Line(number),
            dn,
            attribute,
            what,
        }));
    }
}

impl<R: Read> Export for SearchLog<R> {
    fn label(&self) -> &Label {
        &self.label
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        loop {
            if let Some(record) = self.queue.pop_front() {
                return Ok(Some(record));
            }
            if self.ended {
                return Ok(None);
            }
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.close()?;
                }
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }

    fn answer(&self, query: &Query, _: &NamingContexts) -> Answer {
        if !self.contexts.has(query.context) {
            return Answer::NotAsked("no object of that naming context is in the log".to_owned());
        }
        let why = match self.ended_queries {
            0 => "the log does not say what was asked, nor that it came to its end",
            _ => "the log does not say what was asked",
        };
        Answer::Asked {
            attributes: query
                .attributes()
                .into_iter()
                .filter(|name| self.seen.contains(&name.to_ascii_lowercase()))
                .collect(),
            partial: Some(why.to_owned()),
        }
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "A log says neither who asked nor what was asked: what is not in it may be there all the same.".to_owned(),
            "Logs of this kind lose binary values: who reads a managed password, which key it comes from and SIDs of the past \
             are not known."
                .to_owned(),
            "It does not say when it was made.".to_owned(),
        ];
        if self.empty > 0 {
            limits.push(format!(
                "{} objects showed nothing, not even their name.",
                self.empty
            ));
        }
        limits
    }

    /// Objects of which nothing was readable, not even the name.
    fn unreadable(&self) -> u64 {
        self.empty
    }

    fn progress(&self) -> (u64, u64) {
        (self.read.min(self.length), self.length)
    }
}
