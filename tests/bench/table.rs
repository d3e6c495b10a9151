//! What the benchmarks print: costs in columns, and limits with what was measured.
//!
//! Owns the layout. Deliberately does not know what the limits are; each benchmark has its own.

use std::io::Write;

use anyhow::Result;

use crate::measure::Cost;

const KIB_PER_MIB: f64 = 1024.0;

/// What was measured, and what it may be at most.
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    pub(crate) measured: f64,
    pub(crate) at_most: f64,
}

impl Limit {
    /// True if it was kept.
    fn print(&self, out: &mut impl Write) -> Result<bool> {
        let kept = self.measured <= self.at_most;
        writeln!(
            out,
            "{:<44}{:>9.2}{:>9.2}  {}",
            self.name,
            self.measured,
            self.at_most,
            if kept { "kept" } else { "MISSED" }
        )?;
        Ok(kept)
    }
}

/// Prints all limits. True if all were kept.
pub(crate) fn limits(out: &mut impl Write, limits: &[Limit]) -> Result<bool> {
    writeln!(out, "\n{:<44}{:>9}{:>9}", "", "measured", "limit")?;
    let mut all = true;
    for limit in limits {
        all &= limit.print(out)?;
    }
    Ok(all)
}

/// The line above those of [`row`].
pub(crate) fn heading(out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "{:<28}{:>9}{:>9}{:>10}{:>12}",
        "", "wall, s", "CPU, s", "CPU/wall", "peak, MiB"
    )?;
    Ok(())
}

/// One program's cost.
pub(crate) fn row(out: &mut impl Write, name: &str, cost: &Cost) -> Result<()> {
    writeln!(
        out,
        "{name:<28}{:>9.2}{:>9.2}{:>9.0}%{:>12.1}",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        100.0 * cost.cpu_share(),
        mebibytes(cost.peak)
    )?;
    Ok(())
}

pub(crate) fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / KIB_PER_MIB
}
