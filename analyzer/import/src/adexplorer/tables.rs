//! Header, property table, class table, rights table and the head of the tree.
//!
//! Owns their layout, as read from the bytes of real files. Deliberately keeps of a class only what becomes an attribute.

use std::sync::Arc;

use crate::bytes::{Reader, index, utf16_until_nul};
use crate::error::{ImportError, Place};
use crate::wire;

use super::value::Layout;

/// Bytes before the first object.
pub(super) const HEADER: u64 = 1_086;
/// What a file begins with.
pub(super) const MAGIC: &[u8] = b"win-ad-ob\0";
/// Bytes that the three tables may take together; a large schema has two million.
pub(super) const TABLES: u64 = 64 << 20;

/// What the file says first.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// FILETIME, UTC.
    pub(super) taken_at: u64,
    pub(super) description: String,
    pub(super) server: String,
    pub(super) objects: u32,
    pub(super) properties_at: u64,
    pub(super) tree_at: u64,
}

impl Header {
    /// From the first [`HEADER`] bytes.
    ///
    /// # Errors
    /// It is no snapshot, was interrupted, or is cut off.
    pub(super) fn read(bytes: &[u8], length: u64) -> Result<Self, ImportError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ImportError::Unsupported(
                "it is no ADExplorer snapshot".to_owned(),
            ));
        }
        let short =
            || ImportError::broken(Place::Offset(length), "the file ends inside its header");
        let mut reader = Reader::new(bytes);
        reader.take(14).ok_or_else(short)?;
        let taken_at = reader.u64().ok_or_else(short)?;
        let mut text = || -> Option<String> {
            let mut out = Vec::new();
            let field = reader.take(520)?;
            if utf16_until_nul(field, &mut out).is_none() {
                out.clear();
            }
            Some(String::from_utf8_lossy(&out).into_owned())
        };
        let description = text().ok_or_else(short)?;
        let server = text().ok_or_else(short)?;
        let objects = reader.u32().ok_or_else(short)?;
        reader.u32().ok_or_else(short)?;
        let properties_at = reader.u64().ok_or_else(short)?;
        let tree_at = reader.u64().ok_or_else(short)?;
        let inside = HEADER <= properties_at && properties_at <= tree_at && tree_at <= length;
        if !inside {
            return Err(ImportError::Unsupported(format!(
                "the snapshot was interrupted or is cut short: its table of attributes is to lie at offset {properties_at} \
                 and its tree at {tree_at}, of {length} bytes. The names of the attributes stand there, so nothing of it \
                 can be read; take the snapshot again, or copy it whole"
            )));
        }
        Ok(Self {
            taken_at,
            description,
            server,
            objects,
            properties_at,
            tree_at,
        })
    }
}

/// An attribute of the schema.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: Arc<str>,
    /// `None`: values of this syntax are not understood.
    pub(super) layout: Option<Layout>,
    /// Syntax index and ADSTYPE, for people.
    pub(super) syntax: (u32, u32),
    pub(super) dn: String,
    pub(super) guid: [u8; 16],
    pub(super) security_guid: [u8; 16],
}

/// A class of the schema.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) dn: String,
    pub(super) superclass: String,
    pub(super) guid: [u8; 16],
    pub(super) superiors: Vec<String>,
    pub(super) auxiliaries: Vec<String>,
}

/// An extended right.
#[derive(Debug, Clone)]
pub(super) struct ExtendedRight {
    pub(super) cn: String,
    pub(super) guid: [u8; 16],
    pub(super) valid_accesses: u32,
}

/// The three tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) properties: Vec<Property>,
    pub(super) classes: Vec<Class>,
    pub(super) rights: Vec<ExtendedRight>,
}

impl Tables {
    /// From the bytes between the objects and the tree, which begin at `start`.
    ///
    /// # Errors
    /// The property table is damaged: without names nothing can be read.
    pub(super) fn read(bytes: &[u8], start: u64) -> Result<Self, ImportError> {
        let mut reader = Reader::new(bytes);
        let at = |reader: &Reader<'_>| Place::Offset(start.saturating_add(reader.at() as u64));
        let mut tables = Self::default();
        let count = reader.u32().unwrap_or(0);
        for _ in 0..count {
            let property = property(&mut reader).ok_or_else(|| {
                ImportError::broken(
                    at(&reader),
                    format!("the table of {count} attributes ends too early"),
                )
            })?;
            tables.properties.push(property);
        }
        let mut more = || -> Option<()> {
            for _ in 0..reader.u32()? {
                tables.classes.push(class(&mut reader)?);
            }
            for _ in 0..reader.u32()? {
                tables.rights.push(right(&mut reader)?);
            }
            Some(())
        };
        more().ok_or_else(|| {
            ImportError::broken(
                at(&reader),
                "the tables of classes and rights end too early",
            )
        })?;
        Ok(tables)
    }
}

/// u32 bytes with the NUL, then UTF-16LE; zero is empty.
fn string(reader: &mut Reader<'_>) -> Option<String> {
    let length = index(reader.u32()?);
    let bytes = reader.take(length)?;
    let mut out = Vec::new();
    if length > 0 && utf16_until_nul(bytes, &mut out).is_none() {
        return None;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn property(reader: &mut Reader<'_>) -> Option<Property> {
    let name = string(reader)?;
    let (syntax, adstype) = (reader.u32()?, reader.u32()?);
    let dn = string(reader)?;
    let (guid, security_guid) = (reader.array()?, reader.array()?);
    // How ADExplorer shows it.
    reader.u32()?;
    Some(Property {
        name: name.into(),
        layout: Layout::of(syntax, adstype),
        syntax: (syntax, adstype),
        dn,
        guid,
        security_guid,
    })
}

fn class(reader: &mut Reader<'_>) -> Option<Class> {
    let (name, dn) = (string(reader)?, string(reader)?);
    string(reader)?;
    let superclass = string(reader)?;
    let guid = reader.array()?;
    // Default descriptor, binary; LDAP has SDDL there.
    let descriptor = index(reader.u32()?);
    reader.take(descriptor)?;
    for _ in 0..reader.u32()? {
        reader.u32()?;
        string(reader)?;
    }
    let rights = index(reader.u32()?);
    reader.take(rights.checked_mul(16)?)?;
    let mut strings = || -> Option<Vec<String>> {
        let mut list = Vec::new();
        for _ in 0..reader.u32()? {
            list.push(string(reader)?);
        }
        Some(list)
    };
    Some(Class {
        superiors: strings()?,
        auxiliaries: strings()?,
        name,
        dn,
        superclass,
        guid,
    })
}

fn right(reader: &mut Reader<'_>) -> Option<ExtendedRight> {
    let cn = string(reader)?;
    string(reader)?;
    Some(ExtendedRight {
        cn,
        guid: reader.array()?,
        valid_accesses: reader.u32()?,
    })
}

impl Header {
    /// RFC 3339 UTC.
    pub(super) fn time(&self) -> Option<String> {
        wire::rfc3339_of_filetime(self.taken_at)
    }
}
