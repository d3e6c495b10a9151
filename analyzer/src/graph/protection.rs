//! Whom AdminSDHolder protects: whose permissions a domain controller writes anew every hour.
//!
//! Owns the list of protected groups and accounts (MS-ADTS 3.1.1.6.1.2) and the switch that takes some of them out
//! (3.1.1.6.1.4). Deliberately does not look at adminCount, which tells what was, nor at descriptors.

use std::collections::{HashMap, HashSet};

use super::Memberships;
use crate::load::{Directory, Kind};

/// RIDs of protected groups of the domain: Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins, Read-only
/// Domain Controllers, Key Admins, Enterprise Key Admins.
const GROUPS: &[u32] = &[512, 516, 518, 519, 521, 526, 527];

/// RIDs of protected accounts: Administrator, krbtgt.
const ACCOUNTS: &[u32] = &[500, 502];

/// Protected groups of CN=Builtin that nothing takes out: Administrators, Replicator.
const BUILTIN: &[u32] = &[544, 552];

/// Those that the 16th character of dSHeuristics, a hexadecimal digit, takes out, each by a bit: Account, Server, Print and
/// Backup Operators.
const OPTIONAL: &[(u32, u32)] = &[(548, 1), (549, 2), (550, 4), (551, 8)];

/// Who is protected.
#[derive(Debug)]
pub(crate) struct Protection {
    /// By place: TRUE, or unknown. Who is not here is not protected.
    found: HashMap<usize, Option<bool>>,
    /// Every group and its members were read.
    known: bool,
}

impl Protection {
    /// `heuristics_read`: dSHeuristics came or is known not to be set.
    pub(crate) fn new(
        directory: &Directory,
        memberships: &Memberships,
        heuristics_read: bool,
    ) -> Self {
        let known = directory
            .query("groups")
            .is_some_and(|row| row.is_complete());
        let excluded = excluded(directory.domain.ds_heuristics.as_deref());
        let (mut sure, mut unsure) = (Vec::new(), Vec::new());
        for (place, object) in directory.objects.iter().enumerate() {
            let Some(sid) = object.sid.as_ref() else {
                continue;
            };
            let of_domain = directory.domain_sid.is_some() && sid.domain() == directory.domain_sid;
            let rid = sid.rid();
            let listed = |list: &[u32]| rid.is_some_and(|rid| list.contains(&rid));
            match (object.kind, sid.sub_authorities()) {
                (Kind::Group, _) if of_domain && listed(GROUPS) => sure.push(place),
                (Kind::User, _) if of_domain && listed(ACCOUNTS) => sure.push(place),
                (Kind::Group, [32, rid]) if BUILTIN.contains(rid) => sure.push(place),
                (Kind::Group, [32, rid]) => match OPTIONAL.iter().find(|(known, _)| known == rid) {
                    Some((_, bit)) if excluded & bit != 0 => (),
                    Some(_) if heuristics_read => sure.push(place),
                    Some(_) => unsure.push(place),
                    None => (),
                },
                _ => (),
            }
        }
        // Whether a primary group counts is not written down: who is in a group only by that is not known to be protected.
        let all = reach(memberships, sure.iter().chain(&unsure), true);
        let named = reach(memberships, sure.iter(), false);
        let found = all
            .into_iter()
            .map(|place| (place, named.contains(&place).then_some(true)))
            .collect();
        Self { found, known }
    }

    /// Whether AdminSDHolder protects the object; `None` if that is not known.
    pub(crate) fn of(&self, place: usize) -> Option<bool> {
        match self.found.get(&place) {
            Some(answer) => *answer,
            None => self.known.then_some(false),
        }
    }
}

/// The groups and what is in them, each once.
fn reach<'a>(
    memberships: &Memberships,
    groups: impl Iterator<Item = &'a usize>,
    primary: bool,
) -> HashSet<usize> {
    let mut open: Vec<usize> = groups.copied().collect();
    let mut found: HashSet<usize> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        for (member, by_primary) in memberships.members(place) {
            if (primary || !by_primary) && found.insert(*member) {
                open.push(*member);
            }
        }
    }
    found
}

/// dwAdminSDExMask; what is no hexadecimal digit is 0.
fn excluded(heuristics: Option<&str>) -> u32 {
    heuristics
        .and_then(|text| text.chars().nth(15))
        .and_then(|digit| digit.to_digit(16))
        .unwrap_or(0)
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made, sid};

    fn made() -> Made {
        let mut made = Made::new();
        made.complete = vec!["groups"];
        made
    }

    fn of(made: &Made, place: usize, heuristics_read: bool) -> Option<bool> {
        let directory = made.clone().directory();
        let memberships = Memberships::new(&directory);
        Protection::new(&directory, &memberships, heuristics_read).of(place)
    }

    fn builtin(made: &mut Made, rid: u32) -> usize {
        let group = made.principal("group", &format!("g{rid}"), HEAD, rid);
        made.objects[group].sid = Some(sid(&format!("S-1-5-32-{rid}")));
        group
    }

    #[test]
    fn members_are_protected_however_nested() {
        let mut made = made();
        let admins = made.principal("group", "Domain Admins", HEAD, 512);
        let inner = made.principal("group", "Inner", HEAD, 1200);
        let account = made.principal("user", "svc", HEAD, 1103);
        let other = made.principal("user", "other", HEAD, 1104);
        made.member(admins, inner);
        made.member(inner, account);
        // A cycle must not hang.
        made.member(inner, admins);
        assert_eq!(of(&made, account, true), Some(true));
        assert_eq!(of(&made, inner, true), Some(true));
        assert_eq!(of(&made, other, true), Some(false));
        made.complete.clear();
        assert_eq!(of(&made, account, true), Some(true));
        assert_eq!(of(&made, other, true), None);
    }

    #[test]
    fn a_primary_group_alone_proves_nothing() {
        let mut made = made();
        made.principal("group", "Domain Admins", HEAD, 512);
        let account = made.principal("user", "svc", HEAD, 1103);
        made.objects[account].primary_group_id = Some(512);
        assert_eq!(of(&made, account, true), None);
    }

    #[test]
    fn the_switch_takes_operators_out() {
        let mut made = made();
        let operators = builtin(&mut made, 548);
        let backup = builtin(&mut made, 551);
        let account = made.principal("user", "svc", HEAD, 1103);
        let second = made.principal("user", "svc2", HEAD, 1104);
        made.member(operators, account);
        made.member(backup, second);
        assert_eq!(of(&made, account, true), Some(true));
        assert_eq!(of(&made, account, false), None);
        made.ds_heuristics = Some("0000000001000001".to_owned());
        assert_eq!(of(&made, account, true), Some(false));
        assert_eq!(of(&made, second, true), Some(true));
        for odd in [
            "",
            "000000000100000z",
            "000000000100000é",
            "000000000100000",
        ] {
            made.ds_heuristics = Some(odd.to_owned());
            assert_eq!(of(&made, account, true), Some(true), "{odd}");
        }
    }

    #[test]
    fn built_in_accounts_and_groups_of_other_domains() {
        let mut made = made();
        let administrator = made.principal("user", "Administrator", HEAD, 500);
        let printers = builtin(&mut made, 550);
        let users = builtin(&mut made, 545);
        let foreign = made.foreign("S-1-5-21-9-9-9-512");
        let account = made.principal("user", "svc", HEAD, 1103);
        made.member(users, account);
        for (place, protected) in [
            (administrator, true),
            (printers, true),
            (users, false),
            (foreign, false),
            (account, false),
        ] {
            assert_eq!(of(&made, place, true), Some(protected), "{place}");
        }
    }
}
