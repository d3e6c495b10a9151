//! The command line as typed. Deliberately does no I/O: what it means is settled in [`crate::collect`].

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  Over TLS, asking for the password:
    coldcase-collect --server dc1.corp.example --user 'CORP\\auditor'
  With a Kerberos ticket, finding a domain controller:
    coldcase-collect --domain corp.example --kerberos
  Without a certificate, encrypted by Kerberos:
    coldcase-collect --domain corp.example --kerberos --transport sealed
  Encrypted for the one who writes the report:
    coldcase-collect --server dc1 --user a@corp.example --recipient age1…
  Print what would be asked, and ask nothing:
    coldcase-collect --domain corp.example --dry-run
  Why is this attribute asked for?
    coldcase-collect explain msDS-GroupMSAMembership

An ordinary domain user sees most of what is wanted. KDS root keys need Domain or Enterprise Admins, dMSAs and \
password settings the right to read them (Domain Admins by default). Rules that need what could not be seen \
end as not evaluated, never as clear.

Exit codes: 0 every query was answered, 2 failed or stopped (no snapshot), 3 partial snapshot";

/// Dumps the service accounts, groups and ACLs of a domain into a snapshot, read-only.
#[derive(Debug, Parser)]
#[command(name = "coldcase-collect", version, after_help = EXAMPLES)]
#[command(max_term_width = 80)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
#[command(group = ArgGroup::new("whom").args(["server", "domain"]))]
pub struct Arguments {
    /// Something else than collecting
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Which server, and how to reach it
    #[command(flatten)]
    pub target: Target,

    /// Who asks
    #[command(flatten)]
    pub account: Account,

    /// What is asked for, and how gently
    #[command(flatten)]
    pub reading: Reading,

    /// What leaves the house
    #[command(flatten)]
    pub privacy: Privacy,

    /// What is written and shown
    #[command(flatten)]
    pub output: Output,
}

/// Something else than collecting.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print every attribute that is asked for, with the reason, or one of them
    Explain {
        /// lDAPDisplayName
        attribute: Option<String>,
    },
    /// Make a key for --pseudonyms; whoever has it can undo them
    NewKey {
        /// Where to write it; never overwritten
        file: PathBuf,
    },
    /// Print what a shell needs to complete commands and options
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write man pages into a folder
    Man {
        /// Where the pages go; made if it is not there
        folder: PathBuf,
    },
}

/// Which server, and how to reach it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct Target {
    /// Domain controller, HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub server: Option<String>,

    /// Find a domain controller of this domain by DNS or the Kerberos configuration
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,

    /// Collect every domain of the forest, one snapshot each
    #[arg(long)]
    pub forest: bool,

    /// Ask this DNS server instead of the system's
    #[arg(long, value_name = "IP[:PORT]", value_parser = dns_server)]
    pub dns_server: Option<SocketAddr>,

    /// What protects the connection
    #[arg(long, value_enum, default_value_t = Transport::Ldaps)]
    pub transport: Transport,

    /// PEM file with the only certificate authorities to trust (the system's if not given)
    #[arg(long, value_name = "PEM", group = "trust")]
    pub ca_file: Option<PathBuf>,

    /// Trust exactly this certificate, by its SHA-256: the server's, or an authority's if the server sends it
    #[arg(long, value_name = "SHA256", group = "trust")]
    pub ca_fingerprint: Option<String>,

    /// Accept any certificate: whoever stands in between sees the password and can change every answer
    #[arg(long, group = "trust")]
    pub insecure: bool,

    /// The name in the certificate and the Kerberos service, if --server is an address
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,

    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// What protects the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// TLS on port 636
    Ldaps,
    /// TLS on port 389, after asking for it
    Starttls,
    /// Port 389, encrypted by Kerberos or NTLM; no certificate needed
    Sealed,
    /// Port 389 without protection: anyone on the way reads the password
    Plain,
}

/// Who asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Account")]
#[command(group = ArgGroup::new("password").args(["password_file", "password_stdin"]))]
pub struct Account {
    /// DOMAIN\user, user@domain or a DN, with --kerberos NAME@REALM; asks for the password unless told where it is
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,

    /// File that holds the password (one trailing line break is ignored)
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,

    /// Read the password from standard input
    #[arg(long, requires = "user")]
    pub password_stdin: bool,

    /// Kerberos: with the ticket cache, or with --user and a password
    #[arg(short, long, conflicts_with_all = ["ntlm", "client_cert"])]
    pub kerberos: bool,

    /// Kerberos with the keys in this file
    #[arg(
        long,
        value_name = "FILE",
        requires = "kerberos",
        conflicts_with = "user"
    )]
    pub keytab: Option<PathBuf>,

    /// NTLM with --user and a password
    #[arg(long, requires = "user", conflicts_with = "client_cert")]
    pub ntlm: bool,

    /// Client certificate chain, PEM (SASL EXTERNAL)
    #[arg(
        long,
        value_name = "PEM",
        requires = "client_key",
        conflicts_with = "user"
    )]
    pub client_cert: Option<PathBuf>,

    /// Private key of the client certificate, PEM
    #[arg(long, value_name = "PEM", requires = "client_cert")]
    pub client_key: Option<PathBuf>,
}

/// What is asked for, and how gently.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub struct Reading {
    /// How much of the domain
    #[arg(long, value_enum, default_value_t = Scope::All)]
    pub scope: Scope,

    /// Print every query that would be sent, send nothing, and end
    #[arg(long)]
    pub dry_run: bool,

    /// Objects a page; a server's limit is 1000 unless changed
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub page_size: u32,

    /// At most so many objects a second, on average; pages are made no larger
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,

    /// About how many objects are asked for in one part: what an interruption costs
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub partition_size: u32,

    /// How often a lost connection is opened again before a server is given up
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub retries: u32,

    /// Go on with the stopped, killed or partial run in the output's folder, as the same account
    #[arg(long, conflicts_with_all = ["start_over", "in_memory"])]
    pub resume: bool,

    /// Throw the interrupted run away
    #[arg(long)]
    pub start_over: bool,

    /// Also read group policy settings from this copy or mount of SYSVOL; with --forest, from its folder DOMAIN
    #[arg(long, value_name = "FOLDER")]
    pub sysvol: Option<PathBuf>,
}

/// How much of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Everything that a rule needs
    All,
    /// No computers, and of the users only those with service principal names
    ServiceAccounts,
}

/// What leaves the house.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Privacy")]
pub struct Privacy {
    /// Encrypt to this age recipient; may be given several times. Protects the file on its way and where it lies: only
    /// the holders of the keys can read it, you cannot. While collecting, a private folder beside the output holds the
    /// data in the clear; it is removed at every end, and after a crash at the next start. So a run that was stopped or
    /// ended partially cannot be resumed
    #[arg(long, value_name = "AGE1…")]
    pub recipient: Vec<String>,

    /// Keep what is collected in memory, never in the clear on disk. Costs about as much memory as the directory has
    /// data, which the system may write to its swap; an interrupted run cannot be resumed
    #[arg(long)]
    pub in_memory: bool,

    /// Replace names, DNs, hosts, mail and descriptions by pseudonyms made with this key (see new-key). Protects names
    /// from those who read the snapshot without the key. Well-known groups, SIDs, times, operating systems, and the
    /// names of the schema (also of the customer's own extensions) stay readable
    #[arg(long, value_name = "KEYFILE")]
    pub pseudonyms: Option<PathBuf>,

    /// With --pseudonyms: replace the domain part of SIDs too
    #[arg(long, requires = "pseudonyms")]
    pub rebase_sids: bool,
}

/// What is written and shown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Where to write the snapshot [default: DOMAIN-UTC.sqlite.zst in this folder]; with --forest a folder
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Show nothing but errors and the end
    #[arg(short, long)]
    pub quiet: bool,

    /// How progress is told on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A moving line on a terminal, plain lines elsewhere
    Text,
    /// One JSON object a line
    Json,
}

fn dns_server(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| text.parse().map(|address| SocketAddr::new(address, 53)))
        .map_err(|_| "an IP address, or IP:PORT".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_dns_server_has_a_port() {
        let port = |text| dns_server(text).map(|address| address.port());
        assert_eq!(port("10.0.0.1"), Ok(53));
        assert_eq!(port("[::1]:5353"), Ok(5353));
        assert!(port("dc1").is_err());
    }
}
