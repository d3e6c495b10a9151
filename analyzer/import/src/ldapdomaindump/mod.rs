//! ldapdomaindump: a folder of JSON files, one for each kind of object.
//!
//! Owns which file answers which query, and the way from its rows to objects. Deliberately leaves the greppable and the HTML
//! files alone, and those in which the same users and computers are sorted again. After its source (dirkjanm/ldapdomaindump)
//! and the JSON of ldap3.

mod json;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;

use coldcase_schemas::attribute::{self, Syntax};
use coldcase_schemas::plan::{NamingContexts, Query};
use coldcase_schemas::{Entry, RawAttribute};

use self::json::Json;
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Export, Format, Label, Object, Precision, Record};
use crate::json_rows::{Bytes, Item, Rows};
use crate::limits;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Users,
    Computers,
    Groups,
    Policy,
    Trusts,
}

const KINDS: &[(&str, Kind)] = &[
    ("domain_users.json", Kind::Users),
    ("domain_computers.json", Kind::Computers),
    ("domain_groups.json", Kind::Groups),
    ("domain_policy.json", Kind::Policy),
    ("domain_trusts.json", Kind::Trusts),
];

/// An attribute that every object has, which ldapdomaindump names in no query: where it came, all attributes were asked for.
const NEVER_NAMED: &str = "instanceType";

/// Attributes that come only if they are asked for by name (MS-ADTS 3.1.1.4.5), which ldapdomaindump does not.
const BY_NAME: &[&str] = &["nTSecurityDescriptor", "msDS-User-Account-Control-Computed"];

impl Kind {
    /// By the name of the file, whatever stands before.
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let found = KINDS.iter().find(|(end, _)| name.ends_with(end));
        found.map(|(_, kind)| *kind)
    }

    fn name(self) -> &'static str {
        let found = KINDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(name, _)| *name)
    }

    /// The file whose search brings the objects of a query; `None` if none does.
    fn answering(query: &str) -> Option<Self> {
        match query {
            "users" | "users-with-password" => Some(Self::Users),
            // (&(objectClass=computer)(objectClass=user)): managed service accounts are computers by their class.
            "computers" | "service-accounts" => Some(Self::Computers),
            "groups" => Some(Self::Groups),
            "domain" => Some(Self::Policy),
            "trusts" => Some(Self::Trusts),
            _ => None,
        }
    }
}

/// Whether a file is one of a dump, by its name and its first bytes.
pub fn recognise(name: &str, first_bytes: &[u8]) -> bool {
    let text = first_bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(first_bytes);
    Kind::of(name).is_some() && text.trim_ascii_start().starts_with(b"[")
}

/// What a file showed.
#[derive(Debug, Default)]
struct Shown {
    objects: u64,
    lost: u64,
    /// Attributes that came with some object, in lower case.
    attributes: BTreeSet<String>,
    /// The file was read to its end.
    whole: bool,
}

/// A file.
struct File<R> {
    name: String,
    reader: R,
    read: u64,
}

impl<R: Read> Bytes for File<R> {
    fn name(&self) -> &str {
        &self.name
    }

    fn fill(&mut self, space: &mut [u8]) -> Result<usize, ImportError> {
        loop {
            match self.reader.read(space) {
                Ok(read) => {
                    self.read += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A dump being read.
pub struct LdapDomainDump<R> {
    label: Label,
    waiting: VecDeque<(Kind, File<R>)>,
    open: Option<(Kind, File<R>, Rows)>,
    shown: BTreeMap<Kind, Shown>,
    /// Attributes that could not be turned back, told once each, with the reason.
    told: BTreeSet<(String, String)>,
    queue: VecDeque<Record>,
    done: u64,
    length: u64,
    objects: u64,
    /// The first file that broke off; others were read all the same.
    broken: Option<ImportError>,
    ended: bool,
}

impl<R: Read> LdapDomainDump<R> {
    /// Opens files, each with its name and its bytes. Others than those of a dump are left alone.
    ///
    /// # Errors
    /// None is one of a dump, or a kind comes twice.
    pub fn open(files: Vec<(String, R, u64)>) -> Result<Self, ImportError> {
        let mut by_kind: BTreeMap<Kind, File<R>> = BTreeMap::new();
        let mut length = 0_u64;
        for (name, reader, bytes) in files {
            let Some(kind) = Kind::of(&name) else {
                continue;
            };
            length = length.saturating_add(bytes);
            let file = File {
                name,
                reader,
                read: 0,
            };
            if let Some(other) = by_kind.insert(kind, file) {
                return Err(ImportError::Unsupported(format!(
                    "{} and another file of it are both {}: give each dump by itself",
                    other.name,
                    kind.name()
                )));
            }
        }
        if by_kind.is_empty() {
            return Err(ImportError::Unsupported(
                "no file of ldapdomaindump is in it, such as domain_users.json".to_owned(),
            ));
        }
        if length > limits::FILE_BYTES {
            return Err(ImportError::TooLarge {
                place: Place::Offset(0),
                what: format!("{length} bytes of files"),
                limit: format!("{} bytes", limits::FILE_BYTES),
            });
        }
        Ok(Self {
            label: Label {
                format: Format::LdapDomainDump,
                variant: String::new(),
                server: String::new(),
                taken_at: None,
                description: String::new(),
            },
            waiting: by_kind.into_iter().collect(),
            open: None,
            shown: BTreeMap::new(),
            told: BTreeSet::new(),
            queue: VecDeque::new(),
            done: 0,
            length,
            objects: 0,
            broken: None,
            ended: false,
        })
    }

    /// Reads on until there is a record or the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        let Some((kind, file, rows)) = &mut self.open else {
            let Some((kind, file)) = self.waiting.pop_front() else {
                return Ok(false);
            };
            self.shown.insert(kind, Shown::default());
            self.open = Some((kind, file, Rows::of_array(Vec::new())));
            return Ok(true);
        };
        let kind = *kind;
        let place = Place::Row {
            file: file.name.clone(),
            row: rows.row.saturating_add(1),
        };
        let row = match rows.next(file)? {
            Item::Row(_, depth) if depth > limits::DEPTH => Err(format!(
                "the row is nested {depth} deep, more than {} are not read",
                limits::DEPTH
            )),
            Item::Row(text, _) => json::read(text),
            Item::Meta(_) | Item::Other => return Ok(true),
            Item::End => {
                self.done += file.read;
                self.open = None;
                self.shown.entry(kind).or_default().whole = true;
                return Ok(true);
            }
        };
        self.objects += 1;
        if self.objects > limits::OBJECTS {
            return Err(ImportError::TooLarge {
                place,
                what: "the number of rows".to_owned(),
                limit: format!("{} rows", limits::OBJECTS),
            });
        }
        match row.and_then(|row| self.object(kind, &row, &place)) {
            Ok(object) => {
                self.shown.entry(kind).or_default().objects += 1;
                self.queue.push_back(Record::Object(object));
            }
            Err(what) => {
                self.shown.entry(kind).or_default().lost += 1;
                let what = format!("{what}; the row was left out");
                self.trouble(&place, None, None, what);
            }
        }
        Ok(true)
    }

    fn object(&mut self, kind: Kind, row: &Json, place: &Place) -> Result<Object, String> {
        let dn = row.get("dn").and_then(Json::text);
        let dn = dn.filter(|dn| !dn.is_empty()).ok_or("it has no `dn`")?;
        let Some(Json::Object(attributes)) = row.get("attributes") else {
            return Err("it has no `attributes`".to_owned());
        };
        let mut object = Object {
            place: place.clone(),
            entry: Entry {
                dn: dn.to_owned(),
                attributes: Vec::new(),
            },
            rounded: Vec::new(),
        };
        for (name, values) in attributes {
            // `member;range=0-1499`: the server gave only some.
            let (name, complete) = match name.split_once(';') {
                Some((name, option)) => (name, !option.to_ascii_lowercase().starts_with("range=")),
                None => (name.as_str(), true),
            };
            // A list without values was asked for by name, and did not come.
            let listed = match values {
                Json::List(values) => values.as_slice(),
                Json::Null => &[],
                one => std::slice::from_ref(one),
            };
            let shown = self.shown.entry(kind).or_default();
            shown.attributes.insert(name.to_ascii_lowercase());
            if listed.is_empty() {
                continue;
            }
            if let Some((name, attribute)) =
                attribute::find(name).map(|(_, found)| (found.name, found))
            {
                match wire_values(attribute.syntax, listed) {
                    Ok((values, rounded)) => {
                        let mut read = RawAttribute::new(name.to_owned(), values);
                        read.complete = complete;
                        object.entry.attributes.push(read);
                        if rounded {
                            let near = (name.to_owned(), Precision::Microsecond);
                            object.rounded.push(near);
                        }
                    }
                    Err(what) => {
                        // It is told of the first object; what is known of it is known of none.
                        if self.told.insert((name.to_owned(), what.clone())) {
                            self.trouble(place, Some(dn), Some(name), what);
                        }
                    }
                }
            }
        }
        Ok(object)
    }

    /// One file breaks off: the others are read all the same.
    fn leave_file(&mut self, error: ImportError) {
        let file = self.open.take();
        self.done += file.as_ref().map_or(0, |(_, file, _)| file.read);
        if self.broken.is_none() {
            self.broken = Some(error);
            return;
        }
        let place = Place::File(file.map(|(_, file, _)| file.name).unwrap_or_default());
        self.trouble(&place, None, None, error.to_string());
    }

    fn trouble(&mut self, place: &Place, dn: Option<&str>, attribute: Option<&str>, what: String) {
        self.queue.push_back(Record::Trouble(Trouble {
            place: place.clone(),
            dn: dn.map(str::to_owned),
            attribute: attribute.map(str::to_owned),
            what,
        }));
    }
}

/// All values of an attribute, and whether one was rounded; why, if there is one that cannot be turned back.
fn wire_values(syntax: Syntax, values: &[Json]) -> Result<(Vec<Vec<u8>>, bool), String> {
    let mut rounded = false;
    let turned: Result<Vec<Vec<u8>>, String> = values
        .iter()
        .map(|value| {
            let (bytes, near) = value::wire_value(syntax, value)?;
            rounded |= near;
            Ok(bytes)
        })
        .collect();
    Ok((turned?, rounded))
}

impl<R: Read> Export for LdapDomainDump<R> {
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
            match self.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    if let Some(error) = self.broken.take() {
                        return Err(error);
                    }
                }
                Err(error @ ImportError::Broken { .. }) => self.leave_file(error),
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
    }

    fn answer(&self, query: &Query, _: &NamingContexts) -> Answer {
        let Some(kind) = Kind::answering(query.name) else {
            return Answer::NotAsked("ldapdomaindump does not ask for it".to_owned());
        };
        let Some(shown) = self.shown.get(&kind) else {
            return Answer::NotAsked(format!("the dump has no file {}", kind.name()));
        };
        // What was asked shows in what came only.
        let all = shown.attributes.contains(&NEVER_NAMED.to_ascii_lowercase());
        let lost = |name: &str| self.told.iter().any(|(told, _)| told == name);
        let attributes = query.attributes().into_iter().filter(|name| {
            let came = shown.attributes.contains(&name.to_ascii_lowercase());
            !lost(name) && (came || (all && !BY_NAME.contains(name)))
        });
        let mut missing = vec!["the dump does not say whether the query came to its end"];
        if shown.lost > 0 {
            missing.push("some rows could not be read");
        }
        if !shown.whole {
            missing.push("its file was not read to its end");
        }
        Answer::Asked {
            attributes: attributes.collect(),
            partial: Some(missing.join("; ")),
        }
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "A dump has no security descriptors of objects: who may change what is not known.".to_owned(),
            "It has no organizational units, no password settings objects, no foreign principals and nothing of the forest's \
             configuration: no KDS root keys, no schema."
                .to_owned(),
            "It says neither when it was made nor who asked; what was hidden from him is not in it.".to_owned(),
            "Times of logons and passwords are rounded down to microseconds.".to_owned(),
        ];
        let minimal = self.shown.values().any(|shown| {
            shown.objects > 0 && !shown.attributes.contains(&NEVER_NAMED.to_ascii_lowercase())
        });
        if minimal {
            limits.push(
                "It was made with --minimal: delegation, readers of managed passwords and much else was not asked for."
                    .to_owned(),
            );
        }
        limits
    }

    fn progress(&self) -> (u64, u64) {
        let open = self.open.as_ref().map_or(0, |(_, file, _)| file.read);
        ((self.done + open).min(self.length), self.length)
    }
}
