//! What a point could judge: whether a finding that it does not have is fixed, or only not seen.
//!
//! Owns that question for one (subject, rule) of one summary. Unknown is not clean, so every doubt says *not judged*.

use std::collections::{BTreeSet, HashMap};

use coldcase_schemas::report::{Privileges, Severity, Subject};

use super::summary::{RuleSummary, SubjectSummary, Summary};
use crate::rules::identity;

/// A summary with what is looked up in it again and again.
pub(crate) struct Sight<'a> {
    pub(crate) summary: &'a Summary,
    subjects: HashMap<&'a str, &'a SubjectSummary>,
    rules: HashMap<&'a str, &'a RuleSummary>,
    /// Identities of the subjects that a rule could not judge, by rule.
    unknown: HashMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Sight<'a> {
    pub(crate) fn of(summary: &'a Summary) -> Self {
        let rules = summary.rules.iter();
        let unknown = rules.clone().map(|rule| {
            let places = rule.unknown.iter();
            let subjects = places.filter_map(|place| summary.subjects.get(*place));
            let identities = subjects.map(|subject| identity(&subject.subject));
            (rule.id.as_str(), identities.collect())
        });
        Self {
            summary,
            subjects: summary.by_identity(),
            rules: rules.clone().map(|rule| (rule.id.as_str(), rule)).collect(),
            unknown: unknown.collect(),
        }
    }

    /// The subject with this identity.
    pub(crate) fn subject(&self, identity: &str) -> Option<&'a SubjectSummary> {
        self.subjects.get(identity).copied()
    }

    /// The rule with this id.
    pub(crate) fn rule(&self, id: &str) -> Option<&'a RuleSummary> {
        self.rules.get(id).copied()
    }

    /// Whether the rule would have found something about `subject` if it were there to be found: then *no finding*
    /// means clear. `by` are the privileges of who saw it elsewhere.
    ///
    /// It is so if the rule ran, the subject is not among those that it could not judge, and either it saw everything
    /// it needs or that was all that limited it. Of a subject that this summary does not list (which is gone, or clear,
    /// or hidden) it is so only if nothing hides its kind here and who collected had no lesser privileges than `by`.
    pub(crate) fn judges(&self, subject: &Subject, rule: &str, by: Privileges) -> bool {
        let Some(rule) = self.rule(rule) else {
            return false;
        };
        if !rule.is_whole() && !rule.others_judged {
            return false;
        }
        let identity = identity(subject);
        let unknown = self.unknown.get(rule.id.as_str());
        if unknown.is_some_and(|unknown| unknown.contains(identity)) {
            return false;
        }
        self.subject(identity).is_some() || (!rule.more_unknown && self.would_list(subject, by))
    }

    /// How many rules of any weight could not judge this subject and have found nothing of theirs there, as
    /// `coldcase accounts` counts them.
    pub(crate) fn not_judged_by(&self, subject: &SubjectSummary) -> u64 {
        let kind = &subject.subject.kind;
        let rules = self.summary.rules.iter().zip(0_usize..);
        let open = rules.filter(|(rule, place)| {
            let listed = self
                .unknown
                .get(rule.id.as_str())
                .is_some_and(|unknown| unknown.contains(identity(&subject.subject)));
            let about = rule.applies_to.is_empty() || rule.applies_to.contains(kind);
            let found = subject.findings.iter().any(|one| one.rule == *place);
            !rule.beyond
                && rule.worst != Severity::Info
                && (listed || (!rule.others_judged && about && !found))
        });
        open.count() as u64
    }

    /// Whether an object of this kind that `by` saw elsewhere would have been seen here too.
    pub(crate) fn would_list(&self, subject: &Subject, by: Privileges) -> bool {
        !self.summary.hidden.contains(&subject.kind)
            && rank(self.summary.facts.privileges) >= rank(by)
    }
}

/// The more, the more an account sees.
pub(crate) fn rank(privileges: Privileges) -> u8 {
    match privileges {
        Privileges::Unknown => 0,
        Privileges::Ordinary => 1,
        Privileges::Domain => 2,
        Privileges::Forest => 3,
    }
}
