//! Whether the password of a managed account rotated as its interval says, over all points.
//!
//! Owns the comparison of key epochs. A domain controller makes a new password when somebody asks after the interval is
//! over (MS-ADTS 3.1.1.4.5.39), counted from the epoch of the key in whole 10-hour cycles (MS-GKDI 2.2.4). So an epoch
//! may stand still while nobody asks, and never goes back unless the object was restored or written by hand.

use coldcase_schemas::trend::{Rotation, RotationVerdict};
use coldcase_winsec::TICKS_PER_CYCLE;

use super::moment::Moment;
use super::summary::AccountFacts;

/// Days between two passwords where msDS-ManagedPasswordInterval is not set.
const DEFAULT_INTERVAL: i64 = 30;

/// Days that a password may be overdue: the cycle it ends in, and slow replication. The same as rule GM13 grants.
const GRACE_DAYS: f64 = 140.0 / 24.0;

/// Days after the snapshot in which no epoch of a clock in order begins.
const AHEAD_DAYS: f64 = 1.0;

/// 100-nanosecond ticks of a day.
const TICKS_PER_DAY: i64 = 864_000_000_000;

/// The rotation of one account so far.
#[derive(Debug, Default)]
pub(crate) struct Rotating {
    interval: Option<i64>,
    cycle: Option<i64>,
    root_key: Option<String>,
    moved: u32,
    late: Vec<Moment>,
    backwards: Vec<Moment>,
    ahead: Vec<Moment>,
    reset: Vec<Moment>,
    other_key: Vec<Moment>,
    odd_key: Vec<Moment>,
    unknown: Vec<Moment>,
    password_set: Option<i64>,
    /// At the last point that tells the epoch.
    overdue: bool,
    idle: bool,
    told: u32,
}

impl Rotating {
    /// What the point taken at `taken_at` says.
    pub(crate) fn push(&mut self, taken_at: Moment, facts: &AccountFacts) {
        let interval = facts.interval_days.filter(|days| *days > 0);
        self.interval = interval.or(self.interval);
        let ticks = |cycle: i64| cycle.checked_mul(TICKS_PER_CYCLE);
        let epoch = facts.cycle.and_then(ticks).and_then(Moment::of_filetime);
        let (Some(cycle), Some(epoch)) = (facts.cycle, epoch) else {
            self.unknown.push(taken_at);
            return;
        };
        self.told += 1;
        match self.cycle {
            Some(before) if cycle > before => self.moved += 1,
            Some(before) if cycle < before => self.backwards.push(taken_at),
            _ => {}
        }
        if self.ran_ahead(taken_at, cycle, epoch) {
            self.ahead.push(taken_at);
        }
        let unmoved = self.cycle == Some(cycle);
        let set = self.password_set.zip(facts.password_set);
        if unmoved && set.is_some_and(|(before, after)| after > before) {
            self.reset.push(taken_at);
        }
        if self.root_key.is_some() && self.root_key != facts.root_key {
            self.other_key.push(taken_at);
            if unmoved || facts.newest_key != Some(true) {
                self.odd_key.push(taken_at);
            }
        }
        let due = interval.unwrap_or(DEFAULT_INTERVAL) as f64 + GRACE_DAYS;
        let past_due = taken_at.days_since(epoch) > due;
        // lastLogonTimestamp says at the earliest when somebody was last there; without it, nothing says that nobody
        // was.
        let last_logon = facts.last_logon.and_then(Moment::of_filetime);
        let used = last_logon.is_none_or(|logon| logon.days_since(epoch) > due);
        self.overdue = past_due && used;
        self.idle = past_due && !used;
        if self.overdue {
            self.late.push(taken_at);
        }
        self.cycle = Some(cycle);
        self.password_set = facts.password_set;
        self.root_key.clone_from(&facts.root_key);
    }

    /// Whether the epoch is one that no domain controller with a clock in order gives by now.
    fn ran_ahead(&self, taken_at: Moment, cycle: i64, epoch: Moment) -> bool {
        if epoch.days_since(taken_at) > AHEAD_DAYS {
            return true;
        }
        // The interval counts in whole cycles; one more or less is a matter of rounding.
        let interval = self.interval.unwrap_or(DEFAULT_INTERVAL);
        let due = interval.saturating_mul(TICKS_PER_DAY) / TICKS_PER_CYCLE;
        self.cycle
            .and_then(|before| cycle.checked_sub(before))
            .is_some_and(|moved| moved > 0 && moved.saturating_add(1) < due)
    }

    pub(crate) fn told(&self) -> Rotation {
        let verdict = if !self.backwards.is_empty() {
            RotationVerdict::Backwards
        } else if !self.ahead.is_empty() {
            RotationVerdict::Ahead
        } else if !self.reset.is_empty() {
            RotationVerdict::Reset
        } else if !self.odd_key.is_empty() {
            RotationVerdict::OddKey
        } else if self.overdue {
            RotationVerdict::Stopped
        } else if !self.late.is_empty() {
            RotationVerdict::Late
        } else if self.idle {
            RotationVerdict::Idle
        } else if self.told < 2 {
            RotationVerdict::Unknown
        } else {
            RotationVerdict::Regular
        };
        let times = |moments: &[Moment]| moments.iter().map(Moment::to_string).collect();
        Rotation {
            verdict,
            interval_days: self.interval.unwrap_or(DEFAULT_INTERVAL),
            moved: self.moved,
            late: times(&self.late),
            backwards: times(&self.backwards),
            ahead: times(&self.ahead),
            reset: times(&self.reset),
            other_key: times(&self.other_key),
            odd_key: times(&self.odd_key),
            unknown: times(&self.unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The cycle of a day of January 2026, and later.
    fn cycle(day: i64) -> i64 {
        // 2026-01-01 is 155,228 days after 1601-01-01.
        (155_228 + day) * 24 / 10
    }

    fn after(days: &[(i64, Option<i64>, Option<i64>)]) -> Rotation {
        let mut rotating = Rotating::default();
        for (day, epoch, logon) in days {
            let start = Moment::parse("2026-01-01T00:00:00Z").unwrap();
            let ticks = (155_228 + day) * 864_000_000_000;
            let taken_at = Moment::of_filetime(ticks).unwrap();
            assert_eq!(taken_at.days_since(start), *day as f64);
            let facts = AccountFacts {
                password_set: None,
                last_logon: logon.map(|logon| (155_228 + logon) * 864_000_000_000),
                cycle: epoch.map(cycle),
                root_key: Some("key".to_owned()),
                newest_key: Some(true),
                interval_days: Some(30),
                readers: None,
                spns: 0,
                tier0: false,
                groups: 0,
                privileged_groups: Vec::new(),
            };
            rotating.push(taken_at, &facts);
        }
        rotating.told()
    }

    #[test]
    fn as_the_interval_says_late_or_never_again() {
        let regular = after(&[(10, Some(0), Some(9)), (40, Some(31), Some(39))]);
        assert_eq!(
            (regular.verdict, regular.moved),
            (RotationVerdict::Regular, 1)
        );
        let still = after(&[(10, Some(0), Some(9)), (35, Some(0), Some(35))]);
        assert_eq!(still.verdict, RotationVerdict::Regular, "not due yet");
        let stopped = after(&[(10, Some(0), Some(9)), (80, Some(0), Some(79))]);
        assert_eq!(
            (stopped.verdict, stopped.late.len()),
            (RotationVerdict::Stopped, 1)
        );
        let late = after(&[(80, Some(0), Some(79)), (90, Some(85), Some(89))]);
        assert_eq!((late.verdict, late.moved), (RotationVerdict::Late, 1));
        let idle = after(&[(10, Some(0), Some(9)), (80, Some(0), Some(20))]);
        assert_eq!(idle.verdict, RotationVerdict::Idle);
        // Nothing says that nobody was there.
        assert_eq!(
            after(&[(80, Some(0), None)]).verdict,
            RotationVerdict::Stopped
        );
    }

    /// Two points of a password whose second is changed by hand.
    fn second(change: impl Fn(&mut AccountFacts)) -> Rotation {
        let mut rotating = Rotating::default();
        for (taken, day) in [("2026-02-01T00:00:00Z", 20), ("2026-03-01T00:00:00Z", 50)] {
            let mut facts = AccountFacts {
                password_set: Some((155_228 + day) * 864_000_000_000),
                last_logon: None,
                cycle: Some(cycle(day)),
                root_key: Some("key".to_owned()),
                newest_key: Some(true),
                interval_days: Some(30),
                readers: None,
                spns: 0,
                tier0: false,
                groups: 0,
                privileged_groups: Vec::new(),
            };
            if day == 50 {
                change(&mut facts);
            }
            rotating.push(Moment::parse(taken).unwrap(), &facts);
        }
        rotating.told()
    }

    #[test]
    fn what_no_domain_controller_does_is_not_regular() {
        let verdict = |change: &dyn Fn(&mut AccountFacts)| second(change).verdict;
        assert_eq!(verdict(&|_| ()), RotationVerdict::Regular);
        let early = |facts: &mut AccountFacts| facts.cycle = Some(cycle(22));
        assert_eq!(verdict(&early), RotationVerdict::Ahead);
        let future = |facts: &mut AccountFacts| facts.cycle = Some(cycle(800));
        assert_eq!(verdict(&future), RotationVerdict::Ahead);
        let reset = |facts: &mut AccountFacts| facts.cycle = Some(cycle(20));
        assert_eq!(verdict(&reset), RotationVerdict::Reset);
        let foreign = |facts: &mut AccountFacts| {
            facts.root_key = Some("other".to_owned());
            facts.newest_key = Some(false);
        };
        assert_eq!(verdict(&foreign), RotationVerdict::OddKey);
        let hidden = |facts: &mut AccountFacts| {
            facts.root_key = Some("other".to_owned());
            facts.newest_key = None;
        };
        assert_eq!(verdict(&hidden), RotationVerdict::OddKey);
        let newest = second(|facts| facts.root_key = Some("other".to_owned()));
        assert_eq!(
            (newest.verdict, newest.other_key.len()),
            (RotationVerdict::Regular, 1)
        );
    }

    #[test]
    fn an_epoch_that_goes_back_stays_told() {
        let back = after(&[
            (10, Some(8), Some(9)),
            (40, Some(0), Some(39)),
            (70, Some(60), Some(69)),
        ]);
        assert_eq!(back.verdict, RotationVerdict::Backwards);
        assert_eq!((back.backwards.len(), back.moved), (1, 1));
    }

    #[test]
    fn what_cannot_be_read_is_not_regular() {
        let unknown = after(&[(10, None, Some(9)), (40, Some(31), Some(39))]);
        assert_eq!(
            (unknown.verdict, unknown.unknown.len()),
            (RotationVerdict::Unknown, 1)
        );
        // A gap between two epochs hides nothing of their order.
        let gap = after(&[(10, Some(31), None), (20, None, None), (40, Some(1), None)]);
        assert_eq!(gap.verdict, RotationVerdict::Backwards);
    }
}
