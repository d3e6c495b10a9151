//! The riskiest accounts, and why each scores what it scores: an addition that a person can redo.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::report::{AccountRisk, Report, WeighedFinding};

use super::{Style, counted, name_of, paragraph};
use crate::report::{risk_in_words, unjudged, visible, wrap};
use crate::score::round;

/// Findings of one account that are told one by one before the rest is added up.
const TERMS: usize = 8;

/// Shares below this are told together.
const SMALL: f64 = 0.05;

/// Accounts that are shown before the rest is counted.
const RISKIEST: usize = 10;

/// Rules that could not judge an account, by name before by number.
const NAMED: usize = 2;

/// Columns before the addition.
const INDENT: usize = 9;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let risky: Vec<&AccountRisk> = report
        .accounts
        .iter()
        .filter(|account| account.risk > 0.0)
        .collect();
    if risky.is_empty() {
        return Ok(());
    }
    let codes: BTreeMap<&str, &str> = report
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule.code.as_str()))
        .collect();
    writeln!(out, "\n{}", style.bold("Highest risks"))?;
    let about = "What an account has to lose is 100 × its worth. Each finding takes its weight of what those above it \
                 left: critical 0.9, high 0.6, medium 0.3, low 0.1, or by age where the rule says so. What they \
                 take, to two digits, adds up to the risk, and all risks to the exposure.";
    paragraph(about, style, 2, out)?;
    let shown = if style.all { risky.len() } else { RISKIEST };
    let shown: Vec<(&AccountRisk, Vec<&str>)> = risky
        .iter()
        .take(shown)
        .map(|account| (*account, unjudged(report, account)))
        .collect();
    if shown.iter().any(|(_, unjudged)| !unjudged.is_empty()) {
        let text =
            "≥: some rules could not judge it (below: Not evaluated), so the risk may be more.";
        paragraph(text, style, 2, out)?;
    }
    for (account, unjudged) in &shown {
        let risk = risk_in_words(account.risk, unjudged.len());
        let name = format!("{} ({})", name_of(&account.subject), account.subject.kind);
        writeln!(out)?;
        let line = format!(
            "{risk} {name}: worth {} ({})",
            account.impact, account.impact_reason
        );
        for line in wrap(&visible(&line), style.width, 2) {
            writeln!(out, "  {}", style.bold(line.trim_start()))?;
        }
        addition(account, &codes, style, out)?;
        if account.findings.iter().any(|term| term.accepted) {
            let net = risk_in_words(account.net_risk, unjudged.len());
            let text = format!("{net} without what is accepted, which takes last");
            paragraph(&text, style, INDENT, out)?;
        }
        if !unjudged.is_empty() {
            let text = match unjudged.as_slice() {
                few if few.len() <= NAMED => format!("could not judge it: {}", few.join(", ")),
                many => format!("{} could not judge it", counted(many.len(), "rule")),
            };
            paragraph(&text, style, INDENT, out)?;
        }
    }
    if risky.len() > shown.len() {
        writeln!(
            out,
            "\n  … and {} more (--all shows them)",
            risky.len() - shown.len()
        )?;
    }
    Ok(())
}

/// A line for each finding that adds something: what was left, its weight, what it takes.
pub(crate) fn addition(
    account: &AccountRisk,
    codes: &BTreeMap<&str, &str>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let terms: Vec<&WeighedFinding> = account
        .findings
        .iter()
        .filter(|term| term.share > 0.0)
        .collect();
    let single = terms.iter().take_while(|term| term.share >= SMALL).count();
    let single = match style.all {
        true => terms.len(),
        // One line that counts one finding says less than the finding.
        false if terms.len() <= single.min(TERMS) + 1 => terms.len(),
        false => single.min(TERMS),
    };
    writeln!(
        out,
        "{:INDENT$}{:>6}   {:<6}   {:>6}  finding",
        "", "left", "weight", "takes"
    )?;
    let mut left = 100.0 * account.impact;
    for term in terms.iter().take(single) {
        let code = codes.get(term.rule.as_str()).copied().unwrap_or_default();
        let accepted = if term.accepted { " (accepted)" } else { "" };
        let line = format!(
            "{:INDENT$}{left:>6.2} × {:<6} = {:>6.2}  {code} {}{accepted}",
            "", term.weight, term.share, term.rule
        );
        writeln!(out, "{line}")?;
        left = round(left - term.share);
    }
    let rest = terms.get(single..).unwrap_or_default();
    if !rest.is_empty() {
        let share: f64 = rest.iter().map(|term| term.share).sum();
        let line = format!(
            "{:INDENT$}{:>6}   {:<6}   {share:>6.2}  {} more, together (--all shows each)",
            "",
            "",
            "",
            rest.len()
        );
        writeln!(out, "{line}")?;
    }
    Ok(())
}
