//! Which password policy applies to a user: the domain's, or a password settings object's.
//!
//! Owns the choice among several objects (msDS-ResultantPSO). Deliberately says nothing of managed accounts, whose
//! passwords the domain makes itself, and of what a password really is: a policy holds for the next change.

use std::collections::HashMap;

use coldcase_winsec::Guid;

use super::analysis::Analysis;
use super::domain::STORE_CLEARTEXT;
use crate::load::{Kind, Object, PasswordPolicy};

/// ADS_UF_NORMAL_ACCOUNT (MS-ADTS 2.2.16).
const NORMAL_ACCOUNT: i64 = 0x200;

/// ADS_UF_ENCRYPTED_TEXT_PASSWORD_ALLOWED (MS-ADTS 2.2.16).
const STORED_REVERSIBLY: i64 = 0x80;

/// GROUP_TYPE_ACCOUNT_GROUP and GROUP_TYPE_SECURITY_ENABLED: a global security group (MS-ADTS 2.2.12).
const GLOBAL_SECURITY: i64 = 0x8000_0002;

/// DS_BEHAVIOR_WIN2008: below it no such objects apply.
const WIN2008: i64 = 3;

/// krbtgt.
const KRBTGT: u32 = 502;

/// The policy that applies to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Resultant {
    /// object_id of the password settings object; `None` for the domain's own policy.
    pub(super) id: Option<i64>,
    pub(super) name: Option<String>,
    /// Characters.
    pub(super) min_length: Option<i64>,
    pub(super) reversible: Option<bool>,
}

/// Password settings objects by whom they name.
pub(super) struct PasswordPolicies<'a> {
    analysis: &'a Analysis,
    /// Every object that applies is in the snapshot, and so is every group.
    known: bool,
    /// By object_id of a user or group.
    named: HashMap<i64, Vec<&'a PasswordPolicy>>,
}

impl<'a> PasswordPolicies<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let directory = &analysis.directory;
        let by_id: HashMap<i64, &PasswordPolicy> = directory
            .policies
            .iter()
            .map(|policy| (policy.object_id, policy))
            .collect();
        let mut named: HashMap<i64, Vec<&PasswordPolicy>> = HashMap::new();
        for (policy, target) in directory.links("msDS-PSOAppliesTo") {
            if let Some(policy) = by_id.get(policy) {
                named.entry(*target).or_default().push(policy);
            }
        }
        let complete = |name: &str| directory.query(name).is_some_and(|row| row.is_complete());
        let hidden = directory.may_hide("password-settings") != Some(false);
        Self {
            analysis,
            known: !hidden && complete("password-settings") && complete("groups"),
            named,
        }
    }

    /// What applies to the user at `place`; `None` for any other object, and if it is not known.
    ///
    /// MS-ADTS 3.1.1.4.5.36: objects that name the user go before those that name one of its global groups, nested ones
    /// included; of several the lowest precedence wins, then the smallest objectGUID.
    pub(super) fn of(&self, place: usize, object: &Object) -> Option<Resultant> {
        if object.kind != Kind::User || !self.known {
            return None;
        }
        let rid = object.sid.as_ref().and_then(coldcase_winsec::Sid::rid);
        if !object.has_flag(NORMAL_ACCOUNT)? || rid == Some(KRBTGT) {
            return Some(self.domain());
        }
        let candidates = match self.named.get(&object.id) {
            Some(direct) => direct.clone(),
            None => self.of_groups(place)?,
        };
        let level = self.analysis.directory.domain.functional_level;
        if candidates.is_empty() || level.is_some_and(|level| level < WIN2008) {
            return Some(self.domain());
        }
        level?;
        let unordered = candidates.iter().any(|policy| policy.precedence.is_none());
        if unordered && candidates.len() > 1 {
            return None;
        }
        let chosen = candidates
            .into_iter()
            .min_by_key(|policy| (policy.precedence, self.guid(policy)))?;
        Some(Resultant {
            id: Some(chosen.object_id),
            name: chosen.name.clone(),
            min_length: chosen.min_length,
            reversible: chosen.reversible,
        })
    }

    /// Objects that name a global group of the user; `None` if the type of such a group is not readable.
    fn of_groups(&self, place: usize) -> Option<Vec<&'a PasswordPolicy>> {
        let mut found = Vec::new();
        if self.named.is_empty() {
            return Some(found);
        }
        for group in self.analysis.memberships.all_groups(&[place]) {
            let Some(group) = self.analysis.object(group.place) else {
                continue;
            };
            let Some(policies) = self.named.get(&group.id) else {
                continue;
            };
            if group.kind == Kind::Group && group.group_type? & GLOBAL_SECURITY == GLOBAL_SECURITY {
                found.extend(policies);
            }
        }
        Some(found)
    }

    fn domain(&self) -> Resultant {
        let facts = &self.analysis.directory.domain;
        Resultant {
            id: None,
            name: Some("domain".to_owned()),
            min_length: facts.min_password_length,
            reversible: facts
                .password_properties
                .map(|flags| flags & STORE_CLEARTEXT != 0),
        }
    }

    fn guid(&self, policy: &PasswordPolicy) -> Option<Guid> {
        let place = self.analysis.directory.place(policy.object_id)?;
        self.analysis.object(place)?.guid
    }
}

/// Whether the password is stored so that it can be read, from its next change on (MS-SAMR 3.1.1.8.11.5): the account's
/// flag or its policy says so. Of an account without a policy the flag alone counts if it is no user.
pub(super) fn reversible(object: &Object, policy: Option<&Resultant>) -> Option<bool> {
    let flag = object.has_flag(STORED_REVERSIBLY);
    if object.kind != Kind::User {
        return flag;
    }
    match (flag, policy.and_then(|policy| policy.reversible)) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made, SECURITY_GROUP, guid};

    /// A domain with an administrator's view, the user at 1.
    fn made() -> Made {
        let mut made = Made::new();
        made.functional_level = Some(7);
        made.min_password_length = Some(8);
        made.password_properties = Some(1);
        made.complete = vec!["password-settings", "groups"];
        made.by_administrator();
        made.principal("user", "svc", HEAD, 1103);
        made
    }

    fn policy(made: &mut Made, name: &str, precedence: Option<i64>, min_length: i64, to: &[usize]) {
        let place = made.add("msDS-PasswordSettings", &format!("CN={name},{HEAD}"));
        made.policies.push(PasswordPolicy {
            object_id: made.objects[place].id,
            name: Some(name.to_owned()),
            precedence,
            min_length: Some(min_length),
            reversible: Some(false),
        });
        for target in to {
            made.links.push(("msDS-PSOAppliesTo", place, *target));
        }
    }

    fn result(made: Made) -> Option<Resultant> {
        let analysis = Analysis::new(made.directory());
        PasswordPolicies::new(&analysis).of(1, analysis.object(1).unwrap())
    }

    fn name(made: Made) -> Option<String> {
        result(made)?.name
    }

    #[test]
    fn the_domain_s_own_without_any_other() {
        let found = result(made()).unwrap();
        assert_eq!(
            (found.id, found.min_length, found.reversible),
            (None, Some(8), Some(false))
        );
        assert_eq!(found.name.as_deref(), Some("domain"));
    }

    #[test]
    fn hidden_objects_are_not_no_objects() {
        let mut asked = made();
        let administrator = std::mem::take(&mut asked.token);
        assert_eq!(result(asked.clone()), None);
        policy(&mut asked, "all", Some(1), 25, &[1]);
        // That one was shown says nothing of the others.
        asked.add("msKds-ProvRootKey", "CN=k,CN=Configuration");
        assert_eq!(result(asked.clone()), None);
        asked.token = administrator;
        assert_eq!(name(asked.clone()).as_deref(), Some("all"));
        asked.complete = vec!["password-settings"];
        assert_eq!(result(asked.clone()), None);
        asked.complete = vec!["groups"];
        assert_eq!(result(asked), None);
    }

    #[test]
    fn the_user_s_own_goes_before_its_groups() {
        let mut made = made();
        let group = made.principal("group", "Services", HEAD, 1200);
        made.member(group, 1);
        policy(&mut made, "group", Some(1), 25, &[group]);
        assert_eq!(name(made.clone()).as_deref(), Some("group"));
        policy(&mut made, "own", Some(9), 30, &[1]);
        assert_eq!(name(made).as_deref(), Some("own"));
    }

    #[test]
    fn only_global_security_groups_count_and_nested_ones_do() {
        let mut made = made();
        let inner = made.principal("group", "Inner", HEAD, 1200);
        let outer = made.principal("group", "Outer", HEAD, 1201);
        made.member(inner, 1);
        made.member(outer, inner);
        // A cycle must not hang.
        made.member(inner, outer);
        policy(&mut made, "outer", Some(1), 25, &[outer]);
        assert_eq!(name(made.clone()).as_deref(), Some("outer"));
        made.objects[outer].group_type = Some(0x8000_0004);
        assert_eq!(name(made.clone()).as_deref(), Some("domain"));
        made.objects[outer].group_type = Some(2);
        assert_eq!(name(made.clone()).as_deref(), Some("domain"));
        // As LDAP writes it, signed.
        made.objects[outer].group_type = Some(SECURITY_GROUP - (1 << 32));
        assert_eq!(name(made.clone()).as_deref(), Some("outer"));
        made.objects[outer].group_type = None;
        assert_eq!(name(made), None);
    }

    #[test]
    fn the_lowest_precedence_wins_then_the_smallest_guid() {
        let mut made = made();
        policy(&mut made, "second", Some(20), 25, &[1]);
        policy(&mut made, "first", Some(10), 25, &[1]);
        assert_eq!(name(made.clone()).as_deref(), Some("first"));
        made.policies[0].precedence = Some(10);
        made.objects[2].guid = Some(guid("00000000-0000-0000-0000-000000000001"));
        made.objects[3].guid = Some(guid("00000000-0000-0000-0000-000000000002"));
        assert_eq!(name(made.clone()).as_deref(), Some("second"));
        made.policies[0].precedence = None;
        assert_eq!(name(made), None);
    }

    #[test]
    fn an_old_domain_and_odd_accounts_have_the_domain_s() {
        let mut made = made();
        policy(&mut made, "all", Some(1), 25, &[1]);
        made.functional_level = Some(2);
        assert_eq!(name(made.clone()).as_deref(), Some("domain"));
        made.functional_level = None;
        assert_eq!(name(made.clone()), None);
        made.functional_level = Some(3);
        made.objects[1].user_account_control = Some(0x800);
        assert_eq!(name(made.clone()).as_deref(), Some("domain"));
        made.objects[1].user_account_control = None;
        assert_eq!(name(made), None);
    }

    #[test]
    fn managed_accounts_have_none() {
        let mut made = made();
        let gmsa = made.principal("msDS-GroupManagedServiceAccount", "g$", HEAD, 1300);
        policy(&mut made, "all", Some(1), 25, &[gmsa]);
        let analysis = Analysis::new(made.directory());
        let policies = PasswordPolicies::new(&analysis);
        assert_eq!(policies.of(gmsa, analysis.object(gmsa).unwrap()), None);
    }

    #[test]
    fn either_the_flag_or_the_policy_stores_it_reversibly() {
        let mut made = made();
        let object = &mut made.objects[1];
        let policy = |reversible| Resultant {
            reversible,
            ..Resultant::default()
        };
        let (yes, no, unknown) = (policy(Some(true)), policy(Some(false)), policy(None));
        assert_eq!(reversible(object, Some(&no)), Some(false));
        assert_eq!(reversible(object, Some(&yes)), Some(true));
        assert_eq!(reversible(object, Some(&unknown)), None);
        assert_eq!(reversible(object, None), None);
        object.user_account_control = Some(0x280);
        assert_eq!(reversible(object, None), Some(true));
        object.user_account_control = None;
        assert_eq!(reversible(object, Some(&yes)), Some(true));
        assert_eq!(reversible(object, Some(&no)), None);
    }
}
