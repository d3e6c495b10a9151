//! The rows of one JSON file, one by one, without holding the file.
//!
//! Owns the framing: where a row begins and ends, in an array or in the array `data` of an object, and `meta`, which comes
//! last in that. Deliberately does not read a row.

use crate::error::{ImportError, Place};
use crate::limits;

/// Bytes of the buffer at first. It grows with the longest row.
const BUFFER: usize = 256 << 10;

/// A file of rows.
pub(crate) trait Bytes {
    /// Its name, for places.
    fn name(&self) -> &str;

    /// Puts the next bytes into `space`; 0 at the end.
    ///
    /// # Errors
    /// It cannot be read on.
    fn fill(&mut self, space: &mut [u8]) -> Result<usize, ImportError>;
}

/// What comes next in a file.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// An element of `data`, and how deep it is nested.
    Row(&'a [u8], usize),
    /// The value of `meta`.
    Meta(&'a [u8]),
    /// The value of another key.
    Other,
    /// The end of the file.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Start,
    /// Before a key, or the end of the object.
    Keys {
        first: bool,
    },
    /// Before an element of `data`, or its end.
    Data {
        first: bool,
    },
    End,
}

/// Reads one file.
#[derive(Debug)]
pub(crate) struct Rows {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    state: State,
    /// The rows are the elements of an array, not of `data` in an object.
    array: bool,
    /// Number of the row that came last; the first is 1.
    pub(crate) row: u64,
    /// Whether there is an array `data`.
    pub(crate) data: bool,
    meta: bool,
}

/// Where a value ends, counted from its start, and its depth.
struct Extent {
    bytes: usize,
    depth: usize,
}

impl Rows {
    /// Before the first byte of a file of an object. `buffer` is one that is no longer needed, or empty.
    pub(crate) fn new(buffer: Vec<u8>) -> Self {
        Self::of(buffer, false)
    }

    /// The same of a file of an array.
    pub(crate) fn of_array(buffer: Vec<u8>) -> Self {
        Self::of(buffer, true)
    }

    fn of(mut buffer: Vec<u8>, array: bool) -> Self {
        if buffer.len() < BUFFER {
            buffer.resize(BUFFER, 0);
        }
        Self {
            buffer,
            from: 0,
            to: 0,
            state: State::Start,
            array,
            row: 0,
            data: false,
            meta: false,
        }
    }

    /// The buffer, for the next file.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// What comes next.
    pub(crate) fn next(&mut self, input: &mut impl Bytes) -> Result<Item<'_>, ImportError> {
        loop {
            match self.state {
                State::Start => self.begin(input)?,
                State::Keys { first } => {
                    if !self.goes_on(input, first, b'}')? {
                        self.state = State::End;
                        continue;
                    }
                    if self.peek(input)? != Some(b'"') {
                        return Err(self.broken(input, "a key was expected"));
                    }
                    let extent = self.extent(input)?;
                    let key = self.take(extent.bytes);
                    let (is_data, is_meta) = (key == b"\"data\"", key == b"\"meta\"");
                    if self.peek(input)? != Some(b':') {
                        return Err(self.broken(input, "a colon was expected after a key"));
                    }
                    self.from += 1;
                    let next = self.peek(input)?;
                    if is_data && next == Some(b'[') {
                        if self.data {
                            return Err(self.broken(input, "there are two keys `data`"));
                        }
                        self.from += 1;
                        self.data = true;
                        self.state = State::Data { first: true };
                        continue;
                    }
                    if is_meta && std::mem::replace(&mut self.meta, true) {
                        return Err(self.broken(input, "there are two keys `meta`"));
                    }
                    let extent = self.extent(input)?;
                    self.state = State::Keys { first: false };
                    let value = self.take(extent.bytes);
                    return Ok(if is_meta {
                        Item::Meta(value)
                    } else {
                        Item::Other
                    });
                }
                State::Data { first } => {
                    if !self.goes_on(input, first, b']')? {
                        self.state = if self.array {
                            State::End
                        } else {
                            State::Keys { first: false }
                        };
                        continue;
                    }
                    self.row += 1;
                    self.peek(input)?;
                    let extent = self.extent(input)?;
                    self.state = State::Data { first: false };
                    return Ok(Item::Row(self.take(extent.bytes), extent.depth));
                }
                State::End => {
                    if let Some(byte) = self.peek(input)? {
                        // Some tools end a file with a NUL.
                        if byte != 0 {
                            return Err(self.broken(input, "there is more after its end"));
                        }
                        self.from += 1;
                        continue;
                    }
                    return Ok(Item::End);
                }
            }
        }
    }

    /// Where the reading is.
    pub(crate) fn place(&self, name: &str) -> Place {
        match self.state {
            State::Data { .. } => Place::Row {
                file: name.to_owned(),
                row: self.row,
            },
            _ => Place::File(name.to_owned()),
        }
    }

    fn begin(&mut self, input: &mut impl Bytes) -> Result<(), ImportError> {
        while self.to < 3 && self.more(input)? {}
        let start = self.buffer.get(..self.to).unwrap_or_default();
        if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            return Err(self.broken(
                input,
                "it is UTF-16 text, not UTF-8 as every such exporter writes it",
            ));
        }
        if start.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.from = 3;
        }
        let (opening, what, state) = if self.array {
            (b'[', "array", State::Data { first: true })
        } else {
            (b'{', "object", State::Keys { first: true })
        };
        if self.peek(input)? != Some(opening) {
            return Err(self.broken(input, &format!("it does not begin as a JSON {what}")));
        }
        self.from += 1;
        self.state = state;
        Ok(())
    }

    /// True before another element, whose comma is passed; false after the closing byte, which is passed.
    fn goes_on(
        &mut self,
        input: &mut impl Bytes,
        first: bool,
        closing: u8,
    ) -> Result<bool, ImportError> {
        match self.peek(input)? {
            Some(byte) if byte == closing => {
                self.from += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.from += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            Some(_) => Err(self.broken(input, "a comma was expected")),
            None => Err(self.broken(input, "the file ends before its value does")),
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self, input: &mut impl Bytes) -> Result<Option<u8>, ImportError> {
        loop {
            while let Some(byte) = self.buffer.get(self.from..self.to).and_then(<[u8]>::first) {
                if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                    return Ok(Some(*byte));
                }
                self.from += 1;
            }
            if !self.more(input)? {
                return Ok(None);
            }
        }
    }

    /// How long the value at the place of reading is. All of it is in the buffer afterwards.
    fn extent(&mut self, input: &mut impl Bytes) -> Result<Extent, ImportError> {
        let (mut at, mut depth, mut deepest) = (0_usize, 0_usize, 0_usize);
        let (mut string, mut escaped) = (false, false);
        loop {
            let window = self.buffer.get(self.from + at..self.to).unwrap_or_default();
            for (position, byte) in window.iter().enumerate() {
                let here = at + position;
                if string {
                    if escaped {
                        escaped = false;
                    } else if *byte == b'\\' {
                        escaped = true;
                    } else if *byte == b'"' {
                        string = false;
                        if depth == 0 {
                            return Ok(Extent {
                                bytes: here + 1,
                                depth: deepest,
                            });
                        }
                    }
                    continue;
                }
                match byte {
                    b'"' => string = true,
                    b'{' | b'[' => {
                        depth += 1;
                        deepest = deepest.max(depth);
                    }
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        if depth == 0 {
                            return Ok(Extent {
                                bytes: here + 1,
                                depth: deepest,
                            });
                        }
                    }
                    b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                        if here == 0 {
                            return Err(self.broken(input, "a value was expected"));
                        }
                        return Ok(Extent {
                            bytes: here,
                            depth: deepest,
                        });
                    }
                    _ => {}
                }
            }
            at = self.to - self.from;
            if !self.more(input)? {
                return Err(self.broken(input, "the file ends inside a value"));
            }
        }
    }

    fn take(&mut self, bytes: usize) -> &[u8] {
        let start = self.from;
        self.from = (self.from + bytes).min(self.to);
        self.buffer.get(start..self.from).unwrap_or_default()
    }

    /// Reads more behind what is not yet passed; false at the end of the file.
    fn more(&mut self, input: &mut impl Bytes) -> Result<bool, ImportError> {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.to == self.buffer.len() {
            if self.to >= limits::VALUE_BYTES {
                return Err(ImportError::TooLarge {
                    place: self.place(input.name()),
                    what: "one row".to_owned(),
                    limit: format!("{} bytes", limits::VALUE_BYTES),
                });
            }
            self.buffer
                .resize((self.to * 2).min(limits::VALUE_BYTES), 0);
        }
        let space = self.buffer.get_mut(self.to..).unwrap_or_default();
        let read = input.fill(space)?;
        self.to += read;
        Ok(read > 0)
    }

    fn broken(&self, input: &impl Bytes, what: &str) -> ImportError {
        ImportError::broken(self.place(input.name()), what)
    }
}
