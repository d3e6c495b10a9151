//! Which snapshot an answer is about.
//!
//! Deliberately tells no more than who reads the answer needs to find the file again.

use serde::Serialize;

use crate::frames::Analysis;
use crate::report::visible;

/// Domain, time and hash of a snapshot.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Source {
    /// DNS name.
    domain: String,
    /// RFC 3339 UTC.
    taken_at: String,
    /// Of the file, lower-case hexadecimal.
    sha256: String,
}

impl Source {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let manifest = &analysis.directory.manifest;
        Self {
            domain: manifest.domain.clone(),
            taken_at: manifest.taken_at.clone(),
            sha256: analysis.directory.sha256.clone(),
        }
    }

    /// "contoso.example, taken 2026-08-01T06:00:00Z".
    pub(super) fn in_words(&self) -> String {
        visible(&format!("{}, taken {}", self.domain, self.taken_at))
    }
}
