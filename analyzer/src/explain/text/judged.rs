//! Risk as a sum that can be redone, findings, how to fix them, and what could not be judged.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::explain::{ExplainedFinding, Explanation};

use super::{heading, item, told};
use crate::explain::judged::by_reason;
use crate::report::{Style, addition, counted, risk_in_words, visible, wrap};

pub(super) fn risk(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let open = told_of.not_judged.len();
    heading("Risk", style, out)?;
    let Some(risk) = &told_of.risk else {
        told("No rule found anything of it.", style, 2, out)?;
        return not_judged(open, style, out);
    };
    let line = format!(
        "{} of 100: worth {} ({})",
        risk_in_words(risk.risk, open),
        risk.impact,
        risk.impact_reason
    );
    for line in wrap(&visible(&line), style.width, 2) {
        writeln!(out, "  {}", style.bold(line.trim_start()))?;
    }
    if risk.findings.iter().any(|term| term.share > 0.0) {
        let codes: BTreeMap<&str, &str> = told_of
            .rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule.code.as_str()))
            .collect();
        addition(risk, &codes, style, out)?;
    }
    if risk.findings.iter().any(|term| term.accepted) {
        let net = risk_in_words(risk.net_risk, open);
        let text = format!("{net} without what is accepted, which takes last");
        told(&text, style, 9, out)?;
    }
    not_judged(open, style, out)
}

fn not_judged(open: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if open == 0 {
        return Ok(());
    }
    let text = format!(
        "It may be more: {} could not judge it; see \"Not known\" below.",
        counted(open, "rule")
    );
    told(&text, style, 2, out)
}

pub(super) fn findings(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if told_of.findings.is_empty() {
        return Ok(());
    }
    heading("Findings, most severe first", style, out)?;
    for explained in &told_of.findings {
        finding(told_of, explained, style, out)?;
    }
    Ok(())
}

fn finding(
    told_of: &Explanation,
    explained: &ExplainedFinding,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let finding = &explained.finding;
    let rule = told_of.rules.iter().find(|rule| rule.id == finding.rule);
    let (code, title) = rule.map_or(("", ""), |rule| (&rule.code, &rule.title));
    let label = format!("{:<8}", finding.severity.as_str().to_uppercase());
    write!(out, "\n  {} ", style.severity(finding.severity, &label))?;
    for (number, line) in wrap(&visible(title), style.width, 11).iter().enumerate() {
        let indent = if number == 0 { "" } else { "           " };
        writeln!(out, "{indent}{}", style.bold(line.trim_start()))?;
    }
    let accepted = finding.accepted.as_ref().map_or_else(String::new, |by| {
        format!(
            "; accepted by {} until {}: {}",
            by.owner, by.until, by.reason
        )
    });
    told(
        &format!("{code} {} ({}{accepted})", finding.rule, finding.id),
        style,
        11,
        out,
    )?;
    // A fact with commas of its own cannot stand in a list.
    let (long, short): (Vec<&String>, Vec<&String>) = explained
        .facts
        .iter()
        .partition(|fact| fact.contains(", ") || fact.contains("; "));
    let short: Vec<&str> = short.into_iter().map(String::as_str).collect();
    told(&short.join(", "), style, 11, out)?;
    for fact in long {
        told(fact, style, 11, out)?;
    }
    Ok(())
}

/// Why each rule's findings matter and how to fix them, once.
pub(super) fn fixes(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if told_of.rules.is_empty() {
        return Ok(());
    }
    heading("Why it matters, and how to fix it", style, out)?;
    for rule in &told_of.rules {
        let title = format!("{} {}", rule.code, rule.title);
        writeln!(out)?;
        for line in wrap(&visible(&title), style.width, 2) {
            writeln!(out, "  {}", style.bold(line.trim_start()))?;
        }
        for (label, text) in [("Why:", &rule.why), ("Fix:", &rule.fix)] {
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            told(
                &format!(
                    "{label} {}",
                    lines.next().unwrap_or("the page says nothing")
                ),
                style,
                4,
                out,
            )?;
            for line in lines {
                told(line, style, 4, out)?;
            }
        }
    }
    Ok(())
}

/// What was not judged, and what was not seen.
pub(super) fn not_known(
    told_of: &Explanation,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if told_of.not_judged.is_empty() && told_of.not_seen.is_empty() {
        return Ok(());
    }
    heading("Not known", style, out)?;
    for (why, rules) in by_reason(&told_of.not_judged) {
        let codes: Vec<&str> = rules
            .iter()
            .map(|rule| match rule.code.as_str() {
                "" => rule.rule.as_str(),
                code => code,
            })
            .collect();
        let text = format!(
            "Could not judge it: {}. {}",
            codes.join(", "),
            sentence(why)
        );
        item(&text, style, 2, out)?;
    }
    if !told_of.not_seen.is_empty() {
        let text = "Groups, rights and ways may be missing, because the snapshot does not hold:";
        told(text, style, 2, out)?;
    }
    for sentence in &told_of.not_seen {
        item(sentence, style, 2, out)?;
    }
    Ok(())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}
