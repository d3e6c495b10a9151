//! The riskiest accounts, and why each scores what it scores: an addition that a person can redo.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::report::{AccountRisk, Report, Severity, Verdict};

use super::{Style, counted, name_of, paragraph};
use crate::report::visible;

/// Shares below this are told together.
const SMALL: f64 = 0.05;

/// Accounts that are shown before the rest is counted.
const RISKIEST: usize = 10;

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
    let about = "Of 100 × worth each finding takes its weight of what those before it left: critical 0.9, high \
                 0.6, medium 0.3, low 0.1, or by age where the rule says so. All risks together are the exposure.";
    paragraph(about, style, 2, out)?;
    let gaps = report.rules.iter().filter(|rule| {
        rule.verdict == Verdict::NotEvaluated
            && !rule.beyond_snapshot
            && rule.severity != Severity::Info
    });
    let gaps = gaps.count() + report.refused.len();
    if gaps > 0 {
        let text = format!(
            "{} of any weight not evaluated: each risk is what is known, and may be more.",
            counted(gaps, "rule")
        );
        paragraph(&text, style, 2, out)?;
    }
    let shown = if style.all { risky.len() } else { RISKIEST };
    for account in risky.iter().take(shown) {
        let bound = if account.not_evaluated.is_empty() || account.risk >= 100.0 {
            ""
        } else {
            "at least "
        };
        let name = format!("{} ({})", name_of(&account.subject), account.subject.kind);
        writeln!(out)?;
        let line = format!(
            "{bound}{:.2}  {}: worth {}, {}",
            account.risk, name, account.impact, account.impact_reason
        );
        paragraph(&style.bold(&visible(&line)), style, 2, out)?;
        paragraph(&addition(account, &codes), style, 9, out)?;
    }
    if risky.len() > shown {
        writeln!(
            out,
            "\n  … and {} more (--all shows them)",
            risky.len() - shown
        )?;
    }
    Ok(())
}

/// `= 18.00 SP01 + 1.40 AC01 (2)`, and what is accepted behind it.
fn addition(account: &AccountRisk, codes: &BTreeMap<&str, &str>) -> String {
    let terms = |accepted: bool| {
        // Findings of one rule are one term, where the first of them stands.
        let mut terms: Vec<(&str, f64, usize)> = Vec::new();
        for term in &account.findings {
            if term.accepted != accepted || term.share <= 0.0 {
                continue;
            }
            let code = codes.get(term.rule.as_str()).copied().unwrap_or(&term.rule);
            match terms.iter_mut().find(|(other, _, _)| *other == code) {
                Some((_, share, count)) => {
                    *share += term.share;
                    *count += 1;
                }
                None => terms.push((code, term.share, 1)),
            }
        }
        // What is too small to matter is told together.
        let (small, mut terms): (Vec<_>, Vec<_>) =
            terms.into_iter().partition(|term| term.1 < SMALL);
        if !small.is_empty() {
            terms.push(("others", small.iter().map(|term| term.1).sum(), 1));
        }
        let terms = terms.into_iter().map(|(code, share, count)| match count {
            1 => format!("{share:.2} {code}"),
            _ => format!("{share:.2} {code} ({count})"),
        });
        terms.collect::<Vec<String>>().join(" + ")
    };
    let (open, accepted) = (terms(false), terms(true));
    let mut text = match (open.is_empty(), accepted.is_empty()) {
        (true, _) => format!("= {accepted}, all accepted"),
        (false, true) => format!("= {open}"),
        (false, false) => format!(
            "= {open} + accepted: {accepted}; net {:.2}",
            account.net_risk
        ),
    };
    if !account.not_evaluated.is_empty() {
        let rules = counted(account.not_evaluated.len(), "rule");
        text.push_str(&format!("; {rules} could not judge it"));
    }
    text
}
