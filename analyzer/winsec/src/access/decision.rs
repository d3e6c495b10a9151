//! What an access check answers.
//!
//! Owns the shape of an answer, and what it means when a condition leaves it open.

/// What granted a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decider {
    /// The ACE at this position in the DACL.
    Ace(usize),
    /// Being the owner.
    Owner,
    /// There is no DACL.
    NullDacl,
}

/// Whether a right is granted, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Granted by this.
    Granted(Decider),
    /// Denied by the ACE at this position in the DACL, or because nothing grants it.
    Denied(Option<usize>),
}

/// The answer in the worst and in the best case for the requester. Equal where no conditional ACE
/// stands in the way. Any other outcome of the conditions grants no less than `least` and no more
/// than `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outcome {
    /// Every condition goes against the requester: that of an allow fails, that of a deny holds.
    pub least: Decision,
    /// Every condition goes in the requester's favour.
    pub most: Decision,
}

impl Decision {
    /// Whether the right is granted.
    pub const fn is_granted(self) -> bool {
        matches!(self, Decision::Granted(_))
    }

    /// Position in the DACL of the ACE that decided, if one did.
    pub const fn ace(self) -> Option<usize> {
        match self {
            Decision::Granted(Decider::Ace(position)) => Some(position),
            Decision::Granted(_) => None,
            Decision::Denied(position) => position,
        }
    }
}

impl Outcome {
    /// The same answer either way.
    pub(super) const fn certain(decision: Decision) -> Outcome {
        Outcome {
            least: decision,
            most: decision,
        }
    }

    /// Whether the conditions decide. Not so if the cases differ only in the ACE that decides.
    pub const fn is_unknown(self) -> bool {
        self.least.is_granted() != self.most.is_granted()
    }
}
