//! Running one query, and refusing what the engine is known to answer wrongly.
//!
//! A refused query is a nuisance; a wrong answer would be a wrong "clear".

use anyhow::{Result, anyhow, bail};
use polars::prelude::{DataFrame, LazyFrame, PolarsError};
use polars::sql::SQLContext;

use super::{bound, complaint};

/// Functions that polars 0.51 applies to the groups instead of the rows of each group when they stand in HAVING.
const AGGREGATES: &[&str] = &[
    "count", "sum", "min", "max", "avg", "first", "last", "median", "stddev",
];

/// Words of clauses that polars 0.51 reads and leaves out without a word, so that too many rows come, or that
/// make it panic (INTERVAL); no frame has such a column.
const LEFT_OUT: &[&str] = &[
    "qualify", "prewhere", "fetch", "connect", "lateral", "interval",
];

/// Runs one query.
///
/// # Errors
/// The SQL is not understood, fails, or is of a form that the engine answers wrongly.
pub(crate) fn run(sql: &mut SQLContext, query: &str) -> Result<DataFrame> {
    collected(understood(sql, query)?, query)
}

/// Runs one query from elsewhere, unless its joins would make too many rows.
///
/// # Errors
/// As [`run`], and if a join would make too many rows.
pub(crate) fn run_bounded(sql: &mut SQLContext, query: &str) -> Result<DataFrame> {
    let lazy = understood(sql, query)?;
    bound::check(&lazy)?;
    collected(lazy, query)
}

fn collected(lazy: LazyFrame, query: &str) -> Result<DataFrame> {
    let table = lazy.collect();
    table.map_err(|error| said(&error, query).context("the SQL did not run"))
}

fn understood(sql: &mut SQLContext, query: &str) -> Result<LazyFrame> {
    refuse_wrong_answers(query)?;
    let lazy = sql.execute(query);
    lazy.map_err(|error| said(&error, query).context("the SQL was not understood"))
}

fn said(error: &PolarsError, query: &str) -> anyhow::Error {
    anyhow!(complaint::in_words(&error.to_string(), query))
}

fn refuse_wrong_answers(query: &str) -> Result<()> {
    let words = words(query);
    match words.iter().find(|word| *word != "(").map(String::as_str) {
        Some("select" | "with") => {}
        Some(other) => bail!("{other} is not answered here, only SELECT (or WITH … SELECT)"),
        None => bail!("the query is empty"),
    }
    let left_out = words.iter().find(|word| LEFT_OUT.contains(&word.as_str()));
    let top = words
        .windows(3)
        .any(|three| matches!(three, [a, b, c] if a == "select" && b == "top" && is_number(c)));
    if let Some(word) = left_out.map(String::as_str).or(top.then_some("top")) {
        bail!("{} is not supported here", word.to_uppercase());
    }
    let mut in_having = false;
    for (index, word) in words.iter().enumerate() {
        match word.as_str() {
            "having" => in_having = true,
            "order" | "limit" | "union" | "select" => in_having = false,
            _ => {}
        }
        let called = words.get(index + 1).is_some_and(|next| next == "(");
        if in_having && called && AGGREGATES.contains(&word.as_str()) {
            bail!(
                "{word}(…) in HAVING is answered wrongly by this SQL engine; \
                 give it a name in SELECT and compare the name: \
                 SELECT key, {word}(…) AS n … GROUP BY key HAVING n > 1"
            );
        }
    }
    Ok(())
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Words and parentheses in lower case; what stands in quotes or comments is left out.
fn words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut comment = false;
    let mut before = ' ';
    for c in query.chars() {
        if comment {
            comment = c != '\n';
        } else if let Some(open) = quote {
            if c == open {
                quote = None;
            }
        } else if c.is_alphanumeric() || c == '_' {
            word.extend(c.to_lowercase());
        } else {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            match c {
                '\'' | '"' => quote = Some(c),
                '(' => words.push("(".to_owned()),
                '-' if before == '-' => comment = true,
                _ => {}
            }
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// True if the query says in which order its rows come.
pub(crate) fn is_ordered(query: &str) -> bool {
    words(query)
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == "order" && b == "by"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_in_having_are_refused() {
        for wrong in [
            "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1",
            "SELECT a FROM t GROUP BY a HAVING 1 < max (b)",
            "WITH x AS (SELECT a FROM t GROUP BY a HAVING SUM(b) > 1) SELECT * FROM x",
        ] {
            assert!(refuse_wrong_answers(wrong).is_err(), "{wrong}");
        }
        for right in [
            "SELECT a, COUNT(*) AS n FROM t GROUP BY a HAVING n > 1",
            "SELECT COUNT(*) FROM t",
            "SELECT 'having count(' FROM t -- having count(x)",
            "WITH x AS (SELECT a, COUNT(*) AS n FROM t GROUP BY a HAVING n > 1) SELECT COUNT(*) FROM x",
        ] {
            assert!(refuse_wrong_answers(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn clauses_that_the_engine_leaves_out_are_refused() {
        for wrong in [
            "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1",
            "SELECT a FROM t FETCH FIRST 1 ROWS ONLY",
            "SELECT TOP 1 a FROM t",
            "SELECT a FROM t PREWHERE b",
            "SELECT INTERVAL '1' foo FROM t",
        ] {
            assert!(refuse_wrong_answers(wrong).is_err(), "{wrong}");
        }
        let right = "SELECT top, interval_days FROM t -- qualify";
        assert!(refuse_wrong_answers(right).is_ok());
    }

    #[test]
    fn an_order_is_recognised() {
        assert!(is_ordered("SELECT a FROM t ORDER\nBY a"));
        assert!(!is_ordered("SELECT 'order by' FROM t"));
    }
}
