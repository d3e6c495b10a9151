//! The trend for people, at 80 columns: the line, what got worse and better and why, then accounts, then what is not
//! known.
//!
//! Owns layout only. Everything it says is in the JSON too.

use std::io::{self, Write};

use coldcase_schemas::report::Severity;
use coldcase_schemas::trend::{AccountHistory, FindingState, Point, Trend};

use super::course::{count, day};
use super::sparkline::{line, plain_line, risk_line, sparkline};
use super::story::{
    Event, Part, apart, columns, events, exposures, fixing, in_state, indices, legend, name,
    notable, now, rebased, rotation, rules, signed, since, told, worth,
};
use crate::report::{Style, visible, wrap};
use crate::score::round;

/// Events of one part, unless all are wanted.
const FEW: usize = 6;

/// Findings under an event, unless all are wanted.
const FINDINGS: usize = 3;

/// Accounts and findings in a list, unless all are wanted.
const LIST: usize = 12;

/// Columns before the text of a line of the head.
const INDENT: usize = 16;

/// Columns before the name in an event, and before what explains it.
const NAME: usize = 24;
const UNDER: usize = 14;

/// Signs of a sparkline in the head, and of one account.
const WIDE: usize = 60;
const NARROW: usize = 24;

/// Writes the trend.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn write(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    head(trend, style, out)?;
    steps(trend, style, out)?;
    for part in Part::ALL {
        part_of(trend, part, style, out)?;
    }
    accounts(trend, style, out)?;
    rotations(trend, style, out)?;
    findings(trend, style, out)?;
    fixes(trend, style, out)
}

fn head(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("Service account risk over time: {}", visible(&trend.domain));
    writeln!(out, "{}", style.bold(&title))?;
    writeln!(out)?;
    let (Some(first), Some(last)) = (trend.points.first(), trend.points.last()) else {
        return Ok(());
    };
    let days = (day(&first.snapshot.taken_at), day(&last.snapshot.taken_at));
    let snapshots = format!("{}, from {} to {}", trend.points.len(), days.0, days.1);
    labelled("Snapshots", &snapshots, style, out)?;
    let drawn = |value: fn(&Point) -> f64| sparkline(&line(trend, value), WIDE);
    let change = signed(round(last.gross.exposure - first.gross.exposure));
    labelled("Exposure", &drawn(|point| point.gross.exposure), style, out)?;
    labelled(
        "",
        &format!("{} ({change})", exposures(&first.gross, &last.gross)),
        style,
        out,
    )?;
    if trend.points.iter().any(|point| point.net != point.gross) {
        labelled("Net", &drawn(|point| point.net.exposure), style, out)?;
        let text = format!(
            "{}, without accepted findings",
            exposures(&first.net, &last.net)
        );
        labelled("", &text, style, out)?;
    }
    let index = format!("{} of 100", indices(&first.gross, &last.gross));
    labelled("Index", &index, style, out)?;
    let level = format!(
        "{} → {} of 5 (1 is the worst)",
        first.gross.level, last.gross.level
    );
    labelled("Level", &level, style, out)?;
    labelled("Findings", &counts(first, last), style, out)?;
    let coverage = plain_line(trend, |point| point.coverage_percent);
    labelled("Coverage", &sparkline(&coverage, WIDE), style, out)?;
    let coverage = format!(
        "{:.0} % → {:.0} % of the rules saw everything",
        first.coverage_percent, last.coverage_percent
    );
    labelled("", &coverage, style, out)?;
    if trend.points.iter().any(|point| point.saw_less) {
        labelled(
            "",
            "? saw less than others, which is no improvement",
            style,
            out,
        )?;
    }
    for rebasing in &trend.rebasings {
        labelled("Re-based", &rebased(trend, rebasing), style, out)?;
    }
    for note in &trend.notes {
        labelled("Note", &visible(note), style, out)?;
    }
    Ok(())
}

/// `4 → 0 critical, 10 → 8 high, …`.
pub(super) fn counts(first: &Point, last: &Point) -> String {
    let severities = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];
    let counts = severities.map(|severity| {
        let (before, after) = (count(first, severity), count(last, severity));
        format!("{before} → {after} {}", severity.as_str())
    });
    counts.join(", ")
}

fn steps(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    section("From one to the next", style, out)?;
    writeln!(
        out,
        "  {:<11}{:>9}{:>7}{:>7}{:>10}{:>9}{:>8}{:>10}",
        "taken", "exposure", "index", "cover", "change", "by time", "seen", "changed"
    )?;
    for (place, point) in trend.points.iter().enumerate() {
        let mark = if point.saw_less { "?" } else { "" };
        write!(
            out,
            "  {:<11}{:>9}{:>7.0}{:>5.0} %",
            day(&point.snapshot.taken_at),
            format!("{mark}{:.2}", point.gross.exposure),
            point.gross.index,
            point.coverage_percent
        )?;
        // No step leads to the first point.
        let step = place.checked_sub(1).and_then(|step| trend.steps.get(step));
        let Some(step) = step else {
            writeln!(out)?;
            continue;
        };
        let [change, time, seen, changed] = columns(step);
        writeln!(out, "{change:>10}{time:>9}{seen:>8}{changed:>10}")?;
        paragraph(&apart(step).join("; "), style, UNDER, out)?;
    }
    writeln!(out)?;
    paragraph(&legend(trend), style, 2, out)
}

fn part_of(trend: &Trend, part: Part, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let events = events(trend, part);
    if events.is_empty() {
        return Ok(());
    }
    section(part.title(), style, out)?;
    let shown = if style.all { events.len() } else { FEW };
    for event in events.iter().take(shown) {
        self::event(trend, event, style, out)?;
    }
    more(events.len().saturating_sub(shown), out)
}

fn event(trend: &Trend, event: &Event<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let rules = rules(trend);
    let worth = worth(event.subject).map_or_else(String::new, |worth| format!(", {worth}"));
    let what = format!("{}{worth}", name(&event.subject.subject));
    for (place, line) in wrap(&what, style.width, NAME).iter().enumerate() {
        match place {
            0 => {
                let change = signed(event.change);
                writeln!(out, "  {} {change:>9}  {}", event.until, line.trim_start())?;
            }
            _ => writeln!(out, "{line}")?,
        }
    }
    let shown = if style.all {
        event.findings.len()
    } else {
        FINDINGS
    };
    for finding in event.findings.iter().take(shown) {
        paragraph(&told(finding, &rules), style, UNDER, out)?;
    }
    match event.findings.len().saturating_sub(shown) {
        0 => Ok(()),
        1 => writeln!(out, "{:UNDER$}and 1 more finding", ""),
        more => writeln!(out, "{:UNDER$}and {more} more findings", ""),
    }
}

fn accounts(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    section("Accounts", style, out)?;
    let risky = |account: &&AccountHistory| {
        style.all || account.points.iter().any(|point| point.risk > 0.0)
    };
    let wanted: Vec<&AccountHistory> = trend.accounts.iter().filter(risky).collect();
    let shown = if style.all { wanted.len() } else { LIST };
    writeln!(
        out,
        "  {:<20} {:<NARROW$} {:>8} {:>8} {:>7} {:>4}",
        "account", "risk", "now", "password", "readers", "SPNs"
    )?;
    for account in wanted.iter().take(shown) {
        account_line(trend, account, style, out)?;
    }
    more(wanted.len().saturating_sub(shown), out)?;
    match trend.accounts.len() - wanted.len() {
        0 => Ok(()),
        quiet => {
            let text = format!("{quiet} others never had a risk that was seen.");
            paragraph(&text, style, 2, out)
        }
    }
}

fn account_line(
    trend: &Trend,
    account: &AccountHistory,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let full = account.subject.sam_account_name.as_deref();
    let name: String = visible(full.unwrap_or("(unnamed)"))
        .chars()
        .take(20)
        .collect();
    let last = account.points.last();
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let password = last.and_then(|last| last.password_days);
    let password = password.map_or_else(String::new, |days| format!("{days:.0} d"));
    writeln!(
        out,
        "  {name:<20} {:<NARROW$} {:>8} {password:>8} {:>7} {:>4}",
        sparkline(&risk_line(trend, account), NARROW),
        now(account),
        number(last.and_then(|last| last.readers)),
        number(last.map(|last| last.spns))
    )?;
    for (what, line) in notable(account) {
        paragraph(&format!("{what}: {line}"), style, 4, out)?;
    }
    Ok(())
}

fn rotations(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (odd, regular) = rotation(trend);
    if odd.is_empty() && regular == 0 {
        return Ok(());
    }
    section("Rotation of managed passwords", style, out)?;
    for line in &odd {
        paragraph(line, style, 2, out)?;
    }
    match regular {
        0 => Ok(()),
        1 => writeln!(out, "  1 rotates as its interval says."),
        count => writeln!(out, "  {count} rotate as their interval says."),
    }
}

fn findings(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let rules = rules(trend);
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
        if all.is_empty() {
            continue;
        }
        section(title, style, out)?;
        let shown = if style.all { all.len() } else { LIST };
        for finding in all.iter().take(shown) {
            paragraph(&since(finding, &rules), style, 2, out)?;
        }
        more(all.len().saturating_sub(shown), out)?;
    }
    Ok(())
}

fn fixes(trend: &Trend, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let times = trend.times_to_fix.iter();
    let weighty = times.filter(|time| time.severity != Severity::Info);
    if weighty.clone().all(|time| time.fixed == 0) {
        return Ok(());
    }
    section("Mean time to fix", style, out)?;
    for time in weighty {
        writeln!(out, "  {:<9} {}", time.severity.as_str(), fixing(time))?;
    }
    Ok(())
}

fn section(title: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{}", style.bold(title))?;
    writeln!(out)
}

fn more(count: usize, out: &mut dyn Write) -> io::Result<()> {
    match count {
        0 => Ok(()),
        count => writeln!(out, "  and {count} more (--all)"),
    }
}

fn labelled(label: &str, text: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (place, line) in wrap(text, style.width, INDENT).into_iter().enumerate() {
        match place {
            0 => writeln!(out, "  {label:<13} {}", line.trim_start())?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn paragraph(text: &str, style: Style, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(text, style.width, indent) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
