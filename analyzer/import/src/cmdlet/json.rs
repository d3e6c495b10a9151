//! Accounts of a JSON text that ConvertTo-Json wrote.
//!
//! Owns the array around the accounts and which members of an object tell its value. Deliberately keeps nothing of what
//! .NET adds.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::text::Text;
use super::value::{Composite, Value};
use super::{Found, Properties, VALUES};
use crate::error::{ImportError, Place};

/// How deep an account is looked into; ConvertTo-Json goes two levels unless it is told to go further.
const DEPTH: usize = 6;

/// Reads a JSON text.
pub(super) struct Json<R> {
    input: BufReader<Text<R>>,
    name: String,
    row: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    /// In the array, before an element or its end.
    Array {
        first: bool,
    },
    /// Accounts without an array around them, one after another.
    Bare,
    End,
}

impl<R: Read> Json<R> {
    pub(super) fn new(name: String, text: Text<R>) -> Self {
        Self {
            input: BufReader::with_capacity(64 << 10, text),
            name,
            row: 0,
            state: State::Start,
        }
    }

    /// The text below.
    pub(super) fn text(&self) -> &Text<R> {
        self.input.get_ref()
    }

    fn place(&self) -> Place {
        Place::Row {
            file: self.name.clone(),
            row: self.row,
        }
    }

    fn broken(&self, what: &str) -> ImportError {
        ImportError::broken(self.place(), what)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<Option<u8>, ImportError> {
        let place = self.place();
        loop {
            let found = match self.input.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(bytes) => {
                    let blank = bytes
                        .iter()
                        .take_while(|byte| byte.is_ascii_whitespace() || **byte == 0)
                        .count();
                    let next = bytes.get(blank).copied();
                    (blank, next)
                }
                Err(error) => return Err(self.text().error(place, error)),
            };
            self.input.consume(found.0);
            if found.1.is_some() {
                return Ok(found.1);
            }
        }
    }

    /// The next account.
    pub(super) fn next_account(&mut self) -> Result<Option<Found>, ImportError> {
        self.input.get_mut().next_account();
        if self.state == State::Start {
            self.state = match self.peek()? {
                Some(b'[') => {
                    self.input.consume(1);
                    State::Array { first: true }
                }
                _ => State::Bare,
            };
        }
        let next = self.peek()?;
        match (self.state, next) {
            (State::Array { .. }, Some(b']')) => {
                self.input.consume(1);
                self.state = State::End;
                if self.peek()?.is_some() {
                    return Err(self.broken("there is more after its end"));
                }
                return Ok(None);
            }
            (State::Array { first: true }, Some(_)) => self.state = State::Array { first: false },
            (State::Array { first: false }, Some(b',')) => {
                self.input.consume(1);
                self.peek()?;
            }
            (State::Array { .. }, Some(_)) => return Err(self.broken("a comma was expected")),
            (State::Array { .. }, None) => {
                return Err(self.broken("the file ends before its value does"));
            }
            (State::Bare | State::Start, Some(_)) => {}
            (State::Bare | State::Start | State::End, _) => {
                self.state = State::End;
                return Ok(None);
            }
        }
        self.row += 1;
        if self.peek()? != Some(b'{') {
            return Err(self.broken("an account was expected, which is an object"));
        }
        let mut values = 0;
        let mut duplicate = false;
        let place = self.place();
        let read = {
            let mut json = serde_json::Deserializer::from_reader(&mut self.input);
            Members {
                values: &mut values,
                duplicate: &mut duplicate,
            }
            .deserialize(&mut json)
        };
        match read {
            Ok(_) if duplicate => Ok(Some((
                place,
                Err("a key comes twice in one object".to_owned()),
            ))),
            Ok(properties) => Ok(Some((place, Ok(properties)))),
            Err(error) if self.text().is_over() => {
                Err(self.text().error(place, std::io::Error::other(error)))
            }
            Err(error) if error.is_io() => Err(ImportError::Io(error.into())),
            // The words of the error name the place and what was expected, never a value.
            Err(error) => Err(ImportError::broken(
                place,
                match error.classify() {
                    serde_json::error::Category::Eof => "the file ends inside an account",
                    serde_json::error::Category::Data => "an account has too many values",
                    _ => "it is no JSON from here on",
                },
            )),
        }
    }
}

/// Reads the members of an account.
struct Members<'a> {
    values: &'a mut usize,
    duplicate: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Properties;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Properties, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an account")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let mut members: Properties = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(One {
                depth: 1,
                values: self.values,
                duplicate: self.duplicate,
            })?;
            members.push((name, value));
        }
        let mut names: Vec<String> = members
            .iter()
            .map(|(name, _)| name.to_lowercase())
            .collect();
        names.sort_unstable();
        *self.duplicate |= names.array_windows().any(|[one, next]| one == next);
        Ok(members)
    }
}

/// Reads one value.
struct One<'a> {
    depth: usize,
    values: &'a mut usize,
    duplicate: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        *self.values += 1;
        if *self.values > VALUES {
            return Err(D::Error::custom("too many values"));
        }
        if self.depth > DEPTH {
            json.deserialize_ignored_any(IgnoredAny)?;
            return Ok(Value::Lost);
        }
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        let number = i64::try_from(value);
        Ok(number.map_or(Value::Bad("it is over 64 bits with sign"), Value::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Bad("it is not a whole number of 64 bits"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let element = One {
                depth: self.depth + 1,
                values: self.values,
                duplicate: self.duplicate,
            };
            match seq.next_element_seed(element)? {
                Some(value) => list.push(value),
                None => return Ok(Value::List(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Composite::default();
        while let Some(name) = map.next_key::<String>()? {
            let value = One {
                depth: self.depth + 1,
                values: self.values,
                duplicate: self.duplicate,
            };
            // Windows PowerShell wraps some lists and dates: `value`.
            if name.eq_ignore_ascii_case("Value") {
                let value = map.next_value_seed(value)?;
                *self.duplicate |= object.value.replace(value).is_some();
            } else if name.eq_ignore_ascii_case("Sddl") {
                if let Value::Text(text) = map.next_value_seed(value)? {
                    *self.duplicate |= object.sddl.replace(text).is_some();
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(Rc::new(object)))
    }
}
