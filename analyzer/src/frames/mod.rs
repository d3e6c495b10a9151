//! Frames: the tables that rules and `coldcase sql` run on.
//!
//! Owns what SQL says badly, computed once in Rust: closures, the DACL walk, password epochs, SPN matching.
//! Deliberately does not judge: a frame states facts, a rule decides.

pub(crate) mod catalogue;

mod accounts;
mod analysis;
mod builder;
mod classes;
mod computer_controls;
mod containers;
mod controls;
mod defects;
mod delegations;
mod descriptor_changes;
mod digest;
mod dmsa_creation;
mod domain;
mod domains;
mod encryption;
mod groups;
mod home;
mod impact;
mod logon_rights;
mod memberships;
mod objects;
mod operating_system;
mod password_policy;
mod policies;
mod policy_links;
mod reader_groups;
mod reader_list;
mod readers;
mod relocations;
mod reset_denied;
mod restrictions;
mod service_hints;
mod spn_jacks;
mod spns;
mod successions;
mod takeovers;
mod wording;

use anyhow::Result;
use polars::prelude::{IntoLazy, LazyFrame};
use polars::sql::SQLContext;

pub(crate) use analysis::Analysis;
pub(crate) use delegations::Owners;
pub(crate) use descriptor_changes::Starts;
pub(crate) use dmsa_creation::creators;
pub(crate) use impact::Impacts;
pub(crate) use memberships::groups_of;
pub(crate) use readers::{bits_for, kind_of};

/// The frames of one snapshot.
pub(crate) struct Frames {
    frames: Vec<(&'static str, LazyFrame)>,
}

impl Frames {
    /// Builds every frame that one of these SQL texts may name.
    ///
    /// # Errors
    /// A frame does not fit the catalogue, which is a defect of the program.
    pub(crate) fn build<'a>(
        analysis: &Analysis,
        mut queries: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        // Two halves of about the same work: most machines have at least two cores.
        let (first, second) = std::thread::scope(|scope| {
            let second = scope.spawn(|| -> Result<_> {
                Ok((
                    controls::build(analysis, analysis.controls())?,
                    delegations::build(analysis)?,
                    readers::build(analysis)?,
                    successions::build(analysis)?,
                    memberships::build(analysis)?,
                ))
            });
            let first = || -> Result<_> {
                let hints = service_hints::Hints::new(analysis);
                Ok((
                    objects::build(analysis)?,
                    accounts::build(analysis, &hints)?,
                    hints.build(analysis)?,
                ))
            };
            (first(), second.join())
        });
        let (objects, (principals, accounts), service_hints) = first?;
        let second = second.map_err(|_| anyhow::anyhow!("building the frames failed"))??;
        let (controls, (delegations, spns), (readers, account_hosts), successions, memberships) =
            second;
        let (memberships, members, inside) = memberships;
        let (policy_settings, policy_principals) = policies::build(analysis)?;
        // The control graph takes longer than all the other frames together, and few ask for it.
        let takeovers = if queries.any(|sql| sql.to_ascii_lowercase().contains("takeovers")) {
            Some(("takeovers", takeovers::build(analysis)?.lazy()))
        } else {
            None
        };
        let mut frames = vec![
            ("objects", objects.lazy()),
            ("principals", principals.lazy()),
            ("accounts", accounts.lazy()),
            ("readers", readers),
            ("memberships", memberships.lazy()),
            ("members", members.lazy()),
            ("groups", groups::build(analysis, &inside)?.lazy()),
            ("spns", spns.lazy()),
            ("delegations", delegations.lazy()),
            ("controls", controls.lazy()),
            ("dmsa_creation", dmsa_creation::build(analysis)?.lazy()),
            ("kds_keys", domain::kds_keys(analysis)?.lazy()),
            ("account_hosts", account_hosts.lazy()),
            ("successions", successions.lazy()),
            ("sid_history", objects::sid_history(analysis)?.lazy()),
            ("domain", domain::build(analysis)?.lazy()),
            ("assumptions", domain::assumptions(analysis)?.lazy()),
            (
                "password_policies",
                domain::password_policies(analysis)?.lazy(),
            ),
            ("trusts", domain::trusts(analysis)?.lazy()),
            ("policy_settings", policy_settings.lazy()),
            ("policy_principals", policy_principals.lazy()),
            ("queries", domain::queries(analysis)?.lazy()),
            ("coverage", domain::coverage(analysis)?.lazy()),
            ("defects", defects::build(analysis)?.lazy()),
            ("reader_groups", reader_groups::build(analysis)?),
            (
                "computer_controls",
                computer_controls::build(analysis)?.lazy(),
            ),
            ("policy_links", policy_links::build(analysis)?.lazy()),
            (
                "descriptor_changes",
                descriptor_changes::build(analysis)?.lazy(),
            ),
            ("spn_jacks", spn_jacks::build(analysis)?.lazy()),
            ("dmsa_pairs", dmsa_creation::pairs::build(analysis)?.lazy()),
            (
                "dmsa_inheritance",
                dmsa_creation::inheritance::build(analysis)?.lazy(),
            ),
            ("domains", domains::build(analysis)?.lazy()),
            ("logon_rights", logon_rights::build(analysis)?.lazy()),
            ("service_hints", service_hints.lazy()),
            ("classes", classes::build(analysis)?.lazy()),
            ("containers", containers::build(analysis)?.lazy()),
        ];
        frames.extend(takeovers);
        Ok(Self { frames })
    }

    /// Every frame, without rows.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub(crate) fn empty() -> Result<Self> {
        let frames = catalogue::FRAMES.iter().map(|frame| {
            let empty = builder::Builder::of(frame).finish()?;
            Ok((frame.name, empty.lazy()))
        });
        Ok(Self {
            frames: frames.collect::<Result<_>>()?,
        })
    }

    /// A context in which every frame is a table.
    pub(crate) fn sql(&self) -> SQLContext {
        // polars warns of its own future on standard error; who runs a report can do nothing about it.
        polars::error::set_warning_function(|_, _| ());
        let mut context = SQLContext::new();
        for (name, frame) in &self.frames {
            context.register(name, frame.clone());
        }
        context
    }
}
