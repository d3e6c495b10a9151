//! Conditions of conditional ACEs: text (MS-DTYP 2.5.1.1) to byte code in postfix order
//! (2.4.4.17) and back.
//!
//! Owns grammar and byte code. Evaluates nothing.
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 4 | `artx` |
//! | 4 | | tokens: one byte of code, then the operand, if any |
//! | | 0 to 3 | zeros up to a multiple of four |

use super::MAX_CONDITION_DEPTH;
use super::alias::SddlDomains;
use super::cursor::Cursor;
use super::error::{SddlError, SddlErrorKind};
use super::literal;
use super::token::{
    AND, ATTRIBUTES, COMPARISONS, COMPOSITE, EXISTENCE, INT8, INT64, LOCAL_ATTRIBUTE, MEMBERSHIP,
    NOT, OCTETS, OR, PADDING, SET_RELATIONS, SID, SIGNATURE, UNICODE, code_of, name_of,
};
use crate::bytes::{Reader, index, pad_to_four, utf16, utf16_bytes};
use crate::sid::Sid;

/// Reads a condition in parentheses. Gives the application data of its ACE.
pub(super) fn compile(cursor: &mut Cursor<'_>, names: &SddlDomains) -> Result<Vec<u8>, SddlError> {
    cursor.skip_spaces();
    cursor.require("(")?;
    let mut compiler = Compiler {
        cursor,
        names,
        code: SIGNATURE.to_vec(),
    };
    compiler.disjunction(1)?;
    let mut code = compiler.code;
    cursor.skip_spaces();
    cursor.require(")")?;
    pad_to_four(&mut code);
    Ok(code)
}

/// Writes a condition in parentheses.
pub(super) fn decompile(data: &[u8], names: &SddlDomains) -> Result<String, SddlErrorKind> {
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

const MALFORMED: SddlErrorKind = SddlErrorKind::NoText("a malformed condition");

/// Emits tokens while it reads. Every method that reads an operator gives the depth of the tree it
/// read, so what is accepted can also be written.
struct Compiler<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    names: &'c SddlDomains,
    code: Vec<u8>,
}

impl Compiler<'_, '_> {
    fn disjunction(&mut self, nesting: usize) -> Result<usize, SddlError> {
        let mut depth = self.conjunction(nesting)?;
        while self.eat("||") {
            let right = self.conjunction(nesting)?;
            depth = self.deeper(depth.max(right))?;
            self.code.push(OR);
        }
        Ok(depth)
    }

    fn conjunction(&mut self, nesting: usize) -> Result<usize, SddlError> {
        let mut depth = self.factor(nesting)?;
        while self.eat("&&") {
            let right = self.factor(nesting)?;
            depth = self.deeper(depth.max(right))?;
            self.code.push(AND);
        }
        Ok(depth)
    }

    fn factor(&mut self, nesting: usize) -> Result<usize, SddlError> {
        if self.eat("!") {
            self.cursor.skip_spaces();
            // Windows takes only a parenthesis here.
            if self.cursor.peek() != Some('(') {
                return Err(self.cursor.error(SddlErrorKind::Expected("(")));
            }
            let depth = self.factor(nesting)?;
            self.code.push(NOT);
            return self.deeper(depth);
        }
        if self.eat("(") {
            if nesting > MAX_CONDITION_DEPTH {
                return Err(self.cursor.error(SddlErrorKind::TooDeep));
            }
            let depth = self.disjunction(nesting + 1)?;
            self.cursor.skip_spaces();
            self.cursor.require(")")?;
            return Ok(depth);
        }
        self.term()?;
        Ok(0)
    }

    fn term(&mut self) -> Result<(), SddlError> {
        let start = *self.cursor;
        let word = self.cursor.take_while(|c| is_simple(c) || c == '%');
        if let Some(code) = code_of(word, MEMBERSHIP) {
            self.members()?;
            self.code.push(code);
            return Ok(());
        }
        if let Some(code) = code_of(word, EXISTENCE) {
            self.cursor.skip_spaces();
            self.attribute()?;
            self.code.push(code);
            return Ok(());
        }
        *self.cursor = start;
        self.attribute()?;
        self.cursor.skip_spaces();
        if self.cursor.at_end()
            || [")", "&&", "||"]
                .iter()
                .any(|next| self.cursor.rest().starts_with(next))
        {
            return Ok(());
        }
        let code = self.relation()?;
        self.cursor.skip_spaces();
        match self.cursor.peek() {
            Some('@') => self.attribute()?,
            Some('{') => self.composite(Self::literal)?,
            _ => self.literal()?,
        }
        self.code.push(code);
        Ok(())
    }

    fn relation(&mut self) -> Result<u8, SddlError> {
        if let Some((_, code)) = COMPARISONS.iter().find(|(sign, _)| self.cursor.eat(sign)) {
            return Ok(*code);
        }
        let start = *self.cursor;
        let word = self
            .cursor
            .take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        code_of(word, SET_RELATIONS)
            .ok_or_else(|| start.error(SddlErrorKind::Expected("an operator")))
    }

    /// The operand of a membership operator: SIDs only, in parentheses at will.
    fn members(&mut self) -> Result<(), SddlError> {
        self.cursor.skip_spaces();
        let parenthesis = self.cursor.eat("(");
        self.cursor.skip_spaces();
        if self.cursor.peek() == Some('{') {
            self.composite(Self::sid)?
        } else {
            self.sid()?
        }
        if parenthesis {
            self.cursor.skip_spaces();
            self.cursor.require(")")?;
        }
        Ok(())
    }

    /// Elements in braces.
    fn composite(
        &mut self,
        element: fn(&mut Self) -> Result<(), SddlError>,
    ) -> Result<(), SddlError> {
        self.cursor.require("{")?;
        let outer = std::mem::take(&mut self.code);
        self.cursor.skip_spaces();
        if self.cursor.peek() != Some('}') {
            element(self)?;
            while self.eat(",") {
                self.cursor.skip_spaces();
                element(self)?;
            }
        }
        self.cursor.skip_spaces();
        self.cursor.require("}")?;
        let elements = std::mem::replace(&mut self.code, outer);
        self.operand(COMPOSITE, &elements);
        Ok(())
    }

    fn literal(&mut self) -> Result<(), SddlError> {
        let start = *self.cursor;
        match self.cursor.peek() {
            Some('"') => {
                let text = literal::string(self.cursor)?;
                self.operand(UNICODE, &utf16_bytes(text));
            }
            Some('#') => {
                let octets = literal::octets(self.cursor)?;
                self.operand(OCTETS, &octets);
            }
            Some('S' | 's') => self.sid()?,
            Some('0'..='9' | '+' | '-') => {
                let integer = literal::integer(self.cursor)?;
                let value = integer
                    .as_i64()
                    .ok_or_else(|| start.error(SddlErrorKind::Number))?;
                self.code.push(INT64);
                self.code.extend(value.to_le_bytes());
                self.code.extend([integer.sign, integer.base]);
            }
            _ => return Err(start.error(SddlErrorKind::Expected("a value"))),
        }
        Ok(())
    }

    fn sid(&mut self) -> Result<(), SddlError> {
        let sid = literal::sid(self.cursor, self.names)?;
        self.operand(SID, &sid.to_bytes());
        Ok(())
    }

    fn attribute(&mut self) -> Result<(), SddlError> {
        let start = *self.cursor;
        let prefixed = ATTRIBUTES
            .iter()
            .find(|(prefix, _)| self.cursor.eat_ignoring_case(prefix));
        let code = prefixed.map_or(LOCAL_ATTRIBUTE, |(_, code)| *code);
        // A local name that starts with a digit would read like a number.
        if code == LOCAL_ATTRIBUTE && self.cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(start.error(SddlErrorKind::Expected("an attribute")));
        }
        let name = attribute_name(self.cursor, code != LOCAL_ATTRIBUTE)?;
        if name.is_empty() {
            return Err(start.error(SddlErrorKind::Expected("an attribute")));
        }
        self.operand(code, &name);
        Ok(())
    }

    fn operand(&mut self, code: u8, bytes: &[u8]) {
        self.code.push(code);
        // Never longer than a few times the text, whose length is limited.
        self.code
            .extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.code.extend(bytes);
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.cursor.skip_spaces();
        self.cursor.eat(sign)
    }

    fn deeper(&self, depth: usize) -> Result<usize, SddlError> {
        if depth < MAX_CONDITION_DEPTH {
            Ok(depth + 1)
        } else {
            Err(self.cursor.error(SddlErrorKind::TooDeep))
        }
    }
}

/// `attr-char1`.
fn is_simple(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ':' | '.' | '/' | '_')
}

/// Attribute characters, with `%0041` for any UTF-16 unit. Gives UTF-16LE bytes.
fn attribute_name(cursor: &mut Cursor<'_>, prefixed: bool) -> Result<Vec<u8>, SddlError> {
    let mut bytes = Vec::new();
    loop {
        let raw =
            cursor.take_while(|c| is_simple(c) || (prefixed && "#$'*+-;?@[\\]^`{}~".contains(c)));
        bytes.extend(utf16_bytes(raw));
        let start = *cursor;
        if !cursor.eat("%") {
            return Ok(bytes);
        }
        let digits = cursor.take(4);
        let unit = u16::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = unit.filter(|_| digits.len() == 4);
        bytes.extend(
            unit.ok_or_else(|| start.error(SddlErrorKind::Expected("four hexadecimal digits")))?
                .to_le_bytes(),
        );
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
            write_attribute(prefix, sized(reader).ok_or(MALFORMED)?)?,
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

fn write_attribute(prefix: &str, name: &[u8]) -> Result<String, SddlErrorKind> {
    let (units, odd) = name.as_chunks::<2>();
    if units.is_empty() || !odd.is_empty() {
        return Err(MALFORMED);
    }
    let plain = utf16(name).unwrap_or_default();
    let keyword = [MEMBERSHIP, EXISTENCE]
        .iter()
        .any(|table| code_of(&plain, table).is_some());
    let mut text = prefix.to_owned();
    for (position, unit) in units
        .iter()
        .map(|unit| u16::from_le_bytes(*unit))
        .enumerate()
    {
        // A local name must not read like a number or an operator.
        let misleading = position == 0 && prefix.is_empty();
        match u8::try_from(unit).map(char::from) {
            Ok(c)
                if c.is_ascii()
                    && is_simple(c)
                    && !(misleading && (keyword || c.is_ascii_digit())) =>
            {
                text.push(c)
            }
            _ => text.push_str(&format!("%{unit:04x}")),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sddl::{condition_from_sddl, condition_to_sddl};

    fn names() -> SddlDomains {
        SddlDomains::default()
    }

    fn compile(text: &str) -> Result<Vec<u8>, SddlError> {
        condition_from_sddl(text, &names())
    }

    fn written(text: &str) -> String {
        let code = compile(text).unwrap_or_else(|error| unreachable!("{text}: {error}"));
        let written = condition_to_sddl(&code, &names())
            .unwrap_or_else(|error| unreachable!("{text}: {error}"));
        assert_eq!(compile(&written), Ok(code), "{text} became {written}");
        written
    }

    #[test]
    fn byte_code_of_a_comparison() {
        let expected = [
            b"artx".as_slice(),
            &[0xf9, 2, 0, 0, 0, b't', 0],
            &[0x10, 4, 0, 0, 0, b'P', 0, b'M', 0],
            &[0x80, 0, 0, 0],
        ]
        .concat();
        assert_eq!(compile("(@User.t == \"PM\")"), Ok(expected));
    }

    #[test]
    fn byte_code_of_integers() {
        for (text, value, sign, base) in [
            ("1", 1_i64, 3, 2),
            ("-1", -1, 2, 2),
            ("+010", 8, 1, 1),
            ("0xfffffffff", 0xf_ffff_ffff, 3, 3),
            ("-0x8000000000000000", i64::MIN, 2, 3),
            ("0", 0, 3, 2),
        ] {
            let expected = [
                b"artx".as_slice(),
                &[0xf8, 2, 0, 0, 0, b'a', 0, 0x04],
                &value.to_le_bytes(),
                &[sign, base, 0x80, 0, 0],
            ]
            .concat();
            let mut expected = expected;
            expected.truncate(4 + 7 + 11 + 1);
            pad_to_four(&mut expected);
            assert_eq!(compile(&format!("(a=={text})")), Ok(expected), "{text}");
            assert_eq!(written(&format!("(a == {text})")), format!("(a == {text})"));
        }
    }

    #[test]
    fn byte_code_of_membership() {
        let everyone = [0x51, 12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        let single = [b"artx".as_slice(), &everyone, &[0x89, 0, 0]].concat();
        let listed = [
            b"artx".as_slice(),
            &[0x50, 17, 0, 0, 0],
            &everyone,
            &[0x8c, 0],
        ]
        .concat();
        for text in ["(Member_of SID(WD))", "(mEMBER_OF(SID(S-1-1-0)))"] {
            assert_eq!(compile(text), Ok(single.clone()), "{text}");
        }
        assert_eq!(compile("(Device_Member_of_Any{SID(WD)})"), Ok(listed));
    }

    #[test]
    fn operators_are_postfix_and_and_binds_stronger() {
        let code = |text: &str| {
            compile(text).map(|code| {
                code.into_iter()
                    .skip(4)
                    .filter(|byte| *byte >= 0xa0 || *byte >= b'a')
                    .collect()
            })
        };
        let local = 0xf8;
        let (a, b, c) = (b'a', b'b', b'c');
        assert_eq!(
            code("(a || b && c)"),
            Ok(vec![local, a, local, b, local, c, AND, OR])
        );
        assert_eq!(
            code("(a && b || c)"),
            Ok(vec![local, a, local, b, AND, local, c, OR])
        );
        assert_eq!(
            code("(a || b || c)"),
            Ok(vec![local, a, local, b, OR, local, c, OR])
        );
        assert_eq!(
            code("(!(a) && (b || c))"),
            Ok(vec![local, a, NOT, local, b, local, c, OR, AND])
        );
    }

    #[test]
    fn written_text_is_canonical() {
        for (text, canonical) in [
            ("(@user.A&&@Device.B)", "((@USER.A) && (@DEVICE.B))"),
            (
                "(@User.P Any_of @Resource.P)",
                "(@USER.P Any_of @RESOURCE.P)",
            ),
            (
                "(!(!( Member_of{SID(AA)} )))",
                "(!(!(Member_of {SID(AA)})))",
            ),
            ("(a==##1#2#3##)", "(a == #01020300)"),
            (
                "(a NOT_contains {1,2, \"x\"})",
                "(a Not_Contains {1, 2, \"x\"})",
            ),
            (
                "(exists @User.x || NOT_EXISTS y)",
                "((Exists @USER.x) || (Not_Exists y))",
            ),
            (
                "(@User.ad://ext/Silo == \"s\")",
                "(@USER.ad://ext/Silo == \"s\")",
            ),
            ("(@User.a-b == {})", "(@USER.a%002db == {})"),
            ("(%0045xists == 1)", "(%0045xists == 1)"),
            ("(é == 1)", "(%00e9 == 1)"),
            (
                "(a <= 1 && b >= 1 && c < 1 && d > 1 && e != 1)",
                "(((((a <= 1) && (b >= 1)) && (c < 1)) && (d > 1)) && (e != 1))",
            ),
        ] {
            assert_eq!(written(text), canonical);
        }
    }

    #[test]
    fn what_windows_refuses_is_refused() {
        for text in [
            "",
            "()",
            "(a",
            "(a == )",
            "(a == a)",
            "(1 == 1)",
            "(! Member_of{SID(BA)})",
            "(!!(a))",
            "(Member_of {SID(ernie)})",
            "(Member_of_AnySID(S-1-1-0))",
            "(Member_of {1, 2})",
            "(@User.t == !(@User.t))",
            "(a == 0x10000000000000000)",
            "(a == 9223372036854775808)",
            "(a == -9223372036854775809)",
            "(a == 08)",
            "(a == \"x)",
            "(a == #123)",
            "(a == {1, {2}})",
            "(%12 == 1)",
            "(%+123 == 1)",
            "(a) b",
        ] {
            assert!(compile(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_the_limit_round_trips() {
        let nots = |count: usize| format!("({}a{})", "!(".repeat(count), ")".repeat(count));
        assert_eq!(
            written(&nots(MAX_CONDITION_DEPTH)),
            nots(MAX_CONDITION_DEPTH)
        );
        let parentheses = |count: usize| format!("({}a{})", "(".repeat(count), ")".repeat(count));
        assert!(compile(&parentheses(MAX_CONDITION_DEPTH)).is_ok());
        let chain = |count: usize| format!("(a{})", "&&a".repeat(count));
        written(&chain(MAX_CONDITION_DEPTH));
        let deep = MAX_CONDITION_DEPTH + 1;
        for text in [
            nots(deep),
            parentheses(deep),
            chain(deep),
            "(".repeat(100_000),
        ] {
            assert!(matches!(
                compile(&text),
                Err(SddlError {
                    kind: SddlErrorKind::TooDeep,
                    ..
                })
            ));
        }
    }

    #[test]
    fn malformed_byte_code_has_no_text() {
        let attribute = [0xf8, 2, 0, 0, 0, b'a', 0];
        for tail in [
            vec![],
            vec![0],
            vec![0x80],
            vec![NOT],
            vec![0x51, 0, 0, 0, 0],
            vec![0x10, 0xff, 0xff, 0xff, 0xff],
            vec![0x10, 2, 0, 0, 0, b'"', 0],
            vec![0x10, 1, 0, 0, 0, b'x'],
            vec![0x50, 5, 0, 0, 0, 0x50, 0, 0, 0, 0],
            vec![0xf8, 0, 0, 0, 0],
            [attribute.as_slice(), &attribute].concat(),
            [attribute.as_slice(), &[0, 1]].concat(),
            [attribute.as_slice(), &[0x77]].concat(),
            [attribute.as_slice(), &[0xa2; 40]].concat(),
        ] {
            let data = [SIGNATURE.as_slice(), &tail].concat();
            assert!(condition_to_sddl(&data, &names()).is_err(), "{tail:x?}");
        }
        assert!(condition_to_sddl(b"art", &names()).is_err());
    }
}
