//! `coldcase completions` and `coldcase man`: what a shell and `man` need, made from the command line's own definition.
//!
//! Deliberately installs nothing: where such files belong differs from system to system.

use std::path::Path;

use anyhow::Result;
use clap::{Command, CommandFactory};
use clap_complete::generate;
use clap_mangen::Man;
use coldcase_schemas::exit::AnalyzeExit;

use super::output;
use crate::arguments::{Arguments, CompletionsArguments, ManArguments};

/// Prints the completions of a shell.
pub(super) fn completions(arguments: &CompletionsArguments) -> Result<AnalyzeExit> {
    let mut text = Vec::new();
    generate(
        arguments.shell,
        &mut Arguments::command(),
        "coldcase",
        &mut text,
    );
    output::to(None, |out| out.write_all(&text))?;
    Ok(AnalyzeExit::Clean)
}

/// Writes a man page for the program and one for each command into a folder.
pub(super) fn man(arguments: &ManArguments) -> Result<AnalyzeExit> {
    let folder = &arguments.folder;
    output::folder(folder)?;
    let mut program = Arguments::command();
    program.build();
    page(&program, folder)?;
    let commands = program.get_subcommands();
    commands
        .filter(|command| command.get_name() != "help")
        .try_for_each(|command| page(command, folder))?;
    Ok(AnalyzeExit::Clean)
}

fn page(command: &Command, folder: &Path) -> Result<()> {
    // The built name of a subcommand is `coldcase-report`, as its page is called.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut text = Vec::new();
    // No date: the same program writes the same pages.
    Man::new(command.clone()).date("").render(&mut text)?;
    let file = folder.join(format!("{name}.1"));
    output::to(Some(&file), |out| out.write_all(&text))
}
