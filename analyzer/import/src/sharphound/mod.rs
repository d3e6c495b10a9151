//! SharpHound, RustHound-CE and BloodHound.py: JSON files of nodes with their rights, usually in a zip.
//!
//! Owns the reading of the format's versions 4 to 6, whoever wrote them. Deliberately rebuilds no descriptor, no group
//! policy link and no userAccountControl of what the exporters made of them: what they concluded stays a claim.
//!
//! Each file says what it is at its end only, so each is read twice: once for its `meta`, once for its rows. Memory is
//! bounded by the longest row (at most [`crate::limits::VALUE_BYTES`]), what is made of it (some times as much), and 17 to
//! 51 bytes for each principal, to find a SID that two objects have.

mod answer;
mod kind;
mod member;
mod object;
mod property;
mod row;
mod seen;
mod survey;
mod trust;

#[cfg(any(test, feature = "made"))]
pub mod made;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Seek};

use coldcase_schemas::plan::{NamingContexts, Query};

pub use kind::Kind;

use crate::error::{ImportError, Place, Trouble};
use crate::export::{Answer, Export, Format, Label, Record};
use crate::json_rows::{Item, Rows};
use crate::limits;
use kind::Methods;
use member::{Contents, Members};
use property::Shown;
use seen::Seen;

/// A domain that the export tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// DNS name, in upper case as the exporters write it.
    pub dns_name: String,
    /// SID as text; empty if it is not said.
    pub sid: String,
    /// DN of its head, in upper case as the exporters write it.
    pub dn: String,
}

/// True if a file looks like such an export by its name and first bytes (some hundred suffice): a JSON file with rows, or
/// a zip whose first file is JSON. [`SharpHound::open_zip`] tells for sure.
pub fn recognise(name: &str, first_bytes: &[u8]) -> bool {
    if let Some(header) = first_bytes.strip_prefix(b"PK\x03\x04") {
        // APPNOTE 4.3.7: the length of the name at byte 26, the name at byte 30.
        let length = |at: usize| header.get(at).copied().map_or(0, usize::from);
        let length = length(22) | (length(23) << 8);
        let file = header.get(26..26 + length).unwrap_or_default();
        return member::is_json(&String::from_utf8_lossy(file));
    }
    if !member::is_json(name) {
        return false;
    }
    let text = first_bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(first_bytes);
    let mut marks = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace());
    [&b"{\"data\":["[..], &b"{\"meta\":{"[..]]
        .iter()
        .any(|start| marks.clone().take(start.len()).eq(start.iter().copied()))
        && marks.next().is_some()
}

/// What is known of a file before its rows are read.
#[derive(Debug)]
struct Plan {
    member: usize,
    kind: Kind,
    methods: Methods,
    /// `meta.count`; `None` if it is missing or the file could not be read to its end.
    count: Option<i64>,
}

/// What was read of one kind.
#[derive(Debug, Default)]
struct OfKind {
    /// Files.
    files: u64,
    /// Objects, without placeholders.
    objects: u64,
    /// Attributes that every file with objects showed on some of them.
    shown: Option<Shown>,
    /// Some file does not say what was collected.
    unknown_methods: bool,
    /// Rows that could not be read.
    lost: u64,
}

/// The file that is being read.
#[derive(Debug)]
struct Open<R> {
    plan: Plan,
    contents: Contents<R>,
    rows: Rows,
    shown: Shown,
    objects: u64,
}

/// A reader of an export.
#[derive(Debug)]
pub struct SharpHound<R> {
    label: Label,
    members: Members<R>,
    plans: VecDeque<Plan>,
    open: Option<Open<R>>,
    records: VecDeque<Record>,
    domains: Vec<Domain>,
    kinds: BTreeMap<Kind, OfKind>,
    seen: Seen,
    rights: bool,
    buffer: Vec<u8>,
    inflated: u64,
    done: u64,
    total: u64,
    rows: u64,
    ended: bool,
    whole: bool,
    /// The first file that broke off; others are read all the same.
    broken: Option<ImportError>,
}

impl<R: Read + Seek> SharpHound<R> {
    /// Opens a zip and reads what each of its files is.
    ///
    /// # Errors
    /// If it is no zip, is encrypted, goes over a limit of [`crate::limits`], or holds no file of a known version.
    pub fn open_zip(reader: R) -> Result<Self, ImportError> {
        let (members, troubles) = Members::of_zip(reader)?;
        Self::open(members, troubles)
    }

    /// Opens JSON files, each with its name, and reads what each of them is.
    ///
    /// # Errors
    /// As [`SharpHound::open_zip`].
    pub fn open_files(files: Vec<(String, R)>) -> Result<Self, ImportError> {
        Self::open(Members::of_files(files)?, Vec::new())
    }

    /// The domains that the export tells of, by their heads or, without heads, by the objects in them.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn open(members: Members<R>, troubles: Vec<Trouble>) -> Result<Self, ImportError> {
        let mut export = Self {
            label: Label {
                format: Format::SharpHound,
                variant: String::new(),
                server: String::new(),
                taken_at: None,
                description: String::new(),
            },
            members,
            plans: VecDeque::new(),
            open: None,
            records: troubles.into_iter().map(Record::Trouble).collect(),
            domains: Vec::new(),
            kinds: BTreeMap::new(),
            seen: Seen::default(),
            rights: false,
            buffer: Vec::new(),
            inflated: 0,
            done: 0,
            total: 0,
            rows: 0,
            ended: false,
            whole: false,
            broken: None,
        };
        let versions = export.survey()?;
        let known = export.plans.iter().any(|plan| plan.methods.known());
        let versions: Vec<_> = versions.iter().map(i64::to_string).collect();
        let name = if known {
            "SharpHound"
        } else {
            "BloodHound format"
        };
        export.label.variant = if versions.is_empty() {
            name.to_owned()
        } else {
            format!("{name} {}", versions.join(", "))
        };
        export.inflated = 0;
        let stored = |plan: &Plan| {
            export
                .members
                .all
                .get(plan.member)
                .map_or(0, |member| member.stored)
        };
        export.total = export.plans.iter().map(stored).fold(0, u64::saturating_add);
        Ok(export)
    }

    /// Reads on until there is a record or the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        let Some(open) = &mut self.open else {
            let Some(plan) = self.plans.pop_front() else {
                self.whole = self.broken.is_none();
                return Ok(false);
            };
            let contents = self.members.open(plan.member, self.inflated)?;
            self.kinds.entry(plan.kind).or_default().files += 1;
            if !plan.methods.known() {
                self.kinds.entry(plan.kind).or_default().unknown_methods = true;
            }
            self.rights |= plan.methods.rights();
            let rows = Rows::new(std::mem::take(&mut self.buffer));
            self.open = Some(Open {
                plan,
                contents,
                rows,
                shown: Shown::default(),
                objects: 0,
            });
            return Ok(true);
        };
        let number = open.rows.row.saturating_add(1);
        let (kind, methods) = (open.plan.kind, open.plan.methods);
        let name = open.contents.name.clone();
        match open.rows.next(&mut open.contents)? {
            Item::Row(text, depth) => {
                let place = Place::Row {
                    file: name,
                    row: number,
                };
                self.rows = self.rows.saturating_add(1);
                if self.rows > limits::OBJECTS {
                    return Err(ImportError::TooLarge {
                        place,
                        what: "the number of rows".to_owned(),
                        limit: format!("{} rows", limits::OBJECTS),
                    });
                }
                let read = if depth > limits::DEPTH {
                    Err(format!(
                        "the row is nested {depth} deep, more than {} are not read",
                        limits::DEPTH
                    ))
                } else {
                    row::read(text)
                };
                let row = match read {
                    Ok(row) => row,
                    Err(what) => {
                        self.kinds.entry(kind).or_default().lost += 1;
                        let what = format!("{what}; the row was left out");
                        self.records.push_back(trouble(place, None, what));
                        return Ok(true);
                    }
                };
                let outcome = object::convert(row, kind, methods, &place, &mut self.records);
                if let Some(shown) = outcome.shown {
                    open.shown = open.shown.union(shown);
                    open.objects += 1;
                }
                // Well-known SIDs are the same in every domain.
                if let Some((sid, dn)) = outcome.identity
                    && sid.starts_with("S-1-5-21-")
                    && let Some((member, row)) =
                        self.seen.conflict(&sid, &dn, open.plan.member, number)
                {
                    let file = self
                        .members
                        .all
                        .get(member)
                        .map(|member| member.name.clone());
                    let first = Place::Row {
                        file: file.unwrap_or_default(),
                        row,
                    };
                    let what = format!(
                        "its SID {sid} is also that of another object, at {first}: which of them has it is not known"
                    );
                    self.records.push_back(trouble(place, Some(dn), what));
                }
            }
            Item::Meta(_) | Item::Other => {}
            Item::End => self.finish(),
        }
        Ok(true)
    }

    /// One file breaks off: the others are read all the same.
    fn leave_file(&mut self, error: ImportError) {
        self.count_what_came();
        let Some(open) = self.open.take() else {
            self.keep(error, String::new());
            return;
        };
        self.keep(error, open.contents.name.clone());
        self.inflated = self.inflated.saturating_add(open.contents.produced);
        self.done = self.done.saturating_add(open.contents.consumed());
        self.members.close(open.plan.member, open.contents);
        self.buffer = open.rows.into_buffer();
    }

    /// The first that broke off says so at the end, the others here.
    fn keep(&mut self, error: ImportError, file: String) {
        if self.broken.is_none() {
            self.broken = Some(error);
        } else {
            let what = error.to_string();
            self.records
                .push_back(trouble(Place::File(file), None, what));
        }
    }

    /// The objects of a file that broke off count for what was shown.
    fn count_what_came(&mut self) {
        let plan = self
            .open
            .as_ref()
            .map(|open| (open.plan.kind, open.shown, open.objects));
        if let Some((kind, shown, objects)) = plan
            && objects > 0
        {
            let of_kind = self.kinds.entry(kind).or_default();
            of_kind.objects += objects;
            of_kind.shown = Some(
                of_kind
                    .shown
                    .map_or(shown, |known| known.intersection(shown)),
            );
        }
    }

    /// Ends a file that was read to its end.
    fn finish(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let Open {
            plan,
            contents,
            rows,
            shown,
            objects,
        } = open;
        if let Some(count) = plan.count
            && i64::try_from(rows.row) != Ok(count)
        {
            let what = format!(
                "its `meta` counts {count} rows, {} are there and were read",
                rows.row
            );
            self.records
                .push_back(trouble(Place::File(contents.name.clone()), None, what));
        }
        let of_kind = self.kinds.entry(plan.kind).or_default();
        of_kind.objects += objects;
        if objects > 0 {
            of_kind.shown = Some(
                of_kind
                    .shown
                    .map_or(shown, |known| known.intersection(shown)),
            );
        }
        self.inflated = self.inflated.saturating_add(contents.produced);
        self.done = self.done.saturating_add(contents.consumed());
        self.members.close(plan.member, contents);
        self.buffer = rows.into_buffer();
    }
}

impl<R: Read + Seek> Export for SharpHound<R> {
    fn label(&self) -> &Label {
        &self.label
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        loop {
            if let Some(record) = self.records.pop_front() {
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
                    self.count_what_came();
                    return Err(error);
                }
            }
        }
    }

    fn answer(&self, query: &Query, _: &NamingContexts) -> Answer {
        answer::answer(query, &self.kinds, self.whole)
    }

    fn limits(&self) -> Vec<String> {
        answer::limits(
            self.rights,
            self.kinds.values().any(|kind| kind.unknown_methods),
        )
    }

    fn progress(&self) -> (u64, u64) {
        let open = self
            .open
            .as_ref()
            .map_or(0, |open| open.contents.consumed());
        (self.done.saturating_add(open), self.total)
    }
}

fn trouble(place: Place, dn: Option<String>, what: String) -> Record {
    Record::Trouble(Trouble {
        place,
        dn,
        attribute: None,
        what,
    })
}
