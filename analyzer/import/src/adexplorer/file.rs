//! The file behind a snapshot: read forward in large pieces, and looked back into.
//!
//! Owns a bounded cache of blocks, so that values shared with objects far back cost a copy and seldom a seek. Deliberately
//! knows nothing of what lies in the file.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};

use foldhash::fast::RandomState;

/// Bytes of a block.
const BLOCK: u64 = 256 << 10;
/// Blocks that are kept: 32 MiB.
const KEPT: usize = 128;

/// A seekable input.
pub(super) trait Input: Read + Seek {}
impl<T: Read + Seek> Input for T {}

/// The file.
pub(super) struct File {
    input: Box<dyn Input>,
    length: u64,
    position: Option<u64>,
    blocks: HashMap<u64, Block, RandomState>,
    clock: u64,
}

struct Block {
    bytes: Vec<u8>,
    used: u64,
}

impl File {
    pub(super) fn new(input: Box<dyn Input>, length: u64) -> Self {
        Self {
            input,
            length,
            position: None,
            blocks: HashMap::default(),
            clock: 0,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Appends `count` bytes from `offset` to `out`; fewer at the end of the file.
    pub(super) fn read(&mut self, offset: u64, count: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let end = offset.saturating_add(count as u64).min(self.length);
        let mut at = offset;
        while at < end {
            let number = at / BLOCK;
            let block = self.block(number)?;
            let from = usize::try_from(at - number * BLOCK).unwrap_or(usize::MAX);
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
            let Some(piece) = block.get(from..block.len().min(from.saturating_add(wanted))) else {
                break;
            };
            if piece.is_empty() {
                break;
            }
            out.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        Ok(())
    }

    fn block(&mut self, number: u64) -> io::Result<&[u8]> {
        self.clock += 1;
        if !self.blocks.contains_key(&number) {
            let mut bytes = if self.blocks.len() < KEPT {
                Vec::new()
            } else {
                self.least_used()
            };
            self.load(number, &mut bytes)?;
            self.blocks.insert(number, Block { bytes, used: 0 });
        }
        let clock = self.clock;
        Ok(self.blocks.get_mut(&number).map_or(&[], |block| {
            block.used = clock;
            &block.bytes
        }))
    }

    fn least_used(&mut self) -> Vec<u8> {
        let oldest = self
            .blocks
            .iter()
            .min_by_key(|(_, block)| block.used)
            .map(|(number, _)| *number);
        oldest
            .and_then(|number| self.blocks.remove(&number))
            .map(|block| block.bytes)
            .unwrap_or_default()
    }

    fn load(&mut self, number: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        let start = number * BLOCK;
        if self.position != Some(start) {
            self.input.seek(SeekFrom::Start(start))?;
        }
        bytes.clear();
        let read = (&mut self.input).take(BLOCK).read_to_end(bytes)?;
        self.position = Some(start + read as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn pieces_are_what_lies_there() {
        let bytes: Vec<u8> = (0..BLOCK * 3 + 7)
            .map(|number| (number % 251) as u8)
            .collect();
        let length = bytes.len() as u64;
        let mut file = File::new(Box::new(io::Cursor::new(bytes.clone())), length);
        for (offset, count) in [
            (0, 10),
            (BLOCK - 3, 6),
            (5, BLOCK as usize * 2),
            (length - 3, 10),
            (length, 5),
            (u64::MAX, 5),
        ] {
            let mut out = Vec::new();
            file.read(offset, count, &mut out).unwrap();
            let start = usize::try_from(offset.min(length)).unwrap();
            assert_eq!(out, bytes[start..(start + count).min(bytes.len())]);
        }
    }
}
