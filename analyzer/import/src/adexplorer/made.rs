//! Snapshots of any size and content, for tests and benchmarks.
//!
//! Owns the way back from values to bytes, sharing equal values as ADExplorer does. Deliberately writes what it is told:
//! a test that wants a broken file breaks the bytes.

use std::collections::HashMap;
use std::io::{Seek, SeekFrom, Write};

/// Values of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Values {
    /// Boolean.
    Boolean(Vec<bool>),
    /// Integer and Enumeration.
    Integer(Vec<i32>),
    /// LargeInteger.
    Large(Vec<i64>),
    /// Any string.
    Text(Vec<String>),
    /// DN.
    Dn(Vec<String>),
    /// OctetString and SID.
    Octets(Vec<Vec<u8>>),
    /// DN-binary: the bytes and the DN.
    DnBinary(Vec<(Vec<u8>, String)>),
    /// GeneralizedTime: year, month, day, hour, minute, second.
    Time(Vec<[u16; 6]>),
    /// Security descriptor.
    Descriptor(Vec<u8>),
}

impl Values {
    /// One string.
    pub fn text(value: &str) -> Self {
        Self::Text(vec![value.to_owned()])
    }

    /// Several strings.
    pub fn texts(values: &[&str]) -> Self {
        Self::Text(values.iter().map(|value| (*value).to_owned()).collect())
    }

    /// Syntax index and ADSTYPE.
    fn syntax(&self) -> (u32, u32) {
        match self {
            Self::Boolean(_) => (1, 6),
            Self::Integer(_) => (3, 7),
            Self::Large(_) => (4, 10),
            Self::Text(_) => (7, 3),
            Self::Dn(_) => (18, 1),
            Self::Octets(_) => (11, 8),
            Self::DnBinary(_) => (21, 8),
            Self::Time(_) => (15, 9),
            Self::Descriptor(_) => (9, 25),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let count = |out: &mut Vec<u8>, count: usize| out.extend_from_slice(&word(count));
        match self {
            Self::Boolean(values) => {
                count(&mut out, values.len());
                values
                    .iter()
                    .for_each(|value| out.extend_from_slice(&u32::from(*value).to_le_bytes()));
            }
            Self::Integer(values) => {
                count(&mut out, values.len());
                values
                    .iter()
                    .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
            }
            Self::Large(values) => {
                count(&mut out, values.len());
                values
                    .iter()
                    .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
            }
            Self::Text(values) | Self::Dn(values) => {
                count(&mut out, values.len());
                let mut strings = Vec::new();
                let first = 4 + 4 * values.len();
                for value in values {
                    count(&mut out, first + strings.len());
                    strings.extend(utf16(value));
                }
                out.extend(strings);
            }
            Self::Octets(values) => {
                count(&mut out, values.len());
                values.iter().for_each(|value| count(&mut out, value.len()));
                values.iter().for_each(|value| out.extend_from_slice(value));
            }
            Self::DnBinary(values) => {
                count(&mut out, values.len());
                values
                    .iter()
                    .for_each(|(bytes, _)| count(&mut out, bytes.len()));
                for (bytes, dn) in values {
                    out.extend_from_slice(bytes);
                    out.extend(utf16(dn));
                }
            }
            Self::Time(values) => {
                count(&mut out, values.len());
                for [year, month, day, hour, minute, second] in values {
                    for field in [*year, *month, 0, *day, *hour, *minute, *second, 0] {
                        out.extend_from_slice(&field.to_le_bytes());
                    }
                }
            }
            Self::Descriptor(bytes) => {
                count(&mut out, 1);
                count(&mut out, bytes.len());
                out.extend_from_slice(bytes);
            }
        }
        out
    }
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

/// UTF-16LE with NUL.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// u32 bytes with the NUL, then UTF-16LE.
fn string(text: &str) -> Vec<u8> {
    let units = utf16(text);
    let mut out = word(units.len()).to_vec();
    out.extend(units);
    out
}

/// Values that are written once and referred to after that.
const SHARED: usize = 100_000;

/// A snapshot being written.
pub struct Writer<W> {
    output: W,
    position: u64,
    objects: u32,
    entries: u32,
    properties: Vec<(String, (u32, u32))>,
    numbers: HashMap<String, u32>,
    shared: HashMap<Vec<u8>, u64>,
    heads: Vec<u64>,
    contexts: Vec<String>,
    taken_at: u64,
    server: String,
}

const FIRST_OBJECT: u64 = 1_086;

impl<W: Write + Seek> Writer<W> {
    /// Begins a snapshot of naming contexts. `taken_at`: FILETIME.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn new(
        mut output: W,
        taken_at: u64,
        server: &str,
        contexts: &[&str],
    ) -> std::io::Result<Self> {
        output.write_all(&[0; FIRST_OBJECT as usize])?;
        Ok(Self {
            output,
            position: FIRST_OBJECT,
            objects: 0,
            entries: 0,
            properties: Vec::new(),
            numbers: HashMap::new(),
            shared: HashMap::new(),
            heads: Vec::new(),
            contexts: contexts.iter().map(|dn| (*dn).to_owned()).collect(),
            taken_at,
            server: server.to_owned(),
        })
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.position
    }

    /// Writes an object.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn object(&mut self, dn: &str, attributes: &[(&str, Values)]) -> std::io::Result<()> {
        if self.contexts.iter().any(|context| context == dn) {
            self.heads.push(self.position);
        }
        let count = attributes.len() + 1;
        let first = 8 + 8 * count;
        let mut list = Vec::new();
        let mut values = Vec::new();
        let dn = ("distinguishedName", Values::Dn(vec![dn.to_owned()]));
        for (name, value) in std::iter::once(&dn).chain(attributes) {
            let number = self.number(name, value.syntax());
            let bytes = value.bytes();
            let known = self.shared.get(&bytes).copied().filter(|_| *name != dn.0);
            let offset = match known {
                Some(at) => {
                    i64::try_from(at).unwrap_or(0) - i64::try_from(self.position).unwrap_or(0)
                }
                None => i64::try_from(first + values.len()).unwrap_or(0),
            };
            let offset = i32::try_from(offset);
            let at = first + values.len();
            let offset = match (known, offset) {
                (Some(_), Ok(offset)) => offset,
                // Too far back for 31 bits, or new.
                _ => {
                    if self.shared.len() < SHARED && *name != dn.0 {
                        self.shared.insert(bytes.clone(), self.position + at as u64);
                    }
                    values.extend_from_slice(&bytes);
                    i32::try_from(at).unwrap_or(i32::MAX)
                }
            };
            list.extend_from_slice(&number.to_le_bytes());
            list.extend_from_slice(&offset.to_le_bytes());
        }
        let size = 8 + list.len() + values.len();
        self.output.write_all(&word(size))?;
        self.output.write_all(&word(count))?;
        self.output.write_all(&list)?;
        self.output.write_all(&values)?;
        self.position += size as u64;
        self.objects += 1;
        self.entries += u32::try_from(count - 1).unwrap_or(0);
        Ok(())
    }

    fn number(&mut self, name: &str, syntax: (u32, u32)) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.properties.len()).unwrap_or(u32::MAX);
        self.properties.push((name.to_owned(), syntax));
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Writes the tables, the tree and the header.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(mut self) -> std::io::Result<W> {
        let properties_at = self.position + 8;
        let mut rest = vec![0; 8];
        rest.extend(word(self.properties.len()));
        for (name, (syntax, adstype)) in &self.properties {
            rest.extend(string(name));
            rest.extend(syntax.to_le_bytes());
            rest.extend(adstype.to_le_bytes());
            rest.extend(string(&format!(
                "CN={name},CN=Schema,CN=Configuration,DC=corp,DC=example"
            )));
            rest.extend([7; 16]);
            rest.extend([0; 16]);
            rest.extend([0; 4]);
        }
        // One class and one right.
        rest.extend(word(1));
        rest.extend(string("user"));
        rest.extend(string(
            "CN=User,CN=Schema,CN=Configuration,DC=corp,DC=example",
        ));
        rest.extend(string("User"));
        rest.extend(string("organizationalPerson"));
        rest.extend([9; 16]);
        rest.extend(word(3));
        rest.extend([1, 2, 3]);
        rest.extend(word(1));
        rest.extend(word(0));
        rest.extend(string("label"));
        rest.extend(word(1));
        rest.extend([5; 16]);
        rest.extend(word(1));
        rest.extend(string("container"));
        rest.extend(word(0));
        rest.extend(word(1));
        rest.extend(string("User-Force-Change-Password"));
        rest.extend(string("Reset Password"));
        rest.extend([5; 16]);
        rest.extend(256_u32.to_le_bytes());
        let tree_at = self.position + rest.len() as u64;
        let first = 16 + 4 * self.heads.len();
        rest.extend((-2_i64).to_le_bytes());
        rest.extend(word(self.heads.len()));
        rest.extend(word(0));
        for place in 0..self.heads.len() {
            rest.extend(word(first + 16 * place));
        }
        for head in &self.heads {
            rest.extend(head.to_le_bytes());
            rest.extend([0; 8]);
        }
        self.output.write_all(&rest)?;
        let mut header = b"win-ad-ob\0".to_vec();
        header.extend(0x0001_0001_u32.to_le_bytes());
        header.extend(self.taken_at.to_le_bytes());
        for text in ["", &self.server] {
            let mut field = utf16(text);
            field.resize(520, 0);
            header.extend(field);
        }
        header.extend(self.objects.to_le_bytes());
        header.extend(self.entries.to_le_bytes());
        header.extend(properties_at.to_le_bytes());
        header.extend(tree_at.to_le_bytes());
        self.output.seek(SeekFrom::Start(0))?;
        self.output.write_all(&header)?;
        Ok(self.output)
    }
}
