//! A position in SDDL text. Owns looking ahead and error offsets; knows no grammar.

use super::error::{SddlError, SddlErrorKind};

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Cursor { rest: text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn error(&self, kind: SddlErrorKind) -> SddlError {
        SddlError {
            offset: self.at,
            kind,
        }
    }

    /// Takes `count` bytes; nothing if that is not a character boundary.
    pub(super) fn take(&mut self, count: usize) -> &'a str {
        let Some((front, back)) = self.rest.split_at_checked(count) else {
            return "";
        };
        self.rest = back;
        self.at += count;
        front
    }

    pub(super) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let count = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.take(count)
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest.starts_with(token);
        if found {
            self.take(token.len());
        }
        found
    }

    pub(super) fn eat_ignoring_case(&mut self, token: &str) -> bool {
        let found = self
            .rest
            .get(..token.len())
            .is_some_and(|front| front.eq_ignore_ascii_case(token));
        if found {
            self.take(token.len());
        }
        found
    }

    pub(super) fn require(&mut self, token: &'static str) -> Result<(), SddlError> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.error(SddlErrorKind::Expected(token)))
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }
}
