//! What makes the tool easy to live with: a demonstration, completions, man pages.

use std::path::PathBuf;

use clap::Args;

pub(super) const DEMO_EXAMPLES: &str = "\
Examples:
  coldcase demo coldcase-demo";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  coldcase completions bash > ~/.local/share/bash-completion/completions/coldcase
  coldcase completions zsh > ~/.zfunc/_coldcase
  coldcase completions powershell >> $PROFILE";

pub(super) const MAN_EXAMPLES: &str = "\
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
