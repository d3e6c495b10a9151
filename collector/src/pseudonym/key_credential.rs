//! Key credentials (MS-ADTS 2.2.20): keys that log on as an account, as DN-binary.
//!
//! Owns their entries. A key of Windows Hello is a number; one of a security key is JSON with the name that its owner
//! gave it and certificates, so no key and nothing unknown is passed on. Lengths stay.

use super::link::binary;
use super::name::Names;

/// Bytes of the version in front.
const VERSION: usize = 4;

/// Digests of the key, usage, source, device (a GUID), last logon and creation: KeyID, KeyHash, KeyUsage, KeySource,
/// DeviceId, KeyApproximateLastLogonTimeStamp, KeyCreationTime (MS-ADTS 2.2.20.6).
const KEPT: &[u8] = &[1, 2, 4, 5, 6, 8, 9];

impl Names {
    /// The credential without its key; what is none becomes one pseudonym.
    pub(super) fn key_credential(&mut self, text: &str) -> String {
        let Some((digits, dn)) = binary(text) else {
            return self.whole(text);
        };
        let dn = self.dn(dn);
        let nibbles: Vec<u8> = digits
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .filter_map(|value| u8::try_from(value).ok())
            .collect();
        let bytes: Vec<u8> = nibbles
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[high, low]| high << 4 | low)
            .collect();
        let replaced: String = self
            .entries(&bytes)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        format!("B:{}:{replaced}:{dn}", replaced.len())
    }

    /// Version, then entries of length, identifier and value.
    fn entries(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (version, mut rest) = bytes.split_at_checked(VERSION).unwrap_or((bytes, &[]));
        let mut copy = version.to_vec();
        while let [low, high, kind, after @ ..] = rest {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let Some((value, next)) = after.split_at_checked(length) else {
                break;
            };
            copy.extend([*low, *high, *kind]);
            // A digest, a GUID or a time has at most 32 bytes.
            if KEPT.contains(kind) && length <= 32 {
                copy.extend(value);
            } else {
                copy.extend(self.key.letters(value, length));
            }
            rest = next;
        }
        copy.extend(self.key.letters(rest, rest.len()));
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn the_key_is_replaced_and_the_rest_stays() {
        let mut names = names();
        let ada = names.token("Ada");
        // Version 2, KeySource 0, KeyMaterial "Ada!", KeyUsage 1, two bytes too many.
        let text = "B:42:00020000010005000400034164612101000401FFEE:CN=Ada";
        let replaced = names.key_credential(text);
        let letters: String = names
            .key
            .letters(b"Ada!", 4)
            .iter()
            .chain(&names.key.letters(&[0xff, 0xee], 2))
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let (key, tail) = letters.split_at(8);
        assert_eq!(
            replaced,
            format!("B:42:0002000001000500040003{key}01000401{tail}:CN={ada}")
        );
        assert_eq!(names.key_credential("B:2:0:x"), names.token("B:2:0:x"));
    }
}
