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
mod exports;
mod groups;
mod home;
mod impact;
mod interpreted_rights;
mod jobs;
mod logon_rights;
mod memberships;
mod objects;
mod operating_system;
mod origin;
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

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use polars::prelude::{IntoLazy, LazyFrame};
use polars::sql::SQLContext;

pub(crate) use accounts::host_part;
pub(crate) use analysis::Analysis;
pub(crate) use delegations::{Owners, PROTOCOL_TRANSITION};
pub(crate) use descriptor_changes::Starts;
pub(crate) use dmsa_creation::creators;
pub(crate) use domains::{HostNames, forest_domains};
pub(crate) use encryption::ciphers;
pub(crate) use impact::Impacts;
pub(crate) use memberships::{groups_of, in_groups};
pub(crate) use operating_system::{build_of, is_windows};
pub(crate) use origin::is_source;
pub(crate) use readers::{bits_for, kind_of, let_in};
pub(crate) use restrictions::PROTECTED_USERS;
pub(crate) use service_hints::{Hints, Strength, is_person};

use crate::cores::on_every_core;
pub(crate) use jobs::looks_at_the_clock;
use jobs::{JOBS, Job};

/// The frames of one snapshot.
pub(crate) struct Frames {
    frames: Vec<(&'static str, LazyFrame)>,
    took: Vec<(&'static str, Duration)>,
}

/// Frames of one builder and how long it took.
type Made = (Vec<LazyFrame>, Duration);

impl Frames {
    /// Builds every frame that one of these SQL texts may name.
    ///
    /// # Errors
    /// A frame does not fit the catalogue, which is a defect of the program.
    pub(crate) fn build<'a>(
        analysis: &Analysis,
        queries: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let queries: Vec<String> = queries.map(str::to_ascii_lowercase).collect();
        // Found anywhere in the text: a frame too many costs a moment, one too few a wrong answer.
        let named = |job: &&Job| {
            let names = |name: &&str| queries.iter().any(|sql| sql.contains(name));
            job.frames.iter().any(names)
        };
        Self::made(analysis, JOBS.iter().filter(named).collect())
    }

    /// The same frames after `analysis` was given another clock. What does not hang on it is not built again.
    ///
    /// # Errors
    /// As [`Frames::build`].
    pub(crate) fn at_another_clock(&self, analysis: &Analysis) -> Result<Self> {
        let here = |name: &&str| self.frames.iter().any(|(here, _)| here == name);
        let (by_clock, others): (Vec<&Job>, Vec<&Job>) = JOBS
            .iter()
            .filter(|job| job.frames.iter().any(&here))
            .partition(|job| job.by_clock);
        let mut made = Self::made(analysis, by_clock)?;
        let stays = |name: &&str| others.iter().any(|job| job.frames.contains(name));
        let others = self.frames.iter().filter(|(name, _)| stays(name));
        made.frames.extend(others.cloned());
        Ok(made)
    }

    fn made(analysis: &Analysis, wanted: Vec<&Job>) -> Result<Self> {
        let made = on_every_core(&wanted, |job| -> Result<Made> {
            let started = Instant::now();
            let frames = (job.build)(analysis)?;
            Ok((frames, started.elapsed()))
        });
        let made = made.context("building the frames failed")?;
        let made = made.into_iter().collect::<Result<Vec<Made>>>()?;
        let took = wanted.iter().zip(&made);
        let took = took
            .filter_map(|(job, (_, took))| Some((*job.frames.first()?, *took)))
            .collect();
        let frames = wanted.iter().zip(made);
        let frames = frames.flat_map(|(job, (frames, _))| job.frames.iter().copied().zip(frames));
        Ok(Self {
            frames: frames.collect(),
            took,
        })
    }

    /// The first frame of each builder and how long it took, for `--timings`; it goes into no report.
    pub(crate) fn took(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.took.iter().copied()
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
            took: Vec::new(),
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
