//! The case file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{BasisArguments, TableFormat};

pub(super) const CASE_EXAMPLES: &str = "\
Examples:
  coldcase case add customer.case SNAP...
  coldcase trend --case customer.case
  coldcase case list customer.case
  coldcase case remove customer.case 2026-03-31
  coldcase case verify customer.case --folder /media/archive

A case holds each snapshot's hash, manifest and results, not the snapshot: so
a trend over hundreds costs only the new one. It may hold several domains and
customers, which are told apart by the domain's SID and forest.";

/// `coldcase case`.
#[derive(Debug, Args)]
pub struct CaseArguments {
    /// What to do with the case
    #[command(subcommand)]
    pub action: CaseAction,
}

/// What to do with a case.
#[derive(Debug, Subcommand)]
pub enum CaseAction {
    /// Evaluate snapshots and put the results into a case; makes the case if there is none
    #[command(after_help = CASE_ADD_EXAMPLES)]
    Add(CaseAddArguments),
    /// List the snapshots of a case
    #[command(after_help = CASE_LIST_EXAMPLES)]
    List(CaseListArguments),
    /// Take one snapshot out of a case
    #[command(after_help = CASE_REMOVE_EXAMPLES)]
    Remove(CaseRemoveArguments),
    /// Check whether the originals are still there, byte for byte
    #[command(after_help = CASE_VERIFY_EXAMPLES)]
    Verify(CaseVerifyArguments),
    /// Evaluate all snapshots with the present rules and assumptions
    #[command(after_help = CASE_REEVALUATE_EXAMPLES)]
    Reevaluate(CaseReevaluateArguments),
}

pub(super) const CASE_ADD_EXAMPLES: &str = "\
Examples:
  coldcase case add customer.case SNAP...
  coldcase case add customer.case SNAP --rules my-rules

In any order. A snapshot that is there already is told and changes nothing.";

pub(super) const CASE_LIST_EXAMPLES: &str = "\
Examples:
  coldcase case list customer.case
  coldcase case list customer.case --format csv";

pub(super) const CASE_REMOVE_EXAMPLES: &str = "\
Examples:
  coldcase case remove customer.case 2026-03-31
  coldcase case remove customer.case 4f2a91bc

The snapshot itself is not touched.";

pub(super) const CASE_VERIFY_EXAMPLES: &str = "\
Examples:
  coldcase case verify customer.case
  coldcase case verify customer.case --folder /media/archive

The exit code is 0 if every original is there, else 2.";

pub(super) const CASE_REEVALUATE_EXAMPLES: &str = "\
Examples:
  coldcase case reevaluate customer.case
  coldcase case reevaluate customer.case --rules my-rules

Results of other rules stay: the trend tells what the rules alone changed.";

/// `coldcase case add`.
#[derive(Debug, Args)]
pub struct CaseAddArguments {
    /// Case file
    #[arg(value_name = "CASE")]
    pub file: PathBuf,
    /// Snapshot files (.sqlite.zst)
    #[arg(value_name = "SNAP", required = true)]
    pub snapshots: Vec<PathBuf>,
    /// Rules and assumptions
    #[command(flatten)]
    pub basis: BasisArguments,
}

/// `coldcase case list`.
#[derive(Debug, Args)]
pub struct CaseListArguments {
    /// Case file
    #[arg(value_name = "CASE")]
    pub file: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}

/// `coldcase case remove`.
#[derive(Debug, Args)]
pub struct CaseRemoveArguments {
    /// Case file
    #[arg(value_name = "CASE")]
    pub file: PathBuf,
    /// Beginning of the snapshot's SHA-256, or of the time it was taken (2026-03-31)
    #[arg(value_name = "HASH|DATE")]
    pub snapshot: String,
    /// Rules and assumptions
    #[command(flatten)]
    pub basis: BasisArguments,
}

/// `coldcase case verify`.
#[derive(Debug, Args)]
pub struct CaseVerifyArguments {
    /// Case file
    #[arg(value_name = "CASE")]
    pub file: PathBuf,
    /// Folder to look in for snapshots that are not where they were
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}

/// `coldcase case reevaluate`.
#[derive(Debug, Args)]
pub struct CaseReevaluateArguments {
    /// Case file
    #[arg(value_name = "CASE")]
    pub file: PathBuf,
    /// Rules and assumptions
    #[command(flatten)]
    pub basis: BasisArguments,
}
