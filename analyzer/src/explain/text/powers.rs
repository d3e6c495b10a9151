//! Who can read its password, reset it, control it, impersonate users to it.

use std::io::{self, Write};

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Explanation, Knowledge, PowerHolder, PowerOver};

use super::{heading, item, shown, told};
use crate::explain::words::{self, because, names};
use crate::report::Style;

pub(super) fn write(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let kind = told_of.account.kind.as_str();
    let mut by_password = false;
    for power in &told_of.powers {
        // A group has no password and no service.
        if kind == "group" && power.knowledge == Knowledge::NotApplicable {
            continue;
        }
        one(power, by_password, style, out)?;
        by_password |=
            matches!(power.power, Power::Read | Power::Reset) && !power.others.is_empty();
    }
    Ok(())
}

/// `by_password`: somebody outside tier 0 was told above who reads or resets its password.
fn one(power: &PowerOver, by_password: bool, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let title = match power.power {
        Power::Read => "Who can read its password",
        Power::Reset => "Who can reset its password",
        Power::Control => "Who can control it: change what it is, or who may",
        Power::Delegate => "Who can impersonate users to it",
    };
    heading(title, style, out)?;
    match power.knowledge {
        Knowledge::NotApplicable => {
            return told(&format!("Nobody by a right: {}.", power.why), style, 2, out);
        }
        Knowledge::Unknown => return told(&format!("Not known: {}.", power.why), style, 2, out),
        Knowledge::Partly => {
            told(&format!("Not known in full: {}.", power.why), style, 2, out)?;
        }
        Knowledge::Known => (),
    }
    if power.others.is_empty() {
        told(&nobody(power, by_password), style, 2, out)?;
    }
    let told_of = shown(style, power.others.len());
    for holder in power.others.iter().take(told_of) {
        self::holder(holder, style, out)?;
    }
    more(power.others.len(), told_of, style, out)?;
    administrators(power, style, out)
}

/// Nobody outside tier 0 holds it, as far as was seen.
fn nobody(power: &PowerOver, by_password: bool) -> String {
    let but = if power.administrators.is_empty() {
        ""
    } else {
        " but administrators and tier 0"
    };
    let seen = if power.knowledge == Knowledge::Partly {
        " is seen to"
    } else {
        ""
    };
    let above = match power.power {
        Power::Control if by_password => {
            "; whoever reads or resets its password, above, acts as it all the same"
        }
        _ => "",
    };
    format!("Nobody{but}{seen}{above}.")
}

fn holder(holder: &PowerHolder, style: Style, out: &mut dyn Write) -> io::Result<()> {
    item(&words::holder(holder), style, 2, out)?;
    for right in &holder.rights {
        told(&because(right), style, 6, out)?;
    }
    Ok(())
}

/// By name only: they hold it by design, and are told one by one with `--all`.
fn administrators(power: &PowerOver, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if power.administrators.is_empty() {
        return Ok(());
    }
    if style.all {
        told("Administrators and tier 0:", style, 2, out)?;
        for holder in &power.administrators {
            self::holder(holder, style, out)?;
        }
        return Ok(());
    }
    let mut all: Vec<String> = power
        .administrators
        .iter()
        .map(|holder| holder.name.clone())
        .collect();
    all.dedup();
    let text = format!(
        "Administrators and tier 0: {}",
        names(&all, all.len(), super::TOLD)
    );
    told(&text, style, 2, out)
}

fn more(count: usize, shown: usize, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match count.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(more) => told(
            &format!("… and {more} more (--all shows them)"),
            style,
            2,
            out,
        ),
    }
}
