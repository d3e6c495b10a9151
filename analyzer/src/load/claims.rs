//! What an exporter concluded from values that its export does not hold: rights, and single flags of an integer; and which
//! values it rounded.
//!
//! Owns who is meant on both sides. Deliberately makes no raw value of a conclusion, and does not weigh it against a
//! descriptor: [`crate::paths`] does.

use std::collections::HashMap;
use std::str::FromStr;

use anyhow::Result;
use coldcase_winsec::{Guid, Sid};
use rusqlite::Connection;

use super::object::{KnownFlags, Object};

/// A right that an export says somebody has.
#[derive(Debug, Clone)]
pub(crate) struct ClaimedRight {
    /// Place of the object; `None` if the snapshot has none of this identity.
    pub(crate) object: Option<usize>,
    /// SID or objectGUID of the object, as the export has it.
    pub(crate) identity: String,
    pub(crate) trustee: Sid,
    /// The exporter's name of it.
    pub(crate) right: String,
    /// Whether by an inherited entry; `None` if it does not say.
    pub(crate) inherited: Option<bool>,
    /// Name of the export.
    pub(crate) export: String,
}

/// Objects by what exports call them.
struct Places {
    by_sid: HashMap<Sid, usize>,
    by_guid: HashMap<Guid, usize>,
}

impl Places {
    fn new(objects: &[Object]) -> Self {
        let places = || objects.iter().enumerate().rev();
        Self {
            by_sid: places()
                .filter_map(|(place, object)| Some((object.sid.clone()?, place)))
                .collect(),
            by_guid: places()
                .filter_map(|(place, object)| Some((object.guid?, place)))
                .collect(),
        }
    }

    fn of(&self, identity: &str) -> Option<usize> {
        match Sid::from_str(identity) {
            Ok(sid) => self.by_sid.get(&sid).copied(),
            Err(_) => self.by_guid.get(&Guid::from_str(identity).ok()?).copied(),
        }
    }
}

/// The rights, by object and trustee. A trustee that is no SID is left out.
pub(super) fn rights(database: &Connection, objects: &[Object]) -> Result<Vec<ClaimedRight>> {
    let mut statement = database.prepare(
        "SELECT object, trustee, right_name, inherited, export.name FROM interpreted_right
         JOIN export ON export.id = interpreted_right.export ORDER BY 1, 2, 3, export.id",
    )?;
    let mut rows = statement.query([])?;
    let mut rights = Vec::new();
    let mut places = None;
    while let Some(row) = rows.next()? {
        let (identity, trustee): (String, String) = (row.get(0)?, row.get(1)?);
        let Ok(trustee) = Sid::from_str(&trustee) else {
            continue;
        };
        rights.push(ClaimedRight {
            object: places
                .get_or_insert_with(|| Places::new(objects))
                .of(&identity),
            identity,
            trustee,
            right: row.get(2)?,
            inherited: row.get(3)?,
            export: row.get(4)?,
        });
    }
    Ok(rights)
}

/// The bits of msDS-SupportedEncryptionTypes that name ciphers (MS-KILE 2.2.7): no rule reads the others.
const CIPHERS: i64 = 0x1f;

/// Gives flags of userAccountControl that an export knows to objects of which the whole value is not known. Of two exports
/// that contradict each other, the flag is unknown. Ciphers, of which an export names all or none, stand for the value.
pub(super) fn add_flags(database: &Connection, objects: &mut [Object]) -> Result<()> {
    let mut statement = database.prepare(
        "SELECT object, mask, value, attribute FROM known_bits
         WHERE attribute IN ('userAccountControl', 'msDS-SupportedEncryptionTypes') ORDER BY object, attribute, export",
    )?;
    let mut rows = statement.query([])?;
    let mut places = None;
    while let Some(row) = rows.next()? {
        let identity: String = row.get(0)?;
        let (mask, value): (i64, i64) = (row.get(1)?, row.get(2)?);
        let place = places
            .get_or_insert_with(|| Places::new(objects))
            .of(&identity);
        let Some(object) = place.and_then(|place| objects.get_mut(place)) else {
            continue;
        };
        if row.get::<_, String>(3)? == "userAccountControl" {
            object.known_flags = object.known_flags.and(KnownFlags { mask, value });
        } else if mask & CIPHERS == CIPHERS && object.encryption_types.is_none() {
            object.encryption_types = Some(value & CIPHERS);
        }
    }
    Ok(())
}

/// By how many ticks of 100 ns which values may be less than the directory's.
pub(super) fn rounded(database: &Connection) -> Result<HashMap<(i64, String), i64>> {
    let mut statement = database.prepare(
        "SELECT object, attribute.name, step FROM rounded JOIN attribute ON attribute.id = rounded.attribute",
    )?;
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
