//! Running one query, and refusing what the engine is known to answer wrongly.
//!
//! A refused query is a nuisance; a wrong answer would be a wrong "clear".

use std::thread::Builder;

use anyhow::{Context, Result, anyhow, bail};
use polars::prelude::{DataFrame, LazyFrame, PolarsError};
use polars::sql::SQLContext;

use super::words::{Kind, Piece, pieces};
use super::{bound, complaint};
use crate::frames::catalogue::{FRAMES, Type};

/// Aggregates, which polars 0.51 applies to the groups instead of the rows of each group when they stand in HAVING.
const AGGREGATES: &[&str] = &[
    "array_agg",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "first",
    "last",
    "max",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_samp",
    "stdev",
    "stdev_samp",
    "sum",
    "var",
    "var_samp",
    "variance",
];

/// Signs and words that join two expressions or two parts of a query, each to all that stands before it: they are taken
/// apart by recursion.
const JOINING: &[&str] = &[
    "||",
    "+",
    "-",
    "*",
    "/",
    "%",
    "and",
    "or",
    "when",
    "join",
    "union",
    "intersect",
    "except",
];

/// Such signs in a row.
const LONGEST_CHAIN: usize = 120;

/// For the recursions of the engine, in bytes. Only what is used of it is ever taken.
const STACK: usize = 256 << 20;

/// Words of clauses that polars 0.51 reads and leaves out without a word, so that too many rows come, or that
/// make it panic (INTERVAL); no frame has such a column.
const LEFT_OUT: &[&str] = &[
    "qualify",
    "prewhere",
    "fetch",
    "connect",
    "lateral",
    "interval",
    "sort",
    "cluster",
    "distribute",
    "into",
];

/// Runs one query.
///
/// # Errors
/// The SQL is not understood, fails, or is of a form that the engine answers wrongly.
pub(crate) fn run(sql: &mut SQLContext, query: &str) -> Result<DataFrame> {
    refuse(query)?;
    deep(|| collected(understood(sql, query)?, query))
}

/// Runs one query from elsewhere, unless it would make too many rows or too long texts.
///
/// # Errors
/// As [`run`], and if it would make too much.
pub(crate) fn run_bounded(sql: &mut SQLContext, query: &str) -> Result<DataFrame> {
    refuse(query)?;
    deep(|| {
        let lazy = understood(sql, query)?;
        bound::check(&lazy)?;
        collected(lazy, query)
    })
}

/// On a stack that the engine's recursions do not fill.
fn deep<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let ended = thread.context("no thread could be started")?.join();
        ended.map_err(|_| anyhow!("the SQL engine gave up on it"))?
    })
}

fn understood(sql: &mut SQLContext, query: &str) -> Result<LazyFrame> {
    let lazy = sql.execute(query);
    lazy.map_err(|error| said(&error, query).context("the SQL was not understood"))
}

fn collected(lazy: LazyFrame, query: &str) -> Result<DataFrame> {
    let table = lazy.collect();
    table.map_err(|error| said(&error, query).context("the SQL did not run"))
}

fn said(error: &PolarsError, query: &str) -> anyhow::Error {
    anyhow!(complaint::in_words(&error.to_string(), query))
}

/// Refuses what the engine would answer wrongly, and what would fill its stack.
fn refuse(query: &str) -> Result<()> {
    let pieces = pieces(query)?;
    match pieces.iter().find(|piece| !piece.is_sign("(")) {
        Some(first) if first.is("select") || first.is("with") => {}
        Some(other) => bail!(
            "{} is not answered here, only SELECT (or WITH … SELECT)",
            other.text
        ),
        None => bail!("the query is empty"),
    }
    let left_out = pieces
        .iter()
        .find(|piece| LEFT_OUT.iter().any(|word| piece.is(word)));
    let top = pieces.windows(3).any(|three| {
        matches!(three, [select, top, count] if select.is("select") && top.is("top") && is_number(&count.text))
    });
    if let Some(word) = left_out
        .map(|piece| piece.text.as_str())
        .or(top.then_some("top"))
    {
        bail!("{} is not supported here", word.to_uppercase());
    }
    refuse_chains(&pieces)?;
    refuse_booleans_as_text(&pieces)?;
    let mut in_having = false;
    // Where the arguments of ARRAY_AGG end.
    let mut listing: Option<usize> = None;
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate() {
        let next = pieces.get(index + 1);
        if piece.is_sign("(") {
            depth += 1;
        } else if piece.is_sign(")") {
            depth = depth.saturating_sub(1);
            if listing == Some(depth) {
                listing = None;
                if next.is_some_and(|next| next.is("over")) {
                    bail!(
                        "array_agg(…) OVER is answered wrongly by this SQL engine; \
                         group in a WITH and join that"
                    );
                }
            }
        }
        if piece.is("having") {
            in_having = true;
        } else if ["order", "limit", "union", "select"]
            .iter()
            .any(|end| piece.is(end))
        {
            in_having = false;
        }
        let called = next.is_some_and(|next| next.is_sign("("));
        let Some(word) = piece.name().filter(|_| called) else {
            continue;
        };
        if word == "array_agg" && listing.is_none() {
            listing = Some(depth);
        }
        if in_having && AGGREGATES.contains(&word) {
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

/// Refuses a boolean column that is compared with a text: the engine finds no row that fits, which would look clear.
fn refuse_booleans_as_text(pieces: &[Piece]) -> Result<()> {
    let compared = (0..pieces.len()).filter_map(|at| match pieces.get(at..)? {
        // On the right a column may have its frame before it.
        [text, sign, _, dot, column, ..] if text.kind == Kind::Text && dot.is_sign(".") => {
            Some((column, sign))
        }
        [text, sign, column, ..] if text.kind == Kind::Text => Some((column, sign)),
        [column, sign, text, ..] if text.kind == Kind::Text => Some((column, sign)),
        _ => None,
    });
    for (column, sign) in compared {
        let compares = ["=", "==", "<>", "!="]
            .iter()
            .any(|equal| sign.is_sign(equal));
        if let Some(name) = column.name().filter(|name| compares && is_boolean(name)) {
            bail!(
                "{name} is TRUE or FALSE and no text, on line {} of the SQL; write {name}, NOT {name} or {name} IS NULL",
                column.line + 1
            );
        }
    }
    Ok(())
}

/// A column that is boolean in every frame that has it.
fn is_boolean(name: &str) -> bool {
    let mut columns = FRAMES
        .iter()
        .flat_map(|frame| frame.columns)
        .filter(|column| column.name == name)
        .peekable();
    columns.peek().is_some() && columns.all(|column| column.kind == Type::Boolean)
}

/// Refuses more than [`LONGEST_CHAIN`] signs that join at one depth of parentheses, up to a comma or the next clause.
fn refuse_chains(pieces: &[Piece]) -> Result<()> {
    /// Of expressions, and of parts.
    #[derive(Clone, Copy, Default)]
    struct Counts {
        terms: usize,
        parts: usize,
    }
    let mut open = vec![Counts::default()];
    for piece in pieces {
        if piece.is_sign("(") {
            open.push(Counts::default());
            continue;
        }
        if piece.is_sign(")") && open.len() > 1 {
            open.pop();
            continue;
        }
        let Some(counts) = open.last_mut() else {
            continue;
        };
        if !matches!(piece.kind, Kind::Word | Kind::Sign) {
            continue;
        }
        match piece.text.as_str() {
            "join" | "union" | "intersect" | "except" => {
                counts.parts += 1;
                counts.terms = 0;
            }
            "," | "select" | "from" | "where" | "group" | "order" => counts.terms = 0,
            text if JOINING.contains(&text) => counts.terms += 1,
            _ => {}
        }
        if counts.terms.max(counts.parts) > LONGEST_CHAIN {
            bail!(
                "more than {LONGEST_CHAIN} parts are joined to one another on line {} of the SQL, by {}; \
                 use IN (…), or a WITH for a part of it",
                piece.line + 1,
                piece.text
            );
        }
    }
    Ok(())
}

/// True if the query says in which order its rows come.
pub(crate) fn is_ordered(query: &str) -> bool {
    let pieces = pieces(query).unwrap_or_default();
    pieces
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.is("order") && b.is("by")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use polars::df;
    use polars::prelude::IntoLazy;

    use super::*;

    #[test]
    fn aggregates_in_having_are_refused() {
        for wrong in [
            "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1",
            "SELECT a FROM t GROUP BY a HAVING 1 < max (b)",
            "WITH x AS (SELECT a FROM t GROUP BY a HAVING SUM(b) > 1) SELECT * FROM x",
            "SELECT a FROM t GROUP BY a HAVING COUNT/* rows */(*) > 1",
            "SELECT a FROM t GROUP BY a HAVING/**/COUNT(*) > 1",
            "SELECT a FROM t GROUP BY a HAVING \"count\"(*) > 1",
            "SELECT 'it''s', a /* ' */ FROM t GROUP BY a HAVING COUNT(*) > 1",
            "SELECT $$'$$, a FROM t GROUP BY a HAVING COUNT(*) > 1",
            "SELECT a FROM t GROUP BY a HAVING VARIANCE(b) > 1",
            "SELECT ARRAY_TO_STRING(ARRAY_AGG(LOWER(a)) OVER (PARTITION BY b), ' ') FROM t",
        ] {
            assert!(refuse(wrong).is_err(), "{wrong}");
        }
        for right in [
            "SELECT a, COUNT(*) AS n FROM t GROUP BY a HAVING n > 1",
            "SELECT COUNT(*) FROM t",
            "SELECT 'having count(' FROM t -- having count(x)",
            "SELECT a FROM t /* having count(x) */",
            "SELECT $$ having count(x) $$ FROM t",
            "SELECT ARRAY_AGG(a), COUNT(*) OVER (PARTITION BY b) FROM t",
            "WITH x AS (SELECT a, COUNT(*) AS n FROM t GROUP BY a HAVING n > 1) SELECT COUNT(*) FROM x",
        ] {
            assert!(refuse(right).is_ok(), "{right}");
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
            assert!(refuse(wrong).is_err(), "{wrong}");
        }
        let right = "SELECT top, interval_days FROM t -- qualify";
        assert!(refuse(right).is_ok());
    }

    #[test]
    fn a_boolean_is_no_text() {
        for wrong in [
            "SELECT a FROM accounts WHERE enabled = 'yes'",
            "SELECT a FROM accounts x WHERE 'no' <> x.tier0",
            "SELECT a FROM accounts WHERE 'no' <> tier0",
        ] {
            let said = refuse(wrong).unwrap_err().to_string();
            assert!(said.contains("no text, on line 1"), "{said}");
        }
        // The kind is a text, and some frame's class is one.
        assert!(refuse("SELECT a FROM accounts WHERE kind = 'user' AND enabled").is_ok());
        assert!(refuse("SELECT 'enabled = yes' FROM accounts").is_ok());
    }

    #[test]
    fn an_order_is_recognised() {
        assert!(is_ordered("SELECT a FROM t ORDER\nBY a"));
        assert!(!is_ordered("SELECT 'order by' FROM t"));
    }

    #[test]
    fn only_questions_are_answered_whatever_stands_before() {
        for other in [
            "/* SELECT */ DROP TABLE accounts",
            "-- SELECT\nTRUNCATE TABLE accounts",
            "\"select\" 1",
            "/* */",
            "SHOW TABLES",
        ] {
            assert!(refuse(other).is_err(), "{other}");
        }
        assert!(refuse("/* DROP */ -- x\n(SELECT 1)").is_ok());
    }

    #[test]
    fn no_file_is_read_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.csv");
        std::fs::write(&file, "object_id,key\n1,2\n").unwrap();
        let file = file.display();
        for from in [
            format!("read_csv('{file}')"),
            format!("read_csv/* */('{file}')"),
            format!("\"read_csv\"('{file}')"),
            format!("READ_PARQUET($${file}$$)"),
            format!("read_ipc('{file}')"),
            format!("read_json('{file}')"),
            format!("'{file}'"),
            format!("\"{file}\""),
        ] {
            let query = format!("SELECT * FROM {from}");
            assert!(
                run_bounded(&mut SQLContext::new(), &query).is_err(),
                "{query}"
            );
        }
    }

    #[test]
    fn what_would_fill_the_stack_is_refused_and_a_long_query_runs() {
        let rows = || {
            let mut context = SQLContext::new();
            context.register("t", df!("a" => ["x", "y"]).unwrap().lazy());
            context
        };
        let chains = |times: usize| {
            let part = |part: &str, by: &str| vec![part; times].join(by);
            [
                format!("SELECT {} AS k FROM t", part("a", "||")),
                format!("SELECT a FROM t WHERE {}", part("a = 'x'", " OR ")),
                format!(
                    "SELECT CASE {} END AS k FROM t",
                    part("WHEN a = 'x' THEN 1", " ")
                ),
                part("SELECT a FROM t", " UNION ALL "),
            ]
        };
        for query in chains(LONGEST_CHAIN) {
            run_bounded(&mut rows(), &query).unwrap();
        }
        for query in chains(100_000) {
            let refused = run_bounded(&mut rows(), &query).unwrap_err().to_string();
            assert!(refused.contains("more than"), "{refused}");
        }
        let nested = format!("SELECT {}a{} FROM t", "UPPER(".repeat(45), ")".repeat(45));
        run_bounded(&mut rows(), &nested).unwrap();
    }
}
