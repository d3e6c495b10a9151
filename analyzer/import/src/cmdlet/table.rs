//! Accounts of a table that Export-Csv wrote.
//!
//! Owns the line `#TYPE`, the header, the delimiter and the end of a file that was cut. Deliberately reads no cell.

use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::text::Text;
use super::value::Value;
use super::{Found, Properties};
use crate::error::{ImportError, Place};

/// What may part the cells; the first wins where two part a header alike.
const DELIMITERS: &[u8] = b",;\t|";

/// Reads a table.
pub(super) struct Table<R> {
    rows: Reader<BufReader<Text<R>>>,
    /// Names of the columns.
    header: Vec<String>,
    /// Lines before the next row.
    before: u64,
    /// The row that was read last: nobody knows yet whether it is whole.
    held: Option<(u64, ByteRecord)>,
    begun: bool,
    /// True once a character was seen that ASCII does not have.
    beyond_ascii: bool,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// There is none, or a column comes twice.
    pub(super) fn open(text: Text<R>) -> Result<Self, ImportError> {
        let mut text = BufReader::with_capacity(64 << 10, text);
        let mut line = String::new();
        let mut before = 0;
        loop {
            line.clear();
            before += 1;
            let read = text.read_line(&mut line);
            let read = read.map_err(|error| text.get_ref().error(Place::Line(before), error))?;
            if read == 0 {
                return Err(ImportError::broken(
                    Place::Line(before),
                    "the line with the names of the columns is missing",
                ));
            }
            if !line.starts_with("#TYPE") && !line.trim().is_empty() {
                break;
            }
        }
        if !line.ends_with('\n') {
            return Err(ImportError::broken(
                Place::Line(before),
                "the file ends inside the names of the columns",
            ));
        }
        let (delimiter, header) = header(&line);
        let mut names: Vec<String> = header.iter().map(|name| name.to_lowercase()).collect();
        names.sort_unstable();
        if names.array_windows().any(|[one, next]| one == next) {
            return Err(ImportError::broken(
                Place::Line(before),
                "two columns have the same name",
            ));
        }
        let rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text);
        Ok(Self {
            rows,
            header,
            before,
            held: None,
            begun: false,
            beyond_ascii: false,
        })
    }

    /// Names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Whether a question mark may stand for another character.
    pub(super) fn ascii(&self) -> bool {
        !self.beyond_ascii && !self.text().marked
    }

    /// The text below.
    pub(super) fn text(&self) -> &Text<R> {
        self.rows.get_ref().get_ref()
    }

    /// The next account.
    pub(super) fn next_account(&mut self) -> Result<Option<Found>, ImportError> {
        if !self.begun {
            self.begun = true;
            self.held = self.read()?;
        }
        let Some((line, row)) = self.held.take() else {
            return Ok(None);
        };
        self.held = self.read()?;
        let place = Place::Line(line);
        let whole = row.len() == self.header.len();
        if self.held.is_none() {
            let text = self.text();
            // PowerShell quotes every cell and ends every line.
            if !whole || text.quotes % 2 == 1 || !matches!(text.last, b'\n' | b'\r' | b'"') {
                return Err(ImportError::broken(
                    place,
                    "the file ends inside a row, which was left out",
                ));
            }
        }
        if !whole {
            let what = format!(
                "it has {} cells and the header {}",
                row.len(),
                self.header.len()
            );
            return Ok(Some((place, Err(what))));
        }
        self.beyond_ascii |= row.as_slice().iter().any(|byte| !byte.is_ascii());
        let properties: Properties = self
            .header
            .iter()
            .zip(row.iter())
            .map(|(name, cell)| {
                let value = if cell.is_empty() {
                    Value::Null
                } else {
                    Value::Text(String::from_utf8_lossy(cell).into_owned())
                };
                (name.clone(), value)
            })
            .collect();
        Ok(Some((place, Ok(properties))))
    }

    fn read(&mut self) -> Result<Option<(u64, ByteRecord)>, ImportError> {
        let mut row = ByteRecord::new();
        let line = self.before + 1;
        let read = self.rows.read_byte_record(&mut row);
        let over = self.text().is_over();
        match read {
            Ok(true) => {
                let inside = row.as_slice().iter().filter(|byte| **byte == b'\n').count();
                self.before = line + inside as u64;
                self.rows.get_mut().get_mut().next_account();
                Ok(Some((line, row)))
            }
            Ok(false) => Ok(None),
            Err(error) if over || error.is_io_error() => match error.into_kind() {
                csv::ErrorKind::Io(error) => Err(self.text().error(Place::Line(line), error)),
                _ => Err(ImportError::broken(Place::Line(line), "it is no row")),
            },
            Err(_) => Err(ImportError::broken(Place::Line(line), "it is no row")),
        }
    }
}

/// The delimiter and the names of the columns.
pub(super) fn header(line: &str) -> (u8, Vec<String>) {
    let mut best = (b',', Vec::new());
    for delimiter in DELIMITERS {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(*delimiter)
            .from_reader(line.as_bytes());
        let mut row = ByteRecord::new();
        if reader.read_byte_record(&mut row).is_ok() && row.len() > best.1.len() {
            let names = row
                .iter()
                .map(|name| String::from_utf8_lossy(name).into_owned());
            best = (*delimiter, names.collect());
        }
    }
    best
}
