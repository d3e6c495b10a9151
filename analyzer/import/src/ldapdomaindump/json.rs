//! A value of JSON, as a row of ldapdomaindump holds it.
//!
//! Owns the refusal of a key that comes twice. Deliberately knows no attribute.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// Keys of one object. ldapdomaindump writes up to some hundred.
const KEYS: usize = 4_096;

/// A value. Nothing that is written as a fraction is a value of a directory.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Fraction,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members
                .iter()
                .find_map(|(key, value)| (key == name).then_some(value)),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a row; the error is a clause that quotes nothing of it.
pub(super) fn read(text: &[u8]) -> Result<Json, String> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = Json::deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    read.map_err(|error| {
        let text = error.to_string();
        let known = [TWICE, MANY]
            .into_iter()
            .find(|known| text.starts_with(known));
        format!(
            "{}, at line {} and column {} of the row",
            known.unwrap_or("it is no valid JSON"),
            error.line(),
            error.column()
        )
    })
}

const TWICE: &str = "a key comes twice";
const MANY: &str = "there are too many keys or values";

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(i64::try_from(value).map_or(Json::Fraction, Json::Integer))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Fraction)
            }
            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.to_owned()))
            }
            fn visit_string<E>(self, value: String) -> Result<Json, E> {
                Ok(Json::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    if all.len() >= limits::VALUES {
                        return Err(de::Error::custom(MANY));
                    }
                    all.push(one);
                }
                Ok(Json::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members: Vec<(String, Json)> = Vec::new();
                let mut keys = BTreeSet::new();
                while let Some((key, value)) = map.next_entry::<String, Json>()? {
                    if !keys.insert(key.clone()) {
                        return Err(de::Error::custom(TWICE));
                    }
                    if members.len() >= KEYS {
                        return Err(de::Error::custom(MANY));
                    }
                    members.push((key, value));
                }
                Ok(Json::Object(members))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_of_every_kind() {
        let read = |text: &str| read(text.as_bytes());
        assert_eq!(
            read(r#"{"a": [1, -2, true, null, "x", 1.5]}"#),
            Ok(Json::Object(vec![(
                "a".to_owned(),
                Json::List(vec![
                    Json::Integer(1),
                    Json::Integer(-2),
                    Json::Bool(true),
                    Json::Null,
                    Json::Text("x".to_owned()),
                    Json::Fraction
                ])
            )]))
        );
        assert_eq!(read("18446744073709551615"), Ok(Json::Fraction));
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        let error = read(br#"{"a": 1, "a": 2}"#).unwrap_err();
        assert!(error.starts_with("a key comes twice, at line 1"), "{error}");
        let error = read(br#"{"secret": }"#).unwrap_err();
        assert!(
            error.starts_with("it is no valid JSON") && !error.contains("secret"),
            "{error}"
        );
    }
}
