//! Counts what a query would make, before it runs: SQL from elsewhere must not fill the memory.
//!
//! Owns the bounds. Each join is measured by the number of rows that each key has on either side, each union by its parts,
//! innermost first, so that what is measured has itself been found small enough; texts are [`super::growth`]'s.
//! Deliberately does not bound the built-in pages: tests and a benchmark do.

use anyhow::{Context, Result, bail};
use polars::prelude::{AnyValue, DataType, DslPlan, Expr, JoinType, LazyFrame, col, len, lit};

use super::growth;

/// Parts that a query may have: parts that are named several times are run, and counted, as often.
const LARGEST: u32 = 2_000;

/// Rows that one join or union may make.
const MOST: u64 = 5_000_000;

/// Bytes of text, or of a list, that one column may come to.
const MOST_BYTES: f64 = 256e6;

/// Whether every part of the query stays within bounds.
///
/// # Errors
/// A join or a union would make too many rows, or an expression too long a text; the message says how many. A part of the
/// query cannot be measured or run.
pub(super) fn check(query: &LazyFrame) -> Result<()> {
    let mut bounds = Bounds {
        rows: MOST,
        bytes: MOST_BYTES,
        parts: LARGEST,
    };
    bounds.check(&query.logical_plan).map(|_| ())
}

/// What a query may come to.
struct Bounds {
    rows: u64,
    bytes: f64,
    /// Parts that are left.
    parts: u32,
}

impl Bounds {
    /// Returns a number of rows that `plan` does not exceed.
    fn check(&mut self, plan: &DslPlan) -> Result<u64> {
        self.parts = self
            .parts
            .checked_sub(1)
            .context("it has too many parts; a WITH that is named twice counts twice")?;
        match plan {
            DslPlan::DataFrameScan { df, .. } => Ok(df.height() as u64),
            DslPlan::Filter { input, predicate } => {
                self.over(input, std::slice::from_ref(predicate))
            }
            DslPlan::Select { input, expr, .. } => {
                let rows = self.over(input, expr)?;
                // An aggregate of no rows is one.
                Ok(rows.max(1))
            }
            DslPlan::GroupBy {
                input, keys, aggs, ..
            } => {
                let exprs: Vec<Expr> = keys.iter().chain(aggs).cloned().collect();
                self.over(input, &exprs)
            }
            DslPlan::HStack { input, exprs, .. } => self.over(input, exprs),
            DslPlan::Sort {
                input, by_column, ..
            } => self.over(input, by_column),
            DslPlan::Cache { input, .. }
            | DslPlan::Distinct { input, .. }
            | DslPlan::Slice { input, .. } => self.check(input),
            // The type of the function is not public, its name is.
            DslPlan::MapFunction { input, function } => match function.to_string().as_str() {
                "RENAME" | "ROW_INDEX" => self.check(input),
                other => {
                    bail!("its part {other} cannot be counted before it runs; ask more simply")
                }
            },
            DslPlan::IR { dsl, .. } => self.check(dsl),
            DslPlan::Union { inputs, .. } => {
                let mut sum = 0_u64;
                for input in inputs {
                    sum = sum.saturating_add(self.check(input)?);
                }
                if sum > self.rows {
                    // More than there are at most; how many there are, only counting tells.
                    sum = 0;
                    for input in inputs {
                        sum = sum.saturating_add(height(frame(input))?);
                    }
                }
                if sum > self.rows {
                    bail!(
                        "a UNION comes to {sum} rows, and {} is the most; select fewer in each part",
                        self.rows
                    );
                }
                Ok(sum)
            }
            DslPlan::HConcat { inputs, .. } => self.highest(inputs),
            DslPlan::ExtContext { input, contexts } => {
                let rows = self.check(input)?;
                self.highest(contexts)?;
                Ok(rows)
            }
            DslPlan::Join {
                input_left,
                input_right,
                left_on,
                right_on,
                predicates,
                options,
            } => {
                self.no_lists(input_left)?;
                self.no_lists(input_right)?;
                let left = self.over(input_left, left_on)?;
                let right = self.over(input_right, right_on)?;
                let (one, other) = (frame(input_left), frame(input_right));
                let pairs = match options.args.how {
                    JoinType::Semi | JoinType::Anti => return Ok(left),
                    _ if predicates.is_empty() && !left_on.is_empty() => {
                        pairs(one, left_on, other, right_on)?
                    }
                    _ => height(one)?.saturating_mul(height(other)?),
                };
                if pairs > self.rows {
                    bail!(
                        "a join pairs {pairs} rows, and {} is the most; join on a column that tells rows apart, \
                         such as object_id",
                        self.rows
                    );
                }
                Ok(match options.args.how {
                    JoinType::Inner | JoinType::Cross => pairs,
                    // Rows without a partner stay.
                    _ => pairs.saturating_add(left).saturating_add(right),
                })
            }
            _ => {
                bail!("it has a part whose rows cannot be counted before it runs; ask more simply")
            }
        }
    }

    /// A part that evaluates expressions on each row of `input`, or on groups of them.
    fn over(&mut self, input: &DslPlan, exprs: &[Expr]) -> Result<u64> {
        let rows = self.check(input)?;
        for inner in exprs.iter().flatten() {
            if let Expr::SubPlan(plan, _) = inner {
                self.check(plan)?;
            }
        }
        growth::check(input, exprs, self.bytes)?;
        Ok(rows)
    }

    fn highest(&mut self, inputs: &[DslPlan]) -> Result<u64> {
        let mut most = 0;
        for input in inputs {
            most = self.check(input)?.max(most);
        }
        Ok(most)
    }

    /// A list is copied for each row that it is joined to.
    fn no_lists(&self, input: &DslPlan) -> Result<()> {
        let schema = frame(input)
            .collect_schema()
            .context("a part of it has no columns")?;
        match schema.iter().find(|(_, kind)| kind.is_nested()) {
            Some((name, _)) => bail!(
                "{name} is a list, which cannot be joined; make a text of it first: ARRAY_TO_STRING(…, ' ')"
            ),
            None => Ok(()),
        }
    }
}

fn frame(plan: &DslPlan) -> LazyFrame {
    LazyFrame::from(plan.clone())
}

fn height(frame: LazyFrame) -> Result<u64> {
    number(frame.select([len().cast(DataType::UInt64)]))
}

/// How many pairs of rows have equal keys.
fn pairs(left: LazyFrame, left_on: &[Expr], right: LazyFrame, right_on: &[Expr]) -> Result<u64> {
    let keys: Vec<Expr> = (0..left_on.len()).map(|n| col(format!("k{n}"))).collect();
    let counted = |frame: LazyFrame, on: &[Expr], name: &str| {
        let named = on
            .iter()
            .zip(0..)
            .map(|(key, n)| key.clone().alias(format!("k{n}")));
        frame
            .group_by(named.collect::<Vec<_>>())
            .agg([len().cast(DataType::UInt64).alias(name)])
    };
    let both = counted(left, left_on, "left").join(
        counted(right, right_on, "right"),
        &keys,
        &keys,
        JoinType::Inner.into(),
    );
    // Doubles do not overflow; this far up they need not be exact either.
    let rows = col("left").cast(DataType::Float64) * col("right").cast(DataType::Float64);
    number(both.select([rows.sum().fill_null(lit(0)).cast(DataType::UInt64)]))
}

fn number(frame: LazyFrame) -> Result<u64> {
    let table = frame.collect().context("a part of it did not run")?;
    let column = table.get_columns().first();
    match column.and_then(|column| column.get(0).ok()) {
        Some(AnyValue::UInt64(count)) => Ok(count),
        Some(other) => bail!("a count came out as {other}"),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use polars::df;
    use polars::prelude::IntoLazy;
    use polars::sql::SQLContext;

    use super::*;

    /// Whether `query` over ten rows, of which eight have one kind, stays within `most` rows.
    fn within(query: &str, most: u64) -> Result<()> {
        bounded(query, most, MOST_BYTES)
    }

    fn bounded(query: &str, rows: u64, bytes: f64) -> Result<()> {
        let kinds = ["a", "a", "a", "a", "a", "a", "a", "a", "b", "c"];
        let table = df!("id" => (0..10_i64).collect::<Vec<_>>(), "kind" => kinds).unwrap();
        let mut context = SQLContext::new();
        context.register("rows", table.lazy());
        let mut bounds = Bounds {
            rows,
            bytes,
            parts: LARGEST,
        };
        bounds
            .check(&context.execute(query).unwrap().logical_plan)
            .map(|_| ())
    }

    #[test]
    fn joins_are_counted_by_their_keys() {
        let by_id = "SELECT a.id FROM rows a JOIN rows b ON a.id = b.id";
        within(by_id, 10).unwrap();
        within(by_id, 9).unwrap_err();
        // 8 × 8 + 1 + 1.
        let by_kind = "SELECT a.id FROM rows a LEFT JOIN rows b ON a.kind = b.kind";
        within(by_kind, 66).unwrap();
        assert!(
            within(by_kind, 65)
                .unwrap_err()
                .to_string()
                .contains("pairs 66 rows")
        );
        within("SELECT a.id FROM rows a CROSS JOIN rows b", 99).unwrap_err();
        within(
            "SELECT id FROM rows a LEFT ANTI JOIN rows b ON a.kind = b.kind",
            1,
        )
        .unwrap();
    }

    #[test]
    fn what_doubles_with_each_part_is_refused() {
        let doubled = |times: usize| {
            let mut query = "WITH p0 AS (SELECT id FROM rows)".to_owned();
            for part in 1..=times {
                let before = part - 1;
                query.push_str(&format!(
                    ", p{part} AS (SELECT id FROM p{before} UNION ALL SELECT id FROM p{before})"
                ));
            }
            within(&format!("{query} SELECT id FROM p{times}"), MOST)
        };
        doubled(3).unwrap();
        assert!(
            doubled(11)
                .unwrap_err()
                .to_string()
                .contains("too many parts")
        );
    }

    #[test]
    fn a_join_deep_inside_is_found() {
        let inside = "WITH pairs AS (SELECT a.id AS id, a.kind AS kind FROM rows a JOIN rows b ON a.kind = b.kind), \
                      few AS (SELECT kind, COUNT(*) AS n FROM pairs WHERE id > 3 GROUP BY kind) \
                      SELECT kind, n FROM few UNION ALL SELECT kind, id AS n FROM rows WHERE id = 1 ORDER BY n LIMIT 1";
        within(inside, 66).unwrap();
        within(inside, 65).unwrap_err();
    }

    #[test]
    fn unions_are_counted_together() {
        let twice = "SELECT id FROM rows UNION ALL SELECT id FROM rows";
        within(twice, 20).unwrap();
        let refused = within(twice, 19).unwrap_err().to_string();
        assert!(refused.contains("UNION comes to 20 rows"), "{refused}");
        // What is left of each part counts.
        within(
            "SELECT id FROM rows WHERE id = 1 UNION ALL SELECT id FROM rows WHERE id = 2",
            2,
        )
        .unwrap();
        // A join of two unions is counted from what they make.
        let joined = format!("WITH t AS ({twice}) SELECT a.id FROM t CROSS JOIN rows a");
        within(&joined, 199).unwrap_err();
    }

    #[test]
    fn subqueries_are_counted() {
        let inside = "SELECT id FROM rows WHERE id IN (SELECT a.id FROM rows a CROSS JOIN rows b)";
        within(inside, 99).unwrap_err();
        within(inside, 100).unwrap();
    }

    #[test]
    fn growing_texts_are_measured() {
        // Ten kinds of one letter; a cell takes sixteen bytes beside its text.
        let to = |query: &str, bytes: f64| bounded(query, MOST, bytes);
        let grow = |query: &str| {
            to(query, MOST_BYTES).unwrap();
            let refused = to(query, 1e3).unwrap_err().to_string();
            assert!(refused.contains("the most"), "{query}: {refused}");
        };
        to("SELECT kind || '!' AS k FROM rows", 1e3).unwrap();
        let long = "x".repeat(200);
        grow(&format!("SELECT kind || '{long}' AS k FROM rows"));
        grow(&format!(
            "SELECT id FROM rows WHERE kind || '{long}' LIKE 'a%'"
        ));
        grow(&format!(
            "SELECT CONCAT_WS('{long}', kind, kind) AS k FROM rows"
        ));
        grow(&format!(
            "SELECT REPLACE(kind, 'a', '{long}') AS k FROM rows"
        ));
        grow(&format!(
            "SELECT ARRAY_TO_STRING(ARRAY_AGG(kind), '{long}') AS k FROM rows"
        ));
        grow(&format!("SELECT kind FROM rows ORDER BY kind || '{long}'"));
        grow("SELECT ARRAY_TO_STRING(ARRAY_AGG(kind), ' ') || kind AS k FROM rows");
    }

    #[test]
    fn a_text_that_doubles_with_each_part_is_refused() {
        let doubled = |times: usize| {
            let mut query = "WITH p0 AS (SELECT kind AS t FROM rows)".to_owned();
            for part in 1..=times {
                let before = part - 1;
                query.push_str(&format!(", p{part} AS (SELECT t || t AS t FROM p{before})"));
            }
            within(&format!("{query} SELECT t FROM p{times}"), MOST)
        };
        doubled(3).unwrap();
        let refused = doubled(40).unwrap_err().to_string();
        assert!(refused.contains("a text or list comes to"), "{refused}");
        // In one expression.
        let nested = (0..12).fold("kind".to_owned(), |text, _| {
            format!("REPLACE({text}, 'a', 'aaaaaaaa')")
        });
        let refused = within(&format!("SELECT {nested} AS t FROM rows"), MOST).unwrap_err();
        assert!(refused.to_string().contains("a text or list"), "{refused}");
    }

    #[test]
    fn texts_of_groups_are_no_more_than_what_goes_in() {
        let listed = "SELECT kind, ARRAY_TO_STRING(ARRAY_AGG(DISTINCT kind), ' ') AS k FROM rows GROUP BY kind";
        bounded(listed, MOST, 1e3).unwrap();
    }

    #[test]
    fn lists_do_not_leave_where_they_are_made() {
        let listed = "WITH l AS (SELECT id, ARRAY_AGG(kind) AS k FROM rows GROUP BY id)";
        for rest in [
            "SELECT r.id FROM rows r JOIN l ON l.id = r.id",
            "SELECT FIRST(k) || 'x' AS k FROM l",
            "SELECT UNNEST(k) AS k FROM l",
        ] {
            let refused = within(&format!("{listed} {rest}"), MOST).unwrap_err();
            let refused = refused.to_string();
            assert!(
                refused.contains("list")
                    || refused.contains("UNNEST")
                    || refused.contains("length"),
                "{rest}: {refused}"
            );
        }
    }
}
