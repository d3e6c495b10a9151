//! Descriptors that Windows and Active Directory made, against this crate.
//!
//! The samples are not in the repository. The tests run when `COLDCASE_REALDATA` names their folder
//! (a relative path counts from the workspace root) and say loudly when they do not.

#![expect(clippy::print_stderr, reason = "a skipped test has to say so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coldcase_winsec::{
    Ace, Decoded, ManagedPasswordId, PasswordIdError, SddlDomains, SecurityDescriptor, Sid,
};

#[test]
fn windows_compiles_every_text_to_the_same_bytes() {
    let Some(text) = read("windows-sddl-vectors.tsv") else {
        return;
    };
    let mut classes = BTreeMap::<Class, usize>::new();
    let mut total = 0;
    for line in String::from_utf8_lossy(&text).lines() {
        let (sddl, digits) = line
            .split_once('\t')
            .unwrap_or_else(|| unreachable!("{line}"));
        *classes
            .entry(classify(sddl, &hexadecimal(digits)))
            .or_default() += 1;
        total += 1;
    }
    eprintln!("{total} vectors: {classes:?}");
    assert_eq!(
        classes,
        BTreeMap::from([(Class::OneToOne, 3_556), (Class::ObjectAceWithoutGuids, 6)])
    );
    assert_eq!(total, classes.values().sum::<usize>());
    assert_eq!(total, 3_562);
}

/// How a text and its bytes relate. Every vector's bytes decode without defect and encode to
/// themselves, and every vector's text is what [`SecurityDescriptor::to_sddl`] makes of its bytes;
/// [`classify`] asserts both.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// The text compiles to the bytes.
    OneToOne,
    /// Windows compiled another text, with `(OA;…;;;;AU)`, and the vector holds the text Windows
    /// made of the result, with `(A;…;;;;AU)`. The other text compiles to the bytes.
    ObjectAceWithoutGuids,
}

fn classify(sddl: &str, bytes: &[u8]) -> Class {
    let names = machine();
    let Decoded { value, defects } = SecurityDescriptor::decode(bytes);
    assert_eq!(defects, [], "{sddl}");
    assert_eq!(value.encode(), bytes, "{sddl}");
    assert_eq!(value.to_sddl(&names).as_deref(), Ok(sddl));
    if compile(sddl) == bytes {
        return Class::OneToOne;
    }
    let compiled = [
        ("(A;;;;;AU)", "(OA;;;;;AU)"),
        ("(A;OICI;;;;AU)", "(OA;OICI;;;;AU)"),
    ]
    .map(|(plain, object)| compile(&sddl.replace(plain, object)));
    assert!(compiled.iter().any(|other| other == bytes), "{sddl}");
    Class::ObjectAceWithoutGuids
}

/// How a descriptor of the directory survives SDDL.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Survival {
    /// The text compiles to the same bytes.
    Whole,
    /// Only the SACL flags are lost: the descriptor was read without its SACL.
    SaclFlagsLost,
    /// An object ACE without GUIDs became a plain one (and SACL flags may be lost).
    ObjectAceLost,
}

#[test]
fn directory_descriptors_decode_without_defect_and_encode_to_themselves() {
    use Survival::{ObjectAceLost, SaclFlagsLost, Whole};
    let files = [
        (
            "ldapsearch-516-objects.log",
            BTreeMap::from([(Whole, 4), (SaclFlagsLost, 440), (ObjectAceLost, 6)]),
        ),
        (
            "pyldapsearch-redania.log",
            BTreeMap::from([(Whole, 1), (SaclFlagsLost, 256), (ObjectAceLost, 3)]),
        ),
    ];
    for (file, expected) in files {
        let Some(log) = read(file) else { return };
        let mut counts = BTreeMap::<Survival, usize>::new();
        for line in log.split(|byte| *byte == b'\n') {
            let Some(text) = line.strip_prefix(b"nTSecurityDescriptor: ") else {
                continue;
            };
            let bytes = base64(text.trim_ascii());
            let Decoded { value, defects } = SecurityDescriptor::decode(&bytes);
            assert_eq!(defects, [], "{file}");
            assert_eq!(value.encode(), bytes, "{file}");
            *counts.entry(survival(&value)).or_default() += 1;
        }
        eprintln!("{file}: {counts:?}");
        assert_eq!(counts, expected, "{file}");
    }
}

/// Finds the descriptors in the snapshot by their length prefix and header, so this test does not
/// depend on a reader of the format.
#[test]
fn snapshot_descriptors_decode_without_defect_and_encode_to_themselves() {
    let Some(file) = read("adexplorer-detectionlab.dat") else {
        return;
    };
    let mut count = 0;
    for start in 4..file.len() {
        let Some(bytes) = prefixed_descriptor(&file, start) else {
            continue;
        };
        let Decoded { value, defects } = SecurityDescriptor::decode(bytes);
        assert_eq!(defects, [], "at {start}");
        assert_eq!(value.encode(), bytes, "at {start}");
        count += 1;
    }
    eprintln!("adexplorer-detectionlab.dat: {count} stored descriptors");
    // Stored bodies that a scan can see, not the 3,833 attribute values that the format counts.
    assert_eq!(count, 331);
}

/// The bytes at `start`, if they look like the header of a self-relative descriptor with a DACL
/// whose first part follows the header, and their length stands before them.
fn prefixed_descriptor(file: &[u8], start: usize) -> Option<&[u8]> {
    let header = file.get(start..)?.first_chunk::<20>()?;
    let [1, 0, low, high, offsets @ ..] = header else {
        return None;
    };
    let offsets: Vec<u32> = offsets
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .collect();
    let length = u32::from_le_bytes(*file.get(start.checked_sub(4)?..)?.first_chunk()?);
    let plausible = low & 4 != 0 && high & 0x80 != 0 && offsets.contains(&20);
    let inside = offsets.iter().all(|offset| *offset < length);
    file.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        .filter(|_| plausible && inside)
}

fn survival(value: &SecurityDescriptor) -> Survival {
    let names = SddlDomains::default();
    let sddl = value
        .to_sddl(&names)
        .unwrap_or_else(|error| unreachable!("{error}"));
    let mut again = SecurityDescriptor::from_sddl(&sddl, &names)
        .unwrap_or_else(|error| unreachable!("{error}"));
    if again == *value {
        return Survival::Whole;
    }
    again.control = value.control;
    if again == *value {
        return Survival::SaclFlagsLost;
    }
    let without_guids = |ace: &Ace| {
        ace.known().is_some_and(|known| {
            known.ace_type.is_object()
                && known.object_type.is_none()
                && known.inherited_object_type.is_none()
        })
    };
    assert!(
        value
            .dacl
            .iter()
            .flat_map(|acl| &acl.aces)
            .any(without_guids),
        "{sddl}"
    );
    Survival::ObjectAceLost
}

#[test]
fn managed_password_ids() {
    let Some(json) = read("gmsa-blob-vectors.json") else {
        return;
    };
    let json = String::from_utf8_lossy(&json).into_owned();
    let (valid, rest) = json
        .split_once("\"invalid\"")
        .unwrap_or_else(|| unreachable!("{json}"));
    let text = |key: &str| {
        valid
            .split_once(&format!("\"{key}\": \""))
            .and_then(|(_, tail)| tail.split_once('"'))
    };
    let text = |key: &str| {
        text(key)
            .map(|(value, _)| value)
            .unwrap_or_else(|| unreachable!("{key}"))
    };
    let bytes = hexadecimal(text("hex"));
    let id = ManagedPasswordId::decode(&bytes).unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(
        (id.domain.as_str(), id.forest.as_str()),
        (text("domain"), text("forest"))
    );
    assert_eq!(id.root_key_id.to_string(), text("root_key_id"));
    assert_eq!((id.l0, id.l1, id.l2), (361, 26, 24));
    assert_eq!(id.encode(), bytes);
    let (list, _) = rest
        .split_once(']')
        .unwrap_or_else(|| unreachable!("{rest}"));
    let invalid: Vec<&str> = list
        .split('"')
        .filter(|part| part.starts_with("01000000"))
        .collect();
    assert_eq!(invalid.len(), 2);
    for digits in invalid {
        assert_eq!(
            ManagedPasswordId::decode(&hexadecimal(digits)),
            Err(PasswordIdError::Truncated)
        );
    }
}

fn compile(sddl: &str) -> Vec<u8> {
    SecurityDescriptor::from_sddl(sddl, &machine())
        .unwrap_or_else(|error| unreachable!("{error}: {sddl}"))
        .encode()
}

/// The machine the vectors were made on.
fn machine() -> SddlDomains {
    let machine = Sid::new(5, &[21, 2_457_507_606, 2_709_100_691, 398_136_650]).ok();
    SddlDomains {
        machine,
        ..SddlDomains::default()
    }
}

fn read(file: &str) -> Option<Vec<u8>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "names the folder of real samples"
    )]
    let Some(folder) = std::env::var_os("COLDCASE_REALDATA") else {
        eprintln!("SKIPPED: COLDCASE_REALDATA does not name the folder with {file}");
        return None;
    };
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Joining an absolute path gives that path.
    let path = root.join(folder).join(file);
    Some(std::fs::read(&path).unwrap_or_else(|error| unreachable!("{}: {error}", path.display())))
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty());
    pairs
        .iter()
        .map(|pair| {
            let value = std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok());
            value.unwrap_or_else(|| unreachable!("{pair:?}"))
        })
        .collect()
}

fn base64(text: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for digit in text.iter().filter(|digit| **digit != b'=') {
        let value = DIGITS
            .iter()
            .position(|known| known == digit)
            .and_then(|value| u32::try_from(value).ok());
        buffer = buffer << 6 | value.unwrap_or_else(|| unreachable!("{digit}"));
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(buffer >> bits & 0xff));
        }
    }
    bytes
}
