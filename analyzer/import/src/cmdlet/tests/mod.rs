//! Managed service accounts in their three forms: made ones, broken ones, and what an import makes of them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod clixml;
mod imported;
mod json;
mod table;

use std::io::Cursor;

use coldcase_schemas::plan::QUERIES;
use coldcase_winsec::SecurityDescriptor;
use proptest::prelude::*;

use self::clixml::{rich, xml};
use self::json::json_account;
use self::table::{cells, table, with};
use super::text::first_text;
use super::*;
use crate::wire;

const SID: &str = "S-1-5-21-1-2-3-1105";
const GUID: &str = "d12cfafd-1a96-404a-bfa3-cbd19ad5cf75";
const DN: &str = "CN=gmsa-web,CN=Managed Service Accounts,DC=corp,DC=example";
const GMSA: &str = "msDS-GroupManagedServiceAccount";
/// An alias of the domain, one of the forest's root and a SID.
const SDDL: &str = "O:DAG:DAD:(A;;GA;;;EA)(A;;CCDCLC;;;S-1-5-21-1-2-3-1200)";

struct Read {
    objects: Vec<Object>,
    claims: Vec<Claim>,
    troubles: Vec<Trouble>,
    error: Option<ImportError>,
}

impl Read {
    fn first(&self, name: &str) -> Option<String> {
        let values = self.objects.first()?.entry.values(name)?;
        assert_eq!(values.len(), 1, "{name}");
        Some(String::from_utf8_lossy(&values[0]).into_owned())
    }

    fn trouble(&self, attribute: &str) -> &Trouble {
        let mut found = self
            .troubles
            .iter()
            .filter(|trouble| trouble.attribute.as_deref() == Some(attribute));
        let trouble = found.next().unwrap();
        assert!(found.next().is_none(), "{attribute} is told once");
        trouble
    }
}

fn read_all<R: std::io::Read>(export: &mut ServiceAccounts<R>) -> Read {
    let mut read = Read {
        objects: Vec::new(),
        claims: Vec::new(),
        troubles: Vec::new(),
        error: None,
    };
    loop {
        match export.next_record() {
            Ok(Some(Record::Object(object))) => read.objects.push(object),
            Ok(Some(Record::Claim(claim))) => read.claims.push(claim),
            Ok(Some(Record::Trouble(trouble))) => read.troubles.push(trouble),
            Ok(None) => return read,
            Err(error) => read.error = Some(error),
        }
    }
}

type Opened = ServiceAccounts<Cursor<Vec<u8>>>;

fn open(bytes: &[u8]) -> Opened {
    let length = bytes.len() as u64;
    ServiceAccounts::open("accounts", Cursor::new(bytes.to_vec()), length).unwrap()
}

fn read(bytes: &[u8]) -> (Read, Opened) {
    let mut export = open(bytes);
    let read = read_all(&mut export);
    (read, export)
}

fn contexts() -> NamingContexts {
    NamingContexts {
        domain: "DC=corp,DC=example".to_owned(),
        configuration: "CN=Configuration,DC=corp,DC=example".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=corp,DC=example".to_owned(),
    }
}

/// Attributes that the export would have shown of managed service accounts; all else is not asked, and nothing is whole.
fn shown<R: std::io::Read>(export: &ServiceAccounts<R>) -> Vec<&'static str> {
    let mut shown = None;
    for query in QUERIES {
        match export.answer(query, &contexts()) {
            Answer::NotAsked(_) => assert_ne!(query.name, "service-accounts"),
            Answer::Asked {
                attributes,
                partial,
            } => {
                assert_eq!(query.name, "service-accounts");
                assert!(partial.unwrap().contains("which accounts were asked for"));
                shown = Some(attributes);
            }
        }
    }
    shown.unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn an_account_without_an_end_is_bounded() {
    struct Endless<'a>(&'a [u8]);
    impl std::io::Read for Endless<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                out.fill(b'a');
                return Ok(out.len());
            }
            self.0.read(out)
        }
    }
    let row = table(&[cells()], ",", true);
    let json = json_account(SID, "a", ",\"x\":\"");
    let xml = xml(&rich());
    for start in [
        format!("{row}\""),
        json[..json.len() - 1].to_owned(),
        format!("{}<S>", &xml[..xml.len() - 30]),
    ] {
        let mut export = ServiceAccounts::open("a", Endless(start.as_bytes()), 0).unwrap();
        let read = read_all(&mut export);
        let said = read.error.unwrap().to_string();
        assert!(said.contains("one account is over the limit"), "{said}");
    }
}

#[test]
fn other_files_are_none() {
    for text in [
        "",
        "dn: CN=a,DC=b\nobjectClass: msDS-GroupManagedServiceAccount\n",
        "{\"data\":[{\"Properties\":{\"gmsa\":true}}],\"meta\":{}}",
        "\"DistinguishedName\",\"Name\"\r\n\"CN=a\",\"a\"\r\n",
        "<Objs xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj/></Objs>",
        "--------------------\ndistinguishedName: CN=a\nobjectClass: msDS-GroupManagedServiceAccount\n",
    ] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
        assert!(ServiceAccounts::open("a", text.as_bytes(), 0).is_err());
    }
}

fn samples() -> Vec<Vec<u8>> {
    let table = table(&[cells(), cells()], ";", true);
    let json = format!(
        "[{},{}]",
        json_account(SID, "a", ""),
        json_account(SID, "b", ",\"x\":[[1]]")
    );
    let xml = xml(&rich());
    [table, json, xml]
        .into_iter()
        .flat_map(|text| [utf16(&text), text.into_bytes()])
        .collect()
}

proptest! {
    #[test]
    fn nothing_that_happens_to_the_bytes_makes_it_panic(
        sample in 0_usize..6,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        fields in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![[0_u8; 4], [0xff; 4], *b"\"\"\"\"", *b"<!--", *b"[[[["])), 0..2),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = samples()[sample].clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in fields {
            let at = at.index(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&value);
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(mut export) = ServiceAccounts::open("a", bytes.as_slice(), bytes.len() as u64) {
            let read = read_all(&mut export);
            prop_assert!(read.objects.len() <= 2);
            if let Some(error) = read.error {
                prop_assert!(!error.to_string().is_empty());
            }
            for trouble in &read.troubles {
                prop_assert!(!trouble.what.is_empty());
            }
            for query in QUERIES {
                let answer = export.answer(query, &contexts());
                let whole = matches!(answer, Answer::Asked { partial: None, .. });
                prop_assert!(!whole);
            }
        }
    }

    #[test]
    fn a_cut_file_gives_what_came_before_and_says_so(sample in 0_usize..6, cut in any::<prop::sample::Index>()) {
        let whole = samples()[sample].clone();
        let cut = cut.index(whole.len());
        if let Ok(mut export) = ServiceAccounts::open("accounts", &whole[..cut], cut as u64) {
            let all = read_all(&mut open(&whole)).objects;
            let read = read_all(&mut export);
            prop_assert!(read.objects.len() <= all.len());
            prop_assert_eq!(&read.objects[..], &all[..read.objects.len()]);
            // Only a table that ends with a whole row cannot know that there were more.
            let text = first_text(&whole[..cut]);
            let row = sample < 2 && text.ends_with(['\n', '\r', '"']);
            prop_assert!(read.error.is_some() || row);
        }
    }
}
