//! What it can reach, and who reaches it.

use std::io::{self, Write};

use coldcase_schemas::explain::{Explanation, Reach, RightsOver, Way};

use super::{heading, item, shown, told};
use crate::explain::words::{self, name};
use crate::report::{Style, counted};

pub(super) fn write(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let reach = &told_of.reach;
    heading("What it can reach", style, out)?;
    to_tier0(reach, style, out)?;
    groups(reach, style, out)?;
    rights(reach, style, out)?;
    if told_of.account.kind != "group" {
        delegation(reach, style, out)?;
    }
    if reach.service_accounts > 0 {
        let count = counted(reach.service_accounts as usize, "service account");
        let text = format!("In any number of steps it can take over {count}.");
        told(&text, style, 2, out)?;
    }
    heading("Who can take it over, in any number of steps", style, out)?;
    taken_over(reach, style, out)
}

fn to_tier0(reach: &Reach, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match (reach.tier0_hops, &reach.tier0_way) {
        (Some(0), _) => told("It is in tier 0 itself.", style, 2, out),
        (Some(hops), Some(way)) => {
            let steps = if hops == 1 { "step" } else { "steps" };
            told(&format!("Tier 0, in {hops} {steps}:"), style, 2, out)?;
            self::way(way, style, out)
        }
        _ => told("No way to tier 0 is seen.", style, 2, out),
    }
}

fn way(way: &Way, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for step in &way.steps {
        let evidence = match step.evidence.as_str() {
            "" => String::new(),
            evidence => format!(" ({evidence})"),
        };
        let text = format!("{} {} {}{evidence}", step.from, step.words, step.to);
        item(&text, style, 4, out)?;
    }
    Ok(())
}

fn groups(reach: &Reach, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if reach.groups.is_empty() {
        return told("Groups: none is seen.", style, 2, out);
    }
    told(&format!("Groups ({}):", reach.groups.len()), style, 2, out)?;
    let told_of = shown(style, reach.groups.len());
    for group in reach.groups.iter().take(told_of) {
        item(&words::group(group), style, 4, out)?;
    }
    more(reach.groups.len(), told_of, style, out)
}

/// What everybody may do is counted; the rest is told right by right.
fn rights(reach: &Reach, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let own: Vec<&RightsOver> = reach
        .rights
        .iter()
        .filter(|right| style.all || !right.everybodys)
        .collect();
    let everybodys = reach.rights.len() - own.len();
    if own.is_empty() {
        told(
            "Rights over others: none of its own is seen.",
            style,
            2,
            out,
        )?;
    } else {
        told("Rights over others:", style, 2, out)?;
    }
    let told_of = shown(style, own.len());
    for right in own.iter().take(told_of) {
        item(&words::right(right), style, 4, out)?;
    }
    more(own.len(), told_of, style, out)?;
    if everybodys > 0 {
        let kinds = counted(everybodys, "right");
        let text =
            format!("Beside these, what everybody who logs on may do ({kinds}; --all tells them).");
        told(&text, style, 2, out)?;
    }
    Ok(())
}

fn delegation(reach: &Reach, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let unconstrained = match reach.unconstrained {
        Some(true) => "Unconstrained delegation: it keeps the tickets of whoever calls it.",
        Some(false) => "",
        None => {
            "Whether it is trusted for delegation is not known: userAccountControl was not readable."
        }
    };
    told(unconstrained, style, 2, out)?;
    if let Some(why) = &reach.delegates_to_unknown {
        return told(
            &format!("Services it delegates to: not known: {why}."),
            style,
            2,
            out,
        );
    }
    if reach.delegates_to.is_empty() {
        return told("Services it delegates to: none.", style, 2, out);
    }
    let transition = match reach.protocol_transition {
        Some(true) => " as anybody, without their ticket (protocol transition)",
        Some(false) => "",
        None => " (whether without their ticket is not known)",
    };
    told(
        &format!("Services it delegates to{transition}:"),
        style,
        2,
        out,
    )?;
    let told_of = shown(style, reach.delegates_to.len());
    for target in reach.delegates_to.iter().take(told_of) {
        let account = match &target.account {
            Some(account) => format!(" of {}", name(account)),
            None => ", which nobody in the snapshot answers for".to_owned(),
        };
        let tier0 = if target.tier0 { " [tier 0]" } else { "" };
        item(&format!("{}{account}{tier0}", target.spn), style, 4, out)?;
    }
    more(reach.delegates_to.len(), told_of, style, out)
}

fn taken_over(reach: &Reach, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if let Some(why) = &reach.taken_over_unknown {
        told(&format!("Not known in full: {why}."), style, 2, out)?;
    }
    let text = match (reach.taken_over_by_everybody, reach.taken_over_by) {
        (true, _) => "Whoever logs on.".to_owned(),
        (false, 0) => {
            "Nobody outside tier 0 is seen to hold a right that leads to it. What exposes its password is among the \
             findings."
                .to_owned()
        },
        (false, 1) => "1 account outside tier 0:".to_owned(),
        (false, count) => format!("{count} accounts outside tier 0, the nearest:"),
    };
    told(&text, style, 2, out)?;
    for way in &reach.taken_over_ways {
        let steps: Vec<String> = way
            .steps
            .iter()
            .map(|step| format!("{} {}", step.words, step.to))
            .collect();
        item(
            &format!("{} {}", way.from, steps.join(" → ")),
            style,
            4,
            out,
        )?;
    }
    Ok(())
}

fn more(count: usize, shown: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match count.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(more) => told(
            &format!("… and {more} more (--all shows them)"),
            style,
            4,
            out,
        ),
    }
}
