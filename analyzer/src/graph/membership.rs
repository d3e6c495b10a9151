//! Direct and nested memberships, cycles included.
//!
//! A membership is a `member` value, a primaryGroupID, or a foreign principal's membership that holds for
//! its SID (Authenticated Users in a group). Deliberately does not know which groups matter.

use std::collections::{HashMap, VecDeque};

use coldcase_winsec::Sid;

use crate::load::{Directory, Kind, Object};

/// Memberships between objects, by their places in [`Directory::objects`].
#[derive(Debug)]
pub(crate) struct Memberships {
    /// Groups that an object is directly in; the flag tells a primary group.
    up: Adjacency,
    /// Objects that are directly in a group.
    down: Adjacency,
    /// Members of a group that have no object in the snapshot (another domain, or not readable), as ids of names.
    outside: HashMap<usize, Vec<i64>>,
}

/// Groups of a chain that are told by name; of a longer chain, the middle is counted.
const TOLD: usize = 8;

/// Steps of a chain that are looked at.
const LONGEST: usize = 1_000;

/// An object that was reached, over how many steps, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) place: usize,
    pub(crate) depth: u32,
    /// Index in the same list of the object before it; `None` for the first step.
    pub(crate) before: Option<usize>,
}

/// Edges grouped by source.
#[derive(Debug, Default)]
struct Adjacency {
    starts: Vec<usize>,
    targets: Vec<(usize, bool)>,
}

impl Memberships {
    pub(crate) fn new(directory: &Directory) -> Self {
        let mut edges: Vec<(usize, usize, bool)> = Vec::new();
        let mut outside: HashMap<usize, Vec<i64>> = HashMap::new();
        for (group, member) in directory.links("member") {
            let Some(group) = directory.place(*group) else {
                continue;
            };
            match directory.place(*member) {
                Some(member) => edges.push((member, group, false)),
                None => outside.entry(group).or_default().push(*member),
            }
        }
        for (place, object) in directory.objects.iter().enumerate() {
            let primary =
                primary_group(directory, object).and_then(|sid| directory.place_of_sid(&sid));
            if let Some(group) = primary {
                edges.push((place, group, true));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let count = directory.objects.len();
        let up = Adjacency::new(count, edges.iter().copied());
        let mut reversed: Vec<_> = edges.into_iter().map(|(a, b, p)| (b, a, p)).collect();
        reversed.sort_unstable();
        Self {
            up,
            down: Adjacency::new(count, reversed.into_iter()),
            outside,
        }
    }

    /// Direct memberships of `place`: (group, by primaryGroupID).
    pub(crate) fn groups(&self, place: usize) -> &[(usize, bool)] {
        self.up.of(place)
    }

    /// Direct members of `place`: (member, by primaryGroupID).
    pub(crate) fn members(&self, place: usize) -> &[(usize, bool)] {
        self.down.of(place)
    }

    /// Members of `place` without an object, as ids for [`Directory::dn`].
    pub(crate) fn outside(&self, place: usize) -> &[i64] {
        self.outside.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Every group that one of `from` is in, nearest first, each once. `from` itself is not among them.
    pub(crate) fn all_groups(&self, from: &[usize]) -> Vec<Reached> {
        reach(from, |place| self.groups(place), |_| true)
    }

    /// Everything that is in `group`, nearest first, each once; groups for which `open` is false are reached but not entered.
    pub(crate) fn all_members(&self, group: usize, open: impl Fn(usize) -> bool) -> Vec<Reached> {
        self.all_members_of(&[group], open)
    }

    /// The same of several groups together.
    pub(crate) fn all_members_of(
        &self,
        groups: &[usize],
        open: impl Fn(usize) -> bool,
    ) -> Vec<Reached> {
        reach(groups, |place| self.members(place), open)
    }
}

/// The way to `reached[index]` as places, from the first step on; of a longer one the last [`LONGEST`].
pub(crate) fn way(reached: &[Reached], index: usize) -> Vec<usize> {
    let mut places = Vec::new();
    let mut next = Some(index);
    while let Some(step) = next.and_then(|index| reached.get(index))
        && places.len() < LONGEST
    {
        places.push(step.place);
        next = step.before;
    }
    places.reverse();
    places
}

impl Reached {
    /// The way to `reached[index]` in names, joined by arrows; `start` comes first.
    pub(crate) fn chain(
        reached: &[Self],
        index: usize,
        start: &str,
        directory: &Directory,
    ) -> String {
        let places = way(reached, index);
        let names = |places: &[usize]| -> Vec<String> {
            let objects = places
                .iter()
                .filter_map(|place| directory.objects.get(*place));
            objects
                .map(|object| object.display_name().to_owned())
                .collect()
        };
        let mut steps: Vec<String> = (!start.is_empty())
            .then(|| start.to_owned())
            .into_iter()
            .collect();
        let depth = reached.get(index).map_or(0, |last| last.depth);
        let whole = usize::try_from(depth).is_ok_and(|depth| depth == places.len());
        match places.len().checked_sub(TOLD) {
            None | Some(0) => steps.extend(names(&places)),
            // Nested without end by mistake or malice: the ends tell enough.
            Some(hidden) if whole => {
                let (head, rest) = places.split_at(TOLD / 2);
                steps.extend(names(head));
                steps.push(format!("… {hidden} more …"));
                steps.extend(names(rest.get(hidden..).unwrap_or(&[])));
            }
            Some(_) => {
                let tail = places.get(places.len() - TOLD / 2..).unwrap_or(&[]);
                steps.push(format!(
                    "… {} more …",
                    usize::try_from(depth).unwrap_or(usize::MAX) - tail.len()
                ));
                steps.extend(names(tail));
            }
        }
        steps.join(" → ")
    }
}

/// Breadth first, each object once: a cycle ends where it began.
fn reach<'a>(
    from: &[usize],
    next: impl Fn(usize) -> &'a [(usize, bool)],
    open: impl Fn(usize) -> bool,
) -> Vec<Reached> {
    let mut seen: std::collections::HashSet<usize> = from.iter().copied().collect();
    let mut reached: Vec<Reached> = Vec::new();
    let mut queue: VecDeque<(usize, u32, Option<usize>)> =
        from.iter().map(|place| (*place, 0, None)).collect();
    while let Some((place, depth, index)) = queue.pop_front() {
        if index.is_some() && !open(place) {
            continue;
        }
        for (target, _) in next(place) {
            if seen.insert(*target) {
                queue.push_back((*target, depth + 1, Some(reached.len())));
                reached.push(Reached {
                    place: *target,
                    depth: depth + 1,
                    before: index,
                });
            }
        }
    }
    reached
}

impl Adjacency {
    /// `edges` sorted by their first part.
    fn new(count: usize, edges: impl Iterator<Item = (usize, usize, bool)>) -> Self {
        let mut starts = vec![0; count + 1];
        let mut targets = Vec::new();
        for (source, target, primary) in edges {
            targets.push((target, primary));
            if let Some(end) = starts.get_mut(source + 1) {
                *end = targets.len();
            }
        }
        let mut last = 0;
        for end in &mut starts {
            last = last.max(*end);
            *end = last;
        }
        Self { starts, targets }
    }

    fn of(&self, place: usize) -> &[(usize, bool)] {
        match (self.starts.get(place), self.starts.get(place + 1)) {
            (Some(from), Some(to)) => self.targets.get(*from..*to).unwrap_or(&[]),
            _ => &[],
        }
    }
}

/// Kinds that a `member` chain passes through.
pub(crate) fn is_group(directory: &Directory, place: usize) -> bool {
    directory
        .objects
        .get(place)
        .is_some_and(|object| object.kind == Kind::Group)
}

/// Every account has a primary group. Where it is not readable, the one that a new account gets (MS-SAMR 3.1.1.8.2):
/// Domain Users, Domain Computers, and for domain controllers, as userAccountControl tells, theirs.
pub(crate) fn primary_group(directory: &Directory, object: &Object) -> Option<Sid> {
    const SERVER_TRUST: i64 = 0x2000;
    const PARTIAL_SECRETS: i64 = 0x400_0000;
    let usual = match object.kind {
        Kind::User => 513,
        Kind::Computer if object.has_flag(PARTIAL_SECRETS) == Some(true) => 521,
        Kind::Computer if object.has_flag(SERVER_TRUST) == Some(true) => 516,
        Kind::Computer | Kind::Gmsa | Kind::Smsa | Kind::Dmsa => 515,
        _ => return None,
    };
    let rid = object.primary_group_id.unwrap_or(usual);
    directory.domain_rid(u32::try_from(rid).ok()?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn graph(edges: &[(usize, usize)]) -> Adjacency {
        let mut edges: Vec<_> = edges.iter().map(|(a, b)| (*a, *b, false)).collect();
        edges.sort_unstable();
        Adjacency::new(6, edges.into_iter())
    }

    #[test]
    fn a_cycle_ends_and_the_shortest_way_is_kept() {
        let up = graph(&[(0, 1), (1, 2), (2, 1), (2, 3), (0, 3)]);
        let reached = reach(&[0], |place| up.of(place), |_| true);
        let found: Vec<_> = reached.iter().map(|r| (r.place, r.depth)).collect();
        assert_eq!(found, [(1, 1), (3, 1), (2, 2)]);
        assert_eq!(way(&reached, 2), [1, 2]);
    }

    #[test]
    fn a_chain_without_end_tells_its_end() {
        let reached: Vec<Reached> = (0..3_000_u32)
            .map(|depth| Reached {
                place: usize::try_from(depth).unwrap_or_default(),
                depth: depth + 1,
                before: usize::try_from(depth)
                    .ok()
                    .and_then(|index| index.checked_sub(1)),
            })
            .collect();
        assert_eq!(way(&reached, 2_999).len(), LONGEST);
        let directory = crate::load::made::Made::new().directory();
        let told = Reached::chain(&reached, 2_999, "start", &directory);
        assert_eq!(told, "start → … 2996 more …");
    }

    #[test]
    fn closed_groups_are_reached_but_not_entered() {
        let down = graph(&[(0, 1), (1, 2)]);
        let reached = reach(&[0], |place| down.of(place), |place| place != 1);
        assert_eq!(reached.len(), 1);
        assert_eq!(reached[0].place, 1);
    }

    #[test]
    fn objects_without_edges_have_none() {
        let up = graph(&[(3, 4)]);
        assert!(up.of(0).is_empty() && up.of(5).is_empty() && up.of(99).is_empty());
        assert_eq!(up.of(3), [(4, false)]);
    }
}
