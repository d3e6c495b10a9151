//! Frame `service_hints`: what speaks for a user being a service account, and how strongly.
//!
//! Deliberately does not look at hosts: services and scheduled tasks are configured there, not in the directory.

use std::collections::HashMap;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::logon_rights::users_given;
use crate::assumptions::fits;
use crate::load::{Kind, Object};

/// RIDs below are those of the domain's own accounts (MS-SAMR 3.1.1.9.2.1).
const FIRST_RID: u32 = 1000;
/// ADS_UF_INTERDOMAIN_TRUST_ACCOUNT and ADS_UF_DONT_EXPIRE_PASSWD (MS-ADTS 2.2.16).
const TRUST: i64 = 0x800;
const NEVER_EXPIRES: i64 = 0x1_0000;

/// What description holds, lower case.
const WORDS: &[&str] = &[
    "service account",
    "serviceaccount",
    "service user",
    "technical account",
    "technical user",
    "runs a service",
    "windows service",
    "scheduled task",
    "dienstkonto",
    "dienstbenutzer",
    "servicekonto",
    "compte de service",
    "cuenta de servicio",
    "account di servizio",
];

/// How much a hint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    Low,
    Medium,
    High,
}

impl Strength {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Something that speaks for a service account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hint {
    pub(crate) name: &'static str,
    pub(crate) detail: Option<String>,
    pub(crate) strength: Strength,
}

/// The hints of all users.
pub(crate) struct Hints {
    /// Place, its hints, strongest first; those whose hints come to something, in the order of their places.
    users: Vec<(usize, Vec<Hint>)>,
    confidence: HashMap<usize, Strength>,
}

impl Hints {
    pub(crate) fn new(analysis: &Analysis) -> Self {
        let rights = [
            ("SeServiceLogonRight", "service-logon-right", Strength::High),
            ("SeBatchLogonRight", "batch-logon-right", Strength::Medium),
        ];
        let mut given: HashMap<usize, Vec<Hint>> = HashMap::new();
        for (right, name, strength) in rights {
            for (place, via) in users_given(analysis, right) {
                let hints = given.entry(place).or_default();
                if hints.iter().all(|hint| hint.name != name) {
                    hints.push(Hint {
                        name,
                        detail: Some(via),
                        strength,
                    });
                }
            }
        }
        let busy = analysis.assumptions.thresholds.service_logons;
        let patterns = &analysis.assumptions.names.services;
        let patterns: Vec<String> = patterns.iter().map(|text| text.to_lowercase()).collect();
        let people = managed_people(analysis);
        let mut users = Vec::new();
        let mut confidence = HashMap::new();
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            if !is_ordinary(object) {
                continue;
            }
            let mut hints = given.remove(&place).unwrap_or_default();
            hints.extend(of(object, analysis.days(object.created), &patterns, busy));
            if !is_person(object) && !people.contains_key(&object.id) {
                hints.push(Hint {
                    name: "no-person",
                    detail: None,
                    strength: Strength::Low,
                });
            }
            if let Some(sure) = together(&hints) {
                hints.sort_by_key(|hint| std::cmp::Reverse(hint.strength));
                confidence.insert(place, sure);
                users.push((place, hints));
            }
        }
        Self { users, confidence }
    }

    /// How sure it is that the user at `place` is a service account; `None` if nothing speaks for it.
    pub(super) fn confidence(&self, place: usize) -> Option<&'static str> {
        self.confidence
            .get(&place)
            .map(|strength| strength.as_str())
    }

    /// What speaks for the user at `place` being a service account, strongest first; empty if that comes to nothing.
    pub(crate) fn of(&self, place: usize) -> &[Hint] {
        let found = self.users.binary_search_by_key(&place, |(place, _)| *place);
        let found = found.ok().and_then(|index| self.users.get(index));
        found.map_or(&[], |(_, hints)| hints)
    }

    pub(super) fn build(&self, analysis: &Analysis) -> Result<DataFrame> {
        let mut frame = Builder::new("service_hints")?;
        for (place, hints) in &self.users {
            let Some(object) = analysis.object(*place) else {
                continue;
            };
            for hint in hints {
                frame.row([
                    object.id.into(),
                    hint.name.into(),
                    hint.detail.clone().into(),
                    hint.strength.as_str().into(),
                ]);
            }
        }
        frame.finish()
    }
}

/// What the user's own attributes say; `patterns` of names are lower case, `busy` is how many logons a day, on the controller
/// asked, no person reaches on average over the life of an account.
fn of(object: &Object, created_days: Option<f64>, patterns: &[String], busy: u32) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut add = |name, detail: Option<String>, strength| {
        hints.push(Hint {
            name,
            detail,
            strength,
        });
    };
    if let Some(spn) = object.spns.first() {
        add("spn", Some(spn.clone()), Strength::High);
    }
    let name = object
        .sam_account_name
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    if let Some(pattern) = patterns.iter().find(|pattern| fits(pattern, &name)) {
        add("name", Some(pattern.clone()), Strength::Medium);
    }
    let description = object
        .description
        .as_deref()
        .unwrap_or_default()
        .to_lowercase();
    if let Some(word) = WORDS.iter().find(|word| description.contains(**word)) {
        add("description", Some((*word).to_owned()), Strength::Medium);
    }
    if object.has_flag(NEVER_EXPIRES) == Some(true) {
        add("never-expires", None, Strength::Low);
    }
    if let (Some(count), Some(days)) = (object.logon_count, created_days)
        && days >= 1.0
        && count as f64 / days >= f64::from(busy)
    {
        let detail = format!("{count} logons");
        add("logon-pattern", Some(detail), Strength::Low);
    }
    hints
}

/// The strongest hint counts; weak ones only if there are two.
fn together(hints: &[Hint]) -> Option<Strength> {
    let strongest = hints.iter().map(|hint| hint.strength).max()?;
    (strongest > Strength::Low || hints.len() > 1).then_some(strongest)
}

/// A user that is none of the domain's own and stands for no trust.
fn is_ordinary(object: &Object) -> bool {
    let own = |sid: &Sid| sid.rid().is_some_and(|rid| rid < FIRST_RID);
    object.kind == Kind::User
        && !object.sid.as_ref().is_some_and(own)
        && object.has_flag(TRUST) != Some(true)
}

/// It has what people have: a mail address or an employee id.
pub(crate) fn is_person(object: &Object) -> bool {
    let filled = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    filled(&object.mail) || filled(&object.employee_id)
}

/// Users who have a manager, by object id.
fn managed_people(analysis: &Analysis) -> HashMap<i64, i64> {
    let links = analysis.directory.links("manager");
    links.iter().copied().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::load::made::{HEAD, Made};

    /// The confidence in a user named `name` with RID `rid`, changed by `change`.
    fn confidence(name: &str, rid: u32, change: impl FnOnce(&mut Object)) -> Option<&'static str> {
        let mut made = Made::new();
        let place = made.principal("user", name, HEAD, rid);
        change(made.objects.get_mut(place).unwrap());
        let analysis = Analysis::new(made.directory());
        let hints = Hints::new(&analysis);
        assert_eq!(
            hints.build(&analysis).unwrap().height() > 0,
            hints.confidence(place).is_some()
        );
        hints.confidence(place)
    }

    fn person(object: &mut Object) {
        object.mail = Some("a@corp.example".to_owned());
    }

    #[test]
    fn the_strongest_hint_counts() {
        let spn = |object: &mut Object| object.spns = vec!["HTTP/web".to_owned()];
        assert_eq!(confidence("web", 1200, spn), Some("high"));
        assert_eq!(confidence("SVC-backup", 1200, person), Some("medium"));
        assert_eq!(confidence("backup-svc", 1200, person), Some("medium"));
        assert_eq!(confidence("batchelor", 1200, person), None);
        let told = |object: &mut Object| {
            person(object);
            object.description = Some("Technical User of the scanner".to_owned());
        };
        assert_eq!(confidence("scanner", 1200, told), Some("medium"));
    }

    #[test]
    fn a_weak_hint_needs_a_second() {
        let never = |object: &mut Object| object.user_account_control = Some(0x200 | NEVER_EXPIRES);
        assert_eq!(confidence("scanner", 1200, |_| ()), None);
        assert_eq!(confidence("scanner", 1200, never), Some("low"));
        let both = |object: &mut Object| {
            person(object);
            never(object);
        };
        assert_eq!(confidence("scanner", 1200, both), None);
        // Flags that are not readable say nothing.
        let unread = |object: &mut Object| object.user_account_control = None;
        assert_eq!(confidence("scanner", 1200, unread), None);
    }

    #[test]
    fn the_domains_own_accounts_and_trusts_are_left_out() {
        let spn = |object: &mut Object| object.spns = vec!["HTTP/web".to_owned()];
        assert_eq!(confidence("svc", 502, spn), None);
        let trust = |object: &mut Object| object.user_account_control = Some(0x820);
        assert_eq!(confidence("SVC$", 1200, trust), None);
    }

    #[test]
    fn logons_are_held_against_the_age() {
        let mut object = Made::new().objects.remove(0);
        object.logon_count = Some(2400);
        assert_eq!(of(&object, Some(100.0), &[], 24).len(), 1);
        assert_eq!(of(&object, Some(101.0), &[], 24), []);
        assert_eq!(of(&object, Some(0.0), &[], 24), []);
        assert_eq!(of(&object, None, &[], 24), []);
    }
}
