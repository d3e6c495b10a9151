//! Tests of whole exports.
//!
//! Owns the making of small exports and the reading of all that one says.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod changed;
mod framing;
mod sample;
mod values;

use super::*;
use crate::export::{Claim, KnownBits, Object, Precision, Right};
use coldcase_schemas::plan::{NamingContexts, QUERIES};
use coldcase_winsec::Sid;
use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};
type Reader = SharpHound<Cursor<Vec<u8>>>;

const DOMAIN: &str = "S-1-5-21-1-2-3";

/// What an export said.
#[derive(Default)]
struct Said {
    objects: Vec<Object>,
    rights: Vec<Right>,
    bits: Vec<KnownBits>,
    troubles: Vec<Trouble>,
    error: Option<ImportError>,
}

impl Said {
    fn object(&self, dn: &str) -> &Object {
        self.objects
            .iter()
            .find(|object| object.entry.dn == dn)
            .expect(dn)
    }
    fn text(&self, dn: &str, attribute: &str) -> Vec<String> {
        self.object(dn)
            .entry
            .values(attribute)
            .unwrap_or_default()
            .iter()
            .map(|value| String::from_utf8(value.clone()).expect("text"))
            .collect()
    }
    fn trouble(&self, what: &str) -> &Trouble {
        self.troubles
            .iter()
            .find(|trouble| trouble.what.contains(what))
            .unwrap_or_else(|| panic!("{what} not in {:?}", self.troubles))
    }
}

fn drain<R: Read + Seek>(export: &mut SharpHound<R>) -> Said {
    let mut said = Said::default();
    loop {
        match export.next_record() {
            Ok(Some(Record::Object(object))) => said.objects.push(object),
            Ok(Some(Record::Claim(Claim::Right(right)))) => said.rights.push(right),
            Ok(Some(Record::Claim(Claim::Bits(bits)))) => said.bits.push(bits),
            Ok(Some(Record::Trouble(trouble))) => said.troubles.push(trouble),
            Ok(None) => break,
            Err(error) => {
                said.error = Some(error);
                assert!(
                    matches!(export.next_record(), Ok(None)),
                    "nothing comes after an error"
                );
                break;
            }
        }
    }
    let (done, total) = export.progress();
    assert!(done <= total, "{done} of {total}");
    said
}

fn file(kind: &str, methods: i64, rows: &[String]) -> String {
    format!(
        "{{\"data\":[{}],\"meta\":{{\"methods\":{methods},\"type\":\"{kind}\",\"count\":{},\"version\":6}}}}",
        rows.join(","),
        rows.len()
    )
}

fn user(rid: u32, properties: &str, more: &str) -> String {
    format!(
        "{{\"Properties\":{{\"domain\":\"B.C\",\"distinguishedname\":\"CN=U{rid},DC=B,DC=C\"{properties}}},\
         \"ObjectIdentifier\":\"{DOMAIN}-{rid}\",\"IsDeleted\":false{more}}}"
    )
}

fn read_one(kind: &str, methods: i64, rows: &[String]) -> (Reader, Said) {
    read_text(
        &format!("x_{kind}.json"),
        file(kind, methods, rows).into_bytes(),
    )
}

fn read_text(name: &str, text: Vec<u8>) -> (Reader, Said) {
    let mut export =
        SharpHound::open_files(vec![(name.to_owned(), Cursor::new(text))]).expect("opens");
    let said = drain(&mut export);
    (export, said)
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default())
            .expect("start");
        zip.write_all(bytes).expect("write");
    }
    zip.finish().expect("finish").into_inner()
}

fn refusal(zip: Vec<u8>) -> String {
    SharpHound::open_zip(Cursor::new(zip))
        .map(drop)
        .expect_err("refused")
        .to_string()
}

fn contexts() -> NamingContexts {
    NamingContexts {
        domain: "DC=b,DC=c".to_owned(),
        configuration: "CN=Configuration,DC=b,DC=c".to_owned(),
        schema: "CN=Schema,CN=Configuration,DC=b,DC=c".to_owned(),
    }
}

fn answer<R: Read + Seek>(export: &SharpHound<R>, query: &str) -> Answer {
    let query = QUERIES
        .iter()
        .find(|known| known.name == query)
        .expect(query);
    export.answer(query, &contexts())
}

fn attributes<R: Read + Seek>(export: &SharpHound<R>, query: &str) -> Vec<&'static str> {
    match answer(export, query) {
        Answer::Asked {
            attributes,
            partial,
        } => {
            assert!(
                partial.is_some(),
                "this format never proves that nothing is missing"
            );
            attributes
        }
        Answer::NotAsked(why) => panic!("{query}: {why}"),
    }
}

const OBJECT_PROPS: i64 = 521_215;

fn sample_path() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "real samples are not in the repository; the variable says where they are"
    )]
    let folder = std::env::var_os("COLDCASE_REALDATA");
    // A relative path counts from the workspace root; joining an absolute one gives that.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(root.join(folder?).join("sharphound-v6-sample.zip"))
}

fn sample() -> Option<Vec<u8>> {
    let Some(path) = sample_path() else {
        #[expect(
            clippy::print_stderr,
            reason = "the reader of a test run must see that it was skipped"
        )]
        {
            eprintln!("skipped: COLDCASE_REALDATA does not name the folder of real samples");
        }
        return None;
    };
    Some(std::fs::read(&path).expect("the sample"))
}
