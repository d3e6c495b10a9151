//! What stands in the way of one account, its hosts and its domain aside.
//!
//! Owns the facts of the account itself: state, use, privileges, delegation, ciphers, what else knows its password.
//! Deliberately tells no password and no free text.

use std::collections::HashMap;

use coldcase_schemas::migration::{Obstacle, ObstacleKind, PresentValues, Target};
use coldcase_schemas::report::Subject;

use super::obstacle::{blocks, first, unknown, warns};
use crate::explain::why_hidden;
use crate::frames::{Analysis, Hints, PROTOCOL_TRANSITION, Strength, ciphers, is_person};
use crate::load::{Kind, Object};
use crate::report::is_hidden;
use crate::rules::query_limit;

/// RIDs below are those of the domain's own accounts (MS-SAMR 3.1.1.9.2.1).
const FIRST_RID: u32 = 1000;

/// ADS_UF_DONT_REQUIRE_PREAUTH and ADS_UF_NOT_DELEGATED (MS-ADTS 2.2.16).
const NO_PREAUTHENTICATION: i64 = 0x40_0000;
const NOT_DELEGATED: i64 = 0x10_0000;

/// msDS-SupersededServiceAccountState of an account that a dMSA succeeds, or has succeeded.
const STARTED: i64 = 1;
const COMPLETED: i64 = 2;

/// What all accounts share.
pub(super) struct Accounts<'a> {
    analysis: &'a Analysis,
    hints: &'a Hints,
    /// Who has a service principal name, in lower case.
    holders: HashMap<String, Vec<usize>>,
    /// Targets of msDS-SupersededManagedAccountLink by object id.
    successors: HashMap<i64, i64>,
    /// Why lists of members may lack some.
    groups_unknown: Option<String>,
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
        let links = directory.links("msDS-SupersededManagedAccountLink").iter();
        let cut = directory.cut_short.iter();
        let cut = cut.filter(|list| list.query == "groups").count() > 0;
        Self {
            analysis,
            hints,
            holders,
            successors: links.copied().collect(),
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
        self.delegation(object, present, &mut obstacles);
        self.privileges(place, present, &mut obstacles);
        keys(object, found, &mut obstacles);
        self.not_shown(object, &mut obstacles);
        unprintable(present, &mut obstacles);
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

    fn delegation(&self, object: &Object, present: &PresentValues, obstacles: &mut Vec<Obstacle>) {
        let kind = ObstacleKind::Delegation;
        let mut told = |text: String| obstacles.push(warns(kind, &[], text));
        if object.is_trusted_for_delegation() == Some(true) {
            told(
                "it is trusted for unconstrained delegation, which is not carried over by itself: find out which services \
                 it needs, and delegate to those"
                    .to_owned(),
            );
        }
        if !present.delegates_to.is_empty() {
            let transition = match object.has_flag(PROTOCOL_TRANSITION) {
                Some(true) => "with protocol transition ",
                _ => "",
            };
            let list = present.delegates_to.join(", ");
            told(format!(
                "it delegates {transition}to {list}: to be carried over"
            ));
        }
        let names = |subjects: &[Subject]| {
            let names = subjects.iter().map(crate::report::name_of);
            names.collect::<Vec<&str>>().join(", ")
        };
        if !present.impersonates_to.is_empty() {
            let list = names(&present.impersonates_to);
            told(format!(
                "{list} let it impersonate users: they must name the new account"
            ));
        }
        if object.allowed_to_act.is_some() {
            let list = match present.impersonated_by.as_slice() {
                [] => "somebody who is not told here".to_owned(),
                some => names(some),
            };
            told(format!(
                "it lets {list} impersonate users to it: to be carried over"
            ));
        }
        if object.has_flag(NOT_DELEGATED) == Some(true) {
            told(
                "it is marked as sensitive, so nobody delegates it: to be carried over".to_owned(),
            );
        }
    }

    fn privileges(&self, place: usize, present: &PresentValues, obstacles: &mut Vec<Obstacle>) {
        let kind = ObstacleKind::Privileged;
        let privileged = present.groups.iter().filter(|held| held.privileged);
        let names: Vec<&str> = privileged
            .map(|held| crate::report::name_of(&held.group))
            .collect();
        if !names.is_empty() {
            obstacles.push(warns(
                kind,
                &[],
                format!(
                    "it is in {}, which is not carried over by itself: give the new account only what it needs",
                    names.join(", ")
                ),
            ));
        } else if self.analysis.principals.is_tier0(place) {
            obstacles.push(warns(
                kind,
                &[],
                "it is in tier 0: so are its hosts and whoever reads the new account's password"
                    .to_owned(),
            ));
        }
        let object = self.analysis.object(place);
        if object.is_some_and(|object| object.admin_count == Some(1)) {
            let text = "adminCount is 1: it is or was in a protected group".to_owned();
            obstacles.push(warns(kind, &[], text));
        }
        if let Some(why) = &self.groups_unknown {
            obstacles.push(unknown(
                ObstacleKind::NotShown,
                &[],
                format!("it may be in more groups than are told: {why}"),
            ));
        }
    }

    /// Values that are not shown may be there: neither carried over nor given back.
    fn not_shown(&self, object: &Object, obstacles: &mut Vec<Obstacle>) {
        for (attribute, is_set, targets) in [
            // Without its names nobody knows where it runs.
            (
                "servicePrincipalName",
                !object.spns.is_empty(),
                &Target::ALL[..],
            ),
            (
                "msDS-AllowedToDelegateTo",
                !object.delegates_to.is_empty(),
                &[],
            ),
            (
                "msDS-AllowedToActOnBehalfOfOtherIdentity",
                object.allowed_to_act.is_some(),
                &[],
            ),
        ] {
            if is_set {
                continue;
            }
            if let Some(why) = why_hidden(self.analysis, object, attribute) {
                let text = format!("whether {attribute} is set is not known: {why}");
                obstacles.push(unknown(ObstacleKind::NotShown, targets, text));
            }
        }
    }
}

/// Ciphers, and who else knows the password.
fn keys(object: &Object, found: &[&str], obstacles: &mut Vec<Obstacle>) {
    match ciphers(object) {
        Some(weak @ ("rc4" | "rc4+des" | "des")) => obstacles.push(warns(
            ObstacleKind::Encryption,
            &[],
            format!(
                "it is limited to {weak}, the new account is given AES only: try with every peer that it does AES"
            ),
        )),
        Some(_) => (),
        None => obstacles.push(unknown(
            ObstacleKind::Encryption,
            &[],
            "its encryption types were not shown".to_owned(),
        )),
    }
    if object.has_flag(NO_PREAUTHENTICATION) == Some(true) {
        obstacles.push(warns(
            ObstacleKind::Encryption,
            &[],
            "it needs no pre-authentication, which is not carried over: some old peer may have needed that".to_owned(),
        ));
    }
    if found.contains(&"spn-password-in-text") {
        obstacles.push(warns(
            ObstacleKind::PasswordInText,
            &[],
            "its password may stand in readable text (spn-password-in-text); take that out, and look for it in scripts and \
             answer files too"
                .to_owned(),
        ));
    }
    if object.password_attribute == Some(true) {
        obstacles.push(unknown(
            ObstacleKind::KnownPassword,
            &Target::ALL,
            "a password attribute for another system is set; whether that system logs on with the same password is not in \
             the directory"
                .to_owned(),
        ));
    }
}

/// Values with characters that nobody can review stand in no script.
fn unprintable(present: &PresentValues, obstacles: &mut Vec<Obstacle>) {
    for (attribute, values) in [
        ("servicePrincipalName", &present.spns),
        ("msDS-AllowedToDelegateTo", &present.delegates_to),
    ] {
        for value in values.iter().filter(|value| value.chars().any(is_hidden)) {
            obstacles.push(warns(
                ObstacleKind::Unprintable,
                &[],
                format!("{attribute} has the value {value}, with characters that are not seen: no script is written"),
            ));
        }
    }
}

/// A user who runs a service or seems to: he has service principal names, or hints that he does. krbtgt has a service
/// principal name and runs nothing of ours; an account of a trust is no user's.
pub(super) fn may_run_a_service(object: &Object, hints: &Hints, place: usize) -> bool {
    object.kind == Kind::User && (object.is_service_account() || !hints.of(place).is_empty())
}
