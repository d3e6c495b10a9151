//! Managed passwords of gMSAs and dMSAs then and now: rotation told apart from tampering.
//!
//! A domain controller derives the password from a root key and an epoch, which msDS-ManagedPasswordId names, and moves the
//! epoch on by the interval when a host asks after its end (MS-ADTS 3.1.1.4.5.39, MS-GKDI 3.1.4.1). Whatever else happens to
//! epoch, key or pwdLastSet was done by somebody. When an unmoved password counts as late is what rule GM13 says. Standalone
//! managed accounts have no epoch. Deliberately does not judge one snapshot by itself: the rules do.

use coldcase_schemas::diff::{PasswordChange, Rotation};
use coldcase_winsec::{ManagedPasswordId, PasswordIdError, TICKS_PER_CYCLE};

use super::Pair;
use super::side::{Both, When};
use super::value::time;
use crate::frames::Analysis;
use crate::load::{Kind, Object, PRECISION};
use crate::rules::subject_of;

/// Where msDS-ManagedPasswordInterval is not set, days.
const USUAL_INTERVAL: i64 = 30;

/// Hours after the end of the interval in which nobody need have asked: a key cycle, and slow replication.
const GRACE_HOURS: f64 = 140.0;

/// An epoch that begins later than this after the snapshot is none that a clock in order would give, days.
const AHEAD: f64 = 1.0;

/// 100-nanosecond ticks of an hour.
const TICKS_PER_HOUR: i64 = 36_000_000_000;

/// Of every gMSA and dMSA that is on both sides and of which there is something to say.
pub(super) fn passwords(pair: &Pair<'_>) -> Vec<PasswordChange> {
    let (old, new) = (&pair.old.directory, &pair.new.directory);
    // Of one and the same snapshot, how its passwords stand is no change: the report tells it.
    if old.sha256 == new.sha256 && !new.sha256.is_empty() {
        return Vec::new();
    }
    let mut changes: Vec<PasswordChange> = new
        .objects
        .iter()
        .filter(|object| matches!(object.kind, Kind::Gmsa | Kind::Dmsa))
        .filter_map(|object| {
            let was = old
                .objects
                .get(old.place(pair.matching.old_of(object.id)?)?)?;
            Some(change(pair, was, object))
        })
        .collect();
    changes.sort_by(|a, b| a.account.cmp(&b.account));
    changes
}

/// msDS-ManagedPasswordId as far as it can be read.
struct Password {
    id: ManagedPasswordId,
    /// Ticks at which its epoch began.
    epoch: i64,
}

fn change(pair: &Pair<'_>, was: &Object, is: &Object) -> PasswordChange {
    let sides = Both {
        before: read(was, When::Before),
        after: read(is, When::After),
    };
    let interval = is.password_interval.or(was.password_interval);
    let (rotation, text) = match (&sides.before, &sides.after) {
        (Ok(before), Ok(after)) => {
            let turn = Turn {
                analysis: pair.new,
                objects: (was, is),
                before,
                after,
                interval: interval.unwrap_or(USUAL_INTERVAL),
            };
            turn.rotation()
        }
        (Err(why), Ok(_)) | (Ok(_), Err(why)) => (Rotation::Unknown, why.clone()),
        (Err(why), Err(other)) => (Rotation::Unknown, format!("{why}; {other}")),
    };
    let epoch = |side: &Result<Password, String>| side.as_ref().ok().map(|one| time(one.epoch));
    let key = |side: &Result<Password, String>| {
        side.as_ref().ok().map(|one| one.id.root_key_id.to_string())
    };
    PasswordChange {
        account: subject_of(is),
        rotation,
        old_epoch: epoch(&sides.before),
        new_epoch: epoch(&sides.after),
        old_key: key(&sides.before),
        new_key: key(&sides.after),
        interval_days: interval,
        text,
    }
}

/// The password's id, or why it is not known.
fn read(object: &Object, when: When) -> Result<Password, String> {
    let side = when.snapshot();
    let Some(bytes) = object.password_id.as_deref() else {
        return Err(format!("{side} does not show msDS-ManagedPasswordId"));
    };
    let malformed =
        |error: PasswordIdError| format!("in {side}, msDS-ManagedPasswordId is malformed: {error}");
    let id = ManagedPasswordId::decode(bytes).map_err(malformed)?;
    match id.epoch_filetime() {
        Some(epoch) => Ok(Password { id, epoch }),
        None => Err(format!(
            "in {side}, msDS-ManagedPasswordId names an epoch that is no time"
        )),
    }
}

/// Both sides of one account.
struct Turn<'a> {
    /// Of the later side.
    analysis: &'a Analysis,
    objects: (&'a Object, &'a Object),
    before: &'a Password,
    after: &'a Password,
    /// Days.
    interval: i64,
}

impl Turn<'_> {
    fn rotation(&self) -> (Rotation, String) {
        let (was, is) = (self.before.epoch, self.after.epoch);
        let same_key = self.before.id.root_key_id == self.after.id.root_key_id;
        if is < was {
            return (
                Rotation::Backwards,
                format!(
                    "the epoch went back from {} to {}: the account was restored from a copy, or written to",
                    time(was),
                    time(is)
                ),
            );
        }
        if let Some(back) = self.password_went_back() {
            return (Rotation::Backwards, back);
        }
        if self.days(is).is_some_and(|days| days < -AHEAD) {
            return (
                Rotation::Ahead,
                format!("its epoch begins on {}, which is still to come", time(is)),
            );
        }
        match (is == was, same_key) {
            (true, false) => (Rotation::OtherKey, self.other_key("for the same epoch")),
            (true, true) => self.unmoved(),
            (false, _) => self.moved(same_key),
        }
    }

    /// pwdLastSet is earlier than it was.
    fn password_went_back(&self) -> Option<String> {
        let (was, is) = (self.objects.0.password_set?, self.objects.1.password_set?);
        // 0 is no time.
        (was.saturating_sub(is) >= PRECISION && is > 0).then(|| {
            format!(
                "pwdLastSet went back from {} to {}: the account was restored from a copy, or written to",
                time(was),
                time(is)
            )
        })
    }

    /// The epoch and the key are the same.
    fn unmoved(&self) -> (Rotation, String) {
        if let (Some(was), Some(is)) = (self.objects.0.password_set, self.objects.1.password_set)
            && is.saturating_sub(was) >= PRECISION
        {
            return (
                Rotation::Reset,
                format!(
                    "the password was set on {}, and its epoch is the same: no domain controller derived it",
                    time(is)
                ),
            );
        }
        match self.overdue() {
            Some(days) => (Rotation::Late, self.late("it did not move", days)),
            None => (
                Rotation::NotDue,
                format!("not due yet: it moves every {} days", self.interval),
            ),
        }
    }

    /// The epoch is a later one.
    fn moved(&self, same_key: bool) -> (Rotation, String) {
        let cycles = (self.after.epoch - self.before.epoch) / TICKS_PER_CYCLE;
        // The interval counts in whole cycles; one more or less is a matter of rounding.
        let due = self.interval.saturating_mul(24 * TICKS_PER_HOUR) / TICKS_PER_CYCLE;
        if cycles.saturating_add(1) < due {
            return (
                Rotation::Ahead,
                format!(
                    "it moved on by {} hours, sooner than every {} days: no domain controller does that",
                    cycles * 10,
                    self.interval
                ),
            );
        }
        if !same_key && !self.is_newest_key() {
            return (Rotation::OtherKey, self.other_key("for a later epoch"));
        }
        if let Some(days) = self.overdue() {
            return (
                Rotation::Late,
                self.late("it moved, and then no more", days),
            );
        }
        let key = if same_key {
            ""
        } else {
            ", to the newest root key"
        };
        (
            Rotation::Rotated,
            format!(
                "it moved on from {} to {}{key}",
                time(self.before.epoch),
                time(self.after.epoch)
            ),
        )
    }

    fn other_key(&self, epoch: &str) -> String {
        let (was, is) = (self.before.id.root_key_id, self.after.id.root_key_id);
        let keys = match self.analysis.directory.may_hide("kds-root-keys") {
            Some(true) => "which root keys there are, the later snapshot does not know",
            _ if self.knows(&is.to_string()) => "that is not the newest root key",
            _ => "there is no such root key in the later snapshot",
        };
        format!("it was derived from root key {is} {epoch}, and from {was} before; {keys}")
    }

    fn knows(&self, key: &str) -> bool {
        let mut keys = self.analysis.directory.kds_keys.iter();
        keys.any(|known| known.key_id.eq_ignore_ascii_case(key))
    }

    fn is_newest_key(&self) -> bool {
        let used = self.after.id.root_key_id.to_string();
        self.analysis.directory.is_newest_root_key(&used) == Some(true)
    }

    fn days(&self, ticks: i64) -> Option<f64> {
        self.analysis.directory.clock.days_since(ticks)
    }

    /// Days since it should have moved; `None` if it need not have. Two clocks must agree, as in rule GM13: the epoch and
    /// pwdLastSet.
    fn overdue(&self) -> Option<f64> {
        let epoch = self.days(self.after.epoch)?;
        let set = self.objects.1.password_set.and_then(|set| self.days(set));
        let age = set.map_or(epoch, |set| set.min(epoch));
        let overdue = (age * 24.0 - self.interval as f64 * 24.0 - GRACE_HOURS) / 24.0;
        (overdue > 0.0).then_some(overdue)
    }

    fn late(&self, what: &str, days: f64) -> String {
        let why = match self.objects.1.enabled() {
            Some(false) => "it is disabled, and nobody asks",
            _ => "a domain controller moves it when a host asks",
        };
        format!(
            "{what}, and is {days:.0} days overdue, {GRACE_HOURS:.0} hours of grace aside; {why}"
        )
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use coldcase_winsec::Guid;

    use super::*;
    use crate::compare::Matching;
    use crate::load::made::{HEAD, Made, guid};

    const KEY: &str = "11111111-0000-4000-8000-000000000001";
    const OTHER: &str = "22222222-0000-4000-8000-000000000002";

    /// Cycles from 1601 to the clock of made directories, 2026-01-01.
    const NOW: i64 = 372_547;

    /// An account with a password of `cycles` ago, set when its epoch began.
    #[derive(Debug, Clone, Copy)]
    struct Side {
        class: &'static str,
        cycles_ago: i64,
        key: &'static str,
        set_ago: Option<i64>,
        id: bool,
    }

    const SIDE: Side = Side {
        class: "msDS-GroupManagedServiceAccount",
        cycles_ago: 10,
        key: KEY,
        set_ago: None,
        id: true,
    };

    fn analysis(side: Side) -> Analysis {
        let mut made = Made::new();
        made.by_administrator();
        let place = made.principal(side.class, "gmsa", HEAD, 1_200);
        for key in [KEY, OTHER] {
            let place = made.add("msKds-ProvRootKey", &format!("CN={key},{HEAD}"));
            made.objects[place].name = Some(key.to_owned());
        }
        let cycle = NOW - side.cycles_ago;
        let id = ManagedPasswordId {
            version: 1,
            flags: 2,
            l0: i32::try_from(cycle / 1024).unwrap(),
            l1: i32::try_from(cycle / 32 % 32).unwrap(),
            l2: i32::try_from(cycle % 32).unwrap(),
            root_key_id: guid(side.key),
            domain: "corp.example".to_owned(),
            forest: "corp.example".to_owned(),
            additional_data: Vec::new(),
        };
        let object = &mut made.objects[place];
        object.password_id = side.id.then(|| id.encode());
        let set = NOW - side.set_ago.unwrap_or(side.cycles_ago);
        object.password_set = Some(set * TICKS_PER_CYCLE + TICKS_PER_HOUR);
        let mut directory = made.directory();
        for key in &mut directory.kds_keys {
            let newest: Guid = guid(OTHER);
            let late = key.key_id == newest.to_string();
            key.created = Some(i64::from(late) + 1);
            key.effective = Some(i64::from(late) + 1);
        }
        Analysis::new(directory)
    }

    fn rotation(before: Side, after: Side) -> Option<Rotation> {
        let (old, new) = (analysis(before), analysis(after));
        let matching = Matching::of(&old.directory, &new.directory);
        let pair = Pair {
            old: &old,
            new: &new,
            matching: &matching,
        };
        let mut changes = passwords(&pair);
        assert!(changes.len() < 2);
        changes.pop().map(|change| change.rotation)
    }

    fn of(cycles_ago: i64) -> Side {
        Side { cycles_ago, ..SIDE }
    }

    #[test]
    fn the_clock_is_where_it_is_thought() {
        let analysis = analysis(SIDE);
        let days = analysis.directory.clock.days_since(NOW * TICKS_PER_CYCLE);
        assert!(days.is_some_and(|days| (0.0..0.42).contains(&days)));
    }

    #[test]
    fn it_moves_as_its_interval_says_or_is_late() {
        // 30 days are 72 cycles, and 14 more are grace.
        assert_eq!(rotation(of(82), of(10)), Some(Rotation::Rotated));
        assert_eq!(rotation(of(10), of(10)), Some(Rotation::NotDue));
        assert_eq!(rotation(of(85), of(85)), Some(Rotation::NotDue));
        assert_eq!(rotation(of(90), of(90)), Some(Rotation::Late));
        assert_eq!(rotation(of(300), of(90)), Some(Rotation::Late));
    }

    #[test]
    fn what_no_controller_does_is_told() {
        assert_eq!(rotation(of(10), of(82)), Some(Rotation::Backwards));
        assert_eq!(rotation(of(20), of(10)), Some(Rotation::Ahead));
        assert_eq!(rotation(of(100), of(-10)), Some(Rotation::Ahead));
        let reset = Side {
            set_ago: Some(2),
            ..SIDE
        };
        assert_eq!(rotation(SIDE, reset), Some(Rotation::Reset));
        assert_eq!(rotation(reset, SIDE), Some(Rotation::Backwards));
    }

    #[test]
    fn a_new_key_is_used_from_the_next_epoch_on() {
        let with = |key, cycles_ago| Side {
            key,
            cycles_ago,
            ..SIDE
        };
        assert_eq!(
            rotation(with(KEY, 82), with(OTHER, 10)),
            Some(Rotation::Rotated)
        );
        assert_eq!(
            rotation(with(OTHER, 82), with(KEY, 10)),
            Some(Rotation::OtherKey)
        );
        assert_eq!(
            rotation(with(KEY, 10), with(OTHER, 10)),
            Some(Rotation::OtherKey)
        );
    }

    #[test]
    fn what_is_not_shown_is_unknown_and_standalone_accounts_have_none() {
        let hidden = Side { id: false, ..SIDE };
        assert_eq!(rotation(hidden, SIDE), Some(Rotation::Unknown));
        assert_eq!(rotation(SIDE, hidden), Some(Rotation::Unknown));
        let standalone = Side {
            class: "msDS-ManagedServiceAccount",
            ..SIDE
        };
        assert_eq!(rotation(standalone, standalone), None);
    }
}
