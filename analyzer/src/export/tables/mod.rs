//! Which tables there are, and what stands in them: the one place, so that workbook and CSV hold the same.
//!
//! | table | a row is |
//! | --- | --- |
//! | [`summary`] | a number or sentence for people who decide |
//! | [`findings`] | a finding, accepted or not |
//! | [`accounts`] | a service account, or another object with a finding or an open question |
//! | [`access`] | somebody who can read, reset, control or act for a service account, and by what |
//! | [`changes`] | something that changed since an earlier snapshot |
//! | [`rules`] | a rule and how it ended |
//! | [`basis`] | an exception, an assumption, a query of the collection |
//! | [`course`] | of a trend: a snapshot, a change, a finding, an account at a snapshot |
//! | [`explained`] | of one account: a fact, a finding, a power, what it reaches |
//! | [`migration`] | of a plan: an account, an obstacle, a step |
//! | [`ways`] | of the control graph: a step of a way, an exposed account, a choke |

mod access;
mod accounts;
mod basis;
mod changes;
mod course;
mod explained;
mod findings;
mod migration;
mod rules;
mod summary;
mod ways;

use std::collections::BTreeMap;

use coldcase_schemas::diff::Diff;
use coldcase_schemas::report::{Report, Subject};

use super::cell::Cell;
use super::table::Table;
use crate::frames::Analysis;

pub(crate) use basis::assumptions as of_assumptions;
pub(crate) use course::of_trend;
pub(crate) use explained::of_explanation;
pub(super) use findings::facts;
pub(crate) use migration::of_plan;
pub(crate) use ways::of_paths;

const FINDINGS: &str = "Findings";
const ACCOUNTS: &str = "Accounts";
const RULES: &str = "Rules";

/// What the tables of a report are made from.
pub(crate) struct Sources<'a> {
    pub(crate) report: &'a Report,
    pub(crate) analysis: &'a Analysis,
    /// What changed since an earlier snapshot, if one was given.
    pub(crate) diff: Option<&'a Diff>,
}

/// Rows by what other tables name them with.
struct Places<'a> {
    /// Of the accounts.
    subjects: BTreeMap<&'a Subject, usize>,
    /// Of the rules, by id.
    rules: BTreeMap<&'a str, usize>,
    /// Of the first finding about a subject.
    findings: BTreeMap<&'a Subject, usize>,
}

/// The tables of a report, in the order of the sheets.
pub(crate) fn of_report(sources: &Sources<'_>) -> Vec<Table> {
    let report = sources.report;
    let mut places = Places {
        subjects: BTreeMap::new(),
        rules: BTreeMap::new(),
        findings: BTreeMap::new(),
    };
    for (place, account) in report.accounts.iter().enumerate() {
        places.subjects.insert(&account.subject, place);
    }
    for (place, rule) in report.rules.iter().enumerate() {
        places.rules.insert(&rule.id, place);
    }
    for (place, finding) in report.findings.iter().enumerate() {
        places.findings.entry(&finding.subject).or_insert(place);
    }
    vec![
        summary::of_report(report),
        findings::table(report, &places),
        accounts::table(sources, &places),
        access::table(sources, &places),
        changes::table(sources.diff),
        rules::table(report),
        basis::exceptions(report),
        basis::assumptions(&report.assumptions),
        basis::queries(&sources.analysis.directory.ledger),
    ]
}

/// The tables of a comparison.
pub(crate) fn of_diff(diff: &Diff) -> Vec<Table> {
    vec![
        summary::of_diff(diff),
        changes::table(Some(diff)),
        basis::assumptions(&diff.assumptions),
    ]
}

/// What an object is known by, beside its name: DN, SID, objectGUID.
fn identity(subject: &Subject) -> [Cell; 3] {
    [&subject.dn, &subject.sid, &subject.object_guid].map(|text| Cell::maybe(text.as_ref()))
}
