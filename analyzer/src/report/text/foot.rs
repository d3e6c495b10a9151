//! What is clear, what no snapshot can tell, what was assumed, and the hashes.

use std::io::{self, Write};

use coldcase_schemas::report::{Report, Verdict};

use super::{Style, assumed, paragraph};
use crate::report::visible;

/// Ids of rules that ask what no snapshot holds.
pub(crate) fn beyond(report: &Report) -> Vec<&str> {
    let rules = report.rules.iter();
    rules
        .filter(|rule| rule.beyond_snapshot && rule.verdict == Verdict::NotEvaluated)
        .map(|rule| rule.id.as_str())
        .collect()
}

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let clear = report
        .rules
        .iter()
        .filter(|rule| rule.verdict == Verdict::Clear)
        .count();
    writeln!(out)?;
    let clear = format!(
        "{} clear. `coldcase rules CODE` explains a rule and how to fix it; `coldcase accept SNAP FINDING` accepts a \
         finding; `coldcase paths SNAP` shows who can take over which account, step by step. Tier 0 is who controls the \
         domain: its administrators, domain controllers, and the groups these are in. A risk of 0 means that no rule fired.",
        if clear == 1 {
            "1 rule is".to_owned()
        } else {
            format!("{clear} rules are")
        }
    );
    paragraph(&clear, style, 0, out)?;
    let beyond = beyond(report);
    if !beyond.is_empty() {
        let text = format!(
            "No snapshot can answer these; their pages say what does: {}.",
            beyond.join(", ")
        );
        paragraph(&text, style, 0, out)?;
    }
    writeln!(
        out,
        "\n{}\n",
        style.bold("Assumed (`coldcase assumptions` explains)")
    )?;
    for assumption in &report.assumptions {
        paragraph(&visible(&assumed(assumption)), style, 2, out)?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{}, rule pack {}, inputs {}",
        report.program,
        report.score.rule_pack_sha256.get(..16).unwrap_or_default(),
        report.score.inputs_sha256.get(..16).unwrap_or_default()
    )
}
