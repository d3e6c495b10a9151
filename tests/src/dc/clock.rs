//! Moments as the directory counts them: 100 ns since 1601 (MS-DTYP 2.3.3, FILETIME). Formats nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

pub(super) const TICKS_PER_DAY: i64 = 864_000_000_000;
const TICKS_1601_TO_1970: i64 = 116_444_736_000_000_000;

/// A moment that ages are counted back from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    now: i64,
}

impl Clock {
    pub(super) fn now() -> Result<Clock> {
        #[expect(
            clippy::disallowed_methods,
            reason = "planted ages are relative to the server's clock, which is now"
        )]
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("the clock is set before 1970")?;
        let ticks =
            i64::try_from(since_1970.as_nanos() / 100).context("the clock is set too far ahead")?;
        Ok(Clock {
            now: TICKS_1601_TO_1970 + ticks,
        })
    }

    /// 1 January 2026, for what must come out the same every time.
    pub(super) fn fixed() -> Clock {
        Clock {
            now: 134_116_992_000_000_000,
        }
    }

    pub(super) fn days_ago(&self, days: i64) -> i64 {
        self.now - days * TICKS_PER_DAY
    }
}
