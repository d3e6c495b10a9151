//! What the snapshot has of an account that its successor must be given and a roll-back gives back.
//!
//! Deliberately holds no free text.

use std::collections::HashMap;

use coldcase_schemas::migration::{HeldGroup, PresentValues};
use coldcase_schemas::report::Subject;
use coldcase_winsec::Sid;

use crate::frames::{Analysis, PROTECTED_USERS, let_in};
use crate::graph::RightKind;
use crate::load::Object;
use crate::rules::subject_of;

/// Who lets whom impersonate users, found once for all accounts.
pub(super) struct Present<'a> {
    analysis: &'a Analysis,
    /// Places that a descriptor lets impersonate, groups as groups, and whether those are all; by its id.
    let_in: HashMap<i64, (Vec<usize>, bool)>,
    /// Places of objects that name the one at a place.
    named_by: HashMap<usize, Vec<usize>>,
}

impl<'a> Present<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let mut of_descriptor: HashMap<i64, (Vec<usize>, bool)> = HashMap::new();
        let mut named_by: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            let Some(id) = object.allowed_to_act else {
                continue;
            };
            let (principals, _) = &*of_descriptor
                .entry(id)
                .or_insert_with(|| acting(analysis, id));
            for principal in principals.iter() {
                named_by.entry(*principal).or_default().push(place);
            }
        }
        Self {
            analysis,
            let_in: of_descriptor,
            named_by,
        }
    }

    pub(super) fn of(&self, place: usize, object: &Object) -> PresentValues {
        let subjects = |places: Option<&Vec<usize>>| -> Vec<Subject> {
            let places = places.into_iter().flatten();
            let objects = places.filter_map(|place| self.analysis.object(*place));
            objects.map(subject_of).collect()
        };
        let acting = object.allowed_to_act.and_then(|id| self.let_in.get(&id));
        let acting = acting.map(|(places, _)| places);
        PresentValues {
            spns: object.spns.clone(),
            user_account_control: object.user_account_control,
            encryption_types: object.encryption_types,
            delegates_to: object.delegates_to.clone(),
            impersonated_by: subjects(acting),
            impersonates_to: subjects(self.named_by.get(&place)),
            groups: self.groups(place),
        }
    }

    /// Whether all who may impersonate users to `object` have an object here, so that nobody is left out.
    pub(super) fn is_whole(&self, object: &Object) -> bool {
        let acting = object.allowed_to_act.and_then(|id| self.let_in.get(&id));
        acting.is_none_or(|(_, whole)| *whole)
    }

    fn groups(&self, place: usize) -> Vec<HeldGroup> {
        let analysis = self.analysis;
        let direct = analysis.memberships.groups(place).iter();
        let mut groups: Vec<HeldGroup> = direct
            .filter(|(_, primary)| !primary)
            .filter_map(|(group, _)| {
                let object = analysis.object(*group)?;
                let protected_users = object.sid.as_ref().and_then(Sid::rid)
                    == Some(PROTECTED_USERS)
                    && object.sid.as_ref().and_then(Sid::domain) == analysis.directory.domain_sid;
                let directory = &analysis.directory;
                let class = analysis.principals.group_class(directory, *group);
                let above = analysis.memberships.all_groups(&[*group]);
                let above = above.iter().any(|reached| {
                    let class = analysis.principals.group_class(directory, reached.place);
                    class.is_some()
                });
                Some(HeldGroup {
                    group: subject_of(object),
                    privileged: protected_users || class.is_some() || above,
                })
            })
            .collect();
        groups.sort_by(|a, b| a.group.dn.cmp(&b.group.dn));
        groups
    }
}

/// Places of those whom the descriptor names, each once, and whether those are all.
fn acting(analysis: &Analysis, id: i64) -> (Vec<usize>, bool) {
    let Some(held) = let_in(analysis, id, RightKind::ActFor) else {
        return (Vec::new(), false);
    };
    let tokens = &analysis.effective.tokens;
    let mut places: Vec<usize> = held
        .iter()
        .filter_map(|held| tokens.place(held.holder))
        .collect();
    let whole = places.len() == held.len() && held.iter().all(|held| held.except.is_none());
    places.sort_unstable();
    places.dedup();
    (places, whole)
}
