//! A snapshot as it is: its facts, its tables, its pseudonyms.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, TableFormat};

pub(super) const INFO_EXAMPLES: &str = "\
Examples:
  coldcase info SNAP
  coldcase info SNAP --format json";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  coldcase verify SNAP
  coldcase verify SNAP --format json

The exit code is 0 if the file is what it says, else 2.";

/// A snapshot and a format.
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub(super) const REVEAL_EXAMPLES: &str = "\
Examples:
  coldcase reveal SNAP report.json --key customer.key -o report-named.json
  coldcase report SNAP | coldcase reveal SNAP --key customer.key
  coldcase reveal SNAP --key customer.key";

pub(super) const SQL_EXAMPLES: &str = "\
Examples:
  coldcase sql SNAP \"SELECT kind, COUNT(*) AS n FROM accounts GROUP BY kind\"
  coldcase sql SNAP \"SELECT a.sam_account_name, r.name FROM accounts a
    JOIN readers r ON r.account_id = a.object_id\"
  coldcase sql SNAP \"SELECT * FROM spns\" --format csv

`coldcase frames` lists the frames, `coldcase frames accounts` the columns of
one. Only SELECT is answered; nothing is ever written to a snapshot.";

/// `coldcase sql`.
#[derive(Debug, Args)]
pub struct SqlArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// SELECT over the frames
    pub query: String,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}

pub(super) const FRAMES_EXAMPLES: &str = "\
Examples:
  coldcase frames
  coldcase frames accounts
  coldcase frames --format json";

/// `coldcase frames`.
#[derive(Debug, Args)]
pub struct FramesArguments {
    /// Frame; all frames are listed if not given
    pub name: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}
