//! Frame `delegations`: who may impersonate to what, and who answers for a service name.

use std::collections::HashMap;

use anyhow::Result;
use polars::prelude::DataFrame;

use super::accounts::host_part;
use super::analysis::Analysis;
use super::builder::Builder;
use super::readers::{ACTING, holders, kind_of};
use super::spns;
use crate::graph::is_domain_controller;
use crate::load::Kind;

/// TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION (MS-ADTS 2.2.16).
pub(crate) const PROTOCOL_TRANSITION: i64 = 0x100_0000;

/// Who owns a service principal name, folded.
#[derive(Debug)]
pub(crate) struct Owners {
    exact: HashMap<String, usize>,
    /// Host names of computers: dNSHostName, msDS-AdditionalDnsHostName, sAMAccountName without `$`, and HOST names.
    hosts: HashMap<String, usize>,
}

pub(super) fn build(analysis: &Analysis) -> Result<(DataFrame, DataFrame)> {
    Ok((
        delegations(analysis, analysis.owners())?,
        spns::build(analysis, analysis.owners())?,
    ))
}

fn delegations(analysis: &Analysis, owners: &Owners) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("delegations")?;
    for object in directory
        .objects
        .iter()
        .filter(|object| object.kind.is_principal())
    {
        if object.is_trusted_for_delegation() == Some(true) {
            frame.row([
                object.id.into(),
                "unconstrained".into(),
                "".into(),
                None::<&str>.into(),
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
                None::<&str>.into(),
                target.map(|target| target.id).into(),
                target.map(|target| target.display_name()).into(),
                owner
                    .map(|place| analysis.principals.is_tier0(place))
                    .into(),
                owners.is_held(spn).into(),
                false.into(),
                target.map(is_domain_controller).into(),
            ]);
        }
        let Some(descriptor) = object.allowed_to_act else {
            continue;
        };
        for holder in holders(analysis, descriptor, ACTING) {
            let sid = holder.sid.as_ref();
            let trusted = holder.place.and_then(|place| analysis.object(place));
            let kind = kind_of(analysis, sid, trusted);
            frame.row([
                object.id.into(),
                "resource-based".into(),
                sid.map(ToString::to_string).into(),
                kind.into(),
                trusted.map(|trusted| trusted.id).into(),
                holder.name.as_str().into(),
                sid.is_some_and(|sid| analysis.principals.is_expected(directory, sid))
                    .into(),
                (!matches!(kind, "unresolved" | "foreign" | "outside")).into(),
                sid.is_some_and(|sid| analysis.principals.is_broad(sid))
                    .into(),
                trusted.map(is_domain_controller).into(),
            ]);
        }
    }
    frame.finish()
}

impl Owners {
    /// Of every object of the directory.
    pub(crate) fn new(analysis: &Analysis) -> Self {
        let mut exact = HashMap::new();
        let mut hosts = HashMap::new();
        for (place, object) in analysis.directory.objects.iter().enumerate() {
            for spn in &object.spns {
                // Of several holders of one name the most privileged counts: a ticket may reach any of them.
                let owner = exact.entry(spn.to_lowercase()).or_insert(place);
                if analysis.principals.is_tier0(place) && !analysis.principals.is_tier0(*owner) {
                    *owner = place;
                }
            }
            if object.kind != Kind::Computer {
                continue;
            }
            let names = object
                .host_name
                .iter()
                .chain(&object.host_aliases)
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

    /// Who answers for the SPN: who holds it, else the computer of its host name.
    pub(crate) fn of(&self, spn: &str) -> Option<usize> {
        self.exact
            .get(&spn.to_lowercase())
            .or_else(|| self.hosts.get(&host_part(spn)))
            .copied()
    }

    /// The computer that a host name in lower case means.
    pub(crate) fn host(&self, name: &str) -> Option<usize> {
        self.hosts.get(name).copied()
    }

    /// True if some account holds the SPN: exactly, or because its class is an alias of HOST and a computer has the host.
    fn is_held(&self, spn: &str) -> bool {
        let class = spn.split('/').next().unwrap_or_default();
        let alias = HOST_ALIASES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(class));
        self.exact.contains_key(&spn.to_lowercase())
            || (alias && self.hosts.contains_key(&host_part(spn)))
    }
}

/// Service classes that HOST stands for: the default of sPNMappings (MS-ADTS 7.1.1.2.4.1.2).
const HOST_ALIASES: &[&str] = &[
    "host",
    "alerter",
    "appmgmt",
    "cisvc",
    "clipsrv",
    "browser",
    "dhcp",
    "dnscache",
    "replicator",
    "eventlog",
    "eventsystem",
    "policyagent",
    "oakley",
    "dmserver",
    "dns",
    "mcsvc",
    "fax",
    "msiserver",
    "ias",
    "messenger",
    "netlogon",
    "netman",
    "netdde",
    "netddedsm",
    "nmagent",
    "plugplay",
    "protectedstorage",
    "rasman",
    "rpclocator",
    "rpc",
    "rpcss",
    "remoteaccess",
    "rsvp",
    "samss",
    "scardsvr",
    "scesrv",
    "seclogon",
    "scm",
    "dcom",
    "cifs",
    "spooler",
    "snmp",
    "schedule",
    "tapisrv",
    "trksvr",
    "trkwks",
    "ups",
    "time",
    "wins",
    "www",
    "http",
    "w3svc",
    "iisadmin",
    "msdtc",
];
