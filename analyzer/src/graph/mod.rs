//! Who is in what, and who may do what.
//!
//! Owns memberships, the classification of principals and the walk over a DACL.
//! Deliberately does not build frames or judge: [`crate::frames`] and the rules do.

mod access;
mod membership;
mod principal;

pub(crate) use access::{Grant, RightKind, Rights, allowed_trustees, may_act, may_read};
pub(crate) use membership::is_group;
pub(crate) use membership::{Memberships, Reached};
pub(crate) use principal::{GroupClass, Principals, group_class, is_domain_controller};
