//! The first reading of an export: what each file is, and which domains there are.
//!
//! Owns the decision which files are read. Deliberately turns no row into records.

use std::collections::VecDeque;
use std::io::{Read, Seek};

use super::kind::{Kind, Meta, Methods};
use super::object::Identity;
use super::row::{self, Value};
use super::{Domain, Plan, SharpHound};
use crate::error::{ImportError, Place, Trouble};
use crate::export::Record;
use crate::json_rows::{Item, Rows};
use crate::limits;

/// Versions of the format that are read.
const VERSIONS: std::ops::RangeInclusive<i64> = 4..=6;

/// What a first reading found.
#[derive(Debug)]
pub(super) enum Surveyed {
    Whole(Meta),
    /// No file of such an export: why.
    Other(String),
    /// It begins as one.
    Damaged(ImportError),
}

impl<R: Read + Seek> SharpHound<R> {
    /// The first reading: what each file is.
    pub(super) fn survey(&mut self) -> Result<Vec<i64>, ImportError> {
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
    pub(super) fn visit(
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
    let sid = match row.id.as_deref().and_then(Identity::of) {
        Some(Identity::Sid(sid)) => sid,
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
