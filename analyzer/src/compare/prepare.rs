//! From two snapshot files to what a comparison needs: whether they can be compared, and both sides evaluated alike.
//!
//! Deliberately compares nothing and opens no file itself.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result, bail};
use coldcase_schemas::report::{Finding, Report, Severity};
use coldcase_schemas::{Manifest, Snapshot};

use super::Evaluated;
use crate::assumptions::Given;
use crate::exceptions::{Exceptions, apply};
use crate::frames::{Analysis, Frames, looks_at_the_clock};
use crate::load::Directory;
use crate::report::{Judged, assemble};
use crate::rules::{Pack, Page, evaluate};

/// By what both sides are judged.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    pub(crate) given: &'a Given,
    pub(crate) exceptions: &'a Exceptions,
    /// Rule pages of one's own.
    pub(crate) rules: Option<&'a Path>,
}

/// Evaluates one side at its own clock.
///
/// # Errors
/// It cannot be read, or a built-in page does not run; the message names the file.
pub(crate) fn evaluated(path: &Path, snapshot: Snapshot, basis: &Basis<'_>) -> Result<Evaluated> {
    let exceptions = basis.exceptions;
    let mut pack = Pack::load(basis.rules)?;
    let directory = Directory::load(&snapshot).with_context(|| path.display().to_string())?;
    let analysis = Analysis::under(basis.given.clone(), directory);
    let frames = Frames::build(&analysis, pack.pages.iter().map(|page| page.sql.as_str()))?;
    let mut evaluations = evaluate(&analysis, &frames, &mut pack)?;
    let day = analysis.directory.clock.day();
    let judged = Judged {
        results: apply(&exceptions.list, &pack, &mut evaluations, day),
        file: exceptions.file.clone(),
        text: exceptions.text.clone(),
    };
    let report = assemble(&analysis, &pack, &evaluations, judged);
    Ok(Evaluated {
        snapshot,
        analysis,
        report,
    })
}

/// Refuses what would give a wrong answer, by the labels alone.
///
/// # Errors
/// They are of two domains, of other pseudonyms, or in the wrong order.
pub(crate) fn comparable(
    (old, was): (&Path, &Manifest),
    (new, is): (&Path, &Manifest),
    any_domain: bool,
) -> Result<()> {
    let (old, new) = (old.display(), new.display());
    if !any_domain && !was.domain.eq_ignore_ascii_case(&is.domain) {
        bail!(
            "{old} is of the domain {}, {new} of {}: a comparison follows one domain through time \
             (--any-domain compares them all the same)",
            was.domain,
            is.domain
        );
    }
    // An export without the configuration does not tell its forest.
    let told = !was.forest.is_empty() && !is.forest.is_empty();
    if !any_domain && told && !was.forest.eq_ignore_ascii_case(&is.forest) {
        bail!(
            "{old} is of the forest {}, {new} of {}: domains of one name in two forests are two domains \
             (--any-domain compares them all the same)",
            was.forest,
            is.forest
        );
    }
    if was.pseudonyms != is.pseudonyms {
        bail!(
            "{old} {}, {new} {}: names of the one mean nothing in the other; compare two snapshots that were \
             collected with the same --pseudonyms key, or without",
            pseudonyms(was),
            pseudonyms(is)
        );
    }
    let time = |manifest: &Manifest| manifest.taken_at.parse::<jiff::Timestamp>().ok();
    if let (Some(before), Some(after)) = (time(was), time(is))
        && before > after
    {
        bail!(
            "{old} was taken after {new} ({} and {}): swap them, `coldcase diff {new} {old}`",
            was.taken_at,
            is.taken_at
        );
    }
    Ok(())
}

fn pseudonyms(manifest: &Manifest) -> &'static str {
    if manifest.pseudonyms.is_empty() {
        "has names"
    } else {
        "has pseudonyms"
    }
}

/// Two domains may have had one name.
///
/// # Errors
/// Their SIDs differ.
pub(crate) fn same_domain(
    (old, was): (&Path, &Evaluated),
    (new, is): (&Path, &Evaluated),
    any_domain: bool,
) -> Result<()> {
    let sids = (
        &was.analysis.directory.domain_sid,
        &is.analysis.directory.domain_sid,
    );
    if let (Some(before), Some(after)) = sids
        && before != after
        && !any_domain
    {
        bail!(
            "{} and {} have domains of the same name and different SIDs ({before}, {after}): \
             these are two domains (--any-domain compares them all the same)",
            old.display(),
            new.display()
        );
    }
    Ok(())
}

/// Findings that the earlier directory has at the later clock: of the rules that look at ages and whose findings are others.
///
/// # Errors
/// A page does not run.
pub(crate) fn aged(
    old: &mut Evaluated,
    new: &Evaluated,
    rules: Option<&Path>,
) -> Result<HashMap<String, Finding>> {
    let before: HashMap<&str, Severity> = severities(&old.report).collect();
    let others: BTreeSet<&str> = new
        .report
        .findings
        .iter()
        .filter(|finding| before.get(finding.id.as_str()) != Some(&finding.severity))
        .map(|finding| finding.rule.as_str())
        .collect();
    let mut pack = Pack::load(rules)?;
    let ages =
        |page: &&Page| others.contains(page.front.id.as_str()) && looks_at_the_clock(&page.sql);
    let wanted: Vec<String> = pack
        .pages
        .iter()
        .filter(ages)
        .map(|page| page.front.id.clone())
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    pack.select(&wanted)?;
    // Who holds and reaches what does not hang on the clock, so what was found for the side itself still holds.
    let own = old.analysis.directory.clock;
    old.analysis.directory.clock = new.analysis.directory.clock;
    let pages = pack.pages.iter().map(|page| page.sql.as_str());
    let evaluations = Frames::build(&old.analysis, pages)
        .and_then(|frames| evaluate(&old.analysis, &frames, &mut pack));
    old.analysis.directory.clock = own;
    let evaluations = evaluations?;
    let findings = evaluations
        .iter()
        .flat_map(|evaluation| &evaluation.findings);
    Ok(findings
        .map(|weighed| (weighed.finding.id.clone(), weighed.finding.clone()))
        .collect())
}

fn severities(report: &Report) -> impl Iterator<Item = (&str, Severity)> {
    let findings = report.findings.iter();
    findings.map(|finding| (finding.id.as_str(), finding.severity))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Domains of one name in two forests are not compared unasked.
    #[test]
    fn another_forest_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.sqlite.zst");
        let forest = coldcase_fixtures::Forest::new("corp.example");
        forest.write_snapshot(&path).unwrap();
        let here = coldcase_schemas::container::read_manifest(&path).unwrap();
        let mut there = here.clone();
        there.forest = "lab.example".to_owned();
        let asked = |any| comparable((&path, &here), (&path, &there), any);
        assert!(asked(true).is_ok());
        // An export without the configuration does not tell its forest.
        let mut untold = here.clone();
        untold.forest.clear();
        assert!(comparable((&path, &here), (&path, &untold), false).is_ok());
        assert!(
            asked(false)
                .unwrap_err()
                .to_string()
                .contains("lab.example")
        );
    }
}
