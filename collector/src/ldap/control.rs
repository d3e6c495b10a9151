//! The two controls Coldcase sends, and the cookie that comes back.
//!
//! Deliberately does not use ldap3's own parser for the cookie, which panics on odd bytes.

use ldap3::asn1::{PL, StructureTag, parse_tag};
use ldap3::controls::{PagedResults, RawControl};

/// OID of LDAP_PAGED_RESULT_OID_STRING (MS-ADTS 3.1.1.3.4.1.1, RFC 2696).
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// OID of LDAP_SERVER_SD_FLAGS_OID (MS-ADTS 3.1.1.3.4.1.11).
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";

/// Asks for owner, group and DACL. Without it a reader who may not see the SACL gets no descriptor at all.
///
/// Critical: a server that does not know it must refuse rather than leave descriptors out in silence.
pub(super) fn sd_flags() -> RawControl {
    RawControl {
        ctype: SD_FLAGS.to_owned(),
        crit: true,
        // SEQUENCE { INTEGER 7 }: OWNER 1, GROUP 2, DACL 4 (SDFlagsRequestValue).
        val: Some(vec![0x30, 0x03, 0x02, 0x01, 0x07]),
    }
}

/// Asks for the next `size` entries after `cookie`. Critical, so that paging is never silently off.
pub(super) fn paged(size: u32, cookie: Vec<u8>) -> RawControl {
    let mut control: RawControl = PagedResults {
        size: i32::try_from(size).unwrap_or(i32::MAX),
        cookie,
    }
    .into();
    control.crit = true;
    control
}

/// The cookie among the controls of a result: `Ok(None)` without the control, empty at the last page.
pub(super) fn cookie(
    controls: &[ldap3::controls::Control],
) -> Result<Option<Vec<u8>>, &'static str> {
    let Some(control) = controls
        .iter()
        .find(|control| control.1.ctype == PAGED_RESULTS)
    else {
        return Ok(None);
    };
    let value = control.1.val.as_deref().unwrap_or_default();
    parse_cookie(value)
        .map(Some)
        .ok_or("the paging cookie is malformed")
}

/// realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING }
fn parse_cookie(value: &[u8]) -> Option<Vec<u8>> {
    let (_, tag) = parse_tag(value).ok()?;
    let PL::C(parts) = tag.payload else {
        return None;
    };
    match parts.into_iter().nth(1)? {
        StructureTag {
            payload: PL::P(cookie),
            ..
        } => Some(cookie),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_and_odd_bytes_are_not() {
        let value = [0x30, 0x08, 0x02, 0x01, 0x00, 0x04, 0x03, 1, 2, 3];
        assert_eq!(parse_cookie(&value), Some(vec![1, 2, 3]));
        for odd in [
            &[][..],
            &[0x30, 0x00],
            &[0x04, 0x01, 0x00],
            &[0x30, 0x03, 0x02, 0x01, 0x00],
        ] {
            assert_eq!(parse_cookie(odd), None);
        }
    }
}
