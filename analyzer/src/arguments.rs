//! The command line as typed. Deliberately does no I/O: what it means is settled in [`crate::command`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

const DEMO_EXAMPLES: &str = "\
Examples:
  coldcase demo coldcase-demo";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  coldcase completions bash > ~/.local/share/bash-completion/completions/coldcase
  coldcase completions zsh > ~/.zfunc/_coldcase
  coldcase completions powershell >> $PROFILE";

const MAN_EXAMPLES: &str = "\
Examples:
  coldcase man ~/.local/share/man/man1";

/// `coldcase demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// A new or empty folder
    pub folder: PathBuf,
}

/// `coldcase completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// `coldcase man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Where the pages go; made if it is not there
    pub folder: PathBuf,
}

const REPORT_EXAMPLES: &str = "\
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

const DIFF_EXAMPLES: &str = "\
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

const ACCOUNTS_EXAMPLES: &str = "\
Examples:
  coldcase accounts SNAP
  coldcase accounts SNAP --format json -o accounts.json
  coldcase accounts SNAP --format csv -o accounts.csv

A risk is between 0 and 100; \u{2265} is before it where rules could not judge the
account. `coldcase report SNAP --all` shows what each risk adds up from.";

const TREND_EXAMPLES: &str = "\
Examples:
  coldcase trend 2025/*.sqlite.zst 2026/*.sqlite.zst
  coldcase trend SNAP... --format md -o trend.md
  coldcase trend SNAP... --format xlsx -o trend.xlsx
  coldcase trend --case customer.case --domain corp.example

All snapshots are evaluated with the same rules, each at its own clock, in the
order in which they were taken. Of every change it is told what time alone
did, what was only seen or not seen, and what somebody changed. A finding
whose rule could not be judged is unknown, never fixed.";

const CASE_EXAMPLES: &str = "\
Examples:
  coldcase case add customer.case SNAP...
  coldcase trend --case customer.case
  coldcase case list customer.case
  coldcase case remove customer.case 2026-03-31
  coldcase case verify customer.case --folder /media/archive

A case holds each snapshot's hash, manifest and results, not the snapshot: so
a trend over hundreds costs only the new one. It may hold several domains and
customers, which are told apart by the domain's SID and forest.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  coldcase explain SNAP svc-sql
  coldcase explain SNAP 'CORP\\gmsa-web$' --all
  coldcase explain SNAP S-1-5-21-1-2-3-1104 --format json -o svc-sql.json

An account is a sAMAccountName (with or without DOMAIN\\), DN, SID, objectGUID
or userPrincipalName; any user, computer, managed account or group will do.
What the snapshot does not show is told as not known, never as nobody.
coldcase.toml and coldcase-exceptions.toml are those beside SNAP.";

const PLAN_MIGRATION_EXAMPLES: &str = "\
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

const INFO_EXAMPLES: &str = "\
Examples:
  coldcase info SNAP
  coldcase info SNAP --format json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  coldcase verify SNAP
  coldcase verify SNAP --format json

The exit code is 0 if the file is what it says, else 2.";

const SQL_EXAMPLES: &str = "\
Examples:
  coldcase sql SNAP \"SELECT kind, COUNT(*) AS n FROM accounts GROUP BY kind\"
  coldcase sql SNAP \"SELECT a.sam_account_name, r.name FROM accounts a
    JOIN readers r ON r.account_id = a.object_id\"
  coldcase sql SNAP \"SELECT * FROM spns\" --format csv

`coldcase frames` lists the frames, `coldcase frames accounts` the columns of
one. Only SELECT is answered; nothing is ever written to a snapshot.";

const FRAMES_EXAMPLES: &str = "\
Examples:
  coldcase frames
  coldcase frames accounts
  coldcase frames --format json";

const REVEAL_EXAMPLES: &str = "\
Examples:
  coldcase reveal SNAP report.json --key customer.key -o report-named.json
  coldcase report SNAP | coldcase reveal SNAP --key customer.key
  coldcase reveal SNAP --key customer.key";

/// In two lines, since one does not fit a terminal of 80 columns.
const ACCEPT_USAGE: &str = "\
coldcase accept --owner <NAME> --reason <TEXT> --until <DAY>
                       [OPTIONS] <SNAPSHOT> <FINDING>";

const ACCEPT_EXAMPLES: &str = "\
Examples:
  coldcase accept SNAP GM01-3f2a91bc7d --owner \"Anna Berg\" \\
    --reason \"Lab, no data\" --until 2027-03-31

The report names each finding's id. The exception is written to
coldcase-exceptions.toml beside the snapshot; it is bound to the evidence, so
it is void once that changes, or when its last day is over by the clock of
the snapshot that is looked at. An accepted finding stays in the report and in
the gross numbers.";

const ASSUMPTIONS_EXAMPLES: &str = "\
Examples:
  coldcase assumptions
  coldcase assumptions -o coldcase.toml
  coldcase report SNAP --config coldcase.toml

A coldcase.toml beside a snapshot is read without being named.";

const RULES_EXAMPLES: &str = "\
Examples:
  coldcase rules
  coldcase rules gmsa-broad-readers
  coldcase rules GM01 --format json
  coldcase rules new legacy-app-accounts -o my-rules
  coldcase rules check my-rules";

const ACCESS_EXAMPLES: &str = "\
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

const PATHS_EXAMPLES: &str = "\
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

const CASE_ADD_EXAMPLES: &str = "\
Examples:
  coldcase case add customer.case SNAP...
  coldcase case add customer.case SNAP --rules my-rules

In any order. A snapshot that is there already is told and changes nothing.";

const CASE_LIST_EXAMPLES: &str = "\
Examples:
  coldcase case list customer.case
  coldcase case list customer.case --format csv";

const CASE_REMOVE_EXAMPLES: &str = "\
Examples:
  coldcase case remove customer.case 2026-03-31
  coldcase case remove customer.case 4f2a91bc

The snapshot itself is not touched.";

const CASE_VERIFY_EXAMPLES: &str = "\
Examples:
  coldcase case verify customer.case
  coldcase case verify customer.case --folder /media/archive

The exit code is 0 if every original is there, else 2.";

const CASE_REEVALUATE_EXAMPLES: &str = "\
Examples:
  coldcase case reevaluate customer.case
  coldcase case reevaluate customer.case --rules my-rules

Results of other rules stay: the trend tells what the rules alone changed.";

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

/// What to assume where a directory cannot say.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// Assumptions (default: coldcase.toml beside the snapshot; see `coldcase assumptions`)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

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

/// `coldcase assumptions`.
#[derive(Debug, Args)]
pub struct AssumptionsArguments {
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

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

const RULES_NEW_EXAMPLES: &str = "\
Examples:
  coldcase rules new legacy-app-accounts
  coldcase rules new legacy-app-accounts --code ACME01 -o my-rules

The page runs as it is and finds nothing; change its SQL and its four sections, then:
  coldcase rules check my-rules
  coldcase report SNAP --rules my-rules";

const RULES_CHECK_EXAMPLES: &str = "\
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

/// `coldcase frames`.
#[derive(Debug, Args)]
pub struct FramesArguments {
    /// Frame; all frames are listed if not given
    pub name: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}

/// Output formats of what prints a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For spreadsheets; no cell is a formula
    Csv,
}

/// Output formats of what holds several tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TablesFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Output formats of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, on a terminal
    #[default]
    Text,
    /// For programs
    Json,
    /// For people, in a browser: one file that needs nothing else
    Html,
    /// For wikis and tickets (Markdown)
    Md,
    /// For code scanning and viewers of findings (SARIF 2.1.0)
    Sarif,
    /// For a SIEM: an event a line (OCSF 1.3.0)
    Ocsf,
    /// Tables as an Excel workbook (-o FILE)
    Xlsx,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Output formats of a comparison, of two snapshots or of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    #[default]
    Text,
    /// For tickets and pull requests (Markdown)
    Md,
    /// For programs
    Json,
    /// Tables as an Excel workbook (-o FILE)
    Xlsx,
    /// Tables as CSV, a file each (-o FOLDER)
    Csv,
}

/// Severities on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArgument {
    /// Leads to control of the domain
    Critical,
    /// Leads to control of an account or host that matters
    High,
    /// Weakens a defence
    Medium,
    /// Hygiene
    Low,
    /// A fact worth knowing
    Info,
}
