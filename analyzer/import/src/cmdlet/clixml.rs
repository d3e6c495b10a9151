//! Accounts of an XML text that Export-Clixml wrote (MS-PSRP 2.2.5).
//!
//! Owns elements and references between objects. Deliberately makes no object of a type that the text names and reads no
//! document type.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::escape::{character, unescaped};
use super::text::Text;
use super::value::{Composite, Value};
use super::{Found, Properties, VALUES};
use crate::error::{ImportError, Place};
use crate::limits;

/// Reads an XML text.
pub(super) struct Clixml<R> {
    reader: Reader<BufReader<Text<R>>>,
    buffer: Vec<u8>,
    name: String,
    row: u64,
    stack: Vec<Frame>,
    begun: bool,
    /// Objects of this account by their number; `None` while one is still open.
    objects: HashMap<u64, Option<Value>>,
    /// The greatest number of an object so far.
    greatest: Option<u64>,
    values: usize,
}

/// An element that is open.
enum Frame {
    /// The root.
    Root,
    /// An object at the top that turned out to be a list of accounts.
    ListOfAccounts,
    /// Its elements.
    Accounts,
    Object(Object),
    /// `Props` or `MS`: members of the object below.
    Members,
    /// `LST` and its kin: elements of the object below.
    List,
    /// An element with text.
    Scalar {
        tag: Tag,
        name: Option<String>,
        text: String,
    },
    /// An element that is not read; how many are open in it.
    Skipped(u64),
}

#[derive(Default)]
struct Object {
    name: Option<String>,
    id: Option<u64>,
    account: bool,
    members: Properties,
    composite: Composite,
}

/// Elements with text (MS-PSRP 2.2.5.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    ToString,
    Text,
    Boolean,
    Number,
    Time,
    Bytes,
}

fn tag(name: &str) -> Option<Tag> {
    Some(match name {
        "ToString" => Tag::ToString,
        "S" | "G" => Tag::Text,
        "B" => Tag::Boolean,
        "I16" | "I32" | "I64" | "U16" | "U32" | "U64" | "By" | "SB" => Tag::Number,
        "DT" => Tag::Time,
        "BA" => Tag::Bytes,
        _ => return None,
    })
}

impl<R: Read> Clixml<R> {
    pub(super) fn new(name: String, text: Text<R>) -> Self {
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 << 10, text));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            name,
            row: 0,
            stack: Vec::new(),
            begun: false,
            objects: HashMap::new(),
            greatest: None,
            values: 0,
        }
    }

    /// The text below.
    pub(super) fn text(&self) -> &Text<R> {
        self.reader.get_ref().get_ref()
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

    /// The next account.
    pub(super) fn next_account(&mut self) -> Result<Option<Found>, ImportError> {
        loop {
            // The text of a skipped part counts too.
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer);
            let event = match event {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    let error = std::io::Error::new(error.kind(), error.to_string());
                    return Err(self.text().error(self.place(), error));
                }
                Err(_) => return Err(self.broken("it is no XML from here on")),
            };
            let found = match event {
                Event::Start(element) => {
                    self.start(&element)?;
                    None
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => {
                    self.append(&text.xml10_content());
                    None
                }
                Event::CData(text) => {
                    self.append(&text.xml10_content());
                    None
                }
                Event::GeneralRef(entity) => {
                    let Some(character) = character(&entity) else {
                        return Err(self.broken("it uses an entity that is none of XML's five"));
                    };
                    self.append(character.encode_utf8(&mut [0; 4]));
                    None
                }
                Event::DocType(_) => {
                    return Err(self.broken(
                        "it declares a document type, which Export-Clixml never does and which is not read",
                    ));
                }
                Event::Eof => {
                    if !self.begun || !self.stack.is_empty() {
                        return Err(self.broken("the file ends before its last element does"));
                    }
                    return Ok(None);
                }
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            };
            self.buffer = buffer;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn append(&mut self, more: &str) {
        if let Some(Frame::Scalar { text, .. }) = self.stack.last_mut() {
            text.push_str(more);
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), ImportError> {
        let local = element.local_name();
        let local: &str = local.as_ref();
        match self.stack.last_mut() {
            None if self.begun || local != "Objs" => {
                return Err(self.broken("one element Objs was expected"));
            }
            None => {
                self.begun = true;
                self.stack.push(Frame::Root);
                return Ok(());
            }
            Some(Frame::Skipped(depth)) => {
                *depth += 1;
                return self.note_skipped(element);
            }
            _ => {}
        }
        let (name, id) = self.attributes(element)?;
        if self.stack.len() >= limits::DEPTH {
            return self.skip(element, name, Value::Bad("it is nested too deep"));
        }
        let top = matches!(self.stack.last(), Some(Frame::Root | Frame::Accounts));
        match self.stack.last_mut() {
            Some(Frame::Root | Frame::Accounts) => {
                if local != "Obj" {
                    return self.skip(element, None, Value::Null);
                }
                self.row += 1;
                self.objects.clear();
                self.values = 0;
                self.reader.get_mut().get_mut().next_account();
                self.open(name, id, top)
            }
            Some(Frame::Object(object)) => match local {
                "Props" | "MS" => {
                    self.stack.push(Frame::Members);
                    Ok(())
                }
                "LST" | "IE" | "STK" | "QUE" => {
                    // An account prints as its name; a list has nothing to print.
                    let is_list = object.members.is_empty() && object.composite.text.is_none();
                    if object.account && is_list {
                        // Several accounts in one list, as `-InputObject` writes them.
                        self.row = self.row.saturating_sub(1);
                        self.stack.pop();
                        self.stack.push(Frame::ListOfAccounts);
                        self.stack.push(Frame::Accounts);
                    } else {
                        object.composite.list.get_or_insert_default();
                        self.stack.push(Frame::List);
                    }
                    Ok(())
                }
                _ => match tag(local) {
                    // Without a name: what the object is when it is printed, or the value that it wraps.
                    Some(tag) => self.scalar(tag, None),
                    None => self.skip(element, None, Value::Null),
                },
            },
            Some(Frame::Members | Frame::List) => match local {
                "Obj" => self.open(name, id, false),
                "Ref" => {
                    let value = self.reference(id);
                    self.attach(name, value)?;
                    self.stack.push(Frame::Skipped(0));
                    Ok(())
                }
                "Nil" => self.skip(element, name, Value::Null),
                _ => match tag(local) {
                    Some(tag) => self.scalar(tag, name),
                    None => self.skip(element, name, Value::Lost),
                },
            },
            // An element inside of text, or beside the list of accounts.
            _ => self.skip(element, None, Value::Null),
        }
    }

    fn scalar(&mut self, tag: Tag, name: Option<String>) -> Result<(), ImportError> {
        self.stack.push(Frame::Scalar {
            tag,
            name,
            text: String::new(),
        });
        Ok(())
    }

    fn open(
        &mut self,
        name: Option<String>,
        id: Option<u64>,
        account: bool,
    ) -> Result<(), ImportError> {
        if let Some(id) = id {
            self.greatest = self.greatest.max(Some(id));
            if self.objects.insert(id, None).is_some() {
                return Err(self.broken("two objects have the same RefId"));
            }
        }
        self.stack.push(Frame::Object(Object {
            name,
            id,
            account,
            ..Object::default()
        }));
        Ok(())
    }

    /// Leaves an element out; its member has `value`.
    fn skip(
        &mut self,
        element: &BytesStart<'_>,
        name: Option<String>,
        value: Value,
    ) -> Result<(), ImportError> {
        self.note_skipped(element)?;
        if matches!(self.stack.last(), Some(Frame::Members | Frame::List)) {
            self.attach(name, value)?;
        }
        self.stack.push(Frame::Skipped(0));
        Ok(())
    }

    /// An object that is not read can be referred to all the same.
    fn note_skipped(&mut self, element: &BytesStart<'_>) -> Result<(), ImportError> {
        if element.local_name().as_ref() == "Obj"
            && let (_, Some(id)) = self.attributes(element)?
        {
            self.greatest = self.greatest.max(Some(id));
        }
        Ok(())
    }

    fn attributes(
        &self,
        element: &BytesStart<'_>,
    ) -> Result<(Option<String>, Option<u64>), ImportError> {
        let (mut name, mut id) = (None, None);
        for attribute in element.attributes() {
            let broken = || self.broken("an element has an attribute that cannot be read");
            let attribute = attribute.map_err(|_| broken())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| broken())?;
            match attribute.key.as_ref() {
                "N" => name = Some(unescaped(&value)),
                "RefId" => id = Some(value.parse().map_err(|_| broken())?),
                _ => {}
            }
        }
        Ok((name, id))
    }

    fn reference(&self, id: Option<u64>) -> Value {
        let known = id.and_then(|id| self.objects.get(&id));
        match known {
            Some(Some(value)) => value.clone(),
            Some(None) => Value::Bad("it refers to an object that it is a part of"),
            None if id.is_some() && id <= self.greatest => {
                Value::Bad("it refers to an object that is not read")
            }
            None => Value::Bad("it refers to an object that is not there"),
        }
    }

    /// Puts a value where the open element wants it.
    fn attach(&mut self, name: Option<String>, value: Value) -> Result<(), ImportError> {
        self.values += 1;
        if self.values > VALUES {
            return Err(ImportError::TooLarge {
                place: self.place(),
                what: "the number of values of one account".to_owned(),
                limit: VALUES.to_string(),
            });
        }
        let in_list = matches!(self.stack.last(), Some(Frame::List));
        let object = self.stack.iter_mut().rev().find_map(|frame| match frame {
            Frame::Object(object) => Some(object),
            _ => None,
        });
        let Some(object) = object else {
            return Ok(());
        };
        if in_list {
            object.composite.list.get_or_insert_default().push(value);
        } else if let Some(name) = name {
            if object.account {
                object.members.push((name, value));
            } else if name.eq_ignore_ascii_case("Sddl") {
                if let Value::Text(text) = value {
                    object.composite.sddl.get_or_insert(text);
                }
            } else if name.eq_ignore_ascii_case("Value") {
                object.composite.value.get_or_insert(value);
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Option<Found>, ImportError> {
        match self.stack.pop() {
            Some(Frame::Skipped(depth)) if depth > 0 => self.stack.push(Frame::Skipped(depth - 1)),
            Some(Frame::Scalar { tag, name, text }) => {
                let value = scalar_value(tag, &text);
                match self.stack.last_mut() {
                    Some(Frame::Object(object)) => match (tag, value) {
                        (Tag::ToString, Value::Text(text)) => object.composite.text = Some(text),
                        (_, value) => {
                            object.composite.value.get_or_insert(value);
                        }
                    },
                    _ => self.attach(name, value)?,
                }
            }
            Some(Frame::Object(object)) if object.account => {
                let place = self.place();
                self.objects.clear();
                return Ok(Some((place, finished(object.members))));
            }
            Some(Frame::Object(object)) => {
                let value = match object.composite.value {
                    // A scalar that .NET wrapped, without anything else.
                    Some(value @ (Value::Number(_) | Value::Boolean(_) | Value::Bytes(_))) => value,
                    _ => Value::Object(Rc::new(object.composite)),
                };
                if let Some(id) = object.id {
                    self.objects.insert(id, Some(value.clone()));
                }
                self.attach(object.name, value)?;
            }
            _ => {}
        }
        Ok(None)
    }
}

/// The properties of an account, each once: `MS` repeats what `Props` has.
fn finished(mut members: Properties) -> Result<Properties, String> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(members.len());
    let mut contradiction = false;
    let mut kept: Properties = Vec::with_capacity(members.len());
    for (name, value) in members.drain(..) {
        match seen.get(&name.to_lowercase()) {
            Some(before) => {
                contradiction |= kept.get(*before).is_none_or(|(_, first)| *first != value);
            }
            None => {
                seen.insert(name.to_lowercase(), kept.len());
                kept.push((name, value));
            }
        }
    }
    if contradiction {
        return Err("a property comes twice with different values".to_owned());
    }
    Ok(kept)
}

fn scalar_value(tag: Tag, text: &str) -> Value {
    match tag {
        Tag::ToString | Tag::Text => Value::Text(unescaped(text)),
        Tag::Boolean => match text.trim() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => Value::Bad("it is neither true nor false"),
        },
        Tag::Number => text.trim().parse().map_or(
            Value::Bad("it is not a whole number of 64 bits"),
            Value::Number,
        ),
        Tag::Time => Value::Time(text.trim().to_owned()),
        Tag::Bytes => STANDARD
            .decode(text.trim())
            .map_or(Value::Bad("it is not base64"), Value::Bytes),
    }
}
