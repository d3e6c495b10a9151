//! Which object of the one snapshot is which of the other.
//!
//! By objectGUID, which never changes (MS-ADTS 3.1.1.1.4); an object whose GUID one side does not show by its SID, and one
//! without a SID by its DN. Deliberately does not say what changed.

use std::collections::HashMap;

use anyhow::Result;
use coldcase_schemas::Snapshot;

#[cfg(test)]
use crate::load::{Directory, Object};

/// Pairs of objects, by their ids in the two snapshots. Covers every object, those of the schema too.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    new_of_old: HashMap<i64, i64>,
    old_of_new: HashMap<i64, i64>,
}

/// What an object is known by.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Identity {
    Guid(Vec<u8>),
    Sid(Vec<u8>),
    Dn(String),
}

impl Matching {
    /// Pairs the objects of two snapshots.
    ///
    /// # Errors
    /// A database is damaged.
    pub(crate) fn new(old: &Snapshot, new: &Snapshot) -> Result<Self> {
        let mut matching = Self::default();
        let mut known = HashMap::new();
        each(old, |id, known_by| {
            let whole = known_by.is_whole();
            for identity in known_by.all() {
                known.entry(identity).or_insert((id, whole));
            }
        })?;
        each(new, |id, known_by| {
            let whole = known_by.is_whole();
            // Who shows a GUID on both sides is told apart by it alone: a DN may pass to another object.
            let found = known_by.all().into_iter().find_map(|identity| {
                let (other, other_whole) = *known.get(&identity)?;
                let by_guid = matches!(identity, Identity::Guid(_));
                (by_guid || !(whole && other_whole)).then_some(other)
            });
            // Two objects that claim one identity: the first has it.
            if let Some(other) = found
                && !matching.new_of_old.contains_key(&other)
            {
                matching.new_of_old.insert(other, id);
                matching.old_of_new.insert(id, other);
            }
        })?;
        Ok(matching)
    }

    /// Pairs the objects of two directories, those of the schema not among them.
    #[cfg(test)]
    pub(super) fn of(old: &Directory, new: &Directory) -> Self {
        let identity = |object: &Object| match (&object.guid, &object.sid) {
            (Some(guid), _) => Identity::Guid(guid.as_bytes().to_vec()),
            (None, Some(sid)) => Identity::Sid(sid.to_bytes()),
            (None, None) => Identity::Dn(object.dn.to_lowercase()),
        };
        let known: HashMap<_, _> = old
            .objects
            .iter()
            .map(|object| (identity(object), object.id))
            .collect();
        let mut matching = Self::default();
        for object in &new.objects {
            if let Some(other) = known.get(&identity(object)) {
                matching.new_of_old.insert(*other, object.id);
                matching.old_of_new.insert(object.id, *other);
            }
        }
        matching
    }

    /// The same object in the later snapshot.
    pub(crate) fn new_of(&self, old: i64) -> Option<i64> {
        self.new_of_old.get(&old).copied()
    }

    /// The same object in the earlier snapshot.
    pub(crate) fn old_of(&self, new: i64) -> Option<i64> {
        self.old_of_new.get(&new).copied()
    }
}

/// What a side shows of an object's identity.
struct KnownBy {
    guid: Option<Vec<u8>>,
    sid: Option<Vec<u8>>,
    dn: String,
}

impl KnownBy {
    /// Whether it shows its GUID.
    fn is_whole(&self) -> bool {
        self.guid.is_some()
    }

    /// The surest first; the DN only of what has no SID.
    fn all(self) -> Vec<Identity> {
        let dn = self
            .sid
            .is_none()
            .then(|| Identity::Dn(self.dn.to_lowercase()));
        let guid = self.guid.map(Identity::Guid);
        let sid = self.sid.map(Identity::Sid);
        guid.into_iter().chain(sid).chain(dn).collect()
    }
}

/// Hands over each object with what it is known by.
fn each(snapshot: &Snapshot, mut take: impl FnMut(i64, KnownBy)) -> Result<()> {
    let mut statement = snapshot.database().prepare(
        "SELECT object.id, object.objectGUID, object.objectSid, name.dn
         FROM object JOIN name USING (id) ORDER BY object.id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let known_by = KnownBy {
            guid: row.get(1)?,
            sid: row.get(2)?,
            dn: row.get(3)?,
        };
        take(row.get(0)?, known_by);
    }
    Ok(())
}
