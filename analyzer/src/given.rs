//! Text files that a user gives beside the snapshot: rule pages, assumptions, exceptions.
//!
//! Owns reading them within bounds and saying where in them something is wrong. Deliberately does not know what they mean.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Result, anyhow};

/// Why a file is no text, without its name.
#[derive(Debug)]
pub(crate) struct NoText {
    /// From 1, if it is about one line.
    pub(crate) line: Option<usize>,
    /// Such as `is not UTF-8`.
    pub(crate) what: String,
}

/// The whole of a text file of at most `longest` bytes.
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8; the message names it.
pub(crate) fn text(path: &Path, longest: u64) -> Result<String> {
    let name = path.display();
    page(path, longest).map_err(|error| match error.line {
        Some(line) => anyhow!("{name}:{line}: it {}", error.what),
        None => anyhow!("{name} {}", error.what),
    })
}

/// As [`text`], for those who name the file themselves.
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8.
pub(crate) fn page(path: &Path, longest: u64) -> Result<String, NoText> {
    let whole = |what: String| NoText { line: None, what };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(longest + 1).read_to_end(&mut bytes))
        .map_err(|error| whole(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > longest {
        return Err(whole(format!(
            "is longer than {longest} bytes, so it is not what it should be"
        )));
    }
    // A byte order mark is what some editors put before a text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + bytes.iter().take(valid).filter(|b| **b == b'\n').count();
        NoText {
            line: Some(line),
            what: "is not UTF-8; save it as UTF-8".to_owned(),
        }
    })
}

/// The name of a file without its folder, as reports tell it.
pub(crate) fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// What is wrong with TOML, as `line 3: …`.
pub(crate) fn toml_problem(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = 1 + before.map_or(0, |before| before.matches('\n').count());
    // The parser speaks of Rust's types.
    let message = error.message().replace('\n', " ");
    let message = message
        .replace("expected u32", "expected a whole number from 0 on")
        .replace(
            "invalid type: map, expected a string",
            "text must be in quotes",
        )
        .replace("expected a sequence", "expected a list in brackets");
    anyhow!("line {line}: {message}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn files_are_read_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            text(&path, 8).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(read(b"\xef\xbb\xbfa = 1").unwrap(), "a = 1");
        assert_eq!(read(b"12345678").unwrap(), "12345678");
        assert!(read(b"123456789").unwrap_err().contains("longer than 8"));
        assert!(read(b"a\n\xff").unwrap_err().contains("a.toml:2:"));
    }
}
