//! What is not known: rules and accounts that could not be judged, pages that did not run, exceptions that do not hold.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::report::{
    AccountRisk, ExceptionResult, ExceptionState, Report, RuleResult, Verdict,
};

use super::{Style, counted, name_of, paragraph};
use crate::report::{unjudged, visible};

/// Accounts that are named before the rest is counted.
const NAMED: usize = 10;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    rules(report, style, out)?;
    subjects(report, style, out)?;
    refused(report, style, out)?;
    exceptions(report, style, out)
}

fn rules(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let unknown: Vec<&RuleResult> = report
        .rules
        .iter()
        .filter(|rule| rule.verdict == Verdict::NotEvaluated && !rule.beyond_snapshot)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}",
        style.bold("Not evaluated: these rules are neither clear nor fired")
    )?;
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in unknown {
        by_reason.entry(&rule.reason).or_default().push(&rule.id);
    }
    for (reason, rules) in by_reason {
        writeln!(out)?;
        paragraph(&visible(reason), style, 2, out)?;
        paragraph(&rules.join(", "), style, 6, out)?;
    }
    Ok(())
}

fn refused(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if report.refused.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}\n",
        style.bold("Did not run: these rule pages of your own; what they look for is not known")
    )?;
    for rule in &report.refused {
        let text = format!("{}:{}: {}", rule.file, rule.line, rule.reason);
        paragraph(&visible(&text), style, 2, out)?;
    }
    Ok(())
}

/// Those of which some rule does not know enough, whatever it says of others.
fn subjects(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let unseen: Vec<(&AccountRisk, usize)> = report
        .accounts
        .iter()
        .filter(|account| !account.not_evaluated.is_empty())
        .map(|account| (account, unjudged(report, account).len()))
        .collect();
    if unseen.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}\n",
        style.bold("Not judged by every rule: these do not show what some rules need")
    )?;
    let shown = if style.all { unseen.len() } else { NAMED };
    let mut names: Vec<String> = unseen
        .iter()
        .take(shown)
        .map(|(account, unjudged)| {
            let rules = counted(*unjudged, "rule");
            format!("{} ({rules})", name_of(&account.subject))
        })
        .collect();
    if unseen.len() > shown {
        names.push(format!(
            "and {} more (--all names them)",
            unseen.len() - shown
        ));
    }
    paragraph(&visible(&names.join(", ")), style, 2, out)
}

/// Exceptions that hold stand with their findings; these do not.
fn exceptions(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let of = |states: &[ExceptionState]| -> Vec<&ExceptionResult> {
        let all = report.exceptions.iter();
        all.filter(|exception| states.contains(&exception.state))
            .collect()
    };
    let parts = [
        (
            "Exceptions that do not hold; their findings count in full",
            of(&[ExceptionState::Changed, ExceptionState::Expired]),
        ),
        (
            "Exceptions without a finding in this snapshot",
            of(&[ExceptionState::Unused]),
        ),
    ];
    for (title, told) in parts {
        if told.is_empty() {
            continue;
        }
        writeln!(out, "\n{}\n", style.bold(title))?;
        for exception in told {
            let about = match &exception.finding {
                Some(finding) => finding.clone(),
                None => format!("{} of {}", exception.rule, exception.subject),
            };
            let text = format!(
                "{about} ({}): {}. Accepted by {} until {}: {}",
                exception.rule, exception.note, exception.owner, exception.until, exception.reason
            );
            paragraph(&visible(&text), style, 2, out)?;
        }
    }
    Ok(())
}
