//! GUIDs of attributes and classes from *this* forest's schema, with the published constants as fallback.

use std::collections::HashMap;
use std::str::FromStr;

use coldcase_winsec::Guid;
use rusqlite::Connection;

/// Published schemaIDGUIDs and attributeSecurityGUIDs (MS-ADA1 to 3, MS-ADSC) and rightsGuids (MS-ADTS 5.1.3.2.1), used
/// where the snapshot has none.
#[rustfmt::skip]
const CONSTANTS: &[(&str, &str, Option<&str>)] = &[
    ("User-Force-Change-Password", "00299570-246d-11d0-a768-00aa006e0529", None),
    ("DS-Replication-Get-Changes", "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", None),
    ("DS-Replication-Get-Changes-All", "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2", None),
    ("DS-Set-Owner", "4125c71f-7fac-4ff0-bcb7-f09a41325286", None),
    ("user", "bf967aba-0de6-11d0-a285-00aa003049e2", None),
    ("computer", "bf967a86-0de6-11d0-a285-00aa003049e2", None),
    ("inetOrgPerson", "4828cc14-1437-45bc-9b07-ad6f015e5f28", None),
    ("group", "bf967a9c-0de6-11d0-a285-00aa003049e2", None),
    ("domainDNS", "19195a5b-6da0-11d0-afd3-00c04fd930c9", None),
    ("groupPolicyContainer", "f30e3bc2-9ff0-11d1-b603-0000f80367c1", None),
    ("organizationalUnit", "bf967aa5-0de6-11d0-a285-00aa003049e2", None),
    ("container", "bf967a8b-0de6-11d0-a285-00aa003049e2", None),
    ("msDS-ManagedServiceAccount", "ce206244-5827-4a86-ba1c-1c0c386c1b64", None),
    ("msDS-GroupManagedServiceAccount", "7b8b558a-93a5-4af7-adca-c017e67f1057", None),
    ("msDS-DelegatedManagedServiceAccount", "0feb936f-47b3-49f2-9386-1dedc2c23765", None),
    ("msKds-ProvRootKey", "aa02fd41-17e0-4f18-8687-b2239649736b", None),
    ("name", "bf967a0e-0de6-11d0-a285-00aa003049e2", Some(PUBLIC_INFORMATION)),
    ("servicePrincipalName", "f3a64788-5306-11d1-a9c5-0000f80367c1", Some(PUBLIC_INFORMATION)),
    ("altSecurityIdentities", "00fbf30c-91fe-11d1-aebc-0000f80367c1", Some(PUBLIC_INFORMATION)),
    ("msDS-AllowedToDelegateTo", "800d94d7-b7a1-42a1-b14d-7cae1423d07f", Some(PUBLIC_INFORMATION)),
    ("userAccountControl", "bf967a68-0de6-11d0-a285-00aa003049e2", Some(ACCOUNT_RESTRICTIONS)),
    ("msDS-AllowedToActOnBehalfOfOtherIdentity", "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79", Some(ACCOUNT_RESTRICTIONS)),
    ("scriptPath", "bf9679a8-0de6-11d0-a285-00aa003049e2", Some(LOGON_INFORMATION)),
    ("profilePath", "bf967a05-0de6-11d0-a285-00aa003049e2", Some(LOGON_INFORMATION)),
    ("member", "bf9679c0-0de6-11d0-a285-00aa003049e2", Some(MEMBERSHIP)),
    ("msDS-KeyCredentialLink", "5b47d60f-6090-40b2-9f37-2a4de88f3063", Some("9b026da6-0d3c-465c-8bee-5199d7165cba")),
    ("msDS-GroupMSAMembership", "888eedd6-ce04-df40-b462-b8a50e41ba38", None),
    ("msDS-ManagedAccountPrecededByLink", "a0945b2b-57a2-43bd-b327-4d112a4e8bd1", None),
    ("msDS-SupersededManagedAccountLink", "3752e002-43be-48c8-b3ca-2cb2fffbc8a1", None),
    ("msDS-SupersededServiceAccountState", "a4693096-a4c3-4ecd-b8cb-73cd6398b7a2", None),
    ("gPLink", "f30e3bbe-9ff0-11d1-b603-0000f80367c1", None),
    ("gPCFileSysPath", "f30e3bc1-9ff0-11d1-b603-0000f80367c1", None),
    ("msKds-RootKeyData", "26627c27-08a2-0a40-a1b1-8dce85b42993", None),
    ("msDS-HostServiceAccount", "80641043-15a2-40e1-92a2-8ca866f70776", Some(PERSONAL_INFORMATION)),
    ("msDS-SupportedEncryptionTypes", "20119867-1d04-4ab7-9371-cfc3d5df0afd", Some(PERSONAL_INFORMATION)),
];

/// Property sets (MS-ADTS 3.1.1.2.3.3).
const PUBLIC_INFORMATION: &str = "e48d0154-bcf8-11d1-8702-00c04fb96050";
const ACCOUNT_RESTRICTIONS: &str = "4c164200-20c0-11d0-a768-00aa006e0529";
const LOGON_INFORMATION: &str = "5f202010-79a5-11d0-9020-00c04fc2d4cf";
const MEMBERSHIP: &str = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf";
const PERSONAL_INFORMATION: &str = "77b5b886-944a-11d1-aebd-0000f80367c1";

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

    /// Takes an attribute out of its property set.
    #[cfg(test)]
    pub(crate) fn forget_set(&mut self, attribute: &str) {
        self.sets.remove(&attribute.to_ascii_lowercase());
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
        constant(attribute).and_then(|(_, set)| Guid::from_str(set?).ok())
    }

    /// What a GUID in an ACE stands for; the GUID itself if neither this forest nor a published constant tells.
    pub(crate) fn name_of(&self, guid: Guid) -> String {
        if let Some(name) = self.names.get(&guid) {
            return name.clone();
        }
        let published = CONSTANTS
            .iter()
            .find(|(_, text, _)| Guid::from_str(text) == Ok(guid));
        published.map_or_else(|| guid.to_string(), |(name, ..)| (*name).to_owned())
    }

    /// True if the schema has the class or attribute; `None` if it was not seen in a schema that was not read whole.
    pub(crate) fn has(&self, name: &str) -> Option<bool> {
        let there = self.guids.contains_key(&name.to_ascii_lowercase());
        (there || self.complete).then_some(there)
    }
}

/// A published GUID.
pub(crate) fn well_known_guid(name: &str) -> Option<Guid> {
    constant(name).and_then(|(guid, _)| Guid::from_str(guid).ok())
}

/// GUID and property set.
fn constant(name: &str) -> Option<(&'static str, Option<&'static str>)> {
    CONSTANTS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, guid, set)| (*guid, *set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_a_guid() {
        let schema = Schema::default();
        for (name, _, set) in CONSTANTS {
            assert!(schema.guid(name).is_some(), "{name}");
            assert_eq!(schema.property_set(name).is_some(), set.is_some(), "{name}");
        }
    }
}
