//! Trusts of a domain, which exporters write into its row, as trusted domain objects.
//!
//! Owns the DN: a trusted domain object lies in the container System and is named after the domain it trusts (MS-ADTS
//! 6.1.6.1). Deliberately makes no trustAttributes of the flags that exporters made of them: some bits are lost.

use coldcase_schemas::{Entry, RawAttribute};

use super::row::{Trust, Value};
use crate::error::Place;
use crate::export::{Object, Record};
use crate::wire;

/// What such an object shows.
pub(super) const SHOWN: &[&str] = &[
    "objectClass",
    "trustPartner",
    "securityIdentifier",
    "trustDirection",
];

/// Names of trustDirection in the order of its values.
const DIRECTIONS: [&str; 4] = ["Disabled", "Inbound", "Outbound", "Bidirectional"];

/// The object of a trust of the domain with this DN; why there is none.
pub(super) fn object(trust: &Trust<'_>, domain: &str, place: &Place) -> Result<Record, String> {
    let name = trust.name.as_deref().filter(|name| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !name.is_empty() && name.chars().all(plain)
    });
    let Some(name) = name else {
        return Err("a trust has no name of a domain".to_owned());
    };
    let texts = |values: &[&str]| {
        let values = values.iter().map(|value| value.as_bytes().to_vec());
        values.collect::<Vec<_>>()
    };
    let mut attributes = vec![
        RawAttribute::new("objectClass", texts(&["top", "leaf", "trustedDomain"])),
        RawAttribute::new("trustPartner", texts(&[name])),
    ];
    if let Some(sid) = trust.sid.as_deref().and_then(wire::sid) {
        attributes.push(RawAttribute::new("securityIdentifier", vec![sid]));
    }
    if let Some(direction) = trust.direction.as_ref().and_then(direction) {
        let direction = direction.to_string().into_bytes();
        attributes.push(RawAttribute::new("trustDirection", vec![direction]));
    }
    Ok(Record::Object(Object {
        place: place.clone(),
        entry: Entry {
            dn: format!("CN={name},CN=System,{domain}"),
            attributes,
        },
        rounded: Vec::new(),
    }))
}

fn direction(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(number @ 0..=3) => Some(*number),
        Value::Text(text) => {
            let names = (0..).zip(DIRECTIONS);
            names
                .filter(|(_, name)| name.eq_ignore_ascii_case(text))
                .map(|(number, _)| number)
                .next()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_trust_is_an_object_below_system() {
        let trust = |name: &'static str, direction: Value<'static>| Trust {
            sid: Some(Cow::Borrowed("S-1-5-21-1-2-3")),
            name: Some(Cow::Borrowed(name)),
            direction: Some(direction),
        };
        let place = Place::Line(1);
        let made = |trust: &Trust<'_>| object(trust, "DC=A,DC=B", &place);
        let Ok(Record::Object(found)) = made(&trust("C.D", Value::Text("Inbound".into()))) else {
            unreachable!("it has a name")
        };
        assert_eq!(found.entry.dn, "CN=C.D,CN=System,DC=A,DC=B");
        let one = |name: &str| found.entry.values(name).unwrap().first().unwrap().clone();
        assert_eq!(one("trustDirection"), b"1");
        assert_eq!(one("trustPartner"), b"C.D");
        assert_eq!(Some(one("securityIdentifier")), wire::sid("S-1-5-21-1-2-3"));
        assert_eq!(direction(&Value::Integer(3)), Some(3));
        assert_eq!(direction(&Value::Integer(4)), None);
        assert!(made(&trust("C,CN=D", Value::Null)).is_err());
        assert!(made(&trust("", Value::Null)).is_err());
    }
}
