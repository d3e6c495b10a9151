//! Who may do what, and the ways that lead from it.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, TableFormat, TablesFormat};

pub(super) const ACCESS_EXAMPLES: &str = "\
Examples:
  coldcase access SNAP --as svc-web --on gmsa-sql$
  coldcase access SNAP --as S-1-5-11
  coldcase access SNAP --as alice@corp.example --format json > alice.ndjson

Denies, their order, object types, nested groups, owners and SIDs of the
past count as they do on a domain controller. A principal or target is a
sAMAccountName (with or without DOMAIN\\), DN, SID, objectGUID or
userPrincipalName. JSON has a line for each object, with what a controller
answers in sDRightsEffective (sd_rights), allowedAttributesEffective
(write_attributes) and allowedChildClassesEffective (create_classes).";

/// `coldcase access`.
#[derive(Debug, Args)]
pub struct AccessArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// Who asks
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: String,
    /// One object, with every attribute; all objects if not given
    #[arg(long = "on", value_name = "TARGET")]
    pub target: Option<String>,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub(super) const PATHS_EXAMPLES: &str = "\
Examples:
  coldcase paths SNAP
  coldcase paths SNAP --from svc-web
  coldcase paths SNAP --to gmsa-sql$ --all
  coldcase paths SNAP --from helpdesk --to \"Domain Admins\" --format json

Tier 0 is the domain, its controllers, privileged groups and their
members, KDS root keys, AdminSDHolder and the group policies that apply to
all of these; a way ends there. A way is a chain of rights, memberships and
attributes; each step names the ACE or attribute that proves it.";

/// `coldcase paths`.
#[derive(Debug, Args)]
pub struct PathsArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// What this user, computer, account or group reaches
    #[arg(long, value_name = "PRINCIPAL")]
    pub from: Option<String>,
    /// Who reaches this object
    #[arg(long, value_name = "TARGET")]
    pub to: Option<String>,
    /// Show every way, not only the first few
    #[arg(long)]
    pub all: bool,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TablesFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Tell on standard error how long each stage took
    #[arg(long)]
    pub timings: bool,
}
