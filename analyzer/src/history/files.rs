//! Snapshot files as they are named on the command line: told apart, put in order, evaluated one after the other.
//!
//! Owns that order and what is said of files named twice. One directory is in memory at a time.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use coldcase_schemas::Manifest;
use coldcase_schemas::container::{file_sha256, read_manifest};

use super::course::Course;
use super::domain::Domain;
use super::evaluated::{Evaluable, Evaluated, Judge, Label};
use super::moment::Moment;
use super::scored::Scored;
use super::step::Between;
use super::summary::Summary;
use crate::exceptions::Exceptions;

/// Snapshot files, by the time they were taken.
#[derive(Debug)]
pub(crate) struct Files {
    files: Vec<File>,
    /// What was named more than once.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug)]
struct File {
    taken_at: Moment,
    sha256: String,
    path: PathBuf,
    manifest: Manifest,
}

impl Files {
    /// Reads labels and hashes, in whatever order the files are named. Of one snapshot that is named twice, or lies in
    /// two places, the first path by name counts.
    ///
    /// # Errors
    /// A file is no snapshot, or is of another forest than the others; the message names it.
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let read = || -> Result<File> {
                let manifest = read_manifest(path)?;
                Ok(File {
                    taken_at: taken_at(&manifest)?,
                    sha256: file_sha256(path)?,
                    path: path.clone(),
                    manifest,
                })
            };
            files.push(read().with_context(|| path.display().to_string())?);
        }
        files.sort_by(|a, b| {
            (a.taken_at, &a.sha256, &a.path).cmp(&(b.taken_at, &b.sha256, &b.path))
        });
        let mut notes = Vec::new();
        files.dedup_by(|again, first| {
            let same = again.sha256 == first.sha256;
            if same {
                notes.push(format!(
                    "the snapshot of {} was named more than once; it counts once",
                    first.manifest.taken_at
                ));
            }
            same
        });
        notes.dedup();
        let forest = |file: &File| file.manifest.forest.to_lowercase();
        // An export without the configuration does not tell its forest.
        let mut told = files.iter().filter(|file| !forest(file).is_empty());
        if let Some((first, other)) = told
            .next()
            .and_then(|first| Some((first, told.find(|file| forest(file) != forest(first))?)))
        {
            bail!(
                "{}",
                other_domain(&first.path, &first.manifest, &other.path, &other.manifest)
            );
        }
        Ok(Self { files, notes })
    }

    /// The last one before the present snapshot, which must be the last of all.
    ///
    /// # Errors
    /// There is none before it, or one after it.
    pub(crate) fn before(&self, present: &Path) -> Result<&Path> {
        let own = file_sha256(present).with_context(|| present.display().to_string())?;
        match self.files.as_slice() {
            [.., last] if last.sha256 != own => bail!(
                "{} was taken after {}: --history names earlier snapshots",
                last.path.display(),
                present.display()
            ),
            [.., before, _] => Ok(&before.path),
            _ => bail!(
                "--history names no snapshot but {} itself",
                present.display()
            ),
        }
    }

    /// Evaluates all of them. `each` is told before one begins: its number from 1, how many there are, and the day it was
    /// taken.
    ///
    /// # Errors
    /// A file cannot be read, or is of another domain than the first.
    pub(crate) fn course(
        &self,
        judge: &Judge,
        exceptions: Option<&Path>,
        mut each: impl FnMut(usize, usize, &str),
    ) -> Result<Course> {
        let mut course = Course::default();
        let mut aged: Option<Summary> = None;
        let mut first: Option<(&File, Label)> = None;
        for (place, file) in self.files.iter().enumerate() {
            each(place + 1, self.files.len(), &file.taken_at.day());
            let mut evaluated = Evaluated::open(judge, &file.path)?;
            let label = evaluated.label().clone();
            if label.sha256 != file.sha256 {
                bail!(
                    "{} was changed while it was read; try again",
                    file.path.display()
                );
            }
            let (one, known) = first.get_or_insert_with(|| (file, label.clone()));
            if !Domain::of(known).is(&Domain::of(&label)) {
                bail!(
                    "{} is of {}, {} of {}: a trend is of one domain",
                    one.path.display(),
                    Domain::of(known),
                    file.path.display(),
                    Domain::of(&label)
                );
            }
            let next = self.files.get(place + 1).map(|next| next.taken_at);
            let clocks: Vec<Moment> = std::iter::once(file.taken_at).chain(next).collect();
            let mut summaries = evaluated.at(&clocks)?.into_iter();
            drop(evaluated);
            let given = Exceptions::load(exceptions, &file.path)?;
            let scored = |summary| Scored::new(summary, &given.list, &judge.pack);
            let between = Between {
                rebased: None,
                aged: aged.take().map(scored),
            };
            if let Some(own) = summaries.next() {
                course.push(scored(own), &between);
            }
            aged = summaries.next();
        }
        Ok(course)
    }
}

/// When a snapshot was taken.
///
/// # Errors
/// Its manifest does not say.
pub(crate) fn taken_at(manifest: &Manifest) -> Result<Moment> {
    Moment::parse(&manifest.taken_at).with_context(|| {
        format!(
            "the snapshot does not say when it was taken (taken_at is {:?})",
            manifest.taken_at
        )
    })
}

fn other_domain(one: &Path, first: &Manifest, two: &Path, second: &Manifest) -> String {
    // An export without the configuration does not tell its forest.
    let of = |manifest: &Manifest| match manifest.forest.as_str() {
        "" => manifest.domain.clone(),
        forest => format!("{} (forest {forest})", manifest.domain),
    };
    format!(
        "{} is of {}, {} of {}: a trend is of one domain",
        one.display(),
        of(first),
        two.display(),
        of(second)
    )
}
