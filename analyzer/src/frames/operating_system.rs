//! Windows builds: which one a computer runs, and until when Microsoft mends it.
//!
//! Owns the table of builds and dates. Deliberately knows no other maker's systems, and no Extended Security Updates,
//! which a directory does not show.

use super::analysis::Analysis;
use crate::load::Object;

/// First build of Windows Server 2012.
#[cfg(test)]
const SERVER_2012: i64 = 9200;

/// 100-ns ticks of a day.
const TICKS_PER_DAY: i64 = 864_000_000_000;

/// Days from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_DAYS: i64 = 134_774;

/// A day: year, month, day.
type Date = (i64, i64, i64);

/// When extended support of a build ends: as a server, as a client. Of several editions the one that lasts longest counts
/// (Long-Term Servicing Channel, Enterprise), since operatingSystem does not always tell them apart; Extended Security
/// Updates do not count. Source: Microsoft Lifecycle (learn.microsoft.com/lifecycle/products), fixed policy *Extended End
/// Date*, modern policy *Retirement Date* of the release.
const SUPPORT: &[(i64, Option<Date>, Option<Date>)] = &[
    (2195, Some((2010, 7, 13)), Some((2010, 7, 13))),
    (2600, None, Some((2014, 4, 8))),
    (3790, Some((2015, 7, 14)), Some((2014, 4, 8))),
    (6000, None, Some((2017, 4, 11))),
    (6001, Some((2020, 1, 14)), Some((2017, 4, 11))),
    (6002, Some((2020, 1, 14)), Some((2017, 4, 11))),
    (6003, Some((2020, 1, 14)), None),
    (7600, Some((2020, 1, 14)), Some((2020, 1, 14))),
    (7601, Some((2020, 1, 14)), Some((2020, 1, 14))),
    (9200, Some((2023, 10, 10)), Some((2016, 1, 12))),
    (9600, Some((2023, 10, 10)), Some((2023, 1, 10))),
    (10240, None, Some((2025, 10, 14))),
    (10586, None, Some((2018, 4, 10))),
    (14393, Some((2027, 1, 12)), Some((2026, 10, 13))),
    (15063, None, Some((2019, 10, 8))),
    (16299, Some((2019, 4, 9)), Some((2020, 10, 13))),
    (17134, Some((2019, 11, 12)), Some((2021, 5, 11))),
    (17763, Some((2029, 1, 9)), Some((2029, 1, 9))),
    (18362, Some((2020, 12, 8)), Some((2020, 12, 8))),
    (18363, Some((2021, 5, 11)), Some((2022, 5, 10))),
    (19041, Some((2021, 12, 14)), Some((2021, 12, 14))),
    (19042, Some((2022, 8, 9)), Some((2023, 5, 9))),
    (19043, None, Some((2022, 12, 13))),
    (19044, None, Some((2032, 1, 13))),
    (19045, None, Some((2025, 10, 14))),
    (20348, Some((2031, 10, 14)), None),
    (22000, None, Some((2024, 10, 8))),
    (22621, None, Some((2025, 10, 14))),
    (22631, None, Some((2026, 11, 10))),
    (25398, Some((2025, 10, 24)), None),
    (26100, Some((2034, 11, 14)), Some((2034, 10, 10))),
];

/// The build in operatingSystemVersion, which Windows writes as `10.0 (20348)`; `None` if it is written otherwise.
pub(crate) fn build_of(object: &Object) -> Option<i64> {
    if !is_windows(object) {
        return None;
    }
    let version = object.operating_system_version.as_deref()?;
    let inside = version.split_once('(')?.1.split_once(')')?.0;
    let digits = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| inside.parse().ok()).flatten()
}

/// Days from the end of extended support to the snapshot, negative while support goes on; `None` if the system is not
/// Windows or its build is not in the table.
pub(super) fn support_ended_days(analysis: &Analysis, object: &Object) -> Option<f64> {
    let build = build_of(object)?;
    let name = object.operating_system.as_deref()?.to_ascii_lowercase();
    let (_, server, client) = SUPPORT.iter().find(|(known, ..)| *known == build)?;
    let date = if name.contains("server") {
        server
    } else {
        client
    };
    analysis.days(Some(end_of((*date)?)))
}

/// Windows, or Hyper-V Server, which leaves the word out at times.
pub(crate) fn is_windows(object: &Object) -> bool {
    object.operating_system.as_deref().is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("windows") || name.contains("hyper-v")
    })
}

/// The end of the day in FILETIME ticks, UTC, by the proleptic Gregorian calendar.
const fn end_of((year, month, day): Date) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let unix_days = era * 146_097 + day_of_era - 719_468;
    (unix_days + UNIX_EPOCH_DAYS + 1) * TICKS_PER_DAY
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    fn host(name: Option<&str>, version: Option<&str>) -> (Option<i64>, Option<f64>) {
        let mut made = Made::new();
        let place = made.principal("computer", "SQL01$", HEAD, 1103);
        made.objects[place].operating_system = name.map(str::to_owned);
        made.objects[place].operating_system_version = version.map(str::to_owned);
        let analysis = Analysis::new(made.directory());
        let object = analysis.object(place).unwrap();
        (build_of(object), support_ended_days(&analysis, object))
    }

    #[test]
    fn a_build_is_a_server_or_a_client() {
        let (build, days) = host(Some("Windows Server 2012 R2 Standard"), Some("6.3 (9600)"));
        assert_eq!(build, Some(9600));
        // 2023-10-11 00:00 to 2026-01-01 00:00.
        assert_eq!(days, Some(813.0));
        let (build, days) = host(Some("Windows 8.1 Pro"), Some("6.3 (9600)"));
        assert_eq!(build, Some(9600));
        assert_eq!(days, Some(1086.0));
        assert!(build >= Some(SERVER_2012));
    }

    #[test]
    fn support_that_goes_on_is_negative() {
        let (_, days) = host(Some("Windows Server 2022 Datacenter"), Some("10.0 (20348)"));
        assert_eq!(days, Some(-2113.0));
    }

    #[test]
    fn what_is_not_known_is_null() {
        assert_eq!(host(Some("Samba"), Some("4.21.1")), (None, None));
        assert_eq!(host(Some("Samba"), Some("10.0 (20348)")), (None, None));
        assert_eq!(host(None, Some("10.0 (20348)")), (None, None));
        let server = Some("Windows Server 2042");
        assert_eq!(host(server, None), (None, None));
        assert_eq!(host(server, Some("15.0 (99999)")), (Some(99_999), None));
        for odd in [
            "",
            "10.0",
            "(",
            "()",
            "(-1)",
            "(2034",
            "(99999999999999999999)",
        ] {
            assert_eq!(host(server, Some(odd)), (None, None), "{odd}");
        }
    }

    #[test]
    fn builds_are_in_order_and_told_once() {
        assert!(SUPPORT.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn days_are_counted_from_1601() {
        assert_eq!(end_of((1601, 1, 1)), TICKS_PER_DAY);
        assert_eq!(end_of((1969, 12, 31)), 116_444_736_000_000_000);
        assert_eq!(end_of((2000, 2, 29)) + TICKS_PER_DAY, end_of((2000, 3, 1)));
    }
}
