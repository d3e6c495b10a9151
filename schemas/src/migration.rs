//! A plan of how user accounts that run services become managed accounts, as other programs read it: JSON, by the
//! schema in `schemas/json/migration.schema.json`.
//!
//! Owns the wire types only; they change with [`MIGRATION_SCHEMA`]. Every list has a fixed order. Holds no password
//! and no free text of an account, which may hold one. What the snapshot does not show never counts in favour of a
//! migration.

#[cfg(feature = "json-schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{SnapshotFacts, Subject};

/// Value of [`MigrationPlan::schema`].
pub const MIGRATION_SCHEMA: &str = "coldcase-migration/1";

/// What can become of the user accounts that run services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct MigrationPlan {
    /// Always [`MIGRATION_SCHEMA`].
    pub schema: String,
    /// Program and version that wrote this.
    pub program: String,
    /// What was analysed.
    pub snapshot: SnapshotFacts,
    /// The accounts below, counted.
    pub summary: PlanSummary,
    /// What holds for every account: root keys, schema, functional level, controllers.
    pub domain: Vec<Obstacle>,
    /// Accounts by how much risk goes away, then by name.
    pub accounts: Vec<AccountPlan>,
    /// What was not collected, not readable or cut short anywhere: a sentence each.
    pub not_seen: Vec<String>,
}

/// How many accounts of which kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PlanSummary {
    /// User accounts that run a service or seem to.
    pub accounts: usize,
    /// Accounts by verdict, each verdict once, in the order of [`Verdict`].
    pub verdicts: Vec<VerdictCount>,
    /// What stands in the way, by what it does, most accounts first.
    pub obstacles: Vec<ObstacleCount>,
}

/// Accounts of one verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// Accounts.
    pub accounts: usize,
    /// Those of them where something must be done before.
    pub after_preparation: usize,
}

/// Accounts whose verdict comes from an obstacle, or whose migration must mind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ObstacleCount {
    /// What stands in the way.
    pub kind: ObstacleKind,
    /// What it does.
    pub effect: Effect,
    /// Accounts.
    pub accounts: usize,
}

/// What can become of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A delegated managed service account.
    Dmsa,
    /// A group managed service account.
    Gmsa,
    /// A standalone managed service account.
    Smsa,
    /// A dMSA succeeds it already.
    UnderWay,
    /// It stays a user, or goes.
    StaysUser,
    /// The snapshot does not show what decides it.
    NotDecidable,
}

impl Verdict {
    /// In the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Dmsa,
        Self::Gmsa,
        Self::Smsa,
        Self::UnderWay,
        Self::StaysUser,
        Self::NotDecidable,
    ];

    /// For people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Dmsa => "candidate for a dMSA",
            Self::Gmsa => "candidate for a gMSA",
            Self::Smsa => "candidate for an sMSA",
            Self::UnderWay => "its migration to a dMSA is under way",
            Self::StaysUser => "stays a user account",
            Self::NotDecidable => "not decidable from this snapshot",
        }
    }
}

/// A kind of managed account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Delegated.
    Dmsa,
    /// Group.
    Gmsa,
    /// Standalone.
    Smsa,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dmsa, Self::Gmsa, Self::Smsa];

    /// For people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Dmsa => "dMSA",
            Self::Gmsa => "gMSA",
            Self::Smsa => "sMSA",
        }
    }
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Possible {
    /// Nothing that was seen speaks against it, and all that decides it was seen.
    Yes,
    /// Something rules it out.
    No,
    /// Something that decides it was not seen.
    Unknown,
}

/// What an obstacle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Rules its targets out.
    Blocks,
    /// Is not known, so its targets are not decidable; without targets it limits only what can be carried over.
    Unknown,
    /// Must be removed before.
    First,
    /// Must be looked at.
    Warns,
}

/// What may stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ObstacleKind {
    /// The forest's KDS root key.
    KdsRootKey,
    /// Classes of the schema.
    Schema,
    /// Functional level of the domain and systems of its controllers.
    FunctionalLevel,
    /// A controller with Windows Server 2025.
    Server2025,
    /// Windows of a host.
    HostSystem,
    /// A host without Windows.
    OtherSystem,
    /// Where it runs.
    Hosts,
    /// A host of another forest or domain.
    CrossForest,
    /// A failover cluster.
    FailoverCluster,
    /// A service principal name that another account has too.
    DuplicateSpn,
    /// Delegation.
    Delegation,
    /// People may use it.
    Interactive,
    /// Whether it runs a service at all.
    ServiceUse,
    /// Membership in tier 0 or Protected Users.
    Privileged,
    /// Kerberos ciphers.
    Encryption,
    /// A password in free text.
    PasswordInText,
    /// Something needs to know its password.
    KnownPassword,
    /// It is disabled.
    Disabled,
    /// It is not used.
    Dormant,
    /// An account of Windows itself.
    BuiltIn,
    /// A dMSA succeeds it.
    UnderWay,
    /// An attribute was not shown.
    NotShown,
    /// A value that no script should hold.
    Unprintable,
}

impl ObstacleKind {
    /// For people.
    pub fn about(self) -> &'static str {
        match self {
            Self::KdsRootKey => "KDS root key",
            Self::Schema => "schema",
            Self::FunctionalLevel => "functional level",
            Self::Server2025 => "Server 2025 controller",
            Self::HostSystem => "system of a host",
            Self::OtherSystem => "host without Windows",
            Self::Hosts => "where it runs",
            Self::CrossForest => "another domain or forest",
            Self::FailoverCluster => "failover cluster",
            Self::DuplicateSpn => "duplicate SPN",
            Self::Delegation => "delegation",
            Self::Interactive => "use by people",
            Self::ServiceUse => "whether it runs a service",
            Self::Privileged => "privileges",
            Self::Encryption => "encryption types",
            Self::PasswordInText => "password in text",
            Self::KnownPassword => "password known elsewhere",
            Self::Disabled => "disabled",
            Self::Dormant => "not in use",
            Self::BuiltIn => "built-in account",
            Self::UnderWay => "migration under way",
            Self::NotShown => "not shown",
            Self::Unprintable => "unprintable value",
        }
    }
}

/// Something that stands in the way, or must be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Obstacle {
    /// What it is.
    pub kind: ObstacleKind,
    /// What it does.
    pub effect: Effect,
    /// Which kinds of managed account it is about; none for what must be looked at in any case.
    pub targets: Vec<Target>,
    /// What was seen.
    pub evidence: String,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AccountPlan {
    /// The account.
    pub account: Subject,
    /// Its name for people.
    pub name: String,
    /// What can become of it.
    pub verdict: Verdict,
    /// Why, a sentence each.
    pub why: Vec<String>,
    /// False where something must be done before; `None` where there is nothing to migrate to.
    pub ready: Option<bool>,
    /// Each kind of managed account; always three, in the order of [`Target`].
    pub options: Vec<TargetOption>,
    /// What the account's risk is and how much of it goes away.
    pub gain: Gain,
    /// What speaks for its being used as a service, strongest first.
    pub hints: Vec<ServiceHint>,
    /// Where it runs, by what the directory says.
    pub hosts: Vec<PlannedHost>,
    /// What stands in the way: what rules out first, then what is unknown, to be done before, to be looked at.
    pub obstacles: Vec<Obstacle>,
    /// What the snapshot has of it that a new account must be given, and that a roll-back gives back.
    pub present: PresentValues,
    /// Name of the new account without `$`; `None` where there is nothing to migrate to.
    pub new_name: Option<String>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// PowerShell to review; `None` says why in `script_withheld`.
    pub script: Option<Script>,
    /// Why there is no script.
    pub script_withheld: Option<String>,
}

/// Whether one kind of managed account is possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct TargetOption {
    /// The kind.
    pub target: Target,
    /// Whether it is possible.
    pub possible: Possible,
}

/// Risk of the account, 0 to 100, and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Gain {
    /// Now.
    pub risk: f64,
    /// What goes away with the findings in `ends`.
    pub gain: f64,
    /// Rules that could not judge the account, so that the risk is at least what is told.
    pub not_judged: usize,
    /// Rules whose findings end when the user account no longer runs the service.
    pub ends: Vec<String>,
}

/// Something that speaks for a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ServiceHint {
    /// As frame `service_hints` names it.
    pub hint: String,
    /// What was seen.
    pub detail: Option<String>,
    /// `high`, `medium` or `low`.
    pub strength: String,
}

/// What names a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HostSource {
    /// A service principal name.
    Spn,
    /// userWorkstations, which lets it log on only there.
    UserWorkstations,
}

/// Where the account runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PlannedHost {
    /// The computer's name, else the host name that no computer of the snapshot has.
    pub name: String,
    /// The computer.
    pub computer: Option<Subject>,
    /// What names it.
    pub named_by: Vec<HostSource>,
    /// operatingSystem.
    pub operating_system: Option<String>,
    /// Build of Windows.
    pub build: Option<i64>,
}

/// Values of the account in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PresentValues {
    /// servicePrincipalName.
    pub spns: Vec<String>,
    /// userAccountControl; `None` if it was not shown.
    pub user_account_control: Option<i64>,
    /// msDS-SupportedEncryptionTypes; `None` if it is not set or was not shown.
    pub encryption_types: Option<i64>,
    /// msDS-AllowedToDelegateTo.
    pub delegates_to: Vec<String>,
    /// Who may impersonate users to it (msDS-AllowedToActOnBehalfOfOtherIdentity).
    pub impersonated_by: Vec<Subject>,
    /// Objects to which it may impersonate users by their msDS-AllowedToActOnBehalfOfOtherIdentity.
    pub impersonates_to: Vec<Subject>,
    /// Groups that it is directly in, its primary group aside.
    pub groups: Vec<HeldGroup>,
}

/// A group that the account is directly in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct HeldGroup {
    /// The group.
    pub group: Subject,
    /// True if it gives tier 0 or operates controllers, or is Protected Users: never carried over by itself.
    pub privileged: bool,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Step {
    /// What, in a few words.
    pub title: String,
    /// How.
    pub detail: String,
}

/// PowerShell to review before it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Script {
    /// Name of the files without what follows: `NAME.migrate.ps1` and `NAME.rollback.ps1`.
    pub file_stem: String,
    /// Makes the new account and hands the service over, a phase at a time.
    pub migrate: String,
    /// Gives everything back as the snapshot has it.
    pub rollback: String,
}
