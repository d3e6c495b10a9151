//! A condition as text to byte code, MS-DTYP 2.5.1.1 to 2.4.4.17.
//!
//! Owns the grammar of conditions, and the limit of their depth. What a literal or a name looks like by itself is in
//! `literal` and [`attribute`]; deliberately judges no types beyond what the grammar does.

use super::attribute::{self, is_simple};
use crate::bytes::{pad_to_four, utf16_bytes};
use crate::sddl::MAX_CONDITION_DEPTH;
use crate::sddl::alias::SddlDomains;
use crate::sddl::cursor::Cursor;
use crate::sddl::error::{SddlError, SddlErrorKind};
use crate::sddl::literal;
use crate::sddl::token::{
    AND, ATTRIBUTES, COMPARISONS, COMPOSITE, EXISTENCE, INT64, LOCAL_ATTRIBUTE, MEMBERSHIP, NOT,
    OCTETS, OR, SET_RELATIONS, SID, SIGNATURE, UNICODE, code_of,
};

/// Reads a condition in parentheses. Gives the application data of its ACE.
pub(in crate::sddl) fn compile(
    cursor: &mut Cursor<'_>,
    names: &SddlDomains,
) -> Result<Vec<u8>, SddlError> {
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
        let name = attribute::read(self.cursor, code != LOCAL_ATTRIBUTE)?;
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
