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

    /// That day at midnight as GeneralizedTime (MS-ADTS 3.1.1.2.2.2.7): `20260101000000.0Z`.
    pub(super) fn generalized_days_ago(&self, days: i64) -> String {
        let day = self.days_ago(days) / TICKS_PER_DAY;
        let (year, month, day) = civil(day);
        format!("{year:04}{month:02}{day:02}000000.0Z")
    }
}

/// Year, month and day of a number of days since 1 January 1601, in the Gregorian calendar. A cycle of 400 years has
/// 146,097 days; years are counted from March, so that the leap day is the last.
fn civil(days_since_1601: i64) -> (i64, i64, i64) {
    // From 1 March 1600 to 1 January 1601.
    let days = days_since_1601 + 306;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (1_600 + cycle * 400 + year + later, month, of_month)
}
