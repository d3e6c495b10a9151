//! Logical lines of an LDIF file: unfolded, whatever the encoding of the file.
//!
//! Owns byte order marks, line ends and folding (RFC 2849, note 2). Deliberately does not know what a line says.

use std::io::{BufRead, BufReader, Read};

use crate::error::{ImportError, Place};
use crate::limits;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Lines of a file.
pub(super) struct Lines<R> {
    input: BufReader<Text<R>>,
    /// Number of the physical line that comes next.
    line: u64,
    limit: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self::within(input, limits::VALUE_BYTES)
    }

    /// With another limit on the bytes of a line.
    pub(super) fn within(input: R, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, Text::new(input)),
            line: 1,
            limit,
        }
    }

    /// Bytes of the file read so far, buffered ones included.
    pub(super) fn bytes(&self) -> u64 {
        self.input.get_ref().bytes
    }

    /// Puts the next logical line, without its end, into `out`, and gives the number of its first physical line; `None` at the
    /// end of the file. A comment is unfolded too.
    ///
    /// # Errors
    /// Reading failed, or the line is too long.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, ImportError> {
        out.clear();
        let first = self.line;
        if !self.physical(out, first)? {
            return Ok(None);
        }
        // An empty line ends a record; nothing continues it.
        while !out.is_empty() && self.input.fill_buf()?.first() == Some(&b' ') {
            self.input.consume(1);
            self.physical(out, first)?;
        }
        Ok(Some(first))
    }

    /// Appends a physical line; false at the end of the file.
    fn physical(&mut self, out: &mut Vec<u8>, first: u64) -> Result<bool, ImportError> {
        let mut any = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = buffer
                .get(..end.unwrap_or(buffer.len()))
                .unwrap_or_default();
            if out.len() + piece.len() > self.limit {
                return Err(ImportError::TooLarge {
                    place: Place::Line(first),
                    what: format!("a line of more than {} bytes", out.len() + piece.len()),
                    limit: format!("{} bytes", self.limit),
                });
            }
            out.extend_from_slice(piece);
            let used = piece.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.line += u64::from(any);
        if out.last() == Some(&b'\r') {
            out.pop();
        }
        Ok(any)
    }
}

/// A file as UTF-8, or as bytes: UTF-16LE with a byte order mark (`ldifde -u`, PowerShell's `>`) is turned, everything else is
/// left as it is.
struct Text<R> {
    inner: R,
    bytes: u64,
    encoding: Encoding,
    /// Bytes that were read and not handed out.
    rest: Vec<u8>,
    /// Bytes of half a character.
    half: Vec<u8>,
    buffer: Vec<u8>,
}

#[derive(PartialEq, Eq)]
enum Encoding {
    Unknown,
    Bytes,
    Utf16,
}

impl<R: Read> Text<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            bytes: 0,
            encoding: Encoding::Unknown,
            rest: Vec::new(),
            half: Vec::new(),
            buffer: Vec::new(),
        }
    }

    fn begin(&mut self) -> std::io::Result<()> {
        let mut first = Vec::new();
        (&mut self.inner).take(3).read_to_end(&mut first)?;
        self.bytes += first.len() as u64;
        match first.as_slice() {
            [0xFF, 0xFE, rest @ ..] => {
                self.encoding = Encoding::Utf16;
                self.half.extend_from_slice(rest);
            }
            [0xEF, 0xBB, 0xBF] => self.encoding = Encoding::Bytes,
            _ => {
                self.encoding = Encoding::Bytes;
                self.rest = first;
            }
        }
        Ok(())
    }

    /// Turns the next piece of UTF-16LE.
    fn turn(&mut self) -> std::io::Result<()> {
        self.buffer.resize(BUFFER, 0);
        let read = self.inner.read(&mut self.buffer)?;
        self.bytes += read as u64;
        self.half
            .extend_from_slice(self.buffer.get(..read).unwrap_or_default());
        let mut whole = self.half.len() / 2 * 2;
        // A high surrogate waits for its other half, unless nothing follows.
        let last = whole
            .checked_sub(1)
            .and_then(|at| self.half.get(at))
            .copied();
        if read > 0 && last.is_some_and(|high| (0xD8..0xDC).contains(&high)) {
            whole -= 2;
        }
        let (units, _) = self.half.get(..whole).unwrap_or_default().as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let mut utf8 = [0; 4];
        self.rest.clear();
        for character in char::decode_utf16(units) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.rest
                .extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
        self.half.drain(..whole);
        if read == 0 {
            self.half.clear();
        }
        Ok(())
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.encoding == Encoding::Unknown {
            self.begin()?;
        }
        if self.rest.is_empty() {
            if self.encoding == Encoding::Bytes {
                let read = self.inner.read(out)?;
                self.bytes += read as u64;
                return Ok(read);
            }
            // Half a character may be all that a piece holds.
            while self.rest.is_empty() {
                let before = self.bytes;
                self.turn()?;
                if self.bytes == before {
                    break;
                }
            }
        }
        let count = self.rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), self.rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.rest.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(bytes);
        let mut out = Vec::new();
        let mut all = Vec::new();
        while let Some(number) = lines.next(&mut out).unwrap() {
            all.push((number, String::from_utf8_lossy(&out).into_owned()));
        }
        all
    }

    fn utf16(text: &str) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    }

    #[test]
    fn folding_line_ends_and_encodings() {
        let expected = [(1, "dn: CN=Müller 𝄞"), (3, ""), (4, "# a comment")];
        let expected: Vec<(u64, String)> =
            expected.map(|(line, text)| (line, text.to_owned())).into();
        let text = "dn: CN=Mü\n ller 𝄞\n\n# a \n comment\n";
        assert_eq!(lines(text.as_bytes()), expected);
        assert_eq!(lines(text.replace('\n', "\r\n").as_bytes()), expected);
        assert_eq!(
            lines(&[b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            expected
        );
        assert_eq!(lines(&utf16(text)), expected);
        assert_eq!(
            lines(text.trim_end().as_bytes()),
            expected,
            "without an end of the last line"
        );
        assert_eq!(lines(b""), []);
        // What is no UTF-8 passes as it is.
        let mut latin = Lines::new(&b"# M\xFCller\nx: 1\n"[..]);
        let mut out = Vec::new();
        latin.next(&mut out).unwrap();
        assert_eq!(out, b"# M\xFCller");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::within(std::io::repeat(b'x'), 1_000_000);
        let error = lines.next(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    proptest! {
        #[test]
        fn folded_at_any_width_it_is_the_same(text in "[a-zäö𝄞: ]{1,80}", width in 1..40_usize, wide in any::<bool>()) {
            // Folding is by characters here, and the first of a line is no blank, which would be folding itself.
            let text = format!("x{text}");
            let characters: Vec<char> = text.chars().collect();
            let folded: Vec<String> = characters.chunks(width).map(|piece| piece.iter().collect()).collect();
            let folded = folded.join("\n ");
            let bytes = if wide { utf16(&folded) } else { folded.into_bytes() };
            prop_assert_eq!(lines(&bytes), vec![(1, text)]);
        }
    }
}
