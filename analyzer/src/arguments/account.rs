//! Service accounts: all of them, one of them, and their way to managed accounts.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, TableFormat, TablesFormat};

pub(super) const ACCOUNTS_EXAMPLES: &str = "\
Examples:
  coldcase accounts SNAP
  coldcase accounts SNAP --format json -o accounts.json
  coldcase accounts SNAP --format csv -o accounts.csv

A risk is between 0 and 100; \u{2265} is before it where rules could not judge the
account. `coldcase report SNAP --all` shows what each risk adds up from.";

/// `coldcase accounts`.
#[derive(Debug, Args)]
pub struct AccountsArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  coldcase explain SNAP svc-sql
  coldcase explain SNAP 'CORP\\gmsa-web$' --all
  coldcase explain SNAP S-1-5-21-1-2-3-1104 --format json -o svc-sql.json

An account is a sAMAccountName (with or without DOMAIN\\), DN, SID, objectGUID
or userPrincipalName; any user, computer, managed account or group will do.
What the snapshot does not show is told as not known, never as nobody.
coldcase.toml and coldcase-exceptions.toml are those beside SNAP.";

/// `coldcase explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// Account: sAMAccountName, DN, SID, objectGUID or userPrincipalName
    pub account: String,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TablesFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Accepted findings (default: coldcase-exceptions.toml beside the snapshot)
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Show every holder, group, right and host, not only the first few
    #[arg(long)]
    pub all: bool,
}

pub(super) const PLAN_MIGRATION_EXAMPLES: &str = "\
Examples:
  coldcase plan-migration SNAP
  coldcase plan-migration SNAP svc-sql svc-web
  coldcase plan-migration SNAP --script plan
  coldcase plan-migration SNAP --format json -o plan.json

Each user account that runs a service, or seems to, is a candidate for a gMSA,
sMSA or dMSA, stays a user, or is not decidable from the snapshot: what was not
seen is never counted in favour of a migration. --script writes two files of
PowerShell an account, to migrate and to roll back from the snapshot's own
values. Review them; without -Execute they change nothing.";

/// `coldcase plan-migration`.
#[derive(Debug, Args)]
pub struct PlanMigrationArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// Only these user accounts: sAMAccountName, DN, SID, objectGUID or userPrincipalName
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TablesFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write PowerShell to review into a folder, two files an account
    #[arg(long, value_name = "FOLDER")]
    pub script: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Show every account in detail, not only the first few
    #[arg(long)]
    pub all: bool,
}
