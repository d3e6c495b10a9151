//! Two snapshots, or many.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, DiffFormat, SeverityArgument};

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  coldcase diff OLD NEW
  coldcase diff OLD NEW --format md -o changes.md
  coldcase diff OLD NEW --format xlsx -o changes.xlsx
  coldcase diff OLD NEW --fail-on high

Objects are known by objectGUID: who was renamed or moved is no new object.
Both sides are judged by the same rules, each at its own clock. What a side
could not see is unknown, never added or removed. Who gained or lost power
over a service account is found by asking the access check on both sides.
coldcase.toml and coldcase-exceptions.toml are those beside NEW.";

/// `coldcase diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The earlier snapshot (.sqlite.zst)
    pub old: PathBuf,
    /// The later snapshot (.sqlite.zst)
    pub new: PathBuf,
    /// Further snapshots, taken only to say what compares more than two
    #[arg(value_name = "SNAP", hide = true)]
    pub more: Vec<PathBuf>,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Show every line of every section
    #[arg(long)]
    pub all: bool,
    /// Compare snapshots of two domains
    #[arg(long)]
    pub any_domain: bool,
    /// Accepted findings (default: coldcase-exceptions.toml beside NEW)
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Exit with 1 if a finding of this severity or worse that nobody has accepted opened, grew worse, or may have opened
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArgument>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Tell on standard error how long each stage took
    #[arg(long)]
    pub timings: bool,
}

pub(super) const TREND_EXAMPLES: &str = "\
Examples:
  coldcase trend 2025/*.sqlite.zst 2026/*.sqlite.zst
  coldcase trend SNAP... --format md -o trend.md
  coldcase trend SNAP... --format xlsx -o trend.xlsx
  coldcase trend --case customer.case --domain corp.example

All snapshots are evaluated with the same rules, each at its own clock, in the
order in which they were taken. Of every change it is told what time alone
did, what was only seen or not seen, and what somebody changed. A finding
whose rule could not be judged is unknown, never fixed.";

/// `coldcase trend`.
#[derive(Debug, Args)]
pub struct TrendArguments {
    /// Snapshot files (.sqlite.zst) of one domain, in any order
    #[arg(
        value_name = "SNAP",
        required_unless_present = "case",
        conflicts_with = "case"
    )]
    pub snapshots: Vec<PathBuf>,
    /// Case file to take the results from (see `coldcase case`)
    #[arg(long, value_name = "FILE")]
    pub case: Option<PathBuf>,
    /// Which domain of the case, by DNS name or SID
    #[arg(long, value_name = "DOMAIN", requires = "case")]
    pub domain: Option<String>,
    /// Assumptions for all snapshots (default: coldcase.toml beside them, or beside the case)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Accepted findings (default: coldcase-exceptions.toml beside each snapshot, or beside the case)
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Show everything in the text, not only the first few
    #[arg(long)]
    pub all: bool,
}

/// Rules and assumptions that a case is evaluated with.
#[derive(Debug, Args)]
pub struct BasisArguments {
    /// Assumptions (default: coldcase.toml beside the case)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}
