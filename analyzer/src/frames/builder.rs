//! Rows into a dataframe, held against the catalogue.
//!
//! Deliberately knows no frame by name.

use anyhow::{Context, Result, bail};
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

use super::catalogue::{self, Frame, Type};

/// A value of a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Integer(Option<i64>),
    Float(Option<f64>),
    Text(Option<String>),
    Boolean(Option<bool>),
}

macro_rules! cell_from {
    ($($from:ty => $variant:ident),*) => {$(
        impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                Self::$variant(Some(value.into()))
            }
        }
        impl From<Option<$from>> for Cell {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )*};
}

cell_from!(i64 => Integer, u32 => Integer, f64 => Float, bool => Boolean, String => Text, &str => Text);

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::from(Some(count))
    }
}

impl From<Option<usize>> for Cell {
    fn from(count: Option<usize>) -> Self {
        Self::Integer(count.and_then(|count| i64::try_from(count).ok()))
    }
}

/// A frame under construction.
pub(super) struct Builder {
    frame: &'static Frame,
    columns: Vec<Values>,
    /// Set when a row does not fit the catalogue; reported once, at the end.
    misfit: Option<String>,
}

enum Values {
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Boolean(Vec<Option<bool>>),
}

impl Builder {
    /// Begins the frame `name` of the catalogue.
    pub(super) fn new(name: &str) -> Result<Self> {
        let frame = catalogue::find(name)
            .with_context(|| format!("frame {name} is not in the catalogue"))?;
        Ok(Self::of(frame))
    }

    /// Begins a frame.
    pub(super) fn of(frame: &'static Frame) -> Self {
        let columns = frame
            .columns
            .iter()
            .map(|column| match column.kind {
                Type::Integer => Values::Integer(Vec::new()),
                Type::Float => Values::Float(Vec::new()),
                Type::Text => Values::Text(Vec::new()),
                Type::Boolean => Values::Boolean(Vec::new()),
            })
            .collect();
        Self {
            frame,
            columns,
            misfit: None,
        }
    }

    /// Adds a row, in the catalogue's order of columns.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        if N != self.columns.len() {
            self.misfit = Some(format!("a row of {N} for {} columns", self.columns.len()));
            return;
        }
        for ((values, cell), column) in self.columns.iter_mut().zip(cells).zip(self.frame.columns) {
            match (values, cell) {
                (Values::Integer(values), Cell::Integer(value)) => values.push(value),
                (Values::Float(values), Cell::Float(value)) => values.push(value),
                (Values::Text(values), Cell::Text(value)) => values.push(value),
                (Values::Boolean(values), Cell::Boolean(value)) => values.push(value),
                _ => self.misfit = Some(format!("column {} has another type", column.name)),
            }
        }
    }

    /// The finished frame.
    ///
    /// # Errors
    /// A row did not fit the catalogue.
    pub(super) fn finish(self) -> Result<DataFrame> {
        if let Some(misfit) = self.misfit {
            bail!("frame {}: {misfit}", self.frame.name);
        }
        let columns: Vec<Column> = self
            .columns
            .into_iter()
            .zip(self.frame.columns)
            .map(|(values, column)| {
                let name = column.name.into();
                match values {
                    Values::Integer(values) => Series::new(name, values),
                    Values::Float(values) => Series::new(name, values),
                    Values::Text(values) => Series::new(name, values),
                    Values::Boolean(values) => Series::new(name, values),
                }
                .into()
            })
            .collect();
        DataFrame::new(columns).with_context(|| format!("frame {}", self.frame.name))
    }
}
