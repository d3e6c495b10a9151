//! The report as SARIF 2.1.0 (OASIS), for code scanning and viewers of findings.
//!
//! Owns how verdicts map: a finding is a result of kind `fail`, an accepted one is suppressed, what could not be judged is
//! a result of kind `open` and never absent, what no snapshot can answer is `review`. What was not seen is a notification
//! of the invocation. Deliberately names no file: a directory has none.

use std::collections::BTreeMap;

use coldcase_schemas::report::{
    Confidence, Finding, Report, RuleResult, Severity, Subject, Verdict,
};
use serde_json::{Value, json};

use super::tables::facts;
use crate::report::{name_of, unseen, visible};
use crate::rules::{Pack, Page, SECTIONS};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Name of the fingerprint of a finding.
const FINDING: &str = "coldcaseFinding/v1";

/// Name of the fingerprint of what could not be judged.
const OPEN: &str = "coldcaseOpen/v1";

/// The log as one JSON value.
pub(crate) fn log(report: &Report, pack: &Pack) -> Value {
    let places: BTreeMap<&str, usize> = report
        .rules
        .iter()
        .enumerate()
        .map(|(place, rule)| (rule.id.as_str(), place))
        .collect();
    let mut results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, report, &places))
        .collect();
    results.extend(not_evaluated(report, &places));
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "coldcase",
                "version": version,
                "semanticVersion": version,
                "rules": report.rules.iter().map(|rule| descriptor(rule, pack)).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": format!("coldcase/{}/", visible(&report.snapshot.domain)) },
            "invocations": [invocation(report, &places)],
            "results": results,
            "properties": {
                "domain": visible(&report.snapshot.domain),
                "takenAt": report.snapshot.taken_at,
                "snapshotSha256": report.snapshot.sha256,
                "complete": report.snapshot.complete,
                "exposure": report.score.gross.exposure,
                "exposureMax": report.score.gross.exposure_max,
                "index": report.score.gross.index,
                "level": report.score.gross.level,
                "coveragePercent": report.score.coverage_percent,
            },
        }],
    })
}

/// A rule of the pack.
fn descriptor(rule: &RuleResult, pack: &Pack) -> Value {
    let page = pack.pages.iter().find(|page| page.front.id == rule.id);
    let mut descriptor = json!({
        "id": rule.id,
        "name": rule.code,
        "shortDescription": { "text": message(&rule.title) },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": ["security", rule.family],
            "security-severity": score(rule.worst),
            "revision": rule.revision,
        },
    });
    if let (Some(page), Some(fields)) = (page, descriptor.as_object_mut()) {
        let [finds, ..] = SECTIONS;
        let help = help(page);
        fields.insert(
            "fullDescription".to_owned(),
            json!({ "text": message(page.section(finds)) }),
        );
        fields.insert("help".to_owned(), json!({ "text": help, "markdown": help }));
        if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
            let precision = confidence(page.front.confidence);
            properties.insert("precision".to_owned(), json!(precision));
            properties.insert("attack".to_owned(), json!(page.front.attack));
            properties.insert("references".to_owned(), json!(page.front.references));
        }
    }
    descriptor
}

/// The page without its SQL.
fn help(page: &Page) -> String {
    let sections = SECTIONS.iter().map(|name| {
        let text = page.section(name);
        format!("## {name}\n\n{text}\n")
    });
    braces(&lines(&sections.collect::<Vec<_>>().join("\n")))
}

fn result(finding: &Finding, report: &Report, places: &BTreeMap<&str, usize>) -> Value {
    let place = places.get(finding.rule.as_str()).copied();
    let title = place.and_then(|place| report.rules.get(place));
    let title = title.map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let name = name_of(&finding.subject);
    let told = match facts(finding) {
        facts if facts.is_empty() => format!("{name}: {title}."),
        facts => format!("{name}: {title}. {facts}."),
    };
    // A fact that weighs nothing is no failure.
    let kind = match finding.severity {
        Severity::Info => "informational",
        _ => "fail",
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "kind": kind,
        "level": level(finding.severity),
        "message": { "text": message(&told) },
        "locations": [location(&finding.subject)],
        "partialFingerprints": { FINDING: finding.id },
        "properties": {
            "security-severity": score(finding.severity),
            "severity": finding.severity.as_str(),
            "confidence": confidence(finding.confidence),
            "evidenceSha256": finding.evidence_sha256,
        },
    });
    if let Some(fields) = result.as_object_mut() {
        if let Some(place) = place {
            fields.insert("ruleIndex".to_owned(), json!(place));
        }
        if let Some(by) = &finding.accepted {
            let why = format!("Accepted by {} until {}: {}", by.owner, by.until, by.reason);
            let suppression = json!({
                "kind": "external",
                "status": "accepted",
                "justification": visible(&why),
            });
            fields.insert("suppressions".to_owned(), json!([suppression]));
        } else {
            // Says that suppressions are known, and that this has none (SARIF 3.27.23).
            fields.insert("suppressions".to_owned(), json!([]));
        }
    }
    result
}

/// Rules that judged nothing, and objects that a rule which judged others could not judge.
fn not_evaluated(report: &Report, places: &BTreeMap<&str, usize>) -> Vec<Value> {
    let rules = report
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.verdict == Verdict::NotEvaluated);
    let mut results: Vec<Value> = rules
        .map(|(place, rule)| {
            let kind = if rule.beyond_snapshot {
                "review"
            } else {
                "open"
            };
            let told = format!("Not evaluated: {}. {}.", rule.title, rule.reason);
            json!({
                "ruleId": rule.id,
                "ruleIndex": place,
                "kind": kind,
                "level": "none",
                "message": { "text": message(&told) },
                "partialFingerprints": { OPEN: rule.id },
            })
        })
        .collect();
    for account in &report.accounts {
        for id in &account.not_evaluated {
            let Some((place, rule)) = places
                .get(id.as_str())
                .and_then(|place| Some((*place, report.rules.get(*place)?)))
            else {
                continue;
            };
            if rule.verdict == Verdict::NotEvaluated {
                continue;
            }
            let name = name_of(&account.subject);
            let told = format!(
                "{name} could not be judged: {}. {}.",
                rule.title, rule.reason
            );
            let known = account.subject.object_guid.as_deref();
            let known = known.or(account.subject.dn.as_deref()).unwrap_or_default();
            results.push(json!({
                "ruleId": id,
                "ruleIndex": place,
                "kind": "open",
                "level": "none",
                "message": { "text": message(&told) },
                "locations": [location(&account.subject)],
                "partialFingerprints": { OPEN: visible(&format!("{id} {known}")) },
            }));
        }
    }
    results
}

/// What was not seen, and pages of one's own that did not run.
fn invocation(report: &Report, places: &BTreeMap<&str, usize>) -> Value {
    let note =
        |level: &str, text: &str| json!({ "level": level, "message": { "text": message(text) } });
    let unseen: Vec<&str> = unseen(report);
    let mut notes: Vec<Value> = unseen.iter().map(|text| note("warning", text)).collect();
    for rule in report
        .rules
        .iter()
        .filter(|rule| rule.verdict != Verdict::NotEvaluated && !rule.reason.is_empty())
    {
        let text = format!("{} may not have found all: {}", rule.title, rule.reason);
        let mut note = note("warning", &text);
        if let (Some(fields), Some(place)) = (note.as_object_mut(), places.get(rule.id.as_str())) {
            let rule = json!({ "id": rule.id, "index": place });
            fields.insert("associatedRule".to_owned(), rule);
        }
        notes.push(note);
    }
    if report.left_out > 0 {
        let text = format!(
            "{} rules were left out, of which this says nothing",
            report.left_out
        );
        notes.push(note("note", &text));
    }
    let refused = report.refused.iter().map(|page| {
        let text = format!(
            "{}:{}: the page did not run: {}",
            page.file, page.line, page.reason
        );
        note("error", &text)
    });
    json!({
        "executionSuccessful": true,
        "toolExecutionNotifications": notes,
        "toolConfigurationNotifications": refused.collect::<Vec<_>>(),
    })
}

/// The object that something is about.
fn location(subject: &Subject) -> Value {
    let mut logical = json!({
        "name": visible(name_of(subject)),
        "kind": subject.kind,
        "properties": { "objectGuid": subject.object_guid, "sid": subject.sid },
    });
    if let (Some(dn), Some(fields)) = (&subject.dn, logical.as_object_mut()) {
        fields.insert("fullyQualifiedName".to_owned(), json!(visible(dn)));
    }
    json!({ "logicalLocations": [logical] })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
        Severity::Info => "none",
    }
}

/// Within the bands that code scanning sorts by: above 9 critical, from 7 high, from 4 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// The text of a message: brackets would begin a link (SARIF 3.11.6), braces a placeholder (3.11.5).
fn message(text: &str) -> String {
    let text = lines(text).replace('\\', "\\\\");
    braces(&text.replace('[', "\\[").replace(']', "\\]"))
}

fn braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Line feeds stay, nothing else that is hidden does.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neither_links_nor_placeholders() {
        assert_eq!(
            message("[x](http://e) {0}\u{1b}"),
            "\\[x\\](http://e) {{0}}\u{FFFD}"
        );
        assert_eq!(message("CORP\\svc"), "CORP\\\\svc");
        assert_eq!(message("a\nb"), "a\nb");
    }
}
