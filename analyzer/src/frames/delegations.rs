//! Frames `delegations` and `spns`: who may impersonate to what, and who answers for a service name.

use std::collections::HashMap;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::accounts::host_part;
use super::analysis::Analysis;
use super::builder::Builder;
use crate::graph::{allowed_trustees, is_domain_controller};
use crate::load::Kind;

/// TRUSTED_FOR_DELEGATION and TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION (MS-ADTS 2.2.16).
const UNCONSTRAINED: i64 = 0x8_0000;
const PROTOCOL_TRANSITION: i64 = 0x100_0000;

/// Who owns a service principal name, folded.
struct Owners {
    exact: HashMap<String, usize>,
    /// Host names of computers: dNSHostName, sAMAccountName without `$`, and HOST names.
    hosts: HashMap<String, usize>,
}

pub(super) fn build(analysis: &Analysis) -> Result<(DataFrame, DataFrame)> {
    let owners = Owners::new(analysis);
    Ok((delegations(analysis, &owners)?, spns(analysis, &owners)?))
}

fn spns(analysis: &Analysis, owners: &Owners) -> Result<DataFrame> {
    let mut frame = Builder::new("spns")?;
    for object in &analysis.directory.objects {
        for spn in &object.spns {
            let host = host_part(spn);
            frame.row([
                object.id.into(),
                spn.as_str().into(),
                spn.to_lowercase().into(),
                spn.split('/').next().unwrap_or_default().into(),
                host.as_str().into(),
                owners.hosts.contains_key(&host).into(),
            ]);
        }
    }
    frame.finish()
}

fn delegations(analysis: &Analysis, owners: &Owners) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("delegations")?;
    for object in directory
        .objects
        .iter()
        .filter(|object| object.kind.is_principal())
    {
        if object.has_flag(UNCONSTRAINED) == Some(true) {
            frame.row([
                object.id.into(),
                "unconstrained".into(),
                "".into(),
                None::<i64>.into(),
                "every service".into(),
                None::<bool>.into(),
                true.into(),
                true.into(),
                None::<bool>.into(),
            ]);
        }
        let kind = match object.has_flag(PROTOCOL_TRANSITION) {
            Some(true) => "protocol-transition",
            _ => "constrained",
        };
        for spn in &object.delegates_to {
            let owner = owners.of(spn);
            let target = owner.and_then(|place| analysis.object(place));
            frame.row([
                object.id.into(),
                kind.into(),
                spn.as_str().into(),
                target.map(|target| target.id).into(),
                target.map(|target| target.display_name()).into(),
                owner
                    .map(|place| analysis.principals.is_tier0(place))
                    .into(),
                owner.is_some().into(),
                false.into(),
                target.map(is_domain_controller).into(),
            ]);
        }
        let trusted = object
            .allowed_to_act
            .and_then(|id| directory.descriptors.get(id))
            .and_then(|descriptor| descriptor.dacl.as_ref());
        for sid in trusted.map(allowed_trustees).unwrap_or_default() {
            let principal = directory.place_of_sid(sid);
            let target = principal.and_then(|place| analysis.object(place));
            frame.row([
                object.id.into(),
                "resource-based".into(),
                sid.to_string().into(),
                target.map(|target| target.id).into(),
                analysis.name_of(sid).into(),
                analysis.principals.is_expected(directory, sid).into(),
                (target.is_some_and(|target| target.kind != Kind::ForeignPrincipal)
                    || sid.domain().is_none())
                .into(),
                analysis.principals.is_broad(sid).into(),
                analysis.by_sid(sid).map(is_domain_controller).into(),
            ]);
        }
    }
    frame.finish()
}

impl Owners {
    fn new(analysis: &Analysis) -> Self {
        let mut exact = HashMap::new();
        let mut hosts = HashMap::new();
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            for spn in &object.spns {
                exact.entry(spn.to_lowercase()).or_insert(place);
            }
            if object.kind != Kind::Computer {
                continue;
            }
            let names = object
                .host_name
                .iter()
                .map(|name| name.to_lowercase())
                .chain(
                    object
                        .sam_account_name
                        .iter()
                        .map(|name| name.trim_end_matches('$').to_lowercase()),
                )
                .chain(
                    object
                        .spns
                        .iter()
                        .filter(|spn| {
                            spn.get(..5)
                                .is_some_and(|class| class.eq_ignore_ascii_case("HOST/"))
                        })
                        .map(|spn| host_part(spn)),
                );
            for name in names {
                hosts.entry(name).or_insert(place);
            }
        }
        Self { exact, hosts }
    }

    /// Exactly, or as one of the service classes that HOST stands for (MS-ADTS, sPNMappings): any class on a computer's host name.
    fn of(&self, spn: &str) -> Option<usize> {
        self.exact
            .get(&spn.to_lowercase())
            .or_else(|| self.hosts.get(&host_part(spn)))
            .copied()
    }
}
