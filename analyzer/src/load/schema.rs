//! GUIDs of attributes and classes from *this* forest's schema, with the published constants as fallback.

use std::collections::HashMap;
use std::str::FromStr;

use coldcase_winsec::Guid;
use rusqlite::Connection;

/// Published schemaIDGUIDs (MS-ADA1..3, MS-ADSC) and rightsGuids (MS-ADTS 5.1.3.2.1), used where the snapshot has none.
const CONSTANTS: &[(&str, &str)] = &[
    (
        "User-Force-Change-Password",
        "00299570-246d-11d0-a768-00aa006e0529",
    ),
    (
        "DS-Replication-Get-Changes",
        "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2",
    ),
    ("DS-Set-Owner", "4125c71f-7fac-4ff0-bcb7-f09a41325286"),
    ("msKds-ProvRootKey", "aa02fd41-17e0-4f18-8687-b2239649736b"),
    (
        "DS-Replication-Get-Changes-All",
        "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2",
    ),
    (
        "servicePrincipalName",
        "f3a64788-5306-11d1-a9c5-0000f80367c1",
    ),
    (
        "msDS-KeyCredentialLink",
        "5b47d60f-6090-40b2-9f37-2a4de88f3063",
    ),
    (
        "msDS-AllowedToActOnBehalfOfOtherIdentity",
        "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79",
    ),
    (
        "msDS-GroupMSAMembership",
        "888eedd6-ce04-df40-b462-b8a50e41ba38",
    ),
    (
        "msDS-ManagedAccountPrecededByLink",
        "a0945b2b-57a2-43bd-b327-4d112a4e8bd1",
    ),
    ("member", "bf9679c0-0de6-11d0-a285-00aa003049e2"),
    ("msKds-RootKeyData", "26627c27-08a2-0a40-a1b1-8dce85b42993"),
    (
        "msDS-DelegatedManagedServiceAccount",
        "0feb936f-47b3-49f2-9386-1dedc2c23765",
    ),
];

/// Published property sets of those attributes (MS-ADA, attributeSecurityGUID).
const PROPERTY_SETS: &[(&str, &str)] = &[
    (
        "servicePrincipalName",
        "e48d0154-bcf8-11d1-8702-00c04fb96050",
    ),
    (
        "msDS-AllowedToActOnBehalfOfOtherIdentity",
        "4c164200-20c0-11d0-a768-00aa006e0529",
    ),
    ("member", "bc0ac240-79a9-11d0-9020-00c04fc2d4cf"),
];

/// Names of the schema and their GUIDs.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    guids: HashMap<String, Guid>,
    sets: HashMap<String, Guid>,
    /// Classes, attributes, property sets and extended rights, as the forest spells them.
    names: HashMap<Guid, String>,
    /// True if every class and attribute of the forest was read, so that one that is missing does not exist.
    complete: bool,
}

impl Schema {
    pub(super) fn load(
        database: &Connection,
        queries: &str,
        complete: bool,
    ) -> rusqlite::Result<Self> {
        let mut schema = Self::default();
        let mut statement = database.prepare(&format!(
            "SELECT \"lDAPDisplayName\", \"schemaIDGUID\", \"attributeSecurityGUID\" FROM object WHERE query IN ({queries})"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: Option<String> = row.get(0)?;
            let guid: Option<Vec<u8>> = row.get(1)?;
            let set: Option<Vec<u8>> = row.get(2)?;
            let Some(name) = name else { continue };
            if let Some(guid) = guid.and_then(|bytes| Guid::from_bytes(&bytes)) {
                schema.names.insert(guid, name.clone());
                schema.guids.insert(name.to_ascii_lowercase(), guid);
                if let Some(set) = set.and_then(|bytes| Guid::from_bytes(&bytes)) {
                    schema.sets.insert(name.to_ascii_lowercase(), set);
                }
            }
        }
        let mut statement = database.prepare(
            "SELECT object.\"cn\", object.\"rightsGuid\" FROM object JOIN query ON query.id = object.query
             WHERE query.name = 'extended-rights'",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, guid): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
            if let (Some(name), Some(guid)) =
                (name, guid.and_then(|text| Guid::from_str(&text).ok()))
            {
                // A validated write has the GUID of its attribute, whose name says as much.
                schema.names.entry(guid).or_insert(name);
            }
        }
        schema.complete = complete && !schema.guids.is_empty();
        Ok(schema)
    }

    /// A whole schema of these names: schemaIDGUID, attributeSecurityGUID.
    #[cfg(test)]
    pub(super) fn of<'a>(names: impl Iterator<Item = (&'a str, Guid, Option<Guid>)>) -> Self {
        let mut schema = Self {
            complete: true,
            ..Self::default()
        };
        for (name, guid, set) in names {
            schema.names.insert(guid, name.to_owned());
            schema.guids.insert(name.to_ascii_lowercase(), guid);
            schema
                .sets
                .extend(set.map(|set| (name.to_ascii_lowercase(), set)));
        }
        schema
    }

    /// schemaIDGUID of an attribute or class.
    pub(crate) fn guid(&self, name: &str) -> Option<Guid> {
        self.guids
            .get(&name.to_ascii_lowercase())
            .copied()
            .or_else(|| well_known_guid(name))
    }

    /// Property set of an attribute. The constants apply only where the snapshot does not hold the attribute.
    pub(crate) fn property_set(&self, attribute: &str) -> Option<Guid> {
        let folded = attribute.to_ascii_lowercase();
        if self.guids.contains_key(&folded) {
            return self.sets.get(&folded).copied();
        }
        constant(PROPERTY_SETS, attribute)
    }

    /// What a GUID in an ACE stands for; the GUID itself if neither this forest nor a published constant tells.
    pub(crate) fn name_of(&self, guid: Guid) -> String {
        if let Some(name) = self.names.get(&guid) {
            return name.clone();
        }
        let published = CONSTANTS
            .iter()
            .find(|(_, text)| Guid::from_str(text) == Ok(guid));
        published.map_or_else(|| guid.to_string(), |(name, _)| (*name).to_owned())
    }

    /// True if the schema has the class or attribute; `None` if it was not seen in a schema that was not read whole.
    pub(crate) fn has(&self, name: &str) -> Option<bool> {
        let there = self.guids.contains_key(&name.to_ascii_lowercase());
        (there || self.complete).then_some(there)
    }
}

/// A published GUID.
pub(crate) fn well_known_guid(name: &str) -> Option<Guid> {
    constant(CONSTANTS, name)
}

fn constant(table: &[(&str, &str)], name: &str) -> Option<Guid> {
    let (_, text) = table
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Guid::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_a_guid() {
        for (name, _) in CONSTANTS {
            assert!(well_known_guid(name).is_some(), "{name}");
        }
        for (name, _) in PROPERTY_SETS {
            assert!(constant(PROPERTY_SETS, name).is_some(), "{name}");
        }
    }
}
