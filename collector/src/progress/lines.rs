//! Plain lines, for logs and pipes: one when a query has ended, and one now and then while it goes on.

use std::io::Write;
use std::time::{Duration, Instant};

use coldcase_schemas::ledger::QueryOutcome;

use super::{Display, State};

/// Between two lines of one query.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lines on standard error.
#[derive(Default)]
pub(super) struct Lines {
    last: Option<Instant>,
}

impl Display for Lines {
    fn show(&mut self, state: &State) {
        let last = *self.last.get_or_insert_with(Instant::now);
        if last.elapsed() >= INTERVAL {
            self.last = Some(Instant::now());
            self.note(&format!(
                "{} {}: {} objects so far, {}/s",
                state.domain,
                state.query,
                state.objects,
                state.rate()
            ));
        }
    }

    fn ended(&mut self, state: &State, outcome: &QueryOutcome) {
        self.last = Some(Instant::now());
        let how = if outcome.complete {
            String::new()
        } else {
            format!(", INCOMPLETE: {}", outcome.result_text)
        };
        self.note(&format!(
            "{} {}: {} objects, {} pages, {:.1} s{how}",
            state.domain,
            state.query,
            state.objects,
            state.pages,
            state.query_elapsed().as_secs_f64()
        ));
    }

    fn note(&mut self, sentence: &str) {
        // Nothing is left to do if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{sentence}");
    }

    fn clear(&mut self) {}
}
