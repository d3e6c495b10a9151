//! Encodes `msDS-ManagedPasswordId`, the public half of a managed password. Derives no password.

use anyhow::{Context, Result};

use super::planted::KDS_ROOT_KEY;

/// `msDS-ManagedPasswordId` for a password made at `time`: the header of MS-GKDI 2.2.4, then both domain names.
///
/// | offset | bytes | |
/// | --- | --- | --- |
/// | 0 | 4 | version, 1 |
/// | 4 | 4 | `KDSK` |
/// | 8 | 4 | flags |
/// | 12 | 4 + 4 + 4 | L0, L1, L2: the 10-hour cycle since 1601, in base 32 below L0 |
/// | 24 | 16 | root key |
/// | 40 | 4 | length of the public key, 0 |
/// | 44 | 4 | length of the domain name |
/// | 48 | 4 | length of the forest name |
/// | 52 | … | the names, UTF-16, each with its terminator |
///
/// With `corp.example` it is 104 bytes.
pub(super) fn password_id(time: i64, dns_domain: &str) -> Result<Vec<u8>> {
    password_id_of(KDS_ROOT_KEY, time, dns_domain)
}

/// The same with another root key.
pub(super) fn password_id_of(root_key: &str, time: i64, dns_domain: &str) -> Result<Vec<u8>> {
    const TICKS_PER_CYCLE: i64 = 360_000_000_000;
    let cycle = u32::try_from(time / TICKS_PER_CYCLE).context("a password cycle before 1601")?;
    let name: Vec<u8> = dns_domain
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let length = u32::try_from(name.len()).context("the domain name is too long")?;

    let mut id = Vec::new();
    id.extend(1_u32.to_le_bytes());
    id.extend(b"KDSK");
    id.extend(2_u32.to_le_bytes());
    id.extend((cycle / 1024).to_le_bytes());
    id.extend((cycle / 32 % 32).to_le_bytes());
    id.extend((cycle % 32).to_le_bytes());
    id.extend(guid_bytes(root_key)?);
    id.extend(0_u32.to_le_bytes());
    id.extend(length.to_le_bytes());
    id.extend(length.to_le_bytes());
    id.extend(&name);
    id.extend(&name);
    Ok(id)
}

/// The 16 bytes of a GUID: the first three parts little-endian, the last two as written.
pub(super) fn guid_bytes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (index, part) in text.split('-').enumerate() {
        let number =
            u64::from_str_radix(part, 16).with_context(|| format!("{text} is not a GUID"))?;
        let mut part: Vec<u8> = number
            .to_be_bytes()
            .into_iter()
            .skip(8 - part.len() / 2)
            .collect();
        if index < 3 {
            part.reverse();
        }
        bytes.extend(part);
    }
    Ok(bytes)
}
