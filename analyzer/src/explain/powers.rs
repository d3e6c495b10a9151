//! Who can read an account's password, reset it, control it, or impersonate users to it, and by which entry.
//!
//! Who holds a right is [`crate::graph`]'s answer, as the frame `controls` and the control graph have it. A holder is
//! told once for each power, a group for its members. Deliberately follows no way of several steps: [`super::reach`]
//! does.

use std::collections::HashMap;
use std::sync::Arc;

use coldcase_schemas::diff::Power;
use coldcase_schemas::explain::{Knowledge, PowerHolder, PowerOver, RightHeld};

use super::absent::why_hidden;
use super::crowd::{Crowds, subject_of_sid};
use crate::compare::Sight;
use crate::frames::{Analysis, Owners, let_in};
use crate::graph::{Held, Holder, RightKind};
use crate::load::{Kind, Object};
use crate::paths::{Reason, Unseen};
use crate::rules::subject_of;

/// Rights by one descriptor.
type Rows = Arc<Vec<Held>>;

/// A right, a descriptor and the position of an entry in it.
type Entry = (RightKind, i64, Option<usize>);

/// Who holds what over accounts.
pub(crate) struct Holders<'a> {
    analysis: &'a Analysis,
    crowds: Crowds<'a>,
    rows: HashMap<usize, Vec<Rows>>,
    let_in: HashMap<(i64, RightKind), Option<Rows>>,
    /// Who delegates to a service of an account: place, and the names by which.
    delegates: HashMap<usize, Vec<(usize, Vec<&'a str>)>>,
    /// What was not collected, so that a right or a member may be missing: a sentence each.
    limits: Vec<String>,
    causes: HashMap<Entry, String>,
    /// Container by the parent's place, the descriptor and the entry.
    origins: HashMap<(usize, i64, usize), Option<String>>,
}

impl<'a> Holders<'a> {
    pub(crate) fn new(analysis: &'a Analysis, owners: &Owners) -> Self {
        let mut rows: HashMap<usize, Vec<Rows>> = HashMap::new();
        for (place, held) in &analysis.controls().rows {
            rows.entry(*place).or_default().push(Arc::clone(held));
        }
        Self {
            crowds: Crowds::new(analysis),
            rows,
            let_in: HashMap::new(),
            delegates: delegates(analysis, owners),
            limits: limits(analysis),
            causes: HashMap::new(),
            origins: HashMap::new(),
            analysis,
        }
    }

    /// The four powers over the object at `place`.
    pub(crate) fn powers(&mut self, place: usize, object: &Object) -> Vec<PowerOver> {
        vec![
            self.read(place, object),
            self.reset(place, object),
            self.control(place, object),
            self.delegate(place, object),
        ]
    }

    fn read(&mut self, place: usize, object: &Object) -> PowerOver {
        let none = match object.kind {
            Kind::Gmsa | Kind::Dmsa => None,
            Kind::Smsa => Some(
                "a standalone managed account has no list of readers: the host that it is installed on makes its \
                 password",
            ),
            _ => Some("the directory hands out no password of this kind of account"),
        };
        if let Some(why) = none {
            return not_applicable(Power::Read, why);
        }
        let Some(id) = object.readers else {
            return unknown(
                Power::Read,
                "msDS-GroupMSAMembership, which says who may, was not shown: not set, or not readable"
                    .to_owned(),
            );
        };
        match self.let_in(id, RightKind::ReadPassword) {
            Some(rows) => {
                let rows: Vec<(&Held, i64)> = rows.iter().map(|held| (held, id)).collect();
                self.told(Power::Read, place, object, &rows)
            }
            None => unknown(Power::Read, self.malformed("msDS-GroupMSAMembership", id)),
        }
    }

    fn reset(&mut self, place: usize, object: &Object) -> PowerOver {
        if !object.kind.is_principal() {
            return not_applicable(Power::Reset, "a group has no password");
        }
        // Full control is not told again as what follows from it.
        self.by_permissions(Power::Reset, place, object, |right| {
            matches!(right, RightKind::ResetPassword | RightKind::FullControl)
        })
    }

    fn control(&mut self, place: usize, object: &Object) -> PowerOver {
        self.by_permissions(Power::Control, place, object, |right| {
            right != RightKind::ResetPassword
        })
    }

    fn by_permissions(
        &mut self,
        power: Power,
        place: usize,
        object: &Object,
        wanted: impl Fn(RightKind) -> bool,
    ) -> PowerOver {
        let Some(id) = object.descriptor else {
            return unknown(power, "its permissions were not readable".to_owned());
        };
        if self.analysis.prepared(id).is_none() {
            return unknown(power, self.malformed("nTSecurityDescriptor", id));
        }
        let rows = self.rows.get(&place).cloned().unwrap_or_default();
        let rows: Vec<(&Held, i64)> = rows
            .iter()
            .flat_map(|rows| rows.iter())
            .filter(|held| wanted(held.right))
            .map(|held| (held, id))
            .collect();
        self.told(power, place, object, &rows)
    }

    fn delegate(&mut self, place: usize, object: &Object) -> PowerOver {
        let power = Power::Delegate;
        if !object.kind.is_principal() {
            return not_applicable(power, "a group runs no service");
        }
        let mut why = Vec::new();
        let rows = match object.allowed_to_act {
            Some(id) => match self.let_in(id, RightKind::ActFor) {
                Some(rows) => Some((rows, id)),
                None => {
                    why.push(self.malformed("msDS-AllowedToActOnBehalfOfOtherIdentity", id));
                    None
                }
            },
            None => {
                let attribute = "msDS-AllowedToActOnBehalfOfOtherIdentity";
                why.extend(why_hidden(self.analysis, object, attribute));
                None
            }
        };
        let rows: Vec<(&Held, i64)> = rows
            .iter()
            .flat_map(|(rows, id)| rows.iter().map(|held| (held, *id)))
            .collect();
        let mut told = self.told(power, place, object, &rows);
        for (delegate, names) in self.delegates.get(&place).into_iter().flatten() {
            let Some(holder) = self.analysis.object(*delegate) else {
                continue;
            };
            let is_tier0 = self.analysis.principals.is_tier0(*delegate);
            let list = if is_tier0 {
                &mut told.administrators
            } else {
                &mut told.others
            };
            list.push(PowerHolder {
                holder: subject_of(holder),
                name: self.analysis.title(holder),
                broad: false,
                rights: vec![RightHeld {
                    right: "constrained-delegation".to_owned(),
                    about: RightKind::ActFor.about().to_owned(),
                    cause: format!("its msDS-AllowedToDelegateTo names {}", names.join(", ")),
                    inherited_from: None,
                    conditional: false,
                    denied: 0,
                }],
                principals: 1,
                tier0_principals: u64::from(is_tier0),
                outside: 0,
                examples: vec![self.analysis.title(holder)],
            });
        }
        let directory = &self.analysis.directory;
        let of_others = ["msDS-AllowedToDelegateTo", "servicePrincipalName"];
        let hidden: Vec<String> = of_others
            .iter()
            .filter_map(|attribute| directory.hides(&DELEGATES, attribute))
            .collect();
        if !hidden.is_empty() {
            why.extend(hidden);
        } else if !Sight::of(self.analysis).is_administrator() {
            why.push(
                "whoever collected is no administrator, and may not have been shown msDS-AllowedToDelegateTo of others"
                    .to_owned(),
            );
        }
        if !why.is_empty() {
            why.extend(self.limits.iter().cloned());
            told.knowledge = Knowledge::Partly;
            told.why = why.join("; ");
        }
        told
    }

    fn let_in(&mut self, id: i64, right: RightKind) -> Option<Rows> {
        let analysis = self.analysis;
        let rows = self.let_in.entry((id, right));
        rows.or_insert_with(|| let_in(analysis, id, right).map(Arc::new))
            .clone()
    }

    fn malformed(&self, attribute: &str, id: i64) -> String {
        let defect = self.analysis.directory.descriptors.defect(id);
        format!(
            "{attribute} is malformed: {}",
            defect.unwrap_or("it is missing")
        )
    }

    /// Rows, each by the descriptor with the id beside it, as one holder each.
    fn told(
        &mut self,
        power: Power,
        place: usize,
        object: &Object,
        rows: &[(&Held, i64)],
    ) -> PowerOver {
        let analysis = self.analysis;
        let own = object.sid.as_ref().filter(|_| object.kind.is_principal());
        let mut by_holder: Vec<(&Held, Vec<(&Held, i64)>)> = Vec::new();
        let mut known: HashMap<Holder, Vec<usize>> = HashMap::new();
        for (held, id) in rows {
            // What an account may do to itself is no one else's power.
            if own.is_some() && analysis.sid_of(held.holder) == own {
                continue;
            }
            // Once for all rights that are denied to the same members.
            let places = known.entry(held.holder).or_default();
            let same = places.iter().copied().find(|place| {
                let known: Option<&(&Held, Vec<_>)> = by_holder.get(*place);
                known.is_some_and(|(first, _)| first.except == held.except)
            });
            match same.and_then(|place| by_holder.get_mut(place)) {
                Some((_, rights)) => rights.push((held, *id)),
                None => {
                    places.push(by_holder.len());
                    by_holder.push((held, vec![(held, *id)]));
                }
            }
        }
        let (mut others, mut administrators) = (Vec::new(), Vec::new());
        for (first, rights) in by_holder {
            let Some(sid) = analysis.sid_of(first.holder) else {
                continue;
            };
            let crowd = self.crowds.of(first.holder, first.except.as_ref());
            let counted = crowd.without(analysis, place);
            let expected = analysis.principals.is_expected(&analysis.directory, sid);
            let list = if expected {
                &mut administrators
            } else {
                &mut others
            };
            let mut rights: Vec<RightHeld> = rights
                .into_iter()
                .map(|(held, id)| self.right(held, id, object))
                .collect();
            rights.dedup();
            list.push(PowerHolder {
                holder: subject_of_sid(analysis, sid),
                name: analysis.name_of(sid),
                broad: analysis.principals.is_broad(sid),
                rights,
                principals: counted.principals,
                tier0_principals: counted.tier0,
                outside: counted.outside,
                examples: counted.examples,
            });
        }
        others.sort_by(|a, b| {
            let key = |one: &PowerHolder| (!one.broad, u64::MAX - one.principals);
            let names = |one: &PowerHolder| (one.name.clone(), one.holder.clone());
            key(a).cmp(&key(b)).then_with(|| names(a).cmp(&names(b)))
        });
        administrators.sort_by(|a, b| (&a.name, &a.holder).cmp(&(&b.name, &b.holder)));
        PowerOver {
            power,
            knowledge: if self.limits.is_empty() {
                Knowledge::Known
            } else {
                Knowledge::Partly
            },
            why: self.limits.join("; "),
            others,
            administrators,
        }
    }

    fn right(&mut self, held: &Held, id: i64, object: &Object) -> RightHeld {
        let analysis = self.analysis;
        let cause = self.causes.entry((held.right, id, held.ace));
        let cause = cause.or_insert_with(|| {
            let reason = Reason::Right {
                right: held.right,
                descriptor: id,
                ace: held.ace.and_then(|ace| u32::try_from(ace).ok()),
                unknown: false,
                some_denied: false,
            };
            reason.evidence(analysis)
        });
        RightHeld {
            right: held.right.as_str().to_owned(),
            about: held.right.about().to_owned(),
            cause: cause.clone(),
            inherited_from: self.origin(held, id, object),
            conditional: held.unknown,
            denied: held
                .except
                .as_ref()
                .map_or(0, |denied| denied.count() as u64),
        }
    }

    /// DN of the container whose entry it is.
    fn origin(&mut self, held: &Held, id: i64, object: &Object) -> Option<String> {
        let position = held.ace.filter(|_| held.inherited)?;
        let analysis = self.analysis;
        let parent = analysis.directory.parent(object)?;
        let origin = self.origins.entry((parent, id, position));
        origin
            .or_insert_with(|| {
                let descriptor = analysis.directory.descriptors.get(id)?;
                let ace = descriptor.dacl.as_ref()?.aces.get(position)?;
                let place = analysis.origin(parent, ace)?;
                analysis.object(place).map(|object| object.dn.clone())
            })
            .clone()
    }
}

/// By the account that is delegated to; who delegates in the order of the snapshot.
fn delegates<'a>(
    analysis: &'a Analysis,
    owners: &Owners,
) -> HashMap<usize, Vec<(usize, Vec<&'a str>)>> {
    let mut found: HashMap<usize, Vec<(usize, Vec<&str>)>> = HashMap::new();
    for (place, object) in analysis.directory.objects.iter().enumerate() {
        if !object.kind.is_principal() {
            continue;
        }
        for name in &object.delegates_to {
            let Some(target) = owners.of(name).filter(|target| *target != place) else {
                continue;
            };
            let delegates = found.entry(target).or_default();
            match delegates.last_mut().filter(|(last, _)| *last == place) {
                Some((_, names)) => names.push(name),
                None => delegates.push((place, vec![name])),
            }
        }
    }
    found
}

/// Queries whose objects may delegate.
const DELEGATES: [&str; 3] = ["service-accounts", "users", "computers"];

/// What is hidden holds nothing by a group that was seen; policies and root keys give no right over an account.
fn limits(analysis: &Analysis) -> Vec<String> {
    let mut unseen = Unseen::of(analysis);
    unseen.hidden.clear();
    unseen
        .queries
        .retain(|query| !matches!(*query, "gpos" | "kds-root-keys"));
    unseen.of_tokens()
}

fn unknown(power: Power, why: String) -> PowerOver {
    nobody(power, Knowledge::Unknown, why)
}

fn not_applicable(power: Power, why: &str) -> PowerOver {
    nobody(power, Knowledge::NotApplicable, why.to_owned())
}

fn nobody(power: Power, knowledge: Knowledge, why: String) -> PowerOver {
    PowerOver {
        power,
        knowledge,
        why,
        others: Vec::new(),
        administrators: Vec::new(),
    }
}
