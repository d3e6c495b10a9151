//! A table: named columns and rows of typed cells.
//!
//! Workbook and CSV both write these and nothing else, so they cannot differ. Deliberately knows no file format.

use serde_json::Value;

use super::cell::Cell;

/// A table with a head.
#[derive(Debug)]
pub(crate) struct Table {
    /// Name of the sheet; in lower case, of the file.
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// As many cells each as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Cells that lead to another table, by row and column.
    pub(crate) links: Vec<Link>,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) head: String,
    /// Characters that a sheet shows of it.
    pub(crate) width: u16,
    /// It holds severities, which a sheet colours.
    pub(crate) severity: bool,
}

/// From a cell to a row of another table.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) row: usize,
    pub(crate) column: usize,
    /// Name of the other table.
    pub(crate) table: &'static str,
    /// Row there, from 0, the head aside.
    pub(crate) to: usize,
}

impl Table {
    /// An empty table with these columns and their widths.
    pub(crate) fn new(name: &'static str, columns: &[(&str, u16)]) -> Self {
        let column = |(head, width): &(&str, u16)| Column {
            // A query names its columns as it likes.
            head: Cell::text(head).plain(),
            width: *width,
            severity: *head == "severity",
        };
        Self {
            name,
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            links: Vec::new(),
        }
    }

    /// A table of JSON values, such as a query gives.
    pub(crate) fn of_values<T: AsRef<str>>(
        name: &'static str,
        heads: &[T],
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Self {
        let columns: Vec<(&str, u16)> = heads.iter().map(|head| (head.as_ref(), 0)).collect();
        let mut table = Self::new(name, &columns);
        for row in rows {
            table.push(row.iter().map(Cell::value).collect());
        }
        table
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Makes a cell of the last row a link.
    pub(crate) fn link(&mut self, column: usize, table: &'static str, to: usize) {
        if let Some(row) = self.rows.len().checked_sub(1) {
            self.links.push(Link {
                row,
                column,
                table,
                to,
            });
        }
    }
}
