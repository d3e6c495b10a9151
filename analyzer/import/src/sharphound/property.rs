//! Which property of a row is which attribute, and how its value goes back.
//!
//! Owns the table and the flags that exporters make of userAccountControl and msDS-SupportedEncryptionTypes. Deliberately
//! leaves out what cannot go back: gPLink, functional levels, intervals in words, certificates.

/// How the value of a property becomes LDAP values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Text, or a list of texts, as they are.
    Text,
    /// `S-1-5-…`, as bytes.
    Sids,
    /// A GUID, as bytes.
    Guid,
    /// Seconds since 1970 of a FILETIME: 0 is 0, less is absent.
    Time,
    /// A number as it is.
    Number,
    /// A secret: its value is passed on, to be dropped and counted.
    Secret,
}

/// A property and its attribute.
#[derive(Debug)]
pub(super) struct Property {
    /// As the exporter spells it.
    pub(super) name: &'static str,
    /// lDAPDisplayName.
    pub(super) attribute: &'static str,
    pub(super) how: How,
    /// False where the exporter leaves the property out although the attribute is set.
    pub(super) complete: bool,
}

const fn of(name: &'static str, attribute: &'static str, how: How) -> Property {
    Property {
        name,
        attribute,
        how,
        complete: true,
    }
}

/// The properties that are read by the table; others have code of their own.
pub(super) const PROPERTIES: &[Property] = &[
    of("samaccountname", "sAMAccountName", How::Text),
    of("description", "description", How::Text),
    of("displayname", "displayName", How::Text),
    of("email", "mail", How::Text),
    of("logonscript", "scriptPath", How::Text),
    of("profilepath", "profilePath", How::Text),
    of("serviceprincipalnames", "servicePrincipalName", How::Text),
    of("sidhistory", "sIDHistory", How::Sids),
    of("objectguid", "objectGUID", How::Guid),
    of("gpcpath", "gPCFileSysPath", How::Text),
    of("dnshostname", "dNSHostName", How::Text),
    of("lastlogon", "lastLogon", How::Time),
    of("lastlogontimestamp", "lastLogonTimestamp", How::Time),
    of("pwdlastset", "pwdLastSet", How::Time),
    of(
        "machineaccountquota",
        "ms-DS-MachineAccountQuota",
        How::Number,
    ),
    of("minpwdlength", "minPwdLength", How::Number),
    of("pwdproperties", "pwdProperties", How::Number),
    of("pwdhistorylength", "pwdHistoryLength", How::Number),
    of("lockoutthreshold", "lockoutThreshold", How::Number),
    of("userpassword", "userPassword", How::Secret),
    of("unixpassword", "unixUserPassword", How::Secret),
    of("unicodepassword", "unicodePwd", How::Secret),
    of("sfupassword", "msSFU30Password", How::Secret),
    // SharpHound writes it only where TRUSTED_TO_AUTH_FOR_DELEGATION is set.
    Property {
        name: "allowedtodelegate",
        attribute: "msDS-AllowedToDelegateTo",
        how: How::Text,
        complete: false,
    },
];

/// Flags of userAccountControl (MS-ADTS 2.2.16): property, bit, and whether the property is true where the bit is set.
///
/// `lockedout`, `passwordexpired` and `passwordcantchange` are left out: their bits do not live in the attribute.
pub(super) const FLAGS: &[(&str, i64, bool)] = &[
    ("enabled", 0x2, false),
    ("logonscriptenabled", 0x1, true),
    ("passwordnotreqd", 0x20, true),
    ("encryptedtextpwdallowed", 0x80, true),
    ("isdc", 0x2000, true),
    ("pwdneverexpires", 0x1_0000, true),
    ("smartcardrequired", 0x4_0000, true),
    ("unconstraineddelegation", 0x8_0000, true),
    ("sensitive", 0x10_0000, true),
    ("usedeskeyonly", 0x20_0000, true),
    ("dontreqpreauth", 0x40_0000, true),
    ("trustedtoauth", 0x100_0000, true),
    ("isreadonlydc", 0x400_0000, true),
];

/// The bits of msDS-SupportedEncryptionTypes that exporters name (MS-KILE 2.2.7). Higher bits are lost.
pub(super) const ENCRYPTION: i64 = 0x1f;

/// The bit of a name in `supportedencryptiontypes`; 0 for the name of none.
pub(super) fn encryption_bit(name: &str) -> Option<i64> {
    Some(match name {
        "Not defined" => 0,
        "DES-CBC-CRC" => 0x1,
        "DES-CBC-MD5" => 0x2,
        "RC4-HMAC-MD5" => 0x4,
        "AES128-CTS-HMAC-SHA1-96" => 0x8,
        "AES256-CTS-HMAC-SHA1-96" => 0x10,
        _ => return None,
    })
}

/// Attributes that a file may show besides those of the table.
const OTHERS: &[&str] = &[
    "objectSid",
    "objectClass",
    "userAccountControl",
    "primaryGroupID",
    "member",
    "msDS-HostServiceAccount",
    "whenCreated",
];

/// A set of attributes: which were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shown(u64);

impl Shown {
    fn bit(attribute: &str) -> u64 {
        let names = PROPERTIES.iter().map(|property| property.attribute);
        names
            .chain(OTHERS.iter().copied())
            .position(|name| name == attribute)
            .map_or(0, |position| 1 << position)
    }
    pub(super) fn add(&mut self, attribute: &str) {
        self.0 |= Self::bit(attribute);
    }
    pub(super) fn has(self, attribute: &str) -> bool {
        self.0 & Self::bit(attribute) != 0
    }
    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub(super) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldcase_schemas::attribute::{find, is_secret};

    #[test]
    fn every_attribute_is_known_and_has_a_bit_of_its_own() {
        let mut all = 0_u64;
        let names = PROPERTIES.iter().map(|property| property.attribute);
        for name in names.chain(OTHERS.iter().copied()) {
            assert!(find(name).is_some() || is_secret(name), "{name}");
            let bit = Shown::bit(name);
            assert!(bit.is_power_of_two() && all & bit == 0, "{name}");
            all |= bit;
        }
        assert_eq!(Shown::bit("nTSecurityDescriptor"), 0);
        for property in PROPERTIES {
            assert_eq!(
                is_secret(property.attribute),
                property.how == How::Secret,
                "{}",
                property.name
            );
        }
    }

    #[test]
    fn flags_do_not_overlap() {
        let mut all = 0_i64;
        for (name, bit, _) in FLAGS {
            assert_eq!(all & bit, 0, "{name}");
            all |= bit;
        }
    }
}
