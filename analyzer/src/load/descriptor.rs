//! All distinct security descriptors of a snapshot, decoded once.
//!
//! Deliberately does not compute access: [`crate::graph`] does.

use coldcase_winsec::SecurityDescriptor;
use rusqlite::Connection;

/// Descriptors by their id in the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// Sorted by id, with what is wrong.
    decoded: Vec<(i64, SecurityDescriptor, Option<String>)>,
}

impl Descriptors {
    pub(super) fn load(database: &Connection) -> rusqlite::Result<Self> {
        let mut statement =
            database.prepare("SELECT id, bytes FROM security_descriptor ORDER BY id")?;
        let decoded = statement
            .query_map([], |row| Ok(entry(row.get(0)?, row.get_ref(1)?.as_blob()?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self { decoded })
    }

    /// From bytes as a snapshot has them, sorted by id.
    #[cfg(test)]
    pub(super) fn of<'a>(descriptors: impl Iterator<Item = (i64, &'a [u8])>) -> Self {
        let decoded = descriptors.map(|(id, bytes)| entry(id, bytes)).collect();
        Self { decoded }
    }

    /// The descriptor with this id.
    pub(crate) fn get(&self, id: i64) -> Option<&SecurityDescriptor> {
        self.entry(id).map(|(_, descriptor, _)| descriptor)
    }

    /// Every descriptor.
    pub(crate) fn all(&self) -> impl Iterator<Item = &SecurityDescriptor> {
        self.decoded.iter().map(|(_, descriptor, _)| descriptor)
    }

    /// True if the descriptor's bytes were not well-formed, or hold an ACE that is not understood.
    pub(crate) fn is_broken(&self, id: i64) -> bool {
        self.defect(id).is_some()
    }

    /// What is wrong with the descriptor's bytes.
    pub(crate) fn defect(&self, id: i64) -> Option<&str> {
        self.entry(id).and_then(|(_, _, defect)| defect.as_deref())
    }

    fn entry(&self, id: i64) -> Option<&(i64, SecurityDescriptor, Option<String>)> {
        let place = self
            .decoded
            .binary_search_by_key(&id, |entry| entry.0)
            .ok()?;
        self.decoded.get(place)
    }
}

fn entry(id: i64, bytes: &[u8]) -> (i64, SecurityDescriptor, Option<String>) {
    let decoded = SecurityDescriptor::decode(bytes);
    let mut aces = decoded.value.dacl.iter().flat_map(|acl| &acl.aces);
    let more = match decoded.defects.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let malformed = decoded
        .defects
        .first()
        .map(|defect| format!("{defect}{more}"));
    // Well-formed, but what they allow or deny is not known (MS-DTYP 2.4.4.1, compound ACEs).
    let defect = malformed.or_else(|| {
        let position = aces.position(|ace| ace.known().is_none())?;
        Some(format!(
            "ACE {position} is of a type that is not understood"
        ))
    });
    (id, decoded.value, defect)
}
