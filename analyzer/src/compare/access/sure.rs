//! Groups whose members a side did not see: who is let in by one, or denied by one, is then not known there.
//!
//! Administrators are left out of it: everything lists them, and who they are is told as memberships.

use std::collections::{HashMap, HashSet};

use coldcase_winsec::Sid;
use coldcase_winsec::access::Trustee;

use super::cause::Question;
use super::people::People;
use crate::compare::side::{Both, When};
use crate::frames::Analysis;
use crate::graph::is_group;
use crate::load::Kind;
use crate::rules::{query_limit, withheld_limit};

/// What each side does not know of its groups.
#[derive(Debug)]
pub(in crate::compare) struct Unsure<'a> {
    sides: Both<&'a Analysis>,
    /// Why no group's members are known.
    all: Both<Option<String>>,
    /// Groups whose list of members is cut short, by place.
    cut: Both<HashSet<usize>>,
    known: HashMap<(When, Sid), Option<String>>,
}

impl<'a> Unsure<'a> {
    pub(in crate::compare) fn of(people: &People<'a>) -> Self {
        let sides = Both::with(|when| people.side(when));
        Self {
            all: Both::with(|when| limit(sides.get(when), when)),
            cut: Both::with(|when| cut(sides.get(when))),
            sides,
            known: HashMap::new(),
        }
    }

    /// Why the answer to a question may be another; `None` if everything that decides it was seen.
    pub(super) fn of_question(&mut self, question: &Question<'_, '_>) -> Option<String> {
        let other = question.on.other();
        // Somebody of whom the other side does not know that a group lets him in.
        let mut asked: Vec<(When, Sid)> = named(question, other, true);
        // Somebody of whom the granting side does not know that a group denies him.
        asked.extend(named(question, question.on, false));
        asked
            .into_iter()
            .find_map(|(when, sid)| self.of_group(when, &sid))
    }

    /// Why a side does not know who is in a group.
    pub(in crate::compare) fn of_group(&mut self, when: When, sid: &Sid) -> Option<String> {
        if self.all.get(when).is_none() && self.cut.get(when).is_empty() {
            return None;
        }
        let key = (when, sid.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let why = self.find(when, sid);
        self.known.insert(key, why.clone());
        why
    }

    fn find(&self, when: When, sid: &Sid) -> Option<String> {
        let analysis = *self.sides.get(when);
        let (directory, principals) = (&analysis.directory, &analysis.principals);
        if principals.is_expected(directory, sid) || principals.is_broad(sid) {
            return None;
        }
        let place = directory.place_of_sid(sid);
        let kind = place
            .and_then(|place| analysis.object(place))
            .map(|object| object.kind);
        match kind {
            Some(Kind::Group) | None => (),
            Some(_) => return None,
        }
        if let Some(why) = self.all.get(when) {
            return Some(why.clone());
        }
        let cut = self.cut.get(when);
        let group = place?;
        let nested = analysis
            .memberships
            .all_members(group, |place| is_group(directory, place));
        let mut groups = std::iter::once(group).chain(nested.iter().map(|member| member.place));
        let short = groups.find(|place| cut.contains(place))?;
        let name = analysis.object(short)?.display_name();
        Some(format!(
            "in {}, the list of members of {name} is cut short",
            when.snapshot()
        ))
    }
}

/// Why a side does not know the members of its groups.
fn limit(analysis: &Analysis, when: When) -> Option<String> {
    let directory = &analysis.directory;
    let why = query_limit(directory, "groups")
        .or_else(|| withheld_limit(directory, &["groups".to_owned()], "member"))?;
    Some(format!(
        "{} does not know who is in which group: {why}",
        when.snapshot()
    ))
}

fn cut(analysis: &Analysis) -> HashSet<usize> {
    let directory = &analysis.directory;
    let defects = directory.defects.iter().filter(|defect| {
        defect.kind == "cut-short" && defect.attribute.eq_ignore_ascii_case("member")
    });
    defects
        .filter_map(|defect| directory.place(defect.object_id))
        .collect()
}

/// The SIDs that a side's descriptor allows, or denies, what is asked.
fn named(question: &Question<'_, '_>, when: When, allow: bool) -> Vec<(When, Sid)> {
    let found = (*question.doors.get(when)).zip(*question.asked.get(when));
    let Some((door, asked)) = found else {
        return Vec::new();
    };
    let mut sids = Vec::new();
    for part in asked.parts() {
        for entry in door.list().relevant(part.bit, &part.node) {
            if let (true, Trustee::Sid(sid)) = (entry.allow == allow, &entry.trustee) {
                sids.push((when, sid.clone()));
            }
        }
    }
    if allow {
        sids.extend(door.list().owner().map(|owner| (when, owner.clone())));
    }
    sids
}
