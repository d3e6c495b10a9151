//! The objects of a naming context: each row of `top.tsv` with the rows of the same DN in the other files.
//!
//! Owns the index over the other files: a hash of the DN and where the row lies, 24 bytes a row, which the format forces,
//! because `top.tsv` alone holds classes and descriptors and the files need not be in one order. Deliberately does not guess
//! a class: what has no row in `top.tsv` has none.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};

use coldcase_schemas::Entry;
use coldcase_schemas::plan::Context;

use super::columns::Layout;
use super::folder::{DumpFile, TOP};
use super::object::{is_deleted, pour, request_of};
use super::table::{Next, Row, Rows, text};
use crate::error::{ImportError, Place, Trouble};
use crate::export::{Object, Record};
use crate::limits;

/// A file of a naming context.
#[derive(Debug)]
pub(super) struct Table {
    /// The exporter's name of the request: `user`.
    pub(super) request: &'static str,
    pub(super) file: DumpFile,
    /// `None`: what its columns are called is not known, or it is no UTF-16.
    pub(super) layout: Option<Layout>,
}

/// A naming context, and what came of reading it.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) context: Context,
    /// DNS name in lower case; empty for configuration and schema.
    pub(super) domain: String,
    pub(super) tables: Vec<Table>,
    /// Rows that could not be read.
    pub(super) lost: u64,
    /// Files that end in the middle of a row.
    pub(super) cut: u64,
    /// Rows whose DN `top.tsv` does not have.
    pub(super) without_top: u64,
    /// By request: objects whose class has a row there, and that have none.
    pub(super) missing: BTreeMap<&'static str, u64>,
}

impl Partition {
    /// The columns of a request's file, if it is there and they are known.
    pub(super) fn layout(&self, request: &str) -> Option<&Layout> {
        let table = self.tables.iter().find(|table| table.request == request)?;
        table.layout.as_ref()
    }
}

/// Where records go, and counts over all naming contexts.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) queue: VecDeque<Record>,
    /// Bytes read.
    pub(super) read: u64,
    pub(super) objects: u64,
    pub(super) deleted: u64,
    /// By attribute: values that were read, and values that were refused.
    pub(super) forms: BTreeMap<&'static str, (u64, u64)>,
}

impl Out {
    pub(super) fn trouble(
        &mut self,
        place: Place,
        dn: Option<String>,
        attribute: Option<&str>,
        what: impl Into<String>,
    ) {
        self.queue.push_back(Record::Trouble(Trouble {
            place,
            dn,
            attribute: attribute.map(str::to_owned),
            what: what.into(),
        }));
    }
}

/// A row of another file.
#[derive(Debug, Clone, Copy)]
struct Indexed {
    hash: u64,
    /// Place of the table, then where the row begins, in 48 bits.
    at: u64,
    number: u32,
    joined: bool,
}

const OFFSET: u64 = (1 << 48) - 1;

/// A naming context being read.
#[derive(Debug)]
pub(super) struct Joining {
    top: Option<(Rows<File>, usize)>,
    /// By place of the table; `None` for `top.tsv` and what cannot be read.
    others: Vec<Option<Rows<File>>>,
    index: Vec<Indexed>,
    hasher: RandomState,
    /// What has no row in `top.tsv`, once that has ended.
    left: Option<std::vec::IntoIter<Indexed>>,
}

impl Joining {
    /// Reads the DNs of all files but `top.tsv`.
    pub(super) fn open(partition: &mut Partition, out: &mut Out) -> Result<Self, ImportError> {
        let mut joining = Self {
            top: None,
            others: Vec::new(),
            index: Vec::new(),
            hasher: RandomState::new(),
            left: None,
        };
        let (mut lost, mut cut) = (0, 0);
        for (place, table) in partition.tables.iter().enumerate() {
            let rows = match &table.layout {
                Some(_) => Rows::open(File::open(&table.file.path)?, &table.file.name)?,
                None => None,
            };
            let (Some(mut rows), Some(layout)) = (rows, &table.layout) else {
                joining.others.push(None);
                continue;
            };
            if layout.has_header {
                rows.next()?;
            }
            if table.request == TOP {
                joining.top = Some((rows, place));
                joining.others.push(None);
                continue;
            }
            loop {
                let row = match rows.next()? {
                    Next::Row(row) => row,
                    Next::Cut => {
                        cut += 1;
                        out.trouble(Place::File(table.file.name.clone()), None, None, CUT);
                        break;
                    }
                    Next::End => break,
                };
                out.read = out.read.saturating_add(row.length());
                let Some(dn) = checked(&row, layout, table, out) else {
                    lost += 1;
                    continue;
                };
                if joining.index.len() as u64 >= limits::OBJECTS {
                    return Err(too_many(&row, table));
                }
                joining.index.push(Indexed {
                    hash: joining.hasher.hash_one(dn),
                    at: ((place as u64) << 48) | (row.offset & OFFSET),
                    number: u32::try_from(row.number).unwrap_or(u32::MAX),
                    joined: false,
                });
            }
            joining.others.push(Some(rows));
        }
        partition.lost += lost;
        partition.cut += cut;
        joining.index.sort_unstable_by_key(|row| (row.hash, row.at));
        Ok(joining)
    }

    /// Reads on. False at the end.
    pub(super) fn step(
        &mut self,
        partition: &mut Partition,
        out: &mut Out,
    ) -> Result<bool, ImportError> {
        if let Some(left) = &mut self.left {
            let Some(row) = left.next() else {
                return Ok(false);
            };
            return self.alone(row, partition, out).map(|()| true);
        }
        let Self {
            top,
            others,
            index,
            hasher,
            ..
        } = self;
        let row = match top {
            Some((rows, place)) => (rows.next()?, *place),
            None => (Next::End, 0),
        };
        let (row, table) = match row {
            (Next::Row(row), place) => match partition.tables.get(place) {
                Some(table) => (row, table),
                None => return Ok(false),
            },
            (next, place) => {
                if let (Next::Cut, Some(table)) = (&next, partition.tables.get(place)) {
                    partition.cut += 1;
                    out.trouble(Place::File(table.file.name.clone()), None, None, CUT);
                }
                self.end(partition);
                return Ok(true);
            }
        };
        let Some(layout) = &table.layout else {
            return Ok(false);
        };
        out.read = out.read.saturating_add(row.length());
        let Some(dn) = checked(&row, layout, table, out) else {
            partition.lost += 1;
            return Ok(true);
        };
        let hash = hasher.hash_one(dn);
        let from = index.partition_point(|row| row.hash < hash);
        let same = index.get_mut(from..).unwrap_or_default();
        let same = same.iter_mut().take_while(|row| row.hash == hash);
        if is_deleted(&row, layout, dn) {
            out.deleted += 1;
            same.for_each(|row| row.joined = true);
            return Ok(true);
        }
        out.objects += 1;
        if out.objects > limits::OBJECTS {
            return Err(too_many(&row, table));
        }
        let mut object = Object {
            place: place_of(table, row.number),
            entry: Entry {
                dn: text(dn),
                attributes: Vec::new(),
            },
            rounded: Vec::new(),
        };
        pour(&mut object, &row, layout, table, row.number, out);
        let mut joined = Vec::new();
        for found in same {
            let (place, offset) = found.target();
            let (Some(Some(rows)), Some(table)) =
                (others.get_mut(place), partition.tables.get(place))
            else {
                continue;
            };
            rows.seek(offset)?;
            let Next::Row(other) = rows.next()? else {
                continue;
            };
            // Two DNs of one hash.
            let (Some(layout), true) = (&table.layout, other.field(0) == Some(dn)) else {
                continue;
            };
            out.read = out.read.saturating_add(other.length());
            found.joined = true;
            joined.push(table.request);
            pour(
                &mut object,
                &other,
                layout,
                table,
                u64::from(found.number),
                out,
            );
        }
        if let Some(request) = request_of(&object.entry)
            && !joined.contains(&request)
        {
            *partition.missing.entry(request).or_default() += 1;
        }
        out.queue.push_back(Record::Object(object));
        Ok(true)
    }

    /// `top.tsv` has ended.
    fn end(&mut self, partition: &mut Partition) {
        let mut left = std::mem::take(&mut self.index);
        left.retain(|row| !row.joined);
        left.sort_unstable_by_key(|row| row.at);
        partition.without_top = left.len() as u64;
        self.left = Some(left.into_iter());
    }

    /// A row whose DN `top.tsv` does not have.
    fn alone(
        &mut self,
        found: Indexed,
        partition: &Partition,
        out: &mut Out,
    ) -> Result<(), ImportError> {
        let (place, offset) = found.target();
        let (Some(Some(rows)), Some(table)) =
            (self.others.get_mut(place), partition.tables.get(place))
        else {
            return Ok(());
        };
        rows.seek(offset)?;
        let (Next::Row(row), Some(layout)) = (rows.next()?, &table.layout) else {
            return Ok(());
        };
        let Some(dn) = row.field(0) else {
            return Ok(());
        };
        out.read = out.read.saturating_add(row.length());
        let number = u64::from(found.number);
        let mut object = Object {
            place: place_of(table, number),
            entry: Entry {
                dn: text(dn),
                attributes: Vec::new(),
            },
            rounded: Vec::new(),
        };
        // Where the whole file is missing, one sentence has said so.
        if self.top.is_some() {
            let dn = Some(object.entry.dn.clone());
            out.trouble(
                object.place.clone(),
                dn,
                None,
                "top.tsv has no row of it, which alone holds its class and descriptor",
            );
        }
        pour(&mut object, &row, layout, table, number, out);
        out.objects += 1;
        out.queue.push_back(Record::Object(object));
        Ok(())
    }
}

impl Indexed {
    fn target(&self) -> (usize, u64) {
        let place = usize::try_from(self.at >> 48).unwrap_or(usize::MAX);
        (place, self.at & OFFSET)
    }
}

const CUT: &str = "it ends in the middle of a row";

pub(super) fn place_of(table: &Table, row: u64) -> Place {
    Place::Row {
        file: table.file.name.clone(),
        row,
    }
}

fn too_many(row: &Row<'_>, table: &Table) -> ImportError {
    ImportError::TooLarge {
        place: place_of(table, row.number),
        what: "the number of rows".to_owned(),
        limit: format!("{} rows", limits::OBJECTS),
    }
}

/// The DN of a row that has as many fields as there are columns.
fn checked<'a>(row: &Row<'a>, layout: &Layout, table: &Table, out: &mut Out) -> Option<&'a [u8]> {
    if row.width() != layout.width {
        let what = format!(
            "a row of {} fields where there are {} columns",
            row.width(),
            layout.width
        );
        out.trouble(place_of(table, row.number), None, None, what);
        return None;
    }
    let dn = row.field(0).filter(|dn| !dn.is_empty());
    if dn.is_none() {
        out.trouble(
            place_of(table, row.number),
            None,
            None,
            "a row without a DN",
        );
    }
    dn
}
