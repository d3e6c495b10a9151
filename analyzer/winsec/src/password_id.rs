//! `msDS-ManagedPasswordId`: which key of the key distribution service made the password of a
//! managed account, and when. MS-GKDI 2.2.4 (Group Key Envelope), header only.
//!
//! Owns the identifier. Derives no key and reads no key material.

use std::fmt;

use crate::bytes::{Reader, index, utf16, utf16_bytes};
use crate::guid::Guid;

/// 100-nanosecond ticks of one key cycle: 10 hours.
pub const TICKS_PER_CYCLE: i64 = 360_000_000_000;

const MAGIC: u32 = 0x4b53_444b;

/// A managed password identifier.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | Version, 1 |
/// | 4 | 4 | Magic, `KDSK` |
/// | 8 | 4 | Flags |
/// | 12 | 4 | L0 index |
/// | 16 | 4 | L1 index, 0 to 31 |
/// | 20 | 4 | L2 index, 0 to 31 |
/// | 24 | 16 | Root key id |
/// | 40 | 4 | bytes of additional data |
/// | 44 | 4 | bytes of the domain name, NUL included |
/// | 48 | 4 | bytes of the forest name, NUL included |
/// | 52 | | additional data, domain name, forest name (UTF-16LE, NUL-terminated) |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPasswordId {
    /// 1 in every known sample.
    pub version: u32,
    /// Bit 0: the additional data is a public key.
    pub flags: u32,
    /// Index of the 1,024-cycle group, since 1601.
    pub l0: i32,
    /// Index of the 32-cycle group in it.
    pub l1: i32,
    /// Index of the cycle in that.
    pub l2: i32,
    /// The `cn` of the KDS root key.
    pub root_key_id: Guid,
    /// DNS name of the account's domain.
    pub domain: String,
    /// DNS name of the forest.
    pub forest: String,
    /// Usually empty.
    pub additional_data: Vec<u8>,
}

/// Why bytes are not a managed password identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordIdError {
    /// The bytes end before the structure does.
    Truncated,
    /// The magic is not `KDSK`.
    Magic(u32),
    /// Bytes follow the structure.
    TrailingBytes(usize),
    /// A name is not NUL-terminated UTF-16.
    Name,
}

impl ManagedPasswordId {
    /// Reads the whole attribute value.
    pub fn decode(bytes: &[u8]) -> Result<ManagedPasswordId, PasswordIdError> {
        let mut reader = Reader::new(bytes);
        let header = read_header(&mut reader).ok_or(PasswordIdError::Truncated)?;
        if header.magic != MAGIC {
            return Err(PasswordIdError::Magic(header.magic));
        }
        let mut take = |length: u32| reader.take(index(length)).ok_or(PasswordIdError::Truncated);
        let additional_data = take(header.additional_length)?.to_vec();
        let domain = name(take(header.domain_length)?)?;
        let forest = name(take(header.forest_length)?)?;
        match reader.rest().len() {
            0 => Ok(ManagedPasswordId {
                domain,
                forest,
                additional_data,
                ..header.id
            }),
            count => Err(PasswordIdError::TrailingBytes(count)),
        }
    }

    /// The wire form.
    pub fn encode(&self) -> Vec<u8> {
        let names = [&self.domain, &self.forest].map(|name| utf16_bytes(&format!("{name}\0")));
        // The attribute has at most 1,024 bytes; a length that needs 33 bits is not reachable.
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX);
        let [domain, forest] = &names;
        let mut bytes = Vec::new();
        bytes.extend(
            [self.version, MAGIC, self.flags]
                .into_iter()
                .flat_map(u32::to_le_bytes),
        );
        bytes.extend(
            [self.l0, self.l1, self.l2]
                .into_iter()
                .flat_map(i32::to_le_bytes),
        );
        bytes.extend(self.root_key_id.as_bytes());
        bytes.extend(
            [&self.additional_data, domain, forest]
                .into_iter()
                .flat_map(|part| length(part).to_le_bytes()),
        );
        bytes.extend(&self.additional_data);
        bytes.extend(names.iter().flatten());
        bytes
    }

    /// The number of the 10-hour cycle since 1601; `None` if an index is out of its range.
    pub fn cycle(&self) -> Option<i64> {
        let in_group = |value: i32| (0..32).contains(&value).then_some(i64::from(value));
        let l0 = (self.l0 >= 0).then_some(i64::from(self.l0))?;
        Some(l0 * 1024 + in_group(self.l1)? * 32 + in_group(self.l2)?)
    }

    /// When the key's cycle began, in 100-nanosecond ticks since 1601-01-01 UTC. `None` if an
    /// index is out of its range or the time does not fit.
    pub fn epoch_filetime(&self) -> Option<i64> {
        self.cycle()?.checked_mul(TICKS_PER_CYCLE)
    }
}

struct Header {
    id: ManagedPasswordId,
    magic: u32,
    additional_length: u32,
    domain_length: u32,
    forest_length: u32,
}

fn read_header(reader: &mut Reader<'_>) -> Option<Header> {
    let version = reader.u32()?;
    let magic = reader.u32()?;
    let id = ManagedPasswordId {
        version,
        flags: reader.u32()?,
        l0: reader.i32()?,
        l1: reader.i32()?,
        l2: reader.i32()?,
        root_key_id: Guid::from_wire(reader.array()?),
        domain: String::new(),
        forest: String::new(),
        additional_data: Vec::new(),
    };
    Some(Header {
        id,
        magic,
        additional_length: reader.u32()?,
        domain_length: reader.u32()?,
        forest_length: reader.u32()?,
    })
}

fn name(bytes: &[u8]) -> Result<String, PasswordIdError> {
    let text = utf16(bytes).ok_or(PasswordIdError::Name)?;
    match text.strip_suffix('\0') {
        Some(name) if !name.contains('\0') => Ok(name.to_owned()),
        _ => Err(PasswordIdError::Name),
    }
}

impl fmt::Display for PasswordIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordIdError::Truncated => f.write_str("the managed password id ends too early"),
            PasswordIdError::Magic(magic) => {
                write!(
                    f,
                    "the managed password id has the magic {magic:#010x}, not KDSK"
                )
            }
            PasswordIdError::TrailingBytes(count) => {
                write!(f, "{count} bytes follow the managed password id")
            }
            PasswordIdError::Name => {
                f.write_str("a name in the managed password id is not NUL-terminated UTF-16")
            }
        }
    }
}

impl std::error::Error for PasswordIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1, flags 2, L0/L1/L2 = 362/1/31, domain `a.b`, forest `b`.
    const VALID: [u8; 64] = [
        1, 0, 0, 0, 0x4b, 0x44, 0x53, 0x4b, 2, 0, 0, 0, 0x6a, 1, 0, 0, 1, 0, 0, 0, 31, 0, 0,
        0, //
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
        0xff, //
        0, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, //
        b'a', 0, b'.', 0, b'b', 0, 0, 0, b'b', 0, 0, 0,
    ];

    fn valid() -> ManagedPasswordId {
        ManagedPasswordId {
            version: 1,
            flags: 2,
            l0: 362,
            l1: 1,
            l2: 31,
            root_key_id: Guid::from_fields(
                0x0011_2233,
                0x4455,
                0x6677,
                [0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
            ),
            domain: "a.b".to_owned(),
            forest: "b".to_owned(),
            additional_data: Vec::new(),
        }
    }

    #[test]
    fn fields_and_bytes_agree() {
        assert_eq!(ManagedPasswordId::decode(&VALID), Ok(valid()));
        assert_eq!(valid().encode(), VALID);
    }

    #[test]
    fn epoch_is_the_start_of_the_cycle() {
        // 2022-02-17 14:00:00 UTC: the README sample of GoldenGMSA.
        let sample = ManagedPasswordId {
            l0: 360,
            l1: 16,
            l2: 3,
            ..valid()
        };
        assert_eq!(sample.epoch_filetime(), Some(132_895_800_000_000_000));
    }

    #[test]
    fn indices_out_of_range_have_no_epoch() {
        for (l0, l1, l2) in [(-1, 0, 0), (0, 32, 0), (0, 0, -1), (i32::MAX, 31, 31)] {
            assert_eq!(
                ManagedPasswordId {
                    l0,
                    l1,
                    l2,
                    ..valid()
                }
                .epoch_filetime(),
                None
            );
        }
        assert_eq!(
            ManagedPasswordId {
                l0: 0,
                l1: 0,
                l2: 0,
                ..valid()
            }
            .epoch_filetime(),
            Some(0)
        );
    }

    #[test]
    fn every_cut_is_truncated_and_more_is_trailing() {
        for length in 0..VALID.len() {
            let cut = VALID.get(..length).unwrap_or_default();
            assert_eq!(
                ManagedPasswordId::decode(cut),
                Err(PasswordIdError::Truncated),
                "{length}"
            );
        }
        assert_eq!(
            ManagedPasswordId::decode(&[VALID.as_slice(), &[0]].concat()),
            Err(PasswordIdError::TrailingBytes(1))
        );
    }

    #[test]
    fn damage_is_named() {
        let with = |at: usize, value: u8| {
            let mut bytes = VALID;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            ManagedPasswordId::decode(&bytes)
        };
        assert_eq!(with(4, 0), Err(PasswordIdError::Magic(0x4b53_4400)));
        assert_eq!(with(47, 0xff), Err(PasswordIdError::Truncated));
        assert_eq!(with(58, b'x'), Err(PasswordIdError::Name));
        assert_eq!(with(53, 0xd8), Err(PasswordIdError::Name));
    }
}
