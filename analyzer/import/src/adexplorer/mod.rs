//! Sysinternals ADExplorer snapshots (.dat).
//!
//! Owns the order of a file (header, objects, stubs, tables, tree) and its records. Deliberately does not follow the tree:
//! objects are read in the order in which they lie.
//!
//! There is no specification; the layout was read from the bytes of real files, of which it accounts for every one.

mod file;
mod schema;
mod shared;
mod tables;
mod value;

#[cfg(any(test, feature = "made"))]
pub mod made;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::io::{Read, Seek};
use std::rc::Rc;
use std::sync::Arc;

use coldcase_schemas::plan::{Context, NamingContexts, Query};
use coldcase_schemas::{Entry, RawAttribute};

use self::file::File;
use self::shared::Shared;
use self::tables::{HEADER, Header, MAGIC, TABLES, Tables};
use self::value::{Bad, Layout, Values, decode};
use crate::bytes::{Reader, index};
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Export, Format, Label, Object, Record};
use crate::limits;
use crate::unreadable::Unreadable;

/// Bytes of an object that is read; a larger one is left out.
const RECORD: u64 = 96 << 20;
/// Bytes of a shared value that are looked at first; nearly all are shorter.
const WINDOW: usize = 4 << 10;
/// Naming contexts of a tree that are looked at.
const HEADS: u32 = 1_000;
/// Attributes that the reader itself looks at.
const OWN: &[&str] = &["attributeID", "systemFlags", "lDAPDisplayName"];
/// FLAG_ATTR_IS_CONSTRUCTED (MS-ADTS 2.2.10).
const CONSTRUCTED_FLAG: i64 = 4;
/// Attributes that a directory computes for whoever asks by name (MS-ADTS 3.1.1.4.5), and ADExplorer does not ask for.
const CONSTRUCTED: &[&str] = &["msDS-User-Account-Control-Computed"];

/// Whether a file begins like a snapshot of ADExplorer.
pub fn recognise(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(MAGIC)
}

/// A snapshot being read.
pub struct AdExplorer {
    label: Label,
    header: Header,
    file: File,
    tables: Tables,
    shared: Shared,
    contexts: Vec<String>,
    /// Names of attributes that the schema in the file calls constructed, in lower case.
    constructed: BTreeSet<String>,
    position: u64,
    objects: u32,
    state: State,
    record: Vec<u8>,
    decoded: u64,
    /// Properties of which something was told already.
    told: BTreeSet<u32>,
    unreadable: Unreadable,
    /// What each property is good for, by number; empty: all are wanted.
    uses: Vec<Use>,
    is_wanted: Option<fn(&str) -> bool>,
    queue: VecDeque<Record>,
}

/// What an attribute is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Wanted,
    /// For the reader alone.
    Own,
    None,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Objects,
    Stubs,
    Schema,
    Ended,
}

impl AdExplorer {
    /// Reads header, tables and the naming contexts. `length`: bytes of the file.
    ///
    /// # Errors
    /// It is no snapshot of ADExplorer, it was interrupted, or its tables are damaged.
    pub fn open(input: impl Read + Seek + 'static, length: u64) -> Result<Self, ImportError> {
        if length > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::Offset(0),
                what: format!("a file of {length} bytes"),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        let mut file = File::new(Box::new(input), length);
        let mut bytes = Vec::new();
        file.read(0, index(HEADER as u32), &mut bytes)?;
        let header = Header::read(&bytes, length)?;
        let size = header.tree_at - header.properties_at;
        if size > TABLES {
            return Err(ImportError::TooLarge {
                place: Place::Offset(header.properties_at),
                what: format!("a schema of {size} bytes"),
                limit: format!("{TABLES} bytes"),
            });
        }
        bytes.clear();
        file.read(
            header.properties_at,
            usize::try_from(size).unwrap_or(0),
            &mut bytes,
        )?;
        let tables = Tables::read(&bytes, header.properties_at)?;
        let mut snapshot = Self {
            label: Label {
                format: Format::AdExplorer,
                variant: String::new(),
                server: header.server.clone(),
                taken_at: header.time(),
                description: header.description.clone(),
            },
            header,
            file,
            tables,
            shared: Shared::default(),
            contexts: Vec::new(),
            constructed: BTreeSet::new(),
            position: HEADER,
            objects: 0,
            state: State::Objects,
            record: Vec::new(),
            decoded: 0,
            told: BTreeSet::new(),
            unreadable: Unreadable::default(),
            uses: Vec::new(),
            is_wanted: None,
            queue: VecDeque::new(),
        };
        snapshot.contexts = snapshot.read_contexts()?;
        Ok(snapshot)
    }

    /// DNs of the naming contexts that were collected, as the tree has them.
    pub fn naming_contexts(&self) -> &[String] {
        &self.contexts
    }

    /// The root of the tree: i64 −2, the number of nodes below it, the number of leaves; then for each node its offset from
    /// the root, and for each leaf the offset of its object in the file. A node begins with the offset of its object.
    fn read_contexts(&mut self) -> Result<Vec<String>, ImportError> {
        let root = self.header.tree_at;
        let mut bytes = Vec::new();
        self.file.read(root, 16, &mut bytes)?;
        let mut reader = Reader::new(&bytes);
        let head = (reader.i64(), reader.u32(), reader.u32());
        let (Some(-2), Some(nodes), Some(leaves)) = head else {
            return Err(ImportError::broken(
                Place::Offset(root),
                "the tree does not begin with its root",
            ));
        };
        if nodes.saturating_add(leaves) > HEADS {
            return Err(ImportError::broken(
                Place::Offset(root),
                format!("the tree has {nodes} nodes and {leaves} leaves right below its root"),
            ));
        }
        let mut offsets = Vec::new();
        bytes.clear();
        self.file
            .read(root + 16, index(nodes) * 4 + index(leaves) * 8, &mut bytes)?;
        let mut reader = Reader::new(&bytes);
        for _ in 0..nodes {
            let Some(child) = reader.u32() else { break };
            let mut object = Vec::new();
            self.file
                .read(root.saturating_add(u64::from(child)), 8, &mut object)?;
            offsets.extend(Reader::new(&object).u64());
        }
        for _ in 0..leaves {
            offsets.extend(reader.u64());
        }
        let mut contexts = Vec::new();
        for offset in offsets {
            if (HEADER..self.header.properties_at).contains(&offset)
                && let Some(dn) = self.dn_at(offset)?
            {
                contexts.push(dn);
            }
        }
        Ok(contexts)
    }

    /// DN of the record at an offset; `None` if there is no record.
    fn dn_at(&mut self, offset: u64) -> Result<Option<String>, ImportError> {
        let mut bytes = Vec::new();
        self.file.read(offset, 16, &mut bytes)?;
        let mut reader = Reader::new(&bytes);
        let fields = (reader.u32(), reader.u32(), reader.u32(), reader.i32());
        let (Some(_), Some(_), Some(_), Some(value)) = fields else {
            return Ok(None);
        };
        let Ok(value) = u64::try_from(value) else {
            return Ok(None);
        };
        let values = self.shared_value(offset.saturating_add(value), Layout::Text)?;
        Ok(values.ok().and_then(|values| first_text(&values)))
    }

    /// Values that lie at `position`, decoded.
    fn shared_value(
        &mut self,
        position: u64,
        layout: Layout,
    ) -> Result<Result<Rc<Values>, Bad>, ImportError> {
        if let Some(values) = self.shared.get((position, layout)) {
            return Ok(Ok(values));
        }
        let end = self.header.properties_at;
        let left = usize::try_from(end.saturating_sub(position)).unwrap_or(usize::MAX);
        let mut window = WINDOW;
        loop {
            let mut bytes = Vec::new();
            self.file.read(position, window.min(left), &mut bytes)?;
            match decode(layout, &bytes) {
                Ok(values) => {
                    let values = Rc::new(values);
                    self.shared.put((position, layout), Rc::clone(&values));
                    return Ok(Ok(values));
                }
                // The value may go on behind the window.
                Err(Bad::Short) if window < left && window < limits::VALUE_BYTES => window *= 8,
                Err(bad) => return Ok(Err(bad)),
            }
        }
    }

    /// The next object or stub.
    fn read_record(&mut self) -> Result<(), ImportError> {
        let start = self.position;
        let counted = self.state == State::Objects;
        let place = Place::Offset(start);
        let mut head = Vec::with_capacity(8);
        self.file.read(start, 8, &mut head)?;
        let mut reader = Reader::new(&head);
        let (size, count) = (reader.u32().unwrap_or(0), reader.u32().unwrap_or(0));
        let end = start.saturating_add(u64::from(size));
        let entries = u64::from(count).saturating_mul(8).saturating_add(8);
        if !counted && (size == 0 || start + 8 > self.header.properties_at) {
            self.state = State::Schema;
            return Ok(());
        }
        if end > self.header.properties_at || entries > u64::from(size) || count == 0 {
            return Err(ImportError::broken(
                place,
                format!(
                    "object {} of {} is to have {size} bytes and {count} attributes; the objects end at {}",
                    self.objects + 1,
                    self.header.objects,
                    self.header.properties_at
                ),
            ));
        }
        self.position = end;
        self.objects += u32::from(counted);
        if counted && u64::from(self.objects) > limits::OBJECTS {
            return Err(ImportError::TooLarge {
                place,
                what: format!("{} objects", self.header.objects),
                limit: limits::OBJECTS.to_string(),
            });
        }
        if u64::from(size) > RECORD {
            let what =
                format!("the object has {size} bytes, over the limit of {RECORD}, and is left out");
            self.trouble(place, None, None, what);
            return Ok(());
        }
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        self.file.read(start, index(size), &mut record)?;
        let object = self.object(start, count, &record);
        self.record = record;
        if let Some(object) = object? {
            self.queue.push_back(Record::Object(object));
        }
        Ok(())
    }

    fn object(
        &mut self,
        start: u64,
        count: u32,
        record: &[u8],
    ) -> Result<Option<Object>, ImportError> {
        let place = || Place::Offset(start);
        let mut reader = Reader::new(record);
        reader.take(8);
        let mut entry = Entry {
            dn: String::new(),
            attributes: Vec::with_capacity(index(count).min(256)),
        };
        let (mut left_out, mut for_itself) = (false, false);
        for number in 0..count {
            let (Some(property), Some(offset)) = (reader.u32(), reader.i32()) else {
                break;
            };
            match self.uses.get(index(property)) {
                Some(Use::None) if number > 0 => {
                    left_out = true;
                    continue;
                }
                Some(Use::Own) => for_itself = true,
                _ => {}
            }
            let Some((name, layout)) = self.property(property, &entry.dn, start) else {
                if let Some(property) = self.tables.properties.get(index(property)) {
                    entry.lacks(&property.name);
                }
                continue;
            };
            match self.value(start, count, record, offset, layout)? {
                Ok(values) if number == 0 => {
                    let dn = first_text(&values)
                        .filter(|_| name.eq_ignore_ascii_case("distinguishedName"));
                    let Some(dn) = dn else {
                        self.trouble(
                            place(),
                            None,
                            None,
                            "the object has no DN and is left out".to_owned(),
                        );
                        return Ok(None);
                    };
                    entry.dn = dn;
                }
                Ok(values) if values.is_empty() => {}
                Ok(values) => {
                    self.decoded += values
                        .iter()
                        .map(|value| value.len() as u64 + 8)
                        .sum::<u64>();
                    self.look_at_count(property, &name, values.len(), start, &entry.dn);
                    entry.attributes.push(RawAttribute::new(name, values));
                }
                Err(what) if number == 0 => {
                    self.trouble(
                        place(),
                        None,
                        None,
                        format!("{what}; without a DN the object is left out"),
                    );
                    return Ok(None);
                }
                Err(what) => {
                    entry.lacks(&name);
                    let dn = Some(entry.dn.clone());
                    self.trouble(place(), dn, Some(name.to_string()), what);
                }
            }
        }
        // What several objects share is written once and read often: a small file must not become a large snapshot.
        if self.decoded
            > self
                .file
                .length()
                .saturating_mul(64)
                .saturating_add(1 << 20)
        {
            return Err(ImportError::TooLarge {
                place: place(),
                what: "what the objects hold together".to_owned(),
                limit: "64 times the size of the file".to_owned(),
            });
        }
        if entry.attributes.is_empty() && !left_out {
            self.unreadable.note(&entry.dn);
        }
        self.note_constructed(&entry);
        if let Some(is_wanted) = self.is_wanted.filter(|_| for_itself) {
            entry.attributes.retain(|one| is_wanted(&one.name));
        }
        Ok(Some(Object {
            place: place(),
            entry,
            rounded: Vec::new(),
        }))
    }

    /// Name and layout of an attribute; what is not understood is told once.
    fn property(&mut self, number: u32, dn: &str, start: u64) -> Option<(Arc<str>, Layout)> {
        let told = |dn: &str| (!dn.is_empty()).then(|| dn.to_owned());
        let Some(property) = self.tables.properties.get(index(number)) else {
            let what = format!(
                "attribute number {number} of {} in the table is not there",
                self.tables.properties.len()
            );
            self.trouble(Place::Offset(start), told(dn), None, what);
            return None;
        };
        let name = Arc::clone(&property.name);
        let Some(layout) = property.layout else {
            let (syntax, adstype) = property.syntax;
            if self.told.insert(number) {
                let what = format!(
                    "values of syntax {syntax} and ADSTYPE {adstype} are not understood; told once"
                );
                self.trouble(Place::Offset(start), told(dn), Some(name.to_string()), what);
            }
            return None;
        };
        Some((name, layout))
    }

    /// Values by their offset from the start of the record: in it, or written with an earlier object.
    fn value(
        &mut self,
        start: u64,
        count: u32,
        record: &[u8],
        offset: i32,
        layout: Layout,
    ) -> Result<Result<Values, String>, ImportError> {
        let short = || "its values go beyond the end of what holds them".to_owned();
        let told = |bad| match bad {
            Bad::Short => short(),
            Bad::Wrong(what) => what,
        };
        if let Ok(inside) = u32::try_from(offset) {
            let first = index(count).saturating_mul(8).saturating_add(8);
            let from = index(inside);
            if from < first {
                return Ok(Err(format!(
                    "its values are to lie at {offset}, inside the list of attributes"
                )));
            }
            let Some(bytes) = record.get(from..) else {
                return Ok(Err(format!(
                    "its values are to lie at {offset}, behind the object"
                )));
            };
            return Ok(decode(layout, bytes).map_err(told));
        }
        let position = start.saturating_sub(u64::from(offset.unsigned_abs()));
        if position < HEADER {
            return Ok(Err(format!(
                "its values are to lie {} bytes back, before the first object",
                offset.unsigned_abs()
            )));
        }
        Ok(match self.shared_value(position, layout)? {
            Ok(values) => Ok(Vec::clone(&values)),
            Err(bad) => Err(told(bad)),
        })
    }

    /// A directory hands out 1,500 or 5,000 values at once (MS-ADTS 3.1.1.3.1.3.3): such a number may be a part.
    fn look_at_count(&mut self, property: u32, name: &str, count: usize, start: u64, dn: &str) {
        let round = count.is_multiple_of(1_500) || count.is_multiple_of(5_000);
        if count > 0 && round && self.told.insert(property) {
            let what =
                format!("it has {count} values, which may be the first part of more; told once");
            self.trouble(
                Place::Offset(start),
                Some(dn.to_owned()),
                Some(name.to_owned()),
                what,
            );
        }
    }

    /// Attributes that the schema itself calls constructed.
    fn note_constructed(&mut self, entry: &Entry) {
        let number = |name: &str| -> Option<i64> {
            let value = entry.values(name)?.first()?;
            std::str::from_utf8(value).ok()?.parse().ok()
        };
        if entry.values("attributeID").is_none() {
            return;
        }
        if number("systemFlags").is_some_and(|flags| flags & CONSTRUCTED_FLAG != 0)
            && let Some(name) = entry.values("lDAPDisplayName").and_then(first_text)
        {
            self.constructed.insert(name.to_lowercase());
        }
    }

    fn trouble(
        &mut self,
        place: Place,
        dn: Option<String>,
        attribute: Option<String>,
        what: String,
    ) {
        self.queue.push_back(Record::Trouble(Trouble {
            place,
            dn,
            attribute,
            what,
        }));
    }

    fn has(&self, context: &str) -> bool {
        self.contexts
            .iter()
            .any(|dn| dn.eq_ignore_ascii_case(context))
    }

    fn has_schema(&self) -> bool {
        self.contexts.iter().any(|dn| {
            dn.get(..10)
                .is_some_and(|start| start.eq_ignore_ascii_case("CN=Schema,"))
        })
    }
}

fn first_text(values: &[Vec<u8>]) -> Option<String> {
    let value = values.first()?;
    String::from_utf8(value.clone()).ok()
}

impl Export for AdExplorer {
    fn label(&self) -> &Label {
        &self.label
    }

    fn keep_only(&mut self, is_wanted: fn(&str) -> bool) -> bool {
        let properties = self.tables.properties.iter();
        let of = |name: &str| match (is_wanted(name), OWN.contains(&name)) {
            (true, _) => Use::Wanted,
            (false, true) => Use::Own,
            (false, false) => Use::None,
        };
        self.uses = properties.map(|one| of(&one.name)).collect();
        self.is_wanted = Some(is_wanted);
        true
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        loop {
            if let Some(record) = self.queue.pop_front() {
                return Ok(Some(record));
            }
            match self.state {
                State::Objects if self.objects == self.header.objects => self.state = State::Stubs,
                State::Objects | State::Stubs => {
                    if let Err(error) = self.read_record() {
                        self.state = State::Ended;
                        return Err(error);
                    }
                }
                State::Schema => {
                    self.state = State::Ended;
                    if !self.has_schema() {
                        let mut objects = schema::objects(&self.tables, self.header.properties_at);
                        if let Some(is_wanted) = self.is_wanted {
                            for record in &mut objects {
                                if let Record::Object(object) = record {
                                    object.entry.attributes.retain(|one| is_wanted(&one.name));
                                }
                            }
                        }
                        self.queue.extend(objects);
                    }
                }
                State::Ended => return Ok(None),
            }
        }
    }

    fn answer(&self, query: &Query, contexts: &NamingContexts) -> Answer {
        let (head, what) = match query.context {
            Context::Domain => (&contexts.domain, "the domain"),
            Context::Configuration => (&contexts.configuration, "the configuration"),
            Context::Schema => (&contexts.schema, "the schema"),
        };
        let known = |name: &&'static str| {
            let named = |property: &tables::Property| property.name.eq_ignore_ascii_case(name);
            self.tables.properties.iter().any(named)
                && !self.constructed.contains(&name.to_lowercase())
                && !CONSTRUCTED.contains(name)
        };
        if self.has(head) {
            return Answer::Asked {
                attributes: query.attributes().into_iter().filter(known).collect(),
                partial: None,
            };
        }
        let from_tables = query.context == Context::Schema || query.name == "extended-rights";
        if from_tables && !self.has_schema() {
            return Answer::Asked {
                attributes: query
                    .attributes()
                    .into_iter()
                    .filter(|name| schema::ATTRIBUTES.contains(name))
                    .collect(),
                partial: None,
            };
        }
        Answer::NotAsked(format!(
            "{what} is not among the naming contexts of the snapshot"
        ))
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "It shows what the account that ran ADExplorer may read, and does not say which account that was.".to_owned(),
            "It holds no replication metadata: why an attribute is absent is not known.".to_owned(),
            "It holds no settings of group policies, which lie in SYSVOL.".to_owned(),
        ];
        limits.extend(self.unreadable.limit());
        limits
    }

    fn unreadable(&self) -> u64 {
        self.unreadable.objects()
    }

    fn progress(&self) -> (u64, u64) {
        (self.position, self.file.length())
    }
}
