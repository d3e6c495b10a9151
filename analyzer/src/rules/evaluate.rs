//! Runs the pages over the frames and says how each rule ended.
//!
//! Owns verdicts. What is found in an incomplete snapshot is found; what is not found there is not clear.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use coldcase_schemas::report::{Confidence, Finding, Severity, Subject, Verdict};
use coldcase_winsec::Sid;
use polars::prelude::{AnyValue, DataFrame};
use polars::sql::SQLContext;
use serde_json::Value;

use super::{Pack, Page, Problem, coverage, identity, run, run_bounded, value};
use crate::cores::on_every_core;
use crate::frames::{Analysis, Frames, looks_at_the_clock};
use crate::load::Object;

/// A finding with what the score needs.
#[derive(Debug, Clone)]
pub(crate) struct Weighed {
    pub(crate) finding: Finding,
    /// Probability-like weight, 0 to 0.9.
    pub(crate) weight: f64,
    /// Place of the subject in the directory's objects.
    pub(crate) place: usize,
}

/// How a rule ended.
#[derive(Debug, Clone)]
pub(crate) struct Evaluation {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    /// It needs what no snapshot holds, so that not being evaluated is no gap of this one.
    pub(crate) beyond: bool,
    /// Sorted by subject and key.
    pub(crate) findings: Vec<Weighed>,
    /// Places of subjects that it could not judge, in order.
    pub(crate) unknown: Vec<usize>,
    /// All other subjects were judged.
    pub(crate) others_judged: bool,
    /// How long it ran, for `--timings`; it goes into no report.
    pub(crate) took: Duration,
}

impl Evaluation {
    /// It saw everything it needs, so that what it did not find is not there.
    pub(crate) fn is_whole(&self) -> bool {
        self.reason.is_empty()
    }
}

/// Rows that a page of a consultant's own may return.
const MOST_ROWS: usize = 1_000_000;

/// Runs every page. Of a consultant's own pages those that do not run are refused, the others go on.
///
/// # Errors
/// A built-in page's SQL does not run, does not return a subject or gives a severity that the page does not name, which
/// is a defect of the program.
pub(crate) fn evaluate(
    analysis: &Analysis,
    frames: &Frames,
    pack: &mut Pack,
) -> Result<Vec<Evaluation>> {
    pack.try_out()?;
    let nothing = pack.pages.iter().map(|_| None).collect();
    evaluate_those(analysis, frames, pack, nothing)
}

/// The same after `analysis` was given another clock, `frames` being those at that one. Pages that cannot tell the
/// difference are not run again: they end as they did in `earlier`, which is of the pages of this pack.
///
/// # Errors
/// As [`evaluate`].
pub(crate) fn evaluate_at_another_clock(
    analysis: &Analysis,
    frames: &Frames,
    pack: &mut Pack,
    earlier: &[Evaluation],
) -> Result<Vec<Evaluation>> {
    let same = pack
        .pages
        .iter()
        .zip(earlier)
        .map(|(page, earlier)| (!looks_at_the_clock(&page.sql)).then(|| earlier.clone()));
    let same = same.collect();
    evaluate_those(analysis, frames, pack, same)
}

/// Runs every page of which it is not known how it ends.
fn evaluate_those(
    analysis: &Analysis,
    frames: &Frames,
    pack: &mut Pack,
    known: Vec<Option<Evaluation>>,
) -> Result<Vec<Evaluation>> {
    let own = |page: &Page| pack.file_of(page).is_some();
    let evaluate = |page: &&Page| {
        // A context of its own: the engine keeps aliases of one query as tables of the next.
        evaluate_one(analysis, &mut frames.sql(), page, own(page))
    };
    let pages = pack.pages.as_slice();
    let open = pages
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none());
    let open: Vec<&Page> = open.map(|(page, _)| page).collect();
    // On every core; the results stay in the order of the pages.
    let ran = on_every_core(&open, evaluate).context("a rule could not be run")?;
    let mut ran = ran.into_iter();
    let all = known.into_iter().filter_map(|known| match known {
        Some(known) => Some(Ok(known)),
        None => ran.next(),
    });
    let all: Vec<Result<Evaluation>> = all.collect();
    let mut evaluations = Vec::with_capacity(all.len());
    let mut failed = Vec::new();
    for (page, outcome) in pages.iter().zip(all) {
        match outcome {
            Ok(evaluation) => evaluations.push(evaluation),
            Err(error) if own(page) => {
                let problem = Problem::new(page.sql_line, format!("{error:#}").replace('\n', " "));
                failed.push((page.front.id.clone(), problem));
            }
            Err(error) => return Err(error.context(format!("rule {}", page.front.id))),
        }
    }
    for (id, problem) in failed {
        pack.refuse(&id, problem);
    }
    Ok(evaluations)
}

fn evaluate_one(
    analysis: &Analysis,
    sql: &mut SQLContext,
    page: &Page,
    own: bool,
) -> Result<Evaluation> {
    let started = Instant::now();
    let limits = coverage::limits(analysis, &page.front)?;
    let mut reason = limits.sentence();
    if let (Some(answer), false) = (&page.front.answered_by, reason.is_empty()) {
        reason.push_str("; ");
        reason.push_str(answer);
    }
    // Run even where nothing is concluded from it, so that a broken page never hides behind a poor snapshot.
    let table = match own {
        true => run_bounded(sql, &page.sql)?,
        false => run(sql, &page.sql)?,
    };
    if own && table.height() > MOST_ROWS {
        bail!(
            "it returns {} rows; {MOST_ROWS} is the most",
            table.height()
        );
    }
    let Found {
        mut findings,
        homeless,
        not_known,
    } = found(analysis, page, &table)?;
    let mut sentences = Vec::from_iter((!reason.is_empty()).then_some(reason));
    if homeless > 0 {
        // Such as a finding on the head of the domain, where that could not be read: then it is not clear either.
        sentences.push(format!(
            "{homeless} findings are about what the snapshot does not hold"
        ));
    }
    for (what, places) in &not_known {
        let objects = if places.len() == 1 {
            "object"
        } else {
            "objects"
        };
        let count = places.len();
        sentences.push(format!("{count} {objects} could not be judged: {what}"));
    }
    let reason = sentences.join("; ");
    if page.front.needs.on_absence && limits.hide_presence {
        findings.clear();
    }
    let all_known = limits.is_empty() && homeless == 0 && not_known.is_empty();
    let verdict = match (findings.is_empty(), all_known) {
        (false, _) => Verdict::Fired,
        (true, true) => Verdict::Clear,
        (true, false) => Verdict::NotEvaluated,
    };
    Ok(Evaluation {
        verdict,
        reason,
        beyond: limits.beyond,
        unknown: not_known
            .into_values()
            .flatten()
            .chain(limits.subjects.iter().copied())
            .collect::<BTreeSet<usize>>()
            .into_iter()
            .collect(),
        others_judged: limits.others_judged() && homeless == 0,
        took: started.elapsed(),
        findings,
    })
}

/// What the rows of a page say.
struct Found {
    findings: Vec<Weighed>,
    /// Rows without a subject.
    homeless: usize,
    /// Places of subjects that the snapshot does not tell enough about, by what it does not tell.
    not_known: BTreeMap<String, BTreeSet<usize>>,
}

/// Column of a row that is no finding: says what is not known of its subject. NULL in all others.
const NOT_KNOWN: &str = "not_known";

fn found(analysis: &Analysis, page: &Page, table: &DataFrame) -> Result<Found> {
    let names: Vec<String> = table
        .get_column_names()
        .into_iter()
        .map(|name| name.to_string())
        .collect();
    if names.first().map(String::as_str) != Some("object_id")
        || names.get(1).map(String::as_str) != Some("key")
    {
        bail!("the first two columns must be object_id and key, they are {names:?}");
    }
    let mut found = Vec::with_capacity(table.height());
    let mut homeless = 0;
    let mut not_known: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for row in 0..table.height() {
        let mut cells: Vec<(String, Value)> = Vec::with_capacity(names.len());
        for (name, column) in names.iter().zip(table.get_columns()) {
            let cell = column.get(row).unwrap_or(AnyValue::Null);
            cells.push((name.clone(), value::json(&cell)));
        }
        if matches!(cells.first(), Some((_, Value::Null))) {
            homeless += 1;
            continue;
        }
        let hidden = cells.iter().find(|(name, _)| name == NOT_KNOWN);
        if let Some((_, Value::String(what))) = hidden {
            let subject = cells.first().and_then(|(_, cell)| cell.as_i64());
            let place = place_of(analysis, subject)?;
            not_known.entry(what.clone()).or_default().insert(place);
            continue;
        }
        cells.retain(|(name, _)| name != NOT_KNOWN);
        found.push(finding(analysis, page, cells)?);
    }
    found.sort_by(|a: &Weighed, b: &Weighed| {
        let (one, other) = (order(&a.finding), order(&b.finding));
        (one.0, one.1)
            .cmp(&(other.0, other.1))
            .then_with(|| a.finding.severity.cmp(&b.finding.severity))
            .then_with(|| b.weight.total_cmp(&a.weight))
            .then_with(|| one.2.cmp(&other.2))
    });
    // Two rows that say the same of the same subject are one finding: the worst.
    found.dedup_by(|b, a| a.finding.subject == b.finding.subject && a.finding.key == b.finding.key);
    Ok(Found {
        findings: found,
        homeless,
        not_known,
    })
}

fn place_of(analysis: &Analysis, object_id: Option<i64>) -> Result<usize> {
    object_id
        .and_then(|id| analysis.directory.place(id))
        .context("a row's object_id is not an object of the snapshot")
}

fn order(finding: &Finding) -> (&Subject, &str, String) {
    let evidence = serde_json::to_string(&finding.evidence).unwrap_or_default();
    (&finding.subject, &finding.key, evidence)
}

fn finding(analysis: &Analysis, page: &Page, cells: Vec<(String, Value)>) -> Result<Weighed> {
    let mut severity = page.front.severity;
    let mut confidence = page.front.confidence;
    let mut weight = None;
    let mut key = String::new();
    let mut subject = None;
    let mut evidence = serde_json::Map::new();
    for (name, cell) in cells {
        match name.as_str() {
            // Says nothing of this row: the page's own holds.
            "severity" | "confidence" if cell.is_null() => {}
            "object_id" => subject = cell.as_i64(),
            "key" => key = value::text(&cell),
            "severity" => severity = parse::<Severity>(cell, "severity")?,
            "confidence" => confidence = parse::<Confidence>(cell, "confidence")?,
            "weight" => weight = cell.as_f64(),
            _ => {
                evidence.insert(name, cell);
            }
        }
    }
    let front = &page.front;
    if !front.may_be(severity) {
        bail!(
            "severity {} is not one the page names (severity, otherwise)",
            severity.as_str()
        );
    }
    let place = place_of(analysis, subject)?;
    let object = analysis
        .directory
        .objects
        .get(place)
        .context("a row's object_id is not an object of the snapshot")?;
    let subject = subject_of(object);
    Ok(Weighed {
        weight: weight
            .unwrap_or_else(|| crate::score::weight_of(severity))
            .clamp(0.0, 0.9),
        place,
        finding: Finding {
            id: identity::finding_id(&front.id, &front.code, identity::identity(&subject), &key),
            rule: front.id.clone(),
            severity,
            confidence,
            subject,
            key,
            evidence_sha256: identity::evidence_sha256(&evidence, &front.drifts),
            evidence,
            accepted: None,
        },
    })
}

fn parse<T: serde::de::DeserializeOwned>(cell: Value, column: &str) -> Result<T> {
    let shown = value::text(&cell);
    serde_json::from_value(cell).with_context(|| format!("column {column} cannot be {shown:?}"))
}

/// An object as reports name it.
pub(crate) fn subject_of(object: &Object) -> Subject {
    Subject {
        object_guid: object.guid.map(|guid| guid.to_string()),
        sid: object.sid.as_ref().map(Sid::to_string),
        sam_account_name: object.sam_account_name.clone(),
        dn: Some(object.dn.clone()),
        kind: object.kind.as_str().to_owned(),
    }
}
