//! The schema as the tables of a snapshot have it, for snapshots that were made without the schema's objects.
//!
//! Deliberately gives only what the tables hold unchanged: a class's default descriptor is binary there and SDDL in the
//! directory, and what its objects may hold is told with all that they inherit.

use coldcase_schemas::{Entry, RawAttribute};
use coldcase_winsec::Guid;

use super::tables::{Class, ExtendedRight, Property, Tables};
use crate::error::Place;
use crate::export::{Object, Record};
use crate::naming::Named;

/// Attributes of schema objects and extended rights that the tables tell.
pub(super) const ATTRIBUTES: &[&str] = &[
    "objectClass",
    "lDAPDisplayName",
    "schemaIDGUID",
    "attributeSecurityGUID",
    "subClassOf",
    "systemAuxiliaryClass",
    "systemPossSuperiors",
    "cn",
    "rightsGuid",
    "validAccesses",
];

/// Classes, attributes and extended rights. `place`: where the tables begin.
pub(super) fn objects(tables: &Tables, place: u64) -> Vec<Record> {
    let forest = tables
        .properties
        .iter()
        .map(|property| Named::of(&property.dn).tail)
        .find(|tail| !tail.is_empty())
        .unwrap_or_default();
    let rights = tables.rights.iter().map(|right| of_right(right, forest));
    tables
        .properties
        .iter()
        .map(of_property)
        .chain(tables.classes.iter().map(of_class))
        .chain(rights)
        .map(|entry| {
            Record::Object(Object {
                place: Place::Offset(place),
                entry,
                rounded: Vec::new(),
            })
        })
        .collect()
}

fn one(name: &str, value: &[u8]) -> RawAttribute {
    RawAttribute::new(name, vec![value.to_vec()])
}

fn classes(most_specific: &str) -> RawAttribute {
    RawAttribute::new(
        "objectClass",
        vec![b"top".to_vec(), most_specific.as_bytes().to_vec()],
    )
}

/// Name of an object of the schema, by its DN; none of them holds an escaped character.
fn cn(dn: &str) -> &[u8] {
    let first = dn.split(',').next().unwrap_or_default();
    first.split_once('=').map_or(first, |(_, cn)| cn).as_bytes()
}

fn of_property(property: &Property) -> Entry {
    let mut attributes = vec![
        classes("attributeSchema"),
        one("cn", cn(&property.dn)),
        one("lDAPDisplayName", property.name.as_bytes()),
        one("schemaIDGUID", &property.guid),
    ];
    if property.security_guid != [0; 16] {
        attributes.push(one("attributeSecurityGUID", &property.security_guid));
    }
    Entry {
        dn: property.dn.clone(),
        attributes,
    }
}

fn of_class(class: &Class) -> Entry {
    let mut attributes = vec![
        classes("classSchema"),
        one("cn", cn(&class.dn)),
        one("lDAPDisplayName", class.name.as_bytes()),
        one("subClassOf", class.superclass.as_bytes()),
        one("schemaIDGUID", &class.guid),
    ];
    for (name, values) in [
        ("systemAuxiliaryClass", &class.auxiliaries),
        ("systemPossSuperiors", &class.superiors),
    ] {
        if !values.is_empty() {
            let values = values
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect();
            attributes.push(RawAttribute::new(name, values));
        }
    }
    Entry {
        dn: class.dn.clone(),
        attributes,
    }
}

fn of_right(right: &ExtendedRight, forest: &str) -> Entry {
    Entry {
        dn: format!(
            "CN={},CN=Extended-Rights,CN=Configuration,{forest}",
            right.cn
        ),
        attributes: vec![
            classes("controlAccessRight"),
            one("cn", right.cn.as_bytes()),
            one(
                "rightsGuid",
                Guid::from_wire(right.guid).to_string().as_bytes(),
            ),
            one("validAccesses", right.valid_accesses.to_string().as_bytes()),
        ],
    }
}
