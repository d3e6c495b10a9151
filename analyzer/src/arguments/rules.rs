//! The rule pages.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TableFormat;

pub(super) const RULES_EXAMPLES: &str = "\
Examples:
  coldcase rules
  coldcase rules gmsa-broad-readers
  coldcase rules GM01 --format json
  coldcase rules new legacy-app-accounts -o my-rules
  coldcase rules check my-rules";

/// `coldcase rules`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RulesArguments {
    /// What else to do with rules
    #[command(subcommand)]
    pub action: Option<RulesAction>,
    /// Rule id or code; all rules are listed if not given
    pub id: Option<String>,
    /// List ids in the place of titles
    #[arg(long, conflicts_with = "id")]
    pub ids: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Folder with rule pages of your own (or one page), beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
}

/// What else to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesAction {
    /// Write the skeleton of a rule page of your own
    #[command(after_help = RULES_NEW_EXAMPLES)]
    New(NewRuleArguments),
    /// Check a folder of rule pages, or one page: form, names, SQL, result columns
    #[command(after_help = RULES_CHECK_EXAMPLES)]
    Check(CheckRulesArguments),
}

pub(super) const RULES_NEW_EXAMPLES: &str = "\
Examples:
  coldcase rules new legacy-app-accounts
  coldcase rules new legacy-app-accounts --code ACME01 -o my-rules

The page runs as it is and finds nothing; change its SQL and its four sections, then:
  coldcase rules check my-rules
  coldcase report SNAP --rules my-rules";

pub(super) const RULES_CHECK_EXAMPLES: &str = "\
Examples:
  coldcase rules check my-rules
  coldcase rules check my-rules/legacy-app-accounts.md
  coldcase rules check my-rules --format json

Each mistake is told as file:line: message. The exit code is 0 if every page runs, else 2.";

/// `coldcase rules new`.
#[derive(Debug, Args)]
pub struct NewRuleArguments {
    /// Id of the rule, in kebab-case; it is never changed again
    pub id: String,
    /// Code of the rule, a short name in lists; the next of OWN01, OWN02, … that is free if not given
    #[arg(long)]
    pub code: Option<String>,
    /// Folder to write ID.md to
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
}

/// `coldcase rules check`.
#[derive(Debug, Args)]
pub struct CheckRulesArguments {
    /// Folder with rule pages (*.md), or one page; without it, the pages of the program itself
    pub folder: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}
