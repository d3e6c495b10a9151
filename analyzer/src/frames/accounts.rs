//! Frames `principals` and `accounts`.

use std::collections::HashMap;

use anyhow::Result;
use coldcase_winsec::{DaclState, ManagedPasswordId, Sid};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::descriptor_changes::{Starts, is_protected};
use super::dmsa_creation::heuristics_read;
use super::encryption::{aes_days, aes_keys, ciphers, encryption_shown};
use super::home::Home;
use super::impact::Impacts;
use super::operating_system::{build_of, support_ended_days};
use super::password_policy::{PasswordPolicies, reversible};
use super::reader_list::ReaderList;
use super::reset_denied::reset_denied;
use super::restrictions::Restrictions;
use super::service_hints::Hints;
use crate::graph::{Protection, is_domain_controller};
use crate::load::{Kind, Object};

pub(super) fn build(analysis: &Analysis, hints: &Hints) -> Result<(DataFrame, DataFrame)> {
    let directory = &analysis.directory;
    let managers = managers(analysis);
    let credentials = count(directory.values("msDS-KeyCredentialLink"));
    let impacts = Impacts::new(analysis);
    let protection = Protection::new(directory, &analysis.memberships, heuristics_read(directory));
    let aes_since = aes_days(analysis);
    let policies = PasswordPolicies::new(analysis);
    let home = Home::new(analysis);
    let restrictions = Restrictions::new(analysis);
    let mut starts = Starts::new(analysis);
    let mut principals = Builder::new("principals")?;
    let mut accounts = Builder::new("accounts")?;
    for (place, object) in directory.objects.iter().enumerate() {
        if !object.kind.is_principal() {
            continue;
        }
        let sid = object.sid.as_ref().map(Sid::to_string);
        let tier0 = analysis.principals.is_tier0(place);
        let password_days = analysis.days(object.password_set);
        let last_logon_days = analysis.days(object.last_logon);
        let created_days = analysis.days(object.created);
        let manager = managers.get(&object.id).copied();
        let key_credentials = credentials.get(&object.id).copied().unwrap_or(0);
        let encryption_shown = encryption_shown(directory, object);
        let ciphers = ciphers(object).filter(|_| encryption_shown);
        let aes_keys = aes_keys(password_days, aes_since);
        let protected = protection.of(place);
        let [protected_user, silo, silo_admits, silo_enforced] = restrictions.cells(place, object);
        principals.row([
            object.id.into(),
            object.kind.as_str().into(),
            sid.clone().into(),
            object.sam_account_name.clone().into(),
            object.is_service_account().into(),
            object.enabled().into(),
            object.user_account_control.into(),
            is_domain_controller(object).into(),
            tier0.into(),
            password_days.into(),
            last_logon_days.into(),
            created_days.into(),
            object.primary_group_id.into(),
            object.admin_count.into(),
            object.encryption_types.into(),
            object.spns.len().into(),
            object.operating_system.clone().into(),
            object.host_name.clone().into(),
            object.description.clone().into(),
            object.info.clone().into(),
            manager.into(),
            object.mail.clone().into(),
            object.employee_id.clone().into(),
            key_credentials.into(),
            object.script_path.clone().into(),
            ciphers.into(),
            aes_keys.into(),
            protected.into(),
            build_of(object).into(),
            support_ended_days(analysis, object).into(),
            object.comment.clone().into(),
            object.admin_description.clone().into(),
            object.password_attribute.into(),
            protected_user.clone(),
            silo.clone(),
            silo_admits.clone(),
            silo_enforced.clone(),
            object.logon_count.into(),
            object.user_workstations.clone().into(),
            hints.confidence(place).into(),
        ]);
        if !object.is_service_account() {
            continue;
        }
        let decoded = |bytes: &Option<Vec<u8>>| ManagedPasswordId::decode(bytes.as_deref()?).ok();
        let password_id = decoded(&object.password_id);
        let epoch = password_id
            .as_ref()
            .and_then(ManagedPasswordId::epoch_filetime);
        let previous_epoch = decoded(&object.previous_password_id)
            .as_ref()
            .and_then(ManagedPasswordId::epoch_filetime);
        let policy = policies.of(place, object);
        let readers = ReaderList::of(analysis, object);
        let parent = directory
            .parent(object)
            .and_then(|place| analysis.object(place));
        let (readers_state, readers_deny) = readers_state(analysis, object);
        accounts.row([
            object.id.into(),
            object.kind.as_str().into(),
            sid.into(),
            object.sam_account_name.clone().into(),
            object.dn.as_str().into(),
            object.enabled().into(),
            object.user_account_control.into(),
            tier0.into(),
            password_days.into(),
            last_logon_days.into(),
            created_days.into(),
            object.primary_group_id.into(),
            object.admin_count.into(),
            object.encryption_types.into(),
            encryption_shown.into(),
            object.spns.len().into(),
            object.description.clone().into(),
            object.info.clone().into(),
            manager.into(),
            object.mail.clone().into(),
            object.employee_id.clone().into(),
            key_credentials.into(),
            object.password_interval.into(),
            analysis.days(epoch).into(),
            password_id.map(|id| id.root_key_id.to_string()).into(),
            readers_state.into(),
            readers_deny.into(),
            reset_denied(analysis, object.descriptor).into(),
            object.dmsa_state.into(),
            object.superseded_state.into(),
            impacts.of(place).worth.into(),
            ciphers.into(),
            aes_keys.into(),
            protected.into(),
            parent.map(|parent| parent.id).into(),
            home.of(object).into(),
            object.password_set.map(|_| password_days.is_none()).into(),
            object
                .descriptor
                .and_then(|id| analysis.whole_descriptor(id))
                .map(|descriptor| is_protected(object, descriptor))
                .into(),
            policy.as_ref().and_then(|policy| policy.id).into(),
            policy
                .as_ref()
                .and_then(|policy| policy.name.clone())
                .into(),
            policy.as_ref().and_then(|policy| policy.min_length).into(),
            reversible(object, policy.as_ref()).into(),
            analysis.days(previous_epoch).into(),
            readers.owner.into(),
            readers.owner_expected.into(),
            readers.canonical.into(),
            object.comment.clone().into(),
            object.admin_description.clone().into(),
            object.password_attribute.into(),
            protected_user,
            silo,
            silo_admits,
            silo_enforced,
            object.logon_count.into(),
            object.user_workstations.clone().into(),
            object
                .kind
                .is_managed()
                .then(|| starts.knows_creators(object))
                .into(),
        ]);
    }
    Ok((principals.finish()?, accounts.finish()?))
}

/// `MSSQLSvc/db1.corp.example:1433` → `db1.corp.example`.
pub(crate) fn host_part(spn: &str) -> String {
    let host = spn.split('/').nth(1).unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// managedBy, else manager, as a DN.
fn managers(analysis: &Analysis) -> HashMap<i64, &str> {
    let directory = &analysis.directory;
    let mut managers = HashMap::new();
    for attribute in ["manager", "managedBy"] {
        for (object, target) in directory.links(attribute) {
            if let Some(dn) = directory.dn(*target) {
                managers.insert(*object, dn);
            }
        }
    }
    managers
}

fn count(values: &[(i64, Vec<u8>)]) -> HashMap<i64, i64> {
    values
        .iter()
        .fold(HashMap::new(), |mut counts, (object, _)| {
            *counts.entry(*object).or_default() += 1;
            counts
        })
}

fn readers_state(analysis: &Analysis, object: &Object) -> (Option<&'static str>, Option<bool>) {
    if !matches!(object.kind, Kind::Gmsa | Kind::Dmsa) {
        return (None, None);
    }
    let descriptors = &analysis.directory.descriptors;
    let Some((id, descriptor)) = object
        .readers
        .and_then(|id| Some((id, descriptors.get(id)?)))
    else {
        let not_asked = analysis
            .directory
            .not_asked(&["service-accounts"], "msDS-GroupMSAMembership");
        return (not_asked.is_none().then_some("absent"), None);
    };
    if descriptors.is_broken(id) {
        return (Some("broken"), None);
    }
    match descriptor.dacl_state() {
        DaclState::Absent | DaclState::Null => (Some("null-dacl"), Some(false)),
        DaclState::Present(acl) if acl.aces.is_empty() => (Some("empty"), Some(false)),
        DaclState::Present(acl) => {
            let deny = acl
                .aces
                .iter()
                .filter_map(|ace| ace.known())
                .any(|known| known.ace_type.denies());
            (Some("present"), Some(deny))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_spns() {
        assert_eq!(
            host_part("MSSQLSvc/DB1.corp.example:1433"),
            "db1.corp.example"
        );
        assert_eq!(host_part("HTTP/web"), "web");
        assert_eq!(host_part("odd"), "");
    }
}
