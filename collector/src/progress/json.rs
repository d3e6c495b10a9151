//! One JSON object a line, for programs that watch.

use std::io::Write;
use std::time::{Duration, Instant};

use coldcase_schemas::ledger::QueryOutcome;
use serde_json::{Value, json};

use super::{Display, State};
use crate::reader::now;

/// Between two lines of one query.
const INTERVAL: Duration = Duration::from_secs(1);

/// Lines on standard error.
#[derive(Default)]
pub(super) struct Json {
    last: Option<Instant>,
}

impl Display for Json {
    fn show(&mut self, state: &State) {
        if self.last.is_none_or(|last| last.elapsed() >= INTERVAL) {
            self.last = Some(Instant::now());
            print(&json!({
                "time": now(), "event": "progress", "domain": state.domain, "query": state.query,
                "part": state.part, "objects": state.objects, "pages": state.pages,
                "all_objects": state.all_objects, "seconds": state.elapsed().as_secs(),
            }));
        }
    }

    fn ended(&mut self, state: &State, outcome: &QueryOutcome) {
        print(&json!({
            "time": now(), "event": "query", "domain": state.domain, "query": state.query,
            "objects": state.objects, "pages": state.pages, "complete": outcome.complete,
            "result_code": outcome.result_code, "result_text": outcome.result_text,
        }));
    }

    fn note(&mut self, sentence: &str) {
        print(&json!({ "time": now(), "event": "note", "text": sentence }));
    }

    fn clear(&mut self) {}
}

fn print(value: &Value) {
    // Nothing is left to do if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{value}");
}
