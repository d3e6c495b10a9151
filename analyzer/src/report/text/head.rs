//! What was looked at, under which assumptions, and the numbers.

use std::io::{self, Write};

use coldcase_schemas::report::{
    ExceptionState, Numbers, Privileges, Report, Severity, SnapshotFacts, Verdict,
};

use super::foot::beyond;
use super::{Style, assumed, counted, wrap};
use crate::report::{at_least, counted_severities, made_from, visible};

/// Columns before the text of a line of the head.
const INDENT: usize = 16;

pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
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
    let seen = if snapshot.complete && snapshot.privileges == Privileges::Forest {
        "every query was answered".to_owned()
    } else if snapshot.complete {
        "every query was answered, with what its account may see".to_owned()
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
        ("Collected as", collected_as(snapshot)),
        ("Objects", format!("{}; {seen}", snapshot.objects)),
        ("SHA-256", snapshot.sha256.clone()),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        labelled(label, value, style, out)?;
    }
    for missing in &snapshot.missing {
        listed(missing, style, out)?;
    }
    for export in &snapshot.exports {
        labelled("Made from", &visible(&made_from(export)), style, out)?;
        for limit in &export.limits {
            listed(limit, style, out)?;
        }
    }
    assumptions(report, style, out)?;
    writeln!(out)?;
    let numbers = &report.score.gross;
    // A few rules say nothing of the domain as a whole.
    if report.left_out == 0 {
        labelled("Level", &level(numbers), style, out)?;
        let bound = at_least(numbers);
        let index = format!("{bound}{:.0} of 100; the less the better", numbers.index);
        labelled("Index", &index, style, out)?;
        labelled("Exposure", &exposure(report, numbers), style, out)?;
    }
    let counts = counted_severities(report).map(|(severity, count)| {
        style.severity(severity, &format!("{count} {}", severity.as_str()))
    });
    let counts: Vec<String> = counts.collect();
    let counts = if counts.is_empty() {
        "none".to_owned()
    } else {
        counts.join(", ")
    };
    writeln!(out, "  {:<13} {counts}", "Findings")?;
    labelled("Accepted", &accepted(report), style, out)?;
    let evaluated = report
        .rules
        .iter()
        .filter(|rule| rule.verdict != Verdict::NotEvaluated)
        .count();
    let limited = report
        .rules
        .iter()
        .filter(|rule| {
            rule.verdict == Verdict::Fired && !rule.reason.is_empty() && !rule.beyond_snapshot
        })
        .count();
    let limited = match limited {
        0 => String::new(),
        count => format!(", {count} of them in part"),
    };
    let left_out = match report.left_out {
        0 => String::new(),
        count => format!(
            "; {} left out by --rule, of which all this says nothing",
            counted(count as usize, "rule")
        ),
    };
    let refused = match report.refused.len() {
        0 => String::new(),
        count => format!("; {} of your own did not run", counted(count, "page")),
    };
    let coverage = format!(
        "{evaluated} of {} rules evaluated{limited} ({:.0} % in full){refused}{left_out}",
        report.rules.len() + report.refused.len() - beyond(report).len(),
        report.score.coverage_percent
    );
    labelled("Coverage", &coverage, style, out)
}

fn labelled(label: &str, text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (index, line) in wrap(text, style.width, INDENT).into_iter().enumerate() {
        match index {
            0 => writeln!(out, "  {label:<13} {}", line.trim_start())?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// A line of a list below a fact.
fn listed(text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let lines = wrap(&visible(text), style.width, INDENT + 2);
    for (index, line) in lines.into_iter().enumerate() {
        match index {
            0 => writeln!(out, "{:INDENT$}- {}", "", line.trim_start())?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// Who collected, and what was hidden from him.
fn collected_as(snapshot: &SnapshotFacts) -> String {
    let what = match snapshot.privileges {
        Privileges::Forest => "an administrator, who sees everything",
        Privileges::Domain => "an administrator of the domain, who does not see KDS root keys",
        Privileges::Ordinary => "no administrator: some kinds of objects are hidden",
        Privileges::Unknown => "not known whether an administrator",
    };
    match snapshot.collected_as.as_str() {
        "" => what.to_owned(),
        name => format!("{}, {what}", visible(name)),
    }
}

/// What differs from what Coldcase assumes by itself; the foot tells the rest.
fn assumptions(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let changed: Vec<String> = report
        .assumptions
        .iter()
        .filter(|assumption| !assumption.default)
        .map(assumed)
        .collect();
    if let Some(file) = &report.assumptions_file {
        let changed = match changed.len() {
            0 => "as by default".to_owned(),
            _ => changed.join("; "),
        };
        labelled(
            "Assumed",
            &visible(&format!("{changed} ({file})")),
            style,
            out,
        )?;
    }
    for name in &report.unmatched {
        let text = format!("{name}: not in this snapshot");
        labelled("", &visible(&text), style, out)?;
    }
    Ok(())
}

fn level(numbers: &Numbers) -> String {
    let words = ["urgent", "serious", "needs work", "good", "nothing found"];
    let word = words.get(usize::from(numbers.level.saturating_sub(1)));
    let at_best = if numbers.level_min < numbers.level {
        format!(
            " at best; {} if what is not known were to fire",
            numbers.level_min
        )
    } else {
        String::new()
    };
    let word = word.copied().unwrap_or_default();
    format!("{} of 5 ({word}; 1 is the worst){at_best}", numbers.level)
}

/// A lower bound where a rule did not see everything.
fn exposure(report: &Report, numbers: &Numbers) -> String {
    let limited = report
        .rules
        .iter()
        .filter(|rule| !rule.reason.is_empty() && !rule.beyond_snapshot)
        .count();
    if numbers.exposure_max > numbers.exposure {
        format!(
            "{:.1} at least: {} did not see everything",
            numbers.exposure,
            counted(limited, "rule")
        )
    } else {
        format!("{:.1}", numbers.exposure)
    }
}

/// The numbers above are gross; what they are without accepted findings stands here, always.
fn accepted(report: &Report) -> String {
    let findings = report.findings.iter();
    let count = findings
        .filter(|finding| finding.accepted.is_some())
        .count();
    let void = report
        .exceptions
        .iter()
        .filter(|exception| {
            matches!(
                exception.state,
                ExceptionState::Changed | ExceptionState::Expired
            )
        })
        .count();
    let void = match void {
        0 => String::new(),
        count => format!("; {} void", counted(count, "exception")),
    };
    if count == 0 {
        let file = match &report.exceptions_file {
            Some(file) => format!(" by {file}"),
            None => String::new(),
        };
        return format!("nothing{file}; net and gross are the same{void}");
    }
    let net = &report.score.net;
    let bound = at_least(net);
    format!(
        "{} by {}{void}. Net: level {}, index {bound}{:.0}, exposure {bound}{:.1}",
        counted(count, "finding"),
        report.exceptions_file.as_deref().unwrap_or("a file"),
        net.level,
        net.index,
        net.exposure
    )
}
