//! Flags by name, as the specifications spell them.
//!
//! Owns which attributes are flags. Deliberately does not say what a flag means for risk.

/// Attribute and its flags, each with its bit.
type Table = (&'static str, &'static [(i64, &'static str)]);

const TABLES: &[Table] = &[
    // MS-ADTS 2.2.16
    (
        "userAccountControl",
        &[
            (0x1, "SCRIPT"),
            (0x2, "ACCOUNTDISABLE"),
            (0x8, "HOMEDIR_REQUIRED"),
            (0x10, "LOCKOUT"),
            (0x20, "PASSWD_NOTREQD"),
            (0x40, "PASSWD_CANT_CHANGE"),
            (0x80, "ENCRYPTED_TEXT_PASSWORD_ALLOWED"),
            (0x100, "TEMP_DUPLICATE_ACCOUNT"),
            (0x200, "NORMAL_ACCOUNT"),
            (0x800, "INTERDOMAIN_TRUST_ACCOUNT"),
            (0x1000, "WORKSTATION_TRUST_ACCOUNT"),
            (0x2000, "SERVER_TRUST_ACCOUNT"),
            (0x1_0000, "DONT_EXPIRE_PASSWD"),
            (0x2_0000, "MNS_LOGON_ACCOUNT"),
            (0x4_0000, "SMARTCARD_REQUIRED"),
            (0x8_0000, "TRUSTED_FOR_DELEGATION"),
            (0x10_0000, "NOT_DELEGATED"),
            (0x20_0000, "USE_DES_KEY_ONLY"),
            (0x40_0000, "DONT_REQUIRE_PREAUTH"),
            (0x80_0000, "PASSWORD_EXPIRED"),
            (0x100_0000, "TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION"),
            (0x200_0000, "NO_AUTH_DATA_REQUIRED"),
            (0x400_0000, "PARTIAL_SECRETS_ACCOUNT"),
            (0x800_0000, "USE_AES_KEYS"),
        ],
    ),
    // MS-KILE 2.2.7
    (
        "msDS-SupportedEncryptionTypes",
        &[
            (0x1, "DES-CBC-CRC"),
            (0x2, "DES-CBC-MD5"),
            (0x4, "RC4-HMAC"),
            (0x8, "AES128-CTS-HMAC-SHA1-96"),
            (0x10, "AES256-CTS-HMAC-SHA1-96"),
            (0x20, "AES256-CTS-HMAC-SHA1-96-SK"),
            (0x1_0000, "FAST-supported"),
            (0x2_0000, "Compound-identity-supported"),
            (0x4_0000, "Claims-supported"),
            (0x8_0000, "Resource-SID-compression-disabled"),
        ],
    ),
    // MS-ADTS 2.2.12
    (
        "groupType",
        &[
            (0x1, "BUILTIN_LOCAL_GROUP"),
            (0x2, "ACCOUNT_GROUP"),
            (0x4, "RESOURCE_GROUP"),
            (0x8, "UNIVERSAL_GROUP"),
            (0x10, "APP_BASIC_GROUP"),
            (0x20, "APP_QUERY_GROUP"),
            (0x8000_0000, "SECURITY_ENABLED"),
        ],
    ),
    // MS-ADTS 2.2.9
    (
        "searchFlags",
        &[
            (0x1, "ATTINDEX"),
            (0x2, "PDNTATTINDEX"),
            (0x4, "ANR"),
            (0x8, "PRESERVEONDELETE"),
            (0x10, "COPY"),
            (0x20, "TUPLEINDEX"),
            (0x40, "SUBTREEATTINDEX"),
            (0x80, "CONFIDENTIAL"),
            (0x100, "NEVERVALUEAUDIT"),
            (0x200, "RODCFilteredAttribute"),
            (0x400, "EXTENDEDLINKTRACKING"),
            (0x800, "BASEONLY"),
            (0x1000, "PARTITIONSECRET"),
        ],
    ),
    // MS-ADTS 6.1.6.7.9
    (
        "trustAttributes",
        &[
            (0x1, "NON_TRANSITIVE"),
            (0x2, "UPLEVEL_ONLY"),
            (0x4, "QUARANTINED_DOMAIN"),
            (0x8, "FOREST_TRANSITIVE"),
            (0x10, "CROSS_ORGANIZATION"),
            (0x20, "WITHIN_FOREST"),
            (0x40, "TREAT_AS_EXTERNAL"),
            (0x80, "USES_RC4_ENCRYPTION"),
            (0x200, "CROSS_ORGANIZATION_NO_TGT_DELEGATION"),
            (0x400, "PIM_TRUST"),
            (0x800, "CROSS_ORGANIZATION_ENABLE_TGT_DELEGATION"),
        ],
    ),
    // MS-SAMR 2.2.1.13
    (
        "pwdProperties",
        &[
            (0x1, "DOMAIN_PASSWORD_COMPLEX"),
            (0x2, "DOMAIN_PASSWORD_NO_ANON_CHANGE"),
            (0x4, "DOMAIN_PASSWORD_NO_CLEAR_CHANGE"),
            (0x8, "DOMAIN_LOCKOUT_ADMINS"),
            (0x10, "DOMAIN_PASSWORD_STORE_CLEARTEXT"),
            (0x20, "DOMAIN_REFUSE_PASSWORD_CHANGE"),
        ],
    ),
    // MS-GPOL 2.2.2
    ("gPOptions", &[(0x1, "block inheritance")]),
    // MS-GPOL 2.2.4
    (
        "flags",
        &[(0x1, "user part disabled"), (0x2, "computer part disabled")],
    ),
];

/// The flags that are set in `value`, by name; bits without a name in hexadecimal. `None` if the attribute is none of flags.
pub(super) fn names(attribute: &str, value: i64) -> Option<Vec<String>> {
    let (_, flags) = TABLES.iter().find(|(name, _)| *name == attribute)?;
    // 32-bit attributes are signed (groupType is negative for security groups).
    let bits = if i32::try_from(value).is_ok() {
        value & 0xFFFF_FFFF
    } else {
        value
    };
    let mut rest = bits;
    let mut named = Vec::new();
    for (bit, name) in *flags {
        if bits & bit != 0 {
            named.push((*name).to_owned());
            rest &= !bit;
        }
    }
    for place in 0..64 {
        let bit = 1_u64 << place;
        if rest.cast_unsigned() & bit != 0 {
            named.push(format!("0x{bit:X}"));
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_named_and_nothing_is_left_out() {
        let named = |attribute, value| names(attribute, value).map(|names| names.join(" "));
        assert_eq!(
            named("userAccountControl", 0x10_0202).as_deref(),
            Some("ACCOUNTDISABLE NORMAL_ACCOUNT NOT_DELEGATED")
        );
        assert_eq!(
            named("groupType", -2_147_483_646).as_deref(),
            Some("ACCOUNT_GROUP SECURITY_ENABLED")
        );
        assert_eq!(
            named("gPOptions", 5).as_deref(),
            Some("block inheritance 0x4")
        );
        assert_eq!(named("logonCount", 5), None);
    }
}
