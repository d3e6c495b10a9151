//! From evaluations to the wire type of a report, in an order that never changes for the same input.

use std::collections::HashMap;

use coldcase_schemas::report::{
    AccountRisk, Assumption, ExceptionResult, Finding, REPORT_SCHEMA, RefusedRule, Report,
    RuleResult, SnapshotFacts, WeighedFinding,
};
use coldcase_winsec::Sid;
use sha2::{Digest, Sha256};

use crate::assumptions::{Setting, settings};
use crate::frames::{Analysis, Impacts};
use crate::rules::{Evaluation, Pack, Refusal, Weighed, hex, subject_of};
use crate::score::{Hashes, by_subject, risk, round, score, shares};

/// Program and version, as reports name it.
pub(crate) const PROGRAM: &str = concat!("coldcase ", env!("CARGO_PKG_VERSION"));

/// Assembles the report.
pub(crate) fn assemble(
    analysis: &Analysis,
    pack: &Pack,
    evaluations: &[Evaluation],
    judged: Judged,
) -> Report {
    let impacts = Impacts::along_the_graph(analysis);
    let pages = pack.pages.iter();
    let severities: Vec<_> = pages.map(|page| page.front.severities()).collect();
    let assumptions = assumptions_of(settings(&analysis.assumptions));
    let hashes = Hashes {
        rule_pack: pack.sha256.clone(),
        inputs: inputs(analysis, pack, &assumptions, &judged.text),
    };
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        program: PROGRAM.to_owned(),
        snapshot: snapshot_facts(analysis),
        score: score(
            evaluations,
            &severities,
            pack.refused.len(),
            |place| impacts.of(place).worth,
            hashes,
        ),
        assumptions,
        assumptions_file: analysis.assumptions_file.clone(),
        unmatched: analysis.unmatched.clone(),
        rules: rules(pack, evaluations),
        left_out: pack.left_out,
        refused: pack.refused.iter().map(refused).collect(),
        findings: findings(evaluations),
        exceptions: judged.results,
        exceptions_file: judged.file,
        accounts: accounts(analysis, pack, &impacts, evaluations),
    }
}

/// Exceptions after they were held against the findings.
#[derive(Default)]
pub(crate) struct Judged {
    /// Name of their file.
    pub(crate) file: Option<String>,
    /// What it says, byte for byte.
    pub(crate) text: String,
    pub(crate) results: Vec<ExceptionResult>,
}

/// Assumptions as reports tell them.
pub(crate) fn assumptions_of(settings: Vec<Setting>) -> Vec<Assumption> {
    settings
        .into_iter()
        .map(|setting| Assumption {
            default: setting.is_default(),
            key: setting.key,
            value: setting.value,
        })
        .collect()
}

/// SHA-256 over everything a report is made from, each part with its length before it.
fn inputs(
    analysis: &Analysis,
    pack: &Pack,
    assumptions: &[Assumption],
    exceptions: &str,
) -> String {
    let assumptions: Vec<String> = assumptions
        .iter()
        .map(|assumption| format!("{}={}", assumption.key, assumption.value))
        .collect();
    let parts = [
        PROGRAM,
        &analysis.directory.sha256,
        &pack.sha256,
        &assumptions.join("\n"),
        exceptions,
    ];
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

/// What was analysed.
pub(crate) fn snapshot_facts(analysis: &Analysis) -> SnapshotFacts {
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
        privileges: directory
            .requester
            .privileges(directory.domain_sid.as_ref()),
        taken_at: manifest.taken_at.clone(),
        sha256: directory.sha256.clone(),
        objects: manifest.counts.objects,
        complete: manifest.complete && missing.is_empty(),
        missing,
        exports: manifest.exports.clone(),
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
            worst: page.front.worst(),
            applies_to: page.front.applies_to.clone(),
            verdict: evaluation.verdict,
            reason: evaluation.reason.clone(),
            beyond_snapshot: evaluation.beyond,
            findings: evaluation.findings.len() as u64,
            unknown_subjects: evaluation.unknown.len() as u64,
            others_judged: evaluation.others_judged,
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

/// Every service account, and every other object that something was found about or that could not be judged: their risks
/// add up to the exposure.
fn accounts(
    analysis: &Analysis,
    pack: &Pack,
    impacts: &Impacts<'_>,
    evaluations: &[Evaluation],
) -> Vec<AccountRisk> {
    let by_place = by_subject(
        evaluations
            .iter()
            .flat_map(|evaluation| &evaluation.findings),
    );
    let mut unknown: HashMap<usize, Vec<String>> = HashMap::new();
    for (page, evaluation) in pack.pages.iter().zip(evaluations) {
        for place in &evaluation.unknown {
            let rules = unknown.entry(*place).or_default();
            rules.push(page.front.id.clone());
        }
    }
    let mut accounts: Vec<AccountRisk> = analysis
        .directory
        .objects
        .iter()
        .enumerate()
        .filter(|(place, object)| {
            object.is_service_account()
                || by_place.contains_key(place)
                || unknown.contains_key(place)
        })
        .map(|(place, object)| {
            let found: &[&Weighed] = by_place.get(&place).map_or(&[], Vec::as_slice);
            let impact = impacts.of(place);
            let open = found
                .iter()
                .filter(|weighed| weighed.finding.accepted.is_none())
                .map(|weighed| weighed.weight);
            AccountRisk {
                subject: subject_of(object),
                enabled: object.enabled(),
                impact: impact.worth,
                impact_reason: impact.reason,
                risk: round(risk(
                    impact.worth,
                    found.iter().map(|finding| finding.weight),
                )),
                net_risk: round(risk(impact.worth, open)),
                not_evaluated: unknown.get(&place).cloned().unwrap_or_default(),
                findings: weighed(impact.worth, found),
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

/// The terms of a risk: what nobody has accepted first, the heaviest first.
fn weighed(impact: f64, found: &[&Weighed]) -> Vec<WeighedFinding> {
    let mut found = found.to_vec();
    found.sort_by(|a, b| {
        let order = |weighed: &Weighed| {
            let finding = &weighed.finding;
            (finding.rule.clone(), finding.key.clone())
        };
        let accepted = |weighed: &Weighed| weighed.finding.accepted.is_some();
        accepted(a)
            .cmp(&accepted(b))
            .then_with(|| b.weight.total_cmp(&a.weight))
            .then_with(|| order(a).cmp(&order(b)))
    });
    let weights: Vec<f64> = found.iter().map(|weighed| weighed.weight).collect();
    found
        .iter()
        .zip(shares(impact, &weights))
        .map(|(weighed, share)| WeighedFinding {
            id: weighed.finding.id.clone(),
            rule: weighed.finding.rule.clone(),
            key: weighed.finding.key.clone(),
            weight: (weighed.weight * 10_000.0).round() / 10_000.0,
            share,
            accepted: weighed.finding.accepted.is_some(),
        })
        .collect()
}
