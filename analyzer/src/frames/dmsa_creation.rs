//! Frame `dmsa_creation`: who may create a delegated managed service account where, and what that is worth.
//!
//! Creating is asked exactly: CREATE_CHILD for that class (MS-ADTS 3.1.1.5.2.1), so that a deny of the class counts
//! against a grant of every class. What it is worth hangs on things that LDAP does not tell, the update for
//! CVE-2025-53779 above all: the frame gives both verdicts and says what they assume. What is a finding, the rule decides.
//! What a creator may do with what he made is in [`newborn`], whom he can name as the predecessor in [`victims`].

mod assumption;
pub(super) mod inheritance;
mod newborn;
pub(super) mod pairs;
mod victims;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::access::{Node, Outcome};
use coldcase_winsec::{AccessMask, Guid, Sid};
use polars::prelude::DataFrame;

pub(super) use assumption::is_read as heuristics_read;

use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{Form, Held, Holder, Part, Prepared, Right, RightKind};
use crate::load::{Kind, Object};
use newborn::{Heuristics, Newborn};
use victims::Victims;

const CREATE_CONTAINER: &str = "create-container";
/// Rights by which one changes the permissions of a container.
const CHANGERS: [RightKind; 4] = [
    RightKind::FullControl,
    RightKind::WriteDacl,
    RightKind::WriteOwner,
    RightKind::Owner,
];

const CLASS: &str = "msDS-DelegatedManagedServiceAccount";

/// What one may create in a container, then owns, and can create dMSAs in: it does not inherit a deny that is for the
/// container alone, and its owner keeps WRITE_DAC whatever dSHeuristics says (MS-ADTS 6.1.3.4).
const UNITS: &[&str] = &["organizationalUnit", "container"];

/// An answer that may hang on a conditional ACE, which only the domain controller can decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    #[default]
    No,
    Unknown,
    Yes,
}

impl From<Outcome> for Sure {
    fn from(outcome: Outcome) -> Self {
        match (outcome.least.is_granted(), outcome.most.is_granted()) {
            (true, _) => Self::Yes,
            (false, true) => Self::Unknown,
            (false, false) => Self::No,
        }
    }
}

/// Somebody who comes by a new dMSA in a container.
struct Creation {
    held: Held,
    right: &'static str,
    /// By creating it there; else by what the right leads to.
    creates: bool,
    creates_container: bool,
    /// May write the attributes of what he creates.
    controls: Sure,
    /// The same if dSHeuristics 28 and 29 were enforced.
    controls_enforced: Sure,
}

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("dmsa_creation")?;
    let found = Creators::new(analysis, false).find();
    let victims = if found.is_empty() {
        Victims::default()
    } else {
        Victims::new(analysis)
    };
    let assumes = assumption::text(&analysis.directory, analysis.controllers_2025());
    for (place, creation) in &found {
        let Some(container) = analysis.object(*place) else {
            continue;
        };
        let holder = creation.held.holder;
        let Some(trustee) = analysis.sid_of(holder) else {
            continue;
        };
        let power = victims.of(&analysis.effective.tokens, holder);
        let before = before_update(creation);
        frame.row([
            container.id.into(),
            trustee.to_string().into(),
            analysis.by_sid(trustee).map(|object| object.id).into(),
            analysis.name_of(trustee).into(),
            analysis.principals.is_broad(trustee).into(),
            creation.right.into(),
            creation.held.inherited.into(),
            creation.held.ace.into(),
            creation.held.unknown.into(),
            creation
                .held
                .except
                .as_ref()
                .map_or(0, |except| except.count())
                .into(),
            creation.creates.into(),
            creation.creates_container.into(),
            (creation.controls != Sure::No).into(),
            (creation.controls_enforced != Sure::No).into(),
            (power.account.max(power.tier0) != Sure::No).into(),
            before.into(),
            after_update(before, power.tier0, victims.unread).into(),
            assumes.as_str().into(),
            container
                .descriptor
                .zip(creation.held.ace)
                .and_then(|(id, ace)| analysis.ace_sddl(id, ace))
                .into(),
        ]);
    }
    frame.finish()
}

/// Who comes by a dMSA that succeeds whom he likes, as long as the update is missing: container, and the right by which,
/// those with rights by design too. Unknown where it hangs on a condition.
pub(crate) fn creators(analysis: &Analysis) -> Vec<(usize, Held)> {
    let found = Creators::new(analysis, true).find().into_iter();
    let creators = found.filter_map(|(place, creation)| {
        let mut held = creation.held.clone();
        held.unknown = match before_update(&creation) {
            "no" => return None,
            before => before == "unknown",
        };
        Some((place, held))
    });
    creators.collect()
}

/// Without the update, whoever controls the attributes of a dMSA succeeds whom he likes.
fn before_update(creation: &Creation) -> &'static str {
    let controls = if creation.creates_container {
        Sure::Yes
    } else {
        creation.controls
    };
    match (controls, creation.held.unknown) {
        (Sure::No, _) => "no",
        (Sure::Yes, false) => "domain",
        _ => "unknown",
    }
}

/// With the update, two attributes of the victim must name the dMSA too.
fn after_update(before: &str, tier0: Sure, unread: bool) -> &'static str {
    match (before, tier0) {
        ("no", _) => "no",
        ("domain", Sure::Yes) => "domain",
        (_, Sure::Yes | Sure::Unknown) => "unknown",
        (_, Sure::No) if unread => "unknown",
        (_, Sure::No) => "needs a write on the victim",
    }
}

/// Goes through the containers, each distinct (descriptor, class) once.
struct Creators<'a> {
    analysis: &'a Analysis,
    /// Also those who hold such rights by design.
    expected: bool,
    newborn: Newborn<'a>,
    heuristics: Heuristics,
}

impl<'a> Creators<'a> {
    fn new(analysis: &'a Analysis, expected: bool) -> Self {
        Self {
            analysis,
            expected,
            newborn: Newborn::new(analysis),
            heuristics: Heuristics::of(&analysis.directory.domain),
        }
    }

    fn find(&self) -> Vec<(usize, Arc<Creation>)> {
        let directory = &self.analysis.directory;
        // Of AdminSDHolder there are several lists.
        let mut controls: HashMap<usize, Vec<Held>> = HashMap::new();
        for (place, held) in &self.analysis.controls().rows {
            let changes = held.iter().filter(|held| CHANGERS.contains(&held.right));
            controls.entry(*place).or_default().extend(changes.cloned());
        }
        let mut known: HashMap<(i64, &str), Vec<Arc<Creation>>> = HashMap::new();
        let mut found = Vec::new();
        for (place, object) in directory.objects.iter().enumerate() {
            let holds_accounts = matches!(
                object.kind,
                Kind::OrganizationalUnit | Kind::Container | Kind::Domain | Kind::Gpo
            ) && directory.is_in_domain(object);
            let Some(id) = object.descriptor.filter(|_| holds_accounts) else {
                continue;
            };
            let creations = known.entry((id, &*object.classes)).or_insert_with(|| {
                let controls = controls.get(&place).map_or(&[][..], |held| held.as_slice());
                let creations = self.of(id, object, controls).unwrap_or_default();
                creations.into_iter().map(Arc::new).collect()
            });
            found.extend(
                creations
                    .iter()
                    .map(|creation| (place, Arc::clone(creation))),
            );
        }
        found
    }

    /// `controls`: who holds what over the container itself.
    fn of(&self, id: i64, container: &Object, controls: &[Held]) -> Option<Vec<Creation>> {
        let analysis = self.analysis;
        let descriptor = analysis.whole_descriptor(id)?;
        let prepared = analysis.prepared(id)?;
        let class = analysis.directory.schema.guid(CLASS)?;
        let children = self.children(container);
        let possible = |class: &Guid| {
            children
                .as_ref()
                .is_none_or(|children| children.contains(class))
        };
        // Of a class that the forest does not have yet, the schema cannot say where its objects will go.
        if analysis.directory.schema.has(CLASS) == Some(true) && !possible(&class) {
            return None;
        }
        let mut units = Vec::new();
        for unit in UNITS
            .iter()
            .filter_map(|name| analysis.directory.schema.guid(name))
            .filter(&possible)
        {
            let makers = self.makers(&prepared, unit);
            units.extend(
                makers
                    .into_iter()
                    .filter(|held| self.newborn.is_ones_own(descriptor, unit, held.holder)),
            );
        }
        let mut found: Vec<Creation> = Vec::new();
        for held in self.makers(&prepared, class) {
            let controls = |heuristics| {
                self.newborn
                    .controls(descriptor, class, held.holder, heuristics)
            };
            found.push(Creation {
                right: right_of(&prepared, &held),
                creates: true,
                creates_container: self.is_among(&units, held.holder),
                controls: controls(self.heuristics),
                controls_enforced: controls(Heuristics::ENFORCED),
                held,
            });
        }
        let changers = CHANGERS.iter().flat_map(|right| {
            let held = controls.iter().filter(move |held| held.right == *right);
            held.map(move |held| (right.as_str(), held.clone()))
        });
        let units_of_ones_own = units.iter().map(|held| (CREATE_CONTAINER, held.clone()));
        for (right, held) in changers.chain(units_of_ones_own) {
            if !self.matters(&held) {
                continue;
            }
            // Whoever changes the permissions of the container controls what he creates there.
            let mut of_same = found.iter_mut().filter(|known| {
                known.held.holder == held.holder
                    && known.held.unknown >= held.unknown
                    && (held.except.is_none() || known.held.except == held.except)
            });
            if let Some(known) = of_same.next() {
                // A unit of one's own is another way, which the row says already.
                if right != CREATE_CONTAINER {
                    known.controls = Sure::Yes;
                    known.controls_enforced = Sure::Yes;
                }
                if known.held.unknown == held.unknown && known.held.except == held.except {
                    continue;
                }
            }
            found.push(Creation {
                right,
                creates: false,
                creates_container: self.is_among(&units, held.holder),
                controls: Sure::Yes,
                controls_enforced: Sure::Yes,
                held,
            });
        }
        Some(found)
    }

    /// Who may create objects of `class`, those aside who hold such rights by design.
    fn makers(&self, prepared: &Prepared, class: Guid) -> Vec<Held> {
        let part = Part {
            bit: AccessMask::CREATE_CHILD,
            node: Node::ChildClass(class),
        };
        let right = Right {
            kind: RightKind::CreateDmsa,
            form: Form::Any(vec![part]),
        };
        let held = self
            .analysis
            .effective
            .held_of(prepared, &[right], false)
            .into_iter();
        held.filter(|held| held.right == RightKind::CreateDmsa && self.matters(held))
            .collect()
    }

    fn matters(&self, held: &Held) -> bool {
        let analysis = self.analysis;
        let expected = |sid: &Sid| analysis.principals.is_expected(&analysis.directory, sid);
        analysis
            .sid_of(held.holder)
            .is_some_and(|sid| self.expected || !expected(sid))
    }

    /// Whether `holder` is surely one of these, by what stands in its token.
    fn is_among(&self, makers: &[Held], holder: Holder) -> bool {
        if makers.is_empty() {
            return false;
        }
        let token = self.analysis.effective.tokens.token(holder);
        makers.iter().any(|held| {
            !held.unknown
                && token.contains(&held.holder)
                && !held
                    .except
                    .as_ref()
                    .is_some_and(|except| except.contains(holder))
        })
    }

    /// The classes of what may be created in it; `None` if the snapshot does not hold the whole schema.
    fn children(&self, container: &Object) -> Option<HashSet<Guid>> {
        let directory = &self.analysis.directory;
        let whole = directory
            .query("schema-classes")
            .is_some_and(|row| row.is_complete());
        (whole && directory.classes.knows(&container.classes)).then(|| {
            directory
                .classes
                .children(&container.classes)
                .iter()
                .map(|child| child.guid)
                .collect()
        })
    }
}

/// As `controls` calls it: of the class, or of every class.
fn right_of(prepared: &Prepared, held: &Held) -> &'static str {
    let entries = prepared.list.entries().iter();
    let typed = held.ace.map_or(!prepared.list.is_null(), |ace| {
        entries
            .filter(|entry| entry.position == ace)
            .any(|entry| entry.object_type.is_some())
    });
    if typed {
        RightKind::CreateDmsa.as_str()
    } else {
        RightKind::CreateAny.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_verdict_is_better_than_what_is_not_known() {
        assert_eq!(
            after_update("domain", Sure::No, false),
            "needs a write on the victim"
        );
        assert_eq!(after_update("domain", Sure::No, true), "unknown");
        assert_eq!(after_update("domain", Sure::Unknown, false), "unknown");
        assert_eq!(after_update("domain", Sure::Yes, true), "domain");
        assert_eq!(after_update("unknown", Sure::Yes, false), "unknown");
        assert_eq!(after_update("no", Sure::Yes, true), "no");
    }
}
