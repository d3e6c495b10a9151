//! The report as Markdown (CommonMark with tables), whole: for a wiki, a ticket, or a document that somebody writes
//! around it.
//!
//! Owns layout; every text from a directory is escaped. Rule pages are named and not repeated: `coldcase rules CODE`
//! prints one.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coldcase_schemas::ledger::LedgerRow;
use coldcase_schemas::report::{ExceptionState, Finding, Report, RuleResult, Subject, Verdict};

use super::tables::facts;
use crate::report::{
    assumed, at_least, beyond, counted, counted_severities, escaped, made_from, name_of,
    risk_in_words, shortened, unjudged, unseen,
};

/// Rules that are told to be dealt with first.
const FIRST: usize = 5;

/// Characters of a name, about; JSON and the tables have it whole.
const NAME: usize = 64;

/// Characters of a finding's evidence, about.
const FACTS: usize = 1000;

/// Names that are told beside such a rule.
const NAMED: usize = 5;

/// A rule with its findings.
struct Group<'a> {
    rule: &'a RuleResult,
    findings: Vec<&'a Finding>,
    /// What the findings that nobody has accepted add to the risks.
    open_share: f64,
}

/// Writes the document.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(report: &Report, ledger: &[LedgerRow], out: &mut dyn Write) -> io::Result<()> {
    let terms = report.accounts.iter().flat_map(|account| &account.findings);
    let shares: BTreeMap<&str, f64> = terms.map(|term| (term.id.as_str(), term.share)).collect();
    let groups = groups(report, &shares);
    writeln!(
        out,
        "# Service account risk: {}\n",
        escaped(&report.snapshot.domain)
    )?;
    head(report, out)?;
    first(&groups, out)?;
    findings(&groups, &shares, out)?;
    accounts(report, out)?;
    unknown(report, out)?;
    exceptions(report, out)?;
    writeln!(out, "\n## Assumed\n")?;
    for assumption in &report.assumptions {
        let mark = if assumption.default { "" } else { " (changed)" };
        writeln!(out, "- {}{mark}", escaped(&assumed(assumption)))?;
    }
    queries(ledger, out)?;
    writeln!(
        out,
        "\n{}; SHA-256 of the snapshot {}, of the rule pages {}, of all inputs {}",
        escaped(&report.program),
        report.snapshot.sha256,
        report.score.rule_pack_sha256,
        report.score.inputs_sha256
    )
}

/// What carries most of the exposure first. A fix may gain less: what an account has to lose is shared out among its
/// findings.
fn groups<'a>(report: &'a Report, shares: &BTreeMap<&str, f64>) -> Vec<Group<'a>> {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    let mut groups: Vec<Group<'_>> = report
        .rules
        .iter()
        .filter_map(|rule| {
            let findings = by_rule.remove(rule.id.as_str())?;
            let open = findings.iter().filter(|finding| finding.accepted.is_none());
            let open_share = open.filter_map(|finding| shares.get(finding.id.as_str()));
            Some(Group {
                rule,
                open_share: open_share.sum(),
                findings,
            })
        })
        .collect();
    // Sorting is stable: what carries as much stays in the order of the report.
    groups.sort_by(|a, b| b.open_share.total_cmp(&a.open_share));
    groups
}

/// What an object is called, in a length that a line can bear.
fn named(subject: &Subject) -> String {
    escaped(&shortened(name_of(subject), NAME))
}

fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (snapshot, score) = (&report.snapshot, &report.score);
    let (gross, net) = (&score.gross, &score.net);
    let mut facts = vec![
        ("Taken", escaped(&snapshot.taken_at)),
        ("Collected as", escaped(&snapshot.collected_as)),
        ("From", escaped(&snapshot.server)),
        (
            "Objects",
            format!(
                "{}{}",
                snapshot.objects,
                if snapshot.complete { "" } else { "; PARTIAL" }
            ),
        ),
    ];
    for export in &snapshot.exports {
        let limits: Vec<String> = export.limits.iter().map(|limit| escaped(limit)).collect();
        let text = format!("{} {}", escaped(&made_from(export)), limits.join(" "));
        facts.push(("Made from", text.trim_end().to_owned()));
    }
    if report.left_out > 0 {
        facts.push((
            "Left out",
            format!("{} rules, of which this says nothing", report.left_out),
        ));
    } else {
        let may = match gross.level_min < gross.level {
            true => format!(
                "; as low as {} if what was not seen is as bad as can be",
                gross.level_min
            ),
            false => String::new(),
        };
        facts.push((
            "Level",
            format!("{} of 5 (1 is the worst){may}", gross.level),
        ));
    }
    for (what, numbers) in [("", gross), (" without accepted findings", net)] {
        let bound = at_least(numbers);
        facts.push((
            if what.is_empty() { "Exposure" } else { "Net" },
            format!(
                "{bound}{:.1}, index {bound}{:.0} of 100{what}",
                numbers.exposure, numbers.index
            ),
        ));
    }
    let counts = counted_severities(report);
    let counts: Vec<String> = counts
        .map(|(severity, count)| format!("{count} {}", severity.as_str()))
        .collect();
    facts.push((
        "Findings",
        if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        },
    ));
    facts.push((
        "Coverage",
        format!(
            "{:.0} % of the rules saw all they need",
            score.coverage_percent
        ),
    ));
    writeln!(out, "| | |\n| --- | --- |")?;
    for (label, text) in facts {
        writeln!(out, "| {label} | {text} |")?;
    }
    let unseen = unseen(report);
    if !unseen.is_empty() {
        writeln!(out, "\nNot seen, so that there may be more:\n")?;
        for sentence in unseen {
            writeln!(out, "- {}", escaped(sentence))?;
        }
    }
    Ok(())
}

fn first(groups: &[Group<'_>], out: &mut dyn Write) -> io::Result<()> {
    let first = groups.iter().filter(|group| group.open_share > 0.0);
    let first: Vec<&Group<'_>> = first.take(FIRST).collect();
    if first.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## What to do first\n")?;
    for (number, group) in first.iter().enumerate() {
        let mut names: Vec<String> = Vec::new();
        for finding in group.findings.iter().filter(|f| f.accepted.is_none()) {
            let name = named(&finding.subject);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        names.truncate(NAMED);
        writeln!(
            out,
            "{}. **{}** ({}): carries {:.1} of the exposure. {}{more}",
            number + 1,
            escaped(&group.rule.title),
            escaped(&group.rule.code),
            group.open_share,
            names.join(", ")
        )?;
    }
    Ok(())
}

fn findings(
    groups: &[Group<'_>],
    shares: &BTreeMap<&str, f64>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\n## Findings")?;
    if groups.is_empty() {
        writeln!(out, "\nNo rule found anything in what was seen.")?;
    }
    for group in groups {
        let rule = group.rule;
        writeln!(
            out,
            "\n### {} ({})\n\n{} {}; `coldcase rules {}` says why it matters and how to fix it.\n",
            escaped(&rule.title),
            group.findings.len(),
            escaped(&rule.code),
            escaped(&rule.id),
            rule.code
        )?;
        for finding in &group.findings {
            let share = shares.get(finding.id.as_str()).copied().unwrap_or_default();
            let share = match share > 0.0 {
                true => format!(", adds {share:.2}"),
                false => String::new(),
            };
            writeln!(
                out,
                "- **{}** {} ({}{share}, {})",
                finding.severity.as_str(),
                named(&finding.subject),
                escaped(&finding.subject.kind),
                escaped(&finding.id)
            )?;
            let facts = facts(finding);
            if !facts.is_empty() {
                writeln!(out, "  - {}", escaped(&shortened(&facts, FACTS)))?;
            }
            if let Some(by) = &finding.accepted {
                let text = format!("accepted by {} until {}: {}", by.owner, by.until, by.reason);
                writeln!(out, "  - {}", escaped(&text))?;
            }
        }
        if !rule.reason.is_empty() {
            writeln!(out, "\nPerhaps not all: {}", escaped(&rule.reason))?;
        }
    }
    Ok(())
}

fn accounts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n## Accounts and other objects, riskiest first\n\n\
         | name | kind | risk | without accepted | worth | why | findings | not judged by |\n\
         | --- | --- | ---: | ---: | ---: | --- | ---: | ---: |"
    )?;
    for account in &report.accounts {
        let open = unjudged(report, account).len();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            named(&account.subject),
            escaped(&account.subject.kind),
            risk_in_words(account.risk, open),
            risk_in_words(account.net_risk, open),
            account.impact,
            escaped(&account.impact_reason),
            account.findings.len(),
            open
        )?;
    }
    Ok(())
}

fn unknown(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in &report.rules {
        if rule.verdict == Verdict::NotEvaluated && !rule.beyond_snapshot {
            by_reason.entry(&rule.reason).or_default().push(&rule.id);
        }
    }
    let beyond = beyond(report);
    if by_reason.is_empty() && beyond.is_empty() && report.refused.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Not evaluated: neither clear nor fired\n")?;
    for (reason, rules) in by_reason {
        writeln!(out, "- {}: {}", escaped(reason), escaped(&rules.join(", ")))?;
    }
    for page in &report.refused {
        let text = format!("{}:{}: did not run: {}", page.file, page.line, page.reason);
        writeln!(out, "- {}", escaped(&text))?;
    }
    if !beyond.is_empty() {
        writeln!(
            out,
            "- No snapshot can answer these; their pages say what does: {}",
            escaped(&beyond.join(", "))
        )?;
    }
    Ok(())
}

fn exceptions(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.exceptions.is_empty() {
        return Ok(());
    }
    let holding = report.exceptions.iter();
    let holding = holding.filter(|exception| exception.state == ExceptionState::Applied);
    writeln!(
        out,
        "\n## Exceptions\n\n{}, {} of them in force.\n",
        counted(report.exceptions.len(), "exception"),
        holding.count()
    )?;
    for exception in &report.exceptions {
        let about = match &exception.finding {
            Some(finding) => finding.clone(),
            None => exception.subject.clone(),
        };
        let state = match exception.state {
            ExceptionState::Applied => "in force".to_owned(),
            _ => format!("does not hold: {}", exception.note),
        };
        let text = format!(
            "{about} ({}): {state}. Accepted by {} until {}: {}",
            exception.rule, exception.owner, exception.until, exception.reason
        );
        writeln!(out, "- {}", escaped(&text))?;
    }
    Ok(())
}

fn queries(ledger: &[LedgerRow], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n## What was asked\n\n| query | objects | complete | base | filter |\n| --- | ---: | --- | --- | --- |"
    )?;
    for row in ledger {
        let complete = match &row.outcome {
            Some(outcome) if outcome.complete => "yes".to_owned(),
            Some(outcome) => format!("no: {}", escaped(&outcome.result_text)),
            None => "no: the collection broke off".to_owned(),
        };
        writeln!(
            out,
            "| {} | {} | {complete} | {} | {} |",
            escaped(&row.plan.name),
            row.stored,
            escaped(&row.plan.base),
            escaped(&row.plan.filter)
        )?;
    }
    Ok(())
}
