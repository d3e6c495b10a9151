//! The acceptance tests: both programs, as users run them. One binary, so that everything is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod access_and_paths;
mod analyzer_bad_input;
mod assumptions;
mod bad_successor;
mod boundaries;
mod case_crashes;
mod collector_bad_input;
mod comforts;
mod contoso;
mod default_descriptors;
mod diff;
mod diff_unknown;
mod domain_controller;
mod end_to_end;
mod exceptions;
mod explain;
mod exports;
mod hostile;
mod html;
mod html_browser;
mod import;
mod migration;
mod packages;
mod pseudonyms;
mod scenarios;
mod schema_files;
mod screens;
mod tables;
mod terminal;
mod trend;
mod verdicts;
