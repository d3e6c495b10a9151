//! What a shell and `man` need, made from the command line's own definition.
//!
//! Deliberately installs nothing: where such files belong differs from system to system.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use crate::arguments::Arguments;

const PROGRAM: &str = "coldcase-collect";

/// Prints the completions of a shell.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn completions(shell: Shell) -> Result<()> {
    let mut text = Vec::new();
    generate(shell, &mut Arguments::command(), PROGRAM, &mut text);
    Ok(io::stdout().lock().write_all(&text)?)
}

/// Writes a man page for the program and one for each command into a folder.
///
/// # Errors
/// The folder cannot be made or written.
pub(crate) fn man(folder: &Path) -> Result<()> {
    if folder.is_file() {
        bail!("{} is a file, not a folder; name another", folder.display());
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let mut program = Arguments::command();
    program.build();
    page(&program, PROGRAM, folder)?;
    let commands = program.get_subcommands();
    commands
        .filter(|command| command.get_name() != "help")
        .try_for_each(|command| {
            let name = format!("{PROGRAM}-{}", command.get_name());
            page(command, &name, folder)
        })
}

fn page(command: &Command, name: &str, folder: &Path) -> Result<()> {
    let mut text = Vec::new();
    // No date: the same program writes the same pages.
    Man::new(command.clone()).date("").render(&mut text)?;
    let file = folder.join(format!("{name}.1"));
    fs::write(&file, text).with_context(|| file.display().to_string())
}
