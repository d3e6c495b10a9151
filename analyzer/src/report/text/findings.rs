//! What was found, rule by rule, the most severe first.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::report::{Finding, Report, RuleResult, Severity};

use super::evidence::told;
use super::{Style, name_of, paragraph, wrap};
use crate::report::visible;

/// Subjects shown under a rule before the rest is counted.
const SHOWN: usize = 5;

/// Columns before a finding.
const INDENT: usize = 13;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    let mut fired: Vec<(&RuleResult, &Vec<&Finding>)> = report
        .rules
        .iter()
        .filter_map(|rule| Some((rule, by_rule.get(rule.id.as_str())?)))
        .collect();
    fired.sort_by_key(|(rule, findings)| (worst(findings), rule.family.clone(), rule.code.clone()));
    if fired.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.bold("Findings, most severe first"))?;
    for (rule, findings) in fired {
        let severity = worst(findings);
        let label = format!("{:<8}", severity.as_str().to_uppercase());
        write!(out, "\n  {} ", style.severity(severity, &label))?;
        let accepted = findings.iter().filter(|f| f.accepted.is_some()).count();
        let accepted = match accepted {
            0 => String::new(),
            count => format!(", {count} accepted"),
        };
        let title = format!("{} ({}{accepted})", rule.title, findings.len());
        for (index, line) in wrap(&title, style.width, 11).into_iter().enumerate() {
            let indent = if index == 0 { "" } else { "           " };
            writeln!(out, "{indent}{}", style.bold(line.trim_start()))?;
        }
        writeln!(out, "           {} {}", rule.code, rule.id)?;
        let shown = if style.all { findings.len() } else { SHOWN };
        for finding in findings.iter().take(shown) {
            subject(finding, severity, style, out)?;
        }
        if findings.len() > shown {
            writeln!(
                out,
                "           … and {} more (--all shows them)",
                findings.len() - shown
            )?;
        }
        if !rule.reason.is_empty() {
            let text = format!("Perhaps not all: {}", rule.reason);
            paragraph(&visible(&text), style, 11, out)?;
        }
    }
    Ok(())
}

/// A finding under a heading of severity `heading`; one of another severity says so.
fn subject(
    finding: &Finding,
    heading: Severity,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = match finding.severity {
        same if same == heading => name_of(&finding.subject).to_owned(),
        other => format!("[{}] {}", other.as_str(), name_of(&finding.subject)),
    };
    let accepted = finding.accepted.as_ref().map_or_else(String::new, |by| {
        format!(
            "; accepted by {} until {}: {}",
            by.owner, by.until, by.reason
        )
    });
    let line = format!("{name} ({}{accepted})", finding.id);
    for (index, line) in wrap(&visible(&line), style.width, INDENT)
        .into_iter()
        .enumerate()
    {
        if index == 0 {
            writeln!(out, "           - {}", line.trim_start())?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    let facts = finding.evidence.iter().filter(|(name, value)| {
        // The container that a finding is about needs no second mention.
        *name != "container" || value.as_str() != finding.subject.dn.as_deref()
    });
    let facts: Vec<String> = facts
        .filter_map(|(name, value)| told(name, value))
        .collect();
    // A fact with commas of its own cannot stand in a list, and an entry is looked at last.
    let (long, short): (Vec<_>, Vec<_>) = facts.into_iter().partition(|fact| is_list(fact));
    for facts in [short.join(", ")].into_iter().chain(long) {
        paragraph(&visible(&facts), style, INDENT, out)?;
    }
    Ok(())
}

/// Whether a text would be taken apart by somebody who reads a list with commas.
fn is_list(text: &str) -> bool {
    text.contains(", ") || text.contains("; ") || text.starts_with("ACE: ")
}

fn worst(findings: &[&Finding]) -> Severity {
    findings
        .iter()
        .map(|finding| finding.severity)
        .min()
        .unwrap_or(Severity::Info)
}
