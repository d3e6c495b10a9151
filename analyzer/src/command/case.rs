//! `coldcase case`: a file that keeps what trends need of many snapshots.

use std::cmp::Reverse;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use coldcase_schemas::container::read_manifest;
use coldcase_schemas::exit::AnalyzeExit;
use serde_json::{Map, Value, json};

use super::{output, tables};
use crate::arguments::{
    BasisArguments, CaseAction, CaseAddArguments, CaseArguments, CaseListArguments,
    CaseReevaluateArguments, CaseRemoveArguments, CaseVerifyArguments, TableFormat,
};
use crate::assumptions;
use crate::export::Table;
use crate::history::{Case, Checked, Domain, Judge, Kept, Moment};
use crate::report::{visible, wrap};
use crate::rules::Pack;

pub(super) fn run(arguments: &CaseArguments) -> Result<AnalyzeExit> {
    match &arguments.action {
        CaseAction::Add(arguments) => add(arguments),
        CaseAction::List(arguments) => list(arguments),
        CaseAction::Remove(arguments) => remove(arguments),
        CaseAction::Verify(arguments) => verify(arguments),
        CaseAction::Reevaluate(arguments) => reevaluate(arguments),
    }
}

fn judge(case: &Path, basis: &BasisArguments) -> Result<Judge> {
    let given = assumptions::load(basis.config.as_deref(), case)?;
    Ok(Judge::new(Pack::load(basis.rules.as_deref())?, given))
}

/// Each snapshot is a change of its own: one that cannot be read leaves the others in. The latest comes first: then each
/// is opened once, since what follows it is known by then.
fn add(arguments: &CaseAddArguments) -> Result<AnalyzeExit> {
    let judge = judge(&arguments.file, &arguments.basis)?;
    let fresh = !arguments.file.exists();
    let mut case = Case::open(&arguments.file, true)?;
    let mut wrong = Vec::new();
    let mut snapshots: Vec<&PathBuf> = arguments.snapshots.iter().collect();
    snapshots.sort_by_cached_key(|path| Reverse(taken_when(path)));
    for path in snapshots {
        match case.add(path, &judge) {
            Ok(added) => {
                let what = if added.again {
                    "already there"
                } else {
                    "added"
                };
                tell(&format!("{what}: {}", described(&added.kept)))?;
                for note in &added.notes {
                    tell(&format!("  {note}"))?;
                }
            }
            Err(error) => wrong.push(format!("{error:#}")),
        }
    }
    // What was made for nothing goes again.
    if fresh && case.snapshots().is_ok_and(|kept| kept.is_empty()) {
        drop(case);
        std::fs::remove_file(&arguments.file)
            .with_context(|| arguments.file.display().to_string())?;
    }
    let failed = wrong.len();
    wrong.dedup();
    match wrong.as_slice() {
        [] => Ok(AnalyzeExit::Clean),
        [only] if arguments.snapshots.len() == 1 => bail!("{only}"),
        several => bail!(
            "{failed} of {} snapshots were not added: {}",
            arguments.snapshots.len(),
            several.join("; ")
        ),
    }
}

/// `None` of what is no snapshot, which is told when it is added.
fn taken_when(path: &Path) -> Option<Moment> {
    let manifest = read_manifest(path).ok()?;
    Moment::parse(&manifest.taken_at)
}

fn remove(arguments: &CaseRemoveArguments) -> Result<AnalyzeExit> {
    let judge = judge(&arguments.file, &arguments.basis)?;
    let removed = Case::open(&arguments.file, false)?.remove(&arguments.snapshot, &judge)?;
    tell(&format!("removed: {}", described(&removed.kept)))?;
    for note in &removed.notes {
        tell(&format!("  {note}"))?;
    }
    Ok(AnalyzeExit::Clean)
}

fn reevaluate(arguments: &CaseReevaluateArguments) -> Result<AnalyzeExit> {
    let judge = judge(&arguments.file, &arguments.basis)?;
    let mut missing = 0_usize;
    Case::open(&arguments.file, false)?.reevaluate(&judge, |kept, notes| {
        missing += usize::from(!notes.is_empty());
        let what = if notes.is_empty() {
            "evaluated"
        } else {
            "NOT evaluated"
        };
        tell(&format!("{what}: {}", described(kept)))?;
        notes.iter().try_for_each(|note| tell(&format!("  {note}")))
    })?;
    match missing {
        0 => Ok(AnalyzeExit::Clean),
        count => bail!("{count} snapshots could not be evaluated, since their files are not there"),
    }
}

fn list(arguments: &CaseListArguments) -> Result<AnalyzeExit> {
    let case = Case::open(&arguments.file, false)?;
    let (snapshots, domains) = (case.snapshots()?, case.domains()?);
    let rows: Vec<Map<String, Value>> = snapshots.iter().map(facts).collect();
    match arguments.format {
        TableFormat::Json => {
            output::json(None, &rows)?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Csv => {
            let rows = rows
                .into_iter()
                .map(|row| row.into_iter().map(|(_, fact)| fact).collect());
            tables::csv(None, &Table::of_values("Snapshots", &FACTS, rows))?;
            return Ok(AnalyzeExit::Clean);
        }
        TableFormat::Text => {}
    }
    output::to(None, |out| {
        if snapshots.is_empty() {
            writeln!(out, "No snapshot yet.")?;
        }
        for (number, domain) in domains.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            one_domain(domain, &snapshots, out)?;
        }
        Ok(())
    })?;
    Ok(AnalyzeExit::Clean)
}

fn one_domain(domain: &Domain, snapshots: &[Kept], out: &mut dyn Write) -> std::io::Result<()> {
    let width = output::style(None, true).width;
    for line in wrap(&visible(&domain.to_string()), width, 0) {
        writeln!(out, "{line}")?;
    }
    for kept in snapshots.iter().filter(|kept| kept.domain.is(domain)) {
        let partial = if kept.manifest.complete {
            ""
        } else {
            "  PARTIAL"
        };
        writeln!(
            out,
            "  {}  {}  {:>8} objects{partial}",
            kept.taken_at,
            short(kept),
            kept.manifest.counts.objects
        )?;
    }
    Ok(())
}

fn verify(arguments: &CaseVerifyArguments) -> Result<AnalyzeExit> {
    let mut case = Case::open(&arguments.file, false)?;
    let checked = case.verify(arguments.folder.as_deref())?;
    let rows = checked.iter().map(|one| {
        let mut row = facts(&one.kept);
        row.insert("state".to_owned(), json!(one.state.as_str().to_lowercase()));
        row.insert("path".to_owned(), json!(one.path.to_string_lossy()));
        row
    });
    match arguments.format {
        TableFormat::Json => output::json(None, &rows.collect::<Vec<_>>())?,
        TableFormat::Csv => {
            let heads: Vec<&str> = FACTS.into_iter().chain(["state", "path"]).collect();
            let rows = rows.map(|row| row.into_iter().map(|(_, fact)| fact).collect());
            tables::csv(None, &Table::of_values("Snapshots", &heads, rows))?;
        }
        TableFormat::Text => output::to(None, |out| {
            checked.iter().try_for_each(|one| {
                let path = one.path.to_string_lossy();
                let state = one.state.as_str();
                writeln!(out, "{state:<8} {}", described(&one.kept))?;
                writeln!(out, "         {}", visible(&path))
            })
        })?,
    }
    let good = |one: &&Checked| one.state.is_good();
    let bad = checked.len() - checked.iter().filter(good).count();
    match bad {
        0 => Ok(AnalyzeExit::Clean),
        count => bail!(
            "{count} of {} originals are missing or changed; --folder names a folder to look in",
            checked.len()
        ),
    }
}

/// Names of the facts of a snapshot in a case.
const FACTS: [&str; 9] = [
    "sha256",
    "domain",
    "domain_key",
    "forest",
    "server",
    "taken_at",
    "complete",
    "objects",
    "found_at",
];

fn facts(kept: &Kept) -> Map<String, Value> {
    let manifest = &kept.manifest;
    let facts = [
        json!(kept.sha256),
        json!(manifest.domain),
        json!(kept.domain.key),
        json!(manifest.forest),
        json!(manifest.server),
        json!(kept.taken_at.to_string()),
        json!(manifest.complete),
        json!(manifest.counts.objects),
        json!(kept.found_at.to_string_lossy()),
    ];
    let names = FACTS.iter().map(|name| (*name).to_owned());
    names.zip(facts).collect()
}

fn described(kept: &Kept) -> String {
    let domain = visible(&kept.domain.name);
    format!("{} {domain} ({})", kept.taken_at.day(), short(kept))
}

fn short(kept: &Kept) -> &str {
    kept.sha256.get(..12).unwrap_or(&kept.sha256)
}

/// A line on standard output, at once: each snapshot takes a while.
fn tell(line: &str) -> Result<()> {
    output::to(None, |out| writeln!(out, "{}", visible(line)))
}
