//! Its password through time.

use std::io::{self, Write};

use coldcase_schemas::explain::{Explanation, Rotation};

use super::{fact, heading};
use crate::explain::words::{self, known, not_known, when};
use crate::report::Style;

pub(super) fn write(told_of: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let kind = told_of.account.kind.as_str();
    if kind == "group" {
        return Ok(());
    }
    heading("Its password through time", style, out)?;
    let rotation = &told_of.rotation;
    let unknown = &rotation.unknown;
    let set = match (&rotation.password_set, rotation.must_change) {
        (_, true) => "never, or it must be changed at the next logon (pwdLastSet is 0)".to_owned(),
        (Some(set), false) => when(set),
        (None, false) => known(None, "pwdLastSet", unknown),
    };
    fact("password set", &set, style, out)?;
    if let Some(true) = rotation.never_expires {
        fact("", "and never expires", style, out)?;
    }
    if matches!(kind, "gmsa" | "dmsa") {
        derived(rotation, style, out)?;
    }
    let logon = match &rotation.last_logon {
        Some(logon) => when(logon),
        None => not_known("lastLogonTimestamp", unknown)
            .unwrap_or_else(|| "never, as far as the directory knows".to_owned()),
    };
    fact("last logon", &logon, style, out)
}

/// Of a password that is derived from a root key.
fn derived(rotation: &Rotation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let unknown = &rotation.unknown;
    let interval = rotation.interval_days.map(|days| format!("{days} days"));
    let interval = known(interval.as_deref(), "msDS-ManagedPasswordInterval", unknown);
    fact("interval", &interval, style, out)?;
    let due = match &rotation.due {
        Some(due) if due.days > 0.0 => format!(
            "{}: overdue; a domain controller makes a new one when a host asks. Findings count days overdue from {} \
             later",
            when(due),
            words::GRACE
        ),
        Some(due) => when(due),
        None => "not known, since epoch or interval is not".to_owned(),
    };
    fact("next due", &due, style, out)?;
    let current = rotation.current.as_ref().map(words::password_id);
    let current = known(current.as_deref(), "msDS-ManagedPasswordId", unknown);
    fact("current id", &current, style, out)?;
    let previous = rotation.previous.as_ref().map(words::password_id);
    let previous = known(
        previous.as_deref(),
        "msDS-ManagedPasswordPreviousId",
        unknown,
    );
    fact("previous id", &previous, style, out)?;
    if let Some(key) = &rotation.root_key {
        fact("KDS root key", &words::root_key(key), style, out)?;
    }
    Ok(())
}
