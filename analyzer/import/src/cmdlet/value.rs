//! A value as PowerShell serialised it, and the way back to LDAP wire values.
//!
//! Owns what each attribute syntax accepts. Deliberately parses no date in a user's culture, and no name of a .NET type
//! passes for a value.

use std::rc::Rc;

use coldcase_schemas::attribute::{Attribute, Syntax};
use coldcase_winsec::{SddlDomains, SecurityDescriptor};
use jiff::Timestamp;

use crate::wire;

/// A value of a property.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Number(i64),
    Boolean(bool),
    Bytes(Vec<u8>),
    /// A point in time as ISO 8601 text.
    Time(String),
    List(Vec<Value>),
    /// An object of .NET, of which only some members are read.
    Object(Rc<Composite>),
    /// It is there, and the export lost what it is.
    Lost,
    /// It cannot be read; a clause that says why.
    Bad(&'static str),
}

/// The members of an object that tell its value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Composite {
    /// What its ToString gave.
    pub(super) text: Option<String>,
    /// Member `Value`: of a SID its text, of a wrapped list or date the list or date.
    pub(super) value: Option<Value>,
    /// Member `Sddl` of a descriptor.
    pub(super) sddl: Option<String>,
    /// Its elements, if it is a list.
    pub(super) list: Option<Vec<Value>>,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The export lost it.
    Lost,
    /// A clause that says what is wrong.
    Wrong(String),
}

fn wrong<T>(what: &str) -> Result<T, Refusal> {
    Err(Refusal::Wrong(what.to_owned()))
}

/// What a text may mean in this kind of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// A cell of a table: lists may be joined, dates are in the user's culture.
    pub(super) cell: bool,
    /// A question mark may stand for a character that the encoding could not hold.
    pub(super) ascii: bool,
}

/// True for the name of a .NET type, which stands where PowerShell did not look into a value.
pub(super) fn is_type_name(text: &str) -> bool {
    let rest = text
        .strip_prefix("System.")
        .or_else(|| text.strip_prefix("Microsoft.ActiveDirectory.Management."));
    rest.is_some_and(|rest| {
        rest.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".[]`,_+".contains(&byte))
    })
}

impl Value {
    /// The elements of a list, or the value itself as the only one; nothing of null.
    pub(super) fn elements(&self) -> &[Value] {
        match self {
            Self::Null => &[],
            Self::List(list) => list,
            Self::Object(object) => match (&object.list, &object.value) {
                (Some(list), _) | (None, Some(Self::List(list))) => list,
                _ => std::slice::from_ref(self),
            },
            _ => std::slice::from_ref(self),
        }
    }

    /// True for null and for empty text, which no attribute holds.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => self.elements().is_empty(),
        }
    }

    /// Text that stands for the value.
    fn said(&self, reading: Reading) -> Result<&str, Refusal> {
        let text = match self {
            Self::Text(text) => text,
            Self::Object(object) => match (&object.value, &object.text) {
                (Some(Self::Text(text)), _) | (None, Some(text)) => text,
                _ => return Err(Refusal::Lost),
            },
            Self::Bad(why) => return wrong(why),
            Self::Lost => return Err(Refusal::Lost),
            _ => return wrong("it is not text"),
        };
        if is_type_name(text) {
            return Err(Refusal::Lost);
        }
        if text.contains('\u{fffd}') {
            return wrong(
                "a character of it is not in the encoding of the file; the code page is not known",
            );
        }
        if reading.ascii && text.contains('?') {
            return wrong(
                "it holds a question mark, which Export-Csv writes for a character that ASCII does not have",
            );
        }
        Ok(text)
    }

    /// Text of one principal or other name, for what is no attribute.
    pub(super) fn name(&self, reading: Reading) -> Result<&str, Refusal> {
        self.said(reading)
    }
}

/// The wire values of an attribute. `domains`: what the aliases of SDDL mean.
///
/// # Errors
/// There is no such value, it was lost, or what is there is none of the attribute's syntax. No value is quoted.
pub(super) fn wire_values(
    attribute: &Attribute,
    value: &Value,
    reading: Reading,
    domains: &SddlDomains,
) -> Result<Vec<Vec<u8>>, Refusal> {
    if let Value::Text(text) = value
        && is_type_name(text)
    {
        return Err(Refusal::Lost);
    }
    let elements = value.elements();
    if attribute.syntax == Syntax::SecurityDescriptor {
        return elements
            .iter()
            .map(|element| descriptor(element, domains))
            .collect();
    }
    // An array of numbers is an octet string.
    if matches!(attribute.syntax, Syntax::Bytes | Syntax::BytesList)
        && matches!(elements.first(), Some(Value::Number(_)))
    {
        return Ok(vec![octets(elements)?]);
    }
    let several = matches!(
        attribute.syntax,
        Syntax::TextList | Syntax::BytesList | Syntax::Dn
    );
    if elements.len() > 1 && !several {
        return wrong("it holds several values, and the attribute has one");
    }
    // An account has one description, whatever signs are in it; the cmdlet gives it as text.
    if reading.cell
        && several
        && attribute.name != "description"
        && let [Value::Text(text)] = elements
    {
        return joined(attribute, text, reading);
    }
    elements
        .iter()
        .filter(|element| !element.is_empty())
        .map(|element| one(attribute, element, reading))
        .collect()
}

fn one(attribute: &Attribute, value: &Value, reading: Reading) -> Result<Vec<u8>, Refusal> {
    match attribute.syntax {
        Syntax::Boolean => boolean(value, reading).map(wire::boolean),
        Syntax::Integer => integer(value, reading).map(|number| number.to_string().into_bytes()),
        Syntax::Time if reading.cell => Err(Refusal::Lost),
        Syntax::Time => time(value, reading),
        Syntax::Text | Syntax::TextList | Syntax::Dn => {
            Ok(value.said(reading)?.as_bytes().to_vec())
        }
        Syntax::Bytes | Syntax::BytesList => bytes(attribute, value, reading),
        Syntax::SecurityDescriptor => wrong("it is no security descriptor"),
    }
}

/// A cell that somebody joined from several values: read only where it cannot be misread.
fn joined(attribute: &Attribute, text: &str, reading: Reading) -> Result<Vec<Vec<u8>>, Refusal> {
    let text = Value::Text(text.to_owned());
    let text = text.said(reading)?;
    // A service principal name holds none of these, and always a slash.
    let names = matches!(
        attribute.name,
        "servicePrincipalName" | "msDS-AllowedToDelegateTo"
    );
    if names {
        let parts: Vec<&str> = text
            .split([';', '|', ',', ' ', '\n', '\r', '\t'])
            .filter(|part| !part.is_empty())
            .collect();
        if parts.iter().all(|part| part.contains('/')) {
            return Ok(parts.iter().map(|part| part.as_bytes().to_vec()).collect());
        }
        return wrong("it is no list of service principal names");
    }
    if text.contains([';', '|', '\n']) {
        return wrong("it may be several values in one cell; what parts them is not known");
    }
    one(attribute, &Value::Text(text.to_owned()), reading).map(|value| vec![value])
}

/// A Boolean, or its name as .NET prints it.
pub(super) fn boolean(value: &Value, reading: Reading) -> Result<bool, Refusal> {
    if let Value::Boolean(value) = value {
        return Ok(*value);
    }
    match value.said(reading)? {
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => wrong("it is neither True nor False"),
    }
}

fn integer(value: &Value, reading: Reading) -> Result<i64, Refusal> {
    if let Value::Number(number) = value {
        return Ok(*number);
    }
    let text = value.said(reading)?;
    text.parse()
        .or_else(|_| wrong("it is not a whole number of 64 bits"))
}

fn octets(elements: &[Value]) -> Result<Vec<u8>, Refusal> {
    elements
        .iter()
        .map(|element| match element {
            Value::Number(number) => {
                u8::try_from(*number).or_else(|_| wrong("a number of it is no byte"))
            }
            _ => wrong("not every element of it is a byte"),
        })
        .collect()
}

fn bytes(attribute: &Attribute, value: &Value, reading: Reading) -> Result<Vec<u8>, Refusal> {
    if let Value::Bytes(bytes) = value {
        return Ok(bytes.clone());
    }
    if let Value::List(list) = value {
        return octets(list);
    }
    let text = value.said(reading)?;
    match attribute.name {
        "objectGUID" => wire::guid(text).map_or_else(|| wrong("it is no GUID"), Ok),
        "objectSid" | "sIDHistory" => wire::sid(text).map_or_else(|| wrong("it is no SID"), Ok),
        // DN-binary is text.
        _ if text.starts_with("B:") => Ok(text.as_bytes().to_vec()),
        _ => wrong("it is text where bytes were expected"),
    }
}

/// A point in time with its zone, to the second.
fn time(value: &Value, reading: Reading) -> Result<Vec<u8>, Refusal> {
    let text = match value {
        Value::Time(text) => text,
        Value::Object(object) => match &object.value {
            Some(Value::Time(text) | Value::Text(text)) => text,
            _ => return Err(Refusal::Lost),
        },
        other => other.said(reading)?,
    };
    // Microsoft's JSON: milliseconds since 1970, UTC.
    let milliseconds = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"));
    let seconds = match milliseconds {
        Some(number) => number
            .parse::<i64>()
            .ok()
            .map(|number| number.div_euclid(1_000)),
        None => text.parse::<Timestamp>().ok().map(Timestamp::as_second),
    };
    seconds
        .and_then(wire::generalized_time_of_unix)
        .map_or_else(|| wrong("it is no time with its zone"), Ok)
}

fn descriptor(value: &Value, domains: &SddlDomains) -> Result<Vec<u8>, Refusal> {
    let sddl = match value {
        Value::Object(object) => object.sddl.as_deref().ok_or(Refusal::Lost)?,
        Value::Bad(why) => return wrong(why),
        _ => return Err(Refusal::Lost),
    };
    let descriptor = SecurityDescriptor::from_sddl(sddl, domains)
        .or_else(|error| wrong(&format!("its SDDL cannot be turned back: {error}")))?;
    descriptor
        .try_encode()
        .or_else(|error| wrong(&format!("its SDDL cannot be turned back: {error}")))
}
