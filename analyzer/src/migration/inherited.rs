//! What a successor inherits from the account or must not: delegation, privileges, ciphers, a password that others know.
//!
//! Owns what is carried over by hand or not at all. Deliberately tells no password and no free text.

use coldcase_schemas::migration::{Obstacle, ObstacleKind, PresentValues, Target};
use coldcase_schemas::report::Subject;

use super::account::Accounts;
use super::obstacle::{unknown, warns};
use crate::explain::why_hidden;
use crate::frames::{PROTOCOL_TRANSITION, ciphers};
use crate::load::Object;
use crate::report::is_hidden;

/// ADS_UF_DONT_REQUIRE_PREAUTH and ADS_UF_NOT_DELEGATED (MS-ADTS 2.2.16).
const NO_PREAUTHENTICATION: i64 = 0x40_0000;
pub(super) const NOT_DELEGATED: i64 = 0x10_0000;

impl Accounts<'_> {
    /// What must be looked at before the account at `place` has a successor.
    pub(super) fn inherited(
        &self,
        place: usize,
        object: &Object,
        present: &PresentValues,
        found: &[&str],
    ) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        delegation(object, present, &mut obstacles);
        self.privileges(place, present, &mut obstacles);
        keys(object, found, &mut obstacles);
        self.not_shown(object, &mut obstacles);
        unprintable(present, &mut obstacles);
        obstacles
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
        let id = object.map(|object| object.id);
        if let Some(silo) = id.and_then(|id| self.silos.get(&id)) {
            let name = self.analysis.directory.dn(*silo).unwrap_or("a silo");
            obstacles.push(warns(
                kind,
                &[],
                format!("it is assigned to {name}: assign the new account too, and admit it there"),
            ));
        }
        if id.is_some_and(|id| self.with_history.contains(&id)) {
            obstacles.push(warns(
                kind,
                &[],
                "it has SIDs of the past (sIDHistory), whose rights the new account does not get"
                    .to_owned(),
            ));
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

fn delegation(object: &Object, present: &PresentValues, obstacles: &mut Vec<Obstacle>) {
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
        told("it is marked as sensitive, so nobody delegates it: to be carried over".to_owned());
    }
}
