//! The trend of one domain from what a case holds, without opening a snapshot; for a report, up to the snapshot reported.
//!
//! Owns the choice of rules and assumptions for each point: the present ones where the case has them, else those that
//! most snapshots of the domain have. What that changes is told as re-basing, never as a change of the domain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use coldcase_schemas::container::file_sha256;
use coldcase_schemas::trend::{Rebasing, Trend};

use super::Case;
use super::store::{self, Kept};
use crate::exceptions::Exceptions;
use crate::history::course::Course;
use crate::history::domain::{Domain, choose};
use crate::history::evaluated::{Evaluable, Evaluated, Judge};
use crate::history::files::taken_at;
use crate::history::scored::Scored;
use crate::history::step::Between;
use crate::history::summary::{Basis, Summary};

/// A course that may go on.
struct Part {
    course: Course,
    notes: Vec<String>,
}

impl Case {
    /// The trend of the domain that `wanted` names, or of the only one.
    ///
    /// # Errors
    /// No or several domains are meant, or the case is damaged.
    pub(crate) fn trend(
        &self,
        judge: &Judge,
        wanted: Option<&str>,
        exceptions: Option<&Path>,
    ) -> Result<Trend> {
        let domains = self.domains()?;
        let domain = choose(&domains, wanted).with_context(|| self.path.display().to_string())?;
        let all = self.snapshots()?;
        let all: Vec<Kept> = all
            .into_iter()
            .filter(|kept| kept.domain.is(domain))
            .collect();
        let exceptions = Exceptions::load(exceptions, &self.path)?;
        let part = self.course(judge, &all, &exceptions)?;
        self.finished(judge, &all, &exceptions, part)
    }

    /// The trend up to a snapshot file, which the case may hold or not. The file before it is wanted for the step
    /// between the two, and told if it is still what it was.
    ///
    /// # Errors
    /// The snapshot cannot be read, the case has no earlier one of its domain, or is damaged.
    pub(crate) fn trend_until(
        &self,
        judge: &Judge,
        present: &Path,
        exceptions: Option<&Path>,
    ) -> Result<(Trend, Option<PathBuf>)> {
        let mut now = Evaluated::open(judge, present)?;
        let domain = Domain::of(now.label());
        let (clock, own) = (taken_at(&now.label().manifest)?, now.label().sha256.clone());
        let mut all = self.snapshots()?;
        all.retain(|kept| kept.domain.is(&domain) && kept.taken_at <= clock && kept.sha256 != own);
        let before = all.last().with_context(|| {
            format!(
                "{} has no earlier snapshot of {domain} than {}; `coldcase case add` puts snapshots in it",
                self.path.display(),
                present.display()
            )
        })?;
        let there = file_sha256(&before.found_at).is_ok_and(|sha256| sha256 == before.sha256);
        let kept_by_case = Exceptions::load(exceptions, &self.path)?;
        let mut part = self.course(judge, &all, &kept_by_case)?;
        let list = &kept_by_case.list;
        let scored = |summary: Summary| Scored::new(summary, list, &judge.pack);
        let mut between = Between::default();
        if there {
            let mut earlier = Evaluated::open(judge, &before.found_at)?;
            let mut both = earlier.at(&[before.taken_at, clock])?.into_iter();
            between.rebased = both.next().map(scored);
            between.aged = both.next().map(scored);
        } else {
            let get =
                |at| self.read(|database| store::get(database, &before.sha256, &judge.basis, at));
            between.rebased = get(before.taken_at)?.map(scored);
            between.aged = get(clock)?.map(scored);
        }
        let given = Exceptions::load(exceptions, present)?;
        let summary = now.at(&[clock])?.pop();
        let summary = summary.context("the snapshot was not evaluated")?;
        part.course
            .push(Scored::new(summary, &given.list, &judge.pack), &between);
        let path = there.then(|| before.found_at.clone());
        Ok((self.finished(judge, &all, &kept_by_case, part)?, path))
    }

    /// The course of these snapshots.
    fn course(&self, judge: &Judge, all: &[Kept], exceptions: &Exceptions) -> Result<Part> {
        let bases = self.bases(all, &judge.basis)?;
        let scored = |kept: &Kept, basis: &Basis, clock| -> Result<Option<Scored>> {
            let get = |database: &_| store::get(database, &kept.sha256, basis, clock);
            let summary = self.read(get)?;
            Ok(summary.map(|summary| Scored::new(summary, &exceptions.list, &judge.pack)))
        };
        let mut course = Course::default();
        let mut notes = Vec::new();
        let mut last: Option<(&Kept, &Basis)> = None;
        for (kept, basis) in all.iter().zip(&bases) {
            let Some(basis) = basis else {
                notes.push(format!(
                    "the snapshot of {} has no result",
                    kept.taken_at.day()
                ));
                continue;
            };
            let mut between = Between::default();
            if let Some((before, old)) = last {
                between.aged = scored(before, basis, kept.taken_at)?;
                if old != basis {
                    between.rebased = scored(before, basis, before.taken_at)?;
                }
            }
            let point = scored(kept, basis, kept.taken_at)?;
            course.push(
                point.context("a result that is there is not found")?,
                &between,
            );
            last = Some((kept, basis));
        }
        let older = bases
            .iter()
            .flatten()
            .filter(|basis| **basis != judge.basis);
        match older.count() {
            0 => {}
            count => notes.push(format!(
                "{count} of {} snapshots were evaluated with other rules or assumptions than these; `coldcase case \
                 reevaluate` does it anew",
                all.len()
            )),
        }
        Ok(Part { course, notes })
    }

    fn finished(
        &self,
        judge: &Judge,
        all: &[Kept],
        exceptions: &Exceptions,
        part: Part,
    ) -> Result<Trend> {
        let rebasings = self.rebasings(all, &judge.basis, |kept, basis| {
            let get = |database: &_| store::get(database, &kept.sha256, basis, kept.taken_at);
            let summary = self.read(get)?;
            Ok(summary.map(|summary| Scored::new(summary, &exceptions.list, &judge.pack)))
        })?;
        Ok(part.course.finish(judge, part.notes, rebasings))
    }

    /// Under what each snapshot is told.
    fn bases(&self, all: &[Kept], present: &Basis) -> Result<Vec<Option<Basis>>> {
        let mut known = Vec::with_capacity(all.len());
        let mut counts: BTreeMap<Basis, usize> = BTreeMap::new();
        for kept in all {
            let bases = self.read(|database| store::bases(database, kept))?;
            for basis in &bases {
                *counts.entry(basis.clone()).or_default() += 1;
            }
            known.push(bases);
        }
        let most = |bases: &[Basis]| {
            let common = |basis: &&Basis| (counts.get(*basis).copied(), (*basis).clone());
            bases.iter().max_by_key(common).cloned()
        };
        let mut chosen: Vec<Option<Basis>> = Vec::with_capacity(known.len());
        let mut before: &[Basis] = &[];
        for bases in &known {
            // A snapshot before a new one has both. Its own step is best told as the one before it was; then that to
            // the new one can be split.
            let both = bases.contains(present) && before.contains(present);
            let stays = chosen.last().cloned().flatten();
            let stays = stays.filter(|last| !both && bases.contains(last));
            let now = bases.contains(present).then(|| present.clone());
            chosen.push(stays.or(now).or_else(|| most(bases)));
            before = bases;
        }
        Ok(chosen)
    }

    /// What other rules or assumptions made of the last snapshot that has both.
    fn rebasings(
        &self,
        all: &[Kept],
        present: &Basis,
        scored: impl Fn(&Kept, &Basis) -> Result<Option<Scored>>,
    ) -> Result<Vec<Rebasing>> {
        let mut last: BTreeMap<Basis, &Kept> = BTreeMap::new();
        for kept in all {
            let bases = self.read(|database| store::bases(database, kept))?;
            if bases.contains(present) {
                let others = bases.into_iter().filter(|basis| basis != present);
                last.extend(others.map(|basis| (basis, kept)));
            }
        }
        let mut rebasings = Vec::new();
        for (basis, kept) in last {
            let both = scored(kept, &basis)?.zip(scored(kept, present)?);
            rebasings.extend(both.map(|(before, after)| Rebasing {
                rule_pack_sha256: basis.pack.clone(),
                assumptions_sha256: basis.assumptions.clone(),
                taken_at: kept.manifest.taken_at.clone(),
                before: before.gross.exposure,
                after: after.gross.exposure,
            }));
        }
        Ok(rebasings)
    }
}
