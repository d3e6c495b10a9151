//! The benchmarks: `bench OBJECTS`, `bench access`, `bench diff`, `bench export` and `bench trend` of the analyzer, `bench
//! collect` of the collector. Deliberately no tests: they take minutes, and machines differ.

mod access;
mod collect;
mod diff;
mod export;
mod ldapsearch;
mod measure;
mod report;
mod stages;
mod table;
mod trend;

use std::process::ExitCode;

use anyhow::{Context, Result};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let within_limits = match arguments.split_first() {
        Some((first, rest)) if first == "access" => access::run(&access::Options::parse(rest)?)?,
        Some((first, rest)) if first == "collect" => collect::run(&collect::Options::parse(rest)?)?,
        Some((first, rest)) if first == "diff" => diff::run(&diff::Options::parse(rest)?)?,
        Some((first, rest)) if first == "export" => export::run(&export::Options::parse(rest)?)?,
        Some((first, rest)) if first == "trend" => trend::run(&trend::Options::parse(rest)?)?,
        first => {
            let objects = first.map_or("100000", |(first, _)| first.as_str());
            report::run(objects.parse().context("number of objects")?)?
        }
    };
    Ok(if within_limits {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
