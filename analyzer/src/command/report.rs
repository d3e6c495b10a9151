//! `coldcase report`.

use anyhow::{Context, Result, bail};
use coldcase_schemas::exit::AnalyzeExit;
use coldcase_schemas::report::Severity;

use super::timings::Timings;
use super::{open, output, past, progress, tables};
use crate::arguments::{ReportArguments, ReportFormat, SeverityArgument};
use crate::assumptions;
use crate::compare::{Basis, Evaluated};
use crate::exceptions::{Exceptions, apply};
use crate::export;
use crate::frames::{Analysis, Frames};
use crate::html;
use crate::load::Directory;
use crate::report::{Judged, assemble, write_text};
use crate::rules::{Pack, evaluate};

pub(super) fn run(arguments: &ReportArguments) -> Result<AnalyzeExit> {
    if arguments.format == ReportFormat::Html && output::is_to_terminal(arguments.output.as_deref())
    {
        bail!("an HTML report is a file for a browser, name it: --format html -o report.html");
    }
    past::allowed(arguments)?;
    match arguments.format {
        ReportFormat::Xlsx => tables::needs_file(arguments.output.as_deref())?,
        ReportFormat::Csv => tables::needs_folder(arguments.output.as_deref())?,
        _ => output::can_take(arguments.output.as_deref())?,
    }
    let mut timings = Timings::new(arguments.timings);
    let mut pack = Pack::load(arguments.rules.as_deref())?;
    pack.select(&arguments.rule)?;
    timings.stage("rule pages")?;
    let given = assumptions::load(arguments.config.config.as_deref(), &arguments.snapshot)?;
    let exceptions = Exceptions::load(arguments.exceptions.as_deref(), &arguments.snapshot)?;
    let snapshot = open(&arguments.snapshot)?;
    timings.stage("open and check")?;
    let directory =
        Directory::load(&snapshot).with_context(|| arguments.snapshot.display().to_string())?;
    // Only a comparison reads it again.
    let snapshot = Some(snapshot).filter(|_| !arguments.history.is_empty());
    timings.stage("load")?;
    let analysis = Analysis::under(given.clone(), directory);
    timings.stage("graph")?;
    progress::say("finding who holds which rights");
    let page = match arguments.format {
        ReportFormat::Html => &html::ASKED[..],
        _ => &[],
    };
    let pages = pack.pages.iter().map(|page| page.sql.as_str());
    let frames = Frames::build(&analysis, pages.chain(page.iter().copied()))?;
    timings.stage("frames")?;
    timings.slowest(frames.took())?;
    progress::say(&format!("asking {} rules", pack.pages.len()));
    let mut evaluations = evaluate(&analysis, &frames, &mut pack)?;
    timings.stage("rules")?;
    let ids = pack.pages.iter().map(|page| page.front.id.as_str());
    timings.slowest(ids.zip(evaluations.iter().map(|evaluation| evaluation.took)))?;
    let results = apply(
        &exceptions.list,
        &pack,
        &mut evaluations,
        analysis.directory.clock.day(),
    );
    let judged = Judged {
        file: exceptions.file.clone(),
        text: exceptions.text.clone(),
        results,
    };
    let report = assemble(&analysis, &pack, &evaluations, judged);
    timings.stage("score and report")?;
    let (analysis, report, past) = match snapshot {
        None => (analysis, report, None),
        Some(snapshot) => {
            let basis = Basis {
                given: &given,
                exceptions: &exceptions,
                rules: arguments.rules.as_deref(),
            };
            let now = Evaluated {
                snapshot,
                analysis,
                report,
            };
            let past = past::told(arguments, &basis, &now)?;
            timings.stage("history")?;
            (now.analysis, now.report, Some(past))
        }
    };
    let file = arguments.output.as_deref();
    match arguments.format {
        ReportFormat::Json => output::json(file, &report)?,
        ReportFormat::Html => {
            let page = html::page(&html::Sources {
                report: &report,
                analysis: &analysis,
                frames: &frames,
                pack: &pack,
                past: past.as_ref().map(|past| (&past.trend, past.diff.as_ref())),
            })?;
            output::to(file, |out| out.write_all(page.as_bytes()))?;
        }
        ReportFormat::Md => {
            let ledger = &analysis.directory.ledger;
            output::to(file, |out| export::write_markdown(&report, ledger, out))?;
        }
        ReportFormat::Sarif => output::json(file, &export::sarif_log(&report, &pack))?,
        ReportFormat::Ocsf => output::to(file, |out| export::write_ocsf(&report, &pack, out))?,
        ReportFormat::Xlsx | ReportFormat::Csv => {
            let tables = export::of_report(&export::Sources {
                report: &report,
                analysis: &analysis,
                diff: past.as_ref().and_then(|past| past.diff.as_ref()),
            });
            timings.stage("tables")?;
            let title = format!("Service accounts of {}", report.snapshot.domain);
            if arguments.format == ReportFormat::Csv {
                tables::folder(file, &tables)?;
            } else {
                tables::workbook(file, &title, &report.snapshot.taken_at, &tables)?;
            }
        }
        ReportFormat::Text => {
            let style = output::style(file, arguments.all);
            output::to(file, |out| write_text(&report, style, out))?;
        }
    }
    timings.stage("write")?;
    let failed = arguments.fail_on.is_some_and(|limit| {
        let limit = Severity::from(limit);
        report
            .findings
            .iter()
            .any(|finding| finding.severity <= limit && finding.accepted.is_none())
    });
    let unknown = !report.refused.is_empty()
        || report
            .rules
            .iter()
            .any(|rule| !rule.reason.is_empty() && !rule.beyond_snapshot);
    Ok(match (failed, arguments.strict && unknown) {
        (true, _) => AnalyzeExit::Findings,
        (false, true) => AnalyzeExit::NotEvaluated,
        (false, false) => AnalyzeExit::Clean,
    })
}

impl From<SeverityArgument> for Severity {
    fn from(argument: SeverityArgument) -> Self {
        match argument {
            SeverityArgument::Critical => Self::Critical,
            SeverityArgument::High => Self::High,
            SeverityArgument::Medium => Self::Medium,
            SeverityArgument::Low => Self::Low,
            SeverityArgument::Info => Self::Info,
        }
    }
}
