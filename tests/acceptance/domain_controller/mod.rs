//! The collector against a real domain controller: every way in, interruptions, privacy, discovery, a forest.
//! And the analyzer against one, each on a domain of its own: effective access (`access`), the rule pack (`rules`), and
//! what it tells of changes (`changes`).
//!
//! One controller for all of the rest, because starting one takes longer than asking it.

mod access;
mod changes;
mod content;
mod coverage;
mod discovery;
mod failover;
mod interruptions;
mod large;
mod privacy;
mod prompt;
mod round_trip;
mod rules;
mod rusthound;
mod sysvol;
mod ways_in;

use std::io::Write;

use coldcase_tests::dc::{DomainController, Options};
use coldcase_tests::programs::{Ended, collect_in};

/// True if tests without a controller were asked for; says so.
pub(super) fn skipped(what: &str) -> bool {
    let skip = std::env::var_os("COLDCASE_SKIP_DC").is_some();
    if skip {
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: COLDCASE_SKIP_DC is set, {what} was not tested"
        );
    }
    skip
}

#[test]
fn the_collector_against_a_domain_controller() {
    if skipped("the collector against a domain controller") {
        return;
    }
    let mut controller = DomainController::start_with(&Options::default())
        .expect("a domain controller is needed (COLDCASE_SKIP_DC=1 skips this test)");
    coverage::what_an_ordinary_user_could_not_see_is_told(&controller);
    privacy::no_secret_is_collected_even_by_an_administrator(&controller);
    privacy::an_encrypted_run_leaves_nothing_in_the_clear(&controller);
    privacy::pseudonyms_hide_every_name_and_change_no_verdict(&controller);
    sysvol::policies_are_taken_from_a_copy(&controller);
    interruptions::a_killed_run_goes_on(&controller);
    interruptions::a_disturbed_run_ends_as_an_undisturbed_one(&controller);
    interruptions::a_resumed_run_is_the_same_run(&controller);
    discovery::a_server_is_found_by_its_domain(&controller);
    discovery::a_forest_is_collected_domain_by_domain(&controller);
    failover::a_second_server_takes_over(&mut controller);
    ways_in::the_machines_authorities_are_trusted(&controller);
    prompt::a_typed_password_is_not_shown(&controller);
    ways_in::every_way_in_brings_the_same(&mut controller);
}

/// Runs the collector as an administrator over LDAPS.
fn as_administrator(controller: &DomainController, more: &[&str]) -> Ended {
    let server = controller.address().to_string();
    let mut arguments = vec![
        "--server",
        &server,
        "--user",
        controller.admin_user(),
        "--password-stdin",
        "--ca-file",
        controller.ca_file().to_str().unwrap(),
    ];
    arguments.extend(more);
    collect_in(&arguments, controller.admin_password(), &[]).unwrap()
}
