//! From text that exporters write back to LDAP wire values.
//!
//! Owns conversions that go both ways without loss, or say how near they are. Deliberately does not read a format.

use std::str::FromStr;

use coldcase_winsec::{Guid, Sid};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Ticks of 100 ns from 1601-01-01 (FILETIME, MS-DTYP 2.3.3) to 1970-01-01.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
const TICKS_A_SECOND: i64 = 10_000_000;

/// `S-1-5-…` as the bytes of objectSid (MS-DTYP 2.4.2.2); `None` if it is no SID.
pub fn sid(text: &str) -> Option<Vec<u8>> {
    Sid::from_str(text).ok().map(|sid| sid.to_bytes())
}

/// A GUID as text, with or without braces, as the bytes of objectGUID (MS-DTYP 2.3.4.2); `None` if it is none.
pub fn guid(text: &str) -> Option<Vec<u8>> {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    Guid::from_str(inner)
        .ok()
        .map(|guid| guid.as_bytes().to_vec())
}

/// A FILETIME in ticks of 100 ns from seconds since 1970; `None` if it is out of range.
pub fn filetime_of_unix(seconds: i64) -> Option<i64> {
    seconds.checked_mul(TICKS_A_SECOND)?.checked_add(UNIX_EPOCH)
}

/// A FILETIME in ticks of 100 ns from nanoseconds since 1970, rounded down; `None` if it is out of range.
pub fn filetime_of_unix_nanos(nanos: i128) -> Option<i64> {
    i64::try_from(nanos.div_euclid(100))
        .ok()?
        .checked_add(UNIX_EPOCH)
}

/// GeneralizedTime as Active Directory writes it (MS-ADTS 3.1.1.2.2.2.10): `YYYYMMDDHHMMSS.0Z`.
pub fn generalized_time(date: [i16; 3], time: [i16; 3]) -> Vec<u8> {
    let [year, month, day] = date;
    let [hour, minute, second] = time;
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.0Z").into_bytes()
}

/// GeneralizedTime from seconds since 1970; `None` if it is out of range.
pub fn generalized_time_of_unix(seconds: i64) -> Option<Vec<u8>> {
    let moment = Timestamp::from_second(seconds)
        .ok()?
        .to_zoned(TimeZone::UTC);
    let byte = i16::from;
    Some(generalized_time(
        [moment.year(), byte(moment.month()), byte(moment.day())],
        [
            byte(moment.hour()),
            byte(moment.minute()),
            byte(moment.second()),
        ],
    ))
}

/// A FILETIME as RFC 3339 UTC to the second; `None` before year 1 or after 9999.
pub fn rfc3339_of_filetime(ticks: u64) -> Option<String> {
    let since_1970 = i64::try_from(ticks).ok()?.checked_sub(UNIX_EPOCH)?;
    let moment = Timestamp::from_second(since_1970.div_euclid(TICKS_A_SECOND)).ok()?;
    Some(moment.to_string())
}

/// DN-binary (MS-ADTS 3.1.1.2.2.2.3): `B:<hex digits>:<HEX>:<DN>`.
pub fn dn_binary(bytes: &[u8], dn: &str) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02X}");
    }
    format!("B:{}:{hex}:{dn}", hex.len()).into_bytes()
}

/// `TRUE` or `FALSE` (RFC 4517, section 3.3.3).
pub fn boolean(value: bool) -> Vec<u8> {
    if value {
        b"TRUE".to_vec()
    } else {
        b"FALSE".to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        assert_eq!(
            sid("S-1-5-32-544"),
            Some(vec![1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0])
        );
        assert_eq!(sid("DOMAIN-S-1-5"), None);
        let bytes = guid("{d12cfafd-1a96-404a-bfa3-cbd19ad5cf75}");
        assert_eq!(bytes.as_deref().map(|bytes| bytes.len()), Some(16));
        assert_eq!(bytes.and_then(|bytes| bytes.first().copied()), Some(0xfd));
        assert_eq!(guid("no"), None);
    }

    #[test]
    fn times() {
        assert_eq!(filetime_of_unix(0), Some(UNIX_EPOCH));
        assert_eq!(filetime_of_unix(i64::MAX), None);
        assert_eq!(filetime_of_unix_nanos(-1), Some(UNIX_EPOCH - 1));
        assert_eq!(
            generalized_time_of_unix(1_638_302_696),
            Some(b"20211130200456.0Z".to_vec())
        );
        assert_eq!(
            rfc3339_of_filetime(132_827_825_226_331_628).as_deref(),
            Some("2021-11-30T21:48:42Z")
        );
        assert_eq!(rfc3339_of_filetime(u64::MAX), None);
    }

    #[test]
    fn values() {
        assert_eq!(dn_binary(&[0x62, 0x0f], "CN=a,DC=b"), b"B:4:620F:CN=a,DC=b");
        assert_eq!(boolean(true), b"TRUE");
    }
}
