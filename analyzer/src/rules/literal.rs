//! Which texts a column of a page's SQL can be, read from the SQL itself.
//!
//! Owns just enough of SQL for that: words, parentheses, texts. Deliberately says nothing where it cannot tell.

use super::words::{self, Kind};

/// Texts in the expressions that are called `column`: a CASE, or one text. `None` if one of them is something else.
pub(super) fn literals_of(sql: &str, column: &str) -> Option<Vec<String>> {
    let pieces = pieces(sql);
    let mut texts = Vec::new();
    for at in 2..pieces.len() {
        let [Piece::Word(called), Piece::Word(name)] = pieces.get(at - 1..=at)? else {
            continue;
        };
        if called != "as" || name != column {
            continue;
        }
        let mut depth = 0;
        let mut found = Vec::new();
        let before = pieces.get(..at - 1)?;
        for (index, piece) in before.iter().enumerate().rev() {
            match piece {
                Piece::Text(text) => {
                    let after = index.checked_sub(1).and_then(|index| before.get(index));
                    let result = matches!(after, Some(Piece::Word(word)) if word == "then" || word == "else");
                    // What stands behind WHEN is compared, not given.
                    if result || depth == 0 {
                        found.push(text.clone());
                    }
                }
                Piece::Word(word) if word == "end" || word == ")" => depth += 1,
                Piece::Word(word) if word == "case" || word == "(" => depth -= 1,
                Piece::Word(_) if depth == 0 => return None,
                Piece::Word(_) => {}
            }
            if depth == 0 {
                break;
            }
        }
        texts.extend(found.into_iter().rev());
    }
    Some(texts)
}

/// A word or a parenthesis in lower case, or what stands in single quotes.
enum Piece {
    Word(String),
    Text(String),
}

fn pieces(sql: &str) -> Vec<Piece> {
    let pieces = words::pieces(sql).unwrap_or_default();
    let known = pieces.into_iter().filter_map(|piece| match piece.kind {
        Kind::Text => Some(Piece::Text(piece.text)),
        Kind::Word | Kind::Quoted => Some(Piece::Word(piece.text)),
        Kind::Sign => matches!(piece.text.as_str(), "(" | ")").then_some(Piece::Word(piece.text)),
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn literals_are_those_of_the_expression() {
        let of = |sql| literals_of(sql, "severity").map(|texts| texts.join(" "));
        let both = "SELECT CASE WHEN a = 'x' THEN CASE WHEN b THEN 'low' ELSE 'info' END ELSE 'high' END AS severity, \
                    CASE WHEN a THEN 'medium' END AS confidence FROM t UNION ALL SELECT 'critical' AS severity";
        assert_eq!(of(both).unwrap(), "low info high critical");
        assert_eq!(of("SELECT 'low' AS confidence").unwrap(), "");
        assert_eq!(
            of("SELECT (CASE WHEN a THEN 'low' END) AS severity").unwrap(),
            "low"
        );
        assert_eq!(of("SELECT grade AS severity"), None);
        assert_eq!(
            of("SELECT /* 'info' AS severity, */ 'low' AS /* ' */ \"severity\" FROM t").unwrap(),
            "low"
        );
    }
}
