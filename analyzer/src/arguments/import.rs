//! `coldcase import`: from other tools' exports to a snapshot.

use std::path::PathBuf;

use clap::Args;

use super::TableFormat;

pub(super) const IMPORT_EXAMPLES: &str = "\
Examples:
  coldcase import --list adexplorer.dat
  coldcase import adexplorer.dat -o corp.sqlite.zst
  coldcase import adexplorer.dat -o corp.sqlite.zst --administrator
  coldcase import old.dat new.dat -o corp.sqlite.zst --domain corp.example

Several exports become one snapshot: objects are put together by objectGUID
and SID, the newest export is believed first, and where two contradict each
other the snapshot says so. What an export cannot show is not evaluated.";

/// `coldcase import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// Exports of one domain, by whatever tool
    #[arg(required = true, value_name = "EXPORT")]
    pub exports: Vec<PathBuf>,
    /// Write the snapshot to this file
    #[arg(short, long, value_name = "SNAP", required_unless_present = "list")]
    pub output: Option<PathBuf>,
    /// Say what each export is and what it would give, without importing it
    #[arg(long, conflicts_with = "output")]
    pub list: bool,
    /// DNS name of the domain, where exports hold several
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// When the exports were made (RFC 3339), where they do not say
    #[arg(long, value_name = "TIME")]
    pub taken_at: Option<String>,
    /// Who made the exports, for the report
    #[arg(long, value_name = "ACCOUNT")]
    pub collected_as: Option<String>,
    /// Take it that an administrator of the forest made them, so that nothing was hidden; the report says that it is your word
    #[arg(long)]
    pub administrator: bool,
    /// Keep attributes too that no rule and no frame knows
    #[arg(long)]
    pub all_attributes: bool,
    /// Output format of --list
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
}
