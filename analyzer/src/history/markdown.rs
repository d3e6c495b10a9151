//! The trend in Markdown (CommonMark with tables), whole: for a report that somebody writes around it.
//!
//! Owns layout. Names come from a directory, and must not become markup.

use std::fmt::Write as _;

use coldcase_schemas::report::Severity;
use coldcase_schemas::trend::{FindingState, Trend};

use super::course::day;
use super::sparkline::{risk_line, sparkline};
use super::story::{
    Part, apart, columns, events, exposures, fixing, in_state, indices, legend, name, notable, now,
    rebased, rotation, rules, signed, since, told, worth,
};
use super::text::counts;
use crate::report::escaped as plain;
use crate::score::round;

/// Signs of a sparkline.
const SIGNS: usize = 60;

/// The whole document.
pub(crate) fn markdown(trend: &Trend) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(trend, &mut text);
    text
}

fn write(trend: &Trend, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "# Service account risk over time: {}\n",
        plain(&trend.domain)
    )?;
    head(trend, out)?;
    steps(trend, out)?;
    let rules = rules(trend);
    for part in Part::ALL {
        let events = events(trend, part);
        if events.is_empty() {
            continue;
        }
        writeln!(out, "\n## {}\n", part.title())?;
        for event in events {
            let worth = worth(event.subject).map_or_else(String::new, |worth| format!(", {worth}"));
            let name = plain(&name(&event.subject.subject));
            writeln!(
                out,
                "- {} **{}** {name}{worth}",
                event.until,
                signed(event.change)
            )?;
            for finding in event.findings {
                writeln!(out, "  - {}", plain(&told(finding, &rules)))?;
            }
        }
    }
    accounts(trend, out)?;
    let (odd, regular) = rotation(trend);
    if !odd.is_empty() || regular > 0 {
        writeln!(out, "\n## Rotation of managed passwords\n")?;
        for line in odd {
            writeln!(out, "- {}", plain(&line))?;
        }
        writeln!(out, "- as the interval says: {regular}")?;
    }
    for (state, title) in [
        (
            FindingState::Unknown,
            "Not known any more: not judged since, so not fixed",
        ),
        (
            FindingState::Open,
            "Open findings, the most severe and oldest first",
        ),
    ] {
        let all = in_state(trend, state);
        if !all.is_empty() {
            writeln!(out, "\n## {title}\n")?;
        }
        for finding in all {
            writeln!(out, "- {}", plain(&since(finding, &rules)))?;
        }
    }
    writeln!(out, "\n## Mean time to fix\n")?;
    for time in &trend.times_to_fix {
        if time.severity != Severity::Info {
            writeln!(out, "- {}: {}", time.severity.as_str(), fixing(time))?;
        }
    }
    Ok(())
}

fn head(trend: &Trend, out: &mut String) -> std::fmt::Result {
    let (Some(first), Some(last)) = (trend.points.first(), trend.points.last()) else {
        return Ok(());
    };
    let change = signed(round(last.gross.exposure - first.gross.exposure));
    let days = (day(&first.snapshot.taken_at), day(&last.snapshot.taken_at));
    writeln!(
        out,
        "- {} snapshots from {} to {}",
        trend.points.len(),
        days.0,
        days.1
    )?;
    writeln!(
        out,
        "- Exposure {} ({change}); without accepted findings {}",
        exposures(&first.gross, &last.gross),
        exposures(&first.net, &last.net)
    )?;
    writeln!(
        out,
        "- Index {} of 100; level {} → {} of 5 (1 is the worst)",
        indices(&first.gross, &last.gross),
        first.gross.level,
        last.gross.level
    )?;
    writeln!(out, "- Findings {}", counts(first, last))?;
    for rebasing in &trend.rebasings {
        writeln!(out, "- Re-based: {}", plain(&rebased(trend, rebasing)))?;
    }
    for note in &trend.notes {
        writeln!(out, "- Note: {}", plain(note))?;
    }
    Ok(())
}

fn steps(trend: &Trend, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n## From one to the next\n")?;
    writeln!(
        out,
        "| taken | exposure | net | index | level | coverage | change | by time | seen | changed |"
    )?;
    writeln!(
        out,
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let mut remarks = Vec::new();
    for (place, point) in trend.points.iter().enumerate() {
        let step = place.checked_sub(1).and_then(|step| trend.steps.get(step));
        let cells = step.map_or_else(|| vec![String::new(); 4], |step| columns(step).to_vec());
        let taken = day(&point.snapshot.taken_at);
        for remark in step.map(apart).into_iter().flatten() {
            remarks.push(format!("{taken}: {remark}"));
        }
        writeln!(
            out,
            "| {taken} | {}{:.2} | {:.2} | {:.0} | {} | {:.0} % | {} |",
            if point.saw_less { "? " } else { "" },
            point.gross.exposure,
            point.net.exposure,
            point.gross.index,
            point.gross.level,
            point.coverage_percent,
            cells.join(" | ")
        )?;
    }
    writeln!(out)?;
    for remark in remarks {
        writeln!(out, "- {}", plain(&remark))?;
    }
    if trend.points.iter().any(|point| point.saw_less) {
        writeln!(out, "? saw less than others, which is no improvement.")?;
    }
    writeln!(out, "{}", legend(trend))
}

fn accounts(trend: &Trend, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n## Accounts\n")?;
    writeln!(
        out,
        "| account | kind | risk over time | now | password, days | readers | SPNs | what changed |"
    )?;
    writeln!(out, "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |")?;
    for account in &trend.accounts {
        let last = account.points.last();
        let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let password = last.and_then(|last| last.password_days);
        let notable: Vec<String> = notable(account)
            .into_iter()
            .map(|(what, line)| format!("{what}: {line}"))
            .collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            plain(
                account
                    .subject
                    .sam_account_name
                    .as_deref()
                    .unwrap_or("(unnamed)")
            ),
            plain(&account.subject.kind),
            sparkline(&risk_line(trend, account), SIGNS),
            now(account),
            password.map_or_else(String::new, |days| format!("{days:.0}")),
            number(last.and_then(|last| last.readers)),
            number(last.map(|last| last.spns)),
            plain(&notable.join("; "))
        )?;
    }
    Ok(())
}
