//! Frames `objects` and `sid_history`.

use std::collections::HashSet;

use anyhow::Result;
use coldcase_winsec::Sid;
use polars::prelude::DataFrame;

use super::analysis::Analysis;
use super::builder::Builder;
use super::policy_links::{TierZeroUnits, is_unit};
use crate::graph::is_group;
use crate::load::Kind;

/// RIDs that make a SID of the past dangerous.
const PRIVILEGED: &[u32] = &[500, 502, 512, 516, 518, 519, 520, 526, 527];

pub(super) fn build(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("objects")?;
    let privileged = privileged(analysis);
    let units = TierZeroUnits::new(analysis);
    let queries: Vec<&str> = directory
        .ledger
        .iter()
        .map(|row| row.plan.name.as_str())
        .collect();
    let descriptors_asked = directory
        .not_asked(&queries, "nTSecurityDescriptor")
        .is_none();
    for (place, object) in directory.objects.iter().enumerate() {
        let owner = object
            .descriptor
            .and_then(|id| directory.descriptors.get(id))
            .and_then(|descriptor| descriptor.owner.as_ref());
        let parent = directory
            .parent(object)
            .and_then(|place| analysis.object(place))
            .map(|parent| parent.id);
        frame.row([
            object.id.into(),
            object.guid.map(|guid| guid.to_string()).into(),
            object.sid.as_ref().map(Sid::to_string).into(),
            object.kind.as_str().into(),
            object.sam_account_name.clone().into(),
            object.display_name().into(),
            object.dn.as_str().into(),
            parent.into(),
            object.description.clone().into(),
            analysis.days(object.created).into(),
            owner.map(Sid::to_string).into(),
            owner.map(|sid| analysis.name_of(sid)).into(),
            owner
                .map(|sid| analysis.principals.is_expected(directory, sid))
                .into(),
            descriptors_asked
                .then(|| {
                    let id = object.descriptor;
                    id.is_some_and(|id| analysis.whole_descriptor(id).is_some())
                })
                .into(),
            analysis.principals.is_tier0(place).into(),
            (object.kind == Kind::Group)
                .then(|| privileged.contains(&place))
                .into(),
            is_unit(object).then(|| units.has(place, true)).into(),
        ]);
    }
    frame.finish()
}

/// Groups of tier 0 and of operators, and every group nested in one.
fn privileged(analysis: &Analysis) -> HashSet<usize> {
    let directory = &analysis.directory;
    let class = |place: &usize| analysis.principals.group_class(directory, *place);
    let roots: Vec<usize> = (0..directory.objects.len())
        .filter(|place| class(place).is_some())
        .collect();
    let inside = analysis
        .memberships
        .all_members_of(&roots, |place| is_group(directory, place));
    let inside = inside.iter().map(|member| member.place);
    roots.iter().copied().chain(inside).collect()
}

pub(super) fn sid_history(analysis: &Analysis) -> Result<DataFrame> {
    let directory = &analysis.directory;
    let mut frame = Builder::new("sid_history")?;
    for (id, value) in directory.values("sIDHistory") {
        let object = directory
            .place(*id)
            .and_then(|place| analysis.object(place));
        let (Some(object), Ok(sid)) = (object, Sid::parse(value)) else {
            continue;
        };
        let privileged = match sid.domain() {
            Some(_) => sid.rid().is_some_and(|rid| PRIVILEGED.contains(&rid)),
            None => true,
        };
        frame.row([
            object.id.into(),
            sid.to_string().into(),
            (sid.domain().is_some() && sid.domain() == directory.domain_sid).into(),
            privileged.into(),
            object.is_service_account().into(),
        ]);
    }
    frame.finish()
}
