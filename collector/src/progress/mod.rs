//! What the user sees while a collection runs, on standard error: a moving line on a terminal, plain lines elsewhere,
//! JSON for programs, or nothing.
//!
//! Owns what is counted. Deliberately does not print results: [`crate::collect`] does, on standard output.

mod bar;
mod json;
mod lines;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use coldcase_schemas::ledger::{PartitionPlan, QueryOutcome};

use crate::arguments::{LogFormat, Output};

/// How far a collection is.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) domain: String,
    /// Name of the query, and which one of how many.
    pub(crate) query: String,
    pub(crate) number: usize,
    pub(crate) queries: usize,
    /// Parts of the query that were begun.
    pub(crate) part: u64,
    /// Share of the query's uSNCreated that lies behind, 0 to 1; `None` if it is asked whole.
    pub(crate) share: Option<f64>,
    /// Objects and pages of the query.
    pub(crate) objects: u64,
    pub(crate) pages: u64,
    /// Objects of all queries.
    pub(crate) all_objects: u64,
    began: Instant,
    query_began: Instant,
}

impl State {
    /// Since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Since the query began.
    pub(crate) fn query_elapsed(&self) -> Duration {
        self.query_began.elapsed()
    }

    /// Objects a second of the query.
    pub(crate) fn rate(&self) -> u64 {
        let seconds = self.query_elapsed().as_secs_f64();
        if seconds < 0.5 {
            return 0;
        }
        (self.objects as f64 / seconds) as u64
    }

    /// How long the query may still take.
    pub(crate) fn estimate(&self) -> Option<Duration> {
        let share = self.share.filter(|share| *share > 0.05 && *share < 1.0)?;
        Some(self.query_elapsed().mul_f64((1.0 - share) / share))
    }
}

/// Who shows it.
trait Display {
    /// Something changed.
    fn show(&mut self, state: &State);
    /// A query has ended.
    fn ended(&mut self, state: &State, outcome: &QueryOutcome);
    /// A sentence for the user.
    fn note(&mut self, sentence: &str);
    /// Nothing more will come.
    fn clear(&mut self);
}

/// The progress of one collection.
pub(crate) struct Progress {
    state: State,
    highest: Option<i64>,
    display: Box<dyn Display>,
}

impl Progress {
    /// Begins to show the collection of `domain`. `highest` is highestCommittedUSN.
    pub(crate) fn new(output: &Output, domain: &str, queries: usize, highest: Option<i64>) -> Self {
        let now = Instant::now();
        Self {
            state: State {
                domain: domain.to_owned(),
                query: String::new(),
                number: 0,
                queries,
                part: 0,
                share: None,
                objects: 0,
                pages: 0,
                all_objects: 0,
                began: now,
                query_began: now,
            },
            highest: highest.filter(|highest| *highest > 0),
            display: display(output),
        }
    }

    pub(crate) fn query(&mut self, name: &str) {
        let state = &mut self.state;
        if state.query != name {
            state.number += 1;
        }
        state.query = name.to_owned();
        state.part = 0;
        state.share = None;
        state.objects = 0;
        state.pages = 0;
        state.query_began = Instant::now();
        self.display.show(state);
    }

    pub(crate) fn part(&mut self, plan: &PartitionPlan) {
        self.state.part += 1;
        self.state.share = match (plan.first_usn, plan.last_usn, self.highest) {
            (None, None, _) | (_, _, None) => None,
            (first, _, Some(highest)) => {
                Some((first.unwrap_or(0) as f64 / highest as f64).min(1.0))
            }
        };
        self.display.show(&self.state);
    }

    pub(crate) fn page(&mut self, objects: u64) {
        self.state.pages += 1;
        self.state.objects += objects;
        self.state.all_objects += objects;
        self.display.show(&self.state);
    }

    pub(crate) fn query_ended(&mut self, outcome: &QueryOutcome) {
        self.display.ended(&self.state, outcome);
    }

    pub(crate) fn note(&mut self, sentence: &str) {
        self.display.note(sentence);
    }

    pub(crate) fn clear(&mut self) {
        self.display.clear();
    }
}

/// Tells a sentence outside of a collection.
pub(crate) fn note(output: &Output, sentence: &str) {
    display(output).note(sentence);
}

fn display(output: &Output) -> Box<dyn Display> {
    match output.log_format {
        _ if output.quiet => Box::new(Nothing),
        LogFormat::Json => Box::new(json::Json::default()),
        LogFormat::Text if std::io::stderr().is_terminal() => Box::new(bar::Bar::default()),
        LogFormat::Text => Box::new(lines::Lines::default()),
    }
}

struct Nothing;

impl Display for Nothing {
    fn show(&mut self, _: &State) {}
    fn ended(&mut self, _: &State, _: &QueryOutcome) {}
    fn note(&mut self, _: &str) {}
    fn clear(&mut self) {}
}
