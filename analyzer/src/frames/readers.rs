//! Frames `readers` and `account_hosts`: who can come by the password of a managed account.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use coldcase_winsec::{DaclState, Sid};
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::{Builder, Cell};
use crate::graph::{Reached, allowed_trustees, is_group, may_read};
use crate::load::{Kind, Object};

/// A reader of one descriptor, whatever accounts carry it.
#[derive(Debug)]
struct Reader {
    sid: Sid,
    place: Option<usize>,
    via: String,
    direct: bool,
}

pub(super) fn build(analysis: &Analysis) -> Result<(DataFrame, DataFrame)> {
    let mut frame = Builder::new("readers")?;
    let mut known: HashMap<i64, Arc<Vec<Reader>>> = HashMap::new();
    for object in &analysis.directory.objects {
        let (Kind::Gmsa | Kind::Dmsa, Some(descriptor)) = (object.kind, object.readers) else {
            continue;
        };
        let readers = known
            .entry(descriptor)
            .or_insert_with(|| Arc::new(readers_of(analysis, descriptor)));
        for reader in readers.iter() {
            push(&mut frame, analysis, object, reader);
        }
    }
    Ok((frame.finish()?, account_hosts(analysis)?))
}

fn push(frame: &mut Builder, analysis: &Analysis, account: &Object, reader: &Reader) {
    let object = reader.place.and_then(|place| analysis.object(place));
    let tier0 = match reader.place {
        Some(place) => analysis.principals.is_tier0(place),
        None => analysis
            .principals
            .is_expected(&analysis.directory, &reader.sid),
    };
    let mut cells = vec![
        Cell::from(account.id),
        object.map(|object| object.id).into(),
        reader.sid.to_string().into(),
        analysis.name_of(&reader.sid).into(),
        kind_of(analysis, &reader.sid, object).into(),
        reader.via.as_str().into(),
        reader.direct.into(),
        analysis.principals.is_broad(&reader.sid).into(),
    ];
    cells.extend(host_cells(analysis, object, tier0));
    if let Ok(cells) = <[Cell; 12]>::try_from(cells) {
        frame.row(cells);
    }
}

/// enabled, tier0, last_seen_days, operating_system.
fn host_cells(analysis: &Analysis, object: Option<&Object>, tier0: bool) -> [Cell; 4] {
    [
        object.and_then(Object::enabled).into(),
        tier0.into(),
        analysis.days(object.and_then(Object::last_seen)).into(),
        object
            .and_then(|object| object.operating_system.clone())
            .into(),
    ]
}

fn kind_of(analysis: &Analysis, sid: &Sid, object: Option<&Object>) -> &'static str {
    match object {
        Some(object) if object.kind != Kind::ForeignPrincipal => object.kind.as_str(),
        _ if sid.domain().is_none() => "well-known",
        _ if sid.domain() == analysis.directory.domain_sid => "unresolved",
        _ => "foreign",
    }
}

/// Everybody whom the descriptor lets read, groups expanded and denies honoured for each.
fn readers_of(analysis: &Analysis, descriptor: i64) -> Vec<Reader> {
    let Some(descriptor) = analysis.directory.descriptors.get(descriptor) else {
        return Vec::new();
    };
    let dacl = match descriptor.dacl_state() {
        DaclState::Present(dacl) => dacl,
        // A NULL DACL grants everything to everybody (MS-DTYP 2.5.3).
        DaclState::Absent | DaclState::Null => {
            return Sid::from_str("S-1-1-0")
                .map(|sid| Reader {
                    via: "no DACL".to_owned(),
                    place: None,
                    direct: true,
                    sid,
                })
                .into_iter()
                .collect();
        }
    };
    let mut readers = Vec::new();
    let mut seen = HashSet::new();
    for trustee in allowed_trustees(dacl) {
        for candidate in candidates(analysis, trustee) {
            if may_read(dacl, &analysis.token(&candidate.sid)) && seen.insert(candidate.sid.clone())
            {
                readers.push(candidate);
            }
        }
    }
    readers
}

/// The trustee itself, or if it is an ordinary group, what is in it.
fn candidates(analysis: &Analysis, trustee: &Sid) -> Vec<Reader> {
    let directory = &analysis.directory;
    let place = directory.place_of_sid(trustee);
    let group =
        place.filter(|place| is_group(directory, *place) && !analysis.principals.is_broad(trustee));
    let Some(group) = group else {
        return vec![Reader {
            sid: trustee.clone(),
            place,
            via: String::new(),
            direct: true,
        }];
    };
    let open = |place: usize| {
        is_group(directory, place)
            && !analysis
                .object(place)
                .and_then(|object| object.sid.as_ref())
                .is_some_and(|sid| analysis.principals.is_broad(sid))
    };
    let reached = analysis.memberships.all_members(group, open);
    reached
        .iter()
        .filter(|member| !open(member.place))
        .filter_map(|member| {
            let sid = analysis.object(member.place)?.sid.clone()?;
            let via = member.before.map_or_else(
                || analysis.name_of(trustee),
                |before| Reached::chain(&reached, before, &analysis.name_of(trustee), directory),
            );
            Some(Reader {
                sid,
                place: Some(member.place),
                via,
                direct: false,
            })
        })
        .collect()
}

fn account_hosts(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("account_hosts")?;
    for (host, account) in directory.links("msDS-HostServiceAccount") {
        let place = directory.place(*host);
        let (Some(host_place), Some(account)) = (place, directory.place(*account)) else {
            continue;
        };
        let (Some(host), Some(account)) = (analysis.object(host_place), analysis.object(account))
        else {
            continue;
        };
        let [enabled, tier0, last_seen, system] = host_cells(
            analysis,
            Some(host),
            analysis.principals.is_tier0(host_place),
        );
        frame.row([
            account.id.into(),
            host.id.into(),
            host.display_name().into(),
            enabled,
            tier0,
            last_seen,
            system,
        ]);
    }
    frame.finish()
}
