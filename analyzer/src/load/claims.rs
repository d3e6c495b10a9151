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
    /// In lower case.
    by_dn: HashMap<String, usize>,
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
            by_dn: places()
                .map(|(place, object)| (object.dn.to_lowercase(), place))
                .collect(),
        }
    }

    fn of(&self, identity: &str) -> Option<usize> {
        match (Sid::from_str(identity), Guid::from_str(identity)) {
            (Ok(sid), _) => self.by_sid.get(&sid).copied(),
            (_, Ok(guid)) => self.by_guid.get(&guid).copied(),
            _ => self.by_dn.get(&identity.to_lowercase()).copied(),
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
    // None: two exports contradict each other.
    let mut ciphers: HashMap<usize, Option<i64>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let identity: String = row.get(0)?;
        let (mask, value): (i64, i64) = (row.get(1)?, row.get(2)?);
        let flags = row.get::<_, String>(3)? == "userAccountControl";
        let place = places
            .get_or_insert_with(|| Places::new(objects))
            .of(&identity);
        let Some((place, object)) = place.and_then(|place| Some((place, objects.get_mut(place)?)))
        else {
            continue;
        };
        if flags {
            object.known_flags = object.known_flags.and(KnownFlags { mask, value });
        } else if mask & CIPHERS == CIPHERS {
            let value = value & CIPHERS;
            let known = ciphers.entry(place).or_insert(Some(value));
            *known = known.filter(|known| *known == value);
        }
    }
    for (place, value) in ciphers {
        if let Some(object) = objects.get_mut(place)
            && object.encryption_types.is_none()
        {
            object.encryption_types = value;
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::load::made::{Made, domain_sid};

    fn tables(rows: &str) -> Connection {
        let database = Connection::open_in_memory().unwrap();
        let tables = "CREATE TABLE export (id, name);
             CREATE TABLE interpreted_right (object, trustee, right_name, export, inherited);
             CREATE TABLE known_bits (object, attribute, export, mask, value);
             INSERT INTO export VALUES (1, 'new.zip'), (2, 'old.zip');";
        database.execute_batch(&format!("{tables}{rows}")).unwrap();
        database
    }

    #[test]
    fn two_exports_that_contradict_each_other_prove_nothing() {
        let sid = domain_sid(1_001);
        for (values, shown) in [([24, 24], Some(24)), ([24, 4], None)] {
            let mut made = Made::new();
            made.principal("user", "svc", "CN=Users", 1_001);
            let mut objects = made.directory().objects;
            let [new, old] = values;
            let database = tables(&format!(
                "INSERT INTO known_bits VALUES ('{sid}', 'msDS-SupportedEncryptionTypes', 1, 31, {new}),
                   ('{sid}', 'msDS-SupportedEncryptionTypes', 2, 31, {old})"
            ));
            add_flags(&database, &mut objects).unwrap();
            let user = objects.iter().find(|one| one.sid.as_ref() == Some(&sid));
            assert_eq!(user.unwrap().encryption_types, shown);
        }
    }

    #[test]
    fn of_two_objects_with_one_sid_the_second_is_named_by_its_dn() {
        let mut made = Made::new();
        let both = [
            made.principal("user", "one", "CN=Users", 1_001),
            made.principal("user", "two", "CN=Users", 1_001),
        ];
        let objects = made.directory().objects;
        let second = objects[both[1]].dn.to_uppercase();
        let sid = domain_sid(1_001);
        let database = tables(&format!(
            "INSERT INTO interpreted_right VALUES ('{sid}', 'S-1-5-11', 'GenericAll', 1, 0),
               ('{second}', 'S-1-5-11', 'GenericAll', 1, 0), ('S-1-5-21-9-9-9-9', 'S-1-5-11', 'GenericAll', 1, 0)"
        ));
        let rights = rights(&database, &objects).unwrap();
        let objects: Vec<Option<usize>> = rights.iter().map(|right| right.object).collect();
        assert_eq!(objects, [Some(both[1]), Some(both[0]), None]);
    }
}
