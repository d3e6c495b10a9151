//! The report as one HTML file that needs nothing else: no network, no other file, no script to be complete.
//!
//! Owns what stands on the page and in which order; the markup is in `templates/html/`. Deliberately evaluates nothing:
//! findings and numbers are the report's, dates and readers the frames', ways the control graph's.

mod account;
mod anchor;
mod catalogue;
mod charts;
#[cfg(test)]
mod contrast;
mod drawing;
pub(crate) mod escape;
mod findings;
mod inventory;
mod past;
mod policy;
mod powers;
mod prose;
mod reach;
mod rotation;
mod summary;
mod told;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Result;
use askama::Template;
use coldcase_schemas::diff::Diff;
use coldcase_schemas::ledger::LedgerRow;
use coldcase_schemas::report::{ExceptionState, Report, Verdict};
use coldcase_schemas::trend::Trend;

use self::account::Section;
use self::anchor::Anchors;
use self::catalogue::{Family, Unknown};
use self::charts::Chart;
use self::drawing::Drawings;
use self::findings::Group;
use self::inventory::Readers;
use self::past::Past;
use self::prose::Prose;
use self::summary::Summary;
use self::told::Notes;
use crate::frames::{Analysis, Frames};
use crate::paths::Unseen;
use crate::report::{assumed, made_from};
use crate::rules::Pack;

pub(crate) use self::inventory::ASKED;

/// What a page is made from.
pub(crate) struct Sources<'a> {
    pub(crate) report: &'a Report,
    pub(crate) analysis: &'a Analysis,
    pub(crate) frames: &'a Frames,
    pub(crate) pack: &'a Pack,
    /// The trend up to the snapshot, and what changed since the one before it, whose file may be gone.
    pub(crate) past: Option<(&'a Trend, Option<&'a Diff>)>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    report: &'a Report,
    summary: Summary<'a>,
    /// `None` without earlier snapshots.
    past: Option<Past>,
    groups: &'a [Group<'a>],
    charts: Vec<Chart>,
    sections: &'a [Section<'a>],
    /// Sections of which paper has a line only.
    folded: usize,
    notes: &'a Notes,
    /// Kinds of the service accounts, as marks and in words.
    kinds: Vec<(&'a str, &'a str)>,
    families: Vec<Family<'a>>,
    unknown: Vec<Unknown<'a>>,
    beyond: Vec<Unknown<'a>>,
    changed: Vec<String>,
    assumed: Vec<String>,
    ledger: &'a [LedgerRow],
}

/// The whole page.
///
/// # Errors
/// A frame does not have the columns that the page reads, or a thread broke off: defects of the program.
pub(crate) fn page(sources: &Sources<'_>) -> Result<String> {
    let (report, pack) = (sources.report, sources.pack);
    let pages = pack.pages.iter();
    let prose: BTreeMap<&str, Prose> = pages
        .map(|page| (page.front.id.as_str(), Prose::of(page)))
        .collect();
    let anchors = Anchors::of(&report.accounts);
    let drawings = Drawings::new(sources.analysis, &report.findings);
    let groups = Group::all(report, &prose, &anchors, &drawings)?;
    let facts = inventory::facts(sources.frames)?;
    let (told, notes) = told::told(report, sources.analysis, pack)?;
    let histories = sources.past.map(|(trend, _)| past::by_account(trend));
    let ways = drawings.of_accounts(&report.accounts, &told, &groups)?;
    let mut sections = Section::all(
        report,
        pack,
        &anchors,
        &facts,
        &told,
        histories.as_ref(),
        sources.analysis.knows_members(),
    );
    for (section, way) in sections.iter_mut().zip(ways) {
        section.drawing = way;
    }
    let mut kinds: Vec<(&str, &str)> = sections
        .iter()
        .filter(|section| section.facts.is_some())
        .map(|section| (section.account.subject.kind.as_str(), section.kind))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let (assumed, changed) = assumptions(report);
    let hidden = Unseen::of_accounts(sources.analysis).join(" and ");
    let page = Page {
        policy: policy::policy(),
        style: policy::STYLE,
        script: policy::SCRIPT,
        report,
        summary: Summary::of(report, &groups, &sections, hidden),
        past: sources.past.and_then(|(trend, diff)| Past::of(trend, diff)),
        groups: &groups,
        charts: charts::charts(report, &sections),
        sections: &sections,
        folded: sections
            .iter()
            .filter(|section| !section.is_printed())
            .count(),
        notes: &notes,
        kinds,
        families: catalogue::families(report, pack, &prose),
        unknown: catalogue::unknown(report, false),
        beyond: catalogue::unknown(report, true),
        changed,
        assumed,
        ledger: &sources.analysis.directory.ledger,
    };
    Ok(page.render()?)
}

/// Assumptions that Coldcase makes by itself, and those that somebody changed.
fn assumptions(report: &Report) -> (Vec<String>, Vec<String>) {
    let (default, changed): (Vec<_>, Vec<_>) = report
        .assumptions
        .iter()
        .partition(|assumption| assumption.default);
    let told = |list: Vec<_>| list.into_iter().map(assumed).collect();
    (told(default), told(changed))
}
