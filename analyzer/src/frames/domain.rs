//! Frames about the domain as a whole: `domain`, `kds_keys`, `password_policies`, `trusts`, `queries`.

use std::collections::BTreeMap;

use anyhow::Result;
use coldcase_winsec::{ManagedPasswordId, Sid};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;

/// DOMAIN_PASSWORD_STORE_CLEARTEXT (MS-SAMR 2.2.3.5).
const STORE_CLEARTEXT: i64 = 0x10;

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
        assumptions.controllers.updated.as_str().into(),
        assumptions.default_ciphers(analysis.directory.clock).into(),
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
    let mut frame = Builder::new("kds_keys")?;
    for key in &directory.kds_keys {
        let used = accounts.remove(&key.key_id).unwrap_or(0);
        frame.row([
            key.object_id.into(),
            key.key_id.as_str().into(),
            true.into(),
            analysis.days(key.created).into(),
            analysis.days(key.effective).into(),
            used.into(),
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
        ]);
    }
    frame.finish()
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
