//! All distinct security descriptors of a snapshot, decoded once.
//!
//! Deliberately does not compute access: [`crate::graph`] does.

use coldcase_winsec::SecurityDescriptor;
use rusqlite::Connection;

/// Descriptors by their id in the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// Sorted by id. The flag tells that the bytes had defects, so that what is there may not be all.
    decoded: Vec<(i64, SecurityDescriptor, bool)>,
}

impl Descriptors {
    pub(super) fn load(database: &Connection) -> rusqlite::Result<Self> {
        let mut statement =
            database.prepare("SELECT id, bytes FROM security_descriptor ORDER BY id")?;
        let decoded = statement
            .query_map([], |row| {
                let bytes = row.get_ref(1)?.as_blob()?;
                let decoded = SecurityDescriptor::decode(bytes);
                Ok((row.get(0)?, decoded.value, !decoded.defects.is_empty()))
            })?
            .collect::<Result<_, _>>()?;
        Ok(Self { decoded })
    }

    /// The descriptor with this id.
    pub(crate) fn get(&self, id: i64) -> Option<&SecurityDescriptor> {
        self.entry(id).map(|(_, descriptor, _)| descriptor)
    }

    /// Every descriptor.
    pub(crate) fn all(&self) -> impl Iterator<Item = &SecurityDescriptor> {
        self.decoded.iter().map(|(_, descriptor, _)| descriptor)
    }

    /// True if the descriptor's bytes were not well-formed.
    pub(crate) fn is_broken(&self, id: i64) -> bool {
        self.entry(id).is_some_and(|(_, _, broken)| *broken)
    }

    fn entry(&self, id: i64) -> Option<&(i64, SecurityDescriptor, bool)> {
        let place = self
            .decoded
            .binary_search_by_key(&id, |entry| entry.0)
            .ok()?;
        self.decoded.get(place)
    }
}
