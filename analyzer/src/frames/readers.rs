//! Frames `readers` and `account_hosts`: who can come by the password of a managed account.

use std::collections::HashSet;
use std::str::FromStr;

use anyhow::Result;
use coldcase_winsec::{AccessMask, Sid};
use polars::prelude::{DataFrame, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, col};

use super::analysis::Analysis;
use super::builder::{Builder, Cell};
use super::catalogue::{self, ACCOUNTS_BY_DESCRIPTOR, READERS_BY_DESCRIPTOR};
use super::digest::digest_of;
use super::operating_system::{build_of, support_ended_days};
use crate::graph::{
    Form, Held, Part, Reached, Right, RightKind, index, is_domain_controller, is_group,
};
use crate::load::{Kind, Object};

/// What msDS-GroupMSAMembership must grant for the password to be read (MS-ADTS 3.1.1.4.5.39).
const READING: &[AccessMask] = &[AccessMask::READ_PROPERTY];

/// What msDS-AllowedToActOnBehalfOfOtherIdentity may grant to whom it lets act: writers of the attribute put in various
/// masks, so reading or control access, either is taken as meant.
pub(super) const ACTING: &[AccessMask] = &[AccessMask::READ_PROPERTY, AccessMask::CONTROL_ACCESS];

/// The bits of which one is needed for a right by a bare descriptor.
pub(crate) fn bits_for(right: RightKind) -> &'static [AccessMask] {
    match right {
        RightKind::ReadPassword => READING,
        RightKind::ActFor => ACTING,
        _ => &[],
    }
}

/// Who is let in by a descriptor in an attribute, groups as groups; `None` if it is malformed.
pub(crate) fn let_in(analysis: &Analysis, id: i64, kind: RightKind) -> Option<Vec<Held>> {
    let parts = bits_for(kind).iter().map(|bit| Part::whole(*bit)).collect();
    let right = Right {
        kind,
        form: Form::Any(parts),
    };
    let prepared = analysis.prepared(id)?;
    // The owner of such a descriptor holds nothing over the account.
    let held = analysis.effective.held_of(&prepared, &[right], false);
    Some(held.into_iter().filter(|held| held.right == kind).collect())
}

/// Somebody whom a bare descriptor (readers, resource-based delegation) lets in, groups expanded.
#[derive(Debug)]
pub(super) struct Holder {
    /// `None` for a member of another domain, of which only the DN is known.
    pub(super) sid: Option<Sid>,
    pub(super) place: Option<usize>,
    pub(super) name: String,
    pub(super) via: String,
    pub(super) direct: bool,
}

/// The frame `readers`: a row for each (account, reader). Many accounts share a descriptor, so it is kept in two
/// parts that are joined only as far as a query needs it.
pub(super) fn build(analysis: &Analysis) -> Result<(LazyFrame, DataFrame)> {
    let mut readers = Builder::of(&READERS_BY_DESCRIPTOR);
    let mut accounts = Builder::of(&ACCOUNTS_BY_DESCRIPTOR);
    let mut known = HashSet::new();
    for object in &analysis.directory.objects {
        let (Kind::Gmsa | Kind::Dmsa, Some(descriptor)) = (object.kind, object.readers) else {
            continue;
        };
        accounts.row([object.id.into(), descriptor.into()]);
        if known.insert(descriptor) {
            let list = holders(analysis, descriptor, READING);
            let who = |reader: &Holder| {
                reader
                    .sid
                    .as_ref()
                    .map_or_else(|| reader.name.clone(), Sid::to_string)
            };
            let digest = digest_of(list.iter().map(who).collect());
            for reader in list {
                push(&mut readers, analysis, descriptor, &reader, &digest);
            }
        }
    }
    let joined = accounts.finish()?.lazy().join(
        readers.finish()?.lazy(),
        [col("descriptor_id")],
        [col("descriptor_id")],
        JoinArgs::new(JoinType::Inner),
    );
    let columns: Vec<Expr> = catalogue::find("readers")
        .map(|frame| {
            frame
                .columns
                .iter()
                .map(|column| col(column.name))
                .collect()
        })
        .unwrap_or_default();
    Ok((joined.select(columns), account_hosts(analysis)?))
}

fn push(frame: &mut Builder, analysis: &Analysis, descriptor: i64, reader: &Holder, digest: &str) {
    let object = reader.place.and_then(|place| analysis.object(place));
    let tier0 = match (reader.place, &reader.sid) {
        // A foreign principal such as Enterprise Domain Controllers has a place and is expected by its SID.
        (Some(place), Some(sid)) => {
            analysis.principals.is_tier0(place)
                || analysis.principals.is_expected(&analysis.directory, sid)
        }
        (Some(place), None) => analysis.principals.is_tier0(place),
        (None, Some(sid)) => analysis.principals.is_expected(&analysis.directory, sid),
        (None, None) => false,
    };
    let broad = reader
        .sid
        .as_ref()
        .is_some_and(|sid| analysis.principals.is_broad(sid));
    let [
        enabled,
        tier0,
        last_seen,
        system,
        unconstrained,
        build,
        support,
    ] = host_cells(analysis, object, tier0);
    frame.row([
        descriptor.into(),
        object.map(|object| object.id).into(),
        reader.sid.as_ref().map(Sid::to_string).into(),
        reader.name.as_str().into(),
        reader_kind(analysis, reader, object).into(),
        reader.via.as_str().into(),
        reader.direct.into(),
        broad.into(),
        enabled,
        tier0,
        last_seen,
        system,
        unconstrained,
        build,
        support,
        digest.into(),
    ]);
}

/// enabled, tier0, last_seen_days, operating_system, unconstrained, system_build, support_ended_days.
fn host_cells(analysis: &Analysis, object: Option<&Object>, tier0: bool) -> [Cell; 7] {
    let unconstrained = |object: &Object| {
        Some(object.is_trusted_for_delegation()? && !is_domain_controller(object))
    };
    [
        object.and_then(Object::enabled).into(),
        tier0.into(),
        analysis.days(object.and_then(Object::last_seen)).into(),
        object
            .and_then(|object| object.operating_system.clone())
            .into(),
        object.and_then(unconstrained).into(),
        object.and_then(build_of).into(),
        object
            .and_then(|object| support_ended_days(analysis, object))
            .into(),
    ]
}

/// A member of this domain without an object is nobody of another domain where the collection did not see everybody.
fn reader_kind(analysis: &Analysis, reader: &Holder, object: Option<&Object>) -> &'static str {
    let directory = &analysis.directory;
    let kind = kind_of(analysis, reader.sid.as_ref(), object);
    let unseen =
        kind == "outside" && directory.is_below_head(&reader.name) && !directory.sees_principals();
    if unseen { "unseen" } else { kind }
}

pub(crate) fn kind_of(
    analysis: &Analysis,
    sid: Option<&Sid>,
    object: Option<&Object>,
) -> &'static str {
    match (object, sid.map(Sid::domain)) {
        (Some(object), _) if object.kind != Kind::ForeignPrincipal => object.kind.as_str(),
        (_, None) => "outside",
        (_, Some(None)) => "well-known",
        (_, Some(domain)) if domain == analysis.directory.domain_sid => "unresolved",
        _ => "foreign",
    }
}

/// Everybody to whom the descriptor grants one of `bits`, groups expanded and denies honoured for each.
pub(super) fn holders(analysis: &Analysis, descriptor: i64, bits: &[AccessMask]) -> Vec<Holder> {
    let Some(prepared) = analysis.prepared(descriptor) else {
        return Vec::new();
    };
    // A NULL DACL grants everything to everybody (MS-DTYP 2.5.3.2).
    if prepared.list.is_null() {
        let everyone = Sid::from_str("S-1-1-0").ok();
        return everyone
            .map(|sid| Holder {
                name: analysis.name_of(&sid),
                via: "no DACL".to_owned(),
                place: None,
                direct: true,
                sid: Some(sid),
            })
            .into_iter()
            .collect();
    }
    let parts: Vec<Part> = bits.iter().map(|bit| Part::whole(*bit)).collect();
    let tokens = &analysis.effective.tokens;
    let admitted = analysis.effective.set(&prepared, &parts);
    let mut found: Vec<Holder> = Vec::new();
    let mut seen = HashSet::new();
    for trustee in prepared.allowed() {
        let Some(sid) = analysis.sid_of(trustee) else {
            continue;
        };
        for candidate in candidates(analysis, sid) {
            // The groups of a member without an object are not known: what its group here may do, it may.
            let asked = candidate
                .sid
                .as_ref()
                .and_then(|sid| tokens.of(&analysis.directory, sid));
            let held = admitted.contains(index(asked.unwrap_or(trustee)));
            if held && seen.insert((candidate.sid.clone(), candidate.name.clone())) {
                found.push(candidate);
            }
        }
    }
    found
}

/// The trustee itself, or if it is an ordinary group, what is in it.
fn candidates(analysis: &Analysis, trustee: &Sid) -> Vec<Holder> {
    let directory = &analysis.directory;
    let place = directory.place_of_sid(trustee);
    let name = analysis.name_of(trustee);
    let group =
        place.filter(|place| is_group(directory, *place) && !analysis.principals.is_broad(trustee));
    let Some(group) = group else {
        return vec![Holder {
            sid: Some(trustee.clone()),
            place,
            name,
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
    let chain = |index: usize| Reached::chain(&reached, index, &name, directory);
    let mut found: Vec<Holder> = reached
        .iter()
        .filter(|member| !open(member.place))
        .filter_map(|member| {
            let sid = analysis.object(member.place)?.sid.clone()?;
            Some(Holder {
                name: analysis.name_of(&sid),
                sid: Some(sid),
                place: Some(member.place),
                via: member.before.map_or_else(|| name.clone(), chain),
                direct: false,
            })
        })
        .collect();
    let groups = reached
        .iter()
        .enumerate()
        .filter(|(_, member)| open(member.place));
    let mut outside = |group: usize, via: String| {
        for id in analysis.memberships.outside(group) {
            found.push(Holder {
                sid: None,
                place: None,
                name: directory.dn(*id).unwrap_or_default().to_owned(),
                via: via.clone(),
                direct: false,
            });
        }
    };
    outside(group, name.clone());
    for (index, member) in groups {
        outside(member.place, chain(index));
    }
    found
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
        let [
            enabled,
            tier0,
            last_seen,
            system,
            unconstrained,
            build,
            support,
        ] = host_cells(
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
            unconstrained,
            build,
            support,
        ]);
    }
    frame.finish()
}
