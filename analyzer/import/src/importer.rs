//! From exports to a snapshot.
//!
//! Owns which objects are one (by objectGUID, then SID), what happens where exports contradict each other, and the notes on
//! each export. Deliberately does not read a format and does not compress.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::path::Path;
use std::str::FromStr;

use coldcase_schemas::origin::{
    BitsRow, ConflictRow, ExportRow, InterpretedRight, NoteKind, NoteRow,
};
use coldcase_schemas::plan::{Context, OTHER_OBJECTS};
use coldcase_schemas::snapshot::{Collection, Stored};
use coldcase_schemas::{Entry, Event, Manifest, SnapshotError, SnapshotWriter, Source};
use coldcase_winsec::{Guid, Sid};
use foldhash::quality::RandomState;
use thiserror::Error;

use crate::coverage;
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Claim, Export, Format, Label};
use crate::merge::{merge, shown_alone};
use crate::naming::Named;
use crate::source::{Aside, Directory};

#[cfg(test)]
mod tests;

/// What is said where the user gives his word for whoever made the exports.
const BY_WORD: &str = "That an administrator of the forest made it, from whom nothing is hidden, is the word of whoever imported it.";

/// What is said where an export contradicts that word.
fn not_by_word(unreadable: u64) -> String {
    format!(
        "That an administrator of the forest made the exports was said and is not taken: {unreadable} objects show nothing but \
         their name, and an administrator is shown the rest."
    )
}

/// Troubles of an export that are written down one by one; the others are counted.
const TROUBLES: u64 = 1_000;

/// An export with what its reader cannot know.
pub struct Given {
    /// Name of the file or folder, without the way to it.
    pub name: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Its reader.
    pub export: Box<dyn Export>,
}

/// What the user chose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// DNS name of the domain, where exports hold several.
    pub domain: Option<String>,
    /// When the exports were made, RFC 3339 UTC, where they do not say.
    pub taken_at: Option<String>,
    /// Keep attributes that no rule and no frame knows.
    pub keep_all: bool,
    /// Program and version.
    pub program: String,
    /// Who made the exports, as the user says it; empty if nobody does.
    pub collected_as: String,
    /// The user says that an administrator of the forest made them.
    pub administrator: bool,
}

/// Why there is no snapshot.
#[derive(Debug, Error)]
pub enum ImportFailure {
    /// What the exports hold cannot become one.
    #[error(transparent)]
    Export(#[from] ImportError),
    /// It cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    /// The label of the new snapshot.
    pub manifest: Manifest,
    /// Where exports contradict each other.
    pub conflicts: u64,
    /// Objects of other domains that were left out.
    pub other_domains: u64,
}

/// Makes one snapshot of exports of one domain at `output`. The newest export comes first: of two contradicting values, its
/// is kept. `progress` is told bytes read and in all.
///
/// # Errors
/// No export says when it was made and nobody else does, they hold several domains and none was chosen, or the snapshot
/// cannot be written. An export that breaks off is no error: what came before is kept and marked as partial.
pub fn import(
    mut given: Vec<Given>,
    options: &Options,
    output: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Imported, ImportFailure> {
    let stated = taken_at(&given, options)?;
    // Later first. The sort is stable: as named among equals.
    given.sort_by_key(|one| std::cmp::Reverse(time_of(one, options)));
    let taken_at = stated;
    let names: Vec<&str> = given.iter().map(|one| one.name.as_str()).collect();
    let collection = Collection {
        program: options.program.clone(),
        server: server(&given),
        taken_at: taken_at.clone(),
        collected_as: options.collected_as.clone(),
        administrator_by_word: options.administrator,
        ..Collection::default()
    };
    let names = names.join(", ");
    let mut writer = SnapshotWriter::create(output, collection)?;
    writer.use_cache(TABLES_KIB, NAMES_KIB)?;
    let mut rows = Vec::new();
    let mut exports = Vec::new();
    let times = given.iter().filter_map(|one| time_of(one, options));
    let times: Vec<String> = times.collect();
    for one in given {
        let row = export_row(&one);
        rows.push((writer.record_export(&row)?, row));
        exports.push(one.export);
    }
    let wanted = options.domain.as_ref().map(|domain| domain.to_lowercase());
    let directory = Directory::new(exports, wanted, options.keep_all, taken_at, names);
    let mut importer = Importer {
        writer,
        directory,
        rows,
        times,
        identities: Identities::default(),
        brought_by: Vec::new(),
        second: None,
        shows: Vec::new(),
        conflicts: 0,
    };
    importer.run(progress)?;
    importer.finish(output)
}

/// When an export was made: as it says, or else as the user does.
fn time_of(given: &Given, options: &Options) -> Option<String> {
    let stated = given.export.label().taken_at.clone();
    stated.or_else(|| options.taken_at.clone())
}

/// The newest time of all. One export lends its time to no other: they may be a year apart.
fn taken_at(given: &[Given], options: &Options) -> Result<String, ImportError> {
    let untimed = |one: &&Given| one.export.label().taken_at.is_none();
    let unsupported = |why: String| Err(ImportError::Unsupported(why));
    match (given.iter().find(untimed), &options.taken_at) {
        (Some(one), None) => {
            return unsupported(format!(
                "nothing in {} says when it was made, and every age is measured against that: give the time with --taken-at, \
                 for example --taken-at 2026-03-31T14:00:00Z",
                one.name
            ));
        }
        (None, Some(_)) if !given.is_empty() => {
            let stated: Vec<String> = given
                .iter()
                .map(|one| {
                    format!(
                        "{} at {}",
                        one.name,
                        time_of(one, options).unwrap_or_default()
                    )
                })
                .collect();
            return unsupported(format!(
                "--taken-at is for exports that do not say when they were made, and these say it: {}; leave it out",
                stated.join(", ")
            ));
        }
        _ => {}
    }
    let newest = given.iter().filter_map(|one| time_of(one, options)).max();
    Ok(newest.unwrap_or_default())
}

/// Who was asked: the controllers that the exports name, else the exports.
fn server(given: &[Given]) -> String {
    let mut servers: Vec<String> = given
        .iter()
        .map(|one| {
            let server = &one.export.label().server;
            if server.is_empty() {
                one.name.clone()
            } else {
                server.clone()
            }
        })
        .collect();
    servers.dedup();
    servers.join(", ")
}

fn export_row(given: &Given) -> ExportRow {
    let Label {
        format,
        variant,
        server,
        taken_at,
        ..
    } = given.export.label();
    ExportRow {
        name: given.name.clone(),
        format: format.as_str().to_owned(),
        variant: variant.clone(),
        sha256: given.sha256.clone(),
        bytes: given.bytes,
        server: server.clone(),
        taken_at: taken_at.clone(),
        ..ExportRow::default()
    }
}

impl Format {
    /// As people name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AdExplorer => "ADExplorer snapshot",
            Self::Ldif => "LDIF",
            Self::SearchLog => "ldapsearch log",
            Self::SharpHound => "BloodHound data",
            Self::Oradad => "ORADAD dump",
            Self::ServiceAccountCmdlet => "Get-ADServiceAccount",
            Self::LdapDomainDump => "ldapdomaindump",
        }
    }
}

/// Objects by what identifies them. Only hashes are kept, six bytes for each, and numbers of four: of two million objects
/// these tables are most of what an import holds. What is found is compared before it is believed.
#[derive(Debug, Default)]
struct Identities {
    hasher: RandomState,
    /// In halves, since whole numbers would be padded to sixteen bytes a pair.
    objects: HashMap<[u16; 3], [u16; 2], RandomState>,
}

impl Identities {
    fn find(&self, key: &[u8]) -> Option<i64> {
        let [low, high] = *self.objects.get(&self.hash(key))?;
        Some(i64::from(high) << 16 | i64::from(low))
    }

    fn set(&mut self, key: &[u8], object: i64) {
        if let Ok(object) = u32::try_from(object) {
            let [a, b, c, d] = object.to_le_bytes();
            let halves = [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])];
            self.objects.insert(self.hash(key), halves);
        }
    }

    fn hash(&self, key: &[u8]) -> [u16; 3] {
        let [a, b, c, d, e, f, ..] = self.hasher.hash_one(key).to_le_bytes();
        [[a, b], [c, d], [e, f]].map(u16::from_le_bytes)
    }
}

/// objectGUID, then SID. A foreign security principal has the SID of somebody else: the configuration and every domain hold
/// objects of the same well-known SIDs.
fn keys(entry: &Entry) -> impl Iterator<Item = &[u8]> {
    let classes = entry.values("objectClass").unwrap_or_default();
    let foreign = classes
        .iter()
        .any(|class| class.eq_ignore_ascii_case(b"foreignSecurityPrincipal"));
    ["objectGUID", "objectSid"]
        .into_iter()
        .filter(move |name| !foreign || *name != "objectSid")
        .filter_map(|name| entry.values(name)?.first().map(Vec::as_slice))
}

struct Importer {
    writer: SnapshotWriter,
    directory: Directory,
    /// Number and row of each export.
    rows: Vec<(i64, ExportRow)>,
    /// When each export was made.
    times: Vec<String>,
    identities: Identities,
    /// Place of the export that brought an object first, by the object's number.
    brought_by: Vec<u16>,
    /// SID and DN of the object that came last, if another had that SID before: what is claimed next is claimed of it.
    second: Option<(String, String)>,
    /// What each export that was read would have shown, by query: attributes that are absent there were asked for.
    shows: Vec<BTreeMap<&'static str, BTreeSet<String>>>,
    conflicts: u64,
}

/// What stands for the value that a newer export does not show.
const NOT_SHOWN: &str = "(asked for and not shown)";

/// Page cache of the growing snapshot. Unlike a collector, an import runs on the analyst's own machine.
const TABLES_KIB: u32 = 8 << 10;
const NAMES_KIB: u32 = 24 << 10;

/// Events between two reports of progress.
const STRIDE: u64 = 4_096;

impl Importer {
    fn run(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), ImportFailure> {
        let mut events = 0_u64;
        while !self.directory.is_at_end() {
            while let Some(event) = self.directory.next_event()? {
                match event {
                    Event::Entry(entry) => self.entry(entry)?,
                    event => self.writer.record(&event)?,
                }
                events += 1;
                if events.is_multiple_of(STRIDE) {
                    let (read, all) = self.directory.progress();
                    progress(read, all);
                }
            }
            while let Some((export, aside)) = self.directory.take_aside() {
                self.aside(export, aside)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: Entry) -> Result<(), ImportFailure> {
        let export = self.directory.current();
        if let Some((_, row)) = self.rows.get_mut(export) {
            row.objects += 1;
        }
        self.second = None;
        let known: Vec<i64> = keys(&entry)
            .filter_map(|key| self.identities.find(key))
            .collect();
        for object in known {
            if let Some(stored) = self.writer.stored(object)?
                && self.same(object, &stored.entry, &entry, export)?
            {
                return self.pour(object, stored, &entry, export);
            }
        }
        let before = self.writer.counts().objects;
        let event = Event::Entry(entry);
        self.writer.record(&event)?;
        let (Some(object), Event::Entry(entry)) = (self.writer.last_object(), event) else {
            return Ok(());
        };
        if self.writer.counts().objects == before {
            // Something of this DN is there already.
            if let Some(stored) = self.writer.stored(object)?
                && self.same(object, &stored.entry, &entry, export)?
            {
                return self.pour(object, stored, &entry, export);
            }
            return Ok(());
        }
        self.note_keys(&entry, object, export);
        Ok(())
    }

    fn note_keys(&mut self, entry: &Entry, object: i64, export: usize) {
        for key in keys(entry) {
            if self.identities.find(key).is_none() {
                self.identities.set(key, object);
            }
        }
        if self.rows.len() > 1
            && let Ok(place) = usize::try_from(object)
        {
            if self.brought_by.len() <= place {
                self.brought_by.resize(place + 1, 0);
            }
            if let Some(by) = self.brought_by.get_mut(place) {
                *by = u16::try_from(export).unwrap_or(u16::MAX);
            }
        }
    }

    /// Whether two objects with one identity or one DN are one. If they are not, it is written down.
    fn same(
        &mut self,
        object: i64,
        kept: &Entry,
        other: &Entry,
        export: usize,
    ) -> Result<bool, ImportFailure> {
        let first =
            |entry: &Entry, name: &str| entry.values(name).and_then(<[Vec<u8>]>::first).cloned();
        let agree = |name: &str| Some(first(kept, name)? == first(other, name)?);
        let same_dn = kept.dn.to_lowercase() == other.dn.to_lowercase();
        let same_export = self.export_of(object) == export;
        let one = match (agree("objectGUID"), agree("objectSid")) {
            (Some(false), _) | (None, Some(false)) => false,
            // A GUID never changes; a SID does when an object moves between domains.
            (Some(true), _) | (None, Some(true)) => same_dn || !same_export,
            (None, None) => same_dn,
        };
        if !one {
            let shared = keys(kept).any(|key| keys(other).any(|other| key == other)) || same_dn;
            if shared {
                let values = (identity(kept), identity(other));
                let exports = (self.export_of(object), export);
                self.conflict(kept, "", exports, values)?;
                let sid = first(other, "objectSid")
                    .filter(|sid| first(kept, "objectSid").as_ref() == Some(sid));
                let sid = sid.and_then(|sid| Sid::parse(&sid).ok());
                self.second = sid.map(|sid| (sid.to_string(), other.dn.clone()));
            }
        }
        Ok(one)
    }

    fn pour(
        &mut self,
        object: i64,
        stored: Stored,
        entry: &Entry,
        export: usize,
    ) -> Result<(), ImportFailure> {
        let kept_dn = stored.entry.dn.clone();
        let absent = self.absent_though_asked(object, &stored, entry, export);
        let first = self.export_of(object);
        for (attribute, value) in absent {
            let values = (value, NOT_SHOWN.to_owned());
            self.conflict(&stored.entry, &attribute, (export, first), values)?;
        }
        let (writer, identities) = (&self.writer, &self.identities);
        let merged = merge(stored.entry, entry, &mut |name| {
            leads(writer, identities, name)
        });
        for contradiction in merged.contradictions {
            let values = (contradiction.kept, contradiction.other);
            self.conflict(
                &merged.entry,
                &contradiction.attribute,
                (first, export),
                values,
            )?;
        }
        let mut target = object;
        if merged.changed {
            let by = self.export_of(object);
            self.writer.forget(object)?;
            let wanted = self.directory.query_of(&merged.entry.dn, &merged.entry);
            // With more classes it may belong to another query than the one that it came by.
            for event in self.directory.turn_to(wanted) {
                self.writer.record(&event)?;
            }
            self.writer.record(&Event::Entry(merged.entry.clone()))?;
            target = self.writer.last_object().unwrap_or(object);
            for key in keys(&merged.entry) {
                self.identities.set(key, target);
            }
            if target != object {
                self.note_keys(&merged.entry, target, by);
                self.writer.redirect(&kept_dn, target)?;
            }
        }
        if entry.dn != merged.entry.dn {
            self.writer.redirect(&entry.dn, target)?;
        }
        Ok(())
    }

    /// Attributes that this export brings and that the one that brought the object first was asked for and did not show:
    /// what is kept may have been removed since. With their values, for people.
    fn absent_though_asked(
        &self,
        object: i64,
        stored: &Stored,
        entry: &Entry,
        export: usize,
    ) -> Vec<(String, String)> {
        let first = self.export_of(object);
        let shows = self
            .shows
            .get(first)
            .and_then(|shows| shows.get(stored.query.as_str()));
        let Some(shows) = shows.filter(|_| first != export) else {
            return Vec::new();
        };
        let absent = entry.attributes.iter().filter(|one| {
            let name = one.name.to_lowercase();
            // What an object never loses.
            let stays = ["objectguid", "objectsid"].contains(&name.as_str());
            !stays && stored.entry.values(&name).is_none() && shows.contains(&name)
        });
        absent
            .map(|one| (one.name.to_string(), shown_alone(one)))
            .collect()
    }

    fn export_of(&self, object: i64) -> usize {
        usize::try_from(object)
            .ok()
            .and_then(|place| self.brought_by.get(place))
            .map_or(0, |by| usize::from(*by))
    }

    /// Of an object, the value of the export that is believed and that of the other.
    fn conflict(
        &mut self,
        object: &Entry,
        attribute: &str,
        (kept, other): (usize, usize),
        (kept_value, other_value): (String, String),
    ) -> Result<(), ImportFailure> {
        self.conflicts += 1;
        let number = |place: usize| self.rows.get(place).map_or(0, |(number, _)| *number);
        let row = ConflictRow {
            dn: object.dn.clone(),
            attribute: attribute.to_owned(),
            kept: number(kept),
            other: number(other),
            kept_value,
            other_value,
        };
        self.writer.record_conflict(&row)?;
        Ok(())
    }

    fn aside(&mut self, export: usize, aside: Aside) -> Result<(), ImportFailure> {
        let Some((number, row)) = self.rows.get_mut(export) else {
            return Ok(());
        };
        let number = *number;
        match aside {
            Aside::Claim(Claim::Right(right)) => self.writer.record_right(&InterpretedRight {
                object: claimed_of(right.object, self.second.as_ref()),
                trustee: right.trustee,
                right: right.right,
                inherited: right.inherited,
                export: number,
            })?,
            Aside::Claim(Claim::Bits(bits)) => self.writer.record_bits(&BitsRow {
                object: claimed_of(bits.object, self.second.as_ref()),
                attribute: bits.attribute,
                mask: bits.mask,
                value: bits.value,
                export: number,
            })?,
            Aside::Trouble(trouble) => {
                row.troubles += 1;
                if row.troubles <= TROUBLES {
                    let note = trouble_row(number, row.troubles, trouble);
                    self.writer.record_note(&note)?;
                }
            }
            Aside::Broken(why) => row.broken = why,
            Aside::Ended => {
                let row = row.clone();
                self.writer.export_ended(number, &row)?;
                // Exports end in their order.
                if self.rows.len() > 1 {
                    self.shows.push(self.directory.shows(export));
                }
            }
        }
        Ok(())
    }

    /// What each export cannot show, and what is to be known of several together.
    fn record_limits(&mut self) -> Result<(), ImportFailure> {
        let unreadable = self.directory.unreadable();
        let word = self.writer.collection().administrator_by_word;
        if word && unreadable > 0 {
            self.writer.withdraw_word()?;
        }
        let taken_at = self.writer.collection().taken_at.clone();
        for place in 0..self.rows.len() {
            let Some((number, _)) = self.rows.get(place) else {
                continue;
            };
            let number = *number;
            let mut limits = Vec::new();
            match (word, unreadable) {
                (false, _) => {}
                (true, 0) => limits.push(BY_WORD.to_owned()),
                (true, unreadable) if place == 0 => limits.push(not_by_word(unreadable)),
                (true, _) => {}
            }
            if let Some(before) = self.times.get(place)
                && *before < taken_at
            {
                limits.push(format!(
                    "It was made at {before}, before another export: what it alone shows is of that time."
                ));
            }
            if place == 0 && self.conflicts > 0 {
                limits.push(contradicting(self.rows.len(), self.conflicts));
            }
            limits.extend(self.directory.limits_of(place));
            for (position, text) in (1..).zip(limits) {
                self.writer.record_note(&NoteRow {
                    export: number,
                    kind: NoteKind::Limit,
                    position,
                    place: String::new(),
                    dn: String::new(),
                    attribute: String::new(),
                    text,
                })?;
            }
        }
        Ok(())
    }

    fn finish(mut self, output: &Path) -> Result<Imported, ImportFailure> {
        self.record_limits()?;
        let domain = self.directory.domain().unwrap_or_default().to_lowercase();
        self.writer.move_objects(OTHER_OBJECTS, |dn| {
            let named = Named::of(dn);
            named.context() == Some(Context::Domain) && named.tail.to_lowercase() != domain
        })?;
        let identities = &self.identities;
        self.writer
            .resolve_names(|alias| identities.find(&key_of(alias)?))?;
        let nothing_hidden = self.writer.collection().administrator_by_word;
        coverage::record(&mut self.writer, nothing_hidden)?;
        let other_domains = self.directory.left_out();
        Ok(Imported {
            manifest: self.writer.finish(output)?,
            conflicts: self.conflicts,
            other_domains,
        })
    }
}

/// Where a name that is an alias, or of an object that was moved, leads to. What cannot be read is not known: the
/// writer's next step says why.
fn leads(writer: &SnapshotWriter, identities: &Identities, name: &str) -> Option<String> {
    let number = match key_of(name) {
        Some(key) => {
            let number = identities.find(&key)?;
            // Another object may have the same hash.
            let stored = writer.stored(number).ok()??;
            keys(&stored.entry).find(|other| *other == key)?;
            number
        }
        None => writer.number_of(name).ok()??,
    };
    writer.dn_of(number).ok()?
}

fn contradicting(exports: usize, conflicts: u64) -> String {
    let (who, each_other) = match exports {
        1 => ("It contradicts", "itself"),
        _ => ("The exports contradict", "each other"),
    };
    match conflicts {
        1 => format!("{who} {each_other} in one place; frame conflicts tells it."),
        more => format!("{who} {each_other} in {more} places; frame conflicts lists them."),
    }
}

/// What an object is called where something is claimed of it.
fn claimed_of(object: String, second: Option<&(String, String)>) -> String {
    match second {
        Some((sid, dn)) if *sid == object => dn.clone(),
        _ => object,
    }
}

/// The bytes that `<SID=…>` or `<GUID=…>` stand for.
fn key_of(alias: &str) -> Option<Vec<u8>> {
    let inner = alias.strip_prefix('<')?.strip_suffix('>')?;
    let (kind, text) = inner.split_once('=')?;
    match kind {
        "SID" => Sid::from_str(text).ok().map(|sid| sid.to_bytes()),
        "GUID" => Guid::from_str(text)
            .ok()
            .map(|guid| guid.as_bytes().to_vec()),
        _ => None,
    }
}

fn identity(entry: &Entry) -> String {
    let first = |name: &str| entry.values(name).and_then(<[Vec<u8>]>::first);
    let guid = first("objectGUID").and_then(|bytes| Guid::from_bytes(bytes));
    let sid = first("objectSid").and_then(|bytes| Sid::parse(bytes).ok());
    let mut text = entry.dn.clone();
    if let Some(guid) = guid {
        text.push_str(&format!(", objectGUID {guid}"));
    }
    if let Some(sid) = sid {
        text.push_str(&format!(", SID {sid}"));
    }
    text
}

fn trouble_row(export: i64, position: u64, trouble: Trouble) -> NoteRow {
    NoteRow {
        export,
        kind: NoteKind::Trouble,
        position,
        place: Place::to_string(&trouble.place),
        dn: trouble.dn.unwrap_or_default(),
        attribute: trouble.attribute.unwrap_or_default(),
        text: trouble.what,
    }
}
