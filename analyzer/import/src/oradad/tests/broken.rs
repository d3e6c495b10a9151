//! Whatever is done to a dump, it is read or refused with a sentence, and never taken for whole.

use std::collections::BTreeMap;
use std::fs;

use coldcase_schemas::plan::QUERIES;
use proptest::prelude::*;

use super::super::made::all_files;
use super::*;

/// What a change of a file does to it.
#[derive(Debug, Clone)]
enum Change {
    Cut(usize),
    Flip(usize, u8),
    Word(usize, u32),
    Insert(usize, Vec<u8>),
    Narrow,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<usize>().prop_map(Change::Cut),
        (any::<usize>(), 1_u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (
            any::<usize>(),
            prop::sample::select(vec![0, u32::MAX, 0x000d_000a, 0x0009_0009, 0x8000_0000])
        )
            .prop_map(|(at, word)| Change::Word(at, word)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        Just(Change::Narrow),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &usize| at % (bytes.len() + 1);
        match self {
            Self::Cut(at) => bytes.truncate(place(at)),
            Self::Flip(at, bits) => {
                let at = place(at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Word(at, word) => {
                let at = place(at);
                for (byte, new) in bytes.iter_mut().skip(at).zip(word.to_le_bytes()) {
                    *byte = new;
                }
            }
            Self::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new.iter().copied());
            }
            // One byte a character where two were.
            Self::Narrow => bytes.retain(|byte| *byte != 0),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn broken_dumps_never_panic(
        header: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..4),
    ) {
        let made = dump(header);
        let files = all_files(&made.path());
        for (file, change) in &changes {
            let path = &files[file.index(files.len())];
            let mut bytes = fs::read(path).unwrap();
            change.apply(&mut bytes);
            fs::write(path, bytes).unwrap();
        }
        let mut export = match Oradad::open(&made.path()) {
            Ok(export) => export,
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                return Ok(());
            }
        };
        let read = read(&mut export);
        let bytes: u64 = export.files().map(|file| file.bytes).sum();
        // Of a row comes one object, and of a field one trouble at most.
        prop_assert!(read.objects.len() as u64 <= bytes / 2 + 1);
        prop_assert!(read.troubles.len() as u64 <= bytes + 32);
        let held: usize = read.objects.iter().flat_map(|object| &object.entry.attributes).flat_map(|one| &one.values).map(Vec::len).sum();
        prop_assert!(held as u64 <= 2 * bytes + 4096, "{} of {}", held, bytes);
        for trouble in &read.troubles {
            prop_assert!(!trouble.what.is_empty() && !trouble.place.to_string().is_empty());
            prop_assert!(!trouble.what.contains("secret-of-unix"));
        }
        let mut asked = BTreeMap::new();
        for query in QUERIES {
            asked.insert(query.name, format!("{:?}", export.answer(query, &contexts("DC=corp,DC=example"))));
        }
        prop_assert_eq!(asked.len(), QUERIES.len());
        prop_assert!(!export.limits().is_empty());
    }

    #[test]
    fn a_cut_file_is_never_whole(at in any::<prop::sample::Index>()) {
        let made = dump(false);
        let path = made.path().join("domain/corp.example/group.tsv");
        let bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        fs::write(&path, &bytes[..at]).unwrap();
        let (export, read) = whole(&made);
        let (attributes, partial) = asked(&export, "groups");
        prop_assert!(partial.is_some() || !attributes.contains(&"member"), "cut at {}", at);
        prop_assert_eq!(read.objects.len(), 8);
    }
}
