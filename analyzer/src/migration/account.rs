//! What stands in the way of one account, its hosts and its domain aside.
//!
//! Owns whether it is in use, by whom, and which names it shares. What its successor inherits is in [`super::inherited`].
//! Deliberately tells no password and no free text.

use std::collections::{HashMap, HashSet};

use coldcase_schemas::migration::{Obstacle, ObstacleKind, PresentValues, Target};

use super::obstacle::{blocks, first, unknown, warns};
use crate::explain::why_hidden;
use crate::frames::{Analysis, Hints, Strength, is_person};
use crate::load::{Kind, Object};
use crate::rules::query_limit;

/// RIDs below are those of the domain's own accounts (MS-SAMR 3.1.1.9.2.1).
const FIRST_RID: u32 = 1000;

/// msDS-SupersededServiceAccountState of an account that a dMSA succeeds, or has succeeded.
const STARTED: i64 = 1;
const COMPLETED: i64 = 2;

/// What all accounts share.
pub(super) struct Accounts<'a> {
    pub(super) analysis: &'a Analysis,
    hints: &'a Hints,
    /// Who has a service principal name, in lower case.
    holders: HashMap<String, Vec<usize>>,
    /// Targets of msDS-SupersededManagedAccountLink by object id.
    successors: HashMap<i64, i64>,
    /// Targets of msDS-AssignedAuthNPolicySilo by object id.
    pub(super) silos: HashMap<i64, i64>,
    /// Object ids of those who have SIDs of the past.
    pub(super) with_history: HashSet<i64>,
    /// Why lists of members may lack some.
    pub(super) groups_unknown: Option<String>,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(analysis: &'a Analysis, hints: &'a Hints) -> Self {
        let directory = &analysis.directory;
        let mut holders: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, object) in directory.objects.iter().enumerate() {
            for spn in &object.spns {
                let here = holders.entry(spn.to_lowercase()).or_default();
                if here.last() != Some(&place) {
                    here.push(place);
                }
            }
        }
        let links = |attribute| directory.links(attribute).iter().copied().collect();
        let history = directory.values("sIDHistory").iter();
        let cut = directory.cut_short.iter();
        let cut = cut.filter(|list| list.query == "groups").count() > 0;
        Self {
            analysis,
            hints,
            holders,
            successors: links("msDS-SupersededManagedAccountLink"),
            silos: links("msDS-AssignedAuthNPolicySilo"),
            with_history: history.map(|(id, _)| *id).collect(),
            groups_unknown: query_limit(directory, "groups")
                .or_else(|| cut.then(|| "lists of members were cut short".to_owned())),
        }
    }

    /// What stands in the way of the account at `place`. `found` are the ids of the rules that found something of it.
    pub(super) fn obstacles(
        &self,
        place: usize,
        object: &Object,
        present: &PresentValues,
        found: &[&str],
    ) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        let succeeded = self.succession(object, &mut obstacles);
        self.state(object, succeeded, &mut obstacles);
        self.service_use(place, object, found, &mut obstacles);
        self.duplicates(place, object, &mut obstacles);
        obstacles.extend(self.inherited(place, object, present, found));
        obstacles
    }

    /// `succeeded` says that a dMSA took its place, which disables it.
    fn state(&self, object: &Object, succeeded: bool, obstacles: &mut Vec<Obstacle>) {
        let kind = ObstacleKind::Disabled;
        match object.enabled() {
            Some(true) => (),
            Some(false) if succeeded => (),
            Some(false) => obstacles.push(blocks(
                kind,
                &Target::ALL,
                "it is disabled: nothing logs on with it, so remove it instead".to_owned(),
            )),
            None => obstacles.push(unknown(
                kind,
                &Target::ALL,
                "userAccountControl was not shown, so whether it is enabled is not known"
                    .to_owned(),
            )),
        }
        if object
            .sid
            .as_ref()
            .and_then(|sid| sid.rid())
            .is_some_and(|rid| rid < FIRST_RID)
        {
            obstacles.push(blocks(
                ObstacleKind::BuiltIn,
                &Target::ALL,
                "it is one of the domain's built-in accounts; give the service an account of its own"
                    .to_owned(),
            ));
        }
        let limit = f64::from(self.analysis.assumptions.thresholds.dormant_days);
        let days = |ticks: i64| self.analysis.directory.clock.days_since(ticks);
        match object.last_logon.filter(|ticks| *ticks > 0).and_then(days) {
            Some(days) if days > limit => obstacles.push(warns(
                ObstacleKind::Dormant,
                &[],
                format!("it logged on {days:.0} days ago last; is it still needed?"),
            )),
            Some(_) => (),
            None if object.enabled() == Some(true) => obstacles.push(warns(
                ObstacleKind::Dormant,
                &[],
                "no logon of it was seen; is it still needed?".to_owned(),
            )),
            None => (),
        }
    }

    /// Whether a dMSA succeeds it.
    fn succession(&self, object: &Object, obstacles: &mut Vec<Obstacle>) -> bool {
        let kind = ObstacleKind::UnderWay;
        let successor = self.successors.get(&object.id);
        let name = successor
            .and_then(|id| self.analysis.directory.dn(*id))
            .unwrap_or("a dMSA that is not shown");
        let state = object.superseded_state.unwrap_or(0);
        if state == 0 && successor.is_none() {
            let hidden = why_hidden(self.analysis, object, "msDS-SupersededServiceAccountState");
            if let Some(why) = hidden {
                let text = format!("whether a dMSA succeeds it already is not known: {why}");
                obstacles.push(unknown(kind, &Target::ALL, text));
            }
            return false;
        }
        let text = match state {
            STARTED => format!("{name} is learning where it is used (state 1)"),
            COMPLETED => format!("{name} has succeeded it (state 2)"),
            other => format!("{name} is linked to it in state {other}"),
        };
        obstacles.push(blocks(kind, &Target::ALL, text));
        true
    }

    fn service_use(
        &self,
        place: usize,
        object: &Object,
        found: &[&str],
        obstacles: &mut Vec<Obstacle>,
    ) {
        for hint in self.hints.of(place) {
            let right = match hint.name {
                "service-logon-right" => "log on as a service",
                "batch-logon-right" => "log on as a batch job",
                _ => continue,
            };
            let via = hint.detail.as_deref().unwrap_or_default();
            obstacles.push(warns(
                ObstacleKind::ServiceUse,
                &[],
                format!(
                    "group policies let it {right} (as {via}): the new account needs that right too"
                ),
            ));
        }
        let strongest = self.hints.of(place).iter().map(|hint| hint.strength).max();
        let mut marks = Vec::new();
        if is_person(object) {
            marks.push("it has a mail address or an employee id");
        }
        for (rule, mark) in [
            ("spn-human", "a rule takes it for a person's (spn-human)"),
            (
                "spn-interactive-logon",
                "group policies let it log on at a screen (spn-interactive-logon)",
            ),
        ] {
            if found.contains(&rule) {
                marks.push(mark);
            }
        }
        if !marks.is_empty() {
            let text = format!(
                "people may use it: {}; a managed account cannot log on at a screen",
                marks.join(", ")
            );
            obstacles.push(warns(ObstacleKind::Interactive, &[], text));
        }
        let person = is_person(object) || found.contains(&"spn-human");
        let unsure = match strongest {
            Some(Strength::High) => false,
            Some(Strength::Medium) => person,
            Some(Strength::Low) => true,
            // Built-in accounts have no hints but SPNs.
            None => object.spns.is_empty(),
        };
        if unsure {
            obstacles.push(unknown(
                ObstacleKind::ServiceUse,
                &Target::ALL,
                "what speaks for its running a service is too weak to tell".to_owned(),
            ));
        }
    }

    fn duplicates(&self, place: usize, object: &Object, obstacles: &mut Vec<Obstacle>) {
        for spn in &object.spns {
            let holders = self.holders.get(&spn.to_lowercase());
            let others = holders
                .into_iter()
                .flatten()
                .filter(|other| **other != place);
            let others: Vec<&str> = others
                .filter_map(|other| Some(self.analysis.object(*other)?.display_name()))
                .collect();
            if !others.is_empty() {
                obstacles.push(first(
                    ObstacleKind::DuplicateSpn,
                    &Target::ALL,
                    format!("{} has the SPN {spn} too", others.join(", ")),
                ));
            }
        }
    }
}

/// A user who runs a service or seems to: he has service principal names, or hints that he does. krbtgt has a service
/// principal name and runs nothing of ours; an account of a trust is no user's.
pub(super) fn may_run_a_service(object: &Object, hints: &Hints, place: usize) -> bool {
    object.kind == Kind::User && (object.is_service_account() || !hints.of(place).is_empty())
}
