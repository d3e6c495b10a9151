//! A domain with something for every rule that a directory can hold, and beside it what must not be found.
//!
//! One file for each family of rules. Each plants objects through a [`Bed`] and says at once which rules must find them
//! and how severe that is, as their pages say; what provisioning itself leaves is in [`provisioned`], and what no such
//! domain can hold in [`BEYOND`]. To plant for a new rule is a few lines in the file of its family.
//! Deliberately knows no analyzer: that the expectations and the findings are the same, a test finds out.

pub(super) mod aces;
mod bed;
mod control;
mod delegation;
mod dmsa;
mod environment;
pub(super) mod faultless;
mod gmsa;
mod kds;
mod privilege;
mod provisioned;
mod smsa;
mod spn;

use std::collections::BTreeMap;

use anyhow::Result;
use coldcase_schemas::report::Severity;

use super::planted::Planted;
use super::population::Setting;
use bed::Bed;

/// A rule finds something in a subject, and says how severe it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expect {
    /// Id of the rule.
    pub rule: &'static str,
    /// `sAMAccountName`, or the distinguished name of what has none.
    pub subject: String,
    /// What the page of the rule promises for what was planted, worked out from the plant.
    pub severity: Severity,
}

/// The id of a rule, and how severe the page of the rule calls what was planted.
type Fact = (&'static str, Severity);

/// The domain after a change, and what must be found in it then. Some rules exclude each other: a domain whose accounts
/// all name one root key has none that names a missing one.
#[derive(Debug, Clone)]
pub struct State {
    /// For people.
    pub name: &'static str,
    /// LDIF for `DomainController::apply_ldif`, to come here from the state before; nothing in the first.
    pub change: String,
    /// What `coldcase.toml` says of it: a rule asks what a person knows of the controllers.
    pub assumptions: &'static str,
    /// The only rules that are asked here; all, if empty.
    pub rules: &'static [&'static str],
    /// What they must find, and how many times: once for each trustee, key or reason, as the page of the rule says.
    pub findings: BTreeMap<Expect, usize>,
}

/// What must be found, and what it takes besides the directory.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// In this order.
    pub states: Vec<State>,
    /// Security settings of the default domain policy, as SYSVOL has them (`GptTmpl.inf`).
    pub settings: String,
}

/// Rules for which nothing can be planted, and why.
pub const BEYOND: &[(&str, &str)] = &[(
    "kds-root-key-audit",
    "asks for the system ACL of a root key, which no snapshot holds",
)];

/// What `coldcase.toml` says unless a state says otherwise: not every controller has the update for CVE-2025-53779.
const ASSUMPTIONS: &str = "[controllers]\nupdated = \"no\"\n";

/// Everything, parents before children, and what must be found.
pub(super) fn planted(setting: &Setting<'_>) -> Result<Planted> {
    let mut bed = Bed::new(setting);
    provisioned::expect(&mut bed);
    gmsa::plant(&mut bed)?;
    kds::plant(&mut bed)?;
    smsa::plant(&mut bed);
    dmsa::plant(&mut bed)?;
    spn::plant(&mut bed);
    delegation::plant(&mut bed);
    privilege::plant(&mut bed)?;
    control::plant(&mut bed)?;
    environment::plant(&mut bed)?;
    Ok(bed.harvest())
}
