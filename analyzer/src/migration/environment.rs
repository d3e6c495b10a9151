//! What forest and domain must have before an account can be managed: root key, classes, controllers.
//!
//! Owns which kind of account needs what. Deliberately looks at no account.

use coldcase_schemas::migration::{Effect, Obstacle, ObstacleKind, Target};

use super::obstacle::{blocks, first, unknown, warns};
use crate::frames::{Analysis, build_of};
use crate::graph::is_domain_controller;
use crate::history::Moment;
use crate::rules::query_limit;

/// First builds of Windows Server 2012 and 2025.
pub(super) const SERVER_2012: i64 = 9200;
pub(super) const SERVER_2025: i64 = 26100;

/// msDS-Behavior-Version of a domain in which every controller is a Windows Server 2012 (MS-ADTS 6.1.4.4).
const LEVEL_2012: i64 = 5;

/// Both kinds of account whose password is derived from a root key.
const DERIVED: &[Target] = &[Target::Dmsa, Target::Gmsa];

/// What stands in the way of every account.
pub(super) fn obstacles(analysis: &Analysis) -> Vec<Obstacle> {
    let mut found = Vec::new();
    found.extend(root_key(analysis));
    for (target, class) in [
        (Target::Dmsa, "msDS-DelegatedManagedServiceAccount"),
        (Target::Gmsa, "msDS-GroupManagedServiceAccount"),
        (Target::Smsa, "msDS-ManagedServiceAccount"),
    ] {
        let targets = &[target];
        match analysis.directory.schema.has(class) {
            Some(true) => (),
            Some(false) => found.push(blocks(
                ObstacleKind::Schema,
                targets,
                format!("the schema has no class {class}"),
            )),
            None => found.push(unknown(
                ObstacleKind::Schema,
                targets,
                format!("the schema was not read whole, so whether it has {class} is not known"),
            )),
        }
    }
    found.extend(controllers_2012(analysis));
    found.extend(controllers_2025(analysis));
    found.sort_by_key(|obstacle| (obstacle.effect, obstacle.kind));
    found
}

/// Whether the forest has a root key in effect.
fn root_key(analysis: &Analysis) -> Option<Obstacle> {
    let kind = ObstacleKind::KdsRootKey;
    let directory = &analysis.directory;
    let keys = &directory.kds_keys;
    let in_effect = |ticks: Option<i64>| directory.clock.days_since(ticks?);
    if keys
        .iter()
        .any(|key| in_effect(key.effective).is_some_and(|days| days >= 0.0))
    {
        return None;
    }
    if keys.iter().any(|key| key.effective.is_none()) {
        let text = "a KDS root key does not show from when on it is in effect (msKds-UseStartTime)";
        return Some(unknown(kind, DERIVED, text.to_owned()));
    }
    let hidden = match directory.may_hide("kds-root-keys") {
        Some(true) => Some("KDS root keys may be hidden from whoever collected".to_owned()),
        _ => query_limit(directory, "kds-root-keys"),
    };
    if let Some(why) = hidden {
        return Some(unknown(
            kind,
            DERIVED,
            format!("whether there is a KDS root key in effect is not known: {why}"),
        ));
    }
    let soonest = keys.iter().filter_map(|key| key.effective).min();
    let text = match soonest.and_then(Moment::of_filetime) {
        Some(moment) => format!("the KDS root key is not in effect before {moment}"),
        None => "the forest has no KDS root key; a new one is in effect after 10 hours".to_owned(),
    };
    Some(first(kind, DERIVED, text))
}

/// A gMSA is served by controllers from Windows Server 2012 on.
fn controllers_2012(analysis: &Analysis) -> Option<Obstacle> {
    let kind = ObstacleKind::FunctionalLevel;
    let targets = &[Target::Gmsa];
    let level = analysis.directory.domain.functional_level;
    if level.is_some_and(|level| level >= LEVEL_2012) {
        return None;
    }
    let at = level.map_or_else(
        || "the functional level of the domain was not shown".to_owned(),
        |level| {
            format!("the functional level of the domain is {level}, below 5 (Windows Server 2012)")
        },
    );
    let builds = builds_of_controllers(analysis);
    let newer = builds
        .iter()
        .flatten()
        .filter(|build| **build >= SERVER_2012);
    let (newer, all) = (newer.count(), builds.len());
    Some(match newer {
        0 if all > 0 && builds.iter().all(Option::is_some) && whole(analysis) => blocks(
            kind,
            targets,
            format!("{at}, and no controller is a Windows Server 2012 or later"),
        ),
        0 => unknown(
            kind,
            targets,
            format!("{at}, and the systems of its controllers are not all known"),
        ),
        _ if newer == all => warns(kind, targets, at),
        _ => warns(
            kind,
            targets,
            format!(
                "{at}; {newer} of {all} controllers are Windows Server 2012 or later, and only those serve a gMSA"
            ),
        ),
    })
}

/// A dMSA is served by controllers from Windows Server 2025 on.
fn controllers_2025(analysis: &Analysis) -> Option<Obstacle> {
    let kind = ObstacleKind::Server2025;
    let targets = &[Target::Dmsa];
    if analysis.controllers_2025() > 0 {
        let text = "a controller with Windows Server 2025 must have the update of August 2025: before it, whoever may \
                    create or write a dMSA could succeed any account";
        return Some(warns(kind, targets, text.to_owned()));
    }
    Some(if analysis.may_have_2025() || !whole(analysis) {
        let text = "whether a controller is a Windows Server 2025 is not known";
        unknown(kind, targets, text.to_owned())
    } else {
        let text = "no controller is a Windows Server 2025";
        blocks(kind, targets, text.to_owned())
    })
}

fn builds_of_controllers(analysis: &Analysis) -> Vec<Option<i64>> {
    let objects = analysis.directory.objects.iter();
    let controllers = objects.filter(|object| is_domain_controller(object));
    controllers.map(build_of).collect()
}

/// Every computer was seen, controllers among them.
fn whole(analysis: &Analysis) -> bool {
    query_limit(&analysis.directory, "computers").is_none()
}

/// What a new root key, or waiting for one, removes.
pub(super) fn needs_root_key(obstacles: &[Obstacle]) -> Option<&Obstacle> {
    obstacles.iter().find(|obstacle| {
        obstacle.kind == ObstacleKind::KdsRootKey && obstacle.effect == Effect::First
    })
}
