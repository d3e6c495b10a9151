//! One of two sides, and something that there is of each.

/// The earlier or the later snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum When {
    Before,
    After,
}

impl When {
    pub(super) const BOTH: [Self; 2] = [Self::Before, Self::After];

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }

    /// As texts call the snapshot.
    pub(super) fn snapshot(self) -> &'static str {
        match self {
            Self::Before => "the earlier snapshot",
            Self::After => "the later snapshot",
        }
    }
}

/// Of each side one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Both<T> {
    pub(super) before: T,
    pub(super) after: T,
}

impl<T> Both<T> {
    /// Asks for both.
    pub(super) fn with(mut each: impl FnMut(When) -> T) -> Self {
        Self {
            before: each(When::Before),
            after: each(When::After),
        }
    }

    pub(super) fn get(&self, when: When) -> &T {
        match when {
            When::Before => &self.before,
            When::After => &self.after,
        }
    }

    pub(super) fn get_mut(&mut self, when: When) -> &mut T {
        match when {
            When::Before => &mut self.before,
            When::After => &mut self.after,
        }
    }
}
