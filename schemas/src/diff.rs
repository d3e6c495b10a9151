//! What changed between two snapshots, as other programs read it: JSON, by the schema in `schemas/json/diff.schema.json`.
//!
//! Owns the wire types only; they change with [`DIFF_SCHEMA`]. Every list has a fixed order, so the same two snapshots give
//! the same bytes. What one side could not see is *unknown* everywhere, never added or removed.

use std::collections::BTreeMap;

#[cfg(feature = "json-schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{Assumption, Finding, Numbers, RefusedRule, Severity, SnapshotFacts, Subject};

/// Value of [`Diff::schema`].
pub const DIFF_SCHEMA: &str = "coldcase-diff/1";

/// What changed from one snapshot to a later one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Diff {
    /// Always [`DIFF_SCHEMA`].
    pub schema: String,
    /// Program and version that wrote this.
    pub program: String,
    /// The earlier snapshot.
    pub old: SnapshotFacts,
    /// The later one.
    pub new: SnapshotFacts,
    /// What cannot be compared, because a side did not see it.
    pub limits: Vec<Limit>,
    /// What was assumed of both, in the order of `coldcase assumptions`.
    pub assumptions: Vec<Assumption>,
    /// Name of the file that says so; `None` if there was none.
    pub assumptions_file: Option<String>,
    /// Name of the file of accepted findings; `None` if there was none.
    pub exceptions_file: Option<String>,
    /// Both sides by the same rules, each at its own clock.
    pub scores: Scores,
    /// Findings that came, went or changed, the most severe first.
    pub findings: Vec<FindingChange>,
    /// Who gained or lost which power over which service account, and why.
    pub access: Vec<AccessChange>,
    /// Managed passwords: rotation told apart from tampering.
    pub passwords: Vec<PasswordChange>,
    /// Groups that service accounts, and members of privileged groups, came into or left, however nested.
    pub memberships: Vec<MembershipChange>,
    /// Objects that came, went or changed, with their attributes and permissions.
    pub objects: Vec<ObjectChange>,
    /// Attributes that change by themselves while accounts are used (logons, password changes of people and machines), and
    /// how many objects show another value. They are in no list above.
    pub routine: BTreeMap<String, u64>,
    /// Rule pages of one's own that did not run, by file.
    pub refused: Vec<RefusedRule>,
}

/// Something that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Limit {
    /// The side that did not see it.
    pub side: Side,
    /// One sentence: what, and why.
    pub text: String,
}

/// One of the two snapshots, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The earlier.
    Old,
    /// The later.
    New,
    /// Both.
    Both,
}

/// The numbers of both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Scores {
    /// Over all findings of the earlier snapshot.
    pub old: Numbers,
    /// Over all findings of the later one.
    pub new: Numbers,
    /// Rules that saw everything they need, in percent, of the earlier.
    pub old_coverage_percent: f64,
    /// The same of the later.
    pub new_coverage_percent: f64,
    /// SHA-256 over the rule pages that ran over both.
    pub rule_pack_sha256: String,
}

/// How a finding stands in the later snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// It was not there, and the earlier snapshot shows that.
    Opened,
    /// There on both sides, with another severity or evidence.
    Changed,
    /// It is gone, and the later snapshot shows that.
    Closed,
    /// Seen in the later only; the earlier could not tell.
    UnknownBefore,
    /// Seen in the earlier only; the later cannot tell.
    UnknownNow,
}

/// A finding that came, went or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct FindingChange {
    /// How it stands.
    pub state: FindingState,
    /// As the later snapshot has it; the earlier, if it is there alone.
    pub finding: Finding,
    /// One line: the rule's title.
    pub title: String,
    /// The severity it had, where that is another.
    pub was: Option<Severity>,
    /// Names of the evidence that is another, ages aside.
    pub evidence_changed: Vec<String>,
    /// Its key with names in the place of SIDs, for people.
    pub about: String,
    /// True if its age alone made it come or change severity: nobody did anything.
    pub aged: bool,
    /// Why it is unknown, or how it came; empty where there is nothing to say.
    pub note: String,
}

/// What somebody can do to a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Read its managed password.
    Read,
    /// Reset its password.
    Reset,
    /// Change what it is, or who may: full control, permissions, owner, keys, names and more.
    Control,
    /// Impersonate users to it.
    Delegate,
}

impl Power {
    /// As texts spell it: "may … the account".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reset => "reset",
            Self::Control => "control",
            Self::Delegate => "delegate",
        }
    }
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// There now and not before.
    Gained,
    /// There before and not now.
    Lost,
    /// A side could not tell.
    Unknown,
}

/// Somebody gained or lost a power over a service account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AccessChange {
    /// The service account.
    pub account: Subject,
    /// True if the account is in tier 0, on the side where the power is.
    pub tier0: bool,
    /// Which way.
    pub direction: Direction,
    /// What kind of power.
    pub power: Power,
    /// The rights by name, as the frame `controls` spells them; beside these `read-password` (msDS-GroupMSAMembership),
    /// `act-for` (msDS-AllowedToActOnBehalfOfOtherIdentity) and `constrained-delegation` (msDS-AllowedToDelegateTo). What
    /// follows from one that is named is not: full control brings nearly all.
    pub rights: Vec<String>,
    /// Who: a principal, or a group or well-known SID that stands for all who gained or lost it with it.
    pub holder: Subject,
    /// Its name for people.
    pub holder_name: String,
    /// Users, computers and managed accounts that gained or lost it by this; 1 for a principal.
    pub principals: u64,
    /// Up to ten of them by name, in order of their names.
    pub examples: Vec<String>,
    /// True if it stands for nearly everybody.
    pub broad: bool,
    /// True if an entry with a condition decides, which only a domain controller can.
    pub conditional: bool,
    /// What caused it; more than one where no single change did.
    pub causes: Vec<Cause>,
}

/// What kind of change caused another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The account, or the holder, is new.
    Created,
    /// The account, or the holder, is gone.
    Deleted,
    /// An allow entry was added.
    AllowAdded,
    /// An allow entry was removed.
    AllowRemoved,
    /// A deny entry was added.
    DenyAdded,
    /// A deny entry was removed.
    DenyRemoved,
    /// The entries stand in another order.
    Reordered,
    /// Another owner.
    Owner,
    /// A descriptor, or a reader list, came or went as a whole.
    Descriptor,
    /// A member was added to a group.
    MemberAdded,
    /// A member was removed from a group.
    MemberRemoved,
    /// A SID of the past, or a primary group, is another.
    Token,
    /// The schema: property sets, classes, extended rights.
    Schema,
    /// dSHeuristics.
    DsHeuristics,
    /// The account is of another class or kind.
    Class,
    /// Another attribute: a service principal name, or who is delegated to.
    Attribute,
    /// A side did not show what decides it; only of what is unknown.
    NotSeen,
    /// None of those that follow would have done by itself.
    Together,
}

/// What caused a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct Cause {
    /// What kind of change.
    pub kind: CauseKind,
    /// The object that was changed: the account, the container that an entry comes from, the group.
    pub at: Option<Subject>,
    /// What was changed, for people: an entry in words and SDDL, "anna.berg added to Helpdesk".
    pub text: String,
}

/// How a managed password stands against its epochs (MS-GKDI 3.1.4.1: L0, L1, L2; one L2 is ten hours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// It moved on as its interval says.
    Rotated,
    /// It is the same, and not due yet.
    NotDue,
    /// It is the same, or moved less often than its interval says.
    Late,
    /// It is earlier than it was: the account was restored, or written to.
    Backwards,
    /// The same epoch of another root key, or a key that is not the newest.
    OtherKey,
    /// Sooner than its interval says, or to an epoch that is still to come.
    Ahead,
    /// The password was set and its epoch is the same: not by a domain controller.
    Reset,
    /// A side does not show it.
    Unknown,
}

/// The managed password of a gMSA or dMSA on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct PasswordChange {
    /// The account.
    pub account: Subject,
    /// How it stands.
    pub rotation: Rotation,
    /// Start of the epoch on the earlier side, RFC 3339 UTC.
    pub old_epoch: Option<String>,
    /// Start of the epoch on the later side, RFC 3339 UTC.
    pub new_epoch: Option<String>,
    /// Root key on the earlier side, GUID.
    pub old_key: Option<String>,
    /// Root key on the later side, GUID.
    pub new_key: Option<String>,
    /// msDS-ManagedPasswordInterval, days.
    pub interval_days: Option<i64>,
    /// One sentence for people.
    pub text: String,
}

/// An account came into a group or left it, however nested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct MembershipChange {
    /// Who.
    pub member: Subject,
    /// Which group.
    pub group: Subject,
    /// `tier0`, `operators`, or nothing.
    pub group_class: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// The way from the member to the group, by names, on the side where it is.
    pub via: String,
    /// What caused it.
    pub causes: Vec<Cause>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ObjectState {
    /// Made after the earlier snapshot: its whenCreated says so, or the earlier saw all of its kind.
    Created,
    /// Gone; the later snapshot saw all of its kind.
    Deleted,
    /// Another object with the name of one that is gone.
    Recreated,
    /// On both sides, with changes.
    Changed,
    /// Seen in the later only, though it is older than the earlier: restored, moved here, or not seen then.
    UnknownBefore,
    /// Seen in the earlier only, and the later did not see all of its kind.
    UnknownNow,
}

/// An object that came, went or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct ObjectChange {
    /// As the later snapshot has it; the earlier, if it is there alone.
    pub subject: Subject,
    /// What happened.
    pub state: ObjectState,
    /// True for a service account.
    pub service_account: bool,
    /// Its DN before, if it is another.
    pub was_dn: Option<String>,
    /// True if its RDN is another.
    pub renamed: bool,
    /// True if its parent is another.
    pub moved: bool,
    /// The object that had the name before, if it was made anew.
    pub replaces: Option<Subject>,
    /// Attributes that are others.
    pub attributes: Vec<AttributeChange>,
    /// Permissions and other descriptors that are others.
    pub descriptors: Vec<DescriptorChange>,
    /// Why it is unknown, and what else there is to say; empty where there is nothing.
    pub note: String,
}

/// How an attribute's values are written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// As text.
    Text,
    /// Whole numbers.
    Number,
    /// A time, RFC 3339 UTC with as many digits as it has.
    Time,
    /// A span, as days, hours, minutes and seconds.
    Span,
    /// Flags by name: those that were taken away and those that were set.
    Flags,
    /// Distinguished names.
    Dn,
    /// SIDs and GUIDs, text form.
    Identifier,
    /// Hexadecimal.
    Bytes,
}

/// Values of an attribute that went and came. LDAP has no order of values, so neither has this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AttributeChange {
    /// lDAPDisplayName.
    pub attribute: String,
    /// How values are written.
    pub kind: ValueKind,
    /// True if it has one value at most.
    pub single: bool,
    /// Values that went, in order of their text.
    pub removed: Vec<String>,
    /// Values that came, in order of their text.
    pub added: Vec<String>,
    /// Why it is not known whether they went or came; `None` if it is.
    pub unknown: Option<String>,
}

/// A security descriptor that is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct DescriptorChange {
    /// The attribute that holds it.
    pub attribute: String,
    /// Names of the owners before and now, if they differ.
    pub owner: Option<(String, String)>,
    /// True if inheritance was blocked, false if it was allowed again.
    pub inheritance_blocked: Option<bool>,
    /// Entries of the object itself that went.
    pub removed: Vec<AceText>,
    /// Entries of the object itself that came.
    pub added: Vec<AceText>,
    /// True if the entries that stayed stand in another order.
    pub reordered: bool,
    /// Inherited entries that went or came and that no change of a container above explains: the object was moved, or
    /// inheritance switched.
    pub inherited: Vec<InheritedChange>,
    /// Objects below whose inherited entries changed with these; they are told nowhere else.
    pub heirs: u64,
    /// Why it is not known what changed; `None` if it is.
    pub unknown: Option<String>,
}

/// An entry of an access control list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct AceText {
    /// SDDL (MS-DTYP 2.5.1).
    pub sddl: String,
    /// Name of the trustee.
    pub trustee: String,
    /// What it allows or denies, for people.
    pub words: String,
}

/// Inherited entries that went or came without a change further up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(JsonSchema))]
pub struct InheritedChange {
    /// DN of the container whose own entry it is; `None` if none above has it.
    pub from: Option<String>,
    /// Entries that went.
    pub removed: Vec<AceText>,
    /// Entries that came.
    pub added: Vec<AceText>,
}
