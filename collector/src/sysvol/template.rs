//! `GptTmpl.inf`, the security template of a policy (MS-GPSB 2.2).
//!
//! Owns its encoding and its lines. The specification wants UTF-16LE with a byte order mark; editors and copies leave
//! other encodings behind. Deliberately keeps nothing of a line that is not on the list of [`super::wanted`].

use super::{Rest, Setting, wanted};

/// REG_DWORD in section Registry Values (MS-GPSB 2.2.5).
const REG_DWORD: &str = "4";

/// Gives on the settings that are on the list.
pub(super) fn read(bytes: &[u8], on: &mut dyn FnMut(Setting)) -> Rest {
    let mut rest = Rest::default();
    let (text, misfit) = decode(bytes);
    rest.misfits.extend(misfit.map(str::to_owned));
    let mut section = "";
    let mut sections = 0_u32;
    for line in text.split(['\r', '\n']).map(str::trim) {
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            section = header.strip_suffix(']').unwrap_or(header).trim();
            sections += 1;
            continue;
        }
        // Sections of descriptors (Registry Keys, File Security) have lines without a key; none is on the list.
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        match setting(section, unquoted(name), value.trim()) {
            Line::Wanted(setting) => on(setting),
            Line::Misfit(sentence) => rest.misfits.push(sentence),
            Line::Preamble => {}
            Line::Withheld => rest.withheld += 1,
        }
    }
    if sections == 0 {
        rest.misfits
            .push("holds no section; it is no security template".to_owned());
    }
    rest
}

enum Line {
    Wanted(Setting),
    /// A setting on the list whose value is not of its form; the sentence does not repeat the value.
    Misfit(String),
    /// What every template begins with, no setting.
    Preamble,
    Withheld,
}

fn setting(section: &str, name: &str, value: &str) -> Line {
    let is = |known: &str| section.eq_ignore_ascii_case(known);
    if is("Unicode") || is("Version") {
        return Line::Preamble;
    }
    if is(wanted::SYSTEM_ACCESS) {
        return integer(wanted::SYSTEM_ACCESS, wanted::access(name), value);
    }
    if is(wanted::KERBEROS_POLICY) {
        return integer(wanted::KERBEROS_POLICY, wanted::kerberos(name), value);
    }
    if is(wanted::PRIVILEGE_RIGHTS) {
        let right = wanted::right(name).map(str::to_owned);
        return principals(wanted::PRIVILEGE_RIGHTS, right, value);
    }
    if is(wanted::GROUP_MEMBERSHIP) {
        return principals(wanted::GROUP_MEMBERSHIP, wanted::membership(name), value);
    }
    if is(wanted::REGISTRY_VALUES) {
        return registry(name, value);
    }
    Line::Withheld
}

fn integer(section: &'static str, name: Option<&'static str>, value: &str) -> Line {
    let Some(name) = name else {
        return Line::Withheld;
    };
    // -1 stands for never.
    match unquoted(value).parse::<i64>() {
        Ok(number) => Line::Wanted(Setting {
            section,
            name: name.to_owned(),
            kind: "integer",
            value: number.to_string(),
        }),
        Err(_) => Line::Misfit(format!("{name} in [{section}] is not a number")),
    }
}

fn principals(section: &'static str, name: Option<String>, value: &str) -> Line {
    name.map_or(Line::Withheld, |name| {
        Line::Wanted(Setting {
            section,
            name,
            kind: "principals",
            value: value.to_owned(),
        })
    })
}

/// `PATH=TYPE,VALUE`.
fn registry(path: &str, value: &str) -> Line {
    let Some(name) = wanted::registry_path(path) else {
        return Line::Withheld;
    };
    let number = value
        .split_once(',')
        .filter(|(kind, _)| kind.trim() == REG_DWORD)
        .and_then(|(_, number)| unquoted(number).parse::<u32>().ok());
    match number {
        Some(number) => Line::Wanted(Setting {
            section: wanted::REGISTRY_VALUES,
            name,
            kind: "REG_DWORD",
            value: number.to_string(),
        }),
        None => Line::Misfit(format!("{name} is not a REG_DWORD")),
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .map_or(text, str::trim)
}

/// Text, and a sentence if some of it was lost.
fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some(rest) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        return utf16(rest, u16::from_be_bytes);
    }
    // No template begins with a NUL or holds one as its second character: this is UTF-16 without its mark.
    match bytes {
        [first, 0, ..] if *first != 0 => return utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => return utf16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        // Of a code page only ASCII is sure; a name is not guessed.
        Err(_) => {
            let known = |byte: &u8| {
                if byte.is_ascii() {
                    char::from(*byte)
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            };
            let sentence = "is neither UTF-16 nor UTF-8; letters beyond ASCII in names are lost";
            (bytes.iter().map(known).collect(), Some(sentence))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, Option<&'static str>) {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut lost = !odd.is_empty();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|character| {
            character.unwrap_or_else(|_| {
                lost = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    (text, lost.then_some("is damaged UTF-16"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEMPLATE: &str = "[Unicode]\r\nUnicode=yes\r\n[Version]\r\nsignature=\"$CHICAGO$\"\r\nRevision=1\r\n\
        [system access]\r\nminimumPasswordLength = 14\r\nMaximumPasswordAge=-1\r\nNewAdministratorName = \"pLanTed\"\r\n\
        [Privilege Rights]\r\nSeServiceLogonRight = *S-1-5-80-0,CORP\\svc-müller\r\nSeDenyNetworkLogonRight =\r\n\
        [Registry Values]\r\n; a comment\r\n\
        machine\\system\\currentcontrolset\\services\\netlogon\\parameters\\MAXIMUMPASSWORDAGE=4,90\r\n\
        MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\DefaultPassword=1,\"pLanTed\"\r\n\
        [Group Membership]\r\n*S-1-5-32-544__Members = *S-1-5-21-1-2-3-512\r\n\
        [Registry Keys]\r\n\"MACHINE\\Software\\pLanTed\",0,\"D:P\"\r\n";

    fn of(bytes: &[u8]) -> (Vec<(String, String)>, Rest) {
        let mut found = Vec::new();
        let rest = read(bytes, &mut |setting| {
            found.push((setting.name, setting.value));
        });
        (found, rest)
    }

    fn expected() -> Vec<(String, String)> {
        [
            ("MinimumPasswordLength", "14"),
            ("MaximumPasswordAge", "-1"),
            ("SeServiceLogonRight", "*S-1-5-80-0,CORP\\svc-müller"),
            ("SeDenyNetworkLogonRight", ""),
            (
                "MACHINE\\System\\CurrentControlSet\\Services\\Netlogon\\Parameters\\MaximumPasswordAge",
                "90",
            ),
            ("*S-1-5-32-544__Members", "*S-1-5-21-1-2-3-512"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn utf16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same() {
        let mut marked = vec![0xFF, 0xFE];
        marked.extend(utf16_of(TEMPLATE, u16::to_le_bytes));
        let mut utf8 = vec![0xEF, 0xBB, 0xBF];
        utf8.extend(TEMPLATE.as_bytes());
        for bytes in [
            marked,
            utf16_of(TEMPLATE, u16::to_le_bytes),
            utf16_of(TEMPLATE, u16::to_be_bytes),
            utf16_of(&format!("\u{FEFF}{TEMPLATE}"), u16::to_be_bytes),
            utf8,
            TEMPLATE.as_bytes().to_vec(),
            TEMPLATE.replace("\r\n", "\n").into_bytes(),
            TEMPLATE.replace("\r\n", "\r").into_bytes(),
        ] {
            let (found, rest) = of(&bytes);
            assert_eq!(found, expected());
            // The administrator's name, the password, the descriptor.
            assert_eq!(rest.withheld, 3);
            assert_eq!(rest.misfits, Vec::<String>::new());
        }
    }

    #[test]
    fn a_code_page_costs_the_letters_it_hides() {
        let latin1: Vec<u8> = TEMPLATE.chars().map(|letter| letter as u8).collect();
        let (found, rest) = of(&latin1);
        assert!(
            found
                .iter()
                .any(|(_, value)| value.ends_with("svc-m\u{FFFD}ller"))
        );
        assert_eq!(found.len(), expected().len());
        assert_eq!(rest.misfits.len(), 1);
    }

    #[test]
    fn a_value_of_another_form_is_neither_kept_nor_repeated() {
        let (found, rest) = of(
            b"[Kerberos Policy]\nMaxTicketAge=pLanTed\n[Registry Values]\n\
              MACHINE\\System\\CurrentControlSet\\Control\\Lsa\\NoLMHash=1,pLanTed\n\
              MACHINE\\System\\CurrentControlSet\\Control\\Lsa\\NoLMHash=4,4294967296\n",
        );
        assert_eq!(found, vec![]);
        assert_eq!(rest.misfits.len(), 3);
        assert!(!format!("{rest:?}").contains("pLanTed"), "{rest:?}");
    }

    #[test]
    fn a_file_of_another_kind_is_named_so() {
        assert_eq!(of(b"").1.misfits.len(), 1);
        assert_eq!(of(b"SeTcbPrivilege=*S-1-1-0\n").0, vec![]);
    }

    #[test]
    fn cut_at_every_byte() {
        let mut whole = vec![0xFF, 0xFE];
        whole.extend(utf16_of(TEMPLATE, u16::to_le_bytes));
        for length in 0..=whole.len() {
            let (found, rest) = of(whole.get(..length).unwrap_or_default());
            assert!(found.len() <= expected().len());
            let shown = format!("{found:?}{rest:?}");
            assert!(!shown.contains("pLanTed"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let (found, _) = of(&bytes);
            prop_assert!(found.len() <= bytes.len());
        }

        /// Whatever the line, a name that is not on the list never comes out, nor its value.
        #[test]
        fn only_listed_names(section in "(System Access|Kerberos Policy|Registry Values|Other)",
                             name in "[A-Za-z\\\\ =_]{0,40}", value in "[ -~]{0,20}") {
            let text = format!("[{section}]\n{name}=zz{value}\n");
            // No value of these sections begins with zz, so nothing of it may be kept.
            prop_assert_eq!(of(text.as_bytes()).0, vec![]);
        }
    }
}
