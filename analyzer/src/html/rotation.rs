//! An account's password through time: as the snapshot tells it, and over earlier ones where they were given.
//!
//! Deliberately does not judge: rules on rotation do, and the trend over several snapshots.

use coldcase_schemas::explain::{Explanation, Rotation};

use super::told::Gap;
use crate::explain::words::{self, when};

pub(super) struct Password {
    /// Short sentences.
    pub(super) short: String,
    pub(super) unknown: Vec<Gap>,
}

impl Password {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let rotation = &explanation.rotation;
        Self {
            short: short(rotation),
            unknown: rotation.unknown.iter().map(Gap::of).collect(),
        }
    }
}

fn short(rotation: &Rotation) -> String {
    let mut told = Vec::new();
    match (&rotation.password_set, rotation.must_change) {
        (_, true) => told
            .push("Never set, or must be changed at the next logon (pwdLastSet is 0).".to_owned()),
        (Some(set), false) => {
            let never = match rotation.never_expires {
                Some(true) => ", never expires",
                _ => "",
            };
            told.push(format!("Set {}{never}.", when(set)));
        }
        (None, false) => (),
    }
    if let Some(days) = rotation.interval_days {
        told.push(format!("Every {days} days."));
    }
    match &rotation.due {
        Some(due) if due.days > 0.0 => told.push(format!(
            "A new one was due {}: a domain controller makes it when a host asks. Findings count days overdue from {} \
             later.",
            when(due),
            words::GRACE
        )),
        Some(due) => told.push(format!("Next due {}.", when(due))),
        None => (),
    }
    let epoch = |id: &Option<coldcase_schemas::explain::PasswordId>| {
        let epoch = id.as_ref()?.epoch.as_ref()?;
        Some(when(epoch))
    };
    if let Some(current) = epoch(&rotation.current) {
        let before = epoch(&rotation.previous);
        let before = before.map_or_else(String::new, |before| format!(", before that {before}"));
        told.push(format!("Key epoch from {current}{before}."));
    }
    if let Some(key) = &rotation.root_key {
        told.push(format!("KDS root key {}.", words::root_key(key)));
    }
    if let Some(logon) = &rotation.last_logon {
        told.push(format!("Last logon {}.", when(logon)));
    } else if !rotation
        .unknown
        .iter()
        .any(|fact| fact.attribute == "lastLogonTimestamp")
    {
        told.push("No logon is known to the directory.".to_owned());
    }
    told.join(" ")
}
