//! One row as JSON has it.
//!
//! Owns the shape of rows across versions 4 to 6 and refuses a key that comes twice. Deliberately turns nothing into LDAP
//! values.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// A row.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) properties: Vec<(Cow<'a, str>, Value<'a>)>,
    pub(super) aces: Vec<Ace<'a>>,
    pub(super) members: Option<Vec<Principal<'a>>>,
    pub(super) allowed_to_act: Vec<Principal<'a>>,
    pub(super) dump_smsa_password: Option<Vec<Principal<'a>>>,
    pub(super) primary_group: Option<Cow<'a, str>>,
    pub(super) trusts: Vec<Trust<'a>>,
    pub(super) deleted: bool,
}

/// An element of `Trusts`, which domains have.
#[derive(Debug, Default)]
pub(super) struct Trust<'a> {
    pub(super) sid: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    /// `TrustDirection`: a name, or the number of trustDirection (MS-ADTS 6.1.6.7.12).
    pub(super) direction: Option<Value<'a>>,
}

/// An element of `Aces`.
#[derive(Debug, Default)]
pub(super) struct Ace<'a> {
    pub(super) trustee: Option<Cow<'a, str>>,
    pub(super) right: Option<Cow<'a, str>>,
    pub(super) inherited: Option<bool>,
}

/// `{ObjectIdentifier, ObjectType}`, or the identifier alone.
#[derive(Debug, Default)]
pub(super) struct Principal<'a> {
    pub(super) id: Option<Cow<'a, str>>,
}

/// Value of a property.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    /// A list of texts and nothing else.
    List(Vec<Cow<'a, str>>),
    /// Anything else.
    Other,
}

/// Reads a row; the error is a clause that quotes nothing of the row.
pub(super) fn read(text: &[u8]) -> Result<Row<'_>, String> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let row = Row::deserialize(&mut json).and_then(|row| json.end().map(|()| row));
    row.map_err(|error| {
        let text = error.to_string();
        let what = if let Some(known) = [TWICE, MANY]
            .into_iter()
            .find(|known| text.starts_with(known))
        {
            known
        } else if error.is_syntax() || error.is_eof() {
            "it is no valid JSON"
        } else {
            "a value is of another type than expected"
        };
        format!(
            "{what}, at line {} and column {} of the row",
            error.line(),
            error.column()
        )
    })
}

const TWICE: &str = "a key comes twice";
const MANY: &str = "there are too many keys or values";
/// Keys that are compared one by one.
const FEW: usize = 16;
/// Keys of one object, besides the few. Exporters write up to some hundred.
const KEYS: usize = 4_096;

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Text(text) => Ok(Self(text)),
            _ => Err(de::Error::custom("a text was expected")),
        }
    }
}

/// Text, or nothing for null and other types.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Row<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row<'a>, A::Error> {
                let mut row = Row::default();
                let mut keys = Keys::default();
                while let Some(key) = keys.next(&mut map)? {
                    match key.as_ref() {
                        "ObjectIdentifier" => row.id = text(map.next_value()?),
                        "Properties" => row.properties = map.next_value::<Properties<'a>>()?.0,
                        "Aces" => row.aces = map.next_value::<List<Ace<'a>>>()?.0,
                        "Members" => row.members = Some(map.next_value::<List<Principal<'a>>>()?.0),
                        "AllowedToAct" => {
                            row.allowed_to_act = map.next_value::<List<Principal<'a>>>()?.0;
                        }
                        "DumpSMSAPassword" => {
                            row.dump_smsa_password =
                                Some(map.next_value::<List<Principal<'a>>>()?.0);
                        }
                        "Trusts" => row.trusts = map.next_value::<List<Trust<'a>>>()?.0,
                        "PrimaryGroupSID" => row.primary_group = text(map.next_value()?),
                        "IsDeleted" => {
                            row.deleted = map.next_value::<Value<'a>>()? == Value::Bool(true)
                        }
                        _ => drop(map.next_value::<Value<'a>>()?),
                    }
                }
                Ok(row)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Properties<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Properties<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("properties")
            }
            fn visit_unit<E>(self) -> Result<Properties<'a>, E> {
                Ok(Properties(Vec::new()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties<'a>, A::Error> {
                let mut properties = Vec::new();
                let mut keys = Keys::default();
                while let Some(key) = keys.next(&mut map)? {
                    properties.push((key, map.next_value()?));
                }
                Ok(Properties(properties))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// A list, or null.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    if all.len() >= limits::VALUES {
                        return Err(de::Error::custom(MANY));
                    }
                    all.push(one);
                }
                Ok(List(all))
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Ace<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Ace<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a right")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ace<'a>, A::Error> {
                let mut ace = Ace::default();
                let mut keys = Keys::default();
                while let Some(key) = keys.next(&mut map)? {
                    let value: Value<'a> = map.next_value()?;
                    match (key.as_ref(), value) {
                        ("PrincipalSID", value) => ace.trustee = text(value),
                        ("RightName", value) => ace.right = text(value),
                        ("IsInherited", Value::Bool(inherited)) => ace.inherited = Some(inherited),
                        _ => {}
                    }
                }
                Ok(ace)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Trust<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Trust<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a trust")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Trust<'a>, A::Error> {
                let mut trust = Trust::default();
                let mut keys = Keys::default();
                while let Some(key) = keys.next(&mut map)? {
                    let value: Value<'a> = map.next_value()?;
                    match key.as_ref() {
                        "TargetDomainSid" => trust.sid = text(value),
                        "TargetDomainName" => trust.name = text(value),
                        "TrustDirection" => trust.direction = Some(value),
                        _ => {}
                    }
                }
                Ok(trust)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Principal<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Principal<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a principal")
            }
            fn visit_unit<E>(self) -> Result<Principal<'a>, E> {
                Ok(Principal::default())
            }
            fn visit_borrowed_str<E>(self, id: &'de str) -> Result<Principal<'a>, E> {
                Ok(Principal {
                    id: Some(Cow::Borrowed(id)),
                })
            }
            fn visit_str<E>(self, id: &str) -> Result<Principal<'a>, E> {
                Ok(Principal {
                    id: Some(Cow::Owned(id.to_owned())),
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principal<'a>, A::Error> {
                let mut principal = Principal::default();
                let mut keys = Keys::default();
                while let Some(key) = keys.next(&mut map)? {
                    let value: Value<'a> = map.next_value()?;
                    if key == "ObjectIdentifier" {
                        principal.id = text(value);
                    }
                }
                Ok(principal)
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// The keys of an object so far: the first are compared one by one, the others are in a set.
#[derive(Default)]
struct Keys<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    fn next<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<Option<Cow<'a, str>>, A::Error> {
        let Some(Text(key)) = map.next_key::<Text<'de>>()? else {
            return Ok(None);
        };
        let again = self.few.contains(&key)
            || if self.few.len() < FEW {
                self.few.push(key.clone());
                false
            } else {
                !self.many.insert(key.clone())
            };
        if again {
            return Err(de::Error::custom(TWICE));
        }
        if self.many.len() > KEYS {
            return Err(de::Error::custom(MANY));
        }
        Ok(Some(key))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueSeed(PhantomData).deserialize(deserializer)
    }
}

struct ValueSeed<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for ValueSeed<'a> {
    type Value = Value<'a>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for ValueSeed<'a> {
    type Value = Value<'a>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value<'a>, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value<'a>, E> {
        Ok(Value::Integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value<'a>, E> {
        Ok(i64::try_from(value).map_or(Value::Other, Value::Integer))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Value<'a>, E> {
        Ok(Value::Other)
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'a>, A::Error> {
        let mut list = Vec::new();
        let mut only_texts = true;
        while let Some(value) = seq.next_element::<Value<'a>>()? {
            match value {
                Value::Text(text) if only_texts && list.len() < limits::VALUES => list.push(text),
                _ => {
                    only_texts = false;
                    list = Vec::new();
                }
            }
        }
        Ok(if only_texts {
            Value::List(list)
        } else {
            Value::Other
        })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'a>, A::Error> {
        let mut keys = Keys::default();
        while keys.next(&mut map)?.is_some() {
            map.next_value::<Value<'a>>()?;
        }
        Ok(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]
    use super::*;

    #[test]
    fn shapes() {
        let row = read(
            br#"{"ObjectIdentifier":"S-1-5-21-1-2-3-4","Aces":null,"HasSIDHistory":["x",{"a":[1]}],
            "Members":[{"ObjectIdentifier":"a","ObjectType":"Base"},"b",null],"PrimaryGroupSID":null,"IsDeleted":false,
            "Properties":{"name":"A\u0041","n":-1,"x":null,"l":["a","b"],"m":[1],"o":{"p":2},"big":18446744073709551615}}"#,
        )
        .expect("a row");
        assert_eq!(row.id.as_deref(), Some("S-1-5-21-1-2-3-4"));
        let ids: Vec<_> = row
            .members
            .expect("members")
            .into_iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(ids, [Some("a".into()), Some("b".into()), None]);
        let values: Vec<_> = row.properties.into_iter().map(|(_, value)| value).collect();
        assert_eq!(
            values,
            [
                Value::Text("AA".into()),
                Value::Integer(-1),
                Value::Null,
                Value::List(vec!["a".into(), "b".into()]),
                Value::Other,
                Value::Other,
                Value::Other,
            ]
        );
        assert!(row.primary_group.is_none() && row.aces.is_empty() && !row.deleted);
    }

    #[test]
    fn a_key_that_comes_twice_is_an_error_at_every_depth_and_nothing_is_quoted() {
        for text in [
            r#"{"Aces":[],"Aces":[]}"#,
            r#"{"Properties":{"userpassword":"hush","userpassword":"hush"}}"#,
            r#"{"Aces":[{"RightName":"Owns","RightName":"Owns"}]}"#,
            r#"{"Members":[{"ObjectIdentifier":"a","ObjectIdentifier":"b"}]}"#,
            r#"{"Other":[{"x":{"y":1,"y":2}}]}"#,
            r#"{"Other":{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"9":1}}"#,
            r#"{"Other":{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"h":2}}"#,
        ] {
            let error = read(text.as_bytes()).expect_err(text);
            assert!(error.starts_with("a key comes twice, at line 1"), "{error}");
            assert!(!error.contains("hush"));
        }
        let many: Vec<_> = (0..5_000).map(|key| format!("\"{key}\":0")).collect();
        let error = read(format!("{{{}}}", many.join(",")).as_bytes()).expect_err("too many");
        assert!(error.starts_with("there are too many keys"), "{error}");
        let error = read(br#"{"Properties":"hush"}"#).expect_err("no object");
        assert!(
            error.starts_with("a value is of another type") && !error.contains("hush"),
            "{error}"
        );
        let error = read(b"{\"a\":\"\xff\"}").expect_err("no UTF-8");
        assert!(error.starts_with("it is no valid JSON"), "{error}");
    }
}
