//! Which builder makes which frames, and in what order they are begun.
//!
//! Owns the list; a test holds it against the catalogue. Deliberately builds nothing itself.

use anyhow::Result;
use polars::prelude::{DataFrame, IntoLazy, LazyFrame};

use super::analysis::Analysis;
use super::{
    accounts, classes, computer_controls, containers, controls, defects, delegations,
    descriptor_changes, dmsa_creation, domain, domains, exports, groups, interpreted_rights,
    logon_rights, memberships, objects, policies, policy_links, reader_groups, readers,
    service_hints, spn_jacks, successions, takeovers,
};

/// One builder.
pub(super) struct Job {
    /// Names of the frames, in the order in which `build` gives them.
    pub(super) frames: &'static [&'static str],
    pub(super) build: fn(&Analysis) -> Result<Vec<LazyFrame>>,
    /// Whether a column of one of them hangs on the clock.
    pub(super) by_clock: bool,
}

/// Columns, and a frame, that hang on the clock without being an age in days. `service_hints` and what is told of it: a
/// logon pattern is one by the age of the account.
const BY_CLOCK: [&str; 7] = [
    "_days",
    "aes_keys",
    "newest",
    "default_ciphers",
    "cipher_step",
    "service_hints",
    "service_confidence",
];

/// Whether the rows of this SQL may be others at another clock. A page that takes every column there is may see any.
pub(crate) fn looks_at_the_clock(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    let stars = sql.matches('*').count() > sql.matches("(*)").count();
    stars || BY_CLOCK.iter().any(|name| sql.contains(name))
}

/// What takes longest is begun first, so that no core waits for it at the end.
pub(super) const JOBS: &[Job] = &[
    Job {
        // The control graph takes longer than all other frames together.
        frames: &["takeovers"],
        by_clock: false,
        build: |analysis| one(takeovers::build(analysis)),
    },
    Job {
        frames: &["controls"],
        by_clock: false,
        build: |analysis| one(controls::build(analysis, analysis.controls())),
    },
    Job {
        frames: &["principals", "accounts", "service_hints"],
        by_clock: true,
        build: |analysis| {
            let hints = service_hints::Hints::new(analysis);
            let (principals, accounts) = accounts::build(analysis, &hints)?;
            Ok(vec![
                principals.lazy(),
                accounts.lazy(),
                hints.build(analysis)?.lazy(),
            ])
        },
    },
    Job {
        frames: &["delegations", "spns"],
        by_clock: false,
        build: |analysis| two(delegations::build(analysis)),
    },
    Job {
        frames: &["memberships", "members", "groups"],
        by_clock: false,
        build: |analysis| {
            let (memberships, members, inside) = memberships::build(analysis)?;
            Ok(vec![
                memberships.lazy(),
                members.lazy(),
                groups::build(analysis, &inside)?.lazy(),
            ])
        },
    },
    Job {
        frames: &["objects"],
        by_clock: true,
        build: |analysis| one(objects::build(analysis)),
    },
    Job {
        frames: &["readers", "account_hosts"],
        by_clock: true,
        build: |analysis| {
            let (readers, hosts) = readers::build(analysis)?;
            Ok(vec![readers, hosts.lazy()])
        },
    },
    Job {
        frames: &["reader_groups"],
        by_clock: false,
        build: |analysis| Ok(vec![reader_groups::build(analysis)?]),
    },
    Job {
        frames: &["computer_controls"],
        by_clock: false,
        build: |analysis| one(computer_controls::build(analysis)),
    },
    Job {
        frames: &["dmsa_creation"],
        by_clock: false,
        build: |analysis| one(dmsa_creation::build(analysis)),
    },
    Job {
        frames: &["dmsa_pairs"],
        by_clock: false,
        build: |analysis| one(dmsa_creation::pairs::build(analysis)),
    },
    Job {
        frames: &["dmsa_inheritance"],
        by_clock: false,
        build: |analysis| one(dmsa_creation::inheritance::build(analysis)),
    },
    Job {
        frames: &["descriptor_changes"],
        by_clock: false,
        build: |analysis| one(descriptor_changes::build(analysis)),
    },
    Job {
        frames: &["spn_jacks"],
        by_clock: false,
        build: |analysis| one(spn_jacks::build(analysis)),
    },
    Job {
        frames: &["policy_settings", "policy_principals"],
        by_clock: false,
        build: |analysis| two(policies::build(analysis)),
    },
    Job {
        frames: &["policy_links"],
        by_clock: false,
        build: |analysis| one(policy_links::build(analysis)),
    },
    Job {
        frames: &["logon_rights"],
        by_clock: false,
        build: |analysis| one(logon_rights::build(analysis)),
    },
    Job {
        frames: &["containers"],
        by_clock: false,
        build: |analysis| one(containers::build(analysis)),
    },
    Job {
        frames: &["classes"],
        by_clock: false,
        build: |analysis| one(classes::build(analysis)),
    },
    Job {
        frames: &["successions"],
        by_clock: false,
        build: |analysis| one(successions::build(analysis)),
    },
    Job {
        frames: &["sid_history"],
        by_clock: false,
        build: |analysis| one(objects::sid_history(analysis)),
    },
    Job {
        frames: &["kds_keys"],
        by_clock: true,
        build: |analysis| one(domain::kds_keys(analysis)),
    },
    Job {
        frames: &["domain"],
        by_clock: true,
        build: |analysis| one(domain::build(analysis)),
    },
    Job {
        frames: &["domains"],
        by_clock: false,
        build: |analysis| one(domains::build(analysis)),
    },
    Job {
        frames: &["assumptions"],
        by_clock: true,
        build: |analysis| one(domain::assumptions(analysis)),
    },
    Job {
        frames: &["password_policies"],
        by_clock: false,
        build: |analysis| one(domain::password_policies(analysis)),
    },
    Job {
        frames: &["trusts"],
        by_clock: false,
        build: |analysis| one(domain::trusts(analysis)),
    },
    Job {
        frames: &["queries"],
        by_clock: false,
        build: |analysis| one(domain::queries(analysis)),
    },
    Job {
        frames: &["coverage"],
        by_clock: false,
        build: |analysis| one(domain::coverage(analysis)),
    },
    Job {
        frames: &["defects"],
        by_clock: false,
        build: |analysis| one(defects::build(analysis)),
    },
    Job {
        frames: &["interpreted_rights"],
        by_clock: false,
        build: |analysis| one(interpreted_rights::build(analysis)),
    },
    Job {
        frames: &["conflicts"],
        by_clock: false,
        build: |analysis| one(exports::conflicts(analysis)),
    },
    Job {
        frames: &["export_notes"],
        by_clock: false,
        build: |analysis| one(exports::notes(analysis)),
    },
];

fn one(frame: Result<DataFrame>) -> Result<Vec<LazyFrame>> {
    Ok(vec![frame?.lazy()])
}

fn two(frames: Result<(DataFrame, DataFrame)>) -> Result<Vec<LazyFrame>> {
    let (first, second) = frames?;
    Ok(vec![first.lazy(), second.lazy()])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::frames::catalogue::FRAMES;

    /// A month of the company, as it is at its own clock and years later.
    #[test]
    fn what_hangs_on_the_clock_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let months = coldcase_fixtures::contoso::write_all(folder.path()).unwrap();
        let snapshot = coldcase_schemas::Snapshot::open(months.get(4).unwrap()).unwrap();
        let mut analysis = Analysis::new(crate::load::Directory::load(&snapshot).unwrap());
        let all = |analysis: &Analysis| -> Vec<Vec<DataFrame>> {
            let made = JOBS.iter().map(|job| (job.build)(analysis).unwrap());
            let made = made.map(|frames| frames.into_iter().map(|frame| frame.collect().unwrap()));
            made.map(Iterator::collect).collect()
        };
        let now = all(&analysis);
        analysis.directory.clock = crate::load::Clock::parse("2031-01-01T00:00:00Z").unwrap();
        let later = all(&analysis);
        let mut changed = BTreeSet::new();
        for (job, (now, later)) in JOBS.iter().zip(now.iter().zip(&later)) {
            for (name, (now, later)) in job.frames.iter().zip(now.iter().zip(later)) {
                for (column, after) in now.get_columns().iter().zip(later.get_columns()) {
                    if column.equals_missing(after) {
                        continue;
                    }
                    assert!(job.by_clock, "{name}");
                    let told = looks_at_the_clock(column.name()) || looks_at_the_clock(name);
                    assert!(told, "{name}.{}", column.name());
                    changed.insert(column.name().to_string());
                }
            }
        }
        // Not all can be seen in one directory; these can.
        for column in [
            "created_days",
            "password_days",
            "cipher_step",
            "support_ended_days",
        ] {
            assert!(changed.contains(column), "{column}: {changed:?}");
        }
        assert!(looks_at_the_clock("SELECT listed.* FROM listed"));
        assert!(!looks_at_the_clock("SELECT COUNT(*) FROM readers"));
    }

    #[test]
    fn every_frame_is_built_by_one_job() {
        let made: Vec<&str> = JOBS.iter().flat_map(|job| job.frames).copied().collect();
        let set: BTreeSet<&str> = made.iter().copied().collect();
        let all: BTreeSet<&str> = FRAMES.iter().map(|frame| frame.name).collect();
        assert_eq!(made.len(), set.len(), "{made:?}");
        assert_eq!(set, all);
    }
}
