//! Groups whose members a side did not see: who is let in by one, or denied by one, is then not known there.
//!
//! Administrators are left out of it: everything lists them, and who they are is told as memberships.

use std::collections::{HashMap, HashSet};

use coldcase_winsec::Sid;

use super::people::People;
use super::side::{Both, When};
use crate::frames::Analysis;
use crate::graph::is_group;
use crate::load::Kind;
use crate::rules::query_limit;

/// What each side does not know of its groups.
#[derive(Debug)]
pub(super) struct Unsure<'a> {
    sides: Both<&'a Analysis>,
    /// Why no group's members are known.
    all: Both<Option<String>>,
    /// Groups whose list of members is cut short, by place.
    cut: Both<HashSet<usize>>,
    known: HashMap<(When, Sid), Option<String>>,
}

impl<'a> Unsure<'a> {
    pub(super) fn of(people: &People<'a>) -> Self {
        let sides = Both::with(|when| people.side(when));
        Self {
            all: Both::with(|when| limit(sides.get(when), when)),
            cut: Both::with(|when| cut(sides.get(when))),
            sides,
            known: HashMap::new(),
        }
    }

    /// Why a side does not know who is in a group.
    pub(super) fn of_group(&mut self, when: When, sid: &Sid) -> Option<String> {
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

    /// Why a side does not know who is in a group, whichever group that is.
    pub(super) fn of_members(&self, when: When, sid: &Sid) -> Option<String> {
        let directory = &self.sides.get(when).directory;
        match self.all.get(when) {
            Some(why) => Some(why.clone()),
            None => self.cut_short(when, directory.place_of_sid(sid)?),
        }
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
        self.cut_short(when, place?)
    }

    /// That the list of the group's members, or of a group in it, is not whole.
    fn cut_short(&self, when: When, group: usize) -> Option<String> {
        let cut = self.cut.get(when);
        if cut.is_empty() {
            return None;
        }
        let analysis = *self.sides.get(when);
        let directory = &analysis.directory;
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
    let why =
        query_limit(directory, "groups").or_else(|| directory.withheld(&["groups"], "member"))?;
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
