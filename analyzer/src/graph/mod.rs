//! Who is in what, and who may do what.
//!
//! Owns memberships, the classification of principals, tokens and effective rights.
//! Deliberately does not build frames or judge: [`crate::frames`] and the rules do.

mod answer;
mod effective;
mod membership;
pub(crate) mod network;
mod principal;
mod protection;
#[cfg(test)]
pub(crate) mod random;
mod right;
mod token;

pub(crate) use answer::{Answer, Answers, Granted, NamedRight};
pub(crate) use effective::{Effective, Grantees, Held, Prepared, trustees};
pub(crate) use membership::is_group;
pub(crate) use membership::{Memberships, Reached};
pub(crate) use principal::{GroupClass, Principals, is_domain_controller, operates_controllers};
pub(crate) use protection::Protection;
pub(crate) use right::{Form, Part, Right, RightKind, Rights, bits};
pub(crate) use token::{Holder, Holders, Reach, Token, Tokens, index, is_security_group};
