//! What a trend keeps of one snapshot at one clock: findings without their evidence, sight, and what accounts look
//! like.
//!
//! Owns the form in which a case file stores it, and the check of one that comes from there. Deliberately holds nothing
//! that grows with the directory: only service accounts and what something was found about.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use coldcase_schemas::report::{Confidence, Severity, SnapshotFacts, Subject, Verdict};
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use crate::rules::identity;

/// The most that one finding weighs.
const HEAVIEST: f64 = 0.9;

/// One snapshot at one clock, under one set of rules and assumptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Summary {
    pub(crate) facts: SnapshotFacts,
    /// The moment it was evaluated at.
    pub(crate) clock: Moment,
    /// Under what it was evaluated.
    pub(crate) basis: Basis,
    /// Kinds of subjects that default permissions may hide from who collected, as `objects.kind` spells them.
    pub(crate) hidden: Vec<String>,
    /// What the control graph did not see, without numbers, so that one object more is not another kind of gap.
    pub(crate) unseen: Vec<String>,
    /// highestCommittedUSN of the server that answered: it only grows there, whatever its clock does.
    pub(crate) usn: Option<u64>,
    /// Pages that did not run.
    pub(crate) refused: u64,
    /// In the order of the pack.
    pub(crate) rules: Vec<RuleSummary>,
    /// In the order of the directory, which the sum of the exposure follows.
    pub(crate) subjects: Vec<SubjectSummary>,
}

/// Rules and assumptions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Basis {
    /// SHA-256 over the rule pages.
    pub(crate) pack: String,
    /// SHA-256 over program version and assumptions.
    pub(crate) assumptions: String,
}

/// How a rule ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSummary {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) family: String,
    pub(crate) title: String,
    pub(crate) worst: Severity,
    /// Kinds of subjects; empty if its page does not say.
    pub(crate) applies_to: Vec<String>,
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    pub(crate) beyond: bool,
    pub(crate) others_judged: bool,
    /// Places in [`Summary::subjects`] of those that it could not judge, in order.
    pub(crate) unknown: Vec<usize>,
    /// True if it could not judge others that are not among the subjects either.
    pub(crate) more_unknown: bool,
}

impl RuleSummary {
    /// It saw everything it needs.
    pub(crate) fn is_whole(&self) -> bool {
        self.reason.is_empty()
    }

    /// What limits it, without numbers.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = String> {
        self.reason
            .split("; ")
            .filter(|gap| !gap.is_empty())
            .map(without_numbers)
    }
}

/// One subject with its findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectSummary {
    pub(crate) subject: Subject,
    pub(crate) enabled: Option<bool>,
    /// What taking it over is worth, 0 to 1.
    pub(crate) worth: f64,
    /// In the order of rules and keys.
    pub(crate) findings: Vec<FindingSummary>,
    /// `None` unless it is a service account.
    pub(crate) account: Option<AccountFacts>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingSummary {
    pub(crate) id: String,
    /// Place of its rule in [`Summary::rules`].
    pub(crate) rule: usize,
    pub(crate) key: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    /// 0 to 0.9.
    pub(crate) weight: f64,
    pub(crate) evidence_sha256: String,
}

/// What the history of a service account tells of one moment. `None` is not readable or not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountFacts {
    /// pwdLastSet, in FILETIME ticks.
    pub(crate) password_set: Option<i64>,
    /// lastLogonTimestamp or lastLogon, in FILETIME ticks.
    pub(crate) last_logon: Option<i64>,
    /// Number of the key cycle since 1601 (MS-GKDI 2.2.4).
    pub(crate) cycle: Option<i64>,
    /// The KDS root key that made the password.
    pub(crate) root_key: Option<String>,
    /// Whether that is the key from which new passwords come; `None` if root keys may be hidden.
    pub(crate) newest_key: Option<bool>,
    /// msDS-ManagedPasswordInterval, in days.
    pub(crate) interval_days: Option<i64>,
    pub(crate) readers: Option<u64>,
    pub(crate) spns: u64,
    pub(crate) tier0: bool,
    pub(crate) groups: u64,
    pub(crate) privileged_groups: Vec<String>,
}

impl Summary {
    /// When the snapshot was taken.
    pub(crate) fn taken_at(&self) -> Option<Moment> {
        Moment::parse(&self.facts.taken_at)
    }

    /// Subjects by identity; of two with one identity the first counts.
    pub(crate) fn by_identity(&self) -> HashMap<&str, &SubjectSummary> {
        let subjects = self.subjects.iter().rev();
        subjects
            .map(|subject| (identity(&subject.subject), subject))
            .collect()
    }

    /// Refuses what no evaluation can have brought about: a case file may come from anybody.
    ///
    /// # Errors
    /// A number out of its bounds, or a place that is none.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.taken_at().is_some(),
            "taken_at {:?} is no time",
            self.facts.taken_at
        );
        for rule in &self.rules {
            let there = |place: &usize| *place < self.subjects.len();
            ensure!(
                rule.unknown.iter().all(there),
                "rule {} names a subject that is not there",
                rule.id
            );
        }
        for subject in &self.subjects {
            ensure!(
                (0.0..=1.0).contains(&subject.worth),
                "a subject is worth {}",
                subject.worth
            );
            for finding in &subject.findings {
                ensure!(
                    (0.0..=HEAVIEST).contains(&finding.weight) && finding.rule < self.rules.len(),
                    "finding {} has no such weight or rule",
                    finding.id
                );
            }
        }
        Ok(())
    }
}

/// Digits left out, so that "3 of 40 objects" and "4 of 41 objects" are the same gap.
pub(super) fn without_numbers(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}
