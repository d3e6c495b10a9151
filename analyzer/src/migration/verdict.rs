//! From obstacles to a verdict.
//!
//! Owns the order of preference: a dMSA where all is there for it, since nothing changes on the hosts; else a gMSA; an sMSA
//! only where a gMSA is ruled out. Deliberately never takes what is unknown for possible.

use coldcase_schemas::migration::{
    Effect, Obstacle, ObstacleKind, Possible, Target, TargetOption, Verdict,
};

/// What can become of an account, and why.
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    pub(super) why: Vec<String>,
    pub(super) options: Vec<TargetOption>,
    /// False where something must be done before; `None` without a target.
    pub(super) ready: Option<bool>,
}

/// The kind of account that a verdict names.
pub(super) fn target_of(verdict: Verdict) -> Option<Target> {
    match verdict {
        Verdict::Dmsa => Some(Target::Dmsa),
        Verdict::Gmsa => Some(Target::Gmsa),
        Verdict::Smsa => Some(Target::Smsa),
        Verdict::UnderWay | Verdict::StaysUser | Verdict::NotDecidable => None,
    }
}

/// Decides by the obstacles of account, hosts and domain together.
pub(super) fn decide(obstacles: &[Obstacle], hosts: usize) -> Decision {
    let options = Target::ALL.map(|target| TargetOption {
        target,
        possible: possible(obstacles, target),
    });
    let is = |target: Target| possible(obstacles, target);
    let under_way = |obstacle: &Obstacle| {
        obstacle.kind == ObstacleKind::UnderWay && obstacle.effect == Effect::Blocks
    };
    let verdict = match (is(Target::Dmsa), is(Target::Gmsa), is(Target::Smsa)) {
        _ if obstacles.iter().any(under_way) => Verdict::UnderWay,
        (Possible::Yes, _, _) => Verdict::Dmsa,
        (_, Possible::Yes, _) => Verdict::Gmsa,
        (_, Possible::Unknown, _) => Verdict::NotDecidable,
        (_, Possible::No, Possible::Yes) => Verdict::Smsa,
        (_, Possible::No, Possible::Unknown) | (Possible::Unknown, _, _) => Verdict::NotDecidable,
        (Possible::No, Possible::No, Possible::No) => Verdict::StaysUser,
    };
    let told = |effect: Effect, only: Option<Target>| -> Vec<String> {
        let about = |obstacle: &&Obstacle| {
            obstacle.effect == effect
                && match only {
                    Some(target) => obstacle.targets.contains(&target),
                    None => !obstacle.targets.is_empty(),
                }
        };
        let evidence = obstacles.iter().filter(about);
        evidence.map(|obstacle| obstacle.evidence.clone()).collect()
    };
    let all_hosts = |target: Target| {
        let hosts = match hosts {
            1 => "the one host that is known runs".to_owned(),
            count => format!("the {count} hosts that are known run"),
        };
        format!("{hosts} a system that can use a {}", target.about())
    };
    let why = match verdict {
        Verdict::Dmsa => vec![all_hosts(Target::Dmsa)],
        Verdict::Gmsa => vec![all_hosts(Target::Gmsa)],
        Verdict::Smsa => {
            let mut why = vec!["it runs on one host, and a gMSA is ruled out".to_owned()];
            why.extend(told(Effect::Blocks, Some(Target::Gmsa)));
            why
        }
        Verdict::UnderWay => obstacles
            .iter()
            .filter(|obstacle| under_way(obstacle))
            .map(|obstacle| obstacle.evidence.clone())
            .collect(),
        Verdict::StaysUser => told(Effect::Blocks, Some(Target::Gmsa)),
        // What is unknown of a dMSA alone decides only where nothing else is left.
        Verdict::NotDecidable => match told(Effect::Unknown, Some(Target::Gmsa)) {
            missing if !missing.is_empty() => missing,
            _ => told(Effect::Unknown, None),
        },
    };
    let ready = target_of(verdict).map(|target| {
        !obstacles
            .iter()
            .any(|obstacle| obstacle.effect == Effect::First && obstacle.targets.contains(&target))
    });
    Decision {
        verdict,
        why,
        options: options.into(),
        ready,
    }
}

/// Whether an obstacle is one that the verdict comes from, or that its migration must mind: what rules out a dMSA says nothing
/// of an account that becomes a gMSA.
pub(super) fn hangs_on(verdict: Verdict, obstacle: &Obstacle) -> bool {
    let about = |target: Target| obstacle.targets.contains(&target);
    match (obstacle.effect, target_of(verdict)) {
        (Effect::Blocks, None) => verdict != Verdict::NotDecidable && about(Target::Gmsa),
        (Effect::Unknown, None) => verdict == Verdict::NotDecidable && !obstacle.targets.is_empty(),
        (Effect::First, Some(target)) => about(target),
        (Effect::Warns, Some(target)) => obstacle.targets.is_empty() || about(target),
        (Effect::Blocks | Effect::Unknown, Some(_)) | (Effect::First | Effect::Warns, None) => {
            false
        }
    }
}

/// What rules out is stronger than what is unknown: whatever that is, the answer stays no.
fn possible(obstacles: &[Obstacle], target: Target) -> Possible {
    let any = |effect: Effect| {
        let mut obstacles = obstacles.iter();
        obstacles.any(|obstacle| obstacle.effect == effect && obstacle.targets.contains(&target))
    };
    if any(Effect::Blocks) {
        Possible::No
    } else if any(Effect::Unknown) {
        Possible::Unknown
    } else {
        Possible::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::obstacle::{blocks, first, unknown, warns};

    fn verdict(obstacles: &[Obstacle]) -> (Verdict, Option<bool>) {
        let decision = decide(obstacles, 1);
        assert!(!decision.why.is_empty(), "{:?}", decision.verdict);
        (decision.verdict, decision.ready)
    }

    #[test]
    fn what_is_unknown_is_never_a_yes() {
        let kind = ObstacleKind::Hosts;
        let text = String::new;
        let dmsa = &[Target::Dmsa][..];
        let gmsa = &[Target::Gmsa][..];
        let smsa = &[Target::Smsa][..];
        assert_eq!(verdict(&[]), (Verdict::Dmsa, Some(true)));
        assert_eq!(
            verdict(&[unknown(kind, dmsa, text())]),
            (Verdict::Gmsa, Some(true))
        );
        assert_eq!(
            verdict(&[blocks(kind, dmsa, text()), unknown(kind, gmsa, text())]),
            (Verdict::NotDecidable, None)
        );
        assert_eq!(
            verdict(&[blocks(kind, dmsa, text()), blocks(kind, gmsa, text())]),
            (Verdict::Smsa, Some(true))
        );
        assert_eq!(
            verdict(&[
                blocks(kind, dmsa, text()),
                blocks(kind, gmsa, text()),
                unknown(kind, smsa, text())
            ]),
            (Verdict::NotDecidable, None)
        );
        assert_eq!(
            verdict(&[
                unknown(kind, dmsa, text()),
                blocks(kind, gmsa, text()),
                blocks(kind, smsa, text())
            ]),
            (Verdict::NotDecidable, None)
        );
        let all = [
            unknown(kind, &Target::ALL, text()),
            blocks(kind, &Target::ALL, text()),
        ];
        assert_eq!(verdict(&all), (Verdict::StaysUser, None));
    }

    #[test]
    fn what_must_be_done_before_does_not_rule_out() {
        let key = first(
            ObstacleKind::KdsRootKey,
            &[Target::Dmsa, Target::Gmsa],
            String::new(),
        );
        assert_eq!(
            verdict(std::slice::from_ref(&key)),
            (Verdict::Dmsa, Some(false))
        );
        let level = warns(
            ObstacleKind::FunctionalLevel,
            &[Target::Gmsa],
            String::new(),
        );
        assert_eq!(verdict(&[level]), (Verdict::Dmsa, Some(true)));
    }
}
