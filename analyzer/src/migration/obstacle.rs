//! Obstacles in short.
//!
//! Deliberately decides nothing: what an obstacle means is in [`super::verdict`].

use coldcase_schemas::migration::{Effect, Obstacle, ObstacleKind, Target};

/// Rules `targets` out.
pub(super) fn blocks(kind: ObstacleKind, targets: &[Target], evidence: String) -> Obstacle {
    made(kind, Effect::Blocks, targets, evidence)
}

/// Leaves open whether `targets` are possible.
pub(super) fn unknown(kind: ObstacleKind, targets: &[Target], evidence: String) -> Obstacle {
    made(kind, Effect::Unknown, targets, evidence)
}

/// Must be removed before.
pub(super) fn first(kind: ObstacleKind, targets: &[Target], evidence: String) -> Obstacle {
    made(kind, Effect::First, targets, evidence)
}

/// Must be looked at.
pub(super) fn warns(kind: ObstacleKind, targets: &[Target], evidence: String) -> Obstacle {
    made(kind, Effect::Warns, targets, evidence)
}

fn made(kind: ObstacleKind, effect: Effect, targets: &[Target], evidence: String) -> Obstacle {
    Obstacle {
        kind,
        effect,
        targets: targets.to_vec(),
        evidence,
    }
}
