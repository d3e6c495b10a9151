//! The command line as typed. Deliberately does no I/O: what it means is settled in [`crate::collect`].

use std::path::PathBuf;

use clap::{ArgGroup, Parser};

const EXAMPLES: &str = "\
Examples:
  coldcase-collect --server dc1.corp.example --user 'CORP\\auditor' --password-file pw.txt
  coldcase-collect --server dc1.corp.example --ca-file corp-ca.pem --user auditor@corp.example --password-stdin
  coldcase-collect --list-attributes

An ordinary domain user sees most of what is wanted. KDS root keys need Domain or Enterprise Admins, dMSAs and
password settings the right to read them (Domain Admins by default). Rules that need what could not be seen
end as not evaluated, never as clear.

Exit codes: 0 every query was answered, 2 failed (nothing written), 3 partial snapshot";

/// Dumps the service accounts, groups and ACLs of a domain into a snapshot, over LDAPS, read-only.
#[derive(Debug, Parser)]
#[command(name = "coldcase-collect", version, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("password").args(["password_file", "password_stdin"]))]
pub struct Arguments {
    /// Domain controller, HOST or HOST:PORT (port 636 if not given)
    #[arg(long, value_name = "HOST", required_unless_present = "list_attributes")]
    pub server: Option<String>,

    /// Who asks: DOMAIN\user, user@domain or a DN
    #[arg(
        long,
        value_name = "USER",
        requires = "password",
        required_unless_present = "list_attributes"
    )]
    pub user: Option<String>,

    /// File that holds the password (one trailing line break is ignored)
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,

    /// PEM file with the only certificate authorities to trust (the system's if not given)
    #[arg(long, value_name = "PEM")]
    pub ca_file: Option<PathBuf>,

    /// Where to write the snapshot [default: DOMAIN-UTC.sqlite.zst in this folder]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Objects a page; a server's limit is 1000 unless changed
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub page_size: u32,

    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,

    /// Print every attribute that is asked for, with the reason, and end
    #[arg(long)]
    pub list_attributes: bool,
}
