//! Rows of a file of a dump: UTF-16LE with a byte order mark, TAB between fields, CR LF after each row, nothing quoted.
//!
//! Owns framing, and where a row begins. Deliberately does not know what a column means. Source: BufferInitialize,
//! BufferWriteTab and BufferWriteLine of ORADAD's Buffer.cpp.

use std::io::{Read, Seek, SeekFrom};

use crate::error::{ImportError, Place};
use crate::limits;

/// The byte order mark of UTF-16LE.
pub(super) const MARK: [u8; 2] = [0xff, 0xfe];

/// Bytes that are read at once.
const BUFFER: usize = 128 << 10;

/// A row: its fields as UTF-16LE bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    bytes: &'a [u8],
    /// Where each field ends, in bytes of the row.
    ends: &'a [usize],
    /// Where the row begins, in bytes of the file.
    pub(super) offset: u64,
    /// Number of the row; the first is 1. After [`Rows::seek`] counted from there.
    pub(super) number: u64,
}

impl<'a> Row<'a> {
    /// Number of fields.
    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of the row, without its end.
    pub(super) fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// A field as UTF-16LE bytes; the first is 0.
    pub(super) fn field(&self, position: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(position)?;
        let start = match position.checked_sub(1) {
            Some(before) => self.ends.get(before)?.checked_add(2)?,
            None => 0,
        };
        self.bytes.get(start..end)
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next<'a> {
    Row(Row<'a>),
    /// The file ends in the middle of a row: it was cut, or the exporter was.
    Cut,
    End,
}

/// Reads rows, from the front or from where one begins.
#[derive(Debug)]
pub(super) struct Rows<R> {
    input: R,
    file: String,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    base: u64,
    /// Where the next row begins in the buffer.
    at: usize,
    /// How much of the buffer is filled.
    filled: usize,
    ends: Vec<usize>,
    number: u64,
}

impl<R: Read + Seek> Rows<R> {
    /// `file`: its name, for places. `None` if it does not begin with the mark of UTF-16LE.
    pub(super) fn open(input: R, file: &str) -> Result<Option<Self>, ImportError> {
        let mut rows = Self {
            input,
            file: file.to_owned(),
            buffer: vec![0; BUFFER],
            base: 0,
            at: 0,
            filled: 0,
            ends: Vec::new(),
            number: 0,
        };
        while rows.filled < MARK.len() {
            if rows.fill()? == 0 {
                break;
            }
        }
        if !rows
            .buffer
            .get(..rows.filled)
            .is_some_and(|read| read.starts_with(&MARK))
        {
            return Ok(None);
        }
        rows.at = MARK.len();
        Ok(Some(rows))
    }

    /// Reads more behind what is filled. 0: the file has ended.
    fn fill(&mut self) -> Result<usize, ImportError> {
        loop {
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.input.read(room) {
                Ok(read) => {
                    self.filled = self.filled.saturating_add(read).min(self.buffer.len());
                    return Ok(read);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes room behind what is filled: moves the row to the front, or takes more memory.
    fn make_room(&mut self) -> Result<(), ImportError> {
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.base = self.base.saturating_add(self.at as u64);
            self.filled = self.filled.saturating_sub(self.at);
            self.at = 0;
        }
        if self.filled < self.buffer.len() {
            return Ok(());
        }
        if self.buffer.len() >= limits::VALUE_BYTES {
            return Err(ImportError::TooLarge {
                place: self.place(self.number.saturating_add(1)),
                what: format!("a row of more than {} bytes", self.buffer.len()),
                limit: format!("{} bytes", limits::VALUE_BYTES),
            });
        }
        let length = self
            .buffer
            .len()
            .saturating_mul(2)
            .clamp(BUFFER, limits::VALUE_BYTES);
        self.buffer.resize(length, 0);
        Ok(())
    }

    fn place(&self, row: u64) -> Place {
        Place::Row {
            file: self.file.clone(),
            row,
        }
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Next<'_>, ImportError> {
        self.ends.clear();
        // Bytes of the row that were looked at, always an even number.
        let mut seen = 0_usize;
        'row: loop {
            let ahead = self
                .buffer
                .get(self.at.saturating_add(seen)..self.filled)
                .unwrap_or_default();
            let (units, _) = ahead.as_chunks::<2>();
            for [low, high] in units {
                if *high == 0 {
                    match *low {
                        b'\t' => self.ends.push(seen),
                        b'\n' => break 'row,
                        _ => {}
                    }
                }
                seen += 2;
            }
            if self.filled == self.buffer.len() || self.at.saturating_add(seen) >= self.filled {
                self.make_room()?;
            }
            if self.fill()? == 0 {
                let cut = self.filled > self.at;
                self.at = self.filled;
                return Ok(if cut { Next::Cut } else { Next::End });
            }
        }
        let start = self.at;
        let offset = self.base.saturating_add(start as u64);
        self.at = start.saturating_add(seen).saturating_add(2);
        self.number = self.number.saturating_add(1);
        let bytes = self
            .buffer
            .get(start..start.saturating_add(seen))
            .unwrap_or_default();
        let bytes = bytes.strip_suffix(&[b'\r', 0]).unwrap_or(bytes);
        self.ends.push(bytes.len());
        Ok(Next::Row(Row {
            bytes,
            ends: &self.ends,
            offset,
            number: self.number,
        }))
    }

    /// Turns to where a row begins.
    pub(super) fn seek(&mut self, offset: u64) -> Result<(), ImportError> {
        let inside = offset
            .checked_sub(self.base)
            .and_then(|at| usize::try_from(at).ok())
            .filter(|at| *at < self.filled);
        match inside {
            Some(at) => self.at = at,
            None => {
                self.input.seek(SeekFrom::Start(offset))?;
                self.base = offset;
                self.at = 0;
                self.filled = 0;
            }
        }
        Ok(())
    }
}

/// UTF-16LE as text; what is no character becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    // Nearly all text of a directory is ASCII.
    let mut ascii = 0;
    for [low, high] in units {
        if *high != 0 || !low.is_ascii() {
            break;
        }
        text.push(char::from(*low));
        ascii += 1;
    }
    let rest = units.get(ascii..).unwrap_or_default();
    let rest = rest.iter().map(|unit| u16::from_le_bytes(*unit));
    text.extend(char::decode_utf16(rest).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::oradad::made::utf16;
    use std::io::Cursor;

    fn all(bytes: Vec<u8>) -> Option<(Vec<Vec<String>>, bool)> {
        let mut rows = Rows::open(Cursor::new(bytes), "a.tsv").unwrap()?;
        let mut read = Vec::new();
        loop {
            match rows.next().unwrap() {
                Next::Row(row) => {
                    assert_eq!(row.number, read.len() as u64 + 1);
                    read.push(
                        (0..row.width())
                            .map(|position| text(row.field(position).unwrap()))
                            .collect(),
                    );
                    assert_eq!(row.field(row.width()), None);
                }
                Next::Cut => return Some((read, true)),
                Next::End => return Some((read, false)),
            }
        }
    }

    #[test]
    fn fields_and_rows() {
        let (read, cut) = all(utf16("a\t\tü𝄞\r\n\r\nx\t\r\n")).unwrap();
        assert_eq!(read, [vec!["a", "", "ü𝄞"], vec![""], vec!["x", ""]]);
        assert!(!cut);
        let (read, cut) = all(utf16("a\r\nb")).unwrap();
        assert_eq!((read.len(), cut), (1, true));
        // 0x0A and 0x09 as halves of other characters.
        let (read, _) = all(utf16("\u{0a0a}\u{0909}\u{0a41}\r\n")).unwrap();
        assert_eq!(read, [["\u{0a0a}\u{0909}\u{0a41}"]]);
        assert_eq!(all(b"dn\tcn\r\n".to_vec()), None);
        assert_eq!(all(Vec::new()), None);
        assert_eq!(all(MARK.to_vec()), Some((Vec::new(), false)));
        let mut odd = utf16("a\r\n");
        odd.push(0);
        assert_eq!(all(odd), Some((vec![vec!["a".to_owned()]], true)));
        assert_eq!(text(&[0x00, 0xd8]), "\u{fffd}");
    }

    #[test]
    fn rows_longer_than_the_buffer_and_turning_back() {
        let long = "x".repeat(BUFFER);
        let mut rows = Rows::open(
            Cursor::new(utf16(&format!("a\r\n{long}\t1\r\nb\r\n"))),
            "a.tsv",
        )
        .unwrap();
        let rows = rows.as_mut().unwrap();
        let mut offsets = Vec::new();
        for width in [1, 2, 1] {
            let Next::Row(row) = rows.next().unwrap() else {
                panic!("a row");
            };
            assert_eq!(row.width(), width);
            offsets.push((row.offset, row.length()));
        }
        for (offset, length) in offsets.iter().rev() {
            rows.seek(*offset).unwrap();
            let Next::Row(row) = rows.next().unwrap() else {
                panic!("a row");
            };
            assert_eq!((row.offset, row.length()), (*offset, *length));
        }
    }

    #[test]
    fn a_row_without_end_is_refused() {
        let bytes = std::io::Read::chain(&MARK[..], std::io::repeat(b'a'));
        let mut rows = Rows::open(Endless(bytes), "a.tsv").unwrap().unwrap();
        assert!(matches!(rows.next(), Err(ImportError::TooLarge { .. })));
    }

    struct Endless<R>(R);

    impl<R: Read> Read for Endless<R> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl<R> Seek for Endless<R> {
        fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
            Ok(0)
        }
    }
}
