//! What an account can reach, and who reaches it in any number of steps.
//!
//! Groups and rights that everybody has who logs on say nothing of one account and are left out. Deliberately draws
//! nothing: see `drawing.rs`.

use coldcase_schemas::explain::{Explanation, GroupOf, Reach, RightsOver, Way};

use super::told::{Gap, cut};
use crate::explain::{EVERYBODYS, taken_over_in_words, words};
use crate::report::counted;

pub(super) struct Reaches {
    /// Tier 0, groups, delegation, service accounts: short sentences.
    pub(super) short: String,
    /// Steps to tier 0; empty without a way, and in tier 0.
    pub(super) way: Vec<String>,
    /// Rights over others.
    pub(super) rights: Vec<String>,
    pub(super) more_rights: usize,
    /// How many outside tier 0 can take it over, as the inventory tells it: `3`, `≥ 3`, `everybody`, `not known`.
    pub(super) taken_over_by: String,
    /// True if it is known that there is nobody.
    pub(super) is_safe: bool,
    /// True if there is anybody.
    pub(super) is_taken_over: bool,
    /// The nearest of them, with their ways.
    pub(super) ways: Vec<String>,
    pub(super) unknown: Vec<Gap>,
}

impl Reaches {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let reach = &explanation.reach;
        let complete = explanation.not_seen.is_empty() && reach.taken_over_unknown.is_none();
        let own: Vec<&RightsOver> = reach
            .rights
            .iter()
            .filter(|right| !right.everybodys)
            .collect();
        let (rights, more_rights) = cut(own.into_iter().map(words::right));
        let why = reach.taken_over_unknown.iter();
        let mut unknown: Vec<Gap> = why
            .map(|why| Gap::new("who can take it over", why))
            .collect();
        let targets = reach.delegates_to_unknown.iter();
        unknown.extend(targets.map(|why| Gap::new("services it delegates to", why)));
        Self {
            short: short(explanation, reach),
            way: match (reach.tier0_hops, &reach.tier0_way) {
                (Some(1..), Some(way)) => steps(way),
                _ => Vec::new(),
            },
            rights,
            more_rights,
            taken_over_by: taken_over_in_words(
                reach.taken_over_by_everybody,
                reach.taken_over_by,
                reach.taken_over_unknown.is_some(),
                explanation.not_seen.is_empty(),
            ),
            is_safe: complete && reach.taken_over_by == 0 && !reach.taken_over_by_everybody,
            is_taken_over: reach.taken_over_by > 0 || reach.taken_over_by_everybody,
            ways: reach
                .taken_over_ways
                .iter()
                .map(|way| format!("{} {}", way.from, acts(way)))
                .collect(),
            unknown,
        }
    }
}

fn short(explanation: &Explanation, reach: &Reach) -> String {
    let mut told = vec![match reach.tier0_hops {
        Some(0) => "It is in tier 0 itself.".to_owned(),
        Some(1) => "Tier 0, in 1 step.".to_owned(),
        Some(hops) => format!("Tier 0, in {hops} steps."),
        None => "No way to tier 0 is seen.".to_owned(),
    }];
    let groups = reach.groups.iter();
    let own = groups.filter(|group| group.class.is_some() || group.via != EVERYBODYS);
    let own: Vec<&GroupOf> = own.collect();
    if !own.is_empty() {
        let (names, more) = cut(own.into_iter().map(words::group));
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        told.push(format!("In {}{more}.", names.join(", ")));
    }
    if reach.service_accounts > 0 {
        let count = counted(reach.service_accounts as usize, "service account");
        told.push(format!("It can take over {count}, in any number of steps."));
    }
    if explanation.account.kind != "group" {
        told.extend(delegation(reach));
    }
    told.join(" ")
}

fn delegation(reach: &Reach) -> Vec<String> {
    let mut told = Vec::new();
    match reach.unconstrained {
        Some(true) => told
            .push("Unconstrained delegation: it keeps the tickets of whoever calls it.".to_owned()),
        Some(false) => (),
        None => told.push("Whether it is trusted for delegation is not known.".to_owned()),
    }
    if !reach.delegates_to.is_empty() {
        let how = match reach.protocol_transition {
            Some(true) => " as anybody, without their ticket",
            Some(false) => "",
            None => " (whether without their ticket is not known)",
        };
        let (names, more) = cut(reach.delegates_to.iter().map(|target| {
            let of = target.account.as_ref().map(words::name);
            let of = of.map_or_else(String::new, |name| format!(" of {name}"));
            let tier0 = if target.tier0 { " [tier 0]" } else { "" };
            format!("{}{of}{tier0}", target.spn)
        }));
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        told.push(format!("Delegates to {}{how}{more}.", names.join(", ")));
    }
    told
}

fn steps(way: &Way) -> Vec<String> {
    let told = way.steps.iter().map(|step| {
        let evidence = match step.evidence.as_str() {
            "" => String::new(),
            evidence => format!(" ({evidence})"),
        };
        format!("{} {} {}{evidence}", step.from, step.words, step.to)
    });
    told.collect()
}

/// The steps after the name of who begins.
fn acts(way: &Way) -> String {
    let steps = way
        .steps
        .iter()
        .map(|step| format!("{} {}", step.words, step.to));
    steps.collect::<Vec<_>>().join(" → ")
}
