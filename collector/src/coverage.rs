//! Attributes that were asked for and came with no object of a class, told apart by what the server says of itself.
//!
//! Three facts decide: the collected schema, allowedAttributes of objects of the class (MS-ADTS 3.1.1.4.5.6), and
//! replPropertyMetaData (MS-ADTS 3.1.1.1.9; MS-DRSR 5.166), which lists the attributes that were ever written, even those
//! whose values the reader may not see. Where they say nothing, the answer is *unknown*.
//! Deliberately does not evaluate access rights.

use std::collections::HashSet;

use coldcase_schemas::container::hex;
use coldcase_schemas::ledger::{Absence, CoverageRow};
use coldcase_schemas::snapshot::{ClassSeen, SchemaAttribute};
use coldcase_schemas::{Entry, SnapshotError, SnapshotWriter};

use crate::ldap::Connection;

/// systemFlags of a schema object (MS-ADTS 2.2.10): not replicated, constructed, of the base schema.
const NOT_REPLICATED: i64 = 0x1;
const CONSTRUCTED: i64 = 0x4;
const BASE_OBJECT: i64 = 0x10;

/// Prefixes of OIDs and their indexes in an ATTRTYP (MS-DRSR 5.16.4).
const PREFIXES: &[(&str, u32)] = &[
    ("2.5.4.", 0),
    ("1.2.840.113556.1.2.", 2),
    ("1.2.840.113556.1.4.", 9),
    ("0.9.2342.19200300.100.1.", 21),
    ("2.16.840.1.113730.3.1.", 22),
];

/// What the server told of some objects of a class.
#[derive(Debug, Default)]
struct Told {
    /// Lower-case lDAPDisplayNames the class may have; `None` if it was not told of any object.
    allowed: Option<HashSet<String>>,
    /// ATTRTYPs that were written once on one of the objects, and so are set.
    set: HashSet<u32>,
    /// ATTRTYPs that were written more than once on one of the objects: set, or cleared by now.
    written: HashSet<u32>,
    /// True if the metadata of every object of the class came.
    all: bool,
}

/// Tells apart why attributes of `queries` did not come. `connection` is `None` if it was lost; then little is known.
pub(crate) fn tell_apart(
    writer: &SnapshotWriter,
    connection: &mut Option<Connection>,
    queries: &[String],
) -> Result<Vec<CoverageRow>, SnapshotError> {
    let attributes = writer.schema_attributes()?;
    let mut seen_by_query = writer.classes()?;
    let mut rows = Vec::new();
    for query in queries {
        for seen in seen_by_query.remove(query).unwrap_or_default() {
            if seen.absent.is_empty() {
                continue;
            }
            let told = connection
                .as_mut()
                .map_or_else(Told::default, |connection| ask(connection, &seen));
            for attribute in &seen.absent {
                let schema = attributes.as_ref().map(|known| known.of(attribute));
                rows.push(CoverageRow {
                    query: query.clone(),
                    class: seen.class.clone(),
                    attribute: attribute.clone(),
                    objects: seen.objects,
                    absence: judge(attribute, schema.as_ref(), &told),
                });
            }
        }
    }
    Ok(rows)
}

fn ask(connection: &mut Connection, seen: &ClassSeen) -> Told {
    let mut told = Told {
        all: seen.samples.len() as u64 == seen.objects,
        ..Told::default()
    };
    for guid in &seen.samples {
        // A DN may name an object by the bytes of its GUID (MS-ADTS 3.1.1.3.1.2.4).
        let dn = format!("<GUID={}>", hex(guid));
        // What a class may have is the same for each of its objects, and costs the server most.
        let names: &[&str] = if told.allowed.is_none() {
            &["replPropertyMetaData", "allowedAttributes"]
        } else {
            &["replPropertyMetaData"]
        };
        let Some(entry) = connection.object(&dn, names) else {
            told.all = false;
            continue;
        };
        take(&mut told, &entry);
    }
    told
}

fn take(told: &mut Told, entry: &Entry) {
    if let Some(names) = entry.values("allowedAttributes") {
        let allowed = told.allowed.get_or_insert_default();
        let names = names
            .iter()
            .filter_map(|name| std::str::from_utf8(name).ok());
        allowed.extend(names.map(str::to_ascii_lowercase));
    }
    let metadata = entry
        .values("replPropertyMetaData")
        .and_then(|values| values.first())
        .and_then(|value| ever_set(value));
    match metadata {
        Some(attributes) => {
            for (id, version) in attributes {
                let seen = if version == 1 {
                    &mut told.set
                } else {
                    &mut told.written
                };
                seen.insert(id);
            }
        }
        None => told.all = false,
    }
}

fn judge(attribute: &str, schema: Option<&SchemaAttribute>, told: &Told) -> Absence {
    if schema == Some(&SchemaAttribute::Missing) {
        return Absence::NotInSchema;
    }
    if let Some(allowed) = &told.allowed
        && !allowed.contains(&attribute.to_ascii_lowercase())
    {
        return Absence::NotInClass;
    }
    let Some(SchemaAttribute::Known {
        oid,
        linked,
        system_flags,
    }) = schema
    else {
        return Absence::Unknown;
    };
    // Values of links and of what is not replicated leave no trace in an object's metadata; attributes that were added
    // to the schema have identifiers of their own there.
    let traced = !linked
        && system_flags & (NOT_REPLICATED | CONSTRUCTED) == 0
        && system_flags & BASE_OBJECT != 0;
    match attribute_type(oid).filter(|_| traced) {
        Some(id) if told.set.contains(&id) => Absence::NotReadable,
        Some(id) if told.all && !told.written.contains(&id) => Absence::NoValue,
        _ => Absence::Unknown,
    }
}

/// The ATTRTYP of an OID whose prefix is in the default table (MS-DRSR 5.16.4, MakeAttid).
fn attribute_type(oid: &str) -> Option<u32> {
    let (arc, index) = PREFIXES
        .iter()
        .find_map(|(prefix, index)| Some((oid.strip_prefix(prefix)?, *index)))?;
    let arc: u32 = arc.parse().ok()?;
    let low = if arc < 128 {
        arc
    } else {
        let low = arc % 16_384;
        if arc >= 16_384 { low + 32_768 } else { low }
    };
    Some(index << 16 | low)
}

/// The attributes of a PROPERTY_META_DATA_VECTOR as it is stored: a head of 16 bytes, then 48 bytes each.
/// With each, dwVersion: 1 if it was written once, so that it has the value still.
fn ever_set(bytes: &[u8]) -> Option<Vec<(u32, u32)>> {
    let (head, entries) = bytes.split_at_checked(16)?;
    let version = u32::from_le_bytes(head.get(..4)?.try_into().ok()?);
    let count = u32::from_le_bytes(head.get(8..12)?.try_into().ok()?) as usize;
    if version != 1 || entries.len() != count.checked_mul(48)? {
        return None;
    }
    let number = |bytes: Option<&[u8]>| Some(u32::from_le_bytes(bytes?.try_into().ok()?));
    entries
        .chunks_exact(48)
        .map(|entry| Some((number(entry.get(..4))?, number(entry.get(4..8))?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(types: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes.splice(0..4, 1_u32.to_le_bytes());
        bytes.splice(8..12, (types.len() as u32).to_le_bytes());
        for id in types {
            bytes.extend(id.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend([0; 40]);
        }
        bytes
    }

    fn known(system_flags: i64) -> SchemaAttribute {
        SchemaAttribute::Known {
            oid: "1.2.840.113556.1.4.2200".to_owned(),
            linked: false,
            system_flags,
        }
    }

    #[test]
    fn identifiers_of_attributes() {
        assert_eq!(attribute_type("2.5.4.3"), Some(3));
        assert_eq!(attribute_type("1.2.840.113556.1.2.281"), Some(0x0002_0119));
        assert_eq!(attribute_type("1.2.840.113556.1.4.2200"), Some(0x0009_0898));
        assert_eq!(attribute_type("1.3.6.1.4.1.1"), None);
    }

    #[test]
    fn metadata_of_a_stranger_is_not_believed() {
        assert_eq!(ever_set(&vector(&[3, 7])), Some(vec![(3, 1), (7, 1)]));
        let whole = vector(&[3]);
        for length in 0..whole.len() {
            assert_eq!(ever_set(whole.get(..length).unwrap_or_default()), None);
        }
        let mut liar = vector(&[]);
        liar.splice(8..12, u32::MAX.to_le_bytes());
        assert_eq!(ever_set(&liar), None);
    }

    #[test]
    fn each_reason_has_its_evidence() {
        let name = "msDS-GroupMSAMembership";
        let allowed = || Some(HashSet::from([name.to_ascii_lowercase()]));
        let told = |ever_set: &[u32], all| Told {
            allowed: allowed(),
            set: ever_set.iter().copied().collect(),
            written: HashSet::new(),
            all,
        };
        let base = known(BASE_OBJECT);
        let judged = |schema: Option<&SchemaAttribute>, told: &Told| judge(name, schema, told);
        assert_eq!(
            judged(Some(&SchemaAttribute::Missing), &told(&[], true)),
            Absence::NotInSchema
        );
        let elsewhere = Told {
            allowed: Some(HashSet::new()),
            ..told(&[], true)
        };
        assert_eq!(judged(Some(&base), &elsewhere), Absence::NotInClass);
        assert_eq!(
            judged(Some(&base), &told(&[0x0009_0898], false)),
            Absence::NotReadable
        );
        assert_eq!(judged(Some(&base), &told(&[], true)), Absence::NoValue);
        assert_eq!(judged(Some(&base), &told(&[], false)), Absence::Unknown);
        assert_eq!(judged(None, &told(&[], true)), Absence::Unknown);
        let cleared = Told {
            set: HashSet::new(),
            written: HashSet::from([0x0009_0898]),
            ..told(&[], true)
        };
        assert_eq!(judged(Some(&base), &cleared), Absence::Unknown);
        let constructed = known(BASE_OBJECT | CONSTRUCTED);
        assert_eq!(
            judged(Some(&constructed), &told(&[], true)),
            Absence::Unknown
        );
        assert_eq!(judged(Some(&known(0)), &told(&[], true)), Absence::Unknown);
    }
}
