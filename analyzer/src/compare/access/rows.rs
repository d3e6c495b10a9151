//! Clusters as reports tell them, for each account that they are true of.
//!
//! Rights that the same people gained in the same way are one row, and what follows from another of them is left out. An
//! inherited entry is told where it comes from. Deliberately decides nothing.

use std::collections::HashMap;

use coldcase_schemas::diff::{AccessChange, Cause, CauseKind, Direction, Power};
use coldcase_schemas::report::Subject;
use coldcase_winsec::{Ace, AceFlags};

use super::account::Attribute;
use super::cause::Why;
use super::clusters::{Cluster, Holds};
use crate::compare::Pair;
use crate::compare::people::{Number, People};
use crate::compare::side::{Both, When};
use crate::graph::{Holder, RightKind};
use crate::load::Object;
use crate::rules::subject_of;

/// Names that are told of many.
const EXAMPLES: usize = 10;

/// What the same people gained in the same way, without the account.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) on: When,
    pub(super) unknown: bool,
    power: Power,
    pub(super) conditional: bool,
    pub(super) rights: Vec<&'static str>,
    holder: Holds,
    /// In ascending order.
    pub(super) members: Vec<Number>,
    /// The first by name, one more than is told: the account itself may be among them.
    first: Vec<(String, Number)>,
    pub(super) why: Vec<Why>,
}

/// What a right is good for.
fn power_of(right: RightKind) -> Power {
    match right {
        RightKind::ReadPassword => Power::Read,
        RightKind::ResetPassword => Power::Reset,
        RightKind::ActFor => Power::Delegate,
        _ => Power::Control,
    }
}

/// Puts clusters of several rights together.
pub(super) fn templates(people: &People<'_>, clusters: Vec<Cluster>) -> Vec<Template> {
    let mut merged: Vec<(Cluster, Vec<RightKind>)> = Vec::new();
    let mut by_whom: HashMap<(Holds, Vec<Number>), Vec<usize>> = HashMap::new();
    for cluster in clusters {
        let same = |other: &Cluster| {
            (other.on, other.unknown, other.conditional)
                == (cluster.on, cluster.unknown, cluster.conditional)
                && power_of(other.right) == power_of(cluster.right)
                && other.why == cluster.why
        };
        let key = (cluster.holder.clone(), cluster.members.clone());
        let places = by_whom.entry(key).or_default();
        let known = places
            .iter()
            .copied()
            .find(|place| merged.get(*place).is_some_and(|(other, _)| same(other)));
        match known.and_then(|place| merged.get_mut(place)) {
            Some((_, rights)) => rights.push(cluster.right),
            None => {
                places.push(merged.len());
                let right = cluster.right;
                merged.push((cluster, vec![right]));
            }
        }
    }
    merged
        .into_iter()
        .map(|(cluster, rights)| Template {
            on: cluster.on,
            unknown: cluster.unknown,
            power: power_of(cluster.right),
            conditional: cluster.conditional,
            rights: strongest(rights),
            first: first(people, &cluster.members),
            holder: cluster.holder,
            members: cluster.members,
            why: cluster.why,
        })
        .collect()
}

/// Without what follows from another of them.
fn strongest(mut rights: Vec<RightKind>) -> Vec<&'static str> {
    rights.sort_unstable();
    rights.dedup();
    let kept = rights.iter().filter(|right| {
        !rights
            .iter()
            .any(|other| other != *right && right.follows_from(*other))
    });
    kept.map(|right| right.as_str()).collect()
}

fn first(people: &People<'_>, members: &[Number]) -> Vec<(String, Number)> {
    let mut names: Vec<(String, Number)> = members
        .iter()
        .map(|number| (people.name(*number), *number))
        .collect();
    // Of a hundred thousand a few are told.
    if names.len() > EXAMPLES + 1 {
        names.select_nth_unstable(EXAMPLES);
        names.truncate(EXAMPLES + 1);
    }
    names.sort();
    names
}

/// Writes rows.
#[derive(Debug)]
pub(super) struct Rows<'p, 'a> {
    people: &'p People<'a>,
    pair: &'p Pair<'a>,
    /// By side, parent's place and entry: where an inherited entry comes from.
    sources: HashMap<(When, usize, Ace), Option<usize>>,
}

impl<'p, 'a> Rows<'p, 'a> {
    pub(super) fn new(people: &'p People<'a>, pair: &'p Pair<'a>) -> Self {
        Self {
            people,
            pair,
            sources: HashMap::new(),
        }
    }

    /// The template for one account; `None` if only the account itself is in it.
    pub(super) fn row(
        &mut self,
        template: &Template,
        places: Both<Option<usize>>,
    ) -> Option<AccessChange> {
        let account = self.object(places)?;
        let on = *places.get(template.on);
        let analysis = self.people.side(template.on);
        let own = account
            .sid
            .as_ref()
            .and_then(|sid| self.people.number_of(sid));
        let is_own = |number: &Number| Some(*number) == own;
        let itself = own.is_some_and(|own| template.members.binary_search(&own).is_ok());
        let principals = template.members.len() - usize::from(itself);
        if principals == 0 {
            return None;
        }
        let examples = template.first.iter().filter(|(_, number)| !is_own(number));
        let examples = examples.map(|(name, _)| name.clone()).take(EXAMPLES);
        let (holder, holder_name, broad) = match &template.holder {
            Holds::Sid(sid) => (
                self.people.subject_of_sid(sid),
                self.people.name_of_sid(sid),
                analysis.principals.is_broad(sid),
            ),
            Holds::Number(number) => (
                self.people.subject(*number),
                self.people.name(*number),
                false,
            ),
        };
        let causes = template.why.iter();
        let causes = causes.map(|why| self.cause(why, places)).collect();
        Some(AccessChange {
            account: subject_of(account),
            tier0: on.is_some_and(|place| analysis.principals.is_tier0(place)),
            direction: match (template.unknown, template.on) {
                (true, _) => Direction::Unknown,
                (false, When::After) => Direction::Gained,
                (false, When::Before) => Direction::Lost,
            },
            power: template.power,
            rights: template
                .rights
                .iter()
                .map(|right| (*right).to_owned())
                .collect(),
            holder,
            holder_name,
            principals: u64::try_from(principals).unwrap_or(u64::MAX),
            examples: examples.collect(),
            broad,
            conditional: template.conditional,
            causes,
        })
    }

    /// The account as the later side has it, if it does.
    fn object(&self, places: Both<Option<usize>>) -> Option<&'a Object> {
        let of = |when: When| self.people.side(when).object((*places.get(when))?);
        of(When::After).or_else(|| of(When::Before))
    }

    fn cause(&mut self, why: &Why, places: Both<Option<usize>>) -> Cause {
        let account = |rows: &Self| rows.object(places).map(subject_of);
        match why {
            Why::Told(cause, of_account) => Cause {
                at: if *of_account {
                    account(self)
                } else {
                    cause.at.clone()
                },
                ..cause.clone()
            },
            Why::Entry { on, attribute, ace } => self.entry(*on, *attribute, ace, places),
        }
    }

    fn entry(
        &mut self,
        on: When,
        attribute: Attribute,
        ace: &Ace,
        places: Both<Option<usize>>,
    ) -> Cause {
        let analysis = self.people.side(on);
        let told = analysis.ace_told(ace);
        let allows = ace.known().is_none_or(|known| known.ace_type.allows());
        let came = on == When::After;
        let kind = match (allows, came) {
            (true, true) => CauseKind::AllowAdded,
            (true, false) => CauseKind::AllowRemoved,
            (false, true) => CauseKind::DenyAdded,
            (false, false) => CauseKind::DenyRemoved,
        };
        let own = |rows: &Self| rows.object(places).map(subject_of);
        if attribute != Attribute::Permissions {
            let (name, trustee) = (attribute.name(), &told.trustee);
            let verb = if allows { "lets" } else { "keeps" };
            let end = if allows { "in" } else { "out" };
            let text = if came {
                format!("{name} {verb} {trustee} {end} now")
            } else {
                format!("{name} {verb} {trustee} {end} no longer")
            };
            return Cause {
                kind,
                at: own(self),
                text,
            };
        }
        let source = self.source(on, *places.get(on), ace);
        let verb = if came { "was added" } else { "was removed" };
        let entry = format!("\"{}\"", told.words);
        let Some((place, container)) = source else {
            return Cause {
                kind,
                at: own(self),
                text: format!("{entry} {verb}: {}", told.sddl),
            };
        };
        let name = container.display_name();
        let text = if self.stays(on, place, ace) {
            let way = if self.was_moved(places) {
                "by a move"
            } else {
                "by how it inherits"
            };
            let verb = if came { "came" } else { "went" };
            format!("{entry} of {name} {verb} {way}: {}", told.sddl)
        } else {
            format!("{entry} {verb} at {name}, and is inherited: {}", told.sddl)
        };
        Cause {
            kind,
            at: Some(subject_of(container)),
            text,
        }
    }

    /// The nearest container above that has an inherited entry as its own.
    fn source(&mut self, on: When, place: Option<usize>, ace: &Ace) -> Option<(usize, &'a Object)> {
        if !ace.flags.contains(AceFlags::INHERITED) {
            return None;
        }
        let analysis = self.people.side(on);
        let directory = &analysis.directory;
        let parent = directory.parent(analysis.object(place?)?)?;
        let key = (on, parent, ace.clone());
        let found = self.sources.entry(key);
        let found = *found.or_insert_with(|| analysis.origin(parent, ace));
        let found = found?;
        Some((found, analysis.object(found)?))
    }

    /// Whether the container has the entry on the other side too.
    fn stays(&self, on: When, place: usize, ace: &Ace) -> bool {
        let Some(object) = self.people.side(on).object(place) else {
            return false;
        };
        let other = match on {
            When::After => self.pair.matching.old_of(object.id),
            When::Before => self.pair.matching.new_of(object.id),
        };
        let analysis = self.people.side(on.other());
        other
            .and_then(|id| analysis.directory.place(id))
            .is_some_and(|place| analysis.has_own(place, ace))
    }

    /// Whether the account lies in another container.
    fn was_moved(&self, places: Both<Option<usize>>) -> bool {
        let parent = |when: When| {
            let analysis = self.people.side(when);
            let place = analysis
                .directory
                .parent(analysis.object((*places.get(when))?)?)?;
            analysis.object(place).map(|object| object.id)
        };
        let (was, is) = (parent(When::Before), parent(When::After));
        was.and_then(|was| self.pair.matching.new_of(was)) != is
    }
}

/// In a fixed order: what was gained first, of tier 0 before others, then by account and holder.
pub(super) fn sort(changes: &mut [AccessChange]) {
    fn key(
        change: &AccessChange,
    ) -> (
        Direction,
        bool,
        &Subject,
        Power,
        bool,
        &str,
        &Subject,
        &[String],
        u64,
    ) {
        (
            change.direction,
            !change.tier0,
            &change.account,
            change.power,
            change.conditional,
            &change.holder_name,
            &change.holder,
            &change.rights,
            change.principals,
        )
    }
    changes.sort_by(|a, b| {
        key(a)
            .cmp(&key(b))
            .then_with(|| a.causes.cmp(&b.causes))
            .then_with(|| a.examples.cmp(&b.examples))
    });
}

/// The number of a holder that is an object.
pub(super) fn number_at(people: &People<'_>, when: When, place: usize) -> Option<Number> {
    people.number(when, Holder::try_from(place).ok()?)
}
