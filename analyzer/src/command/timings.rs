//! How long each stage of a command took, for who asks with `--timings`.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;

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

    /// Tells how long it was since the last stage.
    ///
    /// # Errors
    /// Standard error cannot be written.
    pub(super) fn stage(&mut self, name: &str) -> Result<()> {
        if self.wanted {
            let took = self.since.elapsed().as_secs_f64() * 1000.0;
            writeln!(std::io::stderr(), "{name:<18} {took:>8.1} ms")?;
        }
        self.since = Instant::now();
        Ok(())
    }
}
