//! How much text the expressions of a query can come to, told before they run.
//!
//! Owns the bound. What goes into an expression is measured; what comes out of it is an upper bound that follows the
//! functions which make text longer: `||`, CONCAT, REPLACE, ARRAY_AGG and ARRAY_TO_STRING. Deliberately does not count
//! rows: that is [`super::bound`]'s.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use polars::prelude::{
    AggExpr, AnyValue, DataType, DslPlan, Expr, FunctionExpr, LazyFrame, ListFunction, Operator,
    StringFunction, col, len, lit,
};

/// What one cell takes beside its text, in bytes.
const CELL: f64 = 16.0;

/// What a list can take of its text, when that is cut into single characters.
const CUT: f64 = 16.0;

/// Bytes.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Of all rows together.
    total: f64,
    /// Of the longest cell.
    longest: f64,
    /// One value for many rows: beside a value of each row it is repeated.
    single: bool,
    /// A list, which is copied wherever it is repeated; text is not.
    list: bool,
}

/// What goes into the expressions of one part of a query.
struct Measured {
    rows: f64,
    columns: HashMap<String, Size>,
    most: f64,
}

/// Whether none of `exprs` over `input` comes to more than `most` bytes.
///
/// # Errors
/// One may; the message says how much. One cannot be bounded, or `input` does not run.
pub(super) fn check(input: &DslPlan, exprs: &[Expr], most: f64) -> Result<()> {
    let growing = |expr: &&Expr| expr.into_iter().any(grows);
    if !exprs.iter().any(|expr| growing(&expr)) {
        return Ok(());
    }
    let measured = Measured::new(input, exprs, most)?;
    let mut sizes = Vec::with_capacity(exprs.len());
    for expr in exprs
        .iter()
        .filter(|expr| !matches!(expr, Expr::Selector(_)))
    {
        sizes.push(measured.size(expr)?);
    }
    let repeated = sizes.len() < exprs.len() || sizes.iter().any(|size| !size.single);
    for size in sizes
        .iter()
        .filter(|size| size.list && size.single && repeated)
    {
        measured.within(measured.rows * size.longest)?;
    }
    Ok(())
}

/// Whether the expression can make text longer, or lists.
fn grows(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr { op, .. } => *op == Operator::Plus,
        Expr::Agg(AggExpr::Implode(_)) | Expr::Explode { .. } | Expr::Eval { .. } => true,
        Expr::Function { function, .. } => match function {
            FunctionExpr::StringExpr(function) => matches!(
                function,
                StringFunction::ConcatHorizontal { .. }
                    | StringFunction::ConcatVertical { .. }
                    | StringFunction::Replace { .. }
                    | StringFunction::Split(_)
            ),
            FunctionExpr::ListExpr(_) => true,
            _ => false,
        },
        _ => false,
    }
}

impl Measured {
    fn new(input: &DslPlan, exprs: &[Expr], most: f64) -> Result<Self> {
        let mut frame = LazyFrame::from(input.clone());
        let schema = frame
            .collect_schema()
            .context("a part of it has no columns")?;
        let mut wanted: Vec<String> = Vec::new();
        for leaf in exprs.iter().flatten() {
            if let Expr::Column(name) = leaf
                && !wanted.iter().any(|known| known == name.as_str())
            {
                wanted.push(name.to_string());
            }
        }
        let mut asked = vec![len().cast(DataType::Float64).alias("rows")];
        let mut texts = Vec::new();
        for name in &wanted {
            match schema.get(name) {
                Some(DataType::String) => {
                    let bytes = || col(name.as_str()).str().len_bytes().cast(DataType::Float64);
                    let place = texts.len();
                    asked.push(
                        bytes()
                            .sum()
                            .fill_null(lit(0.0))
                            .alias(format!("sum{place}")),
                    );
                    asked.push(
                        bytes()
                            .max()
                            .fill_null(lit(0.0))
                            .alias(format!("max{place}")),
                    );
                    texts.push(name);
                }
                Some(kind) if kind.is_nested() => bail!(
                    "{name} is a list, which cannot go into another column; make a text of it where it is made: \
                     ARRAY_TO_STRING(…, ' ')"
                ),
                _ => {}
            }
        }
        let table = frame
            .select(asked)
            .collect()
            .context("a part of it did not run")?;
        let number = |name: &str| match table.column(name).and_then(|column| column.get(0)) {
            Ok(AnyValue::Float64(number)) => Ok(number),
            _ => bail!("the lengths of a part of it could not be measured"),
        };
        let rows = number("rows")?;
        let plain = Size {
            total: rows * CELL,
            longest: CELL,
            single: false,
            list: false,
        };
        let mut columns: HashMap<String, Size> =
            wanted.iter().map(|name| (name.clone(), plain)).collect();
        for (place, name) in texts.into_iter().enumerate() {
            let size = Size {
                total: number(&format!("sum{place}"))? + rows * CELL,
                longest: number(&format!("max{place}"))? + CELL,
                ..plain
            };
            columns.insert(name.clone(), size);
        }
        Ok(Self {
            rows,
            columns,
            most,
        })
    }

    fn within(&self, bytes: f64) -> Result<()> {
        if bytes > self.most {
            bail!(
                "a text or list comes to {:.0} MB, and {:.0} MB is the most; put together less, or of fewer rows",
                bytes / 1e6,
                self.most / 1e6
            );
        }
        Ok(())
    }

    /// An upper bound, which is within what is allowed.
    fn size(&self, expr: &Expr) -> Result<Size> {
        let size = self.bound(expr)?;
        self.within(size.total)?;
        Ok(size)
    }

    fn bound(&self, expr: &Expr) -> Result<Size> {
        Ok(match expr {
            Expr::Alias(inner, _) | Expr::KeepName(inner) => self.size(inner)?,
            Expr::RenameAlias { expr: inner, .. }
            | Expr::Cast { expr: inner, .. }
            | Expr::Sort { expr: inner, .. }
            | Expr::Filter { input: inner, .. }
            | Expr::Slice { input: inner, .. } => self.size(inner)?,
            Expr::SortBy {
                expr: inner, by, ..
            } => {
                by.iter().try_for_each(|by| self.size(by).map(|_| ()))?;
                self.size(inner)?
            }
            Expr::Column(name) => self.columns.get(name.as_str()).copied().unwrap_or(Size {
                total: self.rows * CELL,
                longest: CELL,
                single: false,
                list: false,
            }),
            Expr::Literal(value) => {
                let longest = value.extract_str().map_or(0.0, |text| text.len() as f64) + CELL;
                Size {
                    total: self.rows * longest,
                    longest,
                    single: true,
                    list: false,
                }
            }
            Expr::Len | Expr::SubPlan(..) => Size {
                total: self.rows * CELL,
                longest: CELL,
                single: true,
                list: false,
            },
            Expr::BinaryExpr { left, right, .. } => {
                self.sum(&[self.size(left)?, self.size(right)?])
            }
            Expr::Ternary {
                predicate,
                truthy,
                falsy,
            } => {
                self.size(predicate)?;
                self.sum(&[self.size(truthy)?, self.size(falsy)?])
            }
            Expr::Agg(aggregate) => {
                let inner = self.size(aggregate.as_ref())?;
                let list = matches!(aggregate, AggExpr::Implode(_));
                Size {
                    longest: if list { inner.total } else { inner.longest },
                    single: true,
                    list: list || inner.list,
                    ..inner
                }
            }
            Expr::Window { function, .. } => {
                let inner = self.size(function)?;
                Size {
                    total: self.rows * inner.longest,
                    single: false,
                    ..inner
                }
            }
            Expr::Function { input, function } => self.function(input, function)?,
            _ => bail!(
                "it has an expression whose length cannot be told before it runs; ask more simply"
            ),
        })
    }

    fn function(&self, input: &[Expr], function: &FunctionExpr) -> Result<Size> {
        let sizes: Vec<Size> = input
            .iter()
            .map(|expr| self.size(expr))
            .collect::<Result<_>>()?;
        let all = self.sum(&sizes);
        let times = |first: Option<&Size>, factor: f64| {
            let first = first.copied().unwrap_or(all);
            Size {
                total: (first.total + self.rows) * factor,
                longest: (first.longest + 1.0) * factor,
                ..all
            }
        };
        Ok(match function {
            FunctionExpr::StringExpr(StringFunction::ConcatHorizontal { delimiter, .. }) => {
                let between = delimiter.len() as f64 * input.len() as f64;
                Size {
                    total: all.total + self.rows * between,
                    longest: all.longest + between,
                    ..all
                }
            }
            // What is found may be empty, and is then found between any two characters.
            FunctionExpr::StringExpr(StringFunction::Replace { .. }) => {
                let by = sizes.get(2).map_or(CELL, |size| size.longest) - CELL;
                times(sizes.first(), by.max(0.0) + 1.0)
            }
            FunctionExpr::ListExpr(ListFunction::Join(_)) => {
                let between = sizes.get(1).map_or(CELL, |size| size.longest) - CELL;
                let joined = times(sizes.first(), between.max(0.0) + 1.0);
                Size {
                    list: false,
                    ..joined
                }
            }
            FunctionExpr::StringExpr(StringFunction::Split(_)) => Size {
                list: true,
                ..times(sizes.first(), CUT)
            },
            FunctionExpr::StringExpr(StringFunction::ConcatVertical { .. }) => {
                bail!(
                    "it puts the texts of all rows together; use ARRAY_TO_STRING(ARRAY_AGG(…), ' ')"
                )
            }
            _ => all,
        })
    }

    /// One after the other, in each row.
    fn sum(&self, sizes: &[Size]) -> Size {
        let single = sizes.iter().all(|size| size.single);
        let total = |size: &Size| match size.single && !single {
            true => self.rows * size.longest,
            false => size.total,
        };
        Size {
            total: sizes.iter().map(total).sum(),
            longest: sizes.iter().map(|size| size.longest).sum(),
            single,
            list: sizes.iter().any(|size| size.list),
        }
    }
}
