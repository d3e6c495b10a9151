//! Findings as events for a SIEM: OCSF 1.3.0, class Compliance Finding (2003), one JSON object a line.
//!
//! Owns how verdicts map: a finding is a failed check, an accepted one is suppressed, a rule that was not evaluated is a
//! check without a result for missing information (compliance status 2) of finding status 0, unknown. So are a rule that
//! may not have found all, and what was not seen. The time is that of the snapshot. Rules that are clear and saw all they
//! need have no event. Uids of what is not about an object name the domain, so that those of two domains do not collide.

use std::io::{self, Write};

use coldcase_schemas::report::{
    Finding, RefusedRule, Report, RuleResult, Severity, Subject, Verdict,
};
use serde_json::{Value, json};

use super::sarif::confidence;
use super::tables::facts;
use crate::report::{name_of, unseen, visible};
use crate::rules::{Pack, SECTIONS, finding_id};

/// Version of the schema that the events follow.
const OCSF: &str = "1.3.0";

/// Class and activity: Compliance Finding, Create.
const CLASS: u32 = 2003;
const CREATE: u32 = 1;

/// What is said of a rule, or of an object, without a result; and of a rule that judged some.
const NOT_EVALUATED: &str = "Not evaluated";
const NOT_ALL: &str = "May not have found all";

/// Writes the events, findings first, then what was not evaluated or not seen.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(report: &Report, pack: &Pack, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let rule = report.rules.iter().find(|rule| rule.id == finding.rule);
        line(&found(finding, rule, report, pack), out)?;
    }
    for rule in &report.rules {
        if rule.verdict == Verdict::NotEvaluated {
            let uid = uid(report, "not-evaluated", &rule.id);
            line(&unknown(&uid, NOT_EVALUATED, rule, None, report, pack), out)?;
        } else if !rule.reason.is_empty() {
            let uid = uid(report, "perhaps-not-all", &rule.id);
            line(&unknown(&uid, NOT_ALL, rule, None, report, pack), out)?;
        }
    }
    for account in &report.accounts {
        for id in &account.not_evaluated {
            let rule = report.rules.iter().find(|rule| rule.id == *id);
            if let Some(rule) = rule.filter(|rule| rule.verdict != Verdict::NotEvaluated) {
                let subject = &account.subject;
                let known = subject.object_guid.as_ref().or(subject.dn.as_ref());
                let known = known.map_or("", String::as_str);
                let uid = visible(&format!("not-evaluated-{id}-{known}"));
                let event = unknown(&uid, NOT_EVALUATED, rule, Some(subject), report, pack);
                line(&event, out)?;
            }
        }
    }
    for sentence in unseen(report) {
        line(&not_seen(sentence, report), out)?;
    }
    for page in &report.refused {
        line(&did_not_run(page, report), out)?;
    }
    Ok(())
}

fn line(event: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    out.write_all(b"\n")
}

fn found(finding: &Finding, rule: Option<&RuleResult>, report: &Report, pack: &Pack) -> Value {
    let title = rule.map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let (status, name) = match &finding.accepted {
        Some(_) => (3, "Suppressed"),
        None => (1, "New"),
    };
    let told = facts(finding);
    let mut event = event(report, severity(finding.severity), (status, name));
    set(
        &mut event,
        "message",
        json!(visible(&format!("{}: {title}", name_of(&finding.subject)))),
    );
    set(
        &mut event,
        "finding_info",
        info(&finding.id, title, &told, &finding.rule, report),
    );
    set(
        &mut event,
        "compliance",
        compliance(rule, (3, "Fail"), &told),
    );
    set(&mut event, "resources", json!([resource(&finding.subject)]));
    let (id, name) = match confidence(finding.confidence) {
        "high" => (3, "High"),
        "medium" => (2, "Medium"),
        _ => (1, "Low"),
    };
    set(&mut event, "confidence_id", json!(id));
    set(&mut event, "confidence", json!(name));
    remedy(&mut event, &finding.rule, pack);
    if let Some(by) = &finding.accepted {
        let why = format!("Accepted by {} until {}: {}", by.owner, by.until, by.reason);
        set(&mut event, "comment", json!(visible(&why)));
    }
    set(
        &mut event,
        "unmapped",
        json!({ "key": visible(&finding.key), "evidence_sha256": finding.evidence_sha256 }),
    );
    event
}

fn unknown(
    uid: &str,
    what: &str,
    rule: &RuleResult,
    subject: Option<&Subject>,
    report: &Report,
    pack: &Pack,
) -> Value {
    let about = subject.map_or_else(String::new, |subject| format!("{}: ", name_of(subject)));
    let mut event = event(report, severity(Severity::Info), (0, "Unknown"));
    let title = format!("{what}: {about}{}", rule.title);
    set(&mut event, "message", json!(visible(&title)));
    set(
        &mut event,
        "finding_info",
        info(uid, &title, &rule.reason, &rule.id, report),
    );
    set(
        &mut event,
        "compliance",
        compliance(Some(rule), (2, "Warning"), &rule.reason),
    );
    set(
        &mut event,
        "resources",
        json!([subject.map_or_else(|| domain(report), resource)]),
    );
    remedy(&mut event, &rule.id, pack);
    // How bad it would be at worst is not how bad it is.
    set(
        &mut event,
        "unmapped",
        json!({ "worst_severity": rule.worst.as_str() }),
    );
    event
}

fn did_not_run(page: &RefusedRule, report: &Report) -> Value {
    let uid = uid(report, "did-not-run", &page.file);
    let title = format!("Did not run: {}", page.file);
    let why = format!("line {}: {}", page.line, page.reason);
    of_the_domain(&uid, &title, &why, &page.file, report)
}

/// What the collection did not see, whichever rules that concerns.
fn not_seen(sentence: &str, report: &Report) -> Value {
    let name = uid(report, "not-seen", "");
    let uid = finding_id("not-seen", name.trim_end_matches('-'), "", sentence);
    let title = "Not seen, so that there may be more";
    of_the_domain(&uid, title, sentence, "not-seen", report)
}

/// The uid of what is about the whole domain.
fn uid(report: &Report, what: &str, about: &str) -> String {
    let snapshot = &report.snapshot;
    let domain = snapshot.domain_sid.as_deref().unwrap_or(&snapshot.domain);
    visible(&format!("{what}-{domain}-{about}"))
}

/// An event without a result that no rule of the report has.
fn of_the_domain(uid: &str, title: &str, why: &str, by: &str, report: &Report) -> Value {
    let mut event = event(report, severity(Severity::Info), (0, "Unknown"));
    set(
        &mut event,
        "message",
        json!(visible(&format!("{title}: {why}"))),
    );
    set(
        &mut event,
        "finding_info",
        info(uid, title, why, by, report),
    );
    set(
        &mut event,
        "compliance",
        compliance(None, (2, "Warning"), why),
    );
    set(&mut event, "resources", json!([domain(report)]));
    event
}

/// What every event has.
fn event(report: &Report, severity: (u32, &str), status: (u32, &str)) -> Value {
    let snapshot = &report.snapshot;
    json!({
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + CREATE,
        "type_name": "Compliance Finding: Create",
        "time": time(report),
        "severity_id": severity.0,
        "severity": severity.1,
        "status_id": status.0,
        "status": status.1,
        "metadata": {
            "version": OCSF,
            "product": {
                "name": "coldcase",
                "vendor_name": "coldcase",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "correlation_uid": snapshot.sha256,
            "original_time": snapshot.taken_at,
        },
    })
}

fn set(event: &mut Value, name: &str, value: Value) {
    if let Some(fields) = event.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn info(uid: &str, title: &str, desc: &str, rule: &str, report: &Report) -> Value {
    json!({
        "uid": uid,
        "title": visible(title),
        "desc": visible(desc),
        "created_time": time(report),
        // Type 1: a rule.
        "analytic": { "uid": visible(rule), "name": visible(rule), "type_id": 1, "type": "Rule" },
        "types": ["Active Directory service accounts"],
    })
}

fn compliance(rule: Option<&RuleResult>, status: (u32, &str), detail: &str) -> Value {
    json!({
        "standards": ["Coldcase rules"],
        "control": rule.map_or("", |rule| rule.code.as_str()),
        "status_id": status.0,
        "status": status.1,
        "status_detail": visible(detail),
    })
}

/// How to fix it, as the rule's page says.
fn remedy(event: &mut Value, rule: &str, pack: &Pack) {
    let [_, _, fix, _] = SECTIONS;
    if let Some(page) = pack.pages.iter().find(|page| page.front.id == rule) {
        let lines: Vec<String> = page.section(fix).split('\n').map(visible).collect();
        set(event, "remediation", json!({ "desc": lines.join("\n") }));
    }
}

fn resource(subject: &Subject) -> Value {
    json!({
        "name": visible(name_of(subject)),
        "type": subject.kind,
        "uid": subject.object_guid.as_deref().or(subject.sid.as_deref()).unwrap_or_default(),
        "data": { "dn": subject.dn.as_deref().map(visible), "sid": subject.sid },
    })
}

fn domain(report: &Report) -> Value {
    json!({
        "name": visible(&report.snapshot.domain),
        "type": "domain",
        "uid": report.snapshot.domain_sid.as_deref().unwrap_or_default(),
    })
}

/// Milliseconds since 1970, of the snapshot.
fn time(report: &Report) -> i64 {
    let taken: Option<jiff::Timestamp> = report.snapshot.taken_at.parse().ok();
    taken.unwrap_or_default().as_millisecond()
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Critical => (5, "Critical"),
        Severity::High => (4, "High"),
        Severity::Medium => (3, "Medium"),
        Severity::Low => (2, "Low"),
        Severity::Info => (1, "Informational"),
    }
}
