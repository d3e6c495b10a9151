//! LDIF (RFC 2849) as OpenLDAP's ldapsearch, Samba's ldbsearch and Microsoft's ldifde write it.
//!
//! Owns records, the comments and result blocks between them, and what they say of the queries. Deliberately opens nothing that
//! a file names, and follows no referral.

mod asked;
mod line;
mod lines;
mod pieces;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{Read, Seek};

use coldcase_schemas::plan::{NamingContexts, Query};
use coldcase_schemas::{Entry, RawAttribute};
use coldcase_winsec::SddlDomains;

use self::asked::Asked;
use self::line::{Value, parse};
use self::lines::Lines;
use self::pieces::Pieces;
use self::value::Kind;
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Export, Format, Label, Object, Record};
use crate::limits;
use crate::naming::ContextsSeen;
use crate::unreadable::Unreadable;

/// Bytes in which the writer of a file is looked for.
const FIRST: u64 = 64 << 10;
/// Names of attributes that are remembered.
const NAMES: usize = 20_000;
/// Queries of a file that are remembered.
const QUERIES: usize = 1_000;

/// Whether a file begins like LDIF: with a DN, a version, or the comments of a writer.
pub fn recognise(first_bytes: &[u8]) -> bool {
    let mut lines = Lines::new(first_bytes);
    let mut line = Vec::new();
    while let Ok(Some(_)) = lines.next(&mut line) {
        let begins = |start: &[u8]| {
            line.get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b"#") {
            if begins(b"# extended LDIF") || begins(b"# record ") || begins(b"# LDAPv3") {
                return true;
            }
            continue;
        }
        return begins(b"dn:") || begins(b"version:");
    }
    false
}

/// An LDIF file being read.
pub struct Ldif<R> {
    label: Label,
    lines: Lines<R>,
    length: u64,
    domains: SddlDomains,
    asked: Vec<Asked>,
    /// How each attribute is turned back, by its name as written.
    kinds: HashMap<String, Kind>,
    /// Attributes that some object shows, in lower case.
    seen: BTreeSet<String>,
    contexts: ContextsSeen,
    told: BTreeSet<String>,
    referrals: u64,
    objects: u64,
    unreadable: Unreadable,
    queue: VecDeque<Record>,
    ended: bool,
}

impl<R: Read + Seek> Ldif<R> {
    /// Opens a file. `length`: its bytes.
    ///
    /// # Errors
    /// It cannot be read or is too large.
    pub fn open(mut input: R, length: u64) -> Result<Self, ImportError> {
        if length > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::Line(1),
                what: format!("a file of {length} bytes"),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        let mut first = Vec::new();
        (&mut input).take(FIRST).read_to_end(&mut first)?;
        input.rewind()?;
        let variant = variant(&first);
        let domains = match variant {
            LDBSEARCH => value::domains(&mut input)?,
            _ => SddlDomains::default(),
        };
        Ok(Self {
            label: Label {
                format: Format::Ldif,
                variant: variant.to_owned(),
                server: String::new(),
                taken_at: None,
                description: String::new(),
            },
            lines: Lines::new(input),
            length,
            domains,
            asked: Vec::new(),
            kinds: HashMap::new(),
            seen: BTreeSet::new(),
            contexts: ContextsSeen::default(),
            told: BTreeSet::new(),
            referrals: 0,
            objects: 0,
            unreadable: Unreadable::default(),
            queue: VecDeque::new(),
            ended: false,
        })
    }
}

const LDAPSEARCH: &str = "by ldapsearch";
const LDBSEARCH: &str = "by ldbsearch";
const LDIFDE: &str = "by ldifde";

/// Who wrote the file, as far as its beginning tells.
fn variant(first: &[u8]) -> &'static str {
    let mut lines = Lines::new(first);
    let mut line = Vec::new();
    while let Ok(Some(_)) = lines.next(&mut line) {
        match line.as_slice() {
            b"# extended LDIF" => return LDAPSEARCH,
            line if line.starts_with(b"# record ") => return LDBSEARCH,
            line if line.eq_ignore_ascii_case(b"changetype: add") => return LDIFDE,
            _ => {}
        }
    }
    ""
}

impl<R: Read> Ldif<R> {
    /// The next record: an entry, or a block between entries. False at the end.
    fn read_block(&mut self) -> Result<bool, ImportError> {
        let mut line = Vec::new();
        let mut object: Option<Object> = None;
        let mut pieces = Pieces::default();
        let mut any = false;
        while let Some(number) = self.lines.next(&mut line)? {
            any = true;
            if line.is_empty() {
                break;
            }
            if let Some(comment) = line.strip_prefix(b"#") {
                self.comment(&String::from_utf8_lossy(comment));
                continue;
            }
            let Some(parsed) = parse(&line) else {
                if line.contains(&b':') || object.is_some() {
                    let dn = object.as_ref().map(|object| object.entry.dn.clone());
                    self.trouble(
                        number,
                        dn,
                        None,
                        "the line is no attribute with a value".to_owned(),
                    );
                    continue;
                }
                return Err(ImportError::broken(
                    Place::Line(number),
                    "a line that is neither a DN nor an attribute nor a comment: this is no LDIF",
                ));
            };
            match &mut object {
                Some(object) => self.attribute(number, parsed, object, &mut pieces)?,
                None if parsed.name.eq_ignore_ascii_case("dn") => {
                    object = self.begin(number, parsed)?
                }
                None => self.between(parsed.name, &parsed.value),
            }
        }
        if let Some(mut object) = object {
            pieces.judge(&mut object.entry);
            self.end(object)?;
        }
        Ok(any)
    }

    fn comment(&mut self, comment: &str) {
        if let Some(begun) = Asked::begins(comment) {
            if self.asked.len() < QUERIES {
                let begun = begun.follows(self.asked.last());
                self.asked.push(begun);
            }
        } else if let Some(asked) = self.asked.last_mut() {
            asked.comment(comment);
        }
    }

    fn begin(
        &mut self,
        number: u64,
        parsed: line::Line<'_>,
    ) -> Result<Option<Object>, ImportError> {
        let dn = match parsed.value {
            Value::Bytes(bytes, _) => String::from_utf8(bytes).ok(),
            Value::Elsewhere | Value::Bad => None,
        };
        let Some(dn) = dn else {
            return Err(ImportError::broken(
                Place::Line(number),
                "a DN that is not UTF-8",
            ));
        };
        Ok(Some(Object {
            place: Place::Line(number),
            entry: Entry {
                dn,
                attributes: Vec::new(),
            },
            rounded: Vec::new(),
        }))
    }

    /// A line of a block without a DN: a result, a referral.
    fn between(&mut self, name: &str, value: &Value) {
        let text = match value {
            Value::Bytes(bytes, _) => String::from_utf8_lossy(bytes).into_owned(),
            Value::Elsewhere | Value::Bad => String::new(),
        };
        match name.to_ascii_lowercase().as_str() {
            "ref" => self.referrals += 1,
            "result" => {
                if let Some(asked) = self.asked.last_mut() {
                    asked.result = Some(text);
                    asked.more = false;
                }
            }
            "pagedresults" => {
                if let Some(asked) = self.asked.last_mut() {
                    let cookie = text.split("cookie=").nth(1).unwrap_or_default();
                    asked.more = !cookie.trim().is_empty();
                }
            }
            _ => {}
        }
    }

    fn attribute(
        &mut self,
        number: u64,
        parsed: line::Line<'_>,
        object: &mut Object,
        pieces: &mut Pieces,
    ) -> Result<(), ImportError> {
        let name = parsed.name;
        if name.eq_ignore_ascii_case("changetype") || name.eq_ignore_ascii_case("control") {
            let adds = matches!(&parsed.value, Value::Bytes(value, _) if value.eq_ignore_ascii_case(b"add"));
            if adds && name.eq_ignore_ascii_case("changetype") {
                return Ok(());
            }
            return Err(ImportError::Unsupported(format!(
                "line {number} changes an object: this is a file of changes for a directory, not an export of one"
            )));
        }
        if let Some(option) = parsed.option
            && self.told.insert(format!("{name};{option}"))
        {
            let what =
                format!("its option {option} is not understood and is left aside; told once");
            self.trouble(
                number,
                Some(object.entry.dn.clone()),
                Some(name.to_owned()),
                what,
            );
        }
        let bytes = match parsed.value {
            Value::Bytes(bytes, _) => bytes,
            Value::Elsewhere => {
                object.entry.lacks(name);
                let what =
                    "its value is not in the file but in another, which is not opened".to_owned();
                self.trouble(
                    number,
                    Some(object.entry.dn.clone()),
                    Some(name.to_owned()),
                    what,
                );
                return Ok(());
            }
            Value::Bad => {
                object.entry.lacks(name);
                let what = "its value says that it is base64 and is not".to_owned();
                self.trouble(
                    number,
                    Some(object.entry.dn.clone()),
                    Some(name.to_owned()),
                    what,
                );
                return Ok(());
            }
        };
        if let Some(range) = parsed.range {
            pieces.note(name, range, u64::from(!bytes.is_empty()));
        }
        // The bare name beside `name;range=…` comes without a value.
        if bytes.is_empty() && pieces.has(name) {
            return Ok(());
        }
        let kind = self.kind(name);
        match value::wire(kind, bytes, &self.domains) {
            Ok(value) => self.put(number, name, value, object),
            Err(what) => {
                object.entry.lacks(name);
                self.trouble(
                    number,
                    Some(object.entry.dn.clone()),
                    Some(name.to_owned()),
                    what,
                );
                Ok(())
            }
        }
    }

    fn kind(&mut self, name: &str) -> Kind {
        if let Some(kind) = self.kinds.get(name) {
            return *kind;
        }
        let kind = Kind::of(name);
        if self.kinds.len() < NAMES {
            self.kinds.insert(name.to_owned(), kind);
            self.seen.insert(name.to_ascii_lowercase());
        }
        kind
    }

    fn put(
        &mut self,
        number: u64,
        name: &str,
        value: Vec<u8>,
        object: &mut Object,
    ) -> Result<(), ImportError> {
        let attributes = &mut object.entry.attributes;
        // Values of one attribute nearly always follow each other.
        let last = attributes.len().saturating_sub(1);
        let place = match attributes.last() {
            Some(one) if one.name.eq_ignore_ascii_case(name) => Some(last),
            _ => attributes
                .iter()
                .position(|one| one.name.eq_ignore_ascii_case(name)),
        };
        let attribute = match place.and_then(|place| attributes.get_mut(place)) {
            Some(attribute) => attribute,
            None => {
                attributes.push(RawAttribute::new(name, Vec::new()));
                let Some(attribute) = attributes.last_mut() else {
                    return Ok(());
                };
                attribute
            }
        };
        if attribute.values.len() >= limits::VALUES {
            return Err(ImportError::TooLarge {
                place: Place::Line(number),
                what: format!("an attribute of more than {} values", limits::VALUES),
                limit: limits::VALUES.to_string(),
            });
        }
        attribute.values.push(value);
        Ok(())
    }

    fn end(&mut self, object: Object) -> Result<(), ImportError> {
        if let Some(asked) = self.asked.last_mut() {
            asked.entries += 1;
        }
        // The root DSE is no object of a naming context.
        if object.entry.dn.is_empty() {
            return Ok(());
        }
        self.objects += 1;
        self.note_answer(&object.entry);
        if self.objects > limits::OBJECTS {
            return Err(ImportError::TooLarge {
                place: object.place,
                what: format!("{} objects", self.objects),
                limit: limits::OBJECTS.to_string(),
            });
        }
        self.contexts.note(&object.entry.dn);
        self.queue.push_back(Record::Object(object));
        Ok(())
    }

    /// What an entry tells of the query that brought it.
    fn note_answer(&mut self, entry: &Entry) {
        let Some(asked) = self.asked.last_mut() else {
            return;
        };
        asked.descriptors |= entry.values("nTSecurityDescriptor").is_some();
        if asked.asks_for_all() && entry.attributes.is_empty() {
            self.unreadable.note(&entry.dn);
        }
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

    fn has_seen(&self, attribute: &str) -> bool {
        self.seen.contains(&attribute.to_ascii_lowercase())
    }
}

impl<R: Read> Export for Ldif<R> {
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
            match self.read_block() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }

    fn answer(&self, query: &Query, contexts: &NamingContexts) -> Answer {
        if let Some((attributes, partial)) = asked::answer(&self.asked, query, contexts) {
            return Answer::Asked {
                attributes,
                partial,
            };
        }
        let seen = self.contexts.has(query.context);
        if !seen && !asked::touches(&self.asked, query.context) {
            return Answer::NotAsked("no object of that naming context is in the file".to_owned());
        }
        let why = if self.asked.is_empty() {
            "nothing in the file tells what was asked and whether all of it is here"
        } else {
            "no query of the file asks for all of these objects"
        };
        Answer::Asked {
            attributes: query
                .attributes()
                .into_iter()
                .filter(|name| self.has_seen(name))
                .collect(),
            partial: Some(why.to_owned()),
        }
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "It shows what the account that asked may read, and does not say which account that was.".to_owned(),
            "It does not say when it was made, nor which domain controller answered.".to_owned(),
            "It holds no replication metadata: why an attribute is absent is not known.".to_owned(),
            "It holds no settings of group policies, which lie in SYSVOL.".to_owned(),
        ];
        if !self.has_seen("nTSecurityDescriptor") {
            limits
                .push("It holds no security descriptors: who may do what is not known.".to_owned());
        }
        if self.asked.is_empty() {
            limits.push(
                "Nothing in it tells which objects and attributes were asked for, so nothing that is absent is known to be unset."
                    .to_owned(),
            );
        }
        limits.extend(self.unreadable.limit());
        if self.referrals > 0 {
            limits.push(format!(
                "{} referrals to other servers were not followed.",
                self.referrals
            ));
        }
        limits
    }

    fn unreadable(&self) -> u64 {
        self.unreadable.objects()
    }

    fn progress(&self) -> (u64, u64) {
        (self.lines.bytes().min(self.length), self.length)
    }
}
