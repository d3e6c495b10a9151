//! One line that moves, on a terminal.

use std::time::Duration;

use coldcase_schemas::ledger::QueryOutcome;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::{Display, State};

/// The line; it appears with the first thing to show.
#[derive(Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    fn line(&mut self) -> &ProgressBar {
        self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {elapsed_precise} {wide_msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        })
    }
}

impl Display for Bar {
    fn show(&mut self, state: &State) {
        let message = message(state);
        self.line().set_message(message);
    }

    fn ended(&mut self, _: &State, _: &QueryOutcome) {}

    fn note(&mut self, sentence: &str) {
        match &self.0 {
            Some(bar) => bar.println(sentence),
            None => {
                use std::io::Write;
                let _ = writeln!(std::io::stderr(), "{sentence}");
            }
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// `4/16 users: 12,500 objects, 25 pages, 2,400/s, part 3 (41 %), about 6 seconds left`
fn message(state: &State) -> String {
    let mut text = format!(
        "{}/{} {}: {} objects, {} pages",
        state.number,
        state.queries,
        state.query,
        HumanCount(state.objects),
        state.pages
    );
    if state.rate() > 0 {
        text.push_str(&format!(", {}/s", HumanCount(state.rate())));
    }
    if let Some(share) = state.share {
        text.push_str(&format!(", part {} ({:.0} %)", state.part, share * 100.0));
    }
    if let Some(left) = state.estimate() {
        text.push_str(&format!(", about {} left", HumanDuration(left)));
    }
    text
}
