//! The text of an export: UTF-8 out of what PowerShell wrote.
//!
//! Owns the encodings (UTF-8, UTF-16 with a byte order mark) and a bound on what may be read for one account. Deliberately
//! guesses no code page: what is not UTF-8 becomes U+FFFD, and values with it are refused.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::error::{ImportError, Place};

/// Bytes of one account, as text; real ones have some ten thousand.
pub(super) const ACCOUNT_BYTES: usize = 16 << 20;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// The first bytes of a file as text, for recognition: what is cut at its end is left out.
pub(super) fn first_text(bytes: &[u8]) -> String {
    let (encoding, bom) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let bytes = bytes.get(bom..).unwrap_or_default();
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Reads a file as UTF-8.
pub(super) struct Text<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Of `raw`: what is not decoded yet.
    pending: (usize, usize),
    /// True after the last byte was read.
    ended: bool,
    finished: bool,
    /// Bytes of the file read so far.
    pub(super) read: u64,
    /// Bytes of text that may still be read for this account.
    left: usize,
    over: bool,
    /// True if a byte order mark said the encoding.
    pub(super) marked: bool,
    /// Number of quotation marks handed out.
    pub(super) quotes: u64,
    /// The byte that was handed out last.
    pub(super) last: u8,
}

impl<R: Read> Text<R> {
    /// `first_bytes` have been read from `inner` already.
    pub(super) fn new(first_bytes: Vec<u8>, inner: R) -> Self {
        let bom = Encoding::for_bom(&first_bytes);
        let encoding = bom.map_or(UTF_8, |(encoding, _)| encoding);
        let skip = bom.map_or(0, |(_, length)| length);
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            read: first_bytes.len() as u64,
            pending: (skip, first_bytes.len()),
            raw: first_bytes,
            ended: false,
            finished: false,
            left: ACCOUNT_BYTES,
            over: false,
            marked: bom.is_some(),
            quotes: 0,
            last: 0,
        }
    }

    /// Another account begins.
    pub(super) fn next_account(&mut self) {
        self.left = ACCOUNT_BYTES;
    }

    /// What ended the reading, if it was the bound or the file itself.
    pub(super) fn error(&self, place: Place, error: io::Error) -> ImportError {
        if self.over {
            return ImportError::TooLarge {
                place,
                what: "one account".to_owned(),
                limit: format!("{ACCOUNT_BYTES} bytes"),
            };
        }
        ImportError::Io(error)
    }

    /// True if one account was larger than is read.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // The decoder needs room for the longest character.
        if out.len() < 16 || self.finished {
            return if out.is_empty() || self.finished {
                Ok(0)
            } else {
                Err(io::Error::other("a buffer of 16 bytes is needed"))
            };
        }
        if self.left == 0 {
            self.over = true;
            return Err(io::Error::other("one account is too large"));
        }
        loop {
            let (from, to) = self.pending;
            if from == to && !self.ended {
                self.raw.resize(PIECE, 0);
                let read = self.inner.read(&mut self.raw)?;
                self.read += read as u64;
                self.ended = read == 0;
                self.pending = (0, read);
                continue;
            }
            let source = self.raw.get(from..to).unwrap_or_default();
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, out, self.ended);
            self.pending.0 += read;
            self.finished = self.ended && result == CoderResult::InputEmpty;
            let given = out.get(..written).unwrap_or_default();
            self.quotes += given.iter().filter(|byte| **byte == b'"').count() as u64;
            if let Some(last) = given.last() {
                self.last = *last;
            }
            self.left = self.left.saturating_sub(written);
            if written > 0 || self.finished {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn read(bytes: &[u8], split: usize) -> String {
        let (first, rest) = bytes.split_at(split.min(bytes.len()));
        let mut text = Text::new(first.to_vec(), rest);
        let mut all = Vec::new();
        let mut piece = [0; 17];
        loop {
            let read = text.read(&mut piece).unwrap();
            if read == 0 {
                return String::from_utf8(all).unwrap();
            }
            all.extend_from_slice(&piece[..read]);
        }
    }

    #[test]
    fn encodings() {
        let said = "Müller 𝄞, a long line of text that takes several pieces";
        let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{feff}{said}")
                .encode_utf16()
                .flat_map(unit)
                .collect()
        };
        for bytes in [
            said.as_bytes().to_vec(),
            format!("\u{feff}{said}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            for split in [3, 4, 9, 4_096] {
                assert_eq!(read(&bytes, split), said);
            }
            assert_eq!(first_text(&bytes), said);
        }
        assert_eq!(read(b"M\xfcller", 4_096), "M\u{fffd}ller");
        assert_eq!(read(b"", 0), "");
    }

    #[test]
    fn one_account_is_bounded() {
        let mut text = Text::new(Vec::new(), io::repeat(b'a'));
        let mut piece = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = text.read(&mut piece) {
                break error;
            }
        };
        assert!(text.is_over());
        let said = text.error(Place::Line(1), error).to_string();
        assert!(said.contains("one account"), "{said}");
        text.next_account();
        assert!(text.read(&mut piece).unwrap() > 0);
    }
}
