//! FILETIME and GeneralizedTime, and ages against the snapshot's own clock.
//!
//! Deliberately never asks the machine's clock.

/// 100-ns ticks from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: f64 = 864_000_000_000.0;

/// The moment a snapshot was taken, in FILETIME ticks (100 ns since 1601, UTC).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(i64);

impl Clock {
    /// From RFC 3339 text.
    pub(crate) fn parse(taken_at: &str) -> Option<Self> {
        let time: jiff::Timestamp = taken_at.parse().ok()?;
        Some(Self(from_unix(time.as_second())?))
    }

    /// The day, in UTC.
    pub(crate) fn day(self) -> jiff::civil::Date {
        let seconds = (self.0 - UNIX_EPOCH) / TICKS_PER_SECOND;
        let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        jiff::tz::Offset::UTC.to_datetime(time).date()
    }

    /// FILETIME ticks.
    pub(crate) fn ticks(self) -> i64 {
        self.0
    }

    /// Whether the snapshot was taken after this moment, in FILETIME ticks.
    pub(crate) fn is_after(self, filetime: i64) -> bool {
        self.0 > filetime
    }

    /// Days from a FILETIME to the snapshot. The two "never" values (0 and 2^63-1) and negative ticks have no age.
    pub(crate) fn days_since(self, filetime: i64) -> Option<f64> {
        let meaningful = filetime > 0 && filetime != i64::MAX;
        meaningful.then(|| (self.0 as f64 - filetime as f64) / TICKS_PER_DAY)
    }
}

/// GeneralizedTime as Active Directory writes it, `YYYYMMDDHHMMSS.0Z`, in FILETIME ticks.
pub(crate) fn filetime_of(generalized: &str) -> Option<i64> {
    let digits = generalized.get(..14)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !generalized.ends_with('Z') {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let narrow = |from, to| i8::try_from(part(from, to)?).ok();
    let time = jiff::civil::DateTime::new(
        part(0, 4)?,
        narrow(4, 6)?,
        narrow(6, 8)?,
        narrow(8, 10)?,
        narrow(10, 12)?,
        narrow(12, 14)?,
        0,
    )
    .ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    from_unix(zoned.timestamp().as_second())
}

fn from_unix(seconds: i64) -> Option<i64> {
    seconds
        .checked_mul(TICKS_PER_SECOND)?
        .checked_add(UNIX_EPOCH)
}

/// Ticks of 100 ns by which two times must differ to be told apart: some exporters write whole seconds.
pub(crate) const PRECISION: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generalized_time_is_utc() {
        assert_eq!(
            filetime_of("20211130214842.0Z"),
            Some(132_827_825_220_000_000)
        );
        assert_eq!(filetime_of("16010101000000.0Z"), Some(0));
        for odd in [
            "",
            "2021",
            "20211330000000.0Z",
            "2021113021484é.0Z",
            "20211130214842.0+0100",
        ] {
            assert_eq!(filetime_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn never_has_no_age() {
        let clock = Clock::parse("2021-12-01T21:48:42Z");
        let days = |ticks| clock.and_then(|clock| clock.days_since(ticks));
        assert_eq!(days(132_827_825_220_000_000), Some(1.0));
        assert_eq!(days(0), None);
        assert_eq!(days(i64::MAX), None);
        assert_eq!(days(-1), None);
    }
}
