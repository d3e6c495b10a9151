//! What `coldcase report --history` tells of the past: the trend up to the snapshot, and what changed since the one
//! before it.
//!
//! Deliberately compares nothing itself: `coldcase trend` and `coldcase diff` tell the same.

use std::path::PathBuf;

use anyhow::{Result, bail};
use coldcase_schemas::diff::Diff;
use coldcase_schemas::trend::Trend;

use super::{open, progress};
use crate::arguments::{ReportArguments, ReportFormat};
use crate::compare::{Basis, Evaluated, aged, comparable, diff, evaluated, same_domain};
use crate::history::{Case, Files, Judge, is_case};
use crate::rules::Pack;

/// The past of a snapshot.
pub(super) struct Past {
    pub(super) trend: Trend,
    /// `None` if the file of the snapshot before is not at hand any more.
    pub(super) diff: Option<Diff>,
}

/// Refuses what would tell less than it seems to.
///
/// # Errors
/// A format that does not tell the past, or not all rules.
pub(super) fn allowed(arguments: &ReportArguments) -> Result<()> {
    if arguments.history.is_empty() {
        return Ok(());
    }
    if !matches!(
        arguments.format,
        ReportFormat::Html | ReportFormat::Xlsx | ReportFormat::Csv
    ) {
        bail!(
            "--history is for --format html, xlsx and csv; as text and JSON `coldcase diff OLD NEW` tells what changed, and \
             `coldcase trend FILE...` the way of several snapshots"
        );
    }
    if !arguments.rule.is_empty() {
        bail!(
            "--history compares the whole domain, --rule looks at a part of the rules: leave one of them out"
        );
    }
    let missing = arguments.history.iter().find(|file| !file.is_file());
    if let Some(file) = missing {
        bail!(
            "{}, which --history names, is no file; name earlier snapshots of the domain, or one case file",
            file.display()
        );
    }
    Ok(())
}

/// What the files of `--history` tell of the snapshot `now`.
///
/// # Errors
/// A file cannot be read, is of another domain, or was taken later.
pub(super) fn told(
    arguments: &ReportArguments,
    basis: &Basis<'_>,
    now: &Evaluated,
) -> Result<Past> {
    let judge = Judge::new(Pack::load(basis.rules)?, basis.given.clone());
    let own = arguments.exceptions.as_deref();
    let snapshot = arguments.snapshot.as_path();
    let (trend, before) = match arguments.history.as_slice() {
        [case] if is_case(case) => Case::open(case, false)?.trend_until(&judge, snapshot, own)?,
        files => {
            if let Some(case) = files.iter().find(|file| is_case(file)) {
                bail!(
                    "{} is a case file: --history takes one case file alone, or snapshots",
                    case.display()
                );
            }
            let mut all: Vec<PathBuf> = files.to_vec();
            all.push(snapshot.to_owned());
            let files = Files::of(&all)?;
            let before = files.before(snapshot)?.to_owned();
            let course = files.course(&judge, own, |number, of, day| {
                progress::say(&format!("snapshot {number} of {of}, taken {day}"));
            })?;
            (course.finish(&judge, files.notes, Vec::new()), Some(before))
        }
    };
    let Some(before) = before else {
        return Ok(Past { trend, diff: None });
    };
    progress::say("comparing with the snapshot before");
    let old = open(&before)?;
    let (earlier, later) = (before.as_path(), snapshot);
    comparable(
        (earlier, old.manifest()),
        (later, now.snapshot.manifest()),
        false,
    )?;
    let mut old = evaluated(earlier, old, basis)?;
    same_domain((earlier, &old), (later, now), false)?;
    let aged = aged(&mut old, now, basis.rules)?;
    Ok(Past {
        trend,
        diff: Some(diff(&old, now, &aged)?),
    })
}
