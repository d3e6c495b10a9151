//! Attributes that only a few objects have: the domain head, KDS root keys, password settings, trusts.

use coldcase_winsec::Sid;
use rusqlite::{Connection, OptionalExtension};

/// The head of the domain naming context and what lies around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct DomainFacts {
    pub(crate) functional_level: Option<i64>,
    pub(crate) machine_account_quota: Option<i64>,
    pub(crate) min_password_length: Option<i64>,
    pub(crate) password_properties: Option<i64>,
    pub(crate) ds_heuristics: Option<String>,
}

/// A KDS root key object (MS-ADSC, msKds-ProvRootKey). Times are FILETIME ticks.
#[derive(Debug, Clone)]
pub(crate) struct KdsKey {
    pub(crate) object_id: i64,
    pub(crate) key_id: String,
    pub(crate) created: Option<i64>,
    pub(crate) effective: Option<i64>,
}

/// A password settings object.
#[derive(Debug, Clone)]
pub(crate) struct PasswordPolicy {
    pub(crate) object_id: i64,
    pub(crate) name: Option<String>,
    pub(crate) precedence: Option<i64>,
    pub(crate) min_length: Option<i64>,
    pub(crate) reversible: Option<bool>,
}

/// A trusted domain object.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    pub(crate) object_id: i64,
    pub(crate) partner: Option<String>,
    pub(crate) sid: Option<Sid>,
    pub(crate) direction: Option<i64>,
    pub(crate) attributes: Option<i64>,
}

/// A crossRef object (MS-ADTS 6.1.1.2.1.1): a naming context that the forest knows.
#[derive(Debug, Clone)]
pub(crate) struct CrossRef {
    pub(crate) object_id: i64,
    pub(crate) netbios: Option<String>,
    pub(crate) dns_root: Option<String>,
    pub(crate) system_flags: Option<i64>,
    pub(crate) functional_level: Option<i64>,
}

impl DomainFacts {
    /// Owners of objects that derive from computer may not change their DACL by being owners: BlockOwnerImplicitRights,
    /// the 29th character of dSHeuristics (MS-ADTS 6.1.1.2.4.1.2 and 6.1.3.4).
    pub(crate) fn owners_blocked(&self) -> bool {
        self.enforces(29)
    }

    /// Who creates an object that derives from computer needs a right for each attribute: AttributeAuthorizationOnLDAPAdd,
    /// the 28th character of dSHeuristics (MS-ADTS 6.1.1.2.4.1.2 and 3.1.1.5.2.1.1).
    pub(crate) fn authorizes_on_add(&self) -> bool {
        self.enforces(28)
    }

    /// Who did not authenticate may do more than read the rootDSE: fLDAPBlockAnonOps, the 7th character of dSHeuristics, is
    /// 2 (MS-ADTS 6.1.1.2.4.1.2).
    pub(crate) fn admits_anonymous(&self) -> bool {
        let text = self.ds_heuristics.as_deref().unwrap_or_default();
        text.chars().nth(6) == Some('2')
    }

    /// Where the character is not there, it is 0, audit only. What is not defined counts as 1, enforce.
    fn enforces(&self, character: usize) -> bool {
        let text = self.ds_heuristics.as_deref().unwrap_or_default();
        text.chars()
            .nth(character - 1)
            .is_some_and(|value| !matches!(value, '0' | '2' | '3'))
    }

    pub(super) fn load(database: &Connection, head: Option<i64>) -> rusqlite::Result<Self> {
        let mut facts = Self::default();
        if let Some(head) = head {
            database.query_row(
                "SELECT \"msDS-Behavior-Version\", \"ms-DS-MachineAccountQuota\", \"minPwdLength\", \"pwdProperties\"
                 FROM object WHERE id = ?1",
                [head],
                |row| {
                    facts.functional_level = row.get(0)?;
                    facts.machine_account_quota = row.get(1)?;
                    facts.min_password_length = row.get(2)?;
                    facts.password_properties = row.get(3)?;
                    Ok(())
                },
            )?;
        }
        facts.ds_heuristics = database
            .query_row(
                "SELECT \"dSHeuristics\" FROM object
                 WHERE query IN (SELECT id FROM query WHERE name = 'directory-service')
                 ORDER BY id LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        Ok(facts)
    }
}

impl KdsKey {
    pub(super) fn load(database: &Connection, id: i64) -> rusqlite::Result<Self> {
        database.query_row(
            "SELECT id, \"cn\", \"msKds-CreateTime\", \"msKds-UseStartTime\", \"name\" FROM object WHERE id = ?1",
            [id],
            |row| {
                let cn: Option<String> = row.get(1)?;
                let name: Option<String> = row.get(4)?;
                Ok(Self {
                    object_id: row.get(0)?,
                    key_id: cn.or(name).unwrap_or_default().to_ascii_lowercase(),
                    created: row.get(2)?,
                    effective: row.get(3)?,
                })
            },
        )
    }
}

impl PasswordPolicy {
    pub(super) fn load(database: &Connection, id: i64) -> rusqlite::Result<Self> {
        database.query_row(
            "SELECT id, \"cn\", \"msDS-PasswordSettingsPrecedence\", \"msDS-MinimumPasswordLength\",
                    \"msDS-PasswordReversibleEncryptionEnabled\" FROM object WHERE id = ?1",
            [id],
            |row| {
                Ok(Self {
                    object_id: row.get(0)?,
                    name: row.get(1)?,
                    precedence: row.get(2)?,
                    min_length: row.get(3)?,
                    reversible: row.get(4)?,
                })
            },
        )
    }
}

impl Trust {
    pub(super) fn load(database: &Connection, id: i64) -> rusqlite::Result<Self> {
        database.query_row(
            "SELECT id, \"trustPartner\", \"securityIdentifier\", \"trustDirection\", \"trustAttributes\"
             FROM object WHERE id = ?1",
            [id],
            |row| {
                let sid: Option<Vec<u8>> = row.get(2)?;
                Ok(Self {
                    object_id: row.get(0)?,
                    partner: row.get(1)?,
                    sid: sid.and_then(|bytes| Sid::parse(&bytes).ok()),
                    direction: row.get(3)?,
                    attributes: row.get(4)?,
                })
            },
        )
    }
}

impl CrossRef {
    pub(super) fn load(database: &Connection, id: i64) -> rusqlite::Result<Self> {
        database.query_row(
            "SELECT id, \"nETBIOSName\", \"dnsRoot\", \"systemFlags\", \"msDS-Behavior-Version\"
             FROM object WHERE id = ?1",
            [id],
            |row| {
                Ok(Self {
                    object_id: row.get(0)?,
                    netbios: row.get(1)?,
                    dns_root: row.get(2)?,
                    system_flags: row.get(3)?,
                    functional_level: row.get(4)?,
                })
            },
        )
    }
}
