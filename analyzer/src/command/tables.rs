//! Where tables go: a workbook is one file, CSV a folder with a file a table.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::tz::Offset;

use super::output;
use crate::export::{self, Table};

/// Refuses a workbook on a terminal, before anything is computed.
pub(super) fn needs_file(file: Option<&Path>) -> Result<()> {
    if output::is_to_terminal(file) {
        bail!("a workbook is a file for a spreadsheet, name it: --format xlsx -o report.xlsx");
    }
    output::can_take(file)
}

/// Refuses tables without a folder, before anything is computed.
pub(super) fn needs_folder(folder: Option<&Path>) -> Result<()> {
    match folder {
        Some(path) if path.exists() && !path.is_dir() => bail!(
            "{} is no folder; --format csv writes a file for each table, name a folder: -o tables",
            path.display()
        ),
        Some(_) => Ok(()),
        None => bail!("--format csv writes a file for each table, name a folder: -o tables"),
    }
}

/// Writes the workbook; `taken_at` (RFC 3339) is the time it bears.
pub(super) fn workbook(
    file: Option<&Path>,
    title: &str,
    taken_at: &str,
    tables: &[Table],
) -> Result<()> {
    let taken: jiff::Timestamp = taken_at.parse().unwrap_or_default();
    let taken = Offset::UTC.to_datetime(taken);
    let bytes = export::workbook(title, taken, tables)?;
    output::to(file, |out| out.write_all(&bytes))
}

/// Writes one table as CSV.
pub(super) fn csv(file: Option<&Path>, table: &Table) -> Result<()> {
    output::to(file, |out| export::write_csv(table, out))
}

/// Writes a file for each table. Files that are there are written over only if they hold the same table; otherwise
/// nothing at all is written.
pub(super) fn folder(folder: Option<&Path>, tables: &[Table]) -> Result<()> {
    needs_folder(folder)?;
    let folder = folder.unwrap_or(Path::new("."));
    output::folder(folder)?;
    let path = |table: &Table| folder.join(format!("{}.csv", table.name.to_lowercase()));
    for table in tables {
        is_ours(&path(table), table)?;
    }
    for table in tables {
        output::to(Some(&path(table)), |out| export::write_csv(table, out))?;
    }
    Ok(())
}

/// Refuses a file that does not begin with the head of the table.
fn is_ours(path: &Path, table: &Table) -> Result<()> {
    let head = export::csv_head(table)?;
    let mut begins = Vec::new();
    let length = u64::try_from(head.len()).unwrap_or(u64::MAX);
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened
            .and_then(|file| file.take(length).read_to_end(&mut begins))
            .with_context(|| format!("{} cannot be read", path.display()))?,
    };
    if begins != head {
        bail!(
            "{} is there and is no table that this version of coldcase writes; nothing was written, choose another folder",
            path.display()
        );
    }
    Ok(())
}
