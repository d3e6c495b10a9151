//! Counts the rows that a query's joins would make, before it runs: SQL from elsewhere must not fill the memory.
//!
//! Owns the bound. Each join is measured by the number of rows that each key has on either side, innermost first, so that
//! what is measured has itself been found small enough. Deliberately does not bound the built-in pages: tests and a
//! benchmark do.

use anyhow::{Context, Result, bail};
use polars::prelude::{AnyValue, DataType, DslPlan, Expr, JoinType, LazyFrame, col, len, lit};

/// Parts that a query may have: parts that are named several times are run, and counted, as often.
const LARGEST: u32 = 2_000;

/// Rows that one join may make.
const MOST: u64 = 5_000_000;

/// Whether every join of the query stays within bounds.
///
/// # Errors
/// One would make too many rows; the message says how many. A part of the query cannot be measured or run.
pub(super) fn check(query: &LazyFrame) -> Result<()> {
    check_plan(&query.logical_plan, MOST, &mut LARGEST.clone())
}

fn check_plan(plan: &DslPlan, most: u64, left: &mut u32) -> Result<()> {
    *left = left
        .checked_sub(1)
        .context("it has too many parts; a WITH that is named twice counts twice")?;
    match plan {
        DslPlan::DataFrameScan { .. } => Ok(()),
        DslPlan::Filter { input, .. }
        | DslPlan::Cache { input, .. }
        | DslPlan::Select { input, .. }
        | DslPlan::GroupBy { input, .. }
        | DslPlan::HStack { input, .. }
        | DslPlan::Distinct { input, .. }
        | DslPlan::Sort { input, .. }
        | DslPlan::Slice { input, .. }
        | DslPlan::MapFunction { input, .. } => check_plan(input, most, left),
        DslPlan::IR { dsl, .. } => check_plan(dsl, most, left),
        DslPlan::Union { inputs, .. } | DslPlan::HConcat { inputs, .. } => inputs
            .iter()
            .try_for_each(|input| check_plan(input, most, left)),
        DslPlan::ExtContext { input, contexts } => {
            check_plan(input, most, left)?;
            contexts
                .iter()
                .try_for_each(|input| check_plan(input, most, left))
        }
        DslPlan::Join {
            input_left,
            input_right,
            left_on,
            right_on,
            predicates,
            options,
        } => {
            check_plan(input_left, most, left)?;
            check_plan(input_right, most, left)?;
            let (one, other) = (frame(input_left), frame(input_right));
            let pairs = match options.args.how {
                JoinType::Semi | JoinType::Anti => 0,
                _ if predicates.is_empty() && !left_on.is_empty() => {
                    pairs(one, left_on, other, right_on)?
                }
                _ => height(one)?.saturating_mul(height(other)?),
            };
            if pairs > most {
                bail!(
                    "a join pairs {pairs} rows, and {most} is the most; join on a column that tells rows apart, \
                     such as object_id"
                );
            }
            Ok(())
        }
        _ => bail!("it has a part whose rows cannot be counted before it runs; ask more simply"),
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

    /// Whether `query` over ten rows, of which eight have one kind, stays within `most` rows a join.
    fn within(query: &str, most: u64) -> Result<()> {
        let kinds = ["a", "a", "a", "a", "a", "a", "a", "a", "b", "c"];
        let rows = df!("id" => (0..10_i64).collect::<Vec<_>>(), "kind" => kinds).unwrap();
        let mut context = SQLContext::new();
        context.register("rows", rows.lazy());
        check_plan(
            &context.execute(query).unwrap().logical_plan,
            most,
            &mut LARGEST.clone(),
        )
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
}
