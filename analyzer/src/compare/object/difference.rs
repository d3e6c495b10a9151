//! The values of an attribute on both sides.

use std::collections::{BTreeMap, BTreeSet};

use coldcase_schemas::attribute::Attribute;
use rusqlite::types::Value;

use super::stored::Stored;
use super::{Comparison, object, rows_of};
use crate::compare::value;
use crate::frames::Analysis;

/// Values that went and that came, in order of their words, and whether each side has any.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) removed: Vec<String>,
    pub(super) added: Vec<String>,
    pub(super) was: bool,
    pub(super) is: bool,
}

impl Difference {
    fn if_any(self) -> Option<Self> {
        (!self.removed.is_empty() || !self.added.is_empty()).then_some(self)
    }
}

/// What the target of a link is known by on both sides.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// On both sides, by its id on the later.
    Object(i64),
    /// Of the earlier side alone, by its id there.
    Gone(i64),
    /// Of the later side alone, by its id there.
    New(i64),
    /// No object here; by its DN in lower case.
    Named(String),
}

impl Comparison<'_> {
    /// Whether the rare values of an attribute are the same on both sides.
    pub(super) fn has_same_rows(&self, attribute: &str, before: i64, now: i64) -> bool {
        let (old, new) = (&self.pair.old.directory, &self.pair.new.directory);
        let was = rows_of(old.values(attribute), before).iter();
        let is = rows_of(new.values(attribute), now).iter();
        was.map(|row| &row.1).eq(is.map(|row| &row.1))
    }

    /// What is different of an attribute that is kept in `column`, in the table of rare values, or both; `None` if nothing.
    pub(super) fn values(
        &self,
        attribute: &Attribute,
        column: Option<usize>,
        before: &Stored,
        now: &Stored,
    ) -> Option<Difference> {
        let cells = column.map(|place| (before.columns.get(place), now.columns.get(place)));
        let (old, new) = (&self.pair.old.directory, &self.pair.new.directory);
        let was = rows_of(old.values(attribute.name), before.id);
        let is = rows_of(new.values(attribute.name), now.id);
        // Most are the same: then nothing is put into words.
        let same = self.has_same_rows(attribute.name, before.id, now.id);
        if same && cells.is_none_or(|(was, is)| was == is) {
            return None;
        }
        let words = |cell: Option<&Value>, rows: &[(i64, Vec<u8>)]| -> BTreeSet<String> {
            let cell = cell.map(|cell| value::of_column(attribute, cell.into()));
            let raw = rows
                .iter()
                .map(|(_, bytes)| value::of_bytes(attribute, bytes));
            cell.into_iter().flatten().chain(raw).collect()
        };
        let (was_cell, is_cell) = cells.unwrap_or_default();
        let (was, is) = (words(was_cell, was), words(is_cell, is));
        Difference {
            removed: was.difference(&is).cloned().collect(),
            added: is.difference(&was).cloned().collect(),
            was: !was.is_empty(),
            is: !is.is_empty(),
        }
        .if_any()
    }

    /// The same of links: a target that was renamed or moved is the same target.
    pub(super) fn targets(&self, attribute: &str, before: i64, now: i64) -> Option<Difference> {
        let (old, new) = (&self.pair.old.directory, &self.pair.new.directory);
        let was = rows_of(old.links(attribute), before);
        let is = rows_of(new.links(attribute), now);
        let pairs = was.iter().zip(is);
        let mut known = pairs.map(|(was, is)| self.pair.matching.new_of(was.1) == Some(is.1));
        if was.len() == is.len() && known.all(|same| same) {
            return None;
        }
        let text = |analysis: &Analysis, target| {
            analysis.directory.dn(target).unwrap_or_default().to_owned()
        };
        let mut left: BTreeMap<Target, i64> = is
            .iter()
            .map(|(_, target)| (self.later(*target), *target))
            .collect();
        let mut removed = Vec::new();
        for (_, target) in was {
            if left.remove(&self.earlier(*target)).is_none() {
                removed.push(text(self.pair.old, *target));
            }
        }
        let mut added: Vec<String> = left
            .values()
            .map(|target| text(self.pair.new, *target))
            .collect();
        removed.sort();
        added.sort();
        Difference {
            removed,
            added,
            was: !was.is_empty(),
            is: !is.is_empty(),
        }
        .if_any()
    }

    fn later(&self, target: i64) -> Target {
        if self.pair.matching.old_of(target).is_some() {
            return Target::Object(target);
        }
        let dn = self.pair.new.directory.dn(target).unwrap_or_default();
        // What the other side names without showing it is the same.
        if object(self.pair.new, target).is_some() && !self.pair.old.directory.only_names(dn) {
            return Target::New(target);
        }
        Target::Named(dn.to_lowercase())
    }

    fn earlier(&self, target: i64) -> Target {
        if let Some(new) = self.pair.matching.new_of(target) {
            return Target::Object(new);
        }
        let dn = self.pair.old.directory.dn(target).unwrap_or_default();
        if object(self.pair.old, target).is_some() && !self.pair.new.directory.only_names(dn) {
            return Target::Gone(target);
        }
        Target::Named(dn.to_lowercase())
    }
}
