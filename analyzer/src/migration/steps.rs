//! What to do for an account, in order.
//!
//! Deliberately in words only: commands are in [`super::script`].

use coldcase_schemas::migration::{Effect, Obstacle, ObstacleKind, Step, Target, Verdict};

use super::verdict::target_of;

fn step(title: &str, detail: impl Into<String>) -> Step {
    Step {
        title: title.to_owned(),
        detail: detail.into(),
    }
}

/// The steps for a verdict.
pub(super) fn of(verdict: Verdict, obstacles: &[Obstacle], name: Option<&str>) -> Vec<Step> {
    match target_of(verdict) {
        Some(target) => migrate(target, obstacles, name.unwrap_or_default()),
        None => match verdict {
            Verdict::UnderWay => under_way(obstacles),
            Verdict::NotDecidable => find_out(obstacles),
            _ => stay(obstacles),
        },
    }
}

fn migrate(target: Target, obstacles: &[Obstacle], name: &str) -> Vec<Step> {
    let mut steps = vec![step(
        "Confirm where it runs",
        "Look for logons of it on the controllers (event 4624 and 4769) and for services, tasks and pools on the hosts: \
         the directory names only some. Ask the software's maker whether it runs under such an account.",
    )];
    let before = |obstacle: &&Obstacle| {
        obstacle.effect == Effect::First && obstacle.targets.contains(&target)
    };
    for obstacle in obstacles.iter().filter(before) {
        steps.push(match obstacle.kind {
            ObstacleKind::KdsRootKey => step(
                "Make a KDS root key, or wait for it",
                format!(
                    "{}. Once for the forest, on a controller.",
                    obstacle.evidence
                ),
            ),
            ObstacleKind::DuplicateSpn => step(
                "Remove the duplicate SPN",
                format!(
                    "{}: find out who answers, and remove it from the other.",
                    obstacle.evidence
                ),
            ),
            _ => step("Remove what stands in the way", obstacle.evidence.clone()),
        });
    }
    match target {
        Target::Gmsa => steps.extend([
            step(
                "Make a group of the hosts",
                format!("{name}-hosts, with the hosts above. A host notices after a restart, or after klist -li 0x3e7 purge."),
            ),
            step(
                "Make the gMSA",
                format!("{name}$, readable by that group only, with AES."),
            ),
        ]),
        Target::Smsa => steps.push(step(
            "Make the sMSA",
            format!("{name}$, restricted to one computer and assigned to the host, with AES."),
        )),
        Target::Dmsa => steps.push(step(
            "Make the dMSA",
            format!("{name}$, on a controller with Windows Server 2025, with AES."),
        )),
    }
    if target == Target::Dmsa {
        steps.extend([
            step(
                "Let the hosts use it",
                "Switch delegated managed service account logons on by policy on the hosts.",
            ),
            step(
                "Start the migration",
                "Start-ADServiceAccountMigration links both accounts (msDS-ManagedAccountPrecededByLink, state 1). The service \
                 goes on with the old account while the dMSA learns its hosts.",
            ),
            step(
                "Wait until every host has logged on",
                "Two ticket lifetimes at least, longer for tasks that run once a month. Compare \
                 msDS-GroupMSAMembership with the hosts above.",
            ),
            step(
                "Complete the migration",
                "Complete-ADServiceAccountMigration (state 2): the dMSA is given SPNs and delegation, and acts with the rights \
                 of the old account, which is disabled.",
            ),
            step(
                "Watch, and keep the old account",
                "The dMSA acts with its SID through the link. Grant rights to the dMSA itself before the old account is \
                 deleted.",
            ),
        ]);
        return steps;
    }
    steps.extend([
        step(
            "Give it what the old account has",
            "Groups and delegation as above; log-on rights, permissions, databases and shares on the hosts, which the directory \
             does not show. Leave out what it does not need.",
        ),
        step(
            "Install and test it on each host",
            format!("Install-ADServiceAccount {name}, then Test-ADServiceAccount {name} answers True."),
        ),
        step(
            "Hand the service over",
            "In a maintenance window: move the SPNs, give the service the new account with an empty password, restart it.",
        ),
        step(
            "Watch, then disable the old account",
            "Look for failed logons of either. Disable the old account when nobody has missed it, delete it weeks later.",
        ),
    ]);
    steps
}

fn under_way(obstacles: &[Obstacle]) -> Vec<Step> {
    let told = obstacles
        .iter()
        .find(|obstacle| obstacle.kind == ObstacleKind::UnderWay);
    let told = told
        .map(|obstacle| obstacle.evidence.as_str())
        .unwrap_or_default();
    vec![
        step(
            "Find out who began it",
            format!(
                "{told}. If nobody did, treat it as an attack: the dMSA may act with this account's rights."
            ),
        ),
        step(
            "Finish or undo it",
            "Complete-ADServiceAccountMigration when every host has logged on with the dMSA, \
             Undo-ADServiceAccountMigration to go back one phase.",
        ),
    ]
}

fn find_out(obstacles: &[Obstacle]) -> Vec<Step> {
    let mut steps = Vec::new();
    let unknown = |kind: ObstacleKind| {
        let is = |obstacle: &Obstacle| obstacle.kind == kind && obstacle.effect == Effect::Unknown;
        obstacles.iter().any(is)
    };
    if [
        ObstacleKind::KdsRootKey,
        ObstacleKind::Schema,
        ObstacleKind::NotShown,
        ObstacleKind::UnderWay,
        ObstacleKind::Disabled,
    ]
    .into_iter()
    .any(unknown)
    {
        steps.push(step(
            "Collect with more rights",
            "As an administrator of the forest's root domain: others are not shown root keys and dMSAs.",
        ));
    }
    if [
        ObstacleKind::Hosts,
        ObstacleKind::CrossForest,
        ObstacleKind::FailoverCluster,
        ObstacleKind::HostSystem,
        ObstacleKind::FunctionalLevel,
        ObstacleKind::Server2025,
    ]
    .into_iter()
    .any(unknown)
    {
        steps.push(step(
            "Find the hosts and their systems",
            "Resolve the names in its SPNs, list the nodes of clusters and load balancers, look for its logons on the \
             controllers (event 4624 and 4769), collect the other domains.",
        ));
    }
    if [ObstacleKind::ServiceUse, ObstacleKind::KnownPassword]
        .into_iter()
        .any(unknown)
    {
        steps.push(step(
            "Ask who uses it",
            "Whether a service, a person or another system logs on with it, the directory does not say.",
        ));
    }
    steps.push(step(
        "Plan again",
        "With what was found out, or from a new snapshot.",
    ));
    steps
}

fn stay(obstacles: &[Obstacle]) -> Vec<Step> {
    let blocked = |kind: ObstacleKind| {
        obstacles
            .iter()
            .any(|obstacle| obstacle.kind == kind && obstacle.effect == Effect::Blocks)
    };
    if blocked(ObstacleKind::Disabled) {
        return vec![step(
            "Remove it",
            "Keep it disabled for a while, take its groups and SPNs away, then delete it.",
        )];
    }
    if blocked(ObstacleKind::BuiltIn) {
        return vec![step(
            "Give the service an account of its own",
            "Take the SPNs from the built-in account and make a managed account for the service.",
        )];
    }
    let mut steps = vec![step(
        "Make the password worthless to guess",
        "At least 30 random characters, changed by schedule, known to a vault only; AES keys, no RC4.",
    )];
    if blocked(ObstacleKind::HostSystem) || blocked(ObstacleKind::Schema) {
        steps.push(step(
            "Renew what is too old",
            "With newer hosts and controllers a managed account becomes possible; plan again then.",
        ));
    }
    steps.push(step(
        "Take away what it does not need",
        "Groups, delegation, logging on at a screen; let it log on to its hosts only.",
    ));
    steps
}
