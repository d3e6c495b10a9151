//! How long each stage of a command took, for who asks with `--timings`.

use std::cmp::Reverse;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::progress;

/// Parts of a stage that are told.
const SLOWEST: usize = 10;

/// How long the stages take. It goes to standard error and into no report.
pub(super) struct Timings {
    wanted: bool,
    since: Instant,
}

impl Timings {
    /// From now on; `wanted` by `--timings`.
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            since: Instant::now(),
        }
    }

    /// Tells how long parts of the last stage took, the slowest ten of them.
    ///
    /// # Errors
    /// Standard error cannot be written.
    pub(super) fn slowest<'a>(
        &self,
        parts: impl Iterator<Item = (&'a str, Duration)>,
    ) -> Result<()> {
        let mut parts: Vec<(&str, Duration)> = parts.collect();
        parts.sort_by_key(|(_, took)| Reverse(*took));
        for (name, took) in parts.iter().take(SLOWEST).filter(|_| self.wanted) {
            let took = took.as_secs_f64() * 1000.0;
            writeln!(std::io::stderr(), "  {name:<30} {took:>8.1} ms")?;
        }
        Ok(())
    }

    /// Tells how long it was since the last stage.
    ///
    /// # Errors
    /// Standard error cannot be written.
    pub(super) fn stage(&mut self, name: &str) -> Result<()> {
        if self.wanted {
            progress::clear();
            let took = self.since.elapsed().as_secs_f64() * 1000.0;
            writeln!(std::io::stderr(), "{name:<18} {took:>8.1} ms")?;
        }
        self.since = Instant::now();
        Ok(())
    }
}
