//! Which Kerberos ciphers an account names, and whether it can have AES keys.
//!
//! Deliberately does not say which tickets a domain controller issues: that hangs on its own settings too.

use super::analysis::Analysis;
use crate::load::{Directory, Kind, Object};

/// DES-CBC-CRC and DES-CBC-MD5 (MS-KILE 2.2.7).
const DES: i64 = 0x3;
/// RC4-HMAC.
const RC4: i64 = 0x4;
/// AES128- and AES256-CTS-HMAC-SHA1-96.
const AES: i64 = 0x18;

/// ADS_UF_USE_DES_KEY_ONLY (MS-ADTS 2.2.16).
const DES_ONLY: i64 = 0x20_0000;

/// Read-only Domain Controllers: the group that a domain has since its first Windows Server 2008 domain controller.
const READ_ONLY_CONTROLLERS: u32 = 521;

/// The ciphers in msDS-SupportedEncryptionTypes, strongest first: `aes`, `aes+rc4`, `rc4`, `des`, … Without one, `des` if
/// userAccountControl says so, else `default`; `None` if neither came.
pub(crate) fn ciphers(object: &Object) -> Option<&'static str> {
    let named = object.encryption_types.unwrap_or(0);
    let has = |bits: i64| named & bits != 0;
    Some(match (has(AES), has(RC4), has(DES)) {
        (true, false, false) => "aes",
        (true, true, false) => "aes+rc4",
        (true, false, true) => "aes+des",
        (true, true, true) => "aes+rc4+des",
        (false, true, false) => "rc4",
        (false, true, true) => "rc4+des",
        (false, false, true) => "des",
        (false, false, false) => match object.has_flag(DES_ONLY) {
            Some(true) => "des",
            Some(false) => "default",
            None => return object.encryption_types.map(|_| "default"),
        },
    })
}

/// Whether an object that names no ciphers has none set, as far as it was asked for: false where nobody asked.
pub(crate) fn encryption_shown(directory: &Directory, object: &Object) -> bool {
    let queries: &[&str] = if object.kind == Kind::User {
        &["users", "service-users"]
    } else {
        &["service-accounts"]
    };
    let not_asked = || directory.not_asked(queries, "msDS-SupportedEncryptionTypes");
    object.encryption_types.is_some() || not_asked().is_none()
}

/// Days since passwords of this domain get AES keys: the age of the group with RID 521, which a domain is given with its
/// first Windows Server 2008 domain controller. `None` without that group or its date.
pub(super) fn aes_days(analysis: &Analysis) -> Option<f64> {
    let sid = analysis.directory.domain_rid(READ_ONLY_CONTROLLERS)?;
    let group = analysis.by_sid(&sid)?;
    (group.kind == Kind::Group)
        .then(|| analysis.days(group.created))
        .flatten()
}

/// Whether a password of this age was set when the domain could make AES keys of it.
pub(super) fn aes_keys(password_days: Option<f64>, aes_days: Option<f64>) -> Option<bool> {
    Some(password_days? <= aes_days?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn a_value_prevails_over_the_flag() {
        let mut made = Made::new();
        let place = made.principal("user", "svc", HEAD, 1103);
        let mut of = |types: Option<i64>, flags: Option<i64>| {
            made.objects[place].encryption_types = types;
            made.objects[place].user_account_control = flags;
            ciphers(&made.objects[place])
        };
        assert_eq!(of(Some(24), Some(0x200 | DES_ONLY)), Some("aes"));
        assert_eq!(of(Some(28), Some(0x200)), Some("aes+rc4"));
        assert_eq!(of(Some(31), None), Some("aes+rc4+des"));
        assert_eq!(of(Some(4), None), Some("rc4"));
        assert_eq!(of(Some(3), Some(0x200)), Some("des"));
        assert_eq!(of(None, Some(0x200 | DES_ONLY)), Some("des"));
        assert_eq!(of(None, Some(0x200)), Some("default"));
        // Bits that name no cipher (FAST, compound identity), and a value with the sign bit.
        assert_eq!(of(Some(0x7_0000), Some(0x200)), Some("default"));
        assert_eq!(of(Some(-1), Some(0x200)), Some("aes+rc4+des"));
        assert_eq!(of(Some(0), None), Some("default"));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn keys_are_as_old_as_the_group() {
        let mut made = Made::new();
        assert_eq!(aes_days(&Analysis::new(made.clone().directory())), None);
        let group = made.principal("group", "Read-only Domain Controllers", HEAD, 521);
        assert_eq!(aes_days(&Analysis::new(made.clone().directory())), None);
        // 2025-12-22.
        made.objects[group].created = Some(134_108_352_000_000_000);
        let days = aes_days(&Analysis::new(made.directory())).unwrap();
        assert!((0.0..100.0).contains(&days), "{days}");
        assert_eq!(aes_keys(Some(days + 1.0), Some(days)), Some(false));
        assert_eq!(aes_keys(Some(days), Some(days)), Some(true));
        assert_eq!(aes_keys(None, Some(days)), None);
        assert_eq!(aes_keys(Some(days), None), None);
    }
}
