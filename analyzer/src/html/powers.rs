//! Who can read an account's password, reset it, control it, or impersonate users to it, and why: a line for each
//! holder.
//!
//! A holder with several powers is told once. Deliberately decides nothing: [`crate::explain`] did.

use std::collections::BTreeMap;

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Explanation, Knowledge, PowerHolder, RightHeld};

use super::told::{Gap, cut};
use crate::explain::words;

/// Administrators by name before the rest is counted.
const NAMED: usize = 6;

pub(super) struct Powers {
    /// Those outside tier 0, who matter most first.
    pub(super) holders: Vec<Holder>,
    pub(super) more: usize,
    /// Nobody outside tier 0 has any power, and everything that decides it was read.
    pub(super) nobody_at_all: bool,
    /// `Nobody outside tier 0 can reset its password or control it.`
    pub(super) nobody: String,
    /// Administrators and tier 0, by name; empty where they are those of most accounts.
    pub(super) by_design: String,
    /// Powers of which nothing is known.
    pub(super) unknown: Vec<Gap>,
    /// Powers that others may have too.
    pub(super) partly: Vec<Gap>,
}

/// Somebody with powers over the account.
pub(super) struct Holder {
    /// The name and whom it stands for.
    pub(super) who: String,
    /// What it may do, and by what.
    pub(super) why: Vec<String>,
}

impl Powers {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let told = explanation
            .powers
            .iter()
            .filter(|power| power.knowledge != Knowledge::NotApplicable);
        let known = told
            .clone()
            .filter(|power| power.knowledge != Knowledge::Unknown);
        let nobody = known
            .clone()
            .filter(|power| power.others.is_empty())
            .map(|power| verb(power.power))
            .collect::<Vec<_>>();
        let partly: Vec<_> = told
            .clone()
            .filter(|power| power.knowledge == Knowledge::Partly)
            .collect();
        let mut by_design: Vec<&str> = known
            .clone()
            .flat_map(|power| &power.administrators)
            .map(|holder| holder.name.as_str())
            .collect();
        by_design.sort_unstable();
        by_design.dedup();
        let (holders, more) = holders(known.flat_map(|power| &power.others));
        let nobody_at_all = holders.is_empty()
            && told
                .clone()
                .all(|power| power.knowledge == Knowledge::Known);
        Self {
            nobody_at_all,
            nobody: match nobody.as_slice() {
                [] => String::new(),
                verbs if partly.is_empty() => {
                    format!("Nobody outside tier 0 can {}.", listed(verbs))
                }
                verbs => format!("Nobody outside tier 0 is seen to {}.", listed(verbs)),
            },
            by_design: words::names(
                &by_design
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>(),
                by_design.len(),
                NAMED,
            ),
            unknown: told
                .filter(|power| power.knowledge == Knowledge::Unknown)
                .map(|power| Gap::new(verb(power.power), &power.why))
                .collect(),
            partly: gaps(&partly),
            holders,
            more,
        }
    }
}

/// One gap for all powers that have the same reason.
fn gaps(partly: &[&coldcase_schemas::explain::PowerOver]) -> Vec<Gap> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for power in partly {
        by_reason
            .entry(&power.why)
            .or_default()
            .push(verb(power.power));
    }
    by_reason
        .iter()
        .map(|(why, verbs)| Gap::new(&listed(verbs), why))
        .collect()
}

fn holders<'a>(all: impl Iterator<Item = &'a PowerHolder>) -> (Vec<Holder>, usize) {
    let mut by_holder: Vec<(&PowerHolder, Vec<&RightHeld>)> = Vec::new();
    for holder in all {
        let same = |known: &&mut (&PowerHolder, Vec<&RightHeld>)| {
            let (one, crowd) = (known.0, (known.0.principals, &known.0.examples));
            one.holder == holder.holder && crowd == (holder.principals, &holder.examples)
        };
        match by_holder.iter_mut().find(same) {
            Some((_, known)) => known.extend(&holder.rights),
            None => by_holder.push((holder, holder.rights.iter().collect())),
        }
    }
    // Everybody first, then by how many it stands for; powers are in the order of what is worst.
    by_holder.sort_by_key(|(holder, _)| (!holder.broad, u64::MAX - holder.principals));
    cut(by_holder.into_iter().map(|(holder, rights)| Holder {
        who: words::holder(holder),
        why: words::reasons(&rights),
    }))
}

fn verb(power: Power) -> &'static str {
    match power {
        Power::Read => "read its password",
        Power::Reset => "reset its password",
        Power::Control => "control it otherwise",
        Power::Delegate => "impersonate users to it",
    }
}

/// `a, b or c`.
fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
