//! The benchmarks: `bench OBJECTS` of the analyzer, `bench collect` of the collector. Deliberately no tests: they take
//! minutes, and machines differ.

mod collect;
mod ldapsearch;
mod measure;
mod report;

use std::process::ExitCode;

use anyhow::{Context, Result};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "collect" => {
            let within_limits = collect::run(&collect::Options::parse(rest)?)?;
            Ok(if within_limits {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        first => {
            let objects = first.map_or("100000", |(first, _)| first.as_str());
            report::run(objects.parse().context("number of objects")?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
