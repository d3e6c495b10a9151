//! How fast a server is asked: at most so many entries a second.
//!
//! Owns the waiting between pages. Deliberately does not know what a page holds.

use std::time::{Duration, Instant};

/// A limit of entries a second, kept on average.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Option<u32>,
    began: Instant,
    entries: u64,
}

impl Pace {
    /// At most `rate` entries a second; `None` without a limit.
    pub(crate) fn new(rate: Option<u32>) -> Self {
        Self {
            rate,
            began: Instant::now(),
            entries: 0,
        }
    }

    /// How long to wait after `entries` more.
    pub(crate) fn after(&mut self, entries: u64) -> Duration {
        self.entries += entries;
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        due(self.entries, rate).saturating_sub(self.began.elapsed())
    }
}

/// When that many entries may have come at the earliest, from the start.
fn due(entries: u64, rate: u32) -> Duration {
    let rate = u64::from(rate.max(1));
    Duration::from_secs(entries / rate) + Duration::from_millis(entries % rate * 1_000 / rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_no_faster_than_allowed() {
        assert_eq!(due(0, 100), Duration::ZERO);
        assert_eq!(due(250, 100), Duration::from_millis(2_500));
        assert_eq!(due(7, 0), Duration::from_secs(7));
        assert_eq!(Pace::new(None).after(1_000_000), Duration::ZERO);
        assert!(Pace::new(Some(10)).after(100) > Duration::from_secs(9));
    }
}
