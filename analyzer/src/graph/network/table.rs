//! A number for each node, or for each number that an algorithm gives to a node.
//!
//! Deliberately total: what is beyond the end reads as [`NONE`] and cannot be written.

use super::NONE;

/// Numbers by number.
#[derive(Debug, Clone)]
pub(super) struct Table(Vec<u32>);

impl Table {
    /// `length` entries of `value`.
    pub(super) fn filled(length: usize, value: u32) -> Self {
        Self(vec![value; length])
    }

    /// `length` entries, each its own number.
    pub(super) fn identity(length: usize) -> Self {
        Self((0..NONE).take(length).collect())
    }

    pub(super) fn get(&self, at: u32) -> u32 {
        self.0.get(at as usize).copied().unwrap_or(NONE)
    }

    pub(super) fn set(&mut self, at: u32, value: u32) {
        if let Some(entry) = self.0.get_mut(at as usize) {
            *entry = value;
        }
    }

    /// Adds `more` to an entry that counts.
    pub(super) fn add(&mut self, at: u32, more: u32) {
        if let Some(entry) = self.0.get_mut(at as usize) {
            *entry = entry.saturating_add(more);
        }
    }

    /// Appends an entry and gives its number.
    pub(super) fn push(&mut self, value: u32) -> u32 {
        let at = self.len();
        self.0.push(value);
        at
    }

    /// Number of entries. They are at most one for each node and one more, so they fit.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(NONE)
    }
}
