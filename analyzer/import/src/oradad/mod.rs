//! ORADAD (ANSSI): a folder of TSV files, one for each request and naming context.
//!
//! Owns the reading of an extracted dump, naming context by naming context. Deliberately does not decrypt or unpack one, and
//! reads no file that the folder itself does not list. Source: <https://github.com/ANSSI-FR/ORADAD> (LDAP.cpp, Engine.cpp,
//! Buffer.cpp, Filters.cpp, oradad-schema.xml).

mod about;
mod answer;
mod columns;
mod folder;
mod join;
#[cfg(test)]
mod made;
mod object;
mod table;
mod value;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;

use coldcase_schemas::plan::{Context, NamingContexts, Query};

use self::about::About;
use self::columns::{Layout, Tables};
use self::folder::TOP;
pub use self::folder::{DumpFile, find_below, packed, recognise};
use self::join::{Joining, Out, Partition, Table};
use self::table::{Next, Rows};
use crate::error::{ImportError, Place};
use crate::export::{Answer, Export, Format, Label, Record};

/// A dump being read.
#[derive(Debug)]
pub struct Oradad {
    label: Label,
    about: About,
    /// Files that say what is in the others.
    described: Vec<DumpFile>,
    partitions: Vec<Partition>,
    /// Place of the partition that is read or comes next.
    current: usize,
    joining: Option<Joining>,
    out: Out,
    bytes: u64,
    ended: bool,
}

impl Oradad {
    /// Opens the folder that holds `metadata.tsv`; see [`find_below`] for one above it.
    ///
    /// # Errors
    /// It cannot be read, holds no file that is read, is packed, or a file is too large.
    pub fn open(folder: &Path) -> Result<Self, ImportError> {
        let about = about::about(folder)?;
        let tables = Tables::parse(&folder::tables(folder)?);
        let mut out = Out::default();
        for line in &tables.odd {
            let place = Place::Row {
                file: "tables.tsv".to_owned(),
                row: *line,
            };
            out.trouble(
                place,
                None,
                None,
                "a line that does not name as many columns as it says",
            );
        }
        let mut partitions = Vec::new();
        let mut bytes = 0_u64;
        for found in folder::contexts(folder)? {
            let mut partition = Partition {
                context: found.context,
                domain: found.domain,
                tables: Vec::new(),
                lost: 0,
                cut: 0,
                without_top: 0,
                missing: Default::default(),
            };
            for (request, file) in found.files {
                // The DNs of all others are read first.
                let times = if request == TOP { 1 } else { 2 };
                bytes = bytes.saturating_add(file.bytes.saturating_mul(times));
                let layout = layout(&file, partition.context, request, &tables, &mut out)?;
                partition.tables.push(Table {
                    request,
                    file,
                    layout,
                });
            }
            if partition.layout(TOP).is_none() {
                let what = "there is no top.tsv that can be read, which alone holds classes, descriptors and identities";
                out.trouble(Place::File(folder_of(&partition)), None, None, what);
            }
            partitions.push(partition);
        }
        if partitions
            .iter()
            .all(|partition| partition.tables.is_empty())
        {
            return Err(ImportError::Unsupported(
                "it is a folder of ORADAD without a file that is read: name the folder that holds metadata.tsv and domain"
                    .to_owned(),
            ));
        }
        Ok(Self {
            label: Label {
                format: Format::Oradad,
                variant: about.variant.clone(),
                server: about.server.clone(),
                taken_at: about.taken_at.clone(),
                description: String::new(),
            },
            about,
            described: folder::described(folder),
            partitions,
            current: 0,
            joining: None,
            out,
            bytes,
            ended: false,
        })
    }

    /// DNS names of the domains in the dump, in lower case and in order.
    pub fn domains(&self) -> Vec<String> {
        let domains = self
            .partitions
            .iter()
            .filter(|partition| partition.context == Context::Domain);
        domains.map(|partition| partition.domain.clone()).collect()
    }

    /// The files that are read, in order, those first that say what is in the others.
    pub fn files(&self) -> impl Iterator<Item = &DumpFile> {
        let tables = self
            .partitions
            .iter()
            .flat_map(|partition| &partition.tables);
        self.described.iter().chain(tables.map(|table| &table.file))
    }

    /// Reads on until something waits in the queue, or the end.
    fn advance(&mut self) -> Result<(), ImportError> {
        let Some(partition) = self.partitions.get_mut(self.current) else {
            self.ended = true;
            return Ok(());
        };
        let joining = match &mut self.joining {
            Some(joining) => joining,
            None => self
                .joining
                .insert(Joining::open(partition, &mut self.out)?),
        };
        if !joining.step(partition, &mut self.out)? {
            self.joining = None;
            self.current += 1;
        }
        Ok(())
    }
}

fn folder_of(partition: &Partition) -> String {
    match partition.context {
        Context::Domain => format!("domain/{}", partition.domain),
        Context::Configuration => "configuration".to_owned(),
        Context::Schema => "schema".to_owned(),
    }
}

/// The columns of a file; `None`, with a trouble, if they are not known.
fn layout(
    file: &DumpFile,
    context: Context,
    request: &str,
    tables: &Tables,
    out: &mut Out,
) -> Result<Option<Layout>, ImportError> {
    let place = || Place::File(file.name.clone());
    let Some(mut rows) = Rows::open(File::open(&file.path)?, &file.name)? else {
        out.trouble(
            place(),
            None,
            None,
            "it does not begin with the byte order mark of UTF-16LE",
        );
        return Ok(None);
    };
    let context = match context {
        Context::Domain => "domain",
        Context::Configuration => "configuration",
        Context::Schema => "schema",
    };
    let told = tables
        .columns(&file.name, &format!("{context}_{request}"))
        .and_then(Layout::of);
    let header = match rows.next()? {
        Next::Row(row) => Layout::of_header(&row),
        Next::Cut | Next::End => None,
    };
    if let (Some(header), Some(told)) = (&header, &told)
        && (header.width, &header.columns) != (told.width, &told.columns)
    {
        out.trouble(
            place(),
            None,
            None,
            "its first row and tables.tsv differ; the first row is believed",
        );
    }
    let layout = header.or(told);
    if layout.is_none() {
        out.trouble(
            place(),
            None,
            None,
            "neither its first row nor tables.tsv says what its columns are called",
        );
    }
    Ok(layout)
}

impl Export for Oradad {
    fn label(&self) -> &Label {
        &self.label
    }

    fn next_record(&mut self) -> Result<Option<Record>, ImportError> {
        loop {
            if let Some(record) = self.out.queue.pop_front() {
                return Ok(Some(record));
            }
            if self.ended {
                return Ok(None);
            }
            if let Err(error) = self.advance() {
                self.ended = true;
                self.out.queue.clear();
                return Err(error);
            }
        }
    }

    fn answer(&self, query: &Query, contexts: &NamingContexts) -> Answer {
        answer::answer(query, contexts, &self.partitions, &self.about, &self.out)
    }

    fn limits(&self) -> Vec<String> {
        answer::limits(&self.about, &self.out)
    }

    fn progress(&self) -> (u64, u64) {
        (self.out.read.min(self.bytes), self.bytes)
    }
}
