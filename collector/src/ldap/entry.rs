//! One search result entry, decoded from its raw ASN.1 (RFC 4511, section 4.5.2).
//!
//! Values stay bytes in the order of arrival. Deliberately never panics: a malformed entry is an error
//! that the query reports.

use coldcase_schemas::{Entry, RawAttribute};
use ldap3::asn1::{PL, StructureTag};

use super::range;

/// SearchResultEntry ::= [APPLICATION 4] SEQUENCE { objectName, attributes }
const SEARCH_RESULT_ENTRY: u64 = 4;

/// An entry, and the attributes of which only a first range has come.
#[derive(Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) entry: Entry,
    /// Position in `entry.attributes` and the index of the next value.
    pub(crate) unfinished: Vec<(usize, usize)>,
}

impl Decoded {
    /// The entry as it is, where the rest of its ranged attributes can no longer be fetched.
    pub(crate) fn cut_short(self) -> Entry {
        let mut entry = self.entry;
        for (position, _) in self.unfinished {
            if let Some(attribute) = entry.attributes.get_mut(position) {
                attribute.complete = false;
            }
        }
        entry
    }
}

/// Decodes a SearchResultEntry.
pub(super) fn decode(tag: StructureTag) -> Result<Decoded, &'static str> {
    if tag.id != SEARCH_RESULT_ENTRY {
        return Err("not an entry");
    }
    let mut parts = constructed(tag)?.into_iter();
    let dn = text(parts.next().ok_or("an entry without a DN")?)?;
    let attributes = constructed(parts.next().ok_or("an entry without attributes")?)?;
    let mut entry = Entry {
        dn,
        attributes: Vec::with_capacity(attributes.len()),
    };
    let mut unfinished = Vec::new();
    for attribute in attributes {
        let (description, values) = partial_attribute(attribute)?;
        let described = range::parse(&description);
        if values.is_empty() && described.next.is_none() {
            // A server that answers in ranges names the attribute once more, without values.
            continue;
        }
        if let Some(next) = described.next {
            unfinished.push((entry.attributes.len(), next));
        }
        entry
            .attributes
            .push(RawAttribute::new(described.name, values));
    }
    Ok(Decoded { entry, unfinished })
}

/// PartialAttribute ::= SEQUENCE { type AttributeDescription, vals SET OF value }
fn partial_attribute(tag: StructureTag) -> Result<(String, Vec<Vec<u8>>), &'static str> {
    let mut parts = constructed(tag)?.into_iter();
    let description = text(parts.next().ok_or("an attribute without a name")?)?;
    let values = constructed(parts.next().ok_or("an attribute without a set of values")?)?
        .into_iter()
        .map(primitive)
        .collect::<Result<_, _>>()?;
    Ok((description, values))
}

fn constructed(tag: StructureTag) -> Result<Vec<StructureTag>, &'static str> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        PL::P(_) => Err("a primitive element where a sequence belongs"),
    }
}

fn primitive(tag: StructureTag) -> Result<Vec<u8>, &'static str> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err("a sequence where a primitive element belongs"),
    }
}

fn text(tag: StructureTag) -> Result<String, &'static str> {
    String::from_utf8(primitive(tag)?).map_err(|_| "a name that is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::TagClass;

    fn tag(id: u64, payload: PL) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id,
            payload,
        }
    }

    fn octets(bytes: &[u8]) -> StructureTag {
        tag(4, PL::P(bytes.to_vec()))
    }

    fn attribute(name: &str, values: &[&[u8]]) -> StructureTag {
        let values = values.iter().map(|value| octets(value)).collect();
        tag(
            16,
            PL::C(vec![octets(name.as_bytes()), tag(17, PL::C(values))]),
        )
    }

    fn entry(attributes: Vec<StructureTag>) -> StructureTag {
        tag(4, PL::C(vec![octets(b"CN=a"), tag(16, PL::C(attributes))]))
    }

    #[test]
    fn values_keep_their_order_whatever_they_look_like() {
        // BUILTIN\Administrators is valid UTF-8; the value after it is not.
        let builtin = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        let decoded = decode(entry(vec![attribute(
            "sIDHistory",
            &[&builtin, &[0xFF, 0xFE]],
        )]))
        .unwrap_or_else(|_| unreachable!("well-formed"));
        assert_eq!(
            decoded.entry.values("sidhistory"),
            Some(&[builtin.to_vec(), vec![0xFF, 0xFE]][..])
        );
        assert!(decoded.unfinished.is_empty());
    }

    #[test]
    fn a_range_is_joined_and_its_bare_name_ignored() {
        let decoded = decode(entry(vec![
            attribute("member", &[]),
            attribute("member;range=0-1", &[b"CN=x", b"CN=y"]),
        ]));
        let Ok(decoded) = decoded else {
            unreachable!("well-formed")
        };
        assert_eq!(decoded.entry.attributes.len(), 1);
        assert_eq!(decoded.unfinished, [(0, 2)]);
    }

    #[test]
    fn malformed_entries_are_errors() {
        for bad in [
            octets(b"x"),
            tag(4, PL::C(vec![])),
            tag(4, PL::C(vec![octets(b"CN=a")])),
            tag(4, PL::C(vec![octets(&[0xFF]), tag(16, PL::C(vec![]))])),
            entry(vec![octets(b"not a sequence")]),
            entry(vec![tag(
                16,
                PL::C(vec![octets(b"cn"), octets(b"not a set")]),
            )]),
        ] {
            assert!(decode(bad).is_err());
        }
    }
}
