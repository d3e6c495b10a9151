//! Rows that both the writer and the reader look at: the ledger, its parts, what a collection says of itself.
//!
//! Deliberately does not read objects: [`super::reader`] does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension};

use super::{Collection, SnapshotError};
use crate::attribute::ATTRIBUTES;
use crate::ledger::{
    Absence, CoverageRow, LedgerRow, PartitionOutcome, PartitionPlan, PartitionRow, QueryOutcome,
    QueryPlan,
};
use crate::manifest::Counts;

/// Row of table `collection`, see [`Collection::administrator_by_word`].
pub(super) const ADMINISTRATOR_BY_WORD: &str = "administrator_by_word";

/// Objects of each class whose GUIDs are given.
const SAMPLES: usize = 10;

/// A most specific objectClass among the objects of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSeen {
    /// lDAPDisplayName of the class.
    pub class: String,
    /// How many objects.
    pub objects: u64,
    /// Attributes that were asked for and came with none of them.
    pub absent: Vec<String>,
    /// objectGUIDs of the first few objects.
    pub samples: Vec<Vec<u8>>,
}

/// What the schema of the directory says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaAttribute {
    /// There is no such attribute.
    Missing,
    /// There is.
    Known {
        /// attributeID.
        oid: String,
        /// True for forward and back links.
        linked: bool,
        /// systemFlags (MS-ADTS 2.2.10).
        system_flags: i64,
    },
}

/// All attributes of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaAttributes {
    /// By lDAPDisplayName in lower case.
    known: HashMap<String, SchemaAttribute>,
}

impl SchemaAttributes {
    /// What it says of an attribute (compared without case).
    pub fn of(&self, attribute: &str) -> SchemaAttribute {
        let known = self.known.get(&attribute.to_ascii_lowercase());
        known.cloned().unwrap_or(SchemaAttribute::Missing)
    }
}

/// What the schema of the directory says of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaClass {
    /// lDAPDisplayName.
    pub name: String,
    /// Its superclass and auxiliary classes.
    pub above: Vec<String>,
    /// Attributes that it names itself.
    pub holds: Vec<String>,
}

/// The classes of the schema; none if it was not collected whole.
pub(super) fn schema_classes(database: &Connection) -> Result<Vec<SchemaClass>, SnapshotError> {
    let mut statement = database.prepare(
        "SELECT \"lDAPDisplayName\", \"subClassOf\", \"auxiliaryClass\", \"systemAuxiliaryClass\",
                \"mayContain\", \"mustContain\", \"systemMayContain\", \"systemMustContain\"
         FROM object WHERE \"lDAPDisplayName\" IS NOT NULL
           AND query = (SELECT id FROM query WHERE name = 'schema-classes' AND complete = 1)
           AND EXISTS (SELECT 1 FROM query WHERE name = 'schema-classes' AND attributes LIKE '%systemMayContain%')",
    )?;
    let rows = statement.query_map([], |row| {
        let lists = |columns: std::ops::Range<usize>| -> rusqlite::Result<Vec<String>> {
            let mut names = Vec::new();
            for column in columns {
                let list: Option<String> = row.get(column)?;
                names.extend(list.iter().flat_map(|list| list.lines()).map(str::to_owned));
            }
            Ok(names)
        };
        Ok(SchemaClass {
            name: row.get(0)?,
            above: lists(1..4)?,
            holds: lists(4..8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn ledger(database: &Connection) -> Result<Vec<LedgerRow>, SnapshotError> {
    let mut statement = database.prepare(
        "SELECT name, base, scope, filter, attributes, server, started, ended, pages, entries,
                \"references\", result_code, result_text, complete, stored FROM query ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        let attributes: String = row.get(4)?;
        let ended: Option<String> = row.get(7)?;
        let outcome = match ended {
            Some(ended) => Some(QueryOutcome {
                pages: row.get::<_, i64>(8)?.unsigned_abs(),
                entries: row.get::<_, i64>(9)?.unsigned_abs(),
                references: row.get::<_, i64>(10)?.unsigned_abs(),
                result_code: row.get(11)?,
                result_text: row.get(12)?,
                ended,
                complete: row.get(13)?,
            }),
            None => None,
        };
        Ok(LedgerRow {
            plan: QueryPlan {
                name: row.get(0)?,
                base: row.get(1)?,
                scope: row.get(2)?,
                filter: row.get(3)?,
                attributes: attributes.lines().map(str::to_owned).collect(),
                server: row.get(5)?,
                started: row.get(6)?,
            },
            outcome,
            stored: row.get::<_, i64>(14)?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn partitions(database: &Connection) -> Result<Vec<PartitionRow>, SnapshotError> {
    let mut statement = database.prepare(
        "SELECT query.name, partition.filter, first_usn, last_usn, partition.server, partition.started,
                partition.ended, partition.pages, partition.entries, partition.\"references\",
                partition.result_code, partition.result_text, partition.complete, attempts, partition.database
         FROM partition JOIN query ON query.id = partition.query ORDER BY partition.id",
    )?;
    let rows = statement.query_map([], |row| {
        let ended: Option<String> = row.get(6)?;
        let outcome = match ended {
            Some(ended) => Some(PartitionOutcome {
                attempts: row.get(13)?,
                outcome: QueryOutcome {
                    pages: row.get::<_, i64>(7)?.unsigned_abs(),
                    entries: row.get::<_, i64>(8)?.unsigned_abs(),
                    references: row.get::<_, i64>(9)?.unsigned_abs(),
                    result_code: row.get(10)?,
                    result_text: row.get(11)?,
                    ended,
                    complete: row.get(12)?,
                },
            }),
            None => None,
        };
        Ok(PartitionRow {
            query: row.get(0)?,
            plan: PartitionPlan {
                filter: row.get(1)?,
                first_usn: row.get(2)?,
                last_usn: row.get(3)?,
                server: row.get(4)?,
                database: row.get(14)?,
                started: row.get(5)?,
            },
            outcome,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn coverage(database: &Connection) -> Result<Vec<CoverageRow>, SnapshotError> {
    let mut statement = database.prepare(
        "SELECT query.name, class, attribute, objects, verdict FROM coverage
         JOIN query ON query.id = coverage.query ORDER BY query.id, class, attribute",
    )?;
    let rows = statement.query_map([], |row| {
        let verdict: String = row.get(4)?;
        Ok(CoverageRow {
            query: row.get(0)?,
            class: row.get(1)?,
            attribute: row.get(2)?,
            objects: row.get::<_, i64>(3)?.unsigned_abs(),
            // A word of a stranger proves nothing.
            absence: Absence::from_name(&verdict).unwrap_or(Absence::Unknown),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn root_dse(
    database: &Connection,
    attribute: &str,
) -> Result<Vec<Vec<u8>>, SnapshotError> {
    let mut statement = database.prepare(
        "SELECT value FROM root_dse WHERE attribute = ?1 COLLATE NOCASE ORDER BY position",
    )?;
    let rows = statement.query_map([attribute], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn collection(database: &Connection) -> Result<Collection, SnapshotError> {
    let said = |name: &str| -> Result<String, SnapshotError> {
        let value = database
            .query_row(
                "SELECT value FROM collection WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .optional()?;
        Ok(value.unwrap_or_default())
    };
    Ok(Collection {
        program: said("program")?,
        server: said("server")?,
        collected_as: said("collected_as")?,
        taken_at: said("taken_at")?,
        scope: said("scope")?,
        connection: said("connection")?,
        pseudonyms: said("pseudonyms")?,
        administrator_by_word: !said(ADMINISTRATOR_BY_WORD)?.is_empty(),
    })
}

pub(super) fn secrets_dropped(database: &Connection) -> Result<u64, SnapshotError> {
    let text: Option<String> = database
        .query_row(
            "SELECT value FROM collection WHERE name = 'secrets_dropped'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

pub(super) fn counts(database: &Connection) -> Result<Counts, SnapshotError> {
    let count = |table: &str| -> Result<u64, SnapshotError> {
        let sql = format!("SELECT count(*) FROM main.{table}");
        Ok(database
            .query_row(&sql, [], |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    };
    Ok(Counts {
        objects: count("object")?,
        links: count("link")?,
        security_descriptors: count("security_descriptor")?,
        queries: count("query")?,
        defects: count("defect")?,
        secrets_dropped: secrets_dropped(database)?,
    })
}

/// One sentence for each thing that is missing.
pub(super) fn missing(database: &Connection) -> Result<Vec<String>, SnapshotError> {
    let mut missing = Vec::new();
    let ledger = ledger(database)?;
    // A domain whose head did not come was not seen at all, whatever the server says of its searches.
    let head = ledger.iter().find(|row| row.plan.name == "domain");
    if head.is_some_and(|row| row.is_complete() && row.stored == 0) {
        missing.push("the head of the domain did not come: nothing is known of it".to_owned());
    }
    let of_export: bool =
        database.query_row("SELECT EXISTS (SELECT 1 FROM export)", [], |row| row.get(0))?;
    // An export has one reason for most of its queries: reasons with the queries that they hold for, in their order.
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for row in ledger.iter().filter(|row| !row.is_complete()) {
        missing.push(match &row.outcome {
            Some(outcome) if of_export => {
                let query = format!("{} ({})", row.plan.name, row.stored);
                let reason = outcome.result_text.as_str();
                match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, queries)) => queries.push(query),
                    None => reasons.push((reason, vec![query])),
                }
                continue;
            }
            Some(outcome) => format!(
                "query {} ended early after {} entries: {}",
                row.plan.name, outcome.entries, outcome.result_text
            ),
            None => format!("query {} did not come to its end", row.plan.name),
        });
    }
    missing.extend(reasons.into_iter().map(|(reason, queries)| {
        format!(
            "perhaps not all of {} are here: {reason}",
            queries.join(", ")
        )
    }));
    let cut_short: i64 = database.query_row(
        "SELECT count(*) FROM defect WHERE kind = 'cut-short'",
        [],
        |row| row.get(0),
    )?;
    if cut_short > 0 {
        missing.push(format!("{cut_short} value lists were cut short"));
    }
    Ok(missing)
}

/// What is gathered of a class while its rows are read.
#[derive(Default)]
struct Gathered {
    objects: u64,
    came: BTreeSet<String>,
    samples: Vec<Vec<u8>>,
}

/// By query and most specific class.
type ByClass = BTreeMap<(i64, String), Gathered>;

/// Classes of every query by its name, each table read once: a large one is read longer than it is asked.
pub(super) fn classes(
    database: &Connection,
) -> Result<BTreeMap<String, Vec<ClassSeen>>, SnapshotError> {
    let mut statement = database.prepare("SELECT id, name, attributes FROM query")?;
    let queries = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let queries: BTreeMap<i64, (String, String)> = queries.collect::<rusqlite::Result<_>>()?;
    let mut classes = ByClass::new();
    columns_that_came(database, &mut classes)?;
    // What was there and could not be read came too.
    for table in ["link", "value", "defect"] {
        let mut statement = database.prepare(&format!(
            "SELECT DISTINCT object.query, object.\"objectClass\", attribute.name FROM {table}
             JOIN object ON object.id = {table}.object JOIN attribute ON attribute.id = {table}.attribute"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let gathered = classes
                .entry((row.get(0)?, most_specific(row.get(1)?)))
                .or_default();
            gathered.came.insert(row.get(2)?);
        }
    }
    samples(database, &mut classes)?;
    let mut seen: BTreeMap<String, Vec<ClassSeen>> = BTreeMap::new();
    for ((query, class), gathered) in classes {
        let Some((name, asked)) = queries.get(&query) else {
            continue;
        };
        seen.entry(name.clone()).or_default().push(ClassSeen {
            class,
            objects: gathered.objects,
            absent: asked
                .lines()
                .filter(|name| !gathered.came.contains(*name))
                .map(str::to_owned)
                .collect(),
            samples: gathered.samples,
        });
    }
    Ok(seen)
}

/// One pass over the rows, as they lie: sorting them would take memory by the size of the directory.
fn columns_that_came(database: &Connection, classes: &mut ByClass) -> Result<(), SnapshotError> {
    let columns: Vec<&str> = ATTRIBUTES
        .iter()
        .filter(|attribute| attribute.has_column())
        .map(|attribute| attribute.name)
        .collect();
    let came: Vec<String> = columns
        .iter()
        .map(|name| format!("\"{name}\" IS NOT NULL"))
        .collect();
    let mut statement = database.prepare(&format!(
        "SELECT query, \"objectClass\", {} FROM object",
        came.join(", ")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = (row.get(0)?, most_specific(row.get(1)?));
        let gathered = classes.entry(key).or_default();
        gathered.objects += 1;
        for (index, name) in columns.iter().enumerate() {
            if row.get::<_, bool>(index + 2)? && !gathered.came.contains(*name) {
                gathered.came.insert((*name).to_owned());
            }
        }
    }
    Ok(())
}

/// Objects of each class, spread over the query.
fn samples(database: &Connection, classes: &mut ByClass) -> Result<(), SnapshotError> {
    let mut statement = database
        .prepare("SELECT query, \"objectClass\", \"objectGUID\" FROM object ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut seen: BTreeMap<(i64, String), u64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let key = (row.get(0)?, most_specific(row.get(1)?));
        let Some(gathered) = classes.get_mut(&key) else {
            continue;
        };
        let number = seen.entry(key).or_default();
        let stride = (gathered.objects / SAMPLES as u64).max(1);
        if number.is_multiple_of(stride)
            && gathered.samples.len() < SAMPLES
            && let Some(guid) = row.get::<_, Option<Vec<u8>>>(2)?
        {
            gathered.samples.push(guid);
        }
        *number += 1;
    }
    Ok(())
}

/// objectClass lists classes from `top` down (MS-ADTS 3.1.1.2.4.3).
fn most_specific(classes: Option<String>) -> String {
    classes
        .as_deref()
        .and_then(|classes| classes.lines().last())
        .unwrap_or_default()
        .to_owned()
}

/// The attributes of the collected schema; `None` if it was not collected whole.
pub(super) fn schema_attributes(
    database: &Connection,
) -> Result<Option<SchemaAttributes>, SnapshotError> {
    let asked: Option<i64> = database
        .prepare_cached("SELECT id FROM query WHERE name = 'schema-attributes' AND complete = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(query) = asked else {
        return Ok(None);
    };
    let mut statement = database.prepare(
        "SELECT \"lDAPDisplayName\", \"attributeID\", \"linkID\", \"systemFlags\" FROM object
         WHERE query = ?1 AND \"lDAPDisplayName\" IS NOT NULL",
    )?;
    let known = statement.query_map([query], |row| {
        let known = SchemaAttribute::Known {
            oid: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            linked: row.get::<_, Option<i64>>(2)?.is_some_and(|id| id != 0),
            system_flags: row.get::<_, Option<i64>>(3)?.unwrap_or(0),
        };
        Ok((row.get::<_, String>(0)?.to_ascii_lowercase(), known))
    })?;
    let known = known.collect::<rusqlite::Result<_>>()?;
    Ok(Some(SchemaAttributes { known }))
}
