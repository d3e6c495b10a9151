//! A little-endian reader over a slice of a foreign file. Every read is checked; none panics.
//!
//! Owns position and bounds. Knows no format.

/// Reads from the front; `at` counts from where the slice begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, back) = self.rest.split_at_checked(count)?;
        self.rest = back;
        self.at += count;
        Some(front)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, back) = self.rest.split_first_chunk::<N>()?;
        self.rest = back;
        self.at += N;
        Some(*front)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
}

/// A `u32` of the file as an index; never wraps.
pub(crate) fn index(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// UTF-16LE up to the first NUL or the end, appended to `out` as UTF-8; what is no character becomes U+FFFD. Gives the bytes
/// read, the NUL included, or `None` if there is no NUL.
pub(crate) fn utf16_until_nul(bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (units, _) = bytes.as_chunks::<2>();
    // Nearly all text of a directory is ASCII.
    let is_ascii = |[low, high]: &[u8; 2]| *high == 0 && (1..0x80).contains(low);
    let ascii = units.iter().take_while(|unit| is_ascii(unit)).count();
    let (plain, rest) = units.split_at_checked(ascii)?;
    out.reserve(ascii);
    out.extend(plain.iter().map(|[low, _]| *low));
    let end = rest.iter().position(|unit| *unit == [0, 0])?;
    let text = rest
        .get(..end)?
        .iter()
        .map(|unit| u16::from_le_bytes(*unit));
    let mut buffer = [0; 4];
    for character in char::decode_utf16(text) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
    }
    Some((ascii + end + 1) * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_until_nul() {
        let bytes =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for text in ["", "abc", "Müller", "a𝄞b"] {
            let mut out = Vec::new();
            let with_nul = bytes(&format!("{text}\0rest"));
            assert_eq!(
                utf16_until_nul(&with_nul, &mut out),
                Some((text.encode_utf16().count() + 1) * 2)
            );
            assert_eq!(out, text.as_bytes());
        }
        assert_eq!(utf16_until_nul(&bytes("no end"), &mut Vec::new()), None);
        let mut out = Vec::new();
        assert_eq!(
            utf16_until_nul(&[0x00, 0xd8, 0, 0], &mut out),
            Some(4),
            "half a pair"
        );
        assert_eq!(out, "\u{fffd}".as_bytes());
    }
}
