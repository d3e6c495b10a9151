//! Moments that snapshots were taken at, as they are compared and stored.
//!
//! Owns one spelling for each moment. Deliberately never asks the machine's clock.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::load::Clock;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// A moment to the second, as [`Clock`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    /// From RFC 3339 text, whatever its offset; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        Some(Self(Timestamp::from_second(time.as_second()).ok()?))
    }

    /// From FILETIME ticks; `None` for the values that mean never.
    pub(crate) fn of_filetime(ticks: i64) -> Option<Self> {
        const TICKS_PER_SECOND: i64 = 10_000_000;
        const UNIX_EPOCH: i64 = 11_644_473_600;
        let meaningful = ticks > 0 && ticks != i64::MAX;
        let seconds = (ticks / TICKS_PER_SECOND) - UNIX_EPOCH;
        let time = meaningful.then(|| Timestamp::from_second(seconds).ok());
        time.flatten().map(Self)
    }

    /// For ages.
    pub(crate) fn clock(self) -> Option<Clock> {
        Clock::parse(&self.to_string())
    }

    /// Days from `earlier` to this.
    pub(crate) fn days_since(self, earlier: Self) -> f64 {
        (self.0.as_second() - earlier.0.as_second()) as f64 / SECONDS_PER_DAY
    }

    /// `YYYY-MM-DD`, in UTC.
    pub(crate) fn day(self) -> String {
        let text = self.to_string();
        text.get(..10).unwrap_or(&text).to_owned()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let no_time = || serde::de::Error::custom(format!("{text:?} is no time"));
        Self::parse(&text).ok_or_else(no_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_moment() {
        let spelled = |text| Moment::parse(text).map(|moment| moment.to_string());
        let utc = Some("2026-03-31T06:00:00Z".to_owned());
        assert_eq!(spelled("2026-03-31T06:00:00Z"), utc);
        assert_eq!(spelled("2026-03-31T08:00:00.75+02:00"), utc);
        assert_eq!(spelled("2026-03-31"), None);
    }

    #[test]
    fn filetimes_that_mean_never_are_no_moment() {
        let day = |ticks| Moment::of_filetime(ticks).map(Moment::day);
        assert_eq!(day(132_827_825_220_000_000), Some("2021-11-30".to_owned()));
        for never in [0, i64::MAX, -1] {
            assert_eq!(day(never), None);
        }
    }
}
