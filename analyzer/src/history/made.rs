//! Summaries made by hand, for tests.

use coldcase_schemas::manifest::{Counts, FORMAT};
use coldcase_schemas::report::{Confidence, Privileges, Severity, SnapshotFacts, Subject, Verdict};
use coldcase_schemas::{Manifest, snapshot};

use super::moment::Moment;
use super::scored::Scored;
use super::summary::{AccountFacts, Basis, FindingSummary, RuleSummary, SubjectSummary, Summary};
use crate::assumptions::Given;
use crate::history::Judge;
use crate::rules::{Pack, hex};

pub(super) const SID: &str = "S-1-5-21-1-2-3";

/// A day of January 2026, or after it.
pub(super) fn day(day: u32) -> Moment {
    let start = Moment::parse("2026-01-01T00:00:00Z");
    let seconds = 1_767_225_600 + i64::from(day) * 86_400;
    let text = jiff::Timestamp::from_second(seconds).map(|time| time.to_string());
    let moment = text.ok().and_then(|text| Moment::parse(&text));
    moment
        .or(start)
        .unwrap_or_else(|| unreachable!("a day has a moment"))
}

pub(super) fn basis(pack: &str) -> Basis {
    Basis {
        pack: pack.to_owned(),
        assumptions: "defaults".to_owned(),
    }
}

/// Without a page.
pub(super) fn judge(pack: &str) -> Judge {
    let mut judge = Judge::new(Pack::none(), Given::default());
    judge.basis = basis(pack);
    judge
}

pub(super) fn manifest(domain: &str, taken_at: Moment) -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        format_version: snapshot::FORMAT_VERSION,
        program: "test".to_owned(),
        domain: domain.to_owned(),
        forest: domain.to_owned(),
        server: "dc1".to_owned(),
        collected_as: String::new(),
        taken_at: taken_at.to_string(),
        complete: true,
        missing: Vec::new(),
        scope: String::new(),
        connection: String::new(),
        pseudonyms: String::new(),
        exports: Vec::new(),
        counts: Counts::default(),
        database_bytes: 0,
        database_sha256: String::new(),
    }
}

/// Rules `r0` to `rN`, without a subject.
pub(super) fn summary(taken_at: Moment, clock: Moment, pack: &str, rules: usize) -> Summary {
    Summary {
        facts: SnapshotFacts {
            domain: "corp.example".to_owned(),
            domain_sid: Some(SID.to_owned()),
            forest: "corp.example".to_owned(),
            server: "dc1".to_owned(),
            collected_as: String::new(),
            privileges: Privileges::Forest,
            taken_at: taken_at.to_string(),
            sha256: hex(taken_at.to_string().as_bytes()),
            objects: 0,
            complete: true,
            missing: Vec::new(),
            exports: Vec::new(),
        },
        clock,
        basis: basis(pack),
        hidden: Vec::new(),
        unseen: Vec::new(),
        usn: None,
        refused: 0,
        rules: (0..rules)
            .map(|number| RuleSummary {
                id: format!("r{number}"),
                code: format!("R{number}"),
                family: "made".to_owned(),
                title: "made".to_owned(),
                worst: Severity::High,
                applies_to: Vec::new(),
                verdict: Verdict::Fired,
                reason: String::new(),
                beyond: false,
                others_judged: true,
                unknown: Vec::new(),
                more_unknown: false,
            })
            .collect(),
        subjects: Vec::new(),
    }
}

pub(super) fn subject(name: &str, worth: f64) -> SubjectSummary {
    SubjectSummary {
        subject: Subject {
            object_guid: Some(name.to_owned()),
            sid: None,
            sam_account_name: Some(name.to_owned()),
            dn: None,
            kind: "user".to_owned(),
        },
        enabled: Some(true),
        worth,
        findings: Vec::new(),
        account: None,
    }
}

pub(super) fn finding(subject: &str, rule: usize, weight: f64) -> FindingSummary {
    FindingSummary {
        id: format!("R{rule}-{subject}"),
        rule,
        key: String::new(),
        severity: Severity::High,
        confidence: Confidence::High,
        weight,
        evidence_sha256: String::new(),
    }
}

pub(super) fn account() -> AccountFacts {
    AccountFacts {
        password_set: None,
        last_logon: None,
        cycle: None,
        root_key: None,
        newest_key: None,
        interval_days: None,
        readers: None,
        spns: 1,
        tier0: false,
        groups: 0,
        privileged_groups: Vec::new(),
    }
}

pub(super) fn scored(summary: Summary) -> Scored {
    Scored::new(summary, &[], &Pack::none())
}
