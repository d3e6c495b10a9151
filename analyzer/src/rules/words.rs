//! SQL as words, texts and signs, by the lexer that the engine itself reads it with.
//!
//! So a comment, a quoted name or a text in dollars is here what it is there. Deliberately knows no grammar.

use anyhow::{Result, anyhow};
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// A word, a text or a sign. Comments and blanks are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// Words in lower case; of a text and a quoted name what stands between the quotes, the name in lower case.
    pub(super) text: String,
    /// From 0.
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A name in quotes: never a keyword, but as good a name as another.
    Quoted,
    Text,
    Sign,
}

impl Piece {
    /// Whether it is this keyword, which is in lower case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text == keyword
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// The name, if it can be one, in lower case.
    pub(super) fn name(&self) -> Option<&str> {
        matches!(self.kind, Kind::Word | Kind::Quoted).then_some(self.text.as_str())
    }
}

/// The pieces of a query, in order.
///
/// # Errors
/// A quote or a comment does not end.
pub(super) fn pieces(sql: &str) -> Result<Vec<Piece>> {
    let tokens = Tokenizer::new(&GenericDialect, sql)
        .tokenize_with_location()
        .map_err(|error| anyhow!("the SQL was not understood: {error}"))?;
    let mut pieces = Vec::with_capacity(tokens.len());
    for token in tokens {
        let (kind, text) = match token.token {
            Token::Whitespace(_) | Token::EOF => continue,
            Token::Word(word) if word.quote_style.is_some() => {
                (Kind::Quoted, word.value.to_lowercase())
            }
            Token::Word(word) => (Kind::Word, word.value.to_lowercase()),
            Token::SingleQuotedString(text)
            | Token::DoubleQuotedString(text)
            | Token::TripleSingleQuotedString(text)
            | Token::TripleDoubleQuotedString(text)
            | Token::NationalStringLiteral(text)
            | Token::EscapedStringLiteral(text)
            | Token::UnicodeStringLiteral(text)
            | Token::HexStringLiteral(text) => (Kind::Text, text),
            Token::DollarQuotedString(text) => (Kind::Text, text.value),
            other => (Kind::Sign, other.to_string()),
        };
        pieces.push(Piece {
            kind,
            text,
            line: usize::try_from(token.span.start.line).map_or(0, |line| line.saturating_sub(1)),
        });
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn comments_are_nothing_and_texts_are_texts() {
        let of = |sql: &str| -> Vec<String> {
            let mark = |piece: &Piece| match piece.kind {
                Kind::Word | Kind::Sign => piece.text.clone(),
                Kind::Quoted => format!("\"{}\"", piece.text),
                Kind::Text => format!("'{}'", piece.text),
            };
            pieces(sql).unwrap().iter().map(mark).collect()
        };
        assert_eq!(of("COUNT/* ( */(*) -- x"), ["count", "(", "*", ")"]);
        assert_eq!(
            of("/* /* nested */ */ \"Select\" 'it''s'"),
            ["\"select\"", "'it's'"]
        );
        assert_eq!(of("$$ having $$ $a$(;$a$"), ["' having '", "'(;'"]);
        assert_eq!(
            pieces("a\n/*\n*/ b")
                .unwrap()
                .iter()
                .map(|piece| piece.line)
                .collect::<Vec<_>>(),
            [0, 2]
        );
        assert!(pieces("SELECT 'open").is_err());
    }
}
