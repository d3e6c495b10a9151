//! Tables as CSV (RFC 4180, UTF-8, without a byte order mark).
//!
//! Deliberately opens no file: [`crate::command`] does.

use std::io::{self, Write};

use super::cell::Cell;
use super::table::Table;

/// Writes one table with its head.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(table.columns.iter().map(|column| column.head.as_bytes()))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(Cell::plain))?;
    }
    writer.flush()
}

/// The first line of a table's file, by which it is known as one that Coldcase wrote.
///
/// # Errors
/// The head cannot be written, which is a defect of the program.
pub(crate) fn head(table: &Table) -> io::Result<Vec<u8>> {
    let heads = table.columns.iter().map(|column| (column.head.as_str(), 0));
    let mut line = Vec::new();
    write(
        &Table::new(table.name, &heads.collect::<Vec<_>>()),
        &mut line,
    )?;
    Ok(line)
}
