//! The report as other programs read it: JSON, by the schema in `schemas/json/report.schema.json`.
//!
//! Owns the wire types only. The analyzer's own types may change freely; these change with [`REPORT_SCHEMA`].
//! Every list and map has a fixed order, so the same input gives the same bytes.

use std::collections::BTreeMap;

use crate::origin::ExportLabel;
#[cfg(feature = "json-schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Value of [`Report::schema`].
pub const REPORT_SCHEMA: &str = "coldcase-report/1";

/// A risk report over one snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Report {
    /// Always [`REPORT_SCHEMA`].
    pub schema: String,
    /// Program and version that wrote the report.
    pub program: String,
    /// What was analysed.
    pub snapshot: SnapshotFacts,
    /// What was assumed where a directory cannot say, in the order of `coldcase assumptions`.
    pub assumptions: Vec<Assumption>,
    /// Name of the file that says so; `None` if there was none.
    pub assumptions_file: Option<String>,
    /// Assumptions that name what this snapshot does not hold.
    pub unmatched: Vec<String>,
    /// The numbers for people who decide.
    pub score: Score,
    /// Every rule and how it ended, ordered by family and code.
    pub rules: Vec<RuleResult>,
    /// Rules that were left out because only some were asked for: the numbers say nothing of those.
    pub left_out: u64,
    /// Rule pages of one's own that did not run, by file: what they look for is not known.
    pub refused: Vec<RefusedRule>,
    /// What was found, most severe first, accepted or not.
    pub findings: Vec<Finding>,
    /// Findings that somebody has accepted, and whether that still holds, in the order of their file.
    pub exceptions: Vec<ExceptionResult>,
    /// Name of their file; `None` if there was none.
    pub exceptions_file: Option<String>,
    /// Every service account, and every other object that something was found about or that could not be judged, riskiest
    /// first. Their risks add up to the exposure.
    pub accounts: Vec<AccountRisk>,
}

/// What was analysed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct SnapshotFacts {
    /// DNS name of the domain.
    pub domain: String,
    /// SID of the domain, if the snapshot holds it.
    pub domain_sid: Option<String>,
    /// DNS name of the forest root domain.
    pub forest: String,
    /// The domain controller that answered.
    pub server: String,
    /// The account that asked.
    pub collected_as: String,
    /// What that account is, by the token that the domain controller made for it.
    pub privileges: Privileges,
    /// RFC 3339 UTC. Every age in the report is measured against it.
    pub taken_at: String,
    /// SHA-256 of the snapshot file, lower-case hexadecimal: what `sha256sum` prints.
    pub sha256: String,
    /// Objects in the snapshot.
    pub objects: u64,
    /// True if the collection saw everything it asked for.
    pub complete: bool,
    /// One sentence for each thing that is missing.
    pub missing: Vec<String>,
    /// The exports of other tools that the snapshot was made from, and what they cannot show; empty for a collector's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<ExportLabel>,
}

/// What the account that collected is, which decides whether objects that default permissions hide were shown to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Privileges {
    /// An administrator of domain and forest: nothing is hidden.
    Forest,
    /// An administrator of the domain: KDS root keys, which belong to the forest, are hidden.
    Domain,
    /// None of these: dMSAs, password settings and KDS root keys are hidden.
    Ordinary,
    /// The snapshot does not tell.
    Unknown,
}

/// One assumption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Assumption {
    /// As in `coldcase.toml`, e.g. `thresholds.readers`.
    pub key: String,
    /// What was assumed.
    pub value: serde_json::Value,
    /// True if Coldcase assumes it by itself.
    pub default: bool,
}

/// The numbers for people who decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Score {
    /// Over every finding.
    pub gross: Numbers,
    /// Over the findings that nobody has accepted.
    pub net: Numbers,
    /// Severities of which there may be more findings, the worst first: a rule that can find such did not see everything.
    #[serde(default)]
    pub findings_at_least: Vec<Severity>,
    /// The K of `index`, fixed in the rule pack.
    pub index_scale: f64,
    /// Rules that saw everything they need, in percent of all rules that a snapshot can answer.
    pub coverage_percent: f64,
    /// SHA-256 over the rule pages that ran, so that two scores can be compared honestly.
    pub rule_pack_sha256: String,
    /// SHA-256 over everything the report is made from: snapshot, rule pages, assumptions and exceptions.
    pub inputs_sha256: String,
}

/// What one set of findings comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Numbers {
    /// Sum of all subjects' risks. Open-ended: the number a trend shows.
    pub exposure: f64,
    /// What exposure would be if every rule that did not see everything (not evaluated, or limited by what `reason` says)
    /// fired once more, at its worst severity, on something worth everything; a page that did not run counts as critical.
    /// No upper bound: a rule may fire many times.
    pub exposure_max: f64,
    /// 0 to 100: 100·(1 − e^(−exposure/K)).
    pub index: f64,
    /// 1 (urgent) to 5 (nothing found): the lowest level with an open finding.
    pub level: u8,
    /// The level if every rule that did not see everything were to fire. Lower than `level` means: `level` is not known to hold.
    pub level_min: u8,
    /// Findings by severity.
    pub findings: BTreeMap<Severity, u64>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Leads to control of the domain.
    Critical,
    /// Leads to control of an account or host that matters.
    High,
    /// Weakens a defence.
    Medium,
    /// Hygiene.
    Low,
    /// A fact worth knowing; weighs nothing.
    Info,
}

impl Severity {
    /// The worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// As reports spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// How sure a rule is of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Follows from what the directory says.
    High,
    /// Follows with an assumption that the page names.
    Medium,
    /// A hint.
    Low,
}

/// How a rule ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It found something.
    Fired,
    /// It saw everything it needs and found nothing.
    Clear,
    /// It did not see everything it needs and found nothing in what it saw.
    NotEvaluated,
}

impl Verdict {
    /// As reports spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Clear => "clear",
            Self::NotEvaluated => "not evaluated",
        }
    }
}

/// A rule page that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RefusedRule {
    /// The page's file.
    pub file: String,
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// One rule and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct RuleResult {
    /// Stable kebab-case id.
    pub id: String,
    /// Code in the rule catalogue, e.g. `GM01`.
    pub code: String,
    /// Counts up whenever the rule finds something else than before.
    pub revision: u32,
    /// One line.
    pub title: String,
    /// Family, e.g. `gmsa`.
    pub family: String,
    /// Severity of its findings, unless a finding says otherwise.
    pub severity: Severity,
    /// The worst severity that a finding of it can have.
    pub worst: Severity,
    /// Kinds of subjects that it can find something about; empty if its page does not say.
    pub applies_to: Vec<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was not evaluated, or what limits a verdict; empty otherwise.
    pub reason: String,
    /// True if it asks what no snapshot holds: that it is not evaluated is no gap of this one.
    pub beyond_snapshot: bool,
    /// Number of findings.
    pub findings: u64,
    /// Subjects that this rule could not judge: it stands in their `not_evaluated`.
    pub unknown_subjects: u64,
    /// True if that is all that limits it: every other subject was judged, and is clear without a finding.
    pub others_judged: bool,
}

/// One finding: a rule that holds for a subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Finding {
    /// Id of the finding: the rule's code and a hash of rule, subject and key. It stays when the subject is renamed.
    pub id: String,
    /// Id of the rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// What it is about.
    pub subject: Subject,
    /// Tells findings of one rule and subject apart, stable over time (a reader's SID, an SPN). May be empty.
    pub key: String,
    /// Facts that prove it, by name, in the rule's order.
    pub evidence: serde_json::Map<String, serde_json::Value>,
    /// SHA-256 over the evidence without what changes by itself (ages): what an exception is bound to.
    pub evidence_sha256: String,
    /// Who has accepted it; `None` if nobody has.
    pub accepted: Option<Acceptance>,
}

/// Who has accepted a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Acceptance {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: String,
}

/// An exception and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ExceptionResult {
    /// Id of the rule.
    pub rule: String,
    /// objectGUID or SID of the subject, as the file says it.
    pub subject: String,
    /// Key of the finding.
    pub key: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Whether it holds.
    pub state: ExceptionState,
    /// Why it does not; empty if it does.
    pub note: String,
    /// Id that the finding has, or had; `None` if there is no such rule.
    pub finding: Option<String>,
}

/// Whether an exception holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It holds.
    Applied,
    /// Void: the evidence is not what was accepted.
    Changed,
    /// Void: its last day is over, by the snapshot's clock.
    Expired,
    /// There is no such finding.
    Unused,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Subject {
    /// objectGUID, lower-case text form.
    pub object_guid: Option<String>,
    /// objectSid, text form.
    pub sid: Option<String>,
    /// sAMAccountName.
    pub sam_account_name: Option<String>,
    /// Distinguished name.
    pub dn: Option<String>,
    /// What it is: `gmsa`, `smsa`, `dmsa`, `user`, `computer`, `group`, `kds-root-key`, `domain`, ….
    pub kind: String,
}

/// One subject's risk (an account's, or another object's), which a person can redo by hand from its findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AccountRisk {
    /// The account or object.
    pub subject: Subject,
    /// True if the account is enabled; `None` if userAccountControl could not be read.
    pub enabled: Option<bool>,
    /// What taking it over is worth: 1 for what reaches tier 0, the domain and KDS root keys; 0.5 for operators, for what
    /// may impersonate anybody, and for groups and containers; 0.2 for other accounts; 0.05 for disabled ones.
    pub impact: f64,
    /// Why it is worth that.
    pub impact_reason: String,
    /// 100·impact·(1 − ∏(1 − weight)) over all its findings. The shares of the findings add up to it.
    pub risk: f64,
    /// The same over the findings that nobody has accepted.
    pub net_risk: f64,
    /// Rules that could not judge it, because it does not show what they need. If there are any, the risk is a
    /// lower bound; so it is if a rule that applies to its kind was not evaluated (`others_judged` is false).
    pub not_evaluated: Vec<String>,
    /// Rule ids of its findings, with the weight of each.
    pub findings: Vec<WeighedFinding>,
}

/// A term of an account's risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct WeighedFinding {
    /// Id of the finding.
    pub id: String,
    /// Id of the rule.
    pub rule: String,
    /// Stable key of the finding.
    pub key: String,
    /// Weight by severity: 0.9, 0.6, 0.3, 0.1, 0; by age where the rule says so, to four digits.
    pub weight: f64,
    /// What it adds to the risk, after those before it: 100·impact·weight·∏(1 − weights before it), to two digits, the
    /// last one rounded so that all of them add up.
    pub share: f64,
    /// True if somebody has accepted it: then it stands behind those that nobody has.
    pub accepted: bool,
}
