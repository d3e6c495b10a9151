//! What limits where and how an account may log on: the group Protected Users and authentication policy silos.
//!
//! Deliberately knows no authentication policies that are assigned without a silo: they are not collected.

use std::collections::{HashMap, HashSet};

use super::analysis::Analysis;
use super::builder::Cell;
use crate::load::Object;

/// RID of Protected Users (MS-DTYP 2.4.2.4).
pub(crate) const PROTECTED_USERS: u32 = 525;

/// Found once for all accounts.
pub(super) struct Restrictions<'a> {
    analysis: &'a Analysis,
    /// Places of everybody in Protected Users, and whether whoever is not among them is not in it.
    protected: HashSet<usize>,
    members_known: bool,
    assigned: HashMap<i64, i64>,
    /// Silo and member.
    admitted: HashSet<(i64, i64)>,
}

impl<'a> Restrictions<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let directory = &analysis.directory;
        let group = directory
            .domain_rid(PROTECTED_USERS)
            .and_then(|sid| directory.place_of_sid(&sid));
        let protected = group
            .map(|group| analysis.memberships.all_members(group, |_| true))
            .unwrap_or_default();
        let whole = |query: &str| {
            let cut = directory.cut_short.iter();
            directory.query(query).is_some_and(|row| row.is_complete())
                && !cut.into_iter().any(|list| list.query == query)
        };
        Self {
            analysis,
            protected: protected.iter().map(|member| member.place).collect(),
            members_known: whole("groups"),
            assigned: directory
                .links("msDS-AssignedAuthNPolicySilo")
                .iter()
                .copied()
                .collect(),
            admitted: directory
                .links("msDS-AuthNPolicySiloMembers")
                .iter()
                .copied()
                .collect(),
        }
    }

    /// Columns `protected_user`, `silo`, `silo_admits`, `silo_enforced`.
    pub(super) fn cells(&self, place: usize, object: &Object) -> [Cell; 4] {
        let directory = &self.analysis.directory;
        let is_protected = match self.protected.contains(&place) {
            true => Some(true),
            false => self.members_known.then_some(false),
        };
        let silo = self.assigned.get(&object.id);
        let seen = silo.and_then(|silo| Some((*silo, *directory.silos.get(silo)?)));
        [
            is_protected.into(),
            silo.and_then(|silo| directory.dn(*silo)).into(),
            seen.map(|(silo, _)| self.admitted.contains(&(silo, object.id)))
                .into(),
            seen.and_then(|(_, enforced)| enforced).into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    fn told(made: Made, place: usize, change: impl FnOnce(&mut crate::load::Directory)) -> String {
        let mut directory = made.directory();
        change(&mut directory);
        let analysis = Analysis::new(directory);
        let restrictions = Restrictions::new(&analysis);
        let cells = analysis
            .object(place)
            .map(|object| restrictions.cells(place, object));
        format!("{cells:?}")
    }

    /// A user in a group in Protected Users, which is in a ring with it.
    fn nested() -> (Made, usize, usize) {
        let mut made = Made::new();
        let group = made.principal("group", "Protected Users", HEAD, PROTECTED_USERS);
        let inner = made.principal("group", "Admins", HEAD, 1200);
        let user = made.principal("user", "svc", HEAD, 1201);
        let other = made.principal("user", "other", HEAD, 1202);
        made.member(group, inner);
        made.member(inner, group);
        made.member(inner, user);
        (made, user, other)
    }

    #[test]
    fn protected_users_by_nesting() {
        let (made, user, other) = nested();
        assert!(told(made.clone(), user, |_| ()).contains("[Boolean(Some(true))"));
        // The query for groups is not in the ledger: who is not seen in the group may be in it.
        assert!(told(made, other, |_| ()).contains("[Boolean(None)"));
    }

    #[test]
    fn a_silo_counts_with_both_halves() {
        let (mut made, user, _) = nested();
        let silo = made.add("msDS-AuthNPolicySilo", "CN=T0,CN=AuthN Silos");
        let id = i64::try_from(silo + 1).unwrap_or(0);
        made.links
            .push(("msDS-AssignedAuthNPolicySilo", user, silo));
        let unseen = told(made.clone(), user, |_| ());
        assert!(unseen.contains("Some(\"CN=T0,CN=AuthN Silos\")"));
        assert!(
            unseen.ends_with("Boolean(None), Boolean(None)])"),
            "{unseen}"
        );
        let one = told(made.clone(), user, |directory| {
            directory.silos.insert(id, Some(true));
        });
        assert!(
            one.ends_with("Boolean(Some(false)), Boolean(Some(true))])"),
            "{one}"
        );
        made.links.push(("msDS-AuthNPolicySiloMembers", silo, user));
        let both = told(made, user, |directory| {
            directory.silos.insert(id, None);
        });
        assert!(
            both.ends_with("Boolean(Some(true)), Boolean(None)])"),
            "{both}"
        );
    }
}
