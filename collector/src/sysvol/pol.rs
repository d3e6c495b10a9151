//! `registry.pol`, the registry settings of a policy (MS-GPREG 2.2.1).
//!
//! Owns the records. Data is looked at only if key and name are on the list of [`super::wanted`]: this file is where
//! templates of all makers put their settings, and some hold passwords.

use super::{Rest, Setting, wanted};

/// `PReg`, then version 1 (MS-GPREG 2.2.1).
const HEADER: [u8; 8] = [b'P', b'R', b'e', b'g', 1, 0, 0, 0];
const REG_DWORD: u32 = 4;

/// Gives on the settings that are on the list. Records that follow a damaged one are not looked for.
pub(super) fn read(bytes: &[u8], on: &mut dyn FnMut(Setting)) -> Rest {
    let mut rest = Rest::default();
    let Some(body) = bytes.strip_prefix(&HEADER) else {
        // Without its signature clients skip the file as well (MS-GPREG 3.2.5.1.2).
        rest.misfits
            .push("does not begin with the header of a registry policy".to_owned());
        return rest;
    };
    let mut cursor = Cursor(body);
    while !cursor.0.is_empty() {
        let place = bytes.len() - cursor.0.len();
        let Some(record) = cursor.record() else {
            rest.misfits.push(format!("breaks off at byte {place}"));
            break;
        };
        if !keep(&record, &mut rest, on) {
            rest.withheld += 1;
        }
    }
    rest
}

/// `[key;value;type;size;data]`.
struct Record<'a> {
    key: String,
    value: String,
    kind: u32,
    data: &'a [u8],
}

/// False if the record is not on the list.
fn keep(record: &Record<'_>, rest: &mut Rest, on: &mut dyn FnMut(Setting)) -> bool {
    let deleted = deleted(record);
    if !deleted.is_empty() {
        for name in deleted {
            on(Setting {
                section: wanted::REGISTRY_VALUES,
                name,
                kind: "delete",
                value: String::new(),
            });
        }
        return true;
    }
    let Some(name) = wanted::registry_value(&record.key, &record.value) else {
        return false;
    };
    match (record.kind, <[u8; 4]>::try_from(record.data)) {
        (REG_DWORD, Ok(data)) => on(Setting {
            section: wanted::REGISTRY_VALUES,
            name,
            kind: "REG_DWORD",
            value: u32::from_le_bytes(data).to_string(),
        }),
        _ => rest.misfits.push(format!("{name} is not a REG_DWORD")),
    }
    true
}

/// Values on the list that a record removes: `**Del.NAME`, `**DelVals.`, `**DeleteValues` with names in its data.
fn deleted(record: &Record<'_>) -> Vec<String> {
    let Some(what) = record.value.strip_prefix("**") else {
        return Vec::new();
    };
    let after = |prefix: &str| {
        what.get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix))
            .and_then(|_| what.get(prefix.len()..))
    };
    let known = |name: &str| wanted::registry_value(&record.key, name);
    if after("DelVals").is_some() {
        wanted::registry_key(&record.key)
    } else if after("DeleteValues").is_some() {
        // Only where the key is on the list is the data read at all.
        if wanted::registry_key(&record.key).is_empty() {
            return Vec::new();
        }
        text(record.data)
            .trim_end_matches('\0')
            .split(';')
            .filter_map(known)
            .collect()
    } else {
        after("Del.").and_then(known).into_iter().collect()
    }
}

/// UTF-16LE; what is not becomes U+FFFD and so matches no name.
fn text(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair)))
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// What is left of the file.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn record(&mut self) -> Option<Record<'a>> {
        self.mark(b'[')?;
        let key = self.name()?;
        self.mark(b';')?;
        let value = self.name()?;
        self.mark(b';')?;
        let kind = self.number()?;
        self.mark(b';')?;
        let size = self.number()?;
        self.mark(b';')?;
        let data = self.take(usize::try_from(size).ok()?)?;
        self.mark(b']')?;
        Some(Record {
            key,
            value,
            kind,
            data,
        })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn mark(&mut self, mark: u8) -> Option<()> {
        (self.take(2)? == [mark, 0]).then_some(())
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Up to and without the NUL.
    fn name(&mut self) -> Option<String> {
        let (units, _) = self.0.as_chunks::<2>();
        let length = units.iter().position(|unit| *unit == [0, 0])?;
        let name = text(self.take(length * 2)?);
        self.take(2)?;
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NETLOGON: &str = "SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters";
    const WINLOGON: &str = "Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon";

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn record(key: &str, value: &str, kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = wide(&format!("[{key}\0;{value}\0;"));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(wide(";"));
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(wide(";"));
        bytes.extend(data);
        bytes.extend(wide("]"));
        bytes
    }

    fn file(records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend(records.concat());
        bytes
    }

    fn of(bytes: &[u8]) -> (Vec<(String, &'static str, String)>, Rest) {
        let mut found = Vec::new();
        let rest = read(bytes, &mut |setting| {
            let name = setting.name.rsplit('\\').next().unwrap_or_default();
            found.push((name.to_owned(), setting.kind, setting.value));
        });
        (found, rest)
    }

    fn sample() -> Vec<u8> {
        file(&[
            record(WINLOGON, "DefaultPassword", 1, &wide("pLanTed\0")),
            record(NETLOGON, "maximumpasswordage", 4, &[90, 0, 0, 0]),
            record(WINLOGON, "AutoAdminLogon", 4, &[1, 0, 0, 0]),
            record(NETLOGON, "**del.DisablePasswordChange", 1, &wide(" \0")),
        ])
    }

    fn setting(name: &str, kind: &'static str, value: &str) -> (String, &'static str, String) {
        (name.to_owned(), kind, value.to_owned())
    }

    #[test]
    fn listed_values_come_and_others_are_counted() {
        let (found, rest) = of(&sample());
        assert_eq!(
            found,
            vec![
                setting("MaximumPasswordAge", "REG_DWORD", "90"),
                setting("DisablePasswordChange", "delete", ""),
            ]
        );
        assert_eq!((rest.withheld, rest.misfits.len()), (2, 0));
    }

    #[test]
    fn deletions_by_key_and_by_list() {
        let ldap = "System\\CurrentControlSet\\Services\\NTDS\\Parameters";
        let (found, rest) = of(&file(&[
            record(ldap, "**DelVals.", 1, &wide(" \0")),
            record(
                NETLOGON,
                "**DeleteValues",
                1,
                &wide("pLanTed;RequireSignOrSeal\0"),
            ),
            record(WINLOGON, "**DeleteValues", 1, &wide("RequireSignOrSeal\0")),
            record(WINLOGON, "**DelVals.", 1, &wide(" \0")),
        ]));
        assert_eq!(
            found,
            vec![
                setting("LDAPServerIntegrity", "delete", ""),
                setting("LdapEnforceChannelBinding", "delete", ""),
                setting("RequireSignOrSeal", "delete", ""),
            ]
        );
        assert_eq!(rest.withheld, 2);
    }

    #[test]
    fn a_value_of_another_form_is_neither_kept_nor_repeated() {
        let (found, rest) = of(&file(&[
            record(NETLOGON, "MaximumPasswordAge", 1, &wide("pLanTed\0")),
            record(NETLOGON, "MaximumPasswordAge", 4, &[1, 2, 3]),
        ]));
        assert_eq!(found, vec![]);
        assert_eq!(rest.misfits.len(), 2);
        assert!(!format!("{rest:?}").contains("pLanTed"));
    }

    #[test]
    fn cut_at_every_byte() {
        let whole = sample();
        let (all, _) = of(&whole);
        let ends = [HEADER.len(), whole.len()];
        for length in 0..whole.len() {
            let (found, rest) = of(whole.get(..length).unwrap_or_default());
            assert!(all.starts_with(&found), "{length}");
            let shown = format!("{found:?}{rest:?}");
            assert!(!shown.contains("pLanTed"), "{shown}");
            // Between two records nothing tells that more was to come.
            if rest.misfits.is_empty() {
                assert!(
                    ends.contains(&length)
                        || whole
                            .get(length..)
                            .is_some_and(|rest| rest.starts_with(b"[\0")),
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn a_size_beyond_the_file_is_no_size() {
        let mut bytes = file(&[record(NETLOGON, "MaximumPasswordAge", 4, &[1, 0, 0, 0])]);
        let place = bytes.len() - 12;
        bytes.splice(place..place + 4, u32::MAX.to_le_bytes());
        let (found, rest) = of(&bytes);
        assert_eq!((found.len(), rest.misfits.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512), headed: bool) {
            let mut whole = if headed { HEADER.to_vec() } else { Vec::new() };
            whole.extend(&bytes);
            let (found, _) = of(&whole);
            prop_assert!(found.len() <= bytes.len());
        }

        #[test]
        fn a_damaged_file(place in 0_usize..1000, byte: u8) {
            let mut bytes = sample();
            let place = place % bytes.len();
            if let Some(old) = bytes.get_mut(place) {
                *old = byte;
            }
            let (found, rest) = of(&bytes);
            let shown = format!("{found:?}{rest:?}");
            prop_assert!(!shown.contains("pLanTed"), "{}", shown);
        }

        #[test]
        fn any_number_comes_back(number: u32) {
            let bytes = file(&[record(NETLOGON, "MaximumPasswordAge", 4, &number.to_le_bytes())]);
            prop_assert_eq!(of(&bytes).0, vec![setting("MaximumPasswordAge", "REG_DWORD", &number.to_string())]);
        }
    }
}
