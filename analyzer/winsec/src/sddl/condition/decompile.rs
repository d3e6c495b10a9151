//! A condition as byte code to text, MS-DTYP 2.4.4.17 to 2.5.1.1.
//!
//! Owns the one text that is written for a code, with a parenthesis around every operand of an operator. Code that no
//! text stands for has none and is an error; deliberately repairs nothing.

use super::attribute;
use crate::bytes::{Reader, index, utf16};
use crate::sddl::MAX_CONDITION_DEPTH;
use crate::sddl::alias::SddlDomains;
use crate::sddl::error::SddlErrorKind;
use crate::sddl::literal;
use crate::sddl::token::{
    AND, ATTRIBUTES, COMPARISONS, COMPOSITE, EXISTENCE, INT8, INT64, LOCAL_ATTRIBUTE, MEMBERSHIP,
    NOT, OCTETS, OR, PADDING, SET_RELATIONS, SID, SIGNATURE, UNICODE, name_of,
};
use crate::sid::Sid;

const MALFORMED: SddlErrorKind = SddlErrorKind::NoText("a malformed condition");

/// Writes a condition in parentheses.
pub(in crate::sddl) fn decompile(
    data: &[u8],
    names: &SddlDomains,
) -> Result<String, SddlErrorKind> {
    let code = data
        .strip_prefix(SIGNATURE)
        .ok_or(SddlErrorKind::NoText("a condition without its signature"))?;
    let mut decompiler = Decompiler {
        reader: Reader::new(code),
        names,
        stack: Vec::new(),
    };
    while decompiler.step()? {}
    let result = decompiler.pop_condition()?;
    if decompiler.stack.is_empty() {
        Ok(format!("({})", result.text))
    } else {
        Err(MALFORMED)
    }
}

/// Runs the byte code on a stack of texts.
struct Decompiler<'a> {
    reader: Reader<'a>,
    names: &'a SddlDomains,
    stack: Vec<Node>,
}

struct Node {
    text: String,
    kind: NodeKind,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    /// Without a prefix: only on the left of an operator.
    LocalAttribute,
    Attribute,
    Literal,
    /// A SID, or a composite of nothing else.
    Sids,
    Condition,
}

impl Decompiler<'_> {
    /// Runs one token. `false` at the end.
    fn step(&mut self) -> Result<bool, SddlErrorKind> {
        let Some(code) = self.reader.u8() else {
            return Ok(false);
        };
        let node = match code {
            PADDING if self.reader.rest().iter().all(|byte| *byte == PADDING) => return Ok(false),
            NOT => {
                let operand = self.pop_condition()?;
                condition(format!("!({})", operand.text), operand.depth)?
            }
            AND | OR => {
                let (right, left) = (self.pop_condition()?, self.pop_condition()?);
                let sign = if code == AND { "&&" } else { "||" };
                condition(
                    format!("({}) {sign} ({})", left.text, right.text),
                    left.depth.max(right.depth),
                )?
            }
            _ => match (
                relation_name(code),
                name_of(code, MEMBERSHIP),
                name_of(code, EXISTENCE),
            ) {
                (Some(sign), ..) => {
                    let right =
                        self.pop(&[NodeKind::Attribute, NodeKind::Literal, NodeKind::Sids])?;
                    let left = self.pop(&[NodeKind::Attribute, NodeKind::LocalAttribute])?;
                    term(format!("{} {sign} {}", left.text, right.text))
                }
                (_, Some(word), _) => term(format!("{word} {}", self.pop(&[NodeKind::Sids])?.text)),
                (.., Some(word)) => term(format!(
                    "{word} {}",
                    self.pop(&[NodeKind::Attribute, NodeKind::LocalAttribute])?
                        .text
                )),
                _ => operand(code, &mut self.reader, self.names)?,
            },
        };
        self.stack.push(node);
        Ok(true)
    }

    fn pop(&mut self, kinds: &[NodeKind]) -> Result<Node, SddlErrorKind> {
        self.stack
            .pop()
            .filter(|node| kinds.contains(&node.kind))
            .ok_or(MALFORMED)
    }

    /// What can stand as a condition: also a bare attribute.
    fn pop_condition(&mut self) -> Result<Node, SddlErrorKind> {
        self.pop(&[
            NodeKind::Condition,
            NodeKind::Attribute,
            NodeKind::LocalAttribute,
        ])
    }
}

fn relation_name(code: u8) -> Option<&'static str> {
    name_of(code, COMPARISONS).or_else(|| name_of(code, SET_RELATIONS))
}

fn term(text: String) -> Node {
    Node {
        text,
        kind: NodeKind::Condition,
        depth: 0,
    }
}

fn condition(text: String, depth: usize) -> Result<Node, SddlErrorKind> {
    if depth < MAX_CONDITION_DEPTH {
        Ok(Node {
            text,
            kind: NodeKind::Condition,
            depth: depth + 1,
        })
    } else {
        Err(SddlErrorKind::TooDeep)
    }
}

/// A value or an attribute whose code is read.
fn operand(code: u8, reader: &mut Reader<'_>, names: &SddlDomains) -> Result<Node, SddlErrorKind> {
    let node = |kind, text| Node {
        text,
        kind,
        depth: 0,
    };
    if code == COMPOSITE {
        return composite(sized(reader).ok_or(MALFORMED)?, names);
    }
    let attribute = if code == LOCAL_ATTRIBUTE {
        Some("")
    } else {
        name_of(code, ATTRIBUTES)
    };
    if let Some(prefix) = attribute {
        let kind = if code == LOCAL_ATTRIBUTE {
            NodeKind::LocalAttribute
        } else {
            NodeKind::Attribute
        };
        return Ok(node(
            kind,
            attribute::write(prefix, sized(reader).ok_or(MALFORMED)?).ok_or(MALFORMED)?,
        ));
    }
    let (kind, text) = match code {
        INT8..=INT64 => (NodeKind::Literal, integer(reader)),
        UNICODE => (
            NodeKind::Literal,
            sized(reader)
                .and_then(utf16)
                .and_then(|text| literal::write_string(&text)),
        ),
        OCTETS => (NodeKind::Literal, sized(reader).map(literal::write_octets)),
        SID => {
            let sid = sized(reader).and_then(|bytes| Sid::parse(bytes).ok());
            (
                NodeKind::Sids,
                sid.map(|sid| literal::write_sid(&sid, names)),
            )
        }
        _ => return Err(MALFORMED),
    };
    text.map(|text| node(kind, text)).ok_or(MALFORMED)
}

/// Values one after the other, none of them composite.
fn composite(bytes: &[u8], names: &SddlDomains) -> Result<Node, SddlErrorKind> {
    let mut reader = Reader::new(bytes);
    let (mut texts, mut kind) = (Vec::new(), NodeKind::Sids);
    while let Some(code) = reader.u8() {
        if code == COMPOSITE {
            return Err(MALFORMED);
        }
        let element = operand(code, &mut reader, names)?;
        match element.kind {
            NodeKind::Sids => {}
            NodeKind::Literal => kind = NodeKind::Literal,
            _ => return Err(MALFORMED),
        }
        texts.push(element.text);
    }
    Ok(Node {
        text: format!("{{{}}}", texts.join(", ")),
        kind,
        depth: 0,
    })
}

fn sized<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.u32()?;
    reader.take(index(length))
}

fn integer(reader: &mut Reader<'_>) -> Option<String> {
    literal::write_integer(reader.i64()?, reader.u8()?, reader.u8()?)
}
