//! From evaluations to the wire type of a report, in an order that never changes for the same input.

use std::cmp::Reverse;

use coldcase_schemas::report::{
    AccountRisk, Finding, REPORT_SCHEMA, RefusedRule, Report, RuleResult, SnapshotFacts,
    WeighedFinding,
};
use coldcase_winsec::Sid;

use crate::frames::{Analysis, Impacts};
use crate::rules::{Evaluation, Pack, Refusal, Weighed, subject_of};
use crate::score::{by_subject, risk, round, score};

/// Program and version, as reports name it.
pub(crate) const PROGRAM: &str = concat!("coldcase ", env!("CARGO_PKG_VERSION"));

/// Assembles the report.
pub(crate) fn assemble(analysis: &Analysis, pack: &Pack, evaluations: &[Evaluation]) -> Report {
    let impacts = Impacts::new(analysis);
    let severities: Vec<_> = pack.pages.iter().map(|page| page.front.severity).collect();
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        program: PROGRAM.to_owned(),
        snapshot: snapshot_facts(analysis),
        score: score(
            evaluations,
            &severities,
            |place| impacts.of(place),
            &pack.sha256,
        ),
        rules: rules(pack, evaluations),
        refused: pack.refused.iter().map(refused).collect(),
        findings: findings(evaluations),
        accounts: accounts(analysis, &impacts, evaluations),
    }
}

fn snapshot_facts(analysis: &Analysis) -> SnapshotFacts {
    let directory = &analysis.directory;
    let manifest = &directory.manifest;
    // The ledger is the evidence, the manifest only its label.
    let unfinished = directory.ledger.iter().filter(|row| !row.is_complete());
    let mut missing = manifest.missing.clone();
    if manifest.missing.is_empty() {
        missing.extend(
            unfinished.map(|row| format!("query {} did not come to its end", row.plan.name)),
        );
    }
    SnapshotFacts {
        domain: manifest.domain.clone(),
        domain_sid: directory.domain_sid.as_ref().map(Sid::to_string),
        forest: manifest.forest.clone(),
        server: manifest.server.clone(),
        collected_as: manifest.collected_as.clone(),
        taken_at: manifest.taken_at.clone(),
        sha256: directory.sha256.clone(),
        objects: manifest.counts.objects,
        complete: manifest.complete && missing.is_empty(),
        missing,
    }
}

fn refused(refusal: &Refusal) -> RefusedRule {
    RefusedRule {
        file: refusal.file.clone(),
        line: refusal.line as u64,
        reason: refusal.reason.clone(),
    }
}

fn rules(pack: &Pack, evaluations: &[Evaluation]) -> Vec<RuleResult> {
    pack.pages
        .iter()
        .zip(evaluations)
        .map(|(page, evaluation)| RuleResult {
            id: page.front.id.clone(),
            code: page.front.code.clone(),
            revision: page.front.revision,
            title: page.front.title.clone(),
            family: page.front.family.clone(),
            severity: page.front.severity,
            verdict: evaluation.verdict,
            reason: evaluation.reason.clone(),
            beyond_snapshot: evaluation.beyond,
            findings: evaluation.findings.len() as u64,
        })
        .collect()
}

fn findings(evaluations: &[Evaluation]) -> Vec<Finding> {
    let mut findings: Vec<&Finding> = evaluations
        .iter()
        .flat_map(|evaluation| &evaluation.findings)
        .map(|weighed| &weighed.finding)
        .collect();
    findings.sort_by_key(|finding| {
        (
            finding.severity,
            &finding.rule,
            &finding.subject,
            &finding.key,
        )
    });
    findings.into_iter().cloned().collect()
}

/// Every service account, and every other object that something was found about: their risks add up to the exposure.
fn accounts(
    analysis: &Analysis,
    impacts: &Impacts<'_>,
    evaluations: &[Evaluation],
) -> Vec<AccountRisk> {
    let by_place = by_subject(
        evaluations
            .iter()
            .flat_map(|evaluation| &evaluation.findings),
    );
    let mut accounts: Vec<AccountRisk> = analysis
        .directory
        .objects
        .iter()
        .enumerate()
        .filter(|(place, object)| object.is_service_account() || by_place.contains_key(place))
        .map(|(place, object)| {
            let found: &[&Weighed] = by_place.get(&place).map_or(&[], Vec::as_slice);
            let impact = impacts.of(place);
            AccountRisk {
                subject: subject_of(object),
                enabled: object.enabled(),
                impact,
                risk: round(risk(impact, found.iter().map(|finding| finding.weight))),
                findings: weighed(found),
            }
        })
        .collect();
    accounts.sort_by(|a, b| {
        b.risk
            .total_cmp(&a.risk)
            .then_with(|| a.subject.sam_account_name.cmp(&b.subject.sam_account_name))
            .then_with(|| a.subject.cmp(&b.subject))
    });
    accounts
}

fn weighed(found: &[&Weighed]) -> Vec<WeighedFinding> {
    let mut terms: Vec<WeighedFinding> = found
        .iter()
        .map(|weighed| WeighedFinding {
            rule: weighed.finding.rule.clone(),
            key: weighed.finding.key.clone(),
            weight: round(weighed.weight),
        })
        .collect();
    terms.sort_by_key(|term| {
        (
            Reverse((term.weight * 100.0) as i64),
            term.rule.clone(),
            term.key.clone(),
        )
    });
    terms
}
