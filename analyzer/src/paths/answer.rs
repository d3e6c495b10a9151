//! A question to the control graph and its answer: the outline, between two, from one, to one.
//!
//! Owns which question has which answer. Deliberately holds no layout: [`crate::command`] and [`crate::export`] write.

use serde::Serialize;

use super::{Chain, Overview, Towards, Unseen};

/// What was asked and found.
#[derive(Debug, Serialize)]
#[serde(tag = "question", rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Nothing in particular.
    Overview(Overview),
    /// From one to another.
    Between {
        from: String,
        to: String,
        chain: Option<Chain>,
        /// The way to tier 0, whose holder controls everything in the domain, where no other is seen.
        through_tier0: Option<Chain>,
        not_evaluated: Unseen,
    },
    /// What somebody reaches.
    From {
        from: String,
        tier0: bool,
        to_tier0: Option<Chain>,
        accounts: Towards,
        not_evaluated: Unseen,
    },
    /// Who reaches something.
    To {
        to: String,
        /// It is in tier 0: who reaches any of that reaches it.
        tier0: bool,
        by: Towards,
        /// Those outside tier 0 that reach tier 0, and so everything in the domain.
        reach_tier0: usize,
        not_evaluated: Unseen,
    },
}

/// What no answer looks at, whatever the snapshot holds.
pub(crate) const OUTSIDE: &str =
    "Who is logged on where (sessions) and what certificates allow (AD CS) is not looked at.";

impl Answer {
    /// Why ways may be missing.
    pub(crate) fn not_evaluated(&self) -> &Unseen {
        match self {
            Self::Overview(overview) => &overview.not_evaluated,
            Self::Between { not_evaluated, .. }
            | Self::From { not_evaluated, .. }
            | Self::To { not_evaluated, .. } => not_evaluated,
        }
    }
}
