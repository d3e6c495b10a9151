//! Frames `memberships` and `members`: the groups in the token of a service account, and who is directly in a group.
//!
//! Deliberately does not judge a SID of the past: it says which groups only that brings.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{GroupClass, Reached};
use crate::load::Kind;

/// Service accounts in a group, nested ones included, by place of the group.
pub(super) type ServiceAccounts = HashMap<usize, i64>;

pub(super) fn build(analysis: &Analysis) -> Result<(DataFrame, DataFrame, ServiceAccounts)> {
    let directory = &analysis.directory;
    let mut inside = ServiceAccounts::new();
    let mut closure = Builder::new("memberships")?;
    for (place, account) in analysis.service_accounts() {
        for member in in_groups(analysis, place) {
            let Some(object) = analysis.object(member.group) else {
                continue;
            };
            *inside.entry(member.group).or_default() += 1;
            closure.row([
                account.id.into(),
                object.id.into(),
                object.sid.as_ref().map(Sid::to_string).into(),
                object.display_name().into(),
                analysis
                    .principals
                    .group_class(directory, member.group)
                    .map(GroupClass::as_str)
                    .into(),
                member.depth.into(),
                member.via.into(),
                member.history.map(Sid::to_string).into(),
            ]);
        }
    }
    let mut direct = Builder::new("members")?;
    for (place, object) in directory.objects.iter().enumerate() {
        for (group, primary) in analysis.memberships.groups(place) {
            if let Some(group) = analysis.object(*group) {
                direct.row([group.id.into(), object.id.into(), (*primary).into()]);
            }
        }
    }
    Ok((closure.finish()?, direct.finish()?, inside))
}

/// Places of the groups in the token of the account at `place`: those that the frame tells of it.
pub(crate) fn groups_of(analysis: &Analysis, place: usize) -> HashSet<usize> {
    let groups = in_groups(analysis, place).into_iter();
    groups.map(|member| member.group).collect()
}

/// One group in an account's token.
#[derive(Debug)]
pub(crate) struct InGroup<'a> {
    pub(crate) group: usize,
    pub(crate) depth: u32,
    /// The way to it by names, itself at the end.
    pub(crate) via: String,
    /// The SID of the past without which the account would not be in it.
    pub(crate) history: Option<&'a Sid>,
}

/// The groups in the token of the account at `place`, each once: those it is in as things are, then those that only a SID
/// of the past brings, the group that the SID itself names among them.
pub(crate) fn in_groups(analysis: &Analysis, place: usize) -> Vec<InGroup<'_>> {
    let directory = &analysis.directory;
    let is_group = |place: usize| {
        analysis
            .object(place)
            .is_some_and(|object| object.kind == Kind::Group)
    };
    let mut found = Vec::new();
    let present = analysis.principals.present_roots(place);
    let reached = analysis.memberships.all_groups(&present);
    for (index, group) in reached.iter().enumerate() {
        found.push(InGroup {
            group: group.place,
            depth: group.depth,
            via: Reached::chain(&reached, index, "", directory),
            history: None,
        });
    }
    let mut known: HashSet<usize> = found.iter().map(|member| member.group).collect();
    // The account's own SIDs of the past first, then those of each group it is in, the new ones included.
    let mut holder = Some((place, 0, String::new()));
    let mut next = 0;
    while let Some((place, depth, before)) = holder {
        for (sid, past) in analysis.principals.past(directory, place) {
            let start = format!("{before}SID history: {}", analysis.name_of(sid));
            let reached = analysis.memberships.all_groups(&[past]);
            let steps = reached.iter().enumerate().map(|(index, group)| InGroup {
                group: group.place,
                // The SID is a step of its own.
                depth: depth + group.depth + 1,
                via: Reached::chain(&reached, index, &start, directory),
                history: Some(sid),
            });
            let named = InGroup {
                group: past,
                depth: depth + 1,
                via: start.clone(),
                history: Some(sid),
            };
            let all = std::iter::once(named).chain(steps);
            found.extend(all.filter(|member| known.insert(member.group)));
        }
        let group = found.get(next);
        holder = group.map(|group| (group.group, group.depth, format!("{} → ", group.via)));
        next += 1;
    }
    found.retain(|member| is_group(member.group));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made, domain_sid};

    /// Group, depth, way, and whether only a SID of the past brings it, of the account at `place`.
    fn told(made: Made, place: usize) -> Vec<(String, u32, String, bool)> {
        let analysis = Analysis::new(made.directory());
        let name = |place: usize| analysis.object(place).map(|object| object.display_name());
        in_groups(&analysis, place)
            .into_iter()
            .map(|member| {
                let group = name(member.group).unwrap_or_default().to_owned();
                (group, member.depth, member.via, member.history.is_some())
            })
            .collect()
    }

    fn row(group: &str, depth: u32, via: &str, history: bool) -> (String, u32, String, bool) {
        (group.to_owned(), depth, via.to_owned(), history)
    }

    #[test]
    fn a_sid_of_the_past_brings_the_group_it_names_and_what_that_is_in() {
        let mut made = Made::new();
        let service = made.principal("user", "svc", HEAD, 1103);
        let inner = made.principal("group", "Agents", HEAD, 1200);
        let outer = made.principal("group", "Operators", HEAD, 1201);
        made.member(outer, inner);
        made.history.push((service, domain_sid(1200)));
        assert_eq!(
            told(made, service),
            [
                row("Agents", 1, "SID history: Agents", true),
                row("Operators", 2, "SID history: Agents → Operators", true),
            ]
        );
    }

    #[test]
    fn a_group_brings_what_its_sids_of_the_past_name() {
        let mut made = Made::new();
        let service = made.principal("user", "svc", HEAD, 1103);
        let moved = made.principal("group", "Moved", HEAD, 1200);
        let older = made.principal("group", "Older", HEAD, 1201);
        let oldest = made.principal("group", "Oldest", HEAD, 1202);
        made.member(moved, service);
        made.history.push((moved, domain_sid(1201)));
        made.history.push((older, domain_sid(1202)));
        // A ring ends.
        made.history.push((oldest, domain_sid(1200)));
        assert_eq!(
            told(made, service),
            [
                row("Moved", 1, "Moved", false),
                row("Older", 2, "Moved → SID history: Older", true),
                row(
                    "Oldest",
                    3,
                    "Moved → SID history: Older → SID history: Oldest",
                    true
                ),
            ]
        );
    }

    #[test]
    fn a_membership_comes_before_a_sid_of_the_past() {
        let mut made = Made::new();
        let service = made.principal("user", "svc", HEAD, 1103);
        let group = made.principal("group", "Agents", HEAD, 1200);
        made.member(group, service);
        made.history.push((service, domain_sid(1200)));
        made.history.push((service, domain_sid(1200)));
        assert_eq!(told(made, service), [row("Agents", 1, "Agents", false)]);
    }
}
