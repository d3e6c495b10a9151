//! Frames about the domain as a whole: `domain`, `kds_keys`, `password_policies`, `trusts`, `queries`.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use coldcase_winsec::{ManagedPasswordId, Sid};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::encryption::aes_days;
use super::home::Home;
use crate::assumptions::CipherStep;
use crate::load::{Directory, KdsKey};

/// DOMAIN_PASSWORD_STORE_CLEARTEXT (MS-SAMR 2.2.3.5).
pub(super) const STORE_CLEARTEXT: i64 = 0x10;

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let head = directory.head.and_then(|place| analysis.object(place));
    let facts = &directory.domain;
    let mut frame = Builder::new("domain")?;
    frame.row([
        head.map(|head| head.id).into(),
        directory.manifest.domain.as_str().into(),
        directory.domain_sid.as_ref().map(Sid::to_string).into(),
        facts.functional_level.into(),
        facts.machine_account_quota.into(),
        facts.min_password_length.into(),
        facts
            .password_properties
            .map(|flags| flags & STORE_CLEARTEXT != 0)
            .into(),
        facts.ds_heuristics.clone().into(),
        directory
            .schema
            .has("msDS-DelegatedManagedServiceAccount")
            .into(),
        analysis.controllers_2025().into(),
        analysis.may_have_2025().into(),
        Home::new(analysis).id(analysis).into(),
        directory
            .requester
            .is_known()
            .then(|| {
                directory
                    .requester
                    .administers_domain(directory.domain_sid.as_ref())
            })
            .into(),
        aes_days(analysis).into(),
    ]);
    frame.finish()
}

pub(super) fn assumptions(analysis: &Analysis) -> Result<DataFrame> {
    let assumptions = &analysis.assumptions;
    let thresholds = &assumptions.thresholds;
    let mut frame = Builder::new("assumptions")?;
    frame.row([
        i64::from(thresholds.readers).into(),
        i64::from(thresholds.shared_classes).into(),
        i64::from(thresholds.shared_hosts).into(),
        i64::from(thresholds.password_length).into(),
        f64::from(thresholds.stale_days).into(),
        f64::from(thresholds.dormant_days).into(),
        f64::from(thresholds.password_days).into(),
        f64::from(thresholds.root_key_days).into(),
        f64::from(thresholds.in_use_days).into(),
        f64::from(thresholds.interval_days).into(),
        f64::from(thresholds.long_interval_days).into(),
        f64::from(thresholds.migration_days).into(),
        f64::from(thresholds.new_days).into(),
        assumptions.controllers.updated.as_str().into(),
        assumptions.default_ciphers(analysis.directory.clock).into(),
        CipherStep::at(analysis.directory.clock).as_str().into(),
    ]);
    frame.finish()
}

/// Keys that are there, and keys that password ids name: an ordinary user sees only the latter.
pub(super) fn kds_keys(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut accounts: BTreeMap<String, i64> = BTreeMap::new();
    for object in &directory.objects {
        let id = object
            .password_id
            .as_deref()
            .and_then(|bytes| ManagedPasswordId::decode(bytes).ok());
        if let Some(id) = id {
            *accounts.entry(id.root_key_id.to_string()).or_default() += 1;
        }
    }
    let now = |key: &&KdsKey| analysis.days(key.effective).is_some_and(|days| days >= 0.0);
    let seen = directory.kds_keys.iter();
    let newest = seen.filter(now).filter_map(|key| key.effective).max();
    let makers: HashMap<i64, i64> = directory.links("msKds-DomainID").iter().copied().collect();
    let mut frame = Builder::new("kds_keys")?;
    for key in &directory.kds_keys {
        let used = accounts.remove(&key.key_id).unwrap_or(0);
        let maker_id = makers.get(&key.object_id).copied();
        let maker = maker_id.and_then(|id| directory.dn(id));
        frame.row([
            key.object_id.into(),
            key.key_id.as_str().into(),
            true.into(),
            analysis.days(key.created).into(),
            analysis.days(key.effective).into(),
            used.into(),
            maker.into(),
            maker_id.filter(|id| directory.place(*id).is_some()).into(),
            maker.and_then(|dn| is_of_domain(directory, dn)).into(),
            key.effective
                .map(|effective| newest == Some(effective))
                .into(),
        ]);
    }
    for (key_id, used) in accounts {
        frame.row([
            None::<i64>.into(),
            key_id.into(),
            false.into(),
            None::<f64>.into(),
            None::<f64>.into(),
            used.into(),
            None::<&str>.into(),
            None::<i64>.into(),
            None::<bool>.into(),
            None::<bool>.into(),
        ]);
    }
    frame.finish()
}

/// Whether the DN lies in this domain's naming context and in no other: a child domain's ends as its parent's does, after
/// another `DC=`. `None` if the head of the domain is not in the snapshot.
fn is_of_domain(directory: &Directory, dn: &str) -> Option<bool> {
    let head = directory.objects.get(directory.head?)?.dn.to_lowercase();
    let dn = dn.to_lowercase();
    let before = dn.strip_suffix(&format!(",{head}"));
    Some(before.is_some_and(|before| !before.starts_with("dc=") && !before.contains(",dc=")))
}

pub(super) fn password_policies(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("password_policies")?;
    for policy in &analysis.directory.policies {
        let applies = analysis
            .directory
            .links("msDS-PSOAppliesTo")
            .iter()
            .filter(|(object, _)| *object == policy.object_id)
            .count();
        frame.row([
            policy.object_id.into(),
            policy.name.clone().into(),
            policy.precedence.into(),
            policy.min_length.into(),
            policy.reversible.into(),
            applies.into(),
        ]);
    }
    frame.finish()
}

pub(super) fn trusts(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("trusts")?;
    for trust in &analysis.directory.trusts {
        frame.row([
            trust.object_id.into(),
            trust.partner.clone().into(),
            trust.sid.as_ref().map(Sid::to_string).into(),
            trust.direction.into(),
            trust.attributes.into(),
        ]);
    }
    frame.finish()
}

pub(super) fn queries(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("queries")?;
    for row in &analysis.directory.ledger {
        let outcome = row.outcome.as_ref();
        frame.row([
            row.plan.name.as_str().into(),
            row.plan.base.as_str().into(),
            row.plan.filter.as_str().into(),
            outcome.map_or(0, |outcome| outcome.entries as i64).into(),
            outcome.and_then(|outcome| outcome.result_code).into(),
            outcome.map(|outcome| outcome.result_text.clone()).into(),
            row.is_complete().into(),
        ]);
    }
    frame.finish()
}

pub(super) fn coverage(analysis: &Analysis) -> Result<DataFrame> {
    let mut frame = Builder::new("coverage")?;
    for row in &analysis.directory.coverage {
        frame.row([
            row.query.as_str().into(),
            row.class.as_str().into(),
            row.attribute.as_str().into(),
            (row.objects as i64).into(),
            row.absence.as_str().into(),
        ]);
    }
    frame.finish()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::load::made::{HEAD, Made};

    #[test]
    fn a_key_s_maker_may_be_gone_or_elsewhere() {
        let mut made = Made::new();
        let controller = made.principal("computer", "DC1$", HEAD, 1000);
        let mut keys = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let dn = format!("CN={name},CN=Master Root Keys,CN=Configuration,{HEAD}");
            let key = made.add("msKds-ProvRootKey", &dn);
            made.objects[key].name = Some(name.to_owned());
            keys.push(key);
        }
        made.links.push(("msKds-DomainID", keys[0], controller));
        // What has no object has no place; its name is added below.
        made.links.push(("msKds-DomainID", keys[1], 900));
        made.links.push(("msKds-DomainID", keys[2], 901));
        let mut directory = made.directory();
        directory.name(901, &format!("CN=DC9,OU=Domain Controllers,{HEAD}"));
        directory.name(902, &format!("CN=DC1,OU=Domain Controllers,DC=emea,{HEAD}"));
        let frame = kds_keys(&Analysis::new(directory)).unwrap();
        let maker = frame.column("maker_id").unwrap().i64().unwrap();
        assert_eq!(
            maker.into_iter().collect::<Vec<_>>(),
            [Some(2), None, None, None]
        );
        let here = frame.column("maker_in_domain").unwrap().bool().unwrap();
        let expected = [Some(true), Some(true), Some(false), None];
        assert_eq!(here.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_newest_key_is_one_in_effect() {
        let mut made = Made::new();
        for name in ["old", "new", "future", "undated"] {
            let key = made.add("msKds-ProvRootKey", &format!("CN={name},CN=Configuration"));
            made.objects[key].name = Some(name.to_owned());
        }
        let mut directory = made.directory();
        // 2020, 2023, 2100.
        let times = [
            132_223_104_000_000_000,
            133_170_048_000_000_000,
            157_469_184_000_000_000,
        ];
        for (key, time) in directory.kds_keys.iter_mut().zip(times) {
            key.effective = Some(time);
        }
        let frame = kds_keys(&Analysis::new(directory)).unwrap();
        let newest = frame.column("newest").unwrap().bool().unwrap();
        let expected = [Some(false), Some(true), Some(false), None];
        assert_eq!(newest.into_iter().collect::<Vec<_>>(), expected);
    }
}
