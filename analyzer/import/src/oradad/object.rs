//! Rows of several files as one object.
//!
//! Owns which file holds an object's own attributes, and which of two values is kept. Deliberately does not find the rows.

use coldcase_schemas::{Entry, RawAttribute};

use super::columns::Layout;
use super::join::{Out, Table, place_of};
use super::table::{Row, text};
use super::value;
use crate::export::{Object, Precision};

/// In which file objects of a class have their own attributes; special classes come first.
const CLASSES: &[(&str, &str)] = &[
    ("msDS-DelegatedManagedServiceAccount", "dmsa"),
    ("msDS-GroupManagedServiceAccount", "gmsa"),
    ("msDS-ManagedServiceAccount", "smsa"),
    ("computer", "computer"),
    ("user", "user"),
    ("group", "group"),
    ("organizationalUnit", "ou"),
    ("groupPolicyContainer", "gpo"),
    ("foreignSecurityPrincipal", "foreignSecurityPrincipal"),
    ("msDS-PasswordSettings", "passwordSettings"),
    ("trustedDomain", "trustedDomain"),
    ("domainDNS", "root"),
    ("classSchema", "class"),
    ("attributeSchema", "attribute"),
    ("controlAccessRight", "controlAccessRight"),
    ("msDS-AuthNPolicySilo", "authNPolicySilo"),
    ("crossRef", "crossRef"),
    ("crossRefContainer", "crossRefContainer"),
    ("nTDSService", "nTDSService"),
];

/// Deleted and recycled objects: by their flags, or by the name that a deleted object is given (MS-ADTS 3.1.1.5.5.1.1).
pub(super) fn is_deleted(row: &Row<'_>, layout: &Layout, dn: &[u8]) -> bool {
    let flagged = layout
        .deleted
        .iter()
        .any(|position| row.field(*position) == Some(&[b'1', 0]));
    flagged || text(dn).contains("\\0ADEL:")
}

/// The file in which an object of these classes has its own attributes.
pub(super) fn request_of(entry: &Entry) -> Option<&'static str> {
    let classes = entry.values("objectClass")?;
    CLASSES
        .iter()
        .find(|(class, _)| {
            classes
                .iter()
                .any(|value| value.eq_ignore_ascii_case(class.as_bytes()))
        })
        .map(|(_, request)| *request)
}

/// Adds the attributes of a row. What a row before had is kept.
pub(super) fn pour(
    object: &mut Object,
    row: &Row<'_>,
    layout: &Layout,
    table: &Table,
    number: u64,
    out: &mut Out,
) {
    for column in &layout.columns {
        let Some(field) = row.field(column.position).filter(|field| !field.is_empty()) else {
            continue;
        };
        let counts = out.forms.entry(column.name).or_default();
        let read = match value::read(column.kind, field) {
            Ok(read) => read,
            Err(what) => {
                counts.1 += 1;
                object.entry.lacks(column.name);
                let dn = Some(object.entry.dn.clone());
                out.trouble(place_of(table, number), dn, Some(column.name), what);
                continue;
            }
        };
        counts.0 += 1;
        let before = object
            .entry
            .attributes
            .iter()
            .find(|before| *before.name == *column.name);
        if let Some(before) = before {
            if before.values != read.values {
                let dn = Some(object.entry.dn.clone());
                let what = "two files of the dump differ; the value of the first is kept";
                out.trouble(place_of(table, number), dn, Some(column.name), what);
            }
            continue;
        }
        if read.rounded {
            object
                .rounded
                .push((column.name.to_owned(), Precision::Second));
        }
        object.entry.attributes.push(RawAttribute {
            complete: !read.cut,
            ..RawAttribute::new(column.name, read.values)
        });
    }
}
