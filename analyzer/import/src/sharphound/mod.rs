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
mod rows;
mod seen;

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
use crate::limits;
use kind::{Meta, Methods};
use member::{Contents, Members};
use property::Shown;
use row::Value;
use rows::{Item, Rows};
use seen::Seen;

/// Versions of the format that are read.
const VERSIONS: std::ops::RangeInclusive<i64> = 4..=6;

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
        let total = members
            .all
            .iter()
            .map(|member| member.stored)
            .fold(0, u64::saturating_add);
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
            total,
            rows: 0,
            ended: false,
            whole: false,
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
        Ok(export)
    }

    /// The first reading: what each file is.
    fn survey(&mut self) -> Result<Vec<i64>, ImportError> {
        let mut versions = Vec::new();
        let mut damaged = Vec::new();
        let mut refused = None;
        let mut guesses = Vec::new();
        for position in 0..self.members.all.len() {
            let (name, surveyed) = self.visit(position, |number, text| {
                if number == 1 {
                    guesses.extend(row::read(text).ok().and_then(|row| domain_of_object(&row)));
                }
            })?;
            let mut leave_out = |records: &mut VecDeque<Record>, what: String| {
                refused.get_or_insert_with(|| format!("{name}: {what}"));
                records.push_back(Record::Trouble(Trouble {
                    place: Place::File(name.clone()),
                    dn: None,
                    attribute: None,
                    what: format!("{what}; the file was left out"),
                }));
            };
            match surveyed {
                Surveyed::Whole(meta) => {
                    if !VERSIONS.contains(&meta.version) {
                        return Err(ImportError::Unsupported(format!(
                            "{name} has version {} of the format; versions 4 to 6 are read: export again with a current SharpHound, RustHound-CE or BloodHound.py",
                            meta.version
                        )));
                    }
                    let Some(kind) = Kind::of(&meta.kind) else {
                        leave_out(
                            &mut self.records,
                            "it holds another kind of rows than those of a directory".to_owned(),
                        );
                        continue;
                    };
                    if !versions.contains(&meta.version) {
                        versions.push(meta.version);
                    }
                    self.plans.push_back(Plan {
                        member: position,
                        kind,
                        methods: Methods(meta.methods.unwrap_or(0)),
                        count: meta.count,
                    });
                }
                Surveyed::Other(what) => leave_out(&mut self.records, what),
                // Read last, so that it costs nothing of the others.
                Surveyed::Damaged(error) => match Kind::of_file(&name) {
                    Some(kind) => {
                        damaged.push(Plan {
                            member: position,
                            kind,
                            methods: Methods::LOST,
                            count: None,
                        });
                    }
                    None => {
                        let what = format!("what it holds is not known: {error}");
                        leave_out(&mut self.records, what);
                    }
                },
            }
        }
        self.plans.extend(damaged);
        if self.plans.is_empty() {
            return Err(ImportError::Unsupported(match refused {
                Some(refused) => format!(
                    "no file in it is of SharpHound, RustHound-CE or BloodHound.py ({refused})"
                ),
                None => "there is no JSON file in it".to_owned(),
            }));
        }
        versions.sort_unstable();
        self.find_domains(guesses)?;
        Ok(versions)
    }

    /// Reads one file to its end, showing its rows with their numbers.
    fn visit(
        &mut self,
        position: usize,
        mut show: impl FnMut(u64, &[u8]),
    ) -> Result<(String, Surveyed), ImportError> {
        let mut contents = self.members.open(position, self.inflated)?;
        let name = contents.name.clone();
        let mut rows = Rows::new(std::mem::take(&mut self.buffer));
        let mut meta = None;
        let surveyed = loop {
            let number = rows.row.saturating_add(1);
            match rows.next(&mut contents) {
                Ok(Item::Row(text, depth)) if depth <= limits::DEPTH => show(number, text),
                Ok(Item::Row(..) | Item::Other) => {}
                Ok(Item::Meta(text)) => meta = Some(serde_json::from_slice::<Meta>(text)),
                Ok(Item::End) => {
                    break match meta {
                        _ if !rows.data => {
                            Surveyed::Other("it has no rows under `data`".to_owned())
                        }
                        Some(Ok(meta)) => Surveyed::Whole(meta),
                        Some(Err(_)) => Surveyed::Other("its `meta` cannot be read".to_owned()),
                        None => Surveyed::Other("it has no `meta`".to_owned()),
                    };
                }
                Err(ImportError::Io(error)) => return Err(ImportError::Io(error)),
                Err(error) => {
                    break match error {
                        ImportError::Broken { what, .. } if !rows.data => Surveyed::Other(what),
                        error => Surveyed::Damaged(error),
                    };
                }
            }
        };
        self.inflated = self.inflated.saturating_add(contents.produced);
        self.members.close(position, contents);
        self.buffer = rows.into_buffer();
        Ok((name, surveyed))
    }

    /// Finds the domains: heads first, then what the first row of each file (`guesses`) tells besides.
    fn find_domains(&mut self, guesses: Vec<Domain>) -> Result<(), ImportError> {
        let heads: Vec<_> = self
            .plans
            .iter()
            .filter(|plan| plan.kind == Kind::Domains)
            .map(|plan| plan.member)
            .collect();
        let mut domains: Vec<Domain> = Vec::new();
        let mut note = |domain: Option<Domain>| {
            if let Some(domain) = domain
                && !domains
                    .iter()
                    .any(|known| known.dns_name.eq_ignore_ascii_case(&domain.dns_name))
            {
                domains.push(domain);
            }
        };
        for position in heads {
            self.inflated = 0;
            self.visit(position, |_, text| {
                note(row::read(text).ok().and_then(|row| domain_of_head(&row)))
            })?;
        }
        for guess in guesses {
            note(Some(guess));
        }
        self.domains = domains;
        Ok(())
    }

    /// Reads on until there is a record or the end.
    fn advance(&mut self) -> Result<bool, ImportError> {
        let Some(open) = &mut self.open else {
            let Some(plan) = self.plans.pop_front() else {
                self.whole = true;
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
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    // The objects of a file that broke off count for what was shown.
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

/// What a first reading found.
#[derive(Debug)]
enum Surveyed {
    Whole(Meta),
    /// No file of such an export: why.
    Other(String),
    /// It begins as one.
    Damaged(ImportError),
}

fn trouble(place: Place, dn: Option<String>, what: String) -> Record {
    Record::Trouble(Trouble {
        place,
        dn,
        attribute: None,
        what,
    })
}

fn property<'r>(row: &'r row::Row<'_>, name: &str) -> Option<&'r str> {
    let (_, value) = row.properties.iter().find(|(key, _)| key == name)?;
    match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The domain of its head's row.
fn domain_of_head(row: &row::Row<'_>) -> Option<Domain> {
    let sid = match row.id.as_deref().and_then(object::Identity::of) {
        Some(object::Identity::Sid(sid)) => sid,
        _ => String::new(),
    };
    let dn = property(row, "distinguishedname")?;
    let name = property(row, "domain").or_else(|| property(row, "name"))?;
    Some(Domain {
        dns_name: name.to_owned(),
        sid,
        dn: dn.to_owned(),
    })
}

/// The domain of an object in it, if its DN ends in the domain that the row names.
fn domain_of_object(row: &row::Row<'_>) -> Option<Domain> {
    let dn = property(row, "distinguishedname")?;
    let upper = dn.to_ascii_uppercase();
    let at = if upper.starts_with("DC=") {
        0
    } else {
        upper.find(",DC=")? + 1
    };
    let head = dn.get(at..)?;
    let labels: Vec<_> = head
        .split(',')
        .map(|rdn| rdn.get(3..).unwrap_or_default())
        .collect();
    let name = property(row, "domain")?;
    labels.join(".").eq_ignore_ascii_case(name).then(|| Domain {
        dns_name: name.to_owned(),
        sid: property(row, "domainsid").unwrap_or_default().to_owned(),
        dn: head.to_owned(),
    })
}
