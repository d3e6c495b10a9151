//! Every frame and column that rules and `coldcase sql` may use: the documentation and the check in one table.
//!
//! A test holds the frames that are built against this table, name by name and type by type.
//! Deliberately does not build anything.

mod access;
mod accounts;
mod directory;
mod policy;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// 64-bit integer.
    Integer,
    /// Double; ages are days before the snapshot's clock.
    Float,
    /// UTF-8.
    Text,
    /// TRUE or FALSE.
    Boolean,
}

/// A column: name, type, meaning. NULL means not set or not readable unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Name in SQL.
    pub(crate) name: &'static str,
    /// Type.
    pub(crate) kind: Type,
    /// Meaning and unit.
    pub(crate) about: &'static str,
}

/// A frame: name, what a row is, columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Name in SQL.
    pub(crate) name: &'static str,
    /// What a row is.
    pub(crate) about: &'static str,
    /// Columns in order.
    pub(crate) columns: &'static [Column],
}

const fn column(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, about }
}

use Type::{Boolean as B, Float as F, Integer as I, Text as T};

/// All frames, in the order in which they are told.
pub(crate) const FRAMES: &[Frame] = &[
    directory::OBJECTS,
    accounts::PRINCIPALS,
    accounts::ACCOUNTS,
    accounts::READERS,
    accounts::MEMBERSHIPS,
    directory::MEMBERS,
    directory::GROUPS,
    accounts::SPNS,
    access::DELEGATIONS,
    access::CONTROLS,
    access::TAKEOVERS,
    access::DMSA_CREATION,
    accounts::KDS_KEYS,
    accounts::ACCOUNT_HOSTS,
    accounts::SUCCESSIONS,
    directory::SID_HISTORY,
    directory::DOMAIN,
    directory::ASSUMPTIONS,
    policy::PASSWORD_POLICIES,
    directory::TRUSTS,
    policy::POLICY_SETTINGS,
    policy::POLICY_PRINCIPALS,
    directory::QUERIES,
    directory::COVERAGE,
    directory::DEFECTS,
    accounts::READER_GROUPS,
    access::COMPUTER_CONTROLS,
    policy::POLICY_LINKS,
    access::DESCRIPTOR_CHANGES,
    access::SPN_JACKS,
    access::DMSA_PAIRS,
    access::DMSA_INHERITANCE,
    directory::DOMAINS,
    policy::LOGON_RIGHTS,
    accounts::SERVICE_HINTS,
    directory::CLASSES,
    directory::CONTAINERS,
    access::INTERPRETED_RIGHTS,
    directory::CONFLICTS,
    directory::EXPORT_NOTES,
];

/// The two parts of `readers`, which share `descriptor_id`. Not for rules.
#[rustfmt::skip]
pub(super) const ACCOUNTS_BY_DESCRIPTOR: Frame = Frame { name: "accounts by descriptor", about: "A managed account", columns: &[
    column("account_id", I, ""), column("descriptor_id", I, ""),
]};

/// See [`ACCOUNTS_BY_DESCRIPTOR`].
#[rustfmt::skip]
pub(super) const READERS_BY_DESCRIPTOR: Frame = Frame { name: "readers by descriptor", about: "A reader", columns: &[
    column("descriptor_id", I, ""), column("reader_id", I, ""), column("sid", T, ""), column("name", T, ""),
    column("kind", T, ""), column("via", T, ""), column("direct", B, ""), column("broad", B, ""),
    column("enabled", B, ""), column("tier0", B, ""), column("last_seen_days", F, ""), column("operating_system", T, ""),
    column("unconstrained", B, ""), column("system_build", I, ""), column("support_ended_days", F, ""),
    column("list_digest", T, ""),
]};

/// The groups of `reader_groups`, see [`ACCOUNTS_BY_DESCRIPTOR`].
#[rustfmt::skip]
pub(super) const READER_GROUPS_BY_DESCRIPTOR: Frame = Frame { name: "reader groups by descriptor", about: "A group", columns: &[
    column("descriptor_id", I, ""), column("group_id", I, ""), column("group_sid", T, ""), column("group_name", T, ""),
    column("depth", I, ""), column("via", T, ""),
]};

/// The frame `name`.
pub(crate) fn find(name: &str) -> Option<&'static Frame> {
    FRAMES.iter().find(|frame| frame.name == name)
}
