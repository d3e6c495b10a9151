//! The command line as typed. Deliberately does no I/O: what it means is settled in [`crate::command`].
//!
//! A file for each group of commands; their examples stand beside their arguments.

mod access;
mod account;
mod case;
mod comforts;
mod format;
mod history;
mod import;
mod report;
mod rules;
mod snapshot;

use clap::{Parser, Subcommand};

use self::access::{ACCESS_EXAMPLES, PATHS_EXAMPLES};
pub(crate) use self::access::{AccessArguments, PathsArguments};
use self::account::{ACCOUNTS_EXAMPLES, EXPLAIN_EXAMPLES, PLAN_MIGRATION_EXAMPLES};
pub(crate) use self::account::{AccountsArguments, ExplainArguments, PlanMigrationArguments};
use self::case::CASE_EXAMPLES;
pub(crate) use self::case::{
    CaseAction, CaseAddArguments, CaseArguments, CaseListArguments, CaseReevaluateArguments,
    CaseRemoveArguments, CaseVerifyArguments,
};
use self::comforts::{COMPLETIONS_EXAMPLES, DEMO_EXAMPLES, MAN_EXAMPLES};
pub(crate) use self::comforts::{CompletionsArguments, DemoArguments, ManArguments};
pub(crate) use self::format::{
    DiffFormat, ReportFormat, SeverityArgument, TableFormat, TablesFormat,
};
pub(crate) use self::history::{BasisArguments, DiffArguments, TrendArguments};
use self::history::{DIFF_EXAMPLES, TREND_EXAMPLES};
use self::import::IMPORT_EXAMPLES;
pub(crate) use self::import::ImportArguments;
use self::report::{ACCEPT_EXAMPLES, ACCEPT_USAGE, ASSUMPTIONS_EXAMPLES, REPORT_EXAMPLES};
pub(crate) use self::report::{
    AcceptArguments, AssumptionsArguments, ConfigArguments, ReportArguments,
};
use self::rules::RULES_EXAMPLES;
pub(crate) use self::rules::{CheckRulesArguments, NewRuleArguments, RulesAction, RulesArguments};
use self::snapshot::{
    FRAMES_EXAMPLES, INFO_EXAMPLES, REVEAL_EXAMPLES, SQL_EXAMPLES, VERIFY_EXAMPLES,
};
pub(crate) use self::snapshot::{FramesArguments, SnapshotArguments, SqlArguments};

const EXAMPLES: &str = "\
Examples:
  coldcase report corp.example-20260831T060000Z.sqlite.zst
  coldcase report SNAP --format json -o report.json
  coldcase report SNAP --fail-on high
  coldcase rules spn-privileged
  coldcase sql SNAP \"SELECT sam_account_name, dn FROM accounts WHERE tier0\"

Exit codes: 0 nothing at or above --fail-on, 1 findings at or above --fail-on,
2 could not run, 3 some rules were not evaluated, or in part (with --strict)";

/// Which service accounts can hurt us, and who can take them over: analyses a snapshot, offline.
#[derive(Debug, Parser)]
#[command(name = "coldcase", version, after_help = EXAMPLES, max_term_width = 80)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Evaluate all rules and write the risk report
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// List the service accounts with risk, age and readers
    #[command(after_help = ACCOUNTS_EXAMPLES)]
    Accounts(AccountsArguments),
    /// Show all there is to say of one account: risk, who can take it, what it reaches
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Plan how user accounts that run services become managed accounts
    #[command(after_help = PLAN_MIGRATION_EXAMPLES)]
    PlanMigration(PlanMigrationArguments),
    /// Compare two snapshots of a domain: what changed, who gained power, and why
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArguments),
    /// Show what a principal may do, as the domain controller would decide
    #[command(after_help = ACCESS_EXAMPLES)]
    Access(AccessArguments),
    /// Show who can take over what, step by step, and which steps to cut first
    #[command(after_help = PATHS_EXAMPLES)]
    Paths(PathsArguments),
    /// Show how several snapshots of one domain developed, and why
    #[command(after_help = TREND_EXAMPLES)]
    Trend(TrendArguments),
    /// Keep what trends need of many snapshots in one file
    #[command(after_help = CASE_EXAMPLES)]
    Case(CaseArguments),
    /// Make a snapshot of other tools' exports: ADExplorer, LDIF, BloodHound, ORADAD
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArguments),
    /// Show what a snapshot says of itself, without decompressing it
    #[command(after_help = INFO_EXAMPLES)]
    Info(SnapshotArguments),
    /// Check a snapshot byte for byte: hashes, tables, integrity, ledger
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(SnapshotArguments),
    /// List the rules, print one rule's page, write or check your own
    #[command(after_help = RULES_EXAMPLES)]
    Rules(RulesArguments),
    /// Accept a finding: who, why, until when
    #[command(after_help = ACCEPT_EXAMPLES, override_usage = ACCEPT_USAGE)]
    Accept(AcceptArguments),
    /// Print coldcase.toml, the file of assumptions, with every default
    #[command(after_help = ASSUMPTIONS_EXAMPLES)]
    Assumptions(AssumptionsArguments),
    /// Put the names back in a report on pseudonyms
    #[command(after_help = REVEAL_EXAMPLES)]
    Reveal(crate::command::reveal::RevealArguments),
    /// Run a query over the frames (see `coldcase frames`)
    #[command(after_help = SQL_EXAMPLES)]
    Sql(SqlArguments),
    /// List the frames that rules and `coldcase sql` use, or one frame's columns
    #[command(after_help = FRAMES_EXAMPLES)]
    Frames(FramesArguments),
    /// Write a made-up domain's snapshots and a report into a folder, to try things on
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArguments),
    /// Print what a shell needs to complete commands and options
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Write man pages into a folder
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArguments),
}
