//! The trend as other programs read it: JSON, by the schema in `schemas/json/trend.schema.json`.
//!
//! Owns the wire types only; what they share with a report is in [`crate::report`]. Every list has a fixed order, so
//! the same snapshots give the same bytes, in whatever order they were named.

use std::collections::BTreeMap;

#[cfg(feature = "json-schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{Assumption, Numbers, Severity, SnapshotFacts, Subject};

/// Value of [`Trend::schema`].
pub const TREND_SCHEMA: &str = "coldcase-trend/1";

/// What several snapshots of one domain say of its development.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Trend {
    /// Always [`TREND_SCHEMA`].
    pub schema: String,
    /// Program and version that wrote the trend.
    pub program: String,
    /// DNS name of the domain, as the last snapshot says it.
    pub domain: String,
    /// SID of the domain, if the snapshots hold it.
    pub domain_sid: Option<String>,
    /// DNS name of the forest root domain.
    pub forest: String,
    /// SHA-256 over the rule pages that every point is evaluated with, unless a point names another.
    pub rule_pack_sha256: String,
    /// SHA-256 over program version and assumptions.
    pub assumptions_sha256: String,
    /// What was assumed where a directory cannot say.
    pub assumptions: Vec<Assumption>,
    /// What must be known before the numbers are compared, a sentence each.
    pub notes: Vec<String>,
    /// The rules that the lists below name, by id.
    pub rules: Vec<TrendRule>,
    /// A point for each snapshot, by the time it was taken.
    pub points: Vec<Point>,
    /// What happened between each two points.
    pub steps: Vec<Step>,
    /// What another rule pack or other assumptions made of the same snapshot, where a case file holds both.
    pub rebasings: Vec<Rebasing>,
    /// Every finding that any point has: open ones first, then those that are not known, then fixed ones; in each the
    /// most severe first, then the oldest.
    pub findings: Vec<FindingHistory>,
    /// How long it took until findings were fixed, by severity; severities without a finding are left out.
    pub times_to_fix: Vec<TimeToFix>,
    /// Every service account that any point has, the riskiest (at the last point that has it) first.
    pub accounts: Vec<AccountHistory>,
}

/// A rule that found something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct TrendRule {
    /// Stable kebab-case id.
    pub id: String,
    /// Code in the rule catalogue, e.g. `GM01`.
    pub code: String,
    /// Family, e.g. `gmsa`.
    pub family: String,
    /// One line.
    pub title: String,
}

/// One snapshot, evaluated at its own clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Point {
    /// What was analysed.
    pub snapshot: SnapshotFacts,
    /// SHA-256 over the rule pages it was evaluated with.
    pub rule_pack_sha256: String,
    /// SHA-256 over program version and assumptions it was evaluated with.
    pub assumptions_sha256: String,
    /// Over every finding.
    pub gross: Numbers,
    /// Over the findings that nobody has accepted.
    pub net: Numbers,
    /// Rules that saw everything they need, in percent of all rules that a snapshot can answer.
    pub coverage_percent: f64,
    /// True if another point saw more: by better privileges, to the end of its queries, or with a coverage higher by
    /// more than a tenth. Its exposure is a lower bound that must not be read as an improvement.
    pub saw_less: bool,
    /// Findings by family of the rule.
    pub families: BTreeMap<String, u64>,
    /// Ids of the rules that did not see everything and that a snapshot can answer.
    pub not_evaluated: Vec<String>,
}

/// What happened between two points. `change` = `rebasing` + `aging` + `scope` + `configuration` + `not_split`,
/// exactly, in hundredths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Step {
    /// When the earlier snapshot was taken.
    pub from: String,
    /// When the later snapshot was taken.
    pub to: String,
    /// Days between them.
    pub days: f64,
    /// Gross exposure of the later point less that of the earlier one.
    pub change: f64,
    /// The earlier snapshot with the rules and assumptions of the later point, less with its own: what the directory
    /// has no part in.
    pub rebasing: f64,
    /// The earlier snapshot at the later one's clock, less at its own: what time alone does.
    pub aging: f64,
    /// What is told of the later point only because the earlier one could not judge it, less what is told of the
    /// earlier point only because the later one could not: neither worse nor better.
    pub scope: f64,
    /// The rest: what somebody changed.
    pub configuration: f64,
    /// What `aging` and `configuration` hold with opposite signs: what would have come due and was done in time, such
    /// as a password that rotates. Neither point shows it.
    pub upkeep: f64,
    /// What cannot be split, since the earlier snapshot's file was not there to be evaluated again: `aging` and
    /// `configuration` together, or everything if the two points were evaluated with different rules. Else 0.
    pub not_split: f64,
    /// Why `not_split` holds anything; empty if it does not.
    pub why_not_split: String,
    /// Whose risk changed, and by which findings: those of the greatest change first.
    pub subjects: Vec<SubjectChange>,
}

/// How the risk of one subject changed between two points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct SubjectChange {
    /// As the later point names it, or the earlier one if it is gone.
    pub subject: Subject,
    /// By time alone.
    pub aging: f64,
    /// What `aging` and `configuration` hold with opposite signs.
    pub upkeep: f64,
    /// By what was seen.
    pub scope: f64,
    /// By what somebody changed.
    pub configuration: f64,
    /// What taking it over was worth; `None` if the earlier point tells nothing of it.
    pub worth_before: Option<f64>,
    /// What taking it over is worth; `None` if the later point tells nothing of it.
    pub worth_after: Option<f64>,
    /// Findings that came, went, or weigh something else.
    pub findings: Vec<FindingChange>,
}

/// A finding that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct FindingChange {
    /// Why.
    pub cause: Cause,
    /// How severe it is, or was if it went.
    pub severity: Severity,
    /// What became of it.
    pub change: Change,
    /// Id of the finding.
    pub id: String,
    /// Id of its rule.
    pub rule: String,
}

/// Why a finding changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Somebody changed something.
    Configuration,
    /// Time passed.
    Aging,
    /// One side saw what the other did not.
    Scope,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It came.
    Opened,
    /// It weighs more.
    Heavier,
    /// It weighs less.
    Lighter,
    /// It went.
    Closed,
}

/// The same snapshot under two sets of rules or assumptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Rebasing {
    /// SHA-256 of the rule pack before.
    pub rule_pack_sha256: String,
    /// SHA-256 of program version and assumptions before.
    pub assumptions_sha256: String,
    /// When the last snapshot that has both results was taken.
    pub taken_at: String,
    /// Its gross exposure under the former.
    pub before: f64,
    /// Its gross exposure now.
    pub after: f64,
}

/// One finding over all points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct FindingHistory {
    /// Id of the finding.
    pub id: String,
    /// Id of its rule.
    pub rule: String,
    /// What it is about, as the last point that has it names it.
    pub subject: Subject,
    /// Tells findings of one rule and subject apart.
    pub key: String,
    /// At the last point that has it.
    pub severity: Severity,
    /// What is known of it at the last point.
    pub state: FindingState,
    /// True if somebody has accepted it at the last point that has it.
    pub accepted: bool,
    /// The first point that has it.
    pub first_seen: String,
    /// The last point that has it.
    pub last_seen: String,
    /// When it opened: the first point that has it since it was last known to be fixed.
    pub opened: String,
    /// The first point that could judge it and did not find it; `None` unless it is fixed.
    pub fixed: Option<String>,
    /// How often it came back after it was known to be fixed.
    pub reopened: u32,
    /// Days from `opened` to `fixed`, or to the last point.
    pub age_days: f64,
    /// True if it may be older: no point before `opened` could judge it.
    pub at_least: bool,
}

/// What is known of a finding at the last point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// It is there.
    Open,
    /// It is not there, but its rule or subject could not be judged: nothing says that it is fixed.
    Unknown,
    /// It was judged and is not there.
    Fixed,
}

/// How long it took until findings of one severity were fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct TimeToFix {
    /// The severity that they had when last seen.
    pub severity: Severity,
    /// How often a finding was fixed; one that came back and was fixed again counts twice.
    pub fixed: u64,
    /// Mean of the days from the first point that had it to the first that had not; `None` if none was fixed.
    pub mean_days: Option<f64>,
    /// True if some were there from the first point on, so that it took longer.
    pub at_least: bool,
    /// Open at the last point.
    pub open: u64,
    /// Not known at the last point.
    pub unknown: u64,
}

/// One service account over all points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AccountHistory {
    /// As the last point that has it names it.
    pub subject: Subject,
    /// Names (sAMAccountName) that it had before, oldest first.
    pub former_names: Vec<String>,
    /// The first point that has it.
    pub first_seen: String,
    /// The last point that has it.
    pub last_seen: String,
    /// Whether the last point has it.
    pub state: AccountState,
    /// How its password rotates; `None` unless its kind has key epochs (`gmsa`, `dmsa`).
    pub rotation: Option<Rotation>,
    /// Points at which pwdLastSet was earlier than at a point before: restored from a backup, or tampered with.
    pub password_set_back: Vec<String>,
    /// What each point that has it says of it.
    pub points: Vec<AccountPoint>,
}

/// Whether an account is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// The last point has it.
    There,
    /// The last point has it, but without any SPN: it is no service account any more.
    Retired,
    /// The last point does not have it, and could have missed it.
    Unknown,
    /// The last point would tell it: it was deleted, or is no service account any more.
    Gone,
}

/// One account at one point. `None` is not readable or not set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AccountPoint {
    /// When the snapshot was taken.
    pub taken_at: String,
    /// True if the account is enabled.
    pub enabled: Option<bool>,
    /// Days since the password was set.
    pub password_days: Option<f64>,
    /// Number of the 10-hour key cycle since 1601 from which the managed password was made (MS-GKDI 2.2.4).
    pub password_cycle: Option<i64>,
    /// Who can read the managed password, over all groups.
    pub readers: Option<u64>,
    /// Service principal names.
    pub spns: u64,
    /// True if it is tier 0.
    pub tier0: bool,
    /// Groups it is in, nested ones included.
    pub groups: u64,
    /// The privileged ones among them.
    pub privileged_groups: Vec<String>,
    /// Gross risk.
    pub risk: f64,
    /// Risk by the findings that nobody has accepted.
    pub net_risk: f64,
    /// Rules that could not judge it: the risk is a lower bound if there are any.
    pub not_judged_by: u64,
}

/// How the password of a managed account rotated over all points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Rotation {
    /// All in all: the worst that was seen, where a late one that moved again is only late.
    pub verdict: RotationVerdict,
    /// The interval at the last point that tells it, in days; 30 where it is not set.
    pub interval_days: i64,
    /// Pairs of points between which the epoch moved on.
    pub moved: u32,
    /// Points at which a new password was overdue by more than the grace, and the account in use.
    pub late: Vec<String>,
    /// Points at which the epoch was earlier than at a point before.
    pub backwards: Vec<String>,
    /// Points at which the epoch lay in the future, or had moved on sooner than the interval allows.
    pub ahead: Vec<String>,
    /// Points at which the password had been set and the epoch was the same.
    pub reset: Vec<String>,
    /// Points at which another KDS root key made the password than before.
    pub other_key: Vec<String>,
    /// Those of them at which that was not the newest root key, the epoch was the same, or the root keys were not seen.
    pub odd_key: Vec<String>,
    /// Points at which the epoch was not readable.
    pub unknown: Vec<String>,
}

/// How a password rotates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RotationVerdict {
    /// An epoch went backwards: the account was restored, or tampered with.
    Backwards,
    /// An epoch lay in the future, or moved on sooner than the interval allows: no domain controller does that.
    Ahead,
    /// The password was set and its epoch stayed: no domain controller derived it.
    Reset,
    /// Another root key made the password, and nothing says that it is the one new passwords come from.
    OddKey,
    /// Overdue at the last point that tells, and in use.
    Stopped,
    /// Overdue at a point, and moved on since.
    Late,
    /// Nobody asked for a new password, and nobody used the account since one was due.
    Idle,
    /// Too few points tell it.
    Unknown,
    /// As the interval says.
    Regular,
}
