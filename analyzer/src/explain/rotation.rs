//! An account's password through time, as one snapshot tells it.
//!
//! A managed password is due when its interval is over, counted from the later of its epoch and pwdLastSet, and is made
//! when a host asks after that (MS-ADTS 3.1.1.4.5.39). Deliberately does not judge: rules on rotation do.

use coldcase_schemas::explain::{PasswordId, RootKey, Rotation, UnknownFact};
use coldcase_winsec::ManagedPasswordId;

use super::absent::{not_shown, note};
use super::moment;
use crate::frames::Analysis;
use crate::load::{Kind, Object};

/// userAccountControl: DONT_EXPIRE_PASSWORD (MS-ADTS 2.2.16).
const NEVER_EXPIRES: i64 = 0x1_0000;

/// FILETIME ticks in a day.
const TICKS_PER_DAY: i64 = 864_000_000_000;

pub(super) fn of(analysis: &Analysis, object: &Object) -> Rotation {
    let mut unknown = Vec::new();
    let derived = matches!(object.kind, Kind::Gmsa | Kind::Dmsa);
    if object.kind.is_principal() {
        if object.password_set.is_none() {
            unknown.push(not_shown("pwdLastSet"));
        }
        if object.user_account_control.is_none() {
            unknown.push(not_shown("userAccountControl"));
        }
        let logon = object.last_logon.is_some();
        note(analysis, object, "lastLogonTimestamp", logon, &mut unknown);
    }
    let (mut current, mut previous) = (None, None);
    if derived {
        current = decoded("msDS-ManagedPasswordId", &object.password_id, &mut unknown);
        if object.password_id.is_none() {
            unknown.push(not_shown("msDS-ManagedPasswordId"));
        }
        let attribute = "msDS-ManagedPasswordPreviousId";
        previous = decoded(attribute, &object.previous_password_id, &mut unknown);
        let is_set = object.previous_password_id.is_some();
        note(analysis, object, attribute, is_set, &mut unknown);
        let attribute = "msDS-ManagedPasswordInterval";
        let is_set = object.password_interval.is_some();
        note(analysis, object, attribute, is_set, &mut unknown);
    }
    Rotation {
        password_set: object
            .password_set
            .and_then(|ticks| moment(analysis, ticks)),
        must_change: object.password_set == Some(0),
        never_expires: object
            .has_flag(NEVER_EXPIRES)
            .filter(|_| !object.kind.is_managed() && object.kind.is_principal()),
        interval_days: object.password_interval.filter(|_| derived),
        due: due(object, current.as_ref()).and_then(|ticks| moment(analysis, ticks)),
        root_key: current.as_ref().map(|id| root_key(analysis, id)),
        current: current.map(|id| told(analysis, &id)),
        previous: previous.map(|id| told(analysis, &id)),
        last_logon: object.last_logon.and_then(|ticks| moment(analysis, ticks)),
        unknown,
    }
}

/// A value that does not decode is among the unknown.
fn decoded(
    attribute: &str,
    bytes: &Option<Vec<u8>>,
    unknown: &mut Vec<UnknownFact>,
) -> Option<ManagedPasswordId> {
    match ManagedPasswordId::decode(bytes.as_deref()?) {
        Ok(id) => Some(id),
        Err(error) => {
            unknown.push(UnknownFact {
                attribute: attribute.to_owned(),
                why: format!("{attribute} is malformed: {error}"),
            });
            None
        }
    }
}

/// FILETIME ticks; `None` without an epoch or an interval.
fn due(object: &Object, current: Option<&ManagedPasswordId>) -> Option<i64> {
    let epoch = current?.epoch_filetime()?;
    let interval = object.password_interval.filter(|days| *days > 0)?;
    let set = object.password_set.filter(|set| *set != i64::MAX);
    let from = set.map_or(epoch, |set| set.max(epoch));
    from.checked_add(interval.checked_mul(TICKS_PER_DAY)?)
}

fn told(analysis: &Analysis, id: &ManagedPasswordId) -> PasswordId {
    PasswordId {
        root_key_id: id.root_key_id.to_string(),
        l0: id.l0,
        l1: id.l1,
        l2: id.l2,
        epoch: id
            .epoch_filetime()
            .and_then(|ticks| moment(analysis, ticks)),
    }
}

fn root_key(analysis: &Analysis, id: &ManagedPasswordId) -> RootKey {
    let id = id.root_key_id.to_string();
    let directory = &analysis.directory;
    let mut keys = directory.kds_keys.iter();
    let key = keys.find(|key| key.key_id.eq_ignore_ascii_case(&id));
    let hidden = directory.may_hide("kds-root-keys") == Some(true)
        || directory
            .query("kds-root-keys")
            .is_none_or(|query| !query.is_complete());
    let time = |ticks: Option<i64>| ticks.and_then(|ticks| moment(analysis, ticks));
    RootKey {
        present: match key {
            Some(_) => Some(true),
            None if hidden => None,
            None => Some(false),
        },
        created: time(key.and_then(|key| key.created)),
        effective: time(key.and_then(|key| key.effective)),
        id,
    }
}
