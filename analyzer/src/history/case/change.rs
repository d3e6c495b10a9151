//! What changes a case: snapshots come, go, and are evaluated anew.
//!
//! Owns which results a case must hold: of each snapshot one at its own clock and one at the clock of the next of its
//! domain. What is evaluated is told from outside, so that tests need no directory.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_schemas::container::file_sha256;
use rusqlite::Connection;

use super::Case;
use super::store::{self, Kept};
use crate::history::domain::Domain;
use crate::history::evaluated::{Evaluable, Evaluated, Judge};
use crate::history::moment::Moment;
use crate::history::summary::Basis;

/// Who evaluates snapshots.
pub(crate) trait Opener {
    fn basis(&self) -> &Basis;

    /// Opens a snapshot.
    ///
    /// # Errors
    /// It cannot be read.
    fn open(&self, path: &Path) -> Result<Box<dyn Evaluable + '_>>;
}

impl Opener for Judge {
    fn basis(&self) -> &Basis {
        &self.basis
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Evaluable + '_>> {
        Ok(Box::new(Evaluated::open(self, path)?))
    }
}

/// What came of adding a snapshot.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) kept: Kept,
    /// It was there already.
    pub(crate) again: bool,
    /// What could not be done, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// What came of taking a snapshot out.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) kept: Kept,
    pub(crate) notes: Vec<String>,
}

impl Case {
    /// Adds a snapshot: evaluates it, and the one before it at its clock.
    ///
    /// # Errors
    /// It cannot be read or evaluated, or the case cannot be written; then the case is as it was.
    pub(crate) fn add(&mut self, path: &Path, opener: &dyn Opener) -> Result<Added> {
        let named = || path.display().to_string();
        // First of all: it says what is wrong with a path in words.
        let sha256 = file_sha256(path).with_context(named)?;
        let found_at = fs::canonicalize(path).with_context(named)?;
        self.transaction(|database| {
            let known = store::snapshots(database)?;
            let again = known.iter().any(|kept| kept.sha256 == sha256);
            let mut opened = None;
            if again {
                store::moved(database, &sha256, &found_at)?;
            } else {
                let new = opener.open(path)?;
                if new.label().sha256 != sha256 {
                    bail!(
                        "{} was changed while it was read; try again",
                        path.display()
                    );
                }
                store::keep(database, new.label(), &found_at)?;
                opened = Some(new);
            }
            let all = store::snapshots(database)?;
            let place = all.iter().position(|kept| kept.sha256 == sha256);
            let (place, kept) = place
                .and_then(|place| Some((place, all.get(place)?)))
                .context("a snapshot that was put in is not there")?;
            let mut notes = settle(database, &all, place, opener, opened)?;
            if let Some(before) = before(&all, place) {
                notes.extend(settle(database, &all, before, opener, None)?);
            }
            Ok(Added {
                kept: kept.clone(),
                again,
                notes,
            })
        })
    }

    /// Takes out the one snapshot whose hash or time of taking begins with `wanted`, and evaluates the one before it at
    /// the clock of the one after it.
    ///
    /// # Errors
    /// There is none or more than one, or the case cannot be written.
    pub(crate) fn remove(&mut self, wanted: &str, opener: &dyn Opener) -> Result<Removed> {
        self.transaction(|database| {
            let all = store::snapshots(database)?;
            let kept = only(&all, wanted)?.clone();
            let place = all.iter().position(|other| other.sha256 == kept.sha256);
            let before = place.and_then(|place| before(&all, place));
            let before = before.and_then(|before| all.get(before)).cloned();
            store::forget(database, &kept.sha256)?;
            let left = store::snapshots(database)?;
            let mut notes = Vec::new();
            if let Some(before) = before
                && let Some(place) = left.iter().position(|other| other.sha256 == before.sha256)
            {
                notes = settle(database, &left, place, opener, None)?;
            }
            Ok(Removed { kept, notes })
        })
    }

    /// Evaluates what is not evaluated yet under the opener's basis. Each snapshot is a change of its own, so that what
    /// was done stays done. `each` is told of every snapshot, and of what could not be done.
    ///
    /// # Errors
    /// A snapshot cannot be evaluated, or the case cannot be written.
    pub(crate) fn reevaluate(
        &mut self,
        opener: &dyn Opener,
        mut each: impl FnMut(&Kept, Vec<String>) -> Result<()>,
    ) -> Result<()> {
        let all = self.snapshots()?;
        for (place, kept) in all.iter().enumerate() {
            let notes = self.transaction(|database| settle(database, &all, place, opener, None))?;
            each(kept, notes)?;
        }
        Ok(())
    }

    /// Every snapshot, by domain, then by the time it was taken.
    ///
    /// # Errors
    /// The case is damaged.
    pub(crate) fn snapshots(&self) -> Result<Vec<Kept>> {
        self.read(store::snapshots)
    }

    /// The domains, in the order of [`Case::snapshots`], as their last snapshots name them.
    ///
    /// # Errors
    /// The case is damaged.
    pub(crate) fn domains(&self) -> Result<Vec<Domain>> {
        let mut domains: Vec<Domain> = Vec::new();
        for kept in self.snapshots()? {
            match domains.last_mut().filter(|last| last.is(&kept.domain)) {
                Some(last) => *last = kept.domain,
                None => domains.push(kept.domain),
            }
        }
        Ok(domains)
    }
}

/// Brings the results of one snapshot to what they must be; `opened` is the snapshot if somebody has opened it already.
/// Tells what its file would be needed for and is not there.
fn settle(
    database: &Connection,
    all: &[Kept],
    place: usize,
    opener: &dyn Opener,
    opened: Option<Box<dyn Evaluable + '_>>,
) -> Result<Vec<String>> {
    let Some(kept) = all.get(place) else {
        return Ok(Vec::new());
    };
    let next = all
        .get(place + 1)
        .filter(|next| next.domain.is(&kept.domain));
    let mut clocks = vec![kept.taken_at];
    clocks.extend(
        next.map(|next| next.taken_at)
            .filter(|next| *next != kept.taken_at),
    );
    store::prune(database, &kept.sha256, &clocks)?;
    let mut missing: Vec<Moment> = Vec::new();
    for clock in &clocks {
        if !store::has(database, &kept.sha256, opener.basis(), *clock)? {
            missing.push(*clock);
        }
    }
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let there = || file_sha256(&kept.found_at).is_ok_and(|sha256| sha256 == kept.sha256);
    if opened.is_none() && !there() {
        return Ok(vec![format!(
            "the snapshot of {} is not at {} any more, so it was not evaluated again; `coldcase case verify --folder` \
             looks for it, then `coldcase case reevaluate`",
            kept.taken_at.day(),
            kept.found_at.display()
        )]);
    }
    let mut opened = match opened {
        Some(opened) => opened,
        None => opener.open(&kept.found_at)?,
    };
    let summaries = opened.at(&missing)?;
    for summary in &summaries {
        store::put(database, summary)?;
    }
    Ok(Vec::new())
}

/// The place of the snapshot before this one in its domain.
fn before(all: &[Kept], place: usize) -> Option<usize> {
    let before = place.checked_sub(1)?;
    let same = all.get(before)?.domain.is(&all.get(place)?.domain);
    same.then_some(before)
}

/// The one snapshot whose hash or time of taking begins with `wanted`.
fn only<'a>(all: &'a [Kept], wanted: &str) -> Result<&'a Kept> {
    let wanted = wanted.to_lowercase();
    let fits = |kept: &&Kept| {
        let taken_at = kept.taken_at.to_string().to_lowercase();
        !wanted.is_empty() && (kept.sha256.starts_with(&wanted) || taken_at.starts_with(&wanted))
    };
    let found: Vec<&Kept> = all.iter().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => bail!(
            "no snapshot's hash or date begins with {wanted}; `coldcase case list` shows them"
        ),
        several => {
            let names = several.iter().map(|kept| {
                let hash = kept.sha256.get(..12).unwrap_or(&kept.sha256);
                format!("{} of {} ({hash})", kept.taken_at.day(), kept.domain.name)
            });
            let names: Vec<String> = names.collect();
            bail!(
                "{} snapshots begin with {wanted}, name one by more of its hash: {}",
                several.len(),
                names.join("; ")
            )
        }
    }
}
