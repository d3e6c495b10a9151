//! What the user sees while it runs: one line on standard error, only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The line.
pub(crate) struct Progress {
    bar: ProgressBar,
    query: String,
    entries: u64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            query: String::new(),
            entries: 0,
        }
    }

    pub(crate) fn query(&mut self, name: &str) {
        self.query = name.to_owned();
        self.entries = 0;
        self.bar.set_message(format!("{name} …"));
    }

    pub(crate) fn entry(&mut self) {
        self.entries += 1;
        if self.entries.is_multiple_of(100) {
            self.bar
                .set_message(format!("{} {} objects", self.query, self.entries));
        }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
