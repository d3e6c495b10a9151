//! What the columns of a file are called: `tables.tsv`, or the file's own first row.
//!
//! Owns the pairs of columns in which a filtered integer is written (its meaning as text, then `name_int`). Deliberately takes
//! the paths in `tables.tsv` as names only: none is ever opened. Source: pWriteTableInfo of ORADAD's LDAP.cpp.

use std::collections::HashMap;

use coldcase_schemas::attribute;

use super::table::{self, MARK, Row};
use super::value::Kind;

/// Lines of `tables.tsv` that are believed; a dump has about a hundred for each domain.
const TABLES: usize = 100_000;
/// Columns of a file; the widest has a few hundred.
const COLUMNS: usize = 4_096;

/// What `tables.tsv` says.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Columns by the file's path inside the dump, in lower case with `/`.
    by_path: HashMap<String, Vec<String>>,
    /// Columns by the table's name without its domain: a request asks every domain for the same.
    by_request: HashMap<String, Vec<String>>,
    /// Lines that say something else than how many columns they have.
    pub(super) odd: Vec<u64>,
}

impl Tables {
    /// Reads the file: a title, then a line for each table. Names are ASCII; other bytes become what they may.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = match bytes.strip_prefix(&MARK) {
            Some(rest) => table::text(rest),
            None => String::from_utf8_lossy(bytes).into_owned(),
        };
        let mut tables = Self::default();
        for (number, line) in (1..).zip(text.lines()).skip(1).take(TABLES) {
            if line.trim().is_empty() {
                continue;
            }
            let Some((path, request, columns)) = line_of(line) else {
                tables.odd.push(number);
                continue;
            };
            tables
                .by_request
                .entry(request)
                .or_insert_with(|| columns.clone());
            tables.by_path.insert(path, columns);
        }
        tables
    }

    /// Columns of a file; `path`: inside the dump, with `/`; `request`: `domain_user`.
    pub(super) fn columns(&self, path: &str, request: &str) -> Option<&[String]> {
        let by_path = self.by_path.get(&path.to_lowercase());
        by_path
            .or_else(|| self.by_request.get(&request.to_lowercase()))
            .map(Vec::as_slice)
    }
}

/// Path, table without domain, names of columns; `None` if their number is not what the line says.
fn line_of(line: &str) -> Option<(String, String, Vec<String>)> {
    let mut fields = line.split('\t');
    let path = fields.next()?.to_lowercase().replace('\\', "/");
    let request = fields.nth(1)?.to_lowercase();
    let count: usize = fields.next()?.trim().parse().ok()?;
    let rest: Vec<&str> = fields.collect();
    let (pairs, odd) = rest.as_chunks::<2>();
    let columns: Vec<String> = pairs.iter().map(|[name, _]| (*name).to_owned()).collect();
    (odd.is_empty() && columns.len() == count && count <= COLUMNS)
        .then_some((path, request, columns))
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Place of the column; the first is 0.
    pub(super) position: usize,
    /// lDAPDisplayName, spelled as in the schema.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// The columns of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Fields of a row.
    pub(super) width: usize,
    /// Attributes of the table and secrets, in the order of the file.
    pub(super) columns: Vec<Column>,
    /// Where isDeleted and isRecycled are.
    pub(super) deleted: Vec<usize>,
    /// Whether the first row holds the names.
    pub(super) has_header: bool,
}

impl Layout {
    /// From names; `None` if the first is not `dn`: then nothing tells whose a row is.
    pub(super) fn of<S: AsRef<str>>(names: &[S]) -> Option<Self> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        if *names.first()? != "dn" || names.len() > COLUMNS {
            return None;
        }
        let mut layout = Self {
            width: names.len(),
            ..Self::default()
        };
        for (position, name) in names.iter().enumerate().skip(1) {
            let number = names
                .get(position + 1)
                .is_some_and(|next| is_number_of(next, name));
            if number {
                // The text beside a number: `ACCOUNTDISABLE | …`.
                continue;
            }
            let before = names.get(position - 1).copied().unwrap_or_default();
            let name = if is_number_of(name, before) {
                before
            } else {
                *name
            };
            if ["isDeleted", "isRecycled"]
                .iter()
                .any(|deleted| deleted.eq_ignore_ascii_case(name))
            {
                layout.deleted.push(position);
            }
            let Some((name, kind)) = known(name) else {
                continue;
            };
            if layout.columns.iter().all(|column| column.name != name) {
                layout.columns.push(Column {
                    position,
                    name,
                    kind,
                });
            }
        }
        Some(layout)
    }

    /// From a first row that holds names: no DN is `dn`.
    pub(super) fn of_header(row: &Row<'_>) -> Option<Self> {
        let first = row.field(0).filter(|first| first.len() == 4)?;
        if table::text(first) != "dn" || row.width() > COLUMNS {
            return None;
        }
        let names: Vec<String> = (0..row.width())
            .filter_map(|position| row.field(position))
            .map(table::text)
            .collect();
        let layout = Self::of(&names)?;
        Some(Self {
            has_header: true,
            ..layout
        })
    }

    /// Whether the attribute has a column that is read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }
}

fn is_number_of(name: &str, text: &str) -> bool {
    name.strip_suffix("_int") == Some(text) && !text.is_empty()
}

/// Attributes of the table, and secrets, which the writer is to count.
fn known(name: &str) -> Option<(&'static str, Kind)> {
    if let Some((_, attribute)) = attribute::find(name) {
        return Some((attribute.name, Kind::of(attribute)));
    }
    attribute::SECRETS
        .iter()
        .find(|secret| secret.eq_ignore_ascii_case(name))
        .map(|secret| (*secret, Kind::Secret))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn tables() {
        let bytes = b"corp.example_20260331-140000\n\
            metadata.tsv\tmetadata\tmetadata\t2\tkey\tnvarchar(255)\tvalue\tnvarchar(1024)\n\
            domain\\Corp.example\\user.tsv\tdomain_corp.example_user\tdomain_user\t2\tdn\tnvarchar(9)\tcn\tnvarchar(2)\n\
            domain\\x\\top.tsv\tdomain_x_top\tdomain_top\t3\tdn\tnvarchar(9)\n\
            short\n\n";
        let tables = Tables::parse(bytes);
        assert_eq!(tables.odd, [4, 5]);
        let user = ["dn".to_owned(), "cn".to_owned()];
        assert_eq!(
            tables.columns("domain/corp.example/user.tsv", "-"),
            Some(&user[..])
        );
        // Another domain of the forest, of which the line is missing.
        assert_eq!(
            tables.columns("domain/eu.example/user.tsv", "domain_user"),
            Some(&user[..])
        );
        assert_eq!(tables.columns("domain/x/top.tsv", "domain_top"), None);
        let mut wide = MARK.to_vec();
        wide.extend(
            String::from_utf8_lossy(bytes)
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        );
        assert_eq!(Tables::parse(&wide).odd, [4, 5]);
        assert!(Tables::parse(b"").by_path.is_empty());
    }

    #[test]
    fn a_filtered_integer_is_read_from_its_number() {
        let layout = Layout::of(&[
            "dn",
            "userAccountControl",
            "userAccountControl_int",
            "SAMACCOUNTNAME",
            "isDeleted",
            "mail_int",
            "unixUserPassword",
            "unknown",
            "sAMAccountName",
        ])
        .unwrap();
        let read: Vec<_> = layout
            .columns
            .iter()
            .map(|column| (column.position, column.name))
            .collect();
        assert_eq!(
            read,
            [
                (2, "userAccountControl"),
                (3, "sAMAccountName"),
                (6, "unixUserPassword")
            ]
        );
        assert_eq!((layout.width, layout.deleted.as_slice()), (9, &[4][..]));
        assert!(layout.has("userAccountControl") && !layout.has("mail"));
        assert_eq!(Layout::of(&["server", "cn"]), None);
        assert_eq!(Layout::of::<&str>(&[]), None);
    }
}
