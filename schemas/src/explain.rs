//! What there is to say of one account, as other programs read it: JSON, by the schema in
//! `schemas/json/explain.schema.json`.
//!
//! Owns the wire types only; they change with [`EXPLAIN_SCHEMA`]. Every list has a fixed order. What the snapshot
//! does not show is *unknown* and says why: an empty list beside it means that nobody was seen, not that there is
//! nobody.

#[cfg(feature = "json-schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diff::Power;
use crate::report::{AccountRisk, Finding, Severity, SnapshotFacts, Subject};

/// Value of [`Explanation::schema`].
pub const EXPLAIN_SCHEMA: &str = "coldcase-explain/1";

/// One account: what it is, who can take it, what it can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Explanation {
    /// Always [`EXPLAIN_SCHEMA`].
    pub schema: String,
    /// Program and version that wrote this.
    pub program: String,
    /// What was analysed. Every age is measured against its `taken_at`.
    pub snapshot: SnapshotFacts,
    /// The account.
    pub account: Subject,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub identity: Identity,
    /// Its risk as a sum that a person can redo; `None` where no rule is about it and none found anything.
    pub risk: Option<AccountRisk>,
    /// Rules that may still add to the risk: what they would find is not known. Then the risk is a lower bound.
    pub not_judged: Vec<NotJudged>,
    /// What was found of it, most severe first.
    pub findings: Vec<ExplainedFinding>,
    /// The rules of these findings, each once, in the order of the findings.
    pub rules: Vec<RuleText>,
    /// Who can read its password, reset it, control it, and impersonate users to it; always these four, in this order.
    pub powers: Vec<PowerOver>,
    /// What it can reach, and who reaches it.
    pub reach: Reach,
    /// Its password through time.
    pub rotation: Rotation,
    /// What was not collected, not readable or cut short anywhere, so that groups, rights or ways may be missing: a
    /// sentence each.
    pub not_seen: Vec<String>,
}

/// What an account is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Identity {
    /// True for a gMSA, sMSA, dMSA, or a user with a service principal name.
    pub service_account: bool,
    /// The name of the object (its RDN).
    pub object_name: Option<String>,
    /// userPrincipalName.
    pub user_principal_name: Option<String>,
    /// description; `None` also where a rule found a password in it, as `unknown` then says.
    pub description: Option<String>,
    /// managedBy, else manager: a DN.
    pub managed_by: Option<String>,
    /// whenCreated.
    pub created: Option<Moment>,
    /// True if enabled; `None` if userAccountControl was not shown.
    pub enabled: Option<bool>,
    /// True if it is in tier 0 by what was seen.
    pub tier0: bool,
    /// servicePrincipalName.
    pub spns: Vec<ServiceName>,
    /// Where it runs, by what the directory says.
    pub hosts: Vec<Host>,
    /// What of the above is not known, and why.
    pub unknown: Vec<UnknownFact>,
}

/// An attribute that was not shown, so that nothing follows from its absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct UnknownFact {
    /// lDAPDisplayName.
    pub attribute: String,
    /// Why it is not known.
    pub why: String,
}

/// A point in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Moment {
    /// RFC 3339 UTC, to the second.
    pub at: String,
    /// Days from then to the snapshot; negative if it is still to come.
    pub days: f64,
}

/// A service principal name and the computer it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ServiceName {
    /// servicePrincipalName.
    pub spn: String,
    /// The computer of the snapshot that has this host name; `None` if there is none.
    pub computer: Option<Subject>,
}

/// Where an account runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HostBy {
    /// msDS-HostServiceAccount of the host names it.
    Installed,
    /// The host may read its password.
    Reader,
    /// A service principal name of it means the host.
    ServiceName,
}

impl HostBy {
    /// What makes it a host, for people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Installed => "it is installed there",
            Self::Reader => "may read its password",
            Self::ServiceName => "its SPN names it",
        }
    }
}

/// A computer on which an account runs or may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Host {
    /// The computer.
    pub computer: Subject,
    /// Why.
    pub by: Vec<HostBy>,
    /// True if it is enabled; `None` if that was not readable.
    pub enabled: Option<bool>,
    /// operatingSystem.
    pub operating_system: Option<String>,
}

/// A rule that could not judge the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct NotJudged {
    /// Id of the rule; of a page of one's own that did not run, its file.
    pub rule: String,
    /// Code of the rule; empty for a page that did not run.
    pub code: String,
    /// Its title; empty for a page that did not run.
    pub title: String,
    /// Why it could not.
    pub why: String,
}

/// A finding with the facts in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ExplainedFinding {
    /// As the report has it.
    pub finding: Finding,
    /// Its evidence for people, in the rule's order.
    pub facts: Vec<String>,
}

/// The prose of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RuleText {
    /// Id of the rule.
    pub id: String,
    /// Code in the catalogue.
    pub code: String,
    /// One line.
    pub title: String,
    /// The worst severity it has here.
    pub severity: Severity,
    /// Why it matters, Markdown.
    pub why: String,
    /// How to fix it, Markdown.
    pub fix: String,
}

/// Whether it is known who has a power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Knowledge {
    /// What decides it was read whole.
    Known,
    /// Part of what decides it was not read: those who are told have it, others may.
    Partly,
    /// What decides it was not readable or is malformed.
    Unknown,
    /// There is no such power over this kind of account.
    NotApplicable,
}

/// Who has one power over the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PowerOver {
    /// Which.
    pub power: Power,
    /// Whether the lists below are all.
    pub knowledge: Knowledge,
    /// Why they are not, or why there is no such power; empty otherwise.
    pub why: String,
    /// Those outside tier 0, the ones that stand for most accounts first.
    pub others: Vec<PowerHolder>,
    /// Administrators and what else holds it by design, and tier 0.
    pub administrators: Vec<PowerHolder>,
}

/// Somebody with a power, told once: a group stands for its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PowerHolder {
    /// Who: a principal, a group or a well-known SID.
    pub holder: Subject,
    /// Its name for people.
    pub name: String,
    /// True if it stands for nearly everybody.
    pub broad: bool,
    /// Its rights, strongest first.
    pub rights: Vec<RightHeld>,
    /// Users, computers and managed accounts that hold it by this, the account itself aside; 1 for a principal.
    pub principals: u64,
    /// Those of them in tier 0.
    pub tier0_principals: u64,
    /// Members from outside the domain of whom only the name is known.
    pub outside: u64,
    /// Up to ten of the principals by name: of a group, those outside tier 0 first.
    pub examples: Vec<String>,
}

/// A right and why it is held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RightHeld {
    /// As the frame `controls` spells it; beside these `read-password`, `act-for` and `constrained-delegation`.
    pub right: String,
    /// What the holder may do, for people.
    pub about: String,
    /// The entry or attribute that gives it, in words.
    pub cause: String,
    /// The container whose own entry it is, if it is inherited: its DN.
    pub inherited_from: Option<String>,
    /// True if it hangs on a condition that only a domain controller can decide.
    pub conditional: bool,
    /// Members of the holder who are denied it.
    pub denied: u64,
}

/// What the account can reach, and who reaches it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Reach {
    /// Security groups in its token: privileged ones first, then those it is in directly, then nested.
    pub groups: Vec<GroupOf>,
    /// Rights over other objects, by itself or by a group; what everybody who logs on may do comes last.
    pub rights: Vec<RightsOver>,
    /// TRUSTED_FOR_DELEGATION: keeps the tickets of whoever calls it; `None` if userAccountControl was not shown.
    pub unconstrained: Option<bool>,
    /// TRUSTED_TO_AUTH_FOR_DELEGATION: may impersonate whom it likes without their ticket; `None` if not shown.
    pub protocol_transition: Option<bool>,
    /// msDS-AllowedToDelegateTo.
    pub delegates_to: Vec<DelegationTarget>,
    /// Why msDS-AllowedToDelegateTo is not known; `None` if it is.
    pub delegates_to_unknown: Option<String>,
    /// Steps to tier 0; 0 in tier 0, `None` if no way is seen.
    pub tier0_hops: Option<u32>,
    /// The shortest way to tier 0; `None` if there is none or it is in tier 0 itself.
    pub tier0_way: Option<Way>,
    /// Service accounts that it is seen to be able to take over, in any number of steps.
    pub service_accounts: u32,
    /// Users, computers and managed accounts outside tier 0 that are seen to be able to take it over, in any number of
    /// steps.
    pub taken_over_by: u32,
    /// Why there may be more; `None` if what decides it was read.
    pub taken_over_unknown: Option<String>,
    /// The nearest of these, with their ways.
    pub taken_over_ways: Vec<Way>,
    /// True if whoever logs on can.
    pub taken_over_by_everybody: bool,
}

/// A group of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct GroupOf {
    /// The group.
    pub group: Subject,
    /// Its name for people.
    pub name: String,
    /// `tier0`, `operators`, or nothing.
    pub class: Option<String>,
    /// True if it is in it by itself, by `member` or primaryGroupID.
    pub direct: bool,
    /// The groups on the way, joined by arrows; empty if direct.
    pub via: String,
}

/// A right over others, by one holder of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RightsOver {
    /// As the frame `controls` spells it.
    pub right: String,
    /// The words between holder and object, for people.
    pub words: String,
    /// The group, or well-known SID, by which the account holds it; `None` for itself.
    pub via: Option<String>,
    /// True if everybody who logs on holds it.
    pub everybodys: bool,
    /// True if it hangs on a condition.
    pub conditional: bool,
    /// Objects.
    pub objects: u64,
    /// The first ten by the order of the snapshot: names.
    pub examples: Vec<String>,
}

/// A service that the account may impersonate users to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct DelegationTarget {
    /// msDS-AllowedToDelegateTo.
    pub spn: String,
    /// Who answers for it; `None` if nobody in the snapshot does.
    pub account: Option<Subject>,
    /// True if that is in tier 0.
    pub tier0: bool,
}

/// A way in the control graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Way {
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Step by step.
    pub steps: Vec<Step>,
}

/// One step of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Step {
    /// From whom.
    pub from: String,
    /// The kind of step.
    pub by: String,
    /// The words between the two names.
    pub words: String,
    /// To what.
    pub to: String,
    /// The entry or attribute that proves it.
    pub evidence: String,
    /// True for something to be done, false for what is there already, such as a membership.
    pub act: bool,
}

/// A password through time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Rotation {
    /// pwdLastSet; `None` if it is not known, or was never set.
    pub password_set: Option<Moment>,
    /// pwdLastSet is 0: it was never set, or must be changed at the next logon.
    pub must_change: bool,
    /// DONT_EXPIRE_PASSWORD; `None` if userAccountControl was not shown. Nothing is said of managed accounts.
    pub never_expires: Option<bool>,
    /// msDS-ManagedPasswordInterval, days.
    pub interval_days: Option<i64>,
    /// When the next password is due by epoch and interval; a domain controller makes it when a host asks after that.
    pub due: Option<Moment>,
    /// msDS-ManagedPasswordId.
    pub current: Option<PasswordId>,
    /// msDS-ManagedPasswordPreviousId.
    pub previous: Option<PasswordId>,
    /// The KDS root key that the current password is derived from.
    pub root_key: Option<RootKey>,
    /// The later of lastLogon (as this controller knows it) and lastLogonTimestamp (up to 14 days behind).
    pub last_logon: Option<Moment>,
    /// What of the above is not known, and why.
    pub unknown: Vec<UnknownFact>,
}

/// A managed password's id (MS-GKDI 2.2.4): what it was derived from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PasswordId {
    /// KDS root key, GUID.
    pub root_key_id: String,
    /// L0 index of the epoch.
    pub l0: i32,
    /// L1 index.
    pub l1: i32,
    /// L2 index; one is ten hours.
    pub l2: i32,
    /// Start of the epoch; `None` if the indices are no time.
    pub epoch: Option<Moment>,
}

/// A KDS root key as the snapshot has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RootKey {
    /// GUID.
    pub id: String,
    /// True if the snapshot holds it; `None` if keys are hidden from whoever collected.
    pub present: Option<bool>,
    /// msKds-CreateTime.
    pub created: Option<Moment>,
    /// msKds-UseStartTime.
    pub effective: Option<Moment>,
}
