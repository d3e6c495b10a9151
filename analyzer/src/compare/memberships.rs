//! Who came into a group or left it, however nested: service accounts of any group, and everybody of privileged ones.
//!
//! In is whoever has the group in the token, so primary groups and SIDs of the past count, and distribution groups do not.
//! What everybody is in is told once, of Authenticated Users. Of privileged groups that are in each other the first on the
//! way is told; where more than ten came in a group, that group. An account that became a domain controller came into
//! Enterprise Domain Controllers. Deliberately does not say what the groups may do: [`super::access`] does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use coldcase_schemas::diff::{Cause, CauseKind, Direction, MembershipChange};
use coldcase_winsec::Sid;

use super::Pair;
use super::access::{accounts, unseen};
use super::chains::{Chains, Step};
use super::people::{Number, People};
use super::side::{Both, When};
use super::unsure::Unsure;
use crate::graph::{GroupClass, Holders};
use crate::load::Kind;
use crate::rules::subject_of;

/// More members than these who came in one group are told as that group.
const SINGLES: usize = 10;

/// ENTERPRISE DOMAIN CONTROLLERS.
const CONTROLLERS: &str = "S-1-5-9";

/// AUTHENTICATED USERS.
const AUTHENTICATED: &str = "S-1-5-11";

/// Memberships that came or went.
pub(super) fn memberships(pair: &Pair<'_>) -> Vec<MembershipChange> {
    let people = People::of(pair);
    let mut finder = Finder {
        people: &people,
        chains: Chains::new(&people),
        unsure: Unsure::of(&people),
    };
    let privileged = finder.privileged();
    // By side, member and group.
    let mut found: BTreeSet<(When, Number, Number)> = BTreeSet::new();
    finder.of_privileged(&privileged, &mut found);
    finder.of_accounts(&accounts(pair), &mut found);
    let mut changes: Vec<MembershipChange> = found
        .into_iter()
        .filter_map(|(when, member, group)| finder.change(when, member, group, &privileged))
        .collect();
    changes.sort_by(|a, b| {
        let key = |change: &MembershipChange| {
            (
                change.group_class.as_deref() != Some(GroupClass::Tier0.as_str()),
                change.group_class.is_none(),
                change.direction,
                change.group.clone(),
                change.member.clone(),
            )
        };
        key(a).cmp(&key(b)).then_with(|| a.via.cmp(&b.via))
    });
    changes
}

/// Privileged groups and their class.
type Privileged = BTreeMap<Number, &'static str>;

struct Finder<'p, 'a> {
    people: &'p People<'a>,
    chains: Chains<'p, 'a>,
    unsure: Unsure<'a>,
}

impl Finder<'_, '_> {
    /// Groups that are privileged on either side, and domain controllers.
    fn privileged(&self) -> Privileged {
        let mut privileged = Privileged::new();
        for when in When::BOTH {
            let analysis = self.people.side(when);
            for (place, object) in analysis.directory.objects.iter().enumerate() {
                let class = analysis.principals.group_class(&analysis.directory, place);
                let number = object
                    .sid
                    .as_ref()
                    .and_then(|sid| self.people.number_of(sid));
                if let Some((class, number)) = class.zip(number) {
                    privileged.insert(number, class.as_str());
                }
            }
        }
        let controllers = Sid::from_str(CONTROLLERS).ok();
        let controllers = controllers.and_then(|sid| self.people.number_of(&sid));
        privileged.extend(controllers.map(|number| (number, GroupClass::Tier0.as_str())));
        privileged
    }

    /// Everybody in a group on a side.
    fn members(&self, when: When, group: Number) -> Holders {
        let tokens = &self.people.side(when).effective.tokens;
        let mut raw = Holders::with_capacity(tokens.len());
        let nobody = raw.clone();
        if let Some(holder) = self.people.holder(when, group) {
            tokens.reach(holder).add_to(&mut raw, &nobody);
        }
        self.people.numbers(when, &raw)
    }

    /// The number that stands for everybody, if the group is in every token on this side and not on the other.
    fn is_everybodys(&self, when: When, group: Number) -> Option<Number> {
        let sid = Sid::from_str(AUTHENTICATED).ok()?;
        let all = self.people.number_of(&sid).filter(|all| *all != group)?;
        let has = |when: When| {
            let tokens = &self.people.side(when).effective.tokens;
            let holders = self
                .people
                .holder(when, group)
                .zip(self.people.holder(when, all));
            holders.is_some_and(|(group, all)| tokens.reach(group).contains(all))
        };
        (has(when) && !has(when.other())).then_some(all)
    }

    fn of_privileged(
        &mut self,
        privileged: &Privileged,
        found: &mut BTreeSet<(When, Number, Number)>,
    ) {
        for group in privileged.keys() {
            let members = Both::with(|when| self.members(when, *group));
            for when in When::BOTH {
                if let Some(all) = self.is_everybodys(when, *group) {
                    found.insert((when, all, *group));
                    continue;
                }
                let mut came = members.get(when).clone();
                came.difference_with(members.get(when.other()));
                let mut by_group: HashMap<Number, Vec<Number>> = HashMap::new();
                for number in came.ones().filter_map(|one| Number::try_from(one).ok()) {
                    if number == *group || self.is_through(when, number, *group, privileged) {
                        continue;
                    }
                    let top = self.top(when, number, *group).unwrap_or(number);
                    by_group.entry(top).or_default().push(number);
                }
                for (top, numbers) in by_group {
                    if numbers.len() > SINGLES {
                        found.insert((when, top, *group));
                    } else {
                        found.extend(numbers.into_iter().map(|number| (when, number, *group)));
                    }
                }
            }
        }
    }

    /// Whether somebody is in the group by another privileged one that he came into as well.
    fn is_through(
        &mut self,
        when: When,
        number: Number,
        group: Number,
        privileged: &Privileged,
    ) -> bool {
        let Some(sid) = self.people.sid(group) else {
            return false;
        };
        let way = self.chains.way(when, number, sid).unwrap_or_default();
        let mut through = way
            .iter()
            .map(|step| step.group)
            .filter(|step| *step != group && privileged.contains_key(step));
        let new = |through: Number| {
            let tokens = &self.people.side(when.other()).effective.tokens;
            let holder = |number| self.people.holder(when.other(), number);
            !holder(number)
                .zip(holder(through))
                .is_some_and(|(member, group)| tokens.reach(group).contains(member))
        };
        through.any(new)
    }

    /// The member of the last step that is new.
    fn top(&mut self, when: When, number: Number, group: Number) -> Option<Number> {
        let steps = self.steps(when, number, group);
        steps.last().map(|step| step.member)
    }

    fn steps(&mut self, when: When, number: Number, group: Number) -> Vec<Step> {
        let sid = self.people.sid(group);
        sid.and_then(|sid| self.chains.steps(when, number, sid))
            .unwrap_or_default()
    }

    /// Groups in the token of service accounts that are there on both sides; whoever is new or gone is told as that.
    fn of_accounts(
        &mut self,
        accounts: &[Both<Option<usize>>],
        found: &mut BTreeSet<(When, Number, Number)>,
    ) {
        let mut told_of_all: HashMap<(When, Number), Option<Number>> = HashMap::new();
        for places in accounts {
            if places.before.is_none() || places.after.is_none() {
                continue;
            }
            let groups = Both::with(|when| self.groups(when, *places.get(when)));
            let Some(number) = self.number(*places) else {
                continue;
            };
            for when in When::BOTH {
                let (here, there) = (groups.get(when), groups.get(when.other()));
                for group in here.difference(there) {
                    let all = *told_of_all
                        .entry((when, *group))
                        .or_insert_with(|| self.is_everybodys(when, *group));
                    found.insert((when, all.unwrap_or(number), *group));
                }
            }
        }
    }

    fn number(&self, places: Both<Option<usize>>) -> Option<Number> {
        let object = self.people.side(When::After).object(places.after?)?;
        self.people.number_of(object.sid.as_ref()?)
    }

    /// Groups in the token of an object.
    fn groups(&self, when: When, place: Option<usize>) -> HashSet<Number> {
        let analysis = self.people.side(when);
        let tokens = &analysis.effective.tokens;
        let holder = place
            .and_then(|place| analysis.object(place)?.sid.as_ref())
            .and_then(|sid| tokens.of(&analysis.directory, sid));
        let token = holder
            .map(|holder| tokens.token(holder))
            .unwrap_or_default();
        let groups = token.into_iter().filter(|holder| {
            tokens
                .place(*holder)
                .and_then(|place| analysis.object(place))
                .is_some_and(|object| object.kind == Kind::Group)
        });
        groups
            .filter_map(|holder| self.people.number(when, holder))
            .collect()
    }

    fn change(
        &mut self,
        when: When,
        member: Number,
        group: Number,
        privileged: &Privileged,
    ) -> Option<MembershipChange> {
        let sides = Both::with(|when| self.people.side(when));
        let other = when.other();
        let steps = self.steps(when, member, group);
        let object = self.people.object(member);
        let is_there = |when: When| {
            self.people.is_there(when, member) || {
                let analysis = self.people.side(when);
                let sid = self.people.sid(member);
                sid.is_some_and(|sid| analysis.directory.place_of_sid(sid).is_some())
            }
        };
        let outside = self.people.group_of_outside(member).is_some();
        let new = object.is_some() && !outside && !is_there(other);
        let hidden = object
            .filter(|_| new)
            .and_then(|object| unseen(&sides, when, object))
            .or_else(|| self.people.unseen_outside(when, member));
        let sid = self.people.sid(group)?;
        let unknown = hidden.or_else(|| self.unsure.of_members(other, sid));
        let added = when == When::After;
        let mut causes: Vec<Cause> = steps
            .iter()
            .map(|step| self.chains.cause(when, *step))
            .collect();
        if let Some(why) = &unknown {
            causes = vec![Cause {
                kind: CauseKind::NotSeen,
                at: None,
                text: why.clone(),
            }];
        } else if let Some(object) = object.filter(|_| new) {
            let name = self.people.name(member);
            let (kind, text) = if added {
                (CauseKind::Created, format!("{name} is new"))
            } else {
                (CauseKind::Deleted, format!("{name} is gone"))
            };
            let at = Some(subject_of(object));
            causes.insert(0, Cause { kind, at, text });
        }
        let way = self.chains.way(when, member, sid).unwrap_or_default();
        let names: Vec<String> = way
            .iter()
            .map(|step| self.people.name(step.group))
            .collect();
        Some(MembershipChange {
            member: self.people.subject(member),
            group: self.people.subject(group),
            group_class: privileged.get(&group).map(|class| (*class).to_owned()),
            direction: match (unknown.is_some(), added) {
                (true, _) => Direction::Unknown,
                (false, true) => Direction::Gained,
                (false, false) => Direction::Lost,
            },
            via: told_way(&names),
            causes,
        })
    }
}

/// Groups of a way that are told by name.
const TOLD: usize = 8;

fn told_way(names: &[String]) -> String {
    match names.len().checked_sub(TOLD) {
        None | Some(0) => names.join(" → "),
        Some(hidden) => {
            let (head, rest) = names.split_at(TOLD / 2);
            let tail = rest.get(hidden..).unwrap_or_default();
            let middle = format!("… {hidden} more …");
            let all: Vec<&str> = head
                .iter()
                .map(String::as_str)
                .chain([middle.as_str()])
                .chain(tail.iter().map(String::as_str))
                .collect();
            all.join(" → ")
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::compare::Matching;
    use crate::frames::Analysis;
    use crate::load::made::{HEAD, Made, domain_sid};

    /// Places of a small domain.
    #[derive(Clone, Copy)]
    struct Places {
        service: usize,
        anna: usize,
        admins: usize,
        builtin: usize,
        inner: usize,
        outer: usize,
    }

    fn domain() -> (Made, Places) {
        let mut made = Made::new();
        made.complete = vec!["groups", "users", "computers", "service-accounts"];
        made.by_administrator();
        let service = made.principal("user", "svc-sql", HEAD, 1_001);
        made.objects[service].spns = vec!["MSSQLSvc/sql".to_owned()];
        let places = Places {
            service,
            anna: made.principal("user", "anna.berg", HEAD, 1_101),
            admins: made.principal("group", "Domain Admins", HEAD, 512),
            builtin: made.principal("group", "Administrators", HEAD, 9_999),
            inner: made.principal("group", "Inner", HEAD, 1_201),
            outer: made.principal("group", "Outer", HEAD, 1_202),
        };
        made.objects[places.builtin].sid = Sid::from_str("S-1-5-32-544").ok();
        made.member(places.builtin, places.admins);
        made.member(places.outer, places.inner);
        (made, places)
    }

    /// `gained anna.berg in Domain Admins [tier0] via …: MemberAdded`
    fn said(
        before: impl FnOnce(&mut Made, Places),
        after: impl FnOnce(&mut Made, Places),
    ) -> Vec<String> {
        let (mut old, places) = domain();
        before(&mut old, places);
        let (mut new, places) = domain();
        after(&mut new, places);
        let (old, new) = (
            Analysis::new(old.directory()),
            Analysis::new(new.directory()),
        );
        let matching = Matching::of(&old.directory, &new.directory);
        let changes = memberships(&Pair {
            old: &old,
            new: &new,
            matching: &matching,
        });
        let name = |subject: &coldcase_schemas::report::Subject| {
            let name = subject.sam_account_name.clone();
            name.or(subject.sid.clone()).unwrap_or_default()
        };
        changes
            .iter()
            .map(|change| {
                let kinds: Vec<String> = change
                    .causes
                    .iter()
                    .map(|cause| format!("{:?}", cause.kind))
                    .collect();
                format!(
                    "{:?} {} in {} [{}] via {}: {}",
                    change.direction,
                    name(&change.member),
                    name(&change.group),
                    change.group_class.clone().unwrap_or_default(),
                    change.via,
                    kinds.join("+")
                )
            })
            .collect()
    }

    #[test]
    fn a_service_account_comes_into_every_group_above() {
        let changes = said(
            |_, _| (),
            |made, places| made.member(places.inner, places.service),
        );
        assert_eq!(
            changes,
            [
                "Gained svc-sql in Inner [] via Inner: MemberAdded",
                "Gained svc-sql in Outer [] via Inner → Outer: MemberAdded",
            ]
        );
    }

    #[test]
    fn people_are_told_of_the_first_privileged_group_only() {
        let changes = said(
            |_, _| (),
            |made, places| {
                made.member(places.admins, places.anna);
                made.member(places.inner, places.anna);
            },
        );
        assert_eq!(
            changes,
            ["Gained anna.berg in Domain Admins [tier0] via Domain Admins: MemberAdded"]
        );
        let nested = said(
            |made, places| made.member(places.inner, places.anna),
            |made, places| {
                made.member(places.inner, places.anna);
                made.member(places.admins, places.outer);
            },
        );
        assert_eq!(
            nested,
            [
                "Gained anna.berg in Domain Admins [tier0] via Inner → Outer → Domain Admins: MemberAdded"
            ]
        );
    }

    #[test]
    fn sids_of_the_past_and_controllers() {
        let changes = said(
            |made, places| made.history.push((places.anna, domain_sid(512))),
            |_, _| (),
        );
        assert_eq!(
            changes,
            ["Lost anna.berg in Domain Admins [tier0] via Domain Admins: Token"]
        );
        let computer = |made: &mut Made, flags: i64| {
            let place = made.principal("computer", "PC1$", HEAD, 1_301);
            made.objects[place].user_account_control = Some(flags);
            made.objects[place].primary_group_id = Some(515);
        };
        let changes = said(
            |made, _| computer(made, 0x1000),
            |made, _| computer(made, 0x2000),
        );
        assert_eq!(
            changes,
            [
                "Gained PC1$ in S-1-5-9 [tier0] via NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS: Token"
            ]
        );
    }

    #[test]
    fn many_in_one_group_are_that_group() {
        let filled = |made: &mut Made, places: Places| {
            for number in 0..11 {
                let name = format!("user-{number}");
                let place = made.principal("user", &name, HEAD, 1_300 + number);
                made.member(places.inner, place);
            }
        };
        let changes = said(filled, |made, places| {
            filled(made, places);
            made.member(places.admins, places.inner);
        });
        assert_eq!(
            changes,
            ["Gained Inner in Domain Admins [tier0] via Domain Admins: MemberAdded"]
        );
    }

    /// A list names the member, and only one side shows who that is: nobody came or went.
    #[test]
    fn a_member_whom_one_side_does_not_show_is_unknown() {
        let shown = |made: &mut Made, places: Places| {
            let carl = made.principal("user", "carl", HEAD, 1_103);
            made.member(places.admins, carl);
        };
        let named = |made: &mut Made, places: Places| {
            made.bare_members
                .push((places.admins, format!("CN=carl,{HEAD}")));
        };
        let unknown = ["Unknown carl in Domain Admins [tier0] via Domain Admins: NotSeen"];
        assert_eq!(said(named, shown), unknown);
        assert_eq!(said(shown, named), unknown);
        // Under another name he may be anybody whom the cut-off query did not bring.
        let cut_off = |made: &mut Made, places: Places| {
            made.complete.retain(|name| *name != "users");
            made.bare_members
                .push((places.admins, format!("CN=charles,{HEAD}")));
        };
        for lines in [said(cut_off, shown), said(shown, cut_off)] {
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(
                lines.iter().all(|line| line.starts_with("Unknown")),
                "{lines:?}"
            );
        }
        // A member of another domain is somebody else.
        let foreign = |made: &mut Made, places: Places| {
            let dn = "CN=carl,DC=other,DC=example".to_owned();
            made.bare_members.push((places.admins, dn));
        };
        let lines = said(|_, _| (), foreign);
        assert!(
            matches!(lines.as_slice(), [line] if line.starts_with("Gained")),
            "{lines:?}"
        );
    }

    /// An ordinary account may not be shown what an administrator was.
    #[test]
    fn what_only_an_administrator_was_shown_is_not_gone() {
        let carl = |made: &mut Made, places: Places| {
            let carl = made.principal("user", "carl", HEAD, 1_103);
            made.member(places.admins, carl);
        };
        let ordinary = |made: &mut Made, _: Places| made.token = vec![domain_sid(513)];
        assert_eq!(
            said(carl, ordinary),
            ["Unknown carl in Domain Admins [tier0] via Domain Admins: NotSeen"]
        );
    }

    #[test]
    fn who_is_new_is_told_so_and_what_was_not_seen_is_unknown() {
        let carl = |made: &mut Made, places: Places| {
            let carl = made.principal("user", "carl", HEAD, 1_103);
            made.member(places.admins, carl);
        };
        assert_eq!(
            said(|_, _| (), carl),
            ["Gained carl in Domain Admins [tier0] via Domain Admins: Created+MemberAdded"]
        );
        let unseen = said(
            |made, _| made.complete.retain(|name| *name != "users"),
            carl,
        );
        assert_eq!(
            unseen,
            ["Unknown carl in Domain Admins [tier0] via Domain Admins: NotSeen"]
        );
        let unknown = said(
            |made, _| made.complete.retain(|name| *name != "groups"),
            |made, places| made.member(places.inner, places.service),
        );
        assert_eq!(unknown.len(), 2);
        assert!(unknown.iter().all(|line| line.starts_with("Unknown")));
    }
}
