//! The report, what is accepted in it, and what it assumes.

use std::path::PathBuf;

use clap::Args;

use super::{ReportFormat, SeverityArgument, TableFormat};

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  coldcase report SNAP
  coldcase report SNAP --all -o report.txt
  coldcase report SNAP --format html -o report.html
  coldcase report SNAP --format xlsx -o report.xlsx
  coldcase report SNAP --format csv -o tables
  coldcase report SNAP --rule GM01,SP03
  coldcase report SNAP --fail-on high --strict

SNAP is the file that coldcase-collect wrote. Every rule ends as fired, clear
or not evaluated: what was not seen is never counted as clear.";

/// `coldcase report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Snapshot file (.sqlite.zst)
    pub snapshot: PathBuf,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Write to a file (a folder for csv) instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Evaluate only this rule, by id or code; may be given several times
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub rule: Vec<String>,
    /// Accepted findings (default: coldcase-exceptions.toml beside the snapshot)
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Earlier snapshots of the domain, or one case file: the HTML report then tells what changed and the way here, the tables what changed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub history: Vec<PathBuf>,
    /// Exit with 1 if there is a finding of this severity or worse that nobody has accepted
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArgument>,
    /// Exit with 3 if any rule could not be evaluated, or only in part
    #[arg(long)]
    pub strict: bool,
    /// Show every finding and every risk in the text report, not only the first few
    #[arg(long)]
    pub all: bool,
    /// Tell on standard error how long each stage took
    #[arg(long)]
    pub timings: bool,
}

/// In two lines, since one does not fit a terminal of 80 columns.
pub(super) const ACCEPT_USAGE: &str = "\
coldcase accept --owner <NAME> --reason <TEXT> --until <DAY>
                       [OPTIONS] <SNAPSHOT> <FINDING>";

pub(super) const ACCEPT_EXAMPLES: &str = "\
Examples:
  coldcase accept SNAP GM01-3f2a91bc7d --owner \"Anna Berg\" \\
    --reason \"Lab, no data\" --until 2027-03-31

The report names each finding's id. The exception is written to
coldcase-exceptions.toml beside the snapshot; it is bound to the evidence, so
it is void once that changes, or when its last day is over by the clock of
the snapshot that is looked at. An accepted finding stays in the report and in
the gross numbers.";

/// `coldcase accept`.
#[derive(Debug, Args)]
pub struct AcceptArguments {
    /// Snapshot file (.sqlite.zst) in which the finding is
    pub snapshot: PathBuf,
    /// Id of the finding, as the report prints it
    pub finding: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Last day on which it is accepted, e.g. 2027-03-31
    #[arg(long, value_name = "DAY")]
    pub until: String,
    /// File to write to (default: coldcase-exceptions.toml beside the snapshot)
    #[arg(long, value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// What to assume
    #[command(flatten)]
    pub config: ConfigArguments,
}

pub(super) const ASSUMPTIONS_EXAMPLES: &str = "\
Examples:
  coldcase assumptions
  coldcase assumptions -o coldcase.toml
  coldcase report SNAP --config coldcase.toml
  coldcase assumptions --format json

A coldcase.toml beside a snapshot is read without being named.";

/// `coldcase assumptions`.
#[derive(Debug, Args)]
pub struct AssumptionsArguments {
    /// Output format; text is the file to change
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What to assume where a directory cannot say.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// Assumptions (default: coldcase.toml beside the snapshot; see `coldcase assumptions`)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
