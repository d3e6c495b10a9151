//! Everybody who is granted something, as the access check would say of each token by itself.
//!
//! Unlike the rows of [`Effective::held`] this counts the owner's implicit rights in, also for full control, and leaves no
//! weaker right out. For comparisons, which must find whoever came or went.

use coldcase_winsec::AccessMask;

use super::{Effective, Grantees, Prepared};
use crate::graph::right::{Form, Part, bits};
use crate::graph::token::Holders;

impl Effective {
    /// Everybody whose token is granted what `form` takes. `blocked` as in [`Effective::blocks`].
    pub(crate) fn everybody_with(
        &self,
        prepared: &Prepared,
        form: &Form,
        blocked: bool,
    ) -> Grantees {
        match form {
            Form::Whole(mask, node) => {
                let parts = bits(*mask).map(|bit| Part { bit, node: *node });
                self.with_all(prepared, parts, blocked)
            }
            Form::All(parts) if parts.len() < 2 => self.reached_by_none(),
            Form::All(parts) => self.with_all(prepared, parts.iter().cloned(), blocked),
            Form::Any(parts) => {
                let mut reached = self.reached_by_none();
                for part in parts {
                    reached.unite(&self.with_part(prepared, part, blocked));
                }
                reached
            }
        }
    }

    fn with_all(
        &self,
        prepared: &Prepared,
        parts: impl Iterator<Item = Part>,
        blocked: bool,
    ) -> Grantees {
        let each = parts.map(|part| self.with_part(prepared, &part, blocked));
        let all = each.reduce(|mut all, next| {
            all.intersect(&next);
            all
        });
        all.unwrap_or_else(|| self.reached_by_none())
    }

    fn with_part(&self, prepared: &Prepared, part: &Part, blocked: bool) -> Grantees {
        let mut reached = self.reached(prepared, std::slice::from_ref(part));
        if part.bit.intersects(AccessMask::WRITE_DACL) {
            reached.unite(&self.owning(prepared, blocked));
        }
        reached
    }

    /// Everybody who may change the DACL by holding the owner's SID.
    pub(crate) fn owning(&self, prepared: &Prepared, blocked: bool) -> Grantees {
        if prepared.list.is_null() {
            return self.reached_by_none();
        }
        let mut owning = self.reached_by_owner(prepared);
        if prepared.is_owned_by_logon() {
            owning.certain.clear();
        }
        if blocked {
            let mut exempt = Holders::with_capacity(self.tokens.len());
            let nobody = exempt.clone();
            for group in &self.exempt {
                self.tokens.reach(*group).add_to(&mut exempt, &nobody);
            }
            owning.certain.intersect_with(&exempt);
            owning.possible.intersect_with(&exempt);
        }
        owning
    }

    /// Whether a token holds what it takes not to be concerned by [`Effective::blocks`].
    pub(crate) fn is_exempt(&self, token: &super::Token) -> bool {
        self.exempt.iter().any(|group| token.contains(group))
    }
}

impl Grantees {
    /// Who holds it for certain.
    pub(crate) fn certain(&self) -> &Holders {
        &self.certain
    }

    /// Who holds it if every condition is met.
    pub(crate) fn possible(&self) -> &Holders {
        &self.possible
    }
}
