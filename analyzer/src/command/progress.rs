//! One line on a terminal that says what is being done, for work that takes longer than a moment.
//!
//! Owns that line: there is one terminal, so there is one of it. It stands on standard error, is never written to a file or a
//! pipe, and goes away before anything else is told. Deliberately measures nothing: `--timings` does.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_millis(700);

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(150);

static LINE: Mutex<Line> = Mutex::new(Line::Never);

enum Line {
    /// Nothing was said yet.
    Never,
    /// Said, and not shown since little time has passed.
    Waiting(String),
    Shown(ProgressBar),
    /// Something was told; nothing is shown any more.
    Over,
}

/// Says what is being done from now on.
pub(super) fn say(what: &str) {
    if !io::stderr().is_terminal() {
        return;
    }
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *line {
        Line::Never => {
            *line = Line::Waiting(what.to_owned());
            std::thread::spawn(show_later);
        }
        Line::Waiting(text) => what.clone_into(text),
        Line::Shown(bar) => bar.set_message(what.to_owned()),
        Line::Over => {}
    }
}

/// Takes the line away for good: something is told now.
pub(super) fn clear() {
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Line::Shown(bar) = &*line {
        bar.finish_and_clear();
    }
    *line = Line::Over;
}

fn show_later() {
    std::thread::sleep(PATIENCE);
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Line::Waiting(text) = &*line {
        let bar = ProgressBar::new_spinner().with_message(text.clone());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        *line = Line::Shown(bar);
    }
}
