//! Which findings are accepted, and which exceptions hold no longer.

use std::collections::HashMap;

use coldcase_schemas::report::{Acceptance, ExceptionResult, ExceptionState, Verdict};
use jiff::civil::Date;

use super::file::{Exception, day};
use crate::rules::{Evaluation, Pack, Weighed, finding_id, identity};

/// Marks the findings that `exceptions` accept, and tells how each exception ended. `today` is the snapshot's own day.
pub(crate) fn apply(
    exceptions: &[Exception],
    pack: &Pack,
    evaluations: &mut [Evaluation],
    today: Date,
) -> Vec<ExceptionResult> {
    // Subjects are named by GUID or SID, so a finding is looked up by either.
    let mut places: HashMap<(String, String, String), (usize, usize)> = HashMap::new();
    for (rule, evaluation) in evaluations.iter().enumerate() {
        for (place, weighed) in evaluation.findings.iter().enumerate() {
            let subject = &weighed.finding.subject;
            let names = [
                subject.sid.as_deref(),
                subject.object_guid.as_deref(),
                Some(identity(subject)),
            ];
            for name in names.into_iter().flatten() {
                let of = (
                    weighed.finding.rule.clone(),
                    name.to_lowercase(),
                    weighed.finding.key.clone(),
                );
                places.insert(of, (rule, place));
            }
        }
    }
    let results = exceptions.iter().map(|exception| {
        let of = (
            exception.rule.clone(),
            exception.subject.to_lowercase(),
            exception.key.clone(),
        );
        let found = places
            .get(&of)
            .and_then(|(rule, place)| evaluations.get_mut(*rule)?.findings.get_mut(*place));
        match found {
            Some(weighed) => judge(exception, weighed, today),
            None => missing(exception, pack, evaluations),
        }
    });
    results.collect()
}

/// An exception whose finding is there.
fn judge(exception: &Exception, weighed: &mut Weighed, today: Date) -> ExceptionResult {
    let expired = day(&exception.until).map_or(true, |until| until < today);
    let changed = exception.evidence != weighed.finding.evidence_sha256;
    // Severities are in order, the worst first.
    let worse = weighed.finding.severity < exception.severity;
    let (state, note) = if worse {
        let (now, was) = (weighed.finding.severity, exception.severity);
        (
            ExceptionState::Changed,
            format!(
                "void: it is {} now, {} was accepted",
                now.as_str(),
                was.as_str()
            ),
        )
    } else if changed {
        (
            ExceptionState::Changed,
            "void: the evidence is not what was accepted; look again".to_owned(),
        )
    } else if expired {
        (
            ExceptionState::Expired,
            format!("void: the snapshot was taken on {today}, after it ended"),
        )
    } else {
        // Of several that hold, the first is named.
        weighed.finding.accepted.get_or_insert_with(|| Acceptance {
            owner: exception.owner.clone(),
            reason: exception.reason.clone(),
            until: exception.until.clone(),
        });
        (ExceptionState::Applied, String::new())
    };
    result(exception, state, note, Some(weighed.finding.id.clone()))
}

/// An exception whose finding is not there: fixed, not evaluated, or never there.
fn missing(exception: &Exception, pack: &Pack, evaluations: &[Evaluation]) -> ExceptionResult {
    let rule = pack
        .pages
        .iter()
        .position(|page| page.front.id == exception.rule);
    let note = match rule.and_then(|rule| evaluations.get(rule)) {
        None if pack.left_out > 0 => "the rule is not among those of --rule".to_owned(),
        None => "there is no such rule; is it one of your own (--rules)?".to_owned(),
        Some(evaluation) if evaluation.verdict == Verdict::NotEvaluated => {
            "the rule was not evaluated".to_owned()
        }
        Some(_) => "there is no such finding in this snapshot".to_owned(),
    };
    let code = rule.and_then(|rule| pack.pages.get(rule));
    let id = code.map(|page| {
        let front = &page.front;
        finding_id(&front.id, &front.code, &exception.subject, &exception.key)
    });
    result(exception, ExceptionState::Unused, note, id)
}

fn result(
    exception: &Exception,
    state: ExceptionState,
    note: String,
    finding: Option<String>,
) -> ExceptionResult {
    ExceptionResult {
        rule: exception.rule.clone(),
        subject: exception.subject.clone(),
        key: exception.key.clone(),
        owner: exception.owner.clone(),
        reason: exception.reason.clone(),
        until: exception.until.clone(),
        state,
        note,
        finding,
    }
}
