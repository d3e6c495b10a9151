//! Parses, runs, maps the result to an exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use coldcase_collector::{Arguments, run};
use coldcase_schemas::exit::CollectExit;

fn main() -> ExitCode {
    let exit = run(&Arguments::parse()).unwrap_or_else(|error| {
        use std::io::Write;
        // Nothing is left to do if standard error is closed.
        let _ = writeln!(std::io::stderr(), "coldcase-collect: {error:#}");
        CollectExit::Failed
    });
    ExitCode::from(u8::from(exit))
}
