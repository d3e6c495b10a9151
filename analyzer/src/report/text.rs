//! The report for people: what to do first, why, and what is not known.
//!
//! Owns layout only. Everything it says is in the JSON report too.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::report::{
    AccountRisk, Finding, Report, RuleResult, Severity, Subject, Verdict,
};

use super::table::{plain, trimmed, visible};
use crate::rules::text as value_text;

/// Subjects shown under a rule before the rest is counted.
const SHOWN: usize = 5;

/// Accounts in the table of the riskiest.
const RISKIEST: usize = 10;

/// How to write to this terminal or file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// ANSI colours.
    pub(crate) colour: bool,
    /// Columns.
    pub(crate) width: u16,
    /// Show every subject of every rule.
    pub(crate) all: bool,
}

/// Writes the report.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    head(report, style, out)?;
    findings(report, style, out)?;
    accounts(report, style, out)?;
    unknown(report, style, out)?;
    refused(report, style, out)?;
    foot(report, out)
}

fn head(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = &report.snapshot;
    writeln!(
        out,
        "{}",
        style.bold(&format!(
            "Service account risk: {}",
            visible(&snapshot.domain)
        ))
    )?;
    writeln!(out)?;
    let seen = if snapshot.complete {
        "every query was answered".to_owned()
    } else {
        style.severity(
            Severity::High,
            "PARTIAL: the collection did not see everything",
        )
    };
    let rows = [
        (
            "Snapshot",
            format!("{} from {}", snapshot.taken_at, visible(&snapshot.server)),
        ),
        ("Collected as", visible(&snapshot.collected_as)),
        ("Objects", format!("{}; {seen}", snapshot.objects)),
        ("SHA-256", snapshot.sha256.clone()),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {label:<13} {value}")?;
    }
    for missing in &snapshot.missing {
        writeln!(out, "                - {}", visible(missing))?;
    }
    let score = &report.score;
    let level = ["urgent", "serious", "needs work", "good", "nothing found"]
        .get(usize::from(score.level.saturating_sub(1)))
        .copied()
        .unwrap_or_default();
    let exposure = if score.exposure_max > score.exposure {
        format!(
            "{:.1} ({:.1} if each rule that was not evaluated fired once)",
            score.exposure, score.exposure_max
        )
    } else {
        format!("{:.1}", score.exposure)
    };
    writeln!(out)?;
    let at_best = if score.level_min < score.level {
        format!(
            " at best; {} if what is not known were to fire",
            score.level_min
        )
    } else {
        String::new()
    };
    writeln!(
        out,
        "  {:<13} {} of 5 ({level}){at_best}",
        "Level", score.level
    )?;
    writeln!(out, "  {:<13} {:.0} of 100", "Index", score.index)?;
    writeln!(out, "  {:<13} {exposure}", "Exposure")?;
    let counts: Vec<String> = score
        .findings
        .iter()
        .map(|(severity, count)| {
            style.severity(*severity, &format!("{count} {}", severity.as_str()))
        })
        .collect();
    let counts = if counts.is_empty() {
        "none".to_owned()
    } else {
        counts.join(", ")
    };
    writeln!(out, "  {:<13} {counts}", "Findings")?;
    let evaluated = report
        .rules
        .iter()
        .filter(|rule| rule.verdict != Verdict::NotEvaluated)
        .count();
    writeln!(
        out,
        "  {:<13} {evaluated} of {} rules evaluated ({:.0} %)",
        "Coverage",
        report.rules.len() - beyond(report).len(),
        score.coverage_percent
    )
}

fn findings(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
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
        let title = format!("{} ({})", rule.title, findings.len());
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
            for line in wrap(
                &format!("Perhaps not all: {}", rule.reason),
                style.width,
                11,
            ) {
                writeln!(out, "{line}")?;
            }
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
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .filter_map(|(name, value)| told(&name.replace('_', " "), value))
        .collect();
    let line = if evidence.is_empty() {
        name
    } else {
        format!("{name}: {}", evidence.join(", "))
    };
    for (index, line) in wrap(&visible(&line), style.width, 13)
        .into_iter()
        .enumerate()
    {
        if index == 0 {
            writeln!(out, "           - {}", line.trim_start())?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn name_of(subject: &Subject) -> &str {
    subject
        .sam_account_name
        .as_deref()
        .or(subject.dn.as_deref())
        .unwrap_or("(unnamed)")
}

/// A fact in words; what is not set, empty or not so is left out here and stands in the JSON report.
fn told(name: &str, value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Bool(false) if name.ends_with("enabled") => {
            Some(format!("{}disabled", name.trim_end_matches("enabled")))
        }
        serde_json::Value::Null | serde_json::Value::Bool(false) => None,
        serde_json::Value::Bool(true) => Some(name.to_owned()),
        other => Some(value_text(other))
            .filter(|text| !text.is_empty())
            .map(|text| match name.strip_suffix(" days") {
                Some(name) => format!("{name} {text} days"),
                None => format!("{name} {text}"),
            }),
    }
}

fn accounts(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let risky: Vec<&AccountRisk> = report
        .accounts
        .iter()
        .filter(|account| account.risk > 0.0)
        .collect();
    if risky.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}\n", style.bold("Highest risks"))?;
    let shown = if style.all { risky.len() } else { RISKIEST };
    let rows = risky.iter().take(shown).map(|account| {
        let worth: Vec<String> = account
            .findings
            .iter()
            .filter(|term| term.weight > 0.0)
            .map(|term| format!("{:.2}", 1.0 - term.weight))
            .collect();
        vec![
            String::new(),
            name_of(&account.subject).to_owned(),
            account.subject.kind.clone(),
            format!("{:.1}", account.risk),
            format!("= 100 × {} × (1 − {})", account.impact, worth.join(" × ")),
        ]
    });
    write!(out, "{}", trimmed(&plain(rows, style.width)))?;
    if risky.len() > shown {
        writeln!(
            out,
            "  … and {} more (--all shows them)",
            risky.len() - shown
        )?;
    }
    Ok(())
}

fn unknown(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
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
        for line in wrap(&visible(reason), style.width, 2) {
            writeln!(out, "{line}")?;
        }
        for line in wrap(&rules.join(", "), style.width, 6) {
            writeln!(out, "{line}")?;
        }
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
        for line in wrap(&visible(&text), style.width, 2) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Ids of rules that ask what no snapshot holds.
fn beyond(report: &Report) -> Vec<&str> {
    let rules = report.rules.iter();
    rules
        .filter(|rule| rule.beyond_snapshot && rule.verdict == Verdict::NotEvaluated)
        .map(|rule| rule.id.as_str())
        .collect()
}

fn foot(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let clear = report
        .rules
        .iter()
        .filter(|rule| rule.verdict == Verdict::Clear)
        .count();
    writeln!(
        out,
        "\n{clear} rules are clear. `coldcase rules ID` explains a rule and how to fix it."
    )?;
    let beyond = beyond(report);
    if !beyond.is_empty() {
        writeln!(
            out,
            "No snapshot can answer, so look yourself: {}.",
            beyond.join(", ")
        )?;
    }
    writeln!(
        out,
        "{}, rule pack {}",
        report.program,
        report.score.rule_pack_sha256.get(..16).unwrap_or_default()
    )
}

fn worst(findings: &[&Finding]) -> Severity {
    findings
        .iter()
        .map(|finding| finding.severity)
        .min()
        .unwrap_or(Severity::Info)
}

/// Lines of at most `width` columns, each indented. A word that is longer stays whole.
pub(crate) fn wrap(text: &str, width: u16, indent: usize) -> Vec<String> {
    let width = usize::from(width).max(indent + 20);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && indent + longer > width {
            lines.push(format!("{:indent$}{line}", ""));
            line = String::new();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(format!("{:indent$}{line}", ""));
    }
    lines
}

impl Style {
    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.paint(code, text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_indented() {
        assert_eq!(wrap("one two three", 20, 2), ["  one two three"]);
        assert_eq!(
            wrap("aaaaaaaaaa bbbbbbbbbb cccccccccc", 24, 2),
            ["  aaaaaaaaaa bbbbbbbbbb", "  cccccccccc"]
        );
        assert!(wrap("", 80, 2).is_empty());
    }
}
